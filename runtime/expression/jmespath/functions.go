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
	run      func(args []argument) (gjson.Result, error)
}

// argument is a value, or an expression behind &.
type argument struct {
	value     gjson.Result
	reference *node
}

func (n *node) call(v gjson.Result) (gjson.Result, error) {
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
		if args[i].value, err = c.eval(v); err != nil {
			return null, err
		}
	}
	if len(args) < len(f.takes) || len(args) > len(f.takes) && !f.variadic {
		return null, fmt.Errorf("%w: %s() takes %d arguments, not %d", ErrType, n.text, len(f.takes), len(args))
	}
	for i, a := range args {
		if takes := f.takes[min(i, len(f.takes)-1)]; !a.is(takes) {
			return null, fmt.Errorf("%w: argument %d of %s() is of the wrong type", ErrType, i+1, n.text)
		}
	}
	return f.run(args)
}

// is reports whether the argument is of one of these types.
func (a argument) is(types string) bool {
	for _, t := range types {
		if t == 'e' {
			if a.reference != nil {
				return true
			}
			continue
		}
		if a.reference == nil && hasType(a.value, t) {
			return true
		}
	}
	return false
}

func hasType(v gjson.Result, t rune) bool {
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
	return !slices.ContainsFunc(v.Array(), func(e gjson.Result) bool { return e.Type != want })
}

func functions() map[string]function {
	return map[string]function{
		"abs":   {takes: []string{"n"}, run: numeric(math.Abs)},
		"ceil":  {takes: []string{"n"}, run: numeric(math.Ceil)},
		"floor": {takes: []string{"n"}, run: numeric(math.Floor)},
		"sum":   {takes: []string{"N"}, run: func(a []argument) (gjson.Result, error) { return number(sum(a[0].value)), nil }},
		"avg": {takes: []string{"N"}, run: func(a []argument) (gjson.Result, error) {
			return number(sum(a[0].value) / float64(len(a[0].value.Array()))), nil
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
		"keys":        {takes: []string{"o"}, run: members(func(key, _ gjson.Result) gjson.Result { return text(key.Str) })},
		"values":      {takes: []string{"o"}, run: members(func(_, value gjson.Result) gjson.Result { return value })},
		"merge":       {takes: []string{"o"}, variadic: true, run: merged},
		"not_null":    {takes: []string{"x"}, variadic: true, run: notNull},
		"type":        {takes: []string{"x"}, run: func(a []argument) (gjson.Result, error) { return typeName(a[0].value) }},
		"to_array": {takes: []string{"x"}, run: func(a []argument) (gjson.Result, error) {
			if a[0].value.IsArray() {
				return a[0].value, nil
			}
			return list([]gjson.Result{a[0].value}), nil
		}},
		"to_string": {takes: []string{"x"}, run: func(a []argument) (gjson.Result, error) {
			if a[0].value.Type == gjson.String {
				return a[0].value, nil
			}
			return text(string(appendValue(nil, a[0].value))), nil
		}},
		"to_number": {takes: []string{"x"}, run: func(a []argument) (gjson.Result, error) {
			switch v := a[0].value; v.Type {
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

func numeric(f func(float64) float64) func([]argument) (gjson.Result, error) {
	return func(a []argument) (gjson.Result, error) { return number(f(a[0].value.Num)), nil }
}

func textTest(f func(s, part string) bool) func([]argument) (gjson.Result, error) {
	return func(a []argument) (gjson.Result, error) { return boolean(f(a[0].value.Str, a[1].value.Str)), nil }
}

func members(f func(key, value gjson.Result) gjson.Result) func([]argument) (gjson.Result, error) {
	return func(a []argument) (gjson.Result, error) {
		var out []gjson.Result
		a[0].value.ForEach(func(key, value gjson.Result) bool { out = append(out, f(key, value)); return true })
		return list(out), nil
	}
}

func sum(v gjson.Result) float64 {
	total := 0.0
	for _, e := range v.Array() {
		total += e.Num
	}
	return total
}

// compare is the order of two numbers or two texts.
func compare(a, b gjson.Result) int {
	if a.Type == gjson.String {
		return compareUnits(a.Str, b.Str)
	}
	switch {
	case a.Num < b.Num:
		return -1
	case a.Num > b.Num:
		return 1
	}
	return 0
}

func compareUnits(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func extreme(sign int) func([]argument) (gjson.Result, error) {
	return func(a []argument) (gjson.Result, error) {
		best := null
		for i, e := range a[0].value.Array() {
			if i == 0 || compare(e, best)*sign > 0 {
				best = e
			}
		}
		return best, nil
	}
}

// keyed evaluates the expression for each element; its values must be numbers or texts.
func keyed(a []argument) (items, keys []gjson.Result, err error) {
	items = a[0].value.Array()
	keys = make([]gjson.Result, len(items))
	for i, e := range items {
		if keys[i], err = a[1].reference.eval(e); err != nil {
			return nil, nil, err
		}
		if keys[i].Type != gjson.Number && keys[i].Type != gjson.String {
			return nil, nil, fmt.Errorf("%w: the key is neither a number nor a text", ErrType)
		}
	}
	return items, keys, nil
}

// extremeBy looks for the largest or smallest number; texts are never larger or smaller than none.
func extremeBy(sign float64) func([]argument) (gjson.Result, error) {
	return func(a []argument) (gjson.Result, error) {
		items, keys, err := keyed(a)
		best, found := math.Inf(-1), gjson.Result{}
		for i, k := range keys {
			if f := sign * toNumber(k); f > best {
				best, found = f, items[i]
			}
		}
		return found, err
	}
}

func sorted(a []argument) (gjson.Result, error) {
	items := slices.Clone(a[0].value.Array())
	slices.SortStableFunc(items, compare)
	return list(items), nil
}

func sortedBy(a []argument) (gjson.Result, error) {
	items, keys, err := keyed(a)
	if err != nil {
		return null, err
	}
	order := make([]int, len(items))
	for i := range order {
		if order[i] = i; keys[i].Type != keys[0].Type {
			return null, fmt.Errorf("%w: sort_by() compares numbers with texts", ErrType)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return compare(keys[i], keys[j]) })
	out := make([]gjson.Result, len(items))
	for i, at := range order {
		out[i] = items[at]
	}
	return list(out), nil
}

func mapped(a []argument) (gjson.Result, error) {
	var out []gjson.Result
	for _, e := range a[1].value.Array() {
		v, err := a[0].reference.eval(e)
		if err != nil {
			return null, err
		}
		out = append(out, v)
	}
	return list(out), nil
}

func contains(a []argument) (gjson.Result, error) {
	v, want := a[0].value, a[1].value
	if v.Type == gjson.String {
		part := want.Str
		if want.Type != gjson.String {
			part = string(appendValue(nil, want))
		}
		return boolean(strings.Contains(v.Str, part)), nil
	}
	// Lists and objects are never found: they are other ones.
	return boolean(want.Type != gjson.JSON && slices.ContainsFunc(v.Array(), func(e gjson.Result) bool { return equal(e, want) })), nil
}

func joined(a []argument) (gjson.Result, error) {
	var texts []string
	for _, e := range a[1].value.Array() {
		texts = append(texts, e.Str)
	}
	return text(strings.Join(texts, a[0].value.Str)), nil
}

func length(a []argument) (gjson.Result, error) {
	v := a[0].value
	if v.Type == gjson.String {
		return number(float64(len(utf16.Encode([]rune(v.Str))))), nil
	}
	n := 0
	v.ForEach(func(_, _ gjson.Result) bool { n++; return true })
	return number(float64(n)), nil
}

func reversed(a []argument) (gjson.Result, error) {
	v := a[0].value
	if v.Type == gjson.String {
		units := utf16.Encode([]rune(v.Str))
		slices.Reverse(units)
		return text(string(utf16.Decode(units))), nil
	}
	items := slices.Clone(v.Array())
	slices.Reverse(items)
	return list(items), nil
}

func merged(a []argument) (gjson.Result, error) {
	var keys []string
	var values []gjson.Result
	for _, o := range a {
		o.value.ForEach(func(key, value gjson.Result) bool {
			keys, values = append(keys, key.Str), append(values, value)
			return true
		})
	}
	return object(keys, values), nil
}

func notNull(a []argument) (gjson.Result, error) {
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
func equal(a, b gjson.Result) bool {
	if a.Type != b.Type || a.IsArray() != b.IsArray() {
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
		return slices.EqualFunc(a.Array(), b.Array(), equal)
	}
	x, y := a.Map(), b.Map()
	if len(x) != len(y) {
		return false
	}
	for k, v := range x {
		if w, ok := y[k]; !ok || !equal(v, w) {
			return false
		}
	}
	return true
}
