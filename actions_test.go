package cordboard_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// The four ways in which every operation is called: with what it must have, with everything that it can have, with
// everything at its zero value, and with null wherever null is allowed.
const (
	least = "least"
	full  = "full"
	zero  = "zero"
	null  = "null"
)

// TestEveryAction sends every operation of both API versions through cordboard and the real plugin, in four ways, each
// version and way being one workflow. The simulator says what arrived; its router reads paths with a grammar of its own.
func TestEveryAction(t *testing.T) {
	t.Parallel()
	set, err := threecx.Set()
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range []struct {
		version    string
		node       float64
		operations int
	}{{"20.0.7", 1, 548}, {"20.0.10", 2, 601}} {
		pages := operationsOf(t, set, api.node)
		if len(pages) != api.operations {
			t.Fatalf("%s has %d operations, want %d", api.version, len(pages), api.operations)
		}
		for _, way := range []string{least, full, zero, null} {
			t.Run(api.version+"/"+way, func(t *testing.T) {
				t.Parallel()
				everyAction(t, &sampler{set: set, way: way}, api.version, api.node, pages)
			})
		}
	}
}

func operationsOf(t *testing.T, set descriptors.Set, version float64) []*descriptors.Operation {
	t.Helper()
	all, err := set.Nodes()
	if err != nil {
		t.Fatal(err)
	}
	node, err := descriptors.PickVersion(all, "n8n-nodes-3cx.threecx", version)
	if err != nil {
		t.Fatal(err)
	}
	var pages []*descriptors.Operation
	for _, r := range node.Resources {
		for _, o := range r.Operations {
			page, err := set.Operation(node.Type, version, r.Name, o.Name)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, page)
		}
	}
	return pages
}

func everyAction(t *testing.T, s *sampler, api string, version float64, pages []*descriptors.Operation) {
	b := newBed(t, pbxsim.Options{Version: api})
	values := make([]map[string]any, len(pages))
	for i, page := range pages {
		values[i] = s.values(t, page)
	}
	file := b.write(t, "flow.json", fanOut(t, version, pages, values))
	r := b.cordboard(t, "", "run", file, "--credentials", b.credentials, "--output", "run")
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, short(r.stderr))
	}
	requests := b.requests()
	if len(requests) != len(pages) {
		t.Errorf("%d requests for %d operations", len(requests), len(pages))
	}
	byID := map[string]pbxsim.Request{}
	for _, request := range requests {
		byID[request.Operation] = request
	}
	for i, page := range pages {
		got, ok := byID[page.ID]
		if !ok {
			t.Errorf("%s was not called: %s", page.ID, step(r, page))
			continue
		}
		compareRequest(t, page, values[i], got)
		// 404 and 409 are of the company's state, and so is that users keep their ids and numbers.
		if answer := step(r, page); (got.Status == 400 && !strings.Contains(answer, "cannot be changed")) || got.Status == 401 || got.Status == 405 || got.Status >= 500 {
			t.Errorf("%s: answered %d: %s", page.ID, got.Status, answer)
		}
	}
	if n := b.sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d tokens were minted, want 1", n)
	}
}

// step is what the operation's node put out.
func step(r result, page *descriptors.Operation) string {
	return short(gjson.Get(r.stdout, "data.resultData.runData."+gjson.Escape(page.ID)+".0.data").Raw)
}

func short(text string) string { return text[:min(len(text), 600)] }

// fanOut is a workflow whose start leads to every operation; what fails goes on.
func fanOut(t *testing.T, version float64, pages []*descriptors.Operation, values []map[string]any) string {
	t.Helper()
	list := []any{map[string]any{"name": "Manual Trigger", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": []int{0, 0}, "parameters": map[string]any{}}}
	var followers []any
	for i, page := range pages {
		parameters := map[string]any{"resource": page.Resource, "operation": page.Name}
		options := map[string]any{}
		for name, value := range values[i] {
			if strings.HasPrefix(name, "$") { // the community node keeps query options there
				options[name] = value
				continue
			}
			parameters[name] = value
		}
		if len(options) > 0 {
			parameters["options"] = options
		}
		list = append(list, map[string]any{"name": page.ID, "type": "n8n-nodes-3cx.threecx", "typeVersion": version, "position": []int{200, 100 * i},
			"parameters": parameters, "onError": "continueRegularOutput",
			"credentials": map[string]any{"threeCXOAuth2Api": map[string]any{"name": "PBX"}}})
		followers = append(followers, map[string]any{"node": page.ID, "type": "main", "index": 0})
	}
	text, err := json.Marshal(map[string]any{"name": "every action", "nodes": list, "settings": map[string]any{"executionOrder": "v1"},
		"connections": map[string]any{"Manual Trigger": map[string]any{"main": []any{followers}}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compareRequest holds what arrived to what the parameters mean. The path is compared segment by segment, decoded.
func compareRequest(t *testing.T, page *descriptors.Operation, values map[string]any, got pbxsim.Request) {
	t.Helper()
	if got.Method != page.Request.Method {
		t.Errorf("%s: method %s, want %s", page.ID, got.Method, page.Request.Method)
	}
	path, body, query := "/xapi/v1"+page.Request.Path, map[string]any{}, url.Values{}
	for _, p := range page.Properties {
		value, ok := values[p.Name]
		switch {
		case !ok:
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", strings.ReplaceAll(odataLiteral(p, value), "/", "\x00"))
		case p.In == "body":
			body[p.Name] = value
		case p.In == "header" && value != nil && got.IfMatch != value:
			t.Errorf("%s: If-Match is %q, want %q", page.ID, got.IfMatch, value)
		case p.In == "query" && value != nil && value != "":
			query.Set(p.Name, fmt.Sprint(value))
		}
	}
	var segments []string
	for segment := range strings.SplitSeq(got.RawPath, "/") {
		text, err := url.PathUnescape(segment)
		if err != nil {
			t.Errorf("%s: %s: %v", page.ID, got.RawPath, err)
		}
		segments = append(segments, strings.ReplaceAll(text, "/", "\x00"))
	}
	if arrived := strings.Join(segments, "/"); arrived != path {
		t.Errorf("%s: path %q, want %q", page.ID, arrived, path)
	}
	if arrived, err := url.ParseQuery(got.Query); err != nil || arrived.Encode() != query.Encode() {
		t.Errorf("%s: query %q, want %q", page.ID, got.Query, query.Encode())
	}
	if !page.Request.Body {
		if got.Body != "" || got.ContentType != "" {
			t.Errorf("%s: body %q of type %q, want none", page.ID, got.Body, got.ContentType)
		}
		return
	}
	var arrived any
	if err := json.Unmarshal([]byte(got.Body), &arrived); err != nil || !reflect.DeepEqual(arrived, decoded(t, body)) {
		t.Errorf("%s: body %s, want %v", page.ID, short(got.Body), body)
	}
}

func odataLiteral(p descriptors.Property, value any) string {
	text, ok := value.(string)
	if value == nil {
		return "null"
	}
	if !ok || p.Format == "date-time" || p.Format == "uuid" || p.Format == "date" {
		return fmt.Sprint(value)
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// decoded is a value as it comes out of JSON.
func decoded(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestReferenceIsRunnable validates every workflow of docs/3cx, as a reader who saves it to a file would.
func TestReferenceIsRunnable(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	pages, err := filepath.Glob("docs/3cx/*.md")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"validate", "--credentials", b.write(t, "named.json", `[{"id":"1","name":"3CX","type":"threeCXOAuth2Api","data":{"baseUrl":"http://127.0.0.1:1","clientId":"900","clientSecret":"secret"}}]`)}
	files := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(string(text), "```json\n") {
			workflow, _, ok := strings.Cut(part, "```")
			if ok {
				args = append(args, b.write(t, fmt.Sprintf("%03d-%s.json", files, filepath.Base(page)), workflow))
				files++
			}
		}
	}
	if files < 601 {
		t.Errorf("docs/3cx has %d workflows, which is fewer than there are operations", files)
	}
	r := b.cordboard(t, "", args...)
	if want := fmt.Sprintf("%d files, nothing wrong\n", files); r.code != 0 || r.stderr != want {
		t.Errorf("got %d %s %s, want %s", r.code, short(r.stdout), short(r.stderr), want)
	}
}
