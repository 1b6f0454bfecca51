package runtime_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/runtime"
)

// eachFlow gives a test the recorded workflows, each with the result that n8n recorded: see testdata/README.md.
func eachFlow(t *testing.T, test func(t *testing.T, flow []byte, want gjson.Result)) {
	t.Helper()
	files, err := filepath.Glob("testdata/flows/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flow, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			recorded, err := os.ReadFile("testdata/recorded/" + name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			test(t, flow, gjson.ParseBytes(recorded).Get("resultData"))
		})
	}
}

// TestFlows compares runs with those that n8n recorded.
func TestFlows(t *testing.T) {
	t.Parallel()
	eachFlow(t, func(t *testing.T, flow []byte, want gjson.Result) {
		compareRuns(t, gjson.Parse(runJSON(t, newBench(t).run(t, flow, ""))).Get("data.resultData"), want)
		compareRuns(t, gjson.Parse(runJSON(t, newBench(t).stepwise(t, flow))).Get("data.resultData"), want)
	})
}

// stepwise runs a workflow as if each step were another process's: the state goes through its wire form in between.
func (b *bench) stepwise(t *testing.T, file []byte) *runtime.Run {
	t.Helper()
	plan := b.compile(t, file)
	x, err := b.NewExecution(plan, runOptions(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	for x.Step(t.Context()) {
		text, err := x.State().Encode()
		if err != nil {
			t.Fatal(err)
		}
		state, err := runtime.DecodeState(text)
		if err != nil {
			t.Fatal(err)
		}
		if x, err = b.Restore(plan, state, nil); err != nil {
			t.Fatal(err)
		}
	}
	return x.Run(t.Context())
}

func compareRuns(t *testing.T, got, want gjson.Result) {
	t.Helper()
	same := func(what string, got, want gjson.Result) {
		t.Helper()
		if want := compact(t, want.Raw); got.Raw != want {
			t.Errorf("%s: got  %s\nwant %s", what, got.Raw, want)
		}
	}
	same("lastNodeExecuted", got.Get("lastNodeExecuted"), want.Get("lastNodeExecuted"))
	same("error", got.Get("error.message"), want.Get("error.message"))
	same("the failed item", got.Get("error.context.itemIndex"), want.Get("error.context.itemIndex"))
	same("metadata", got.Get("metadata"), want.Get("metadata"))
	for name := range want.Get("runData").Map() {
		if !got.Get("runData").Get(gjson.Escape(name)).Exists() {
			t.Errorf("node %s did not run", name)
		}
	}
	for name, list := range got.Get("runData").Map() {
		wanted := want.Get("runData").Get(gjson.Escape(name)).Array()
		if len(list.Array()) != len(wanted) {
			t.Errorf("node %s ran %d times, want %d", name, len(list.Array()), len(wanted))
			continue
		}
		for i, run := range list.Array() {
			for _, key := range []string{"executionIndex", "executionStatus", "source", "error.message"} {
				same(name+" "+key, run.Get(key), wanted[i].Get(key))
			}
			outputs := wanted[i].Get("data.main").Array()
			for o, out := range run.Get("data.main").Array() {
				wantOut := "[]"
				if o < len(outputs) && outputs[o].IsArray() {
					wantOut = outputs[o].Raw
				}
				wantOut = compact(t, wantOut)
				if out.Raw != wantOut {
					t.Errorf("%s, run %d, output %d:\ngot  %s\nwant %s", name, i, o, out.Raw, wantOut)
				}
			}
			// Filter's second output, which the canvas does not show, is there only if it has items.
			if n := len(run.Get("data.main").Array()); n < len(outputs) && len(outputs[n].Array()) > 0 {
				t.Errorf("%s has %d outputs, want %d", name, n, len(outputs))
			}
		}
	}
}

// overwriteFirst is a parent with the keys in the other order, which n8n writes in some places.
var overwriteFirst = regexp.MustCompile(`\{("sourceOverwrite":\{[^{}]*\}),("item":\d+)\}`)

// bookkeeping is what n8n notes on items that came through another workflow, beside json and lineage.
var bookkeeping = regexp.MustCompile(`(?:,"index":\d+(,"pairedItem"))|(?:,"metadata":\{"subExecution":\{[^{}]*\}\})`)

// onlyParent is a single parent as a list, which n8n writes in some places.
var onlyParent = regexp.MustCompile(`"pairedItem":\[(\{"item":\d+\})\]`)

// compact writes recorded JSON as we write it: without white space, a parent's item first, without the input where it is 0 and
// without binary data that is empty, which n8n writes in some places and leaves out in others.
func compact(t *testing.T, text string) string {
	t.Helper()
	if text == "" {
		return ""
	}
	items, err := runtime.ParseItems(`{"a":` + text + `}`)
	if err != nil {
		t.Fatal(err)
	}
	text = strings.ReplaceAll(items.At(0).Get("a").Raw, `,"input":0`, "")
	text = strings.ReplaceAll(text, `,"binary":{}`, "")
	text = onlyParent.ReplaceAllString(text, `"pairedItem":$1`)
	text = bookkeeping.ReplaceAllString(text, "$1")
	return overwriteFirst.ReplaceAllString(text, "{$2,$1}")
}
