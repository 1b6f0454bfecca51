package core

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// aggregate makes one item of all: a list for each of some fields, or one list of whole items.
type aggregate struct{}

var _ nodes.Node = aggregate{}

func (aggregate) Execute(ctx context.Context, call *nodes.Call) error {
	return (&aggregation{call: call, names: commaFields}).run(ctx)
}

// aggregation is one execution. What it leaves open is what Item Lists does otherwise.
type aggregation struct {
	call  *nodes.Call
	names func(nodes.Param) ([]string, error) // reads a list of fields
	// mustExist makes failures of a field without a name and of one that no item has.
	mustExist bool
	// firstOnly is a lineage of the first item only, for whole items.
	firstOnly  bool
	noBinaries bool
}

func (a *aggregation) run(ctx context.Context) error {
	mode, err := a.call.Param("aggregate").String(0, "aggregateIndividualFields")
	if err != nil {
		return err
	}
	var out nodes.Item
	switch mode {
	case "aggregateIndividualFields":
		out, err = a.lists(ctx)
	case "aggregateAllItemData":
		out, err = a.items(ctx)
	default:
		err = nodes.Errorf("the aggregate parameter must be aggregateIndividualFields or aggregateAllItemData, and is %q", mode).WithParam("aggregate", "")
	}
	if err != nil {
		return err
	}
	if !a.noBinaries {
		if out, err = withBinaries(ctx, a.call, out); err != nil {
			return err
		}
	}
	a.call.Emit(0, out)
	return nil
}

// aggregateField is a field to make a list of, and the list so far.
type aggregateField struct {
	name, output string
	list         []byte
	found        bool // some item has it
}

func (a *aggregation) fields(noDots bool) ([]aggregateField, error) {
	list := a.call.Param("fieldsToAggregate").Get("fieldToAggregate")
	params, err := list.List(0)
	if err != nil {
		return nil, err
	}
	if a.mustExist && len(params) == 0 {
		return nil, blankField()
	}
	if v, err := list.Value(0); err == nil && v.Raw() == "[]" {
		e := nodes.Errorf("No fields specified")
		e.Description = "Please add a field to aggregate"
		return nil, e
	}
	var fields []aggregateField
	used := map[string]bool{}
	for _, p := range params {
		name, err := p.Get("fieldToAggregate").String(0, "")
		if err != nil {
			return nil, err
		}
		if name == "" && a.mustExist {
			return nil, blankField()
		}
		rename, err := p.Get("renameField").Bool(0, false)
		if err != nil {
			return nil, err
		}
		f := aggregateField{name: name, output: name}
		if !noDots {
			f.output = name[strings.LastIndexByte(name, '.')+1:]
		}
		unique := name
		if renamed, err := p.Get("outputFieldName").String(0, ""); err != nil {
			return nil, err
		} else if rename && renamed != "" {
			f.output, unique = renamed, renamed
		}
		if used[unique] {
			e := nodes.Errorf("The '%s' output field is used more than once", unique)
			e.Description = "Please make sure each output field name is unique"
			return nil, e
		}
		used[unique] = true
		if name != "" {
			fields = append(fields, f)
		}
	}
	return fields, nil
}

func blankField() error {
	e := nodes.Errorf("Field to aggregate is blank")
	e.Description = "Please add a field to aggregate"
	return e
}

// lists makes a list for each field.
func (a *aggregation) lists(ctx context.Context) (nodes.Item, error) {
	options := a.call.Param("options")
	var noDots, mergeLists, keepMissing bool
	for name, value := range map[string]*bool{"disableDotNotation": &noDots, "mergeLists": &mergeLists, "keepMissing": &keepMissing} {
		var err error
		if *value, err = options.Get(name).Bool(0, false); err != nil {
			return nodes.Item{}, err
		}
	}
	fields, err := a.fields(noDots)
	if err != nil {
		return nodes.Item{}, err
	}
	parents := make([]nodes.Parent, 0, a.call.Input(0).Len())
	for i, it := range a.call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return nodes.Item{}, context.Cause(ctx)
		}
		parents = append(parents, nodes.From(i, 0))
		for f := range fields {
			value := lookup(it.JSON(), fields[f].name, !noDots)
			fields[f].found = fields[f].found || value.Exists()
			switch {
			case !value.IsArray():
				fields[f].add(value, keepMissing)
				continue
			case !mergeLists:
				fields[f].addList(value, keepMissing)
				continue
			}
			value.ForEach(func(_, el gjson.Result) bool {
				fields[f].add(el, keepMissing)
				return true
			})
		}
	}
	json := "{}"
	for _, f := range fields {
		if a.mustExist && !keepMissing && !f.found {
			return nodes.Item{}, missingField(f.name, noDots)
		}
		if json, err = assign(json, f.output, string(f.list)+f.end(), !noDots); err != nil {
			return nodes.Item{}, err
		}
	}
	json, err = nodes.Normalize(json)
	return nodes.NewItem(json).WithParents(parents...), err
}

// missingField says that no item has a field.
func missingField(name string, noDots bool) error {
	e := nodes.Errorf("Couldn't find the field '%s' in the input data", name)
	if noDots && strings.Contains(name, ".") {
		e.Description = "If you're trying to use a nested field, make sure you turn off 'disable dot notation' in the node options"
	}
	return e
}

// add puts a value behind the list; null and what is missing only if asked for.
func (f *aggregateField) add(value gjson.Result, keepMissing bool) {
	raw := value.Raw
	if value.Type == gjson.Null {
		if !keepMissing {
			return
		}
		raw = "null"
	}
	sep := byte(',')
	if len(f.list) == 0 {
		sep = '['
	}
	f.list = append(append(f.list, sep), raw...)
}

// addList puts a list behind the list, without its own nulls unless they are asked for.
func (f *aggregateField) addList(value gjson.Result, keepMissing bool) {
	inner := aggregateField{}
	value.ForEach(func(_, el gjson.Result) bool {
		inner.add(el, keepMissing)
		return true
	})
	f.add(gjson.Result{Type: gjson.JSON, Raw: string(inner.list) + inner.end()}, true)
}

func (f *aggregateField) end() string {
	if len(f.list) == 0 {
		return "[]"
	}
	return "]"
}

// items makes a list of the items, or of some of their fields. Here names are keys as they stand. An item that has none of the
// fields is left out, from the lineage too.
func (a *aggregation) items(ctx context.Context) (nodes.Item, error) {
	name := "data"
	if destination := a.call.Param("destinationFieldName"); destination.IsSet() {
		v, err := destination.Value(0)
		if err != nil {
			return nodes.Item{}, err
		}
		name = v.Text()
	}
	keep, err := a.filter()
	if err != nil {
		return nodes.Item{}, err
	}
	var (
		list    strings.Builder // its text is used without a copy
		parents = make([]nodes.Parent, 0, a.call.Input(0).Len())
	)
	if keep == nil { // the length is known, so that nothing is copied while the text grows
		size := len(name) + 16
		for _, it := range a.call.Input(0).All() {
			size += len(it.JSON()) + 1
		}
		list.Grow(size)
	}
	list.WriteByte('{')
	list.Write(nodes.AppendString(nil, name))
	list.WriteString(":[")
	for i, it := range a.call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return nodes.Item{}, context.Cause(ctx)
		}
		json := it.JSON()
		if keep != nil {
			if json = keepKeys(json, keep); json == "{}" {
				continue
			}
		}
		if len(parents) > 0 {
			list.WriteByte(',')
		}
		list.WriteString(json)
		parents = append(parents, nodes.From(i, 0))
	}
	list.WriteString("]}")
	if a.firstOnly {
		parents = []nodes.Parent{nodes.From(0, 0)}
	}
	return nodes.NewItem(list.String()).WithParents(parents...), nil
}

// filter says which keys of an item stay; nil if all do.
func (a *aggregation) filter() (func(key string) bool, error) {
	include, err := a.call.Param("include").String(0, "allFields")
	if err != nil {
		return nil, err
	}
	param := map[string]string{"specifiedFields": "fieldsToInclude", "allFieldsExcept": "fieldsToExclude"}[include]
	if param == "" {
		return nil, nil
	}
	names, err := a.names(a.call.Param(param))
	if err != nil || len(names) == 0 {
		return nil, err
	}
	named := map[string]bool{}
	for _, name := range names {
		named[name] = true
	}
	return func(key string) bool { return named[key] == (include == "specifiedFields") }, nil
}

// fieldNames reads a list of names: text with commas between them, or a list. Empty names do not count.
func fieldNames(p nodes.Param, i int) ([]string, error) {
	v, err := p.Value(i)
	if err != nil || !p.IsSet() {
		return nil, err
	}
	if v.Kind() != nodes.String && v.Kind() != nodes.Array {
		words := regexp.MustCompile(`[A-Z]`).ReplaceAllString(p.Name(), " $0")
		return nil, nodes.Errorf("The '%s%s' parameter must be a string of fields separated by commas or an array of strings.", strings.ToUpper(words[:1]), words[1:])
	}
	list := strings.Split(v.Text(), ",")
	if v.Kind() == nodes.Array {
		list = nil
		for _, el := range v.Result().Array() {
			list = append(list, el.String())
		}
	}
	var names []string
	for _, name := range list {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// keepKeys returns the object with only some of its keys.
func keepKeys(json string, keep func(key string) bool) string {
	list := fieldsOf(json)
	kept := list[:0]
	for _, f := range list {
		if keep(f.name) {
			kept = append(kept, f)
		}
	}
	return writeFields(kept, true, len(json))
}

// withBinaries gives the item the binary data of all input items, if asked for. A key that is taken gets a number behind it.
// Data of the same MIME type, file type, size and extension counts as the same.
func withBinaries(ctx context.Context, call *nodes.Call, out nodes.Item) (nodes.Item, error) {
	options := call.Param("options")
	include, err := options.Get("includeBinaries").Bool(0, false)
	if err != nil || !include {
		return out, err
	}
	unique, err := options.Get("keepOnlyUnique").Bool(0, false)
	if err != nil {
		return out, err
	}
	seen, taken := map[string]bool{}, map[string]bool{}
	numbers := map[string]int{} // the last one behind each key
	var all nodes.BinaryBuilder
	for i := range call.Input(0).Len() {
		if i%1024 == 0 && ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		for key, file := range call.Input(0).Head(i).Binary().All() {
			if unique {
				mark := fmt.Sprintf("%q %q %q %q", file.MimeType, file.FileType, file.FileSize, file.FileExtension)
				if seen[mark] {
					continue
				}
				seen[mark] = true
			}
			name := key
			for taken[name] {
				numbers[key]++
				name = key + "_" + strconv.Itoa(numbers[key])
			}
			taken[name] = true
			all.Set(name, file)
		}
	}
	return out.WithBinary(all.Binary()), nil
}
