package expression

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

var (
	_ nodes.ForeignValue = Date{}
	_ nodes.ForeignValue = luxon.Object(nil)
)

// Date is a JavaScript Date that an expression gave.
type Date struct {
	ms float64 // since 1970; NaN is an invalid date
}

// Time returns the point in time in UTC; ok is false for an invalid date.
func (d Date) Time() (t time.Time, ok bool) {
	if math.IsNaN(d.ms) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(d.ms)).UTC(), true
}

// AppendJSON appends the date as JSON.stringify writes it: in UTC, null if it is invalid.
func (d Date) AppendJSON(dst []byte) []byte {
	t, ok := d.Time()
	if !ok {
		return append(dst, "null"...)
	}
	return nodes.AppendString(dst, t.Format("2006-01-02T15:04:05.000Z"))
}

// String is what JavaScript prints in UTC.
func (d Date) String() string {
	t, ok := d.Time()
	if !ok {
		return "Invalid Date"
	}
	return t.Format("Mon Jan 02 2006 15:04:05 GMT+0000 (Coordinated Universal Time)")
}

// luxonEnv is what Luxon sees of a run.
func luxonEnv(s Scope) luxon.Env {
	return luxon.Env{Now: s.Now, Location: s.Location(), System: time.Local}
}

// luxonArgument turns a value into what package luxon takes; ok is false if it cannot be exact.
func luxonArgument(v nodes.Value, env luxon.Env) (any, bool) {
	switch v.Kind() {
	case nodes.Undefined:
		return luxon.Undefined{}, true
	case nodes.Number:
		return v.Num(), true
	case nodes.Foreign:
		switch f := v.Foreign().(type) {
		case Date:
			return luxon.JSDate{Ms: f.ms}, true
		case luxon.Object:
			return f, true
		}
		return nil, false
	}
	a, err := fromScript(v.Result(), env)
	return a, err == nil
}

func luxonArguments(args []nodes.Value, env luxon.Env) ([]any, bool) {
	list := make([]any, len(args))
	for i, a := range args {
		var ok bool
		if list[i], ok = luxonArgument(a, env); !ok {
			return nil, false
		}
	}
	return list, true
}

// luxonValue turns what package luxon answers into a value.
func luxonValue(v any, err error, what string) (nodes.Value, error) {
	if err != nil {
		return nodes.Value{}, luxonError(err, what)
	}
	switch v := v.(type) {
	case luxon.Object:
		return nodes.WrapForeign(v), nil
	case luxon.JSDate:
		return nodes.WrapForeign(Date{v.Ms}), nil
	case float64:
		return nodes.NumberValue(v), nil
	case string:
		return nodes.StringValue(v), nil
	case bool:
		return nodes.BoolValue(v), nil
	case nil:
		return nodes.NullValue, nil
	case luxon.Undefined:
		return nodes.Value{}, nil
	}
	if text := string(appendScript(nil, v)); !strings.Contains(text, `{"$`) {
		return nodes.WireValue(text), nil
	}
	return nodes.Value{}, errNeedsScript
}

// luxonError turns Luxon's errors into an exception of JavaScript's, or says that there is no such thing yet.
func luxonError(err error, what string) error {
	if errors.Is(err, luxon.ErrNotYet) {
		return NotYet(what)
	}
	return thrown{err.Error()}
}

// appendScript appends a value for prelude.js. What JSON lacks is an object with one member: $o is a Luxon object in wire
// form, $d a Date, $n a number by its name, $u undefined.
func appendScript(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case luxon.Undefined:
		return append(dst, `{"$u":1}`...)
	case bool:
		return strconv.AppendBool(dst, v)
	case string:
		return nodes.AppendString(dst, v)
	case float64:
		return appendScriptNumber(dst, v)
	case luxon.JSDate:
		return append(nodes.NumberValue(v.Ms).AppendJSON(append(dst, `{"$d":`...)), '}')
	case luxon.Object:
		return append(v.AppendWire(append(dst, `{"$o":`...)), '}')
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendScript(dst, e)
		}
		return append(dst, ']')
	case luxon.Fields:
		dst = append(dst, '{')
		for i, f := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendScript(append(nodes.AppendString(dst, f.Name), ':'), f.Value)
		}
		return append(dst, '}')
	}
	return append(dst, `{"$u":1}`...)
}

func appendScriptNumber(dst []byte, f float64) []byte {
	if isFinite(f) && !isNegativeZero(f) {
		return nodes.AppendNumber(dst, f)
	}
	text := "-0"
	if f != 0 {
		text = nodes.NumberValue(f).Text()
	}
	return append(append(append(dst, `{"$n":"`...), text...), `"}`...)
}

// fromScript reads what prelude.js wrote in the same form.
func fromScript(r gjson.Result, env luxon.Env) (any, error) {
	switch r.Type {
	case gjson.Null:
		return nil, nil
	case gjson.True, gjson.False:
		return r.Type == gjson.True, nil
	case gjson.Number:
		return r.Num, nil
	case gjson.String:
		return r.Str, nil
	}
	if r.IsArray() {
		list := []any{}
		var failed error
		r.ForEach(func(_, e gjson.Result) bool {
			v, err := fromScript(e, env)
			list, failed = append(list, v), err
			return err == nil
		})
		return list, failed
	}
	return fieldsFromScript(r, env)
}

func fieldsFromScript(r gjson.Result, env luxon.Env) (special any, failed error) {
	fields := luxon.Fields{}
	r.ForEach(func(key, e gjson.Result) bool {
		switch key.Str {
		case "$o":
			special, failed = luxon.FromWire(e, env)
		case "$d":
			special = luxon.JSDate{Ms: numberOr(e, math.NaN())}
		case "$n":
			special = textToNumber(e.Str)
		case "$u":
			special = luxon.Undefined{}
		default:
			var v any
			v, failed = fromScript(e, env)
			fields = append(fields, luxon.Field{Name: key.Str, Value: v})
			return failed == nil
		}
		return false
	})
	if special != nil || failed != nil {
		return special, failed
	}
	return fields, nil
}

func numberOr(r gjson.Result, otherwise float64) float64 {
	if r.Type == gjson.Number {
		return r.Num
	}
	return otherwise
}

// askLuxon answers what prelude.js asks about Luxon's objects and classes.
func askLuxon(s Scope, what string, args []gjson.Result) (string, error) {
	env := luxonEnv(s)
	first, name := argOf(args, 0), argOf(args, 1).Str
	switch what {
	case "isStatic":
		return strconv.FormatBool(luxon.HasStatic(first.Str, name)), nil
	case "staticCall":
		list, err := scriptArguments(argOf(args, 2), env)
		if err != nil {
			return "", err
		}
		v, err := luxon.Static(env, first.Str, name, list)
		return answerLuxon(v, err, first.Str+"."+name+"()")
	}
	o, err := luxon.FromWire(first, env)
	if err != nil {
		return "", luxonError(err, name)
	}
	switch what {
	case "luxonJSON":
		return string(o.AppendJSON(nil)), nil
	case "isMethod":
		return strconv.FormatBool(o.HasMethod(name)), nil
	case "call":
		list, err := scriptArguments(argOf(args, 2), env)
		if err != nil {
			return "", err
		}
		v, err := o.Call(name, list)
		return answerLuxon(v, err, o.Class()+"."+name+"()")
	}
	v, err := o.Get(name)
	return answerLuxon(v, err, o.Class()+"."+name)
}

func scriptArguments(r gjson.Result, env luxon.Env) ([]any, error) {
	v, err := fromScript(r, env)
	list, _ := v.([]any)
	return list, err
}

func answerLuxon(v any, err error, what string) (string, error) {
	if err != nil {
		return "", luxonError(err, what)
	}
	return string(appendScript(nil, v)), nil
}
