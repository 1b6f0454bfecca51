package core

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// removeDuplicates passes on the first of each set of items that are alike, in all or some of their fields.
type removeDuplicates struct{}

var _ nodes.Node = removeDuplicates{}

func (removeDuplicates) Execute(ctx context.Context, call *nodes.Call) error {
	err := duplicatesOf(ctx, call)
	if err == nil || call.Version < 2 {
		return err
	}
	// From version 2 on a failure is one of an item, the first; on the error output n8n leaves its lineage out.
	if call.OnError == nodes.ContinueErrorOutput {
		e := nodes.AsError(err).At(0)
		var b nodes.ObjectBuilder
		b.Set("error", nodes.StringValue(e.Message))
		call.Emit(0, nodes.NewItem(b.String()).WithError(e))
		return nil
	}
	if call.OnError == nodes.ContinueRegularOutput {
		return call.Fail(0, err)
	}
	return err
}

func duplicatesOf(ctx context.Context, call *nodes.Call) error {
	operation := "removeDuplicateInputItems"
	if call.Version >= 2 {
		var err error
		if operation, err = call.Param("operation").Option(0, operation, operation, seenOperation, clearOperation); err != nil {
			return err
		}
	}
	if operation == "removeDuplicateInputItems" {
		d := &duplicates{call: call, strict: call.Version >= 1.1, fields: commaFields}
		return d.run(ctx)
	}
	s, err := newSeenItems(call)
	if err != nil {
		return err
	}
	if operation == clearOperation {
		return s.forget(ctx)
	}
	return s.run(ctx)
}

// duplicates is one search for items that are alike.
type duplicates struct {
	call *nodes.Call
	// strict is the check of types from 1.1 on: null is of every type, and the message names the items. Before, null is of
	// the type object.
	strict bool
	// anyType leaves the check of types out.
	anyType bool
	// fields reads a parameter that is a list of names.
	fields func(p nodes.Param) ([]string, error)

	keys        []string
	dots        bool
	removeOther bool
}

func commaFields(p nodes.Param) ([]string, error) { return fieldNames(p, 0) }

func (d *duplicates) run(ctx context.Context) error {
	if err := d.read(); err != nil {
		return err
	}
	if err := d.check(ctx); err != nil {
		return err
	}
	var (
		seen = make(map[[sha256.Size]byte]struct{})
		row  = newFieldRow(d.keys, d.dots)
		buf  []byte
	)
	for i, it := range d.call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		buf = buf[:0]
		for _, value := range row.read(it.JSON()) {
			buf = append(appendCanonical(buf, value), 0)
		}
		sum := sha256.Sum256(buf) // short, however much is compared
		if _, ok := seen[sum]; ok {
			continue
		}
		if seen[sum] = struct{}{}; !d.removeOther {
			d.call.EmitFrom(0, i, it)
			continue
		}
		json, err := d.only(it.JSON())
		if err != nil {
			return err
		}
		d.call.EmitFrom(0, len(seen)-1, nodes.NewItem(json)) // n8n counts the items that are left
	}
	return nil
}

// only returns the compared fields of an item.
func (d *duplicates) only(json string) (string, error) {
	out := "{}"
	for _, key := range d.keys {
		dots := d.dots && !member(gjson.Parse(json), key).Exists()
		var err error
		if out, err = assign(out, key, lookup(json, key, d.dots).Raw, dots); err != nil {
			return "", err
		}
	}
	return nodes.Normalize(out)
}

// read finds the fields to compare.
func (d *duplicates) read() error {
	compare, err := d.call.Param("compare").String(0, "allFields")
	if err != nil {
		return err
	}
	options := d.call.Param("options")
	noDots, err := options.Get("disableDotNotation").Bool(0, false)
	if err != nil {
		return err
	}
	d.dots = !noDots
	if d.removeOther, err = options.Get("removeOtherFields").Bool(0, false); err != nil {
		return err
	}
	if compare == "selectedFields" {
		d.keys, err = d.fields(d.call.Param("fieldsToCompare"))
		if err == nil && len(d.keys) == 0 {
			err = nodes.Errorf("No fields specified. Please add a field to compare on")
		}
		return err
	}
	items := d.call.Input(0).All()
	if compare != "allFieldsExcept" {
		d.dots, d.removeOther = true, false // whatever the options say
		d.keys = keysOf(items, true, true)
		return nil
	}
	if d.dots { // only the first item's count
		items = func(yield func(int, nodes.Item) bool) { yield(0, d.call.Input(0).At(0)) }
	}
	d.keys = keysOf(items, d.dots, false)
	except, err := d.fields(d.call.Param("fieldsToExclude"))
	if err == nil && len(except) == 0 {
		err = nodes.Errorf("No fields specified. Please add a field to exclude from comparison")
	}
	d.keys = slices.DeleteFunc(d.keys, func(key string) bool { return slices.Contains(except, key) })
	return err
}

// keysOf are the keys of items in the order in which they turn up; deep are the ways to all values, as in a.b, and with empty those
// to objects and lists that have none.
func keysOf(items iter.Seq2[int, nodes.Item], deep, empty bool) []string {
	var (
		keys  []string
		known = map[string]bool{}
		add   func(prefix string, r gjson.Result)
	)
	note := func(name string) {
		if !known[name] {
			name = strings.Clone(name)
			known[name], keys = true, append(keys, name)
		}
	}
	add = func(prefix string, r gjson.Result) {
		n := 0
		r.ForEach(func(key, value gjson.Result) bool {
			name := key.Str
			if r.IsArray() {
				name = strconv.Itoa(n)
			}
			n++
			if name = prefix + "." + name; value.IsObject() || value.IsArray() {
				add(name, value)
			} else {
				note(name)
			}
			return true
		})
		if n == 0 && empty {
			note(prefix)
		}
	}
	for _, it := range items {
		for c := members(it.JSON()); ; {
			key, value, ok := c.next()
			if !ok {
				break
			}
			if name := c.name(key); deep && (value[0] == '{' || value[0] == '[') {
				add(name, gjson.Parse(value))
			} else {
				note(name)
			}
		}
	}
	return keys
}

// check fails where an item lacks a field, or has it in another type than the item before. What is wrong with the first field
// counts, wherever it is.
func (d *duplicates) check(ctx context.Context) error {
	failed := make([]error, len(d.keys))
	types := make([]string, len(d.keys))
	row := newFieldRow(d.keys, d.dots)
	for i, it := range d.call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for k, value := range row.read(it.JSON()) {
			if failed[k] == nil {
				failed[k] = d.checkField(i, value, d.keys[k], &types[k])
			}
		}
		if len(failed) > 0 && failed[0] != nil {
			return failed[0]
		}
	}
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *duplicates) checkField(i int, value gjson.Result, key string, before *string) error {
	if !value.Exists() {
		e := nodes.Errorf("'%s' field is missing from some input items", key)
		if !d.dots && strings.Contains(key, ".") {
			e.Description = "If you're trying to use a nested field, make sure you turn off 'disable dot notation' in the node options"
		}
		return e
	}
	typ := "object"
	switch value.Type {
	case gjson.True, gjson.False:
		typ = "boolean"
	case gjson.Number:
		typ = "number"
	case gjson.String:
		typ = "string"
	case gjson.Null:
		if d.strict {
			return nil
		}
	}
	last := *before
	*before = typ
	if d.anyType || last == "" || last == typ {
		return nil
	}
	e := nodes.Errorf("'%s' isn't always the same type", key)
	e.Description = "The type of this field varies between items"
	if d.strict {
		e.Description += fmt.Sprintf(", in item [%d] it's a %s and in item [%d] it's a %s ", i-1, last, i, typ)
	}
	return e
}
