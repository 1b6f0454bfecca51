package expression

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2/js"

	"github.com/cordboard/cordboard/nodes"
)

func compileUnary(x *js.UnaryExpr) (nativeCode, bool) {
	operand, ok := compileNative(x.X)
	if !ok {
		return nil, false
	}
	var apply func(nodes.Value) (nodes.Value, error)
	switch x.Op {
	case js.NotToken:
		apply = func(v nodes.Value) (nodes.Value, error) { return nodes.BoolValue(!v.Truthy()), nil }
	case js.PosToken:
		apply = func(v nodes.Value) (nodes.Value, error) { return numberResult(toNumber(v)) }
	case js.NegToken:
		apply = func(v nodes.Value) (nodes.Value, error) {
			f, err := toNumber(v)
			return nodes.NumberValue(-f), err
		}
	case js.TypeofToken:
		apply = func(v nodes.Value) (nodes.Value, error) { return nodes.StringValue(typeOf(v)), nil }
	case js.VoidToken:
		apply = func(nodes.Value) (nodes.Value, error) { return nodes.Value{}, nil }
	default:
		return nil, false
	}
	return func(e *env) (nodes.Value, error) {
		v, err := operand(e)
		if err != nil {
			return v, err
		}
		return apply(v)
	}, true
}

func numberResult(f float64, err error) (nodes.Value, error) { return nodes.NumberValue(f), err }

func typeOf(v nodes.Value) string {
	switch v.Kind() {
	case nodes.Null, nodes.Array, nodes.Foreign:
		return "object"
	}
	return v.Kind().String()
}

// binaryOperators are the operators of two values that evaluate both.
var binaryOperators = map[js.TokenType]func(a, b nodes.Value) (nodes.Value, error){
	js.AddToken: add,
	js.SubToken: arithmetic(func(a, b float64) float64 { return a - b }),
	js.MulToken: arithmetic(func(a, b float64) float64 { return a * b }),
	js.DivToken: arithmetic(func(a, b float64) float64 { return a / b }),
	js.ModToken: arithmetic(math.Mod),

	js.EqEqToken:    equality(looseEqual, true),
	js.NotEqToken:   equality(looseEqual, false),
	js.EqEqEqToken:  equality(strictEqual, true),
	js.NotEqEqToken: equality(strictEqual, false),
	js.LtToken:      order(func(c int) bool { return c < 0 }),
	js.GtToken:      order(func(c int) bool { return c > 0 }),
	js.LtEqToken:    order(func(c int) bool { return c <= 0 }),
	js.GtEqToken:    order(func(c int) bool { return c >= 0 }),
}

func compileBinary(x *js.BinaryExpr) (nativeCode, bool) {
	left, ok1 := compileNative(x.X)
	right, ok2 := compileNative(x.Y)
	if !ok1 || !ok2 {
		return nil, false
	}
	if keep := shortCircuit(x.Op); keep != nil {
		return func(e *env) (nodes.Value, error) {
			v, err := left(e)
			if err != nil || keep(v) {
				return v, err
			}
			return right(e)
		}, true
	}
	apply := binaryOperators[x.Op]
	if apply == nil {
		return nil, false
	}
	return func(e *env) (nodes.Value, error) {
		a, err := left(e)
		if err != nil {
			return a, err
		}
		b, err := right(e)
		if err != nil {
			return b, err
		}
		return apply(a, b)
	}, true
}

// shortCircuit returns when the left value of a logical operator is the result.
func shortCircuit(op js.TokenType) func(nodes.Value) bool {
	switch op {
	case js.AndToken:
		return func(v nodes.Value) bool { return !v.Truthy() }
	case js.OrToken:
		return nodes.Value.Truthy
	case js.NullishToken:
		return func(v nodes.Value) bool { return !v.IsNil() }
	}
	return nil
}

func add(a, b nodes.Value) (nodes.Value, error) {
	a, err := toPrimitive(a)
	if err != nil {
		return a, err
	}
	if b, err = toPrimitive(b); err != nil {
		return b, err
	}
	if a.Kind() == nodes.String || b.Kind() == nodes.String {
		return nodes.StringValue(a.Text() + b.Text()), nil
	}
	return arithmetic(func(a, b float64) float64 { return a + b })(a, b)
}

// toPrimitive is JavaScript's conversion of an operand of + with no hint.
func toPrimitive(v nodes.Value) (nodes.Value, error) {
	switch v.Kind() {
	case nodes.Array, nodes.Object:
		text, err := toText(v)
		return nodes.StringValue(text), err
	case nodes.Foreign:
		return v, errNeedsScript
	}
	return v, nil
}

func arithmetic(f func(a, b float64) float64) func(a, b nodes.Value) (nodes.Value, error) {
	return func(a, b nodes.Value) (nodes.Value, error) {
		x, err := toNumber(a)
		if err != nil {
			return a, err
		}
		y, err := toNumber(b)
		return nodes.NumberValue(f(x, y)), err
	}
}

// toText is JavaScript's String(v).
func toText(v nodes.Value) (string, error) {
	if k := v.Kind(); (k == nodes.Array || k == nodes.Object) && hasOwnConversion(v) {
		return "", errNeedsScript
	}
	return v.Text(), nil
}

func appendText(dst []byte, v nodes.Value) ([]byte, error) {
	switch v.Kind() {
	case nodes.String:
		return append(dst, v.Str()...), nil
	case nodes.Number:
		return nodes.AppendNumber(dst, v.Num()), nil
	}
	text, err := toText(v)
	return append(dst, text...), err
}

// toNumber is JavaScript's Number(v).
func toNumber(v nodes.Value) (float64, error) {
	switch v.Kind() {
	case nodes.Undefined:
		return math.NaN(), nil
	case nodes.Null:
		return 0, nil
	case nodes.Bool:
		if v.Bool() {
			return 1, nil
		}
		return 0, nil
	case nodes.Number:
		return v.Num(), nil
	case nodes.String:
		return textToNumber(v.Str()), nil
	case nodes.Foreign:
		return foreignNumber(v.Foreign())
	}
	text, err := toText(v)
	return textToNumber(text), err
}

// jsSpace is the white space that JavaScript trims.
const jsSpace = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"

// textToNumber is ECMA-262's StringToNumber.
func textToNumber(s string) float64 {
	s = strings.Trim(s, jsSpace)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' {
		if base := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[s[1]]; base != 0 {
			n, err := strconv.ParseUint(s[2:], base, 53)
			if err != nil || s[2] == '+' {
				return bigInteger(s[2:], base)
			}
			return float64(n)
		}
	}
	if !decimalShape(s) {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(strings.TrimPrefix(s, "+"), 64) // out of range gives an infinity or 0, as it should
	return f
}

func bigInteger(digits string, base int) float64 {
	f := 0.0
	for i := range len(digits) {
		d, err := strconv.ParseUint(digits[i:i+1], base, 8)
		if err != nil {
			return math.NaN()
		}
		f = f*float64(base) + float64(d)
	}
	return f
}

// decimalShape reports whether s is a StrDecimalLiteral: digits, a point, an exponent, or Infinity; with a sign.
func decimalShape(s string) bool {
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	if s == "Infinity" {
		return true
	}
	digits := 0
	skip := func() {
		for s != "" && s[0] >= '0' && s[0] <= '9' {
			s, digits = s[1:], digits+1
		}
	}
	skip()
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		skip()
	}
	if digits == 0 {
		return false
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		digits = 0
		skip()
	}
	return s == "" && digits > 0
}

func isFinite(f float64) bool       { return !math.IsNaN(f) && !math.IsInf(f, 0) }
func isNegativeZero(f float64) bool { return f == 0 && math.Signbit(f) }

func isObject(v nodes.Value) bool { return v.Kind() >= nodes.Array }

func equality(equal func(a, b nodes.Value) (bool, error), want bool) func(a, b nodes.Value) (nodes.Value, error) {
	return func(a, b nodes.Value) (nodes.Value, error) {
		is, err := equal(a, b)
		return nodes.BoolValue(is == want), err
	}
}

// strictEqual is ===. Whether two objects are the same one is not known here.
func strictEqual(a, b nodes.Value) (bool, error) {
	if a.Kind() != b.Kind() {
		return false, orSame(a, b)
	}
	switch a.Kind() {
	case nodes.Bool:
		return a.Bool() == b.Bool(), nil
	case nodes.Number:
		return a.Num() == b.Num(), nil
	case nodes.String:
		return a.Str() == b.Str(), nil
	}
	return true, orSame(a, b)
}

func orSame(a, b nodes.Value) error {
	if isObject(a) && isObject(b) {
		return errNeedsScript
	}
	return nil
}

// looseEqual is ==.
func looseEqual(a, b nodes.Value) (bool, error) {
	switch {
	case a.IsNil() || b.IsNil():
		return a.IsNil() && b.IsNil(), nil
	case a.Kind() == b.Kind() || isObject(a) && isObject(b):
		return strictEqual(a, b)
	}
	if isObject(a) || isObject(b) {
		a, err := toPrimitive(a)
		if err != nil {
			return false, err
		}
		if b, err = toPrimitive(b); err != nil {
			return false, err
		}
		return looseEqual(a, b)
	}
	x, err := toNumber(a)
	if err != nil {
		return false, err
	}
	y, err := toNumber(b)
	return x == y, err
}

// order makes a comparison of the sign of a - b; with NaN there is none.
func order(holds func(sign int) bool) func(a, b nodes.Value) (nodes.Value, error) {
	return func(a, b nodes.Value) (nodes.Value, error) {
		if a.Kind() == nodes.String && b.Kind() == nodes.String {
			return nodes.BoolValue(holds(compareText(a.Str(), b.Str()))), nil
		}
		// Two objects that are no dates compare as texts.
		if isObject(a) && b.Kind() >= nodes.String && b.Kind() != nodes.Foreign || isObject(b) && a.Kind() >= nodes.String && a.Kind() != nodes.Foreign {
			x, err := toPrimitive(a)
			if err != nil {
				return x, err
			}
			y, err := toPrimitive(b)
			return nodes.BoolValue(holds(compareText(x.Str(), y.Str()))), err
		}
		x, err := toNumber(a)
		if err != nil {
			return a, err
		}
		y, err := toNumber(b)
		if err != nil || math.IsNaN(x) || math.IsNaN(y) {
			return nodes.BoolValue(false), err
		}
		sign := 0
		if x < y {
			sign = -1
		} else if x > y {
			sign = 1
		}
		return nodes.BoolValue(holds(sign)), nil
	}
}

// compareText compares by UTF-16 units, which differs from the order of UTF-8 where one text has a pair of surrogates and
// the other a character of U+E000 to U+FFFF.
func compareText(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		if a[i] >= 0xEE && b[i] >= 0xEE && (a[i] >= 0xF0) != (b[i] >= 0xF0) && utf8.RuneStart(a[i]) && utf8.RuneStart(b[i]) {
			return strings.Compare(b[i:], a[i:])
		}
		return strings.Compare(a[i:], b[i:])
	}
	return len(a) - len(b)
}
