package markup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes/markup"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { golden.Main(m) }

// TestGolden runs the cases of testdata, recorded from n8n 2.40.7 by internal/golden/record.mjs. n8n names the item only in
// some of its errors; here all of them do.
func TestGolden(t *testing.T) {
	t.Parallel()
	files := golden.Files(t)
	if len(files) < 700 {
		t.Fatalf("only %d cases", len(files))
	}
	for name := range skipped {
		if files[name] == "" {
			t.Errorf("the skipped case %s is not there", name)
		}
	}
	engine := golden.NewEngine(t, runtime.Options{}, markup.Nodes()...)
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reason := skipped[name]; reason != "" {
				t.Skip(reason)
			}
			c := golden.Read(t, file)
			answer, want := golden.Answer(t, engine, c), c.Get("want")
			got := describe(answer, want.Get("error.itemIndex").Exists())
			if want := describe(want, true); got != want {
				t.Errorf("%s\n%.2000s\ngot  %s\nwant %s", c.Get("node").Raw, c.Get("input").Raw, got, want)
			}
		})
	}
}

// plain writes the characters that JSON may escape as they are.
var plain = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\u2028`, "\u2028", `\u2029`, "\u2029")

// describe writes what a node came to line by line.
func describe(r gjson.Result, withItem bool) string {
	switch {
	case r.Get("refused").Exists():
		return "refused"
	case r.Get("status").Str == "not run":
		return "not run"
	}
	text := r.Get("status").Str
	if e := r.Get("error"); e.Exists() {
		text += fmt.Sprintf("\n  error %q", e.Get("message").Str)
		if i := e.Get("itemIndex"); withItem && i.Type == gjson.Number {
			text += " of item " + i.Raw
		}
	}
	for o, list := range r.Get("outputs").Array() {
		for _, it := range list.Array() {
			text += fmt.Sprintf("\n  output %d: %s <", o, plain.Replace(it.Get("json").Raw))
			for _, p := range it.Get("pairedItem").Array() { // of an object: itself
				text += " " + p.Get("item").String()
			}
			it.Get("binary").ForEach(func(key, _ gjson.Result) bool {
				text += " binary " + key.Str
				return true
			})
		}
	}
	return text
}

func TestDescriptors(t *testing.T) {
	t.Parallel()
	golden.Descriptors(t, markup.Nodes(), "html/unknown-operation", "markdown/unknown-mode", "xml/unknown-mode")
}
