package core

import (
	"context"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// compareDatasets compares the items of two inputs that have the same values in some fields. Its outputs: items of the first
// input only, the same in both, different, items of the second input only.
type compareDatasets struct{}

var _ nodes.Node = compareDatasets{}

// comparison is one execution.
type comparison struct {
	call    *nodes.Call
	pairs   []fieldPair
	dots    bool
	fuzzy   bool
	all     bool // compare with all matches and not only the first
	skip    []string
	resolve string // whose item stands for a difference: preferInput1, preferInput2, mix or includeBoth
	prefer  int    // the input, where they are mixed
	except  []string
	inputs  [2][]source // what takes part
	labels  [2]string
}

func (compareDatasets) Execute(ctx context.Context, call *nodes.Call) error {
	c, err := readComparison(call)
	if err != nil {
		return err
	}
	var second nodes.ItemsBuilder
	for _, s := range c.inputs[1] {
		second.Add(s.item)
	}
	index := newJoinIndex(c.pairs, c.dots, c.fuzzy, second.Items())
	partners := make([]bool, len(c.inputs[1]))
	for i, a := range c.inputs[0] {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		found := index.matches(a.item)
		if !c.all && len(found) > 1 {
			found = found[:1]
		}
		if len(found) == 0 {
			c.emit(0, a)
		}
		for _, j := range found {
			partners[j] = true
			if err := c.compare(a, c.inputs[1][j]); err != nil {
				return err
			}
		}
	}
	for j, b := range c.inputs[1] {
		if !partners[j] {
			c.emit(3, b)
		}
	}
	return nil
}

func (c *comparison) emit(output int, s source) {
	c.call.Emit(output, s.item.WithParents(s.parent()))
}

func readComparison(call *nodes.Call) (*comparison, error) {
	c := &comparison{call: call, labels: [2]string{"inputA", "inputB"}}
	resolve := "includeBoth"
	fuzzy := call.Param("fuzzyCompare")
	options := call.Param("options")
	if call.Version < 2 {
		c.labels, fuzzy = [2]string{"input1", "input2"}, options.Get("fuzzyCompare")
	}
	if call.Version < 2.1 {
		resolve = "preferInput2"
	}
	var err error
	text := func(p nodes.Param, def string) string {
		s, failed := p.String(0, def)
		if err == nil {
			err = failed
		}
		return s
	}
	flag := func(p nodes.Param) bool {
		b, failed := p.Bool(0, false)
		if err == nil {
			err = failed
		}
		return b
	}
	c.resolve = text(call.Param("resolve"), resolve)
	if text(call.Param("preferWhenMix"), "input1") == "input2" {
		c.prefer = 1
	}
	c.except = splitList(text(call.Param("exceptWhenMix"), ""))
	c.skip = splitList(text(options.Get("skipFields"), ""))
	c.all = text(options.Get("multipleMatches"), "first") == "all"
	c.dots, c.fuzzy = !flag(options.Get("disableDotNotation")), flag(fuzzy)
	if err != nil {
		return nil, err
	}
	for input := range c.inputs {
		for i, it := range call.Input(input).All() {
			if it.JSON() != "{}" { // empty items take no part
				c.inputs[input] = append(c.inputs[input], source{it, i, input})
			}
		}
	}
	if c.pairs, err = givenPairs(call.Param("mergeByFields").Get("values")); err != nil {
		return nil, err
	}
	return c, c.check()
}

// check refuses fields that cannot be: before version 2.2 those that no item has.
func (c *comparison) check() error {
	for _, name := range c.skip {
		if !c.dots && strings.Contains(name, ".") {
			return nodes.Errorf("Dot notation is disabled, but field to skip comparing '%s' contains dot", name)
		}
	}
	if c.call.Version >= 2.2 {
		return nil
	}
	for input := range c.inputs {
		for _, p := range c.pairs {
			name := []string{p.first, p.second}[input]
			has := func(s source) bool { return lookup(s.item.JSON(), name, c.dots).Exists() }
			if len(c.inputs[input]) > 0 && !slices.ContainsFunc(c.inputs[input], has) {
				return nodes.Errorf("Field '%s' is not present in any of items in 'Input %s'", name, string(rune('A'+input)))
			}
		}
	}
	return nil
}

func (c *comparison) compare(a, b source) error {
	if c.same(a.item.JSON(), b.item.JSON()) {
		if c.fuzzy && c.resolve == "preferInput2" {
			a = b
		}
		c.emit(1, a)
		return nil
	}
	switch c.resolve {
	case "preferInput1":
		c.emit(2, a)
	case "preferInput2":
		c.emit(2, b)
	case "mix":
		if c.prefer == 1 {
			a, b = b, a
		}
		c.emit(2, c.mixed(a, b))
	default:
		json, err := c.differences(a, b)
		if err != nil {
			return err
		}
		c.call.Emit(2, nodes.NewItem(json).WithParents(a.parent(), b.parent()))
	}
	return nil
}

// mixed is the preferred item with some fields of the other.
func (c *comparison) mixed(preferred, other source) source {
	var list []field
	for _, name := range c.except {
		r := lookup(other.item.JSON(), name, c.dots)
		f := field{name, string(nodes.AppendString(nil, name)), r.Raw}
		if !r.Exists() {
			if !c.dots {
				continue
			}
			f.value = "null"
		}
		list = append(list, f)
	}
	preferred.item = preferred.item.WithJSON(merging{shallow: true}.objects(preferred.item.JSON(), writeFields(list, true, 0)))
	return preferred
}

// same compares two items without the fields to skip.
func (c *comparison) same(a, b string) bool {
	for _, name := range c.skip {
		a, b = remove(a, name, c.dots), remove(b, name, c.dots)
	}
	if a == b {
		return true
	}
	for _, f := range unionFields(a, b) {
		if !c.equal(f.first, f.second) {
			return false
		}
	}
	return true
}

func (c *comparison) equal(a, b gjson.Result) bool {
	if !c.fuzzy {
		return a.Exists() == b.Exists() && canonical(a) == canonical(b)
	}
	filed := indexTokens(b)
	return slices.ContainsFunc(searchTokens(a), func(token string) bool { return slices.Contains(filed, token) })
}

// twoFields is a member of one or both of two objects.
type twoFields struct {
	name          string
	first, second gjson.Result
}

// unionFields are the members of a, then those that only b has.
func unionFields(a, b string) []twoFields {
	first, second := fieldsOf(a), fieldsOf(b)
	at := make(map[string]int, len(first)+len(second))
	list := make([]twoFields, 0, len(first)+len(second))
	for _, f := range first {
		at[f.name] = len(list)
		list = append(list, twoFields{name: f.name, first: gjson.Parse(f.value)})
	}
	for _, f := range second {
		if i, ok := at[f.name]; ok {
			list[i].second = gjson.Parse(f.value)
			continue
		}
		list = append(list, twoFields{name: f.name, second: gjson.Parse(f.value)})
	}
	return list
}

// differences tells field by field what is the same, different and skipped: {keys, same, different, skipped?}.
func (c *comparison) differences(a, b source) (string, error) {
	var keys, same, different, skipped, all nodes.ObjectBuilder
	for _, p := range c.pairs {
		keys.Set(p.first, nodes.ResultValue(member(gjson.Parse(a.item.JSON()), p.first)))
	}
	hasSkipped := false
	for _, f := range unionFields(a.item.JSON(), b.item.JSON()) {
		switch {
		case c.equal(f.first, f.second) && (c.call.Version >= 2.1 || f.first.Exists() && f.second.Exists()):
			same.Set(f.name, nodes.ResultValue(f.first))
		case slices.Contains(c.skip, f.name):
			hasSkipped = true
			skipped.Raw(f.name, c.both(f.first, f.second))
		default:
			first, second, left, err := c.withoutSkipped(f, a.at)
			if err != nil {
				return "", err
			}
			if left != "" {
				hasSkipped = true
				skipped.Raw(f.name, left)
			}
			different.Raw(f.name, c.both(first, second))
		}
	}
	all.Raw("keys", keys.String())
	all.Raw("same", same.String())
	all.Raw("different", different.String())
	if hasSkipped {
		all.Raw("skipped", skipped.String())
	}
	return nodes.Normalize(all.String()) // keys that are indices come first
}

// both writes {inputA, inputB}. What is missing is null, in version 1 what is empty too.
func (c *comparison) both(a, b gjson.Result) string {
	var o nodes.ObjectBuilder
	for i, r := range []gjson.Result{a, b} {
		if !r.Exists() || c.call.Version < 2 && !nodes.ResultValue(r).Truthy() {
			r = gjson.Result{Type: gjson.Null, Raw: "null"}
		}
		o.Raw(c.labels[i], r.Raw)
	}
	return o.String()
}

// withoutSkipped takes the fields to skip that lie inside of f from both sides; left is what was taken, {inputA, inputB}.
// Version 2.1 brought this. The index of the item is for the message.
func (c *comparison) withoutSkipped(f twoFields, index int) (a, b gjson.Result, left string, err error) {
	if c.call.Version < 2.1 || !c.dots {
		return f.first, f.second, "", nil
	}
	sides, taken := [2]string{f.first.Raw, f.second.Raw}, [2]string{"{}", "{}"}
	found := false
	for _, name := range c.skip {
		inner, ok := strings.CutPrefix(name, f.name+".")
		if !ok {
			continue
		}
		for i, side := range sides {
			if side != "" && side[0] != '{' {
				return a, b, "", nodes.Errorf("The field '%s' in item %d is not an object. It is not possible to use dot notation.", f.name, index)
			}
			value := lookup(side, inner, true)
			if !value.Exists() {
				continue
			}
			found = true
			sides[i] = remove(side, inner, true)
			taken[i] = assignPath(taken[i], inner, splitPath(inner), value.Raw)
		}
	}
	if !found {
		return f.first, f.second, "", nil
	}
	return gjson.Parse(sides[0]), gjson.Parse(sides[1]), c.both(gjson.Parse(taken[0]), gjson.Parse(taken[1])), nil
}
