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
	"sync"
	"time"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// Executor sends requests. Its connections are kept between steps and runs; it is safe for concurrent use.
type Executor struct {
	clients clients
	buffers sync.Pool // of *[copySize]byte
	// pause waits between tries and batches, now is the time; tests put their own here.
	pause func(ctx context.Context, d time.Duration) error
	now   func() time.Time
}

// New returns an executor with connections of its own.
func New() *Executor { return &Executor{pause: nodes.Pause, now: time.Now} }

// Close lets go of idle connections.
func (x *Executor) Close() { x.clients.close() }

// Execute works on all items of a call of a request node described by d: up to requestOptions.concurrency items at a
// time, results in the order of the items. No request is under way any more when it returns.
//
// Errors: a *nodes.Error of the item that failed, where the call stops at failures, or of the step as a whole (no
// access, cancelled). Where the operation writes, its description says what became of each item.
func (x *Executor) Execute(ctx context.Context, d *descriptors.Node, call *nodes.Call) error {
	if call.Operation == nil {
		return errors.New("the call has no operation: the engine did not check it")
	}
	s := &step{x: x, node: d, op: call.Operation, call: call, dialect: dialectOf(d.Dialect)}
	if len(d.Credentials) > 0 {
		s.credential = d.Credentials[0].Type
	}
	s.access.step = s
	s.common = s.firstOptions()
	return s.run(ctx)
}

// step is one execution of a request node.
type step struct {
	x          *Executor
	node       *descriptors.Node
	op         *descriptors.Operation
	call       *nodes.Call
	dialect    dialect
	credential string // its type; empty if the node takes none
	access     accessHolder
	common     options // those of the first item, mostly those of all
	// halted is done once the step has failed: what is under way ends, nothing further begins.
	halted context.Context
}

// action names the operation in messages.
func (s *step) action() string { return s.op.Resource + ": " + s.op.Name }
