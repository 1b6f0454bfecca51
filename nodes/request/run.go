package request

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// readAhead is how many times the concurrency reads may run ahead of the item whose output is due, so that one slow answer
// does not hold the others up. Writes do not run ahead: after a failure few items should have been sent beside it.
const readAhead = 4

// job is the work on one item. Its results come through out, which is closed at its end; without out they are emitted at
// once. The other fields are set before out is closed.
type job struct {
	item    int
	out     chan []nodes.Item
	err     error
	outcome outcome
}

// errHalted ends what another item's failure made pointless.
var errHalted = errors.New("not sent: another item failed before")

// stepError is a failure that would meet every item: it ends the step, whatever onError says.
type stepError struct{ error }

func (e *stepError) Unwrap() error { return e.error }

func (s *step) run(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	halted, halt := context.WithCancel(context.Background())
	defer halt()
	s.halted = halted
	jobs := make([]job, len(s.call.Checked))
	for i := range jobs {
		jobs[i].item = i
	}
	limit := s.common.concurrency
	if s.common.batchSize > 0 {
		limit = min(limit, s.common.batchSize)
	}
	limit = min(limit, len(jobs))
	if limit <= 1 {
		return s.explain(parent, s.oneByOne(ctx, jobs), jobs)
	}
	window := limit
	if !s.op.Writes {
		window *= readAhead
	}
	todo := make(chan *job, window)
	var busy sync.WaitGroup
	for range limit {
		busy.Go(func() {
			for j := range todo {
				s.do(ctx, j)
				close(j.out)
			}
		})
	}
	err := s.inOrder(ctx, jobs, todo)
	close(todo)
	if err != nil {
		halt()
		if !s.op.Writes { // nobody waits for what a read brings; a write is let end, so that its outcome is known
			cancel()
		}
	}
	busy.Wait()
	return s.explain(parent, err, jobs)
}

// oneByOne does the items without goroutines of its own.
func (s *step) oneByOne(ctx context.Context, jobs []job) error {
	for i := range jobs {
		s.holdBack(ctx, i)
		s.do(ctx, &jobs[i])
		if err := s.settle(ctx, &jobs[i]); err != nil {
			return err
		}
	}
	return nil
}

// inOrder hands jobs to the workers and their results on, in the order of the items.
func (s *step) inOrder(ctx context.Context, jobs []job, todo chan<- *job) error {
	next := 0
	for due := range jobs {
		for next < len(jobs) && next < due+cap(todo) && (!s.beginsBatch(next) || next == due) {
			s.holdBack(ctx, next)
			jobs[next].out = make(chan []nodes.Item, 1)
			todo <- &jobs[next]
			next++
		}
		for list := range jobs[due].out {
			s.emit(due, list)
		}
		if err := s.settle(ctx, &jobs[due]); err != nil {
			return err
		}
	}
	return nil
}

func (s *step) emit(item int, list []nodes.Item) {
	for _, it := range list {
		s.call.EmitFrom(0, item, it)
	}
}

// beginsBatch reports whether an item is the first of a batch after the first one (n8n's requestOptions.batching): it waits
// until the batch before is done.
func (s *step) beginsBatch(i int) bool {
	return s.common.batchSize > 0 && i > 0 && i%s.common.batchSize == 0
}

func (s *step) holdBack(ctx context.Context, i int) {
	if s.beginsBatch(i) {
		_ = s.x.pause(ctx, s.common.batchInterval) // a cancelled wait shows in the item's own request
	}
}

// do does the work on one item.
func (s *step) do(ctx context.Context, j *job) {
	defer func() {
		if p := recover(); p != nil { // in a goroutine of ours nobody else would catch it
			s.call.Log.Error("the node panicked", "panic", p, "stack", string(debug.Stack()))
			j.err = nodes.Errorf("the node panicked, which is a mistake in its program: %v", p)
		}
	}()
	checked := s.call.Checked[j.item]
	switch {
	case checked.Err != nil:
		j.err = checked.Err
	case ctx.Err() != nil:
		j.err = context.Cause(ctx)
	case s.halted.Err() != nil:
		j.err = errHalted
	default:
		w := &worker{step: s, job: j, params: gjson.Parse(checked.JSON)}
		j.err = w.work(ctx)
	}
}

// settle says whether the step goes on after a job.
func (s *step) settle(ctx context.Context, j *job) error {
	if j.err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return nodes.Errorf("interrupted at item %d of %d: %w", j.item, len(s.call.Checked), context.Cause(ctx)).At(j.item)
	}
	var whole *stepError
	if errors.As(j.err, &whole) {
		return nodes.AsError(whole.error)
	}
	return s.call.Fail(j.item, j.err)
}

// worker does one item.
type worker struct {
	*step
	job     *job
	params  gjson.Result
	options options
	sent    bool // the request of the try at hand may have reached the server; known for writes only
}

// deliver hands results on.
func (w *worker) deliver(ctx context.Context, list ...nodes.Item) error {
	if w.job.out == nil {
		w.emit(w.job.item, list)
		return nil
	}
	select {
	case w.job.out <- list:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-w.halted.Done():
		return errHalted
	}
}
