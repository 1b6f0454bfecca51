package script

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"modernc.org/quickjs"
)

var (
	//go:embed bounds.js
	bounds string
	//go:embed lockdown.js
	lockdown string
)

// maxPrograms bounds the compiled programs that a machine keeps; beyond it, all are dropped.
const maxPrograms = 1000

// machine is one QuickJS virtual machine. It is used by one goroutine at a time.
type machine struct {
	vm       *quickjs.VM
	entry    quickjs.Value
	programs map[*Program]quickjs.Value
	host     Host
	hostErr  error
	calls    int
	spoiled  bool // must not be used again
}

func newMachine(o Options) (*machine, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, fmt.Errorf("start the JavaScript engine: %w", err)
	}
	m := &machine{vm: vm, programs: map[*Program]quickjs.Value{}}
	if err := m.setUp(o); err != nil {
		m.close()
		return nil, fmt.Errorf("start the JavaScript engine: %w", err)
	}
	return m, nil
}

func (m *machine) setUp(o Options) error {
	if err := m.vm.RegisterHostFunc("__host", m.askHost); err != nil {
		return err
	}
	if _, err := m.vm.Eval(bounds, 0); err != nil {
		return err
	}
	var err error
	if m.entry, err = m.vm.EvalValue(o.Prelude, 0); err != nil {
		return err
	}
	if _, err = m.vm.Eval(lockdown, 0); err != nil {
		return err
	}
	m.vm.SetMemoryLimit(o.Memory)
	m.vm.SetMaxStackSize(uintptr(o.Stack))
	return m.vm.SetEvalTimeout(o.Timeout)
}

// askHost is __host. Its error stays with the machine, so that a script cannot swallow it.
func (m *machine) askHost(args []any) (any, error) {
	if m.host == nil || len(args) != 1 {
		return nil, errors.New("nothing to ask")
	}
	request, ok := args[0].(string)
	if !ok {
		return nil, errors.New("a question to the host must be text")
	}
	answer, err := m.host(request)
	if err != nil {
		m.hostErr = err
		return nil, err
	}
	return answer, nil
}

func (m *machine) call(ctx context.Context, p *Program, t task, args []any) (string, error) {
	m.calls++
	m.host, m.hostErr = t.host, nil
	defer func() { m.host = nil }()
	over := make(chan struct{})
	defer close(over)
	stop := context.AfterFunc(ctx, func() { m.interrupt(over) })
	result, err := m.run(p, args)
	if t.wait != nil && err == nil {
		result, err = m.settle(ctx, t.wait, result)
	}
	if !stop() {
		m.spoiled = true // the interrupt may still be pending, or come only now
	}
	switch {
	case ctx.Err() != nil:
		m.spoiled = true
		return "", &Error{Message: "JavaScript was cancelled: " + context.Cause(ctx).Error(), Limit: true}
	case m.hostErr != nil:
		return "", m.hostErr
	case err != nil:
		return "", m.explain(err)
	}
	text, ok := result.(string)
	if !ok {
		return "", fmt.Errorf("the JavaScript entry gave %T, not text", result)
	}
	return text, nil
}

// run calls the entry. A panic of the engine itself ends only this call and this machine.
func (m *machine) run(p *Program, args []any) (result any, err error) {
	defer m.rescue(&err)
	f, err := m.compiled(p)
	if err != nil {
		return nil, err
	}
	return m.entry.Call(quickjs.UndefinedValue, append([]any{f}, args...)...)
}

// interrupt stops what runs until the call is over. Once is not enough: an interrupt between two turns is lost.
func (m *machine) interrupt(over <-chan struct{}) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		m.vm.Interrupt()
		select {
		case <-over:
			return
		case <-again.C:
		}
	}
}

// settle runs promises and turns of the entry until it gives text. A machine on which anything is left to run, or that gave
// no text, is not used again: what is left would run in another's call.
func (m *machine) settle(ctx context.Context, wait Wait, result any) (any, error) {
	for {
		if _, isText := result.(string); isText {
			n, err := m.drain()
			m.spoiled = m.spoiled || n > 0 || err != nil
			return result, nil
		}
		if _, err := m.drain(); err != nil {
			m.spoiled = true
			return nil, err
		}
		if err := context.Cause(ctx); err != nil {
			m.spoiled = true
			return nil, err
		}
		var err error
		if result, err = m.turn(); err != nil {
			m.spoiled = true
			return nil, err
		}
		if ms, isNumber := number(result); isNumber && ms != 0 {
			if ms < 0 {
				m.spoiled = true
				return nil, ErrStuck
			}
			if err := wait(ctx, time.Duration(ms*float64(time.Millisecond))); err != nil {
				m.spoiled = true
				return nil, err
			}
		}
	}
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// drain runs the promises that are due.
func (m *machine) drain() (n int, err error) {
	defer m.rescue(&err)
	return m.vm.ExecutePendingJobs()
}

func (m *machine) turn() (result any, err error) {
	defer m.rescue(&err)
	return m.entry.Call(quickjs.UndefinedValue)
}

// rescue makes a panic of the engine an error of this call; the machine is not used again.
func (m *machine) rescue(err *error) {
	if r := recover(); r != nil {
		m.spoiled = true
		*err = fmt.Errorf("the JavaScript engine panicked: %v", r)
	}
}

func (m *machine) compiled(p *Program) (quickjs.Value, error) {
	if f, ok := m.programs[p]; ok {
		return f, nil
	}
	if len(m.programs) >= maxPrograms {
		m.dropPrograms()
	}
	f, err := m.vm.EvalValue(p.source, 0)
	if err != nil {
		return f, err
	}
	m.programs[p] = f
	return f, nil
}

func (m *machine) dropPrograms() {
	for p, f := range m.programs {
		f.Free()
		delete(m.programs, p)
	}
}

// explain turns an exception into an Error. QuickJS raises InternalError only where a limit was reached.
func (m *machine) explain(err error) error {
	if errors.Is(err, ErrStuck) {
		return err
	}
	var e *quickjs.Error
	if !errors.As(err, &e) {
		m.spoiled = true
		return fmt.Errorf("run JavaScript: %w", err)
	}
	if e.Name != "InternalError" {
		return &Error{Name: e.Name, Message: e.Message, Line: e.LineNumber}
	}
	m.spoiled = true
	reasons := map[string]string{
		"interrupted":    "JavaScript took too long and was stopped",
		"out of memory":  "JavaScript used too much memory and was stopped",
		"stack overflow": "JavaScript nested its calls too deeply and was stopped",
	}
	message := reasons[e.Message]
	if message == "" {
		message = "JavaScript was stopped: " + e.Message
	}
	return &Error{Name: e.Name, Message: message, Limit: true}
}

func (m *machine) close() {
	m.dropPrograms()
	m.entry.Free()
	_ = m.vm.Close() // nothing is left to save
}
