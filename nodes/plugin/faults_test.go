package plugin_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/runtime"
)

// TestFaultsAtStart: whatever a program does in place of the handshake, the error says what, and quotes it.
func TestFaultsAtStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"crash before":       {"echo broken heart >&2; exit 3", "it ended without saying anything: is it a plugin, built for this machine?; its last words:\n  broken heart"},
		"crash amid":         {"printf '1|1|un'; exit 3", `it wrote "1|1|un" to its standard output, which belongs to the protocol`},
		"crash after":        {"echo '1|1|unix|/nowhere/sock|grpc|'; echo late >&2; exit 3", "it does not start: "},
		"stray output":       {"echo hello; exec sleep 600", `it wrote "hello" to its standard output, which belongs to the protocol`},
		"newer protocol":     {"echo '1|2|unix|/nowhere/sock|grpc|'; exec sleep 600", "it speaks version 2 of the plugin protocol, and this cordboard version 1: upgrade cordboard"},
		"older protocol":     {"echo '1|0|unix|/nowhere/sock|grpc|'; exec sleep 600", "it speaks version 0 of the plugin protocol, and this cordboard version 1: upgrade the plugin"},
		"a socket elsewhere": {"echo '1|1|unix|/nowhere/sock|grpc|'; exec sleep 600", "/nowhere/sock"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := scriptHost(t, c.script).Types(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), plugin.Prefix+"script") {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestHangAtStart: a plugin that never comes up is killed at its deadline, and what it started with it.
func TestHangAtStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	h := scriptHost(t, "sleep 600 & echo $! > "+file+"; wait")
	h.StartWithin(500 * time.Millisecond)
	_, err := h.Types(t.Context())
	if err == nil || !strings.Contains(err.Error(), "it did not come up in time, and was killed") {
		t.Error(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Sscan(string(text), &child); err != nil {
		t.Fatal(err)
	}
	waitGone(t, child)
}

// mute is the file name under which the test program is a plugin that listens, and never answers.
const mute = plugin.Prefix + "mute"

func serveMute() {
	socket := filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "mute.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	fmt.Printf("1|1|unix|%s|grpc|\n", socket)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestHangAfterHandshake(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), mute)
	if err := os.Symlink(self(t).Path, path); err != nil {
		t.Fatal(err)
	}
	trusted, _, err := plugin.TrustPinned(path)
	if err != nil {
		t.Fatal(err)
	}
	h := plugin.NewHost(trusted, nil)
	t.Cleanup(h.Close)
	h.StartWithin(2 * time.Second)
	began := time.Now()
	if _, err := h.Types(t.Context()); err == nil || !strings.Contains(err.Error(), "it did not come up in time, and was killed") {
		t.Error(err)
	}
	if took := time.Since(began); took > 15*time.Second { // a connection is given up after 20
		t.Errorf("it took %s", took)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(100*time.Millisecond, func() { cancel(enough) })
	if _, err := h.Types(ctx); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

// TestDeadline: a run's deadline ends its call, and is the cause that is told.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, throughPlugin := range []bool{false, true} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errors.New("out of time"))
		r, _ := newBench(t, throughPlugin).run(ctx, t, `{"name":"Node","type":"plug.hang","parameters":{}}`, `{}`)
		cancel()
		if r.Err == nil || !strings.Contains(r.Err.Error(), "out of time") {
			t.Errorf("through the plugin %t: %v", throughPlugin, r.Err)
		}
	}
}

// TestStuckCall: a call that does not heed its cancellation costs the process, with what it started, once the other calls in it are
// done; what comes after has a process of its own at once.
func TestStuckCall(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	spawn := func() (self, child int) {
		r, _ := b.run(t.Context(), t, `{"name":"Node","type":"plug.spawn","parameters":{}}`, `{}`)
		it := r.Items().At(0)
		return int(it.Get("self").Int()), int(it.Get("child").Int())
	}
	self, child := spawn()
	ctx, cancel := context.WithCancel(t.Context())
	other := make(chan *runtime.Run, 1)
	go func() {
		r, _ := b.run(ctx, t, `{"name":"Node","type":"plug.hang","parameters":{}}`, `{}`)
		other <- r
	}()
	for !strings.Contains(<-b.log.seen, "hanging") {
	}
	listening := listenTo(t, b)
	stuckCtx, stop := context.WithTimeout(t.Context(), 3*time.Second) // by then the call has reached the plugin
	defer stop()
	if r, _ := b.run(stuckCtx, t, `{"name":"Node","type":"plug.stuck","parameters":{}}`, `{}`); r.Err == nil {
		t.Fatal("the call that is stuck ended well")
	}
	if again, _ := spawn(); again == self || again == 0 {
		t.Errorf("the process %d goes on", again)
	}
	if err := <-listening; err == nil || !strings.Contains(err.Error(), "its process is replaced") { // the server begins it anew
		t.Errorf("the trigger in it: %v", err)
	}
	select {
	case r := <-other:
		t.Fatalf("the other call ended: %v", r.Err)
	default:
	}
	cancel()
	if r := <-other; r.Status != runtime.StatusCanceled {
		t.Errorf("the other call: %s, %v", r.Status, r.Err)
	}
	waitGone(t, self)
	waitGone(t, child)
}

// listenTo runs the trigger of the plugin; it returns once three runs have started.
func listenTo(t *testing.T, b *bench) <-chan error {
	t.Helper()
	w, err := runtime.ParseWorkflow("f.json", []byte(`{"nodes":[{"name":"Tick","type":"plug.ticker","position":[0,0],"parameters":{}}],"connections":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := b.engine.Compile(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	trigger := plan.Triggers()[0]
	ended, three, n := make(chan error, 1), make(chan struct{}), 0
	go func() {
		ended <- trigger.Node.(nodes.Trigger).Listen(t.Context(), b.engine.TriggerCall(t.Context(), trigger), func(_ context.Context, items nodes.Items) (*nodes.Started, error) {
			if n++; n == 3 {
				close(three)
			}
			result := make(chan nodes.Result, 1)
			result <- nodes.Result{Items: items}
			return &nodes.Started{ExecutionID: fmt.Sprint(n), Result: result}, nil
		})
	}()
	select {
	case <-three:
	case err := <-ended:
		t.Fatalf("the trigger ended: %v", err)
	}
	return ended
}

func TestVeryLargeItem(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	const size = 64 << 20
	r, _ := b.run(t.Context(), t, fmt.Sprintf(`{"name":"Node","type":"plug.many","parameters":{"n":1,"size":%d}}`, size), `{}`)
	if r.Err != nil || r.Items().Len() != 1 || len(r.Items().At(0).JSON()) < size {
		t.Fatal(r.Err)
	}
	large := r.Items().At(0).JSON()
	r, _ = b.run(t.Context(), t, `{"name":"Node","type":"plug.echo","parameters":{}}`, large)
	if r.Err != nil || r.Items().At(0).JSON() != large {
		t.Error("the item did not come back: ", r.Err)
	}
}

// stopper is a sink that takes one item and then nothing until it is let.
type stopper struct {
	taken chan struct{}
	goOn  chan struct{}
	n     int
}

func (s *stopper) Emit(int, nodes.Item) {
	if s.n++; s.n == 1 {
		close(s.taken)
		<-s.goOn
	}
}

func (s *stopper) Failed(int, *nodes.Error) {}

// TestBackPressure: a plugin gives many items only as fast as they are taken, and other calls go on meanwhile.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	host := plugin.NewHost(self(t), nil)
	t.Cleanup(host.Close)
	const n, size, ahead = 200_000, 300, 24 << 20
	sink := &stopper{taken: make(chan struct{}), goOn: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		done <- executeRemote(t, host, "plug.many", fmt.Sprintf(`{"n":%d,"size":%d}`, n, size), &nodes.Call{Sink: sink})
	}()
	<-sink.taken
	for range 300 {
		call := &nodes.Call{}
		if err := executeRemote(t, host, "plug.progress", `{}`, call); err != nil {
			t.Fatal(err)
		}
		outputs, _, _ := call.Outcome()
		if given := outputs[0].At(0).Get("emitted").Int() * size; given > ahead {
			t.Fatalf("the plugin ran ahead by %d MB", given>>20)
		}
	}
	close(sink.goOn)
	if err := <-done; err != nil || sink.n != n {
		t.Errorf("%d items came, %v", sink.n, err)
	}
}

// executeRemote runs a node of the plugin without an engine.
func executeRemote(t *testing.T, host *plugin.Host, nodeType, parameters string, call *nodes.Call) error {
	t.Helper()
	call.Inputs = []nodes.Items{nodes.ItemsOf(nodes.NewItem(`{}`))}
	return executeOn(t, host, nodeType, parameters, call)
}

// executeOn is executeRemote with the call's own items.
func executeOn(t *testing.T, host *plugin.Host, nodeType, parameters string, call *nodes.Call) error {
	t.Helper()
	types, err := host.Types(t.Context())
	if err != nil {
		return err
	}
	for _, typ := range types {
		if typ.Descriptor.Type != nodeType {
			continue
		}
		params, errs := nodes.CompileTemplate(gjson.Parse(parameters), nil)
		if errs != nil {
			return errs[0]
		}
		call.Name, call.Type, call.Version, call.Params = "Node", nodeType, 1, params
		call.Engine, call.Log = zoneOnly{}, slog.New(slog.DiscardHandler)
		return typ.Node.Execute(t.Context(), call)
	}
	return fmt.Errorf("no node type %s", nodeType)
}

// zoneOnly is an engine that is asked nothing but the time zone.
type zoneOnly struct{ nodes.Engine }

func (zoneOnly) Location() *time.Location { return time.UTC }

// TestSocketsArePrivate: only the host gets in, by its place and by its certificate.
func TestSocketsArePrivate(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	r, _ := b.run(t.Context(), t, `{"name":"Node","type":"plug.sockets","parameters":{}}`, `{}`)
	if r.Err != nil || r.Items().Len() == 0 {
		t.Fatal(r.Err)
	}
	refused := 0
	for _, it := range r.Items().All() {
		dir := it.Get("dir").String()
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, info.Mode(), err)
		}
		conn, err := net.Dial("unix", filepath.Join(dir, it.Get("name").String()))
		if err != nil {
			continue // the broker's, closed by now
		}
		defer conn.Close()
		stranger := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		if err = stranger.Handshake(); err == nil { // of TLS 1.3, the refusal comes with the first read
			_, err = stranger.Read(make([]byte, 1))
		}
		if err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("without a certificate: %v", err)
		}
		refused++
	}
	if refused == 0 {
		t.Error("no socket was tried")
	}
}
