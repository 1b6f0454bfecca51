package runtime

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/expression"
)

// stepCall is one execution of a node as the engine sees it: what a node asks of nodes.Engine and an expression of
// expression.Scope is answered here.
type stepCall struct {
	x       *Execution
	step    *step
	pending Pending
	inputs  []nodes.Items // what the node works on
	arrived []nodes.Items // what came in: more than inputs with executeOnce
	run     int
	batch   *expression.Batch
	called  int // workflows, for their paths in the journal
	// ways remembers which nodes lead to this one.
	ways map[string]way
}

var (
	_ nodes.Engine        = (*stepCall)(nil)
	_ nodes.Workflows     = (*stepCall)(nil)
	_ nodes.Compiler      = (*stepCall)(nil)
	_ nodes.Caller        = (*stepCall)(nil)
	_ expression.Scope    = (*stepCall)(nil)
	_ expression.NodeRuns = (*stepCall)(nil)
)

// execute runs one node. A step without outputs is one whose failure ends the run.
func (x *Execution) execute(ctx context.Context, p Pending) (*StepRun, *nodes.Suspend) {
	s := x.plan.byName[p.Node]
	c := &stepCall{x: x, step: s, pending: p, run: len(x.state.byNode[p.Node])}
	in := 0
	for _, ref := range p.Inputs {
		items := x.state.items(ref)
		c.arrived = append(c.arrived, items)
		if s.node.ExecuteOnce && items.Len() > 1 {
			items = items.Slice(0, 1)
		}
		in += items.Len()
		c.inputs = append(c.inputs, items)
	}
	switch {
	case p.Start:
		c.inputs = []nodes.Items{x.given()}
		c.arrived = c.inputs
	case p.Empty:
		c.inputs = []nodes.Items{startItems()}
		c.arrived = c.inputs
	}
	ctx, span := x.stepSpan(ctx, s, c.run, in)
	c.batch = x.engine.expressions.NewBatch(expression.Observe(ctx, c.swallowed), c)
	run := &StepRun{Node: p.Node, Sources: x.sources(p.Inputs), StartedAt: x.engine.now()}
	x.observe(Event{Kind: "step.started", Node: p.Node, Run: c.run, In: in})
	x.kept = ""
	suspend := c.answer(ctx, run)
	run.Duration = x.engine.now().Sub(run.StartedAt)
	out := 0
	for _, items := range run.Outputs {
		out += items.Len()
	}
	endSpan(span, out, run.Err)
	x.observe(Event{Kind: "step.finished", Node: p.Node, Run: c.run, In: in, Out: out, Duration: run.Duration, Err: run.Err})
	return run, suspend
}

// swallowed warns, once a run, of an error in an expression that made its value undefined, as n8n does.
func (c *stepCall) swallowed(s expression.Swallowed) {
	key := c.step.node.Name + "\x00" + s.Code
	if c.x.warned[key] {
		return
	}
	if c.x.warned == nil {
		c.x.warned = map[string]bool{}
	}
	c.x.warned[key] = true
	c.x.engine.opts.Log.Warn("an expression is undefined", "node", c.step.node.Name, "item", s.Item, "expression", s.Code, "why", s.Message)
}

// LastRun is expression.NodeRuns'.
func (c *stepCall) LastRun(name string) int { return len(c.x.state.byNode[name]) - 1 }

// sources are the outputs that inputs got items from: to n8n's order v1 one that has none is no source.
func (x *Execution) sources(inputs []Ref) []Ref {
	if x.plan.breadthFirst || !slices.ContainsFunc(inputs, func(r Ref) bool { return x.state.items(r).Len() == 0 }) {
		return inputs
	}
	list := slices.Clone(inputs)
	for i, r := range list {
		if x.state.items(r).Len() == 0 {
			list[i] = Ref{}
		}
	}
	return list
}

// answer fills in what the node came to: its outputs, or its error, or both where the run goes on after a failure.
func (c *stepCall) answer(ctx context.Context, run *StepRun) *nodes.Suspend {
	node := c.step.node
	pinned, isPinned := c.x.plan.Workflow.PinData[node.Name]
	switch {
	case node.Disabled:
		run.Outputs = c.passOn()
		return nil
	case c.x.plan.breadthFirst && len(c.inputs) > 1 && c.inputs[0].Len() == 0: // v0 runs nothing without a first input
		if node.AlwaysOutputData {
			run.Outputs = []nodes.Items{nodes.ItemsOf(emptyItem(c.arrived))}
		}
		return nil
	case isPinned && c.x.pinned(c.step):
		run.Outputs = linkItems([]nodes.Items{pinned}, c.inputs)
		return nil
	}
	if err := c.x.intend(ctx, c.step); err != nil {
		run.Err = c.named(err)
		return nil
	}
	outputs, suspend, err := c.tries(ctx)
	if err != nil {
		c.streamError(ctx, err)
	}
	switch {
	case err == nil:
		run.Outputs = outputs
	case node.OnError == nodes.StopWorkflow || ctx.Err() != nil:
		run.Err = c.named(err)
	default: // the node failed as a whole: its input goes on unchanged
		run.Err = c.named(err)
		run.Outputs = c.passOn()
	}
	return suspend
}

// passOn is the first input as it arrived, also with executeOnce.
func (c *stepCall) passOn() []nodes.Items {
	if len(c.arrived) == 0 {
		return []nodes.Items{{}}
	}
	in := c.arrived[0]
	return linkByIndex([]nodes.Items{withoutLineage(in)}, in.Len())
}

// pinned reports whether a step gives the data that is pinned to it.
func (x *Execution) pinned(s *step) bool {
	_, isPinned := x.plan.Workflow.PinData[s.node.Name]
	return isPinned && x.state.Mode == "manual"
}

func (c *stepCall) named(err error) *nodes.Error {
	e := *nodes.AsError(err)
	if e.Node == "" { // else it failed in a workflow that this node called
		e.Node = c.step.node.Name
	}
	return &e
}

func (c *stepCall) input() nodes.Items {
	if len(c.inputs) == 0 {
		return nodes.Items{}
	}
	return c.inputs[0]
}

// tries executes the node, again after failures if retryOnFail says so. A checked node gets the bounds and repeats
// single requests itself; what may have been done already (a plugin that crashed at work) is not repeated.
func (c *stepCall) tries(ctx context.Context) (outputs []nodes.Items, suspend *nodes.Suspend, err error) {
	retry := c.step.node.Retry
	left := retry.Tries
	if c.step.check != nil {
		left = 1
	}
	for {
		outputs, suspend, err = c.attempt(ctx)
		if left--; err == nil || left <= 0 || ctx.Err() != nil || errors.Is(err, nodes.ErrOutcomeUnknown) {
			return outputs, suspend, err
		}
		c.x.engine.opts.Log.Warn("the node failed and is tried again", "node", c.step.node.Name, "error", err, "tries left", left)
		if err := nodes.Pause(ctx, retry.Wait); err != nil {
			return nil, nil, err
		}
	}
}

// attempt executes the node once. It is the one place where a panic is caught: it is a failure of that node, not of the
// program.
func (c *stepCall) attempt(ctx context.Context) (outputs []nodes.Items, suspend *nodes.Suspend, err error) {
	call := c.call()
	defer func() {
		if p := recover(); p != nil {
			call.Log.Error("the node panicked", "panic", p, "stack", string(debug.Stack()))
			outputs, suspend, err = nil, nil, nodes.Errorf("the node panicked, which is a mistake in its program: %v", p)
		}
	}()
	if err := c.check(call); err != nil {
		return nil, nil, err
	}
	if err := c.step.typ.Node.Execute(ctx, call); err != nil {
		return nil, nil, err
	}
	if kept := call.Kept(); kept != "" {
		c.x.state.keep(c.step.node.Name, kept)
		c.x.kept = kept
	}
	if call.Ended() {
		return nil, nil, nil
	}
	outputs, suspend, reply := call.Outcome()
	if reply != nil {
		c.x.reply(*reply)
	}
	return settle(c.step, outputs, c.inputs, c.arrived), suspend, nil
}

func (c *stepCall) call() *nodes.Call {
	n := c.step.node
	return &nodes.Call{
		Name: n.Name, Type: n.Type, Version: n.Version, Run: c.run, Mode: c.x.state.Mode, Inputs: c.inputs, Params: c.step.params,
		OnError: n.OnError, Retry: n.Retry, Engine: c, Binary: c.x.binary,
		Context: string(c.x.state.Contexts[n.Name]), Past: c.past, CustomData: &c.x.state.CustomData,
		Log: c.x.engine.opts.Log.With("node", n.Name), Workflows: c, Files: c.x.engine.opts.Files, History: c.history(),
	}
}

// history is what the workflow has seen in earlier runs.
func (c *stepCall) history() nodes.History {
	id := c.x.plan.Workflow.ID
	if c.x.family.past == nil || id == "" {
		return nil
	}
	return c.x.family.past(id, fmt.Sprintf("%s/%s/%d", c.x.state.ExecutionID, c.step.node.Name, c.run))
}

// past returns what input 0 got at an earlier execution of the node.
func (c *stepCall) past(run int) nodes.Items {
	step := c.x.state.step(c.step.node.Name, run)
	if step == nil || len(step.Sources) == 0 {
		return startItems()
	}
	items := c.x.state.items(step.Sources[0])
	if c.step.node.ExecuteOnce && items.Len() > 1 {
		items = items.Slice(0, 1)
	}
	return items
}

// given is what the first node of this run works on.
func (x *Execution) given() nodes.Items {
	if x.state.Given != nil {
		return *x.state.Given
	}
	return startItems()
}

// startItems is what the first node of a run works on.
func startItems() nodes.Items { return nodes.ItemsOf(nodes.NewItem("{}")) }

// check resolves and validates the parameters of all items of a checked node. Unless the node goes on after failures,
// one bad item stops it before anything is sent.
func (c *stepCall) check(call *nodes.Call) error {
	if c.step.check == nil {
		return nil
	}
	call.Operation = c.step.check.op
	call.Checked = c.step.check.all(c.input().Len(), func(e nodes.Expression, i int) (nodes.Value, error) { return c.Evaluate(e, i, nil) })
	c.warnUnknown(call.Checked)
	if call.OnError != nodes.StopWorkflow {
		return nil
	}
	var bad []*nodes.Error
	for _, p := range call.Checked {
		if p.Err != nil {
			bad = append(bad, p.Err)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	first := *bad[0]
	for _, e := range bad[1:min(len(bad), 20)] {
		first.Description = strings.TrimPrefix(first.Description+"\n"+e.Error(), "\n")
	}
	if len(bad) > 20 {
		first.Description += fmt.Sprintf("\nand %d more items", len(bad)-20)
	}
	return &first
}

// Evaluate is nodes.Engine's. What JavaScript works out for many items at once is kept until the step ends.
func (c *stepCall) Evaluate(e nodes.Expression, item int, extra map[string]nodes.Value) (nodes.Value, error) {
	switch e := e.(type) {
	case brokenExpression:
		return nodes.Value{}, nodes.Errorf("%w", e.err).WithParam(strings.TrimPrefix(e.pointer, "/"), "")
	case *expression.Expression:
		return c.batch.Eval(e, item, extra)
	}
	return nodes.Value{}, fmt.Errorf("an expression of type %T does not come from this engine", e)
}

// CompileExpression is nodes.Compiler's.
func (c *stepCall) CompileExpression(source string) (nodes.Expression, error) {
	compiled, err := expression.Compile(source)
	if err != nil {
		return nil, err
	}
	return compiled, nil
}

// Access is nodes.Engine's.
func (c *stepCall) Access(ctx context.Context, credentialType string) (nodes.Access, error) {
	cred, err := c.find(credentialType)
	if err != nil {
		return nodes.Access{}, err
	}
	return cred.Access(ctx)
}

// Renew is nodes.Engine's.
func (c *stepCall) Renew(ctx context.Context, credentialType string, generation uint64) (nodes.Access, error) {
	cred, err := c.find(credentialType)
	if err != nil {
		return nodes.Access{}, err
	}
	return cred.Renew(ctx, generation)
}

func (c *stepCall) find(credentialType string) (nodes.Credential, error) {
	declared := false
	for _, use := range c.step.typ.Descriptor.Credentials {
		declared = declared || use.Type == credentialType
	}
	if !declared {
		c.x.engine.opts.Log.Warn("the node asked for a credential that it does not declare", "node", c.step.node.Name, "type", credentialType)
		return nil, fmt.Errorf("the node type %s does not declare credentials of type %q", c.step.node.Type, credentialType)
	}
	if c.x.engine.opts.Credentials == nil {
		return nil, fmt.Errorf("no credentials were given: %w", nodes.ErrNoCredential)
	}
	typ, ref, _ := c.step.credential(credentialType)
	return c.x.engine.opts.Credentials.Find(ref.ID, ref.Name, typ)
}

// Now is nodes.Engine's and expression.Scope's.
func (c *stepCall) Now() time.Time { return c.x.engine.now() }

// Location is nodes.Engine's and expression.Scope's.
func (c *stepCall) Location() *time.Location { return c.x.plan.location }
