package files

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// The values that n8n (SheetJS) sees in plain text: of HTML tables, RTF, and CSV where the node reads all formats alike.

var (
	jsNumber    = pattern(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^0[xX][0-9a-fA-F]+$|^0[oO][0-7]+$|^0[bB][01]+$`)
	digitComma  = pattern(`(\d),(\d)`)
	inBrackets  = pattern(`\(([^()]*)\)`)
	errorNames  = map[string]bool{"#NULL!": true, "#DIV/0!": true, "#VALUE!": true, "#REF!": true, "#NAME?": true, "#NUM!": true, "#N/A": true, "#GETTING_DATA": true}
	isoText     = pattern(`^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(Z|[+-]\d\d:?\d\d)?$`)
	usDate      = pattern(`^(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?$`)
	clock       = pattern(`^(\d{1,2}):(\d\d)(?::(\d\d))?$`)
	clockWithPM = pattern(`^(\d{1,2}):(\d\d)(:\d\d)? ?[AP]M$`)
)

// parseJSNumber is JavaScript's Number of a text.
func parseJSNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, true
	}
	if !jsNumber().MatchString(s) {
		return 0, false
	}
	if len(s) > 2 && s[0] == '0' && strings.ContainsAny(s[1:2], "xXoObB") {
		n, err := strconv.ParseUint(s, 0, 64)
		return float64(n), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0)
}

// looseNumber also takes grouped digits, percent, dollars and negative numbers in brackets.
func looseNumber(s string) (float64, bool) {
	if f, ok := parseJSNumber(s); ok {
		return f, true
	}
	if !strings.ContainsAny(s, "0123456789") {
		return 0, false
	}
	weight := 1.0
	s = strings.ReplaceAll(digitComma().ReplaceAllString(s, "$1$2"), "$", "")
	for strings.Contains(s, "%") {
		s = strings.Replace(s, "%", "", 1)
		weight *= 100
	}
	if f, ok := parseJSNumber(s); ok {
		return f / weight, true
	}
	s = inBrackets().ReplaceAllStringFunc(s, func(m string) string {
		weight = -weight
		return m[1 : len(m)-1]
	})
	f, ok := parseJSNumber(s)
	return f / weight, ok
}

// The day numbers of spreadsheets count from 1899-12-30; up to day 60 they are one behind, because Lotus 1-2-3 took 1900 for
// a leap year.
const unixEpochDay = 25569

func serialOf(t time.Time) float64 {
	days := (float64(t.UnixMilli()) + unixEpochDay*86400e3) / 86400e3
	if days < 61 {
		days--
	}
	return days
}

// parseISODate reads an ISO date as a day number.
func parseISODate(s string) (float64, bool) {
	m := isoText().FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	var n [7]int
	for i := range n {
		if m[i+1] != "" {
			n[i], _ = strconv.Atoi((m[i+1] + "000")[:max(len(m[i+1]), 3*(i/6))]) // digits; thousandths have three
		}
	}
	if n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31 || n[3] > 24 || n[4] > 59 || n[5] > 59 {
		return 0, false
	}
	for n[6] > 999 {
		n[6] /= 10
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1e6, time.UTC)
	if zone := strings.ReplaceAll(m[8], ":", ""); len(zone) == 5 {
		minutes, _ := strconv.Atoi(zone[3:])
		hours, _ := strconv.Atoi(zone[1:3])
		offset := time.Duration(60*hours+minutes) * time.Minute
		if zone[0] == '+' {
			offset = -offset
		}
		t = t.Add(offset)
	}
	return serialOf(t), true
}

// looseDate reads the dates that n8n sees in plain text as a day number: ISO, month/day(/year), a time of day.
func looseDate(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if f, ok := parseISODate(s); ok {
		return f, true
	}
	if m := usDate().FindStringSubmatch(s); m != nil {
		month, _ := strconv.Atoi(m[1])
		day, _ := strconv.Atoi(m[2])
		year := 2001
		if m[3] != "" {
			if year, _ = strconv.Atoi(m[3]); year < 50 {
				year += 2000
			} else if year < 100 {
				year += 1900
			}
		}
		if month < 1 || month > 12 || day < 1 || day > 31 {
			return 0, false
		}
		return serialOf(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)), true
	}
	if m := clock().FindStringSubmatch(s); m != nil {
		hours, _ := strconv.Atoi(m[1])
		minutes, _ := strconv.Atoi(m[2])
		seconds, _ := strconv.Atoi("0" + m[3])
		if hours > 23 || minutes > 59 || seconds > 59 {
			return 0, false
		}
		return float64(3600*hours+60*minutes+seconds) / 86400, true
	}
	return 0, false
}

// isoDate writes a day number as JavaScript writes the date in JSON; "" if it is none.
func isoDate(serial float64) string {
	if serial < 60 {
		serial++
	}
	ms := (serial - unixEpochDay) * 86400e3
	if math.IsNaN(ms) || math.Abs(ms) > 8.64e15 {
		return ""
	}
	t := time.UnixMilli(int64(math.Trunc(ms))).UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// typedText is the cell that a plain text stands for. Dates are dates, numbers of days, or texts.
func typedText(s string, dates kind) cell {
	switch {
	case s == "TRUE" || s == "FALSE":
		c := cell{kind: boolean}
		if s == "TRUE" {
			c.num = 1
		}
		return c
	case strings.TrimSpace(s) == "":
		return cell{kind: text, text: s}
	case errorNames[s]:
		return cell{kind: failure, text: s}
	}
	if f, ok := looseNumber(s); ok {
		return cell{kind: number, num: f, label: s}
	}
	if dates != text {
		if serial, ok := looseDate(s); ok {
			return cell{kind: dates, num: serial, text: isoDate(serial), label: s}
		}
		if dates == date && clockWithPM().MatchString(s) { // n8n takes it for a date, and gets none
			return cell{kind: date, label: s}
		}
	}
	return cell{kind: text, text: s}
}
