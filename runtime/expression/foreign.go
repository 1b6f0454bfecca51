package expression

import (
	"errors"
	"math"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

var (
	_ nodes.ForeignValue = Date{}
	_ nodes.ForeignValue = luxon.DateTime{}
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

// dateMethods are the methods that the native tier calls on dates; all of Luxon's that are there.
var dateMethods = func() map[string]bool {
	set := map[string]bool{}
	for _, name := range luxon.Methods() {
		set[name] = true
	}
	return set
}()

func foreignMember(f nodes.ForeignValue, name string) (nodes.Value, error) {
	d, ok := f.(luxon.DateTime)
	if !ok || luxon.HasMethod(name) {
		return nodes.Value{}, errNeedsScript
	}
	v, err := d.Get(name)
	if err != nil {
		return nodes.Value{}, dateError(err, "DateTime."+name)
	}
	return dateValue(v), nil
}

func foreignCall(f nodes.ForeignValue, name string, args []nodes.Value) (nodes.Value, error) {
	d, ok := f.(luxon.DateTime)
	if !ok {
		return nodes.Value{}, errNeedsScript
	}
	switch name {
	case "isEmpty", "isNotEmpty":
		return nodes.BoolValue(name == "isNotEmpty"), nil
	}
	list, ok := luxonArgs(args)
	if !ok {
		return nodes.Value{}, errNeedsScript
	}
	v, err := d.Call(name, list)
	if err != nil {
		return nodes.Value{}, dateError(err, "DateTime."+name+"()")
	}
	return dateValue(v), nil
}

func luxonArgs(args []nodes.Value) ([]any, bool) {
	list := make([]any, len(args))
	for i, a := range args {
		if a.Kind() == nodes.Foreign {
			d, ok := a.Foreign().(luxon.DateTime)
			if !ok {
				return nil, false
			}
			list[i] = d
			continue
		}
		if a.Kind() == nodes.Number && !isFinite(a.Num()) {
			return nil, false
		}
		list[i] = a.Result().Value()
	}
	return list, true
}

// foreignNumber is what arithmetic and comparisons make of a date.
func foreignNumber(f nodes.ForeignValue) (float64, error) {
	switch d := f.(type) {
	case Date:
		return d.ms, nil
	case luxon.DateTime:
		return d.Millis(), nil
	}
	return 0, errNeedsScript
}

// dateError turns Luxon's errors into an exception of JavaScript's, or says that there is no such method yet.
func dateError(err error, what string) error {
	if errors.Is(err, luxon.ErrNotYet) {
		return NotYet(what)
	}
	return errThrow
}

// dateValue turns what Luxon answers into a value.
func dateValue(v any) nodes.Value {
	switch v := v.(type) {
	case luxon.DateTime:
		return nodes.WrapForeign(v)
	case float64:
		return nodes.NumberValue(v)
	case string:
		return nodes.StringValue(v)
	case bool:
		return nodes.BoolValue(v)
	case nil:
		return nodes.NullValue
	}
	return nodes.Value{}
}

// wireOf is a DateTime for prelude.js: [milliseconds or null, zone].
func wireOf(d luxon.DateTime) string {
	var ms, zone []byte
	ms = nodes.NumberValue(d.Millis()).AppendJSON(ms)
	zone = nodes.AppendString(zone, d.ZoneName())
	return "[" + string(ms) + "," + string(zone) + "]"
}

func fromWire(r gjson.Result, fallback *time.Location) luxon.DateTime {
	if r.Get("0").Type != gjson.Number {
		return luxon.Invalid()
	}
	loc, err := luxon.Zone(r.Get("1").Str, fallback)
	if err != nil {
		loc = fallback
	}
	return luxon.At(time.UnixMilli(int64(r.Get("0").Num)).In(loc))
}
