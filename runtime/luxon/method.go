package luxon

import (
	"math"
	"slices"
	"time"
)

// methods are the methods of a DateTime; each gets only a valid date.
var methods = map[string]func(d DateTime, args []any) (any, error){
	"toISO":         noOptions(func(d DateTime) any { return d.iso() }),
	"toJSON":        noOptions(func(d DateTime) any { return d.iso() }),
	"toString":      noOptions(func(d DateTime) any { return d.iso() }),
	"toISODate":     noOptions(func(d DateTime) any { return d.isoDate() }),
	"toISOTime":     noOptions(func(d DateTime) any { return d.isoTime() }),
	"toSQLDate":     noOptions(func(d DateTime) any { return d.isoDate() }),
	"toMillis":      noOptions(func(d DateTime) any { return d.Millis() }),
	"valueOf":       noOptions(func(d DateTime) any { return d.Millis() }),
	"toSeconds":     noOptions(func(d DateTime) any { return d.Millis() / 1000 }),
	"toUnixInteger": noOptions(func(d DateTime) any { return math.Floor(d.Millis() / 1000) }),
	"toUTC":         noOptions(func(d DateTime) any { return At(d.t.UTC()) }),
	"toFormat":      formatMethod,
	"format":        formatMethod, // n8n's
	"plus":          func(d DateTime, args []any) (any, error) { return d.plus(args, 1) },
	"minus":         func(d DateTime, args []any) (any, error) { return d.plus(args, -1) },
	"startOf": func(d DateTime, args []any) (any, error) {
		unit, err := unitOf(args)
		if err != nil {
			return nil, err
		}
		return d.startOf(unit), nil
	},
	"endOf": func(d DateTime, args []any) (any, error) {
		unit, err := unitOf(args)
		if err != nil {
			return nil, err
		}
		next := d.startOf(unit).add(map[string]float64{unit: 1})
		return At(next.t.Add(-time.Millisecond)), nil
	},
	"setZone": setZone,
}

// Methods returns the names of the methods that are here.
func Methods() []string {
	names := make([]string, 0, len(methods))
	for name := range methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// later are methods of Luxon that are not here yet; n8n's own are among them.
var later = []string{"set", "diff", "diffNow", "until", "hasSame", "equals", "toRelative", "toRelativeCalendar", "toLocaleString",
	"toLocaleParts", "toISOWeekDate", "toRFC2822", "toHTTP", "toSQL", "toSQLTime", "toBSON", "toObject", "toJSDate", "toLocal",
	"setLocale", "reconfigure", "resolvedLocaleOptions", "getPossibleOffsets", "beginningOf", "diffTo", "diffToNow",
	"endOfMonth", "extract", "isBetween", "isDst", "isInLast", "isWeekend", "toBoolean", "toDateTime", "toFloat", "toInt", "get"}

// HasMethod reports whether a DateTime has a method of this name, here or only in Luxon.
func HasMethod(name string) bool { return methods[name] != nil || slices.Contains(later, name) }

// Call calls a method. Arguments are nil, bool, float64, string, map[string]any or DateTime; the result is one of these,
// with a DateTime for dates and nil for null.
func (d DateTime) Call(name string, args []any) (any, error) {
	m := methods[name]
	switch {
	case m == nil && slices.Contains(later, name):
		return nil, ErrNotYet
	case m == nil:
		return nil, ErrArgument
	case !d.valid:
		return d.callInvalid(name), nil
	}
	return m(d, args)
}

// callInvalid is what the methods of an invalid date answer.
func (d DateTime) callInvalid(name string) any {
	switch name {
	case "toString", "toFormat", "format":
		return d.String()
	case "toMillis", "valueOf", "toSeconds", "toUnixInteger":
		return math.NaN()
	case "plus", "minus", "startOf", "endOf", "setZone", "toUTC":
		return d
	}
	return nil
}

// Get reads a property. A name that DateTimes do not have gives Undefined.
func (d DateTime) Get(name string) (any, error) {
	t := d.t
	switch name {
	case "isValid":
		return d.valid, nil
	case "zoneName":
		if !d.valid {
			return nil, nil
		}
		return d.ZoneName(), nil
	}
	number := properties[name]
	switch {
	case number == nil && slices.Contains(laterProperties, name):
		return nil, ErrNotYet
	case number == nil:
		return Undefined{}, nil
	case !d.valid:
		return math.NaN(), nil
	}
	return float64(number(t)), nil
}

// Undefined is what Get gives for a name that DateTimes do not have.
type Undefined struct{}

var properties = map[string]func(time.Time) int{
	"year":        time.Time.Year,
	"month":       func(t time.Time) int { return int(t.Month()) },
	"day":         time.Time.Day,
	"hour":        time.Time.Hour,
	"minute":      time.Time.Minute,
	"second":      time.Time.Second,
	"millisecond": func(t time.Time) int { return t.Nanosecond() / 1e6 },
	"weekday":     weekday,
	"ordinal":     time.Time.YearDay,
	"quarter":     quarter,
	"weekNumber":  func(t time.Time) int { _, week := t.ISOWeek(); return week },
	"weekYear":    func(t time.Time) int { year, _ := t.ISOWeek(); return year },
	"daysInMonth": func(t time.Time) int { return daysIn(t.Year(), t.Month()) },
	"offset":      func(t time.Time) int { _, seconds := t.Zone(); return seconds / 60 },
}

var laterProperties = []string{"zone", "locale", "numberingSystem", "outputCalendar", "monthShort", "monthLong", "weekdayShort",
	"weekdayLong", "offsetNameShort", "offsetNameLong", "isOffsetFixed", "isInDST", "isInLeapYear", "daysInYear",
	"weeksInWeekYear", "invalidReason", "invalidExplanation", "ts", "c", "o", "loc", "localWeekday", "localWeekNumber",
	"localWeekYear", "weeksInLocalWeekYear", "isWeekend"}

// weekday counts from Monday, 1, to Sunday, 7.
func weekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

func quarter(t time.Time) int { return (int(t.Month())-1)/3 + 1 }

func noOptions(f func(DateTime) any) func(DateTime, []any) (any, error) {
	return func(d DateTime, args []any) (any, error) {
		if len(args) > 0 && args[0] != nil {
			return nil, ErrNotYet
		}
		return f(d), nil
	}
}

func setZone(d DateTime, args []any) (any, error) {
	if len(args) != 1 {
		return nil, ErrNotYet // with options
	}
	name, ok := args[0].(string)
	if !ok || name == "local" || name == "default" || name == "system" {
		return nil, ErrNotYet
	}
	loc, err := Zone(name, d.t.Location())
	if err != nil {
		return Invalid(), nil //nolint:nilerr // an unknown zone gives an invalid DateTime, as in Luxon
	}
	return At(d.t.In(loc)), nil
}

func formatMethod(d DateTime, args []any) (any, error) {
	if len(args) != 1 {
		return nil, ErrNotYet
	}
	format, ok := args[0].(string)
	if !ok {
		return nil, ErrArgument
	}
	return d.Format(format)
}
