// Package script is the JavaScript engine behind expressions and the Code node: a bounded pool of virtual machines
// with a memory limit, a time limit and nothing of the host in sight. It owns the machines, their limits and their
// locking down. It does not know what a workflow is: text goes in, text comes out, and what the text means is between
// the caller and the prelude that it loads into each machine.
package script

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Options set a pool's limits. The zero value gives the defaults.
type Options struct {
	// Machines is the most virtual machines at a time; callers beyond it wait. The default is 4.
	Machines int
	// Memory is the most bytes that a machine may allocate. The default is 64 MB.
	Memory uintptr
	// Timeout is the longest time of one call. The default is 5 s. Code that catches its own stack overflows over and
	// over is stopped later than that, by some seconds, because the engine seldom polls there.
	Timeout time.Duration
	// Stack is the deepest nesting of calls. The default is 1000.
	Stack int
	// Calls is after how many calls a machine is replaced by a new one. The default is 10000.
	Calls int
	// Prelude is JavaScript that each machine runs when it is made. Its value must be a function, the entry:
	// entry(program, args...) is what Call calls, and its result is Call's. Afterwards everything that is reachable
	// from the global object is frozen.
	Prelude string
}

func (o Options) withDefaults() Options {
	if o.Machines <= 0 {
		o.Machines = 4
	}
	if o.Memory == 0 {
		o.Memory = 64 << 20
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Stack <= 0 {
		o.Stack = 1000
	}
	if o.Calls <= 0 {
		o.Calls = 10000
	}
	if o.Prelude == "" {
		o.Prelude = "(program, ...args) => program(...args)"
	}
	return o
}

// Program is JavaScript whose value the entry gets. A machine compiles it once, at its first call. Programs are
// compared by identity: keep them.
type Program struct{ source string }

// NewProgram returns a program of this source, which must be an expression (a function, with the default entry).
func NewProgram(source string) *Program { return &Program{source: source} }

// Host answers what running JavaScript asks by calling __host(text): the only way out of a machine, text in and text
// out. An error fails the whole call, whatever the script catches.
type Host func(request string) (string, error)

// ErrLimit is wrapped by the errors of code that used up its memory, time or stack, or was cancelled.
var ErrLimit = errors.New("limit exceeded")

// ErrStuck is returned for JavaScript that waits for something that never comes.
var ErrStuck = errors.New("the JavaScript waits for a promise that nothing will ever settle")

// ErrClosed is returned by calls to a closed pool.
var ErrClosed = errors.New("script pool is closed")

// Error is an exception that the JavaScript did not catch.
type Error struct {
	Name    string // TypeError
	Message string
	Limit   bool // the code ran into a limit: errors.Is(err, ErrLimit)
	Line    int  // of a SyntaxError, in the program's source, from 1; else 0
}

func (e *Error) Error() string {
	if e.Name == "" || e.Limit {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

func (e *Error) Unwrap() error {
	if e.Limit {
		return ErrLimit
	}
	return nil
}

// Pool is a bounded set of machines. Machines are made when they are first needed, so a pool costs nothing until then.
type Pool struct {
	options Options
	slots   chan struct{} // one token for each machine that may exist

	mu     sync.Mutex
	idle   []*machine
	closed bool
}

// NewPool returns a pool with these options.
func NewPool(o Options) *Pool {
	o = o.withDefaults()
	return &Pool{options: o, slots: make(chan struct{}, o.Machines)}
}

// Close frees the idle machines; running calls go on and free theirs when they end. Close may be called again.
func (p *Pool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, m := range idle {
		m.close()
	}
	return nil
}

// Call runs entry(program, args...) on a machine and returns its result, which must be text. It waits for a machine if
// all are busy. What one call leaves behind is not seen by another: globals are frozen, and a machine that ran into a
// limit is thrown away.
func (p *Pool) Call(ctx context.Context, program *Program, host Host, args ...any) (string, error) {
	return p.run(ctx, program, task{host: host}, args)
}

// Wait pauses a call whose JavaScript waits: for d at most, and shorter if something happened.
type Wait func(ctx context.Context, d time.Duration) error

// CallAsync is Call for an entry that may give undefined instead of text: its result is then still to come. The promises that
// are due are run, then entry() is called, with no program, until it gives text. A number that it gives is the
// milliseconds to wait before the next turn; a negative one says that nothing will ever come. The time limit is that of
// each turn; how long all of them take is for ctx to bound.
func (p *Pool) CallAsync(ctx context.Context, program *Program, host Host, wait Wait, args ...any) (string, error) {
	return p.run(ctx, program, task{host, wait}, args)
}

// task is what a call brings beside its arguments.
type task struct {
	host Host
	wait Wait // nil if the entry gives its text at once
}

func (p *Pool) run(ctx context.Context, program *Program, t task, args []any) (string, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { <-p.slots }()
	m, err := p.take()
	if err != nil {
		return "", err
	}
	text, err := m.call(ctx, program, t, args)
	p.put(m)
	return text, err
}

func (p *Pool) take() (*machine, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		m := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return m, nil
	}
	p.mu.Unlock()
	return newMachine(p.options)
}

func (p *Pool) put(m *machine) {
	p.mu.Lock()
	keep := !m.spoiled && m.calls < p.options.Calls && !p.closed
	if keep {
		p.idle = append(p.idle, m)
	}
	p.mu.Unlock()
	if !keep {
		m.close()
	}
}
