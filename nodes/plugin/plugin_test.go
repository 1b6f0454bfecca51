package plugin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/runtime/binary"
)

// The test program is its own plugin: started with go-plugin's cookie it serves the test nodes.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("CORDBOARD_PLUGIN") != "" && filepath.Base(os.Args[0]) == mute:
		serveMute()
	case os.Getenv("CORDBOARD_PLUGIN") != "":
		plugin.Serve(testTypes()...)
	case os.Getenv("PLUGIN_TEST_HOST") != "":
		hostUntilKilled()
	default:
		os.Exit(m.Run())
	}
}

func self(t testing.TB) plugin.Trusted {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trusted, _, err := plugin.TrustPinned(path)
	if err != nil {
		t.Fatal(err)
	}
	return trusted
}

// logBuffer takes what hosts and nodes log.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	seen chan string
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.seen <- string(p):
	default:
	}
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// bench runs workflows with the test nodes, in process or through the plugin.
type bench struct {
	engine *runtime.Engine
	host   *plugin.Host
	log    *logBuffer
	mints  func() int
}

func newBench(t testing.TB, throughPlugin bool) *bench {
	t.Helper()
	b := &bench{log: &logBuffer{seen: make(chan string, 1000)}}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	types := testTypes()
	if throughPlugin {
		b.host = plugin.NewHost(self(t), log)
		t.Cleanup(b.host.Close)
		var err error
		if types, err = b.host.Types(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	registry := &nodes.Registry{}
	if err := errors.Join(registry.Add(core.Nodes()...), registry.Add(types...)); err != nil {
		t.Fatal(err)
	}
	var creds *credentials.Set
	creds, b.mints = testCredentials(t)
	b.engine = runtime.New(runtime.Options{
		Nodes: registry, Credentials: creds, Log: log, Clock: func() time.Time { return time.UnixMilli(0) },
	})
	t.Cleanup(func() {
		if err := b.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// testCredentials has one credential, whose token server gives token1, token2, …
func testCredentials(t testing.TB) (*credentials.Set, func() int) {
	t.Helper()
	var mu sync.Mutex
	mints := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		mints++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"sesame-token-%d","token_type":"Bearer","expires_in":3600}`, mints)
	}))
	t.Cleanup(server.Close)
	set := credentials.NewSet(credentials.NewLeases(t.TempDir()))
	data := fmt.Sprintf(`{"baseUrl":%q,"clientId":"c","clientSecret":"very-secret"}`, server.URL)
	set.Add(credentials.Credential{ID: "1", Name: "test", Type: "testApi", Data: json.RawMessage(data)})
	return set, func() int {
		mu.Lock()
		defer mu.Unlock()
		return mints
	}
}

// run runs Start > Node with these node settings and returns the run.
func (b *bench) run(ctx context.Context, t testing.TB, node, input string) (*runtime.Run, *binary.Store) {
	t.Helper()
	return b.runFlow(ctx, t, node, `"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}`, input)
}

// twice leads to Node two times, if there is a node Pass.
const twice = `"Start":{"main":[[{"node":"Node","type":"main","index":0},{"node":"Pass","type":"main","index":0}]]},
	"Pass":{"main":[[{"node":"Node","type":"main","index":0}]]}`

func (b *bench) runFlow(ctx context.Context, t testing.TB, list, connections, input string) (*runtime.Run, *binary.Store) {
	t.Helper()
	file := fmt.Sprintf(`{"name":"t","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","position":[0,0],"parameters":{}},%s],
		"connections":{%s}}`, list, connections)
	w, err := runtime.ParseWorkflow("f.json", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := b.engine.Compile(ctx, w)
	if err != nil {
		t.Fatal(err)
	}
	items, err := runtime.ParseItems(input)
	if err != nil {
		t.Fatal(err)
	}
	store := binary.New(t.TempDir())
	x, err := b.engine.NewExecution(plan, runtime.RunOptions{Input: &items, ID: "1", Binary: store})
	if err != nil {
		t.Fatal(err)
	}
	return x.Run(ctx), store
}

func runJSON(t testing.TB, r *runtime.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if r.State.Suspended != nil {
		fmt.Fprintf(&b, "suspended until %s, webhook %t", r.State.Suspended.Until.UTC(), r.State.Suspended.Webhook)
	}
	if reply := r.State.Reply; reply != nil {
		fmt.Fprintf(&b, "replied %d %v %q", reply.Status, reply.Header, reply.Body)
	}
	return b.String()
}

const threeItems = `[{"json":{"n":1,"big":12345678901234567890,"fail":""}},{"n":2,"fail":"item","ä":"ü\u0001"},{"n":3}]`

// conformance are calls that must come to the same run, in process and through a plugin.
var conformance = map[string]struct{ node, input, want string }{
	"items":                      {`{"name":"Node","type":"plug.echo","parameters":{}}`, threeItems, `{"n":1,"big":12345678901234567890,"fail":""}`},
	"no items":                   {`{"name":"Node","type":"plug.many","parameters":{"n":0}}`, `{}`, `"main":[[]]`},
	"expressions":                {`{"name":"Node","type":"plug.eval","parameters":{"value":"={{ $json.n * 2 }}","list":[{"deep":"={{ $json.n }}-{{ $itemIndex }}"},{"deep":true}],"extra":"={{ $response.page }}"}}`, threeItems, `{"value":4,"list0":"2-1","list1":true,"extra":7}`},
	"expression fails":           {`{"name":"Node","type":"plug.eval","parameters":{"value":"={{ $('Nowhere').item }}"},"onError":"continueErrorOutput"}`, threeItems, `Referenced node doesn't exist`},
	"item fails":                 {`{"name":"Node","type":"plug.fails","parameters":{}}`, threeItems, `"message":"item is bad","description":"described","hint":"do better","node":{"name":"Node"},"itemIndex":1,"context":{"itemIndex":1},"parameter":"user","pointer":"/Groups/0","httpCode":"418"`},
	"item fails, regular output": {`{"name":"Node","type":"plug.fails","parameters":{},"onError":"continueRegularOutput"}`, threeItems, `{"json":{"error":"item is bad"},"pairedItem":{"item":1}},{"json":{"n":3}`},
	"item fails, error output":   {`{"name":"Node","type":"plug.fails","parameters":{},"onError":"continueErrorOutput"}`, threeItems, `"error":"item is bad"}`},
	"node fails":                 {`{"name":"Node","type":"plug.fails","parameters":{}}`, `{"fail":"node"}`, `"message":"all is bad","node":{"name":"Node"},"itemIndex":0,"context":{"itemIndex":0}`},
	"node fails, goes on":        {`{"name":"Node","type":"plug.fails","parameters":{},"onError":"continueRegularOutput"}`, `{"fail":"node"}`, `"executionStatus":"error","data":{"main":[[{"json":{"fail":"node"}`},
	"access":                     {`{"name":"Node","type":"plug.access","parameters":{},"credentials":{"testApi":{"id":"1","name":"test"}}}`, `{}`, `"late":true,"renewed":true,"same":true`},
	"binary data":                {`{"name":"Node","type":"plug.file","parameters":{"bytes":3000000}}`, `{}`, `{"read":3000000,"missing":true},"binary":{"z":{`},
	"suspend":                    {`{"name":"Node","type":"plug.waits","parameters":{}}`, `{}`, `suspended until 1970-01-01 00:00:00.001 +0000 UTC, webhook true`},
	"reply":                      {`{"name":"Node","type":"plug.replies","parameters":{}}`, `{}`, `replied 418 map[X-Kind:[teapot short]] "stout\xff"`},
	"many items":                 {`{"name":"Node","type":"plug.many","parameters":{"n":5000,"size":100}}`, `{}`, `{"i":4999,`},
	"a large item":               {`{"name":"Node","type":"plug.many","parameters":{"n":2,"size":9000000}}`, `{}`, `{"i":1,`},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	inProcess, plugged := newBench(t, false), newBench(t, true)
	for name, c := range conformance {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct, _ := inProcess.run(t.Context(), t, c.node, c.input)
			hopped, _ := plugged.run(t.Context(), t, c.node, c.input)
			want, got := runJSON(t, direct), runJSON(t, hopped)
			base := func(text string) string { // the token servers' addresses differ
				head, rest, ok := strings.Cut(text, `"base":"`)
				if !ok {
					return text
				}
				_, rest, _ = strings.Cut(rest, `"`)
				return head + rest
			}
			if base(got) != base(want) {
				t.Errorf("through the plugin: %.2000s\nin process: %.2000s", got, want)
			}
			if !strings.Contains(want, c.want) {
				t.Errorf("in process: %.2000s\nwant it to have %s", want, c.want)
			}
		})
	}
}

// TestContext: what a node keeps of an execution it gets at the next one, and a branch that it ends has no entry.
func TestContext(t *testing.T) {
	t.Parallel()
	const list = `{"name":"Pass","type":"n8n-nodes-base.noOp","position":[0,9],"parameters":{}},{"name":"Node","type":"plug.keeps","parameters":{}}`
	inProcess, plugged := newBench(t, false), newBench(t, true)
	direct, _ := inProcess.runFlow(t.Context(), t, list, twice, `{}`)
	hopped, _ := plugged.runFlow(t.Context(), t, list, twice, `{}`)
	want, got := runJSON(t, direct), runJSON(t, hopped)
	if got != want || !strings.Contains(want, `{"before":{"runs":1}}`) {
		t.Errorf("through the plugin: %s\nin process: %s", got, want)
	}
	for _, b := range []*bench{inProcess, plugged} {
		r, _ := b.runFlow(t.Context(), t, list, twice, `{"end":true}`)
		if text := runJSON(t, r); r.Err != nil || strings.Contains(text, `"Node":[`) {
			t.Errorf("ended: %v, %s", r.Err, text)
		}
	}
}

// TestUndeclaredCredentials: a node gets only what it declares, and what else it asks for is logged.
func TestUndeclaredCredentials(t *testing.T) {
	t.Parallel()
	for _, throughPlugin := range []bool{false, true} {
		b := newBench(t, throughPlugin)
		r, _ := b.run(t.Context(), t, `{"name":"Node","type":"plug.greedy","parameters":{},"credentials":{"testApi":{"id":"1","name":"test"}}}`, `{}`)
		if want := `the node type plug.greedy does not declare credentials of type "testApi"`; r.Err == nil || !strings.Contains(r.Err.Error(), want) {
			t.Errorf("through the plugin %t: %v", throughPlugin, r.Err)
		}
		if !strings.Contains(b.log.String(), "asked for a credential that it does not declare") || b.mints() != 0 {
			t.Errorf("through the plugin %t: %d tokens, log %s", throughPlugin, b.mints(), b.log)
		}
	}
}

func TestSecretsStayHome(t *testing.T) {
	t.Setenv("SUPER_SECRET", "x")
	b := newBench(t, true)
	r, _ := b.run(t.Context(), t, `{"name":"Node","type":"plug.environ","parameters":{}}`, `{}`)
	names := runJSON(t, r)
	for _, bad := range []string{"SUPER_SECRET", `"PATH"`, `"HOME"`} {
		if strings.Contains(names, bad) {
			t.Errorf("the plugin sees %s: %s", bad, names)
		}
	}
	if r, _ = b.run(t.Context(), t, conformance["access"].node, `{}`); r.Err != nil {
		t.Fatal(r.Err)
	}
	if log := b.log.String(); strings.Contains(log, "sesame-token") || !strings.Contains(log, "the token is ***") {
		t.Errorf("the log shows the token, or not the line: %s", log)
	}
	if b.mints() != 2 {
		t.Errorf("%d tokens were minted, want 2: one, and one for the renewal", b.mints())
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	b.run(t.Context(), t, `{"name":"Node","type":"plug.logs","parameters":{}}`, `{}`)
	if got := b.log.String(); !strings.Contains(got, "level=WARN msg=careful node=Node") || !strings.Contains(got, "g.b=two") {
		t.Error(got)
	}
}

func TestStrayOutput(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	b.run(t.Context(), t, `{"name":"Node","type":"plug.prints","parameters":{}}`, `{}`)
	for line := range b.log.seen {
		if strings.Contains(line, "the plugin wrote to its standard output") {
			if !strings.Contains(line, "stray words") {
				t.Error(line)
			}
			return
		}
	}
}

func TestCrash(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	const node = `{"name":"Node","type":"plug.crash","parameters":{}}`
	r, _ := b.run(t.Context(), t, node, `{}`)
	want := fmt.Sprintf("node \"Node\": the plugin %s crashed while it worked on this node; its last words:\n  goodbye cruel world\nWhat the node had done by then is not known, and it was not repeated: check before it runs again.", filepath.Base(self(t).Path))
	if r.Err == nil || r.Err.Error() != want {
		t.Errorf("got  %v\nwant %s", r.Err, want)
	}
	if r, _ := b.run(t.Context(), t, node, `{"calm":true}`); r.Err != nil {
		t.Errorf("after the crash: %v", r.Err)
	}
	for range 4 {
		b.run(t.Context(), t, node, `{}`)
	}
	r, _ = b.run(t.Context(), t, node, `{"calm":true}`)
	if r.Err == nil || !strings.Contains(r.Err.Error(), "it crashed 5 times and is left alone for 1m0s") {
		t.Errorf("after five crashes: %v", r.Err)
	}
}

// TestCancel: a cancelled node ends at once where it heeds the cancellation, and holds up its own call for the grace only where
// it does not. Other calls go on.
func TestCancel(t *testing.T) {
	t.Parallel()
	for _, node := range []string{"plug.hang", "plug.stuck"} {
		b := newBench(t, true)
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			for line := range b.log.seen {
				if strings.Contains(line, "hanging") {
					cancel(errors.New("enough"))
					return
				}
			}
		}()
		r, _ := b.run(ctx, t, `{"name":"Node","type":"`+node+`","parameters":{}}`, `{}`)
		if r.Status != runtime.StatusCanceled || !strings.Contains(r.Err.Error(), "enough") {
			t.Errorf("%s: got %s, %v", node, r.Status, r.Err)
		}
		if r, _ := b.run(t.Context(), t, `{"name":"Node","type":"plug.echo","parameters":{}}`, `{"n":1}`); r.Err != nil {
			t.Errorf("%s: afterwards: %v", node, r.Err)
		}
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	for _, throughPlugin := range []bool{false, true} {
		b := newBench(t, throughPlugin)
		w, err := runtime.ParseWorkflow("f.json", []byte(`{"nodes":[{"name":"Tick","type":"plug.ticker","position":[0,0],"parameters":{}}],"connections":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := b.engine.Compile(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		trigger := plan.Triggers()[0]
		var got []string
		err = trigger.Node.(nodes.Trigger).Listen(ctx, b.engine.TriggerCall(ctx, trigger), func(_ context.Context, items nodes.Items) (*nodes.Started, error) {
			got = append(got, items.At(0).JSON())
			result := make(chan nodes.Result, 1)
			result <- nodes.Result{Items: items}
			if len(got) == 3 {
				defer cancel()
			}
			return &nodes.Started{ExecutionID: fmt.Sprint(len(got)), Result: result}, nil
		})
		if err != nil || fmt.Sprint(got) != `[{"tick":0} {"tick":1} {"tick":2}]` {
			t.Errorf("through the plugin %t: %v, %v", throughPlugin, got, err)
		}
	}
}

// TestOrphans kills a host with -9: its plugin and what that started must go, by themselves.
func TestOrphans(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(path)
	host.Env = append(os.Environ(), "PLUGIN_TEST_HOST=1")
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	var pids struct{ Child, Self int }
	if err := json.NewDecoder(out).Decode(&pids); err != nil || pids.Self == 0 {
		t.Fatal(pids, err)
	}
	_ = host.Process.Kill()
	_ = host.Wait()
	waitGone(t, pids.Self)
	waitGone(t, pids.Child)
}

// waitGone waits until a process is gone or a zombie; polling is all that one can do with a process that is not a child.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); ; {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("process %d is still there after 30 s", pid)
		case <-tick.C:
		}
	}
}

// hostUntilKilled is the program of TestOrphans' host.
func hostUntilKilled() {
	t := &hostT{}
	b := newBench(t, true)
	r, _ := b.run(context.Background(), t, `{"name":"Node","type":"plug.spawn","parameters":{}}`, `{}`)
	fmt.Println(r.Items().At(0).JSON())
	select {}
}

// hostT lets the test's helpers work outside of a test.
type hostT struct{ testing.TB }

func (*hostT) Helper()                  {}
func (*hostT) Cleanup(func())           {}
func (*hostT) Context() context.Context { return context.Background() }
func (*hostT) Fatal(args ...any)        { fmt.Fprintln(os.Stderr, args...); os.Exit(1) }
func (*hostT) TempDir() string {
	dir, err := os.MkdirTemp("", "plugin-test-")
	if err != nil {
		panic(err)
	}
	return dir
}

// TestGrandchildren: closing the host ends what the plugin started, too.
func TestGrandchildren(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	r, _ := b.run(t.Context(), t, `{"name":"Node","type":"plug.spawn","parameters":{}}`, `{}`)
	child := int(r.Items().At(0).Get("child").Int())
	b.host.Close()
	waitGone(t, child)
	b.host.Close()
}
