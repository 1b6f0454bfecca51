// Package request is the one HTTP executor: it sends the requests that descriptors describe, for the 3CX set and any
// other set made of an OpenAPI document.
//
//	checked parameters ──build──▶ Request ──send──▶ answer ──▶ items
//
// It owns dialects (how an API writes keys, pages its lists and tells its errors), tokens in use, retries, concurrency
// within a step and order of output. It does not resolve or validate parameters (the engine does) and mints no tokens
// (package credentials does).
package request

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// Executor sends requests. Its connections are kept between steps and runs; it is safe for concurrent use.
type Executor struct {
	clients clients
	// pause waits between tries; tests watch it.
	pause func(ctx context.Context, d time.Duration) error
}

// New returns an executor with connections of its own.
func New() *Executor { return &Executor{pause: pause} }

// Close lets go of idle connections.
func (x *Executor) Close() { x.clients.close() }

const defaultConcurrency = 4

// Execute works on all items of a call of a request node described by d: up to requestOptions.concurrency items at a
// time, results in the order of the items.
func (x *Executor) Execute(ctx context.Context, d *descriptors.Node, call *nodes.Call) error {
	if call.Operation == nil {
		return errors.New("the call has no operation: the engine did not check it")
	}
	s := &step{x: x, node: d, op: call.Operation, call: call, dialect: dialectOf(d.Dialect)}
	if len(d.Credentials) > 0 {
		s.credential = d.Credentials[0].Type
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return s.run(ctx)
}

// step is one execution of a request node.
type step struct {
	x          *Executor
	node       *descriptors.Node
	op         *descriptors.Operation
	call       *nodes.Call
	dialect    dialect
	credential string
	access     accessHolder
}

// job is the work on one item. Its items come through out; err is set before out is closed.
type job struct {
	out  chan nodes.Item
	err  error
	sent bool // at least one request went out
}

// run starts up to concurrency jobs ahead of the one whose output is due, so that output keeps the items' order.
func (s *step) run(ctx context.Context) error {
	first := s.options(0)
	limit := first.concurrency
	if first.batchSize > 0 {
		limit = min(limit, first.batchSize)
	}
	jobs := make([]*job, len(s.call.Checked))
	started := 0
	for due := range jobs {
		for started < len(jobs) && started < due+limit && s.mayStart(ctx, first, started, due) {
			jobs[started] = s.start(ctx, started)
			started++
		}
		j := jobs[due]
		for it := range j.out {
			s.call.EmitFrom(0, due, it)
		}
		if j.err == nil {
			continue
		}
		if ctx.Err() != nil {
			return s.interrupted(ctx, jobs[:started], due)
		}
		if err := s.call.Fail(due, j.err); err != nil {
			return s.stopped(err, jobs[:started], due)
		}
	}
	return nil
}

// mayStart holds back the items of the next batch until the batch before is done and its interval is over (n8n's
// requestOptions.batching).
func (s *step) mayStart(ctx context.Context, o options, next, due int) bool {
	if o.batchSize <= 0 || next == 0 || next%o.batchSize != 0 {
		return true
	}
	if due < next {
		return false
	}
	_ = s.x.pause(ctx, o.batchInterval) // a cancelled wait shows in the item's own request
	return true
}

func (s *step) start(ctx context.Context, i int) *job {
	j := &job{out: make(chan nodes.Item, 64)}
	go func() {
		defer close(j.out)
		checked := s.call.Checked[i]
		if checked.Err != nil {
			j.err = checked.Err
			return
		}
		w := &worker{step: s, job: j, item: i, params: gjson.Parse(checked.JSON), options: s.options(i)}
		if err := w.work(ctx); err != nil {
			j.err = err
		}
	}()
	return j
}

// stopped adds to the error of an item what had been sent beside it: with several requests under way, later items may
// have reached the server already.
func (s *step) stopped(err error, jobs []*job, failed int) error {
	e := *nodes.AsError(err)
	if !s.op.Writes {
		return &e
	}
	for _, j := range jobs[failed+1:] { // what is under way is let end, so that its outcome is known
		for range j.out {
		}
	}
	e.Description = strings.TrimPrefix(e.Description+"\n"+sentText(jobs, failed), "\n")
	return &e
}

func (s *step) interrupted(ctx context.Context, jobs []*job, at int) error {
	for _, j := range jobs[at:] {
		for range j.out {
		}
	}
	e := nodes.Errorf("interrupted at item %d of %d: %w", at, len(s.call.Checked), context.Cause(ctx)).At(at)
	if s.op.Writes {
		e.Description = sentText(jobs, at)
	}
	return e
}

func sentText(jobs []*job, failed int) string {
	var later, unknown []string
	for i := failed; i < len(jobs); i++ {
		switch j := jobs[i]; {
		case j.sent && j.err == nil:
			later = append(later, fmt.Sprint(i))
		case i > failed && j.sent:
			unknown = append(unknown, fmt.Sprint(i))
		}
	}
	text := "no item before it was sent"
	if failed > 0 {
		text = fmt.Sprintf("sent and answered: items 0 to %d", failed-1)
	}
	if len(later) > 0 {
		text += ", and items " + strings.Join(later, ", ")
	}
	if len(unknown) > 0 {
		text += "; sent and failed: items " + strings.Join(unknown, ", ")
	}
	if jobs[failed].sent {
		text += fmt.Sprintf("; item %d was sent", failed)
	}
	return text + "; the rest was not sent"
}

// worker does one item.
type worker struct {
	*step
	job     *job
	item    int
	params  gjson.Result
	options options
}

func (w *worker) emit(ctx context.Context, it nodes.Item) error {
	select {
	case w.job.out <- it:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *worker) work(ctx context.Context) error {
	ids := w.params.Get("ids")
	switch {
	case w.options.returnAll && w.op.Response.Kind == "collection" && w.op.Request.Method == http.MethodGet:
		return w.pages(ctx)
	case w.options.idsPerRequest > 0 && ids.IsArray() && len(ids.Array()) > w.options.idsPerRequest:
		return w.idBatches(ctx, ids.Array())
	}
	req, err := w.build(nil)
	if err != nil {
		return err
	}
	answer, err := w.send(ctx, req)
	if err != nil {
		return err
	}
	return w.items(ctx, answer)
}

// idBatches sends a long list of ids in several requests and joins what they answer. A batch that fails is told with
// its ids; what had been sent before stands.
func (w *worker) idBatches(ctx context.Context, ids []gjson.Result) error {
	size := w.options.idsPerRequest
	var values []string // members of {value: […]}, joined
	for from := 0; from < len(ids); from += size {
		batch := ids[from:min(from+size, len(ids))]
		raw := make([]string, len(batch))
		for i, id := range batch {
			raw[i] = id.Raw
		}
		list := "[" + strings.Join(raw, ",") + "]"
		req, err := w.build(map[string]string{"ids": list})
		if err != nil {
			return err
		}
		answer, err := w.send(ctx, req)
		if err != nil {
			e := *nodes.AsError(err)
			e.Description = strings.TrimPrefix(fmt.Sprintf("%s\nin the request with ids %s; %d of %d ids had been sent before it, %d were not sent",
				e.Description, list, from, len(ids), len(ids)-from-len(batch)), "\n")
			return &e
		}
		for _, v := range gjson.GetBytes(answer.body, "value").Array() {
			values = append(values, v.Raw)
		}
	}
	joined := &answer{status: http.StatusOK, body: []byte(`{"value":[` + strings.Join(values, ",") + `]}`), isJSON: true}
	if w.op.Response.Kind == "none" {
		joined = &answer{status: http.StatusNoContent}
	}
	return w.items(ctx, joined)
}
