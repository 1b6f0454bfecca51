package runtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const start = "Start n8n-nodes-base.manualTrigger 0,0\n"

func noOps(names ...string) string {
	text := ""
	for i, n := range names {
		text += fmt.Sprintf("%s n8n-nodes-base.noOp 1,%d\n", n, i)
	}
	return text
}

func TestOrder(t *testing.T) {
	t.Parallel()
	const diamond = start + `
		High n8n-nodes-base.noOp 1,-5
		High2 n8n-nodes-base.noOp 2,-5
		Low n8n-nodes-base.noOp 1,5
		Low2 n8n-nodes-base.noOp 2,5
		Left n8n-nodes-base.noOp 0.5,5
		--
		Start > Low
		Start > Left
		Start > High
		High > High2
		Low > Low2`
	for name, c := range map[string]struct{ order, file, want string }{
		"v1 runs the highest branch to its end, then the leftmost": {"v1", diamond, "Start High High2 Left Low Low2"},
		"v0 runs level by level, as connected":                     {"v0", diamond, "Start Low Left High Low2 High2"},
		"v1 sorts the followers of all outputs together": {"v1", start + `
			Fork test.fork 1,0
			Even n8n-nodes-base.noOp 2,5
			Odd n8n-nodes-base.noOp 2,-5
			--
			Start > Fork
			Fork:0 > Even
			Fork:1 > Odd`, "Start Fork Odd Even"},
		"an output without items ends its branch": {"v1", start + `
			Fork test.fork 1,0 {} {"executeOnce":true}
			Even n8n-nodes-base.noOp 2,0
			Odd n8n-nodes-base.noOp 2,0
			--
			Start > Fork
			Fork:0 > Even
			Fork:1 > Odd`, "Start Fork Even"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newBench(t).run(t, workflow(t, c.order, c.file), `[{"n":0},{"n":1}]`)
			if got := order(r); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSeveralInputs(t *testing.T) {
	t.Parallel()
	join := start + noOps("A", "B", "C") + "Join test.collect 5,0\n"
	for name, c := range map[string]struct{ file, order, want string }{
		"waits for both": {join + "--\nStart > A\nStart > B\nB > C\nA > Join:0\nC > Join:1", "Start A B C Join", `[{"inputs":[[{"n":1}],[{"n":1}]]}]`},
		"goes on with one when nothing else is left": {
			join + "Fork test.fork 1,1\n--\nStart > A\nA > Join:0\nStart > Fork\nFork:1 > B\nB > Join:1", "Start A Fork Join", `[{"inputs":[[{"n":1}],[]]}]`,
		},
		"an empty list at a later input serves it": {
			join + "Fork test.fork 1,1\n--\nStart > Fork\nFork:0 > Join:0\nFork:1 > Join:1", "Start Fork Join", `[{"inputs":[[{"n":1}],[]]}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newBench(t).run(t, workflow(t, "v1", c.file), `{"n":1}`)
			if got := order(r); got != c.order {
				t.Errorf("got order %s, want %s", got, c.order)
			}
			if got := outputs(r, "Join", 0); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	t.Run("two deliveries to one input make two runs", func(t *testing.T) {
		t.Parallel()
		r := newBench(t).run(t, workflow(t, "v1", join+"--\nStart > A\nStart > B\nStart > C\nA > Join:0\nB > Join:0\nC > Join:1"), `{"n":1}`)
		if got, want := order(r), "Start A B C Join Join"; got != want {
			t.Fatalf("got order %s, want %s", got, want)
		}
		if got, want := outputs(r, "Join", 1), `[{"inputs":[[{"n":1}],[]]}]`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("in v0 too what never gets all of its data runs last", func(t *testing.T) {
		t.Parallel()
		r := newBench(t).run(t, workflow(t, "v0", join+"Fork test.fork 1,1\n--\nStart > A\nA > Join:0\nStart > Fork\nFork:1 > B\nB > Join:1"), `{"n":1}`)
		if got, want := order(r), "Start A Fork Join"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestFailures(t *testing.T) {
	t.Parallel()
	const input = `[{"n":0},{"n":1,"bad":true},{"n":2}]`
	flow := func(params, settings string) string {
		return start + "Moody test.moody 1,0 " + params + " " + settings + "\n" + noOps("Ok", "Bad") +
			"--\nStart > Moody\nMoody:0 > Ok\nMoody:1 > Bad"
	}
	for name, c := range map[string]struct{ file, order, outputs, err string }{
		"an item stops the run": {flow(`{}`, `{}`), "Start Moody", "", `node "Moody", item 1: item 1 is bad`},
		"an item on the regular output": {
			flow(`{}`, `{"onError":"continueRegularOutput"}`), "Start Moody Ok", `[{"n":0},{"error":"item 1 is bad"},{"n":2}]`, "",
		},
		"an older file's continueOnFail": {
			flow(`{}`, `{"continueOnFail":true}`), "Start Moody Ok", `[{"n":0},{"error":"item 1 is bad"},{"n":2}]`, "",
		},
		"an item on the error output": {
			flow(`{}`, `{"onError":"continueErrorOutput"}`), "Start Moody Ok Bad", `[{"n":0},{"n":2}] [{"n":1,"bad":true,"error":"item 1 is bad"}]`, "",
		},
		"the node as a whole": {flow(`{"fails":true}`, `{}`), "Start Moody", "", `node "Moody": call 1 failed`},
		"the node as a whole, regular output": {
			flow(`{"fails":true}`, `{"onError":"continueRegularOutput"}`), "Start Moody Ok", `[{"n":0},{"n":1,"bad":true},{"n":2}]`, "",
		},
		"the node as a whole, error output": {
			flow(`{"fails":true}`, `{"onError":"continueErrorOutput"}`), "Start Moody Ok", `[{"n":0},{"n":1,"bad":true},{"n":2}]`, "",
		},
		"tried again": {
			flow(`{"flaky":2}`, `{"retryOnFail":true,"waitBetweenTries":0,"onError":"continueRegularOutput"}`),
			"Start Moody Ok", `[{"n":0},{"error":"item 1 is bad"},{"n":2}]`, "",
		},
		"tried too often": {flow(`{"flaky":9}`, `{"retryOnFail":true,"maxTries":4,"waitBetweenTries":0}`), "Start Moody", "", `node "Moody": call 4 failed`},
		"a panic": {
			start + "Moody test.panics 1,0\n--\nStart > Moody", "Start Moody", "",
			`node "Moody": the node panicked, which is a mistake in its program: oh`,
		},
		"an expression that does not compile": {
			flow(`{"value":"={{ 1 + }}"}`, `{"onError":"continueRegularOutput"}`), "Start Moody Ok", "*", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newBench(t).run(t, workflow(t, "v1", c.file), input)
			if got := order(r); got != c.order {
				t.Errorf("got order %s, want %s", got, c.order)
			}
			switch {
			case c.err != "":
				if r.Status != runtime.StatusError || r.Err == nil || r.Err.Error() != c.err {
					t.Errorf("got %s, %v, want the error %s", r.Status, r.Err, c.err)
				}
			case r.Err != nil:
				t.Errorf("the run failed: %v", r.Err)
			case c.outputs != "*" && outputs(r, "Moody", 0) != c.outputs:
				t.Errorf("got %s, want %s", outputs(r, "Moody", 0), c.outputs)
			}
		})
	}
}

func TestNodeSettings(t *testing.T) {
	t.Parallel()
	const input = `[{"n":0},{"n":1}]`
	pin := func(file []byte, name, items string) []byte {
		return bytes.Replace(file, []byte(`"name":"test"`), []byte(`"name":"test","pinData":{"`+name+`":`+items+`}`), 1)
	}
	t.Run("disabled", func(t *testing.T) {
		t.Parallel()
		r := newBench(t).run(t, workflow(t, "v1", start+`A test.moody 1,0 {"fails":true} {"disabled":true}`+"\n--\nStart > A"), input)
		if got := outputs(r, "A", 0); got != `[{"n":0},{"n":1}]` {
			t.Error(got)
		}
	})
	t.Run("executeOnce", func(t *testing.T) {
		t.Parallel()
		r := newBench(t).run(t, workflow(t, "v1", start+`A n8n-nodes-base.noOp 1,0 {} {"executeOnce":true}`+"\n--\nStart > A"), input)
		if got := outputs(r, "A", 0); got != `[{"n":0}]` {
			t.Error(got)
		}
	})
	t.Run("alwaysOutputData", func(t *testing.T) {
		t.Parallel()
		r := newBench(t).run(t, workflow(t, "v1", start+`A test.unlinked 1,0 {"n":0} {"alwaysOutputData":true}`+"\n--\nStart > A"), input)
		if got := outputs(r, "A", 0); got != `[{}]` {
			t.Error(got)
		}
	})
	t.Run("pinned", func(t *testing.T) {
		t.Parallel()
		file := pin(workflow(t, "v1", start+"A test.panics 1,0\n--\nStart > A"), "A", `[{"json":{"pinned":true}}]`)
		if got := outputs(newBench(t).run(t, file, input), "A", 0); got != `[{"pinned":true}]` {
			t.Error(got)
		}
	})
	t.Run("pinned start", func(t *testing.T) {
		t.Parallel()
		file := pin(workflow(t, "v1", start+noOps("A")+"--\nStart > A"), "Start", `[{"pinned":true}]`)
		if got := outputs(newBench(t).run(t, file, ""), "A", 0); got != `[{"pinned":true}]` {
			t.Error(got)
		}
	})
	t.Run("until", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		o := runOptions(t, input)
		o.Until = "A"
		x, err := b.NewExecution(b.compile(t, workflow(t, "v1", start+noOps("A", "B")+"--\nStart > A\nA > B\nStart > B")), o)
		if err != nil {
			t.Fatal(err)
		}
		if got := order(x.Run(t.Context())); got != "Start A" {
			t.Error(got)
		}
	})
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, start, want string
	}{
		"unknown type": {start + "A n8n-nodes-base.noOpp 1,0\n--\nStart > A", "", `f.json: node "A": unknown node type "n8n-nodes-base.noOpp"; the nearest is "n8n-nodes-base.noOp" (cordboard nodes list lists what there is; plugins and cordboard nodes import bring more)`},
		"unknown version": {
			start + `A n8n-nodes-base.noOp 1,0 {} {"typeVersion":7}` + "\n--\nStart > A", "",
			`f.json: node "A": node type "n8n-nodes-base.noOp" has no version 7; there are 1 (cordboard nodes list lists what there is; plugins and cordboard nodes import bring more)`,
		},
		"no trigger":         {noOps("A"), "", `f.json: the workflow has no trigger to start at (add a Manual Trigger, or name a node with --start)`},
		"no such start node": {start, "Strat", `f.json: --start: the workflow has no node "Strat" (the nearest name is "Start")`},
		"no credentials":     {start + "A test.secret 1,0\n--\nStart > A", "", `f.json: node "A": the node needs a credential of type "secretApi", and none was given`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			_, err := b.NewExecution(b.compile(t, workflow(t, "v1", c.file)), runtime.RunOptions{Start: c.start})
			var problems runtime.Problems
			if !errors.As(err, &problems) || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	t.Run("what is not reached does not matter", func(t *testing.T) {
		t.Parallel()
		r := newBench(t).run(t, workflow(t, "v1", start+"A unknown.type 1,0\n"), "")
		if r.Status != runtime.StatusSuccess {
			t.Error(r.Status, r.Err)
		}
	})
}

// TestStateRoundTrip takes a run apart after each step: its state goes to JSON and back and another execution goes on. It
// must come to the same run data as a run in one go.
func TestStateRoundTrip(t *testing.T) {
	t.Parallel()
	file := workflow(t, "v1", start+`
		Fork test.fork 1,0
		A test.moody 2,-1 {"value":"={{ $('Start').item.json.n * 2 }}"} {"onError":"continueErrorOutput"}
		B test.moody 2,1 {"fails":true} {"onError":"continueRegularOutput"}
		Wait test.waits 3,0
		Join test.collect 4,0
		End test.unlinked 5,0 {"n":3}
		--
		Start > Fork
		Fork:0 > A
		Fork:1 > B
		A > Wait
		A:1 > End
		Wait > Join:0
		B > Join:1
		Join > End`)
	const input = `[{"n":0},{"n":1},{"n":2}]`
	b := newBench(t)
	plan := b.compile(t, file)
	finish := func(x *runtime.Execution) *runtime.Run {
		for {
			r := x.Run(t.Context())
			if r.Status != runtime.StatusWaiting {
				return r
			}
			if err := x.Resume(nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin := func() *runtime.Execution {
		x, err := b.NewExecution(plan, runOptions(t, input))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	want := runJSON(t, finish(begin()))
	b.moody.calls.Store(0)
	if steps := strings.Count(want, "executionIndex"); steps != 7 {
		t.Fatalf("the run has %d steps and the test means 7: %s", steps, want)
	}
	x := begin()
	for {
		text, err := x.State().Encode()
		if err != nil {
			t.Fatal(err)
		}
		s, err := runtime.DecodeState(text)
		if err != nil {
			t.Fatal(err)
		}
		if x, err = b.Restore(plan, s, nil); err != nil {
			t.Fatal(err)
		}
		if s.Suspended != nil {
			if !s.Suspended.Until.After(testTime) {
				t.Errorf("the suspension came back as %+v", s.Suspended)
			}
			if err := x.Resume(nil); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if !x.Step(t.Context()) && x.State().Suspended == nil {
			break
		}
	}
	if got := runJSON(t, x.Run(t.Context())); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func runJSON(t testing.TB, r *runtime.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) {
		t.Fatalf("the run object is no JSON: %s", b.String())
	}
	return b.String()
}

func TestResumeWithItems(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	x, err := b.NewExecution(b.compile(t, workflow(t, "v1", start+`Wait test.waits 1,0 {"webhook":true}`+"\n"+noOps("A")+"--\nStart > Wait\nWait > A")), runOptions(t, `{"n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if r := x.Run(t.Context()); r.Status != runtime.StatusWaiting || !r.State.Suspended.Webhook {
		t.Fatalf("got %s, %+v", r.Status, r.State.Suspended)
	}
	items, _ := runtime.ParseItems(`{"called":true}`)
	if err := x.Resume(&items); err != nil {
		t.Fatal(err)
	}
	if got := outputs(x.Run(t.Context()), "A", 0); got != `[{"called":true}]` {
		t.Error(got)
	}
	if err := x.Resume(nil); err == nil {
		t.Error("a run that does not wait was resumed")
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause error
		want  string
	}{
		"interrupt": {errors.New("interrupted"), "the run was cancelled: interrupted\nnode \"A\": interrupted"},
		"timeout":   {context.DeadlineExceeded, "the run was stopped: it took longer than its timeout\nnode \"A\": context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				<-b.stuck.entered
				cancel(c.cause)
			}()
			x, err := b.NewExecution(b.compile(t, workflow(t, "v1", start+"A test.stuck 1,0\n"+noOps("B")+"--\nStart > A\nA > B")), runtime.RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			r := x.Run(ctx)
			if r.Status != runtime.StatusCanceled || r.Err.Error() != c.want || order(r) != "Start A" {
				t.Errorf("got %s, %v, %s", r.Status, r.Err, order(r))
			}
		})
	}
}
