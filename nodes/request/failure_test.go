package request

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

func TestErrorAnswers(t *testing.T) {
	t.Parallel()
	const odata = `{"error":{"code":"BadBody","message":"The object is wrong","details":[{"code":"X","message":"is no number","target":"/Users/0/Id"},{"message":"and more"},{"target":"/Name"}]}}`
	for _, c := range []struct {
		name, dialect, kind, body string
		status                    int
		want                      string // after "item 0: Things: Get Thing: "
	}{
		{"details", "3cx", "application/json", odata, 400, "400 Bad Request: The object is wrong\ncode: BadBody\n- /Users/0/Id: is no number\n- and more\n- /Name"},
		{"code that is the status", "odata", "application/json", `{"error":{"code":"404","message":"gone"}}`, 404, "404 Not Found: gone"},
		{"no body", "3cx", "", "", 404, "404 Not Found\nCheck the credential's base URL: it is the PBX's address, such as https://pbx.example.com, and the API must be enabled there."},
		{"web page", "3cx", "text/html", "<html>wrong", 404, "404 Not Found\nCheck the credential's base URL: it is the PBX's address, such as https://pbx.example.com, and the API must be enabled there."},
		{"bad id", "3cx", "application/json", `{"error":{"message":"no such user"}}`, 404, "404 Not Found: no such user\nCheck that the ids exist; a report answers 404 also where an argument is not as it wants it."},
		{"role", "3cx", "application/json", `{"error":{"message":""}}`, 403, "403 Forbidden\nThe API client's role does not allow this; call history, recordings and scheduled reports need System Owner."},
		{"licence", "3cx", "application/json", `{"error":{"message":"License is not sufficient"}}`, 403, "403 Forbidden: License is not sufficient\nThe configuration API needs an Enterprise (8SC or more) or AI licence."},
		{"no licence matter", "3cx", "application/json", `{"error":{"message":"no property LicenseKey"}}`, 400, "400 Bad Request: no property LicenseKey"},
		{"top", "3cx", "application/json", `{"error":{"message":"The limit of '100' for Top query has been exceeded"}}`, 400, "400 Bad Request: The limit of '100' for Top query has been exceeded\nThis PBX limits $top: set requestOptions.returnAll, which reads page by page."},
		{"If-Match", "3cx", "application/json", `{}`, 412, "412 Precondition Failed\nIf-Match does not fit the entity as it is now: read it again."},
		{"large", "3cx", "", "", 413, "413 Request Entity Too Large\nThe request is too large: set requestOptions.idsPerRequest to send the ids in parts."},
		{"date", "3cx", "", "", 500, "500 Internal Server Error\nA date or an argument of the wrong type can be the cause: dates need a zone, such as 2026-01-31T00:00:00Z."},
		{"text", "plain", "text/plain; charset=utf-8", " it broke \n", 500, "500 Internal Server Error: it broke"},
		{"message", "plain", "application/json", `{"message":"it broke"}`, 422, "422 Unprocessable Entity: it broke"},
		{"nested message", "plain", "application/json", `{"error":{"message":"it broke"}}`, 422, "422 Unprocessable Entity: it broke"},
		{"description", "plain", "application/json", `{"error":"x","error_description":"it broke"}`, 400, "400 Bad Request: it broke"},
		{"unknown status", "plain", "", "", 599, "599"},
		{"invalid text", "plain", "text/plain", "a\xffb", 400, "400 Bad Request: a\uFFFDb"},
	} {
		r, _ := serve(t, c.dialect, say(c.status, c.kind, c.body))
		_, err := r.run(readThing(), `{"id":"1"}`)
		got := strings.TrimPrefix(nodes.AsError(err).Error(), "item 0: Things: Get Thing: ")
		if got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
	r, _ := serve(t, "3cx", say(400, "application/json", `{"error":{"message":"no"}}`))
	_, err := r.run(writeThing(), `{"id":"1"}`)
	r.wantError(err, "", `item 0: Things: Change Thing: 400 Bad Request: no
Check the object's fields against: cordboard nodes show n8n-nodes-3cx.threecx "Things" "Change Thing"`)
	r, _ = serve(t, "plain", say(400, "application/json", `{"message":"`+strings.Repeat("ü", 5000)+`"}`))
	_, err = r.run(readThing(), `{"id":"1"}`)
	r.wantError(err, "", "item 0: Things: Get Thing: 400 Bad Request: "+strings.Repeat("ü", 2000)+"…")
}

// TestNoSecretComesBack has the server say all that it was sent, in the forms in which programs do.
func TestNoSecretComesBack(t *testing.T) {
	t.Parallel()
	const password = `p"w/ü d&5`
	r, _ := serve(t, "odata", func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		text := q.Header.Get("Authorization") + " " + string(body) + " " + password + " " + q.URL.String() + " " + url.QueryEscape(password)
		var b nodes.ObjectBuilder
		b.Set("message", nodes.StringValue(text))
		b.Set("code", nodes.StringValue(text))
		answerJSON(w, 400, `{"error":`+b.String()+`}`)
	})
	var b nodes.ObjectBuilder
	b.Set("id", nodes.StringValue("1"))
	b.Set("AuthPassword", nodes.StringValue(password))
	b.Raw("requestOptions", `{"body":"{\"VMPIN\":\"493827\",\"Phones\":[{\"Secret\":[\"deep-one\"]}]}"}`)
	_, err := r.run(writeThing(), b.String())
	text := err.Error()
	for _, secret := range []string{"hunter2", "p\"w", `p\"w`, "493827", "deep-one"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in: %s", secret, text)
		}
	}
	if strings.Count(text, "***") < 6 {
		t.Error(text)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		elsewhere++
		answerJSON(w, 200, `{}`)
	}))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 307, 308} {
		r, _ := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, other.URL+"/x?token=hunter2", status)
		})
		for _, op := range []string{"Get Thing", "Change Thing"} {
			o := readThing()
			if op == "Change Thing" {
				o = writeThing()
			}
			_, err := r.run(o, `{"id":"1"}`)
			want := "item 0: Things: " + op + ": " + fmt.Sprint(status, " ", http.StatusText(status)) +
				": the server redirects to URL\nThe token is sent to no other address. If that one is right, make it the credential's base URL."
			r.wantError(err, other.URL, want)
		}
		if len(r.waits) != 0 {
			t.Errorf("%d: it was tried again", status)
		}
	}
	if elsewhere != 0 {
		t.Errorf("%d requests went to another server", elsewhere)
	}
	r, server := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
		if !strings.HasSuffix(q.URL.Path, "/end") {
			http.Redirect(w, q, q.URL.Path+"/end", http.StatusTemporaryRedirect)
			return
		}
		body, _ := io.ReadAll(q.Body)
		answerJSON(w, 200, `{"token":"`+q.Header.Get("Authorization")+`","method":"`+q.Method+`","body":`+"\""+strings.ReplaceAll(string(body), `"`, "'")+`"}`)
	})
	r.want(readThing(), `{"id":"1"}`, `{"token":"Bearer tok-hunter2","method":"GET","body":""}`)
	r.want(writeThing(), `{"id":"1","ids":[1]}`, `{"token":"Bearer tok-hunter2","method":"POST","body":"{'ids':[1]}"}`)
	r, _ = serve(t, "plain", func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, "/login", http.StatusFound) })
	_, err := r.run(writeThing(), `{"id":"1"}`)
	r.wantError(err, server.URL, "item 0: Things: Change Thing: 302 Found: the server redirects to /login\nCheck the credential's base URL.")
	r, _ = serve(t, "plain", func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, "/again", http.StatusFound) })
	_, err = r.run(readThing(), `{"id":"1"}`)
	r.wantError(err, "", "item 0: Things: Get Thing: 302 Found: the server redirects to /again\nCheck the credential's base URL.")
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(say(200, "application/json", `{}`))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	r := thingRig(t, "plain", server.URL)
	_, err := r.run(writeThing(), `{"id":"1"}`)
	r.wantError(err, server.URL, "item 0: Things: Change Thing: the certificate of URL cannot be verified: x509: certificate signed by unknown authority\nNothing was sent.\n"+
		"If it is your own server's, set requestOptions.allowUnauthorizedCerts.")
	if len(r.waits) != 0 {
		t.Error("it was tried again")
	}
	r.want(writeThing(), `{"id":"1","requestOptions":{"allowUnauthorizedCerts":true}}`, `{}`)
	r.eng.credential = fixed{BaseURL: server.URL, Fields: map[string]string{"ignoreSSLIssues": "true"}}
	r.want(writeThing(), `{"id":"1"}`, `{}`)

	plain := httptest.NewServer(say(200, "application/json", `{}`))
	t.Cleanup(plain.Close)
	base := strings.Replace(plain.URL, "http:", "https:", 1)
	r = thingRig(t, "plain", base)
	_, err = r.run(readThing(), `{"id":"1"}`)
	r.wantError(err, base, "item 0: Things: Get Thing: URL does not speak TLS\nIf that is meant to be so, the credential's base URL begins with http://.")
}

func TestProxy(t *testing.T) {
	t.Parallel()
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked = q.RequestURI
		answerJSON(w, 200, `{"proxied":true}`)
	}))
	t.Cleanup(proxy.Close)
	r := thingRig(t, "plain", "http://pbx.invalid")
	r.want(readThing(), `{"id":"1","requestOptions":{"proxy":"`+proxy.URL+`"}}`, `{"proxied":true}`)
	if asked != "http://pbx.invalid/api/things/1" {
		t.Error(asked)
	}
	_, err := r.run(readThing(), `{"id":"1","requestOptions":{"proxy":"nonsense"}}`)
	r.wantError(err, "", `item 0, parameter "requestOptions.proxy": must be an address such as http://proxy:8080`)
	gone := fmt.Sprintf("http://127.0.0.1:%d", loopback.Port(t))
	_, err = r.run(writeThing(), `{"id":"1","requestOptions":{"proxy":"http://user:hunter2@`+strings.TrimPrefix(gone, "http://")+`"}}`)
	r.wantError(err, strings.TrimPrefix(gone, "http://"), "item 0: Things: Change Thing: the proxy does not answer: dial tcp URL: connect: connection refused\nNothing was sent.\nCheck requestOptions.proxy.")
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"header", "body"} {
		r, server := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
			_, _ = io.Copy(io.Discard, q.Body)
			if part == "body" {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(200)
				_ = http.NewResponseController(w).Flush()
			}
			<-q.Context().Done()
		})
		_, err := r.run(readThing(), `{"id":"1","requestOptions":{"timeout":30}}`)
		r.wantError(err, server.URL, "item 0: Things: Get Thing: URL gave no answer within 30ms (requestOptions.timeout)")
		_, err = r.run(writeThing(), `{"id":"1","requestOptions":{"timeout":30}}`)
		r.wantError(err, server.URL, "item 0: Things: Change Thing: URL gave no answer within 30ms (requestOptions.timeout)\n"+outcomeUnknown)
		if len(r.waits) != 0 {
			t.Error("it was tried again")
		}
	}
}

func TestUnknownHost(t *testing.T) {
	t.Parallel()
	r := thingRig(t, "plain", "http://pbx.invalid:5001")
	r.x.clients.list = map[clientKey]*http.Client{{}: {Transport: noHost{}}}
	_, err := r.run(readThing(), `{"id":"1"}`)
	r.wantError(err, "", "item 0: Things: Get Thing: the host \"pbx.invalid\" is not known\nCheck the credential's base URL.")
	if len(r.waits) != 0 {
		t.Error("it was tried again")
	}
}

// TestWrongBaseURL asks a PBX below a path that it does not have.
func TestWrongBaseURL(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	good := pbxCredential(t, sim.URL(), "secret")
	a, err := good.Access(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.BaseURL += "/pbx"
	r := newRig(t, threeCXNode(t, 2), fixed(a))
	_, err = r.run(pbxOp(t, "ListSbc"), `{}`)
	r.wantError(err, "", "item 0: Sbcs: List Sbc: 404 Not Found: there is nothing at /pbx/xapi/v1/Sbcs: the API is at /xapi/v1, tokens at /connect/token\ncode: NotFound\n"+
		"Check that the ids exist; a report answers 404 also where an argument is not as it wants it.")
}

func TestRepeatsAreLogged(t *testing.T) {
	t.Parallel()
	asked := 0
	r, _ := serve(t, "plain", func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.WriteHeader(503)
			return
		}
		answerJSON(w, 200, `{}`)
	})
	var b strings.Builder
	r.call.Log = textLog(&b)
	r.want(readThing(), `{"id":"1","AuthPassword":"hunter2"}`, `{}`)
	if got := b.String(); !strings.Contains(got, `msg="a request is repeated" action="Things: Get Thing" item=0 try=1`) || strings.Contains(got, "hunter2") {
		t.Error(got)
	}
}

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// noHost is a network whose name server knows nobody: what a real one says depends on the machine.
type noHost struct{}

func (noHost) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
}
