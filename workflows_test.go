package cordboard_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// folder writes files into a folder of their own and returns its path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// caller is a workflow whose only step calls another one.
func caller(parameters string) string {
	return `{"id":"caller","name":"Caller","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
		{"name":"Call","type":"n8n-nodes-base.executeWorkflow","typeVersion":1.2,"position":[200,0],"parameters":` + parameters + `}],
		"connections":{"Start":{"main":[[{"node":"Call","type":"main","index":0}]]}}}`
}

// called is a workflow with one step behind its trigger.
func called(id, step, settings string) string {
	return `{"id":"` + id + `","name":"Called ` + id + `","settings":{"executionOrder":"v1"` + settings + `},"nodes":[
		{"name":"In","type":"n8n-nodes-base.executeWorkflowTrigger","typeVersion":1,"position":[0,0],"parameters":{}},` + step + `],
		"connections":{"In":{"main":[[{"node":"Work","type":"main","index":0}]]}}}`
}

func setTo(json string) string {
	return `{"name":"Work","type":"n8n-nodes-base.set","typeVersion":3.4,"position":[200,0],"parameters":{"mode":"raw","jsonOutput":` + fmt.Sprintf("%q", json) + `,"options":{}}}`
}

const breaks = `{"name":"Work","type":"n8n-nodes-base.stopAndError","typeVersion":1,"position":[200,0],"parameters":{"errorMessage":"it broke"}}`

func runIn(t *testing.T, o cordboard.Options, file string) (string, error) {
	t.Helper()
	rt, err := cordboard.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	flow, err := rt.LoadFile(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	result, err := rt.Run(t.Context(), flow, cordboard.RunOptions{})
	if result == nil {
		t.Fatal(err)
	}
	defer result.Close()
	var texts []string
	for _, it := range result.Items().All() {
		texts = append(texts, it.JSON())
	}
	return strings.Join(texts, " "), err
}

// TestFindWorkflow calls workflows by id, file, address and through the embedder's own look-up.
func TestFindWorkflow(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/flow.json" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, called("u", setTo(`{"by":"address"}`), ""))
	}))
	defer server.Close()
	dir := folder(t, map[string]string{
		"named.json":     called("x", setTo(`{"by":"name"}`), ""),
		"other.json":     called("by-id", setTo(`{"by":"id"}`), ""),
		"sub/below.json": called("b", setTo(`{"by":"file"}`), ""),
		"private.json":   called("private", setTo(`{}`), `,"callerPolicy":"none"`),
		"listed.json":    called("listed", setTo(`{"by":"list"}`), `,"callerPolicy":"workflowsFromAList","callerIds":"a, caller"`),
		"unlisted.json":  called("unlisted", setTo(`{}`), `,"callerPolicy":"workflowsFromAList","callerIds":"a,b"`),
		"broken.json":    `{"nodes":[`,
	})
	outside := folder(t, map[string]string{"flow.json": called("o", setTo(`{}`), "")})
	if err := os.Symlink(filepath.Join(outside, "flow.json"), filepath.Join(dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	id := func(id string) string { return `{"workflowId":{"__rl":true,"mode":"id","value":"` + id + `"}}` }
	file := func(path string) string { return `{"source":"localFile","workflowPath":"` + path + `"}` }
	for name, c := range map[string]struct{ parameters, want, err string }{
		"name of the file":    {id("named"), `{"by":"name"}`, ""},
		"id in the file":      {id("by-id"), `{"by":"id"}`, ""},
		"plain id":            {`{"workflowId":"by-id"}`, `{"by":"id"}`, ""},
		"no such id":          {id("nope"), "", "node \"Call\": Workflow does not exist.\nNo file in"},
		"path as an id":       {id("../x"), "", "node \"Call\": Workflow does not exist."},
		"no id":               {id(""), "", "node \"Call\": Workflow does not exist.\nThe parameter workflowId is empty."},
		"file":                {file("sub/below.json"), `{"by":"file"}`, ""},
		"whole path":          {file(dir + "/sub/below.json"), `{"by":"file"}`, ""},
		"file outside":        {file(outside + "/flow.json"), "", "node \"Call\": Access to the workflow file path is not allowed"},
		"way out":             {file("../flow.json"), "", "node \"Call\": Access to the workflow file path is not allowed"},
		"link that leads out": {file("link.json"), "", "node \"Call\": the workflow file"},
		"no such file":        {file("nope.json"), "", "node \"Call\": the workflow file " + dir + "/nope.json does not exist"},
		"address":             {`{"source":"url","workflowUrl":"` + server.URL + `/flow.json"}`, `{"by":"address"}`, ""},
		"address of none":     {`{"source":"url","workflowUrl":"` + server.URL + `/x"}`, "", "node \"Call\": the workflow cannot be read: " + server.URL + "/x answered 404 Not Found"},
		"secret address":      {`{"source":"url","workflowUrl":"http://user:s3cret@` + strings.TrimPrefix(server.URL, "http://") + `/x?token=t0ken"}`, "", "node \"Call\": the workflow cannot be read: " + server.URL + "/x answered 404 Not Found"},
		"nobody there":        {`{"source":"url","workflowUrl":"http://user:s3cret@127.0.0.1:1/x?token=t0ken"}`, "", "node \"Call\": the workflow at http://127.0.0.1:1/x cannot be read: dial tcp 127.0.0.1:1"},
		"private":             {id("private"), "", "node \"Call\": The sub-workflow (private) cannot be called by this workflow"},
		"listed":              {id("listed"), `{"by":"list"}`, ""},
		"unlisted":            {id("unlisted"), "", "node \"Call\": The sub-workflow (unlisted) cannot be called by this workflow"},
		"broken":              {id("broken"), "", "node \"Call\": the called workflow cannot be used: "},
	} {
		path := filepath.Join(dir, "caller.json")
		if err := os.WriteFile(path, []byte(caller(c.parameters)), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := runIn(t, cordboard.Options{}, path)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.HasPrefix(err.Error(), c.err)) {
			t.Errorf("%s: got %s, %v; want %s%s", name, got, err, c.want, c.err)
		}
	}
	got, err := runIn(t, cordboard.Options{Workflows: func(_ context.Context, id string) (string, string, error) {
		if id != "mine" {
			return "", "", cordboard.ErrNoWorkflow
		}
		return "mine", called("mine", setTo(`{"by":"function"}`), ""), nil
	}}, filepath.Join(folder(t, map[string]string{"c.json": caller(id("mine"))}), "c.json"))
	if err != nil || got != `{"by":"function"}` {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestDepth ends workflows that call themselves.
func TestDepth(t *testing.T) {
	t.Parallel()
	again := `{"name":"Work","type":"n8n-nodes-base.executeWorkflow","typeVersion":1.2,"position":[200,0],"parameters":{"workflowId":{"__rl":true,"mode":"id","value":"again"}}}`
	dir := folder(t, map[string]string{"again.json": called("again", again, ""), "caller.json": caller(`{"workflowId":{"__rl":true,"mode":"id","value":"again"}}`)})
	for limit, want := range map[int]string{0: "more than 100 deep", 3: "more than 3 deep"} {
		_, err := runIn(t, cordboard.Options{MaxDepth: limit}, filepath.Join(dir, "caller.json"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), `node "Work": `) {
			t.Errorf("limit %d: got %v, want %s", limit, err, want)
		}
	}
}

// TestRunsBeside: the run of a workflow that is not waited for goes on beside the caller's and has ended when that is over.
func TestRunsBeside(t *testing.T) {
	t.Parallel()
	pause := `{"name":"Work","type":"n8n-nodes-base.wait","typeVersion":1.1,"position":[200,0],"parameters":{"amount":0.05}}`
	dir := folder(t, map[string]string{
		"slow.json": called("slow", pause, ""), "broken.json": called("broken", breaks, ""),
		"caller.json":  caller(`{"workflowId":"slow","options":{"waitForSubWorkflow":false}}`),
		"caller2.json": caller(`{"workflowId":"broken","options":{"waitForSubWorkflow":false}}`),
	})
	var (
		mu     sync.Mutex
		events []string
	)
	got, err := runIn(t, cordboard.Options{Observe: func(e runtime.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, fmt.Sprint(e.Depth, e.Kind, e.Node))
	}}, filepath.Join(dir, "caller.json"))
	if err != nil || got != "{}" {
		t.Errorf("got %s, %v", got, err)
	}
	if last := events[len(events)-1]; last != "1run.finished" {
		t.Errorf("the events are %v", events)
	}
	// A run that is not waited for does not end with the one that started it, when that was called itself.
	between := folder(t, map[string]string{
		"top.json":  caller(`{"workflowId":"mid"}`),
		"mid.json":  called("mid", `{"name":"Work","type":"n8n-nodes-base.executeWorkflow","typeVersion":1.2,"position":[200,0],"parameters":{"workflowId":"slow","options":{"waitForSubWorkflow":false}}}`, `,"executionTimeout":30`),
		"slow.json": called("slow", pause, ""),
	})
	events = nil
	if _, err := runIn(t, cordboard.Options{Observe: func(e runtime.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, fmt.Sprint(e.Depth, e.Kind, e.Node, e.Status))
	}}, filepath.Join(between, "top.json")); err != nil {
		t.Error(err)
	}
	if last := events[len(events)-1]; last != "2run.finishedsuccess" {
		t.Errorf("the events are %v", events)
	}
	if got, err := runIn(t, cordboard.Options{}, filepath.Join(dir, "caller2.json")); err != nil || got != "{}" {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestErrorWorkflow: a run that fails starts the workflow that its settings name, or its own Error Trigger, once.
func TestErrorWorkflow(t *testing.T) {
	t.Parallel()
	link := func(nodes, from, to string) string {
		if nodes == "" {
			return ""
		}
		return `,"` + from + `":{"main":[[{"node":"` + to + `","type":"main","index":0}]]}`
	}
	failing := func(settings, more string) string {
		return `{"id":"f","name":"Failing","settings":{"executionOrder":"v1"` + settings + `},"nodes":[
			{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},` + breaks + more + `],
			"connections":{"Start":{"main":[[{"node":"Work","type":"main","index":0}]]}` + link(more, "On error", "Tell") + `}}`
	}
	const tell = `{"name":"On error","type":"n8n-nodes-base.errorTrigger","typeVersion":1,"position":[0,200],"parameters":{}},
		{"name":"Tell","type":"n8n-nodes-base.set","typeVersion":3.4,"position":[200,200],"parameters":{"mode":"raw","jsonOutput":"={{ $json }}","options":{}}}`
	handler := func(last string) string {
		return `{"id":"h","name":"Handler","settings":{"executionOrder":"v1","errorWorkflow":"h"},"nodes":[` + tell + last + `],
			"connections":{"On error":{"main":[[{"node":"Tell","type":"main","index":0}]]}` + link(last, "Tell", "Work") + `}}`
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"settings":         {map[string]string{"f.json": failing(`,"errorWorkflow":"h"`, ""), "h.json": handler("")}, "Start Work Tell"},
		"its own":          {map[string]string{"f.json": failing("", ","+tell)}, "Start Work Tell"},
		"named as its own": {map[string]string{"f.json": failing(`,"errorWorkflow":"f"`, ","+tell)}, "Start Work Tell"},
		"none":             {map[string]string{"f.json": failing("", "")}, "Start Work"},
		"missing":          {map[string]string{"f.json": failing(`,"errorWorkflow":"nope"`, "")}, "Start Work"},
		"fails too":        {map[string]string{"f.json": failing(`,"errorWorkflow":"h"`, ""), "h.json": handler("," + breaks)}, "Start Work Tell Work"},
	} {
		dir := folder(t, c.files)
		var steps []string
		_, err := runIn(t, cordboard.Options{Observe: func(e runtime.Event) {
			if e.Kind == "step.finished" {
				steps = append(steps, e.Node)
			}
		}}, filepath.Join(dir, "f.json"))
		if got := strings.Join(steps, " "); got != c.want || err == nil || err.Error() != `node "Work": it broke` {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, c.want)
		}
	}
}

// TestWaitFirst: a node that waits as the first of a run goes on with the item that it was given.
func TestWaitFirst(t *testing.T) {
	t.Parallel()
	rt, err := cordboard.New(cordboard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	flow, err := rt.Load(t.Context(), "f.json", []byte(`{"settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Wait","type":"n8n-nodes-base.wait","typeVersion":1.1,"position":[0,0],"parameters":{"resume":"webhook"}},
		{"name":"After","type":"n8n-nodes-base.noOp","typeVersion":1,"position":[200,0],"parameters":{}}],
		"connections":{"Wait":{"main":[[{"node":"After","type":"main","index":0}]]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	result, err := rt.Run(t.Context(), flow, cordboard.RunOptions{Start: "Wait", Await: func(context.Context, runtime.Waiting) (*nodes.Items, error) { return nil, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	if result.Items().Len() != 1 || result.LastNode() != "After" {
		t.Errorf("%d items of %s", result.Items().Len(), result.LastNode())
	}
}

// TestCalledTimeout: the caller's timeout ends the runs that it waits for, and a called workflow has its own.
func TestCalledTimeout(t *testing.T) {
	t.Parallel()
	long := `{"name":"Work","type":"n8n-nodes-base.wait","typeVersion":1.1,"position":[200,0],"parameters":{"amount":2,"unit":"hours"}}`
	hook := `{"name":"Work","type":"n8n-nodes-base.wait","typeVersion":1.1,"position":[200,0],"parameters":{"resume":"webhook"}}`
	dir := folder(t, map[string]string{
		"long.json": called("long", long, ""), "short.json": called("short", long, `,"executionTimeout":0.02`), "hook.json": called("hook", hook, ""),
		"a.json": caller(`{"workflowId":"long"}`), "b.json": caller(`{"workflowId":"short"}`), "c.json": caller(`{"workflowId":"hook"}`),
	})
	rt, err := cordboard.New(cordboard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	run := func(file string, limit time.Duration) error {
		flow, err := rt.LoadFile(t.Context(), filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		result, err := rt.Run(ctx, flow, cordboard.RunOptions{})
		if result != nil {
			_ = result.Close()
		}
		return err
	}
	if err := run("a.json", 20*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's: got %v", err)
	}
	if err := run("b.json", time.Minute); err == nil || !strings.Contains(err.Error(), "it took longer than its timeout") {
		t.Errorf("its own: got %v", err)
	}
	if err := run("c.json", time.Minute); err == nil || !strings.Contains(err.Error(), `the node "Work" waits for a call, which only cordboard serve can receive`) {
		t.Errorf("webhook: got %v", err)
	}
}
