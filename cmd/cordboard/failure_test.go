package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes"
)

// TestHTTPFailure: where a server refuses a node's request, the error has the status and what to do, and of a web page the beginning alone.
func TestHTTPFailure(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var status int
		_, _ = fmt.Sscanf(req.URL.Path, "/%d", &status)
		w.WriteHeader(status)
		fmt.Fprint(w, strings.Repeat("<p>\n", status/20))
	}))
	defer srv.Close()
	ask := func(address string) (int, string, string) {
		return cli(t, t.TempDir(), "", "run", write(t, "ask.json", `{"name":"f","settings":{"executionOrder":"v1"},"nodes":[
			{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
			{"name":"Ask","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[200,0],"parameters":{"url":"`+address+`"}}],
			"connections":{"Start":{"main":[[{"node":"Ask","type":"main","index":0}]]}}}`))
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	if _, _, errs := ask(strings.Replace(gone.URL, "//", "//me:"+hidden+"@", 1) + "/a?key=" + hidden); !strings.HasSuffix(errs, "\n  The request was GET "+gone.URL+"/a.\n") || strings.Contains(errs, hidden) {
		t.Errorf("nobody listens: %s", errs)
	}
	for status, want := range map[int]string{
		404: "error: node \"Ask\", item 0: The resource you are requesting could not be found\n" + strings.Repeat("  <p>\n", 12) +
			"  … (8 lines more: --output run has all)\n  The server answered 404 Not Found.\n  Check the address that the node asks.\n",
		429: "  The server answered 429 Too Many Requests.\n  Wait, or have the node send fewer at once (batching), or try again by itself (retryOnFail).\n",
		403: "  The server answered 403 Forbidden.\n  Check the node's credential, and what it may do there.\n",
		422: "  The server answered 422 Unprocessable Entity.\n  Check the node's parameters against what the server says.\n",
		503: "  The server answered 503 Service Unavailable.\n  Try again later, or have the node do so by itself (retryOnFail).\n",
	} {
		want = strings.Replace(want, "  The server", fmt.Sprintf("  The request was GET %s/%d.\n  The server", srv.URL, status), 1)
		code, out, errs := ask(fmt.Sprintf("%s/%d?key=%s", srv.URL, status, hidden))
		if code != exitFailed || out != "" || !strings.HasSuffix(errs, want) || strings.Contains(errs, hidden) {
			t.Errorf("%d: %d\n%swant\n%s", status, code, errs, want)
		}
	}
}

// TestToldOnce: what an error says itself is not said again, nor anything of an error that no server gave.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*nodes.Error{
		"Users: Get: 404 Not Found\nCheck the id.": {Message: "Users: Get: 404 Not Found", Hint: "Check the id.", HTTPCode: "404", Item: -1},
		"it refused\nThe server answered 418 I'm a teapot.\nCheck the node's parameters against what the server says.": {Message: "it refused", HTTPCode: "418", Item: -1},
		"lost": {Message: "lost", HTTPCode: "ECONNRESET", Item: -1},
	} {
		if got := told(e); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

// TestGenerateFromAddress: a document that cannot be had is told with method, address and status, and without what may be secret.
func TestGenerateFromAddress(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	gone := httptest.NewServer(nil)
	gone.Close()
	defer srv.Close()
	for base, want := range map[string]string{
		srv.URL:  " answered 404 Not Found; give the address at which the document itself can be read, or a file\n",
		gone.URL: "connect: connection refused; check the address, and that the server runs, or give a file\n",
	} {
		got := cordboardRun(t, "", "nodes", "generate", "--type", "a.b", "--openapi", strings.Replace(base, "//", "//me:"+hidden+"@", 1)+"/doc?key="+hidden)
		if got.code != exitNotBegun || !strings.HasPrefix(got.stderr, "error: --openapi: GET "+base+"/doc") || !strings.HasSuffix(got.stderr, want) || strings.Contains(got.stderr, hidden) {
			t.Errorf("%+v", got)
		}
	}
}
