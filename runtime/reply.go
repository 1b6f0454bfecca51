package runtime

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// caller is the way to the one who called the webhook that started a run. The zero value is nobody.
type caller struct {
	reply  func(nodes.Response)
	stream func(context.Context, []byte) error
}

// reply takes a node's answer. The first one is kept; one after a wait may be for the call that ended it.
func (x *Execution) reply(r nodes.Response) {
	if x.state.Reply == nil {
		x.state.Reply = &r
	}
	if x.caller.reply != nil {
		x.caller.reply(r)
	}
}

// Called is nodes.Caller's.
func (c *stepCall) Called() bool {
	for _, s := range c.x.plan.steps {
		switch s.typ.Node.(type) {
		case nodes.Webhook, nodes.Resumable:
			if s != c.step && c.x.plan.isAncestor(s, c.step) {
				return true
			}
		}
	}
	return false
}

// Leads is nodes.Caller's.
func (c *stepCall) Leads(nodeType string) bool {
	for _, s := range c.x.plan.steps {
		if s.typ.Descriptor != nil && s.typ.Descriptor.Type == nodeType && s != c.step && c.x.plan.isAncestor(c.step, s) {
			return true
		}
	}
	return false
}

// With is nodes.Caller's.
func (c *stepCall) With(ctx context.Context, items nodes.Items) nodes.Engine {
	other := &stepCall{x: c.x, step: c.step, run: c.run, inputs: []nodes.Items{items}}
	other.arrived = other.inputs
	other.batch = c.x.engine.expressions.NewBatch(ctx, other)
	return other
}

// Streams is nodes.Caller's.
func (c *stepCall) Streams() bool { return c.x.caller.stream != nil }

// Stream is nodes.Caller's. A chunk is a line {type, content?, metadata: {nodeId, nodeName, itemIndex, runIndex, timestamp}}.
func (c *stepCall) Stream(ctx context.Context, chunk nodes.Chunk) error {
	if !c.Streams() {
		return nil
	}
	var line, meta nodes.ObjectBuilder
	line.Set("type", nodes.StringValue(chunk.Type))
	if chunk.Type == "item" || chunk.Content != "" {
		line.Set("content", nodes.StringValue(chunk.Content))
	}
	meta.Set("nodeId", nodes.StringValue(c.step.node.ID))
	meta.Set("nodeName", nodes.StringValue(c.step.node.Name))
	if chunk.Type == "error" { // n8n writes these without a time, and the other way round
		meta.Set("runIndex", nodes.NumberValue(float64(c.run)))
		meta.Set("itemIndex", nodes.NumberValue(float64(chunk.Item)))
	} else {
		meta.Set("itemIndex", nodes.NumberValue(float64(chunk.Item)))
		meta.Set("runIndex", nodes.NumberValue(float64(c.run)))
		meta.Set("timestamp", nodes.NumberValue(float64(c.Now().UnixMilli())))
	}
	line.Raw("metadata", meta.String())
	return c.x.caller.stream(ctx, []byte(line.String()+"\n"))
}

// streamError tells a caller who takes a stream that the node failed: not why, but for what the node says of it.
func (c *stepCall) streamError(ctx context.Context, err error) {
	e := nodes.AsError(err)
	if c.Streams() {
		_ = c.Stream(ctx, nodes.Chunk{Type: "error", Content: e.Description}) // the run fails anyway
	}
}

// startOutputs are the outputs of a run's first node where its items were given.
func startOutputs(opts RunOptions) []nodes.Items {
	outputs := make([]nodes.Items, opts.Output+1)
	outputs[opts.Output] = *opts.Input
	return linkByIndex(outputs, opts.Input.Len())
}
