package network

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// httpRequest sends a request for each item and makes items of the answers. Results come in the order of the items.
type httpRequest struct{ options Options }

var _ nodes.Outward = httpRequest{}

const (
	// concurrency is how many requests are under way at most, unless batches are smaller.
	concurrency = 16
	// readAhead is how many times that requests may run ahead of the item whose output is due, so that a slow answer does not
	// hold the others up.
	readAhead = 4
)

// Writes is nodes.Outward's: any method may write but those that are safe (RFC 9110, 9.2.1).
func (httpRequest) Writes(version float64, params *nodes.Template) bool {
	name := "method"
	if version < 3 {
		name = "requestMethod"
	}
	method := params.Member(name)
	if method.Expression() != nil {
		return true
	}
	switch strings.ToUpper(method.Value().Str()) {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

func (n httpRequest) Execute(ctx context.Context, call *nodes.Call) error {
	r := &httpRun{node: n, call: call}
	defer r.busy.Wait() // after a failure what is under way is let end, as in n8n: it may write
	return r.run(ctx)
}

// httpRun is one execution of the node. Parameters and credentials are asked for by one goroutine at a time.
type httpRun struct {
	node  httpRequest
	call  *nodes.Call
	eval  sync.Mutex
	busy  sync.WaitGroup
	slots chan struct{} // holds an element for each item under way
	auth  map[string]nodes.Access
	// prepareItem makes the request of an item, and common has the options of all; both are set by nodes that send as this one does.
	prepareItem func(ctx context.Context, i int) (*exchange, error)
	common      nodes.Param
}

// httpJob is the work on one item; done is closed at its end.
type httpJob struct {
	done  chan struct{}
	items []nodes.Item
	err   error
}

func (r *httpRun) run(ctx context.Context) error {
	count := r.call.Input(0).Len()
	batch, err := r.batches()
	if err != nil {
		return err
	}
	limit, window := concurrency, concurrency*readAhead
	if batch.size > 0 {
		limit = min(batch.size, concurrency)
		window = limit
	}
	r.slots = make(chan struct{}, limit)
	jobs := make([]*httpJob, 0, count)
	for due := 0; due < count; {
		next := len(jobs)
		begins := batch.begins(next)
		if next < count && next < due+window && (!begins || next == due) && r.takeSlot() {
			if begins {
				if err := nodes.Pause(ctx, batch.interval); err != nil {
					return err
				}
			}
			jobs = append(jobs, r.begin(ctx, next))
			continue
		}
		var freed chan struct{}
		if next < count && next < due+window && !begins {
			freed = r.slots
		}
		select {
		case freed <- struct{}{}:
			<-r.slots // it is taken above
		case <-jobs[due].done:
			if err := r.settle(ctx, due, jobs[due]); err != nil {
				return err
			}
			jobs[due] = nil
			due++
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// takeSlot takes a slot if one is free. If nothing is under way one is: a job gives its slot back before it is done.
func (r *httpRun) takeSlot() bool {
	select {
	case r.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// begin prepares the request of an item and starts it.
func (r *httpRun) begin(ctx context.Context, i int) *httpJob {
	j := &httpJob{done: make(chan struct{})}
	end := func() {
		<-r.slots
		close(j.done)
	}
	prepare := r.prepare
	if r.prepareItem != nil {
		prepare = r.prepareItem
	}
	x, err := prepare(ctx, i)
	if err != nil {
		if j.err = err; r.call.Retry.Tries > 1 {
			j.err = &finalError{err}
		}
		end()
		return j
	}
	r.busy.Go(func() {
		defer end()
		defer func() {
			if p := recover(); p != nil { // in a goroutine of ours nobody else would catch it
				r.call.Log.Error("the node panicked", "panic", p, "stack", string(debug.Stack()))
				j.err = nodes.Errorf("the node panicked, which is a mistake in its program: %v", p)
			}
		}()
		j.items, j.err = x.tries(ctx)
		if j.err != nil {
			j.err = x.redacted(j.err)
		}
	})
	return j
}

// settle hands the results of an item on, or its failure.
func (r *httpRun) settle(ctx context.Context, i int, j *httpJob) error {
	if j.err == nil {
		for _, it := range j.items {
			r.call.EmitFrom(0, i, it)
		}
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e := nodes.AsError(j.err).At(i)
	var shown *shownError
	if r.call.Version < 3 && r.prepareItem == nil && !errors.As(j.err, &shown) {
		return e // what is not the server's failure ends versions 1 and 2 for all items
	}
	if r.call.OnError == nodes.StopWorkflow || r.call.OnError == "" || !errors.As(j.err, &shown) {
		return r.call.Fail(i, e)
	}
	var b nodes.ObjectBuilder
	b.Raw("error", shown.json)
	if shown.details != "" {
		b.Raw("details", shown.details)
	}
	r.call.EmitFrom(0, i, nodes.NewItem(b.String()).WithError(e))
	return nil
}

// batching is n8n's option: how many requests go together and how long the next ones wait.
type batching struct {
	size     int
	interval time.Duration
}

// begins reports whether an item is the first of a batch that waits for the one before.
func (b batching) begins(i int) bool {
	return b.size > 0 && b.interval > 0 && i > 0 && i%b.size == 0
}

func (r *httpRun) batches() (b batching, err error) {
	options := r.call.Param("options")
	size, interval := options.Get("batchSize"), options.Get("batchInterval")
	defaultSize, defaultInterval := 50.0, 1000.0
	if r.prepareItem != nil {
		options = r.common
	}
	if r.call.Version >= 3 || r.prepareItem != nil {
		batch := options.Get("batching").Get("batch")
		if !batch.IsSet() {
			return b, nil
		}
		size, interval = batch.Get("batchSize"), batch.Get("batchInterval")
	} else if !size.IsSet() && !interval.IsSet() {
		return b, nil
	}
	n, err := size.Number(0, defaultSize)
	if err != nil {
		return b, err
	}
	ms, err := interval.Number(0, defaultInterval)
	if err != nil {
		return b, err
	}
	switch {
	case n == 0:
		b.size = 1
	case n > 0:
		b.size = int(min(n, 1e9))
	}
	b.interval = milliseconds(ms)
	return b, nil
}

// milliseconds is a time of at most a day.
func milliseconds(ms float64) time.Duration {
	if !(ms > 0) {
		return 0
	}
	return time.Duration(min(ms, 24*60*60*1000) * float64(time.Millisecond))
}
