package luxon

import (
	"math"
	"slices"
)

// relativeOptions are those of toRelative and toRelativeCalendar.
type relativeOptions struct {
	o        Fields
	numeric  string
	units    []string
	unit     any
	calendar bool
}

func (d DateTime) relativeBase(o Fields) (DateTime, error) {
	switch base := o.Get("base").(type) {
	case DateTime:
		return base, nil
	case nil, Undefined:
		return d.env.date(d.env.millis(), d.zone, d.env.locale), nil
	default:
		return DateTime{}, throw("end.diff is not a function: base is %s", toText(base))
	}
}

// toRelative is "in 2 days", "3 hours ago".
func (d DateTime) toRelative(o Fields) (any, error) {
	if !d.Valid() {
		return nil, nil
	}
	base, err := d.relativeBase(o)
	if err != nil {
		return nil, err
	}
	r := relativeOptions{o: o, numeric: "always", units: []string{"years", "months", "days", "hours", "minutes", "seconds"}, unit: o.Get("unit")}
	if list, ok := r.unit.([]any); ok {
		r.units, r.unit = nil, nil
		for _, u := range list {
			r.units = append(r.units, toText(u))
		}
	}
	end := d
	if padding := o.Get("padding"); truthy(padding) {
		ms := toNumber(padding)
		if d.ts < base.Millis() {
			ms = -ms
		}
		end = d.at(d.ts + ms)
	}
	return r.between(base, end)
}

// toRelativeCalendar is "tomorrow", "last month".
func (d DateTime) toRelativeCalendar(o Fields) (any, error) {
	if !d.Valid() {
		return nil, nil
	}
	base, err := d.relativeBase(o)
	if err != nil {
		return nil, err
	}
	r := relativeOptions{o: o, numeric: "auto", units: []string{"years", "months", "days"}, unit: o.Get("unit"), calendar: true}
	return r.between(base, d)
}

func (r *relativeOptions) between(start, end DateTime) (any, error) {
	if truthy(r.unit) {
		count, err := r.count(start, end, toText(r.unit))
		if err != nil {
			return nil, err
		}
		return r.format(end, count, toText(r.unit))
	}
	for _, unit := range r.units {
		count, err := r.count(start, end, unit)
		if err != nil {
			return nil, err
		}
		if math.Abs(count) >= 1 {
			return r.format(end, count, unit)
		}
	}
	zero := 0.0
	if start.Millis() > end.Millis() {
		zero = math.Copysign(0, -1)
	}
	last := "undefined" // with no units Luxon says so
	if n := len(r.units); n > 0 {
		last = r.units[n-1]
	}
	return r.format(end, zero, last)
}

func (r *relativeOptions) count(start, end DateTime, name string) (float64, error) {
	unit, err := durationUnit(name)
	if err != nil {
		return 0, err
	}
	if r.calendar {
		same, err := end.hasSame(start, unit, false)
		if err != nil || same {
			return 0, err
		}
		if end, err = end.startOf(unit, false); err != nil {
			return 0, err
		}
		if start, err = start.startOf(unit, false); err != nil {
			return 0, err
		}
	}
	d := end.diff(start, []int{unit}, end.loc, "", nil)
	return d.value(unit), nil
}

func (r *relativeOptions) format(end DateTime, count float64, unit string) (any, error) {
	digits, rounding := 0, "trunc"
	if v := r.o.Get("rounding"); !isUndefined(v) {
		rounding = toText(v)
	}
	if r.calendar {
		rounding = "round"
	} else if !r.o.flag("round", true) {
		digits = 2
	}
	count, err := roundTo(count, digits, rounding)
	if err != nil {
		return nil, err
	}
	l, err := end.loc.clone(end.env, r.o, false)
	if err != nil {
		return nil, err
	}
	if l.isEnglish() {
		style := r.o.Get("style")
		return englishRelative(unit, count, r.numeric, !isUndefined(style) && style != "long")
	}
	return l.relativeFormat(r.o.without("numeric").with("numeric", r.numeric), count, unit)
}

var relativeWords = pairs[string, []string]{
	{"years", []string{"year", "yr."}}, {"quarters", []string{"quarter", "qtr."}}, {"months", []string{"month", "mo."}},
	{"weeks", []string{"week", "wk."}}, {"days", []string{"day", "day", "days"}}, {"hours", []string{"hour", "hr."}},
	{"minutes", []string{"minute", "min."}}, {"seconds", []string{"second", "sec."}},
}

// englishRelative is Luxon's own way with English.
func englishRelative(unit string, count float64, numeric string, narrow bool) (any, error) {
	words, known := relativeWords.get(unit)
	unknown := throw("Cannot read properties of undefined")
	if numeric == "auto" && !slices.Contains([]string{"hours", "minutes", "seconds"}, unit) && (math.Abs(count) == 1 || count == 0) {
		if unit == "days" {
			return map[float64]string{1: "tomorrow", -1: "yesterday", 0: "today"}[count], nil
		}
		if !known {
			return nil, unknown
		}
		return map[float64]string{1: "next ", -1: "last ", 0: "this "}[count] + words[0], nil
	}
	value := math.Abs(count)
	name := unit
	switch {
	case !known && (narrow || value == 1):
		return nil, unknown
	case narrow && value == 1:
		name = words[1]
	case narrow:
		name = words[len(words)-1]
	case value == 1:
		name = words[0]
	}
	text := numberText(value) + " " + name
	if math.Signbit(count) {
		return text + " ago", nil
	}
	return "in " + text, nil
}

// hasSame reports whether two dates lie in the same unit, by the local time of the other's zone.
func (d DateTime) hasSame(other any, unit int, localWeeks bool) (bool, error) {
	if !d.Valid() {
		return false, nil
	}
	if isNullish(other) {
		return false, throw("Cannot read properties of %s (reading 'valueOf')", toText(other))
	}
	z := d.env.zone
	if o, ok := other.(DateTime); ok && o.zone != nil {
		z = o.zone
	}
	ms := toNumber(other)
	adjusted := d.setZone(z, true)
	start, err := adjusted.startOf(unit, localWeeks)
	if err != nil {
		return false, err
	}
	end, err := adjusted.endOf(unit, localWeeks)
	return start.Millis() <= ms && ms <= end.Millis(), err
}
