package luxon

import (
	"math"
	"strings"
)

// Units of durations, from the largest.
const (
	dYears = iota
	dQuarters
	dMonths
	dWeeks
	dDays
	dHours
	dMinutes
	dSeconds
	dMilliseconds
	dCount
)

var durationUnits = [dCount]string{"years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds"}

// durationUnit reads the name of a unit, in the singular or the plural.
func durationUnit(v any) (int, error) {
	name, ok := v.(string)
	if !ok {
		if truthy(v) {
			return 0, throw("unit.toLowerCase is not a function")
		}
		return 0, throw("Invalid unit %s", toText(v))
	}
	for i, u := range durationUnits {
		if strings.EqualFold(name, u) || strings.EqualFold(name, u[:len(u)-1]) {
			return i, nil
		}
	}
	return 0, throw("Invalid unit %s", name)
}

// matrix says how many of a lower unit a higher one has; zero is not known.
type matrix [dCount][dCount]float64

func (m *matrix) toMillis(unit int) float64 {
	if unit == dMilliseconds {
		return 1
	}
	return m[unit][dMilliseconds]
}

// makeMatrix fills a matrix for years of so many days, months of so many and so on.
func makeMatrix(yearDays, quarterDays, monthDays, yearWeeks, quarterWeeks, monthWeeks float64) *matrix {
	m := &matrix{}
	days := [dCount]float64{dYears: yearDays, dQuarters: quarterDays, dMonths: monthDays, dWeeks: 7, dDays: 1}
	for unit := dYears; unit <= dDays; unit++ {
		m[unit][dDays] = days[unit]
		m[unit][dHours] = days[unit] * 24
		m[unit][dMinutes] = days[unit] * 24 * 60
		m[unit][dSeconds] = days[unit] * 24 * 60 * 60
		m[unit][dMilliseconds] = days[unit] * 24 * 60 * 60 * 1000
	}
	m[dDays][dDays] = 0
	m[dYears][dQuarters], m[dYears][dMonths], m[dYears][dWeeks] = 4, 12, yearWeeks
	m[dQuarters][dMonths], m[dQuarters][dWeeks] = 3, quarterWeeks
	m[dMonths][dWeeks] = monthWeeks
	m[dHours] = [dCount]float64{dMinutes: 60, dSeconds: 3600, dMilliseconds: 3_600_000}
	m[dMinutes] = [dCount]float64{dSeconds: 60, dMilliseconds: 60_000}
	m[dSeconds] = [dCount]float64{dMilliseconds: 1000}
	return m
}

// The lengths are variables: constants would be divided exactly, JavaScript rounds each step.
var (
	longYear  = 146097.0 / 400 // days of an average year
	longMonth = 146097.0 / 4800
	casual    = makeMatrix(365, 91, 30, 52, 13, 4)
	longterm  = makeMatrix(longYear, longYear/4, longMonth, longYear/7, longYear/28, longMonth/7)
)

// Duration is a length of time in units that may stay apart: months are not so many days.
type Duration struct {
	v        [dCount]float64
	order    [dCount]int8 // of the units that are there, as JavaScript keeps an object's members
	n        int8
	loc      *locale
	accuracy string // casual or longterm
	m        *matrix
	bad      *invalid
	env      *scope
}

var _ Object = Duration{}

func (s *scope) newDuration(l *locale, accuracy string, m *matrix) Duration {
	d := Duration{loc: l, accuracy: "casual", m: m, env: s}
	if accuracy == "longterm" {
		d.accuracy = accuracy
	}
	if m == nil {
		d.m = casual
		if d.accuracy == "longterm" {
			d.m = longterm
		}
	}
	return d
}

func (s *scope) invalidDuration(reason string, explanation any) Duration {
	d := s.newDuration(s.locale, "", nil)
	d.bad = &invalid{reason, explanation}
	return d
}

// has reports whether the duration has a unit, be it zero.
func (d *Duration) has(unit int) bool {
	for _, u := range d.order[:d.n] {
		if int(u) == unit {
			return true
		}
	}
	return false
}

// put sets a unit.
func (d *Duration) put(unit int, v float64) {
	if !d.has(unit) {
		d.order[d.n] = int8(unit)
		d.n++
	}
	d.v[unit] = v
}

// empty is the duration without its units.
func (d Duration) empty() Duration {
	d.v, d.n = [dCount]float64{}, 0
	return d
}

func (d Duration) valid() bool { return d.bad == nil }

// millis is the length in milliseconds, NaN if the duration is invalid.
func (d Duration) millis() float64 {
	if !d.valid() {
		return math.NaN()
	}
	return d.sum()
}

func (d *Duration) sum() float64 {
	sum := d.v[dMilliseconds]
	for unit := dSeconds; unit >= dYears; unit-- {
		if d.v[unit] != 0 {
			sum += d.v[unit] * d.m[unit][dMilliseconds]
		}
	}
	return sum
}

// readDuration reads {days: 1} and its options.
func (s *scope) durationFrom(v any, o Fields) (Duration, error) {
	if v == nil || typeOf(v) != "object" {
		kind := typeOf(v)
		if v == nil {
			kind = "null"
		}
		return Duration{}, throw("Duration.fromObject: argument expected to be an object, got %s", kind)
	}
	l, err := s.localeFrom(o)
	if err != nil {
		return Duration{}, err
	}
	m, err := readMatrix(o.Get("matrix"))
	if err != nil {
		return Duration{}, err
	}
	d := s.newDuration(l, o.text("conversionAccuracy"), m)
	return d, d.read(fieldsOf(v))
}

// read sets the units of an object.
func (d *Duration) read(fields Fields) error {
	for _, f := range fields {
		if isNullish(f.Value) {
			continue
		}
		unit, err := durationUnit(f.Name)
		if err != nil {
			return err
		}
		v, err := unitNumber(plain(f.Value))
		if err != nil {
			return err
		}
		d.put(unit, v)
	}
	return nil
}

// readMatrix reads {months: {days: 31}}.
func readMatrix(v any) (*matrix, error) {
	fields, ok := v.(Fields)
	if !ok {
		return nil, nil
	}
	m := &matrix{}
	for _, row := range fields {
		from, err := durationUnit(row.Name)
		if err != nil {
			return nil, err
		}
		for _, cell := range fieldsOf(plain(row.Value)) {
			to, err := durationUnit(cell.Name)
			if err != nil {
				return nil, err
			}
			m[from][to] = toNumber(cell.Value)
		}
	}
	return m, nil
}

// durationLike is a duration of what plus and minus take: milliseconds, an object or a duration.
func (s *scope) durationLike(v any) (Duration, error) {
	switch v := v.(type) {
	case float64:
		return s.durationFrom(Fields{{"milliseconds", v}}, nil)
	case Duration:
		return v, nil
	}
	if typeOf(v) != "object" {
		return Duration{}, throw("Unknown duration argument %s of type %s", toText(v), typeOf(v))
	}
	return s.durationFrom(v, nil)
}

func (d Duration) plus(other Duration) Duration {
	out := d.empty()
	for unit := dYears; unit < dCount; unit++ {
		if d.has(unit) || other.has(unit) {
			out.put(unit, other.value(unit)+d.value(unit))
		}
	}
	return out
}

// value is a unit's getter: NaN for an invalid duration.
func (d *Duration) value(unit int) float64 {
	if !d.valid() {
		return math.NaN()
	}
	return d.v[unit] + 0
}

func (d Duration) negate() Duration {
	for i, v := range d.v {
		if v != 0 {
			d.v[i] = -v
		} else {
			d.v[i] = 0
		}
	}
	return d
}

// normalize carries units over into higher ones, and fractions into lower ones, as far as these are there.
func (d Duration) normalize() Duration {
	factor := 1.0
	if d.sum() < 0 {
		factor = -1
	}
	previous := -1
	for unit := dMilliseconds; unit >= dYears; unit-- {
		if !d.has(unit) {
			continue
		}
		if previous >= 0 {
			value := d.v[previous] * factor
			conv := d.m[unit][previous]
			rollUp := math.Floor(value / conv)
			d.v[unit] += rollUp * factor
			d.v[previous] -= rollUp * conv * factor
		}
		previous = unit
	}
	previous = -1
	for unit := dYears; unit < dCount; unit++ {
		if !d.has(unit) {
			continue
		}
		if previous >= 0 {
			fraction := math.Mod(d.v[previous], 1)
			d.v[previous] -= fraction
			d.v[unit] += fraction * d.m[previous][unit]
		}
		previous = unit
	}
	return d
}

// shiftTo puts the whole length into some units.
func (d Duration) shiftTo(units []int) Duration {
	if len(units) == 0 || !d.valid() {
		return d
	}
	asked := [dCount]bool{}
	for _, u := range units {
		asked[u] = true
	}
	built, last := d.empty(), 0
	var accumulated [dCount]float64
	var order []int // in which they came
	keep := func(unit int, v float64) {
		accumulated[unit] = v
		order = append(order, unit)
	}
	for unit := dYears; unit < dCount; unit++ {
		if !asked[unit] {
			if d.has(unit) {
				keep(unit, d.v[unit])
			}
			continue
		}
		last = unit
		own := 0.0
		for _, a := range order {
			own += d.m[a][unit] * accumulated[a]
			accumulated[a] = 0
		}
		if d.has(unit) {
			own += d.v[unit]
		}
		whole := math.Trunc(own)
		built.put(unit, whole)
		keep(unit, (own*1000-whole*1000)/1000)
	}
	for _, a := range order {
		switch {
		case accumulated[a] == 0:
		case a == last:
			built.v[last] += accumulated[a]
		default:
			built.v[last] += accumulated[a] / d.m[last][a]
		}
	}
	return built.normalize()
}

var allShifted = []int{dYears, dMonths, dWeeks, dDays, dHours, dMinutes, dSeconds, dMilliseconds}

func (d Duration) withoutZeros() Duration {
	out := d.empty()
	for _, unit := range d.order[:d.n] {
		if d.v[unit] != 0 {
			out.put(int(unit), d.v[unit])
		}
	}
	return out
}

func (d Duration) equals(other Duration) bool {
	return d.valid() && other.valid() && d.loc.equals(other.loc) && d.v == other.v
}

// object is toObject.
func (d Duration) object() Fields {
	fields := Fields{}
	if d.valid() {
		for _, unit := range d.order[:d.n] {
			fields = append(fields, Field{durationUnits[unit], d.v[unit]})
		}
	}
	return fields
}

// as is the length in one unit.
func (d Duration) as(unit int) float64 {
	if !d.valid() {
		return math.NaN()
	}
	shifted := d.shiftTo([]int{unit})
	return shifted.v[unit]
}
