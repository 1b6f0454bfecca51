package server

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/store"
)

const tickFlow = `{"name":"f","settings":{"executionOrder":"v1"},"nodes":[
	{"name":"Tick","type":"n8n-nodes-base.scheduleTrigger","typeVersion":1.2,"position":[0,0],"parameters":{"rule":{"interval":[{"field":"hours"}]}}},
	{"name":"Work","type":"test.node","typeVersion":1,"position":[200,0],"parameters":{}}],
	"connections":{"Tick":{"main":[[{"node":"Work","type":"main","index":0}]]}}}`

// TestOnServed: what comes to be served while the server runs is told once, and not what is served already.
func TestOnServed(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, nil)
	r.listen(`{"path":"before"}`)
	var told []string
	r.OnServed(func(address string) { told = append(told, address) }) // with the server's lock held
	for _, w := range []store.Workflow{
		{ID: "w1", Name: "first", JSON: followedFlow("a", "1")}, {ID: "w2", Name: "timed", JSON: tickFlow},
		{ID: "w1", Name: "first", JSON: followedFlow("a", "2")}, {ID: "w2", Name: "timed", JSON: tickFlow},
		{ID: "w1", Name: "first", JSON: strings.Replace(followedFlow("b", "3"), `"path":`, `"httpMethod":"PUT","path":`, 1)},
	} {
		if err := r.Activate(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Activate(t.Context(), store.Workflow{ID: "w3", Name: "late", JSON: followedFlow("before", "x")}); !errors.Is(err, errTaken) {
		t.Error(err)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
	if got, want := strings.Join(told, ", "), `GET /webhook/a, the trigger "Tick" of "f", PUT /webhook/b`; got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
	if got, want := strings.Join(r.Addresses(), ", "), `GET /webhook/before, PUT /webhook/b, the trigger "Tick" of "f"`; got != want {
		t.Errorf("served %s\nwant %s", got, want)
	}
}

// TestConflict looks at what is active, and serves nothing.
func TestConflict(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, nil)
	save := func(w store.Workflow) store.Workflow {
		t.Helper()
		w, err := r.store.SaveWorkflow(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	save(store.Workflow{ID: "w1", Name: "holder", Active: true, JSON: followedFlow("a", "1")})
	save(store.Workflow{ID: "w0", Name: "idle", JSON: followedFlow("idle", "1")})
	save(store.Workflow{ID: "f1", Name: "file", Active: true, Source: filepath.Join(t.TempDir(), "f.json"), JSON: followedFlow("file", "1")})
	save(store.Workflow{ID: "broken", Name: "broken", Active: true, JSON: `{"name":"x","nodes":[{"name":"Hook","type":"no.such","position":[0,0],"parameters":{}}],"connections":{}}`})
	for _, c := range []struct {
		id, path string
		files    bool
		want     string
	}{
		{"new", "a", false, `new: node "Hook": the webhook GET a is already taken by node "Hook" of holder`},
		{"new", "b", true, ""},
		{"w1", "a", true, ""}, // itself
		{"new", "idle", true, ""},
		{"new", "file", false, ""},
		{"new", "file", true, `new: node "Hook": the webhook GET file is already taken by node "Hook" of file`},
	} {
		err := r.Conflict(t.Context(), store.Workflow{ID: c.id, Name: c.id, JSON: followedFlow(c.path, "x")}, c.files)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != c.want || err != nil && !errors.Is(err, errTaken) {
			t.Errorf("%+v: %s", c, text)
		}
	}
	if got := r.Addresses(); len(got) > 0 {
		t.Errorf("it serves %v", got)
	}
	if _, err := r.store.Workflow(t.Context(), "new"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

// TestAddFileRefused: the file of a workflow that cannot be served is not kept.
func TestAddFileRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, nil)
	if err := r.add(hook, `{"path":"a"}`); err != nil {
		t.Fatal(err)
	}
	for node, want := range map[string]string{
		`"type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}`:     "the workflow has no trigger that waits for events",
		`"type":"n8n-nodes-base.webhook","typeVersion":2,"parameters":{"path":"a"}`: `the webhook GET a is already taken`,
	} {
		flow, err := r.rt.Load(t.Context(), "idle.json", []byte(`{"id":"idle","name":"idle","nodes":[{"name":"Start","position":[0,0],`+node+`}],"connections":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.AddFile(t.Context(), flow); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if w, err := r.store.Workflow(t.Context(), "idle"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("it was kept: %+v, %v", w, err)
		}
	}
}
