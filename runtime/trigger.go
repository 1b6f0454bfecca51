package runtime

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// Trigger is an enabled node of a plan that starts runs when something happens: a nodes.Webhook or a nodes.Trigger.
type Trigger struct {
	Name string
	Node nodes.Node
	// WebhookID is the node's, part of the addresses of webhooks with parameters in their path.
	WebhookID string
	plan      *Plan
	step      *step
}

// Triggers returns the plan's triggers, in the order of the file.
func (p *Plan) Triggers() []Trigger {
	var list []Trigger
	for _, s := range p.steps {
		if s.typ.Node != nil && s.waitsForEvents() && !s.node.Disabled {
			list = append(list, Trigger{s.node.Name, s.typ.Node, s.node.WebhookID, p, s})
		}
	}
	return list
}

// TriggerCall returns the call with which a trigger is asked, outside of any run: its parameters are evaluated for one
// empty item.
func (e *Engine) TriggerCall(ctx context.Context, t Trigger) *nodes.Call {
	x := &Execution{engine: e, plan: t.plan, family: newFamily(RunOptions{}), state: &State{Mode: "trigger", StartedAt: e.now()}}
	c := &stepCall{x: x, step: t.step, inputs: []nodes.Items{nodes.ItemsOf(nodes.NewItem("{}"))}}
	c.arrived = c.inputs
	c.batch = e.expressions.NewBatch(ctx, c)
	return c.call()
}
