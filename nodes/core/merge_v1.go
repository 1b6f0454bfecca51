package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// mergeV1 is Merge version 1: two inputs, and modes by name. A mode that does not exist gives nothing.
func mergeV1(ctx context.Context, call *nodes.Call, mode string) error {
	switch mode {
	case "append":
		return mergeAppend(call)
	case "mergeByIndex":
		return mergeIndexV1(call)
	case "mergeByKey", "keepKeyMatches", "removeKeyMatches":
		return mergeKeyV1(call, mode)
	case "multiplex":
		for i, a := range call.Input(0).All() {
			for j, b := range call.Input(1).All() {
				if j%1024 == 0 && ctx.Err() != nil {
					return context.Cause(ctx)
				}
				json := merging{shallow: true}.objects(a.JSON(), b.JSON())
				call.Emit(0, nodes.NewItem(json).WithParents(nodes.From(i, 0), nodes.From(j, 1)))
			}
		}
	case "passThrough":
		output, err := call.Param("output").String(0, "input1")
		if err != nil {
			return err
		}
		if output == "input2" {
			passInput(call, 1)
		} else {
			passInput(call, 0)
		}
	case "wait":
		call.Emit(0, nodes.NewItem("{}").WithParents(allParents([]nodes.Items{call.Input(0)})...))
	}
	return nil
}

// mergeIndexV1 joins items with the same index: all that both inputs have (inner), those of the first (left), all (outer).
func mergeIndexV1(call *nodes.Call) error {
	join, err := call.Param("join").String(0, "left")
	if err != nil {
		return err
	}
	first, second := call.Input(0), call.Input(1)
	count := first.Len()
	switch {
	case join == "inner":
		count = min(count, second.Len())
	case join == "outer":
		count = max(count, second.Len())
	}
	for i := range count {
		var list []source
		if i < first.Len() {
			list = append(list, source{first.At(i), i, 0})
		}
		if i < second.Len() {
			list = append(list, source{second.At(i), i, 1})
		}
		emitMerged(call, merging{shallow: true}, list...)
	}
	return nil
}

// mergeKeyV1 looks up the items of the first input by the value of a field in the second; of several there, the last counts.
func mergeKeyV1(call *nodes.Call, mode string) error {
	var names [2]string
	for i, param := range []string{"propertyName1", "propertyName2"} {
		name, err := call.Param(param).String(0, "")
		if err != nil {
			return err
		}
		if name == "" {
			return nodes.Errorf("the name of a field is missing").WithParam(param, "")
		}
		names[i] = name
	}
	overwrite, err := call.Param("overwrite").String(0, "always")
	if err != nil {
		return err
	}
	byKey := make(map[string]nodes.Item, call.Input(1).Len())
	for _, it := range call.Input(1).All() {
		if v := nodes.ResultValue(lookup(it.JSON(), names[1], true)); v.Truthy() {
			byKey[v.Text()] = it
		}
	}
	for i, it := range call.Input(0).All() {
		v := nodes.ResultValue(lookup(it.JSON(), names[0], true))
		isKey := v.Kind() == nodes.String || v.Kind() == nodes.Number
		other, found := byKey[v.Text()]
		found = found && isKey
		switch {
		case mode == "keepKeyMatches" && found, mode == "removeKeyMatches" && !found:
			call.EmitFrom(0, i, it)
		case mode == "mergeByKey" && found:
			call.EmitFrom(0, i, it.WithJSON(addFields(it.JSON(), other.JSON(), names[1], overwrite)))
		case mode == "mergeByKey" && (isKey || v.Kind() == nodes.Null): // values of other types are lost, as in n8n
			call.EmitFrom(0, i, it)
		}
	}
	return nil
}

// addFields adds the members of b except the key to a. What a has is replaced always, where it is blank, or where it is
// undefined.
func addFields(a, b, key, overwrite string) string {
	var list []field
	for _, f := range fieldsOf(b) {
		if f.name == key {
			continue
		}
		if overwrite != "always" {
			r := lookup(a, f.name, false)
			if r.Exists() && (overwrite == "undefined" || r.Raw != "null" && r.Raw != `""`) {
				continue
			}
		}
		list = append(list, f)
	}
	return merging{shallow: true}.objects(a, writeFields(list, true, len(b)))
}
