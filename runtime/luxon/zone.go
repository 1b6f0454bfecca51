package luxon

import (
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // so that a binary needs no files of the system
)

// zone is a time zone: a place, an offset, the zone of the process, or what names none.
type zone struct {
	class string // IANAZone, FixedOffsetZone, SystemZone or InvalidZone
	name  string
	loc   *time.Location // of a place that exists, and of the process
	fixed float64        // minutes, of an offset
}

var (
	_       Object = (*zone)(nil)
	utcZone        = &zone{class: "FixedOffsetZone", name: "UTC", loc: time.UTC}
)

func fixedZone(minutes float64) *zone {
	if minutes == 0 {
		return utcZone
	}
	if minutes != minutes {
		return &zone{class: "FixedOffsetZone", name: "UTC" + formatOffset(minutes, "narrow"), fixed: minutes}
	}
	return offsets.get(minutes, func() *zone {
		return &zone{class: "FixedOffsetZone", name: "UTC" + formatOffset(minutes, "narrow"), fixed: minutes}
	})
}

// The zones that were asked for: places by the name as it was given.
var (
	places  cache[string, *zone]
	offsets cache[float64, *zone]
)

// ianaZone is the zone of a place. Its name stays as it was given, although case does not matter.
func ianaZone(name string) *zone {
	return places.get(name, func() *zone { return &zone{class: "IANAZone", name: name, loc: loadLocation(name)} })
}

func loadLocation(name string) *time.Location {
	if name == "" || strings.EqualFold(name, "local") {
		return nil
	}
	if name[0] == '+' || name[0] == '-' { // an offset, which Intl takes as the name of a zone
		if minutes, ok := offsetName(name); ok {
			return time.FixedZone(name, int(minutes)*60)
		}
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		proper := properZoneName(name)
		if proper == name {
			return nil
		}
		if loc, err = time.LoadLocation(proper); err != nil {
			return nil
		}
	}
	return loc
}

// offsetName reads +05:30, +0530 and +05.
func offsetName(name string) (minutes float64, ok bool) {
	digits := name[1:]
	if len(digits) == 5 && digits[2] == ':' {
		digits = digits[:2] + digits[3:]
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || len(digits) != 2 && len(digits) != 4 {
		return 0, false
	}
	hours, rest := n, uint64(0)
	if len(digits) == 4 {
		hours, rest = n/100, n%100
	}
	if hours > 23 || rest > 59 {
		return 0, false
	}
	minutes = float64(hours*60 + rest)
	if name[0] == '-' {
		minutes = -minutes
	}
	return minutes, true
}

// zoneOf is the zone of a Go location; its name decides whether it is a place or an offset.
func zoneOf(loc *time.Location) *zone {
	name := loc.String()
	switch name {
	case "UTC":
		return utcZone
	case "Local":
		return systemZone(loc)
	}
	if z := specifiedZone(strings.ToLower(name)); z != nil {
		return z
	}
	z := ianaZone(name)
	if z.loc == nil {
		z = &zone{class: "IANAZone", name: name, loc: loc}
	}
	return z
}

func systemZone(loc *time.Location) *zone {
	name := loc.String()
	if name == "Local" {
		name = localName()
	}
	return &zone{class: "SystemZone", name: name, loc: loc}
}

// localName is the name of time.Local, which Go does not tell: that of TZ or of the file that /etc/localtime stands for.
var localName = sync.OnceValue(func() string {
	if name := strings.TrimPrefix(os.Getenv("TZ"), ":"); name != "" {
		return name
	}
	if path, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, found := strings.Cut(path, "zoneinfo/"); found {
			return name
		}
	}
	return "UTC"
})

// specifiedZone reads utc, utc+2 and utc-03:30 in small letters.
func specifiedZone(s string) *zone {
	rest, ok := strings.CutPrefix(s, "utc")
	if !ok {
		return nil
	}
	if rest == "" {
		return utcZone
	}
	hours, minutes, colon := strings.Cut(rest[1:], ":")
	if rest[0] != '+' && rest[0] != '-' || len(hours) < 1 || len(hours) > 2 || !isDigits(hours) || colon && (len(minutes) != 2 || !isDigits(minutes)) {
		return nil
	}
	return fixedZone(signedOffset(rest[:1]+hours, minutes))
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// signedOffset is an offset in minutes; a minus before the hours holds for both.
func signedOffset(hours, minutes string) float64 {
	h, m := leadingInt(hours), leadingInt(minutes)
	if strings.HasPrefix(hours, "-") {
		return h*60 - m
	}
	return h*60 + m
}

// leadingInt is parseInt, and 0 for NaN.
func leadingInt(s string) float64 {
	f, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return float64(f)
}

// normalizeZone makes a zone of what the user gave.
func (s *scope) normalizeZone(v any) *zone {
	switch v := v.(type) {
	case nil, Undefined:
		return s.zone
	case *zone:
		return v
	case string:
		switch lowered := strings.ToLower(v); lowered {
		case "default":
			return s.zone
		case "local", "system":
			return s.system
		case "utc", "gmt":
			return utcZone
		default:
			if z := specifiedZone(lowered); z != nil {
				return z
			}
			return ianaZone(v)
		}
	case float64:
		return fixedZone(v)
	}
	return &zone{class: "InvalidZone", name: toText(v)}
}

func (z *zone) valid() bool { return z.class == "FixedOffsetZone" || z.loc != nil }

func (z *zone) equals(other *zone) bool {
	switch {
	case z == other:
		return z.class != "InvalidZone"
	case z.class != other.class:
		return false
	case z.class == "FixedOffsetZone":
		return z.fixed == other.fixed
	case z.class == "IANAZone":
		return z.name == other.name
	}
	return z.class == "SystemZone"
}

// offset is the minutes ahead of UTC at ms; of the process's zone JavaScript tells whole minutes.
func (z *zone) offset(ms float64) float64 {
	if z.class == "SystemZone" {
		return math.Trunc(z.exactOffset(ms))
	}
	return z.exactOffset(ms)
}

// exactOffset has the seconds that local mean times have; Intl knows them of any zone.
func (z *zone) exactOffset(ms float64) float64 {
	if z.class == "FixedOffsetZone" {
		return z.fixed
	}
	if z.loc == nil || math.IsNaN(ms) || math.Abs(ms) > maxMillis {
		return math.NaN()
	}
	_, seconds := time.UnixMilli(int64(math.Floor(ms))).In(z.loc).Zone()
	if math.Abs(ms+float64(seconds)*1000) > maxMillis { // Luxon computes offsets of the local time
		return math.NaN()
	}
	if seconds%60 != 0 {
		return float64(seconds) / 60
	}
	return float64(seconds / 60)
}

// location is the zone as Go knows it.
func (z *zone) location() *time.Location {
	if z.loc != nil {
		return z.loc
	}
	return time.FixedZone(z.name, int(z.fixed*60))
}

func (z *zone) ianaName() string {
	if z.class != "FixedOffsetZone" {
		return z.name
	}
	if z.fixed == 0 {
		return "Etc/UTC"
	}
	return "Etc/GMT" + formatOffset(-z.fixed, "narrow")
}

// formatOffset writes an offset: narrow is +5:30, short +05:30, techie +0530.
func formatOffset(minutes float64, format string) string {
	hours, rest := math.Trunc(math.Abs(minutes/60)), math.Trunc(math.Abs(math.Mod(minutes, 60)))
	sign := "+"
	if !(minutes >= 0) {
		sign = "-"
	}
	switch format {
	case "short":
		return sign + pad(hours, 2) + ":" + pad(rest, 2)
	case "techie":
		return sign + pad(hours, 2) + pad(rest, 2)
	}
	if rest > 0 {
		return sign + numberText(hours) + ":" + numberText(rest)
	}
	return sign + numberText(hours)
}

func (z *zone) formatOffset(ms float64, format string) string {
	if z.class == "InvalidZone" {
		return ""
	}
	return formatOffset(z.offset(ms), format)
}

// offsetName is the name of the zone at ms, in words: "Central European Standard Time" or "GMT+1".
func (z *zone) offsetName(ms float64, format, locale string) (any, error) {
	switch z.class {
	case "FixedOffsetZone":
		return z.name, nil
	case "InvalidZone":
		return nil, nil
	}
	t, err := intlOf(locale)
	if err != nil {
		return nil, err
	}
	return t.zoneName(z, ms, format), nil
}
