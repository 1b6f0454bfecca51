package core

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

const (
	seenOperation  = "removeItemsSeenInPreviousExecutions"
	clearOperation = "clearDeduplicationHistory"
)

var _ nodes.Variable = removeDuplicates{}

// Outputs is nodes.Variable's: items that earlier executions have seen go to a second one.
func (removeDuplicates) Outputs(version float64, params *nodes.Template) int {
	if version >= 2 && params.Member("operation").Value().Str() == seenOperation {
		return 2
	}
	return 1
}

// seenItems passes on the items that earlier executions have not seen.
type seenItems struct {
	call  *nodes.Call
	scope string
	keep  int
}

// seenGroup are the items of one value.
type seenGroup struct {
	value string
	rank  float64 // the number or the time that it is
	items []int
}

func newSeenItems(call *nodes.Call) (*seenItems, error) {
	if call.History == nil {
		e := nodes.Errorf("what earlier executions have seen is kept by cordboard serve, and not here").WithParam("operation", "")
		e.Hint = "Serve the workflow, or use removeDuplicateInputItems."
		return nil, e
	}
	options := call.Param("options")
	scope, err := options.Get("scope").Option(0, "node", "node", "workflow")
	if err != nil {
		return nil, err
	}
	size, err := options.Get("historySize").Number(0, 10000)
	if err != nil {
		return nil, err
	}
	s := &seenItems{call: call, keep: int(max(0, size))}
	if scope == "node" {
		s.scope = call.Name
	}
	return s, nil
}

// forget empties the history. The items pass.
func (s *seenItems) forget(ctx context.Context) error {
	if err := s.call.History.Forget(ctx, s.scope); err != nil {
		return err
	}
	for i, it := range s.call.Input(0).All() {
		s.call.EmitFrom(0, i, it)
	}
	return nil
}

func (s *seenItems) run(ctx context.Context) error {
	logic, err := s.call.Param("logic").Option(0, "removeItemsWithAlreadySeenKeyValues",
		"removeItemsWithAlreadySeenKeyValues", "removeItemsUpToStoredIncrementalKey", "removeItemsUpToStoredDate")
	if err != nil {
		return err
	}
	switch logic {
	case "removeItemsUpToStoredIncrementalKey":
		return s.upTo(ctx, "incrementalDedupeValue", s.number)
	case "removeItemsUpToStoredDate":
		return s.upTo(ctx, "dateDedupeValue", s.date)
	}
	groups, err := s.groups("dedupeValue", func(nodes.Value) (float64, error) { return 0, nil })
	if err != nil {
		return err
	}
	if s.call.Input(0).Len() > s.keep {
		return nodes.Errorf("The number of items to be processed exceeds the maximum history size. Please increase the history size or reduce the number of items to be processed.")
	}
	values := make([]string, len(groups))
	for i, g := range groups {
		values[i] = g.value
	}
	seen, err := s.call.History.See(ctx, s.scope, values, s.keep)
	if err != nil {
		return err
	}
	for i, g := range groups {
		s.emit(g, seen[i])
	}
	return nil
}

// upTo passes on what is greater than the greatest value so far.
func (s *seenItems) upTo(ctx context.Context, param string, rank func(nodes.Value) (float64, error)) error {
	groups, err := s.groups(param, rank)
	if err != nil || len(groups) == 0 {
		return err
	}
	text, err := s.call.History.Latest(ctx, s.scope)
	if err != nil {
		return err
	}
	latest := math.Inf(-1)
	if text != "" {
		if latest, err = strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("what earlier executions have seen cannot be read: %w", err)
		}
		slices.SortStableFunc(groups, func(a, b seenGroup) int { return cmp.Compare(a.rank, b.rank) })
	}
	greatest := latest
	for _, g := range groups {
		s.emit(g, g.rank <= latest)
		greatest = max(greatest, g.rank)
	}
	return s.call.History.SetLatest(ctx, s.scope, strconv.FormatFloat(greatest, 'g', -1, 64))
}

func (s *seenItems) emit(g seenGroup, seen bool) {
	output := 0
	if seen {
		output = 1
	}
	for _, i := range g.items {
		s.call.EmitFrom(output, i, s.call.Input(0).At(i))
	}
}

// groups are the items by the text of a value, in the order of JavaScript's objects: indices first.
func (s *seenItems) groups(param string, rank func(nodes.Value) (float64, error)) ([]seenGroup, error) {
	var list []seenGroup
	at := map[string]int{}
	for i := range s.call.Input(0).Len() {
		v, err := s.call.Param(param).Value(i)
		if err != nil {
			return nil, err
		}
		text := ""
		if !v.IsNil() {
			text = v.Text()
		}
		g, known := at[text]
		if !known {
			r, err := rank(v)
			if err != nil {
				return nil, err
			}
			g, at[text] = len(list), len(list)
			list = append(list, seenGroup{value: text, rank: r})
		}
		list[g].items = append(list[g].items, i)
	}
	slices.SortStableFunc(list, func(a, b seenGroup) int { return cmp.Compare(index(a.value), index(b.value)) })
	return list, nil
}

// index is the place of a key among those that are indices; others come after all of them.
func index(key string) int64 {
	if n, err := strconv.ParseInt(key, 10, 64); err == nil && n >= 0 && n < math.MaxUint32 && strconv.FormatInt(n, 10) == key {
		return n
	}
	return math.MaxInt64
}

func (*seenItems) number(v nodes.Value) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSpace(v.Text()), 64)
	if err != nil || v.IsNil() || math.IsNaN(n) {
		return 0, nodes.Errorf("The value '%s' is not a number. Please provide a number.", v.Text())
	}
	return n, nil
}

func (s *seenItems) date(v nodes.Value) (float64, error) {
	if v.Kind() != nodes.Number {
		if ms, ok := looseDate(v, s.call.Engine.Location()); ok {
			return ms, nil
		}
	}
	return 0, nodes.Errorf("The value '%s' is not a valid date. Please provide a valid date.", v.Text())
}
