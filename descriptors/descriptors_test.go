package descriptors_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestStartCase(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ActiveCalls": "Active Calls", "GetMCURow": "Get MCU Row", "GetM365Users": "Get M 365 Users", "OAuthClients": "O Auth Clients",
		"AISettings": "AI Settings", "If-Match": "If Match", "$orderby": "Orderby", "@odata.id": "Odata Id", "IPAddrMask": "IP Addr Mask",
		"startDate": "Start Date", "GetX509": "Get X 509", "": "", "--": "", "üBER": "Ü BER",
	} {
		if got := descriptors.StartCase(name); got != want {
			t.Errorf("StartCase(%q) = %q, want %q", name, got, want)
		}
	}
}

// small is a descriptor file written by hand.
const small = `{
  "node": {"type": "acme.crm", "aliases": ["CUSTOM.crm"], "displayName": "CRM", "versions": [1, 1.1], "dialect": "plain", "basePath": "/v2",
    "properties": [{"name": "requestOptions", "type": "collection"}]},
  "operations": [
    {"resource": "Contact", "name": "Get", "id": "get", "request": {"method": "GET", "path": "/contacts/{id}"},
      "properties": [{"name": "id", "type": "string", "in": "path", "required": true}],
      "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
      "response": {"status": 200, "kind": "entity", "schema": {"$ref": "cordboard://acme/1/Contact"}}},
    {"resource": "Contact", "name": "Create", "id": "create", "writes": true, "request": {"method": "POST", "path": "/contacts", "body": true},
      "properties": [{"name": "contactName", "type": "string", "in": "body"}],
      "response": {"status": 201, "kind": "any"}}
  ],
  "schemas": {"cordboard://acme/1/Contact": {"type": "object", "properties": {"name": {"type": "string"}}}}
}`

func TestLoadFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	document := filepath.Join(folder, "crm.json")
	if err := os.WriteFile(document, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := descriptors.LoadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var f descriptors.File
	if err := json.Unmarshal([]byte(small), &f); err != nil {
		t.Fatal(err)
	}
	lines := filepath.Join(folder, "crm.jsonl")
	if err := descriptors.WriteFile(lines, &f); err != nil {
		t.Fatal(err)
	}
	again, err := descriptors.LoadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	if set.Hash() != again.Hash() {
		t.Error("the document and the lines differ")
	}
	nodes, err := again.Nodes()
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(nodes)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"type":"acme.crm","aliases":["CUSTOM.crm"],"displayName":"CRM","versions":[1,1.1],"dialect":"plain","basePath":"/v2",` +
		`"properties":[{"name":"requestOptions","displayName":"Request Options","type":"collection"}],"propertyNames":["contactName","id"],` +
		`"resources":[{"name":"Contact","operations":[{"name":"Get","id":"get","method":"GET","path":"/contacts/{id}"},` +
		`{"name":"Create","id":"create","method":"POST","path":"/contacts","writes":true}]}]}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	op, err := again.Operation("custom.CRM", 1.1, "Contact", "Create")
	if err != nil || op.Summary != "Contact: Create" || op.Properties[0].DisplayName != "Contact Name" {
		t.Errorf("got %+v, %v", op, err)
	}
	if _, err := again.Schema("cordboard://acme/1/Contct"); err == nil || err.Error() != lines+` has no schema with the address "cordboard://acme/1/Contct"` {
		t.Errorf("got %v", err)
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, to, want string }{
		{"json", `"versions": [1, 1.1]`, `"versions": [1, 1.1`, "is not JSON"},
		{"unknown key", `"basePath"`, `"basPath"`, `crm.json: /node: has unknown members: "basPath" (did you mean "basePath"?); rename or remove them`},
		{"missing", `"method": "GET", `, ``, `crm.json: /operations/0/request/method: is required, and is not set; add it`},
		{"method", `"method": "GET"`, `"method": "GTE"`, `crm.json: /operations/0/request/method: must be one of "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", is the text "GTE"; did you mean "GET"?; change it so`},
		{"placeholder", `/contacts/{id}`, `/contacts/{key}`, "crm.json: /operations/0/properties/0/name: the path \"/contacts/{key}\" has no place {id}; put it into the path, or change its place\n" +
			`crm.json: /operations/0/request/path: nothing fills {key}; add a property {"name": "key", "type": "string", "in": "path", "required": true}`},
		{"body", `, "body": true`, ``, `crm.json: /operations/1/properties/0/in: the request has no body for "contactName"; add "body": true to the request, or change the place`},
		{"twice", `"name": "Create"`, `"name": "Get"`, `crm.json: /operations/1/name: the resource "Contact" has two operations "Get"; rename one of them`},
		{"status", `"status": 201`, `"status": 204`, `crm.json: /operations/1/response/kind: status 204 and kind "any" do not fit; a 204 has the kind "none", and nothing else has`},
		{"required", `"required": ["id"]`, `"required": ["ids"]`, `crm.json: /operations/0/schema/required/0: no property is called "ids"; did you mean "id"?`},
		{"version", `[1, 1.1]`, `[1, 1]`, `crm.json: /node/versions/1: the version 1 stands twice; remove one`},
		{"schema", `acme/1/Contact"}`, `acme/1/Person"}`, `has no schema with the address "cordboard://acme/1/Person"; mend the schema, or add the schema that it refers to`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(small, c.from, c.to, 1)
			set, err := descriptors.Parse("crm.json", []byte(text))
			if err == nil {
				err = descriptors.LintError(descriptors.Lint("crm.json", set))
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if set, err := descriptors.Parse("crm.json", []byte(small)); err != nil || descriptors.Lint("crm.json", set) != nil {
		t.Errorf("the good file: %v", err)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`{"format":"cordboard.descriptor/1","node":{"type":"a","versions":[1]}}` + "\nnot JSON\n", "f: line 2 is not a JSON object; each line of the file must be one"},
		{`[]`, "the descriptor cannot be used: f: /: must be an object, is a list of 0; change it so"},
		{`{"node":{"type":"a","versions":[]}}`, ""},
	} {
		_, err := descriptors.Parse("f", []byte(c.text))
		if c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	set, err := descriptors.Parse("f", []byte(`{"format":"cordboard.descriptor/9","node":{"type":"a","versions":[1]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Nodes(); err == nil || err.Error() != `f: the format is "cordboard.descriptor/9", this program reads "cordboard.descriptor/1"; generate the file anew` {
		t.Errorf("got %v", err)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	core := descriptors.SetOf(
		&descriptors.Node{Type: "n8n-nodes-base.set", Versions: []float64{1, 2}},
		&descriptors.Node{Type: "n8n-nodes-base.set", Versions: []float64{3, 3.4}},
	)
	set, err := threecx.Set()
	if err != nil {
		t.Fatal(err)
	}
	joined := descriptors.Join(core, set)
	index, err := descriptors.NewIndex(joined)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		nodeType            string
		version             float64
		resource, operation string
		want                string
	}{
		{"N8N-nodes-base.Set", 3.4, "", "", ""},
		{"n8n-nodes-3cx.threecx", 1, "Users", "Bulk Update", ""},
		{"custom.THREECX", 2, "Users", "Bulk Update", ""},
		{"n8n-nodes-base.sett", 1, "", "", `no node has the type "n8n-nodes-base.sett"; did you mean "n8n-nodes-base.set"?`},
		{"acme.unheardOf", 1, "", "", `no node has the type "acme.unheardOf"; see: cordboard nodes list`},
		{"n8n-nodes-base.set", 4, "", "", `node type "n8n-nodes-base.set" has no version 4; it has 1, 2, 3, 3.4`},
		{"n8n-nodes-base.set", 1, "User", "Get", `node type "n8n-nodes-base.set" has no resources, so it has no resource "User"`},
		{"CUSTOM.threecx", 1, "users", "Bulk Update", `node type "n8n-nodes-3cx.threecx" has no resource "users"; did you mean "Users"?`},
		{"CUSTOM.threecx", 1, "Spaceships", "Get", `node type "n8n-nodes-3cx.threecx" has no resource "Spaceships"; it has 124, see: cordboard nodes show n8n-nodes-3cx.threecx`},
		{"CUSTOM.threecx", 1, "Users", "Bulk Updaet", `resource "Users" has no operation "Bulk Updaet"; did you mean "Bulk Update"?`},
		{"CUSTOM.threecx", 1, "Active Calls", "Explode", `resource "Active Calls" has no operation "Explode"; it has List Active Call, Drop Call`},
	} {
		entry, err := index.Lookup(c.nodeType, c.version, c.resource, c.operation)
		if c.want == "" {
			if err != nil || entry.Node == nil || (c.resource == "") != (entry.Operation == nil) {
				t.Errorf("%s %s: got %+v, %v", c.nodeType, c.operation, entry, err)
			}
			continue
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
		if _, err := joined.Operation(c.nodeType, c.version, c.resource, c.operation); c.resource != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("the set says %v\nwant %s", err, c.want)
		}
	}
	if _, err := joined.Operation("custom.threecx", 1, "Users", "Bulk Update"); err != nil {
		t.Error(err)
	}
	if _, err := joined.Schema("cordboard://threecx/20.0.10/Pbx.User"); err != nil {
		t.Error(err)
	}
}

// core is a node without resources, with all that such nodes have.
var core = &descriptors.Node{
	Type: "n8n-nodes-base.splitOut", DisplayName: "Split Out", Description: "Turns a list in an item into items.", Versions: []float64{1, 2},
	Inputs: []string{"main"}, Outputs: []string{"true", "false"},
	Properties: []descriptors.Property{
		{Name: "fieldToSplitOut", DisplayName: "Field To Split Out", Type: "string", Required: true, Description: "Name of the field."},
		{Name: "include", Type: "options", Default: json.RawMessage(`"noOtherFields"`), Options: []descriptors.Option{{Value: json.RawMessage(`"noOtherFields"`)}, {Value: json.RawMessage(`"allOtherFields"`)}}},
		{Name: "fields", Type: "string", MultipleValues: true, Show: map[string][]any{"include": {"allOtherFields"}}, Versions: []float64{2}},
		{Name: "options", Type: "collection", Default: json.RawMessage(`{}`), Properties: []descriptors.Property{
			{Name: "disableDotNotation", Type: "boolean", Default: json.RawMessage(`false`)},
		}},
	},
}

func TestShow(t *testing.T) {
	t.Parallel()
	threeCX, err := threecx.Set()
	if err != nil {
		t.Fatal(err)
	}
	set := descriptors.Join(threeCX, descriptors.SetOf(core))
	for _, c := range []struct {
		golden, nodeType    string
		version             float64
		resource, operation string
	}{
		{"core", "n8n-nodes-base.splitout", 0, "", ""},
		{"node", threecx.Type, 0, "", ""},
		{"resource", threecx.Type, 1, "Users", ""},
		{"bulk-update", threecx.Type, 1, "Users", "Bulk Update"},
		{"update-user", threecx.Type, 1, "Users", "Update User"},
		{"call-log", threecx.Type, 1, "Report Call Log Data", "Get Call Log Data"},
		{"download", threecx.Type, 2, "Recordings", "Download Recording"},
		{"delete", threecx.Type, 2, "Users", "Delete User"},
	} {
		var page bytes.Buffer
		if err := descriptors.Show(&page, set, c.nodeType, c.version, c.resource, c.operation); err != nil {
			t.Fatal(err)
		}
		golden := "testdata/show-" + c.golden + ".txt"
		if *update {
			if err := os.WriteFile(golden, page.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if page.String() != string(want) {
			t.Errorf("%s differs from the page; if that is meant: go test ./descriptors -update", golden)
		}
	}
	for _, c := range []struct {
		nodeType  string
		version   float64
		operation string
		want      string
	}{
		{"n8n-nodes-3cx.threecxx", 0, "", `no node has the type "n8n-nodes-3cx.threecxx"; did you mean "n8n-nodes-3cx.threecx"?`},
		{threecx.Type, 3, "", `node type "n8n-nodes-3cx.threecx" has no version 3; it has 1, 2`},
		{threecx.Type, 1, "Bulk", `resource "Users" has no operation "Bulk"; it has `},
	} {
		if err := descriptors.Show(&bytes.Buffer{}, set, c.nodeType, c.version, "Users", c.operation); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// TestHeads holds that a file written in another order, or with escapes, gives the same index.
func TestHeads(t *testing.T) {
	t.Parallel()
	header := `{"format":"cordboard.descriptor/1","node":{"type":"a.b","versions":[1]}}` + "\n"
	want := `[{"name":"Get","operations":[{"name":"X","id":"getX","method":"GET","path":"/x","writes":true}]}]`
	for _, line := range []string{
		`{"resource":"Get","name":"X","id":"getX","writes":true,"request":{"method":"GET","path":"/x"},"response":{"status":200,"kind":"any"}}`,
		`{"resource":"Get","name":"\u0058","id":"getX","summary":"s","writes":true,"request":{"path":"/x","method":"GET"},"response":{"status":200,"kind":"any"}}`,
		`{"resource": "Get", "id": "getX", "name": "X", "writes": true, "request": {"method": "GET", "path": "/x"}}`,
	} {
		set, err := descriptors.NewFileSet("f", header+line+"\n")
		if err != nil {
			t.Fatal(err)
		}
		nodes, err := set.Nodes()
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(nodes[0].Resources)
		if err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
		if op, err := set.Operation("A.B", 1, "Get", "X"); err != nil || op.Request.Path != "/x" {
			t.Errorf("got %+v, %v", op, err)
		}
	}
}
