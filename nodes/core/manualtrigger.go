package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// manualTrigger starts a run by hand with one empty item.
type manualTrigger struct{}

var _ nodes.Node = manualTrigger{}

func (manualTrigger) Execute(_ context.Context, call *nodes.Call) error {
	call.EmitFrom(0, 0, nodes.NewItem("{}"))
	return nil
}
