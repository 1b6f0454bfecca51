package luxon

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

func (d DateTime) isoDate() string {
	return fmt.Sprintf("%s-%02d-%02d", isoYear(d.t.Year()), d.t.Month(), d.t.Day())
}

func isoYear(year int) string {
	if year >= 0 && year <= 9999 {
		return fmt.Sprintf("%04d", year)
	}
	return fmt.Sprintf("%+07d", year)
}

func (d DateTime) isoTime() string {
	text := fmt.Sprintf("%02d:%02d:%02d.%03d", d.t.Hour(), d.t.Minute(), d.t.Second(), d.t.Nanosecond()/1e6)
	if d.isFixed() && d.offset() == 0 {
		return text + "Z"
	}
	return text + formatOffset(d.offset(), "ZZ")
}

func (d DateTime) iso() string { return d.isoDate() + "T" + d.isoTime() }

func formatOffset(minutes int, token string) string {
	sign, a := "+", minutes
	if a < 0 {
		sign, a = "-", -a
	}
	switch token {
	case "Z":
		text := sign + strconv.Itoa(a/60)
		if a%60 != 0 {
			text += ":" + strconv.Itoa(a%60)
		}
		return text
	case "ZZ":
		return fmt.Sprintf("%s%02d:%02d", sign, a/60, a%60)
	}
	return fmt.Sprintf("%s%02d%02d", sign, a/60, a%60)
}

// Format is toFormat: runs of one letter are tokens, text between ' is literal. Tokens that depend on a locale's own
// formats (D, t, n, ZZZZ, G, …) are not here yet.
func (d DateTime) Format(format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); {
		c := format[i]
		if c == '\'' {
			end := strings.IndexByte(format[i+1:], '\'')
			if end < 0 {
				return "", ErrNotYet
			}
			if literal := format[i+1 : i+1+end]; literal == "" {
				b.WriteByte('\'')
			} else {
				b.WriteString(literal)
			}
			i += end + 2
			continue
		}
		n := 1
		for i+n < len(format) && format[i+n] == c {
			n++
		}
		text, err := d.token(format[i : i+n])
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		i += n
	}
	return b.String(), nil
}

// token formats one token; what is none stays as it is.
func (d DateTime) token(token string) (string, error) {
	if f := numberTokens[token]; f != nil {
		return f(d), nil
	}
	t := d.t
	switch token {
	case "a":
		if t.Hour() < 12 {
			return "AM", nil
		}
		return "PM", nil
	case "Z", "ZZ", "ZZZ":
		return formatOffset(d.offset(), token), nil
	case "z":
		return d.ZoneName(), nil
	case "LLL", "MMM":
		return t.Month().String()[:3], nil
	case "LLLL", "MMMM":
		return t.Month().String(), nil
	case "LLLLL", "MMMMM":
		return t.Month().String()[:1], nil
	case "ccc", "EEE":
		return t.Weekday().String()[:3], nil
	case "cccc", "EEEE":
		return t.Weekday().String(), nil
	case "ccccc", "EEEEE":
		return t.Weekday().String()[:1], nil
	}
	if strings.ContainsAny(token[:1], "DtTFfGZni") {
		return "", ErrNotYet
	}
	return token, nil
}

func padded(width int, value func(DateTime) int) func(DateTime) string {
	return func(d DateTime) string { return fmt.Sprintf("%0*d", width, value(d)) }
}

func hour12(d DateTime) int {
	if h := d.t.Hour() % 12; h != 0 {
		return h
	}
	return 12
}

func property(name string) func(DateTime) int {
	return func(d DateTime) int { return properties[name](d.t) }
}

// lastTwo are the last two digits of a year.
func lastTwo(name string) func(DateTime) int {
	return func(d DateTime) int { return properties[name](d.t) % 100 }
}

var numberTokens = map[string]func(DateTime) string{
	"S": padded(1, property("millisecond")), "SSS": padded(3, property("millisecond")), "u": padded(3, property("millisecond")),
	"s": padded(1, property("second")), "ss": padded(2, property("second")),
	"m": padded(1, property("minute")), "mm": padded(2, property("minute")),
	"h": padded(1, hour12), "hh": padded(2, hour12),
	"H": padded(1, property("hour")), "HH": padded(2, property("hour")),
	"d": padded(1, property("day")), "dd": padded(2, property("day")),
	"c": padded(1, property("weekday")), "E": padded(1, property("weekday")),
	"L": padded(1, property("month")), "LL": padded(2, property("month")),
	"M": padded(1, property("month")), "MM": padded(2, property("month")),
	"y": padded(1, property("year")), "yy": padded(2, lastTwo("year")), "yyyy": padded(4, property("year")), "yyyyyy": padded(6, property("year")),
	"kk": padded(2, lastTwo("weekYear")), "kkkk": padded(4, property("weekYear")),
	"W": padded(1, property("weekNumber")), "WW": padded(2, property("weekNumber")),
	"o": padded(1, property("ordinal")), "ooo": padded(3, property("ordinal")),
	"q": padded(1, property("quarter")), "qq": padded(2, property("quarter")),
	"X": func(d DateTime) string { return strconv.FormatFloat(math.Floor(d.Millis()/1000), 'f', -1, 64) },
	"x": func(d DateTime) string { return strconv.FormatFloat(d.Millis(), 'f', -1, 64) },
}
