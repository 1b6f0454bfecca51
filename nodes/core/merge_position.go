package core

import (
	"context"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// mergeByPosition joins the items with the same index.
func mergeByPosition(call *nodes.Call, c clash) error {
	unpaired, err := call.Param("options").Get("includeUnpaired").Bool(0, false)
	if err != nil {
		return err
	}
	if call.Version < 3 {
		mergeTwoByPosition(call, c, unpaired)
		return nil
	}
	inputs, err := inputCount(call)
	if err != nil {
		return err
	}
	prefer := inputs - 1
	if n, err := strconv.Atoi(strings.TrimPrefix(c.resolve, "preferInput")); err == nil {
		if n < 1 || n > inputs {
			return nodes.Errorf("the input to prefer must be from 1 to %d, and is %d", inputs, n).WithParam("options.clashHandling.values.resolveClash", "")
		}
		prefer = n - 1
	}
	count := call.Input(0).Len()
	for input := range inputs {
		if n := call.Input(input).Len(); unpaired && n > count || !unpaired && n < count {
			count = n
		}
	}
	for i := range count {
		var list []source
		for input := range inputs {
			if i < call.Input(input).Len() {
				s := source{call.Input(input).At(i), i, input}
				if c.resolve == "addSuffix" {
					s = s.withSuffix()
				}
				list = append(list, s)
			}
		}
		// The input that counts comes once more at the end, as it is: with suffixes too.
		if i < call.Input(prefer).Len() {
			list = append(list, source{call.Input(prefer).At(i), i, prefer})
		}
		emitMerged(call, c.how, list...)
	}
	return nil
}

// mergeTwoByPosition is mergeByPosition before version 3.
func mergeTwoByPosition(call *nodes.Call, c clash, unpaired bool) {
	first, second := call.Input(0), call.Input(1)
	if first.Len() == 0 || second.Len() == 0 {
		passInput(call, 0)
		passInput(call, 1)
		return
	}
	n := min(first.Len(), second.Len())
	for i := range n {
		c.mergePair(call, source{first.At(i), i, 0}, source{second.At(i), i, 1})
	}
	if !unpaired {
		return
	}
	for input := range 2 {
		for i := n; i < call.Input(input).Len(); i++ {
			s := source{call.Input(input).At(i), i, input}
			if c.resolve == "addSuffix" {
				s = s.withSuffix()
			}
			call.Emit(0, s.item.WithParents(s.parent()))
		}
	}
}

// mergeAll joins every item of the first input with every one of the second.
func mergeAll(ctx context.Context, call *nodes.Call, c clash) error {
	outer, inner := 0, 1
	if c.resolve == "preferInput1" {
		outer, inner = 1, 0
	}
	for i, a := range call.Input(outer).All() {
		for j, b := range call.Input(inner).All() {
			if j%1024 == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			first, second := source{a, i, outer}, source{b, j, inner}
			if outer == 1 {
				first, second = second, first
			}
			c.mergePair(call, first, second)
		}
	}
	return nil
}
