package runtime_test

import (
	"strings"
	"testing"

	"github.com/cordboard/cordboard/runtime"
)

func TestParseWorkflowErrors(t *testing.T) {
	t.Parallel()
	const start = `{"name":"Start","type":"n8n-nodes-base.manualTrigger","position":[0,0],"parameters":{}}`
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"  \n", `f.json: the file is empty (a workflow file is what n8n saves with Download)`},
		"not JSON":      {"{\n  \"nodes\": [,]\n}", `f.json: this is not JSON: line 2, column 13: invalid character ',' looking for beginning of value (a workflow file is what n8n saves with Download)`},
		"cut off":       {`{"nodes": [`, `f.json: this is not JSON: line 1, column 11: unexpected end of JSON input (a workflow file is what n8n saves with Download)`},
		"no workflow":   {`{"a": 1}`, `f.json: this is JSON, but no workflow: it has no list "nodes" (a workflow file has the keys nodes and connections)`},
		"a number":      {`42`, `f.json: this is JSON, but no workflow: it has no list "nodes" (a workflow file has the keys nodes and connections)`},
		"empty list":    {`[]`, `f.json: the file holds an empty list and no workflow`},
		"several":       {`[{"name":"a","nodes":[]},{"name":"b","nodes":[]}]`, `f.json: the file holds 2 workflows: "a", "b" (put the one to run into a file of its own)`},
		"one is broken": {`[{"nodes":[]},{"nodes":1}]`, `f.json[1]: this is JSON, but no workflow: it has no list "nodes" (a workflow file has the keys nodes and connections)`},
		"two of one name": {
			`{"nodes":[` + start + `,` + start + `],"connections":{}}`,
			`f.json: node "Start": two nodes have this name (connections go by name: rename one of them)`,
		},
		"to a missing node": {
			`{"nodes":[` + start + `],"connections":{"Start":{"main":[[{"node":"Strat","type":"main","index":0}]]}}}`,
			`f.json: a connection from "Start" leads to the node "Strat", which is not in the workflow (the nearest name is "Start")`,
		},
		"from a missing node": {
			`{"nodes":[` + start + `],"connections":{"Other":{"main":[[]]}}}`,
			`f.json: a connection leads from the node "Other", which is not in the workflow (connect it anew, or remove the connection)`,
		},
		"node without a name": {`{"nodes":[{"type":"x"}]}`, `f.json: nodes[0] has no name`},
		"node without a type": {`{"nodes":[{"name":"A"}]}`, `f.json: node "A": the node has no type`},
		"pinned nonsense":     {`{"nodes":[` + start + `],"pinData":{"Start":[1]}}`, `f.json: node "Start": its pinned data: element 0: an item must be an object, and this is 1`},
		"too deep":            {strings.Repeat("[", 2000), `f.json: this is not JSON: the JSON is nested deeper than 1000 levels (a workflow file is what n8n saves with Download)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := runtime.ParseWorkflow("f.json", []byte(c.text))
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestParseWorkflowForms(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":         `{"name":"w","nodes":[]}`,
		"export of one": `[{"name":"w","nodes":[]}]`,
		"API answer":    `{"data":{"name":"w","nodes":[]}}`,
		"byte order":    "\uFEFF" + `{"name":"w","nodes":[]}`,
	} {
		w, err := runtime.ParseWorkflow(name, []byte(text))
		if err != nil || w.Name != "w" {
			t.Errorf("%s: %v, %v", name, w, err)
		}
	}
}

func TestParseItems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"array of objects": {`[{"a":1},{"b":2}]`, `{"a":1} {"b":2}`},
		"array of items":   {`[{"json":{"a":1}},{"json":{"b":2},"pairedItem":0}]`, `{"a":1} {"b":2}`},
		"not an item":      {`[{"json":{"a":1},"other":1},{"json":5}]`, `{"json":{"a":1},"other":1} {"json":5}`},
		"one object":       {`{"a":1}`, `{"a":1}`},
		"a line each":      {"{\"a\":1}\n\n{\"a\":2}\r\n", `{"a":1} {"a":2}`},
		"empty":            {"\n", ``},
		"keys":             {`{"b":1,"1":2,"0":3,"b":4}`, `{"0":3,"1":2,"b":4}`},
		"digits stay":      {`{"n":12345678901234567890, "f":1.50}`, `{"n":12345678901234567890,"f":1.50}`},
		"bad":              {`{"a":`, `error: unexpected end of JSON input`},
		"bad line":         {"{\"a\":1}\n{]", `error: line 2: invalid character ']' looking for beginning of object key string`},
		"no object":        {`[1]`, `error: element 0: an item must be an object, and this is 1`},
	} {
		items, err := runtime.ParseItems(c.text)
		var got []string
		for _, it := range items.All() {
			got = append(got, it.JSON())
		}
		text := strings.Join(got, " ")
		if err != nil {
			text = "error: " + err.Error()
		}
		if text != c.want {
			t.Errorf("%s: got %s, want %s", name, text, c.want)
		}
	}
}

func FuzzParseWorkflow(f *testing.F) {
	f.Add(`{"nodes":[{"name":"A","type":"t","position":[0,1],"parameters":{"x":"={{ 1 }}"}}],"connections":{"A":{"main":[null,[{"node":"A"}]]}}}`)
	f.Add(`{"data":[{"nodes":[]}],"pinData":{"A":[{"json":{}}]}}`)
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = runtime.ParseWorkflows("f", []byte(text))
	})
}

func FuzzParseItems(f *testing.F) {
	f.Add(`[{"json":{"a":1},"binary":{"d":{"mimeType":"x","fileSize":3}},"pairedItem":[{"item":1,"input":2}]}]`)
	f.Add("{}\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		items, err := runtime.ParseItems(text)
		if err != nil {
			return
		}
		for _, it := range items.All() {
			again, err := runtime.ParseItems(it.JSON())
			if err != nil || again.Len() != 1 {
				t.Errorf("%q gave the item %q, which cannot be read back: %v", text, it.JSON(), err)
			}
		}
	})
}
