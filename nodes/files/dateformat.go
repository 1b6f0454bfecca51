package files

import (
	"strconv"
	"strings"
	"time"
)

var halfDay = pattern(`(?i)AM/PM|A/P`)

var dateToken = pattern(`(?i)"[^"]*"|\\.|_.|\*.|\[h+\]|\[m+\]|\[s+\]|y+|m+|d+|h+|s+|AM/PM|A/P|\.0+|.`)

// formatDate writes a day number by a number format for dates and times.
func formatDate(serial float64, format string) string {
	if serial < 0 {
		return general(serial)
	}
	days := serial
	if days < 60 {
		days++
	}
	t := time.UnixMilli(int64((days-unixEpochDay)*86400e3 + 0.5)).UTC()
	tokens := dateToken().FindAllString(format, -1)
	if !strings.Contains(format, ".0") { // shown to the second
		t = t.Add(500 * time.Millisecond).Truncate(time.Second)
	}
	half := halfDay().MatchString(format)
	var b strings.Builder
	for i, token := range tokens {
		b.WriteString(datePart(t, serial, tokens, i, strings.ToLower(token), half))
	}
	return b.String()
}

func datePart(t time.Time, serial float64, tokens []string, i int, token string, half bool) string {
	hour := t.Hour()
	if half {
		hour = (hour+11)%12 + 1
	}
	switch token[0] {
	case '"':
		return strings.Trim(tokens[i], `"`)
	case '\\':
		return tokens[i][1:]
	case '_':
		return " "
	case '*':
		return ""
	case '[':
		total := map[byte]float64{'h': 24, 'm': 1440, 's': 86400}[token[1]] * serial
		return padded(int(total+1e-6), len(token)-2)
	case 'y':
		if len(token) <= 2 {
			return t.Format("06")
		}
		return t.Format("2006")
	case 'd':
		return t.Format([]string{"2", "02", "Mon", "Monday"}[min(len(token), 4)-1])
	case 'h':
		return padded(hour, len(token))
	case 's':
		return padded(t.Second(), len(token))
	case 'm':
		if isMinute(tokens, i) {
			return padded(t.Minute(), len(token))
		}
		if len(token) == 5 {
			return t.Format("Jan")[:1]
		}
		return t.Format([]string{"1", "01", "Jan", "January"}[min(len(token), 4)-1])
	case 'a':
		switch token {
		case "am/pm":
			return t.Format("PM")
		case "a/p":
			return t.Format("PM")[:1]
		}
	case '.':
		if len(token) > 1 {
			return "." + padded(t.Nanosecond()/1e6, 3)[:min(len(token)-1, 3)]
		}
	}
	return tokens[i]
}

func padded(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < min(width, 2) || width == 3 && len(s) < 3 {
		s = "0" + s
	}
	return s
}

// isMinute tells m of minutes, next to hours or seconds, from that of months.
func isMinute(tokens []string, i int) bool {
	isPart := func(token string) bool { return strings.ContainsAny(strings.ToLower(token[:1]), "ymdhs[") }
	for j := i - 1; j >= 0; j-- {
		if isPart(tokens[j]) {
			if c := strings.ToLower(strings.Trim(tokens[j], "[]"))[0]; c == 'h' {
				return true
			}
			break
		}
	}
	for j := i + 1; j < len(tokens); j++ {
		if isPart(tokens[j]) {
			return strings.ToLower(strings.Trim(tokens[j], "[]"))[0] == 's'
		}
	}
	return false
}
