package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

// resumed is an execution that was read from its journal and is not yet gone on with.
type resumed struct {
	x           *cordboard.Execution
	e           *execution
	interrupted *runtime.Interruption
	entries     int
	ctx         context.Context //nolint:containedctx // of the run
}

// errDatabase says that an execution could not be read for now: nothing is wrong with it.
var errDatabase = errors.New("the database does not answer")

// read brings an execution back as it stood after its last record.
func (s *Server) read(ctx context.Context, row store.Execution) (*resumed, error) {
	flow, err := s.version(ctx, row.WorkflowID, row.VersionID)
	if err != nil {
		return nil, err
	}
	entries, err := s.store.Journal(ctx, row.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDatabase, err)
	}
	lines, err := records(entries)
	if err != nil {
		return nil, err
	}
	runCtx, cancel := context.WithCancelCause(s.runs.ctx)
	r := &resumed{ctx: runCtx, entries: len(entries)}
	r.e = &execution{id: row.ID, flow: flow, binary: row.Binary, front: row.Front, journal: s.newJournal(runCtx, cancel), cancel: cancel}
	opts := s.runOptions(r.e.journal, row.Binary)
	opts.ID = strconv.FormatInt(row.ID, 10)
	if r.x, r.interrupted, err = s.rt.Continue(flow, lines, opts); err != nil {
		cancel(err)
		return nil, err
	}
	return r, nil
}

// version is a workflow as an execution began with it.
func (s *Server) version(ctx context.Context, id, version string) (*cordboard.Workflow, error) {
	if flow := s.versions.find(id, version); flow != nil {
		return flow, nil
	}
	text, err := s.store.WorkflowVersion(ctx, id, version)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", errDatabase, err)
	}
	if err != nil {
		return nil, err
	}
	w, err := runtime.ParseWorkflow("workflow "+id, []byte(text))
	if err != nil {
		return nil, err
	}
	w.ID = id
	flow, err := s.rt.Compile(ctx, w)
	if err == nil {
		s.versions.add(flow, version)
	}
	return flow, err
}

// resume goes on with an execution that is this server's by now. slot says that one was taken for it.
func (s *Server) resume(row store.Execution, held store.Held, slot bool) error {
	return s.runs.begin(func() error {
		r, err := s.read(s.runs.ctx, row)
		if err != nil {
			if slot {
				s.freed()
			}
			if errors.Is(err, errDatabase) { // it is looked at again
				return err
			}
			return s.abandon(row, held, err)
		}
		r.e.slot = slot
		r.e.journal.bind(held, r.entries)
		if r.interrupted != nil && !r.e.flow.Workflow.Settings.RunAgain {
			s.log.Warn("an execution was interrupted while a node may have written, and waits for a person", "execution", row.ID, "node", r.interrupted.Node)
			s.finish(r.ctx, r.e, r.x.Interrupted(r.interrupted))
			r.e.cancel(nil)
			if slot {
				s.freed()
			}
			return nil
		}
		s.goOn(r)
		return nil
	})
}

// goOn completes an execution that was read and bound.
func (s *Server) goOn(r *resumed) {
	if due := r.x.State().Suspended; due != nil && !due.Until.IsZero() && !due.Until.After(time.Now()) {
		_ = r.x.Resume(nil) // it waits
	}
	s.work(r.ctx, r.e.cancel, r.e, r.x)
}

// abandon ends an execution that cannot be read: its workflow is gone, or needs a node that is not there any more.
func (s *Server) abandon(row store.Execution, held store.Held, cause error) error {
	if s.runs.ctx.Err() != nil {
		return cause
	}
	s.log.Error("an execution cannot go on", "execution", row.ID, "error", cause)
	entries, err := s.store.Journal(s.runs.ctx, row.ID)
	if err != nil {
		return err
	}
	failed := runtime.Run{Status: runtime.StatusError, Err: nodes.Errorf("the execution was interrupted and cannot go on: %w", cause)}
	err = persist(s.runs.ctx, s.log, func() error {
		_, err := s.store.Finish(s.runs.ctx, held, store.Ending{Status: store.Error, Seq: len(entries), Entry: appendRecord(nil, failed.End())})
		return err
	})
	s.executions.tell(row.ID, nodes.Result{Err: failed.Err})
	return err
}

// recover takes over executions whose servers are gone: those that were silent for so long. full says that there may be more, and no
// room for them yet.
func (s *Server) recover(ctx context.Context, silent time.Duration) (full bool, err error) {
	for {
		list, err := s.store.Orphans(ctx, s.id, silent, recoverAtOnce)
		if err != nil {
			return false, fmt.Errorf("look for interrupted executions: %w", err)
		}
		taken := 0
		for _, row := range list {
			if !s.slots.take() {
				return true, nil
			}
			took, err := s.takeOver(ctx, row, true)
			if err != nil {
				return false, err
			}
			if took {
				taken++
			}
		}
		if taken == 0 {
			return false, nil
		}
		s.log.Info("interrupted executions go on", "count", taken)
	}
}

// takeOver goes on with an execution of another server, or of this one before it was cut off. It does nothing where another was first.
// slot says that one was taken for it.
func (s *Server) takeOver(ctx context.Context, row store.Execution, slot bool) (took bool, err error) {
	held, err := s.store.TakeOver(ctx, store.Held{ID: row.ID, Owner: row.Owner, Attempt: row.Attempt}, s.id)
	if err == nil {
		return true, s.resume(row, held, slot)
	}
	if slot {
		s.slots.give()
	}
	if errors.Is(err, store.ErrLost) {
		err = nil
	}
	return false, err
}

// adopt goes on with executions that are this server's by the database, and that nothing here works on: the answer to a write was not
// heard, or they could not be read. They are those that were so at the beat before too.
func (s *Server) adopt(ctx context.Context, before map[int64]bool) (now map[int64]bool) {
	list, err := s.store.Owned(ctx, s.id)
	if err != nil {
		return before
	}
	now = map[int64]bool{}
	for _, row := range list {
		if s.executions.find(row.ID) != nil {
			continue
		}
		now[row.ID] = true
		if !before[row.ID] {
			continue
		}
		if _, err := s.takeOver(ctx, row, false); err != nil && ctx.Err() == nil {
			s.log.Error("an execution could not go on", "execution", row.ID, "error", err)
		}
	}
	return now
}

// rejoin goes on with executions that were given up while the database did not answer, where no other server has taken them.
func (s *Server) rejoin(ctx context.Context, ids []int64) error {
	for _, id := range ids {
		row, err := s.store.Execution(ctx, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && (row.Status != store.Running || row.Owner != s.id) {
			continue
		}
		if err == nil {
			_, err = s.takeOver(ctx, row, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	// recoverAtOnce is how many executions are read at a time.
	recoverAtOnce = 200
	// dueAtOnce is the same for those whose time has come.
	dueAtOnce = 200
	// queueAtOnce is the same for those of the queue.
	queueAtOnce = 20
	// lookAgain bounds how long a wait may be missed that another server has laid down.
	lookAgain = 5 * time.Second
)

// due wakes the one who looks for waiting executions whose time has come.
type due struct {
	mu   sync.Mutex
	next time.Time
	wake chan struct{}
}

func newDue() *due { return &due{wake: make(chan struct{}, 1)} }

// by says that something is due at this time.
func (d *due) by(at time.Time) {
	if at.IsZero() {
		return
	}
	d.mu.Lock()
	sooner := d.next.IsZero() || at.Before(d.next)
	if sooner {
		d.next = at
	}
	d.mu.Unlock()
	if sooner {
		d.look()
	}
}

// look wakes the one who looks now.
func (d *due) look() {
	select {
	case d.wake <- struct{}{}:
	default: // it is awake already
	}
}

// wakeWaiting goes on with waiting executions when their time has come, until ctx ends.
func (s *Server) wakeWaiting(ctx context.Context) {
	well := true
	for ctx.Err() == nil {
		at, err := s.store.NextDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("waiting executions cannot be looked for", "error", err)
		}
		s.due.mu.Lock()
		s.due.next = at
		s.due.mu.Unlock()
		wait := lookAgain
		if !at.IsZero() {
			wait = min(wait, time.Until(at))
		}
		if !well { // what is due stays so, until there is room for it
			wait = max(wait, time.Second)
		}
		if wait > 0 && err == nil || err != nil {
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-s.due.wake:
			case <-ctx.Done():
			}
			timer.Stop()
		}
		if ctx.Err() == nil {
			well = s.resumeDue(ctx)
			s.takeQueued(ctx)
		}
	}
}

// takeQueued begins executions of the queue, as long as there is room for them.
func (s *Server) takeQueued(ctx context.Context) {
	for s.slots == nil || len(s.slots) < cap(s.slots) {
		list, err := s.store.Queue(ctx, queueAtOnce)
		if err != nil && ctx.Err() == nil {
			s.log.Error("the queue cannot be read", "error", err)
		}
		taken := 0
		for _, row := range list {
			if !s.slots.take() {
				return
			}
			held, err := s.store.Take(ctx, row, s.id)
			if err == nil {
				err = s.resume(row, held, true)
				taken++
			} else {
				s.slots.give()
			}
			if err != nil && !errors.Is(err, store.ErrLost) && ctx.Err() == nil {
				s.log.Error("an execution could not be begun", "execution", row.ID, "error", err)
			}
		}
		if taken == 0 {
			return
		}
	}
}

// hear heeds what other servers tell.
func (s *Server) hear(n store.Notice) {
	switch n.Kind {
	case store.Queued:
		s.due.look()
	case store.Answered:
		s.answerWaiting(n.ID)
	default: // some may have been missed
		s.due.look()
		for _, id := range s.executions.awaited() {
			s.answerWaiting(id)
		}
	}
}

// answerWaiting answers those who wait here for an execution that another server works on.
func (s *Server) answerWaiting(id int64) {
	if !s.executions.waits(id) || s.executions.find(id) != nil {
		return
	}
	if err := s.runs.begin(func() error {
		row, err := s.store.Execution(s.runs.ctx, id)
		if err != nil {
			return err
		}
		r, err := s.read(s.runs.ctx, row)
		if err != nil {
			return err
		}
		defer r.e.cancel(nil)
		state := r.x.State()
		switch {
		case state.Reply != nil:
			s.executions.tell(id, nodes.Result{Reply: state.Reply})
		case !row.StoppedAt.IsZero():
			out := nodes.Result{Items: r.x.LastOutput()}
			if state.Err != nil {
				out.Err = state.Err
			}
			s.executions.tell(id, out)
		}
		return nil
	}); err != nil && !errors.Is(err, errStopping) {
		s.log.Error("a caller could not be answered", "execution", id, "error", err)
	}
}

// resumeDue reports whether all went well, and there was room for all.
func (s *Server) resumeDue(ctx context.Context) bool {
	list, err := s.store.Due(ctx, time.Now(), dueAtOnce)
	if err != nil {
		s.log.Error("waiting executions cannot be looked for", "error", err)
		return false
	}
	well := true
	for _, row := range list {
		if !s.slots.take() {
			return false
		}
		held, err := s.store.Take(ctx, row, s.id)
		if err == nil {
			err = s.resume(row, held, true)
		} else {
			s.slots.give()
		}
		if errors.Is(err, store.ErrLost) {
			continue
		}
		if err != nil {
			s.log.Error("a waiting execution could not go on", "execution", row.ID, "error", err)
			well = false
		}
	}
	return well
}
