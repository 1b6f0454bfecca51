package core

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// branchV1 is If and Filter 1: conditions by the type of their values, all or one of which must be met. They compare as Switch
// by value does. A condition that fails fails the node.
func branchV1(ctx context.Context, call *nodes.Call) error {
	var regexes regexCache
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		ok, err := matchV1(call, i, &regexes)
		if err != nil {
			return err
		}
		output := 1
		if ok {
			output = 0
		}
		call.EmitFrom(output, i, it)
	}
	return nil
}

func matchV1(call *nodes.Call, i int, regexes *regexCache) (bool, error) {
	combine, err := call.Param("combineOperation").String(i, "all")
	if err != nil {
		return false, err
	}
	conditions, err := call.Param("combineConditions").String(i, "AND")
	if err != nil {
		return false, err
	}
	one := combine == "any" || conditions == "OR"
	for _, kind := range []string{"boolean", "dateTime", "number", "string"} {
		list, err := call.Param("conditions").Get(kind).List(i)
		if err != nil {
			return false, err
		}
		for _, p := range list {
			ok, err := conditionV1(call, p, kind, i, regexes)
			if err != nil || ok == one {
				return ok, err
			}
		}
	}
	return !one, nil
}

// operationsV1 are the comparisons beside isEmpty and isNotEmpty.
var operationsV1 = []string{
	"equal", "notEqual", "smaller", "smallerEqual", "larger", "largerEqual", "after", "before", "contains", "notContains",
	"startsWith", "notStartsWith", "endsWith", "notEndsWith", "regex", "notRegex",
}

func conditionV1(call *nodes.Call, p nodes.Param, kind string, i int, regexes *regexCache) (bool, error) {
	op, err := p.Get("operation").String(i, "")
	if err != nil {
		return false, err
	}
	if kind != "dateTime" && (op == "isEmpty" || op == "isNotEmpty") { // dates are read first, and both must be some
		v, err := switchValue(call, p.Get("value1"), kind, i)
		empty := v.IsNil() || v.Kind() == nodes.String && v.Str() == "" || v.Raw() == "[]" || v.Raw() == "{}"
		return empty == (op == "isEmpty"), err
	}
	if op != "" && !slices.Contains(operationsV1, op) && op != "isEmpty" && op != "isNotEmpty" {
		e := nodes.Errorf("there is no operation %q", op).WithParam(p.Name()+".operation", "")
		e.Hint = "use one of " + strings.Join(operationsV1, ", ")
		return false, e
	}
	a, err := conditionValueV1(call, p.Get("value1"), kind, i)
	if err != nil {
		return false, err
	}
	b, err := conditionValueV1(call, p.Get("value2"), kind, i)
	if err != nil {
		return false, err
	}
	if op == "isEmpty" || op == "isNotEmpty" {
		return op == "isNotEmpty", nil
	}
	return compareV1(op, kind, a, b, regexes)
}

// conditionValueV1 reads a value as Switch does, but that a number is a date only as its text is one, and a time without a day is
// none.
func conditionValueV1(call *nodes.Call, p nodes.Param, kind string, i int) (nodes.Value, error) {
	if kind == "dateTime" {
		v, err := p.Value(i)
		if err != nil {
			return v, err
		}
		if !p.IsSet() {
			v = nodes.StringValue("")
		}
		ms, ok := looseDate(v, time.Local) //nolint:gosmopolitan // as n8n has it
		if !ok || v.Kind() == nodes.Array || isTimeOnly(v.Str()) {
			return v, nodes.Errorf("The value \"%s\" is not a valid DateTime.", v.Text())
		}
		return nodes.NumberValue(ms), nil
	}
	return switchValue(call, p, kind, i)
}
