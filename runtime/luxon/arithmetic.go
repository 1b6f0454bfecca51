package luxon

import (
	"math"
	"strings"
	"time"
)

// units are the names of units, without the plural's s.
var units = []string{"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"}

// unit normalizes the name of a unit; ok is false if there is no such unit.
func unit(name string) (string, bool) {
	name = strings.ToLower(name)
	for _, u := range units {
		if name == u || name == u+"s" {
			return u, true
		}
	}
	return "", false
}

func unitOf(args []any) (string, error) {
	if len(args) != 1 {
		return "", ErrNotYet
	}
	name, _ := args[0].(string)
	u, ok := unit(name)
	if !ok {
		return "", ErrArgument
	}
	return u, nil
}

// plus adds {days: 1}, or 1 and "day", or milliseconds; sign is 1 or -1.
func (d DateTime) plus(args []any, sign float64) (any, error) {
	amounts := map[string]float64{}
	set := func(name string, v any) error {
		u, ok := unit(name)
		amount, isNumber := v.(float64)
		if !ok {
			return ErrArgument
		}
		if !isNumber || amount != math.Trunc(amount) && calendar[u] {
			return ErrNotYet // texts, and parts of a day or more
		}
		amounts[u] = sign * amount
		return nil
	}
	var err error
	switch {
	case len(args) == 1:
		switch a := args[0].(type) {
		case float64:
			err = set("milliseconds", a)
		case map[string]any:
			for name, v := range a {
				if e := set(name, v); e != nil {
					err = e
				}
			}
		default:
			err = ErrNotYet
		}
	case len(args) == 2:
		name, ok := args[1].(string)
		if !ok {
			return nil, ErrNotYet
		}
		err = set(name, args[0])
	default:
		err = ErrNotYet
	}
	if err != nil {
		return nil, err
	}
	return d.add(amounts), nil
}

// calendar units depend on the calendar, the others are so many milliseconds.
var calendar = map[string]bool{"year": true, "quarter": true, "month": true, "week": true, "day": true}

var milliseconds = map[string]float64{"hour": 3_600_000, "minute": 60_000, "second": 1000, "millisecond": 1}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// add adds the calendar units to the local time, with the day kept inside the month, and then the rest to the instant.
func (d DateTime) add(amounts map[string]float64) DateTime {
	l := d.local()
	months := int(amounts["year"])*12 + int(amounts["quarter"])*3 + int(amounts["month"])
	first := time.Date(l.Year(), l.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	day := min(l.Day(), daysIn(first.Year(), first.Month())) + int(amounts["week"])*7 + int(amounts["day"])
	moved := time.Date(first.Year(), first.Month(), day, l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), time.UTC)
	out := fromLocal(moved, d.offset(), d.t.Location())
	ms := 0.0
	for u, factor := range milliseconds {
		ms += amounts[u] * factor
	}
	return At(time.UnixMilli(out.t.UnixMilli() + int64(ms)).In(d.t.Location()))
}

// StartOfDay returns midnight of the date's day.
func (d DateTime) StartOfDay() DateTime { return d.startOf("day") }

func (d DateTime) startOf(u string) DateTime {
	l := d.local()
	year, month, day := l.Date()
	hour, minute, second, nano := l.Hour(), l.Minute(), l.Second(), l.Nanosecond()
	switch u {
	case "year":
		month, day = 1, 1
	case "quarter":
		month, day = time.Month((quarter(l)-1)*3+1), 1
	case "month":
		day = 1
	case "week":
		day -= weekday(l) - 1
	}
	if calendar[u] {
		hour = 0
	}
	if calendar[u] || u == "hour" {
		minute = 0
	}
	if calendar[u] || u == "hour" || u == "minute" {
		second = 0
	}
	if u != "millisecond" {
		nano = 0
	}
	start := time.Date(year, month, day, hour, minute, second, nano, time.UTC)
	return fromLocal(start, d.offset(), d.t.Location())
}
