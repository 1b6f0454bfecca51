package cordboard_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

func TestPlugins(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	file := b.write(t, "get.json", flow(`"resource":"Users","operation":"Get User","Id":4,"options":{"$select":"Id"},"requestOptions":{"simplify":true}`, ""))
	// A cordboard without the plugin beside it.
	alone := t.TempDir()
	copyFile(t, filepath.Join(programs(t), "cordboard"), filepath.Join(alone, "cordboard"))
	away := t.TempDir()
	pluginFile := filepath.Join(away, "cordboard-node-3cx")
	copyFile(t, filepath.Join(programs(t), "cordboard-node-3cx"), pluginFile)
	run := func(args ...string) result {
		cmd := exec.Command(filepath.Join(alone, "cordboard"), args...)
		cmd.Env = append(os.Environ(), b.env...)
		return finish(t, cmd)
	}
	flags := []string{"run", file, "--credentials", b.credentials}
	if r := run(flags...); r.code != 2 || !strings.Contains(r.stderr, `node "PBX": unknown node type "n8n-nodes-3cx.threecx"`) {
		t.Errorf("missing: got %+v", r)
	}
	flags = append(flags, "--plugin-dir", away)
	want := "plugin " + pluginFile + " is not trusted: it is not pinned (cordboard plugins trust " + pluginFile + ")"
	if r := run(flags...); r.code != 2 || !strings.Contains(r.stderr, want) {
		t.Errorf("not trusted: got %+v, want %s", r, want)
	}
	if r := run("plugins", "trust", pluginFile); r.code != 0 || !strings.Contains(r.stdout, "is trusted with checksum") {
		t.Fatalf("trust: got %+v", r)
	}
	if r := run(flags...); r.code != 0 || r.stdout != "[\n{\"Id\":4}\n]\n" {
		t.Errorf("trusted: got %+v", r)
	}
	f, err := os.OpenFile(pluginFile, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString("x")
	_ = f.Close()
	if r := run(flags...); r.code != 2 || !strings.Contains(r.stderr, "the file has changed since it was trusted") {
		t.Errorf("tampered: got %+v", r)
	}
	if r := run("plugins", "list", "--plugin-dir", away); r.code != 0 || !strings.Contains(r.stdout, pluginFile+"\n  refused: ") {
		t.Errorf("list: got %+v", r)
	}
}

func TestNodesShow(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"list":      {[]string{"list"}, []string{"n8n-nodes-base.set", "n8n-nodes-3cx.threecx", "124 resources, 548 operations", "132 resources, 601 operations"}},
		"operation": {[]string{"show", "n8n-nodes-3cx.threecx", "Users", "Bulk Update"}, []string{"POST", "/xapi/v1/Users/Pbx.BulkUpdate", "ids", "user"}},
		"core node": {[]string{"show", "n8n-nodes-base.limit"}, []string{"maxItems"}},
		"as JSON":   {[]string{"show", "n8n-nodes-3cx.threecx", "Users", "Bulk Update", "--json"}, []string{`"method": "POST"`}},
	} {
		r := b.cordboard(t, "", append([]string{"nodes"}, c.args...)...)
		for _, want := range c.want {
			if r.code != 0 || !strings.Contains(r.stdout, want) {
				t.Errorf("%s: got %+v, want %s", name, r, want)
			}
		}
	}
	if r := b.cordboard(t, "", "nodes", "show", "n8n-nodes-3cx.threecx", "Users", "Bulk Updat"); r.code != 2 || !strings.Contains(r.stderr, `"Bulk Update"`) {
		t.Errorf("misspelt: got %+v", r)
	}
}

// TestGeneratedSet makes a node set of an OpenAPI document and runs it from its descriptor file alone.
func TestGeneratedSet(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	var seen string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/connect/token" {
			fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":60}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		seen = fmt.Sprintf("%s %s %s %s", r.Method, r.URL.EscapedPath(), r.URL.RawQuery, body)
		fmt.Fprint(w, `[{"done":1},{"done":2}]`)
	}))
	defer server.Close()
	doc := b.write(t, "acme.yaml", `openapi: 3.0.3
info: {title: Acme, version: "1"}
servers: [{url: /api}]
paths:
  /customers/{id}/orders:
    post:
      tags: [Orders]
      operationId: CreateOrder
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: dryRun, in: query, schema: {type: boolean}}
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {sku: {type: string}, count: {type: integer, minimum: 1}}}
      responses:
        "200": {description: ok, content: {application/json: {schema: {type: array, items: {type: object}}}}}
`)
	out := filepath.Join(b.dir, "data", "plugins", "cordboard-node-acme.jsonl")
	if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
		t.Fatal(err)
	}
	if r := b.cordboard(t, "", "nodes", "generate", "--openapi", doc, "--type", "acme.shop", "--credential", "acmeApi", "--out", out); r.code != 0 {
		t.Fatalf("generate: got %+v", r)
	}
	acme := func(parameters string) string {
		text := strings.Replace(flow(`"resource":"Orders","operation":"Create Order",`+parameters, ""), "n8n-nodes-3cx.threecx", "acme.shop", 1)
		return strings.Replace(strings.Replace(text, `"typeVersion":2`, `"typeVersion":1`, 1), "threeCXOAuth2Api", "acmeApi", 1)
	}
	creds := b.writeCredentials(t, "acme.json", server.URL, "secret")
	run := func(parameters string) result {
		return b.cordboard(t, "", "run", b.write(t, "flow.json", acme(parameters)), "--credentials", creds)
	}
	if r := run(`"id":"a/b c","dryRun":false,"sku":"x","count":2`); r.code != 0 || r.stdout != "[\n{\"done\":1},\n{\"done\":2}\n]\n" {
		t.Errorf("got %+v", r)
	}
	if want := `POST /api/customers/a%2Fb%20c/orders dryRun=false {"count":2,"sku":"x"}`; seen != want {
		t.Errorf("got  %s\nwant %s", seen, want)
	}
	if r := run(`"id":"a","count":0`); r.code != 1 || !strings.Contains(r.stderr, `parameter "count": must be at least 1`) {
		t.Errorf("got %+v", r)
	}
}

// TestNewerPBX makes a set of the document that a PBX serves, and runs it under a type of its own: it quotes, pages and
// explains as the shipped one.
func TestNewerPBX(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{Users: 175})
	pbx := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `openapi: 3.0.4
info: {title: XAPI, version: 1.0.0}
servers: [{url: /xapi/v1}]
paths:
  /Users:
    get:
      tags: [Users]
      operationId: ListUser
      parameters:
        - {name: $top, in: query, schema: {type: integer}}
        - {name: $skip, in: query, schema: {type: integer}}
        - {name: $select, in: query, explode: false, schema: {type: array, items: {type: string}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {value: {type: array, items: {type: object}}}}}}}}
  "/Users(Number={Number})":
    get:
      tags: [Users]
      operationId: GetUserByNumber
      parameters: [{name: Number, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}
`)
	}))
	defer pbx.Close()
	out := filepath.Join(b.dir, "data", "plugins", "cordboard-node-mypbx.jsonl")
	if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
		t.Fatal(err)
	}
	if r := b.cordboard(t, "", "nodes", "generate", "--openapi", pbx.URL+"/xapi/v1/swagger.yaml", "--type", "our.pbx", "--out", out); r.code != 0 {
		t.Fatalf("generate: got %+v", r)
	}
	run := func(parameters string) result {
		text := strings.Replace(strings.Replace(flow(parameters, ""), "n8n-nodes-3cx.threecx", "our.pbx", 1), `"typeVersion":2`, `"typeVersion":1`, 1)
		return b.cordboard(t, "", "run", b.write(t, "flow.json", text), "--credentials", b.credentials)
	}
	r := run(`"resource":"Users","operation":"List User","options":{"$select":"Id"},"requestOptions":{"returnAll":true}`)
	if r.code != 0 || len(gjson.Parse(r.stdout).Array()) != 200 || len(b.requests()) != 3 {
		t.Errorf("%d users, %d requests: %+v", len(gjson.Parse(r.stdout).Array()), len(b.requests()), r.stderr)
	}
	r = run(`"resource":"Users","operation":"Get User By Number","Number":"9'9"`)
	if got := b.requests()[3].RawPath; r.code != 1 || got != "/xapi/v1/Users(Number='9''9')" || !strings.Contains(r.stderr, "Check that the ids exist") {
		t.Errorf("got %s, %+v", got, r)
	}
}

// TestUnknownMembers: a member that the schema does not know is sent, with a warning that names it.
func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	for name, ids := range map[string]string{"constant": `"[4]"`, "per item": `"={{ [4] }}"`} {
		file := b.write(t, "unknown.json", flow(bulkUpdate+`,"ids":`+ids+`,"user":{"FirstNam":"x","Groups":[{"GroupIdd":2}]}`, ""))
		r := b.cordboard(t, "", "run", file, "--credentials", b.credentials)
		for _, want := range []string{"user/FirstNam", `the nearest is "FirstName"`, "user/Groups/0/GroupIdd", `the nearest is "GroupId"`} {
			if r.code != 0 || !strings.Contains(r.stderr, want) {
				t.Errorf("%s: got %+v, want %s", name, r, want)
			}
		}
		if strings.Count(r.stderr, "warning: ") != 2 {
			t.Errorf("%s: got %s", name, r.stderr)
		}
	}
}
