package server

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/store"
)

// hooks is a server that really listens, with the credentials that n8n's had.
type hooks struct {
	*Server
	t       *testing.T
	rt      *cordboard.Runtime
	log     logText
	address string
	served  chan error
	stop    context.CancelFunc
}

func newHooks(t *testing.T, o WebhookOptions, types ...nodes.Type) *hooks {
	t.Helper()
	h := &hooks{t: t, served: make(chan error, 1)}
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := cordboard.New(cordboard.Options{
		CredentialFiles: []string{"testdata/webhook/credentials.json"}, TokenDir: t.TempDir(), Nodes: types,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(rt, Options{Store: db, DataDir: dir, Alone: true, Log: slog.New(slog.NewTextHandler(&h.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	h.rt, h.Server = rt, s
	s.SetWebhooks(o)
	t.Cleanup(func() {
		_ = s.Close()
		_ = rt.Close()
		_ = db.Close()
	})
	return h
}

// work is a node type test.work.
func work(f func(context.Context, *nodes.Call) error) nodes.Type {
	return nodes.Type{
		Descriptor: &descriptors.Node{Type: "test.work", DisplayName: "Work", Versions: []float64{1}}, Node: workFunc(f), Origin: "built in",
	}
}

type workFunc func(context.Context, *nodes.Call) error

func (f workFunc) Execute(ctx context.Context, call *nodes.Call) error { return f(ctx, call) }

func (h *hooks) add(name string, text []byte) error {
	h.t.Helper()
	flow, err := h.rt.Load(h.t.Context(), name, text)
	if err != nil {
		return err
	}
	return h.AddFile(h.t.Context(), flow)
}

// listen serves until the test ends.
func (h *hooks) listen() {
	h.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	h.address, h.stop = "http://"+l.Addr().String(), stop
	go func() { h.served <- h.Serve(ctx, l) }()
	h.t.Cleanup(func() {
		stop()
		if err := <-h.served; err != nil {
			h.t.Error(err)
		}
	})
}

// until waits for something to become true.
func until(t *testing.T, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("it did not become true")
		}
	}
}
