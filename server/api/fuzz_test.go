package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzCursor reads cursors: what is taken can be written and read again, and stays within its bounds.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{"", "e30=", "nonsense", "eyJsaW1pdCI6MiwibGFzdElkIjoiNSJ9", "eyJsaW1pdCI6MSwib2Zmc2V0IjoxfQ==", "bnVsbA==", "eyJsaW1pdCI6LTF9", "W10="} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := page(url.Values{"cursor": {text}})
		if err != nil {
			var r refusal
			if !errors.As(err, &r) || r.status != http.StatusBadRequest {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if c.Limit < 1 || c.Limit > maxLimit || c.Offset < 0 || c.lastID() < 0 {
			t.Fatalf("%q: %+v", text, c)
		}
		again, err := parseCursor(c.text(), 7)
		if err != nil || c.LastID == "" && again != c || again.lastID() != c.lastID() || again.Limit != c.Limit {
			t.Fatalf("%+v was read again as %+v, %v", c, again, err)
		}
	})
}

// FuzzWorkflow checks workflows: what is refused is so with a message, and what is taken has what the store needs.
func FuzzWorkflow(f *testing.F) {
	for _, text := range []string{
		"{}", "[]", "5", `{"name":"a","nodes":[],"connections":{},"settings":{}}`, `{"name":"a","nodes":[{}],"connections":{"A":1},"settings":{}}`,
		`{"name":"a","nodes":[{"name":"A","type":"t","position":[0,0]},{"name":"A","type":"t","position":[0]}],"connections":{},"settings":{"executionTimeout":1}}`,
		`{"name":"a","nodes":{},"nodes":[],"connections":{},"settings":{}}`,
		`{"name":"a","name":5,"nodes":[],"nodes":{},"connections":{},"settings":{},"staticData":"{}"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := checkWorkflow(object{text}, workflowShape)
		var r refusal
		if err != nil {
			if !errors.As(err, &r) || r.status != http.StatusBadRequest || r.message == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		v := object{text}.value()
		if v.Get("name").Str == "" || !v.Get("nodes").IsArray() || !strings.Contains(text, "settings") {
			t.Fatalf("taken: %s", text)
		}
	})
}
