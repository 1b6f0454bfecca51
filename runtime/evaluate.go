package runtime

import (
	"context"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/expression"
)

// Evaluation is what an expression gave outside of a workflow.
type Evaluation struct {
	Values []nodes.Value // one for each item
	// Native is set if the expression runs without JavaScript.
	Native bool
}

// EvaluateText evaluates a parameter's text, with or without the leading "=", for each of the items, as if a node got them
// that stands alone in its workflow.
func (e *Engine) EvaluateText(ctx context.Context, text string, items nodes.Items) (Evaluation, error) {
	if text != "" && text[0] == '=' {
		text = text[1:]
	}
	compiled, err := expression.Compile(text)
	if err != nil {
		return Evaluation{}, err
	}
	s := &step{node: &Node{Name: "expression", Version: 1}}
	p := &Plan{Workflow: &Workflow{}, steps: []*step{s}, byName: map[string]*step{s.node.Name: s}, location: defaultLocation()}
	x := &Execution{engine: e, plan: p, family: newFamily(RunOptions{}), state: &State{Mode: "manual", StartedAt: time.Now()}}
	c := &stepCall{x: x, step: s, inputs: []nodes.Items{items}}
	c.arrived = c.inputs
	c.batch = e.expressions.NewBatch(ctx, c)
	out := Evaluation{Native: compiled.Native()}
	for i := range items.Len() {
		v, err := c.Evaluate(compiled, i, nil)
		if err != nil {
			return out, nodes.AsError(err).At(i)
		}
		out.Values = append(out.Values, v)
	}
	return out, nil
}
