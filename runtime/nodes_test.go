package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/runtime"
)

// The nodes below are what the engine's tests need and the built-in nodes do not do.

// collect joins its two inputs into one item that tells what came: {"inputs":[[…],[…]]}.
type collect struct{}

func (collect) Execute(_ context.Context, call *nodes.Call) error {
	var text []string
	for _, items := range call.Inputs {
		var list []string
		for _, it := range items.All() {
			list = append(list, it.JSON())
		}
		text = append(text, "["+strings.Join(list, ",")+"]")
	}
	call.Emit(0, nodes.NewItem(`{"inputs":[`+strings.Join(text, ",")+`]}`).WithParents(nodes.From(0, 0), nodes.From(0, 1)))
	return nil
}

// moody fails items whose JSON has "bad", or as a whole where its parameter "fails" is true, or at the first times where
// "flaky" says how often.
type moody struct{ calls atomic.Int64 }

func (m *moody) Execute(_ context.Context, call *nodes.Call) error {
	calls := m.calls.Add(1)
	flaky, err := call.Param("flaky").Number(0, 0)
	if err != nil {
		return err
	}
	whole, err := call.Param("fails").Bool(0, false)
	switch {
	case err != nil:
		return err
	case whole || float64(calls) <= flaky:
		return fmt.Errorf("call %d failed", calls)
	}
	for i, it := range call.Input(0).All() {
		if it.Get("bad").Bool() {
			if err := call.Fail(i, nodes.Errorf("item %d is bad", i)); err != nil {
				return err
			}
			continue
		}
		v, err := call.Param("value").Value(i)
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		if v.Kind() == nodes.Undefined {
			call.EmitFrom(0, i, it)
			continue
		}
		var b nodes.ObjectBuilder
		b.Set("value", v)
		call.EmitFrom(0, i, nodes.NewItem(b.String()))
	}
	return nil
}

// waits suspends the run until a time, or for a call.
type waits struct{}

func (waits) Execute(_ context.Context, call *nodes.Call) error {
	hook, err := call.Param("webhook").Bool(0, false)
	call.Suspend(nodes.Suspend{Until: testTime.Add(time.Millisecond), Webhook: hook})
	return err
}

// stuck works until it is cancelled.
type stuck struct{ entered chan struct{} }

func (s stuck) Execute(ctx context.Context, _ *nodes.Call) error {
	close(s.entered)
	<-ctx.Done()
	return context.Cause(ctx)
}

type panics struct{}

func (panics) Execute(context.Context, *nodes.Call) error { panic("oh") }

// unlinked gives as many items as its parameter says, without lineage.
type unlinked struct{}

func (unlinked) Execute(_ context.Context, call *nodes.Call) error {
	n, err := call.Param("n").Number(0, 1)
	for i := range int(n) {
		call.Emit(0, nodes.NewItem(fmt.Sprintf(`{"n":%d}`, i)))
	}
	return err
}

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type bench struct {
	mu sync.Mutex
	*runtime.Engine
	moody  *moody
	stuck  stuck
	events []runtime.Event
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{moody: &moody{}, stuck: stuck{make(chan struct{})}}
	r := &nodes.Registry{}
	add := func(name string, n nodes.Node, d descriptors.Node) {
		d.Type, d.Versions = "test."+name, []float64{1}
		if err := r.Add(nodes.Type{Descriptor: &d, Node: n, Origin: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Add(core.Nodes()...); err != nil {
		t.Fatal(err)
	}
	add("collect", collect{}, descriptors.Node{Inputs: []string{"a", "b"}})
	add("moody", b.moody, descriptors.Node{})
	add("waits", waits{}, descriptors.Node{})
	add("stuck", b.stuck, descriptors.Node{})
	add("panics", panics{}, descriptors.Node{})
	add("unlinked", unlinked{}, descriptors.Node{})
	add("fork", fork{}, descriptors.Node{Outputs: []string{"even", "odd"}})
	add("secret", moodyless{}, descriptors.Node{Credentials: []descriptors.CredentialUse{{Type: "secretApi", Required: true}}})
	b.Engine = runtime.New(runtime.Options{
		Nodes: r, Clock: func() time.Time { return testTime }, Observe: b.observe, Workflows: b,
	})
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// observe notes an event. Runs that nobody waits for go on beside others of their family here, as steps are restored one by one.
func (b *bench) observe(e runtime.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

// Find is runtime.Workflows': by id from testdata/children.
func (b *bench) Find(ctx context.Context, ref nodes.WorkflowRef, caller *runtime.Workflow) (*runtime.Plan, *runtime.Engine, error) {
	text := []byte(ref.JSON)
	if ref.ID != "" {
		var err error
		if text, err = os.ReadFile(filepath.Join("testdata", "children", filepath.Base(ref.ID)+".json")); err != nil {
			return nil, nil, nodes.Errorf("Workflow does not exist.")
		}
	}
	w, err := runtime.ParseWorkflow("child of "+caller.File, text)
	if err != nil {
		return nil, nil, err
	}
	plan, err := b.Compile(ctx, w)
	return plan, b.Engine, err
}

type moodyless struct{}

func (moodyless) Execute(context.Context, *nodes.Call) error { return errors.New("not reached") }

// fork sends items to its outputs in turn.
type fork struct{}

func (fork) Execute(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		call.EmitFrom(i%2, i, it)
	}
	return nil
}

// workflow writes a workflow file. Each line is a node, "NAME TYPE X,Y {parameters} {further keys}"; after a line "--"
// each is a connection, "FROM[:output] > TO[:input]".
func workflow(t testing.TB, order, text string) []byte {
	t.Helper()
	type node map[string]any
	type target struct {
		Node  string `json:"node"`
		Type  string `json:"type"`
		Index int    `json:"index"`
	}
	list := []node{}
	connections := map[string]map[string][][]target{}
	nodesPart, wires, _ := strings.Cut(text, "--")
	for line := range strings.Lines(nodesPart) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		fields := strings.SplitN(line, " ", 4)
		n := node{"name": fields[0], "type": fields[1], "typeVersion": 1, "parameters": map[string]any{}}
		var x, y float64
		if _, err := fmt.Sscanf(fields[2], "%f,%f", &x, &y); err != nil {
			t.Fatal(line, err)
		}
		n["position"] = []float64{x, y}
		if len(fields) > 3 {
			dec := json.NewDecoder(strings.NewReader(fields[3]))
			var params, more map[string]any
			if err := dec.Decode(&params); err != nil {
				t.Fatal(line, err)
			}
			n["parameters"] = params
			if dec.More() {
				if err := dec.Decode(&more); err != nil {
					t.Fatal(line, err)
				}
			}
			for k, v := range more {
				n[k] = v
			}
		}
		list = append(list, n)
	}
	for line := range strings.Lines(wires) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		from, to, _ := strings.Cut(line, " > ")
		fromName, output := port(t, from)
		toName, input := port(t, to)
		if connections[fromName] == nil {
			connections[fromName] = map[string][][]target{"main": nil}
		}
		main := connections[fromName]["main"]
		for len(main) <= output {
			main = append(main, nil)
		}
		main[output] = append(main[output], target{toName, "main", input})
		connections[fromName]["main"] = main
	}
	file, err := json.Marshal(map[string]any{
		"name": "test", "nodes": list, "connections": connections, "settings": map[string]string{"executionOrder": order},
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func port(t testing.TB, text string) (string, int) {
	t.Helper()
	name, index, ok := strings.Cut(text, ":")
	n := 0
	if ok {
		if _, err := fmt.Sscan(index, &n); err != nil {
			t.Fatal(text, err)
		}
	}
	return name, n
}

func (b *bench) compile(t testing.TB, file []byte) *runtime.Plan {
	t.Helper()
	w, err := runtime.ParseWorkflow("f.json", file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Compile(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b *bench) run(t testing.TB, file []byte, input string) *runtime.Run {
	t.Helper()
	x, err := b.NewExecution(b.compile(t, file), runOptions(t, input))
	if err != nil {
		t.Fatal(err)
	}
	return x.Run(t.Context())
}

func runOptions(t testing.TB, input string) runtime.RunOptions {
	t.Helper()
	o := runtime.RunOptions{ID: "1"}
	if input != "" {
		items, err := runtime.ParseItems(input)
		if err != nil {
			t.Fatal(err)
		}
		o.Input = &items
	}
	return o
}

// order is the names of the executed nodes, in order.
func order(r *runtime.Run) string {
	var names []string
	for _, s := range r.State.Steps {
		names = append(names, s.Node)
	}
	return strings.Join(names, " ")
}

// outputs writes the outputs of a node's run as "[items] [items]".
func outputs(r *runtime.Run, node string, run int) string {
	var text []string
	for _, out := range r.State.StepsOf(node)[run].Outputs {
		var list []string
		for _, it := range out.All() {
			list = append(list, it.JSON())
		}
		text = append(text, "["+strings.Join(list, ",")+"]")
	}
	return strings.Join(text, " ")
}
