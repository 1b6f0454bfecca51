package runtime

import (
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/expression"
)

// The methods below answer what expressions ask of a run (expression.Scope).

// Inputs are the items of each input; with executeOnce all of them, as in n8n.
func (c *stepCall) Inputs() []nodes.Items { return c.arrived }

// RunIndex counts the node's executions.
func (c *stepCall) RunIndex() int { return c.run }

// Self tells of the node at hand.
func (c *stepCall) Self() expression.Node {
	n := c.step.node
	return expression.Node{Name: n.Name, ID: n.ID, Version: n.Version, WebhookID: n.WebhookID}
}

// Previous tells where the items of input 0 come from.
func (c *stepCall) Previous() (expression.Previous, bool) {
	if len(c.pending.Inputs) == 0 || c.pending.Inputs[0].Node == "" {
		return expression.Previous{}, false
	}
	r := c.pending.Inputs[0]
	return expression.Previous{Name: r.Node, OutputIndex: r.Output, RunIndex: r.Run}, true
}

// HasNode reports whether the workflow has a node of this name.
func (c *stepCall) HasNode(name string) bool { return c.x.plan.byName[name] != nil }

// Executed reports whether the node ran.
func (c *stepCall) Executed(name string) bool { return len(c.x.state.byNode[name]) > 0 }

// Output returns the items that a node gave: by default of the run and output on the way to the node at hand.
func (c *stepCall) Output(name string, output, run int) (nodes.Items, error) {
	list := c.x.state.byNode[name]
	if len(list) == 0 {
		return nodes.Items{}, expression.NotExecuted(name)
	}
	if run < 0 {
		run = len(list) - 1
		if ref, ok := c.upstream(name); run > 0 && ok {
			run = ref.Run
		}
	}
	if output < 0 {
		output, _ = c.leadsHere(name)
	}
	if run >= len(list) {
		return nodes.Items{}, expression.NoRun(name, run)
	}
	if output >= len(list[run].Outputs) {
		return nodes.Items{}, expression.NoBranch(name, output)
	}
	return list[run].Outputs[output], nil
}

// upstream looks for the nearest execution of a node from which the step's data came.
func (c *stepCall) upstream(name string) (Ref, bool) {
	for _, ref := range c.pending.Inputs {
		if ref.Node == name {
			return ref, true
		}
	}
	for _, ref := range c.pending.Inputs {
		if found, ok := c.x.state.nearest(ref, name); ok {
			return found, true
		}
	}
	return Ref{}, false
}

// Paired returns the item of the named node from which item i of input 0 descends.
func (c *stepCall) Paired(name string, i int) (it nodes.Item, ok bool, err error) {
	_, isUpstream := c.leadsHere(name)
	switch {
	case !isUpstream:
		return nodes.Item{}, false, expression.NoPath(name)
	case len(c.x.state.byNode[name]) == 0:
		return nodes.Item{}, false, expression.NotExecuted(name)
	case i < 0 || i >= c.input().Len() || len(c.pending.Inputs) == 0:
		return nodes.Item{}, false, expression.LineageBroken(name, c.step.node.Name)
	}
	found, err := c.descend(name, place{c.pending.Inputs[0], i})
	if err != nil || found == nil {
		return nodes.Item{}, false, err
	}
	return c.x.state.items(found.Ref).At(found.item), true, nil
}

// Indexed returns item i of the output of the named node that leads to the node at hand.
func (c *stepCall) Indexed(name string, i int) (nodes.Item, error) {
	items, err := c.Output(name, -1, -1)
	if err != nil {
		return nodes.Item{}, err
	}
	_, isUpstream := c.leadsHere(name)
	switch {
	case !isUpstream:
		return nodes.Item{}, expression.NotConnected(name, c.step.node.Name)
	case items.Len() == 0:
		return nodes.Item{}, expression.NotExecuted(name)
	case i >= items.Len():
		return nodes.Item{}, expression.NoItem(name, items.Len(), i)
	}
	return items.At(i), nil
}

// leadsHere returns the output of the named node from which a way leads to the node at hand, 0 and false if none does. It is asked
// for each item.
func (c *stepCall) leadsHere(name string) (output int, ok bool) {
	known, asked := c.ways[name]
	if !asked {
		if c.ways == nil {
			c.ways = map[string]way{}
		}
		known.output, known.ok = wayFrom(c.x.plan.byName[name], c.step)
		c.ways[name] = known
	}
	return known.output, known.ok
}

// way is what leadsHere has found.
type way struct {
	output int
	ok     bool
}

// place is an item of an output.
type place struct {
	Ref
	item int
}

// descend follows pairedItem back from an item to the named node. Several ways must lead to one item. nil is an item that came by
// another way.
func (c *stepCall) descend(name string, at place) (*place, error) {
	var (
		found *place
		seen  = map[place]bool{}
		lost  string // the node whose lineage is missing
	)
	for todo := []place{at}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		items := c.x.state.items(at.Ref)
		if at.item >= items.Len() {
			return nil, expression.LineageBroken(name, c.step.node.Name)
		}
		if at.Node == name {
			if found != nil && *found != at {
				return nil, expression.MultipleMatches(name)
			}
			found = &at
			continue
		}
		step := c.x.state.step(at.Node, at.Run)
		if !items.Head(at.item).HasLineage() {
			lost = at.Node
		}
		for p := range items.Head(at.item).Parents() {
			if source, ok := c.x.state.source(step, p); ok {
				todo = append(todo, place{source, p.Item()})
			}
		}
	}
	switch {
	case found != nil:
		return found, nil
	case lost != "" && c.x.plan.isPinned(lost):
		return nil, expression.LineagePinned(name, lost)
	case lost != "":
		return nil, expression.LineageMissing(name, lost)
	}
	return nil, nil //nolint:nilnil // neither an item nor a failure
}

// Params returns a node's parameters as the workflow holds them.
func (c *stepCall) Params(name string) nodes.Value {
	s := c.x.plan.byName[name]
	if s == nil {
		return nodes.Value{}
	}
	return nodes.ResultValue(s.node.Parameters)
}

// Context returns what a node keeps over its runs.
func (c *stepCall) Context(name string) nodes.Value {
	if raw, ok := c.x.state.Contexts[name]; ok {
		return nodes.WireValue(string(raw))
	}
	return nodes.WireValue("{}")
}

// Workflow tells of the workflow.
func (c *stepCall) Workflow() expression.Workflow {
	w := c.x.plan.Workflow
	return expression.Workflow{ID: w.ID, Name: w.Name, Active: w.Active}
}

// Execution tells of the run.
func (c *stepCall) Execution() expression.Execution {
	s := c.x.state
	e := expression.Execution{ID: s.ExecutionID, Mode: "production", RunMode: s.Mode, CustomData: nodes.WireValue(s.CustomData.JSON())}
	if s.Mode == "manual" {
		e.Mode = "test"
	}
	if f := c.x.engine.opts.ResumeURL; f != nil {
		e.ResumeURL = f(s.ExecutionID)
	}
	return e
}

// Vars is $vars.
func (c *stepCall) Vars() nodes.Value {
	if c.x.engine.opts.Vars == "" {
		return nodes.WireValue("{}")
	}
	return nodes.WireValue(c.x.engine.opts.Vars)
}

// Env answers $env.
func (c *stepCall) Env(name string) (value string, ok, allowed bool) {
	if c.x.engine.opts.Env == nil {
		return "", false, false
	}
	value, ok = c.x.engine.opts.Env(name)
	return value, ok, true
}
