package luxon

import (
	"math"
	"strings"
)

// isoText is toISO.
func (d Duration) isoText() string {
	var b strings.Builder
	b.WriteByte('P')
	put := func(v float64, letter byte) {
		if v != 0 {
			b.WriteString(numberText(v))
			b.WriteByte(letter)
		}
	}
	put(d.v[dYears], 'Y')
	if d.v[dMonths] != 0 || d.v[dQuarters] != 0 {
		b.WriteString(numberText(d.v[dMonths]+d.v[dQuarters]*3) + "M")
	}
	put(d.v[dWeeks], 'W')
	put(d.v[dDays], 'D')
	seconds := d.v[dSeconds] != 0 || d.v[dMilliseconds] != 0
	if d.v[dHours] != 0 || d.v[dMinutes] != 0 || seconds {
		b.WriteByte('T')
	}
	put(d.v[dHours], 'H')
	put(d.v[dMinutes], 'M')
	if seconds {
		b.WriteString(numberText(round((d.v[dSeconds]+d.v[dMilliseconds]/1000)*1000)/1000) + "S")
	}
	if b.Len() == 1 {
		return "PT0S"
	}
	return b.String()
}

// isoTime is toISOTime; null if the duration is not inside of a day.
func (d Duration) isoTime(o Fields) (any, error) {
	if !d.valid() {
		return nil, nil
	}
	ms := d.sum()
	if ms < 0 || ms >= msPerDay {
		return nil, nil
	}
	opts, err := readISOOptions(o)
	if err != nil {
		return nil, err
	}
	opts.offset = false
	at := d.env.date(ms, utcZone, d.env.locale)
	return string(at.appendISOTime(nil, opts, o.flag("includePrefix", false))), nil
}

// human is toHuman: "1 day, 2 hours".
func (d Duration) human(o Fields) (string, error) {
	if !d.valid() {
		return "Invalid Duration", nil
	}
	zeros := true
	if v, ok := o.Get("showZeros").(bool); ok {
		zeros = v
	}
	var words []string
	for unit := dYears; unit < dCount; unit++ {
		if !d.has(unit) || d.v[unit] == 0 && !zeros {
			continue
		}
		options := Fields{{"style", "unit"}, {"unitDisplay", "long"}, {"useGrouping", false}}.merged(o)
		options = options.with("unit", strings.TrimSuffix(durationUnits[unit], "s"))
		f, err := d.loc.numberFormat(options)
		if err != nil {
			return "", err
		}
		v := d.v[unit]
		if o.flag("floor", false) {
			v = math.Floor(v)
		}
		words = append(words, f.format(v))
	}
	style := "narrow"
	if s := o.Get("listStyle"); truthy(s) {
		style = toText(s)
	}
	return d.loc.listFormat(Fields{{"type", "conjunction"}, {"style", style}}.merged(o), words)
}

// durationTokens are the units of the first letters of tokens.
var durationTokens = pairs[byte, int]{
	{'S', dMilliseconds}, {'s', dSeconds}, {'m', dMinutes}, {'h', dHours}, {'d', dDays}, {'w', dWeeks}, {'M', dMonths}, {'y', dYears},
}

// format is toFormat. Signs are shown as the option signMode says: negative, all, negativeLargestOnly.
func (d Duration) format(format string, o Fields) (string, error) {
	if !d.valid() {
		return "Invalid Duration", nil
	}
	tokens := tokensOf(format)
	var units []int
	for _, t := range tokens {
		if unit, ok := durationTokens.get(t.text[0]); ok && !t.literal {
			units = append(units, unit)
		}
	}
	collapsed := d.shiftTo(units)
	mode := o.text("signMode")
	negative := collapsed.sum() < 0
	isFalse := func(name string) bool { return o.Get(name) == false }
	floor := !isFalse("round") && !isFalse("floor")
	var b strings.Builder
	for _, t := range tokens {
		unit, ok := durationTokens.get(t.text[0])
		if t.literal || !ok {
			b.WriteString(t.text)
			continue
		}
		largest := collapsed.n > 0 && int(collapsed.order[0]) == unit
		v, sign := collapsed.value(unit), "auto"
		switch {
		case mode == "negativeLargestOnly" && !largest:
			sign = "never"
			if negative {
				v = -v
			}
		case mode == "all":
			sign = "always"
		}
		options := Fields{{"useGrouping", false}}.merged(o.without("signMode", "floor", "round")).with("signDisplay", sign)
		f, err := d.loc.numberFormat(options.with("minimumIntegerDigits", float64(len(t.text))))
		if err != nil {
			return "", err
		}
		if floor {
			v = math.Floor(v)
		}
		b.WriteString(f.format(v))
	}
	return b.String(), nil
}

// parseISODuration reads P1Y2M3W4DT5H6M7.8S.
func (s *scope) durationFromISO(text string, o Fields) (Duration, error) {
	fields, ok := scanDuration(text)
	if !ok {
		return s.invalidDuration("unparsable", `the input "`+text+`" can't be parsed as ISO 8601`), nil
	}
	return s.durationFrom(fields, o)
}

func scanDuration(text string) (Fields, bool) {
	rest, negative := strings.CutPrefix(text, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok {
		return nil, false
	}
	var fields Fields
	put := func(unit int, v float64) {
		if negative && v != 0 {
			v = -v
		}
		fields = append(fields, Field{durationUnits[unit], v})
	}
	for _, u := range []struct {
		letter byte
		unit   int
	}{{'Y', dYears}, {'M', dMonths}, {'W', dWeeks}, {'D', dDays}} {
		if v, after, ok := scanAmount(rest, u.letter); ok {
			put(u.unit, v)
			rest = after
		}
	}
	if rest == "" {
		return fields, true
	}
	if rest, ok = strings.CutPrefix(rest, "T"); !ok {
		return nil, false
	}
	for _, u := range []struct {
		letter byte
		unit   int
	}{{'H', dHours}, {'M', dMinutes}} {
		if v, after, ok := scanAmount(rest, u.letter); ok {
			put(u.unit, v)
			rest = after
		}
	}
	return fields, rest == "" || scanSeconds(rest, negative, &fields)
}

// amount reads an optional minus and one to twenty digits.
func amount(s string) (text, rest string) {
	i := 0
	if strings.HasPrefix(s, "-") {
		i = 1
	}
	start := i
	for i < len(s) && i-start < 20 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == start {
		return "", s
	}
	return s[:i], s[i:]
}

// scanAmount reads a number with an optional fraction, and the letter of its unit.
func scanAmount(s string, letter byte) (v float64, rest string, ok bool) {
	text, rest := amount(s)
	if text == "" {
		return 0, s, false
	}
	if strings.HasPrefix(rest, ".") && !strings.HasPrefix(rest, ".-") {
		fraction, after := amount(rest[1:])
		if fraction == "" {
			return 0, s, false
		}
		text, rest = text+"."+fraction, after
	}
	if rest == "" || rest[0] != letter {
		return 0, s, false
	}
	return textNumber(text), rest[1:], true
}

// scanSeconds reads seconds, whose fraction becomes milliseconds with the sign of the seconds.
func scanSeconds(s string, negative bool, fields *Fields) bool {
	text, rest := amount(s)
	if text == "" {
		return false
	}
	fraction := ""
	if strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, ",") {
		if fraction, rest = amount(rest[1:]); fraction == "" {
			return false
		}
	}
	if rest != "S" {
		return false
	}
	seconds := textNumber(text)
	if text == "-0" || negative && seconds != 0 {
		seconds = -seconds
	}
	*fields = append(*fields, Field{durationUnits[dSeconds], seconds})
	if fraction != "" {
		ms := millisOfFraction(fraction)
		if text[0] == '-' || negative && ms != 0 {
			ms = -ms
		}
		*fields = append(*fields, Field{durationUnits[dMilliseconds], ms})
	}
	return true
}

// millisOfFraction is the milliseconds of the digits after a point.
func millisOfFraction(digits string) float64 {
	if strings.HasPrefix(digits, "-") {
		return math.NaN()
	}
	return math.Floor(textNumber("0."+digits) * 1000)
}
