package luxon

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
)

// currencyRow holds patterns: for symbol, narrow symbol and code each positive, negative, accounting negative and accounting with a
// plus; then the names by plural.
type currencyRow struct {
	Patterns []string
	Names    map[string]string
}

// UnmarshalJSON reads [patterns, names].
func (c *currencyRow) UnmarshalJSON(data []byte) error {
	var raw [2]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if err := json.Unmarshal(raw[0], &c.Patterns); err != nil {
		return err
	}
	return json.Unmarshal(raw[1], &c.Names)
}

// currencyPattern also tells whether the pattern has a sign in it.
func (f *numberFormat) currencyPattern(plural, sign string) (pattern string, signed bool) {
	row, ok := f.t.Numbers.Currency[f.currency]
	if !ok { // no symbol is known: it is the code, written as XXX is
		unknown := f.t.Numbers.Currency["XXX"]
		row.Patterns = slices.Repeat(unknown.Patterns[8:12], 3)
		for i, p := range row.Patterns {
			row.Patterns[i] = strings.Replace(p, "XXX", f.currency, 1)
		}
		row.Names = map[string]string{"other": "{n} " + f.currency}
	}
	if f.currencyDisplay == "name" {
		return firstText(row.Names[plural], row.Names["other"]), false
	}
	i := map[string]int{"symbol": 0, "narrowSymbol": 4, "code": 8}[f.currencyDisplay]
	accounting := f.currencySign == "accounting"
	switch {
	case sign == "-" && accounting:
		i += 2
	case sign == "+" && accounting:
		i += 3
	case sign != "":
		return row.Patterns[i+1], true
	}
	return row.Patterns[i], accounting
}

// plural is the category of a number as it is shown (CLDR's plural rules); exponent is that of a compact number.
func (t *tables) plural(whole, fraction string, exponent int) string {
	language, _, _ := strings.Cut(t.name, "-")
	i := leadingInt(whole)
	zeros := strings.Trim(fraction, "0") == ""
	n := i == 1 && zeros // the number is one
	one := i == 1 && fraction == ""
	million := exponent == 0 && i != 0 && math.Mod(i, 1e6) == 0 && fraction == "" || exponent > 5
	switch {
	case language == "fr" && i < 2, t.name == "pt" && i < 2:
		return "one"
	case language == "es" && n, language == "nb" && n, (t.name == "pt-PT" || language == "it") && one:
		return "one"
	case slices.Contains([]string{"fr", "pt", "es", "it"}, language):
		if million {
			return "many"
		}
		return "other"
	case language == "da" && (n || !zeros && i < 2), one && language != "nb":
		return "one"
	case language == "pl" && fraction == "", language == "cs":
		return slavicPlural(language, i, fraction)
	}
	return "other"
}

func slavicPlural(language string, i float64, fraction string) string {
	ten, hundred := math.Mod(i, 10), math.Mod(i, 100)
	switch {
	case language == "cs" && fraction != "":
		return "many"
	case language == "cs" && i >= 2 && i <= 4:
		return "few"
	case language == "cs":
		return "other"
	case ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14):
		return "few"
	}
	return "many"
}

// relativeTable says how far away a time is; words are yesterday and the like, by the number of units.
type relativeTable struct{ Past, Future, Words map[string]string }

// relativeFormat is Intl.RelativeTimeFormat(locale, {style, numeric}).format(v, unit).
func (l *locale) relativeFormat(o Fields, v float64, unit string) (string, error) {
	t, err := l.intl()
	if err != nil {
		return "", err
	}
	style, numeric := firstText(o.text("style"), "long"), firstText(o.text("numeric"), "always")
	if !slices.Contains([]string{"long", "short", "narrow"}, style) {
		return "", throw("Value %s out of range for Intl.RelativeTimeFormat options property style", style)
	}
	if numeric != "always" && numeric != "auto" {
		return "", throw("Value %s out of range for Intl.RelativeTimeFormat options property numeric", numeric)
	}
	table, ok := t.Relative[style+" "+strings.TrimSuffix(unit, "s")]
	if !ok {
		return "", throw("Invalid unit argument for format() '%s'", unit)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "", throw("Invalid time value")
	}
	negative := math.Signbit(v)
	key := numberText(v)
	if v == 0 && negative {
		key = "-0"
	}
	if word, ok := table.Words[key]; ok && numeric == "auto" {
		return word, nil
	}
	f, err := l.numberFormat(Fields{})
	if err != nil {
		return "", err
	}
	text, plural := f.number(math.Abs(v))
	by := table.Future
	if negative {
		by = table.Past
	}
	return strings.Replace(firstText(by[plural], by["other"]), "{n}", text, 1), nil
}

// listFormat is Intl.ListFormat(locale, {type, style}).format(words).
func (l *locale) listFormat(o Fields, words []string) (string, error) {
	t, err := l.intl()
	if err != nil {
		return "", err
	}
	kind, style := firstText(o.text("type"), "conjunction"), firstText(o.text("style"), "long")
	glue, ok := t.List[kind+" "+style]
	if !ok {
		return "", throw("Value %s out of range for Intl.ListFormat options property style", style)
	}
	var b strings.Builder
	for i, word := range words {
		switch {
		case i == 0:
		case len(words) == 2:
			b.WriteString(spanishGlue(t.name, glue[0], word))
		case i == len(words)-1:
			b.WriteString(spanishGlue(t.name, glue[3], word))
		case i == 1:
			b.WriteString(glue[1])
		default:
			b.WriteString(glue[2])
		}
		b.WriteString(word)
	}
	return b.String(), nil
}

// spanishGlue is e for y before i, and u for o before o.
func spanishGlue(name, glue, next string) string {
	if !strings.HasPrefix(name, "es") {
		return glue
	}
	next = strings.ToLower(next)
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(next, p) })
	}
	switch {
	case strings.HasSuffix(glue, " y ") && has("i", "hi", "í", "hí") && !has("hia", "hie", "hio", "hiu"):
		return strings.TrimSuffix(glue, "y ") + "e "
	case strings.HasSuffix(glue, " o ") && has("o", "ho", "ó", "hó", "8"):
		return strings.TrimSuffix(glue, "o ") + "u "
	}
	return glue
}
