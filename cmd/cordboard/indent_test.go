package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

// TestIndenter: whatever the pieces are in which JSON comes, it is that of json.Indent.
func TestIndenter(t *testing.T) {
	t.Parallel()
	texts := []string{
		`{}`, `[]`, `1`, "{ \"a b\" :\t[ 1 ,\r\n { } ] }\n", `"a"`, `[[],{}]`, `{"a":{}}`, `{"a":[],"b":[{}]}` + "\n", `{"a":"{\"b\": [1,2]}\\","c\\\"":[1.50,null,true,"\\"],"d":{"e":{"f":[[1],[2,3]]}}}` + "\n",
	}
	for _, text := range texts {
		var want bytes.Buffer
		if err := json.Indent(&want, []byte(text), "", "  "); err != nil {
			t.Fatal(err)
		}
		for name, from := range map[string]io.Reader{"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text))} {
			var got strings.Builder
			if _, err := io.Copy(&indenter{w: &got}, struct{ io.Reader }{from}); err != nil || got.String() != want.String() {
				t.Errorf("%s, %s: %s, %v", text, name, got.String(), err)
			}
		}
	}
	if _, err := (&indenter{w: failingWriter{}}).Write([]byte(`{}`)); err == nil {
		t.Error("an error of the writer was lost")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

// TestRunObjectIndented: n8n's run object is broken into lines, by run and by executions show alike, and is the same JSON.
func TestRunObjectIndented(t *testing.T) {
	t.Parallel()
	code, out, errs := cli(t, t.TempDir(), "", "run", write(t, "odd.json", odd), "--output", "run")
	var want bytes.Buffer
	if err := json.Indent(&want, []byte(out), "", "  "); err != nil || code != exitFailed || out != want.String() || strings.Count(out, "\n") < 30 {
		t.Errorf("%d %s%s %v", code, out, errs, err)
	}
}
