package network_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { golden.Main(m) }

// TestGolden runs every case of testdata through the engine, against a server that answers as the one of the recording did:
// the items and errors must be those of n8n, and so must the requests that the server saw. Answers were recorded from n8n 2.40.7 by
// testdata/record.mjs, which also says what is in a case.
func TestGolden(t *testing.T) {
	t.Parallel()
	files := golden.Files(t)
	if len(files) < 870 {
		t.Fatalf("only %d cases", len(files))
	}
	for name, file := range files {
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
	s := answers
	s.Even = server.there
	s.Check(t, newEngineWith(t, c.Get("credentials"), o, more(t, o, server.here("SERVER"))...), c)
	if got, want := server.requests(), wantedRequests(gjson.GetBytes(text, "requests")); got != want {
		t.Errorf("requests\ngot\n%s\nwant\n%s", got, want)
	}
}

// answers is how they are compared. Where n8n puts binary data is its own matter, and so is how the reader of JSON words its
// errors.
var answers = golden.Suite{
	JSON: sorted,
	Failure: func(e gjson.Result) (message, description string) {
		message, description = e.Get("message").Str, e.Get("description").Str
		if strings.Contains(message, "is not valid JSON") {
			description = ""
		}
		if code := e.Get("httpCode").Str; code != "" {
			message += " (" + code + ")"
		}
		return message, description
	},
	Content: func(_ testing.TB, f nodes.File, _ []byte) string { return f.FileSize },
}

// run runs a case and describes what its node came to.
func run(t *testing.T, c gjson.Result) string {
	t.Helper()
	return runWith(t, newEngine(t, c.Get("credentials")), c)
}

func runWith(t *testing.T, engine *runtime.Engine, c gjson.Result) string {
	t.Helper()
	return answers.Describe(t, golden.Answer(t, engine, c), false)
}

func newEngine(t testing.TB, creds gjson.Result) *runtime.Engine {
	t.Helper()
	executor := request.New()
	t.Cleanup(executor.Close)
	return newEngineWith(t, creds, network.Options{Executor: executor, Commands: true})
}

func newEngineWith(t testing.TB, creds gjson.Result, o network.Options, more ...nodes.Type) *runtime.Engine {
	t.Helper()
	fields, _ := creds.Value().(map[string]any) // there may be none
	return golden.NewEngine(t, runtime.Options{Credentials: golden.Credentials(t, fields)}, append(network.NodesWith(o), more...)...)
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
