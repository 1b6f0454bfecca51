package runtime_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/runtime"
)

// TestOddFiles: files that no editor writes are refused or run; they never crash the program.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	const nodesPart = `"nodes":[{"name":"A","type":"n8n-nodes-base.manualTrigger","position":[0,0],"parameters":null,"typeVersion":null,"credentials":null},
		{"name":"B","type":"test.collect","position":[1,0]}]`
	for name, c := range map[string]struct{ rest, want string }{
		"negative input":       {`"connections":{"A":{"main":[[{"node":"B","type":"main","index":-3},{"node":"B","index":1}]]}}`, `f.json: node "A": its connection from output 0 to input -3 of "B": there are no such ports`},
		"a huge input":         {`"connections":{"A":{"main":[[{"node":"B","index":1e18}]]}}`, `f.json: node "A": its connection from output 0 to input 1e18 of "B": there are no such ports`},
		"half an input":        {`"connections":{"A":{"main":[[{"node":"B","index":0.5}]]}}`, `f.json: node "A": its connection from output 0 to input 0.5 of "B": there are no such ports`},
		"null everywhere":      {`"connections":{"A":{"main":[null,[null]],"ai_tool":null}},"settings":null,"pinData":{"A":null},"staticData":null`, `f.json: a connection from "A" leads to the node "", which is not in the workflow (connect it anew, or remove the connection)`},
		"nulls that mean none": {`"connections":{"A":{"main":[null,null]},"B":null},"settings":null,"pinData":{"A":null}`, ""},
		"a long timeout":       {`"connections":{},"settings":{"executionTimeout":1e300}`, ""},
		"parents of nobody":    {`"connections":{"A":{"main":[[{"node":"B"}]]}},"pinData":{"A":[{"json":{},"pairedItem":-5},{"json":{},"pairedItem":{"item":2147483647,"input":-1}}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			w, err := runtime.ParseWorkflow("f.json", []byte(`{`+nodesPart+`,`+c.rest+`}`))
			if c.want != "" {
				if err == nil || err.Error() != c.want {
					t.Errorf("got  %v\nwant %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			plan, err := b.Compile(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			x, err := b.NewExecution(plan, runtime.RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if r := x.Run(t.Context()); r.Err != nil {
				t.Error(r.Err)
			}
		})
	}
}

// TestErrorLookalikes: with an error output, items that only look like failures go there, as in n8n; a falsy error is none.
func TestErrorLookalikes(t *testing.T) {
	t.Parallel()
	file := workflow(t, "v1", start+`A n8n-nodes-base.noOp 1,0 {} {"onError":"continueErrorOutput"}`+"\n--\nStart > A")
	r := newBench(t).run(t, file, `[{"error":"x"},{"error":0},{"error":"x","message":"m"},{"error":"x","other":1}]`)
	if got, want := outputs(r, "A", 0), `[{"error":0},{"error":"x","other":1}] [{"error":"x"},{"error":"x","message":"m"}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestUntil(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	plan := b.compile(t, workflow(t, "v1", start+"Wait test.waits 1,0\n"+noOps("A", "B")+"--\nStart > Wait\nWait > A\nA > B"))
	for _, until := range []string{"Start", "Wait", "A"} {
		o := runOptions(t, `[{"n":"<b>&"}]`)
		o.Until = until
		x, err := b.NewExecution(plan, o)
		if err != nil {
			t.Fatal(err)
		}
		r := x.Run(t.Context())
		for r.Status == runtime.StatusWaiting { // through JSON, as another process would go on
			text, err := x.State().Encode()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), `{"n":"<b>&"}`) {
				t.Errorf("the state does not keep the item's wire form: %s", text)
			}
			s, err := runtime.DecodeState(text)
			if err != nil {
				t.Fatal(err)
			}
			if x, err = b.Restore(plan, s, nil); err != nil {
				t.Fatal(err)
			}
			if again := x.Run(t.Context()); again.Status != runtime.StatusWaiting {
				t.Errorf("a waiting run came back as %s", again.Status)
			}
			if err := x.Resume(nil); err != nil {
				t.Fatal(err)
			}
			r = x.Run(t.Context())
		}
		if r.LastNode() != until || r.Status != runtime.StatusSuccess {
			t.Errorf("until %s: the run ended after %s, %s", until, r.LastNode(), r.Status)
		}
	}
}

func TestRestoreOtherWorkflow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	x, err := b.NewExecution(b.compile(t, workflow(t, "v1", start+noOps("A")+"--\nStart > A")), runOptions(t, `{}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Restore(b.compile(t, workflow(t, "v1", start)), x.State(), nil)
	if want := `the run's state has the node "A", which is not in the workflow f.json`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// BenchmarkLoop runs a loop of n turns whose body looks back at nodes inside and outside of it: the time a turn must not grow
// with n.
func BenchmarkLoop(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bed := newBench(b)
			plan := bed.compile(b, workflow(b, "v1", start+`
				Count n8n-nodes-base.set 1,0 {"assignments":{"assignments":[{"name":"n","type":"number","value":"={{ ($json.n || 0) + 1 }}"},{"name":"first","type":"number","value":"={{ $('Start').first().json.n }}"}]}} {"typeVersion":3.4}
				More n8n-nodes-base.if 2,0 {"conditions":{"options":{"typeValidation":"strict","version":2},"combinator":"and","conditions":[{"leftValue":"={{ $('Count').first().json.n }}","rightValue":`+fmt.Sprint(n)+`,"operator":{"type":"number","operation":"lt"}}]}} {"typeVersion":2.2}
				--
				Start > Count
				Count > More
				More > Count`))
			for b.Loop() {
				x, err := bed.NewExecution(plan, runOptions(b, `{"n":0}`))
				if err != nil {
					b.Fatal(err)
				}
				if r := x.Run(b.Context()); r.Err != nil || len(r.State.Steps) != 2*n+1 {
					b.Fatal(r.Err, len(r.State.Steps))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/turn")
		})
	}
}

// BenchmarkBatches is BenchmarkLoop for Split In Batches, which looks back at its own executions.
func BenchmarkBatches(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bed := newBench(b)
			plan := bed.compile(b, workflow(b, "v1", start+`
				Loop n8n-nodes-base.splitInBatches 1,0 {} {"typeVersion":3}
				Body n8n-nodes-base.set 2,5 {"assignments":{"assignments":[{"name":"n","type":"number","value":"={{ $('Start').item.json.n }}"}]}} {"typeVersion":3.4}
				End n8n-nodes-base.noOp 2,0
				--
				Start > Loop
				Loop:1 > Body
				Body > Loop
				Loop > End`))
			var input strings.Builder
			for i := range n {
				fmt.Fprintf(&input, `{"n":%d}`+"\n", i)
			}
			options := runOptions(b, "["+strings.ReplaceAll(strings.TrimSpace(input.String()), "\n", ",")+"]")
			for b.Loop() {
				x, err := bed.NewExecution(plan, options)
				if err != nil {
					b.Fatal(err)
				}
				if r := x.Run(b.Context()); r.Err != nil || len(r.State.Steps) != 2*n+3 || r.LastOutput().Len() != n {
					b.Fatal(r.Err, len(r.State.Steps))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/turn")
		})
	}
}

// TestAutomaticLineage is n8n's rule for nodes that give no lineage: one input item is the parent of all, equal counts go by
// index, else there is none.
func TestAutomaticLineage(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		`[{}]`:             "[0] [0] [0]",
		`[{},{},{}]`:       "[0] [1] [2]",
		`[{},{}]`:          "[] [] []",
		`[{},{},{},{},{}]`: "[] [] []",
	} {
		r := newBench(t).run(t, workflow(t, "v1", start+`A test.unlinked 1,0 {"n":3}`+"\n--\nStart > A"), input)
		var got []string
		for _, it := range r.State.StepsOf("A")[0].Outputs[0].All() {
			parents := []int{}
			for p := range it.Parents() {
				parents = append(parents, p.Item())
			}
			got = append(got, fmt.Sprint(parents))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %s, want %s", input, text, want)
		}
	}
}
