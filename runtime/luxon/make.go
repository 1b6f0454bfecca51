package luxon

import "math"

// fromUnits makes a date of units: fromObject after its units were read. weekday is the member of that name as it was
// given, offset the one that the text named.
func (s *scope) fromUnits(u dateUnits, weekday any, o Fields, z *zone, offset any) (DateTime, error) {
	if !z.valid() {
		return s.unsupportedZone(z), nil
	}
	l, err := s.localeFrom(o)
	if err != nil {
		return DateTime{}, err
	}
	rule, err := u.weeks(l)
	if err != nil {
		return DateTime{}, err
	}
	if err := u.conflicts(); err != nil {
		return DateTime{}, err
	}
	now := s.millis()
	guess, given := offset.(float64)
	if !given {
		guess = z.offset(now)
	}
	gregorian := u.set[uYear] || u.set[uMonth] || u.set[uDay]
	useWeek := u.definiteWeek() || u.set[uWeekday] && u.v[uWeekday] != 0 && !gregorian
	asked := u.v[uWeekday]
	if why := u.complete(civilAt(now, guess), rule, useWeek); why != nil {
		return s.invalidDate(why), nil
	}
	d := s.date(z.resolve(u.local(), guess), z, l)
	if asked != 0 && gregorian && d.Valid() && weekday != float64(d.c.weekday()) {
		return s.invalidDate(&invalid{"mismatched weekday", "you can't specify both a weekday of " + numberText(asked) + " and a date of " + d.String()}), nil
	}
	if !d.Valid() {
		return s.invalidDate(d.bad), nil
	}
	return d, nil
}

// The units of a date from the largest, in the three ways to name a day.
var (
	calendarUnits = []int{uYear, uMonth, uDay, uHour, uMinute, uSecond, uMillisecond}
	weekUnits     = []int{uWeekYear, uWeekNumber, uWeekday, uHour, uMinute, uSecond, uMillisecond}
	ordinalUnits  = []int{uYear, uOrdinal, uHour, uMinute, uSecond, uMillisecond}
)

// complete fills the units that are missing, checks them and makes year, month and day of weeks and ordinals.
func (u *dateUnits) complete(now civil, rule weekRule, useWeek bool) *invalid {
	var why *invalid
	switch {
	case useWeek:
		u.fill(now, rule, weekUnits)
		why = u.invalidWeek(rule)
	case u.set[uOrdinal]:
		u.fill(now, isoWeeks, ordinalUnits)
		why = u.invalidOrdinal()
	default:
		u.fill(now, isoWeeks, calendarUnits)
		why = u.invalidDate()
	}
	if why == nil {
		why = u.invalidTime()
	}
	if why != nil {
		return why
	}
	switch {
	case useWeek:
		year, month, day := rule.date(u.v[uWeekYear], u.v[uWeekNumber], u.v[uWeekday])
		u.put(uYear, year)
		u.put(uMonth, month)
		u.put(uDay, day)
	case u.set[uOrdinal]:
		month, day := dateOfOrdinal(u.v[uYear], u.v[uOrdinal])
		u.put(uMonth, month)
		u.put(uDay, day)
	}
	return nil
}

// fromParsed makes a date of what a parser found; without a zone in the text it is in the default zone, or the option's.
func (s *scope) fromParsed(p parsed, ok bool, o Fields, format, text string, offset any) (DateTime, error) {
	if !ok {
		return s.invalidDate(&invalid{"unparsable", `the input "` + text + `" can't be parsed as ` + format}), nil
	}
	asked := o.Get("zone")
	z := p.zone
	if z == nil {
		z = s.normalizeZone(asked)
	}
	var weekday any = Undefined{}
	if p.units.set[uWeekday] {
		weekday = p.units.v[uWeekday]
	}
	d, err := s.fromUnits(p.units, weekday, o, z, offset)
	if err != nil || o.flag("setZone", false) {
		return d, err
	}
	return d.setZone(s.normalizeZone(asked), false), nil
}

// fromText reads one of the standard formats.
func (s *scope) fromText(parse func(string) (parsed, bool), format string, args []any) (any, error) {
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	v := argument(args, 0)
	text := toText(v)
	var p parsed
	ok := false
	if isNullish(v) {
		if format == "RFC 2822" {
			return nil, throw("Cannot read properties of %s", text)
		}
	} else {
		p, ok = parse(text)
	}
	if format == "HTTP" { // Luxon names its options here, not the text
		text = "[object Object]"
	}
	return s.fromParsed(p, ok, o, format, text, Undefined{})
}

// fromObject is DateTime.fromObject.
func (s *scope) fromObject(args []any) (any, error) {
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	z := s.normalizeZone(o.Get("zone"))
	if !z.valid() {
		return s.unsupportedZone(z), nil
	}
	v := argument(args, 0)
	u, err := readUnits(v)
	if err != nil {
		return nil, err
	}
	return s.fromUnits(u, fieldsOf(v).Get("weekday"), o, z, o.Get("specificOffset"))
}

// quick is DateTime.local and DateTime.utc: year, month, … and options.
func (s *scope) quick(args []any, utc bool) (any, error) {
	var o Fields
	if n := len(args); n > 0 && typeOf(args[n-1]) == "object" {
		if args[n-1] == nil {
			return nil, throw("Cannot read properties of null (reading 'zone')")
		}
		o, _ = argument(args, n-1).(Fields)
		args = args[:n-1]
	}
	z := s.normalizeZone(o.Get("zone"))
	if utc {
		z = utcZone
	}
	if !z.valid() {
		return s.unsupportedZone(z), nil
	}
	l, err := s.localeFrom(o)
	if err != nil {
		return nil, err
	}
	if isUndefined(argument(args, 0)) {
		return s.date(s.millis(), z, l), nil
	}
	var u dateUnits
	for unit, least := range [...]float64{uYear: 0, uMonth: 1, uDay: 1, uHour: 0, uMinute: 0, uSecond: 0, uMillisecond: 0} {
		switch v := argument(args, unit).(type) {
		case Undefined:
			u.put(unit, least)
		case float64:
			u.put(unit, v)
		default:
			u.put(unit, math.NaN())
		}
	}
	why := u.invalidDate()
	if why == nil {
		why = u.invalidTime()
	}
	if why != nil {
		for unit, name := range unitNames[:uMillisecond+1] { // a text is told as it was given
			if v := argument(args, unit); math.IsNaN(u.v[unit]) {
				return s.invalidDate(unitOutOfRange(name, v)), nil
			}
		}
		return s.invalidDate(why), nil
	}
	return s.date(z.resolve(u.local(), z.offset(s.millis())), z, l), nil
}

// fromMillis makes a date of a number of milliseconds; factor 1000 takes seconds.
func (s *scope) fromMillis(args []any, factor float64) (any, error) {
	v := argument(args, 0)
	ms, ok := v.(float64)
	switch {
	case !ok && factor == 1:
		return nil, throw("fromMillis requires a numerical input, but received a %s with value %s", typeOf(v), toText(v))
	case !ok:
		return nil, throw("fromSeconds requires a numerical input")
	case factor == 1 && math.Abs(ms) > maxMillis:
		return s.invalidDate(&invalid{"Timestamp out of range", Undefined{}}), nil
	}
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	l, err := s.localeFrom(o)
	if err != nil {
		return nil, err
	}
	return s.date(ms*factor, s.normalizeZone(o.Get("zone")), l), nil
}

func (s *scope) fromJSDate(args []any) (any, error) {
	date, ok := argument(args, 0).(JSDate)
	if !ok || math.IsNaN(date.Ms) || math.Abs(date.Ms) > maxMillis {
		return s.invalidDate(&invalid{"invalid input", nil}), nil
	}
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	z := s.normalizeZone(o.Get("zone"))
	if !z.valid() {
		return s.unsupportedZone(z), nil
	}
	l, err := s.localeFrom(o)
	if err != nil {
		return nil, err
	}
	return s.date(date.Ms, z, l), nil
}

// friendly makes a date of what intervals take: a date of either kind, or an object.
func (s *scope) friendly(v any) (DateTime, error) {
	switch v := v.(type) {
	case DateTime:
		return v, nil
	case JSDate:
		if math.IsNaN(v.Ms) {
			return s.invalidDate(&invalid{"invalid input", nil}), nil
		}
		return s.date(v.Ms, s.zone, s.locale), nil
	case float64:
		if v != 0 {
			return s.invalidDate(&invalid{"invalid input", nil}), nil
		}
	case Fields, []any:
		out, err := s.fromObject([]any{v})
		if err != nil {
			return DateTime{}, err
		}
		return out.(DateTime), nil
	case Duration:
		return s.invalidDate(&invalid{"invalid input", nil}), nil
	}
	return DateTime{}, throw("Unknown datetime argument: %s, of type %s", toText(v), typeOf(v))
}

// extreme is DateTime.min and max; -1 and 1 say which.
func extreme(args []any, name string, sign float64) (any, error) {
	var best any = Undefined{}
	for i, a := range args {
		d, ok := a.(DateTime)
		if !ok {
			return nil, throw("%s requires all arguments be DateTimes", name)
		}
		if b, _ := best.(DateTime); i == 0 || math.Max(sign*b.Millis(), sign*d.Millis()) != sign*b.Millis() {
			best = d
		}
	}
	return best, nil
}

// invalidOf reads reason and explanation of X.invalid.
func invalidOf(args []any, class string) (*invalid, error) {
	reason := argument(args, 0)
	if !truthy(reason) {
		return nil, throw("need to specify a reason the %s is invalid", class)
	}
	explanation := argument(args, 1)
	if isUndefined(explanation) {
		explanation = nil
	}
	return &invalid{toText(reason), explanation}, nil
}
