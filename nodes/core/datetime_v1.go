package core

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// dateTimeV1 is version 1: it writes dates in the tokens of Moment.js, and adds to them.
type dateTimeV1 struct{}

var _ nodes.Node = dateTimeV1{}

func (dateTimeV1) Execute(ctx context.Context, call *nodes.Call) error {
	d := oldDates{call: call, zones: map[string]*time.Location{}}
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		out, known, err := d.item(i, it)
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		if known { // an item whose date is not there is dropped, as in n8n
			call.EmitFrom(0, i, out)
		}
	}
	return nil
}

// oldDates is one execution.
type oldDates struct {
	call   *nodes.Call
	zones  map[string]*time.Location
	strict strictForm
}

func (d *oldDates) item(i int, it nodes.Item) (out nodes.Item, known bool, err error) {
	action, err := d.call.Param("action").Option(i, "format", "format", "calculate")
	if err != nil {
		return it, false, err
	}
	name, err := d.call.Param("dataPropertyName").String(i, "data")
	if err != nil {
		return it, false, err
	}
	value, err := d.call.Param("value").Value(i)
	if err != nil {
		return it, false, err
	}
	from, err := d.call.Param("options").Get("fromFormat").String(i, "")
	if err != nil {
		return it, false, err
	}
	known = true
	made := ""
	if action == "format" {
		made, known, err = d.formatted(i, value, from)
	} else {
		made, err = d.moved(i, value, from)
	}
	if err != nil {
		return it, false, err
	}
	if !known {
		return it, false, nil
	}
	json, err := assign(it.JSON(), name, nodes.StringValue(made).JSON(), false)
	if err != nil {
		return it, false, err
	}
	json, err = nodes.Normalize(json)
	return it.WithJSON(json), true, err
}

// fromTo are the zones of two options. If only one of them is set the other is the workflow's zone, and if none is, both are that
// of the process.
func (d *oldDates) fromTo(i int) (from, to *time.Location, named bool, err error) {
	options := d.call.Param("options")
	fromName, err := options.Get("fromTimezone").String(i, "")
	if err != nil {
		return nil, nil, false, err
	}
	toName, err := options.Get("toTimezone").String(i, "")
	if err != nil {
		return nil, nil, false, err
	}
	if fromName == "" && toName == "" {
		return time.Local, time.Local, false, nil //nolint:gosmopolitan // as n8n has it
	}
	return d.zone(fromName), d.zone(toName), true, nil
}

// zone is that of a name, the workflow's of none. As in Moment.js, a name that is not known is UTC.
func (d *oldDates) zone(name string) *time.Location {
	if name == "" {
		return d.call.Engine.Location()
	}
	zone, ok := d.zones[name]
	if !ok {
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			zone = time.UTC
		}
		d.zones[name] = zone
	}
	return zone
}

func (d *oldDates) formatted(i int, value nodes.Value, from string) (text string, known bool, err error) {
	if value.Kind() == nodes.Undefined {
		return "", false, nil
	}
	fromZone, toZone, named, err := d.fromTo(i)
	if err != nil {
		return "", false, err
	}
	format, err := d.call.Param("toFormat").String(i, "")
	if err != nil {
		return "", false, err
	}
	custom, err := d.call.Param("custom").Value(i)
	if err != nil {
		return "", false, err
	}
	if !custom.Bool() && format == "" {
		format = "MM/DD/YYYY"
	}
	date, ok := readOldDate(value, from, d.call.Engine.Now().In(fromZone), nil)
	switch {
	case !ok && from != "":
		return "Invalid date", true, nil
	case !ok:
		return "", false, nodes.Errorf(`The date input format could not be recognized. Please set the "From Format" field`).WithParam("value", "")
	}
	date = date.In(toZone)
	if _, offset := date.Zone(); format == "" && named && offset == 0 {
		format = "YYYY-MM-DDTHH:mm:ss[Z]"
	}
	return formatMoment(date, format), true, nil
}

func (d *oldDates) moved(i int, value nodes.Value, from string) (string, error) {
	unit, err := d.call.Param("timeUnit").String(i, "days")
	if err != nil {
		return "", err
	}
	amount, err := d.call.Param("duration").Number(i, 0)
	if err != nil {
		return "", err
	}
	operation, err := d.call.Param("operation").String(i, "add")
	if err != nil {
		return "", err
	}
	date, ok := readOldDate(value, from, d.call.Engine.Now().In(time.Local), &d.strict) //nolint:gosmopolitan // as n8n has it
	switch {
	case !ok && from != "":
		return "", nodes.Errorf(`Date input cannot be parsed. Please recheck the value and the "From Format" field.`).WithParam("value", "")
	case !ok:
		return "", nodes.Errorf(`Unrecognized date input. Please specify a format in the "From Format" field.`).WithParam("value", "")
	}
	if operation != "add" {
		amount = -amount
	}
	date, err = movedMoment(date, unit, amount)
	if err != nil {
		return "", err
	}
	return date.UTC().Format("2006-01-02T15:04:05.000Z"), nil
}

// maxYears bounds how far a date is moved; JavaScript's dates end there too.
const maxYears = 275_000

// movedMoment adds to a date. Days and months are whole, and a month that is too short takes its last day.
func movedMoment(t time.Time, unit string, amount float64) (time.Time, error) {
	whole := int64(math.Round(amount))
	if math.Abs(amount) > maxYears*366*86400*1000 {
		return t, nodes.Errorf("the duration is too long: %v", amount).WithParam("duration", "")
	}
	switch unit {
	case "years":
		return addMonths(t, whole*12), nil
	case "quarters":
		return addMonths(t, int64(math.Round(amount*3))), nil
	case "months":
		return addMonths(t, whole), nil
	case "weeks":
		return t.AddDate(0, 0, int(math.Round(amount*7))), nil
	case "days":
		return t.AddDate(0, 0, int(whole)), nil
	}
	size, ok := map[string]float64{"hours": 3600e3, "minutes": 60e3, "seconds": 1e3, "milliseconds": 1}[unit]
	if !ok {
		return t, nodes.Errorf("the unit %q is not known", unit).WithParam("timeUnit", "")
	}
	return time.UnixMilli(t.UnixMilli() + int64(math.Round(amount*size))).In(t.Location()), nil
}

func addMonths(t time.Time, months int64) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	days := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return first.AddDate(0, 0, min(t.Day(), days)-1)
}

// ordinal writes a number as in 1st, 2nd, 3rd, 11th.
func ordinal(n int) string {
	end := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			end = "st"
		case 2:
			end = "nd"
		case 3:
			end = "rd"
		}
	}
	return strconv.Itoa(n) + end
}
