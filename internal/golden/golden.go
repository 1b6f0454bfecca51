// Package golden runs cases recorded from n8n through the engine, for the tests of packages of nodes: items, lineage, binary
// data and errors must be those of n8n. Only tests import it.
//
// A case is a file testdata/NAME/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "before"?: [nodes], "want": …}
//
// The node runs behind a trigger with these items (and behind the nodes of "before", in a chain). A node with several inputs
// has "inputs" instead, a list of items each, null where nothing is connected. "timezone" is the workflow's, UTC if it is not
// there. "credentials" are {TYPE: {fields}}, and the node uses one of each. In binary data of input, "text" stands for the
// content as text and "file" for the name of a file in testdata/files. "want" is written by record.mjs, which says more.
package golden

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// Main runs a package's tests in UTC, where the cases were recorded, and looks for goroutines that they left behind. It does
// not return.
func Main(m *testing.M) {
	time.Local = time.UTC
	_ = os.Setenv("TZ", "UTC") // for JavaScript, and for programs that tests start
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
	// Options are the engine's, but for its nodes and, in cases that have some, its credentials.
	Options runtime.Options
	// Skipped are the cases ("NAME/CASE") that are not met, each with the reason.
	Skipped map[string]string
	// Least is how many cases there are at least.
	Least int
	// Failure tells what of an error is compared; nil means its message and its description.
	Failure func(e gjson.Result) (message, description string)
	// JSON evens out an item's JSON; nil leaves it as it is.
	JSON func(raw string) string
	// Content describes the content of binary data; nil means Text.
	Content func(t testing.TB, f nodes.File, content []byte) string
	// Even evens out what an answer holds of the machine and the moment, in its description; nil leaves it as it is.
	Even func(text string) string
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

// Run runs the cases of the package.
func Run(t *testing.T, s Suite) {
	t.Helper()
	files := Files(t)
	if len(files) == 0 || len(files) < s.Least {
		t.Fatalf("only %d cases", len(files))
	}
	shared := NewEngine(t, s.Options, s.Types...)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reason := s.Skipped[name]; reason != "" {
				t.Skip(reason)
			}
			c, engine := Read(t, files[name]), shared
			if own := c.Get("credentials"); own.Exists() {
				o := s.Options
				o.Credentials = Credentials(t, own.Value().(map[string]any))
				engine = NewEngine(t, o, s.Types...)
			}
			s.Check(t, engine, c)
		})
	}
	for name := range s.Skipped {
		if files[name] == "" {
			t.Errorf("the skipped case %s is not there", name)
		}
	}
}

// Check runs a case and compares what its node comes to with what is wanted.
func (s Suite) Check(t testing.TB, engine *runtime.Engine, c gjson.Result) {
	t.Helper()
	hasItem := c.Get("want.error.itemIndex").Type == gjson.Number // n8n does not always say which item it was
	got, want := s.Describe(t, Answer(t, engine, c), hasItem), s.Describe(t, c.Get("want"), hasItem)
	if got != want {
		t.Errorf("%s\ngot  %s\nwant %s", c.Get("node").Raw, got, want)
	}
}

// Describe writes an answer line by line, of an error the item only withItem. Trailing outputs without items do not count.
func (s Suite) Describe(t testing.TB, r gjson.Result, withItem bool) string {
	t.Helper()
	switch {
	case r.Get("refused").Exists():
		return "refused"
	case r.Get("status").Str == "not run":
		return "not run"
	}
	text := r.Get("status").Str
	if err := r.Get("error"); err.Exists() {
		message, description := err.Get("message").Str, err.Get("description").Str
		if s.Failure != nil {
			message, description = s.Failure(err)
		}
		text += fmt.Sprintf("\n  error %q", message)
		if i := err.Get("itemIndex"); withItem {
			text += fmt.Sprintf(" of item %d", i.Int())
		}
		if description != "" {
			text += fmt.Sprintf("\n  description %q", description)
		}
	}
	lists := r.Get("outputs").Array()
	for len(lists) > 0 && len(lists[len(lists)-1].Array()) == 0 {
		lists = lists[:len(lists)-1]
	}
	for o, list := range lists {
		text += fmt.Sprintf("\n  output %d", o)
		for _, it := range list.Array() {
			raw := it.Get("json").Raw
			if s.JSON != nil {
				raw = s.JSON(raw)
			}
			text += "\n    " + raw + parents(it.Get("pairedItem"))
			it.Get("binary").ForEach(func(key, f gjson.Result) bool {
				text += "\n      " + key.Str + ": " + s.file(t, f)
				return true
			})
		}
	}
	if s.Even != nil {
		text = s.Even(text)
	}
	return text
}

// contentFields are those of binary data that Content describes; the order of the others is n8n's own matter.
var contentFields = []string{"id", "data", "text", "file", "fileSize", "bytes"}

// file describes binary data: its fields, and its content.
func (s Suite) file(t testing.TB, f gjson.Result) string {
	t.Helper()
	var fields []string
	f.ForEach(func(key, v gjson.Result) bool {
		if !slices.Contains(contentFields, key.Str) {
			fields = append(fields, key.Str+" "+v.Raw)
		}
		return true
	})
	slices.Sort(fields)
	file := nodes.File{
		MimeType: f.Get("mimeType").Str, FileName: f.Get("fileName").Str, FileExtension: f.Get("fileExtension").Str, FileType: f.Get("fileType").Str,
		Directory: f.Get("directory").Str, FileSize: f.Get("fileSize").String(), Bytes: f.Get("bytes").Int(),
	}
	describe := s.Content
	if describe == nil {
		describe = Text
	}
	return strings.Join(fields, ", ") + ": " + describe(t, file, content(t, f))
}

// Text describes content as a text of Go with its size, what is no text in base64.
func Text(_ testing.TB, f nodes.File, content []byte) string {
	text := base64.StdEncoding.EncodeToString(content)
	if utf8.Valid(content) {
		text = strconv.Quote(string(content))
	}
	return fmt.Sprintf("%s (%d) %s", f.FileSize, f.Bytes, text)
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
