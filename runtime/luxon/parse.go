package luxon

import (
	"regexp"
	"strings"
)

// parseUnit is a part of a format as a shape to match.
type parseUnit struct {
	token   token
	shape   string
	groups  int  // inside of the unit's own group
	literal bool // it says nothing of the date
	read    func(groups []string) any
}

// formatParser reads texts in a format; Luxon's TokenParser.
type formatParser struct {
	loc    *locale
	format string
	tokens []token
	units  []parseUnit
	shape  *regexp.Regexp
	err    error
}

type parserKey struct{ name, digits, format, language string }

var parserCache cache[parserKey, *formatParser]

func (s *scope) formatParser(l *locale, format string) (*formatParser, error) {
	p := parserCache.get(parserKey{l.name, l.digits, format, s.locale.name}, func() *formatParser { return s.compileParser(l, format) })
	return p, p.err
}

func (s *scope) compileParser(l *locale, format string) *formatParser {
	p := &formatParser{loc: l, format: format}
	for _, t := range tokensOf(format) {
		expanded, err := s.expandMacro(t, l)
		if err != nil {
			p.err = err
			return p
		}
		p.tokens = append(p.tokens, expanded...)
	}
	var b strings.Builder
	b.WriteString("(?i)^")
	for _, t := range p.tokens {
		u, err := l.parseUnit(t)
		if err != nil {
			p.err = err
			return p
		}
		u.token = t
		p.units = append(p.units, u)
		b.WriteString("(" + u.shape + ")")
	}
	if p.shape, p.err = regexp.Compile(b.String() + "$"); p.err != nil {
		p.err = throw("Invalid regular expression: %s", format)
	}
	return p
}

// digitShape is one digit of the locale.
func (l *locale) digitShape() string {
	zero, ok := zeroDigits.get(l.digits)
	switch {
	case !ok || l.digits == "latn":
		return `[0-9]`
	case l.digits == "hanidec":
		return `[` + hanidec + `]`
	}
	return `[` + string(zero) + `-` + string(zero+9) + `]`
}

// parseDigits reads a number in any digits that Luxon knows.
func parseDigits(s string) float64 {
	if isDigits(s) {
		return leadingInt(s)
	}
	plain := strings.Map(func(c rune) rune {
		if i := strings.IndexRune(hanidec, c); i >= 0 {
			return '0' + rune(i/3)
		}
		for _, p := range zeroDigits {
			if zero := p.value; p.key != "hanidec" && c >= zero && c <= zero+9 {
				return '0' + c - zero
			}
		}
		return -1
	}, s)
	return leadingInt(plain)
}

// integer tokens and how many digits they have.
var integerTokens = pairs[string, string]{
	{"y", "{1,6}"}, {"yyyy", "{4}"}, {"yyyyy", "{4,6}"}, {"yyyyyy", "{6}"}, {"M", "{1,2}"}, {"MM", "{2}"}, {"L", "{1,2}"}, {"LL", "{2}"},
	{"d", "{1,2}"}, {"dd", "{2}"}, {"o", "{1,3}"}, {"ooo", "{3}"}, {"HH", "{2}"}, {"H", "{1,2}"}, {"hh", "{2}"}, {"h", "{1,2}"}, {"mm", "{2}"},
	{"m", "{1,2}"}, {"q", "{1,2}"}, {"qq", "{2}"}, {"s", "{1,2}"}, {"ss", "{2}"}, {"S", "{1,3}"}, {"SSS", "{3}"}, {"uuu", ""}, {"kkkk", "{4}"},
	{"W", "{1,2}"}, {"WW", "{2}"}, {"E", ""}, {"c", ""},
}

func (l *locale) parseUnit(t token) (parseUnit, error) {
	digit := l.digitShape()
	whole := func(g []string) any { return g[0] }
	if count, ok := integerTokens.get(t.text); ok && !t.literal {
		return parseUnit{shape: digit + count, read: func(g []string) any { return parseDigits(g[0]) }}, nil
	}
	switch {
	case t.literal:
	case t.text == "yy" || t.text == "kk":
		return parseUnit{shape: digit + "{2,4}", read: func(g []string) any { return fullYear(parseDigits(g[0])) }}, nil
	case t.text == "u":
		return parseUnit{shape: digit + "{1,9}", read: whole}, nil
	case t.text == "uu":
		return parseUnit{shape: digit + "{1,2}", read: whole}, nil
	case t.text == "Z" || t.text == "ZZ":
		return parseUnit{shape: "([+-]" + digit + "{1,2})(?::(" + digit + "{2}))?", groups: 2, read: readOffset}, nil
	case t.text == "ZZZ":
		return parseUnit{shape: "([+-]" + digit + "{1,2})(" + digit + "{2})?", groups: 2, read: readOffset}, nil
	case t.text == "z":
		return parseUnit{shape: `[a-z_+-/]{1,256}?`, read: whole}, nil
	case t.text == " ":
		return parseUnit{shape: `[` + strings.NewReplacer("\n", "", "\r", "").Replace(jsSpace) + `]`, read: whole}, nil
	default:
		if u, ok, err := l.wordUnit(t.text); ok {
			return u, err
		}
	}
	return parseUnit{shape: regexp.QuoteMeta(t.text), literal: true, read: whole}, nil
}

func readOffset(g []string) any { return signedOffset(g[1], g[2]) }

// wordUnit matches a token that stands for words.
func (l *locale) wordUnit(t string) (u parseUnit, ok bool, err error) {
	length := map[int]string{3: "short", 4: "long"}[len(t)]
	var words []string
	first := 1
	switch t {
	case "G", "GG":
		words, err = l.eras([]string{"short", "long"}[len(t)-1])
		first = 0
	case "a":
		words, err = l.meridiems()
		first = 0
	case "MMM", "MMMM":
		words, err = l.months(length, true)
	case "LLL", "LLLL":
		words, err = l.months(length, false)
	case "EEE", "EEEE":
		words, err = l.weekdays(length, false)
	case "ccc", "cccc":
		words, err = l.weekdays(length, true)
	default:
		return u, false, nil
	}
	shapes := make([]string, len(words))
	for i, w := range words {
		shapes[i] = strings.NewReplacer(`\.`, `\.?`, " ", "[ \u00a0]", "\u00a0", "[ \u00a0]").Replace(regexp.QuoteMeta(w))
	}
	read := func(g []string) any {
		for i, w := range words {
			if loose(w) == loose(g[0]) {
				return float64(i + first)
			}
		}
		return float64(first - 1)
	}
	return parseUnit{shape: strings.Join(shapes, "|"), read: read}, true, err
}

// loose is a word without what does not matter: dots, kinds of spaces, capitals.
func loose(s string) string {
	return strings.ToLower(strings.NewReplacer(".", "", "\u00a0", " ").Replace(s))
}

// expandMacro replaces D, t and so on by the tokens that they stand for in the locale.
func (s *scope) expandMacro(t token, l *locale) ([]token, error) {
	options := macro(t.text)
	if t.literal || options == nil {
		return []token{t}, nil
	}
	tokens, complete, err := s.optionTokens(options, l)
	if err != nil || !complete {
		return []token{t}, err
	}
	return tokens, nil
}

// partTokens are tokens by the kind of a part and how wide it was asked for.
var partTokens = pairs[string, string]{
	{"year 2-digit", "yy"}, {"year numeric", "yyyyy"}, {"month numeric", "M"}, {"month 2-digit", "MM"}, {"month short", "MMM"}, {"month long", "MMMM"},
	{"day numeric", "d"}, {"day 2-digit", "dd"}, {"weekday short", "EEE"}, {"weekday long", "EEEE"}, {"hour12 numeric", "h"}, {"hour12 2-digit", "hh"},
	{"hour24 numeric", "H"}, {"hour24 2-digit", "HH"}, {"minute numeric", "m"}, {"minute 2-digit", "mm"}, {"second numeric", "s"}, {"second 2-digit", "ss"},
	{"timeZoneName long", "ZZZZZ"}, {"timeZoneName short", "ZZZ"},
}

// optionTokens are the tokens of Intl's options; complete is false if there is none for some part.
func (s *scope) optionTokens(options Fields, l *locale) (tokens []token, complete bool, err error) {
	const sample = 1555555555555
	f, err := l.dateFormat(options, s.zone)
	if err != nil {
		return nil, false, err
	}
	complete = true
	for _, p := range f.parts(sample) {
		kind := p.kind
		if kind == "literal" {
			if strings.Trim(p.value, jsSpace) == "" {
				tokens = append(tokens, token{text: " "})
			} else {
				tokens = append(tokens, token{p.value, true})
			}
			continue
		}
		if kind == "hour" {
			kind = "hour24"
			if f.cycle == "h11" || f.cycle == "h12" {
				kind = "hour12"
			}
		}
		text, _ := partTokens.get(kind + " " + options.text(p.kind))
		if kind == "dayPeriod" {
			text = "a"
		}
		if text == "" {
			complete = false
		}
		tokens = append(tokens, token{text: text})
	}
	return tokens, complete, nil
}

// matched is what a parser found: values by the first letter of their tokens, in order.
type matched struct {
	groups  []string // nil if the text does not match
	missing []bool   // groups that took no part
	keys    []byte
	values  map[byte]any
}

func (m *matched) put(key byte, v any) {
	if _, ok := m.values[key]; !ok {
		m.keys = append(m.keys, key)
	}
	m.values[key] = v
}

func (p *formatParser) match(text string) (matched, error) {
	m := matched{values: map[byte]any{}}
	at := p.shape.FindStringSubmatchIndex(text)
	if at == nil {
		return m, nil
	}
	m.groups, m.missing = make([]string, len(at)/2), make([]bool, len(at)/2)
	for i := range m.groups {
		if start := at[2*i]; start >= 0 {
			m.groups[i] = text[start:at[2*i+1]]
		} else {
			m.missing[i] = true
		}
	}
	next := 1
	for _, u := range p.units {
		if !u.literal {
			m.put(u.token.text[0], u.read(m.groups[next:next+u.groups+1]))
		}
		next += u.groups + 1
	}
	if _, meridiem := m.values['a']; meridiem {
		if _, day := m.values['H']; day {
			return m, throw("Can't include meridiem when specifying 24-hour format")
		}
	}
	return m, nil
}

var tokenFields = pairs[byte, string]{
	{'S', "millisecond"}, {'s', "second"}, {'m', "minute"}, {'h', "hour"}, {'H', "hour"}, {'d', "day"}, {'o', "ordinal"}, {'L', "month"},
	{'M', "month"}, {'y', "year"}, {'E', "weekday"}, {'c', "weekday"}, {'W', "weekNumber"}, {'k', "weekYear"}, {'q', "quarter"},
}

// date makes units of what was matched, with the zone and the offset that the text names.
func (m *matched) date() (fields Fields, z *zone, offset any) {
	offset = Undefined{}
	number := func(key byte) (float64, bool) {
		v, ok := m.values[key].(float64)
		return v, ok
	}
	if name, ok := m.values['z'].(string); ok {
		z = ianaZone(name)
	}
	if minutes, ok := number('Z'); ok {
		if z == nil {
			z = fixedZone(minutes)
		}
		offset = minutes
	}
	if q, ok := number('q'); ok {
		m.put('M', (q-1)*3+1)
	}
	if h, ok := number('h'); ok {
		meridiem, given := number('a')
		switch {
		case given && h < 12 && meridiem == 1:
			m.put('h', h+12)
		case given && h == 12 && meridiem == 0:
			m.put('h', 0.0)
		}
	}
	if era, ok := number('G'); ok && era == 0 {
		if year, ok := number('y'); ok && year != 0 {
			m.put('y', -year)
		}
	}
	if u, ok := m.values['u']; ok {
		if digits, ok := u.(string); ok {
			m.put('S', millisOfFraction(digits))
		} else {
			m.put('S', millisOfFraction(numberText(u.(float64))))
		}
	}
	for _, key := range m.keys {
		if name, ok := tokenFields.get(key); ok {
			fields = fields.with(name, m.values[key])
		}
	}
	return fields, z, offset
}

// fromParser reads a text with a parser.
func (s *scope) fromParser(text any, p *formatParser, o Fields) (DateTime, error) {
	input, ok := text.(string)
	if !ok {
		return DateTime{}, throw("input.match is not a function")
	}
	m, err := p.match(input)
	if err != nil {
		return DateTime{}, err
	}
	fields, z, offset := m.date()
	out := parsed{found: len(fields) > 0, zone: z}
	if out.units, err = readUnits(fields); err != nil {
		return DateTime{}, err
	}
	return s.fromParsed(out, out.found || z != nil, o, "format "+p.format, input, offset)
}

// explain is fromFormatExplain: what a parser sees in a text.
func (s *scope) explain(text any, p *formatParser) (any, error) {
	input, ok := text.(string)
	if !ok {
		return nil, throw("input.match is not a function")
	}
	m, err := p.match(input)
	if err != nil {
		return nil, err
	}
	fields, z, offset := m.date()
	tokens := make([]any, len(p.tokens))
	for i, t := range p.tokens {
		tokens[i] = Fields{{"literal", t.literal}, {"val", t.text}}
	}
	var raw, zoneValue any
	if m.groups != nil {
		list := make([]any, len(m.groups))
		for i, g := range m.groups {
			if list[i] = g; m.missing[i] {
				list[i] = Undefined{}
			}
		}
		raw = list
	}
	matches := Fields{}
	for _, key := range m.keys {
		matches = append(matches, Field{string(key), m.values[key]})
	}
	if z != nil {
		zoneValue = z
	}
	if fields == nil {
		fields = Fields{}
	}
	return Fields{{"input", input}, {"tokens", tokens}, {"regex", Fields{}}, {"rawMatches", raw}, {"matches", matches},
		{"result", fields}, {"zone", zoneValue}, {"specificOffset", offset}}, nil
}
