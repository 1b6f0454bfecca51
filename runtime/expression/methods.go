package expression

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// textMethods are the methods of texts that the native tier has. What depends on Unicode's tables or on regular
// expressions is left to JavaScript, at compile time by not being here or at run time with errNeedsScript.
var textMethods = map[string]method{
	"isEmpty":    func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(v.Str() == ""), nil },
	"isNotEmpty": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(v.Str() != ""), nil },
	"length": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		return numberOf(textLength(v.Str())), nil
	},
	"toString":    func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return v, nil },
	"toUpperCase": asciiMapped(strings.ToUpper),
	"toLowerCase": asciiMapped(strings.ToLower),
	"trim":        mapped(func(s string) string { return strings.Trim(s, jsSpace) }),
	"trimStart":   mapped(func(s string) string { return strings.TrimLeft(s, jsSpace) }),
	"trimEnd":     mapped(func(s string) string { return strings.TrimRight(s, jsSpace) }),
	"includes":    search(func(s, part string) nodes.Value { return nodes.BoolValue(strings.Contains(s, part)) }),
	"startsWith":  search(func(s, part string) nodes.Value { return nodes.BoolValue(strings.HasPrefix(s, part)) }),
	"endsWith":    search(func(s, part string) nodes.Value { return nodes.BoolValue(strings.HasSuffix(s, part)) }),
	"indexOf":     search(func(s, part string) nodes.Value { return numberOf(unitIndex(s, strings.Index(s, part))) }),
	"lastIndexOf": search(func(s, part string) nodes.Value { return numberOf(unitIndex(s, strings.LastIndex(s, part))) }),
	"concat":      concat,
	"slice": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		from, to, err := bounds(args, textLength(v.Str()), true)
		if err != nil || from >= to {
			return nodes.StringValue(""), err
		}
		return nodes.StringValue(cut(v.Str(), from, to)), nil
	},
	"substring": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		from, to, err := bounds(args, textLength(v.Str()), false)
		if err != nil {
			return v, err
		}
		return nodes.StringValue(cut(v.Str(), min(from, to), max(from, to))), nil
	},
	"charAt": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		i, err := toInteger(argument(args, 0), 0)
		if err != nil || i < 0 || i >= float64(len(v.Str())) {
			return nodes.StringValue(""), err
		}
		if u := unitAt(v.Str(), int(i)); !u.IsNil() {
			return u, nil
		}
		return nodes.StringValue(""), nil
	},
	"at": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		i, err := fromEnd(args, textLength(v.Str()))
		if err != nil || i < 0 {
			return nodes.Value{}, err
		}
		return unitAt(v.Str(), i), nil
	},
	"split":      splitText,
	"replace":    replace(1),
	"replaceAll": replace(-1),
	"repeat": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		n, err := toInteger(argument(args, 0), 0)
		if err != nil || n < 0 || n*float64(len(v.Str())) > 1<<20 {
			return v, orNeedsScript(err)
		}
		return nodes.StringValue(strings.Repeat(v.Str(), int(n))), nil
	},
	"padStart": pad(func(s, fill string) string { return fill + s }),
	"padEnd":   pad(func(s, fill string) string { return s + fill }),
}

func numberOf(n int) nodes.Value { return nodes.NumberValue(float64(n)) }

func orNeedsScript(err error) error {
	if err != nil {
		return err
	}
	return errNeedsScript
}

func mapped(f func(string) string) method {
	return func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.StringValue(f(v.Str())), nil }
}

// asciiMapped is mapped for texts in ASCII; others need JavaScript's case tables.
func asciiMapped(f func(string) string) method {
	return func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		if !isASCII(v.Str()) {
			return v, errNeedsScript
		}
		return nodes.StringValue(f(v.Str())), nil
	}
}

// search makes a method that looks for one text; with a position or something that is no text, JavaScript does it.
func search(f func(s, part string) nodes.Value) method {
	return func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		if len(args) != 1 || args[0].Kind() != nodes.String {
			return v, errNeedsScript
		}
		return f(v.Str(), args[0].Str()), nil
	}
}

func concat(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
	b := []byte(v.Str())
	for _, a := range args {
		var err error
		if b, err = appendText(b, a); err != nil {
			return v, err
		}
	}
	return nodes.StringValue(string(b)), nil
}

// toInteger is ECMA-262's ToIntegerOrInfinity; undefined gives def.
func toInteger(v nodes.Value, def float64) (float64, error) {
	if v.Kind() == nodes.Undefined {
		return def, nil
	}
	f, err := toNumber(v)
	if math.IsNaN(f) {
		return 0, err
	}
	return math.Trunc(f), err
}

// bounds reads the arguments from and to of slice (where negative ones count from the end) and substring.
func bounds(args []nodes.Value, length int, fromEnd bool) (from, to int, err error) {
	clamp := func(f float64) int {
		if fromEnd && f < 0 {
			f += float64(length)
		}
		return int(math.Min(math.Max(f, 0), float64(length)))
	}
	f, err := toInteger(argument(args, 0), 0)
	if err != nil {
		return 0, 0, err
	}
	t, err := toInteger(argument(args, 1), float64(length))
	return clamp(f), clamp(t), err
}

// fromEnd reads the index of at(); -1 is outside.
func fromEnd(args []nodes.Value, length int) (int, error) {
	i, err := toInteger(argument(args, 0), 0)
	if i < 0 {
		i += float64(length)
	}
	if err != nil || i < 0 || i >= float64(length) {
		return -1, err
	}
	return int(i), nil
}

func splitText(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
	if len(args) != 1 || args[0].Kind() != nodes.String || args[0].Str() == "" && !isASCII(v.Str()) {
		return v, errNeedsScript
	}
	b := []byte{'['}
	for i, piece := range strings.Split(v.Str(), args[0].Str()) {
		if i > 0 {
			b = append(b, ',')
		}
		b = nodes.AppendString(b, piece)
	}
	return nodes.WireValue(string(append(b, ']'))), nil
}

// replace replaces n times text by text; a $ in the replacement has a meaning in JavaScript.
func replace(n int) method {
	return func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		if len(args) != 2 || args[0].Kind() != nodes.String || args[1].Kind() != nodes.String ||
			strings.Contains(args[1].Str(), "$") || args[0].Str() == "" {
			return v, errNeedsScript
		}
		return nodes.StringValue(strings.Replace(v.Str(), args[0].Str(), args[1].Str(), n)), nil
	}
}

func pad(join func(s, fill string) string) method {
	return func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		want, err := toInteger(argument(args, 0), 0)
		if err != nil {
			return v, err
		}
		fill := " "
		if f := argument(args, 1); f.Kind() == nodes.String {
			fill = f.Str()
		} else if f.Kind() != nodes.Undefined {
			return v, errNeedsScript
		}
		missing := want - float64(textLength(v.Str()))
		if missing <= 0 || fill == "" {
			return v, nil
		}
		if missing > 1<<20 || !isASCII(fill) {
			return v, errNeedsScript
		}
		n := int(missing)
		return nodes.StringValue(join(v.Str(), strings.Repeat(fill, n/len(fill)+1)[:n])), nil
	}
}

// numberMethods are the methods of numbers that the native tier has.
var numberMethods = map[string]method{
	"isEmpty":    func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(!v.Truthy()), nil },
	"isNotEmpty": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(v.Truthy()), nil },
	"floor": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		return nodes.NumberValue(math.Floor(v.Num())), nil
	},
	"ceil": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		return nodes.NumberValue(math.Ceil(v.Num())), nil
	},
	"abs": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		return nodes.NumberValue(math.Abs(v.Num())), nil
	},
	"toString": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		if len(args) > 0 {
			return v, errNeedsScript
		}
		return nodes.StringValue(v.Text()), nil
	},
	"round": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		text, err := fixed(v, args)
		return nodes.NumberValue(textToNumber(text)), err
	},
	"toFixed": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		text, err := fixed(v, args)
		return nodes.StringValue(text), err
	},
}

func fixed(v nodes.Value, args []nodes.Value) (string, error) {
	digits, err := toInteger(argument(args, 0), 0)
	if f := v.Num(); err != nil || digits < 0 || digits > 100 || !isFinite(f) || math.Abs(f) >= 1e21 {
		return "", orNeedsScript(err)
	}
	return toFixed(v.Num(), int(digits)), nil
}

// toFixed rounds the exact value of f; of two equally near results the larger one (in size) is taken.
func toFixed(f float64, digits int) string {
	sign, a := "", math.Abs(f)
	if f < 0 {
		sign = "-"
	}
	text := strconv.FormatFloat(a, 'f', digits, 64)
	// Go rounds halves to even. A half has a shortest form with one more digit, a 5.
	if short := strconv.FormatFloat(a, 'f', -1, 64); strings.HasSuffix(short, "5") && decimals(short) == digits+1 {
		exact, ok := new(big.Rat).SetString(short)
		if ok && exact.Cmp(new(big.Rat).SetFloat64(a)) == 0 {
			text = exact.FloatString(digits) // rounds halves away from zero
		}
	}
	return sign + text
}

func decimals(text string) int {
	if i := strings.IndexByte(text, '.'); i >= 0 {
		return len(text) - i - 1
	}
	return 0
}

// arrayMethods are the methods of arrays that the native tier has.
var arrayMethods = map[string]method{
	"isEmpty":    func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(noMembers(v)), nil },
	"isNotEmpty": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(!noMembers(v)), nil },
	"first": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		return nodes.ResultValue(elementAt(v.Raw(), 0)), nil
	},
	"last": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		return nodes.ResultValue(elementAt(v.Raw(), arrayLength(v.Raw())-1)), nil
	},
	"at": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		i, err := fromEnd(args, arrayLength(v.Raw()))
		if err != nil || i < 0 {
			return nodes.Value{}, err
		}
		return nodes.ResultValue(elementAt(v.Raw(), i)), nil
	},
	"includes": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		want := argument(args, 0)
		if len(args) != 1 || isObject(want) || math.IsNaN(want.Num()) && want.Kind() == nodes.Number {
			return v, errNeedsScript
		}
		found := false
		gjson.Parse(v.Raw()).ForEach(func(_, el gjson.Result) bool {
			candidate := nodes.ResultValue(el)
			if candidate.Kind() == want.Kind() {
				found, _ = strictEqual(candidate, want) // no objects here
			}
			return !found
		})
		return nodes.BoolValue(found), nil
	},
	"join": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		separator := argument(args, 0)
		if separator.Kind() == nodes.Undefined {
			separator = nodes.StringValue(",")
		}
		if separator.Kind() != nodes.String || hasOwnConversion(v) {
			return v, errNeedsScript
		}
		var texts []string
		gjson.Parse(v.Raw()).ForEach(func(_, el gjson.Result) bool {
			text := ""
			if el.Type != gjson.Null {
				text = nodes.ResultValue(el).Text()
			}
			texts = append(texts, text)
			return true
		})
		return nodes.StringValue(strings.Join(texts, separator.Str())), nil
	},
}

// objectMethods are the extension functions of objects that the native tier has.
var objectMethods = map[string]method{
	"isEmpty":    func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(noMembers(v)), nil },
	"isNotEmpty": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(!noMembers(v)), nil },
	"keys": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		if !inOrder(v.Raw()) {
			return v, errNeedsScript
		}
		b := []byte{'['}
		gjson.Parse(v.Raw()).ForEach(func(key, _ gjson.Result) bool {
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = nodes.AppendString(b, key.Str)
			return true
		})
		return nodes.WireValue(string(append(b, ']'))), nil
	},
	"hasField": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
		if name := argument(args, 0); name.Kind() == nodes.String && !prototypeNames[name.Str()] {
			return nodes.BoolValue(newMember(name.Str()).find(v.Raw()).Exists()), nil
		}
		return v, errNeedsScript
	},
}
