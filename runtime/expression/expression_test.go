package expression

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/script"
)

func newEvaluator(t testing.TB, o Options) *Evaluator {
	v := NewEvaluator(o)
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func compile(t testing.TB, source string) *Expression {
	e, err := Compile(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return e
}

func TestSyntaxError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ source, want string }{
		{"{{ 1 + }}", "invalid syntax: the expression is not complete (1:7)\n | {{ 1 + }}\n | ......^"},
		{"{{ }}", "invalid syntax: the expression is empty (1:3)\n | {{ }}\n | ..^"},
		{"a\nb {{ $json.a ] }}", "invalid syntax: unexpected ] (2:14)\n | b {{ $json.a ] }}\n | .............^"},
		{"{{ 1) + (2 }}", "invalid syntax: the code must be one expression (1:3)\n | {{ 1) + (2 }}\n | ..^"},
		{"{{ if (1) 2 }}", "invalid syntax: unexpected if (1:4)\n | {{ if (1) 2 }}\n | ...^"},
		{"{{ " + strings.Repeat("(", 300), "invalid syntax: the expression is nested too deeply (1:204)"},
	} {
		_, err := Compile(tt.source)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != tt.want {
			t.Errorf("%.40s: got\n%v\nwant\n%s", tt.source, err, tt.want)
		}
	}
	if _, err := Compile(strings.Repeat("x", maxSource+1)); err == nil {
		t.Error("a huge expression compiles")
	}
}

func TestNativeAndNodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		source string
		native bool
		nodes  []string
	}{
		{"plain", true, nil},
		{"{{ $json.a }} and {{ $json['b c'] }}", true, nil},
		{"{{ $('A').item.json.x }}{{ $('B').first().json.y }}{{ $('A').last().json.z }}", true, []string{"A", "B"}},
		{`{{ $node["C"].json.a + $items("D").length }}`, false, []string{"C", "D"}},
		{"{{ $node.E.json.a }}", true, []string{"E"}},
		{"{{ $json.a.map(x => x) }}", false, nil},
		{"{{ $now.plus(1, 'day').toFormat('dd') }}", true, nil},
		{"{{ $if($json.a, $ifEmpty($json.b, 'x'), 2) }}", true, nil},
		{"{{ $($json.name).first() }}", false, nil},
	} {
		e := compile(t, tt.source)
		if e.Native() != tt.native || !slices.Equal(e.Nodes(), tt.nodes) || e.Source() != tt.source {
			t.Errorf("%s: native %v, nodes %q", tt.source, e.Native(), e.Nodes())
		}
	}
}

// Every item gets its own value, in any order, also where the column has several parts.
func TestBatch(t *testing.T) {
	t.Parallel()
	v := newEvaluator(t, Options{Script: script.Options{Timeout: time.Minute}})
	items := make([]string, 2500)
	for i := range items {
		items[i] = fmt.Sprintf(`{"n":%d,"other":"%s"}`, i, strings.Repeat("x", 10))
	}
	b := v.NewBatch(t.Context(), scopeOf(items...))
	for _, source := range []string{"{{ $json.n * 2 }}", "{{ [$json.n * 2].map(x => x)[0] }}", "{{ $input.all()[$itemIndex].json.n * 2 }}"} {
		e := compile(t, source)
		for _, i := range []int{0, 1, 999, 1000, 2499, 3, 1500} {
			got, err := b.Eval(e, i, nil)
			if err != nil || got.Num() != float64(2*i) {
				t.Errorf("%s of item %d: %s, %v", source, i, got.JSON(), err)
			}
		}
	}
}

func TestMovedDigits(t *testing.T) {
	t.Parallel()
	b := newEvaluator(t, Options{}).NewBatch(t.Context(), scopeOf(`{"id":12345678901234567890}`))
	for source, want := range map[string]string{"{{ $json.id }}": "12345678901234567890", "{{ $json.id + 1 }}": "12345678901234567000"} {
		if got, err := b.Eval(compile(t, source), 0, nil); got.JSON() != want {
			t.Errorf("%s: %s, %v", source, got.JSON(), err)
		}
	}
}

func TestExtra(t *testing.T) {
	t.Parallel()
	b := newEvaluator(t, Options{}).NewBatch(t.Context(), scopeOf(`{"a":1}`))
	extra := map[string]nodes.Value{"$response": nodes.WireValue(`{"body":{"next":"u"}}`), "$pageCount": nodes.NumberValue(2)}
	for source, want := range map[string]string{
		"{{ $response.body.next }}": "u", "{{ [$response.body.next, $pageCount, $json.a].map(x => x).join() }}": "u,2,1",
	} {
		if got, err := b.Eval(compile(t, source), 0, extra); got.Text() != want {
			t.Errorf("%s: %s, %v", source, got.Text(), err)
		}
	}
	if got, err := b.Eval(compile(t, "{{ $response }}"), 0, nil); got.Kind() != nodes.Undefined || err != nil {
		t.Errorf("without extra names: %v, %v", got, err)
	}
}

// A failure of one item leaves the others of the column alone; a limit fails the batch's call, and the next one works.
func TestFailures(t *testing.T) {
	t.Parallel()
	v := newEvaluator(t, Options{Script: script.Options{Timeout: 3 * time.Second}})
	b := v.NewBatch(t.Context(), scopeOf(`{"a":"Items"}`, `{"a":"Nope"}`, `{"a":"Later"}`))
	e := compile(t, "{{ $($json.a).first().json.a }}")
	for i, want := range []string{`string "Items"`, "error: Referenced node doesn't exist", "error: Node 'Later' hasn't been executed"} {
		if got := outcome(b.Eval(e, i, nil)); got != want {
			t.Errorf("item %d: %s", i, got)
		}
	}
	for source, want := range map[string]string{
		"{{ (() => { while (true) {} })() }}":   "error: JavaScript took too long and was stopped",
		"{{ (function f() { return f() })() }}": "error: JavaScript nested its calls too deeply and was stopped",
		"{{ 'x'.repeat(2**40) }}":               "undefined",
		"{{ [1].map(x => $env.HOME)[0] }}":      "error: access to env vars denied",
		"{{ $env.HOME }}":                       "error: access to env vars denied",
		"{{ $secrets.x.y }}":                    "undefined",
		"{{ (() => { try { return $('Nope').first() } catch { return 'caught' } })() }}": `string "caught"`,
	} {
		if got := outcome(b.Eval(compile(t, source), 0, nil)); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.NewBatch(ctx, scopeOf(`{}`)).Eval(compile(t, "{{ [1].map(x => x) }}"), 0, nil); err == nil {
		t.Error("a cancelled context evaluates")
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	s := scopeOf(`{}`)
	s.env = map[string]string{"HOME": "/root"}
	b := newEvaluator(t, Options{}).NewBatch(t.Context(), s)
	for source, want := range map[string]string{"{{ $env.HOME }}": `string "/root"`, "{{ [1].map(x => $env.HOME)[0] }}": `string "/root"`, "{{ $env.NOPE }}": "undefined"} {
		if got := outcome(b.Eval(compile(t, source), 0, nil)); got != want {
			t.Errorf("%s: %s", source, got)
		}
	}
}

// A change of $json is seen by later code of the same parameter, and by no other item or parameter.
func TestChange(t *testing.T) {
	t.Parallel()
	b := newEvaluator(t, Options{Script: script.Options{Machines: 1}}).NewBatch(t.Context(), scopeOf(`{"a":1}`, `{"a":1}`))
	e := compile(t, "{{ $json.a++ }}{{ $json.a }}{{ leak = 1 }}{{ typeof leak }}")
	for i := range 2 {
		if got := outcome(b.Eval(e, i, nil)); got != `string "121number"` {
			t.Errorf("item %d: %s", i, got)
		}
	}
	if got := outcome(b.Eval(compile(t, "{{ [typeof leak, $json.a].map(x => x) }}"), 0, nil)); got != `array ["undefined",1]` {
		t.Error(got)
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	b := newEvaluator(t, Options{}).NewBatch(t.Context(), scopeOf(`{"a":1}`, `{"a":2}`))
	native, other := compile(t, "{{ $json.a + 1 }}"), compile(t, "{{ [$json.a].map(x => x + 1)[0] }}")
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			for range 50 {
				for _, e := range []*Expression{native, other} {
					if got, err := b.Eval(e, k%2, nil); got.Num() != float64(k%2+2) {
						t.Errorf("got %s, %v", got.JSON(), err)
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestKeepsOrder: only values that are not an item's own are looked through for their order.
func TestKeepsOrder(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		"{{ $json }}": true, "{{ $json.a }}": true, "{{ $json['a b'].c[0] }}": false, "{{ ($json.a) }}": false, "{{ $data }}": true, "{{ $('A').item.json.a }}": true,
		"{{ $('A').first().json }}": true, "{{ $input.last().json.a['b'] }}": true, "{{ $node['A'].json }}": true, "{{ $input.item.json }}": true,
		"{{ {b: $json.a} }}": false, "{{ $json.a.map(x => x) }}": false, "{{ $vars }}": false, "{{ $json.a ?? {} }}": false, "{{ [$json] }}": false, "{{ $response.json }}": false,
		"{{ $if(true, $json, 1) }}": false,
	} {
		if got := compile(t, source).kept; got != want {
			t.Errorf("%s: %v, want %v", source, got, want)
		}
	}
	e := compile(t, "{{ $json }}")
	raw := `{"b":1,"1":2}` // no item's text is such, which shows who looks
	b := newEvaluator(t, Options{}).NewBatch(t.Context(), scopeOf(raw))
	if got, err := b.Eval(e, 0, nil); err != nil || got.Raw() != raw {
		t.Errorf("an item's own value is %s, %v", got.Raw(), err)
	}
	if got, err := b.Eval(e, 0, map[string]nodes.Value{"$json": nodes.WireValue(raw)}); err != nil || got.Raw() != `{"1":2,"b":1}` {
		t.Errorf("a value from elsewhere is %s, %v", got.Raw(), err)
	}
}
