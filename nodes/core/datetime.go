package core

import (
	"context"
	"math"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// dateTime reads, changes and writes dates (version 2).
type dateTime struct{}

var _ nodes.Node = dateTime{}

func (dateTime) Execute(ctx context.Context, call *nodes.Call) error {
	d := dates{call: call, env: luxon.Env{Now: call.Engine.Now, Location: call.Engine.Location()}}
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		value, known, err := d.value(i)
		if err != nil {
			if err := d.fail(i, err); err != nil {
				return err
			}
			continue
		}
		if !known { // n8n gives nothing then
			continue
		}
		out, err := d.output(i, it, value)
		if err != nil {
			return err
		}
		call.EmitFrom(0, i, out)
	}
	return nil
}

// dates is one execution.
type dates struct {
	call *nodes.Call
	env  luxon.Env
	name string // the operation's default for the field with the result
}

// fail is Fail, but that on the error output n8n leaves the item's lineage out.
func (d *dates) fail(i int, err error) error {
	if d.call.OnError != nodes.ContinueErrorOutput {
		return d.call.Fail(i, err)
	}
	e := nodes.AsError(err).At(i)
	var b nodes.ObjectBuilder
	b.Set("error", nodes.StringValue(e.Message))
	d.call.Emit(0, nodes.NewItem(b.String()).WithError(e))
	return nil
}

// value is the result for item i in JSON, "" for undefined; known is false where there is no such operation.
func (d *dates) value(i int) (value string, known bool, err error) {
	operation, err := d.call.Param("operation").String(i, "getCurrentDate")
	if err != nil {
		return "", false, err
	}
	switch operation {
	case "getCurrentDate":
		d.name = "currentDate"
		value, err = d.current(i)
	case "addToDate", "subtractFromDate":
		d.name = "newDate"
		value, err = d.moved(i, operation == "subtractFromDate")
	case "formatDate":
		d.name = "formattedDate"
		value, err = d.formatted(i)
	case "roundDate":
		d.name = "roundedDate"
		value, err = d.rounded(i)
	case "extractDate":
		d.name = "datePart"
		value, err = d.part(i)
	case "getTimeBetweenDates":
		d.name = "timeDifference"
		value, err = d.between(i)
	default:
		return "", false, nil
	}
	return value, true, err
}

func (d *dates) output(i int, it nodes.Item, value string) (nodes.Item, error) {
	name, err := d.call.Param("outputFieldName").String(i, d.name)
	if err != nil {
		return it, err
	}
	include, err := d.call.Param("options").Get("includeInputFields").Bool(i, false)
	if err != nil {
		return it, err
	}
	if !include {
		it = nodes.NewItem("{}")
	}
	if value == "" { // nothing: the field is not there
		return it, nil
	}
	json, err := assign(it.JSON(), name, value, false)
	if err != nil {
		return it, err
	}
	json, err = nodes.Normalize(json)
	return it.WithJSON(json), err
}

// static and method call Luxon and expect a date.
func (d *dates) static(name string, args ...any) (luxon.DateTime, error) {
	return asDate(luxon.Static(d.env, "DateTime", name, args))
}

func method(o luxon.Object, name string, args ...any) (luxon.DateTime, error) {
	return asDate(o.Call(name, args))
}

func asDate(v any, err error) (luxon.DateTime, error) {
	date, ok := v.(luxon.DateTime)
	switch {
	case err != nil:
		return date, nodes.Errorf("%w", err)
	case !ok || !date.Valid():
		return date, nodes.Errorf("Invalid date format")
	}
	return date, nil
}

// inZone is the date in the workflow's zone.
func (d *dates) inZone(date luxon.DateTime) luxon.DateTime {
	return luxon.At(date.Time().In(d.call.Engine.Location()))
}

func (d *dates) current(i int) (string, error) {
	now := luxon.At(d.call.Engine.Now().In(d.call.Engine.Location()))
	timezone, err := d.call.Param("options").Get("timezone").Value(i)
	if err != nil {
		return "", err
	}
	if timezone.Truthy() { // the format operation's option of this name is a boolean, and false stays when the operation is changed
		zone := timezone.Text()
		if now, err = method(now, "setZone", zone); err != nil {
			e := nodes.Errorf("The timezone %s is not valid. Please check the timezone.", zone)
			return "", e.WithParam("options.timezone", "")
		}
	}
	withTime, err := d.call.Param("includeTime").Bool(i, true)
	if err == nil && !withTime {
		now, err = method(now, "startOf", "day")
	}
	return string(now.AppendJSON(nil)), err
}

func (d *dates) moved(i int, back bool) (string, error) {
	date, err := d.read("magnitude", i)
	if err != nil {
		return "", err
	}
	unit, err := d.call.Param("timeUnit").String(i, "days")
	if err != nil {
		return "", err
	}
	duration, err := d.call.Param("duration").Number(i, 0)
	if err != nil {
		return "", err
	}
	name := "plus"
	if back {
		name = "minus"
	}
	date, err = method(date, name, luxon.Fields{{Name: unit, Value: duration}})
	return string(date.AppendJSON(nil)), err
}

func (d *dates) rounded(i int) (string, error) {
	date, err := d.read("date", i)
	if err != nil {
		return "", err
	}
	mode, err := d.call.Param("mode").String(i, "roundDown")
	if err != nil {
		return "", err
	}
	param := "toNearest"
	if mode == "roundUp" {
		param = "to"
	}
	unit, err := d.call.Param(param).String(i, "month")
	if err != nil {
		return "", err
	}
	if mode == "roundUp" {
		if date, err = method(date, "plus", luxon.Fields{{Name: unit, Value: 1.0}}); err != nil {
			return "", err
		}
	}
	date, err = method(date, "startOf", unit)
	return string(date.AppendJSON(nil)), err
}

func (d *dates) part(i int) (string, error) {
	date, err := d.read("date", i)
	if err != nil {
		return "", err
	}
	part, err := d.call.Param("part").String(i, "month")
	if err != nil {
		return "", err
	}
	if part == "week" {
		part = "weekNumber"
	}
	v, err := date.Get(part)
	if err != nil {
		return "", nodes.Errorf("%w", err)
	}
	number, ok := v.(float64)
	if !ok || math.IsNaN(number) {
		return "", nodes.Errorf("there is no part %q", part).WithParam("part", "")
	}
	return nodes.NumberValue(number).JSON(), nil
}

func (d *dates) between(i int) (string, error) {
	start, err := d.read("startDate", i)
	if err != nil {
		return "", err
	}
	end, err := d.read("endDate", i)
	if err != nil {
		return "", err
	}
	units, err := d.units(i)
	if err != nil {
		return "", err
	}
	v, err := end.Call("diff", []any{start, units})
	if err != nil {
		return "", nodes.Errorf("%w", err)
	}
	duration, ok := v.(luxon.Object)
	if !ok {
		return "", nodes.Errorf("Invalid date format")
	}
	text, err := d.call.Param("options").Get("isoString").Bool(i, false)
	if err != nil || text {
		return nodes.StringValue(duration.String()).JSON(), err
	}
	fields, err := duration.Call("toObject", nil)
	if err != nil {
		return "", nodes.Errorf("%w", err)
	}
	var b nodes.ObjectBuilder
	members, _ := fields.(luxon.Fields)
	for _, f := range members {
		if n, ok := f.Value.(float64); ok {
			b.Set(f.Name, nodes.NumberValue(n))
		}
	}
	return b.String(), nil
}

func (d *dates) units(i int) ([]any, error) {
	v, err := d.call.Param("units").Value(i)
	if err != nil {
		return nil, err
	}
	units := []any{}
	if !d.call.Param("units").IsSet() {
		units = append(units, "day")
	}
	if v.Kind() == nodes.Array {
		for _, unit := range v.Result().Array() {
			units = append(units, unit.String())
		}
	}
	if len(units) == 0 {
		return nil, nodes.Errorf("Invalid unit undefined").WithParam("units", "")
	}
	return units, nil
}

func (d *dates) formatted(i int) (string, error) {
	v, err := d.given("date", i)
	if err != nil {
		return "", err
	}
	switch v.Kind() {
	case nodes.Undefined:
		return "", nil
	case nodes.Null:
		return "null", nil
	}
	from, err := d.call.Param("options").Get("fromFormat").String(i, "")
	if err != nil {
		return "", err
	}
	convert, err := d.call.Param("options").Get("timezone").Bool(i, false)
	if err != nil {
		return "", err
	}
	if v.Kind() == nodes.Object && convert { // as good as nothing
		v = nodes.Value{}
	}
	date, err := d.parse(v, from)
	if err != nil {
		return "", nodes.AsError(err).WithParam("date", "")
	}
	if _, own := v.Foreign().(luxon.DateTime); convert && !own {
		date = d.inZone(date)
	} else {
		date = written(date, v)
	}
	format, err := d.call.Param("format").String(i, "MM/dd/yyyy")
	if err == nil && format == "custom" {
		format, err = d.call.Param("customFormat").String(i, "")
	}
	if err != nil {
		return "", err
	}
	text, err := date.Call("toFormat", []any{format})
	if err != nil {
		return "", nodes.Errorf("%w", err)
	}
	s, _ := text.(string)
	return nodes.StringValue(s).JSON(), nil
}
