package runtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/runtime"
)

// tape is a journal in memory. on is how many lines a crash would have left, were it to happen now.
type tape struct {
	mu    sync.Mutex
	lines [][]byte
	on    int
	syncs int
	fail  error
}

func (j *tape) Record(line []byte, later bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, bytes.Clone(line))
	if !later {
		j.on = len(j.lines)
	}
}

func (j *tape) Sync(context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.syncs++
	j.on = len(j.lines)
	return j.fail
}

// TestFlowsFromTheirJournal runs the recorded workflows once with a journal, and again from each place at which it may have
// ended: what comes out is the same.
func TestFlowsFromTheirJournal(t *testing.T) {
	t.Parallel()
	eachFlow(t, func(t *testing.T, flow []byte, want gjson.Result) {
		whole := &tape{}
		run, lines := newBench(t).journaled(t, flow, whole, nil)
		compareRuns(t, gjson.Parse(runJSON(t, run)).Get("data.resultData"), want)
		cuts := []int{1, lines / 3, lines / 2, lines - 1}
		slices.Sort(cuts)
		for _, cut := range slices.Compact(cuts) {
			if cut < 1 || cut > lines {
				continue
			}
			again, _ := newBench(t).journaled(t, flow, &tape{}, whole.lines[:cut])
			compareRuns(t, gjson.Parse(runJSON(t, again)).Get("data.resultData"), want)
			if t.Failed() {
				t.Fatalf("after %d of %d records", cut, lines)
			}
		}
	})
}

// journaled runs a workflow, from the start or from a journal.
func (b *bench) journaled(t *testing.T, file []byte, j *tape, lines [][]byte) (*runtime.Run, int) {
	t.Helper()
	plan := b.compile(t, file)
	o := runOptions(t, "")
	o.Journal = j
	var x *runtime.Execution
	var err error
	if lines == nil {
		x, err = b.NewExecution(plan, o)
	} else {
		x, _, err = b.Replay(plan, lines, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	run := x.Complete(t.Context())
	return run, len(j.lines)
}

// writer is a node that writes outside, as it says.
type writer struct {
	mu   sync.Mutex
	sent []string
	stop func() // called while it writes
}

func (w *writer) Writes(float64, *nodes.Template) bool { return true }

func (w *writer) Execute(ctx context.Context, call *nodes.Call) error {
	w.mu.Lock()
	w.sent = append(w.sent, call.Name)
	w.mu.Unlock()
	if w.stop != nil {
		w.stop()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

func writerEngine(t *testing.T, w *writer) *runtime.Engine {
	t.Helper()
	r := &nodes.Registry{}
	if err := r.Add(append(core.Nodes(), nodes.Type{Descriptor: &descriptors.Node{Type: "test.writer", Versions: []float64{1}}, Node: w, Origin: "test"})...); err != nil {
		t.Fatal(err)
	}
	e := runtime.New(runtime.Options{Nodes: r})
	t.Cleanup(func() { _ = e.Close() })
	return e
}

const twoWrites = `
	Start n8n-nodes-base.manualTrigger 0,0
	A n8n-nodes-base.noOp 100,0
	W1 test.writer 200,0
	B n8n-nodes-base.noOp 300,0
	W2 test.writer 400,0
	C n8n-nodes-base.noOp 500,0
	--
	Start > A
	A > W1
	W1 > B
	B > W2
	W2 > C`

func TestIntentsComeBeforeWrites(t *testing.T) {
	t.Parallel()
	w := &writer{}
	e := writerEngine(t, w)
	j := &tape{}
	left := []string{} // what a crash within a write would have left
	w.stop = func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		left = append(left, string(j.lines[j.on-1]))
	}
	plan := compileWith(t, e, workflow(t, "v1", twoWrites))
	x, err := e.NewExecution(plan, runtime.RunOptions{Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	if run := x.Complete(t.Context()); run.Err != nil {
		t.Fatal(run.Err)
	}
	if want := []string{`{"k":"intent","node":"W1"}`, `{"k":"intent","node":"W2"}`}; !slices.Equal(left, want) {
		t.Errorf("on disk before the writes: %q, want %q", left, want)
	}
	if last := string(j.lines[j.on-1]); gjson.Get(last, "node").Str != "W2" || gjson.Get(last, "k").Str != "step" {
		t.Errorf("a step behind which nothing writes need not be on disk: %s", last)
	}
}

// TestNoWriteTwice ends a run after each of its records, and looks at what the next one executes.
func TestNoWriteTwice(t *testing.T) {
	t.Parallel()
	w := &writer{}
	e := writerEngine(t, w)
	plan := compileWith(t, e, workflow(t, "v1", twoWrites))
	j := &tape{}
	x, err := e.NewExecution(plan, runtime.RunOptions{Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	x.Complete(t.Context())
	for cut := 1; cut <= len(j.lines); cut++ {
		seen := string(bytes.Join(j.lines[:cut], []byte("\n")))
		w.sent = nil
		x, interrupted, err := e.Replay(plan, j.lines[:cut], runtime.RunOptions{})
		if err != nil {
			t.Fatal(cut, err)
		}
		last := string(j.lines[cut-1])
		if wasIntent := strings.Contains(last, `"k":"intent"`); wasIntent != (interrupted != nil) {
			t.Errorf("after %s: interrupted %v", last, interrupted)
		}
		run := x.Complete(t.Context())
		if run.Status != runtime.StatusSuccess || run.LastNode() != "C" {
			t.Errorf("after %d records: %s, %v", cut, run.Status, run.Err)
		}
		var want []string
		for _, name := range []string{"W1", "W2"} {
			if !strings.Contains(seen, fmt.Sprintf(`"k":"step","node":%q`, name)) {
				want = append(want, name)
			}
		}
		if !slices.Equal(w.sent, want) {
			t.Errorf("after %d records %q were executed, want %q", cut, w.sent, want)
		}
	}
}

func TestNoWriteWithoutJournal(t *testing.T) {
	t.Parallel()
	w := &writer{}
	e := writerEngine(t, w)
	full := errors.New("the disk is full")
	x, err := e.NewExecution(compileWith(t, e, workflow(t, "v1", twoWrites)), runtime.RunOptions{Journal: &tape{fail: full}})
	if err != nil {
		t.Fatal(err)
	}
	if run := x.Complete(t.Context()); !errors.Is(run.Err, full) || len(w.sent) > 0 {
		t.Errorf("%v, sent %q", run.Err, w.sent)
	}
}

func TestHaltAndReplay(t *testing.T) {
	t.Parallel()
	w := &writer{}
	e := writerEngine(t, w)
	plan := compileWith(t, e, workflow(t, "v1", twoWrites))
	halt, j := make(chan struct{}), &tape{}
	w.stop = sync.OnceFunc(func() { close(halt) })
	x, err := e.NewExecution(plan, runtime.RunOptions{Journal: j, Halt: halt})
	if err != nil {
		t.Fatal(err)
	}
	if run := x.Complete(t.Context()); run.Status != runtime.StatusRunning || run.LastNode() != "W1" {
		t.Fatalf("halted: %s after %s", run.Status, run.LastNode())
	}
	x, interrupted, err := e.Replay(plan, j.lines, runtime.RunOptions{})
	if err != nil || interrupted != nil {
		t.Fatal(err, interrupted)
	}
	if run := x.Complete(t.Context()); run.Status != runtime.StatusSuccess || !slices.Equal(w.sent, []string{"W1", "W2"}) {
		t.Errorf("%s, %q", run.Status, w.sent)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	w := &writer{}
	e := writerEngine(t, w)
	plan := compileWith(t, e, workflow(t, "v1", strings.ReplaceAll(twoWrites, "C n8n-nodes-base.noOp", "C n8n-nodes-base.stopAndError")))
	j := &tape{}
	x, err := e.NewExecution(plan, runtime.RunOptions{Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	run := x.Complete(t.Context())
	if run.Status != runtime.StatusError {
		t.Fatal(run.Status)
	}
	state, ok, err := e.Again(plan, append(j.lines, run.End()), "7")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	w.sent = nil
	if x, err = e.Restore(plan, state, nil); err != nil {
		t.Fatal(err)
	}
	if run = x.Complete(t.Context()); run.LastNode() != "C" || len(w.sent) > 0 || state.ExecutionID != "7" || state.Mode != "retry" {
		t.Errorf("%s, sent %q, %s, %s", run.LastNode(), w.sent, state.ExecutionID, state.Mode)
	}
}

// TestJournalKeepsUnchangedItemsOnce: items that a step hands on are referred to.
func TestJournalKeepsUnchangedItemsOnce(t *testing.T) {
	t.Parallel()
	w := &writer{}
	e := writerEngine(t, w)
	items := nodes.ItemsOf(nodes.NewItem(`{"text":"` + strings.Repeat("a", 1000) + `"}`))
	j := &tape{}
	x, err := e.NewExecution(compileWith(t, e, workflow(t, "v1", twoWrites)), runtime.RunOptions{Journal: j, Input: &items})
	if err != nil {
		t.Fatal(err)
	}
	x.Complete(t.Context())
	size := 0
	for _, line := range j.lines[1:] {
		size += len(line)
	}
	if size > 2000 {
		t.Errorf("%d bytes after the first record: %s", size, bytes.Join(j.lines, []byte("\n")))
	}
}

func FuzzReplay(f *testing.F) {
	w := &writer{}
	r := &nodes.Registry{}
	if err := r.Add(append(core.Nodes(), nodes.Type{Descriptor: &descriptors.Node{Type: "test.writer", Versions: []float64{1}}, Node: w, Origin: "test"})...); err != nil {
		f.Fatal(err)
	}
	e := runtime.New(runtime.Options{Nodes: r, MaxSteps: 100})
	f.Cleanup(func() { _ = e.Close() })
	flow, err := runtime.ParseWorkflow("flow.json", workflow(f, "v1", twoWrites))
	if err != nil {
		f.Fatal(err)
	}
	plan, err := e.Compile(f.Context(), flow)
	if err != nil {
		f.Fatal(err)
	}
	j := &tape{}
	x, err := e.NewExecution(plan, runtime.RunOptions{Journal: j})
	if err != nil {
		f.Fatal(err)
	}
	x.Complete(f.Context())
	f.Add(bytes.Join(j.lines, []byte("\n")))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, _, err := e.Replay(plan, bytes.Split(text, []byte("\n")), runtime.RunOptions{})
		if err != nil || x.State().Status == runtime.StatusWaiting {
			return
		}
		x.Run(t.Context())
	})
}

func compileWith(t *testing.T, e *runtime.Engine, file []byte) *runtime.Plan {
	t.Helper()
	w, err := runtime.ParseWorkflow("flow.json", file)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := e.Compile(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
