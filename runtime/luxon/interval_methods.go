package luxon

import (
	"encoding/json"
	"maps"
	"math"
	"sync"
)

type intervalMethod func(i Interval, args []any) (any, error)

var intervalMethods = sync.OnceValue(func() map[string]intervalMethod {
	// compared is a method that compares with a date, false for an invalid interval.
	compared := func(f func(i Interval, ms float64) bool) intervalMethod {
		return func(i Interval, args []any) (any, error) {
			return i.valid() && f(i, millisOf(argument(args, 0))), nil
		}
	}
	// text is a method that writes both ends.
	text := func(f func(d DateTime, o Fields) (any, error)) intervalMethod {
		return func(i Interval, args []any) (any, error) {
			o, err := optionsAt(args, 0)
			if err != nil && i.valid() {
				return nil, err
			}
			return i.both(func(d DateTime) (any, error) { return f(d, o) }, "/")
		}
	}
	all := setMethods()
	maps.Copy(all, map[string]intervalMethod{
		"isEmpty":  func(i Interval, _ []any) (any, error) { return i.valid() && i.isEmpty(), nil },
		"isAfter":  compared(func(i Interval, ms float64) bool { return i.s.ts > ms }),
		"isBefore": compared(func(i Interval, ms float64) bool { return i.e.ts <= ms }),
		"contains": compared(Interval.contains),
		"difference": func(i Interval, args []any) (any, error) {
			others, err := intervalsOf(args)
			if err != nil {
				return nil, err
			}
			return i.difference(others), nil
		},
		"splitAt": Interval.splitAt,
		"splitBy": func(i Interval, args []any) (any, error) {
			dur, err := i.env.durationLike(argument(args, 0))
			if err != nil {
				return nil, err
			}
			return i.splitBy(dur)
		},
		"divideEqually": func(i Interval, args []any) (any, error) { return i.divide(toNumber(argument(args, 0))) },
		"length":        lengthMethod, "count": countMethod, "hasSame": intervalHasSame, "set": intervalSet, "toDuration": toDuration,
		"toISO": text(DateTime.toISO), "toISOTime": text(DateTime.toISOTime),
		"toISODate": func(i Interval, _ []any) (any, error) {
			return i.both(func(d DateTime) (any, error) { return d.toISODate(nil) }, "/")
		},
		"toFormat": intervalFormat, "toLocaleString": Interval.toLocaleString,
		"toString": func(i Interval, _ []any) (any, error) { return i.String(), nil },
	})
	return all
})

// setMethods are those that put two intervals together.
func setMethods() map[string]intervalMethod {
	// with is a method that takes another interval.
	with := func(f func(i, o Interval) any) intervalMethod {
		return func(i Interval, args []any) (any, error) {
			o, ok := argument(args, 0).(Interval)
			if !ok && i.valid() {
				return nil, throw("Cannot read properties of %s (reading 's')", toText(argument(args, 0)))
			}
			return f(i, o), nil
		}
	}
	return map[string]intervalMethod{
		"overlaps":     with(func(i, o Interval) any { return i.overlaps(o) }),
		"abutsStart":   with(func(i, o Interval) any { return i.valid() && i.e.ts == o.s.Millis() }),
		"abutsEnd":     with(func(i, o Interval) any { return i.valid() && o.e.Millis() == i.s.ts }),
		"engulfs":      with(func(i, o Interval) any { return i.valid() && i.s.ts <= o.s.Millis() && i.e.ts >= o.e.Millis() }),
		"equals":       with(func(i, o Interval) any { return i.valid() && o.valid() && i.s.same(o.s) && i.e.same(o.e) }),
		"intersection": with(func(i, o Interval) any { return i.intersection(o) }),
		"union":        with(func(i, o Interval) any { return i.union(o) }),
	}
}

func (d DateTime) same(o DateTime) bool {
	return d.Valid() && o.Valid() && d.ts == o.ts && d.zone.equals(o.zone) && d.loc.equals(o.loc)
}

// both writes the two ends with a text between.
func (i Interval) both(f func(DateTime) (any, error), between string) (any, error) {
	if !i.valid() {
		return "Invalid Interval", nil
	}
	start, err := f(i.s)
	if err != nil {
		return nil, err
	}
	end, err := f(i.e)
	return toText(start) + between + toText(end), err
}

func unitOr(args []any, i int) (int, error) {
	if isUndefined(argument(args, i)) {
		return dMilliseconds, nil
	}
	return durationUnit(argument(args, i))
}

func lengthMethod(i Interval, args []any) (any, error) {
	if !i.valid() {
		return math.NaN(), nil
	}
	unit, err := unitOr(args, 0)
	if err != nil {
		return nil, err
	}
	return i.length(unit), nil
}

func countMethod(i Interval, args []any) (any, error) {
	if !i.valid() {
		return math.NaN(), nil
	}
	unit, err := unitOr(args, 0)
	if err != nil {
		return nil, err
	}
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	return i.count(unit, o.flag("useLocaleWeeks", false))
}

func intervalHasSame(i Interval, args []any) (any, error) {
	if !i.valid() {
		return false, nil
	}
	if i.isEmpty() {
		return true, nil
	}
	unit, err := durationUnit(argument(args, 0))
	if err != nil {
		return nil, err
	}
	return i.e.at(i.e.ts-1).hasSame(i.s, unit, false)
}

func intervalSet(i Interval, args []any) (any, error) {
	if !i.valid() {
		return i, nil
	}
	o, err := optionsAt(args, 0)
	if err != nil {
		return nil, err
	}
	var start, end any = i.s, i.e
	if v := o.Get("start"); truthy(v) {
		start = v
	}
	if v := o.Get("end"); truthy(v) {
		end = v
	}
	return i.env.intervalOf(start, end)
}

func toDuration(i Interval, args []any) (any, error) {
	if !i.valid() {
		return i.env.invalidDuration(i.bad.reason, nil), nil
	}
	return diffMethod(i.e, append([]any{i.s}, args...))
}

func intervalFormat(i Interval, args []any) (any, error) {
	if !i.valid() {
		return "Invalid Interval", nil
	}
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	separator := " – "
	if v := o.Get("separator"); !isUndefined(v) {
		separator = toText(v)
	}
	return i.both(func(d DateTime) (any, error) { return formatMethod(d, []any{argument(args, 0)}) }, separator)
}

// Class is "Interval".
func (i Interval) Class() string { return "Interval" }

// HasMethod reports whether an Interval has a method of this name.
func (i Interval) HasMethod(name string) bool { return intervalMethods()[name] != nil }

// Call calls a method.
func (i Interval) Call(name string, args []any) (any, error) {
	m := intervalMethods()[name]
	if m == nil {
		return nil, throw("%s is not a function", name)
	}
	if !i.valid() && name == "isEmpty" {
		return nil, throw("Cannot read properties of undefined (reading 'valueOf')")
	}
	return m(i, args)
}

// Get reads a property.
func (i Interval) Get(name string) (any, error) {
	switch name {
	case "isValid":
		return i.valid(), nil
	case "isLuxonInterval":
		return true, nil
	case "invalidReason", "invalidExplanation":
		return i.bad.field(name), nil
	case "start", "end", "lastDateTime", "s", "e":
		if !i.valid() {
			if name == "s" || name == "e" {
				return Undefined{}, nil
			}
			return nil, nil
		}
		switch name {
		case "start", "s":
			return i.s, nil
		case "lastDateTime":
			return i.e.at(i.e.ts - 1), nil
		}
		return i.e, nil
	}
	return Undefined{}, nil
}

// AppendJSON appends {s, e, invalid, isLuxonInterval}, as Luxon has no JSON of its own for intervals.
func (i Interval) AppendJSON(dst []byte) []byte {
	if !i.valid() {
		why, err := json.Marshal(i.bad.explanation)
		if err != nil {
			why = []byte("null")
		}
		dst = append(append(dst, `{"invalid":{"reason":`...), quoted(i.bad.reason)...)
		return append(append(append(dst, `,"explanation":`...), why...), `},"isLuxonInterval":true}`...)
	}
	dst = i.s.AppendJSON(append(dst, `{"s":`...))
	dst = i.e.AppendJSON(append(dst, `,"e":`...))
	return append(dst, `,"invalid":null,"isLuxonInterval":true}`...)
}

// quoted is a text as JSON.
func quoted(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`)
	}
	return text
}
