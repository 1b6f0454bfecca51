package server

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

// beginning is what starts an execution.
type beginning struct {
	flow  *cordboard.Workflow
	node  string // at which it starts
	items nodes.Items
	mode  string
	// output is that of the node's outputs which the items are on.
	output int
	// key makes that there is no second one; "" for none.
	key string
	// data has the binary data of the call that starts it; nil for none.
	data *callData
	// awaited says that a caller waits for what it comes to: it is not halted for the server's end.
	awaited bool
	// stream takes a line of a streamed answer; nil for none.
	stream func(ctx context.Context, line []byte) error
	// queued leaves it to whoever takes it.
	queued bool
}

// execution is one that this process works on.
type execution struct {
	id   int64
	flow *cordboard.Workflow
	// binary names the directory of its binary data; data is the same while the call is there that started it.
	binary string
	data   *callData
	// front is the server that waits for what it comes to, where that is another one.
	front   string
	slot    bool // it has taken one
	journal *journal
	cancel  context.CancelCauseFunc
}

// executions are those under way in this process, and who waits for their ends.
type executions struct {
	mu      sync.Mutex
	open    map[int64]*execution
	waiters map[int64][]chan nodes.Result
}

func (e *executions) add(x *execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open == nil {
		e.open = map[int64]*execution{}
	}
	e.open[x.id] = x
}

func (e *executions) remove(x *execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open[x.id] == x { // else it goes on already
		delete(e.open, x.id)
	}
}

func (e *executions) find(id int64) *execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open[id]
}

// cancelAll ends the work on all executions and returns their ids.
func (e *executions) cancelAll(cause error) []int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := slices.Collect(maps.Keys(e.open))
	for _, x := range e.open {
		x.cancel(cause)
	}
	return ids
}

// wait returns a channel that gets the execution's answer or end, whichever comes first.
func (e *executions) wait(id int64) <-chan nodes.Result {
	c := make(chan nodes.Result, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiters == nil {
		e.waiters = map[int64][]chan nodes.Result{}
	}
	e.waiters[id] = append(e.waiters[id], c)
	return c
}

// waits reports whether somebody waits for an execution; awaited are all for which somebody does.
func (e *executions) waits(id int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.waiters[id]) > 0
}

func (e *executions) awaited() []int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.waiters))
}

// tell answers those who wait.
func (e *executions) tell(id int64, r nodes.Result) {
	e.mu.Lock()
	list := e.waiters[id]
	delete(e.waiters, id)
	e.mu.Unlock()
	for _, c := range list {
		c <- r // one value for each
	}
}

// release answers all who wait for executions that this process does not end.
func (e *executions) release(err error) {
	e.mu.Lock()
	lists := e.waiters
	e.waiters = nil
	e.mu.Unlock()
	for _, list := range lists {
		for _, c := range list {
			c <- nodes.Result{Err: err}
		}
	}
}

// start keeps an execution and begins to work on it, or leaves it in the queue where this process has enough to do. It returns once
// the execution is on disk; ErrDuplicate comes with the id of the one with the same key.
func (s *Server) start(b beginning) (*nodes.Started, error) {
	if b.data == nil {
		b.data = s.newCallData()
		defer b.data.release()
	}
	ctx, cancel := context.WithCancelCause(s.runs.ctx)
	j := s.newJournal(ctx, cancel)
	opts := s.runOptions(j, b.data.name)
	opts.Start, opts.Mode, opts.Input, opts.Output, opts.Stream = b.node, b.mode, &b.items, b.output, b.stream
	if b.awaited {
		opts.Durable.Halt = nil
	}
	x, err := s.rt.Begin(b.flow, opts)
	if err != nil {
		cancel(err)
		return nil, err
	}
	started := &nodes.Started{}
	owner, front := s.id, ""
	if b.awaited || b.mode == "trigger" {
		front = s.id
	}
	slot := !b.queued && b.stream == nil && s.slots.take()
	if !slot && b.stream == nil { // which cannot come from another process
		owner = ""
	}
	err = s.runs.begin(func() error {
		version, err := s.versions.of(ctx, b.flow)
		if err != nil {
			return err
		}
		held, err := s.store.Create(ctx, store.NewExecution{
			WorkflowID: b.flow.Workflow.ID, VersionID: version, Mode: b.mode, Start: b.node, Key: b.key, Owner: owner, Front: front,
			Binary: b.data.name, Entry: j.first(),
		})
		started.ExecutionID = strconv.FormatInt(held.ID, 10)
		if err != nil {
			return err
		}
		b.data.kept.Store(true)
		b.data.users.Add(1)
		if b.awaited || b.mode == "trigger" {
			started.Result = s.executions.wait(held.ID)
		}
		if owner == "" {
			cancel(nil)
			s.due.look()
			return nil
		}
		j.bind(held, 1)
		s.work(ctx, cancel, &execution{id: held.ID, flow: b.flow, binary: b.data.name, data: b.data, slot: slot, journal: j}, x)
		return nil
	})
	if err != nil {
		cancel(err)
		if slot {
			s.slots.give()
		}
	}
	return started, err
}

// slots bound how many executions are under way in this process; nil for any number.
type slots chan struct{}

func (s slots) take() bool {
	if s == nil {
		return true
	}
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) give() {
	if s != nil {
		<-s
	}
}

// freed gives a slot back, for what waits for one: in the queue, until a time, or after an interruption.
func (s *Server) freed() {
	s.slots.give()
	s.due.look()
	select {
	case s.room <- struct{}{}:
	default: // it was told already
	}
}

func (s *Server) newJournal(ctx context.Context, lost context.CancelCauseFunc) *journal {
	return &journal{store: s.store, log: s.log, ctx: ctx, lost: lost}
}

// runOptions are those that all executions share.
func (s *Server) runOptions(j *journal, binary string) cordboard.RunOptions {
	return cordboard.RunOptions{
		Await: s.waiting.await,
		Reply: func(r nodes.Response) { s.replied(j, r) },
		Durable: cordboard.Durable{
			Journal: j, BinaryDir: filepath.Join(s.binaryDir, binary), Halt: s.halt, Detach: true, StaticData: s.store.StaticData,
			History: func(workflowID, by string) nodes.History { return s.store.Seen(workflowID, by) },
			Spawn: func(_ context.Context, flow *cordboard.Workflow, call runtime.Spawned) error {
				return s.spawn(j, flow, call)
			},
		},
	}
}

// replied answers the caller of an execution, here or at the server that holds the call.
func (s *Server) replied(j *journal, r nodes.Response) {
	id := j.id()
	s.executions.tell(id, nodes.Result{Reply: &r})
	e := s.executions.find(id)
	if e == nil || e.front == "" || e.front == s.id {
		return
	}
	j.Record(runtime.ReplyRecord(r), false)
	err := j.Sync(j.ctx)
	if err == nil {
		err = s.store.Tell(j.ctx, store.Notice{Kind: store.Answered, ID: id})
	}
	if err != nil {
		s.log.Error("the answer could not be handed on", "execution", id, "error", err)
	}
}

// spawn starts a workflow that another one calls and does not wait for. An execution that is resumed does not start it again.
func (s *Server) spawn(j *journal, flow *cordboard.Workflow, call runtime.Spawned) error {
	_, err := s.start(beginning{
		flow: flow, node: call.Start, items: call.Items, mode: "integrated",
		key: "called by " + strconv.FormatInt(j.held.ID, 10) + " at " + call.Path,
	})
	if errors.Is(err, store.ErrDuplicate) {
		return nil
	}
	return err
}

// work completes an execution beside the caller: what ends with the server is gone on with by the next one.
func (s *Server) work(ctx context.Context, cancel context.CancelCauseFunc, e *execution, x *cordboard.Execution) {
	e.cancel = cancel
	x.SetID(strconv.FormatInt(e.id, 10))
	s.executions.add(e)
	s.runs.do(func() {
		defer cancel(nil)
		if e.slot && s.slots != nil {
			defer s.freed()
		}
		defer s.executions.remove(e)
		result := s.complete(ctx, x)
		s.settle(ctx, e, result)
	})
}

// complete executes. A panic is the failure of this run only.
func (s *Server) complete(ctx context.Context, x *cordboard.Execution) (result *cordboard.Result) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("a run panicked", "execution", x.State().ExecutionID, "panic", p, "stack", string(debug.Stack()))
			result = x.Fail(nodes.Errorf("the run panicked, which is a mistake in the program: %v", p))
		}
	}()
	return x.Complete(ctx)
}

// settle keeps what an execution came to.
func (s *Server) settle(ctx context.Context, e *execution, r *cordboard.Result) {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, store.ErrLost):
		s.log.Warn("an execution was taken over by another server", "execution", e.id)
	case errors.Is(cause, errStopped), r.Status == runtime.StatusRunning: // the next server goes on with it
		if err := e.journal.Sync(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, store.ErrLost) {
			s.log.Error("what an execution came to is lost: it goes on from an earlier step", "execution", e.id, "error", err)
		}
	case r.Status == runtime.StatusWaiting:
		s.suspend(ctx, e, r)
	default:
		s.finish(ctx, e, r)
	}
}

// suspend lays an execution down.
func (s *Server) suspend(ctx context.Context, e *execution, r *cordboard.Result) {
	until := r.State.Suspended.Until
	ctx = context.WithoutCancel(ctx) // it may be cancelled now
	entry, seq, err := e.journal.rest(ctx)
	if err == nil {
		err = persist(s.runs.ctx, s.log, func() error { return s.store.Suspend(ctx, e.journal.held, seq, entry, until) })
	}
	if err != nil {
		s.log.Error("a waiting execution could not be laid down", "execution", e.id, "error", err)
		return
	}
	s.due.by(until)
}

// finish ends an execution, and starts its error workflow. Both are one transaction.
func (s *Server) finish(ctx context.Context, e *execution, r *cordboard.Result) {
	ctx = context.WithoutCancel(ctx) // it may be cancelled itself
	if r.Err != nil {
		s.log.Error("a run failed", "workflow", e.flow.Workflow.Name, "execution", e.id, "error", r.Err)
	}
	settings := e.flow.Workflow.Settings
	ending := store.Ending{
		Status: string(r.Status), StaticData: r.StaticData,
		Forget: settings.ForgetSuccess && r.Status == runtime.StatusSuccess || settings.ForgetError && r.Status != runtime.StatusSuccess,
	}
	entry, seq, err := e.journal.rest(ctx)
	if errors.Is(err, store.ErrLost) {
		return
	}
	ending.Seq, ending.Entry = seq, appendRecord(entry, r.End())
	next := s.errorRun(ctx, e, r, &ending)
	var held []store.Held
	err = persist(s.runs.ctx, s.log, func() (err error) {
		held, err = s.store.Finish(ctx, e.journal.held, ending)
		return err
	})
	if err != nil {
		s.log.Error("the end of an execution could not be kept", "execution", e.id, "error", err)
		return
	}
	if next != nil && len(held) > 0 {
		next(held[0])
	}
	switch {
	case e.data != nil:
		e.data.kept.Store(!ending.Forget)
		defer e.data.release()
	case ending.Forget:
		s.removeBinary(e.binary)
	}
	told := nodes.Result{Items: r.LastOutput()}
	if r.Err != nil { // a nil *nodes.Error would be an error
		told.Err = r.Err
	}
	s.executions.tell(e.id, told) // a reply was told when it was given
}

// errorRun adds the execution of the error workflow to what an ending starts. The function begins it.
func (s *Server) errorRun(ctx context.Context, e *execution, r *cordboard.Result, ending *store.Ending) func(store.Held) {
	handler, node := s.rt.ErrorWorkflow(ctx, e.flow, r.Run)
	if handler == nil {
		return nil
	}
	failed := func(err error) func(store.Held) {
		s.log.Error("the error workflow cannot be started", "execution", e.id, "error", err)
		return nil
	}
	version, err := s.versions.of(ctx, handler)
	if err != nil {
		return failed(err)
	}
	binary := runtime.NewID()
	ctx, cancel := context.WithCancelCause(s.runs.ctx)
	j := s.newJournal(ctx, cancel)
	opts := s.runOptions(j, binary)
	items := nodes.ItemsOf(r.ErrorItem(""))
	opts.Start, opts.Mode, opts.Input = node, "error", &items
	x, err := s.rt.Begin(handler, opts)
	if err != nil {
		cancel(err)
		return failed(err)
	}
	ending.Then = append(ending.Then, store.NewExecution{
		WorkflowID: handler.Workflow.ID, VersionID: version, Mode: "error", Start: node, Owner: s.id, Binary: binary, Entry: j.first(),
	})
	return func(h store.Held) {
		j.bind(h, 1)
		s.work(ctx, cancel, &execution{id: h.ID, flow: handler, binary: binary, journal: j}, x)
	}
}

// removeBinary removes the binary data of executions that are gone.
func (s *Server) removeBinary(names ...string) {
	for _, name := range names {
		if name == "" || filepath.Base(name) != name {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.binaryDir, name)); err != nil {
			s.log.Error("binary data could not be removed", "directory", name, "error", err)
		}
	}
}
