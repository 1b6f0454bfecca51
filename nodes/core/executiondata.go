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
		key, err := p.Get("key").String(i, "")
		if err != nil {
			return err
		}
		v, err := p.Get("value").Value(i)
		if err != nil {
			return err
		}
		if v.Kind() == nodes.Undefined && p.Get("value").IsSet() && call.Version < 1.1 {
			return nodes.Errorf("Custom data values must be a string (key %q)", key)
		}
		if err := call.CustomData.Save(key, v); err != nil {
			return err
		}
	}
	return nil
}
