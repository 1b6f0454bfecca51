package code_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dlclark/regexp2/v2"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/code"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) {
	code := m.Run()
	regexp2.StopTimeoutClock() // it would end by itself a little later
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func newEngine(t testing.TB, o runtime.Options) *runtime.Engine {
	t.Helper()
	registry := &nodes.Registry{}
	if err := registry.Add(append(core.Nodes(), code.Nodes()...)...); err != nil {
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

// TestGolden runs every case of testdata through the engine. Its answers were recorded from n8n 2.40.7 by
// testdata/record.mjs, which also says what is in a case.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) < 120 {
		t.Fatalf("only %d cases: %v", len(files), err)
	}
	engine := newEngine(t, runtime.Options{})
	for i, file := range files {
		if underRace && i%4 != 0 {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reason := skipped[name]; reason != "" {
				t.Skip(reason)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			normal, err := nodes.Normalize(string(text))
			if err != nil {
				t.Fatal(err)
			}
			c := gjson.Parse(normal)
			got, want := answer(t, engine, c), wanted(c.Get("want"))
			if got != want {
				t.Errorf("%s\ngot  %s\nwant %s", c.Get("node.parameters").Raw, got, want)
			}
		})
	}
}

// workflow puts the node of a case behind a trigger with the case's items.
func workflow(c gjson.Result) string {
	chain := []string{`{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}}`}
	names := []string{"Start"}
	for _, n := range c.Get("before").Array() {
		chain, names = append(chain, n.Raw), append(names, n.Get("name").Str)
	}
	chain, names = append(chain, `{"name":"Node",`+c.Get("node").Raw[1:]), append(names, "Node")
	var edges []string
	for i := range len(names) - 1 {
		edges = append(edges, fmt.Sprintf(`%q:{"main":[[{"node":%q,"type":"main","index":0}]]}`, names[i], names[i+1]))
	}
	return fmt.Sprintf(`{"name":"case","nodes":[%s],"connections":{%s},"pinData":{"Start":%s},"settings":{"executionOrder":"v1","timezone":"UTC"}}`,
		strings.Join(chain, ","), strings.Join(edges, ","), c.Get("input").Raw)
}

// run runs a case and returns the run data of its node.
func run(t testing.TB, engine *runtime.Engine, c gjson.Result) gjson.Result {
	t.Helper()
	flow, err := runtime.ParseWorkflow("case", []byte(workflow(c)))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(context.Background(), flow)
	if err != nil {
		t.Fatal(err)
	}
	execution, err := engine.NewExecution(plan, runtime.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := execution.Run(context.Background()).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	return gjson.Get(out.String(), "data.resultData.runData.Node.0")
}

func answer(t testing.TB, engine *runtime.Engine, c gjson.Result) string {
	t.Helper()
	r := run(t, engine, c)
	if !r.Exists() {
		return "not run"
	}
	return describe(r.Get("executionStatus").Str, r.Get("data.main"), r.Get("error"))
}

// ownLine are the lines that n8n gives for errors of its own code.
var ownLine = regexp.MustCompile(` \[Line 1[4-6]\d\]$`)

func wanted(want gjson.Result) string {
	if want.Get("status").Str == "not run" {
		return "not run"
	}
	return describe(want.Get("status").Str, want.Get("outputs"), want.Get("error"))
}

// describe writes an answer line by line. Trailing outputs without items do not count.
func describe(status string, outputs, err gjson.Result) string {
	text := status
	if err.Exists() {
		text += fmt.Sprintf("\n  error %q", ownLine.ReplaceAllString(err.Get("message").Str, ""))
		if d := err.Get("description").Str; !isAdvice(d) {
			text += fmt.Sprintf("\n  description %q", d)
		}
	}
	lists := outputs.Array()
	for len(lists) > 0 && len(lists[len(lists)-1].Array()) == 0 {
		lists = lists[:len(lists)-1]
	}
	for o, list := range lists {
		text += fmt.Sprintf("\n  output %d", o)
		for _, it := range list.Array() {
			text += "\n    " + it.Get("json").Raw + parents(it.Get("pairedItem"))
			if b := it.Get("binary"); b.Exists() {
				text += " binary " + sorted(b.Raw)
			}
		}
	}
	return text
}

// isAdvice tells descriptions that are in Cordboard's own words, where n8n's speak of its editor, or are missing.
func isAdvice(d string) bool {
	return d == "" || strings.Contains(d, "<code>") || strings.HasPrefix(d, "The item has the key") || strings.HasPrefix(d, "The workflow has no node") ||
		strings.HasPrefix(d, "Secure-mode task runners") || strings.HasPrefix(d, "Evaluate the expression")
}

// sorted writes JSON with its keys in order: n8n's order of the members of binary data differs from place to place.
func sorted(text string) string {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return text
	}
	out, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return string(out)
}

// parents writes lineage in one form: n8n writes one parent as an object, several as a list, and leaves out input 0.
func parents(r gjson.Result) string {
	text := ""
	one := func(p gjson.Result) {
		if p.Type == gjson.Number {
			text += fmt.Sprintf(" < %d", p.Int())
			return
		}
		text += fmt.Sprintf(" < %d", p.Get("item").Int())
		if input := p.Get("input").Int(); input > 0 {
			text += fmt.Sprintf(" of input %d", input)
		}
	}
	if r.IsArray() {
		for _, p := range r.Array() {
			one(p)
		}
	} else if r.Exists() && r.Type != gjson.Null {
		one(r)
	}
	return text
}
