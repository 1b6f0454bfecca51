package core

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// summarize counts, adds up and collects the values of fields, over all items or by groups of them.
type summarize struct{}

var _ nodes.Node = summarize{}

func (summarize) Execute(ctx context.Context, call *nodes.Call) error {
	s := summary{call: call, textGroups: call.Version < 1.1, mustExist: call.Version < 1.1}
	if err := s.read(); err != nil {
		return err
	}
	return s.run(ctx)
}

// summary is one execution.
type summary struct {
	call *nodes.Call
	// textGroups makes texts of the values to group by.
	textGroups bool
	// mustExist makes a failure of a field that no item has, unless the workflow says otherwise.
	mustExist bool
	// objectOrder is the order of Item Lists, where groups are keys of an object (indices first) and come before the results,
	// and names that had to be changed behind the others. Empty values are never counted there.
	objectOrder bool
	// plainNames leaves names as they are.
	plainNames bool

	fields    []summaryField
	splitBy   []string
	dots      bool
	mayMiss   bool // a field that no item has is no failure
	skipEmpty bool
	single    bool // one item for all groups
	root      summaryGroup
	found     []bool         // by field: some item has it
	values    []gjson.Result // by field, of the item at hand
}

// summaryField is a field to work on.
type summaryField struct {
	name, operation, output string
	includeEmpty            bool
	separator               string
	numeric                 bool // only numbers are the greatest or the least
}

// summaryGroup is a group of items, or of groups.
type summaryGroup struct {
	by      nodes.Value // what its items have in common, in the field of its level
	groups  []*summaryGroup
	byKey   map[string]*summaryGroup
	tallies []tally
	parents []nodes.Parent
}

func (s *summary) read() error {
	if err := s.readOptions(); err != nil {
		return err
	}
	list, err := s.call.Param("fieldsToSummarize").Get("values").List(0)
	if err != nil {
		return err
	}
	named := false
	for _, p := range list {
		f, err := readSummaryField(p)
		if err != nil {
			return err
		}
		f.numeric = s.objectOrder && s.call.Version < 3
		if s.objectOrder && (f.operation == "count" || f.operation == "countUnique") {
			f.includeEmpty = false
		}
		if s.plainNames {
			f.output = summaryPrefix(f.operation) + f.name
		}
		named = named || f.name != ""
		s.fields = append(s.fields, f)
	}
	if !named {
		return nodes.Errorf("You need to add at least one aggregation to 'Fields to Summarize' with non empty 'Field'")
	}
	s.splitBy, err = fieldNames(s.call.Param("fieldsToSplitBy"), 0)
	return err
}

func (s *summary) readOptions() error {
	options := s.call.Param("options")
	var noDots bool
	for name, value := range map[string]*bool{
		"disableDotNotation": &noDots, "continueIfFieldNotFound": &s.mayMiss, "skipEmptySplitFields": &s.skipEmpty,
	} {
		var err error
		if *value, err = options.Get(name).Bool(0, false); err != nil {
			return err
		}
	}
	s.dots = !noDots
	format, err := options.Get("outputFormat").String(0, "separateItems")
	s.single = format == "singleItem"
	return err
}

// summaryPrefix stands before the name of a field that comes out.
func summaryPrefix(operation string) string {
	switch operation {
	case "append":
		return "appended_"
	case "concatenate":
		return "concatenated_"
	case "countUnique":
		return "unique_count_"
	case "average", "count", "max", "min", "sum":
		return operation + "_"
	}
	return "undefined" // n8n counts what it does not know
}

func readSummaryField(p nodes.Param) (f summaryField, err error) {
	if f.operation, err = p.Get("aggregation").String(0, "count"); err != nil {
		return f, err
	}
	if f.name, err = p.Get("field").String(0, ""); err != nil {
		return f, err
	}
	f.output = summaryPrefix(f.operation) + summaryName(f.name)
	if f.includeEmpty, err = p.Get("includeEmpty").Bool(0, false); err != nil {
		return f, err
	}
	if f.separator, err = p.Get("separateBy").String(0, ","); err == nil && f.separator == "other" {
		f.separator, err = p.Get("customSeparator").String(0, "")
	}
	return f, err
}

// summaryName is a field's name in what comes out.
func summaryName(field string) string {
	return strings.NewReplacer("]", "", `"`, "", "[", "", ".", "_", " ", "_").Replace(field)
}

func (s *summary) run(ctx context.Context) error {
	s.found, s.values = make([]bool, len(s.fields)), make([]gjson.Result, len(s.fields))
	for i, it := range s.call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.add(i, it)
	}
	for f, found := range s.found {
		if s.mustExist && !s.mayMiss && !found && s.fields[f].name != "" {
			return nodes.Errorf("The field '%s' does not exist in any items", s.fields[f].name)
		}
	}
	if s.single {
		parents := make([]nodes.Parent, s.call.Input(0).Len())
		for i := range parents {
			parents[i] = nodes.From(i, 0)
		}
		json, err := nodes.Normalize(s.nested(&s.root))
		if err != nil {
			return err
		}
		s.call.Emit(0, nodes.NewItem(json).WithParents(parents...))
		return nil
	}
	return s.emit(&s.root, nil)
}

func (s *summary) add(i int, it nodes.Item) {
	for f := range s.fields {
		s.values[f] = lookup(it.JSON(), s.fields[f].name, s.dots)
		s.found[f] = s.found[f] || s.values[f].Exists()
	}
	group := &s.root
	for _, name := range s.splitBy {
		value := lookup(it.JSON(), name, s.dots)
		// In Item Lists what is left out is told by the value itself, not by its text; null is not.
		if s.objectOrder && s.skipEmpty && (!value.Exists() || value.Type == gjson.False || value.Raw == `""`) {
			return
		}
		group = group.sub(s.groupBy(value))
	}
	if group.tallies == nil {
		group.tallies = make([]tally, len(s.fields))
	}
	group.parents = append(group.parents, nodes.From(i, 0))
	for f := range s.fields {
		group.tallies[f].add(&s.fields[f], s.values[f])
	}
}

// groupBy is the value that stands for a group.
func (s *summary) groupBy(r gjson.Result) nodes.Value {
	v := nodes.ResultValue(r)
	switch {
	case v.Kind() == nodes.Array, v.Kind() == nodes.Object:
		return nodes.StringValue(v.JSON())
	case s.textGroups, v.Kind() == nodes.String:
		return nodes.StringValue(strings.Clone(v.Text()))
	case v.Kind() == nodes.Number:
		return nodes.NumberValue(v.Num())
	}
	return v
}

func (g *summaryGroup) sub(by nodes.Value) *summaryGroup {
	key := by.Kind().String() + by.Text()
	if sub := g.byKey[key]; sub != nil {
		return sub
	}
	if g.byKey == nil {
		g.byKey = map[string]*summaryGroup{}
	}
	sub := &summaryGroup{by: by}
	g.byKey[key], g.groups = sub, append(g.groups, sub)
	return sub
}

// skips reports whether a group is left out because it has nothing in common.
func (s *summary) skips(g *summaryGroup) bool {
	return s.skipEmpty && (g.by.IsNil() || g.by.Kind() == nodes.Bool && !g.by.Bool() || g.by.Kind() == nodes.String && g.by.Str() == "")
}

// emit gives an item for each group of the last level.
func (s *summary) emit(g *summaryGroup, path []*summaryGroup) error {
	if g.tallies == nil {
		for _, sub := range s.sorted(g) {
			if s.skips(sub) {
				continue
			}
			if err := s.emit(sub, append(path, sub)); err != nil {
				return err
			}
		}
		return nil
	}
	json, err := nodes.Normalize(s.item(g, path))
	if err != nil {
		return err
	}
	s.call.Emit(0, nodes.NewItem(json).WithParents(g.parents...))
	return nil
}

// item writes what was worked out for a group, and what its items have in common.
func (s *summary) item(g *summaryGroup, path []*summaryGroup) string {
	var b nodes.ObjectBuilder
	if s.objectOrder {
		for level, name := range s.splitBy {
			if !s.plainNames {
				name = summaryName(name)
			}
			b.Set(name, path[level].by)
		}
		s.results(&b, g)
		return b.String()
	}
	s.results(&b, g)
	for level := len(path) - 1; level >= 0; level-- {
		b.Set(summaryName(s.splitBy[level]), path[level].by)
	}
	return b.String()
}

// sorted are a group's groups in their order.
func (s *summary) sorted(g *summaryGroup) []*summaryGroup {
	if !s.objectOrder {
		return g.groups
	}
	list := slices.Clone(g.groups)
	slices.SortStableFunc(list, func(a, b *summaryGroup) int {
		x, y := a.by.Text(), b.by.Text()
		switch {
		case isIndex(x) && isIndex(y):
			return cmp.Compare(parseNumber(x), parseNumber(y))
		case isIndex(x):
			return -1
		case isIndex(y):
			return 1
		}
		return 0
	})
	return list
}

func (s *summary) results(b *nodes.ObjectBuilder, g *summaryGroup) {
	var changed []int
	for f := range g.tallies {
		if name := s.fields[f].name; s.objectOrder && !s.plainNames && summaryName(name) != name {
			changed = append(changed, f)
			continue
		}
		b.Raw(s.fields[f].output, g.tallies[f].result(&s.fields[f]))
	}
	for _, f := range changed {
		b.Raw(s.fields[f].output, g.tallies[f].result(&s.fields[f]))
	}
}

// nested writes the groups as objects in one another.
func (s *summary) nested(g *summaryGroup) string {
	var b nodes.ObjectBuilder
	s.results(&b, g)
	for _, sub := range g.groups {
		if !s.skips(sub) {
			b.Raw(sub.by.Text(), s.nested(sub))
		}
	}
	return b.String()
}
