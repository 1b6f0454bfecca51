package core

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// looseDate reads a date of any form that n8n's conditions take: ISO 8601, RFC 2822, and what JavaScript's Date reads
// besides (2024/1/2, 1/2/2024 with the month first, Jan 2, 2024 3:04 PM). It returns milliseconds since 1970. What has no
// offset is in loc.
func looseDate(v nodes.Value, loc *time.Location) (ms float64, ok bool) {
	if t, ok := jsDate(v); ok {
		return float64(t.UnixMilli()), true
	}
	if v.Kind() == nodes.Bool || v.Kind() == nodes.Object {
		return 0, false
	}
	text := strings.Trim(v.Text(), jsSpace)
	t, ok := isoDate(text, loc)
	if !ok {
		t, ok = legacyDate(text, loc)
	}
	return float64(t.UnixMilli()), ok
}

var timeOnly = regexp.MustCompile(`^T?\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?$`)

// isTimeOnly reports whether a text is a time of day. 2024-01 is a month.
func isTimeOnly(text string) bool { return timeOnly.MatchString(text) && !yearMonth.MatchString(text) }

var yearMonth = regexp.MustCompile(`^\d{4}-\d\d$`)

// basicISO are the forms beside 2024-01-02T03:04:05: without separators, by week, by day of the year.
var basicISO = regexp.MustCompile(`^(\d{4})-?(?:(\d\d)(\d\d)|W(\d\d)(?:-?([1-7]))?|(\d{3}))(?:T(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9})\d*)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$`)

func isoDate(text string, loc *time.Location) (time.Time, bool) {
	if d, err := luxon.Static(luxon.Env{Now: time.Now, Location: loc}, "DateTime", "fromISO", []any{text}); err == nil {
		if d, ok := d.(luxon.DateTime); ok && d.Valid() {
			return d.Time(), true
		}
	}
	if isTimeOnly(text) { // of today
		text = time.Now().In(loc).Format("20060102T") + strings.TrimPrefix(text, "T")
	}
	m := basicISO.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	n := func(s string) int { i, _ := strconv.Atoi(s); return i }
	if offset := m[11]; offset != "" {
		loc = offsetZone(offset)
	}
	ns := n((m[10] + "000000000")[:9])
	at := func(month, day int) time.Time {
		return time.Date(n(m[1]), time.Month(month), day, n(m[7]), n(m[8]), n(m[9]), ns, loc).Truncate(time.Millisecond)
	}
	switch {
	case n(m[7]) > 23 || n(m[8]) > 59 || n(m[9]) > 59:
		return time.Time{}, false
	case m[6] != "": // day of the year
		return at(1, n(m[6])), n(m[6]) >= 1 && n(m[6]) <= 366
	case m[4] != "": // week, whose first holds January 4th, and its day
		day := 1
		if m[5] != "" {
			day = n(m[5])
		}
		monday := 4 - (int(at(1, 4).Weekday())+6)%7
		return at(1, monday+7*(n(m[4])-1)+day-1), n(m[4]) >= 1 && n(m[4]) <= 53
	}
	return at(n(m[2]), n(m[3])), validDay(n(m[2]), n(m[3]))
}

func validDay(month, day int) bool { return month >= 1 && month <= 12 && day >= 1 && day <= 31 }

// offsetZone is the zone of Z, +02, +0200 or +02:00.
func offsetZone(text string) *time.Location {
	digits := strings.ReplaceAll(strings.Trim(text, "Z+-"), ":", "")
	if digits == "" {
		return time.UTC
	}
	n, _ := strconv.Atoi((digits + "00")[:4])
	seconds := n/100*3600 + n%100*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone(text, seconds)
}

// legacy holds what a date's text says, piece by piece.
type legacy struct {
	days    []int // the numbers that are no time, in order
	month   int   // of a month's name
	clock   []int // hour, minute, second
	ms      int
	pm, am  bool
	zone    *time.Location
	numbers bool // a number was seen
}

var (
	legacyToken = regexp.MustCompile(`^(?:\([^)]*\)|\d+|[A-Za-z]+|[-+,./:\s])`)
	timeAhead   = regexp.MustCompile(`^\d\d:\d\d`)
	months      = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	zoneHours   = map[string]int{"utc": 0, "gmt": 0, "z": 0, "ut": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
)

// legacyDate reads dates as browsers always did.
func legacyDate(text string, loc *time.Location) (time.Time, bool) {
	d := legacy{}
	for rest := text; rest != ""; {
		token := legacyToken.FindString(rest)
		if token == "" {
			return time.Time{}, false
		}
		rest = rest[len(token):]
		used, ok := 0, true
		switch c := token[0]; {
		case c >= '0' && c <= '9':
			used, ok = d.number(token, rest)
		case c == 'T' && len(token) == 1:
			ok = timeAhead.MatchString(rest)
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
			ok = d.word(strings.ToLower(token))
		case (c == '+' || c == '-') && (d.clock != nil || d.zone != nil):
			used = d.offset(token, rest)
		}
		if !ok {
			return time.Time{}, false
		}
		rest = rest[used:]
	}
	return d.time(loc)
}

// number takes a number with what belongs to it and says how much of the rest that was.
func (d *legacy) number(token, rest string) (used int, ok bool) {
	n, err := strconv.Atoi(token)
	if err != nil || n > 275760 {
		return 0, false
	}
	d.numbers = true
	if d.clock == nil && strings.HasPrefix(rest, ":") {
		clock := regexp.MustCompile(`^:(\d{1,2})(?::(\d{1,2})(?:[.:](\d{1,3})\d*)?)?`).FindStringSubmatch(rest)
		if clock == nil {
			return 0, false
		}
		minute, _ := strconv.Atoi(clock[1])
		second, _ := strconv.Atoi(clock[2])
		if clock[3] != "" {
			d.ms, _ = strconv.Atoi((clock[3] + "00")[:3])
		}
		d.clock = []int{n, minute, second}
		return len(clock[0]), n <= 24 && minute < 60 && second < 60
	}
	d.days = append(d.days, n)
	return 0, len(d.days) <= 3
}

// word takes a name. Names that mean nothing are fine before the first number (the day of the week), not after it.
func (d *legacy) word(w string) bool {
	if len(w) >= 3 {
		for i, m := range months {
			if w[:3] == m {
				d.month = i + 1
				return true
			}
		}
	}
	if hours, ok := zoneHours[w]; ok && d.numbers {
		d.zone = time.FixedZone(w, hours*3600)
		return true
	}
	switch w {
	case "am":
		d.am = true
		return d.clock != nil
	case "pm":
		d.pm = true
		return d.clock != nil
	}
	return !d.numbers
}

// offset takes +0200 or +02:00 behind a time.
func (d *legacy) offset(sign, rest string) (used int) {
	m := regexp.MustCompile(`^\d{1,2}(?::?\d\d)?`).FindString(rest)
	if m == "" {
		return 0
	}
	digits := m
	if len(strings.ReplaceAll(m, ":", ""))%2 == 1 {
		digits = "0" + m
	}
	d.zone = offsetZone(sign + digits)
	return len(m)
}

// time puts the pieces together.
func (d *legacy) time(loc *time.Location) (time.Time, bool) {
	year, month, day, ok := d.date()
	if !ok || month < 1 || month > 12 || day < 1 || day > 31 {
		return time.Time{}, false
	}
	switch {
	case year < 50:
		year += 2000
	case year < 100:
		year += 1900
	}
	hour, minute, second := 0, 0, 0
	if d.clock != nil {
		hour, minute, second = d.clock[0], d.clock[1], d.clock[2]
	}
	if d.am || d.pm {
		if hour < 1 || hour > 12 {
			return time.Time{}, false
		}
		hour %= 12
		if d.pm {
			hour += 12
		}
	}
	if d.zone != nil {
		loc = d.zone
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, d.ms*1e6, loc), true
}

// date tells year, month and day apart: the year first if the first number is no day, else the month first. A missing
// year is 2001.
func (d *legacy) date() (year, month, day int, ok bool) {
	isDay := func(n int) bool { return n >= 1 && n <= 31 }
	n := d.days
	if d.month > 0 {
		switch {
		case len(n) == 1 && isDay(n[0]):
			return 2001, d.month, n[0], true
		case len(n) == 1:
			return n[0], d.month, 1, true
		case len(n) == 2 && isDay(n[0]):
			return n[1], d.month, n[0], true
		case len(n) == 2:
			return n[0], d.month, n[1], true
		}
		return 0, 0, 0, false
	}
	switch {
	case len(n) == 3 && !isDay(n[0]):
		return n[0], n[1], n[2], true
	case len(n) == 3:
		return n[2], n[0], n[1], true
	case len(n) == 2 && !isDay(n[0]):
		return n[0], n[1], 1, true
	case len(n) == 2:
		return 2001, n[0], n[1], true
	case len(n) == 1 && n[0] >= 1 && n[0] <= 12:
		return 2001, n[0], 1, true
	case len(n) == 1 && !isDay(n[0]):
		return n[0], 1, 1, true
	}
	return 0, 0, 0, false
}
