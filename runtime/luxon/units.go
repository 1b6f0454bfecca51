package luxon

import (
	"math"
	"strings"
)

// Units of dates, in the order that dateUnits holds them.
const (
	uYear = iota
	uMonth
	uDay
	uHour
	uMinute
	uSecond
	uMillisecond
	uWeekYear
	uWeekNumber
	uWeekday
	uOrdinal
	uQuarter
	uLocalWeekYear
	uLocalWeekNumber
	uLocalWeekday
	unitCount
)

// unitNames are the names of the units as they are used and, in small letters, as they are read; most have a plural too.
var unitNames = [unitCount]string{"year", "month", "day", "hour", "minute", "second", "millisecond", "weekYear", "weekNumber", "weekday", "ordinal", "quarter",
	"localWeekYear", "localWeekNumber", "localWeekday"}

// dateUnits are values by unit; a unit that is not set is undefined.
type dateUnits struct {
	v   [unitCount]float64
	set [unitCount]bool
}

func (u *dateUnits) put(unit int, v float64) { u.v[unit], u.set[unit] = v, true }

// unitsOf makes units of names and values.
func unitsOf(pairs ...any) dateUnits {
	var u dateUnits
	for i := 0; i+1 < len(pairs); i += 2 {
		unit, err := dateUnit(pairs[i].(string))
		if err == nil {
			u.put(unit, float64(pairs[i+1].(int)))
		}
	}
	return u
}

// dateUnit reads the name of a unit of a date.
func dateUnit(name string) (int, error) {
	lower := strings.ToLower(name)
	if lower == "weeksnumber" {
		return uWeekNumber, nil
	}
	for i, n := range unitNames {
		n = strings.ToLower(n)
		if lower == n || lower == n+"s" && i != uOrdinal {
			return i, nil
		}
	}
	return 0, throw("Invalid unit %s", name)
}

// readUnits reads {year: 2024, month: 5}.
func readUnits(v any) (dateUnits, error) {
	var u dateUnits
	for _, f := range fieldsOf(v) {
		if isNullish(f.Value) {
			continue
		}
		unit, err := dateUnit(f.Name)
		if err != nil {
			return u, err
		}
		n, err := unitNumber(plain(f.Value))
		if err != nil {
			return u, err
		}
		u.put(unit, n)
	}
	return u, nil
}

// weeks returns the week rule that the units are meant in, and turns units of local weeks into plain ones.
func (u *dateUnits) weeks(l *locale) (weekRule, error) {
	if !u.set[uLocalWeekYear] && !u.set[uLocalWeekNumber] && !u.set[uLocalWeekday] {
		return isoWeeks, nil
	}
	if u.set[uWeekYear] || u.set[uWeekNumber] || u.set[uWeekday] {
		return isoWeeks, throw("Cannot mix locale-based week fields with ISO-based week fields")
	}
	for i, local := range [3]int{uLocalWeekYear, uLocalWeekNumber, uLocalWeekday} {
		if u.set[local] {
			u.put(uWeekYear+i, u.v[local])
			u.set[local] = false
		}
	}
	return l.rule()
}

// conflicts finds units that do not go together.
func (u *dateUnits) conflicts() error {
	monthOrDay := u.set[uMonth] || u.set[uDay]
	week := u.set[uWeekYear] && u.v[uWeekYear] != 0 || u.set[uWeekNumber] && u.v[uWeekNumber] != 0
	if (u.set[uYear] || monthOrDay || u.set[uOrdinal]) && week {
		return throw("Can't mix weekYear/weekNumber units with year/month/day or ordinals")
	}
	if monthOrDay && u.set[uOrdinal] {
		return throw("Can't mix ordinal dates with month/day")
	}
	return nil
}

// definiteWeek reports whether a week is named.
func (u *dateUnits) definiteWeek() bool {
	return u.set[uWeekYear] && u.v[uWeekYear] != 0 || u.set[uWeekNumber] && u.v[uWeekNumber] != 0
}

func (u *dateUnits) invalidTime() *invalid {
	hour, minute, second, ms := u.v[uHour], u.v[uMinute], u.v[uSecond], u.v[uMillisecond]
	switch {
	case !integerBetween(hour, 0, 23) && !(hour == 24 && minute == 0 && second == 0 && ms == 0):
		return unitOutOfRange("hour", hour)
	case !integerBetween(minute, 0, 59):
		return unitOutOfRange("minute", minute)
	case !integerBetween(second, 0, 59):
		return unitOutOfRange("second", second)
	case !integerBetween(ms, 0, 999):
		return unitOutOfRange("millisecond", ms)
	}
	return nil
}

func (u *dateUnits) invalidDate() *invalid {
	year, month, day := u.v[uYear], u.v[uMonth], u.v[uDay]
	switch {
	case year != math.Trunc(year):
		return unitOutOfRange("year", year)
	case !integerBetween(month, 1, 12):
		return unitOutOfRange("month", month)
	case !integerBetween(day, 1, daysInMonth(year, month)):
		return unitOutOfRange("day", day)
	}
	return nil
}

func (u *dateUnits) invalidWeek(rule weekRule) *invalid {
	year, week, day := u.v[uWeekYear], u.v[uWeekNumber], u.v[uWeekday]
	switch {
	case year != math.Trunc(year):
		return unitOutOfRange("weekYear", year)
	case !integerBetween(week, 1, rule.weeksIn(year)):
		return unitOutOfRange("week", week)
	case !integerBetween(day, 1, 7):
		return unitOutOfRange("weekday", day)
	}
	return nil
}

func (u *dateUnits) invalidOrdinal() *invalid {
	year, ordinal := u.v[uYear], u.v[uOrdinal]
	switch {
	case year != math.Trunc(year):
		return unitOutOfRange("year", year)
	case !integerBetween(ordinal, 1, daysInYear(year)):
		return unitOutOfRange("ordinal", ordinal)
	}
	return nil
}

// local is the local time of the units, as if it were UTC.
func (u *dateUnits) local() float64 {
	return localMillis(u.v[uYear], u.v[uMonth], u.v[uDay], u.v[uHour], u.v[uMinute], u.v[uSecond], u.v[uMillisecond])
}

// fill takes what comes before the first unit that is set from now and gives the rest its least value.
func (u *dateUnits) fill(now civil, rule weekRule, units []int) {
	year, week, day := rule.of(now)
	current := dateUnits{}
	current.v[uYear], current.v[uMonth], current.v[uDay] = float64(now.year), float64(now.month), float64(now.day)
	current.v[uHour], current.v[uMinute], current.v[uSecond], current.v[uMillisecond] = float64(now.hour), float64(now.minute), float64(now.second), float64(now.ms)
	current.v[uWeekYear], current.v[uWeekNumber], current.v[uWeekday], current.v[uOrdinal] = year, week, day, now.ordinal()
	found := false
	for _, unit := range units {
		switch {
		case u.set[unit]:
			found = true
		case found && unit >= uHour && unit <= uMillisecond:
			u.put(unit, 0)
		case found:
			u.put(unit, 1)
		default:
			u.put(unit, current.v[unit])
		}
	}
}
