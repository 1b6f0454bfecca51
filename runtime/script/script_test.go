package script

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newPool(t *testing.T, o Options) *Pool {
	p := NewPool(o)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestCall(t *testing.T) {
	t.Parallel()
	p := newPool(t, Options{})
	double := NewProgram("s => s + s")
	for _, in := range []string{"", "ab", "a😀b", `"q"`} {
		got, err := p.Call(t.Context(), double, nil, in)
		if err != nil || got != in+in {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

func TestHost(t *testing.T) {
	t.Parallel()
	p := newPool(t, Options{})
	failed := errors.New("no such node")
	host := func(request string) (string, error) {
		if request == "bad" {
			return "", failed
		}
		return strings.ToUpper(request), nil
	}
	ask := NewProgram("s => { try { return __host(s) } catch (e) { return 'swallowed' } }")
	if got, err := p.Call(t.Context(), ask, host, "x"); got != "X" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := p.Call(t.Context(), ask, host, "bad"); !errors.Is(err, failed) {
		t.Errorf("a host's error was swallowed: %v", err)
	}
}

// Each of these fails its own call, and the pool goes on.
func TestLimits(t *testing.T) {
	t.Parallel()
	slow := newPool(t, Options{Machines: 1, Memory: 8 << 20, Timeout: time.Minute, Stack: 300})
	fast := newPool(t, Options{Machines: 1, Timeout: 200 * time.Millisecond})
	ok := NewProgram("() => 'fine'")
	for _, tt := range []struct{ source, want string }{
		{"() => { while (true) {} }", "JavaScript took too long and was stopped"},
		{"() => { for (;;) try { for (;;) ; } catch {} }", "JavaScript took too long and was stopped"},
		{"() => { const a = []; for (;;) a.push('x'.repeat(1e5) + a.length) }", "JavaScript used too much memory and was stopped"},
		{"() => { const f = () => f(); f() }", "JavaScript nested its calls too deeply and was stopped"},
		{"() => /(a+)+$/.test('a'.repeat(40) + 'b')", "JavaScript took too long and was stopped"},
		{"() => 'x'.repeat(2**40)", "RangeError: invalid repeat count"},
		{"() => nope", "ReferenceError: 'nope' is not defined"},
		{"() => {", ""},
	} {
		p := slow
		if strings.Contains(tt.want, "too long") {
			p = fast
		}
		_, err := p.Call(t.Context(), NewProgram(tt.source), nil)
		if err == nil || tt.want != "" && err.Error() != tt.want {
			t.Errorf("%s: got %v, want %q", tt.source, err, tt.want)
		}
		if strings.HasPrefix(tt.want, "JavaScript") != errors.Is(err, ErrLimit) {
			t.Errorf("%s: errors.Is(ErrLimit) is wrong for %v", tt.source, err)
		}
		if got, err := p.Call(t.Context(), ok, nil); got != "fine" {
			t.Errorf("after %s: %q, %v", tt.source, got, err)
		}
	}
}

// The engine cannot be interrupted within a built-in function, so none may take long.
func TestBounds(t *testing.T) {
	t.Parallel()
	hasty := newPool(t, Options{Machines: 1, Memory: 8 << 20, Timeout: 200 * time.Millisecond})
	p := newPool(t, Options{Machines: 1, Memory: 8 << 20, Timeout: time.Minute})
	patient := newPool(t, Options{Machines: 1, Timeout: time.Minute})
	for source, want := range map[string]string{
		"() => String(new Array(2**32 - 1).indexOf(1))":                                   "RangeError: Invalid array length",
		"() => new Array(2**32 - 1).forEach(() => 1)":                                     "RangeError: Invalid array length",
		"() => String([].includes.call({ length: 2**53 }, 1))":                            "RangeError: Invalid array length",
		"() => String(new Array(2**32 - 1))":                                              "RangeError: Invalid array length",
		"() => String('a'.repeat(1e6).indexOf('a'.repeat(5e5) + 'b'))":                    "RangeError: Invalid string length",
		"() => { for (;;) new Uint8Array(2e4).fill(1).sort() }":                           "JavaScript took too long and was stopped",
		"() => { const a = Array.from({ length: 5e4 }, (_, i) => i); for (;;) a.sort() }": "JavaScript took too long and was stopped",
		"() => String((2n ** 20000000n))":                                                 "RangeError: BigInt is too large",
		"() => new Array(1e6).fill(0).join()":                                             "JavaScript used too much memory and was stopped",
		"() => 'x'.repeat(2**29)":                                                         "JavaScript used too much memory and was stopped",
	} {
		pool := p
		if strings.Contains(want, "too long") {
			pool = hasty
		}
		if _, err := pool.Call(t.Context(), NewProgram(source), nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	for source, want := range map[string]string{
		"() => String([3, 1, 2].sort())": "1,2,3",
		"() => String(Array.from({ length: 11000 }, (_, i) => 11000 - i).sort().slice(0, 3))": "1,10,100",
		"() => String(new Float64Array(11000).fill(2).with(5, 1).sort()[0])":                  "1",
		"() => String([].map)":                                          "function map() { [native code] }",
		"() => [].map.name + [].map.length + String(() => 1)":           "map1() => 1",
		"() => 'a-b'.split('-').indexOf('b') + 'abc'.replace('b', 'x')": "1axc",
	} {
		if got, err := patient.Call(t.Context(), NewProgram(source), nil); got != want {
			t.Errorf("%s: %q, %v, want %q", source, got, err, want)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	p := newPool(t, Options{Machines: 1})
	ctx, cancel := context.WithCancel(t.Context())
	started := func(string) (string, error) { cancel(); return "", nil }
	_, err := p.Call(ctx, NewProgram("() => { __host('started'); while (true) {} }"), started)
	if !errors.Is(err, ErrLimit) {
		t.Errorf("got %v", err)
	}
}

// What one call does to globals and prototypes is not seen by the next on the same machine.
func TestIsolation(t *testing.T) {
	t.Parallel()
	p := newPool(t, Options{Machines: 1})
	probe := NewProgram(`() => String([typeof leak, [].leak, ({}).leak, ''.leak, Math.leak, JSON.parse('1'), (() => {}).leak,
		(function*(){}).leak, [].map.leak, Object.prototype.toString.call([])])`)
	want, err := p.Call(t.Context(), probe, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, attack := range []string{
		"leak = 1", "globalThis.leak = 1", "this.leak = 1", "Array.prototype.leak = 1", "Object.prototype.leak = 1",
		"[].__proto__.leak = 1", "''.__proto__.leak = 1", "Math.leak = 1", "JSON.parse = () => 2",
		"Object.defineProperty(Object.prototype, 'leak', {value: 1})", "(() => {}).__proto__.leak = 1",
		"Object.getPrototypeOf(function*(){}).leak = 1", "[].map.leak = 1", "Object.prototype.toString = () => 'x'",
		"({}).__proto__.toString = () => 'x'", "Object.setPrototypeOf(Object.prototype, {leak: 1})",
		"eval('var leak = 1')", "(0, eval)('var leak = 1')", "Function('leak = 1')()",
	} {
		_, _ = p.Call(t.Context(), NewProgram("function () { "+attack+"; return '' }"), nil)
		_, _ = p.Call(t.Context(), NewProgram("(function () { "+attack+"; return '' })"), nil)
		if got, err := p.Call(t.Context(), probe, nil); got != want {
			t.Errorf("%s leaked: %s, %v", attack, got, err)
		}
	}
	own := NewProgram("() => { const o = {}; o.toString = () => 'mine'; return `${o}${Object.keys(o)}` }")
	if got, err := p.Call(t.Context(), own, nil); got != "minetoString" {
		t.Errorf("an own toString: %q, %v", got, err)
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	p := newPool(t, Options{Machines: 2, Calls: 60})
	program := NewProgram("s => { let n = 0; for (const c of s) n += +c; return String(n) }")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got, err := p.Call(t.Context(), program, nil, "12345"); got != "15" {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
	_ = p.Close()
	if _, err := p.Call(t.Context(), program, nil, "1"); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if len(p.idle) != 0 {
		t.Error("machines are left after Close")
	}
}

func BenchmarkNewMachine(b *testing.B) {
	o := Options{}.withDefaults()
	for b.Loop() {
		m, err := newMachine(o)
		if err != nil {
			b.Fatal(err)
		}
		m.close()
	}
}

func BenchmarkCall(b *testing.B) {
	p := NewPool(Options{})
	defer p.Close()
	program := NewProgram("s => s")
	for b.Loop() {
		if _, err := p.Call(b.Context(), program, nil, "x"); err != nil {
			b.Fatal(err)
		}
	}
}
