package luxon

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// numberTable is how a locale writes numbers. Patterns hold the number as {n}.
type numberTable struct {
	Decimal, Group, Minus, Plus, NaN, Infinity, Exponent string
	Groups                                               [2]int // digits of the last group, and of the others
	MinGroup, MoneyMinGroup                              int    // digits that must stand before the first separator
	MoneyDecimal, MoneyGroup                             string
	Percent                                              [2]string // positive, negative
	Plurals                                              []string
	Currency                                             map[string]currencyRow
	Unit                                                 map[string][3]map[string]string // long, short, narrow: by plural
	Compact                                              map[string][]map[string]any     // from 10^3
}

// numberFormat is an Intl.NumberFormat.
type numberFormat struct {
	t                                       *tables
	digits                                  string
	style, unit, unitDisplay                string
	currency, currencyDisplay, currencySign string
	notation, compactDisplay, sign          string
	grouping                                string // auto, always, min2 or false
	minInteger, minFraction, maxFraction    int
	minSignificant, maxSignificant          int // 0 is not asked for
	roundingMode, trailingZeros             string
	roundByCompact                          bool
}

var numberValues = pairs[string, string]{
	{"style", "decimal percent currency unit"}, {"unitDisplay", "long short narrow"}, {"currencyDisplay", "symbol narrowSymbol code name"},
	{"currencySign", "standard accounting"}, {"notation", "standard scientific engineering compact"}, {"compactDisplay", "short long"},
	{"signDisplay", "auto always never exceptZero negative"},
	{"roundingMode", "ceil floor expand trunc halfCeil halfFloor halfExpand halfTrunc halfEven"}, {"trailingZeroDisplay", "auto stripIfInteger"},
	{"roundingPriority", "auto morePrecision lessPrecision"},
}

func (l *locale) numberFormat(o Fields) (*numberFormat, error) {
	t, err := l.intl()
	if err != nil {
		return nil, err
	}
	for _, p := range numberValues {
		name, values := p.key, p.value
		if v := o.Get(name); !isUndefined(v) && !strings.Contains(" "+values+" ", " "+toText(v)+" ") {
			return nil, throw("Value %s out of range for Intl.NumberFormat options property %s", toText(v), name)
		}
	}
	or := func(name, otherwise string) string { return firstText(o.text(name), otherwise) }
	f := &numberFormat{
		t: t, digits: or("numberingSystem", l.digits), style: or("style", "decimal"), unit: o.text("unit"), unitDisplay: or("unitDisplay", "short"),
		currency: strings.ToUpper(o.text("currency")), currencyDisplay: or("currencyDisplay", "symbol"), currencySign: or("currencySign", "standard"),
		notation: or("notation", "standard"), compactDisplay: or("compactDisplay", "short"), sign: or("signDisplay", "auto"),
		roundingMode: or("roundingMode", "halfExpand"), trailingZeros: or("trailingZeroDisplay", "auto"),
	}
	for _, name := range []string{"roundingIncrement", "roundingPriority"} {
		if v := o.Get(name); !isUndefined(v) && v != 1.0 && v != "auto" {
			return nil, notYet("the option %s", name)
		}
	}
	if err := f.checkStyle(); err != nil {
		return nil, err
	}
	f.grouping = "auto"
	if f.notation == "compact" {
		f.grouping = "min2"
	}
	switch v := o.Get("useGrouping").(type) {
	case Undefined:
	case string:
		f.grouping = v
		if v == "true" || v == "false" { // as ECMA-402 has it, the texts mean the default
			f.grouping = "auto"
		}
	case bool:
		f.grouping = map[bool]string{true: "always", false: "false"}[v]
	default:
		if !truthy(v) {
			f.grouping = "false"
		}
	}
	return f, f.readDigits(o)
}

func (f *numberFormat) checkStyle() error {
	switch f.style {
	case "currency":
		if f.currency == "" {
			return throw("Currency code is required with currency style.")
		}
		if len(f.currency) != 3 || !isLetters(f.currency) {
			return throw("Invalid currency code : %s", f.currency)
		}
	case "unit":
		if f.unit == "" {
			return throw("Required unit argument is undefined")
		}
		if _, ok := f.t.Numbers.Unit[f.unit]; ok {
			return nil
		}
		for _, u := range strings.SplitN(f.unit, "-per-", 2) {
			if _, ok := f.t.Numbers.Unit[u]; !ok {
				return throw("Invalid unit argument for Intl.NumberFormat() '%s'", f.unit)
			}
		}
		return notYet("the unit %s", f.unit)
	}
	if f.notation == "engineering" || f.notation == "scientific" && f.style != "decimal" {
		return notYet("the notation %s", f.notation)
	}
	return nil
}

// readDigits reads how many digits are shown (ECMA-402, SetNumberFormatDigitOptions).
func (f *numberFormat) readDigits(o Fields) error {
	low, high := 0, 3
	switch {
	case f.style == "currency" && f.notation == "standard":
		low = 2
		if n, ok := common().Digits[f.currency]; ok {
			low = n
		}
		high = low
	case f.style == "percent" || f.notation == "compact":
		high = 0
	}
	read := func(name string, least, most, otherwise int) (int, error) {
		v := o.Get(name)
		if isUndefined(v) {
			return otherwise, nil
		}
		n := math.Floor(toNumber(v))
		if !(n >= float64(least) && n <= float64(most)) {
			return 0, throw("%s value is out of range.", name)
		}
		return int(n), nil
	}
	var err error
	if f.minInteger, err = read("minimumIntegerDigits", 1, 21, 1); err != nil {
		return err
	}
	significant := o.has("minimumSignificantDigits") || o.has("maximumSignificantDigits")
	fraction := o.has("minimumFractionDigits") || o.has("maximumFractionDigits")
	if significant {
		if f.minSignificant, err = read("minimumSignificantDigits", 1, 21, 1); err != nil {
			return err
		}
		f.maxSignificant, err = read("maximumSignificantDigits", f.minSignificant, 21, 21)
		return err
	}
	if !fraction && f.notation == "compact" {
		f.roundByCompact = true
		return nil
	}
	minimum, err := read("minimumFractionDigits", 0, 100, -1)
	if err != nil {
		return err
	}
	maximum, err := read("maximumFractionDigits", 0, 100, -1)
	if err != nil {
		return err
	}
	switch {
	case minimum < 0 && maximum < 0:
		minimum, maximum = low, high
	case minimum < 0:
		minimum = min(low, maximum)
	case maximum < 0:
		maximum = max(high, minimum)
	case minimum > maximum:
		return throw("maximumFractionDigits value is out of range.")
	}
	f.minFraction, f.maxFraction = minimum, maximum
	return nil
}

// rounded is the digits of a positive number: before and after the point.
func (f *numberFormat) rounded(v float64) (whole, fraction string) {
	digits, point := decimalDigits(v)
	low, high := f.minFraction, f.maxFraction
	switch {
	case f.roundByCompact:
		digits, point = roundDigits(digits, point, max(point, 2), f.roundingMode)
		low = 0
	case f.maxSignificant > 0:
		digits, point = roundDigits(digits, point, f.maxSignificant, f.roundingMode)
		low = max(0, f.minSignificant-point)
		if v == 0 {
			low = f.minSignificant - 1
		}
	default:
		digits, point = roundDigits(digits, point, point+high, f.roundingMode)
	}
	switch {
	case point <= 0:
		whole, fraction = "0", strings.Repeat("0", -point)+digits
	case len(digits) <= point:
		whole = digits + strings.Repeat("0", point-len(digits))
	default:
		whole, fraction = digits[:point], digits[point:]
	}
	if digits == "" {
		whole, fraction = "0", ""
	}
	if fraction == "" && f.trailingZeros == "stripIfInteger" {
		low = 0
	}
	for len(fraction) < low {
		fraction += "0"
	}
	for len(whole) < f.minInteger {
		whole = "0" + whole
	}
	return whole, fraction
}

// decimalDigits are the shortest digits of a number without zeros at the ends; the point stands after so many of them.
func decimalDigits(v float64) (digits string, point int) {
	if v == 0 {
		return "", 0
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	n, err := strconv.Atoi(exponent)
	if err != nil {
		return "", 0
	}
	return strings.TrimRight(strings.Replace(mantissa, ".", "", 1), "0"), n + 1
}

// roundDigits keeps n digits.
func roundDigits(digits string, point, n int, mode string) (string, int) {
	if n >= len(digits) {
		return digits, point
	}
	if n < 0 {
		if roundsUp(strings.Repeat("0", -n)+digits, 0, mode) {
			return "1", point - n + 1
		}
		return "", 0
	}
	up := roundsUp(digits, n, mode)
	kept := []byte(digits[:n])
	for i := n - 1; up && i >= 0; i-- {
		if kept[i]++; kept[i] <= '9' {
			up = false
		} else {
			kept[i] = '0'
		}
	}
	if up {
		kept, point = append([]byte{'1'}, kept...), point+1
	}
	text := strings.TrimRight(string(kept), "0")
	if text == "" {
		return "", 0
	}
	return text, point
}

// roundsUp reports whether what follows the first n digits counts as one more; the number is positive.
func roundsUp(digits string, n int, mode string) bool {
	rest := strings.TrimRight(digits[n:], "0")
	half := strings.Compare(rest, "5")
	switch mode {
	case "ceil", "expand":
		return rest != ""
	case "floor", "trunc":
		return false
	case "halfFloor", "halfTrunc":
		return half > 0
	case "halfEven":
		return half > 0 || half == 0 && n > 0 && (digits[n-1]-'0')%2 == 1
	}
	return half >= 0
}

// forSign turns the modes that know a direction into ones for positive numbers.
func forSign(mode string, negative bool) string {
	if !negative {
		return mode
	}
	switch mode {
	case "ceil":
		return "floor"
	case "floor":
		return "ceil"
	case "halfCeil":
		return "halfFloor"
	case "halfFloor":
		return "halfCeil"
	}
	return mode
}

// arabicMarks are what Arabic digits have around them in any language.
var arabicMarks = pairs[string, numberTable]{
	{"arab", numberTable{Decimal: "\u066b", Group: "\u066c", Minus: "\u061c-", Plus: "\u061c+"}},
	{"arabext", numberTable{Decimal: "\u066b", Group: "\u066c", Minus: "\u200e-\u200e", Plus: "\u200e+\u200e"}},
}

// grouped writes a number with the separators of the locale.
func (f *numberFormat) grouped(whole, fraction string) string {
	n := f.t.Numbers
	decimal, separator, least := n.Decimal, n.Group, n.MinGroup
	if f.style == "currency" {
		decimal, separator, least = n.MoneyDecimal, n.MoneyGroup, n.MoneyMinGroup
	}
	if marks, ok := arabicMarks.get(f.digits); ok {
		decimal, separator = marks.Decimal, marks.Group
	}
	switch f.grouping {
	case "min2":
		least = 2
	case "always":
		least = 1
	case "false":
		least = math.MaxInt32
	}
	if len(whole) >= n.Groups[0]+least {
		var parts []string
		size := n.Groups[0]
		for len(whole) > size {
			parts = append(parts, whole[len(whole)-size:])
			whole = whole[:len(whole)-size]
			size = n.Groups[1]
		}
		slices.Reverse(parts)
		whole = strings.Join(append([]string{whole}, parts...), separator)
	}
	if fraction != "" {
		whole += decimal + fraction
	}
	return inDigits(whole, f.digits)
}

// number writes the digits, with what the notation adds; plural is the category of what is shown.
func (f *numberFormat) number(v float64) (text, plural string) {
	switch {
	case math.IsNaN(v):
		return f.t.Numbers.NaN, "other"
	case math.IsInf(v, 0):
		return f.t.Numbers.Infinity, "other"
	case f.notation == "compact":
		return f.compact(v)
	case f.notation == "scientific":
		digits, point := decimalDigits(v)
		if digits == "" {
			point = 1
		}
		whole, fraction := f.rounded(v / math.Pow10(point-1))
		if len(whole) > 1 { // 9.9996 is 10
			point++
			whole, fraction = f.rounded(v / math.Pow10(point-1))
		}
		return f.grouped(whole, fraction) + f.t.Numbers.Exponent + strconv.Itoa(point-1), "other"
	}
	whole, fraction := f.rounded(v)
	return f.grouped(whole, fraction), f.t.plural(whole, fraction, 0)
}

// compact is 1.2K, or 1.2 thousand.
func (f *numberFormat) compact(v float64) (text, plural string) {
	_, point := decimalDigits(v)
	rows := f.t.Numbers.Compact[f.compactDisplay]
	for range 2 { // rounding may lead to the next power of ten
		power := point - 1
		if power < 3 {
			whole, fraction := f.rounded(v)
			if len(whole) <= 3 {
				return f.grouped(whole, fraction), f.t.plural(whole, fraction, 0)
			}
			point = 4
			continue
		}
		row := rows[min(power, 14)-3]
		shown := int(toNumber(row["d"]))
		divisor := min(power, 14) - shown + 1
		whole, fraction := f.rounded(v / math.Pow10(divisor))
		if len(whole) > shown && power < 14 && len(whole) > point-divisor {
			point++
			continue
		}
		category := f.t.plural(whole, fraction, divisor)
		pattern, ok := row["="+whole].(string)
		if fraction != "" || !ok { // only some whole numbers have a word of their own
			if pattern, ok = row[category].(string); !ok {
				pattern, _ = row["other"].(string)
			}
		}
		return strings.Replace(pattern, "{n}", f.grouped(whole, fraction), 1), category
	}
	return numberText(v), "other"
}

// format is Intl.NumberFormat.format.
func (f *numberFormat) format(v float64) string {
	if f.style == "percent" {
		v *= 100
	}
	negative := math.Signbit(v) && !math.IsNaN(v)
	signed := *f
	signed.roundingMode = forSign(f.roundingMode, negative)
	text, plural := signed.number(math.Abs(v))
	zero := strings.Trim(text, "0.,") == "" && v == v
	sign := ""
	switch f.sign {
	case "auto":
		if negative {
			sign = "-"
		}
	case "always":
		sign = "+"
		if negative {
			sign = "-"
		}
	case "exceptZero":
		if !zero {
			sign = map[bool]string{true: "-", false: "+"}[negative]
			if v != v {
				sign = ""
			}
		}
	case "negative":
		if negative && !zero {
			sign = "-"
		}
	}
	return f.affixed(text, plural, sign)
}

// affixed puts sign, currency, percent sign or unit around a number.
func (f *numberFormat) affixed(text, plural, sign string) string {
	n := f.t.Numbers
	if marks, ok := arabicMarks.get(f.digits); ok {
		n.Minus, n.Plus = marks.Minus, marks.Plus
	}
	pattern, signed := "{n}", false
	switch f.style {
	case "percent":
		pattern, signed = n.Percent[0], sign != ""
		if signed {
			pattern = n.Percent[1]
		}
	case "currency":
		pattern, signed = f.currencyPattern(plural, sign)
	case "unit":
		by := n.Unit[f.unit][map[string]int{"long": 0, "short": 1, "narrow": 2}[f.unitDisplay]]
		pattern = firstText(by[plural], by["other"])
	}
	switch {
	case sign == "+" && signed: // the accounting pattern has its plus already
		pattern = strings.Replace(pattern, n.Minus, n.Plus, 1)
	case sign == "+":
		pattern = n.Plus + pattern
	case sign == "-" && !signed:
		pattern = n.Minus + pattern
	}
	return strings.Replace(pattern, "{n}", text, 1)
}
