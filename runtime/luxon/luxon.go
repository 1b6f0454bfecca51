// Package luxon is Luxon's DateTime as a Go value: what expressions call $now, $today and DateTime. It owns the dates
// and their arithmetic, zones and formats, in the en-US locale; each method that is here answers as Luxon does. It does
// not know expressions: arguments and results are plain Go values. Duration, Interval and the rest of the surface are not
// here yet; what is missing fails with ErrNotYet.
package luxon

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"sync"
	"time"
	_ "time/tzdata" // so that a binary needs no files of the system
)

var (
	// ErrNotYet is returned for a part of Luxon that is not here.
	ErrNotYet = errors.New("not available yet")
	// ErrArgument is returned where Luxon throws.
	ErrArgument = errors.New("invalid argument")
)

// DateTime is a point in time in a zone, exact to the millisecond. The zero value is an invalid date.
type DateTime struct {
	t     time.Time
	valid bool
}

// At returns the date of a time, in the time's location.
func At(t time.Time) DateTime { return DateTime{t.Truncate(time.Millisecond), true} }

// Invalid returns an invalid date.
func Invalid() DateTime { return DateTime{} }

// Valid reports whether the date is valid.
func (d DateTime) Valid() bool { return d.valid }

// Time returns the point in time; it is the zero time if the date is invalid.
func (d DateTime) Time() time.Time { return d.t }

// Millis returns the milliseconds since 1970, NaN if the date is invalid.
func (d DateTime) Millis() float64 {
	if !d.valid {
		return math.NaN()
	}
	return float64(d.t.UnixMilli())
}

// ZoneName is the name of the zone: "Europe/Berlin", "UTC", "UTC+2".
func (d DateTime) ZoneName() string { return d.t.Location().String() }

// String is what toString gives.
func (d DateTime) String() string {
	if !d.valid {
		return "Invalid DateTime"
	}
	return d.iso()
}

// AppendJSON appends what JSON.stringify gives for the date as n8n hands it on.
func (d DateTime) AppendJSON(dst []byte) []byte {
	return append(append(append(dst, '"'), d.String()...), '"')
}

var offsetZone = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(?:utc|gmt)?(?:([+-])(\d{1,2})(?::(\d{2}))?)?$`)
})

// Zone returns the zone of a name: an IANA name, "utc", "UTC+2", or "local", "default" and "system" for the fallback.
func Zone(name string, fallback *time.Location) (*time.Location, error) {
	switch name {
	case "local", "default", "system":
		return fallback, nil
	case "utc", "UTC", "gmt":
		return time.UTC, nil
	case "":
		return nil, fmt.Errorf("zone %q: %w", name, ErrArgument)
	}
	if m := offsetZone().FindStringSubmatch(name); m != nil && m[1] != "" {
		hours, _ := strconv.Atoi(m[2])
		minutes, _ := strconv.Atoi(m[3])
		offset := hours*60 + minutes
		if m[1] == "-" {
			offset = -offset
		}
		return fixedZone(offset), nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone %q: %w", name, ErrArgument)
	}
	return loc, nil
}

// fixedZone is the zone of an offset in minutes, with Luxon's name.
func fixedZone(minutes int) *time.Location {
	if minutes == 0 {
		return time.UTC
	}
	sign, a := "+", minutes
	if a < 0 {
		sign, a = "-", -a
	}
	name := fmt.Sprintf("UTC%s%d", sign, a/60)
	if a%60 != 0 {
		name += fmt.Sprintf(":%02d", a%60)
	}
	return time.FixedZone(name, minutes*60)
}

// isFixed reports whether the zone is an offset and not a place.
func (d DateTime) isFixed() bool {
	name := d.ZoneName()
	return name == "UTC" || len(name) > 3 && (name[3] == '+' || name[3] == '-') && name[:3] == "UTC"
}

// offset returns the minutes east of UTC.
func (d DateTime) offset() int { return offsetAt(d.t.UnixMilli(), d.t.Location()) }

func offsetAt(ms int64, loc *time.Location) int {
	_, seconds := time.UnixMilli(ms).In(loc).Zone()
	return seconds / 60
}

// fromLocal finds the point in time of a local time, given as if it were UTC. Where the clock was turned back the guess
// decides between the two, where it was turned forward the time moves on with it, as in Luxon.
func fromLocal(local time.Time, guess int, loc *time.Location) DateTime {
	const minute = 60_000
	ms := local.UnixMilli()
	at := ms - int64(guess)*minute
	second := offsetAt(at, loc)
	if second == guess {
		return At(time.UnixMilli(at).In(loc))
	}
	at -= int64(second-guess) * minute
	third := offsetAt(at, loc)
	if second != third {
		at = ms - int64(min(second, third))*minute
	}
	return At(time.UnixMilli(at).In(loc))
}

// local returns the date's local time as if it were UTC.
func (d DateTime) local() time.Time {
	t := d.t
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}
