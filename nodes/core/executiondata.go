package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// executionData keeps texts with the run, under keys.
type executionData struct{}

var _ nodes.Node = executionData{}

func (executionData) Execute(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		if err := saveData(call, i); err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		call.EmitFrom(0, i, it)
	}
	return nil
}

func saveData(call *nodes.Call, i int) error {
	list, err := call.Param("dataToSave").Get("values").List(i)
	if err != nil {
		return err
	}
	for _, p := range list {
		key, v := p.Get("key"), p.Get("value")
		name, err := key.Value(i)
		if err != nil {
			return err
		}
		text, err := v.Value(i)
		if err != nil {
			return err
		}
		if name.IsNil() && !key.Computed() {
			name = nodes.StringValue("")
		}
		if text.IsNil() && (call.Version >= 1.1 || !v.Computed()) {
			text = nodes.StringValue("")
		}
		if err := call.CustomData.Save(nodes.StringValue(name.Text()), text); err != nil {
			return err
		}
	}
	return nil
}
