package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/server"
	"github.com/cordboard/cordboard/store"
)

// hidden is the secret of these tests.
const hidden = "canary-93bd"

// cli runs a command on a data directory; it returns the exit code, standard output and standard error.
func cli(t *testing.T, dir, stdin string, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(t.Context(), append(args, "--data-dir", dir), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// must is cli for what succeeds; it returns standard output.
func must(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	code, out, errs := cli(t, dir, stdin, args...)
	if code != 0 {
		t.Fatalf("%v: exit code %d\n%s", args, code, errs)
	}
	return out
}

// TestAddTwice: a second credential of a name and type is a mistake, or takes the first one's place.
func TestAddTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	add := []string{"credentials", "add", "--type", "httpHeaderAuth", "--name", "Key"}
	id := must(t, dir, `{"name":"X-Key","value":"old"}`, add...)
	if code, _, errs := cli(t, dir, `{"name":"X-Key","value":"new"}`, add...); code == 0 || !strings.Contains(errs, "--replace") {
		t.Errorf("%d %s", code, errs)
	}
	if again := must(t, dir, `{"name":"X-Key","value":"new"}`, append(add, "--replace")...); again != id {
		t.Errorf("it is %s, was %s", again, id)
	}
	if other := must(t, dir, `{"token":"x"}`, "credentials", "add", "--type", "httpBearerAuth", "--name", "Key"); other == id {
		t.Error("another type took its place")
	}
	if got := must(t, dir, "", "credentials", "export", "--decrypted"); strings.Contains(got, "old") || !strings.Contains(got, "new") {
		t.Error(got)
	}
}

// TestImportOverActive: a version that could not be served does not take the place of one that is.
func TestImportOverActive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flow := func(kind string) string {
		return `{"id":"w1","name":"w","settings":{},"nodes":[{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"a"}},
			{"name":"Next","type":"` + kind + `","typeVersion":1,"position":[200,0],"parameters":{}}],"connections":{"Hook":{"main":[[{"node":"Next","type":"main","index":0}]]}}}`
	}
	must(t, dir, flow("n8n-nodes-base.noOp"), "workflows", "import", "-")
	must(t, dir, flow("n8n-nodes-base.nooop"), "workflows", "import", "-") // what is inactive may be in the making
	must(t, dir, flow("n8n-nodes-base.noOp"), "workflows", "import", "-")
	must(t, dir, "", "workflows", "activate", "w1")
	code, out, errs := cli(t, dir, flow("n8n-nodes-base.nooop"), "workflows", "import", "-")
	if code == 0 || out != "" || !strings.Contains(errs, `workflow "w1" is active, and this version of it cannot be served`) || !strings.Contains(errs, "nooop") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if got := must(t, dir, "", "workflows", "export", "--id", "w1"); !strings.Contains(got, "noOp") {
		t.Error(got)
	}
}

// TestRequiredWithDefault: n8n's files leave out what is as the editor has it.
func TestRequiredWithDefault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "redis.json")
	text := `{"name":"r","nodes":[{"name":"S","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
		{"name":"R","type":"n8n-nodes-base.redis","typeVersion":1,"position":[200,0],"parameters":{"operation":"get","key":%s,"options":{}},"credentials":{"redis":{"id":"1","name":"r"}}}],
		"connections":{"S":{"main":[[{"node":"R","type":"main","index":0}]]}}}`
	creds := filepath.Join(dir, "creds.json")
	if err := os.WriteFile(creds, []byte(`[{"id":"1","name":"r","type":"redis","data":{"host":"127.0.0.1"}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{`"out"`: 0, `""`: exitNotBegun} {
		if err := os.WriteFile(file, fmt.Appendf(nil, text, key), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, errs := cli(t, dir, "", "validate", file, "--credentials", creds); code != want {
			t.Errorf("key %s: %d %s%s", key, code, out, errs)
		}
	}
}

func TestCredentialsCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var said strings.Builder
	say := func(text string) string {
		said.WriteString(text)
		return text
	}
	id := strings.TrimSpace(must(t, dir, `{"name":"X-Key","value":"`+hidden+`"}`, "credentials", "add", "--type", "httpHeaderAuth", "--name", "Header"))
	export := filepath.Join(t.TempDir(), "n8n.json")
	if err := os.WriteFile(export, []byte(`[{"id":"c2","name":"Basic","type":"httpBasicAuth","data":{"user":"u","password":"`+hidden+`"}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, dir, "", "credentials", "import", export)
	if got := say(must(t, dir, "", "credentials", "list")); !strings.Contains(got, "Header") || !strings.Contains(got, "c2") {
		t.Errorf("list: %s", got)
	}
	say(must(t, dir, "", "credentials", "list", "--json"))
	say(must(t, dir, "", "credentials", "export"))
	if got := say(must(t, dir, "", "credentials", "test", "Header")); !strings.Contains(got, "no server to ask") {
		t.Errorf("test: %s", got)
	}
	if strings.Contains(said.String(), hidden) {
		t.Error("a secret came out")
	}
	// What is exported with secrets is imported again, and is the same then.
	file := filepath.Join(t.TempDir(), "all.json")
	must(t, dir, "", "credentials", "export", "--decrypted", "--output", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	other := t.TempDir()
	must(t, other, "", "credentials", "import", file)
	text, err := os.ReadFile(file)
	if got := must(t, other, "", "credentials", "export", "--decrypted"); err != nil || got != string(text) || strings.Count(got, hidden) != 2 {
		t.Errorf("again: %s", got)
	}
	must(t, dir, "", "credentials", "remove", id)
	if code, _, errs := cli(t, dir, "", "credentials", "remove", id); code != exitNotBegun || !strings.Contains(errs, "not found") {
		t.Errorf("remove again: %d %s", code, errs)
	}
	if code, _, errs := cli(t, dir, "not JSON "+hidden, "credentials", "add", "--type", "a", "--name", "b"); code != exitNotBegun || strings.Contains(errs, hidden) {
		t.Errorf("bad data: %d %s", code, errs)
	}
	db, err := os.ReadFile(filepath.Join(dir, "cordboard.db"))
	if err != nil || bytes.Contains(db, []byte(hidden)) {
		t.Errorf("the database has a secret in the clear, or %v", err)
	}
}

// TestCredentialsTest asks a token server.
func TestCredentialsTest(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if _, secret, _ := req.BasicAuth(); secret != "right" && req.PostFormValue("client_secret") != "right" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		fmt.Fprint(w, `{"access_token":"t","token_type":"bearer","expires_in":60}`)
	}))
	defer tokens.Close()
	dir := t.TempDir()
	for name, secret := range map[string]string{"good": "right", "bad": hidden} {
		must(t, dir, fmt.Sprintf(`{"grantType":"clientCredentials","accessTokenUrl":%q,"clientId":"a","clientSecret":%q}`, tokens.URL, secret),
			"credentials", "add", "--type", "oAuth2Api", "--name", name)
	}
	if got := must(t, dir, "", "credentials", "test", "good"); !strings.Contains(got, "it works") {
		t.Errorf("good: %s", got)
	}
	if code, out, errs := cli(t, dir, "", "credentials", "test", "bad"); code != exitFailed || out != "" || !strings.Contains(errs, "does not work") || strings.Contains(errs, hidden) {
		t.Errorf("bad: %d %s%s", code, out, errs)
	}
	if code, _, _ := cli(t, dir, "", "credentials", "test", "nobody"); code != exitNotBegun {
		t.Errorf("nobody: %d", code)
	}
}

// TestRunUsesStoredCredential runs a workflow that names a credential which only the data directory has.
func TestRunUsesStoredCredential(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 2)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked <- req.Header.Get("X-Key")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"ok":true}`)
	}))
	defer srv.Close()
	dir := t.TempDir()
	must(t, dir, `{"name":"X-Key","value":"`+hidden+`"}`, "credentials", "add", "--type", "httpHeaderAuth", "--name", "Header")
	flow := filepath.Join(t.TempDir(), "flow.json")
	write := func(credential string) {
		if err := os.WriteFile(flow, fmt.Appendf(nil, `{"name":"f","nodes":[
			{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
			{"name":"Ask","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[200,0],%s
			 "parameters":{"url":%q,"authentication":"genericCredentialType","genericAuthType":"httpHeaderAuth"}}],
			"connections":{"Start":{"main":[[{"node":"Ask","type":"main","index":0}]]}},"settings":{"executionOrder":"v1"}}`, credential, srv.URL), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`"credentials":{"httpHeaderAuth":{"id":"gone","name":"Header"}},`)
	if out := must(t, dir, "", "run", flow); !strings.Contains(out, `"ok":true`) || <-asked != hidden {
		t.Errorf("run: %s", out)
	}
	// One that names none gets none, even if there is one alone.
	write("")
	if code, _, errs := cli(t, dir, "", "run", flow); code == 0 || strings.Contains(errs, hidden) || len(asked) > 0 {
		t.Errorf("without a name: %d %s", code, errs)
	}
}

func TestAPIKeysCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := strings.TrimSpace(must(t, dir, "", "apikeys", "add", "--label", "ci", "--scope", "workflow:read,tag:list", "--expires", "90d"))
	if !strings.HasPrefix(key, "cordboard_") || strings.Contains(key, "\n") {
		t.Errorf("key %q", key)
	}
	_, _, told := cli(t, dir, "", "apikeys", "add", "--label", "all")
	if !strings.Contains(told, "it may do everything; --scope limits it. It expires: never.") {
		t.Errorf("add: %s", told)
	}
	list := must(t, dir, "", "apikeys", "list")
	if !strings.Contains(list, "  never  ") {
		t.Errorf("list: %s", list)
	}
	must(t, dir, "", "apikeys", "remove", "all")
	if !strings.Contains(list, "ci") || !strings.Contains(list, "workflow:read,tag:list") || strings.Contains(list, key) {
		t.Errorf("list: %s", list)
	}
	for _, bad := range [][]string{{"add"}, {"add", "--label", "a", "--scope", "everything"}, {"add", "--label", "a", "--expires", "soon"}, {"remove", "nobody"}} {
		if code, _, errs := cli(t, dir, "", append([]string{"apikeys"}, bad...)...); code != exitNotBegun || errs == "" {
			t.Errorf("%v: %d %s", bad, code, errs)
		}
	}
	must(t, dir, "", "apikeys", "remove", "ci")
	if list := must(t, dir, "", "apikeys", "list", "--json"); list != "[]\n" {
		t.Errorf("afterwards: %s", list)
	}
}

const oddFlow = `{"connections": {}, "zebra": 1.0, "name": "Odd <&>", "nodes": [{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],
	"parameters":{"path":"a","big":12345678901234567890,"e":1e5}}], "settings": {}, "id": "odd1", "active": true, "tags": [{"id":"x","name":"blue"}]}`

// TestWorkflowsRoundTrip exports, imports and exports: the bytes stay.
func TestWorkflowsRoundTrip(t *testing.T) {
	t.Parallel()
	dir, files := t.TempDir(), t.TempDir()
	first := filepath.Join(files, "in.json")
	if err := os.WriteFile(first, []byte("["+oddFlow+`,{"name":"No id","nodes":[],"connections":{}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	ids := strings.Fields(must(t, dir, "", "workflows", "import", first))
	if len(ids) != 2 || ids[0] != "odd1" {
		t.Fatalf("ids %v", ids)
	}
	if list := must(t, dir, "", "workflows", "list"); strings.Contains(list, "active") || !strings.Contains(list, "blue") {
		t.Errorf("list: %s", list)
	}
	must(t, dir, "", "workflows", "activate", "odd1")
	one := must(t, dir, "", "workflows", "export", "--id", "odd1")
	for _, want := range []string{"12345678901234567890", "1e5", `"zebra": 1.0`, `"Odd <&>"`, `"active": true`} {
		if !strings.Contains(one, want) {
			t.Errorf("the export lacks %s:\n%s", want, one)
		}
	}
	if strings.Index(one, "connections") > strings.Index(one, "zebra") || strings.Index(one, "zebra") > strings.Index(one, `"name"`) {
		t.Error("the order of the keys is another")
	}
	all := must(t, dir, "", "workflows", "export", "--all")
	if again := must(t, dir, "", "workflows", "export", "--all"); again != all {
		t.Error("two exports differ")
	}
	must(t, dir, all, "workflows", "import", "-")
	if again := must(t, dir, "", "workflows", "export", "--all"); again != all {
		t.Errorf("imported again, it is another: %s", again)
	}
	out := filepath.Join(files, "out")
	must(t, dir, "", "workflows", "export", "--all", "--separate", "--output", out)
	for name, from := range map[string]string{"the same": dir, "another": t.TempDir()} {
		must(t, from, "", "workflows", "import", "--active", out)
		if got := must(t, from, "", "workflows", "export", "--all"); got != all {
			t.Errorf("%s directory: %s\nwant %s", name, got, all)
		}
		must(t, from, all, "workflows", "import", "--active", "-")
		if got := must(t, from, "", "workflows", "export", "--all"); got != all {
			t.Errorf("%s directory, from an array: %s", name, got)
		}
	}
	must(t, dir, "", "workflows", "deactivate", "odd1")
	if list := must(t, dir, "", "workflows", "list", "--json"); strings.Contains(list, `"active": true`) {
		t.Errorf("deactivated: %s", list)
	}
	for _, bad := range [][]string{{"export"}, {"export", "--id", "nobody"}, {"activate", "nobody"}, {"activate", ids[1]}, {"import", filepath.Join(files, "gone.json")}} {
		if code, _, errs := cli(t, dir, "", append([]string{"workflows"}, bad...)...); code != exitNotBegun || errs == "" {
			t.Errorf("%v: %d %s", bad, code, errs)
		}
	}
}

// TestExecutionsCommands looks at executions that a server left, and tries one again.
func TestExecutionsCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, dir, `{"id":"w1","name":"f","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"a"}},
		{"name":"Set","type":"n8n-nodes-base.set","typeVersion":3.4,"position":[100,0],"parameters":{"mode":"raw","jsonOutput":"{\"n\":2}"}},
		{"name":"Stop","type":"n8n-nodes-base.stopAndError","typeVersion":1,"position":[200,0],"parameters":{"errorMessage":"no way"}}],
		"connections":{"Hook":{"main":[[{"node":"Set","type":"main","index":0}]]},"Set":{"main":[[{"node":"Stop","type":"main","index":0}]]}}}`, "workflows", "import", "-")
	must(t, dir, "", "workflows", "activate", "w1")
	fail(t, dir, "/webhook/a")
	if got := must(t, dir, "", "executions", "list", "--status", "error", "--workflow", "w1"); !strings.Contains(got, "webhook") {
		t.Errorf("list: %s", got)
	}
	var run struct {
		Status string
		Data   struct {
			ResultData struct{ LastNodeExecuted string }
		}
	}
	if err := json.Unmarshal([]byte(must(t, dir, "", "executions", "show", "1")), &run); err != nil || run.Status != "error" || run.Data.ResultData.LastNodeExecuted != "Stop" {
		t.Errorf("show: %+v, %v", run, err)
	}
	code, out, errs := cli(t, dir, "", "executions", "retry", "1")
	if code != 0 || out != "2\n" || !strings.Contains(errs, "no server runs") {
		t.Errorf("retry: %d %s%s", code, out, errs)
	}
	var list []struct {
		ID, RetryOf int64
		Status      string
	}
	if err := json.Unmarshal([]byte(must(t, dir, "", "executions", "list", "--json")), &list); err != nil || len(list) != 2 || list[0].Status != "new" || list[0].RetryOf != 1 {
		t.Errorf("list: %+v, %v", list, err)
	}
	fail(t, dir, "") // a server that begins it
	if got := must(t, dir, "", "executions", "list", "--json"); strings.Count(got, `"error"`) != 2 {
		t.Errorf("afterwards: %s", got)
	}
	for _, bad := range [][]string{{"show", "x"}, {"show", "99"}, {"retry", "99"}, {"prune"}, {"list", "--status", "x"}, {"show", "1", "--output", "x"}, {"prune", "--keep", "0"}} {
		if code, _, errs := cli(t, dir, "", append([]string{"executions"}, bad...)...); code != exitNotBegun || errs == "" {
			t.Errorf("%v: %d %s", bad, code, errs)
		}
	}
	if got := must(t, dir, "", "executions", "prune", "--keep", "1"); got != "1\n" {
		t.Errorf("prune: %s", got)
	}
	if got := must(t, dir, "", "executions", "list", "--json"); strings.Contains(got, `"id": 1,`) {
		t.Errorf("pruned: %s", got)
	}
}

// fail runs a server until one execution has failed: that of a call, or one of the queue.
func fail(t *testing.T, dir, path string) {
	t.Helper()
	failed := make(chan struct{}, 10)
	rt, err := cordboard.New(cordboard.Options{TokenDir: t.TempDir(), Observe: func(e runtime.Event) {
		if e.Kind == "run.finished" {
			failed <- struct{}{}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	srv, err := server.New(rt, server.Options{Store: db, DataDir: dir, Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	if err := srv.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	l := httptest.NewUnstartedServer(nil).Listener
	go func() { ended <- srv.Serve(ctx, l) }()
	if path != "" {
		res, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	<-failed
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
