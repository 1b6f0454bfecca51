//go:build ignore

// Record fills in what n8n answers for each case of corpus/*.json. See README.md.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
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
const probe = `((v) => v === undefined ? "undefined" : v === null ? "null" : typeof v === "number" ? (v !== v ? "NaN" : v === 0 && 1/v < 0 ? "-0" : v === 1/0 ? "Infinity" : v === -1/0 ? "-Infinity" : "number") : v instanceof Date ? "date" : v instanceof DateTime ? "datetime" : v instanceof Duration ? "duration" : v instanceof Interval ? "interval" : Array.isArray(v) ? "array" : typeof v)`

var onlyNew = flag.Bool("new", false, "record only the cases that have no answer yet")

var table = flag.String("transliteration", "", "write what replaceSpecialChars makes of each character to this file, and record no cases")

// batchSize is how many cases run in one workflow, each in a node of its own.
const batchSize = 50

// alone reports whether a case must run alone: it asks about the node it is in, or could change what others see.
func alone(source string) bool {
	for _, s := range []string{"$(", "$node", "$items", "$input", "$prev", "$item(", "$parameter", "$rawParameter", "$thisItem", "$getPairedItem", "$position", "$execution", "$workflow", "$webhook", " = ", "rototype", "delete ", "__"} {
		if strings.Contains(source, s) {
			return true
		}
	}
	return false
}

func main() {
	flag.Parse()
	args := flag.Args()
	if len(args) == 0 {
		log.Fatal("usage: go run record.go [-new] -- COMMAND...")
	}
	n8n, err := start(args)
	if err != nil {
		log.Fatal(err)
	}
	defer n8n.stop()
	if *table != "" {
		if err := n8n.transliteration(*table); err != nil {
			log.Fatal(err)
		}
		return
	}
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
	var batch []*testCase
	flush := func() error {
		err := n8n.fillAll(&f, batch)
		batch = nil
		return err
	}
	for i := range f.Cases {
		c := &f.Cases[i]
		if *onlyNew && (c.Kind != "" || c.Error != "") {
			continue
		}
		if alone(c.Source) {
			if err := n8n.fill(&f, c); err != nil {
				return fmt.Errorf("%s: %w", c.Source, err)
			}
			continue
		}
		if batch = append(batch, c); len(batch) == batchSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
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

func (c *testCase) assignments() (list []any, one bool) {
	assignment := func(name, kind, value string) map[string]any {
		return map[string]any{"id": name, "name": name, "type": kind, "value": "=" + value}
	}
	assignments := []any{assignment("v", "string", c.Source)}
	code, one := single(c.Source)
	if one {
		code = strings.TrimRight(code, "; \t\n")
		assignments = []any{assignment("v", "object", c.Source), assignment("s", "string", c.Source), assignment("k", "string", "{{ "+probe+"("+code+"\n) }}")}
	}
	return assignments, one
}

// take takes an answer over.
func (c *testCase) take(out answer, one bool) {
	c.Value, c.Kind, c.Error = out.V, "string", ""
	if one {
		switch c.Kind = out.K; c.Kind {
		case "":
			c.Kind = "undefined"
		case "string":
			c.Value = out.S // as an object, JSON text would be read
		}
	}
}

// fill runs a case alone, in the node Probe.
func (s *server) fill(f *file, c *testCase) error {
	assignments, one := c.assignments()
	r, err := s.run(f, workflow(f, assignments))
	if err != nil {
		return err
	}
	c.Kind, c.Value, c.Error = "", nil, ""
	if r.Error.Message != "" {
		c.Error = r.Error.Message
		return nil
	}
	c.take(r.RunData["Probe"][0].Data.Main[0][0].JSON, one)
	return nil
}

// fillAll runs many cases in one workflow.
func (s *server) fillAll(f *file, cases []*testCase) error {
	if len(cases) == 0 {
		return nil
	}
	flow := workflow(f, nil)
	list, followers := flow["nodes"].([]any), []any{}
	for i, c := range cases {
		assignments, _ := c.assignments()
		name := fmt.Sprintf("Case %d", i)
		list = append(list, map[string]any{"id": name, "name": name, "type": "n8n-nodes-base.set", "typeVersion": 3.4, "position": []int{0, i},
			"onError": "continueRegularOutput", "parameters": setParameters(assignments)})
		followers = append(followers, map[string]any{"node": name, "type": "main", "index": 0})
	}
	flow["nodes"] = list
	flow["connections"].(map[string]any)["Items"] = map[string]any{"main": []any{followers}}
	r, err := s.run(f, flow)
	if err != nil {
		return err
	}
	for i, c := range cases {
		_, one := c.assignments()
		runs := r.RunData[fmt.Sprintf("Case %d", i)]
		if len(runs) == 0 {
			return fmt.Errorf("%s: did not run: %s", c.Source, r.Error.Message)
		}
		if runs[0].Error.Message != "" {
			c.Kind, c.Value, c.Error = "", nil, runs[0].Error.Message
			continue
		}
		out := runs[0].Data.Main[0][0].JSON
		if out.Error != "" {
			c.Kind, c.Value, c.Error = "", nil, out.Error
			continue
		}
		c.take(out, one)
	}
	return nil
}

type result struct {
	Error   struct{ Message string }
	RunData map[string][]struct {
		Data struct {
			Main [][]struct{ JSON answer }
		}
		Error struct{ Message string }
	}
}

type answer struct {
	V, S     json.RawMessage
	K, Error string
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

func (s *server) run(f *file, flow map[string]any) (*result, error) {
	s.id++
	items := make([]any, len(f.Items))
	for i, it := range f.Items {
		items[i] = map[string]any{"json": it}
	}
	request, err := json.Marshal(map[string]any{"id": s.id, "workflow": flow, "pin": map[string]any{"Items": items},
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
			node("c", "Probe", "set", 3.4, setParameters(assignments)),
			node("d", "Later", "noOp", 1, none),
			node("e", "Aside", "noOp", 1, none),
		},
		"connections": map[string]any{"Start": to("Items"), "Items": to("Probe"), "Probe": to("Later")},
	}
}

func setParameters(assignments []any) map[string]any {
	return map[string]any{"assignments": map[string]any{"assignments": assignments}, "options": map[string]any{"ignoreConversionErrors": true}}
}

// transliteration writes a line for 16 characters: the first one's code, and what each becomes where that is known. A
// letter behind each character shows the blank that some end in.
func (s *server) transliteration(name string) error {
	var b bytes.Buffer
	for base := 0x80; base < 0x10000; base += 0x80 {
		if base >= 0xD800 && base < 0xE000 {
			continue // halves of pairs
		}
		c := testCase{Source: fmt.Sprintf("{{ Array.from({length: 128}, (_, i) => (String.fromCharCode(%d + i) + 'a').replaceSpecialChars()) }}", base)}
		if err := s.fillAll(&file{Items: []json.RawMessage{json.RawMessage("{}")}}, []*testCase{&c}); err != nil {
			return err
		}
		var list []string
		if err := json.Unmarshal(c.Value, &list); err != nil {
			return err
		}
		for i := 0; i < len(list); i += 16 {
			var row strings.Builder
			for _, text := range list[i:min(i+16, len(list))] {
				if text = strings.TrimSuffix(text, "a"); text == "?" {
					text = ""
				}
				row.WriteString("\t" + strings.ReplaceAll(text, "\n", `\n`))
			}
			if text := strings.TrimRight(row.String(), "\t"); text != "" {
				fmt.Fprintf(&b, "%04x%s\n", base+i, text)
			}
		}
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
