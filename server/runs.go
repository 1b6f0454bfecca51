package server

import (
	"context"
	"sync"
	"time"
)

// runs are those under way. All have one context, which ends neither with the request nor with the trigger that started them.
type runs struct {
	ctx    context.Context //nolint:containedctx // the life of the runs is that of no call
	cancel context.CancelCauseFunc

	mu     sync.Mutex // a run must not be added beside the wait for the last one
	closed bool
	group  sync.WaitGroup

	next chan func() // work for a goroutine that has ended its run
}

func newRuns() *runs {
	r := &runs{next: make(chan func())}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	return r
}

// begin calls f, which may add runs to the group, unless close was called.
func (r *runs) begin(f func() error) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return errStopping
	}
	r.group.Add(1)
	r.mu.Unlock()
	defer r.group.Done()
	return f()
}

// keepIdle is how long a goroutine without a run waits for the next one.
const keepIdle = time.Second

// do calls f in a goroutine of the group. Goroutines serve run after run: the stack of one has grown to what runs need, and growing
// it costs a short run a tenth of its time.
func (r *runs) do(f func()) {
	r.group.Add(1)
	work := func() {
		defer r.group.Done()
		f()
	}
	select {
	case r.next <- work:
	default:
		go r.serve(work)
	}
}

func (r *runs) serve(work func()) {
	idle := time.NewTimer(keepIdle)
	defer idle.Stop()
	for {
		work()
		idle.Reset(keepIdle)
		select {
		case work = <-r.next:
		case <-idle.C:
			return
		case <-r.ctx.Done():
			return
		}
	}
}

// close lets no further run begin. The channel is closed once the last one has ended.
func (r *runs) close() <-chan struct{} {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	return done(r.group.Wait)
}
