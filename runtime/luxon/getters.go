package luxon

import "sync"

// dateNumbers are the getters of a valid date that need no locale.
var dateNumbers = sync.OnceValue(func() map[string]func(DateTime) any {
	week := func(pick int) func(DateTime) any {
		return func(d DateTime) any {
			year, number, day := d.week()
			return [3]float64{year, number, day}[pick]
		}
	}
	return map[string]func(DateTime) any{
		"year":         func(d DateTime) any { return float64(d.c.year) },
		"quarter":      func(d DateTime) any { return d.quarter() },
		"month":        func(d DateTime) any { return float64(d.c.month) },
		"day":          func(d DateTime) any { return float64(d.c.day) },
		"hour":         func(d DateTime) any { return float64(d.c.hour) },
		"minute":       func(d DateTime) any { return float64(d.c.minute) },
		"second":       func(d DateTime) any { return float64(d.c.second) },
		"millisecond":  func(d DateTime) any { return float64(d.c.ms) },
		"weekYear":     week(0),
		"weekNumber":   week(1),
		"weekday":      week(2),
		"ordinal":      func(d DateTime) any { return d.c.ordinal() },
		"offset":       func(d DateTime) any { return d.off },
		"o":            func(d DateTime) any { return d.off },
		"isInLeapYear": func(d DateTime) any { return isLeapYear(float64(d.c.year)) },
		"daysInMonth":  func(d DateTime) any { return daysInMonth(float64(d.c.year), float64(d.c.month)) },
		"daysInYear":   func(d DateTime) any { return daysInYear(float64(d.c.year)) },
		"weeksInWeekYear": func(d DateTime) any {
			year, _, _ := d.week()
			return isoWeeks.weeksIn(year)
		},
	}
})

// dateTexts are the other getters of a valid date.
var dateTexts = sync.OnceValue(func() map[string]func(DateTime) (any, error) {
	local := func(pick int) func(DateTime) (any, error) {
		return func(d DateTime) (any, error) {
			rule, err := d.loc.rule()
			year, number, day := rule.of(d.c)
			return [4]float64{year, number, day, rule.weeksIn(year)}[pick], err
		}
	}
	month := func(length string) func(DateTime) (any, error) {
		return func(d DateTime) (any, error) { return word(d.c.month)(d.loc.months(length, false)) }
	}
	weekday := func(length string) func(DateTime) (any, error) {
		return func(d DateTime) (any, error) { return word(int8(d.c.weekday()))(d.loc.weekdays(length, false)) }
	}
	offsetName := func(length string) func(DateTime) (any, error) {
		return func(d DateTime) (any, error) { return d.zone.offsetName(d.ts, length, d.loc.name) }
	}
	return map[string]func(DateTime) (any, error){
		"zoneName":        func(d DateTime) (any, error) { return d.zone.name, nil },
		"locale":          func(d DateTime) (any, error) { return d.loc.name, nil },
		"numberingSystem": func(d DateTime) (any, error) { return textOrNull(d.loc.digits), nil },
		"outputCalendar":  func(d DateTime) (any, error) { return textOrNull(d.loc.calendar), nil },
		"c":               func(d DateTime) (any, error) { return d.object(nil), nil },
		"isOffsetFixed":   func(d DateTime) (any, error) { return d.zone.class == "FixedOffsetZone", nil },
		"isInDST":         func(d DateTime) (any, error) { return d.isInDST(), nil },
		"isWeekend":       func(d DateTime) (any, error) { return d.loc.isWeekend(float64(d.c.weekday())) },
		"localWeekYear":   local(0), "localWeekNumber": local(1), "localWeekday": local(2), "weeksInLocalWeekYear": local(3),
		"monthShort": month("short"), "monthLong": month("long"), "weekdayShort": weekday("short"), "weekdayLong": weekday("long"),
		"offsetNameShort": offsetName("short"), "offsetNameLong": offsetName("long"),
	}
})

// word picks one of a list, from 1.
func word(i int8) func([]string, error) (any, error) {
	return func(list []string, err error) (any, error) {
		if err != nil || int(i) > len(list) {
			return nil, err
		}
		return list[i-1], nil
	}
}
