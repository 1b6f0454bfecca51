// Package golden runs cases recorded from n8n through the engine, for the tests of packages of nodes: items, lineage, binary
// data and errors must be those of n8n. Only tests import it.
//
// A case is a file testdata/NAME/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "before"?: [nodes], "want": …}
//
// The node runs behind a trigger with these items (and behind the nodes of "before", in a chain); "timezone" is the workflow's,
// UTC if it is not there. In binary data of input,
// "text" stands for the content as text and "file" for the name of a file in testdata/files. "want" is written by record.mjs,
// which says more.
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
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/runtime"
)

// Main runs a package's tests and looks for goroutines that they left behind. It does not return.
func Main(m *testing.M) {
	code := m.Run()
	regexp2.StopTimeoutClock() // it would end by itself a little later
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// Suite is the cases of a package's folder testdata and how they are compared.
type Suite struct {
	// Types are the nodes of the package; those of package core are there too.
	Types []nodes.Type
	// Options are the engine's, but for its nodes.
	Options runtime.Options
	// Skipped are the cases ("NAME/CASE") that are not met, each with the reason.
	Skipped map[string]string
	// Least is how many cases there are at least.
	Least int
	// Description tells, of the description of an error, what of it is compared; nil means all of it.
	Description func(text string) string
	// Content describes the content of binary data; nil means Text.
	Content func(t testing.TB, f nodes.File, content []byte) string
}

// Files returns the files of the cases in testdata by name ("NAME/CASE").
func Files(t testing.TB) map[string]string {
	t.Helper()
	list, err := filepath.Glob("testdata/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, file := range list {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".json")
		if !strings.HasPrefix(name, "files/") {
			files[name] = file
		}
	}
	return files
}

// Read reads a case, with its binary data filled in.
func Read(t testing.TB, file string) gjson.Result {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	normal, err := nodes.Normalize(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return gjson.Parse(normal)
}

// Run runs every case of the package.
func Run(t *testing.T, s Suite) {
	t.Helper()
	files := Files(t)
	if len(files) == 0 || len(files) < s.Least {
		t.Fatalf("only %d cases", len(files))
	}
	engine := NewEngine(t, s.Options, s.Types...)
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reason := s.Skipped[name]; reason != "" {
				t.Skip(reason)
			}
			c := Read(t, file)
			hasItem := c.Get("want.error.itemIndex").Type == gjson.Number // n8n does not always say which item it was
			got, want := s.answer(t, Answer(t, engine, c), hasItem), s.answer(t, c.Get("want"), hasItem)
			if got != want {
				t.Errorf("%s\ngot  %s\nwant %s", c.Get("node").Raw, got, want)
			}
		})
	}
	for name := range s.Skipped {
		if files[name] == "" {
			t.Errorf("the skipped case %s is not there", name)
		}
	}
}

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

// workflow puts the node of a case behind a trigger with the case's items.
func workflow(t testing.TB, c gjson.Result) string {
	chain := []string{`{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}}`}
	names := []string{"Start"}
	for _, n := range c.Get("before").Array() {
		chain, names = append(chain, n.Raw), append(names, n.Get("name").Str)
	}
	chain, names = append(chain, `{"name":"Node",`+c.Get("node").Raw[1:]), append(names, "Node")
	zone := c.Get("timezone").Str
	if zone == "" {
		zone = "UTC"
	}
	var edges []string
	for i := range len(names) - 1 {
		edges = append(edges, fmt.Sprintf(`%q:{"main":[[{"node":%q,"type":"main","index":0}]]}`, names[i], names[i+1]))
	}
	return fmt.Sprintf(`{"name":"case","nodes":[%s],"connections":{%s},"pinData":{"Start":%s},"settings":{"executionOrder":"v1","timezone":%q}}`,
		strings.Join(chain, ","), strings.Join(edges, ","), Items(t, c.Get("input")), zone)
}

// Items writes a list of items with the content of their binary data in base64.
func Items(t testing.TB, list gjson.Result) string {
	t.Helper()
	var items []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(list.Raw), &items); err != nil {
		t.Fatal(err)
	}
	for i, it := range items {
		if it["binary"] == nil {
			continue
		}
		var b nodes.ObjectBuilder
		gjson.ParseBytes(it["binary"]).ForEach(func(key, f gjson.Result) bool {
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
			b.Raw(key.Str, o.String())
			return true
		})
		items[i]["binary"] = json.RawMessage(b.String())
	}
	text, err := json.Marshal(items)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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

// Answer runs a case and returns what its node came to, in the form of "want".
func Answer(t testing.TB, engine *runtime.Engine, c gjson.Result) gjson.Result {
	t.Helper()
	flow, err := runtime.ParseWorkflow("case", []byte(workflow(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	refused := gjson.Parse(`{"refused":true}`)
	plan, err := engine.Compile(context.Background(), flow)
	if err != nil {
		return refused
	}
	store := &store{}
	execution, err := engine.NewExecution(plan, runtime.RunOptions{Binary: store})
	if err != nil {
		return refused
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
		b.Raw("outputs", store.inline(t, outputs.Raw))
	}
	return gjson.Parse(b.String())
}

func (s Suite) answer(t testing.TB, r gjson.Result, withItem bool) string {
	t.Helper()
	switch {
	case r.Get("refused").Exists():
		return "refused"
	case r.Get("status").Str == "not run":
		return "not run"
	}
	text := r.Get("status").Str
	if err := r.Get("error"); err.Exists() {
		text += fmt.Sprintf("\n  error %q", err.Get("message").Str)
		if i := err.Get("itemIndex"); withItem {
			text += fmt.Sprintf(" of item %d", i.Int())
		}
		d := err.Get("description").Str
		if s.Description != nil {
			d = s.Description(d)
		}
		if d != "" {
			text += fmt.Sprintf("\n  description %q", d)
		}
	}
	lists := r.Get("outputs").Array()
	for len(lists) > 0 && len(lists[len(lists)-1].Array()) == 0 {
		lists = lists[:len(lists)-1]
	}
	for o, list := range lists {
		text += fmt.Sprintf("\n  output %d", o)
		for _, it := range list.Array() {
			text += "\n    " + it.Get("json").Raw + parents(it.Get("pairedItem"))
			it.Get("binary").ForEach(func(key, f gjson.Result) bool {
				text += "\n      " + key.Str + ": " + s.file(t, f)
				return true
			})
		}
	}
	return text
}

// file describes binary data: its fields, and its content.
func (s Suite) file(t testing.TB, f gjson.Result) string {
	t.Helper()
	file := nodes.File{
		MimeType: f.Get("mimeType").Str, FileName: f.Get("fileName").Str, FileExtension: f.Get("fileExtension").Str, FileType: f.Get("fileType").Str,
		Directory: f.Get("directory").Str, FileSize: f.Get("fileSize").String(), Bytes: f.Get("bytes").Int(),
	}
	describe := s.Content
	if describe == nil {
		describe = Text
	}
	data := content(t, f)
	return fmt.Sprintf("%s %q .%s %s %s: %s", file.MimeType, file.FileName, file.FileExtension, file.FileType, file.Directory, describe(t, file, data))
}

// Text describes content as a text of Go with its size, what is no text in base64.
func Text(_ testing.TB, f nodes.File, content []byte) string {
	if utf8.Valid(content) {
		return f.FileSize + " " + strconv.Quote(string(content))
	}
	return f.FileSize + " " + base64.StdEncoding.EncodeToString(content)
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

// store keeps binary data in memory, as a run's store does on disk. One run uses it, from one goroutine at a time.
type store struct{ kept []*strings.Builder }

type entry struct{ *strings.Builder }

func (entry) Close() error { return nil }

// Create is nodes.BinaryStore's.
func (s *store) Create(context.Context) (string, io.WriteCloser, error) {
	b := &strings.Builder{}
	s.kept = append(s.kept, b)
	return "kept:" + strconv.Itoa(len(s.kept)-1), entry{b}, nil
}

// Open is nodes.BinaryStore's.
func (s *store) Open(_ context.Context, id string) (io.ReadCloser, error) {
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
