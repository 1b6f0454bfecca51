package network

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// pattern is an expression that is compiled when it is needed first: a program that reads no feeds starts sooner.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

var (
	// betweenBlocks matches a tag that ends a line of text. It and anyTag are as n8n's reader has them, which knows no HTML.
	betweenBlocks = pattern(`([^\n])</?(?:h|br|p|ul|ol|li|blockquote|section|table|tr|div)[^\r\x{2028}\x{2029}]*?>([^\n])`)
	anyTag        = pattern(`<[^\r\x{2028}\x{2029}]*?>`)
)

// snippet is the text of HTML without its tags.
func snippet(text string) string {
	text = betweenBlocks().ReplaceAllString(text, "$1\n$2")
	text = html.UnescapeString(anyTag().ReplaceAllString(text, ""))
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' })
}

var xmlEncoding = pattern(`^\s*<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)

// feedText is a feed in UTF-8. What is none is in the encoding that its first line or else the server says.
func feedText(data, charset string) string {
	switch {
	case strings.HasPrefix(data, "\xFE\xFF"):
		charset = "utf-16be"
	case strings.HasPrefix(data, "\xFF\xFE"):
		charset = "utf-16le"
	case utf8.ValidString(data):
		charset = ""
	default:
		if m := xmlEncoding().FindStringSubmatch(data[:min(len(data), 1024)]); m != nil {
			charset = m[1]
		}
	}
	return decode(data, charset)
}

// isoTime is a date of a feed in ISO 8601, in UTC with milliseconds.
func isoTime(text string) (string, bool) {
	t, ok := feedTime(strings.TrimSpace(text))
	return t.UTC().Format("2006-01-02T15:04:05.000Z"), ok
}

// The ways in which feeds write dates: those of RFC 822 and ISO 8601, and what else JavaScript takes of such.
var (
	dayFirst   = pattern(`^(?:[A-Za-z]{3,9},?\s+)?(?P<day>\d{1,2})[\s-]+(?P<name>[A-Za-z]{3,9})[\s,-]+(?P<year>\d{2}|\d{4})` + clock)
	monthFirst = pattern(`^(?:[A-Za-z]{3,9},?\s+)?(?P<name>[A-Za-z]{3,9})\s+(?P<day>\d{1,2})[\s,]+(?P<year>\d{4})` + clock)
	slashes    = pattern(`^(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})` + clock)
	yearFirst  = pattern(`^(?P<year>\d{4})(?:[-/](?P<month>\d{1,2})(?:[-/](?P<day>\d{1,2}))?)?` + clock)
	isoDay     = pattern(`^\d{4}(-\d\d){0,2}$`)
)

const clock = `(?:[T\s,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?)?\s*(?P<half>(?i:AM|PM))?\s*(?P<zone>[A-Za-z]{1,4}|(?:GMT|UTC)?[+-]\d\d:?\d\d)?$`

// zoneHours are the zones that have names (RFC 822, 5.1).
var zoneHours = map[string]int{"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

// feedTime reads a date. Without a zone it is local, as in JavaScript, unless it is a day in ISO 8601.
func feedTime(text string) (time.Time, bool) {
	for _, of := range []func() *regexp.Regexp{dayFirst, monthFirst, slashes, yearFirst} {
		form := of()
		if m := form.FindStringSubmatch(text); m != nil {
			return timeOf(func(name string) string {
				if i := form.SubexpIndex(name); i >= 0 {
					return m[i]
				}
				return ""
			}, isoDay().MatchString(text))
		}
	}
	return time.Time{}, false
}

// timeOf puts a date together from its parts.
func timeOf(part func(string) string, inUTC bool) (time.Time, bool) {
	number := func(name string, def int) int {
		n, err := strconv.Atoi(part(name))
		if err != nil {
			return def
		}
		return n
	}
	year, month, day := number("year", 0), number("month", 1), number("day", 1)
	if len(part("year")) == 2 {
		if year += 1900; year < 1950 {
			year += 100
		}
	}
	if name := part("name"); name != "" {
		at := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(name[:3]))
		if at < 0 || at%3 != 0 {
			return time.Time{}, false
		}
		month = at/3 + 1
	}
	hour, minute, second := number("hour", 0), number("minute", 0), number("second", 0)
	switch half := strings.ToUpper(part("half")); {
	case half != "" && (hour == 0 || hour > 12):
		return time.Time{}, false
	case half == "AM" && hour == 12:
		hour = 0
	case half == "PM" && hour < 12:
		hour += 12
	}
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 59 || hour == 24 && minute+second > 0 {
		return time.Time{}, false
	}
	zone, ok := zoneOf(part("zone"))
	if inUTC {
		zone = time.UTC
	}
	millis := number("fraction", 0)
	if fraction := part("fraction"); fraction != "" {
		millis, _ = strconv.Atoi((fraction + "00")[:3]) // they are digits
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, millis*1e6, zone), ok
}

func zoneOf(text string) (*time.Location, bool) {
	name := strings.ToUpper(text)
	if name == "" {
		return time.Local, true //nolint:gosmopolitan // as JavaScript has it
	}
	if hours, ok := zoneHours[name]; ok {
		return time.FixedZone("", hours*3600), true
	}
	at := strings.IndexAny(name, "+-")
	if at < 0 {
		return time.UTC, false
	}
	n, err := strconv.Atoi(strings.ReplaceAll(name[at:], ":", ""))
	return time.FixedZone("", (n/100*60+n%100)*60), err == nil
}
