package nodes

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Kind is the kind of a Value.
type Kind uint8

// The kinds of values. Array and Object values are kept in wire form; a Foreign one is a Go value with JavaScript
// behaviour, such as a date.
const (
	Undefined Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
	Foreign
)

func (k Kind) String() string {
	return [...]string{"undefined", "null", "boolean", "number", "string", "array", "object", "object"}[k]
}

// Value is a JavaScript value as expressions give and parameters take it. The zero Value is undefined. A number
// that was only moved keeps its digits. Values never change.
type Value struct {
	kind    Kind
	num     float64
	text    string // a string's text; an array's, an object's or a moved number's wire form
	foreign ForeignValue
}

// ForeignValue is a Go value that stands for a JavaScript object, such as a Luxon DateTime.
type ForeignValue interface {
	// AppendJSON appends what JSON.stringify gives for the value.
	AppendJSON(dst []byte) []byte
	// String is what JavaScript's String(value) gives.
	String() string
}

// NullValue is JavaScript's null.
var NullValue = Value{kind: Null}

// BoolValue returns a boolean.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// NumberValue returns a number.
func NumberValue(f float64) Value { return Value{kind: Number, num: f} }

// StringValue returns a string.
func StringValue(s string) Value { return Value{kind: String, text: s} }

// WrapForeign returns a value for a Go value with JavaScript behaviour.
func WrapForeign(f ForeignValue) Value { return Value{kind: Foreign, foreign: f} }

// WireValue returns the value of JSON in wire form; text that is empty is undefined. The JSON must be valid.
func WireValue(json string) Value { return ResultValue(gjson.Parse(json)) }

// ResultValue returns the value that gjson found; a miss is undefined.
func ResultValue(r gjson.Result) Value {
	switch r.Type {
	case gjson.String:
		return StringValue(r.Str)
	case gjson.Number:
		return Value{kind: Number, num: r.Num, text: r.Raw}
	case gjson.True, gjson.False:
		return BoolValue(r.Type == gjson.True)
	case gjson.JSON:
		if r.Raw[0] == '[' {
			return Value{kind: Array, text: r.Raw}
		}
		return Value{kind: Object, text: r.Raw}
	}
	if r.Exists() {
		return NullValue
	}
	return Value{}
}

// Kind returns the kind of the value.
func (v Value) Kind() Kind { return v.kind }

// IsNil reports whether the value is undefined or null.
func (v Value) IsNil() bool { return v.kind <= Null }

// Foreign returns the Go value of a Foreign value, nil for others.
func (v Value) Foreign() ForeignValue { return v.foreign }

// Truthy is JavaScript's Boolean(v).
func (v Value) Truthy() bool {
	switch v.kind {
	case Bool, Number:
		return v.num != 0 && !math.IsNaN(v.num)
	case String:
		return v.text != ""
	}
	return v.kind >= Array
}

// Bool returns the value of a boolean, false for other kinds.
func (v Value) Bool() bool { return v.kind == Bool && v.num != 0 }

// Num returns the value of a number, NaN for other kinds.
func (v Value) Num() float64 {
	if v.kind == Number {
		return v.num
	}
	return math.NaN()
}

// Str returns the text of a string, "" for other kinds.
func (v Value) Str() string {
	if v.kind == String {
		return v.text
	}
	return ""
}

// Result returns an array or object for reading with gjson; other kinds give a result of their own type.
func (v Value) Result() gjson.Result { return gjson.Parse(v.JSON()) }

// Raw returns the wire form of an array or object, "" for other kinds.
func (v Value) Raw() string {
	if v.kind == Array || v.kind == Object {
		return v.text
	}
	return ""
}

// JSON returns what JSON.stringify gives; "" for undefined. NaN and the infinities are null there.
func (v Value) JSON() string {
	switch v.kind {
	case Array, Object:
		return v.text
	case Number:
		if v.text != "" {
			return v.text
		}
	case Undefined:
		return ""
	}
	return string(v.AppendJSON(nil))
}

// AppendJSON appends what JSON.stringify gives for the value, and nothing for undefined.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case Undefined:
		return dst
	case Null:
		return append(dst, "null"...)
	case Bool:
		return strconv.AppendBool(dst, v.num != 0)
	case Number:
		if v.text != "" {
			return append(dst, v.text...)
		}
		if math.IsNaN(v.num) || math.IsInf(v.num, 0) {
			return append(dst, "null"...)
		}
		return AppendNumber(dst, v.num)
	case String:
		return AppendString(dst, v.text)
	case Foreign:
		return v.foreign.AppendJSON(dst)
	}
	return append(dst, v.text...)
}

// Text is JavaScript's String(v): "undefined", "null", numbers as JavaScript prints them, arrays joined by commas,
// objects "[object Object]".
func (v Value) Text() string {
	switch v.kind {
	case Undefined:
		return "undefined"
	case Null:
		return "null"
	case Bool:
		return strconv.FormatBool(v.num != 0)
	case Number:
		return string(AppendNumber(nil, v.num))
	case String:
		return v.text
	case Array:
		return arrayText(gjson.Parse(v.text))
	case Foreign:
		return v.foreign.String()
	}
	return "[object Object]"
}

func arrayText(r gjson.Result) string {
	var b strings.Builder
	first := true
	r.ForEach(func(_, el gjson.Result) bool {
		if !first {
			b.WriteByte(',')
		}
		first = false
		if el.Type != gjson.Null {
			b.WriteString(ResultValue(el).Text())
		}
		return true
	})
	return b.String()
}

// AppendNumber appends a number as JavaScript prints it (ECMA-262, Number::toString).
func AppendNumber(dst []byte, f float64) []byte {
	switch {
	case f == 0:
		return append(dst, '0')
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes at least two exponent digits, JavaScript as few as it can.
	if n := len(dst); n-start > 4 && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string the way JSON.stringify does: no escapes but the needed ones. Invalid UTF-8
// becomes U+FFFD.
func AppendString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
