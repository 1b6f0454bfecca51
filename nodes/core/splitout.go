package core

import (
	"context"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// splitOut gives an item for each element of a list in an item.
type splitOut struct{}

var _ nodes.Node = splitOut{}

func (splitOut) Execute(ctx context.Context, call *nodes.Call) error {
	return splitItems(ctx, call, splitRules{names: fieldNames})
}

// splitRules are what Item Lists does otherwise.
type splitRules struct {
	names func(p nodes.Param, i int) ([]string, error) // reads a list of fields
	// kinds is what a field must be: "array", "array or object", or anything.
	kinds       string
	mustExist   bool
	oneField    bool // the parameter is one name, commas and all
	othersFirst bool // selected other fields stand before the split one
	noBinary    bool
}

func splitItems(ctx context.Context, call *nodes.Call, rules splitRules) error {
	for i, it := range call.Input(0).All() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s := splitOutItem{call: call, item: i, rules: rules}
		if err := s.read(); err != nil {
			return err
		}
		if err := s.split(it); err != nil {
			return err
		}
	}
	return nil
}

// splitOutItem splits one item.
type splitOutItem struct {
	call  *nodes.Call
	item  int
	rules splitRules

	fields   []string
	rename   []string // by field; nil keeps the names
	include  string
	selected []string
	dots     bool
	binary   bool
}

func (s *splitOutItem) read() error {
	v, err := s.call.Param("fieldToSplitOut").Value(s.item)
	if err != nil {
		return err
	}
	switch v.Kind() {
	case nodes.String:
		if s.rules.oneField {
			s.fields = []string{v.Str()}
			break
		}
		s.fields = strings.Split(v.Str(), ",")
	case nodes.Array:
		for _, f := range v.Result().Array() {
			s.fields = append(s.fields, f.String())
		}
	default:
		return nodes.Errorf("The 'Fields To Split Out' parameter must be a string of fields separated by commas or an array of strings.")
	}
	for i, f := range s.fields {
		s.fields[i] = strings.TrimPrefix(strings.TrimSpace(f), "$json.")
	}
	options := s.call.Param("options")
	noDots, err := options.Get("disableDotNotation").Bool(s.item, false)
	if err != nil {
		return err
	}
	s.dots = !noDots
	destination, err := options.Get("destinationFieldName").String(s.item, "")
	if err != nil {
		return err
	}
	if destination != "" {
		s.rename = splitNames(destination)
	}
	if s.rename != nil && len(s.rename) != len(s.fields) {
		return nodes.Errorf("If multiple fields to split out are given, the same number of destination fields must be given")
	}
	if s.binary, err = options.Get("includeBinary").Bool(s.item, false); err != nil {
		return err
	}
	s.binary = s.binary && !s.rules.noBinary
	return s.readInclude()
}

func (s *splitOutItem) readInclude() error {
	var err error
	if s.include, err = s.call.Param("include").String(s.item, "noOtherFields"); err != nil || s.include != "selectedOtherFields" {
		return err
	}
	selected, err := s.rules.names(s.call.Param("fieldsToInclude"), s.item)
	if err != nil {
		return err
	}
	for _, name := range selected {
		if name != "" {
			s.selected = append(s.selected, name)
		}
	}
	return nil
}

func (s *splitOutItem) split(it nodes.Item) error {
	lists := make([][]gjson.Result, len(s.fields))
	most := 0
	for f, name := range s.fields {
		if name == "$binary" {
			return s.splitBinary(it)
		}
		value := lookup(it.JSON(), name, s.dots)
		if err := s.check(name, value); err != nil {
			return err
		}
		lists[f] = elements(value)
		most = max(most, len(lists[f]))
	}
	if most > 0 && s.include == "selectedOtherFields" && len(s.selected) == 0 {
		e := nodes.Errorf("No fields specified")
		e.Description = "Please add a field to include"
		return e
	}
	before, after, err := s.others(it.JSON())
	if err != nil {
		return err
	}
	for row := range most {
		json, err := s.row(lists, row, before, after)
		if err != nil {
			return err
		}
		out := nodes.NewItem(json)
		if s.binary {
			out = out.WithBinary(it.Binary())
		}
		s.call.EmitFrom(0, s.item, out)
	}
	return nil
}

// check refuses what the rules do not take.
func (s *splitOutItem) check(name string, value gjson.Result) error {
	switch {
	case !value.Exists():
		if s.rules.mustExist {
			return nodes.AsError(missingField(name, !s.dots)).At(s.item)
		}
	case s.rules.kinds == "" || value.IsArray() || value.IsObject() && s.rules.kinds == "array or object":
	default:
		return nodes.Errorf("The provided field '%s' is not an %s", name, s.rules.kinds).At(s.item)
	}
	return nil
}

// elements are what a field is split into: a list's elements, an object's values, or the value itself.
func elements(r gjson.Result) []gjson.Result {
	switch {
	case !r.Exists():
		return nil
	case r.IsArray():
		return r.Array()
	case r.IsObject():
		var list []gjson.Result
		r.ForEach(func(_, v gjson.Result) bool {
			list = append(list, v)
			return true
		})
		return list
	}
	return []gjson.Result{r}
}

// others returns what of the input each row has before and after the split fields.
func (s *splitOutItem) others(json string) (before string, after []nodes.Value, err error) {
	switch s.include {
	case "allOtherFields":
		for _, name := range s.fields {
			json = remove(json, name, s.dots)
		}
		return json, nil, nil
	case "selectedOtherFields":
		for _, name := range s.selected {
			after = append(after, nodes.ResultValue(lookup(json, name, s.dots)))
		}
	}
	return "{}", after, nil
}

// row makes an item's JSON of the elements with one index.
func (s *splitOutItem) row(lists [][]gjson.Result, row int, before string, after []nodes.Value) (string, error) {
	if spread, ok := s.spread(lists, row); ok {
		return spread, nil
	}
	var (
		p      fieldPlan
		values = make([]nodes.Value, 0, len(lists)+len(after))
	)
	add := func(name string, v nodes.Value) {
		if v.Kind() != nodes.Undefined {
			p.add(name, "")
			values = append(values, v)
		}
	}
	if s.rules.othersFirst {
		for f, v := range after {
			add(s.selected[f], v)
		}
		after = nil
	}
	for f, list := range lists {
		if row < len(list) {
			add(s.name(f), nodes.ResultValue(list[row]))
		}
	}
	for f, v := range after {
		add(s.selected[f], v)
	}
	json := string(p.appendObject(nil, before, values))
	if p.indices {
		return nodes.Normalize(json)
	}
	return json, nil
}

func (s *splitOutItem) name(field int) string {
	if s.rename != nil && s.rename[field] != "" {
		return s.rename[field]
	}
	return s.fields[field]
}

// spread makes an element that is an object the whole item, if it is all there is to give.
func (s *splitOutItem) spread(lists [][]gjson.Result, row int) (string, bool) {
	if len(lists) != 1 || s.rename != nil || s.include != "noOtherFields" {
		return "", false
	}
	el := lists[0][row]
	switch {
	case el.IsObject():
		return el.Raw, true
	case el.IsArray(): // a list counts as an object with indices
		var b nodes.ObjectBuilder
		for i, inner := range el.Array() {
			b.Raw(nodes.NumberValue(float64(i)).Text(), inner.Raw)
		}
		return b.String(), true
	}
	return "", false
}

// splitBinary gives an item for each piece of binary data.
func (s *splitOutItem) splitBinary(it nodes.Item) error {
	json := "{}"
	switch s.include {
	case "allOtherFields":
		json = it.JSON()
	case "selectedOtherFields":
		var err error
		if json, err = selectFields(it.JSON(), s.selected, false); err != nil {
			return err
		}
	}
	for key, file := range it.Binary().All() {
		s.call.EmitFrom(0, s.item, nodes.NewItem(json).WithBinary((*nodes.Binary)(nil).With(key, file)))
	}
	return nil
}
