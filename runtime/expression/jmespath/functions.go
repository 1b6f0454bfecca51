package jmespath

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/tidwall/gjson"
)

// function is one of JMESPath's functions: what it takes, a letter for each argument, and what it answers.
//
//	n number   s text   a list   o object   x anything   e expression   N list of numbers   S list of texts
type function struct {
	takes    []string
	variadic bool
	run      func(s *search, args []argument) (gjson.Result, error)
}

// argument is a value, or an expression behind &.
type argument struct {
	value     gjson.Result
	reference *node
}

func (s *search) call(n *node, v gjson.Result) (gjson.Result, error) {
	s.spend(callSteps, 0)
	f, ok := functions()[n.text]
	if !ok {
		return null, fmt.Errorf("%w: there is no function %s()", ErrType, n.text)
	}
	args := make([]argument, len(n.children))
	for i, c := range n.children {
		if c.kind == kindReference {
			args[i].reference = c.children[0]
			continue
		}
		var err error
		if args[i].value, err = s.eval(c, v); err != nil {
			return null, err
		}
	}
	if len(args) < len(f.takes) || len(args) > len(f.takes) && !f.variadic {
		return null, fmt.Errorf("%w: %s() takes %d arguments, not %d", ErrType, n.text, len(f.takes), len(args))
	}
	for i, a := range args {
		if takes := f.takes[min(i, len(f.takes)-1)]; !s.is(a, takes) {
			return null, fmt.Errorf("%w: argument %d of %s() is of the wrong type", ErrType, i+1, n.text)
		}
	}
	return f.run(s, args)
}

// is reports whether the argument is of one of these types.
func (s *search) is(a argument, types string) bool {
	for _, t := range types {
		if t == 'e' {
			if a.reference != nil {
				return true
			}
			continue
		}
		if a.reference == nil && s.hasType(a.value, t) {
			return true
		}
	}
	return false
}

func (s *search) hasType(v gjson.Result, t rune) bool {
	switch t {
	case 'x':
		return true
	case 'n':
		return v.Type == gjson.Number
	case 's':
		return v.Type == gjson.String
	case 'a':
		return v.IsArray()
	case 'o':
		return v.IsObject() && !strings.HasPrefix(v.Raw, `{"$`)
	}
	if !v.IsArray() {
		return false
	}
	want := map[rune]gjson.Type{'N': gjson.Number, 'S': gjson.String}[t]
	all := true
	s.each(v, func(_, e gjson.Result) bool { all = e.Type == want; return all })
	return all
}

func functions() map[string]function {
	return map[string]function{
		"abs":   {takes: []string{"n"}, run: numeric(math.Abs)},
		"ceil":  {takes: []string{"n"}, run: numeric(math.Ceil)},
		"floor": {takes: []string{"n"}, run: numeric(math.Floor)},
		"sum": {takes: []string{"N"}, run: func(s *search, a []argument) (gjson.Result, error) {
			total, _ := s.sum(a[0].value)
			return number(total), nil
		}},
		"avg": {takes: []string{"N"}, run: func(s *search, a []argument) (gjson.Result, error) {
			total, n := s.sum(a[0].value)
			return number(total / float64(n)), nil
		}},
		"max":         {takes: []string{"NS"}, run: extreme(1)},
		"min":         {takes: []string{"NS"}, run: extreme(-1)},
		"max_by":      {takes: []string{"a", "e"}, run: extremeBy(1)},
		"min_by":      {takes: []string{"a", "e"}, run: extremeBy(-1)},
		"sort":        {takes: []string{"SN"}, run: sorted},
		"sort_by":     {takes: []string{"a", "e"}, run: sortedBy},
		"map":         {takes: []string{"e", "a"}, run: mapped},
		"contains":    {takes: []string{"sa", "x"}, run: contains},
		"starts_with": {takes: []string{"s", "s"}, run: textTest(strings.HasPrefix)},
		"ends_with":   {takes: []string{"s", "s"}, run: textTest(strings.HasSuffix)},
		"join":        {takes: []string{"s", "S"}, run: joined},
		"length":      {takes: []string{"sao"}, run: length},
		"reverse":     {takes: []string{"sa"}, run: reversed},
		"keys":        {takes: []string{"o"}, run: members(func(s *search, key, _ gjson.Result) gjson.Result { return s.text(key.Str) })},
		"values":      {takes: []string{"o"}, run: members(func(_ *search, _, value gjson.Result) gjson.Result { return value })},
		"merge":       {takes: []string{"o"}, variadic: true, run: merged},
		"not_null":    {takes: []string{"x"}, variadic: true, run: notNull},
		"type":        {takes: []string{"x"}, run: func(s *search, a []argument) (gjson.Result, error) { return typeName(a[0].value) }},
		"to_array": {takes: []string{"x"}, run: func(s *search, a []argument) (gjson.Result, error) {
			if a[0].value.IsArray() {
				return a[0].value, nil
			}
			return s.list([]gjson.Result{a[0].value}), nil
		}},
		"to_string": {takes: []string{"x"}, run: func(s *search, a []argument) (gjson.Result, error) {
			if a[0].value.Type == gjson.String {
				return a[0].value, nil
			}
			return s.text(string(appendValue(nil, a[0].value))), nil
		}},
		"to_number": {takes: []string{"x"}, run: func(s *search, a []argument) (gjson.Result, error) {
			v := a[0].value
			s.spend(len(v.Raw)>>scanShift, 0)
			switch v.Type {
			case gjson.Number:
				return v, nil
			case gjson.String:
				if f := toNumber(v); !math.IsNaN(f) {
					return number(f), nil
				}
			}
			return null, nil
		}},
	}
}

func numeric(f func(float64) float64) func(*search, []argument) (gjson.Result, error) {
	return func(s *search, a []argument) (gjson.Result, error) { return number(f(a[0].value.Num)), nil }
}

func textTest(f func(s, part string) bool) func(*search, []argument) (gjson.Result, error) {
	return func(s *search, a []argument) (gjson.Result, error) {
		return boolean(f(a[0].value.Str, a[1].value.Str)), nil
	}
}

func members(f func(s *search, key, value gjson.Result) gjson.Result) func(*search, []argument) (gjson.Result, error) {
	return func(s *search, a []argument) (gjson.Result, error) {
		var out []gjson.Result
		s.each(a[0].value, func(key, value gjson.Result) bool { out = s.keep(out, f(s, key, value)); return true })
		return s.list(out), nil
	}
}

func (s *search) sum(v gjson.Result) (total float64, n int) {
	s.each(v, func(_, e gjson.Result) bool { total += e.Num; n++; return true })
	return total, n
}

// rank is the order of two numbers or two texts.
func (s *search) rank(a, b gjson.Result) int {
	if a.Type == gjson.String {
		return s.compareUnits(a.Str, b.Str)
	}
	s.spend(1, 0)
	switch {
	case a.Num < b.Num:
		return -1
	case a.Num > b.Num:
		return 1
	}
	return 0
}

func (s *search) compareUnits(a, b string) int {
	if !s.spend(1+(len(a)+len(b))>>scanShift, 0) {
		return 0
	}
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func extreme(sign int) func(*search, []argument) (gjson.Result, error) {
	return func(s *search, a []argument) (gjson.Result, error) {
		best, first := null, true
		s.each(a[0].value, func(_, e gjson.Result) bool {
			if first || s.rank(e, best)*sign > 0 {
				best, first = e, false
			}
			return true
		})
		return best, nil
	}
}

// keyed evaluates the expression for each element; its values must be numbers or texts.
func keyed(s *search, a []argument) (items, keys []gjson.Result, err error) {
	items = s.items(a[0].value)
	if !s.spend(0, 2*resultSize*len(items)) { // the keys, and what is made of both
		return nil, nil, s.err
	}
	keys = make([]gjson.Result, len(items))
	for i, e := range items {
		if keys[i], err = s.eval(a[1].reference, e); err != nil {
			return nil, nil, err
		}
		if keys[i].Type != gjson.Number && keys[i].Type != gjson.String {
			return nil, nil, fmt.Errorf("%w: the key is neither a number nor a text", ErrType)
		}
	}
	return items, keys, nil
}

// extremeBy looks for the largest or smallest number; texts are never larger or smaller than none.
func extremeBy(sign float64) func(*search, []argument) (gjson.Result, error) {
	return func(s *search, a []argument) (gjson.Result, error) {
		items, keys, err := keyed(s, a)
		best, found := math.Inf(-1), gjson.Result{}
		for i, k := range keys {
			s.spend(1+len(k.Raw)>>scanShift, 0)
			if f := sign * toNumber(k); f > best {
				best, found = f, items[i]
			}
		}
		return found, err
	}
}

func sorted(s *search, a []argument) (gjson.Result, error) {
	items := s.items(a[0].value)
	slices.SortStableFunc(items, s.rank)
	return s.list(items), nil
}

func sortedBy(s *search, a []argument) (gjson.Result, error) {
	items, keys, err := keyed(s, a)
	if err != nil {
		return null, err
	}
	order := make([]int, len(items))
	for i := range order {
		if order[i] = i; keys[i].Type != keys[0].Type {
			return null, fmt.Errorf("%w: sort_by() compares numbers with texts", ErrType)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return s.rank(keys[i], keys[j]) })
	out := make([]gjson.Result, len(items))
	for i, at := range order {
		out[i] = items[at]
	}
	return s.list(out), nil
}

func mapped(s *search, a []argument) (gjson.Result, error) {
	var out []gjson.Result
	var err error
	s.each(a[1].value, func(_, e gjson.Result) bool {
		var v gjson.Result
		v, err = s.eval(a[0].reference, e)
		out = s.keep(out, v)
		return err == nil
	})
	return s.list(out), err
}

func contains(s *search, a []argument) (gjson.Result, error) {
	v, want := a[0].value, a[1].value
	if v.Type == gjson.String {
		part := want.Str
		if want.Type != gjson.String {
			part = string(appendValue(nil, want))
		}
		if !s.spend((len(v.Str)+len(part))>>scanShift, len(part)) {
			return null, s.err
		}
		return boolean(strings.Contains(v.Str, part)), nil
	}
	found := false
	if want.Type != gjson.JSON { // lists and objects are never found: they are other ones
		s.each(v, func(_, e gjson.Result) bool { found = s.equal(e, want); return !found })
	}
	return boolean(found), nil
}

func joined(s *search, a []argument) (gjson.Result, error) {
	var texts []string
	s.each(a[1].value, func(_, e gjson.Result) bool {
		texts = append(texts, e.Str)
		return s.spend(0, resultSize)
	})
	return s.joined(texts, a[0].value.Str), nil
}

func length(s *search, a []argument) (gjson.Result, error) {
	v := a[0].value
	if v.Type == gjson.String {
		if !s.spend(len(v.Str)>>scanShift, 6*len(v.Str)) {
			return null, s.err
		}
		return number(float64(len(utf16.Encode([]rune(v.Str))))), nil
	}
	return number(float64(s.count(v))), nil
}

func reversed(s *search, a []argument) (gjson.Result, error) {
	v := a[0].value
	if v.Type == gjson.String {
		if !s.spend(len(v.Str)>>scanShift, 6*len(v.Str)) {
			return null, s.err
		}
		units := utf16.Encode([]rune(v.Str))
		slices.Reverse(units)
		return s.text(string(utf16.Decode(units))), nil
	}
	items := s.items(v)
	slices.Reverse(items)
	return s.list(items), nil
}

func merged(s *search, a []argument) (gjson.Result, error) {
	var keys []string
	var values []gjson.Result
	for _, o := range a {
		s.each(o.value, func(key, value gjson.Result) bool {
			keys, values = append(keys, key.Str), s.keep(values, value)
			return s.spend(0, resultSize)
		})
	}
	if s.err != nil {
		return null, s.err
	}
	return s.object(keys, values), nil
}

func notNull(s *search, a []argument) (gjson.Result, error) {
	for _, v := range a {
		if !isNull(v.value) {
			return v.value, nil
		}
	}
	return null, nil
}

func typeName(v gjson.Result) (gjson.Result, error) {
	switch {
	case v.Type == gjson.JSON && strings.HasPrefix(v.Raw, `{"$`):
		return null, fmt.Errorf("%w: a date has no type", ErrType)
	case v.IsArray():
		return text("array"), nil
	case v.IsObject():
		return text("object"), nil
	}
	return text(map[gjson.Type]string{gjson.Null: "null", gjson.False: "boolean", gjson.True: "boolean", gjson.Number: "number", gjson.String: "string"}[v.Type]), nil
}

// toNumber is JavaScript's Number(v) of what is no list or object.
func toNumber(v gjson.Result) float64 {
	switch v.Type {
	case gjson.Null:
		return 0
	case gjson.True:
		return 1
	case gjson.False:
		return 0
	case gjson.Number:
		return v.Num
	case gjson.JSON:
		return math.NaN()
	}
	s := strings.TrimSpace(v.Str)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0 {
		if n, err := strconv.ParseUint(s, 0, 64); err == nil {
			return float64(n)
		}
		return math.NaN()
	}
	if s = strings.TrimPrefix(s, "+"); strings.Trim(s, "0123456789.eE+-") != "" && strings.TrimPrefix(s, "-") != "Infinity" {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// equal compares deeply; the order of keys does not count.
func (s *search) equal(a, b gjson.Result) bool {
	if !s.spend(1+min(len(a.Raw), len(b.Raw))>>scanShift, 0) || a.Type != b.Type || a.IsArray() != b.IsArray() {
		return false
	}
	switch a.Type {
	case gjson.Number:
		return a.Num == b.Num
	case gjson.String:
		return a.Str == b.Str
	case gjson.JSON:
	default:
		return true
	}
	if a.IsArray() {
		return slices.EqualFunc(s.items(a), s.items(b), s.equal)
	}
	x, y := s.members(a), s.members(b)
	if len(x) != len(y) {
		return false
	}
	for k, v := range x {
		if w, ok := y[k]; !ok || !s.equal(v, w) {
			return false
		}
	}
	return true
}

// members are the members of an object by their keys; of equal keys the last one counts.
func (s *search) members(v gjson.Result) map[string]gjson.Result {
	out := map[string]gjson.Result{}
	s.each(v, func(key, value gjson.Result) bool {
		out[key.Str] = value
		return s.spend(0, 2*resultSize)
	})
	return out
}
