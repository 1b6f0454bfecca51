package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/server/api"
	"github.com/cordboard/cordboard/store"
)

// SetAPI serves the REST API, live events (if live is not nil) and metrics (if m is not nil) from now on. Call it before Serve.
func (s *Server) SetAPI(live *Live, m *Metrics) {
	o := api.Options{Store: s.store, Engine: engine{s}, Log: s.log, Changing: &s.changing}
	if live != nil {
		o.Events = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { live.serve(w, req, s.store) })
		context.AfterFunc(s.runs.ctx, live.Close)
	}
	s.extra = &extra{api: api.New(o)}
	if m != nil {
		s.extra.metrics = m.handler(s)
		s.extra.observed = m
	}
}

// extra is what a server answers beside webhooks, where it was told to.
type extra struct {
	api, metrics http.Handler
	observed     *Metrics
}

// serveExtra answers the API, /readyz and /metrics; ok is false for what is not among them.
func (s *Server) serveExtra(w http.ResponseWriter, req *http.Request) (ok bool) {
	switch path := req.URL.Path; {
	case path == "/readyz", path == "/healthz/readiness":
		s.ready(w, req)
	case s.extra == nil:
		return false
	case path == "/metrics" && s.extra.metrics != nil:
		s.extra.metrics.ServeHTTP(w, req)
	case strings.HasPrefix(path, api.Prefix) && req.Method != http.MethodGet && s.stopping():
		unavailable(w, errStopping)
	case strings.HasPrefix(path, api.Prefix):
		s.extra.api.ServeHTTP(w, req)
	default:
		return false
	}
	return true
}

// ready says whether the database answers, and the server goes on.
func (s *Server) ready(w http.ResponseWriter, req *http.Request) {
	if s.stopping() {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "stopping"})
		return
	}
	if err := s.store.Ping(req.Context()); err != nil {
		s.log.Error("the database does not answer", "error", err)
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "error"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// engine is what the API needs of a server.
type engine struct{ *Server }

var _ api.Engine = engine{}

// Activate is api.Engine's.
func (e engine) Activate(ctx context.Context, w store.Workflow) error {
	parsed, err := runtime.ParseWorkflow(w.Name, []byte(w.JSON))
	if err != nil {
		return err
	}
	parsed.ID = w.ID
	flow, err := e.rt.Compile(ctx, parsed)
	if err != nil || flow.Problems.Err() != nil {
		if unknown := e.unknownNode(ctx, parsed); unknown != nil {
			return unknown
		}
	}
	if err != nil {
		return err
	}
	if len(flow.Triggers()) == 0 {
		return api.ErrNoTrigger
	}
	err = e.Server.Activate(ctx, w)
	if errors.Is(err, errTaken) {
		return fmt.Errorf("%w: %w", api.ErrTaken, err)
	}
	return err
}

func (e engine) unknownNode(ctx context.Context, w *runtime.Workflow) error {
	types, err := e.rt.Types(ctx) // a plugin that cannot be started has no types
	known := map[string]bool{strings.ToLower(runtime.StickyNote): true}
	for _, t := range types {
		known[strings.ToLower(t.Descriptor.Type)] = true
	}
	for _, n := range w.Nodes {
		if !known[strings.ToLower(n.Type)] {
			if err != nil {
				e.log.Error("plugins cannot be used", "error", err)
			}
			return api.UnknownNode{Type: n.Type}
		}
	}
	return nil
}

// Deactivate is api.Engine's.
func (e engine) Deactivate(id string) { e.Remove(id) }

// RunData is api.Engine's.
func (e engine) RunData(ctx context.Context, x store.Execution) ([]byte, error) {
	run, err := e.Retell(ctx, x)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = run.WriteJSON(&b)
	return b.Bytes(), err
}

// Retry is api.Engine's.
func (e engine) Retry(ctx context.Context, x store.Execution, latest bool) (int64, error) {
	id, err := e.Server.Retry(ctx, x, latest)
	if errors.Is(err, ErrNothingFailed) {
		return 0, api.ErrNothingFailed
	}
	return id, err
}

// RemoveBinary is api.Engine's.
func (e engine) RemoveBinary(x store.Execution) { e.removeBinary(x.Binary) }

// errCanceled is the cause with which a person stops an execution.
var errCanceled = errors.New("it was stopped by hand")

// Stop is api.Engine's: it returns when the execution has ended, or ctx.
func (e engine) Stop(ctx context.Context, id int64) error {
	err := e.store.Cancel(ctx, id)
	if err == nil {
		e.executions.tell(id, nodes.Result{Err: errCanceled}) // whoever waits for it here
	}
	if !errors.Is(err, store.ErrLost) {
		return err
	}
	x := e.executions.find(id)
	if x == nil {
		return store.ErrLost
	}
	x.cancel(errCanceled)
	look := time.NewTicker(stopPoll)
	defer look.Stop()
	for {
		row, err := e.store.Execution(ctx, id)
		if err != nil || !row.StoppedAt.IsZero() {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stopPoll is how often it is looked whether an execution that was cancelled has ended.
const stopPoll = 10 * time.Millisecond

// Retell is an execution as its journal tells it: nothing is executed. It may go on meanwhile.
func (s *Server) Retell(ctx context.Context, x store.Execution) (*runtime.Run, error) {
	r, err := s.read(ctx, x)
	if err != nil {
		return nil, err
	}
	defer r.e.cancel(nil)
	run := r.x.Retold(x.StoppedAt)
	if x.StoppedAt.IsZero() {
		return run, nil
	}
	run.Status = runtime.Status(x.Status) // one that was stopped while it waited has no record of that
	return run, nil
}

// ErrNothingFailed says that an execution has no step that failed.
var ErrNothingFailed = errors.New("no step of the execution failed: there is nothing to try again")

// Retry puts an execution into the queue that repeats one from the step that failed, with the old data, and returns its id. latest takes the
// workflow as it is now instead of as it was. Where no server runs, the next one takes it.
func (s *Server) Retry(ctx context.Context, x store.Execution, latest bool) (int64, error) {
	version := x.VersionID
	if latest {
		w, err := s.store.Workflow(ctx, x.WorkflowID)
		if err != nil {
			return 0, err
		}
		version = w.VersionID
	}
	flow, err := s.version(ctx, x.WorkflowID, version)
	if err != nil {
		return 0, err
	}
	entries, err := s.store.Journal(ctx, x.ID)
	if err != nil {
		return 0, err
	}
	lines, err := records(entries)
	if err != nil {
		return 0, err
	}
	state, ok, err := s.rt.Again(flow, lines, runtime.NewID())
	if err == nil && !ok {
		err = ErrNothingFailed
	}
	if err != nil {
		return 0, err
	}
	line, err := state.Record()
	if err != nil {
		return 0, err
	}
	binary, err := s.copyBinary(x.Binary)
	if err != nil {
		return 0, err
	}
	held, err := s.store.Create(ctx, store.NewExecution{
		WorkflowID: x.WorkflowID, VersionID: version, Mode: "retry", Start: x.Start, RetryOf: x.ID, Binary: binary, Entry: appendRecord(nil, line),
	})
	if err != nil {
		s.removeBinary(binary)
		return 0, err
	}
	s.due.look()
	return held.ID, nil
}

// ParseID reads an execution's id.
func ParseID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, fmt.Errorf("an execution's id is a number from 1 on, and not %q", text)
	}
	return id, nil
}

// copyBinary gives a retry the binary data of the execution that it repeats: which of both goes first is not known.
func (s *Server) copyBinary(name string) (string, error) {
	next := runtime.NewID()
	from, to := filepath.Join(s.binaryDir, name), filepath.Join(s.binaryDir, next)
	files, err := os.ReadDir(from)
	if name == "" || errors.Is(err, fs.ErrNotExist) {
		return next, nil
	}
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	for _, f := range files {
		if err == nil { // they do not change once they are written: both may have the same
			err = os.Link(filepath.Join(from, f.Name()), filepath.Join(to, f.Name()))
		}
	}
	if err != nil {
		s.removeBinary(next)
		return "", fmt.Errorf("the binary data of the execution cannot be taken over: %w", err)
	}
	return next, nil
}
