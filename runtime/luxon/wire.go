package luxon

import (
	"math"

	"github.com/tidwall/gjson"
)

// The wire form is JSON: an object with the class in c, and what a copy needs beside it.

func appendLocale(dst []byte, l *locale) []byte {
	dst = append(append(dst, `,"l":[`...), quoted(l.name)...)
	for _, text := range []string{l.specified, l.digits, l.calendar} {
		dst = append(append(dst, ','), quoted(text)...)
	}
	if w := l.weeks; w != nil {
		dst = append(append(append(dst, `,[`...), numberText(w.firstDay)+","+numberText(w.minimalDays)...), ']')
		dst = append(dst, ",["...)
		for i, day := range w.weekend {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, numberText(day)...)
		}
		dst = append(dst, ']')
	}
	return append(dst, ']')
}

func (s *scope) readLocale(r gjson.Result) *locale {
	parts := r.Array()
	if len(parts) < 4 {
		return s.locale
	}
	l := &locale{name: parts[0].Str, specified: parts[1].Str, digits: parts[2].Str, calendar: parts[3].Str}
	if len(parts) > 5 {
		l.weeks = &weekSettings{firstDay: parts[4].Get("0").Num, minimalDays: parts[4].Get("1").Num}
		for _, day := range parts[5].Array() {
			l.weeks.weekend = append(l.weeks.weekend, day.Num)
		}
	}
	if d := s.locale; l.weeks == nil && *l == *d {
		return d
	}
	return l
}

func appendInvalid(dst []byte, why *invalid) []byte {
	if why == nil {
		return dst
	}
	dst = append(append(dst, `,"i":[`...), quoted(why.reason)...)
	if text, ok := why.explanation.(string); ok {
		dst = append(append(dst, ','), quoted(text)...)
	}
	return append(dst, ']')
}

func readInvalid(r gjson.Result) *invalid {
	if !r.Exists() {
		return nil
	}
	why := &invalid{r.Get("0").Str, nil}
	if e := r.Get("1"); e.Exists() {
		why.explanation = e.Str
	}
	return why
}

// AppendWire appends JSON text that FromWire reads.
func (d DateTime) AppendWire(dst []byte) []byte {
	if d.env == nil {
		d = Invalid()
	}
	dst = append(dst, `{"c":"DateTime","t":`...)
	if math.IsNaN(d.ts) {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, numberText(d.ts)...)
	}
	dst = d.zone.AppendWire(append(dst, `,"z":`...))
	return append(appendInvalid(appendLocale(dst, d.loc), d.bad), '}')
}

// AppendWire appends JSON text that FromWire reads.
func (d Duration) AppendWire(dst []byte) []byte {
	dst = append(dst, `{"c":"Duration","v":[`...)
	for i, unit := range d.order[:d.n] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, numberText(float64(unit))...), ","+numberText(d.v[unit])...)
	}
	dst = append(append(dst, `],"a":`...), quoted(d.accuracy)...)
	if d.m == casual && d.accuracy == "longterm" { // renamed only; see reconfigure
		dst = append(dst, `,"m":"casual"`...)
	} else if d.m != casual && d.m != longterm {
		dst = append(dst, `,"m":[`...)
		for i := range d.m {
			for j, v := range d.m[i] {
				if i+j > 0 {
					dst = append(dst, ',')
				}
				dst = append(dst, numberText(v)...)
			}
		}
		dst = append(dst, ']')
	}
	return append(appendInvalid(appendLocale(dst, d.loc), d.bad), '}')
}

// AppendWire appends JSON text that FromWire reads.
func (i Interval) AppendWire(dst []byte) []byte {
	dst = append(dst, `{"c":"Interval"`...)
	if i.valid() {
		dst = i.s.AppendWire(append(dst, `,"s":`...))
		dst = i.e.AppendWire(append(dst, `,"e":`...))
	}
	return append(appendInvalid(dst, i.bad), '}')
}

// AppendWire appends JSON text that FromWire reads.
func (z *zone) AppendWire(dst []byte) []byte {
	dst = append(append(dst, `{"c":`...), quoted(z.class)...)
	if z.class == "FixedOffsetZone" {
		if !math.IsNaN(z.fixed) {
			dst = append(append(dst, `,"o":`...), numberText(z.fixed)...)
		}
		return append(dst, '}')
	}
	return append(append(append(dst, `,"n":`...), quoted(z.name)...), '}')
}

// AppendWire appends JSON text that FromWire reads.
func (p *formatParser) AppendWire(dst []byte) []byte {
	dst = append(append(dst, `{"c":"TokenParser","f":`...), quoted(p.format)...)
	return append(appendLocale(dst, p.loc), '}')
}

// FromWire reads what AppendWire wrote; a text that it did not write is an error.
func FromWire(r gjson.Result, env Env) (Object, error) { return env.scope().fromWire(r) }

func (s *scope) fromWire(r gjson.Result) (Object, error) {
	switch r.Get("c").Str {
	case "DateTime":
		return s.wireDate(r)
	case "Duration":
		return s.wireDuration(r), nil
	case "Interval":
		i := Interval{bad: readInvalid(r.Get("i")), env: s}
		if i.bad != nil {
			return i, nil
		}
		var err error
		if i.s, err = s.wireDate(r.Get("s")); err != nil {
			return nil, err
		}
		i.e, err = s.wireDate(r.Get("e"))
		return i, err
	case "TokenParser":
		return s.formatParser(s.readLocale(r.Get("l")), r.Get("f").Str)
	}
	return s.wireZone(r)
}

func (s *scope) wireZone(r gjson.Result) (*zone, error) {
	switch name := r.Get("n").Str; r.Get("c").Str {
	case "IANAZone":
		if name == s.zone.name && s.zone.class == "IANAZone" {
			return s.zone, nil
		}
		return ianaZone(name), nil
	case "FixedOffsetZone":
		if !r.Get("o").Exists() {
			return fixedZone(nan), nil
		}
		return fixedZone(r.Get("o").Num), nil
	case "SystemZone":
		return s.system, nil
	case "InvalidZone":
		return &zone{class: "InvalidZone", name: name}, nil
	}
	return nil, throw("no object of Luxon: %s", r.Raw)
}

func (s *scope) wireDate(r gjson.Result) (DateTime, error) {
	z, err := s.wireZone(r.Get("z"))
	if err != nil {
		return DateTime{}, err
	}
	ts := nan
	if t := r.Get("t"); t.Type == gjson.Number {
		ts = t.Num
	}
	d := s.date(ts, z, s.readLocale(r.Get("l")))
	if why := readInvalid(r.Get("i")); why != nil {
		d.bad = why
	}
	return d, nil
}

func (s *scope) wireDuration(r gjson.Result) Duration {
	var m *matrix
	if r.Get("m").Str == "casual" {
		m = casual
	} else if cells := r.Get("m").Array(); len(cells) == dCount*dCount {
		m = &matrix{}
		for i, v := range cells {
			m[i/dCount][i%dCount] = v.Num
		}
	}
	d := s.newDuration(s.readLocale(r.Get("l")), r.Get("a").Str, m)
	values := r.Get("v").Array()
	for i := 0; i+1 < len(values); i += 2 {
		if unit := int(values[i].Num); unit >= 0 && unit < dCount {
			d.put(unit, values[i+1].Num)
		}
	}
	d.bad = readInvalid(r.Get("i"))
	return d
}
