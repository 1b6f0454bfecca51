package core

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// momentTokens are the tokens of Moment.js's formats, and text in brackets or behind a backslash.
var momentTokens = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\[[^\[]*\]|\\.|Mo|MM?M?M?|Do|DDDo|DD?D?D?|ddd?d?|do?|w[o|w]?|W[o|W]?|Qo?|N{1,5}|YYYYYY|YYYYY|YYYY|YY|y{2,4}|yo?|gg(?:ggg?)?|GG(?:GGG?)?|e|E|a|A|hh?|HH?|kk?|mm?|ss?|S{1,9}|x|X|zz?|ZZ?|LTS|LT|LL?L?L?|l{1,4}|Y|.`)
})

// longFormats are the tokens that stand for formats.
var longFormats = map[string]string{
	"LT": "h:mm A", "LTS": "h:mm:ss A", "L": "MM/DD/YYYY", "LL": "MMMM D, YYYY", "LLL": "MMMM D, YYYY h:mm A", "LLLL": "dddd, MMMM D, YYYY h:mm A",
	"l": "M/D/YYYY", "ll": "MMM D, YYYY", "lll": "MMM D, YYYY h:mm A", "llll": "ddd, MMM D, YYYY h:mm A",
}

// formatMoment writes a date in a format of Moment.js, in English.
func formatMoment(t time.Time, format string) string {
	if format == "" {
		format = "YYYY-MM-DDTHH:mm:ssZ"
	}
	var b strings.Builder
	for _, token := range momentTokens().FindAllString(strings.ReplaceAll(format, "\\\n", "\n"), -1) {
		switch long, ok := longFormats[token]; {
		case ok:
			b.WriteString(formatMoment(t, long))
		case token[0] == '[' && strings.HasSuffix(token, "]"):
			b.WriteString(token[1 : len(token)-1])
		case token[0] == '\\' && len(token) > 1:
			b.WriteString(token[1:])
		default:
			b.WriteString(momentToken(t, token))
		}
	}
	return b.String()
}

func pad(n, width int) string {
	if n < 0 {
		return "-" + fmt.Sprintf("%0*d", width, -n)
	}
	return fmt.Sprintf("%0*d", width, n)
}

// momentToken is what a token stands for: date and time first, weeks and zones after.
func momentToken(t time.Time, token string) string {
	hour12 := (t.Hour()+11)%12 + 1
	switch token {
	case "M", "MM":
		return pad(int(t.Month()), len(token))
	case "Mo":
		return ordinal(int(t.Month()))
	case "MMM":
		return t.Month().String()[:3]
	case "MMMM":
		return t.Month().String()
	case "Q":
		return strconv.Itoa((int(t.Month()) + 2) / 3)
	case "Qo":
		return ordinal((int(t.Month()) + 2) / 3)
	case "D", "DD":
		return pad(t.Day(), len(token))
	case "Do":
		return ordinal(t.Day())
	case "DDD":
		return strconv.Itoa(t.YearDay())
	case "DDDo":
		return ordinal(t.YearDay())
	case "DDDD":
		return pad(t.YearDay(), 3)
	case "H", "HH":
		return pad(t.Hour(), len(token))
	case "h", "hh":
		return pad(hour12, len(token))
	case "k", "kk":
		return pad((t.Hour()+23)%24+1, len(token))
	case "m", "mm":
		return pad(t.Minute(), len(token))
	case "s", "ss":
		return pad(t.Second(), len(token))
	case "a":
		return strings.ToLower(t.Format("PM"))
	case "A":
		return t.Format("PM")
	case "X":
		return strconv.FormatInt(t.Unix(), 10)
	case "x":
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	if token[0] == 'S' && strings.Trim(token, "S") == "" {
		return (pad(t.Nanosecond()/1e6, 3) + "000000")[:len(token)]
	}
	return momentCalendar(t, token)
}

func momentCalendar(t time.Time, token string) string {
	day := int(t.Weekday())
	switch token {
	case "d", "e":
		return strconv.Itoa(day)
	case "do":
		return ordinal(day)
	case "dd":
		return t.Weekday().String()[:2]
	case "ddd":
		return t.Weekday().String()[:3]
	case "dddd":
		return t.Weekday().String()
	case "E":
		return strconv.Itoa((day+6)%7 + 1)
	case "YY":
		return pad(t.Year()%100, 2)
	case "YYYY":
		return pad(t.Year(), 4)
	case "Y":
		if t.Year() > 9999 {
			return "+" + strconv.Itoa(t.Year())
		}
		return pad(t.Year(), 4)
	case "YYYYY":
		return pad(t.Year(), 5)
	case "YYYYYY":
		if t.Year() >= 0 {
			return "+" + pad(t.Year(), 6)
		}
		return pad(t.Year(), 6)
	case "z", "zz":
		return zoneName(t)
	case "Z":
		return t.Format("-07:00")
	case "ZZ":
		return t.Format("-0700")
	}
	return momentWeek(t, token)
}

// zoneName is the zone's short name, nothing for UTC, as in Moment.js.
func zoneName(t time.Time) string {
	name, _ := t.Zone()
	switch {
	case t.Location() == time.UTC:
		return ""
	case strings.Trim(name, "+-0123456789") == "":
		return t.Format("-07:00")
	}
	return name
}

// momentWeek writes weeks: those of America in small letters, which begin on Sunday and are numbered from January 1, and those
// of ISO 8601.
func momentWeek(t time.Time, token string) string {
	isoYear, isoWeek := t.ISOWeek()
	year, week := americanWeek(t)
	switch token {
	case "w", "ww":
		return pad(week, len(token))
	case "wo":
		return ordinal(week)
	case "W", "WW":
		return pad(isoWeek, len(token))
	case "Wo":
		return ordinal(isoWeek)
	case "gg":
		return pad(year%100, 2)
	case "gggg":
		return pad(year, 4)
	case "ggggg":
		return pad(year, 5)
	case "GG":
		return pad(isoYear%100, 2)
	case "GGGG":
		return pad(isoYear, 4)
	case "GGGGG":
		return pad(isoYear, 5)
	case "N", "NN", "NNN", "NNNNN":
		return map[bool]string{true: "AD", false: "BC"}[t.Year() > 0]
	case "NNNN":
		return map[bool]string{true: "Anno Domini", false: "Before Christ"}[t.Year() > 0]
	case "y", "yy", "yyy", "yyyy":
		return pad(eraYear(t), len(token))
	case "yo":
		return ordinal(eraYear(t))
	}
	return token
}

func eraYear(t time.Time) int {
	if t.Year() > 0 {
		return t.Year()
	}
	return 1 - t.Year()
}

// americanWeek is the week that begins on a Sunday; the first is the one with January 1.
func americanWeek(t time.Time) (year, week int) {
	sunday := t.AddDate(0, 0, -int(t.Weekday()))
	saturday := sunday.AddDate(0, 0, 6)
	year = saturday.Year()
	first := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	start := first.AddDate(0, 0, -int(first.Weekday()))
	at := time.Date(sunday.Year(), sunday.Month(), sunday.Day(), 0, 0, 0, 0, time.UTC)
	return year, int(at.Sub(start).Hours())/(24*7) + 1
}
