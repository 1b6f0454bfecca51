package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// errorTrigger starts an error workflow with the item that tells of the failed run: {execution, workflow}.
type errorTrigger struct{}

var _ nodes.Node = errorTrigger{}

// exampleError is what n8n gives where the workflow is started by hand.
const exampleError = `{"execution":{"id":231,"url":"http://localhost:5678/execution/workflow/1/231","retryOf":"34",` +
	`"error":{"message":"Example Error Message","stack":"Stacktrace"},"lastNodeExecuted":"Node With Error","mode":"manual"},` +
	`"workflow":{"id":"1","name":"Example Workflow"}}`

func (errorTrigger) Execute(_ context.Context, call *nodes.Call) error {
	in := call.Input(0)
	if call.Mode == "manual" && in.Len() == 1 && in.At(0).JSON() == "{}" {
		call.EmitFrom(0, 0, nodes.NewItem(exampleError))
		return nil
	}
	for i, it := range in.All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}
