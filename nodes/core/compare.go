package core

import (
	"math"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// compare carries out a condition's operation on values of its types. An operation that does not exist is never met.
func (c *conditions) compare(cond *condition, a, b nodes.Value) (bool, error) {
	if ok, known := compareExistence(cond, a); known {
		return ok, nil
	}
	switch cond.typ {
	case "string":
		return c.compareStrings(cond.op, a, b)
	case "number":
		return compareNumbers(cond.op, a, b), nil
	case "dateTime":
		return !a.IsNil() && !b.IsNil() && compareDates(cond.op, a.Num(), b.Num()), nil
	case "boolean":
		return compareBooleans(cond.op, a, b), nil
	case "array":
		return c.compareArrays(cond.op, a, b), nil
	}
	return false, nil
}

// compareExistence handles the operations that every type has. Empty is what has nothing in it.
func compareExistence(cond *condition, a nodes.Value) (ok, known bool) {
	nothing := a.IsNil() || cond.typ == "number" && math.IsNaN(a.Num())
	empty := nothing
	switch cond.typ {
	case "string":
		empty = nothing || a.Str() == ""
	case "array", "object":
		empty = nothing || a.Raw() == "[]" || a.Raw() == "{}" || a.Kind() == nodes.Foreign
	}
	switch cond.op {
	case "exists":
		return !nothing, true
	case "notExists":
		return nothing, true
	case "empty":
		return empty, cond.typ != "any"
	case "notEmpty":
		return !empty, cond.typ != "any"
	}
	return false, false
}

func (c *conditions) compareStrings(op string, a, b nodes.Value) (bool, error) {
	left, right := a.Str(), b.Str() // "" for nothing
	if c.list.ignoreCase {
		left = strings.ToLower(left)
		if op != "regex" && op != "notRegex" {
			right = strings.ToLower(right)
		}
	}
	switch op {
	case "equals":
		return left == right, nil
	case "notEquals":
		return left != right, nil
	case "contains":
		return strings.Contains(left, right), nil
	case "notContains":
		return !strings.Contains(left, right), nil
	case "startsWith":
		return strings.HasPrefix(left, right), nil
	case "notStartsWith":
		return !strings.HasPrefix(left, right), nil
	case "endsWith":
		return strings.HasSuffix(left, right), nil
	case "notEndsWith":
		return !strings.HasSuffix(left, right), nil
	case "regex":
		return c.regexes.match(right, left)
	case "notRegex":
		ok, err := c.regexes.match(right, left)
		return err == nil && !ok, err
	}
	return false, nil
}

// compareNumbers: in an order null counts as 0 and undefined is never met; they equal only themselves.
func compareNumbers(op string, a, b nodes.Value) bool {
	switch op {
	case "equals", "notEquals":
		equal := a.Kind() == b.Kind() && (a.IsNil() || a.Num() == b.Num())
		return equal == (op == "equals")
	}
	return compareOrder(op, orderNumber(a), orderNumber(b))
}

func orderNumber(v nodes.Value) float64 {
	if v.Kind() == nodes.Null {
		return 0
	}
	return v.Num()
}

func compareOrder(op string, a, b float64) bool {
	switch op {
	case "gt":
		return a > b
	case "lt":
		return a < b
	case "gte":
		return a >= b
	case "lte":
		return a <= b
	}
	return false
}

func compareDates(op string, a, b float64) bool {
	switch op {
	case "equals":
		return a == b
	case "notEquals":
		return a != b
	case "after":
		return a > b
	case "before":
		return a < b
	case "afterOrEquals":
		return a >= b
	case "beforeOrEquals":
		return a <= b
	}
	return false
}

func compareBooleans(op string, a, b nodes.Value) bool {
	switch op {
	case "true":
		return a.Bool()
	case "false":
		return !a.Bool()
	case "equals", "notEquals":
		equal := a.Kind() == b.Kind() && a.Bool() == b.Bool()
		return equal == (op == "equals")
	}
	return false
}

func (c *conditions) compareArrays(op string, a, b nodes.Value) bool {
	switch op {
	case "contains":
		return c.arrayContains(a, b)
	case "notContains":
		return !c.arrayContains(a, b)
	}
	length := 0
	gjson.Parse(a.Raw()).ForEach(func(_, _ gjson.Result) bool {
		length++
		return true
	})
	switch op {
	case "lengthEquals":
		return float64(length) == b.Num()
	case "lengthNotEquals":
		return float64(length) != b.Num()
	case "lengthGt", "lengthLt", "lengthGte", "lengthLte":
		return compareOrder(strings.ToLower(strings.TrimPrefix(op, "length")), float64(length), orderNumber(b))
	}
	return false
}

// arrayContains looks for an equal element; objects and lists equal none.
func (c *conditions) arrayContains(a, b nodes.Value) bool {
	if b.Kind() == nodes.Undefined || b.Kind() >= nodes.Array {
		return false
	}
	text := b.Str()
	if c.list.ignoreCase {
		text = strings.ToLower(text)
	}
	found := false
	gjson.Parse(a.Raw()).ForEach(func(_, el gjson.Result) bool {
		v := nodes.ResultValue(el)
		switch {
		case v.Kind() != b.Kind():
		case v.Kind() == nodes.Number:
			found = v.Num() == b.Num()
		case v.Kind() == nodes.String && c.list.ignoreCase:
			found = strings.ToLower(v.Str()) == text
		default:
			found = v.Str() == b.Str() && v.Bool() == b.Bool()
		}
		return !found
	})
	return found
}
