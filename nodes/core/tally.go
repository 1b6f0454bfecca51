package core

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// tally is what Summarize knows of a field's values in a group so far.
type tally struct {
	count   int // of the values that count
	sum     float64
	numbers int
	best    nodes.Value // the least or greatest
	text    []byte      // the values so far, as a list or as text
	unique  map[string]struct{}
	objects int // no object equals another
}

// isNothing reports whether a value counts only where empty ones do.
func isNothing(v nodes.Value) bool {
	return v.IsNil() || v.Kind() == nodes.String && v.Str() == ""
}

func (t *tally) add(f *summaryField, r gjson.Result) {
	v := nodes.ResultValue(r)
	isBest := f.operation == "max" || f.operation == "min"
	if isNothing(v) && (!f.includeEmpty || isBest) || isBest && f.numeric && v.Kind() != nodes.Number {
		return
	}
	t.count++
	switch f.operation {
	case "sum", "average":
		if v.Kind() == nodes.Number {
			t.sum += v.Num()
			t.numbers++
		}
	case "max":
		if t.count == 1 || primitiveLess(t.best, v) {
			t.best = kept(v)
		}
	case "min":
		if t.count == 1 || primitiveLess(v, t.best) {
			t.best = kept(v)
		}
	case "append":
		if t.count > 1 {
			t.text = append(t.text, ',')
		}
		if v.Kind() == nodes.Undefined {
			v = nodes.NullValue
		}
		t.text = v.AppendJSON(t.text)
	case "concatenate":
		if t.count > 1 {
			t.text = append(t.text, f.separator...)
		}
		if v.Kind() == nodes.Array || v.Kind() == nodes.Object {
			t.text = append(t.text, v.Raw()...)
		} else {
			t.text = append(t.text, v.Text()...)
		}
	case "countUnique":
		if v.Kind() == nodes.Array || v.Kind() == nodes.Object {
			t.objects++
			return
		}
		if t.unique == nil {
			t.unique = map[string]struct{}{}
		}
		t.unique[v.Kind().String()+v.Text()] = struct{}{}
	}
}

// kept is the value in memory of its own: not a part of its item's.
func kept(v nodes.Value) nodes.Value { return nodes.WireValue(strings.Clone(v.JSON())) }

// primitiveLess is JavaScript's a < b, with lists and objects counting as their texts.
func primitiveLess(a, b nodes.Value) bool {
	primitive := func(v nodes.Value) nodes.Value {
		if v.Kind() == nodes.Array || v.Kind() == nodes.Object {
			return nodes.StringValue(v.Text())
		}
		return v
	}
	return jsLess(primitive(a), primitive(b))
}

// result is the tally's outcome in JSON.
func (t *tally) result(f *summaryField) string {
	switch f.operation {
	case "sum":
		return nodes.NumberValue(t.sum).JSON()
	case "average":
		if t.numbers == 0 {
			return "null"
		}
		return nodes.NumberValue(t.sum / float64(t.numbers)).JSON()
	case "max", "min":
		if t.count == 0 || t.best.Kind() == nodes.Number && math.IsNaN(t.best.Num()) {
			return "null"
		}
		return t.best.JSON()
	case "append":
		return "[" + string(t.text) + "]"
	case "concatenate":
		return string(nodes.AppendString(nil, string(t.text)))
	case "countUnique":
		return strconv.Itoa(len(t.unique) + t.objects)
	}
	return strconv.Itoa(t.count)
}
