package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

// nodeFunc is a node of a test.
type nodeFunc func(context.Context, *nodes.Call) error

func (f nodeFunc) Execute(ctx context.Context, call *nodes.Call) error { return f(ctx, call) }

// ticker is a trigger with one event.
type ticker struct {
	nodeFunc
	listen func(context.Context, nodes.Start) error
}

func (k ticker) Listen(ctx context.Context, _ *nodes.Call, start nodes.Start) error {
	return k.listen(ctx, start)
}

// logText is a log that tests read while others write it.
type logText struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// rig is a server that really listens.
type rig struct {
	*Server
	t       *testing.T
	rt      *cordboard.Runtime
	log     logText
	address string
	stop    context.CancelFunc
	client  *http.Client
	served  chan error
	added   atomic.Int64
	types   []nodes.Type // where it is begun again
}

// newServer makes a server with a store of its own.
func newServer(t *testing.T, rt *cordboard.Runtime, log io.Writer) *Server {
	t.Helper()
	return newServerIn(t, rt, log, t.TempDir())
}

func newServerIn(t *testing.T, rt *cordboard.Runtime, log io.Writer, dir string) *Server {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(rt, Options{Store: db, DataDir: dir, Alone: true, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(s.Close(), db.Close()) })
	return s
}

// testTypes are a node test.node, and a trigger test.ticker if listen is given.
func testTypes(work nodeFunc, listen func(context.Context, nodes.Start) error) []nodes.Type {
	types := []nodes.Type{{Descriptor: &descriptors.Node{Type: "test.node", DisplayName: "Test", Versions: []float64{1}}, Node: work}}
	if listen != nil {
		types = append(types, nodes.Type{Node: ticker{work, listen}, Descriptor: &descriptors.Node{
			Type: "test.ticker", DisplayName: "Ticker", Versions: []float64{1}, Trigger: true,
		}})
	}
	return types
}

// gated is a node that says when it is entered, and waits until it may leave.
func gated(entered chan<- struct{}, leave <-chan struct{}) nodeFunc {
	return func(ctx context.Context, call *nodes.Call) error {
		entered <- struct{}{}
		select {
		case <-leave:
		case <-ctx.Done():
			return ctx.Err()
		}
		return pass(ctx, call)
	}
}

// newRig makes a server with a node test.node, and a trigger test.ticker if listen is given.
func newRig(t *testing.T, work nodeFunc, listen func(context.Context, nodes.Start) error, more ...nodes.Type) *rig {
	t.Helper()
	r := &rig{t: t, served: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	types := append(testTypes(work, listen), more...)
	rt, err := cordboard.New(cordboard.Options{Nodes: types, TokenDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r.rt, r.Server = rt, newServer(t, rt, &r.log)
	t.Cleanup(func() {
		r.client.CloseIdleConnections()
		_ = rt.Close()
	})
	return r
}

// add adds a workflow: a trigger with these parameters before a test.node.
func (r *rig) add(trigger, parameters string) error {
	r.t.Helper()
	flow, err := r.rt.Load(r.t.Context(), "flow.json", fmt.Appendf(nil, `{"id":"t%d","name":"t","nodes":[
		{"name":"Hook","type":%q,"typeVersion":%d,"position":[0,0],"parameters":%s},
		{"name":"Work","type":"test.node","typeVersion":1,"position":[200,0],"parameters":{}}],
		"connections":{"Hook":{"main":[[{"node":"Work","type":"main","index":0}]]}}}`,
		r.added.Add(1), trigger, map[bool]int{true: 2, false: 1}[trigger == hook], parameters))
	if err != nil {
		r.t.Fatal(err)
	}
	return r.AddFile(r.t.Context(), flow)
}

const hook = "n8n-nodes-base.webhook"

// listen begins to serve webhooks with these parameters.
func (r *rig) listen(hooks ...string) {
	r.t.Helper()
	for _, parameters := range hooks {
		if err := r.add(hook, parameters); err != nil {
			r.t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.address, r.stop = "http://"+l.Addr().String(), stop
	go func() { r.served <- r.Serve(ctx, l) }()
	r.t.Cleanup(stop)
}

// end stops the server and returns what Serve does.
func (r *rig) end() error {
	r.stop()
	return <-r.served
}

// ask sends a request and returns "status body".
func (r *rig) ask(method, path, body string) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.address+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return fmt.Sprintf("%d %s", res.StatusCode, strings.TrimSpace(string(text)))
}

// pass hands the items on.
func pass(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Inputs[0].All() {
		call.EmitFrom(0, i, it.WithJSON(`{"params":`+it.Get("params").Raw+`}`))
	}
	return nil
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, nil)
	r.listen(
		`{"path":"a/:id","responseMode":"lastNode"}`, `{"path":"a/fixed","responseMode":"lastNode"}`,
		`{"path":"a/:id","httpMethod":"POST","responseMode":"lastNode"}`, `{"path":"now"}`,
	)
	for _, c := range [][4]string{
		{"GET", "/webhook/a/5%2F6", "", `200 {"params":{"id":"5/6"}}`},
		{"GET", "/webhook/a/fixed", "", `200 {"params":{}}`},
		{"POST", "/webhook-test/a/fixed", "", `200 {"params":{"id":"fixed"}}`},
		{"PUT", "/webhook/a/fixed", "", `404 {"code":404,"message":"This webhook is not registered for PUT requests. Did you mean to make a GET or POST request?"}`},
		{"GET", "/webhook/a", "", `404 {"code":404,"hint":"No workflow that is served here has a Webhook node with this path.","message":"The requested webhook \"GET a\" is not registered."}`},
		{"GET", "/webhook/now", "", `200 {"message":"Workflow was started"}`},
		{"POST", "/webhook/a/5", strings.Repeat("x", maxBody+1), `200 {"params":{"id":"5"}}`},
	} {
		if got := r.ask(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%s %s: got %s, want %s", c[0], c[1], got, c[3])
		}
	}
	if err := r.add(hook, `{"path":"a/:other"}`); err == nil || !strings.Contains(err.Error(), `the webhook GET a/:other is already taken by node "Hook" of flow.json`) {
		t.Errorf("got %v", err)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
}

// TestFailures tells the caller nothing of what went wrong inside.
func TestFailures(t *testing.T) {
	t.Parallel()
	const failed = `500 {"code":500,"message":"Error in workflow"}`
	r := newRig(t, func(_ context.Context, call *nodes.Call) error {
		if call.Inputs[0].At(0).Get("query.panic").Exists() {
			panic("a mistake")
		}
		return nodes.Errorf("the secret reason")
	}, nil)
	r.listen(`{"path":"now"}`, `{"path":"last","responseMode":"lastNode"}`,
		`{"path":"auth","authentication":"headerAuth"}`)
	for path, want := range map[string]string{
		"/webhook/now": `200 {"message":"Workflow was started"}`, "/webhook/last": failed, "/webhook/last?panic": failed, "/webhook/auth": failed,
	} {
		if got := r.ask("GET", path, ""); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"the secret reason", "a mistake", "httpHeaderAuth"} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("the log does not tell of %s:\n%s", want, r.log.String())
		}
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, nil)
	src := source{flow: &cordboard.Workflow{Plan: &runtime.Plan{Workflow: &runtime.Workflow{}}}}
	theirs := nodes.Errorf("say please")
	theirs.HTTPCode = "422"
	other := *theirs
	other.Kind = nodes.APIError
	for _, c := range []struct {
		err  error
		want string
	}{
		{theirs, `422 {"code":422,"message":"say please"}`},
		{&other, `500 {"code":500,"message":"Error in workflow"}`},
		{fmt.Errorf("credential PBX: %w", theirs), `500 {"code":500,"message":"Error in workflow"}`},
	} {
		w := &answerText{header: http.Header{}}
		r.refuse(w, src, c.err)
		if got := fmt.Sprintf("%d %s", w.status, strings.TrimSpace(w.String())); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// answerText is an answer that is not sent.
type answerText struct {
	bytes.Buffer
	status int
	header http.Header
}

func (a *answerText) Header() http.Header    { return a.header }
func (a *answerText) WriteHeader(status int) { a.status = status }

// TestPanicOutside is one that the engine does not catch: of the program's own observer. It fails its run and no other.
func TestPanicOutside(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, nil)
	first := true
	rt, err := cordboard.New(cordboard.Options{
		Nodes: []nodes.Type{{Descriptor: &descriptors.Node{Type: "test.node", DisplayName: "Test", Versions: []float64{1}}, Node: nodeFunc(pass)}},
		Observe: func(runtime.Event) {
			if first {
				first = false
				panic("observed")
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close() })
	r.rt, r.Server.rt = rt, rt
	r.listen(`{"path":"last","responseMode":"lastNode"}`)
	for _, want := range []string{`500 {"code":500,"message":"Error in workflow"}`, `200 {"params":{}}`} {
		if got := r.ask("GET", "/webhook/last", ""); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
}

// TestShutdownWaits stops the server while a run is under way whose caller waits: it gets its answer.
func TestShutdownWaits(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	r := newRig(t, func(ctx context.Context, call *nodes.Call) error {
		close(entered)
		<-leave
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return pass(ctx, call)
	}, nil)
	r.listen(`{"path":"last","responseMode":"lastNode"}`)
	got := make(chan string, 1)
	go func() { got <- r.ask("GET", "/webhook/last", "") }()
	<-entered
	r.stop()
	close(leave)
	if err := <-r.served; err != nil {
		t.Error(err)
	}
	if text := <-got; text != `200 {"params":{}}` {
		t.Error(text)
	}
	if err := r.runs.begin(func() error { return nil }); !errors.Is(err, errStopping) {
		t.Errorf("a run began after the end: %v", err)
	}
}

// TestShutdownRefuses stops the server while a run is under way: until that has ended, who calls is told to come again, and nothing begins.
func TestShutdownRefuses(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	r := newRig(t, gated(entered, leave), nil)
	r.SetAPI(nil, nil)
	r.listen(`{"path":"last","responseMode":"lastNode"}`)
	first := make(chan string, 1)
	go func() { first <- r.ask("GET", "/webhook/last", "") }()
	<-entered
	r.stop()
	until(t, r.stopping)
	const refused = `503 {"code":503,"message":"the server is stopping"}`
	for _, c := range [][3]string{
		{"GET", "/readyz", `503 {"status":"stopping"}`}, {"GET", "/healthz", `200 {"status":"ok"}`},
		{"GET", "/webhook/last", refused}, {"GET", "/webhook/none", refused}, {"POST", "/webhook-waiting/7", refused}, {"POST", "/api/v1/executions/1/retry", refused},
	} {
		if got := r.ask(c[0], c[1], ""); got != c[2] {
			t.Errorf("%s: got %s, want %s", c[1], got, c[2])
		}
	}
	res, err := r.client.Get(r.address + "/webhook/last")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if after := res.Header.Get("Retry-After"); after != "5" {
		t.Errorf("Retry-After: %q", after)
	}
	close(leave)
	if got := <-first; got != `200 {"params":{}}` {
		t.Errorf("the caller who waited got %s", got)
	}
	if err := <-r.served; err != nil {
		t.Error(err)
	}
	if log := r.log.String(); !strings.Contains(log, `stopping "executions under way"=1`) || len(entered) > 0 {
		t.Errorf("%d more began; %s", len(entered), log)
	}
	if got := r.ask("GET", "/healthz", ""); !strings.Contains(got, "refused") {
		t.Errorf("it still listens: %s", got)
	}
}

// TestShutdownIsBounded stops the server while runs of a webhook and of a trigger are under way that end only when they are
// cancelled. Those of a trigger outlive it: its event was acknowledged.
func TestShutdownIsBounded(t *testing.T) {
	t.Parallel()
	causes := make(chan error, 2)
	entered := make(chan struct{}, 2)
	r := newRig(t, func(ctx context.Context, _ *nodes.Call) error {
		entered <- struct{}{}
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return ctx.Err()
	}, func(ctx context.Context, start nodes.Start) error {
		_, err := start(ctx, nodes.ItemsOf(nodes.NewItem("{}")))
		<-ctx.Done()
		return err
	})
	r.shutdown = 20 * time.Millisecond
	if err := r.add("test.ticker", "{}"); err != nil {
		t.Fatal(err)
	}
	r.listen(`{"path":"now"}`)
	if got := r.ask("GET", "/webhook/now", ""); got != `200 {"message":"Workflow was started"}` {
		t.Error(got)
	}
	<-entered
	<-entered
	if err := r.end(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-causes; !errors.Is(err, errStopped) {
			t.Errorf("the cause is %v", err)
		}
	}
}

// TestShutdownLeavesRun does not wait for ever for a node that heeds nothing.
func TestShutdownLeavesRun(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	r := newRig(t, func(context.Context, *nodes.Call) error {
		close(entered)
		<-leave
		return nil
	}, nil)
	r.shutdown, r.grace = time.Millisecond, time.Millisecond
	r.listen(`{"path":"now"}`)
	_ = r.ask("GET", "/webhook/now", "")
	<-entered
	if err := r.end(); err == nil || !strings.Contains(err.Error(), "did not end when they were cancelled") {
		t.Errorf("got %v", err)
	}
	close(leave)
	<-r.runs.close()
}

// TestListenerFails ends triggers as well.
func TestListenerFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, func(ctx context.Context, _ nodes.Start) error {
		<-ctx.Done()
		return nil
	})
	if err := r.add("test.ticker", "{}"); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := r.Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
