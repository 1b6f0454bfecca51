package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

// secret is in the items of these tests: it must not come out.
const secret = "canary-51c0"

// watched is a server with an API, live events and metrics. Its node test.node waits for release where the call says so.
type watched struct {
	*Server
	t       *testing.T
	log     logText
	live    *Live
	metrics *Metrics
	address string
	key     string
	begun   chan struct{}
	release chan error
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, live: NewLive(), metrics: NewMetrics(), begun: make(chan struct{}, 100), release: make(chan error, 100)}
	work := nodeFunc(func(ctx context.Context, call *nodes.Call) error {
		w.begun <- struct{}{}
		select {
		case err := <-w.release:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		for i, it := range call.Input(0).All() {
			call.EmitFrom(0, i, it)
		}
		return nil
	})
	rt, err := cordboard.New(cordboard.Options{TokenDir: t.TempDir(), Nodes: []nodes.Type{
		{Descriptor: &descriptors.Node{Type: "test.node", DisplayName: "Test", Versions: []float64{1}}, Node: work},
	}, Observe: func(e runtime.Event) {
		w.live.Observe(e)
		w.metrics.Observe(e)
	}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if w.Server, err = New(rt, Options{Store: db, DataDir: dir, Alone: true, Log: slog.New(slog.NewTextHandler(&w.log, nil))}); err != nil {
		t.Fatal(err)
	}
	w.SetAPI(w.live, w.metrics)
	w.key = w.newKey("*")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.Serve(ctx, l) }()
	t.Cleanup(func() {
		close(w.release)
		stop()
		if err := errors.Join(<-served, w.Close(), rt.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *watched) newKey(scopes ...string) string {
	w.t.Helper()
	text, _, err := w.store.AddAPIKey(w.t.Context(), store.APIKey{Label: "test", Scopes: scopes})
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// ask calls the server and returns status and body.
func (w *watched) ask(method, path, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.address+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("X-N8N-API-KEY", w.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Error(err)
	}
	return res.StatusCode, string(text)
}

// hooked makes and activates a workflow with a webhook before a test.node; it returns its id.
func (w *watched) hooked(name string) string {
	w.t.Helper()
	status, text := w.ask("POST", "/api/v1/workflows", fmt.Sprintf(`{"name":%q,"settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":%q,"httpMethod":"POST","responseMode":"lastNode"}},
		{"name":"Work","type":"test.node","typeVersion":1,"position":[200,0],"parameters":{}}],
		"connections":{"Hook":{"main":[[{"node":"Work","type":"main","index":0}]]}}}`, name, name))
	var made struct{ ID string }
	if status != 200 || json.Unmarshal([]byte(text), &made) != nil {
		w.t.Fatalf("%d %s", status, text)
	}
	if status, text := w.ask("POST", "/api/v1/workflows/"+made.ID+"/activate", ""); status != 200 {
		w.t.Fatalf("%d %s", status, text)
	}
	return made.ID
}

// call starts an execution; the channel gets the answer.
func (w *watched) call(name string) <-chan string {
	c := make(chan string, 1)
	go func() {
		status, text := w.ask("POST", "/webhook/"+name, `{"password":"`+secret+`"}`)
		c <- fmt.Sprint(status, " ", text)
	}()
	<-w.begun
	return c
}

func (w *watched) watch(query, key string) (*websocket.Conn, int) {
	w.t.Helper()
	conn, res, err := websocket.DefaultDialer.DialContext(w.t.Context(), "ws://"+w.address+"/api/v1/events"+query, http.Header{"X-N8N-API-KEY": {key}})
	if err != nil {
		if res == nil {
			w.t.Fatal(err)
		}
		return nil, res.StatusCode
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	return conn, res.StatusCode
}

// TestLiveEvents watches two workflows, one of them alone too.
func TestLiveEvents(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	one := w.hooked("one")
	w.hooked("two")
	all, _ := w.watch("", w.key)
	only, _ := w.watch("?workflowId="+one, w.newKey("execution:read"))
	w.release <- nil
	w.release <- errors.New("it broke: " + secret)
	<-w.call("one")
	<-w.call("two")
	var said strings.Builder
	read := func(c *websocket.Conn, n int) (kinds []string) {
		for range n {
			_, text, err := c.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			said.Write(text)
			var e liveEvent
			if err := json.Unmarshal(text, &e); err != nil {
				t.Fatal(err)
			}
			if e.ExecutionID == "" || e.Time.IsZero() {
				t.Errorf("event %s", text)
			}
			kinds = append(kinds, strings.TrimRight(fmt.Sprint(e.Workflow, " ", e.Kind, " ", e.Node, " ", e.Status), " "))
		}
		return kinds
	}
	want := func(name, status string) string {
		return fmt.Sprintf("[%[1]s run.started %[1]s step.started Work %[1]s step.finished Work %[1]s run.finished  %[2]s]", name, status)
	}
	if got := fmt.Sprint(read(only, 4)); got != want("one", "success") {
		t.Errorf("one: %s", got)
	}
	if got := fmt.Sprint(read(all, 8)); got != strings.ReplaceAll(want("one", "success")+want("two", "error"), "][", " ") {
		t.Errorf("all: %s", got)
	}
	if strings.Contains(said.String(), secret) {
		t.Error("a secret came out")
	}
}

// TestLiveRefuses asks for events without the right to.
func TestLiveRefuses(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	for _, c := range []struct {
		query, key string
		status     int
	}{{"", "", 401}, {"", "wrong", 401}, {"", w.newKey("workflow:read"), 403}, {"?workflowId=nobody", w.key, 404}} {
		if _, status := w.watch(c.query, c.key); status != c.status {
			t.Errorf("%+v: status %d", c, status)
		}
	}
	if status, _ := w.ask("GET", "/api/v1/events", ""); status != 400 {
		t.Errorf("no WebSocket: status %d", status)
	}
}

// TestSlowWatcher cuts off who reads nothing, and holds nobody up.
func TestSlowWatcher(t *testing.T) {
	t.Parallel()
	live := NewLive()
	slow, quick := live.add(""), live.add("")
	for i := range liveBuffer + 1 {
		live.Observe(runtime.Event{Kind: "run.started", ExecutionID: fmt.Sprint(i)})
		<-quick.events
	}
	select {
	case <-slow.cut:
	default:
		t.Error("the slow one is not cut off")
	}
	select {
	case <-quick.cut:
		t.Error("the quick one is cut off")
	default:
	}
	live.Close()
	if live.add("") != nil {
		t.Error("one was let in after the end")
	}
	<-quick.cut
}

// TestMetricsAndReadiness reads what a server says of itself without a key.
func TestMetricsAndReadiness(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.hooked("one")
	w.release <- nil
	w.release <- errors.New("no")
	<-w.call("one")
	<-w.call("one")
	key := w.key
	w.key = ""
	_, text := w.ask("GET", "/metrics", "")
	for _, want := range []string{
		`cordboard_executions_total{status="success"} 1`, `cordboard_executions_total{status="error"} 1`,
		`cordboard_webhook_responses_total{code="200"} 1`, `cordboard_webhook_responses_total{code="500"} 1`,
		`cordboard_execution_duration_seconds_count{status="success"} 1`, "cordboard_queue_length 0", "cordboard_executions_running 0", "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(text, "one") && strings.Contains(text, secret) || strings.Contains(text, key) {
		t.Error("the metrics tell too much")
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, text := w.ask("GET", path, ""); status != 200 || text != "{\"status\":\"ok\"}\n" {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

// TestNotReady asks a server whose database does not answer.
func TestNotReady(t *testing.T) {
	t.Parallel()
	rt, err := cordboard.New(cordboard.Options{TokenDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	s := newServer(t, rt, io.Discard)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	if answer.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", answer.Code)
	}
}

// TestStopRunning stops an execution while its node works.
func TestStopRunning(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.hooked("one")
	answer := w.call("one")
	status, text := w.ask("POST", "/api/v1/executions/1/stop", "")
	if status != 200 || !strings.Contains(text, `"status":"canceled"`) {
		t.Errorf("stop: %d %s", status, text)
	}
	if got := <-answer; !strings.HasPrefix(got, "500 ") {
		t.Errorf("the caller got %s", got)
	}
	if status, text = w.ask("POST", "/api/v1/executions/1/stop", ""); status != http.StatusConflict {
		t.Errorf("stop again: %d %s", status, text)
	}
	answer = w.call("one")
	if _, text = w.ask("POST", "/api/v1/executions/stop", `{"status":["running"]}`); text != "{\"stopped\":1}\n" {
		t.Errorf("stop many: %s", text)
	}
	<-answer
}

// TestRetryGoesOn retries from the node that failed, with the data of then, until it succeeds.
func TestRetryGoesOn(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	id := w.hooked("one")
	w.release <- errors.New("not yet")
	<-w.call("one")
	w.release <- nil
	status, text := w.ask("POST", "/api/v1/executions/1/retry", "")
	<-w.begun
	if status != 200 || !strings.Contains(text, `"status":"success"`) || !strings.Contains(text, secret) || !strings.Contains(text, `"retryOf":"1"`) {
		t.Errorf("retry: %d %s", status, text)
	}
	_, text = w.ask("GET", "/api/v1/executions/1", "")
	if !strings.Contains(text, `"retrySuccessId":"2"`) {
		t.Errorf("the first one: %s", text)
	}
	// Deleting: not while it is active, nor while something runs.
	answer := w.call("one")
	if status, _ = w.ask("DELETE", "/api/v1/executions/3", ""); status != http.StatusConflict {
		t.Errorf("delete of one that runs: %d", status)
	}
	if status, _ = w.ask("POST", "/api/v1/workflows/"+id+"/deactivate", ""); status != 200 {
		t.Errorf("deactivate: %d", status)
	}
	if status, text = w.ask("DELETE", "/api/v1/workflows/"+id, ""); status != http.StatusConflict {
		t.Errorf("delete with one that runs: %d %s", status, text)
	}
	w.release <- nil
	<-answer
	if status, text = w.ask("DELETE", "/api/v1/workflows/"+id, ""); status != 200 {
		t.Errorf("delete: %d %s", status, text)
	}
	if status, _ = w.ask("GET", "/api/v1/executions/1", ""); status != 404 {
		t.Errorf("its executions: %d", status)
	}
}
