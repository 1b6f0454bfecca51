package core

import (
	"context"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// executeWorkflow runs another workflow: once with all items, or once for each. Its outputs are those of the last node that
// the other one executed; without waiting the items go on as they are.
type executeWorkflow struct{}

var _ nodes.Node = executeWorkflow{}

func (executeWorkflow) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Workflows == nil {
		return nodes.Errorf("other workflows cannot be run from here")
	}
	mode, err := call.Param("mode").Option(0, "once", "once", "each")
	if err != nil {
		return err
	}
	wait, err := call.Param("options").Get("waitForSubWorkflow").Bool(0, true)
	if err != nil {
		return err
	}
	items, err := mappedInputs(call)
	if err != nil {
		return err
	}
	r := &calling{call: call, wait: wait}
	if mode == "each" {
		err = r.each(ctx, items)
	} else {
		err = r.once(ctx, items)
	}
	if err != nil {
		return err
	}
	for o, list := range r.outputs {
		for _, it := range list {
			call.Emit(o, it)
		}
	}
	return nil
}

// calling is the work of one execution.
type calling struct {
	call    *nodes.Call
	wait    bool
	outputs [][]nodes.Item
}

func (r *calling) put(output int, it nodes.Item) {
	for len(r.outputs) <= output {
		r.outputs = append(r.outputs, nil)
	}
	r.outputs[output] = append(r.outputs[output], it)
}

func (r *calling) goesOn() bool { return r.call.OnError != nodes.StopWorkflow && r.call.OnError != "" }

// once gives all items to one run. Its items keep the lineage that they have there, as in n8n.
func (r *calling) once(ctx context.Context, items nodes.Items) error {
	outputs, err := r.run(ctx, 0, items)
	switch {
	case err != nil && (!r.goesOn() || ctx.Err() != nil):
		return err
	case err != nil:
		var parents []nodes.Parent
		for i := range items.Len() {
			parents = append(parents, nodes.From(i, 0))
		}
		r.put(0, failedItem(err).WithParents(parents...))
		return nil
	case !r.wait:
		for i, it := range items.All() {
			r.put(0, it.WithParents(nodes.From(i, 0)))
		}
		return nil
	}
	for o, list := range outputs {
		for _, it := range list.All() {
			r.put(o, it)
		}
	}
	return nil
}

// each gives each item to a run of its own. The failure of item i becomes an item at output i: n8n's answer.
func (r *calling) each(ctx context.Context, items nodes.Items) error {
	for i, it := range items.All() {
		outputs, err := r.run(ctx, i, nodes.ItemsOf(it))
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil && !r.goesOn():
			e := *nodes.Errorf("Error executing workflow with item at index %d", i).At(i)
			e.Description, e.Cause, e.Hint = nodes.AsError(err).Message, err, nodes.AsError(err).Hint
			return &e
		case err != nil:
			r.put(i, failedItem(err).WithParents(nodes.From(i, 0)))
			continue
		case !r.wait:
			r.put(0, it.WithParents(nodes.From(i, 0)))
			continue
		}
		for o, list := range outputs {
			for _, out := range list.All() {
				r.put(o, out.WithParents(nodes.From(i, 0)))
			}
		}
	}
	return nil
}

func failedItem(err error) nodes.Item {
	var b nodes.ObjectBuilder
	e := nodes.AsError(err)
	b.Set("error", nodes.StringValue(e.Message))
	return nodes.NewItem(b.String()).WithError(e)
}

// run runs the workflow that the parameters name for item i.
func (r *calling) run(ctx context.Context, i int, items nodes.Items) ([]nodes.Items, error) {
	ref, err := workflowRef(r.call, i)
	if err != nil {
		return nil, err
	}
	return r.call.Workflows.Execute(ctx, ref, items, r.wait)
}

func workflowRef(call *nodes.Call, i int) (ref nodes.WorkflowRef, err error) {
	source, err := call.Param("source").Option(i, "database", "database", "localFile", "parameter", "url")
	if err != nil {
		return ref, err
	}
	switch source {
	case "localFile":
		ref.File, err = call.Param("workflowPath").String(i, "")
	case "url":
		ref.URL, err = call.Param("workflowUrl").String(i, "")
	case "parameter":
		ref.JSON, err = call.Param("workflowJson").String(i, "")
		if err == nil && ref.JSON == "" {
			ref.JSON = "{}"
		}
	default:
		ref.ID, err = locator(call.Param("workflowId"), i)
	}
	return ref, err
}

// locator reads a resource locator, {__rl, mode, value}, or the plain text that older versions have.
func locator(p nodes.Param, i int) (string, error) {
	v, err := p.Value(i)
	if err != nil {
		return "", err
	}
	if v.Kind() == nodes.Object {
		return p.Get("value").String(i, "")
	}
	return p.String(i, "")
}

// mappedInputs are the items with which the workflow is called: from version 1.2 on the fields that workflowInputs gives, if
// it gives any, else those that came in.
func mappedInputs(call *nodes.Call) (nodes.Items, error) {
	in := call.Input(0)
	inputs := call.Param("workflowInputs")
	source, err := call.Param("source").String(0, "database")
	if err != nil || call.Version < 1.2 || source != "database" || !inputs.IsSet() {
		return in, err
	}
	mode, err := inputs.Get("mappingMode").String(0, "defineBelow")
	if err != nil || mode == "autoMapInputData" {
		return in, err
	}
	var b nodes.ItemsBuilder
	b.Grow(in.Len())
	for i, it := range in.All() {
		json, mapped, err := mapInputs(inputs, i)
		if err != nil {
			return nodes.Items{}, err
		}
		if !mapped {
			return in, nil
		}
		b.Add(it.WithJSON(json))
	}
	return b.Items(), nil
}

// mapInputs makes one item's JSON of the mapping: the fields that the schema has and has not removed.
func mapInputs(inputs nodes.Param, i int) (json string, mapped bool, err error) {
	value, err := inputs.Get("value").Value(i)
	if err != nil {
		return "", false, err
	}
	convert, err := inputs.Get("attemptToConvertTypes").Bool(i, false)
	if err != nil {
		return "", false, err
	}
	texts, err := inputs.Get("convertFieldsToString").Bool(i, false)
	if err != nil {
		return "", false, err
	}
	schema, err := inputs.Get("schema").Value(i)
	if err != nil {
		return "", false, err
	}
	fields := schema.Result().Array()
	var b nodes.ObjectBuilder
	value.Result().ForEach(func(key, v gjson.Result) bool {
		mapped = true
		at := slices.IndexFunc(fields, func(f gjson.Result) bool { return f.Get("id").Str == key.Str })
		if at < 0 || fields[at].Get("removed").Bool() || v.Type == gjson.Null {
			return true
		}
		kind := fields[at].Get("type").Str
		if kind == "" && texts {
			kind = "string"
		}
		var out nodes.Value
		if out, err = inputField(key.Str, kind, i, nodes.ResultValue(v), convert); err != nil {
			return false
		}
		b.Set(key.Str, out)
		return true
	})
	if err != nil {
		return "", false, err
	}
	json, err = nodes.Normalize(b.String())
	return json, mapped, err
}

// inputField brings a value into the type that the called workflow declares, or refuses it.
func inputField(name, kind string, i int, v nodes.Value, convert bool) (nodes.Value, error) {
	want, known := map[string]nodes.Kind{
		"string": nodes.String, "number": nodes.Number, "boolean": nodes.Bool, "array": nodes.Array, "object": nodes.Object,
	}[kind]
	if !known || v.Kind() == want {
		return v, nil
	}
	if out, ok := coerce(v, kind); ok && (convert || kind == "string") {
		return out, nil
	}
	e := *nodes.Errorf("Invalid input for '%s' [item %d]", name, i).At(i)
	e.Kind, e.Description = nodes.ExpressionError, "'"+name+"' expects a "+kind+" but we got "+describe(v)
	return v, &e
}
