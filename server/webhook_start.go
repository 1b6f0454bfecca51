package server

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/runtime/binary"
)

// callData is the directory of a call's binary data, which becomes its execution's. Where no execution keeps it, it goes when the
// caller has the answer.
type callData struct {
	name, dir string
	store     *binary.Store
	users     atomic.Int32
	kept      atomic.Bool
}

func (s *Server) newCallData() *callData {
	d := &callData{name: runtime.NewID()}
	d.dir = filepath.Join(s.binaryDir, d.name)
	d.store = binary.Keep(d.dir)
	d.users.Store(1)
	return d
}

func (d *callData) release() {
	if d.users.Add(-1) == 0 && !d.kept.Load() {
		_ = os.RemoveAll(d.dir)
	}
}

// callHooks join a run with the call that starts it.
type callHooks struct {
	output  int
	data    *callData
	awaited bool
	// key makes that no second call with it starts a run; "" for none.
	key string
	// lines takes those of a streamed answer until gone is closed; nil where the caller takes none.
	lines chan []byte
	gone  chan struct{}
}

// startCall begins a run as start does. Its result comes as soon as a node has answered.
func (s *Server) startCall(src source, items nodes.Items, hooks callHooks) (*nodes.Started, error) {
	b := beginning{flow: src.flow, node: src.trigger.Name, items: items, mode: "webhook", output: hooks.output, data: hooks.data, awaited: hooks.awaited}
	if hooks.key != "" {
		b.key = "call of " + src.flow.Workflow.ID + " at " + src.trigger.Name + ": " + hooks.key
	}
	if hooks.lines != nil {
		b.stream = hooks.take
	}
	return s.start(b)
}

// take hands a line on, and drops it if the caller is gone.
func (h callHooks) take(ctx context.Context, line []byte) error {
	select {
	case h.lines <- line:
		return nil
	case <-h.gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
