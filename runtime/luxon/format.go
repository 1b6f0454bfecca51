package luxon

import (
	"math"
	"strconv"
	"strings"
	"sync"
)

// token is a run of one letter in a format, or a literal text.
type token struct {
	text    string
	literal bool
}

// cache keeps what was compiled, up to a number of entries: then it starts again.
type cache[K comparable, V any] struct {
	mu      sync.RWMutex
	entries map[K]V
}

const cacheSize = 512

func (c *cache[K, V]) get(key K, compile func() V) V {
	c.mu.RLock()
	v, ok := c.entries[key]
	c.mu.RUnlock()
	if ok {
		return v
	}
	v = compile()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= cacheSize {
		c.entries = map[K]V{}
	}
	c.entries[key] = v
	return v
}

var tokenCache cache[string, []token]

func tokensOf(format string) []token {
	return tokenCache.get(format, func() []token { return splitFormat(format) })
}

// splitFormat takes a format apart: text between ' is literal, ” in it is the character itself, blanks are literal.
func splitFormat(format string) []token {
	var tokens []token
	current, full, bracketed := rune(-1), "", false
	blank := func() bool { return strings.Trim(full, jsSpace) == "" }
	for _, c := range format {
		switch {
		case c == '\'':
			if full != "" || bracketed {
				text := full
				if text == "" {
					text = "'"
				}
				tokens = append(tokens, token{text, bracketed || blank() && full != ""})
			}
			current, full, bracketed = -1, "", !bracketed
		case bracketed || c == current:
			full += string(c)
		default:
			if full != "" {
				tokens = append(tokens, token{full, blank()})
			}
			full, current = string(c), c
		}
	}
	if full != "" {
		tokens = append(tokens, token{full, bracketed || blank()})
	}
	return tokens
}

// formatter is toFormat: with the locale's words, or simple with English ones.
type formatter struct {
	loc            *locale
	simple, allowZ bool
}

// toFormat formats in the date's locale, English if none was chosen.
func (d DateTime) toFormat(format string, o Fields) (string, error) {
	if !d.Valid() {
		return "Invalid DateTime", nil
	}
	l := d.loc
	if l.specified == "" || len(o) > 0 {
		var err error
		if l, err = d.loc.clone(d.env, o, true); err != nil {
			return "", err
		}
	}
	f := formatter{loc: l}
	return f.format(d, format)
}

// Format is toFormat without options.
func (d DateTime) Format(format string) (string, error) { return d.toFormat(format, nil) }

func (f *formatter) format(d DateTime, format string) (string, error) {
	out := make([]byte, 0, 32)
	for _, t := range tokensOf(format) {
		if t.literal {
			out = append(out, t.text...)
			continue
		}
		if v, width, ok := numberToken(d, t.text); ok {
			out = f.appendNumber(out, v, width)
			continue
		}
		text, err := f.token(d, t.text)
		if err != nil {
			return "", err
		}
		out = append(out, text...)
	}
	return string(out), nil
}

func (f *formatter) appendNumber(out []byte, v float64, width int) []byte {
	if f.loc.digits != "" && f.loc.digits != "latn" && !f.simple {
		return append(out, inDigits(pad(v, max(width, 1)), f.loc.digits)...)
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return appendPadded(out, int(v), max(width, 1))
	}
	if !f.simple {
		v = round(v*1000) / 1000
	}
	return append(out, pad(v, width)...)
}

func lastTwo(v float64) float64 {
	text := numberText(v)
	if len(text) > 2 {
		text = text[len(text)-2:]
	}
	return textNumber(text)
}

func hour12(d DateTime) float64 { return float64((d.c.hour+11)%12 + 1) }

// numberToken is the value of a token that shows a number.
func numberToken(d DateTime, t string) (v float64, width int, ok bool) {
	c := d.c
	ok = true
	switch t {
	case "S":
		v = float64(c.ms)
	case "u", "SSS":
		v, width = float64(c.ms), 3
	case "uu":
		v, width = float64(c.ms/10), 2
	case "uuu":
		v = float64(c.ms / 100)
	case "s", "ss":
		v, width = float64(c.second), len(t)
	case "m", "mm":
		v, width = float64(c.minute), len(t)
	case "h", "hh":
		v, width = hour12(d), len(t)
	case "H", "HH":
		v, width = float64(c.hour), len(t)
	case "d", "dd":
		v, width = float64(c.day), len(t)
	case "c", "E":
		v = float64(c.weekday())
	case "L", "LL", "M", "MM":
		v, width = float64(c.month), len(t)
	case "y", "yyyy", "yyyyyy":
		v, width = float64(c.year), len(t)
	case "yy":
		v, width = lastTwo(float64(c.year)), 2
	case "o", "ooo":
		v, width = c.ordinal(), len(t)
	case "q", "qq":
		v, width = d.quarter(), len(t)
	case "X":
		v = math.Floor(d.ts / 1000)
	case "x":
		v = d.ts
	default:
		return weekToken(d, t)
	}
	return v, width, ok
}

func weekToken(d DateTime, t string) (v float64, width int, ok bool) {
	switch t {
	case "kk", "kkkk", "W", "WW":
	default:
		return 0, 0, false
	}
	year, week, _ := d.week()
	switch t {
	case "kk":
		return lastTwo(year), 2, true
	case "kkkk":
		return year, 4, true
	}
	return week, len(t), true
}

// token formats a token that needs the locale; what is none stays as it is.
func (f *formatter) token(d DateTime, t string) (string, error) {
	switch t {
	case "a":
		return f.wordOf(f.loc.meridiems, oneIf(d.c.hour >= 12), d, Fields{{"hour", "numeric"}, {"hourCycle", "h12"}}, "dayPeriod")
	case "Z", "ZZ", "ZZZ":
		if f.allowZ && d.zone.class == "FixedOffsetZone" && d.off == 0 {
			return "Z", nil
		}
		return formatOffset(d.off, [4]string{"", "narrow", "short", "techie"}[len(t)]), nil
	case "ZZZZ", "ZZZZZ":
		name, err := d.zone.offsetName(d.ts, map[int]string{4: "short", 5: "long"}[len(t)], f.loc.name)
		return toText(name), err
	case "z":
		return d.zone.name, nil
	case "n", "nn", "ii", "iiii":
		return f.localWeek(d, t)
	}
	length := map[int]string{3: "short", 4: "long", 5: "narrow"}[len(t)]
	switch {
	case length == "" && t != "G" && t != "GG":
	case t[0] == 'c' || t[0] == 'E':
		options := Fields{{"weekday", length}}
		if t[0] == 'E' {
			options = append(options, Field{"month", "long"}, Field{"day", "numeric"})
		}
		return f.wordOf(func() ([]string, error) { return english.weekdays[lengthIndex(length)], nil }, d.c.weekday()-1, d, options, "weekday")
	case t[0] == 'L' || t[0] == 'M':
		options := Fields{{"month", length}}
		if t[0] == 'M' {
			options = append(options, Field{"day", "numeric"})
		}
		return f.wordOf(func() ([]string, error) { return english.months[lengthIndex(length)], nil }, int(d.c.month)-1, d, options, "month")
	case t == "G" || t == "GG" || t == "GGGGG":
		length = map[int]string{1: "short", 2: "long", 5: "narrow"}[len(t)]
		return f.wordOf(func() ([]string, error) { return english.eras[lengthIndex(length)], nil }, oneIf(d.c.year >= 0), d, Fields{{"era", length}}, "era")
	}
	if options := macro(t); options != nil {
		return f.macro(d, options)
	}
	return t, nil
}

// wordOf picks an English word, or takes a part of what Intl formats.
func (f *formatter) wordOf(words func() ([]string, error), i int, d DateTime, options Fields, kind string) (string, error) {
	if f.loc.english() {
		list, err := words()
		if err != nil {
			return "", err
		}
		return list[i], nil
	}
	parts, err := f.loc.parts(d, options)
	if err != nil {
		return "", err
	}
	for _, p := range parts {
		if p.kind == kind {
			return p.value, nil
		}
	}
	return "null", nil
}

func (f *formatter) localWeek(d DateTime, t string) (string, error) {
	rule, err := d.loc.rule()
	if err != nil {
		return "", err
	}
	year, week, _ := rule.of(d.c)
	v, width := week, len(t)
	switch t {
	case "ii":
		v = lastTwo(year)
	case "iiii":
		v = year
	}
	return string(f.appendNumber(nil, v, width)), nil
}

// macro is the options of a macro token: D to DDDD, t, T, f and F.
func macro(t string) Fields {
	name, _ := macroNames.get(t)
	return presets()[name]
}

var macroNames = pairs[string, string]{
	{"D", "DATE_SHORT"}, {"DD", "DATE_MED"}, {"DDD", "DATE_FULL"}, {"DDDD", "DATE_HUGE"}, {"t", "TIME_SIMPLE"}, {"tt", "TIME_WITH_SECONDS"},
	{"ttt", "TIME_WITH_SHORT_OFFSET"}, {"tttt", "TIME_WITH_LONG_OFFSET"}, {"T", "TIME_24_SIMPLE"}, {"TT", "TIME_24_WITH_SECONDS"},
	{"TTT", "TIME_24_WITH_SHORT_OFFSET"}, {"TTTT", "TIME_24_WITH_LONG_OFFSET"}, {"f", "DATETIME_SHORT"}, {"ff", "DATETIME_MED"},
	{"fff", "DATETIME_FULL"}, {"ffff", "DATETIME_HUGE"}, {"F", "DATETIME_SHORT_WITH_SECONDS"}, {"FF", "DATETIME_MED_WITH_SECONDS"},
	{"FFF", "DATETIME_FULL_WITH_SECONDS"}, {"FFFF", "DATETIME_HUGE_WITH_SECONDS"},
}

// presets are Luxon's DATE_SHORT and so on.
var presets = sync.OnceValue(func() map[string]Fields {
	out := map[string]Fields{}
	dates := map[string][]string{"DATE_SHORT": {"numeric", ""}, "DATE_MED": {"short", ""}, "DATE_MED_WITH_WEEKDAY": {"short", "short"}, "DATE_FULL": {"long", ""}, "DATE_HUGE": {"long", "long"}}
	for name, w := range dates {
		f := Fields{{"year", "numeric"}, {"month", w[0]}, {"day", "numeric"}}
		if w[1] != "" {
			f = append(f, Field{"weekday", w[1]})
		}
		out[name] = f
	}
	for prefix, cycle := range map[string]string{"TIME_": "", "TIME_24_": "h23"} {
		for suffix, zone := range map[string]string{"SIMPLE": "-", "WITH_SECONDS": "", "WITH_SHORT_OFFSET": "short", "WITH_LONG_OFFSET": "long"} {
			f := Fields{{"hour", "numeric"}, {"minute", "numeric"}}
			if zone != "-" {
				f = append(f, Field{"second", "numeric"})
			}
			if cycle != "" {
				f = append(f, Field{"hourCycle", cycle})
			}
			if zone == "short" || zone == "long" {
				f = append(f, Field{"timeZoneName", zone})
			}
			out[prefix+suffix] = f
		}
	}
	for name, zone := range map[string]string{"SHORT": "", "MED": "", "FULL": "short", "HUGE": "long", "MED_WITH_WEEKDAY": ""} {
		for _, seconds := range []bool{false, true} {
			f := append(Fields{}, out["DATE_"+name]...)
			f = append(f, Field{"hour", "numeric"}, Field{"minute", "numeric"})
			full := "DATETIME_" + name
			if seconds {
				f, full = append(f, Field{"second", "numeric"}), full+"_WITH_SECONDS"
			}
			if zone != "" {
				f = append(f, Field{"timeZoneName", zone})
			}
			out[full] = f
		}
	}
	delete(out, "DATETIME_MED_WITH_WEEKDAY_WITH_SECONDS")
	return out
})

// macro formats with the options of a macro token, in the locale that was chosen or else the default one.
func (f *formatter) macro(d DateTime, options Fields) (string, error) {
	l, err := d.env.newLocale(f.loc.specified, f.loc.digits, f.loc.calendar, nil, false)
	if err != nil {
		return "", err
	}
	return l.formatDate(d, options)
}

// intlZone is how Intl is told a date's zone: an offset of whole hours is Etc/GMT, other offsets are UTC with the local time moved there.
func (d DateTime) intlZone(options Fields) (z *zone, ts float64, original *zone) {
	switch {
	case truthy(options.Get("timeZone")):
		return utcZone, d.ts, nil
	case d.zone.class != "FixedOffsetZone":
		return d.zone, d.ts, nil
	case d.off == 0:
		return utcZone, d.ts, d.zone
	}
	if hours := -d.off / 60; hours == math.Trunc(hours) {
		sign := ""
		if hours >= 0 {
			sign = "+"
		}
		if z := ianaZone("Etc/GMT" + sign + strconv.Itoa(int(hours))); z.valid() {
			return z, d.ts, nil
		}
	}
	return utcZone, d.ts + d.off*msPerMinute, d.zone
}

// parts formats a date with Intl's options; an offset keeps its own name.
func (l *locale) parts(d DateTime, options Fields) ([]part, error) {
	z, ts, original := d.intlZone(options)
	f, err := l.dateFormat(options, z)
	if err != nil {
		return nil, err
	}
	parts := f.parts(ts)
	if original != nil {
		for i := range parts {
			if parts[i].kind == "timeZoneName" {
				parts[i].value = original.name
			}
		}
	}
	return parts, nil
}

func (l *locale) formatDate(d DateTime, options Fields) (string, error) {
	if z, ts, original := d.intlZone(options); original == nil {
		f, err := l.dateFormat(options, z)
		if err != nil {
			return "", err
		}
		return f.format(ts), nil
	}
	parts, err := l.parts(d, options)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.value)
	}
	return b.String(), nil
}
