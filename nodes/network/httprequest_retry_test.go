package network_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/runtime"
)

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestRetry: retryOnFail repeats what failed, and nothing else.
func TestRetry(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.URL.Path]++
		n := seen[r.URL.Path]
		mu.Unlock()
		if r.URL.Path == "/1" && n < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	r := execute(t, t.Context(), newEngine(t, gjson.Result{}), workflow(`{"method":"POST","url":"=`+server.URL+`/{{ $json.i }}"}`, manyItems(3), `,"retryOnFail":true,"maxTries":3,"waitBetweenTries":0`), runtime.RunOptions{})
	if r.Get("status").Str != "success" || seen["/0"] != 1 || seen["/1"] != 3 || seen["/2"] != 1 {
		t.Errorf("status %s, requests %v", r.Get("status").Str, seen)
	}
}

// TestRetryOfOne: an item that cannot be sent does not make the node send the others again.
func TestRetryOfOne(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) }))
	defer server.Close()
	r := execute(t, t.Context(), newEngine(t, gjson.Result{}), workflow(`{"method":"POST","url":"={{ $json.url }}"}`, `[{"json":{"url":"`+server.URL+`"}},{"json":{"url":"nowhere"}}]`,
		`,"retryOnFail":true,"maxTries":3,"waitBetweenTries":0`), runtime.RunOptions{})
	if got := failure(r).Get("message").Str; n.Load() != 1 || got != `Invalid URL: nowhere. URL must start with "http" or "https".` {
		t.Errorf("%d requests were sent, want 1; the error is %q", n.Load(), got)
	}
}

// TestRetryUnknown: a POST that may have reached the server and got no answer is not sent again; a PUT is.
func TestRetryUnknown(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int32{"POST": 1, "PATCH": 1, "PUT": 3, "GET": 3} {
		var n atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			n.Add(1)
			panic(http.ErrAbortHandler)
		}))
		execute(t, t.Context(), newEngine(t, gjson.Result{}), workflow(`{"method":"`+method+`","url":"`+server.URL+`","sendBody":true}`, `[{"json":{}}]`, `,"retryOnFail":true,"maxTries":3,"waitBetweenTries":0`), runtime.RunOptions{})
		server.Close()
		if n.Load() != want {
			t.Errorf("%s was sent %d times, want %d", method, n.Load(), want)
		}
	}
}
