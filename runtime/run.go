package runtime

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// RunOptions say how a run begins.
type RunOptions struct {
	// Start is the node to start at; empty: n8n's choice (the manual trigger, else the first trigger with followers).
	Start string
	// Until ends the run after this node.
	Until string
	// Input becomes the start node's output. Without it the start node's pinned data does, else the node is executed.
	Input *nodes.Items
	// Output is that of the start node's outputs which Input is on.
	Output int
	// Mode is $execution.mode: "manual" (pinned data is honoured), "webhook", "trigger", "error".
	Mode string
	// ID is the execution's id; empty: a new one. One that is replayed keeps its own unless another is given.
	ID string
	// Binary keeps the run's binary data.
	Binary nodes.BinaryStore
	// Await waits for the call of a suspended run's resume address and returns the items that it brings, nil items where the
	// run goes on without (its time has come). Where it is nil nobody can call.
	Await func(ctx context.Context, w Waiting) (*nodes.Items, error)
	// Reply is called when a node has answered the call that started the run: once, while the run goes on. Of several answers
	// the first one counts. Runs of workflows that this one calls do not answer for it.
	Reply func(nodes.Response)
	// Stream takes a line of a streamed answer; it returns when the caller has it or is gone. nil: the caller takes no stream.
	Stream func(ctx context.Context, line []byte) error
	// Journal keeps the run so that another process can go on with it; nil for none.
	Journal Journal
	// Halt, once closed, ends the run between two steps: its status stays "running", and its journal can be replayed.
	Halt <-chan struct{}
	// Detach lets Complete return a run that waits for long, or for a call: its status is "waiting".
	Detach bool
	// StaticData returns what a workflow keeps over its runs, a JSON object or "". nil: nothing is kept.
	StaticData func(ctx context.Context, workflowID string) (string, error)
	// History returns what a workflow has seen in earlier runs; by names the step that asks. nil: that is not kept.
	History func(workflowID, by string) nodes.History
	// Spawn starts the run of a workflow that is called and not waited for, which then is a run of its own. nil: it goes on in this process, and
	// ends with the run.
	Spawn func(ctx context.Context, call Spawned) error
}

// Waiting is a run that waits for a call.
type Waiting struct {
	ExecutionID string
	Suspension  Suspension
	// Node is the node that suspended the run, Call the call with which it is asked about the request.
	Node nodes.Node
	Call *nodes.Call
}

// Execution is a run under way. It is used from one goroutine at a time.
type Execution struct {
	engine *Engine
	plan   *Plan
	state  *State
	binary nodes.BinaryStore
	warned map[string]bool // of what was swallowed in expressions
	// depth is how many runs up the first caller is; family is what they share.
	depth  int
	family *family
	caller caller
	// path names the run in the journal; told is what its records said; kept is what the node of this step keeps for later.
	path string
	told changes
	kept string
	// changed says that what the workflow keeps over its runs is another now.
	changed bool
}

// NewExecution prepares a run of the plan. The error says that it cannot start: Problems.
func (e *Engine) NewExecution(plan *Plan, opts RunOptions) (*Execution, error) {
	start, err := plan.startNode(opts.Start, opts.Input != nil)
	if err != nil {
		return nil, err
	}
	if opts.Until != "" && plan.byName[opts.Until] == nil {
		return nil, plan.unknownNode("--until", opts.Until)
	}
	x := &Execution{engine: e, plan: plan, binary: opts.Binary, family: newFamily(opts), caller: caller{opts.Reply, opts.Stream}, state: &State{
		Status: StatusRunning, Until: opts.Until, ExecutionID: opts.ID, Mode: opts.Mode, StartedAt: e.now(),
	}}
	if x.state.ExecutionID == "" {
		x.state.ExecutionID = NewID()
	}
	if x.state.Mode == "" {
		x.state.Mode = "manual"
	}
	switch pinned, isPinned := plan.Workflow.PinData[start.node.Name]; {
	case opts.Input != nil:
		x.finish(&StepRun{Node: start.node.Name, StartedAt: e.now(), Outputs: startOutputs(opts)})
	case isPinned && x.state.Mode == "manual" && !start.node.Disabled:
		x.finish(&StepRun{Node: start.node.Name, StartedAt: e.now(), Outputs: linkByIndex([]nodes.Items{pinned}, 1)})
	default:
		x.state.Stack = []Pending{{Node: start.node.Name, Start: true}}
	}
	if err := x.loadStatic(context.Background()); err != nil {
		return nil, err
	}
	return x, x.begin()
}

// maxSteps bounds a run, unless the options say otherwise.
const maxSteps = 1_000_000

// NewID returns an id for an execution.
func NewID() string { return rand.Text() }

// Restore continues a run from its state. The plan must be of the same workflow: a node that it lacks is an error.
func (e *Engine) Restore(plan *Plan, state *State, binary nodes.BinaryStore) (*Execution, error) {
	for name := range state.nodes() {
		if plan.byName[name] == nil {
			return nil, fmt.Errorf("the run's state has the node %q, which is not in the workflow %s", name, plan.Workflow.File)
		}
	}
	return &Execution{engine: e, plan: plan, binary: binary, family: newFamily(RunOptions{}), state: state}, nil
}

// SetID gives the run its id where that is known only after its beginning was kept.
func (x *Execution) SetID(id string) { x.state.ExecutionID = id }

// State returns the run's state as it is between two steps.
func (x *Execution) State() *State { return x.state }

// Run executes steps until the run ends, waits or ctx is cancelled.
func (x *Execution) Run(ctx context.Context) *Run {
	for !x.halted() && x.Step(ctx) {
	}
	return &Run{Status: x.state.Status, State: x.state, StoppedAt: x.engine.now(), Err: x.state.Err, plan: x.plan}
}

// Step executes one node; false means that there is nothing more to do: the run ended or waits.
func (x *Execution) Step(ctx context.Context) bool {
	if x.state.Status != StatusRunning {
		return false
	}
	if ctx.Err() != nil {
		x.cancelled(ctx, "")
		return false
	}
	p, ok := x.next()
	if !ok {
		x.state.Status = StatusSuccess
		if n := len(x.state.Steps); n > 0 && x.state.Steps[n-1].Err != nil { // as in n8n it fails, though the node would go on
			x.state.Err, x.state.Status = x.state.Steps[n-1].Err, StatusError
		}
		return false
	}
	if limit := x.engine.opts.MaxSteps; len(x.state.Steps) >= limit {
		e := nodes.Errorf("the run has had %d steps, the most that it may have: its nodes may go round in a circle", limit)
		e.Node = p.Node
		x.state.Err, x.state.Status = e, StatusError
		return false
	}
	if x.lacksInput(p) { // n8n looks for what waits after a node has run, and here none did
		if len(x.state.Stack) == 0 {
			x.state.Waiting = nil
		}
		return true
	}
	run, suspend := x.execute(ctx, p)
	if suspend == nil && run.Err != nil && run.Outputs == nil && ctx.Err() != nil { // nobody knows what it would have come to
		x.state.append(numbered(x.state, run))
		x.cancelled(ctx, run.Err.Error())
		return false
	}
	x.recordStep(p, run, suspend)
	x.apply(p, run, suspend)
	return x.state.Status == StatusRunning
}

// apply changes the state by what a node came to.
func (x *Execution) apply(p Pending, run *StepRun, suspend *nodes.Suspend) {
	switch {
	case suspend != nil:
		x.state.Suspended = &Suspension{Step: p, Until: suspend.Until, Webhook: suspend.Webhook}
		x.state.Status = StatusWaiting
	case run.Err != nil && run.Outputs == nil: // the failure stops the run
		x.state.append(numbered(x.state, run))
		x.state.Err, x.state.Status = run.Err, StatusError
	case run.Outputs == nil: // the node ended its branch
	default:
		x.finish(run)
	}
}

// halted reports whether the run is to end between two steps. One that another run waits for goes on.
func (x *Execution) halted() bool {
	if x.depth > 0 || x.family.halt == nil {
		return false
	}
	select {
	case <-x.family.halt:
		return x.state.Status != StatusRunning || len(x.state.Stack)+len(x.state.Waiting) > 0 // else it is over
	default:
		return false
	}
}

// lacksInput reports whether an input of a node has no items without which the node does not run in execution order v1.
func (x *Execution) lacksInput(p Pending) bool {
	s := x.plan.byName[p.Node]
	node, ok := s.typ.Node.(nodes.Demanding)
	if !ok || x.plan.breadthFirst {
		return false
	}
	needed := p.Inputs[:min(len(p.Inputs), node.NeededInputs(s.node.Version, s.params))]
	return slices.ContainsFunc(needed, func(r Ref) bool { return x.state.items(r).Len() == 0 })
}

// Resume wakes a waiting run. The suspended step's output is what the caller brings, or, if that is nil, the items
// that the step was given.
func (x *Execution) Resume(items *nodes.Items) error {
	if x.state.Suspended == nil {
		return errors.New("the run does not wait")
	}
	x.recordResume(items)
	return x.resume(items)
}

func (x *Execution) resume(items *nodes.Items) error {
	s := x.state.Suspended
	if s == nil {
		return errors.New("the run does not wait")
	}
	if items == nil {
		given := nodes.Items{}
		switch {
		case s.Step.Start:
			given = x.given()
		case len(s.Step.Inputs) > 0:
			given = x.state.items(s.Step.Inputs[0])
		}
		if x.plan.byName[s.Step.Node].node.ExecuteOnce && given.Len() > 1 {
			given = given.Slice(0, 1)
		}
		items = &given
	}
	x.state.Suspended, x.state.Status = nil, StatusRunning
	out := linkByIndex([]nodes.Items{withoutLineage(*items)}, items.Len())
	x.finish(&StepRun{Node: s.Step.Node, Sources: s.Step.Inputs, StartedAt: x.engine.now(), Outputs: out})
	return nil
}

func (x *Execution) cancelled(ctx context.Context, detail string) {
	e := nodes.Errorf("the run was cancelled: %w", context.Cause(ctx))
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		e.Message = "the run was stopped: it took longer than its timeout"
	}
	e.Description = detail
	x.state.Err, x.state.Status = e, StatusCanceled
}

// finish records a step and puts its followers on the stack.
func (x *Execution) finish(run *StepRun) {
	x.state.append(numbered(x.state, run))
	if x.state.Until == run.Node {
		x.state.Stack, x.state.Waiting = nil, nil
		return
	}
	x.follow(run)
}

func numbered(s *State, run *StepRun) *StepRun {
	run.Index, run.Run = len(s.Steps), len(s.byNode[run.Node])
	return run
}

// CanStart returns what keeps a run from starting at a node, nil if nothing does.
func (p *Plan) CanStart(name string) error {
	_, err := p.startNode(name, true)
	return err
}

// startNode chooses where a run begins: the node asked for, else the manual trigger, else the first trigger that has
// followers, else the first trigger. A trigger that waits for events needs input or pinned data.
func (p *Plan) startNode(name string, hasInput bool) (*step, error) {
	start := p.byName[name]
	if name != "" && start == nil {
		return nil, p.unknownNode("--start", name)
	}
	if start == nil {
		start = p.defaultStart()
	}
	if start == nil {
		return nil, Problems{{
			Severity: SeverityError, File: p.Workflow.File, Message: "the workflow has no trigger to start at",
			Mend: "add a Manual Trigger, or name a node with --start",
		}}
	}
	if err := p.Reachable(start).Err(); err != nil {
		return nil, err
	}
	_, pinned := p.Workflow.PinData[start.node.Name]
	if _, byHand := start.typ.Node.(nodes.ByHand); !byHand && start.waitsForEvents() && !hasInput && !pinned && !start.node.Disabled {
		return nil, Problems{{
			Severity: SeverityError, File: p.Workflow.File, Node: start.node.Name,
			Message: fmt.Sprintf("the run would start at this %s, which waits for an event", start.typ.Descriptor.DisplayName),
			Mend:    "give its item with --input, pin its data, or let cordboard serve answer it",
		}}
	}
	return start, nil
}

func (p *Plan) defaultStart() *step {
	var first, connected *step
	for _, s := range p.steps {
		if s.typ.Descriptor == nil || !s.typ.Descriptor.Trigger || s.node.Disabled {
			continue
		}
		if s.typ.Descriptor.Type == "n8n-nodes-base.manualTrigger" {
			return s
		}
		if first == nil {
			first = s
		}
		if connected == nil && len(s.followers) > 0 {
			connected = s
		}
	}
	if connected != nil {
		return connected
	}
	return first
}

func (e *Engine) now() time.Time { return e.opts.Clock() }
