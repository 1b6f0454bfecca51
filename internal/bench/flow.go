package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// node is a node of a workflow that is measured.
type node struct {
	name, typ string
	version   float64
	params    string
}

var (
	start = node{"Start", "manualTrigger", 1, `{}`}
	noOp  = node{"No Operation", "noOp", 1, `{}`}
)

// chain is a workflow file with its nodes in a row.
func chain(list ...node) []byte {
	f := &file{}
	for i, n := range list {
		f.add(n)
		if i > 0 {
			f.connect(list[i-1].name, 0, n.name)
		}
	}
	return f.text()
}

// file makes a workflow file.
type file struct {
	nodes       []map[string]any
	connections map[string]map[string][][]map[string]any
}

func (f *file) add(n node) {
	typ := n.typ
	if !strings.Contains(typ, ".") {
		typ = "n8n-nodes-base." + typ
	}
	params := n.params
	if params == "" {
		params = "{}"
	}
	f.nodes = append(f.nodes, map[string]any{
		"id": n.name, "name": n.name, "type": typ, "typeVersion": n.version,
		"position": []int{200 * len(f.nodes), 0}, "parameters": json.RawMessage(params),
		"credentials": credentialsOf(typ), "webhookId": n.name,
	})
}

func credentialsOf(typ string) map[string]any {
	if typ != threeCX {
		return nil
	}
	return map[string]any{"threeCXOAuth2Api": map[string]string{"id": "pbx", "name": "PBX"}}
}

func (f *file) connect(from string, output int, to string) {
	if f.connections == nil {
		f.connections = map[string]map[string][][]map[string]any{}
	}
	if f.connections[from] == nil {
		f.connections[from] = map[string][][]map[string]any{"main": nil}
	}
	main := f.connections[from]["main"]
	for len(main) <= output {
		main = append(main, nil)
	}
	main[output] = append(main[output], map[string]any{"node": to, "type": "main", "index": 0})
	f.connections[from]["main"] = main
}

func (f *file) text() []byte {
	text, err := json.Marshal(map[string]any{
		"name": "bench", "nodes": f.nodes, "connections": f.connections, "settings": map[string]string{"executionOrder": "v1"},
	})
	if err != nil {
		panic(err) // parameters in this program that are no JSON
	}
	return text
}

// write puts a file into the bench's directory.
func (b *bench) write(name string, text []byte) (string, error) {
	path := filepath.Join(b.dir, name)
	return path, os.WriteFile(path, text, 0o600)
}

// fields are the parameters of a Set node with these fields, given as name, expression, name, expression, …, beside those that
// came in or alone.
func fields(others bool, list ...string) string {
	var assignments []map[string]string
	for i := 0; i < len(list); i += 2 {
		assignments = append(assignments, map[string]string{"id": list[i], "name": list[i], "value": list[i+1], "type": "string"})
	}
	text, err := json.Marshal(map[string]any{
		"assignments": map[string]any{"assignments": assignments}, "includeOtherFields": others, "options": map[string]any{},
	})
	if err != nil {
		panic(err) // a map of strings always is JSON
	}
	return string(text)
}

// makeItems makes items of about the given size in bytes.
func makeItems(n, size int) nodes.Items {
	const head = 90
	text := strings.Repeat("x", max(0, size-head))
	var b nodes.ItemsBuilder
	b.Grow(n)
	for i := range n {
		b.Add(nodes.NewItem(fmt.Sprintf(`{"id":%d,"name":"user %d","number":%d,"tags":["a","bc","def"],"enabled":%t,"text":%q}`, i, i, i%7, i%2 == 0, text)))
	}
	return b.Items()
}
