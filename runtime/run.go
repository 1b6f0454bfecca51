package runtime

import (
	"cmp"
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

// next takes what is to be executed next. When the stack runs dry, a node that still waits for inputs gets its turn
// with what it has, if at least one input has items.
func (x *Execution) next() (Pending, bool) {
	s := x.state
	if len(s.Stack) == 0 {
		x.releaseWaiting()
	}
	if len(s.Stack) == 0 {
		return Pending{}, false
	}
	if x.plan.breadthFirst {
		p := s.Stack[0]
		s.Stack = s.Stack[1:]
		return p, true
	}
	p := s.Stack[len(s.Stack)-1]
	s.Stack = s.Stack[:len(s.Stack)-1]
	return p, true
}

// follow puts the followers of a finished step on the stack (n8n's order v1: the followers of all outputs together,
// the highest on the canvas first, then the leftmost; v0: output by output).
func (x *Execution) follow(run *StepRun) {
	from := x.plan.byName[run.Node]
	edges := from.followers
	if !x.plan.breadthFirst {
		edges = from.byPosition
	}
	for _, e := range edges {
		if e.output >= len(run.Outputs) {
			continue
		}
		// An output without items ends its branch; in v0 a later input of a joining node counts as served by it, if another output has some.
		if run.Outputs[e.output].Len() == 0 && (e.input == 0 || !x.plan.breadthFirst || noItems(run.Outputs)) {
			continue
		}
		x.deliver(e, Ref{run.Node, run.Run, e.output})
	}
}

// deliver hands data to an input of a node. A node with several inputs waits until all have data; a second delivery to
// the same input opens a second set.
func (x *Execution) deliver(e edge, data Ref) {
	s := x.state
	if e.to.connectedInputs <= 1 {
		s.Stack = append(s.Stack, Pending{Node: e.to.node.Name, Inputs: []Ref{data}})
		return
	}
	first := x.plan.breadthFirst && !slices.ContainsFunc(s.Waiting, func(p Pending) bool { return p.Node == e.to.node.Name })
	at := s.waitingSet(e)
	s.Waiting[at].Inputs[e.input] = data
	if first {
		x.force(e, data)
	}
	if slices.ContainsFunc(s.Waiting[at].Inputs, func(r Ref) bool { return r.Node == "" }) {
		return
	}
	s.Stack = append(s.Stack, s.Waiting[at])
	s.Waiting = slices.Delete(s.Waiting, at, at+1)
}

// force is v0's: once a node with several inputs begins to wait, nodes behind its other inputs that nothing would reach run too, each
// with an empty item that is said to come from where the data came from.
func (x *Execution) force(e edge, data Ref) {
	for _, o := range e.to.origins {
		if o.input == e.input {
			continue
		}
		if s := x.unreached(o.from); s != nil && s.node.Name != data.Node {
			x.state.Stack = append(x.state.Stack, Pending{Node: s.node.Name, Inputs: []Ref{data}, Empty: true})
		}
	}
}

// unreached goes back from a node to the first on its way that did not run; nil if what is to run leads there.
func (x *Execution) unreached(s *step) *step {
	for seen := map[*step]bool{}; s != nil && !seen[s]; {
		seen[s] = true
		if x.ran(s) || x.pends(s) {
			return nil
		}
		var back *step
		for _, parent := range s.parents() {
			if x.pends(parent) {
				return nil
			}
			if back == nil && !x.ran(parent) {
				back = parent
			}
		}
		if back == nil {
			return s
		}
		s = back
	}
	return nil
}

func (x *Execution) ran(s *step) bool { return len(x.state.byNode[s.node.Name]) > 0 }

// pends reports whether a node is to be executed, or waits for its inputs.
func (x *Execution) pends(s *step) bool {
	is := func(p Pending) bool { return p.Node == s.node.Name }
	return slices.ContainsFunc(x.state.Stack, is) || slices.ContainsFunc(x.state.Waiting, is)
}

// waitingSet finds the first set of a node's inputs in which one is free, or opens a set. As in n8n its number is how many sets there
// are: where one before was completed, the set that has that number is lost for it.
func (s *State) waitingSet(e edge) int {
	name := e.to.node.Name
	is := func(p Pending) bool { return p.Node == name }
	first := slices.IndexFunc(s.Waiting, is)
	if first < 0 {
		first = len(s.Waiting)
	}
	sets := s.Waiting[first:]
	if end := slices.IndexFunc(sets, func(p Pending) bool { return !is(p) }); end >= 0 {
		sets = sets[:end]
	}
	if free := slices.IndexFunc(sets, func(p Pending) bool { return p.Inputs[e.input].Node == "" }); free >= 0 {
		return first + free
	}
	set := Pending{Node: name, Set: len(sets), Inputs: make([]Ref, e.to.connectedInputs)}
	at, taken := slices.BinarySearchFunc(sets, set.Set, func(p Pending, number int) int { return cmp.Compare(p.Set, number) })
	if at += first; taken {
		s.Waiting[at] = set
	} else {
		s.Waiting = slices.Insert(s.Waiting, at, set)
	}
	return at
}

// releaseWaiting moves the first waiting node that does not depend on another waiting one to the stack. Those that can
// never run are dropped on the way.
func (x *Execution) releaseWaiting() {
	s := x.state
	for len(s.Waiting) > 0 {
		at := 0
		for i, p := range s.Waiting {
			if !x.dependsOnWaiting(p) {
				at = i
				break
			}
		}
		p := s.Waiting[at]
		s.Waiting = slices.Delete(s.Waiting, at, at+1)
		if slices.ContainsFunc(p.Inputs, func(r Ref) bool { return s.items(r).Len() > 0 }) {
			s.Stack = append(s.Stack, p)
			return
		}
	}
}

func (x *Execution) dependsOnWaiting(p Pending) bool {
	return slices.ContainsFunc(x.state.Waiting, func(other Pending) bool {
		return other.Node != p.Node && x.plan.isAncestor(x.plan.byName[other.Node], x.plan.byName[p.Node])
	})
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

func noItems(outputs []nodes.Items) bool {
	return !slices.ContainsFunc(outputs, func(items nodes.Items) bool { return items.Len() > 0 })
}
