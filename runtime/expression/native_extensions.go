package expression

import (
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// The usual ones of n8n's extension functions, for the native tier. What is here means what prelude/3_extensions.js says;
// where it could not, it leaves the values to JavaScript.

// extensionMethods are textMethods, numberMethods, arrayMethods, objectMethods and those of booleans that n8n adds.
var extensionMethods = map[nodes.Kind]map[string]method{
	nodes.String: {
		"toTitleCase": asciiMapped(titleCase), "toSentenceCase": asciiMapped(sentenceCase), "toSnakeCase": asciiMapped(snakeCase),
		"toBoolean": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
			return nodes.BoolValue(truthOf(v.Str())), nil
		},
		"isNumeric": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
			s := v.Str()
			return nodes.BoolValue(s != "" && !strings.Contains(s, " ") && !math.IsNaN(textToNumber(s))), nil
		},
		"toNumber": textNumber("number", textToNumber), "toFloat": toFloat, "toDecimalNumber": toFloat, "toInt": toInt, "toWholeNumber": toInt,
		"urlEncode": func(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
			if len(args) > 0 {
				return v, errNeedsScript
			}
			return nodes.StringValue(escapeURI(v.Str())), nil
		},
	},
	nodes.Number: {
		"isInteger": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
			return nodes.BoolValue(isWhole(v.Num())), nil
		},
		"isEven": parity("isEven", 0), "isOdd": parity("isOdd", 1),
		"toFloat":   func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return v, nil },
		"toBoolean": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(v.Num() != 0), nil },
		"toInt":     func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return numberMethods["round"](v, nil) },
		"format":    formatNumber, "toLocaleString": formatNumber,
	},
	nodes.Array: {
		"sum":     numbersOf("sum", func(list []float64) float64 { return total(list) }),
		"average": numbersOf("average", average), "max": numbersOf("max", largest(math.Inf(-1), math.Max)), "min": numbersOf("min", largest(math.Inf(1), math.Min)),
		"reverse": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return reversed(v), nil },
		"append":  appendTo,
	},
	nodes.Object: {
		"values": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
			if !inOrder(v.Raw()) {
				return v, errNeedsScript
			}
			var list []string
			v.Result().ForEach(func(_, e gjson.Result) bool { list = append(list, e.Raw); return true })
			return nodes.WireValue("[" + strings.Join(list, ",") + "]"), nil
		},
	},
	nodes.Bool: {
		"toBoolean": func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) { return v, nil },
		"toNumber":  boolNumber, "toInt": boolNumber, "toFloat": boolNumber,
	},
}

// extensionNames are the names of all of them.
var extensionNames = func() map[string]bool {
	names := map[string]bool{}
	for _, methods := range extensionMethods {
		for name := range maps.Keys(methods) {
			names[name] = true
		}
	}
	return names
}()

var smallWord = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:an?d?|a[st]|because|but|by|en|for|i[fn]|neither|nor|o[fnr]|only|over|per|so|some|tha[tn]|the|to|up|upon|vs?\.?|versus|via|when|with|without|yet)\b`)
})

// titleCase is that of prelude/3_extensions.js, for ASCII.
func titleCase(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		end := i
		for end < len(s) && strings.IndexByte(" \t\n\v\f\r:-", s[end]) < 0 {
			end++
		}
		if end == i {
			if s[i] != '\n' && s[i] != '\r' {
				b.WriteByte(s[i])
			}
			i++
			continue
		}
		token := s[i:end]
		keep := hasOwnCase(token) || i > 0 && end < len(s) && smallWord().MatchString(token) ||
			end < len(s) && s[end] == ':' && (end+1 >= len(s) || strings.IndexByte(" \t\n\v\f\r", s[end+1]) < 0)
		first := strings.IndexFunc(token, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' })
		if keep || first < 0 {
			b.WriteString(token)
		} else {
			b.WriteString(token[:first] + strings.ToUpper(token[first:first+1]) + token[first+1:])
		}
		i = end
	}
	return b.String()
}

// hasOwnCase reports whether a word has a capital, or a point with more behind it, after its first character.
func hasOwnCase(token string) bool {
	for i := 1; i < len(token); i++ {
		if token[i] >= 'A' && token[i] <= 'Z' || token[i] == '.' && i+1 < len(token) {
			return true
		}
	}
	return false
}

func sentenceCase(s string) string {
	b := []byte(strings.ToLower(s))
	start := true
	for i, c := range b {
		letter := c >= 'a' && c <= 'z'
		if start && letter {
			b[i] = c - 'a' + 'A'
		}
		start = strings.IndexByte(".!?", c) >= 0 || start && !letter
	}
	return string(b)
}

func snakeCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return '_'
		case r > ' ' && r != '_' && r < 0x7f && !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
			return -1
		}
		return r
	}, strings.ToLower(s))
}

func truthOf(s string) bool {
	switch strings.ToLower(s) {
	case "", "0", "false", "no":
		return false
	}
	return true
}

// withoutCurrency leaves out the signs of currencies, as n8n does before it reads a number.
func withoutCurrency(s string) string {
	if isASCII(s) && !strings.ContainsAny(s, "$kRCP") {
		return s
	}
	return currency().ReplaceAllString(s, "")
}

var currency = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`R\$|CHF|Kč|kr|zł|лв|[$€£¥₹₩₽¢₺₫฿₪₴₦₱₡₮ƒP]`)
})

func textNumber(what string, read func(string) float64) method {
	return func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		f := read(withoutCurrency(v.Str()))
		if math.IsNaN(f) {
			return v, failure("", "cannot convert to %s", what)
		}
		return nodes.NumberValue(f), nil
	}
}

func toFloat(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
	if strings.Contains(v.Str(), ",") {
		return v, failure("", "cannot convert to float, expected . as decimal separator")
	}
	return textNumber("float", parseFloat)(v, args)
}

func toInt(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
	if len(args) > 0 {
		return v, errNeedsScript
	}
	return textNumber("integer", parseInt)(v, nil)
}

var floatStart = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)`)
})

// parseFloat is JavaScript's: the longest start that is a number.
func parseFloat(s string) float64 {
	start := floatStart().FindString(strings.TrimLeft(s, jsSpace))
	if start == "" {
		return math.NaN()
	}
	return textToNumber(start)
}

// parseInt is JavaScript's, of whole numbers in decimal or with 0x.
func parseInt(s string) float64 {
	s = strings.TrimLeft(s, jsSpace)
	sign := 1.0
	if s != "" && (s[0] == '+' || s[0] == '-') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	base, digits := 10, "0123456789"
	if len(s) > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		s, base, digits = s[2:], 16, "0123456789abcdefABCDEF"
	}
	s = s[:len(s)-len(strings.TrimLeft(s, digits))]
	if s == "" {
		return math.NaN()
	}
	if base == 16 {
		return sign * bigInteger(s, base)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return sign * f
}

func isWhole(f float64) bool { return isFinite(f) && f == math.Trunc(f) }

func parity(name string, rest float64) method {
	return func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		if !isWhole(v.Num()) {
			return v, failure("", "%s() is only callable on integers", name)
		}
		return nodes.BoolValue(math.Abs(math.Mod(v.Num(), 2)) == rest), nil
	}
}

// formatNumber is n8n's format, and toLocaleString where both are sure to mean the same.
func formatNumber(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
	locale := argument(args, 0)
	if locale.Kind() == nodes.Undefined {
		locale = nodes.StringValue("en-US")
	}
	if locale.Kind() != nodes.String || len(args) > 1 {
		return v, errNeedsScript
	}
	text, err := luxon.FormatNumber(locale.Str(), nil, v.Num())
	if err != nil {
		return v, errNeedsScript
	}
	return nodes.StringValue(text), nil
}

func numbersOf(name string, f func([]float64) float64) method {
	return func(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
		var list []float64
		ok := true
		v.Result().ForEach(func(_, e gjson.Result) bool {
			ok = e.Type == gjson.Number
			list = append(list, e.Num)
			return ok
		})
		if !ok {
			return v, failure("", "%s(): all array elements must be numbers", name)
		}
		return nodes.NumberValue(f(list)), nil
	}
}

func total(list []float64) float64 {
	sum := 0.0
	for _, f := range list {
		sum += f
	}
	return sum
}

func average(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	return total(list) / float64(len(list))
}

func largest(start float64, pick func(a, b float64) float64) func([]float64) float64 {
	return func(list []float64) float64 {
		best := start
		for _, f := range list {
			best = pick(best, f)
		}
		return best
	}
}

func reversed(v nodes.Value) nodes.Value {
	items := v.Result().Array()
	b := []byte{'['}
	for i := len(items) - 1; i >= 0; i-- {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, items[i].Raw...)
	}
	return nodes.WireValue(string(append(b, ']')))
}

func appendTo(v nodes.Value, args []nodes.Value) (nodes.Value, error) {
	raw := strings.TrimRight(v.Raw(), " \t\r\n")
	b := []byte(raw[:len(raw)-1])
	for i, a := range args {
		if !plain(a) {
			return v, errNeedsScript
		}
		if i > 0 || !noMembers(v) {
			b = append(b, ',')
		}
		b = a.AppendJSON(b)
	}
	return nodes.WireValue(string(append(b, ']'))), nil
}

func boolNumber(v nodes.Value, _ []nodes.Value) (nodes.Value, error) {
	if v.Bool() {
		return nodes.NumberValue(1), nil
	}
	return nodes.NumberValue(0), nil
}
