package files

import (
	"strconv"
	"strings"
)

// builtinFormat is the number format with a number that every workbook has (ECMA-376, 18.8.30); "" for General.
func builtinFormat(id int) string {
	formats := map[int]string{
		1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "m/d/yy", 15: "d-mmm-yy",
		16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0 ;(#,##0)",
		38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0",
		48: "##0.0E+0", 49: "@",
	}
	return formats[id]
}

// formatNumber writes a number by a number format. It knows decimals, groups, percent, signs, text and dates; what else there is
// (fractions, conditions) shows the number plainly.
func formatNumber(f float64, format string) string {
	section, negative := formatSection(f, format)
	if section == "" || strings.EqualFold(section, "General") || section == "@" || strings.ContainsAny(section, "?/Ee") && !isDateFormat(section) {
		return general(f)
	}
	if isDateFormat(section) {
		return formatDate(f, section)
	}
	if negative {
		f = -f
	}
	return formatDecimal(f, section)
}

// formatSection picks what a format says of positive numbers, negative ones or zero; isNegative says that the sign is in it.
func formatSection(f float64, format string) (section string, isNegative bool) {
	sections := strings.Split(format, ";")
	switch {
	case f < 0 && len(sections) > 1:
		return plainSection(sections[1]), true
	case f == 0 && len(sections) > 2:
		return plainSection(sections[2]), false
	}
	return plainSection(sections[0]), false
}

var formatBrackets = pattern(`\[[^\]hms][^\]]*\]`)

// plainSection leaves colours and conditions out.
func plainSection(s string) string {
	return formatBrackets().ReplaceAllStringFunc(s, func(m string) string {
		if sign, ok := strings.CutPrefix(m, "[$"); ok { // a currency, with its language behind a dash
			sign, _, _ = strings.Cut(strings.TrimSuffix(sign, "]"), "-")
			return `"` + sign + `"`
		}
		return ""
	})
}

var formatLiteral = pattern(`"[^"]*"|\\.|_.|\*.`)

func isDateFormat(section string) bool {
	return strings.ContainsAny(strings.ToLower(formatLiteral().ReplaceAllString(section, "")), "ymdhs")
}

// formatDecimal writes a number by a section such as "$#,##0.00".
func formatDecimal(f float64, section string) string {
	bare := formatLiteral().ReplaceAllString(section, "")
	whole, fraction, _ := strings.Cut(bare, ".")
	decimals := strings.Count(fraction, "0") + strings.Count(fraction, "#")
	for range strings.Count(bare, "%") {
		f *= 100
	}
	for digits := strings.TrimRight(bare, " )%"); strings.HasSuffix(digits, ","); digits = digits[:len(digits)-1] {
		f /= 1000
	}
	digits := strconv.FormatFloat(f, 'f', decimals, 64)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	if strings.Contains(fraction, "#") {
		least := len(digits) - strings.Count(fraction, "#")
		for len(digits) > least && strings.HasSuffix(digits, "0") {
			digits = digits[:len(digits)-1]
		}
		digits = strings.TrimSuffix(digits, ".")
	}
	integer, rest, _ := strings.Cut(digits, ".")
	for len(integer) < strings.Count(whole, "0") {
		integer = "0" + integer
	}
	if strings.Contains(strings.Trim(whole, ","), ",") {
		for i := len(integer) - 3; i > 0; i -= 3 {
			integer = integer[:i] + "," + integer[i:]
		}
	}
	if rest != "" {
		integer += "." + rest
	}
	return placeDigits(section, sign, integer)
}

// placeDigits puts the digits where the section has its own, with what stands around them.
func placeDigits(section, sign, digits string) string {
	var b strings.Builder
	b.WriteString(sign)
	placed := false
	for i := 0; i < len(section); i++ {
		switch c := section[i]; c {
		case '"':
			end := strings.IndexByte(section[i+1:], '"')
			if end < 0 {
				end = len(section) - i - 1
			}
			b.WriteString(section[i+1 : i+1+end])
			i += end + 1
		case '\\':
			if i++; i < len(section) {
				b.WriteByte(section[i])
			}
		case '_':
			i++
			b.WriteByte(' ')
		case '*':
			i++
		case '0', '#', '.', ',':
			if !placed {
				b.WriteString(digits)
				placed = true
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
