package files

import (
	"math"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// kind is what a cell of a spreadsheet holds.
type kind uint8

const (
	blank   kind = iota // nothing: there is no such cell
	null                // a cell without a value
	number              // num
	boolean             // num is 1 or 0
	text                // text
	failure             // text is the name of the error, "#DIV/0!"
	date                // text is an instant in ISO form, num the day number that stands for it
)

// cell is a cell of a spreadsheet.
type cell struct {
	kind   kind
	num    float64
	text   string
	format string // the number format, "" for General
	label  string // what the file says that a number shows
}

// json appends a cell's value; ok is false for one that gives an item nothing.
func (c cell) json(dst []byte) (_ []byte, ok bool) {
	switch c.kind {
	case number:
		if math.IsNaN(c.num) || math.IsInf(c.num, 0) {
			return append(dst, "null"...), true
		}
		return nodes.AppendNumber(dst, c.num), true
	case boolean:
		return strconv.AppendBool(dst, c.num != 0), true
	case text:
		return nodes.AppendString(dst, c.text), true
	case date:
		if c.text == "" {
			return append(dst, "null"...), true
		}
		return nodes.AppendString(dst, c.text), true
	case failure:
		if c.text == "#NULL!" {
			return append(dst, "null"...), true
		}
	}
	return dst, false
}

// shown is the text that a cell shows: what names a column, and what formats of plain text hold.
func (c cell) shown() string {
	switch c.kind {
	case number, date:
		if c.label != "" {
			return c.label
		}
		return formatNumber(c.num, c.format)
	case boolean:
		if c.num != 0 {
			return "TRUE"
		}
		return "FALSE"
	case text, failure:
		return c.text
	}
	return ""
}

// general writes a number as spreadsheets show it where no format is set: at most 11 characters, 1.23457E+19. Recorded from
// n8n (SheetJS).
func general(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<31 {
		return strconv.FormatInt(int64(f), 10)
	}
	width := 11
	if f < 0 {
		width = 12
	}
	var s string
	switch power := int(math.Floor(math.Log10(math.Abs(f)))); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return string(nodes.AppendNumber(nil, f))
	case power >= -4 && power <= -1:
		s = precision(f, 10+power)
	case power >= -9 && power <= 9:
		if s = trimZeros(halfUp(f, 'f', 12)); len(s) > width {
			if s = precision(f, 10); len(s) > width {
				s = exponent(f, 5)
			}
		}
	case power == 10:
		s = halfUp(f, 'f', 10)
		s = s[:min(12, len(s))]
	default:
		if s = trimZeros(halfUp(f, 'f', 11)); len(s) > width || s == "0" || s == "-0" {
			s = precision(f, 6)
		}
	}
	return trimZeros(trimExponent(s))
}

// halfUp formats a number as JavaScript does: what lies just between two goes away from zero.
func halfUp(f float64, form byte, decimals int) string {
	const further = 30
	long := strconv.FormatFloat(f, form, decimals+further, 64)
	if form == 'E' {
		long = long[:strings.IndexByte(long, 'E')]
	}
	if strings.HasSuffix(long, "5"+strings.Repeat("0", further-1)) {
		f = math.Nextafter(f, math.Copysign(math.Inf(1), f))
	}
	return strconv.FormatFloat(f, form, decimals, 64)
}

// precision is JavaScript's toPrecision, with a capital E.
func precision(f float64, digits int) string {
	e := exponent(f, digits-1)
	power, err := strconv.Atoi(e[strings.IndexByte(e, 'E')+1:])
	if err == nil && power >= -6 && power < digits {
		return halfUp(f, 'f', digits-1-power)
	}
	return e
}

// exponent is JavaScript's toExponential, with a capital E.
func exponent(f float64, decimals int) string {
	s := halfUp(f, 'E', decimals)
	// Go writes two digits of the exponent at least.
	i := strings.IndexByte(s, 'E')
	if digits := strings.TrimLeft(s[i+2:], "0"); digits != "" {
		return s[:i+2] + digits
	}
	return s[:i+2] + "0"
}

// trimZeros takes the zeros off the end of a decimal fraction.
func trimZeros(s string) string {
	if !strings.Contains(s, ".") || strings.Contains(s, "E") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// trimExponent takes the zeros off the end of a fraction before an exponent, and writes the exponent with two digits at least.
func trimExponent(s string) string {
	i := strings.IndexByte(s, 'E')
	if i < 0 {
		return s
	}
	digits := s[i+2:]
	if len(digits) == 1 {
		digits = "0" + digits
	}
	return trimZeros(s[:i]) + s[i:i+2] + digits
}
