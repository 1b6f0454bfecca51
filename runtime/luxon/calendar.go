package luxon

import "math"

// The proleptic Gregorian calendar, in milliseconds since 1970 as JavaScript counts them.

const (
	msPerDay    = 86_400_000
	msPerHour   = 3_600_000
	msPerMinute = 60_000
	maxMillis   = 8.64e15 // of a JavaScript Date, either side of 1970
)

// civil is a date and a time of day.
type civil struct {
	year                             int32
	month, day, hour, minute, second int8
	ms                               int16
}

// civilAt is the local time at ms where the clock is offset minutes ahead of UTC.
func civilAt(ms, offset float64) civil {
	local := int64(math.Trunc(ms + offset*msPerMinute))
	days, rest := floorDiv(local, msPerDay)
	y, m, d := dateOfDays(days)
	return civil{
		int32(y), int8(m), int8(d), int8(rest / msPerHour), int8(rest / msPerMinute % 60), int8(rest / 1000 % 60), int16(rest % 1000),
	}
}

func floorDiv(a, b int64) (quotient, rest int64) {
	quotient, rest = a/b, a%b
	if rest < 0 {
		return quotient - 1, rest + b
	}
	return quotient, rest
}

// dateOfDays is the date so many days after 1970-01-01 (the algorithm of Howard Hinnant's date papers).
func dateOfDays(days int64) (year, month, day int64) {
	days += 719_468
	era, doe := floorDiv(days, 146_097)
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// daysOfDate is the opposite of dateOfDays; the month is 1 to 12, the day may be any.
func daysOfDate(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era, yoe := floorDiv(year, 400)
	doy := (153*(month-3)+2)/5 + day - 1
	return era*146_097 + yoe*365 + yoe/4 - yoe/100 + doy - 719_468
}

// localMillis is Date.UTC with years as they are: fields may lie outside of their ranges, NaN is no time at all.
func localMillis(year, month, day, hour, minute, second, ms float64) float64 {
	sum := year + month + day + hour + minute + second + ms
	if math.IsNaN(sum) || math.Abs(year) > 1e6 || math.Abs(month) > 1e7 || math.Abs(day) > 1e9 {
		return math.NaN()
	}
	years, month0 := floorDiv(int64(month)-1, 12)
	days := daysOfDate(int64(year)+years, month0+1, int64(day))
	t := float64(days)*msPerDay + math.Trunc(hour)*msPerHour + math.Trunc(minute)*msPerMinute + math.Trunc(second)*1000 + math.Trunc(ms)
	if math.Abs(t) > maxMillis {
		return math.NaN()
	}
	return t
}

func (c civil) millis() float64 {
	return localMillis(float64(c.year), float64(c.month), float64(c.day), float64(c.hour), float64(c.minute), float64(c.second), float64(c.ms))
}

func isLeapYear(year float64) bool {
	return math.Mod(year, 4) == 0 && (math.Mod(year, 100) != 0 || math.Mod(year, 400) == 0)
}

func daysInYear(year float64) float64 {
	if isLeapYear(year) {
		return 366
	}
	return 365
}

func floorMod(x, n float64) float64 { return x - n*math.Floor(x/n) }

// daysInMonth takes months beyond 12 as months of later years. NaN gives NaN; so does a part of a month.
func daysInMonth(year, month float64) float64 {
	mod := floorMod(month-1, 12) + 1
	switch mod {
	case 2:
		if isLeapYear(year + (month-mod)/12) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	case 1, 3, 5, 7, 8, 10, 12:
		return 31
	}
	return math.NaN()
}

// dayOfWeek is 1, Monday, to 7; days outside of the month count on.
func dayOfWeek(year, month, day float64) float64 {
	_, rest := floorDiv(daysOfDate(int64(year), int64(month), int64(day))+3, 7)
	return float64(rest + 1)
}

func (c civil) weekday() int {
	return int(dayOfWeek(float64(c.year), float64(c.month), float64(c.day)))
}

func (c civil) ordinal() float64 {
	return float64(daysOfDate(int64(c.year), int64(c.month), int64(c.day)) - daysOfDate(int64(c.year), 1, 1) + 1)
}

func (c civil) clock() string {
	return pad(float64(c.hour), 2) + ":" + pad(float64(c.minute), 2) + ":" + pad(float64(c.second), 2)
}

// dateOfOrdinal is the day of the year as month and day.
func dateOfOrdinal(year, ordinal float64) (month, day float64) {
	_, m, d := dateOfDays(daysOfDate(int64(year), 1, 1) + int64(ordinal) - 1)
	return float64(m), float64(d)
}

// weekRule says on which day weeks start and how many days of the year its first week has at least.
type weekRule struct{ firstDay, minimalDays float64 }

var isoWeeks = weekRule{1, 4}

func (w weekRule) local(isoWeekday float64) float64 {
	return math.Mod(isoWeekday-w.firstDay+7, 7) + 1
}

func (w weekRule) firstWeekOffset(year float64) float64 {
	return w.minimalDays - 1 - w.local(dayOfWeek(year, 1, w.minimalDays))
}

// weeksIn is the number of weeks in a week year.
func (w weekRule) weeksIn(year float64) float64 {
	if math.IsNaN(year) {
		return year
	}
	return (daysInYear(year) - w.firstWeekOffset(year) + w.firstWeekOffset(year+1)) / 7
}

// of returns the week date of a date.
func (w weekRule) of(c civil) (weekYear, weekNumber, weekday float64) {
	year := float64(c.year)
	weekday = w.local(float64(c.weekday()))
	weekNumber = math.Floor((c.ordinal() - weekday + 14 - w.minimalDays) / 7)
	switch {
	case weekNumber < 1:
		return year - 1, w.weeksIn(year - 1), weekday
	case weekNumber > w.weeksIn(year):
		return year + 1, 1, weekday
	}
	return year, weekNumber, weekday
}

// date is the opposite of of.
func (w weekRule) date(weekYear, weekNumber, weekday float64) (year, month, day float64) {
	offset := w.local(dayOfWeek(weekYear, 1, w.minimalDays))
	ordinal := weekNumber*7 + weekday - offset - 7 + w.minimalDays
	y, m, d := dateOfDays(daysOfDate(int64(weekYear), 1, 1) + int64(ordinal) - 1)
	return float64(y), float64(m), float64(d)
}
