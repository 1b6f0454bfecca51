package core

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// readOldDate reads a date as Moment.js does: in a format, in a form of ISO 8601, or as JavaScript's Date reads text. Where
// a text need not have the format strictly (nil), those that are numbers come first: they are milliseconds since 1970 from 12
// digits on, else seconds.
func readOldDate(v nodes.Value, format string, now time.Time, strict *strictForm) (time.Time, bool) {
	numbers := strict == nil
	zone := now.Location()
	text := ""
	switch v.Kind() {
	case nodes.Undefined:
		return time.Time{}, false
	case nodes.Null:
		return time.UnixMilli(0).In(zone), numbers || format == ""
	case nodes.Array:
		n := jsNumber(v)
		switch {
		case !numbers: // as JavaScript's Date reads its text
			return legacyDate(v.Text(), zone)
		case math.IsNaN(n):
			return readDateList(v, zone)
		}
		text = nodes.NumberValue(n).Text()
	case nodes.Foreign, nodes.Number:
		text = strings.Trim(v.JSON(), `"`)
	case nodes.Bool:
		text = map[bool]string{true: "1", false: "0"}[v.Bool()]
	case nodes.Object: // as good as nothing
		return now, numbers
	default:
		text = v.Str()
	}
	if numbers && strings.TrimSpace(text) == "" {
		text = "0"
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	isNumber := err == nil && math.Abs(f) <= 8.64e15
	switch {
	case isNumber && numbers && math.Abs(f) < 1e11:
		return time.UnixMilli(int64(f * 1000)).In(zone), true
	case isNumber && (numbers || v.Kind() != nodes.String && format == ""):
		return time.UnixMilli(int64(f)).In(zone), true
	case format != "" && !numbers && !strict.fits(text, format):
		return time.Time{}, false
	case format != "":
		return parseMoment(text, format, now)
	}
	text = strings.TrimSpace(text)
	if t, ok := parseISO(text, zone); ok {
		return t, numbers || !otherISO().MatchString(text)
	}
	if t, ok := parseJavaScript(text, zone); ok || dayISO().MatchString(text) {
		return t, ok
	}
	return legacyDate(text, zone)
}

// dayISO begins a date that is of no other form, even where there is no such day.
var dayISO = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d{4}-\d\d-\d\d`) })

// otherISO are weeks, days of the year and dates without separators, which are only written anew, not calculated with.
var otherISO = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d{4}(-?W|-?\d{3}(T|$)|\d{4})`) })

// readDateList reads [year, month from 0, day, …] as Moment.js does: of each the whole number at the beginning of its text. There
// is no date where one has none, or is out of its range.
func readDateList(v nodes.Value, zone *time.Location) (time.Time, bool) {
	parts := [7]int{0, 0, 1}
	for i, r := range v.Result().Array() {
		if i == len(parts) {
			break
		}
		for r.IsArray() { // its text begins with that of its first
			r = r.Get("0")
		}
		text := r.String()
		if r.Type == gjson.Number {
			text = r.Raw
		}
		n, err := strconv.Atoi(wholeNumber().FindString(strings.TrimLeft(text, jsSpace)))
		if err != nil || n < 0 && i > 0 || n > 999 && i > 0 || n < -maxYear || n > maxYear {
			return time.Time{}, false
		}
		parts[i] = n
	}
	d := dateFields{year: parts[0], month: parts[1] + 1, day: parts[2], hour: parts[3], minute: parts[4], second: parts[5], ms: parts[6]}
	return d.time(zone)
}

// maxYear is the last year of JavaScript's dates, almost.
const maxYear = 275759

var wholeNumber = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[+-]?\d+`) })

// oldISO are the forms of ISO 8601 that are read without a format.
var oldISO = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([+-]\d{6}|\d{4})(?:-(\d\d)-(\d\d)|-W(\d\d)(?:-(\d))?|-(\d{3})|-(\d\d)|(\d\d)(\d\d)|W(\d\d)(\d)?|(\d{3})|)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$`)
})

func parseISO(text string, zone *time.Location) (time.Time, bool) {
	m := oldISO().FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	n := func(groups ...int) int {
		for _, g := range groups {
			if m[g] != "" {
				v, _ := strconv.Atoi(m[g]) // digits only
				return v
			}
		}
		return -1
	}
	year := n(1)
	month, day := n(2, 7, 8), n(3, 9)
	week, weekday, yearDay := n(4, 10), n(5, 11), n(6, 12)
	d := dateFields{year: year, month: max(month, 1), day: max(day, 1), hour: max(n(13), 0), minute: max(n(14), 0), second: max(n(15), 0)}
	if month == 0 || day == 0 {
		return time.Time{}, false
	}
	if m[16] != "" {
		ms, _ := strconv.Atoi((m[16] + "00")[:3]) // digits only
		d.ms = ms
	}
	switch {
	case week > 0:
		d.setWeek(year, week, max(weekday, 1))
	case yearDay > 0:
		first := time.Date(year, 1, yearDay, 0, 0, 0, 0, time.UTC)
		d.month, d.day = int(first.Month()), first.Day()
	}
	if m[17] != "" {
		d.offset, d.hasOffset = readOffset(m[17]), true
	}
	return d.time(zone)
}

// readOffset reads Z, +02:00, +0200 or +02, in seconds.
func readOffset(text string) int {
	if text == "Z" || text == "z" {
		return 0
	}
	digits := strings.ReplaceAll(text[1:], ":", "")
	hours, _ := strconv.Atoi(digits[:2]) // digits only
	seconds := hours * 3600
	if len(digits) >= 4 {
		minutes, _ := strconv.Atoi(digits[2:4])
		seconds += minutes * 60
	}
	if text[0] == '-' {
		return -seconds
	}
	return seconds
}

// dateFields are the parts of a date.
type dateFields struct {
	year, month, day, hour, minute, second, ms int
	offset                                     int // in seconds
	hasOffset                                  bool
}

func (d *dateFields) setWeek(year, week, weekday int) {
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	monday := fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7)
	at := monday.AddDate(0, 0, (week-1)*7+weekday-1)
	d.year, d.month, d.day = at.Year(), int(at.Month()), at.Day()
}

// time is the date in the zone; false if there is no such day or time. Hour 24 is the next midnight.
func (d *dateFields) time(zone *time.Location) (time.Time, bool) {
	if d.month < 1 || d.month > 12 || d.day < 1 || d.minute > 59 || d.second > 59 || d.hour > 24 || d.hour == 24 && d.minute+d.second+d.ms > 0 {
		return time.Time{}, false
	}
	if d.day > time.Date(d.year, time.Month(d.month)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return time.Time{}, false
	}
	at := zone
	if d.hasOffset {
		at = time.FixedZone("", d.offset)
	}
	return time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, d.ms*1e6, at).In(zone), true
}

// javaScriptForms are the commonest of what JavaScript's Date reads, beside ISO 8601.
var javaScriptForms = []string{
	"Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon Jan 2 2006 15:04:05 GMT-0700", "Mon Jan 2 2006 15:04:05", "Mon Jan 2 2006",
	"1/2/2006", "1/2/2006 15:04", "1/2/2006 15:04:05", "1/2/2006 3:04 PM", "1/2/2006 3:04:05 PM", "1/2/2006, 3:04:05 PM", "2006/1/2", "2006/1/2 15:04", "2006/1/2 15:04:05",
	"2006-1-2", "2006-1-2 15:04", "2006-1-2 15:04:05", "January 2, 2006", "January 2, 2006 15:04", "January 2, 2006 15:04:05", "January 2 2006", "2 January 2006", "2 January 2006 15:04",
	"2 January 2006 15:04:05", "Jan 2, 2006", "Jan 2, 2006 15:04", "Jan 2, 2006 15:04:05", "Jan 2 2006", "2 Jan 2006", "2 Jan 2006 15:04", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05 -0700", "2-Jan-2006",
}

func parseJavaScript(text string, zone *time.Location) (time.Time, bool) {
	if before, _, found := strings.Cut(text, " ("); found { // the zone's name
		text = before
	}
	for _, form := range javaScriptForms {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			return t.In(zone), true
		}
	}
	return time.Time{}, false
}

// momentReader reads text by a format.
type momentReader struct {
	dateFields
	rest          string
	pm, hasPM     bool
	week, weekday int
	weekYear      int
	yearDay       int
	unix          *time.Time
	read          bool // something fitted
	digits        int  // of the number that was read last
}

// parseMoment reads text by a format of Moment.js: what does not fit is passed over, and what the format does not ask for stands
// for the beginning of today.
func parseMoment(text, format string, now time.Time) (time.Time, bool) {
	zone := now.Location()
	r := momentReader{rest: text, dateFields: dateFields{year: math.MinInt, month: -1, day: -1}}
	for _, token := range momentTokens().FindAllString(expandLong(format), -1) {
		if token[0] == '[' && strings.HasSuffix(token, "]") {
			r.literal(token[1 : len(token)-1])
			continue
		}
		r.token(token)
	}
	switch {
	case !r.read:
		return time.Time{}, false
	case r.unix != nil:
		return r.unix.In(zone), true
	}
	r.fill(now)
	return r.time(zone)
}

func expandLong(format string) string {
	return momentTokens().ReplaceAllStringFunc(format, func(token string) string {
		if long, ok := longFormats[token]; ok {
			return long
		}
		return token
	})
}

// fill completes the date: bigger units that are missing are today's, smaller ones the first.
func (r *momentReader) fill(now time.Time) {
	switch {
	case r.week > 0:
		if r.weekYear == 0 {
			r.weekYear = now.Year()
		}
		r.setWeek(r.weekYear, r.week, max(r.weekday, 1))
	case r.yearDay > 0:
		if r.year == math.MinInt {
			r.year = now.Year()
		}
		at := time.Date(r.year, 1, r.yearDay, 0, 0, 0, 0, time.UTC)
		r.month, r.day = int(at.Month()), at.Day()
	}
	hadYear, hadMonth := r.year != math.MinInt, r.month >= 0
	if !hadYear {
		r.year = now.Year()
	}
	if !hadMonth {
		r.month = 1
		if !hadYear {
			r.month = int(now.Month())
		}
	}
	if r.day < 0 {
		r.day = 1
		if !hadYear && !hadMonth {
			r.day = now.Day()
		}
	}
	if r.hasPM {
		r.hour = r.hour%12 + map[bool]int{true: 12}[r.pm]
	}
}

func (r *momentReader) literal(text string) {
	if at := strings.Index(r.rest, text); at >= 0 && text != "" {
		r.rest = r.rest[at+len(text):]
	}
}

// number reads up to so many digits, after whatever stands before them.
func (r *momentReader) number(digits int) (int, bool) {
	start := strings.IndexAny(r.rest, "0123456789")
	if start < 0 {
		return 0, false
	}
	end := start
	for end < len(r.rest) && end-start < digits && r.rest[end] >= '0' && r.rest[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(r.rest[start:end])
	r.rest, r.digits = r.rest[end:], end-start
	r.read = r.read || err == nil
	return n, err == nil
}

// name reads one of names, or the first three letters of one, and returns its number.
func (r *momentReader) name(names []string) (int, bool) {
	lower := strings.ToLower(r.rest)
	best, number, length := -1, 0, 0
	for i, name := range names {
		for _, n := range []string{strings.ToLower(name), strings.ToLower(name[:3])} {
			if at := strings.Index(lower, n); at >= 0 && (best < 0 || at < best || at == best && len(n) > length) {
				best, number, length = at, i, len(n)
			}
		}
	}
	if best < 0 {
		return 0, false
	}
	r.rest = r.rest[best+length:]
	r.read = true
	return number, true
}

var (
	monthNames = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	dayNames   = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// century completes a year of two digits.
func (r *momentReader) century() {
	if r.year >= 0 && r.year < 100 {
		r.year += 1900 + map[bool]int{true: 100}[r.year <= 68]
	}
}

func (r *momentReader) token(token string) {
	set := func(to *int, digits int) {
		if n, ok := r.number(digits); ok {
			*to = n
		}
	}
	switch token {
	case "YYYY":
		r.digits = 0
		if set(&r.year, 4); r.digits == 2 {
			r.century()
		}
	case "y", "yy", "yyy", "yyyy":
		set(&r.year, 4)
	case "Y", "YYYYY", "YYYYYY":
		set(&r.year, len(token)+map[bool]int{true: 3}[len(token) == 1])
	case "YY":
		set(&r.year, 2)
		r.century()
	case "M", "MM", "Mo":
		set(&r.month, 2)
	case "MMM", "MMMM":
		if n, ok := r.name(monthNames); ok {
			r.month = n + 1
		}
	case "D", "DD":
		set(&r.day, 2)
	case "Do":
		set(&r.day, 2)
		r.rest = strings.TrimLeft(r.rest, "sndrth")
	case "DDD", "DDDD":
		set(&r.yearDay, 3)
	case "dd", "ddd", "dddd":
		r.name(dayNames)
	case "GGGG":
		set(&r.weekYear, 4)
	case "W", "WW":
		set(&r.week, 2)
	case "E":
		set(&r.weekday, 1)
	default:
		r.timeToken(token, set)
	}
}

func (r *momentReader) timeToken(token string, set func(to *int, digits int)) {
	switch token {
	case "H", "HH", "h", "hh", "k", "kk":
		set(&r.hour, 2)
	case "m", "mm":
		set(&r.minute, 2)
	case "s", "ss":
		set(&r.second, 2)
	case "a", "A":
		at := strings.IndexAny(r.rest, "aApP")
		if at >= 0 {
			r.pm, r.hasPM = r.rest[at]|0x20 == 'p', true
			r.rest = strings.TrimPrefix(strings.TrimLeft(r.rest[at+1:], "."), "m")
		}
	case "Z", "ZZ":
		if m := offsetAt().FindStringIndex(r.rest); m != nil {
			r.offset, r.hasOffset = readOffset(r.rest[m[0]:m[1]]), true
			r.rest = r.rest[m[1]:]
		}
	case "X", "x":
		f, err := strconv.ParseFloat(strings.TrimSpace(r.rest), 64)
		if token == "X" {
			f *= 1000
		}
		if err == nil && math.Abs(f) <= 8.64e15 {
			t := time.UnixMilli(int64(f))
			r.unix, r.read, r.rest = &t, true, ""
		}
	default:
		switch {
		case token[0] == 'S':
			if start := strings.IndexAny(r.rest, "0123456789"); start >= 0 {
				n := len(r.rest) - len(strings.TrimLeft(r.rest[start:], "0123456789")) - start
				r.ms, _ = strconv.Atoi((r.rest[start:start+n] + "00")[:3]) // digits only
				r.rest, r.read = r.rest[start+n:], true
			}
		case strings.HasPrefix(r.rest, token):
			r.rest = r.rest[len(token):]
		}
	}
}

var offsetAt = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[Zz]|[+-]\d\d(?::?\d\d)?`) })
