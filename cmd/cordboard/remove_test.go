package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/store"
)

// slowFlow answers its webhook at once and then does what one node does.
func slowFlow(id, path, kind, version, parameters string) string {
	return `{"id":"` + id + `","name":"Slow ` + id + `","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"` + path + `"}},
		{"name":"Next","type":"n8n-nodes-base.` + kind + `","typeVersion":` + version + `,"position":[200,0],"parameters":` + parameters + `}],
		"connections":{"Hook":{"main":[[{"node":"Next","type":"main","index":0}]]}}}`
}

// answers calls a webhook and returns the status.
func answers(t *testing.T, address string) int {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// call calls a webhook that answers.
func call(t *testing.T, address string) {
	t.Helper()
	if status := answers(t, address); status != http.StatusOK {
		t.Fatalf("%s: %d", address, status)
	}
}

// statuses are those of a workflow's executions, the newest first.
func statuses(t *testing.T, dir, workflow string) string {
	t.Helper()
	return gjson.Get(must(t, dir, "", "executions", "list", "--json", "--workflow", workflow), "#.status").Raw
}

// askElsewhere asks other servers than the one at work to stop an execution: none is led further with the key, or believed.
func askElsewhere(t *testing.T, dir, id string) {
	t.Helper()
	keyTaken := false
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		keyTaken = keyTaken || req.Header.Get("X-N8N-API-KEY") != ""
	}))
	defer thief.Close()
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, thief.URL, http.StatusTemporaryRedirect)
	}))
	defer away.Close()
	refused(t, dir, "POST "+away.URL+"/api/v1/executions/"+id+"/stop answered 307 Temporary Redirect; is it the server of this database? --server says which one to ask", "executions", "stop", id, "--server", away.URL)
	if keyTaken {
		t.Error("the key went to where a server redirects to")
	}
	refused(t, dir, "POST "+thief.URL+"/api/v1/executions/"+id+"/stop answered 200 OK; is it the server of this database? --server says which one to ask", "executions", "stop", id, "--server", thief.URL)
}

// TestStopAndRemove stops what is under way in a server and what waits, and removes workflows when nothing of them goes on.
func TestStopAndRemove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	reached := make(chan struct{}, 1)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		reached <- struct{}{}
		<-req.Context().Done()
	}))
	defer silent.Close()
	must(t, dir, "["+slowFlow("w1", "ask", "httpRequest", "4.2", `{"url":"`+silent.URL+`"}`)+","+
		slowFlow("w2", "wait", "wait", "1.1", `{"resume":"webhook"}`)+","+slowFlow("w3", "never", "noOp", "1", `{}`)+"]", "workflows", "import", "-")
	must(t, dir, "", "workflows", "activate", "w1")
	must(t, dir, "", "workflows", "activate", "w2")
	must(t, dir, "", "workflows", "remove", "w3")
	srv := startServer(t, "--data-dir", dir)

	refused(t, dir, `workflow "Slow w1" is active: deactivate it first (cordboard workflows deactivate w1)`, "workflows", "remove", "Slow w1")
	refused(t, dir, `workflow "Slow w4": not found; did you mean "Slow w1"?`, "workflows", "remove", "Slow w4")

	call(t, srv.address+"/webhook/ask")
	<-reached
	id := gjson.Get(must(t, dir, "", "executions", "list", "--json", "--status", "running"), "0.id").String()
	must(t, dir, "", "workflows", "deactivate", "w1")
	code, _, errs := cli(t, dir, "", "workflows", "remove", "w1")
	if want := fmt.Sprintf(`error: workflow "Slow w1" has executions that have not ended, such as %s (running): wait for them, or stop them (cordboard executions stop %[1]s)`, id); code != exitNotBegun || errs != "waiting until no server that runs serves it any more\n"+want+"\n" {
		t.Errorf("%d %s, want %s", code, errs, want)
	}
	if status := answers(t, srv.address+"/webhook/ask"); status != http.StatusNotFound {
		t.Errorf("the server that runs still serves it: %d", status)
	}
	nobody := httptest.NewServer(nil)
	nobody.Close()
	code, _, errs = cli(t, dir, "", "executions", "stop", id, "--server", strings.Replace(nobody.URL, "http://", "http://me:"+hidden+"@", 1)+"/?k="+hidden)
	if want := "error: POST " + nobody.URL + "/"; code != exitNotBegun || !strings.HasPrefix(errs, want) || !strings.Contains(errs, "; the execution is under way: say with --server") || strings.Contains(errs, hidden) {
		t.Errorf("%d %s, want %s", code, errs, want)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	refused(t, dir, "POST "+other.URL+"/api/v1/executions/"+id+"/stop answered 404 Not Found; is it the server of this database? --server says which one to ask",
		"executions", "stop", id, "--server", other.URL)
	askElsewhere(t, dir, id)
	must(t, dir, "", "executions", "stop", id, "--server", srv.address+"/")
	refused(t, dir, "execution "+id+" has ended already, it is canceled: there is nothing to stop", "executions", "stop", id)
	if keys := must(t, dir, "", "apikeys", "list", "--json"); keys != "[]\n" {
		t.Errorf("a key was left: %s", keys)
	}
	must(t, dir, "", "workflows", "remove", "w1")
	refused(t, dir, "execution "+id+": not found", "executions", "show", id)

	call(t, srv.address+"/webhook/wait")
	srv.stop() // what waits lies in the database
	waits := gjson.Get(must(t, dir, "", "executions", "list", "--json", "--status", "waiting"), "0.id").String()
	must(t, dir, "", "executions", "stop", waits)
	if got := statuses(t, dir, "w2"); got != `["canceled"]` {
		t.Error(got)
	}
	if out := must(t, dir, "", "executions", "show", waits); gjson.Get(out, "status").Str != "canceled" {
		t.Error(out)
	}
}

// TestStopOfGone: an execution of a server that is gone is not taken up again once it was stopped, and its data goes with the workflow.
func TestStopOfGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, dir, slowFlow("w1", "a", "noOp", "1", `{}`), "workflows", "import", "-")
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w, err := db.Workflow(t.Context(), "w1")
	if err != nil {
		t.Fatal(err)
	}
	held, err := db.Create(t.Context(), store.NewExecution{WorkflowID: w.ID, VersionID: w.VersionID, Mode: "webhook", Start: "Hook", Owner: "gone", Binary: "b1", Entry: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "binary", "b1")
	if err := os.MkdirAll(binary, 0o700); err != nil {
		t.Fatal(err)
	}
	must(t, dir, "", "executions", "stop", fmt.Sprint(held.ID), "--server", "http://127.0.0.1:1")
	if got := statuses(t, dir, "w1"); got != `["canceled"]` {
		t.Error(got)
	}
	must(t, dir, "", "workflows", "remove", "w1")
	if _, err := os.Stat(binary); !os.IsNotExist(err) {
		t.Errorf("the binary data is still there: %v", err)
	}
	if got := must(t, dir, "", "executions", "list", "--json"); got != "[]\n" {
		t.Error(got)
	}
}
