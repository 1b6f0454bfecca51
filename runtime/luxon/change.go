package luxon

import "math"

// withUnits is set with units that are known to go together.
func (d DateTime) withUnits(u dateUnits) DateTime {
	mixed := u
	c := d.c
	own := [7]float64{float64(c.year), float64(c.month), float64(c.day), float64(c.hour), float64(c.minute), float64(c.second), float64(c.ms)}
	for unit, v := range own {
		if !u.set[unit] {
			mixed.put(unit, v)
		}
	}
	if !u.set[uDay] {
		mixed.v[uDay] = math.Min(daysInMonth(mixed.v[uYear], mixed.v[uMonth]), mixed.v[uDay])
	}
	return d.at(d.zone.resolve(mixed.local(), d.off))
}

// set changes units of the local time.
func (d DateTime) set(values any) (DateTime, error) {
	if !d.Valid() {
		return d, nil
	}
	u, err := readUnits(values)
	if err != nil {
		return d, err
	}
	rule, err := u.weeks(d.loc)
	if err != nil {
		return d, err
	}
	if err := u.conflicts(); err != nil {
		return d, err
	}
	switch {
	case u.set[uWeekYear] || u.set[uWeekNumber] || u.set[uWeekday]:
		return d.setWeek(u, rule), nil
	case u.set[uOrdinal]:
		year := float64(d.c.year)
		if u.set[uYear] {
			year = u.v[uYear]
		}
		if !integerBetween(u.v[uOrdinal], 1, daysInYear(year)) {
			return d.setOrdinal(u, year)
		}
		month, day := dateOfOrdinal(year, u.v[uOrdinal])
		u.put(uYear, year)
		u.put(uMonth, month)
		u.put(uDay, day)
	}
	return d.withUnits(u), nil
}

func (d DateTime) setWeek(u dateUnits, rule weekRule) DateTime {
	year, week, day := rule.of(d.c)
	for unit, v := range map[int]float64{uWeekYear: year, uWeekNumber: week, uWeekday: day} {
		if !u.set[unit] {
			u.put(unit, v)
		}
	}
	y, m, dd := rule.date(u.v[uWeekYear], u.v[uWeekNumber], u.v[uWeekday])
	u.put(uYear, y)
	u.put(uMonth, m)
	u.put(uDay, dd)
	return d.withUnits(u)
}

// setOrdinal handles days that the year does not have: Luxon counts on from December, or from no month at all.
func (d DateTime) setOrdinal(u dateUnits, year float64) (DateTime, error) {
	u.put(uYear, year)
	if u.v[uOrdinal] < 1 {
		return d.at(math.NaN()), nil
	}
	month, day := dateOfOrdinal(year, daysInYear(year))
	u.put(uMonth, month)
	u.put(uDay, day+u.v[uOrdinal]-daysInYear(year))
	return d.withUnits(u), nil
}

// add adds a duration, or takes it away if sign is -1: calendar units to the local time, with the day kept inside the
// month, the rest to the instant.
func (d DateTime) add(dur Duration, sign float64) DateTime {
	if !d.Valid() {
		return d
	}
	whole := func(unit int) float64 { return math.Trunc(dur.v[unit]) * sign }
	year := float64(d.c.year) + whole(dYears)
	month := float64(d.c.month) + whole(dMonths) + whole(dQuarters)*3
	c := d.c
	day := math.Min(float64(c.day), daysInMonth(year, month)) + whole(dDays) + whole(dWeeks)*7
	local := localMillis(year, month, day, float64(c.hour), float64(c.minute), float64(c.second), float64(c.ms))
	ts := d.zone.resolve(local, d.off)
	rest := 0.0
	for unit := dMilliseconds; unit >= dYears; unit-- {
		v := dur.v[unit] * sign
		if unit <= dDays {
			v -= math.Trunc(v)
		}
		if v != 0 {
			rest += v * casual.toMillis(unit)
		}
	}
	return d.at(ts + rest)
}

// startOf is the start of a unit, one of the duration's; weeks start as the locale has it if localWeeks says so.
func (d DateTime) startOf(unit int, localWeeks bool) (DateTime, error) {
	if !d.Valid() {
		return d, nil
	}
	var u dateUnits
	switch unit {
	case dYears:
		u.put(uMonth, 1)
		u.put(uDay, 1)
	case dQuarters:
		u.put(uMonth, (d.quarter()-1)*3+1)
		u.put(uDay, 1)
	case dMonths:
		u.put(uDay, 1)
	}
	if unit <= dDays {
		u.put(uHour, 0)
	}
	if unit <= dHours {
		u.put(uMinute, 0)
	}
	if unit <= dMinutes {
		u.put(uSecond, 0)
	}
	if unit <= dSeconds {
		u.put(uMillisecond, 0)
	}
	if unit != dWeeks {
		return d.withUnits(u), nil
	}
	first := 1.0
	if localWeeks {
		rule, err := d.loc.rule()
		if err != nil {
			return d, err
		}
		first = rule.firstDay
		if _, week, weekday := d.week(); weekday < first {
			u.put(uWeekNumber, week-1)
		}
	}
	u.put(uWeekday, first)
	return d.setWeek(u, isoWeeks), nil
}

// StartOfDay returns midnight of the date's day.
func (d DateTime) StartOfDay() DateTime {
	start, err := d.startOf(dDays, false)
	if err != nil {
		return d
	}
	return start
}

func (d DateTime) endOf(unit int, localWeeks bool) (DateTime, error) {
	if !d.Valid() {
		return d, nil
	}
	var one Duration
	one.v[unit] = 1
	start, err := d.add(one, 1).startOf(unit, localWeeks)
	if err != nil {
		return d, err
	}
	return start.at(start.ts - 1), nil
}

// unitAndWeeks reads the arguments of startOf, endOf and hasSame.
func unitAndWeeks(args []any, i int) (unit int, localWeeks bool, err error) {
	if unit, err = durationUnit(argument(args, i)); err != nil {
		return 0, false, err
	}
	o, err := optionsAt(args, i+1)
	return unit, o.flag("useLocaleWeeks", false), err
}

// setZone is the same time in another zone, or with keepLocalTime the same local time.
func (d DateTime) setZone(z *zone, keepLocalTime bool) DateTime {
	switch {
	case z.equals(d.zone):
		return d
	case !z.valid():
		return d.env.unsupportedZone(z)
	case !d.Valid():
		return d.env.date(d.ts, z, d.loc).because(d.bad)
	}
	ts := d.ts
	if keepLocalTime {
		ts = z.resolve(d.localTime(), z.offset(d.ts))
	}
	return d.env.date(ts, z, d.loc)
}

// because makes a date invalid for a reason.
func (d DateTime) because(why *invalid) DateTime {
	d.bad = why
	return d
}

func (d DateTime) withLocale(l *locale) DateTime {
	d.loc = l
	return d
}

// dayDiff is the number of days between two local dates.
func dayDiff(a, b DateTime) float64 {
	day := func(d DateTime) float64 { return math.Floor(d.localTime() / msPerDay) }
	return day(b) - day(a)
}

// calendarDiff is how far two dates are apart by the calendar alone.
func calendarDiff(a, b DateTime, unit int) float64 {
	years := float64(b.c.year) - float64(a.c.year)
	switch unit {
	case dYears:
		return years
	case dQuarters:
		return b.quarter() - a.quarter() + years*4
	case dMonths:
		return float64(b.c.month) - float64(a.c.month) + years*12
	case dWeeks:
		days := dayDiff(a, b)
		return (days - math.Mod(days, 7)) / 7
	}
	return dayDiff(a, b)
}

// diff is the duration between two dates in some units, with the locale of the options.
func (d DateTime) diff(other DateTime, units []int, l *locale, accuracy string, m *matrix) Duration {
	s := d.env
	if !d.Valid() || !other.Valid() {
		return s.invalidDuration("created by diffing an invalid DateTime", nil)
	}
	otherIsLater := other.ts > d.ts
	earlier, later := other, d
	if otherIsLater {
		earlier, later = d, other
	}
	empty := s.newDuration(l, accuracy, m)
	out := diffOrdered(earlier, later, units, empty)
	if otherIsLater {
		return out.negate()
	}
	return out
}

// diffOrdered counts the calendar's units from the largest, never past later; what remains goes to the lower units, or
// as a fraction to the smallest of the others.
func diffOrdered(earlier, later DateTime, units []int, empty Duration) Duration {
	results, lowest := empty, -1
	cursor, highWater := earlier, DateTime{}
	asked := [dCount]bool{}
	var lower []int
	for _, u := range units {
		if asked[u] = true; u >= dHours {
			lower = append(lower, u)
		}
	}
	for unit := dYears; unit <= dDays; unit++ {
		if !asked[unit] {
			continue
		}
		lowest = unit
		results.put(unit, calendarDiff(cursor, later, unit))
		highWater = earlier.add(results, 1)
		if highWater.ts > later.ts {
			results.v[unit]--
			cursor = earlier.add(results, 1)
			if cursor.ts > later.ts {
				highWater = cursor
				results.v[unit]--
				cursor = earlier.add(results, 1)
			}
		} else {
			cursor = highWater
		}
	}
	remaining := later.ts - cursor.ts
	if len(lower) > 0 {
		rest := empty
		rest.put(dMilliseconds, remaining)
		return rest.shiftTo(lower).plus(results)
	}
	if lowest < 0 {
		return results
	}
	if highWater.ts < later.ts {
		var one Duration
		one.v[lowest] = 1
		highWater = cursor.add(one, 1)
	}
	if highWater.ts != cursor.ts {
		results.v[lowest] += remaining / (highWater.ts - cursor.ts)
	}
	return results
}
