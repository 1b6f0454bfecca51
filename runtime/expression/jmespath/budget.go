package jmespath

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// ErrBudget is wrapped by the errors of a query that would take too much time or memory.
var ErrBudget = errors.New("the JMESPath query takes too much")

// What a search may take: a part that every one has, and a part for each byte of its JSON. A query is short, but a pipe of
// [@,@] doubles what it gets at every step.
const (
	baseSteps, stepsPerByte = 5e6, 8
	baseBytes, bytesPerByte = 64 << 20, 32
)

const (
	checkEvery = 4096 // steps between two looks at the context
	resultSize = 80   // bytes of a gjson.Result
	callSteps  = 20   // what a call costs besides its arguments
	scanShift  = 6    // 64 bytes that are read count as a step
)

// search is one run of a query, and what is left for it. Its first error stays: once it is set all loops end, and whatever
// is computed counts no more.
type search struct {
	ctx          context.Context
	steps, bytes int
	check        int // steps left at which the context is looked at
	err          error
}

func newSearch(ctx context.Context, json string) *search {
	s := &search{ctx: ctx, steps: baseSteps + stepsPerByte*len(json), bytes: baseBytes + bytesPerByte*len(json)}
	s.check = s.steps
	return s
}

// spend takes from the budget and reports whether the search may go on.
func (s *search) spend(steps, bytes int) bool {
	if s.err != nil {
		return false
	}
	s.steps -= steps
	s.bytes -= bytes
	switch {
	case s.steps < 0:
		s.err = fmt.Errorf("%w time for its data", ErrBudget)
	case s.bytes < 0:
		s.err = fmt.Errorf("%w memory for its data", ErrBudget)
	case s.steps <= s.check:
		s.check = s.steps - checkEvery
		if s.ctx.Err() != nil {
			s.err = context.Cause(s.ctx)
		}
	}
	return s.err == nil
}

// each calls f for the members of a list or an object, until f returns false or the budget is used up.
func (s *search) each(v gjson.Result, f func(key, value gjson.Result) bool) {
	if s.spend(len(v.Raw)>>scanShift, 0) {
		v.ForEach(func(key, value gjson.Result) bool { return s.spend(1, 0) && f(key, value) })
	}
}

// items are the elements of a list.
func (s *search) items(v gjson.Result) []gjson.Result {
	var out []gjson.Result
	s.each(v, func(_, e gjson.Result) bool {
		out = append(out, e)
		return s.spend(0, resultSize)
	})
	return out
}

// count is the number of members of a list or an object.
func (s *search) count(v gjson.Result) int {
	n := 0
	s.each(v, func(_, _ gjson.Result) bool { n++; return true })
	return n
}

// keep appends to what a list is made of.
func (s *search) keep(out []gjson.Result, v gjson.Result) []gjson.Result {
	if !s.spend(0, resultSize) {
		return out
	}
	return append(out, v)
}

// text is a text that the query made.
func (s *search) text(v string) gjson.Result {
	if !s.spend(len(v)>>scanShift, 2*len(v)) {
		return null
	}
	return text(v)
}

func (s *search) list(items []gjson.Result) gjson.Result {
	size := 2
	for _, v := range items {
		size += len(v.Raw) + 1
	}
	if !s.spend(len(items)+size>>scanShift, size) {
		return null
	}
	b := append(make([]byte, 0, size), '[')
	for i, v := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, v)
	}
	return gjson.Result{Type: gjson.JSON, Raw: string(append(b, ']'))}
}

// joined is the texts with a separator in between.
func (s *search) joined(texts []string, separator string) gjson.Result {
	size := len(separator) * max(0, len(texts)-1)
	for _, t := range texts {
		size += len(t)
	}
	if !s.spend(len(texts)+size>>scanShift, size) {
		return null
	}
	return s.text(strings.Join(texts, separator))
}
