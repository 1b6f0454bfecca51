package core

import (
	"regexp"
	"strings"
)

// momentForms are what the tokens of Moment.js's formats stand for where a text must have its format exactly.
var momentForms = map[string]string{
	"YYYY": `\d{4}`, "YY": `\d\d`, "Y": `[+-]?\d+`, "YYYYY": `[+-]?\d{1,6}`, "YYYYYY": `[+-]?\d{6}`, "y": `\d+`, "yy": `\d+`, "yyy": `\d+`, "yyyy": `\d+`,
	"M": `[1-9]\d?`, "MM": `\d\d`, "Mo": `\d{1,2}(?:st|nd|rd|th)`, "MMM": shortNames(monthNames), "MMMM": strings.Join(monthNames, "|"),
	"D": `[1-9]\d?`, "DD": `\d\d`, "Do": `\d{1,2}(?:st|nd|rd|th)`, "DDD": `\d{1,3}`, "DDDD": `\d{3}`,
	"dd": "Su|Mo|Tu|We|Th|Fr|Sa", "ddd": shortNames(dayNames), "dddd": strings.Join(dayNames, "|"),
	"H": `[1-9]\d|\d`, "HH": `\d\d`, "h": `[1-9]\d?`, "hh": `\d\d`, "k": `[1-9]\d?`, "kk": `\d\d`, "m": `[1-9]\d|\d`, "mm": `\d\d`, "s": `[1-9]\d|\d`, "ss": `\d\d`,
	"S": `\d`, "SS": `\d\d`, "SSS": `\d{3}`, "a": `[ap]\.?m?\.?`, "A": `[ap]\.?m?\.?`, "Z": `Z|[+-]\d\d:?\d\d`, "ZZ": `Z|[+-]\d\d:?\d\d`,
	"X": `[+-]?\d+(?:\.\d{1,3})?`, "x": `[+-]?\d+`, "W": `[1-9]\d?`, "WW": `\d\d`, "GGGG": `\d{4}`, "E": `\d`, "Q": `\d`,
}

func shortNames(names []string) string {
	short := make([]string, len(names))
	for i, name := range names {
		short[i] = name[:3]
	}
	return strings.Join(short, "|")
}

// strictForm is the format that was asked for last, which all items of a node mostly have.
type strictForm struct {
	format  string
	pattern *regexp.Regexp
}

// fits reports whether a text has a format of Moment.js exactly, from its beginning to its end.
func (s *strictForm) fits(text, format string) bool {
	if s.pattern == nil || s.format != format {
		s.format, s.pattern = format, momentPattern(format)
	}
	return s.pattern != nil && s.pattern.MatchString(text)
}

// momentPattern is nil where a format is too long for one.
func momentPattern(format string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?i)^`)
	for _, token := range momentTokens().FindAllString(expandLong(format), -1) {
		form, known := momentForms[token]
		switch {
		case known:
			b.WriteString("(?:" + form + ")")
		case token[0] == '[' && strings.HasSuffix(token, "]"):
			b.WriteString(regexp.QuoteMeta(token[1 : len(token)-1]))
		default:
			b.WriteString(regexp.QuoteMeta(strings.TrimPrefix(token, `\`)))
		}
	}
	pattern, _ := regexp.Compile(b.String() + "$")
	return pattern
}
