package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/store"
)

func hookFlow(id, name, path string) string {
	return fmt.Sprintf(`{"id":%q,"name":%q,"settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":%q}},
		{"name":"Next","type":"n8n-nodes-base.stopAndError","typeVersion":1,"position":[200,0],"parameters":{"errorMessage":"no"}}],
		"connections":{"Hook":{"main":[[{"node":"Next","type":"main","index":0}]]}}}`, id, name, path)
}

// refused checks that a command could not begin, and why.
func refused(t *testing.T, dir, want string, args ...string) {
	t.Helper()
	code, out, errs := cli(t, dir, "", args...)
	if code != exitNotBegun || out != "" || errs != "error: "+want+"\n" {
		t.Errorf("%v: %d\n%s%swant\n%s", args, code, out, errs, want)
	}
}

// TestWorkflowsByName: names do where they are of one alone.
func TestWorkflowsByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := hookFlow("w1", "Orders", "a") + "," + hookFlow("w2", "Twin", "b") + "," + hookFlow("w3", "Twin", "c") + "," + hookFlow("Orders2", "w1", "d")
	must(t, dir, "["+all+"]", "workflows", "import", "-")
	must(t, dir, "", "workflows", "activate", "Orders")
	if got := must(t, dir, "", "workflows", "export", "--id", "Orders"); !strings.Contains(got, `"id": "w1"`) || !strings.Contains(got, `"active": true`) {
		t.Error(got)
	}
	if got := must(t, dir, "", "workflows", "export", "--id", "w1"); !strings.Contains(got, `"name": "Orders"`) {
		t.Errorf("an id goes before a name: %s", got)
	}
	const several = `there are 2 workflows called "Twin": name one by its id: w2, w3`
	for _, args := range [][]string{
		{"workflows", "activate", "Twin"}, {"workflows", "deactivate", "Twin"}, {"workflows", "export", "--id", "Twin"}, {"executions", "list", "--workflow", "Twin"},
	} {
		refused(t, dir, several, args...)
	}
	refused(t, dir, `workflow "Order": not found; did you mean "Orders"?`, "workflows", "activate", "Order")
	refused(t, dir, `workflow "something else": not found; see: cordboard workflows list`, "executions", "list", "--workflow", "something else")

	fail(t, dir, "/webhook/a")
	list := must(t, dir, "", "executions", "list", "--workflow", "Orders")
	if !regexp.MustCompile(`(?m)^ID .* WORKFLOW  NAME\n1 +error +webhook .* w1 +Orders\n$`).MatchString(list) {
		t.Error(list)
	}
	if got := must(t, dir, "", "executions", "list", "--json"); strings.Contains(got, "Orders") || !strings.Contains(got, `"workflowId": "w1"`) {
		t.Error(got)
	}
	must(t, dir, "", "workflows", "deactivate", "Orders")
	if got := must(t, dir, "", "workflows", "list"); strings.Contains(got, "active") {
		t.Error(got)
	}
}

// TestFileWorkflows: what servers were given as files is told apart, is theirs to serve, and does not go elsewhere.
func TestFileWorkflows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, dir, hookFlow("w1", "Orders", "a"), "workflows", "import", "-")
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.SaveWorkflow(t.Context(), store.Workflow{ID: "file-1", Name: "Ghost", Active: true, Source: "/flows/ghost.json", JSON: hookFlow("", "Ghost", "b")}); err != nil {
		t.Fatal(err)
	}
	if err := db.Beat(t.Context(), "server"); err != nil {
		t.Fatal(err)
	}
	if list := must(t, dir, "", "workflows", "list"); !regexp.MustCompile(`(?m)^file-1 +file +.* Ghost +/flows/ghost.json$`).MatchString(list) || !strings.Contains(list, "w1      -  ") {
		t.Error(list)
	}
	code, all, errs := cli(t, dir, "", "workflows", "export", "--all")
	if code != 0 || strings.Contains(all, "Ghost") || !strings.Contains(all, "Orders") || !strings.Contains(errs, "as files: 1 ") {
		t.Errorf("%d %s%s", code, all, errs)
	}
	one := must(t, dir, "", "workflows", "export", "--id", "Ghost")
	if !strings.Contains(one, `"file-1"`) {
		t.Error(one)
	}
	const served = `workflow "Ghost" comes from a file that the server was started with, /flows/ghost.json: change the file and start the server again, or start it without the file`
	refused(t, dir, served, "workflows", "activate", "Ghost")
	refused(t, dir, served, "workflows", "deactivate", "Ghost")
	refused(t, dir, served, "workflows", "remove", "Ghost")
	must(t, dir, one, "workflows", "import", "-")
	if w, err := db.Workflow(t.Context(), "file-1"); err != nil || w.Active || w.Source != "" {
		t.Errorf("imported: %+v %v", w, err)
	}
}

// TestUnknownCommand: the name of a command is wrong before its flags are.
func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	refused(t, t.TempDir(), `unknown command "delete" for "cordboard workflows": there are activate, deactivate, export, import, list, remove`, "workflows", "delete", "X", "--forced")
	refused(t, t.TempDir(), `say what to do: cordboard apikeys add|list|remove`, "apikeys")
	if code, _, errs := cli(t, t.TempDir(), "", "workflows", "list", "--forced"); code != exitNotBegun || !strings.Contains(errs, "unknown flag: --forced") {
		t.Errorf("%d %s", code, errs)
	}
}

// TestListen: an address that cannot be listened at is told with the flag.
func TestListen(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	busy := l.Addr().String()
	refused(t, t.TempDir(), "--listen "+busy+" is in use by another program: give another address", "serve", "--listen", busy)
	refused(t, t.TempDir(), "--listen 5678: the address must be HOST:PORT, such as 127.0.0.1:5678", "serve", "--listen", "5678")
}

// TestActivateTaken: an address that another active workflow has is told before anything is changed.
func TestActivateTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, dir, "["+hookFlow("w1", "First", "a")+","+hookFlow("w2", "Second", "a")+"]", "workflows", "import", "-")
	must(t, dir, "", "workflows", "activate", "w1")
	must(t, dir, "", "workflows", "activate", "w1") // again
	before := must(t, dir, "", "workflows", "list", "--json")
	refused(t, dir, `workflow "Second" was not activated (deactivate the other one, or give one of them another path): Second: node "Hook": the webhook GET a is already taken by node "Hook" of First`,
		"workflows", "activate", "Second")
	if after := must(t, dir, "", "workflows", "list", "--json"); after != before {
		t.Errorf("it changed: %s", after)
	}
	must(t, dir, "", "workflows", "deactivate", "First")
	must(t, dir, "", "workflows", "activate", "Second")
}

// TestCredentialsByName: names do, and what is not there is told with what is.
func TestCredentialsByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	add := func(kind, name, data string) string {
		return strings.TrimSpace(must(t, dir, data, "credentials", "add", "--type", kind, "--name", name))
	}
	first, second := add("httpHeaderAuth", "Twin", `{"name":"X","value":"`+hidden+`"}`), add("httpBearerAuth", "Twin", `{"token":"`+hidden+`"}`)
	add("httpBearerAuth", "Billing", `{"token":"`+hidden+`"}`)
	if second < first {
		first, second = second, first
	}
	code, _, errs := cli(t, dir, "", "credentials", "remove", "Twin")
	if code != exitNotBegun || !strings.Contains(errs, `there are 2 credentials called "Twin": name one by its id: `+first+" (") || !strings.Contains(errs, ", "+second+" (") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, again := cli(t, dir, "", "credentials", "test", "Twin"); code != exitNotBegun || again != errs {
		t.Errorf("test: %d %s", code, again)
	}
	must(t, dir, "", "credentials", "test", first)
	refused(t, dir, `credential "Biling": not found; did you mean "Billing"?`, "credentials", "remove", "Biling")
	code, _, errs = cli(t, dir, "", "credentials", "test", "Biling")
	if want := `error: the credential "Biling" is missing: there are "Billing" (httpBearerAuth), `; code != exitNotBegun || !strings.HasPrefix(errs, want) {
		t.Errorf("test: %d %s", code, errs)
	}

	flow := filepath.Join(t.TempDir(), "flow.json")
	text := `{"name":"f","nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
		{"name":"Ask","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[200,0],"credentials":{"KIND":{"id":"gone","name":"Bil"}},
		"parameters":{"url":"http://127.0.0.1:1","authentication":"genericCredentialType","genericAuthType":"KIND"}}],
		"connections":{"Start":{"main":[[{"node":"Ask","type":"main","index":0}]]}}}`
	for kind, want := range map[string]string{
		"httpBearerAuth": `the credential "Bil" (id "gone", type httpBearerAuth) is missing: of this type there are "Twin", "Billing"; `,
		"httpBasicAuth":  `the credential "Bil" (id "gone", type httpBasicAuth) is missing: there are none of this type, but `,
	} {
		if err := os.WriteFile(flow, []byte(strings.ReplaceAll(text, "KIND", kind)), 0o600); err != nil {
			t.Fatal(err)
		}
		mend := `; give a file with --credentials, add it (cordboard credentials add --type "` + kind + `" --name "Bil"), or set CORDBOARD_CREDENTIAL_BIL`
		for _, command := range []string{"run", "validate"} {
			code, out, errs := cli(t, dir, "", command, flow)
			// Ids are made by chance, and with them the order.
			if told := strings.Replace(out+errs, `"Billing", "Twin"`, `"Twin", "Billing"`, 1); code != exitNotBegun || !strings.Contains(told, want) || !strings.Contains(told, mend) {
				t.Errorf("%s: %d %s", command, code, told)
			}
		}
	}
	must(t, dir, "", "credentials", "remove", "Billing")
	must(t, dir, "", "credentials", "remove", first)
	must(t, dir, "", "credentials", "remove", "Twin") // one is left
	if got := must(t, dir, "", "credentials", "list", "--json"); got != "[]\n" {
		t.Error(got)
	}
}

// TestTextLogTime: lines of --log text begin with a time; messages to a person at a terminal do not.
func TestTextLogTime(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{"text": `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d) warning: it is late \(by: 3\)\n$`, "": `^warning: it is late \(by: 3\)\n$`} {
		var b bytes.Buffer
		log, err := (&settings{logFormat: format}).logger(&b)
		if err != nil {
			t.Fatal(err)
		}
		log.Warn("it is late", "by", 3)
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("%q: %s", format, b.String())
		}
	}
}
