package luxon

import (
	"math"
	"slices"
	"time"
)

// DateTime is a point in time in a zone and a locale. The zero value is an invalid date.
type DateTime struct {
	ts   float64 // milliseconds since 1970
	off  float64 // minutes ahead of UTC
	c    civil   // the local time
	zone *zone
	loc  *locale
	bad  *invalid
	env  *scope
}

var _ Object = DateTime{}

// plainScope serves dates that were made without an Env.
func plainScope() *scope { return Env{}.scope() }

// At returns the date of a time, in the time's location.
func At(t time.Time) DateTime {
	s := plainScope()
	return s.date(float64(t.UnixMilli()), zoneOf(t.Location()), s.locale)
}

// Invalid returns an invalid date.
func Invalid() DateTime { return plainScope().invalidDate(&invalid{"invalid input", nil}) }

func (s *scope) invalidDate(why *invalid) DateTime {
	return DateTime{ts: s.millis(), zone: s.zone, loc: s.locale, bad: why, env: s}
}

func (s *scope) unsupportedZone(z *zone) DateTime {
	return s.invalidDate(&invalid{"unsupported zone", `the zone "` + z.name + `" is not supported`})
}

// date makes a date of milliseconds; it is invalid if there is no such time or no such zone.
func (s *scope) date(ts float64, z *zone, l *locale) DateTime {
	d := DateTime{ts: ts, zone: z, loc: l, env: s}
	switch {
	case math.IsNaN(ts):
		d.bad = &invalid{"invalid input", nil}
	case !z.valid():
		d.bad = &invalid{"unsupported zone", `the zone "` + z.name + `" is not supported`}
	default:
		d.off = z.offset(ts)
		if math.IsNaN(d.off) || math.Abs(ts+d.off*msPerMinute) > maxMillis {
			d.bad = &invalid{"invalid input", nil}
		} else {
			d.c = civilAt(ts, d.off)
		}
	}
	return d
}

// scope is the scope of the date; the zero value has one too.
func (d DateTime) scope() *scope {
	if d.env == nil {
		return plainScope()
	}
	return d.env
}

// at is the date at another time.
func (d DateTime) at(ts float64) DateTime {
	if d.env == nil {
		return d
	}
	return d.env.date(ts, d.zone, d.loc)
}

// Valid reports whether the date is valid.
func (d DateTime) Valid() bool { return d.bad == nil && d.env != nil }

// Time returns the point in time; it is the zero time if the date is invalid.
func (d DateTime) Time() time.Time {
	if !d.Valid() {
		return time.Time{}
	}
	return time.UnixMilli(int64(d.ts)).In(d.zone.location())
}

// Millis returns the milliseconds since 1970, NaN if the date is invalid.
func (d DateTime) Millis() float64 {
	if !d.Valid() {
		return math.NaN()
	}
	return d.ts
}

// ZoneName is the name of the zone: "Europe/Berlin", "UTC", "UTC+2".
func (d DateTime) ZoneName() string {
	if d.zone == nil {
		return "UTC"
	}
	return d.zone.name
}

// Class is "DateTime".
func (d DateTime) Class() string { return "DateTime" }

// String is what toString gives.
func (d DateTime) String() string {
	if !d.Valid() {
		return "Invalid DateTime"
	}
	return string(d.appendISO(make([]byte, 0, 32), isoDefaults))
}

// AppendJSON appends the date as n8n hands it on: its ISO text, "Invalid DateTime" for an invalid one.
func (d DateTime) AppendJSON(dst []byte) []byte {
	dst = append(dst, '"')
	if d.Valid() {
		dst = d.appendISO(dst, isoDefaults)
	} else {
		dst = append(dst, "Invalid DateTime"...)
	}
	return append(dst, '"')
}

// resolve finds the time of a local time given as if it were UTC. Where the clock was turned back the guess decides
// between the two, where it was turned forward the time moves on with it.
func (z *zone) resolve(local, guess float64) float64 {
	ts := local - guess*msPerMinute
	second := z.offset(ts)
	if second == guess {
		return ts
	}
	ts -= (second - guess) * msPerMinute
	third := z.offset(ts)
	if second == third {
		return ts
	}
	return local - math.Min(second, third)*msPerMinute
}

// Get reads a property. A name that DateTimes do not have gives Undefined.
func (d DateTime) Get(name string) (any, error) {
	switch name {
	case "isValid":
		return d.Valid(), nil
	case "isLuxonDateTime":
		return true, nil
	case "ts":
		return d.ts, nil
	case "invalidReason", "invalidExplanation":
		if d.env == nil {
			return nil, nil
		}
		return d.bad.field(name), nil
	case "zone", "_zone":
		if d.zone == nil {
			return utcZone, nil
		}
		return d.zone, nil
	}
	if f := dateNumbers()[name]; f != nil {
		if !d.Valid() {
			switch name {
			case "isInLeapYear":
				return false, nil
			case "daysInMonth":
				return Undefined{}, nil
			}
			return math.NaN(), nil
		}
		return f(d), nil
	}
	if f := dateTexts()[name]; f != nil {
		if !d.Valid() {
			if name == "isWeekend" || name == "isInDST" {
				return false, nil
			}
			if slices.Contains(localWeekNumbers, name) {
				return math.NaN(), nil
			}
			return nil, nil
		}
		return f(d)
	}
	return Undefined{}, nil
}

var localWeekNumbers = []string{"localWeekday", "localWeekNumber", "localWeekYear", "weeksInLocalWeekYear"}

func (d DateTime) week() (weekYear, weekNumber, weekday float64) { return isoWeeks.of(d.c) }

func (d DateTime) quarter() float64 { return math.Ceil(float64(d.c.month) / 3) }

// localTime is the local time as milliseconds.
func (d DateTime) localTime() float64 { return d.c.millis() }

func (d DateTime) isInDST() bool {
	if d.zone.class == "FixedOffsetZone" {
		return false
	}
	january := d.withUnits(unitsOf("month", 1, "day", 1))
	may := d.withUnits(unitsOf("month", 5))
	return d.off > january.off || d.off > may.off
}

// possibleOffsets are the times that the local time may mean where the clock was turned back.
func (d DateTime) possibleOffsets() []any {
	if !d.Valid() || d.zone.class == "FixedOffsetZone" {
		return []any{d}
	}
	local := d.localTime()
	earlier, later := d.zone.offset(local-msPerDay), d.zone.offset(local+msPerDay)
	first, second := d.zone.offset(local-earlier*msPerMinute), d.zone.offset(local-later*msPerMinute)
	if first == second {
		return []any{d}
	}
	ts1, ts2 := local-first*msPerMinute, local-second*msPerMinute
	a, b := civilAt(ts1, first), civilAt(ts2, second)
	if a.hour == b.hour && a.minute == b.minute && a.second == b.second && a.ms == b.ms {
		return []any{d.at(ts1), d.at(ts2)}
	}
	return []any{d}
}

// object is toObject.
func (d DateTime) object(o Fields) Fields {
	if !d.Valid() {
		return Fields{}
	}
	c := d.c
	fields := Fields{{"year", float64(c.year)}, {"month", float64(c.month)}, {"day", float64(c.day)}, {"hour", float64(c.hour)},
		{"minute", float64(c.minute)}, {"second", float64(c.second)}, {"millisecond", float64(c.ms)}}
	if o.flag("includeConfig", false) {
		fields = append(fields, Field{"outputCalendar", textOrNull(d.loc.calendar)}, Field{"numberingSystem", textOrNull(d.loc.digits)}, Field{"locale", d.loc.name})
	}
	return fields
}
