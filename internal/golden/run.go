package golden

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/runtime"
)

// NewEngine returns an engine with the nodes of package core and these, closed when the test ends.
func NewEngine(t testing.TB, o runtime.Options, types ...nodes.Type) *runtime.Engine {
	t.Helper()
	registry := &nodes.Registry{}
	if err := registry.Add(append(core.Nodes(), types...)...); err != nil {
		t.Fatal(err)
	}
	o.Nodes = registry
	engine := runtime.New(o)
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

// Credentials holds a credential of each type, with the type for its id and its name.
func Credentials(t testing.TB, fields map[string]any) *credentials.Set {
	t.Helper()
	set := credentials.NewSet(credentials.NewLeases(t.TempDir()))
	for kind, values := range fields {
		data, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		set.Add(credentials.Credential{ID: kind, Name: kind, Type: kind, Data: data})
	}
	return set
}

// WithCredential lets the node of a case use the credential of a type in Credentials.
func WithCredential(c gjson.Result, kind string) gjson.Result {
	node := fmt.Sprintf(`{"credentials":{%q:{"id":%q,"name":%q}},%s`, kind, kind, kind, c.Get("node").Raw[1:])
	return gjson.Parse(strings.Replace(c.Raw, c.Get("node").Raw, node, 1))
}

const start = `{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}}`

// node is that of a case, named Node, with the case's credentials.
func node(t testing.TB, c gjson.Result) string {
	t.Helper()
	rest := c.Get("node").Raw[1:]
	if own := c.Get("credentials"); own.Exists() && !c.Get("node.credentials").Exists() {
		refs := map[string]map[string]string{}
		for kind := range own.Map() {
			refs[kind] = map[string]string{"id": kind, "name": kind}
		}
		text, err := json.Marshal(refs)
		if err != nil {
			t.Fatal(err)
		}
		rest = fmt.Sprintf(`"credentials":%s,%s`, text, rest)
	}
	return `{"name":"Node",` + rest
}

// workflow puts the node of a case behind a trigger with the case's items.
func workflow(t testing.TB, c gjson.Result) string {
	t.Helper()
	chain, pins, edges := []string{start}, []string{`"Start":` + items(t, c.Get("input"))}, []string{}
	if inputs := c.Get("inputs"); inputs.Exists() {
		chain, pins, edges = joining(t, inputs)
	} else {
		last := "Start"
		for _, n := range append(c.Get("before").Array(), gjson.Parse(`{"name":"Node"}`)) {
			if n.Get("type").Exists() {
				chain = append(chain, n.Raw)
			}
			edges = append(edges, fmt.Sprintf(`%q:{"main":[[{"node":%q,"type":"main","index":0}]]}`, last, n.Get("name").Str))
			last = n.Get("name").Str
		}
	}
	zone := c.Get("timezone").Str
	if zone == "" {
		zone = "UTC"
	}
	return fmt.Sprintf(`{"name":"case","nodes":[%s],"connections":{%s},"pinData":{%s},"settings":{"executionOrder":"v1","timezone":%q}}`,
		strings.Join(append(chain, node(t, c)), ","), strings.Join(edges, ","), strings.Join(pins, ","), zone)
}

// joining are nodes with the items of each input of a case's node, in front of it.
func joining(t testing.TB, inputs gjson.Result) (chain, pins, edges []string) {
	t.Helper()
	chain, pins = []string{start}, []string{`"Start":[{"json":{}}]`}
	var first []string
	for i, list := range inputs.Array() {
		if !list.IsArray() {
			continue
		}
		chain = append(chain, fmt.Sprintf(`{"name":"In%d","type":"n8n-nodes-base.noOp","typeVersion":1,"position":[0,%d],"parameters":{}}`, i, i))
		pins = append(pins, fmt.Sprintf(`"In%d":%s`, i, items(t, list)))
		first = append(first, fmt.Sprintf(`{"node":"In%d","type":"main","index":0}`, i))
		edges = append(edges, fmt.Sprintf(`"In%d":{"main":[[{"node":"Node","type":"main","index":%d}]]}`, i, i))
	}
	return chain, pins, append(edges, `"Start":{"main":[[`+strings.Join(first, ",")+`]]}`)
}

// items writes a list of items with the content of their binary data in base64.
func items(t testing.TB, list gjson.Result) string {
	t.Helper()
	var all []string
	for _, it := range list.Array() {
		if !it.Get("binary").Exists() {
			all = append(all, it.Raw)
			continue
		}
		var item, binary nodes.ObjectBuilder
		it.Get("binary").ForEach(func(key, f gjson.Result) bool {
			var o nodes.ObjectBuilder
			f.ForEach(func(name, v gjson.Result) bool {
				if name.Str != "text" && name.Str != "file" {
					o.Raw(name.Str, v.Raw)
				}
				return true
			})
			if f.Get("text").Exists() || f.Get("file").Exists() {
				o.Set("data", nodes.StringValue(base64.StdEncoding.EncodeToString(content(t, f))))
			}
			binary.Raw(key.Str, o.String())
			return true
		})
		it.ForEach(func(key, v gjson.Result) bool {
			if key.Str != "binary" {
				item.Raw(key.Str, v.Raw)
			}
			return true
		})
		item.Raw("binary", binary.String())
		all = append(all, item.String())
	}
	return "[" + strings.Join(all, ",") + "]"
}

// content is that of binary data of a case or of an answer.
func content(t testing.TB, f gjson.Result) []byte {
	t.Helper()
	if f.Get("text").Exists() {
		return []byte(f.Get("text").Str)
	}
	if name := f.Get("file").Str; name != "" {
		text, err := os.ReadFile(filepath.Join("testdata", "files", filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	text, err := base64.StdEncoding.DecodeString(f.Get("data").Str)
	if err != nil {
		t.Fatalf("%s: %v", f.Raw, err)
	}
	return text
}

// prepare makes an execution of a case; an error is that the engine refuses it.
func prepare(t testing.TB, engine *runtime.Engine, c gjson.Result) (*runtime.Execution, *store, error) {
	t.Helper()
	flow, err := runtime.ParseWorkflow("case", []byte(workflow(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(context.Background(), flow)
	if err != nil {
		return nil, nil, err
	}
	kept := &store{}
	execution, err := engine.NewExecution(plan, runtime.RunOptions{Binary: kept})
	return execution, kept, err
}

// Answer runs a case and returns what its node came to, in the form of "want".
func Answer(t testing.TB, engine *runtime.Engine, c gjson.Result) gjson.Result {
	t.Helper()
	execution, kept, err := prepare(t, engine, c)
	if err != nil {
		return gjson.Parse(`{"refused":true}`)
	}
	var out strings.Builder
	if err := execution.Run(context.Background()).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	run := gjson.Get(out.String(), "data.resultData.runData.Node.0")
	if !run.Exists() {
		return gjson.Parse(`{"status":"not run"}`)
	}
	var b nodes.ObjectBuilder
	b.Set("status", nodes.StringValue(run.Get("executionStatus").Str))
	if e := run.Get("error"); e.Exists() {
		b.Raw("error", e.Raw)
	}
	if outputs := run.Get("data.main"); outputs.Exists() {
		b.Raw("outputs", kept.inline(t, outputs.Raw))
	}
	return gjson.Parse(b.String())
}

// Cancel runs a case until ready says so, cancels the run and returns it once it has ended.
func Cancel(t testing.TB, engine *runtime.Engine, c gjson.Result, ready func() bool) *runtime.Run {
	t.Helper()
	execution, _, err := prepare(t, engine, c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	ended := make(chan *runtime.Run, 1)
	go func() { ended <- execution.Run(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case run := <-ended:
			t.Fatalf("the run ended as %s before it was cancelled: %v", run.Status, run.Err)
		case <-tick.C:
		}
	}
	cancel(errors.New("enough"))
	select {
	case run := <-ended:
		return run
	case <-time.After(time.Minute):
		t.Fatal("the run goes on")
		return nil
	}
}

// store keeps binary data in memory, as a run's store does on disk.
type store struct {
	mu   sync.Mutex // nodes work on several items at once
	kept []*strings.Builder
}

type entry struct{ *strings.Builder }

func (entry) Close() error { return nil }

// Create is nodes.BinaryStore's.
func (s *store) Create(context.Context) (string, io.WriteCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &strings.Builder{}
	s.kept = append(s.kept, b)
	return "kept:" + strconv.Itoa(len(s.kept)-1), entry{b}, nil
}

// Open is nodes.BinaryStore's.
func (s *store) Open(_ context.Context, id string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := strconv.Atoi(strings.TrimPrefix(id, "kept:"))
	if err != nil || i >= len(s.kept) {
		return nil, errors.New("no binary data " + id)
	}
	return io.NopCloser(strings.NewReader(s.kept[i].String())), nil
}

// inline puts the content of binary data into the answer.
func (s *store) inline(t testing.TB, outputs string) string {
	t.Helper()
	for i, b := range s.kept {
		id := `"id":"kept:` + strconv.Itoa(i) + `"`
		outputs = strings.ReplaceAll(outputs, id, `"data":"`+base64.StdEncoding.EncodeToString([]byte(b.String()))+`"`)
	}
	return outputs
}
