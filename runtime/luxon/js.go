package luxon

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// The conversions of ECMA-262 that Luxon's arguments go through.

const jsSpace = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"

func isUndefined(v any) bool { _, ok := v.(Undefined); return ok }

// isNullish reports whether v is null or undefined.
func isNullish(v any) bool { return v == nil || isUndefined(v) }

func truthy(v any) bool {
	switch v := v.(type) {
	case nil, Undefined:
		return false
	case bool:
		return v
	case float64:
		return v != 0 && !math.IsNaN(v)
	case string:
		return v != ""
	}
	return true
}

func typeOf(v any) string {
	switch v.(type) {
	case Undefined:
		return "undefined"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	}
	return "object"
}

// numberText is String(number).
func numberText(f float64) string {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		if f < 0 {
			return "-Infinity"
		}
		return "Infinity"
	case f == 0:
		return "0"
	case a >= 1e-6 && a < 1e21:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}

// toText is String(v).
func toText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case Undefined:
		return "undefined"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return numberText(v)
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			if !isNullish(e) {
				parts[i] = toText(e)
			}
		}
		return strings.Join(parts, ",")
	case Object:
		return v.String()
	case JSDate:
		if math.IsNaN(v.Ms) {
			return "Invalid Date"
		}
		c := civilAt(v.Ms, 0)
		weekday, month := english.weekdays[1][c.weekday()-1], english.months[1][c.month-1]
		return weekday + " " + month + " " + pad(float64(c.day), 2) + " " + pad(float64(c.year), 4) + " " + c.clock() + " GMT+0000 (Coordinated Universal Time)"
	}
	return "[object Object]"
}

// toNumber is Number(v).
func toNumber(v any) float64 {
	switch v := v.(type) {
	case nil:
		return 0
	case bool:
		if v {
			return 1
		}
		return 0
	case float64:
		return v
	case string:
		return textNumber(v)
	case []any:
		return textNumber(toText(v))
	case JSDate:
		return v.Ms
	case DateTime:
		return v.Millis()
	case Duration:
		return v.millis()
	}
	return math.NaN()
}

func textNumber(s string) float64 {
	s = strings.Trim(s, jsSpace)
	switch s {
	case "":
		return 0
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if len(s) > 2 && s[0] == '0' {
		base := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[s[1]]
		if base > 0 {
			n, err := strconv.ParseUint(s[2:], base, 64)
			if err != nil {
				return math.NaN()
			}
			return float64(n)
		}
	}
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// unitNumber is the value of a unit; what is no finite number is an error.
func unitNumber(v any) (float64, error) {
	f := toNumber(v)
	if _, isBool := v.(bool); isBool || v == "" || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, throw("Invalid unit value %s", toText(v))
	}
	return f, nil
}

// millisOf is +v or v.valueOf() where Luxon compares dates.
func millisOf(v any) float64 {
	if isUndefined(v) {
		return math.NaN()
	}
	return toNumber(v)
}

func argument(args []any, i int) any {
	if i < len(args) {
		return plain(args[i])
	}
	return Undefined{}
}

// plain makes Fields of a Go map, which has no order of its own.
func plain(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	fields := make(Fields, 0, len(m))
	for name, value := range m {
		fields = append(fields, Field{name, plain(value)})
	}
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// Get returns a member, Undefined if there is none.
func (f Fields) Get(name string) any {
	for i := range f {
		if f[i].Name == name {
			return plain(f[i].Value)
		}
	}
	return Undefined{}
}

func (f Fields) has(name string) bool { return !isUndefined(f.Get(name)) }

// with returns the object with a member set.
func (f Fields) with(name string, value any) Fields {
	out := slices.Clone(f)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = value
			return out
		}
	}
	return append(out, Field{name, value})
}

// without returns the object without some members.
func (f Fields) without(names ...string) Fields {
	return slices.DeleteFunc(slices.Clone(f), func(m Field) bool { return slices.Contains(names, m.Name) })
}

// merged is {...f, ...over}.
func (f Fields) merged(over Fields) Fields {
	for _, m := range over {
		f = f.with(m.Name, m.Value)
	}
	return f
}

// flag reads a boolean option.
func (f Fields) flag(name string, otherwise bool) bool {
	v := f.Get(name)
	if isUndefined(v) {
		return otherwise
	}
	return truthy(v)
}

// text reads an option that is a text; null and undefined give "".
func (f Fields) text(name string) string {
	v := f.Get(name)
	if isNullish(v) {
		return ""
	}
	return toText(v)
}

// optionsAt returns the options in args[i]. Luxon takes null there for a mistake: reading a member of it throws.
func optionsAt(args []any, i int) (Fields, error) {
	switch v := argument(args, i).(type) {
	case Fields:
		return v, nil
	case nil:
		return nil, throw("Cannot read properties of null")
	}
	return nil, nil
}

// fieldsOf returns the own members of any value, as for…in sees them.
func fieldsOf(v any) Fields {
	switch v := v.(type) {
	case Fields:
		return v
	case []any:
		fields := make(Fields, len(v))
		for i, e := range v {
			fields[i] = Field{strconv.Itoa(i), e}
		}
		return fields
	case string:
		var fields Fields
		for i, c := range []rune(v) {
			fields = append(fields, Field{strconv.Itoa(i), string(c)})
		}
		return fields
	}
	return nil
}

// pad is the number with at least n digits.
func pad(f float64, n int) string {
	text, sign := numberText(math.Abs(f)), ""
	if f < 0 {
		sign = "-"
	}
	if len(text) < n {
		text = strings.Repeat("0", n-len(text)) + text
	}
	return sign + text
}

// round is Math.round.
func round(f float64) float64 {
	if math.Abs(f) >= 1<<52 || f != f {
		return f
	}
	return math.Floor(f + 0.5)
}

// roundTo rounds to digits after the point.
func roundTo(f float64, digits int, how string) (float64, error) {
	factor := math.Pow10(digits)
	f *= factor
	switch how {
	case "expand":
		if f > 0 {
			return math.Ceil(f) / factor, nil
		}
		return math.Floor(f) / factor, nil
	case "trunc":
		return math.Trunc(f) / factor, nil
	case "round":
		return round(f) / factor, nil
	case "floor":
		return math.Floor(f) / factor, nil
	case "ceil":
		return math.Ceil(f) / factor, nil
	}
	return 0, throw("Value rounding %s is out of range", how)
}

func integerBetween(f, low, high float64) bool { return f == math.Trunc(f) && f >= low && f <= high }

// pairs is a small table. Unlike a map it costs nothing when the program starts.
type pairs[K comparable, V any] []struct {
	key   K
	value V
}

func (p pairs[K, V]) get(key K) (value V, ok bool) {
	for i := range p {
		if p[i].key == key {
			return p[i].value, true
		}
	}
	return value, false
}
