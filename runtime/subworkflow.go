package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// maxDepth is how deep workflows may call each other, unless the options say otherwise.
const maxDepth = 100

// maxBeside is how many runs that nobody waits for are under way at once.
const maxBeside = 16

// Workflows finds the workflows that others refer to. Package cordboard implements it.
type Workflows interface {
	// Find returns the workflow that a node of the caller refers to, compiled, and the engine to run it with.
	Find(ctx context.Context, ref nodes.WorkflowRef, caller *Workflow) (*Plan, *Engine, error)
}

// family is what a run shares with those of the workflows that it calls.
type family struct {
	// children are the runs that nobody waits for.
	children sync.WaitGroup
	// ctx is the first run's: those that nobody waits for end with it, and not with their caller. slots bounds how many of them
	// are under way at once.
	ctx     context.Context //nolint:containedctx // the life of a family is that of its first run
	slots   chan struct{}
	observe sync.Mutex
	await   func(ctx context.Context, w Waiting) (*nodes.Items, error)
	halt    <-chan struct{}
	detach  bool
	spawn   func(ctx context.Context, call Spawned) error
	// journal keeps what all of them come to, history is what an earlier process told there, by path.
	journal Journal
	history history
	// static returns what a workflow keeps over its runs.
	static func(ctx context.Context, workflowID string) (string, error)
	past   func(workflowID, by string) nodes.History
	// kept is what they keep for later runs, by workflow.
	mu   sync.Mutex
	kept map[string]string
}

func newFamily(o RunOptions) *family {
	return &family{
		slots: make(chan struct{}, maxBeside), await: o.Await, halt: o.Halt, detach: o.Detach, spawn: o.Spawn, journal: o.Journal, static: o.StaticData, past: o.History,
	}
}

// Execute is nodes.Workflows'.
func (c *stepCall) Execute(ctx context.Context, ref nodes.WorkflowRef, items nodes.Items, wait bool) ([]nodes.Items, error) {
	child, err := c.child(ctx, ref, items)
	if err != nil {
		return nil, err
	}
	if wait {
		return child.result(ctx)
	}
	f := c.x.family
	if f.spawn != nil {
		return nil, f.spawn(ctx, Spawned{child.engine, child.plan, child.state.Stack[0].Node, items, child.path})
	}
	if f.ctx != nil {
		ctx = f.ctx
	}
	f.children.Go(func() {
		select {
		case f.slots <- struct{}{}:
			defer func() { <-f.slots }()
		case <-ctx.Done():
			return
		}
		if _, err := child.result(ctx); err != nil {
			c.x.engine.opts.Log.Error("a workflow that was not waited for failed", "node", c.step.node.Name, "workflow", child.plan.Workflow.Name,
				"execution", child.state.ExecutionID, "error", err)
		}
	})
	return nil, nil
}

// Spawned is the call of a workflow that is not waited for.
type Spawned struct {
	Engine *Engine
	Plan   *Plan
	Start  string
	Items  nodes.Items
	// Path is the same where the caller is replayed: it tells this call from the run's others.
	Path string
}

// child prepares the run of a workflow that this node calls.
func (c *stepCall) child(ctx context.Context, ref nodes.WorkflowRef, items nodes.Items) (*Execution, error) {
	x := c.x
	if x.engine.opts.Workflows == nil {
		return nil, nodes.Errorf("there are no other workflows here that could be called")
	}
	if limit := x.engine.opts.MaxDepth; x.depth+1 > limit {
		return nil, nodes.Errorf("workflows call each other more than %d deep: the one that %q calls was not started", limit, x.plan.Workflow.Name)
	}
	plan, engine, err := x.engine.opts.Workflows.Find(ctx, ref, x.plan.Workflow)
	if err != nil {
		return nil, err
	}
	if ref.JSON == "" {
		if err := plan.Workflow.mayBeCalledBy(x.plan.Workflow); err != nil {
			return nil, err
		}
	}
	start := plan.calledAt()
	if start == nil {
		e := nodes.Errorf("Missing node to start execution")
		e.Description = "Please make sure the workflow you're calling contains an Execute Workflow Trigger node"
		return nil, e
	}
	if err := plan.Reachable(start).Err(); err != nil {
		return nil, err
	}
	child := &Execution{
		engine: engine, plan: plan, binary: x.binary, depth: x.depth + 1, family: x.family,
		path: strings.TrimPrefix(fmt.Sprintf("%s/%d.%d", x.path, len(x.state.Steps), c.called), "/"),
		state: &State{
			Status: StatusRunning, ExecutionID: NewID(), Mode: "integrated", StartedAt: engine.now(), Given: &items,
			Stack: []Pending{{Node: start.node.Name, Start: true}},
		},
	}
	c.called++
	return child, child.prepare(ctx)
}

// prepare gives a called run what its workflow keeps, and what an earlier process did of it.
func (x *Execution) prepare(ctx context.Context) error {
	if err := x.loadStatic(ctx); err != nil {
		return err
	}
	records := x.family.history[x.path]
	if len(records) == 0 {
		return x.begin()
	}
	x.state.ExecutionID = records[0].ID
	if err := x.replay(records); err != nil {
		return nodes.Errorf("the run of the workflow %q cannot go on: %w", x.plan.Workflow.Name, err)
	}
	return nil
}

// keep notes what a run's workflow keeps from now on, and returns what all workflows of the family do.
func (f *family) keep(x *Execution) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x.changed && x.plan.Workflow.ID != "" {
		if f.kept == nil {
			f.kept = map[string]string{}
		}
		f.kept[x.plan.Workflow.ID] = string(x.state.StaticData)
	}
	return maps.Clone(f.kept)
}

// loadStatic gives a run what its workflow keeps over its runs.
func (x *Execution) loadStatic(ctx context.Context) error {
	if x.family.static == nil || x.plan.Workflow.ID == "" || !x.plan.hasScripts() {
		return nil
	}
	text, err := x.family.static(ctx, x.plan.Workflow.ID)
	if err != nil {
		return nodes.Errorf("what the workflow %q keeps over its runs cannot be read: %w", x.plan.Workflow.Name, err)
	}
	x.told.staticData = text
	if text != "" {
		x.state.StaticData = []byte(text)
	}
	return nil
}

// calledAt is where a run begins that another workflow starts: at the Execute Workflow Trigger, else at the manual one.
func (p *Plan) calledAt() *step {
	for _, name := range []string{"n8n-nodes-base.executeWorkflowTrigger", "n8n-nodes-base.manualTrigger"} {
		for _, s := range p.steps {
			if s.typ.Descriptor != nil && s.typ.Descriptor.Type == name {
				return s
			}
		}
	}
	return nil
}

// mayBeCalledBy holds a workflow to its setting callerPolicy.
func (w *Workflow) mayBeCalledBy(caller *Workflow) error {
	switch w.Settings.CallerPolicy {
	case "none":
	case "workflowsFromAList":
		if slices.Contains(w.Settings.CallerIDs, caller.ID) {
			return nil
		}
	default:
		return nil
	}
	e := nodes.Errorf("The sub-workflow (%s) cannot be called by this workflow", w.ID)
	e.Hint = fmt.Sprintf("The setting callerPolicy of the workflow %q does not allow it.", w.Name)
	return e
}

// result runs a called workflow to its end.
func (x *Execution) result(ctx context.Context) ([]nodes.Items, error) {
	run := x.Complete(ctx)
	if run.Err != nil {
		e := *run.Err
		if ctx.Err() == nil && e.Hint == "" {
			e.Hint = fmt.Sprintf("It failed in the workflow %q.", x.plan.Workflow.Name)
		}
		return nil, &e
	}
	if last := x.state.last(); last != nil {
		return last.Outputs, nil
	}
	return nil, nil
}

// Complete runs to the end, within the workflow's own timeout, and sleeps through waits for a time. Runs that it started and
// nobody waits for have ended too when it returns.
func (x *Execution) Complete(ctx context.Context) *Run {
	caller := ctx
	if t := x.plan.Workflow.Settings.Timeout; t > 0 {
		var cancel context.CancelFunc
		ctx, cancel = nodes.WithTimeout(ctx, t)
		defer cancel()
	}
	if x.depth == 0 {
		x.family.ctx = ctx
		defer x.family.children.Wait()
	}
	ctx, span := x.runSpan(ctx)
	x.observe(Event{Kind: "run.started"})
	run := x.complete(ctx)
	run.StaticData = x.family.keep(x)
	if x.depth > 0 && caller.Err() == nil { // it is over, also where a step was cut short by its timeout
		x.write(run.ending(), false)
	}
	endSpan(span, run.Items().Len(), run.Err)
	x.observe(Event{Kind: "run.finished", Status: run.Status, Duration: run.StoppedAt.Sub(x.state.StartedAt), Err: run.Err})
	return run
}

func (x *Execution) complete(ctx context.Context) *Run {
	run := x.Run(ctx)
	for run.Status == StatusWaiting && !x.halted() {
		if x.family.detach && x.depth == 0 && x.waitsLong() {
			return run
		}
		items, err := x.sleep(ctx)
		if err != nil && x.halted() && ctx.Err() == nil {
			return run
		}
		if err != nil {
			x.state.Err, x.state.Status = err, StatusError
			if ctx.Err() != nil {
				x.state.Status = StatusCanceled
			}
			return x.Run(ctx)
		}
		if err := x.Resume(items); err != nil { // it waits: there is none
			x.state.Err, x.state.Status = nodes.AsError(err), StatusError
		}
		run = x.Run(ctx)
	}
	return run
}

// longWait is what a run waits for in the memory of its process, as in n8n: what is longer is laid down.
const longWait = 65 * time.Second

func (x *Execution) waitsLong() bool {
	s := x.state.Suspended
	return s.Webhook || s.Until.IsZero() || s.Until.Sub(x.engine.now()) > longWait
}

// sleep waits until a suspended run goes on: by itself, or with the items of a call.
func (x *Execution) sleep(ctx context.Context) (items *nodes.Items, failed *nodes.Error) {
	s := x.state.Suspended
	var err error
	switch {
	case s.Webhook && x.family.await != nil:
		items, err = x.awaitCall(ctx, s)
	case s.Until.IsZero():
		e := nodes.Errorf("the node %q waits for a call, which only cordboard serve can receive", s.Step.Node)
		e.Node = s.Step.Node
		return nil, e
	default:
		err = x.pause(ctx, s.Until.Sub(x.engine.now()))
	}
	if err == nil {
		return items, nil
	}
	e := nodes.Errorf("the run was cancelled while the node %q waited: %w", s.Step.Node, err)
	if ctx.Err() != nil && context.Cause(ctx) == context.DeadlineExceeded { //nolint:errorlint // as WithTimeout gives it
		e.Message = "the run was stopped: it took longer than its timeout"
	}
	return nil, e
}

// pause waits for a time; it ends early where the run halts.
func (x *Execution) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	halt := x.family.halt
	if x.depth > 0 {
		halt = nil
	}
	select {
	case <-t.C:
		return nil
	case <-halt:
		return errHalted
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var errHalted = errors.New("the run was halted")

// awaitCall waits for a call, or for the time at which the run goes on without.
func (x *Execution) awaitCall(ctx context.Context, s *Suspension) (*nodes.Items, error) {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	if !s.Until.IsZero() {
		limited, cancel = nodes.WithTimeout(ctx, s.Until.Sub(x.engine.now()))
		defer cancel()
	}
	items, err := x.family.await(limited, x.waiting(ctx))
	if err != nil && ctx.Err() == nil && limited.Err() != nil { // its time has come
		return nil, nil
	}
	return items, err
}

// waiting is what others know of a suspended run: who is to be asked about a call.
func (x *Execution) waiting(ctx context.Context) Waiting {
	s := x.state.Suspended
	step := x.plan.byName[s.Step.Node]
	c := &stepCall{x: x, step: step, pending: s.Step, run: len(x.state.byNode[s.Step.Node])}
	for _, ref := range s.Step.Inputs {
		c.inputs = append(c.inputs, x.state.items(ref))
	}
	c.arrived = c.inputs
	c.batch = x.engine.expressions.NewBatch(ctx, c)
	return Waiting{x.state.ExecutionID, *s, step.typ.Node, c.call()}
}

// ErrorItem is what an error workflow starts with (n8n's Error Trigger): {execution: {id, url, error, lastNodeExecuted,
// mode}, workflow: {id, name}}.
func (r *Run) ErrorItem(url string) nodes.Item {
	var execution, workflow, item nodes.ObjectBuilder
	execution.Set("id", nodes.StringValue(r.State.ExecutionID))
	if url != "" {
		execution.Set("url", nodes.StringValue(url))
	}
	if r.Err != nil {
		execution.Raw("error", string(appendError(nil, r.Err)))
	}
	execution.Set("lastNodeExecuted", nodes.StringValue(r.LastNode()))
	execution.Set("mode", nodes.StringValue(r.State.Mode))
	workflow.Set("id", nodes.StringValue(r.plan.Workflow.ID))
	workflow.Set("name", nodes.StringValue(r.plan.Workflow.Name))
	item.Raw("execution", execution.String())
	item.Raw("workflow", workflow.String())
	return nodes.NewItem(item.String())
}

// ErrorStart is the name of the plan's Error Trigger, "" if it has none.
func (p *Plan) ErrorStart() string {
	for _, s := range p.steps {
		if s.typ.Descriptor != nil && s.typ.Descriptor.Type == "n8n-nodes-base.errorTrigger" && !s.node.Disabled {
			return s.node.Name
		}
	}
	return ""
}
