package expression

import (
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// luxonMethods are the methods of Luxon's objects, and n8n's functions of dates, that the native tier calls.
var luxonMethods = nameSet("toISO", "toISODate", "toISOTime", "toISOWeekDate", "toJSON", "toString", "toSQL", "toSQLDate", "toSQLTime",
	"toRFC2822", "toHTTP", "toMillis", "toSeconds", "toUnixInteger", "toUTC", "toLocal", "toFormat", "toLocaleString", "toRelative",
	"toRelativeCalendar", "toObject", "toJSDate", "toHuman", "plus", "minus", "set", "get", "startOf", "endOf", "setZone", "setLocale", "diff",
	"diffNow", "until", "hasSame", "equals", "as", "shiftTo", "normalize", "rescale", "negate", "valueOf", "format", "isEmpty", "isNotEmpty",
	"beginningOf", "endOfMonth", "toDateTime")

func foreignMember(e *env, f nodes.ForeignValue, name string) (nodes.Value, error) {
	o, ok := f.(luxon.Object)
	if !ok || o.HasMethod(name) || name == "constructor" {
		return nodes.Value{}, errNeedsScript
	}
	v, err := o.Get(name)
	return luxonValue(v, err, o.Class()+"."+name)
}

func foreignCall(e *env, f nodes.ForeignValue, name string, args []nodes.Value) (nodes.Value, error) {
	if name == "isEmpty" || name == "isNotEmpty" {
		return nodes.BoolValue(name == "isNotEmpty"), nil
	}
	environment := luxonEnv(e.scope)
	list, ok := luxonArguments(args, environment)
	if !ok {
		return nodes.Value{}, errNeedsScript
	}
	switch f := f.(type) {
	case luxon.DateTime:
		return dateCall(f, name, list)
	case luxon.Object:
		if extensionTypes[name] != nil {
			return nodes.Value{}, errNeedsScript
		}
		v, err := f.Call(name, list)
		return luxonValue(v, err, f.Class()+"."+name+"()")
	case Date:
		return jsDateCall(f, name, list, environment)
	}
	return nodes.Value{}, errNeedsScript
}

// dateCall calls a method of a DateTime, or a function that n8n adds to it.
func dateCall(d luxon.Object, name string, args []any) (nodes.Value, error) {
	switch name {
	case "plus", "minus":
		if len(args) == 0 {
			return nodes.WrapForeign(d), nil
		}
		if len(args) > 1 {
			unit, isText := args[1].(string)
			if !isText {
				return nodes.Value{}, errNeedsScript
			}
			args = []any{luxon.Fields{{Name: unit, Value: args[0]}}}
		}
	case "beginningOf":
		name = "startOf"
		if len(args) == 0 || args[0] == (luxon.Undefined{}) {
			args = []any{"week"}
		}
		args = args[:1]
	case "endOfMonth":
		name, args = "endOf", []any{"month"}
	case "format":
		if _, isText := argumentAt(args, 0).(string); !isText {
			return nodes.Value{}, errNeedsScript
		}
		name = "toFormat"
	case "toDateTime":
		return nodes.WrapForeign(d), nil
	default:
		if extensionTypes[name] != nil {
			return nodes.Value{}, errNeedsScript
		}
	}
	v, err := d.Call(name, args)
	return luxonValue(v, err, d.Class()+"."+name+"()")
}

// jsDateCall calls a function that n8n adds to JavaScript's Dates; it gives Dates where a DateTime's gives DateTimes.
func jsDateCall(d Date, name string, args []any, env luxon.Env) (nodes.Value, error) {
	if extensionTypes[name] == nil {
		return nodes.Value{}, errNeedsScript
	}
	v, err := luxon.Static(env, "DateTime", "fromMillis", []any{d.ms})
	o, ok := v.(luxon.Object)
	if err != nil || !ok {
		return nodes.Value{}, errNeedsScript
	}
	got, err := dateCall(o, name, args)
	if moved, isDate := got.Foreign().(luxon.Object); isDate && name != "toDateTime" {
		ms, err := foreignNumber(moved)
		return nodes.WrapForeign(Date{ms}), err
	}
	return got, err
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

// now is the time of the step, or its midnight, as Luxon's DateTime.
func now(s Scope, name string) luxon.DateTime {
	d := luxon.At(s.Now().In(s.Location()))
	if name == "$today" {
		d = d.StartOfDay()
	}
	return d
}

func argumentAt(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return luxon.Undefined{}
}

// readers are Luxon's functions that n8n's toDateTime of texts tries in turn.
var readers = []string{"fromISO", "fromHTTP", "fromRFC2822", "fromSQL"}

// toDateTime is n8n's toDateTime of texts and numbers, as far as Luxon reads them.
func toDateTime(e *env, v nodes.Value, args []nodes.Value) (nodes.Value, error) {
	env := luxonEnv(e.scope)
	if v.Kind() == nodes.Number {
		name := map[string]string{"": "fromMillis", "ms": "fromMillis", "s": "fromSeconds"}[argument(args, 0).Str()]
		if unit := argument(args, 0).Kind(); name == "" || unit != nodes.String && unit != nodes.Undefined || !isFinite(v.Num()) {
			return v, errNeedsScript
		}
		d, err := luxon.Static(env, "DateTime", name, []any{v.Num()})
		return luxonValue(d, err, "DateTime."+name+"()")
	}
	if len(args) > 0 {
		return v, errNeedsScript
	}
	for _, name := range readers {
		d, err := luxon.Static(env, "DateTime", name, []any{v.Str(), luxon.Fields{{Name: "setZone", Value: true}}})
		if err != nil {
			return v, errNeedsScript
		}
		if o, ok := d.(luxon.Object); ok {
			if valid, err := o.Get("isValid"); err == nil && valid == true {
				return nodes.WrapForeign(o), nil
			}
		}
	}
	return v, errNeedsScript
}
