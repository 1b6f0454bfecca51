package core

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// sortNode orders its items by fields, at random, or by code.
type sortNode struct{}

var _ nodes.Node = sortNode{}

func (sortNode) Execute(ctx context.Context, call *nodes.Call) error {
	kind, err := call.Param("type").String(0, "simple")
	if err != nil {
		return err
	}
	order := make([]int, call.Input(0).Len())
	for i := range order {
		order[i] = i
	}
	switch kind {
	case "simple":
		keys, err := readSortKeys(call)
		if err != nil {
			return err
		}
		stableSort(order, keys.compare)
	case "random":
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	case "code":
		return sortByCode(ctx, call)
	default:
		return nodes.Errorf("the type must be simple, random or code, and is %q", kind).WithParam("type", "")
	}
	return emitInOrder(ctx, call, order)
}

// emitInOrder gives the items in another order. The JSON of a long list lies in a file, so it is read in the file's order, an
// eighth of the items at a time.
func emitInOrder(ctx context.Context, call *nodes.Call, order []int) error {
	window := max(len(order)/8, 4096)
	for chunk := range slices.Chunk(order, window) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		places := make([]int, len(chunk))
		for i := range places {
			places[i] = i
		}
		slices.SortFunc(places, func(a, b int) int { return cmp.Compare(chunk[a], chunk[b]) })
		items := make([]nodes.Item, len(chunk))
		for _, place := range places {
			it := call.Input(0).At(chunk[place])
			items[place] = it.WithJSON(strings.Clone(it.JSON())) // else it would keep its whole part of the file
		}
		for place, it := range items {
			call.EmitFrom(0, chunk[place], it)
		}
	}
	return nil
}

// sortKeys are the values to sort by: by field, then by item.
type sortKeys struct {
	values     [][]sortKey
	descending []bool
}

// sortKey is a value; text is compared in lower case.
type sortKey struct {
	value nodes.Value
	text  string
}

// keepSortKey copies what it keeps: a part of an item would keep the whole of it in memory.
func keepSortKey(r gjson.Result) sortKey {
	if r.Type == gjson.String {
		text := strings.Clone(strings.ToLower(r.Str))
		return sortKey{nodes.StringValue(text), text}
	}
	r.Raw = strings.Clone(r.Raw)
	return sortKey{nodes.ResultValue(r), ""}
}

func readSortKeys(call *nodes.Call) (*sortKeys, error) {
	fields, err := call.Param("sortFieldsUi").Get("sortField").List(0)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, nodes.Errorf("No sorting specified. Please add a field to sort by")
	}
	noDots, err := call.Param("options").Get("disableDotNotation").Bool(0, false)
	if err != nil {
		return nil, err
	}
	keys := &sortKeys{}
	for _, f := range fields {
		name, err := f.Get("fieldName").String(0, "")
		if err != nil {
			return nil, err
		}
		order, err := f.Get("order").String(0, "ascending")
		if err != nil {
			return nil, err
		}
		values, found := make([]sortKey, call.Input(0).Len()), false
		for i, it := range call.Input(0).All() {
			r := lookup(it.JSON(), name, !noDots)
			found = found || r.Exists()
			values[i] = keepSortKey(r)
		}
		if !found {
			return nil, missingField(name, noDots)
		}
		keys.values = append(keys.values, values)
		keys.descending = append(keys.descending, order != "ascending")
	}
	return keys, nil
}

// compare is n8n's order. Values that JavaScript cannot compare, such as a missing one, are greater in an ascending order
// and less in a descending one, whichever side they stand on: the result then depends on how the sort goes.
func (k *sortKeys) compare(a, b int) int {
	for f, values := range k.values {
		x, y := values[a], values[b]
		less, equal := x.order(y)
		if equal {
			continue
		}
		if less != k.descending[f] {
			return -1
		}
		return 1
	}
	return 0
}

// order compares texts as texts, all else by its number.
func (k sortKey) order(other sortKey) (less, equal bool) {
	a, b := k.value, other.value
	if a.Kind() == nodes.String && b.Kind() == nodes.String {
		c := compareUTF16(k.text, other.text)
		return c < 0, c == 0
	}
	if sameValue(a, b) {
		return false, true
	}
	return jsNumber(a) < jsNumber(b), false
}

// sameValue is deep equality; objects may have their keys in any order.
func sameValue(a, b nodes.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case nodes.Number:
		return a.Num() == b.Num()
	case nodes.Array:
		return slices.EqualFunc(a.Result().Array(), b.Result().Array(), sameResult)
	case nodes.Object:
		if a.Raw() == b.Raw() {
			return true
		}
		x, y := a.Result().Map(), b.Result().Map()
		for key, v := range x {
			if w, ok := y[key]; !ok || !sameResult(v, w) {
				return false
			}
		}
		return len(x) == len(y)
	}
	return a.Text() == b.Text()
}

func sameResult(a, b gjson.Result) bool { return sameValue(nodes.ResultValue(a), nodes.ResultValue(b)) }

// compareUTF16 orders texts as JavaScript does, by UTF-16 code units. It differs from the order of bytes only where
// characters beyond the basic plane meet U+E000 to U+FFFF.
func compareUTF16(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return cmp.Compare(len(a), len(b))
	}
	x, y := a[i], b[i]
	if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
		return cmp.Compare(y, x)
	}
	return cmp.Compare(x, y)
}

// stableSort sorts like JavaScript's engine does as far as it shows: lists of up to 32 elements by inserting into runs,
// so that even an order with contradictions gives the same result. Longer lists with such an order may differ.
func stableSort(list []int, compare func(a, b int) int) {
	if len(list) > 32 {
		slices.SortStableFunc(list, compare)
		return
	}
	if len(list) < 2 {
		return
	}
	run := 2
	descending := compare(list[1], list[0]) < 0
	for run < len(list) && (compare(list[run], list[run-1]) < 0) == descending {
		run++
	}
	if descending {
		slices.Reverse(list[:run])
	}
	for i := run; i < len(list); i++ {
		pivot, left, right := list[i], 0, i
		for left < right {
			mid := (left + right) / 2
			if compare(pivot, list[mid]) < 0 {
				right = mid
			} else {
				left = mid + 1
			}
		}
		copy(list[left+1:i+1], list[left:i])
		list[left] = pivot
	}
}
