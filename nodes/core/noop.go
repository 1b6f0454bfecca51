package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// noOp passes its items on unchanged.
type noOp struct{}

var _ nodes.Node = noOp{}

func (noOp) Execute(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}
