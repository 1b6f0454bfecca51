package luxon

import (
	"maps"
	"math"
	"sync"
)

type dateMethod func(d DateTime, args []any) (any, error)

// dateMethods are the methods of DateTime; invalid dates come to them too.
var dateMethods = sync.OnceValue(func() map[string]dateMethod {
	options := func(f func(DateTime, Fields) (any, error)) dateMethod {
		return func(d DateTime, args []any) (any, error) {
			o, err := optionsAt(args, 0)
			if err != nil {
				return nil, err
			}
			return f(d, o)
		}
	}
	number := func(f func(DateTime) float64) dateMethod {
		return func(d DateTime, _ []any) (any, error) {
			if !d.Valid() {
				return math.NaN(), nil
			}
			return f(d), nil
		}
	}
	same := func(d DateTime) float64 { return d.ts }
	all := calendarMethods()
	maps.Copy(all, map[string]dateMethod{
		"toISO": options(DateTime.toISO), "toISODate": options(DateTime.toISODate), "toISOTime": options(DateTime.toISOTime),
		"toJSON":        func(d DateTime, _ []any) (any, error) { return d.toISO(nil) },
		"toString":      func(d DateTime, _ []any) (any, error) { return d.String(), nil },
		"toISOWeekDate": func(d DateTime, _ []any) (any, error) { return d.technical("kkkk-'W'WW-c", true) },
		"toRFC2822":     func(d DateTime, _ []any) (any, error) { return d.technical("EEE, dd LLL yyyy HH:mm:ss ZZZ", false) },
		"toHTTP": func(d DateTime, _ []any) (any, error) {
			return d.setZone(utcZone, false).technical("EEE, dd LLL yyyy HH:mm:ss 'GMT'", true)
		},
		"toSQLDate": func(d DateTime, _ []any) (any, error) { return d.toISODate(nil) },
		"toSQLTime": options(func(d DateTime, o Fields) (any, error) { return d.technical(sqlTimeFormat(o), true) }),
		"toSQL":     options(DateTime.toSQL),
		"toMillis":  number(same), "valueOf": number(same),
		"toSeconds":     number(func(d DateTime) float64 { return d.ts / 1000 }),
		"toUnixInteger": number(func(d DateTime) float64 { return math.Floor(d.ts / 1000) }),
		"toObject":      options(func(d DateTime, o Fields) (any, error) { return d.object(o), nil }),
		"toJSDate":      func(d DateTime, _ []any) (any, error) { return JSDate{d.Millis()}, nil },
		"toBSON":        func(d DateTime, _ []any) (any, error) { return JSDate{d.Millis()}, nil },
		"toFormat":      formatMethod, "format": formatMethod, // the second is n8n's
		"toLocaleString": toLocaleString, "toLocaleParts": toLocaleParts,
		"toRelative": options(DateTime.toRelative), "toRelativeCalendar": options(DateTime.toRelativeCalendar),
		"hasSame": hasSameMethod, "equals": equalsMethod, "get": getMethod,
		"setZone": setZoneMethod, "toUTC": toUTC,
		"toLocal":            func(d DateTime, _ []any) (any, error) { return d.setZone(d.scope().zone, false), nil },
		"reconfigure":        options(DateTime.reconfigure),
		"setLocale":          func(d DateTime, args []any) (any, error) { return d.reconfigure(Fields{{"locale", argument(args, 0)}}) },
		"getPossibleOffsets": func(d DateTime, _ []any) (any, error) { return d.possibleOffsets(), nil },
		"resolvedLocaleOptions": options(func(d DateTime, o Fields) (any, error) {
			l, err := d.loc.clone(d.scope(), o, false)
			if err != nil {
				return nil, err
			}
			f, err := l.dateFormat(o, d.zone)
			if err != nil {
				return nil, err
			}
			return f.resolved(l), nil
		}),
	})
	return all
})

// calendarMethods are those that move dates and measure between them.
func calendarMethods() map[string]dateMethod {
	return map[string]dateMethod{
		"plus":    func(d DateTime, args []any) (any, error) { return plusMethod(d, args, 1) },
		"minus":   func(d DateTime, args []any) (any, error) { return plusMethod(d, args, -1) },
		"set":     func(d DateTime, args []any) (any, error) { return d.set(argument(args, 0)) },
		"startOf": unitMethod(DateTime.startOf),
		"endOf": func(d DateTime, args []any) (any, error) { // whose unit is a key of an object first
			if v := argument(args, 0); typeOf(v) != "string" {
				args = append([]any{toText(v)}, args[min(1, len(args)):]...)
			}
			return unitMethod(DateTime.endOf)(d, args)
		},
		"diff": diffMethod,
		"diffNow": func(d DateTime, args []any) (any, error) {
			s := d.scope()
			return diffMethod(d, append([]any{s.date(s.millis(), s.zone, s.locale)}, args...))
		},
		"until": func(d DateTime, args []any) (any, error) {
			if !d.Valid() {
				return d, nil
			}
			return d.env.intervalOf(d, argument(args, 0))
		},
	}
}

// HasMethod reports whether a DateTime has a method of this name.
func (d DateTime) HasMethod(name string) bool { return dateMethods()[name] != nil }

// Call calls a method.
func (d DateTime) Call(name string, args []any) (any, error) {
	m := dateMethods()[name]
	if m == nil {
		return nil, throw("%s is not a function", name)
	}
	if d.env == nil {
		d = Invalid()
	}
	return m(d, args)
}

// getMethod reads a getter by its name; as a method would be a function it is left out.
func getMethod(d DateTime, args []any) (any, error) { return d.Get(toText(argument(args, 0))) }

func formatMethod(d DateTime, args []any) (any, error) {
	if !d.Valid() {
		return d.String(), nil
	}
	v := argument(args, 0)
	format, ok := v.(string)
	if !ok {
		if isNullish(v) {
			return nil, throw("Cannot read properties of %s (reading 'length')", toText(v))
		}
		return "", nil // what has no length has no tokens
	}
	return d.toFormat(format, spreadAt(args, 1))
}

func toLocaleString(d DateTime, args []any) (any, error) {
	if !d.Valid() {
		return d.String(), nil
	}
	options, o := formatArguments(args)
	l, err := d.loc.clone(d.env, o, false)
	if err != nil {
		return nil, err
	}
	return l.formatDate(d, options)
}

func toLocaleParts(d DateTime, args []any) (any, error) {
	if !d.Valid() {
		return []any{}, nil
	}
	o, err := optionsAt(args, 0)
	if err != nil {
		return nil, err
	}
	l, err := d.loc.clone(d.env, o, false)
	if err != nil {
		return nil, err
	}
	parts, err := l.parts(d, o)
	if err != nil {
		return nil, err
	}
	return partList(parts), nil
}

// plusMethod takes a duration, an object or milliseconds. n8n's own form, an amount and a unit, is understood too.
func plusMethod(d DateTime, args []any, sign float64) (any, error) {
	if !d.Valid() {
		return d, nil
	}
	v := argument(args, 0)
	if name, ok := argument(args, 1).(string); ok && typeOf(v) != "object" {
		v = Fields{{name, v}}
	}
	dur, err := d.env.durationLike(v)
	if err != nil {
		return nil, err
	}
	if !dur.valid() {
		return nil, throw("Invalid unit value NaN")
	}
	return d.add(dur, sign), nil
}

func unitMethod(f func(DateTime, int, bool) (DateTime, error)) dateMethod {
	return func(d DateTime, args []any) (any, error) {
		if !d.Valid() {
			return d, nil
		}
		unit, localWeeks, err := unitAndWeeks(args, 0)
		if err != nil {
			return nil, err
		}
		return f(d, unit, localWeeks)
	}
}

// unitsOrOne reads a unit or a list of them; left out it is milliseconds.
func unitsOrOne(v any) ([]int, error) {
	if isUndefined(v) {
		return []int{dMilliseconds}, nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	units := make([]int, len(list))
	for i, u := range list {
		var err error
		if units[i], err = durationUnit(u); err != nil {
			return nil, err
		}
	}
	return units, nil
}

func diffMethod(d DateTime, args []any) (any, error) {
	other := argument(args, 0)
	if !d.Valid() {
		return d.scope().invalidDuration("created by diffing an invalid DateTime", nil), nil
	}
	if isNullish(other) {
		return nil, throw("Cannot read properties of %s (reading 'isValid')", toText(other))
	}
	date, ok := other.(DateTime)
	if !ok || !date.Valid() {
		return d.env.invalidDuration("created by diffing an invalid DateTime", nil), nil
	}
	units, err := unitsOrOne(argument(args, 1))
	if err != nil {
		return nil, err
	}
	o := spreadAt(args, 2)
	if len(units) == 0 {
		return nil, throw("Invalid unit undefined")
	}
	m, err := readMatrix(o.Get("matrix"))
	if err != nil {
		return nil, err
	}
	l, err := d.env.localeFrom(Fields{{"locale", d.loc.name}, {"numberingSystem", d.loc.digits}}.merged(o))
	if err != nil {
		return nil, err
	}
	return d.diff(date, units, l, o.text("conversionAccuracy"), m), nil
}

func hasSameMethod(d DateTime, args []any) (any, error) {
	if !d.Valid() {
		return false, nil
	}
	unit, localWeeks, err := unitAndWeeks(args, 1)
	if err != nil {
		return nil, err
	}
	return d.hasSame(argument(args, 0), unit, localWeeks)
}

func equalsMethod(d DateTime, args []any) (any, error) {
	if !d.Valid() {
		return false, nil
	}
	v := argument(args, 0)
	if isNullish(v) {
		return nil, throw("Cannot read properties of %s (reading 'isValid')", toText(v))
	}
	o, ok := v.(DateTime)
	if !ok {
		return Undefined{}, nil // what is not a DateTime has no isValid
	}
	return o.Valid() && d.ts == o.ts && d.zone.equals(o.zone) && d.loc.equals(o.loc), nil
}

func setZoneMethod(d DateTime, args []any) (any, error) {
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	return d.setZone(d.scope().normalizeZone(argument(args, 0)), o.flag("keepLocalTime", false) || o.flag("keepCalendarTime", false)), nil
}

func toUTC(d DateTime, args []any) (any, error) {
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	offset := 0.0
	if v := argument(args, 0); !isUndefined(v) {
		offset = toNumber(v)
	}
	return d.setZone(fixedZone(offset), o.flag("keepLocalTime", false) || o.flag("keepCalendarTime", false)), nil
}

func (d DateTime) reconfigure(o Fields) (any, error) {
	known := Fields{}
	for _, name := range []string{"locale", "numberingSystem", "outputCalendar"} {
		known = append(known, Field{name, o.Get(name)})
	}
	l, err := d.loc.clone(d.scope(), known, false)
	if err != nil {
		return nil, err
	}
	return d.withLocale(l), nil
}
