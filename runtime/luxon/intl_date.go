package luxon

import (
	"math"
	"strings"
)

// dateFormat is an Intl.DateTimeFormat.
type dateFormat struct {
	t       *tables
	zone    *zone
	digits  string
	options Fields
	cycle   string // of hours; empty if there are none
	tz      string // how the zone is named
	segs    []segment
	key     string
}

// segment is a literal text, or a field of a date.
type segment struct {
	literal string
	letter  byte // y M d H m s z …
	width   int
	list    []string // the words of a field that has some
	end     bool     // of the later date of a range
}

// part is a part of a formatted text, as formatToParts gives it.
type part struct{ kind, value string }

var optionValues = pairs[string, string]{
	{"weekday", "narrow short long"}, {"era", "narrow short long"}, {"year", "numeric 2-digit"}, {"month", "numeric 2-digit narrow short long"},
	{"day", "numeric 2-digit"}, {"hour", "numeric 2-digit"}, {"minute", "numeric 2-digit"}, {"second", "numeric 2-digit"},
	{"hourCycle", "h11 h12 h23 h24"}, {"timeZoneName", "short long shortOffset longOffset shortGeneric longGeneric"},
	{"dateStyle", "full long medium short"}, {"timeStyle", "full long medium short"}, {"dayPeriod", "narrow short long"},
	{"formatMatcher", "basic best fit"}, {"localeMatcher", "lookup best fit"},
}

// dateFormat makes an Intl.DateTimeFormat. The zone is used unless the options name one; options without any field
// mean a date.
func (l *locale) dateFormat(options Fields, z *zone) (*dateFormat, error) {
	t, err := l.intl()
	if err != nil {
		return nil, err
	}
	f := &dateFormat{t: t, zone: z, digits: firstText(options.text("numberingSystem"), l.digits), options: options}
	for _, p := range optionValues {
		name, values := p.key, p.value
		if v := options.Get(name); !isUndefined(v) && !strings.Contains(" "+values+" ", " "+toText(v)+" ") {
			return nil, throw("Value %s out of range for Intl.DateTimeFormat options property %s", toText(v), name)
		}
	}
	if ca := options.text("calendar"); ca != "" && ca != "gregory" && ca != "iso8601" {
		return nil, notYet("the calendar %s", ca)
	}
	if v := options.Get("timeZone"); !isUndefined(v) {
		if f.zone = ianaZone(toText(v)); !f.zone.valid() {
			return nil, throw("Invalid time zone specified: %s", toText(v))
		}
	}
	pattern, err := f.pattern()
	if err != nil {
		return nil, err
	}
	f.segs = t.compile(pattern)
	return f, nil
}

func widthLetter(v any) string {
	switch toText(v) {
	case "numeric":
		return "n"
	case "2-digit":
		return "2"
	case "short":
		return "s"
	case "long":
		return "l"
	case "narrow":
		return "w"
	}
	return "-"
}

// pattern finds the pattern of the options.
func (f *dateFormat) pattern() (string, error) {
	o := f.options
	f.tz = o.text("timeZoneName")
	if strings.HasSuffix(f.tz, "Generic") {
		return "", notYet("timeZoneName %s", f.tz)
	}
	if !isUndefined(o.Get("dayPeriod")) {
		return "", notYet("the option dayPeriod")
	}
	f.cycle = o.text("hourCycle")
	if v := o.Get("hour12"); !isNullish(v) {
		f.cycle = f.t.Cycles[2]
		if truthy(v) {
			f.cycle = f.t.Cycles[1]
		}
	}
	if o.has("dateStyle") || o.has("timeStyle") {
		return f.stylePattern()
	}
	date, clock := "", ""
	for _, name := range []string{"weekday", "era", "year", "month", "day"} {
		date += widthLetter(o.Get(name))
	}
	for _, name := range []string{"hour", "minute", "second"} {
		clock += widthLetter(o.Get(name))
	}
	fraction := o.Get("fractionalSecondDigits")
	if clock == "---" && isUndefined(fraction) {
		switch date {
		case "-----":
			date = "--nnn"
		case "-s---", "-l---", "-w---":
			date = date[:2] + "nnn"
		}
	}
	return f.join(date, clock, fraction)
}

// zoneKey is the zone's place in the keys of the tables: a short name, a long one or an offset.
func (f *dateFormat) zoneKey() string {
	switch f.tz {
	case "":
		return "-"
	case "short":
		return "z"
	case "long":
		return "Z"
	}
	return "O"
}

// join puts the patterns of the date and of the time together.
func (f *dateFormat) join(date, clock string, fraction any) (string, error) {
	t := f.t
	tz := f.zoneKey()
	key := clock + tz
	if clock[0] != '-' {
		key += f.cycle
		if f.cycle == "" {
			f.cycle = t.Cycles[0]
		}
	} else {
		f.cycle = ""
	}
	if f.key = date + key; key == "----" {
		f.key = date
	}
	at := ""
	switch {
	case clock != "---":
		i, ok := t.Time[key]
		if !ok {
			return "", notYet("the time format %s", key)
		}
		at = t.Pool[i]
	case tz != "-":
		at = "{z}"
	}
	if !isUndefined(fraction) {
		var err error
		if at, err = f.withFraction(at, toNumber(fraction)); err != nil {
			return "", err
		}
	}
	if date == "-----" {
		return at, nil
	}
	wide := date
	if date[1] != '-' { // the tables hold the short era; wider ones stand in the same place
		date = date[:1] + "s" + date[2:]
		if date[0] != '-' {
			return "", notYet("an era beside a weekday")
		}
	}
	i, ok := t.Whole[date+key]
	if ok {
		return f.era(t.Pool[i], wide), nil
	}
	if i, ok = t.Date[date]; !ok {
		return "", notYet("the date format %s", date)
	}
	if at == "" {
		return f.era(t.Pool[i], wide), nil
	}
	return strings.Replace(strings.Replace(glueFor(t, date), "{1}", f.era(t.Pool[i], wide), 1), "{0}", at, 1), nil
}

func glueFor(t *tables, date string) string {
	switch {
	case date[3] == 'l' && date[0] != '-':
		return t.Glue[3]
	case date[3] == 'l':
		return t.Glue[2]
	case date[3] == 's':
		return t.Glue[1]
	}
	return t.Glue[0]
}

// era makes the era of a pattern as wide as it was asked for.
func (f *dateFormat) era(pattern, date string) string {
	i := strings.Index(pattern, "{E")
	if i < 0 || date[1] == 's' {
		return pattern
	}
	end := strings.IndexByte(pattern[i:], '}') + i
	return pattern[:i] + "{G" + date[1:2] + pattern[end:]
}

func (f *dateFormat) withFraction(pattern string, digits float64) (string, error) {
	if !integerBetween(digits, 1, 3) {
		return "", throw("fractionalSecondDigits value is out of range.")
	}
	field := "{" + strings.Repeat("S", int(digits)) + "}"
	if strings.Contains(pattern, "{ss}") {
		return strings.Replace(pattern, "{ss}", "{ss}"+f.t.Numbers.Decimal+field, 1), nil
	}
	if strings.Contains(pattern, "{s}") {
		return strings.Replace(pattern, "{s}", "{s}"+f.t.Numbers.Decimal+field, 1), nil
	}
	if pattern == "" {
		return field, nil
	}
	return "", notYet("fractionalSecondDigits without second")
}

func (f *dateFormat) stylePattern() (string, error) {
	for _, name := range []string{"weekday", "era", "year", "month", "day", "hour", "minute", "second", "fractionalSecondDigits", "timeZoneName"} {
		if f.options.has(name) {
			style := "dateStyle"
			if !f.options.has(style) {
				style = "timeStyle"
			}
			return "", throw("Can't set option %s when %s is used", name, style)
		}
	}
	date, clock := f.options.text("dateStyle"), f.options.text("timeStyle")
	key := date + "|" + clock + "|"
	if clock != "" {
		key += f.cycle
		if f.cycle == "" {
			f.cycle = f.t.Cycles[0]
		}
	} else {
		f.cycle = ""
	}
	f.tz = map[string]string{"full": "long", "long": "short"}[clock]
	i, ok := f.t.Styles[key]
	if !ok {
		return "", notYet("the style %s", key)
	}
	return f.t.Pool[i], nil
}

// compile takes a pattern apart, once.
func (t *tables) compile(pattern string) []segment {
	if segs, ok := t.compiled.Load(pattern); ok {
		return segs.([]segment)
	}
	var segs []segment
	for rest := pattern; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			segs = append(segs, segment{literal: rest})
			break
		}
		if open > 0 {
			segs = append(segs, segment{literal: rest[:open]})
		}
		shut := strings.IndexByte(rest, '}')
		segs = append(segs, t.segment(rest[open+1:shut]))
		rest = rest[shut+1:]
	}
	t.compiled.Store(pattern, segs)
	return segs
}

func (t *tables) segment(field string) segment {
	field, end := strings.CutPrefix(field, ">")
	s := segment{letter: field[0], width: len(field), end: end}
	if len(field) < 2 {
		return s
	}
	if field[0] == 'G' {
		s.letter, s.list = 'E', t.Eras[map[byte]string{'l': "long", 'w': "narrow"}[field[1]]]
		return s
	}
	if i := int(leadingInt(field[1:])); field[1] >= '0' && field[1] <= '9' {
		switch field[0] {
		case 'M':
			s.list = t.Lists.M[i]
		case 'W':
			s.list = t.Lists.W[i]
		case 'E':
			s.list = t.Lists.E[i]
		case 'P':
			s.list = t.Lists.P[i]
		}
	}
	return s
}

var segmentKinds = pairs[byte, string]{
	{'y', "year"}, {'M', "month"}, {'d', "day"}, {'W', "weekday"}, {'E', "era"}, {'P', "dayPeriod"}, {'h', "hour"}, {'H', "hour"}, {'K', "hour"},
	{'k', "hour"}, {'m', "minute"}, {'s', "second"}, {'S', "fractionalSecond"}, {'z', "timeZoneName"},
}

func (s segment) kind() string {
	kind, _ := segmentKinds.get(s.letter)
	return kind
}

// value formats one field.
func (f *dateFormat) value(s segment, c civil, ms, offset float64) string {
	switch s.letter {
	case 'W':
		return s.list[c.weekday()-1]
	case 'E':
		return s.list[oneIf(c.year > 0)]
	case 'P':
		return s.list[oneIf(c.hour >= 12)]
	case 'z':
		if s.width == 2 {
			return f.t.zoneNameAt(f.zone.name, ms, offset, "short")
		}
		return f.t.zoneNameAt(f.zone.name, ms, offset, f.tz)
	case 'M':
		if s.list != nil {
			return s.list[c.month-1]
		}
	}
	return inDigits(pad(f.number(s, c), s.width), f.digits)
}

func (f *dateFormat) number(s segment, c civil) float64 {
	hour := float64(c.hour)
	switch s.letter {
	case 'y':
		year := float64(c.year)
		if year <= 0 {
			year = 1 - year
		}
		if s.width == 2 {
			year = math.Mod(year, 100)
		}
		return year
	case 'M':
		return float64(c.month)
	case 'd':
		return float64(c.day)
	case 'h':
		return math.Mod(hour+11, 12) + 1
	case 'H':
		return hour
	case 'K':
		return math.Mod(hour, 12)
	case 'k':
		return math.Mod(hour+23, 24) + 1
	case 'm':
		return float64(c.minute)
	case 's':
		return float64(c.second)
	}
	return math.Trunc(float64(c.ms) / math.Pow10(3-s.width))
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// parts formats a date into parts.
func (f *dateFormat) parts(ms float64) []part {
	offset := f.zone.exactOffset(ms)
	c := civilAt(ms, offset)
	out := make([]part, 0, len(f.segs))
	for _, s := range f.segs {
		if s.letter == 0 {
			out = append(out, part{"literal", s.literal})
		} else {
			out = append(out, part{s.kind(), f.value(s, c, ms, offset)})
		}
	}
	return out
}

// format writes a narrow no-break space as a plain one, which V8 does for the sake of old programs; parts keep it.
func (f *dateFormat) format(ms float64) string {
	offset := f.zone.exactOffset(ms)
	c := civilAt(ms, offset)
	var b strings.Builder
	for _, s := range f.segs {
		if s.letter == 0 {
			b.WriteString(s.literal)
		} else {
			b.WriteString(f.value(s, c, ms, offset))
		}
	}
	return strings.ReplaceAll(b.String(), "\u202f", " ")
}

// formatRange is Intl.DateTimeFormat.formatRange: what both dates share is written once.
func (f *dateFormat) formatRange(from, to float64) (string, error) {
	a, b := civilAt(from, f.zone.exactOffset(from)), civilAt(to, f.zone.exactOffset(to))
	patterns, ok := f.t.Ranges[f.key]
	if !ok {
		return "", notYet("ranges of the format %s", f.key)
	}
	afternoon := func(c civil) bool { return c.hour >= 12 }
	field := -1
	for i, differs := range []bool{a.year != b.year, a.month != b.month, a.day != b.day, afternoon(a) != afternoon(b), a.hour != b.hour, a.minute != b.minute, a.second != b.second} {
		if differs {
			field = i
			break
		}
	}
	if field < 0 || patterns[field] < 0 {
		return f.format(from), nil
	}
	var out strings.Builder
	for _, s := range f.t.compile(f.t.Pool[patterns[field]]) {
		switch {
		case s.letter == 0:
			out.WriteString(s.literal)
		case s.end:
			out.WriteString(f.value(s, b, to, f.zone.exactOffset(to)))
		default:
			out.WriteString(f.value(s, a, from, f.zone.exactOffset(from)))
		}
	}
	return out.String(), nil
}

// resolved is what resolvedOptions says that Luxon asks for.
func (f *dateFormat) resolved(l *locale) Fields {
	tag := f.t.resolvedTag(l.name)
	if l.digits != "" || l.calendar != "" {
		tag += "-u"
	}
	if l.calendar != "" {
		tag += "-ca-" + l.calendar
	}
	if l.digits != "" {
		tag += "-nu-" + l.digits
	}
	return Fields{{"locale", tag}, {"numberingSystem", firstText(f.digits, "latn")}, {"outputCalendar", firstText(l.calendar, "gregory")}}
}

// resolvedTag is the locale in the letters that Intl writes it in.
func (t *tables) resolvedTag(tag string) string {
	language, region, err := tagParts(firstText(tag, "en-US"))
	if err != nil || region == "" {
		return language
	}
	return language + "-" + region
}
