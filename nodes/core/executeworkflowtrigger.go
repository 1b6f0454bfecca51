package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// executeWorkflowTrigger starts a workflow that another one calls, with the caller's items. Declared inputs that an item lacks
// become null and others are dropped; their types are not checked, as in n8n.
type executeWorkflowTrigger struct{}

var _ nodes.Node = executeWorkflowTrigger{}

func (executeWorkflowTrigger) Execute(_ context.Context, call *nodes.Call) error {
	names, declared, err := declaredInputs(call)
	if err != nil {
		return err
	}
	for i, it := range call.Input(0).All() {
		if declared {
			var b nodes.ObjectBuilder
			for _, name := range names {
				v := nodes.ResultValue(lookup(it.JSON(), name, false))
				if v.IsNil() {
					v = nodes.NullValue
				}
				b.Set(name, v)
			}
			json, err := nodes.Normalize(b.String()) // keys that are indices come first
			if err != nil {
				return err
			}
			it = it.WithJSON(json)
		}
		call.EmitFrom(0, i, it)
	}
	return nil
}

// declaredInputs are the names of the inputs; declared is false where anything is taken.
func declaredInputs(call *nodes.Call) (names []string, declared bool, err error) {
	if call.Version < 1.1 {
		return nil, false, nil
	}
	source, err := call.Param("inputSource").Option(0, "workflowInputs", "workflowInputs", "jsonExample", "passthrough")
	if err != nil || source == "passthrough" {
		return nil, false, err
	}
	if source == "jsonExample" {
		names, err = exampleKeys(call)
		return names, true, err
	}
	values, err := call.Param("workflowInputs").Get("values").List(0)
	if err != nil {
		return nil, false, err
	}
	for _, v := range values {
		name, err := v.Get("name").String(0, "")
		if err != nil {
			return nil, false, err
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, false, nodes.Errorf("at least one input must be declared").WithParam("workflowInputs", "")
	}
	return names, true, nil
}

func exampleKeys(call *nodes.Call) ([]string, error) {
	text, err := call.Param("jsonExample").String(0, "{}")
	if err != nil {
		return nil, err
	}
	normal, err := nodes.Normalize(text)
	if err != nil {
		return nil, nodes.Errorf("the example is not JSON: %w", err).WithParam("jsonExample", "")
	}
	if r := nodes.WireValue(normal); r.Kind() != nodes.Object {
		return nil, nodes.Errorf("Invalid JSON schema type. Only object type is supported, but got %s", r.Kind()).WithParam("jsonExample", "")
	}
	var names []string
	for _, f := range fieldsOf(normal) {
		names = append(names, f.name)
	}
	return names, nil
}
