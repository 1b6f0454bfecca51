package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// ifNode sends items that meet its conditions to output 0 and the others to output 1.
type ifNode struct{}

var _ nodes.Node = ifNode{}

func (ifNode) Execute(ctx context.Context, call *nodes.Call) error { return branch(ctx, call) }

// filter passes on the items that meet its conditions. As in n8n, what it holds back is in the run data, at an output that
// the canvas does not show.
type filter struct{}

var _ nodes.Node = filter{}

func (filter) Execute(ctx context.Context, call *nodes.Call) error { return branch(ctx, call) }

func branch(ctx context.Context, call *nodes.Call) error {
	if call.Version < 2 {
		return branchV1(ctx, call)
	}
	return eachMatch(ctx, call, "conditions", func(i int, it nodes.Item, ok bool) {
		output := 1
		if ok {
			output = 0
		}
		call.EmitFrom(output, i, it)
	})
}
