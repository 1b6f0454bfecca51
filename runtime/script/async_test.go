package script

import (
	"context"
	"errors"
	"testing"
	"time"
)

// turns is a prelude whose programs are async functions: they run until their promise settles; state.wait is how long
// there is nothing to do.
const turns = `(() => {
	let state;
	const ask = globalThis.__host;
	delete globalThis.__host;
	return (program) => {
		if (program) {
			const own = state = { wait: 0 };
			program(own, ask).then((text) => { own.text = text; }, (e) => { own.error = e; });
			return undefined;
		}
		if (state.error) throw state.error;
		return state.text ?? state.wait;
	};
})()`

func TestCallAsync(t *testing.T) {
	t.Parallel()
	pool := NewPool(Options{Prelude: turns, Timeout: time.Second, Memory: 8 << 20})
	defer func() { _ = pool.Close() }()
	waited := time.Duration(0)
	wait := func(_ context.Context, d time.Duration) error { waited += d; return nil }
	host := func(q string) (string, error) { return q + "!", nil }
	for _, c := range []struct {
		source, want string
		is           error
	}{
		{source: `async () => "at once"`, want: "at once"},
		{source: `async () => { for (let i = 0; i < 200; i++) await null; return "later"; }`, want: "later"},
		{source: `async (state, ask) => { await null; return ask("who"); }`, want: "who!"},
		{source: `async () => { await null; throw new TypeError("no"); }`, want: "TypeError: no"},
		{source: `async (state) => { state.wait = -1; await new Promise(() => {}); }`, is: ErrStuck},
		{source: `async () => { await null; for (;;) {} }`, is: ErrLimit},
		{source: `async () => { for (;;) await null; }`, is: ErrLimit},
		{source: `async () => { const a = []; for (;;) { a.push("x".repeat(1000) + a.length); await null; } }`, is: ErrLimit},
	} {
		limit := time.Minute
		if errors.Is(c.is, ErrLimit) {
			limit = 3 * time.Second
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		got, err := pool.CallAsync(ctx, NewProgram(c.source), host, wait)
		cancel()
		if err != nil {
			got = err.Error()
		}
		if c.is != nil && !errors.Is(err, c.is) || c.is == nil && got != c.want {
			t.Errorf("%s gave %q", c.source, got)
		}
	}
	if waited != 0 {
		t.Errorf("waited %v", waited)
	}
}

// TestCallAsyncWait: between two turns the machine waits as long as the entry says, and what is left behind ends the machine.
func TestCallAsyncWait(t *testing.T) {
	t.Parallel()
	pool := NewPool(Options{Prelude: turns, Machines: 1})
	defer func() { _ = pool.Close() }()
	var waited []time.Duration
	p := NewProgram(`async (state, ask) => { state.wait = 1500; while (ask("go on?") === "no") await null; return "done"; }`)
	asked := 0
	host := func(string) (string, error) {
		if asked++; asked > 3 {
			return "yes", nil
		}
		return "no", nil
	}
	text, err := pool.CallAsync(context.Background(), p, host, func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		return nil
	})
	if err != nil || text != "done" {
		t.Fatal(text, err)
	}
	never := NewProgram(`async (state) => { state.wait = 1000; await new Promise(() => {}); }`)
	stop := errors.New("enough")
	_, err = pool.CallAsync(context.Background(), never, nil, func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		return stop
	})
	if !errors.Is(err, stop) || len(waited) != 1 || waited[0] != time.Second {
		t.Errorf("waited %v, %v", waited, err)
	}
	// Promises that go on after the text came must not run in the next call.
	left := NewProgram(`async (state, ask) => { (async () => { for (let i = 0; i < 100; i++) await null; ask("leak"); })(); return "x"; }`)
	if _, err := pool.CallAsync(context.Background(), left, func(string) (string, error) { return "", nil }, nil); err == nil {
		t.Error("an entry without text must fail where nobody waits")
	}
	leaks := 0
	wait := func(context.Context, time.Duration) error { return nil }
	if _, err := pool.CallAsync(context.Background(), left, func(string) (string, error) { return "", nil }, wait); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.CallAsync(context.Background(), NewProgram(`async () => { for (let i = 0; i < 300; i++) await null; return "y"; }`),
		func(string) (string, error) { leaks++; return "", nil }, wait); err != nil || leaks != 0 {
		t.Errorf("%d questions of another call, %v", leaks, err)
	}
}
