package luxon

import (
	"math"
	"slices"
	"strings"
)

// Interval is the time from one date, included, to another, not included.
type Interval struct {
	s, e DateTime
	bad  *invalid
	env  *scope
}

var _ Object = Interval{}

func (s *scope) invalidInterval(reason string, explanation any) Interval {
	return Interval{bad: &invalid{reason, explanation}, env: s}
}

func (i Interval) valid() bool { return i.bad == nil }

// interval is fromDateTimes for two dates.
func (s *scope) interval(start, end DateTime) Interval {
	switch {
	case !start.Valid():
		return s.invalidInterval("missing or invalid start", nil)
	case !end.Valid():
		return s.invalidInterval("missing or invalid end", nil)
	case end.ts < start.ts:
		return s.invalidInterval("end before start", "The end of an interval must be after its start, but you had start="+start.String()+" and end="+end.String())
	}
	return Interval{s: start, e: end, env: s}
}

func (s *scope) intervalOf(start, end any) (Interval, error) {
	a, err := s.friendly(start)
	if err != nil {
		return Interval{}, err
	}
	b, err := s.friendly(end)
	if err != nil {
		return Interval{}, err
	}
	return s.interval(a, b), nil
}

// around is Interval.after, or before if sign is -1.
func (s *scope) around(date, duration any, sign float64) (Interval, error) {
	dur, err := s.durationLike(duration)
	if err != nil {
		return Interval{}, err
	}
	d, err := s.friendly(date)
	if err != nil {
		return Interval{}, err
	}
	if sign < 0 {
		return s.interval(d.add(dur, -1), d), nil
	}
	return s.interval(d, d.add(dur, 1)), nil
}

// intervalFromISO reads start/end, start/duration and duration/end.
func (s *scope) intervalFromISO(v any, o Fields) (any, error) {
	text := ""
	if truthy(v) {
		var ok bool
		if text, ok = v.(string); !ok {
			return nil, throw("(text || \"\").split is not a function")
		}
	}
	bad := s.invalidInterval("unparsable", `the input "`+toText(v)+`" can't be parsed as ISO 8601`)
	first, rest, _ := strings.Cut(text, "/")
	second, _, _ := strings.Cut(rest, "/")
	if first == "" || second == "" {
		return bad, nil
	}
	date := func(text string) DateTime {
		p, ok := parseISO(text)
		d, err := s.fromParsed(p, ok, o, "ISO 8601", text, Undefined{})
		if err != nil {
			return s.invalidDate(&invalid{"unparsable", nil})
		}
		return d
	}
	start, end := date(first), date(second)
	switch {
	case start.Valid() && end.Valid():
		return s.interval(start, end), nil
	case start.Valid():
		dur, err := s.durationFromISO(second, o)
		if err != nil || dur.valid() {
			return s.interval(start, start.add(dur, 1)), err
		}
	case end.Valid():
		dur, err := s.durationFromISO(first, o)
		if err != nil || dur.valid() {
			return s.interval(end.add(dur, -1), end), err
		}
	}
	return bad, nil
}

func (i Interval) isEmpty() bool { return i.s.ts == i.e.ts }

func (i Interval) contains(ms float64) bool { return i.valid() && i.s.ts <= ms && i.e.ts > ms }

// length is the duration's length in a unit.
func (i Interval) length(unit int) float64 {
	if !i.valid() {
		return math.NaN()
	}
	d := i.duration([]int{unit}, nil)
	return d.v[unit]
}

func (i Interval) duration(units []int, l *locale) Duration {
	if l == nil {
		l = i.e.loc
	}
	return i.e.diff(i.s, units, l, "", nil)
}

// count is the number of units of the calendar that the interval touches.
func (i Interval) count(unit int, localWeeks bool) (any, error) {
	if !i.valid() {
		return math.NaN(), nil
	}
	start, err := i.s.startOf(unit, localWeeks)
	if err != nil {
		return nil, err
	}
	end := i.e
	if localWeeks {
		l, err := end.loc.clone(i.env, Fields{{"locale", start.loc.name}}, false)
		if err != nil {
			return nil, err
		}
		end = end.withLocale(l)
	}
	if end, err = end.startOf(unit, localWeeks); err != nil {
		return nil, err
	}
	d := end.diff(start, []int{unit}, end.loc, "", nil)
	return math.Floor(d.v[unit]) + float64(oneIf(end.ts != i.e.ts)), nil
}

// splitAt cuts the interval at some dates.
func (i Interval) splitAt(args []any) (any, error) {
	out := []any{}
	if !i.valid() {
		return out, nil
	}
	var cuts []DateTime
	for _, a := range args {
		d, err := i.env.friendly(plain(a))
		if err != nil {
			return nil, err
		}
		if d.Valid() && i.contains(d.ts) {
			cuts = append(cuts, d)
		}
	}
	slices.SortStableFunc(cuts, func(a, b DateTime) int { return compare(a.ts, b.ts) })
	s := i.s
	for n := 0; s.ts < i.e.ts; n++ {
		next := i.e
		if n < len(cuts) && cuts[n].ts <= i.e.ts {
			next = cuts[n]
		}
		out = append(out, i.env.interval(s, next))
		s = next
	}
	return out, nil
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// maxParts bounds what an interval may be split into.
const maxParts = 100_000

// splitBy cuts the interval into parts of a duration.
func (i Interval) splitBy(dur Duration) ([]any, error) {
	out := []any{}
	if !i.valid() || !dur.valid() || dur.as(dMilliseconds) == 0 {
		return out, nil
	}
	s := i.s
	for n := 1.0; s.ts < i.e.ts; n++ {
		if len(out) >= maxParts {
			return nil, throw("Invalid array length")
		}
		times := dur
		for unit := range times.v {
			times.v[unit] *= n
		}
		next := i.s.add(times, 1)
		if next.ts > i.e.ts {
			next = i.e
		}
		part := i.env.interval(s, next)
		if !part.valid() && dur.sum() < 0 { // it would go on for ever
			return nil, throw("Invalid array length")
		}
		out = append(out, part)
		s = next
	}
	return out, nil
}

func (i Interval) divide(n float64) ([]any, error) {
	if !i.valid() {
		return []any{}, nil
	}
	length, err := unitNumber(i.length(dMilliseconds) / n)
	if err != nil {
		return nil, err
	}
	dur := i.env.newDuration(i.env.locale, "", nil)
	dur.put(dMilliseconds, length)
	parts, err := i.splitBy(dur)
	if err != nil {
		return nil, err
	}
	return parts[:max(0, min(len(parts), int(n)))], nil
}

func (i Interval) overlaps(o Interval) bool {
	return i.e.Millis() > o.s.Millis() && i.s.Millis() < o.e.Millis()
}

// intersection is where two intervals overlap; null if they do not.
func (i Interval) intersection(o Interval) any {
	if !i.valid() {
		return i
	}
	s, e := o.s, o.e
	if i.s.Millis() > o.s.Millis() {
		s = i.s
	}
	if i.e.Millis() < o.e.Millis() {
		e = i.e
	}
	if s.Millis() >= e.Millis() {
		return nil
	}
	return i.env.interval(s, e)
}

func (i Interval) union(o Interval) Interval {
	if !i.valid() {
		return i
	}
	s, e := o.s, o.e
	if i.s.Millis() < o.s.Millis() {
		s = i.s
	}
	if i.e.Millis() > o.e.Millis() {
		e = i.e
	}
	return i.env.interval(s, e)
}

// merge joins intervals that overlap or touch.
func merge(list []Interval) []Interval {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Interval) int { return compare(a.s.Millis(), b.s.Millis()) })
	var out []Interval
	for n, item := range list {
		if n > 0 {
			last := &out[len(out)-1]
			if last.overlaps(item) || last.valid() && last.e.ts == item.s.Millis() {
				*last = last.union(item)
				continue
			}
		}
		out = append(out, item)
	}
	return out
}

// xor is the time that an odd number of intervals holds… with the ends of one touching another left out.
func (s *scope) xor(list []Interval) []Interval {
	type edge struct {
		at    DateTime
		start bool
	}
	var edges []edge
	for _, i := range list {
		edges = append(edges, edge{i.s, true}, edge{i.e, false})
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return compare(a.at.Millis(), b.at.Millis()) })
	var results []Interval
	var start *DateTime
	count := 0
	for n := range edges {
		x := &edges[n]
		if x.start {
			count++
		} else {
			count--
		}
		if count == 1 {
			start = &x.at
			continue
		}
		if start != nil && start.Millis() != x.at.Millis() {
			results = append(results, s.interval(*start, x.at))
		}
		start = nil
	}
	return merge(results)
}

func (i Interval) difference(others []Interval) []any {
	out := []any{}
	for _, x := range i.env.xor(append([]Interval{i}, others...)) {
		if part, ok := i.intersection(x).(Interval); ok && !part.isEmpty() {
			out = append(out, part)
		}
	}
	return out
}

// intervalsOf reads a list of intervals.
func intervalsOf(v []any) ([]Interval, error) {
	out := make([]Interval, len(v))
	for n, a := range v {
		i, ok := a.(Interval)
		if !ok {
			return nil, throw("Cannot read properties of %s", toText(a))
		}
		out[n] = i
	}
	return out, nil
}

func intervalList(list []Interval) []any {
	out := make([]any, len(list))
	for n, i := range list {
		out[n] = i
	}
	return out
}

// toLocaleString writes what both ends share once.
func (i Interval) toLocaleString(args []any) (any, error) {
	if !i.valid() {
		return "Invalid Interval", nil
	}
	options, o := formatArguments(args)
	l, err := i.s.loc.clone(i.env, o, false)
	if err != nil {
		return nil, err
	}
	z, _, _ := i.s.intlZone(options)
	f, err := l.dateFormat(options, z)
	if err != nil {
		return nil, err
	}
	return f.formatRange(i.s.ts, i.e.ts)
}

// formatArguments reads the arguments of toLocaleString: how to format, DATE_SHORT if left out, and the locale.
func formatArguments(args []any) (options, locale Fields) {
	options = presets()["DATE_SHORT"]
	if !isUndefined(argument(args, 0)) {
		options = spreadAt(args, 0)
	}
	return options, spreadAt(args, 1)
}

// spreadAt returns the options in args[i] where Luxon writes {...options}: null does no harm there.
func spreadAt(args []any, i int) Fields {
	o, err := optionsAt(args, i)
	if err != nil {
		return nil
	}
	return o
}

// String is what toString gives.
func (i Interval) String() string {
	if !i.valid() {
		return "Invalid Interval"
	}
	return "[" + i.s.String() + " – " + i.e.String() + ")"
}
