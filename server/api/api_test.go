package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/store"
)

const emptyWorkflow = `{"name":"a","nodes":[],"connections":{},"settings":{}}`

var asJSON = map[string]string{"Content-Type": "application/json"}

// TestLimits sends too much, the wrong kind, and what is no JSON.
func TestLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := r.key("*")
	for _, c := range []struct {
		name, body, kind string
		status           int
		message          string
	}{
		{"too large", `{"name":"` + strings.Repeat("x", 17<<20) + `"}`, "application/json", 413, "request entity too large"},
		{"form", "a=b", "application/x-www-form-urlencoded", 415, "unsupported media type application/x-www-form-urlencoded"},
		{"no kind", emptyWorkflow, "", 415, "unsupported media type "},
		{"half", `{"name":`, "application/json", 400, "request/body must be JSON"},
		{"a key twice", `{"name":"a","name":"b","nodes":[],"connections":{},"settings":{}}`, "application/json", 400, "request/body has the property 'name' twice"},
		{"with a charset", emptyWorkflow, "application/json; charset=utf-8", 200, ""},
		{"its own setting", `{"name":"a","nodes":[],"connections":{},"settings":{"onInterruption":"runAgain"}}`, "application/json", 200, ""},
	} {
		status, _, text := r.ask("POST", "/api/v1/workflows", key, map[string]string{"Content-Type": c.kind}, strings.NewReader(c.body))
		var got struct{ Message string }
		if err := json.Unmarshal(text, &got); err != nil || status != c.status || got.Message != c.message {
			t.Errorf("%s: %d %s", c.name, status, text)
		}
	}
	// Before it knows who asks, it reads nothing.
	if status, _, _ := r.ask("POST", "/api/v1/workflows", "", asJSON, strings.NewReader(strings.Repeat("x", 1<<20))); status != http.StatusUnauthorized {
		t.Errorf("without a key: %d", status)
	}
}

// TestFileWorkflow leaves alone what comes from a server's file.
func TestFileWorkflow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w, err := r.db.SaveWorkflow(t.Context(), store.Workflow{Name: "a", Active: true, Source: "/flows/a.json", JSON: emptyWorkflow})
	if err != nil {
		t.Fatal(err)
	}
	for method, path := range map[string]string{"PUT": "", "DELETE": "", "POST": "/deactivate"} {
		status, _, text := r.ask(method, "/api/v1/workflows/"+w.ID+path, r.key("*"), asJSON, strings.NewReader(emptyWorkflow))
		if status != http.StatusConflict || !strings.Contains(string(text), "comes from a file") {
			t.Errorf("%s %s: %d %s", method, path, status, text)
		}
	}
}

// TestUpdateThatCannotBeServed leaves an active workflow as it was.
func TestUpdateThatCannotBeServed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := r.key("*")
	hook := func(path string) string {
		return `{"name":"` + path + `","settings":{},"connections":{},"nodes":[{"name":"H","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"` +
			path + `"}}]}`
	}
	var ids []string
	for _, path := range []string{"first", "second"} {
		_, _, text := r.ask("POST", "/api/v1/workflows", key, asJSON, strings.NewReader(hook(path)))
		var made struct{ ID string }
		if err := json.Unmarshal(text, &made); err != nil {
			t.Fatal(err)
		}
		if status, _, text := r.ask("POST", "/api/v1/workflows/"+made.ID+"/activate", key, nil, nil); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		ids = append(ids, made.ID)
	}
	for _, body := range []string{hook("first"), emptyWorkflow} {
		status, _, text := r.ask("PUT", "/api/v1/workflows/"+ids[1], key, asJSON, strings.NewReader(body))
		if status < 400 || status > 409 {
			t.Errorf("update: %d %s", status, text)
		}
		for _, path := range []string{"first", "second"} {
			if status, _, _ := r.ask("GET", "/webhook/"+path, "", nil, nil); status != 200 {
				t.Errorf("%s answers %d", path, status)
			}
		}
		if w, err := r.db.Workflow(t.Context(), ids[1]); err != nil || w.Name != "second" || !w.Active {
			t.Errorf("kept: %+v, %v", w, err)
		}
	}
}

// TestExpiredKey refuses a key whose time is over, and one that was removed.
func TestExpiredKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text, key, err := r.db.AddAPIKey(t.Context(), store.APIKey{Label: "gone", Scopes: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, _ := r.ask("GET", "/api/v1/tags", text, nil, nil); status != 200 {
		t.Errorf("at first: %d", status)
	}
	if err := r.db.RemoveAPIKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := r.ask("GET", "/api/v1/tags", text, nil, nil); status != http.StatusUnauthorized {
		t.Errorf("when it was removed: %d", status)
	}
	if strings.Contains(r.log.String(), text) {
		t.Error("a key is in the log")
	}
}

// TestOwnFields: fields that n8n's types do not have are taken where the nodes know them, and nowhere else.
func TestOwnFields(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := r.key("*")
	for body, want := range map[string]int{
		`{"name":"a","type":"sftp","data":{"host":"h","port":22,"username":"u","hostKey":"SHA256:x"}}`: http.StatusOK,
		`{"name":"a","type":"postgres","data":{"host":"h","sshHostKey":"SHA256:x"}}`:                   http.StatusOK,
		`{"name":"a","type":"ftp","data":{"host":"h","port":21,"secure":"explicit"}}`:                  http.StatusOK,
		`{"name":"a","type":"ftp","data":{"host":"h","port":21,"secure":"maybe"}}`:                     http.StatusBadRequest,
		`{"name":"a","type":"ftp","data":{"host":"h","port":21,"hostKey":"SHA256:x"}}`:                 http.StatusBadRequest,
		`{"name":"a","type":"redis","data":{"host":"h","port":6379,"database":0,"sshHostKey":"x"}}`:    http.StatusBadRequest,
	} {
		if status, _, text := r.ask("POST", "/api/v1/credentials", key, asJSON, strings.NewReader(body)); status != want {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
}

// TestPartialData: some fields of a credential are changed, and the others stay; with another type none do.
func TestPartialData(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c, err := r.db.SaveCredential(t.Context(), store.Credential{Name: "a", Type: "httpHeaderAuth", Data: []byte(`{"name":"X","value":"old","useCustomAuth":true}`)})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range [][2]string{
		{`{"isPartialData":true,"data":{"value":"new"}}`, `{"name":"X","useCustomAuth":true,"value":"new"}`},
		{`{"isPartialData":false,"data":{"value":"newer"}}`, `{"value":"newer"}`},
		{`{"type":"httpBasicAuth","data":{"user":"u"},"isPartialData":true}`, `{"user":"u"}`},
	} {
		if status, _, text := r.ask("PATCH", "/api/v1/credentials/"+c.ID, r.key("*"), asJSON, strings.NewReader(step[0])); status != http.StatusOK {
			t.Fatalf("%s: %d %s", step[0], status, text)
		}
		if kept, err := r.db.Credential(t.Context(), c.ID); err != nil || string(kept.Data) != step[1] {
			t.Errorf("%s: %s %v", step[0], kept.Data, err)
		}
	}
}
