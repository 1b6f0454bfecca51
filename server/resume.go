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

// read brings an execution back as it stood after its last record.
func (s *Server) read(ctx context.Context, row store.Execution) (*resumed, error) {
	flow, err := s.version(ctx, row.WorkflowID, row.VersionID)
	if err != nil {
		return nil, err
	}
	entries, err := s.store.Journal(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	lines, err := records(entries)
	if err != nil {
		return nil, err
	}
	runCtx, cancel := context.WithCancelCause(s.runs.ctx)
	r := &resumed{ctx: runCtx, entries: len(entries)}
	r.e = &execution{id: row.ID, flow: flow, binary: row.Binary, journal: s.newJournal(runCtx, cancel), cancel: cancel}
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

// resume goes on with an execution that is this server's by now.
func (s *Server) resume(row store.Execution, held store.Held) error {
	return s.runs.begin(func() error {
		r, err := s.read(s.runs.ctx, row)
		if err != nil {
			return s.abandon(row, held, err)
		}
		r.e.journal.bind(held, r.entries)
		if r.interrupted != nil && !r.e.flow.Workflow.Settings.RunAgain {
			s.log.Warn("an execution was interrupted while a node may have written, and waits for a person", "execution", row.ID, "node", r.interrupted.Node)
			s.finish(r.ctx, r.e, r.x.Interrupted(r.interrupted))
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

// recover takes over executions whose servers are gone: of those not seen since.
func (s *Server) recover(ctx context.Context, since time.Time) error {
	for {
		list, err := s.store.Orphans(ctx, since, recoverAtOnce)
		if err != nil {
			return fmt.Errorf("look for interrupted executions: %w", err)
		}
		taken := 0
		for _, row := range list {
			if s.executions.find(row.ID) != nil { // its own, which is late with its heartbeat
				continue
			}
			held, err := s.store.TakeOver(ctx, store.Held{ID: row.ID, Owner: row.Owner, Attempt: row.Attempt}, s.id)
			if errors.Is(err, store.ErrLost) {
				continue // another server was first
			}
			if err == nil {
				err = s.resume(row, held)
			}
			if err != nil {
				return err
			}
			taken++
		}
		if taken == 0 {
			return nil
		}
		s.log.Info("interrupted executions go on", "count", taken)
	}
}

const (
	// recoverAtOnce is how many executions are read at a time.
	recoverAtOnce = 200
	// dueAtOnce is the same for those whose time has come.
	dueAtOnce = 200
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
		select {
		case d.wake <- struct{}{}:
		default: // it is awake already
		}
	}
}

// wakeWaiting goes on with waiting executions when their time has come, until ctx ends.
func (s *Server) wakeWaiting(ctx context.Context) {
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
			s.resumeDue(ctx)
		}
	}
}

func (s *Server) resumeDue(ctx context.Context) {
	list, err := s.store.Due(ctx, time.Now(), dueAtOnce)
	if err != nil {
		s.log.Error("waiting executions cannot be looked for", "error", err)
		return
	}
	for _, row := range list {
		held, err := s.store.Take(ctx, row.ID, store.Waiting, s.id)
		if errors.Is(err, store.ErrLost) {
			continue
		}
		if err == nil {
			err = s.resume(row, held)
		}
		if err != nil {
			s.log.Error("a waiting execution could not go on", "execution", row.ID, "error", err)
		}
	}
}
