package core

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// setValues is Set 1 and 2: booleans, then numbers, then texts, each with a name. Types only say where a value stands; what it
// is stays, but for booleans, and in version 2 for texts that are numbers.
func setValues(ctx context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		keepOnly, err := call.Param("keepOnlySet").Bool(i, false)
		if err != nil {
			return err
		}
		out := it
		if keepOnly {
			out = nodes.NewItem("{}")
		}
		json, err := assignValues(call, i, out.JSON())
		if err != nil {
			return err
		}
		call.EmitFrom(0, i, out.WithJSON(json))
	}
	return nil
}

// assignValues sets the fields for item i in json.
func assignValues(call *nodes.Call, i int, json string) (string, error) {
	dots, err := call.Param("options").Get("dotNotation").Bool(i, true)
	if err != nil {
		return "", err
	}
	var unset []string // fields that were made undefined: they keep their place for a value that comes later
	for _, kind := range []string{"boolean", "number", "string"} {
		fields, err := call.Param("values").Get(kind).List(i)
		if err != nil {
			return "", err
		}
		for _, f := range fields {
			name, err := f.Get("name").String(i, "propertyName")
			if err != nil {
				return "", err
			}
			v, err := setValue(f.Get("value"), kind, call.Version, i)
			if err != nil {
				return "", err
			}
			value := v.JSON()
			if v.Kind() == nodes.Undefined {
				value = "null"
			}
			if json, err = assign(json, name, value, dots); err != nil {
				return "", err
			}
			unset = slices.DeleteFunc(unset, func(before string) bool {
				return name == before || dots && (isWithin(name, before) || isWithin(before, name))
			})
			if v.Kind() == nodes.Undefined {
				unset = append(unset, name)
			}
		}
	}
	for _, name := range unset { // the objects on their way stay
		json = remove(json, name, dots)
	}
	return nodes.Normalize(json)
}

// isWithin reports whether the way name goes on from the way whole.
func isWithin(name, whole string) bool {
	rest, ok := strings.CutPrefix(name, whole)
	return ok && rest != "" && (rest[0] == '.' || rest[0] == '[')
}

func setValue(p nodes.Param, kind string, version float64, i int) (nodes.Value, error) {
	v, err := p.Value(i)
	if err != nil {
		return v, err
	}
	switch {
	case !p.IsSet() && kind == "number":
		return nodes.NumberValue(0), nil
	case !p.IsSet() && kind == "string":
		return nodes.StringValue(""), nil
	case kind == "boolean":
		return nodes.BoolValue(v.Truthy()), nil
	case kind == "number" && version >= 2 && v.Kind() == nodes.String:
		if n := jsNumber(v); !math.IsNaN(n) {
			return nodes.NumberValue(n), nil
		}
	}
	return v, nil
}
