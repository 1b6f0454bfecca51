package luxon

import "strings"

// parsed is what a text says of a date.
type parsed struct {
	units dateUnits
	found bool  // any unit
	zone  *zone // nil if the text names none
}

// scanner reads a text from the left; after a failure nothing more is read.
type scanner struct {
	s    string
	fail bool
}

func (p *scanner) done() bool { return !p.fail && p.s == "" }

// digits reads exactly n digits.
func (p *scanner) digits(n int) (string, bool) {
	if p.fail || len(p.s) < n || !isDigits(p.s[:n]) {
		return "", false
	}
	text := p.s[:n]
	p.s = p.s[n:]
	return text, true
}

func (p *scanner) skip(set string) bool {
	if p.s == "" || strings.IndexByte(set, p.s[0]) < 0 {
		return false
	}
	p.s = p.s[1:]
	return true
}

func (u *dateUnits) putText(unit int, digits string) { u.put(unit, leadingInt(digits)) }

// afterDash reads an optional dash and n digits, or nothing at all.
func (p *scanner) after(separator string, n int) (string, bool) {
	rest := p.s
	p.skip(separator)
	text, ok := p.digits(n)
	if !ok {
		p.s = rest
	}
	return text, ok
}

// parseISO reads an ISO 8601 date, or a time of today.
func parseISO(text string) (parsed, bool) {
	for shape := range 3 {
		p, out := scanner{s: text}, parsed{found: true}
		switch shape {
		case 0:
			scanCalendarDate(&p, &out.units)
		case 1:
			scanWeekDate(&p, &out.units)
		case 2:
			scanOrdinalDate(&p, &out.units)
		}
		if p.skip("Tt") && !p.fail {
			p.clock(&out.units)
			p.isoZone(&out)
		} else {
			midnight(&out.units)
		}
		if p.done() {
			return out, true
		}
	}
	p, out := scanner{s: text}, parsed{found: true}
	p.clock(&out.units)
	p.isoZone(&out)
	return out, p.done()
}

// midnight sets the time as Luxon's parser does where there is none; the milliseconds stay open.
func midnight(u *dateUnits) {
	u.put(uHour, 0)
	u.put(uMinute, 0)
	u.put(uSecond, 0)
}

func scanCalendarDate(p *scanner, u *dateUnits) {
	if p.s != "" && (p.s[0] == '+' || p.s[0] == '-') {
		sign := p.s[0]
		p.s = p.s[1:]
		year, ok := p.digits(6)
		p.fail = !ok
		u.putText(uYear, year)
		if sign == '-' {
			u.v[uYear] = -u.v[uYear]
		}
	} else {
		year, ok := p.digits(4)
		p.fail = !ok
		u.putText(uYear, year)
	}
	u.put(uMonth, 1)
	u.put(uDay, 1)
	if month, ok := p.after("-", 2); ok {
		u.putText(uMonth, month)
		if day, ok := p.after("-", 2); ok {
			u.putText(uDay, day)
		}
	}
}

func scanWeekDate(p *scanner, u *dateUnits) {
	year, ok := p.digits(4)
	p.skip("-")
	if !ok || !p.skip("W") {
		p.fail = true
		return
	}
	week, ok := p.digits(2)
	p.fail = !ok
	u.putText(uWeekYear, year)
	u.putText(uWeekNumber, week)
	if day, ok := p.after("-", 1); ok {
		u.putText(uWeekday, day)
	}
}

func scanOrdinalDate(p *scanner, u *dateUnits) {
	year, ok := p.digits(4)
	day, ok2 := p.after("-", 3)
	p.fail = !ok || !ok2
	u.putText(uYear, year)
	u.putText(uOrdinal, day)
}

// clock reads 10, 10:20, 10:20:30.4 or the same without colons.
func (p *scanner) clock(u *dateUnits) {
	midnight(u)
	hour, ok := p.digits(2)
	if !ok {
		p.fail = true
		return
	}
	u.putText(uHour, hour)
	for _, unit := range []int{uMinute, uSecond} {
		text, ok := p.after(":", 2)
		if !ok {
			return
		}
		u.putText(unit, text)
	}
	rest := p.s
	if !p.skip(".,") {
		return
	}
	n := 0
	for n < len(p.s) && n < 30 && p.s[n] >= '0' && p.s[n] <= '9' {
		n++
	}
	if n == 0 {
		p.s = rest
		return
	}
	u.put(uMillisecond, millisOfFraction(p.s[:n]))
	p.s = p.s[n:]
}

// offset reads Z, +02, +0200 or +02:00.
func (p *scanner) offset() *zone {
	if p.skip("Zz") {
		return utcZone
	}
	if p.s == "" || p.s[0] != '+' && p.s[0] != '-' {
		return nil
	}
	rest := p.s
	p.s = p.s[1:]
	hours, ok := p.digits(2)
	if !ok {
		p.s = rest
		return nil
	}
	minutes, _ := p.after(":", 2)
	return fixedZone(signedOffset(rest[:1]+hours, minutes))
}

// isoZone reads an offset and the name of a zone in brackets; the name counts then.
func (p *scanner) isoZone(out *parsed) {
	if p.fail {
		return
	}
	out.zone = p.offset()
	if strings.HasPrefix(p.s, "[") && strings.HasSuffix(p.s, "]") {
		name := p.s[1 : len(p.s)-1]
		if !isZoneName(name) {
			p.fail = true
			return
		}
		out.zone = ianaZone(name)
		p.s = ""
	}
}

// isZoneName reports whether a text looks like the name of a zone.
func isZoneName(s string) bool {
	parts := strings.Split(s, "/")
	for i, part := range parts {
		allowed := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_+-"
		if i > 0 {
			allowed += "0123456789"
		}
		if i == 0 && len(parts) > 1 {
			part = strings.TrimSuffix(part, ":")
		}
		if part == "" || len(part) > 256 || strings.Trim(part, allowed) != "" {
			return false
		}
	}
	return len(parts) <= 3
}

// parseSQL reads 2024-05-06 07:08:09.123 +02:00, with a zone's name for the offset, or a time alone.
func parseSQL(text string) (parsed, bool) {
	p, out := scanner{s: text}, parsed{found: true}
	if len(text) >= 10 && text[4] == '-' && text[7] == '-' {
		for i, unit := range []int{uYear, uMonth, uDay} {
			digits, ok := p.digits([]int{4, 2, 2}[i])
			if p.fail = p.fail || !ok; i < 2 {
				p.skip("-")
			}
			out.units.putText(unit, digits)
		}
		if !p.skip(" ") {
			midnight(&out.units)
			return out, p.done()
		}
	}
	p.clock(&out.units)
	if p.done() {
		return out, true
	}
	p.skip(" ")
	rest := p.s
	if out.zone = p.offset(); p.done() {
		return out, true
	}
	if out.zone = nil; isZoneName(rest) && !p.fail {
		out.zone = ianaZone(rest)
		return out, true
	}
	return out, false
}

// isoTimeOnly reads a time without an offset.
func isoTimeOnly(text string) (dateUnits, bool) {
	p := scanner{s: strings.TrimPrefix(text, "T")}
	var u dateUnits
	p.clock(&u)
	return u, p.done()
}
