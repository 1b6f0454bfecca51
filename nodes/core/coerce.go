package core

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// plain gives a Luxon date as its ISO text: n8n's nodes get it so. A JavaScript Date stays one.
func plain(v nodes.Value) nodes.Value {
	if d, ok := v.Foreign().(luxon.DateTime); ok {
		return nodes.StringValue(d.String())
	}
	return v
}

// jsDate returns the point in time of a JavaScript Date.
func jsDate(v nodes.Value) (t time.Time, ok bool) {
	if d, is := v.Foreign().(interface{ Time() (time.Time, bool) }); is {
		return d.Time()
	}
	return time.Time{}, false
}

// jsSpace is what JavaScript takes as white space around a number (ECMA-262, WhiteSpace and LineTerminator).
const jsSpace = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"

// jsNumber is JavaScript's Number(v).
func jsNumber(v nodes.Value) float64 {
	switch v.Kind() {
	case nodes.Null:
		return 0
	case nodes.Bool:
		if v.Bool() {
			return 1
		}
		return 0
	case nodes.Number:
		return v.Num()
	case nodes.String, nodes.Array:
		return parseNumber(v.Text())
	case nodes.Foreign:
		if t, ok := jsDate(v); ok {
			return float64(t.UnixMilli())
		}
	}
	return math.NaN()
}

// parseNumber reads a text as JavaScript's Number does: white space around it is skipped, empty text is 0.
func parseNumber(text string) float64 {
	text = strings.Trim(text, jsSpace)
	if text == "" {
		return 0
	}
	if len(text) > 2 && text[0] == '0' {
		base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[text[1]|0x20]
		if base > 0 {
			if n, err := strconv.ParseUint(text[2:], base, 64); err == nil {
				return float64(n)
			}
			return math.NaN()
		}
	}
	switch text {
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	// Go knows more forms: inf, nan, hexadecimal floats and underscores.
	if strings.Trim(text, "+-.eE0123456789") != "" {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// coerce brings a value into one of the types string, number, boolean, array and object, as n8n's fields and
// conditions do; ok is false where it cannot be. null and undefined are the caller's business.
func coerce(v nodes.Value, typ string) (out nodes.Value, ok bool) {
	switch typ {
	case "string":
		return toString(v), true
	case "number":
		return toNumber(v)
	case "boolean":
		return toBoolean(v)
	case "array":
		return toArray(v)
	case "object":
		return toObject(v)
	}
	return v, true
}

func toString(v nodes.Value) nodes.Value {
	switch v.Kind() {
	case nodes.String:
		return v
	case nodes.Array, nodes.Object, nodes.Foreign:
		return nodes.StringValue(v.JSON())
	}
	return nodes.StringValue(v.Text())
}

func toNumber(v nodes.Value) (nodes.Value, bool) {
	if v.Kind() == nodes.Number {
		return v, !math.IsNaN(v.Num())
	}
	f := jsNumber(v)
	return nodes.NumberValue(f), !math.IsNaN(f)
}

func toBoolean(v nodes.Value) (nodes.Value, bool) {
	switch v.Kind() {
	case nodes.Bool:
		return v, true
	case nodes.String:
		switch strings.ToLower(v.Str()) {
		case "true":
			return nodes.BoolValue(true), true
		case "false":
			return nodes.BoolValue(false), true
		}
		if strings.Trim(v.Str(), jsSpace) == "" {
			return v, false
		}
	}
	f := jsNumber(v)
	return nodes.BoolValue(f == 1), f == 0 || f == 1
}

func toArray(v nodes.Value) (nodes.Value, bool) {
	if v.Kind() != nodes.String {
		return v, v.Kind() == nodes.Array
	}
	text, err := nodes.Normalize(v.Str())
	if err != nil { // lists are also written with single quotes
		text, err = nodes.Normalize(strings.ReplaceAll(v.Str(), "'", `"`))
	}
	if err != nil || !gjson.Parse(text).IsArray() {
		return v, false
	}
	return nodes.WireValue(text), true
}

func toObject(v nodes.Value) (nodes.Value, bool) {
	if v.Kind() != nodes.String {
		_, isDate := jsDate(v)
		return v, v.Kind() == nodes.Object || isDate
	}
	text, err := nodes.Normalize(v.Str())
	if err != nil {
		text, err = parseLiteral(v.Str())
	}
	if err != nil || text != "null" && !gjson.Parse(text).IsObject() {
		return v, false
	}
	return nodes.WireValue(text), true
}

// describe names a value for a message: its text in quotes, or what it is.
func describe(v nodes.Value) string {
	switch v.Kind() {
	case nodes.Array, nodes.Object, nodes.Foreign:
		return v.Kind().String()
	}
	return "'" + v.Text() + "'"
}
