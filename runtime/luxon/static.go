package luxon

import (
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Static calls a function of DateTime itself. now is the time, in the default zone.
func Static(name string, now time.Time, args []any) (any, error) {
	loc := now.Location()
	switch name {
	case "now", "local":
		if len(args) == 0 {
			return At(now), nil
		}
	case "utc":
		if len(args) == 0 {
			return At(now.UTC()), nil
		}
	case "fromISO":
		if len(args) == 1 {
			if text, ok := args[0].(string); ok {
				return fromISO(text, now)
			}
		}
	case "fromMillis", "fromSeconds":
		if len(args) == 1 {
			if f, ok := args[0].(float64); ok {
				if name == "fromSeconds" {
					f *= 1000
				}
				return At(time.UnixMilli(int64(f)).In(loc)), nil
			}
			return nil, ErrArgument
		}
	}
	return nil, ErrNotYet
}

// Compiled when first needed: a run without dates does not pay for them.
var (
	isoShape = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?)?(Z|z|[+-]\d\d(?::?\d\d)?)?)?$`)
	})
	// otherISO are forms that Luxon reads and this does not yet: weeks, ordinals, without separators, long years, zones.
	otherISO = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[+-]?\d{4}[-\dTW:.,Zz+]*(\[[^\]]*\])?$|^T?\d\d:`) })
)

// fromISO reads a text; what has no offset is in now's zone, what has one is converted to it.
func fromISO(text string, now time.Time) (any, error) {
	loc := now.Location()
	m := isoShape().FindStringSubmatch(text)
	if m == nil {
		if otherISO().MatchString(text) {
			return nil, ErrNotYet
		}
		return Invalid(), nil
	}
	number := func(s string, def int) int {
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
		return def
	}
	year, month, day := number(m[1], 0), number(m[2], 1), number(m[3], 1)
	hour, minute, second := number(m[4], 0), number(m[5], 0), number(m[6], 0)
	ms := number((m[7] + "000")[:3], 0)
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, time.Month(month)) || minute > 59 || second > 59 ||
		hour > 24 || hour == 24 && (minute > 0 || second > 0 || ms > 0) {
		return Invalid(), nil
	}
	local := time.Date(year, time.Month(month), day, hour, minute, second, ms*1e6, time.UTC)
	switch offset := m[8]; {
	case offset == "":
		return fromLocal(local, offsetAt(now.UnixMilli(), loc), loc), nil
	case offset == "Z" || offset == "z":
		return At(local.In(loc)), nil
	default:
		minutes := number(offset[1:3], 0)*60 + number(offset[len(offset)-2:], 0)
		if len(offset) == 3 {
			minutes = number(offset[1:3], 0) * 60
		}
		if offset[0] == '-' {
			minutes = -minutes
		}
		return At(local.Add(-time.Duration(minutes) * time.Minute).In(loc)), nil
	}
}
