package server

import (
	"context"
	"errors"
	"sync"
)

var (
	// errStopped is the cause with which runs are cancelled that go on for too long when the server stops.
	errStopped = errors.New("the server stopped")
	// errStopping refuses what comes too late.
	errStopping = errors.New("the server is stopping")
)

// runs are those under way. All have one context, which ends neither with the request nor with the trigger that started them.
type runs struct {
	ctx    context.Context //nolint:containedctx // the life of the runs is that of no call
	cancel context.CancelCauseFunc

	mu     sync.Mutex // a run must not be added beside the wait for the last one
	closed bool
	group  sync.WaitGroup
}

func newRuns() *runs {
	r := &runs{}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	return r
}

// begin runs f in a goroutine of its own, unless close was called.
func (r *runs) begin(f func(context.Context)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errStopping
	}
	r.group.Go(func() { f(r.ctx) })
	return nil
}

// close lets no further run begin. The channel is closed once the last one has ended.
func (r *runs) close() <-chan struct{} {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	return done(r.group.Wait)
}
