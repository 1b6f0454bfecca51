package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// manualTrigger starts a run by hand with one empty item. Where another workflow calls this one it hands on what it is given.
type manualTrigger struct{}

var _ nodes.Node = manualTrigger{}

func (manualTrigger) Execute(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}
