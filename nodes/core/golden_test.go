package core_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dlclark/regexp2/v2"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/nodes"
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

// skipped are the recorded cases that are not met, each with the reason.
var skipped = map[string]string{
	"if/regex-invalid":                            "n8n fails without a message; here the pattern is named",
	"switch/unknown-node-error-output":            "n8n cannot tell how many outputs the node has, and fails as a whole",
	"switch/v1-regex-invalid":                     "n8n gives the wording of its JavaScript engine; here it is ours",
	"switch/v2-regex-invalid":                     "as above",
	"switch/expression-fraction":                  "n8n fails with a message of JavaScript's; here the output is named",
	"switch/expression-fraction-continue":         "as above",
	"switch/expression-null":                      "as above",
	"switch/expression-null-continue":             "as above",
	"switch/expression-undefined":                 "as above",
	"merge/unknown-mode":                          "n8n fails with a message of JavaScript's; here the mode is named",
	"merge/fields-string-list":                    "n8n fails with a message of JavaScript's; here a list of names is taken",
	"merge/clash-preferLast-deepMerge-empty":      "n8n changes its input while it merges, so that later pairs see it",
	"merge/clash-preferInput1-deepMerge-empty":    "as above",
	"merge/v1-mergeByKey-no-names":                "n8n refuses before the run; here the node fails",
	"merge/v1-keepKeyMatches-no-names":            "as above",
	"merge/v1-removeKeyMatches-no-names":          "as above",
	"merge/sql-union":                             "n8n's UNION keeps doubles and has an order of its own",
	"merge/sql-distinct":                          "n8n says the last of the rows that are the same, here it is the first",
	"merge/sql-syntax":                            "the description is SQLite's",
	"merge/sql-syntax-continue":                   "as above",
	"merge/sql-no-table":                          "as above",
	"merge/sql-insert":                            "n8n runs it and fails on its result",
	"merge/sql-delete":                            "as above",
	"merge/sql-empty":                             "n8n refuses before the run; here the node fails",
	"merge/sql-no-column":                         "n8n gives empty items; here the column is named",
	"merge/sql-case-names":                        "n8n tells upper from lower case in names of columns, SQLite does not",
	"merge/sql-double-quotes":                     "n8n takes the name with single quotes around it",
	"crypto/v1-sign-bad-key":                      "n8n gives the wording of OpenSSL; here it is ours",
	"crypto/v1-sign-escaped":                      "as above",
	"crypto/v1-sign-one-line":                     "as above",
	"dateTime/v2-format-custom":                   "n8n names a text's offset GMT+2, Luxon's zones of a fixed offset are named UTC+2",
	"dateTime/v2-format-locale":                   "package luxon writes a narrow space before AM, Luxon a plain one",
	"executeWorkflowTrigger/v1.1-example-invalid": "n8n gives the wording of its JavaScript engine; here it is Go's",
	"executeWorkflowTrigger/v1.2-example-invalid": "as above",
	"executeWorkflowTrigger/v1.1-no-inputs":       "n8n refuses before the run; here the node fails",
	"renameKeys/regex-invalid":                    "as above",
	"renameKeys/regex-error-continue":             "as above",
	"if/v1-regex-invalid":                         "as above",
	"filter/v1-regex-invalid":                     "as above",
	"if/v1-unknown-operation":                     "n8n fails with a message of JavaScript's; here the operation is named",
	"filter/v1-unknown-operation":                 "as above",
	"executeWorkflowTrigger/v1.2-no-inputs":       "as above",
	"respondToWebhook/bad-jwt":                    "n8n refuses before the run; here the node fails",
	"dateTime/v1-from-empty":                      "n8n refuses before the run; here the date is not valid",
	"dateTime/v1-unknown-action":                  "in n8n all items are dropped; here the action is named",
	"dateTime/v1-value-empty":                     "n8n refuses before the run; here the node fails",
	"dateTime/v1-value-float":                     "n8n takes 1.5 for so many thousand seconds; here it is 1.5 of them",
	"itemLists/v3-sort-code":                      "n8n looks for the code in another parameter, and finds none",
	"itemLists/v3.1-sort-code-syntax":             "as above",
	"jwt/decode-empty":                            "n8n refuses before the run; here the node fails",
	"jwt/decode-error-output":                     "n8n goes on after no failure, but fails by itself; here the item has an error",
	"jwt/decode-expression":                       "n8n goes on after no failure, but fails by itself; here the item has an error",
	"jwt/decode-garbage":                          "n8n refuses before the run; here the node fails",
	"jwt/decode-number":                           "n8n refuses before the run; here the node fails",
	"jwt/decode-spaces":                           "n8n refuses before the run; here the node fails",
	"jwt/decode-text-payload":                     "n8n gives the wording of its JavaScript engine; here it is ours",
	"jwt/decode-two-parts":                        "n8n refuses before the run; here the node fails",
	"jwt/sign-header-invalid":                     "n8n refuses before the run; here the node fails",
	"jwt/sign-json-empty":                         "n8n refuses before the run; here the node fails",
	"jwt/sign-json-invalid":                       "n8n refuses before the run; here the node fails",
	"jwt/sign-json-list":                          "n8n refuses before the run; here the node fails",
	"jwt/sign-json-text":                          "n8n refuses before the run; here the node fails",
	"jwt/unknown-operation":                       "in n8n all items are dropped; here the operation is named",
	"jwt/verify-empty":                            "n8n refuses before the run; here the node fails",
	"jwt/verify-error-output":                     "n8n goes on after no failure, but fails by itself; here the item has an error",
	"jwt/verify-expression":                       "n8n goes on after no failure, but fails by itself; here the item has an error",
	"jwt/verify-garbage":                          "n8n refuses before the run; here the node fails",
	"jwt/verify-number":                           "n8n refuses before the run; here the node fails",
	"jwt/verify-spaces":                           "n8n refuses before the run; here the node fails",
	"jwt/verify-text-payload":                     "as above",
	"jwt/verify-two-parts":                        "n8n refuses before the run; here the node fails",
	"sort/code-await":                             "as above",
	"sort/code-node-ref":                          "as above",
	"sort/code-syntax":                            "n8n gives the wording of its JavaScript engine; here it is QuickJS's",
	"sort/code-variables":                         "n8n hides what expressions see; here code may use it",
	"stopAndError/object-invalid":                 "n8n gives the wording of its JavaScript engine; here it is Go's",
}

// TestGolden runs every case of testdata through the engine. Its answers were recorded from n8n 2.40.7 by
// testdata/record.mjs, which also says what is in a case.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	engine := newEngine(t)
	for _, file := range files {
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
			got, want := answer(t, engineOf(t, engine, c), c), wanted(c.Get("want"))
			if got != want {
				t.Errorf("%s\ngot  %s\nwant %s", c.Get("node").Raw, got, want)
			}
		})
	}
}

func newEngine(t testing.TB) *runtime.Engine {
	t.Helper()
	registry := &nodes.Registry{}
	if err := registry.Add(core.Nodes()...); err != nil {
		t.Fatal(err)
	}
	engine := runtime.New(runtime.Options{Nodes: registry})
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

// joining puts the node of a case behind nodes with the items of each of its inputs.
func joining(c gjson.Result) string {
	chain := []string{`{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}}`}
	pins, edges, first := []string{`"Start":[{"json":{}}]`}, []string{}, []string{}
	for i, items := range c.Get("inputs").Array() {
		if !items.IsArray() {
			continue
		}
		chain = append(chain, fmt.Sprintf(`{"name":"In%d","type":"n8n-nodes-base.noOp","typeVersion":1,"position":[0,%d],"parameters":{}}`, i, i))
		pins = append(pins, fmt.Sprintf(`"In%d":%s`, i, items.Raw))
		first = append(first, fmt.Sprintf(`{"node":"In%d","type":"main","index":0}`, i))
		edges = append(edges, fmt.Sprintf(`"In%d":{"main":[[{"node":"Node","type":"main","index":%d}]]}`, i, i))
	}
	chain = append(chain, `{"name":"Node",`+c.Get("node").Raw[1:])
	edges = append(edges, `"Start":{"main":[[`+strings.Join(first, ",")+`]]}`)
	return fmt.Sprintf(`{"nodes":[%s],"connections":{%s},"pinData":{%s},"settings":{"executionOrder":"v1","timezone":"UTC"}}`,
		strings.Join(chain, ","), strings.Join(edges, ","), strings.Join(pins, ","))
}

// workflow puts the node of a case behind a trigger with the case's items.
func workflow(c gjson.Result) string {
	if c.Get("inputs").Exists() {
		return joining(c)
	}
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
	return fmt.Sprintf(`{"nodes":[%s],"connections":{%s},"pinData":{"Start":%s},"settings":{"executionOrder":"v1","timezone":"UTC"}}`,
		strings.Join(chain, ","), strings.Join(edges, ","), c.Get("input").Raw)
}

// answer runs a case and writes what the node came to, in the form of wanted.
func answer(t testing.TB, engine *runtime.Engine, c gjson.Result) string {
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
		return "refused"
	}
	var out strings.Builder
	if err := execution.Run(context.Background()).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	run := gjson.Get(out.String(), "data.resultData.runData.Node.0")
	if !run.Exists() {
		return "not run"
	}
	if want := c.Get("want.error.itemIndex"); want.Exists() && want.Int() != run.Get("error.itemIndex").Int() {
		t.Errorf("the error is of item %s, want %s", run.Get("error.itemIndex").Raw, want.Raw)
	}
	return describe(run.Get("executionStatus").Str, run.Get("data.main"), run.Get("error"))
}

func wanted(want gjson.Result) string {
	switch {
	case want.Get("refused").Exists():
		return "refused"
	case want.Get("status").Str == "not run":
		return "not run"
	}
	return describe(want.Get("status").Str, want.Get("outputs"), want.Get("error"))
}

// describe writes an answer line by line. Trailing outputs without items do not count.
func describe(status string, outputs, err gjson.Result) string {
	text := status
	if err.Exists() {
		text += fmt.Sprintf("\n  error %q", err.Get("message").Str)
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
			if b := it.Get("binary"); b.Exists() && b.Raw != "{}" { // Merge leaves an empty one
				text += " binary " + b.Raw
			}
		}
	}
	return text
}

// isAdvice tells descriptions that say what to do in n8n's editor (partly in HTML), or what of the workflow is wrong: these
// are in Cordboard's own words.
func isAdvice(description string) bool {
	for _, start := range []string{"Try changing the type", "\n<p>Try either", "Enable 'Convert types", "The workflow has no node"} {
		if strings.HasPrefix(description, start) {
			return true
		}
	}
	return description == ""
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
	} else if r.Exists() {
		one(r)
	}
	return text
}
