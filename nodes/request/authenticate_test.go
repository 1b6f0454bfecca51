package request

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes"
)

// TestGenericCredentials: sets of APIs without OAuth2 send what n8n's generic credentials have.
func TestGenericCredentials(t *testing.T) {
	t.Parallel()
	var (
		got   *http.Request
		calls int
	)
	r, server := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
		got = q
		if calls++; strings.HasSuffix(q.URL.Path, "/refused") {
			answerJSON(w, http.StatusUnauthorized, `{"you sent":"`+q.Header.Get("Authorization")+`"}`)
			return
		}
		answerJSON(w, http.StatusOK, `{}`)
	})
	for _, c := range []struct {
		kind            string
		fields, secrets map[string]string
		header, query   string
	}{
		{"httpBearerAuth", nil, map[string]string{"token": "hunter2"}, "Authorization: Bearer hunter2", ""},
		{"httpBasicAuth", map[string]string{"user": "me"}, map[string]string{"password": "hunter2"}, "Authorization: Basic bWU6aHVudGVyMg==", ""},
		{"httpHeaderAuth", map[string]string{"name": "X-Key"}, map[string]string{"value": "hunter2"}, "X-Key: hunter2", ""},
		{"httpQueryAuth", map[string]string{"name": "key"}, map[string]string{"value": "hunter 2"}, "Authorization: ", "key=hunter+2"},
		{"acmeApi", nil, map[string]string{"token": "hunter2"}, "Authorization: Bearer hunter2", ""},
		{"acmeApi", nil, nil, "Authorization: ", ""},
	} {
		r.node.Credentials[0].Type = c.kind
		r.eng.credential = fixed{BaseURL: server.URL, Fields: c.fields, Secrets: c.secrets}
		r.want(readThing(), `{"id":"1"}`, `{}`)
		name, value, _ := strings.Cut(c.header, ": ")
		if got.Header.Get(name) != value || got.URL.RawQuery != c.query {
			t.Errorf("%s %v: got %v, query %s", c.kind, c.secrets, got.Header, got.URL.RawQuery)
		}
	}
	calls = 0
	r.node.Credentials[0].Type = "httpBearerAuth"
	r.eng.credential = fixed{BaseURL: server.URL, Secrets: nodes.Secrets{"token": "hunter2"}}
	if _, err := r.run(readThing(), `{"id":"refused"}`); err == nil || calls != 1 || strings.Contains(err.Error()+nodes.AsError(err).Description, "hunter2") {
		t.Errorf("%d calls: %v", calls, err)
	}
	calls = 0
	r.node.Credentials[0].Type = "acmeApi"
	r.eng.credential = fixed{BaseURL: server.URL, Secrets: nodes.Secrets{"apiKey": "hunter2"}}
	if _, err := r.run(readThing(), `{"id":"1"}`); err == nil || calls != 0 || !strings.Contains(err.Error(), "the credential (acmeApi) has no field that goes into a request") {
		t.Errorf("%d calls: %v", calls, err)
	}
}

// TestAddressOfTheDocument: a credential without an address goes to the server that the document names, and so does no credential.
func TestAddressOfTheDocument(t *testing.T) {
	t.Parallel()
	r, server := serve(t, "plain", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, `{}`) })
	r.node.BaseURL = server.URL
	r.eng.credential = fixed{Token: "t"}
	r.want(readThing(), `{"id":"1"}`, `{}`)
	r.node.Credentials = nil
	r.want(readThing(), `{"id":"1"}`, `{}`)
}
