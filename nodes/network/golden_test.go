package network_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // the cases were recorded there, and times without a zone are local ones
	code := m.Run()
	regexp2.StopTimeoutClock() // it would end by itself a little later
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// TestGolden runs every case of testdata through the engine, against a server that answers as the one of the recording did:
// the items and errors must be those of n8n, and so must the requests that the server saw. Answers were recorded from n8n 2.40.7 by
// testdata/record.mjs, which also says what is in a case.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reason := skipped[strings.TrimPrefix(name, "httpRequest/")]; reason != "" {
				t.Skip(reason)
			}
			replay(t, file, probe)
		})
	}
}

// replay runs a case with the types there are and more.
func replay(t *testing.T, file string, more func(t testing.TB, o network.Options, address string) []nodes.Type) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(t, gjson.GetBytes(text, "routes"))
	normal, err := nodes.Normalize(server.here(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := gjson.Parse(normal)
	executor := request.New()
	t.Cleanup(executor.Close)
	o := network.Options{Executor: executor, Commands: true}
	engine := newEngineWith(t, c.Get("credentials"), o, more(t, o, server.here("SERVER"))...)
	got, want := server.there(runWith(t, engine, c)), server.there(wanted(c.Get("want")))
	if got != want {
		t.Errorf("%s\ngot  %s\nwant %s", c.Get("node").Raw, got, want)
	}
	if got, want := server.requests(), wantedRequests(gjson.GetBytes(text, "requests")); got != want {
		t.Errorf("requests\ngot\n%s\nwant\n%s", got, want)
	}
}

// run runs a case and writes what the node came to, in the form of wanted.
func run(t *testing.T, c gjson.Result) string {
	t.Helper()
	return runWith(t, newEngine(t, c.Get("credentials")), c)
}

func runWith(t *testing.T, engine *runtime.Engine, c gjson.Result) string {
	t.Helper()
	names := map[string]map[string]string{}
	for kind := range c.Get("credentials").Map() {
		names[kind] = map[string]string{"id": kind, "name": kind}
	}
	refs, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	flow := fmt.Sprintf(`{"nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},{"name":"Node","credentials":%s,%s],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}},"pinData":{"Start":%s},"settings":{"executionOrder":"v1","timezone":"UTC"}}`,
		refs, c.Get("node").Raw[1:], c.Get("input").Raw)
	parsed, err := runtime.ParseWorkflow("case", []byte(flow))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(context.Background(), parsed)
	if err != nil {
		return "refused"
	}
	execution, err := engine.NewExecution(plan, runtime.RunOptions{})
	if err != nil {
		return "refused"
	}
	var out strings.Builder
	if err := execution.Run(context.Background()).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	r := gjson.Get(out.String(), "data.resultData.runData.Node.0")
	if !r.Exists() {
		return "not run"
	}
	if want := c.Get("want.error.itemIndex"); want.Exists() && want.Int() != r.Get("error.itemIndex").Int() {
		t.Errorf("the error is of item %s, want %s", r.Get("error.itemIndex").Raw, want.Raw)
	}
	return describe(r.Get("executionStatus").Str, r.Get("data.main"), r.Get("error"))
}

func newEngine(t testing.TB, creds gjson.Result) *runtime.Engine {
	t.Helper()
	executor := request.New()
	t.Cleanup(executor.Close)
	return newEngineWith(t, creds, network.Options{Executor: executor, Commands: true})
}

func newEngineWith(t testing.TB, creds gjson.Result, o network.Options, more ...nodes.Type) *runtime.Engine {
	t.Helper()
	registry := &nodes.Registry{}
	if err := registry.Add(slices.Concat(core.Nodes(), network.NodesWith(o), more)...); err != nil {
		t.Fatal(err)
	}
	set := credentials.NewSet(credentials.NewLeases(t.TempDir()))
	creds.ForEach(func(kind, data gjson.Result) bool {
		set.Add(credentials.Credential{ID: kind.Str, Name: kind.Str, Type: kind.Str, Data: json.RawMessage(data.Raw)})
		return true
	})
	engine := runtime.New(runtime.Options{Nodes: registry, Credentials: set})
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

func wanted(want gjson.Result) string {
	switch {
	case want.Get("refused").Exists():
		return "refused"
	case want.Get("status").Str == "not run":
		return "not run"
	}
	return describe(want.Get("status").Str, want.Get("outputs"), want.Get("error"))
}

// describe writes an answer line by line. Trailing outputs without items do not count. How the reader of JSON words its errors
// is its own matter.
func describe(status string, outputs, err gjson.Result) string {
	text := status
	if err.Exists() {
		text += fmt.Sprintf("\n  error %q %s", err.Get("message").Str, err.Get("httpCode").Str)
		if d := err.Get("description").Str; d != "" && !strings.Contains(err.Get("message").Str, "is not valid JSON") {
			text += fmt.Sprintf("\n  description %q", d)
		}
	}
	lists := outputs.Array()
	for len(lists) > 0 && len(lists[len(lists)-1].Array()) == 0 {
		lists = lists[:len(lists)-1]
	}
	for o, list := range lists {
		text += fmt.Sprintf("\n  output %d", o)
		for _, it := range list.Array() {
			text += fmt.Sprintf("\n    %s < %s", sorted(it.Get("json").Raw), parents(it))
			it.Get("binary").ForEach(func(key, f gjson.Result) bool {
				text += fmt.Sprintf("\n      %s: %s %s %q %s %s", key.Str, f.Get("mimeType").Str, f.Get("fileExtension").Str, f.Get("fileName").Str, f.Get("fileType").Str, f.Get("fileSize").Str)
				return true
			})
		}
	}
	return text
}

// sorted writes JSON with the headers of an answer in the order of their names: servers have their own.
func sorted(raw string) string {
	headers := gjson.Get(raw, "headers")
	if !headers.IsObject() {
		headers = gjson.Get(raw, "error.response.headers")
	}
	if !headers.IsObject() {
		return raw
	}
	values := headers.Map()
	var b nodes.ObjectBuilder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name != "connection" && name != "transfer-encoding" && name != "content-length" {
			b.Raw(name, values[name].Raw)
		}
	}
	return strings.Replace(raw, headers.Raw, b.String(), 1)
}

// server answers by the routes of a case and keeps what it saw.
type server struct {
	*httptest.Server
	routes gjson.Result
	mu     sync.Mutex
	seen   []string
	served map[string]int
	closed chan struct{}
}

func newServer(t testing.TB, routes gjson.Result) *server {
	t.Helper()
	s := &server{served: map[string]int{}, closed: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.routes = gjson.Parse(s.here(routes.Raw))
	t.Cleanup(func() {
		close(s.closed)
		s.Close()
	})
	return s
}

// here puts the server's address where a case says SERVER, there takes it out again.
func (s *server) here(text string) string {
	return strings.ReplaceAll(text, "SERVER", strings.TrimPrefix(s.URL, "http://"))
}

func (s *server) there(text string) string {
	return strings.ReplaceAll(text, strings.TrimPrefix(s.URL, "http://"), "SERVER")
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.seen = append(s.seen, s.there(describeRequest(r, string(body))))
	route := s.routes.Get(gjson.Escape(r.URL.EscapedPath()))
	if route.IsArray() {
		list := route.Array()
		n := s.served[r.URL.Path]
		s.served[r.URL.Path]++
		route = list[min(n, len(list)-1)]
	}
	s.mu.Unlock()
	switch {
	case route.Get("hang").Bool():
		select {
		case <-s.closed:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case route.Get("reset").Bool():
		panic(http.ErrAbortHandler)
	case !route.Exists():
		route = gjson.Parse(`{"json":{"ok":true}}`)
	}
	text := route.Get("body").Str
	if b := route.Get("base64"); b.Exists() {
		data, err := base64.StdEncoding.DecodeString(b.Str)
		if err != nil {
			panic(err)
		}
		text = string(data)
	}
	w.Header()["Content-Type"] = nil // none unless the route says so
	if j := route.Get("json"); j.Exists() {
		text = j.Raw
		w.Header().Set("Content-Type", "application/json")
	}
	route.Get("headers").ForEach(func(name, value gjson.Result) bool {
		w.Header().Set(name.Str, value.Str)
		return true
	})
	w.Header().Set("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
	status := http.StatusOK
	if n := route.Get("status"); n.Exists() {
		status = int(n.Int())
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

var boundary = regexp.MustCompile(`boundary="?([^";]+)`)

// notSeen are headers that differ from client to client.
var notSeen = []string{"Connection", "Accept-Encoding", "Content-Length", "User-Agent", "Transfer-Encoding"}

func describeRequest(r *http.Request, body string) string {
	text := r.Method + " " + r.RequestURI
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if slices.Contains(notSeen, http.CanonicalHeaderKey(name)) {
			continue
		}
		text += fmt.Sprintf("\n  %s: %s", strings.ToLower(name), strings.Join(r.Header[name], ", "))
	}
	text += fmt.Sprintf("\n  %q", body)
	if m := boundary.FindStringSubmatch(r.Header.Get("Content-Type")); m != nil {
		text = strings.ReplaceAll(text, m[1], "BOUNDARY")
	}
	return text
}

// requests are what the server saw, in a fixed order.
func (s *server) requests() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.seen)
	return strings.Join(s.seen, "\n")
}

func wantedRequests(list gjson.Result) string {
	var seen []string
	for _, r := range list.Array() {
		text := r.Get("method").Str + " " + r.Get("url").Str
		headers := r.Get("headers").Map()
		for _, name := range slices.Sorted(maps.Keys(headers)) {
			text += fmt.Sprintf("\n  %s: %s", name, headers[name].Str)
		}
		// The recording holds a character for each byte of the body.
		var body []byte
		for _, c := range r.Get("body").Str {
			body = append(body, byte(c))
		}
		seen = append(seen, fmt.Sprintf("%s\n  %q", text, body))
	}
	slices.Sort(seen)
	return strings.Join(seen, "\n")
}
