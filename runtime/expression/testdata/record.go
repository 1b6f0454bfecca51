//go:build ignore

// Record fills in what n8n answers for each case of corpus/*.json. See README.md.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

type file struct {
	Timezone string            `json:"timezone,omitempty"`
	Items    []json.RawMessage `json:"items"`
	Cases    []testCase        `json:"cases"`
}

type testCase struct {
	Source   string          `json:"source"`
	Kind     string          `json:"kind,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
	Error    string          `json:"error,omitempty"`
	Deviates string          `json:"deviates,omitempty"`
	Want     json.RawMessage `json:"want,omitempty"`
	Later    bool            `json:"later,omitempty"`
}

// probe names the kind of a value. It runs inside n8n, around the expression.
const probe = `((v) => v === undefined ? "undefined" : v === null ? "null" : typeof v === "number" ? (v !== v ? "NaN" : v === 0 && 1/v < 0 ? "-0" : v === 1/0 ? "Infinity" : v === -1/0 ? "-Infinity" : "number") : v instanceof Date ? "date" : v instanceof DateTime ? "datetime" : Array.isArray(v) ? "array" : typeof v)`

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		log.Fatal("usage: go run record.go -- COMMAND...")
	}
	n8n, err := start(args)
	if err != nil {
		log.Fatal(err)
	}
	defer n8n.stop()
	names, err := filepath.Glob("corpus/*.json")
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range names {
		if err := record(n8n, name); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
	}
}

func record(n8n *server, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	for i := range f.Cases {
		if err := n8n.fill(&f, &f.Cases[i]); err != nil {
			return fmt.Errorf("%s: %w", f.Cases[i].Source, err)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(f); err != nil {
		return err
	}
	fmt.Printf("%s: %d cases\n", name, len(f.Cases))
	return os.WriteFile(name, b.Bytes(), 0o644)
}

// single returns the code if the source is one {{ }}.
func single(source string) (code string, ok bool) {
	if !strings.HasPrefix(source, "{{") || !strings.HasSuffix(source, "}}") || strings.Count(source, "{{") != 1 || strings.Count(source, "}}") != 1 {
		return "", false
	}
	return source[2 : len(source)-2], true
}

func (s *server) fill(f *file, c *testCase) error {
	assignment := func(name, kind, value string) map[string]any {
		return map[string]any{"id": name, "name": name, "type": kind, "value": "=" + value}
	}
	assignments := []any{assignment("v", "string", c.Source)}
	code, one := single(c.Source)
	if one {
		code = strings.TrimRight(code, "; \t\n")
		assignments = []any{assignment("v", "object", c.Source), assignment("s", "string", c.Source), assignment("k", "string", "{{ "+probe+"("+code+"\n) }}")}
	}
	r, err := s.run(f, assignments)
	if err != nil {
		return err
	}
	c.Kind, c.Value, c.Error = "", nil, ""
	if r.Error.Message != "" {
		c.Error = r.Error.Message
		return nil
	}
	out := r.RunData["Probe"][0].Data.Main[0][0].JSON
	c.Value, c.Kind = out.V, "string"
	if one {
		switch c.Kind = out.K; c.Kind {
		case "":
			c.Kind = "undefined"
		case "string":
			c.Value = out.S // as an object, JSON text would be read
		}
	}
	return nil
}

type result struct {
	Error   struct{ Message string }
	RunData map[string][]struct {
		Data struct {
			Main [][]struct {
				JSON struct {
					V json.RawMessage
					S json.RawMessage
					K string
				}
			}
		}
	}
}

type server struct {
	in    io.WriteCloser
	lines *bufio.Reader
	cmd   *exec.Cmd
	id    int
}

func start(args []string) (*server, error) {
	cmd := exec.Command(args[0], args[1:]...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s := &server{in: in, lines: bufio.NewReaderSize(out, 1<<20), cmd: cmd}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_, err = s.lines.ReadString('\n') // {"ready":true}
	return s, err
}

func (s *server) stop() { _ = s.in.Close(); _ = s.cmd.Wait() }

func (s *server) run(f *file, assignments []any) (*result, error) {
	s.id++
	items := make([]any, len(f.Items))
	for i, it := range f.Items {
		items[i] = map[string]any{"json": it}
	}
	request, err := json.Marshal(map[string]any{"id": s.id, "workflow": workflow(f, assignments), "pin": map[string]any{"Items": items},
		"vars": map[string]string{"myVar": "vv"}, "normalize": true})
	if err != nil {
		return nil, err
	}
	if _, err := s.in.Write(append(request, '\n')); err != nil {
		return nil, err
	}
	line, err := s.lines.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var answer struct {
		OK    bool
		Error string
		Run   struct{ ResultData result }
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return nil, err
	}
	if !answer.OK {
		return nil, fmt.Errorf("n8n: %s", answer.Error)
	}
	return &answer.Run.ResultData, nil
}

// workflow is Start, Items (pinned), Probe, Later, and Aside, which nothing leads to.
func workflow(f *file, assignments []any) map[string]any {
	node := func(id, name, kind string, version float64, params any) map[string]any {
		return map[string]any{"id": id, "name": name, "type": "n8n-nodes-base." + kind, "typeVersion": version,
			"position": []int{0, 0}, "parameters": params}
	}
	none := map[string]any{}
	to := func(name string) any {
		return map[string]any{"main": []any{[]any{map[string]any{"node": name, "type": "main", "index": 0}}}}
	}
	settings := map[string]any{"executionOrder": "v1"}
	if f.Timezone != "" {
		settings["timezone"] = f.Timezone
	}
	return map[string]any{
		"id": "w1", "name": "probe", "settings": settings,
		"nodes": []any{
			node("a", "Start", "manualTrigger", 1, none),
			node("b", "Items", "noOp", 1, none),
			node("c", "Probe", "set", 3.4, map[string]any{"assignments": map[string]any{"assignments": assignments},
				"options": map[string]any{"ignoreConversionErrors": true}}),
			node("d", "Later", "noOp", 1, none),
			node("e", "Aside", "noOp", 1, none),
		},
		"connections": map[string]any{"Start": to("Items"), "Items": to("Probe"), "Probe": to("Later")},
	}
}
