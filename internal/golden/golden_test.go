package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { Main(m) }

const wanted = `{"status":"error","error":{"message":"m","description":"d","itemIndex":1},"outputs":[[{"json":{"a":1},"pairedItem":{"item":0},` +
	`"binary":{"f":{"mimeType":"text/plain","fileType":"text","fileExtension":"txt","fileName":"a.txt","fileSize":"2 B","bytes":2,"data":"aGk="}}},{"json":{"b":[]},"pairedItem":[{"item":1,"input":1}]}],[]]}`

// TestDifferences: each thing that is compared makes a difference, and what means the same makes none.
func TestDifferences(t *testing.T) {
	t.Parallel()
	describe := func(change string) string {
		old, by, _ := strings.Cut(change, " → ")
		if !strings.Contains(wanted, old) {
			t.Fatalf("there is no %s", old)
		}
		return Suite{}.Describe(t, gjson.Parse(strings.Replace(wanted, old, by, 1)), true)
	}
	want := describe(`error → error`)
	for _, change := range []string{
		`"error" → "success"`, `"m" → "n"`, `"d" → "e"`, `"itemIndex":1 → "itemIndex":2`, `"a":1 → "a":1.0`, `"a":1 → "a":1,"c":null`, `"item":0 → "item":2`, `"input":1 → "input":2`,
		`,"input":1}] → }]`, `"f":{ → "g":{`, `text/plain → text/css`, `"fileType":"text", → `, `txt" → text"`, `a.txt → b.txt`, `2 B → 3 B`, `"bytes":2 → "bytes":3`, `aGk= → aGo=`,
		`,{"json":{"b":[]},"pairedItem":[{"item":1,"input":1}]} → `, `[[{ → [[],[{`, `],[]] → ],[{"json":{}}]]`,
	} {
		if describe(change) == want {
			t.Errorf("%s makes no difference", change)
		}
	}
	for _, change := range []string{`,[]] → ]`, `{"item":0} → [{"item":0,"input":0}]`, `{"item":0} → 0`, `"data":"aGk=" → "text":"hi"`, `"bytes":2, → "id":"x","bytes":2,`} {
		if got := describe(change); got != want {
			t.Errorf("%s makes a difference:\n%s\n%s", change, got, want)
		}
	}
}

// TestAnswers: what a case says of its input comes to its node.
func TestAnswers(t *testing.T) {
	t.Parallel()
	engine := NewEngine(t, runtime.Options{})
	noOp := `{"node":{"type":"n8n-nodes-base.noOp","typeVersion":1,"parameters":{}},`
	for text, want := range map[string]string{
		noOp + `"input":[{"json":{"a":"<é>"},"binary":{"f":{"mimeType":"text/plain","fileSize":"2 B","text":"hi"}}},{"json":{}}]}`: `success
  output 0
    {"a":"<é>"} < 0
      f: mimeType "text/plain": 2 B (0) "hi"
    {} < 1`,
		noOp + `"before":[{"name":"First","type":"n8n-nodes-base.limit","typeVersion":1,"parameters":{}}],"input":[{"json":{"a":1}},{"json":{"a":2}}]}`: "success\n  output 0\n    {\"a\":1} < 0",
		`{"node":{"type":"n8n-nodes-base.merge","typeVersion":3,"parameters":{}},"inputs":[[{"json":{"a":1}}],[{"json":{"b":2}}]]}`: `success
  output 0
    {"a":1} < 0
    {"b":2} < 0 of input 1`,
		`{"node":{"type":"n8n-nodes-base.noSuch","typeVersion":1,"parameters":{}},"input":[]}`: "refused",
	} {
		if got := (Suite{}).Describe(t, Answer(t, engine, Read(t, caseFile(t, text))), true); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func caseFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "case.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
