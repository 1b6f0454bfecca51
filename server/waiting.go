package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

const waitingPath = "/webhook-waiting/"

// waitingRuns are runs that wait for the call of their resume address in the memory of this process, by the execution's id: those
// that another run called and waits for. Executions themselves are laid down in the store.
type waitingRuns struct {
	mu   sync.Mutex
	runs map[string]*waitingRun
}

type waitingRun struct {
	runtime.Waiting
	items chan *nodes.Items
	// mu is held while a call is taken in: it reads the run's state, which nobody else may change then. over is set once the run
	// goes on, by a call or because its time has come.
	mu   sync.Mutex
	over bool
}

// await is runtime.RunOptions.Await.
func (w *waitingRuns) await(ctx context.Context, at runtime.Waiting) (*nodes.Items, error) {
	run := &waitingRun{Waiting: at, items: make(chan *nodes.Items, 1)}
	w.mu.Lock()
	if w.runs == nil {
		w.runs = map[string]*waitingRun{}
	}
	w.runs[at.ExecutionID] = run
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.runs, at.ExecutionID)
	}()
	select {
	case items := <-run.items:
		return items, nil
	case <-ctx.Done():
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.over { // a call was answered at the same moment: its items count
		return <-run.items, nil
	}
	run.over = true
	return nil, context.Cause(ctx)
}

func (w *waitingRuns) find(id string) *waitingRun {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runs[id]
}

// errOver says that the run goes on already.
var errOver = errors.New("the run goes on already")

// receive lets the node take a call in, and the run go on with it.
func (r *waitingRun) receive(node nodes.Resumable, call *nodes.Call, req *http.Request, params map[string]string) (nodes.Received, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return nodes.Received{}, errOver
	}
	got, err := node.Receive(req.Context(), call, req, params)
	if err == nil && got.Reject == nil {
		r.over = true
		r.items <- &got.Items
	}
	return got, err
}

// woken is what became of a call of a resume address.
type woken struct {
	node   nodes.Resumable
	call   *nodes.Call
	got    nodes.Received
	result <-chan nodes.Result // nil where there is none to wait for
}

// wake answers the call of a waiting run's address: /webhook-waiting/EXECUTION[/SUFFIX].
func (s *Server) wake(w http.ResponseWriter, req *http.Request, path string) {
	id, suffix, _ := strings.Cut(path, "/")
	// Read before the run is asked: a slow caller must not hold up others.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.routes.options.withDefaults().BodyTimeout)) // a recorder of tests has none
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	_ = control.SetReadDeadline(time.Time{})
	req.Body = io.NopCloser(bytes.NewReader(body))
	var out woken
	if err == nil {
		out, err = s.receiveWaiting(req, id, map[string]string{"execution": id, "suffix": suffix})
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, store.ErrNotFound):
		writeError(w, http.StatusNotFound, fmt.Sprintf("The execution %q does not wait for a call.", id), "It does not exist, has ended, or is not there yet.")
		return
	case errors.Is(err, errOver), errors.Is(err, store.ErrLost):
		writeError(w, http.StatusConflict, fmt.Sprintf("The execution %q was called before and goes on already.", id), "")
		return
	case errors.As(err, &tooLarge):
		writeError(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("The body is larger than %d bytes.", tooLarge.Limit), "")
		return
	case errors.Is(err, errStopping):
		unavailable(w, err)
		return
	case err != nil:
		s.log.Error("the call of a waiting run could not be taken in", "execution", id, "error", err)
		writeError(w, http.StatusInternalServerError, "Error in workflow", "")
		return
	case out.got.Reject != nil:
		write(w, *out.got.Reject)
		return
	case !out.got.Wait || out.result == nil:
		write(w, out.got.Answer)
		return
	}
	select {
	case result := <-out.result:
		s.respond(w, out.node, out.call, result)
	case <-req.Context().Done():
	}
}

// receiveWaiting lets the node that suspended a run take the call in, and the run go on.
func (s *Server) receiveWaiting(req *http.Request, id string, params map[string]string) (woken, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err == nil {
		return s.receiveLaidDown(req, number, params)
	}
	run := s.waiting.find(id)
	if run == nil {
		return woken{}, store.ErrNotFound
	}
	node, ok := run.Node.(nodes.Resumable)
	if !ok {
		return woken{}, store.ErrNotFound
	}
	call := *run.Call // calls that come together do not share one
	got, err := run.receive(node, &call, req, params)
	return woken{node: node, call: &call, got: got}, err
}

// receiveLaidDown does so with an execution in the store.
func (s *Server) receiveLaidDown(req *http.Request, id int64, params map[string]string) (out woken, err error) {
	err = s.runs.begin(func() error {
		row, err := s.store.Execution(req.Context(), id)
		if err != nil {
			return err
		}
		if row.Status != store.Waiting {
			return store.ErrNotFound
		}
		r, err := s.read(req.Context(), row)
		if err != nil {
			return err
		}
		at, ok := r.x.WaitingFor(req.Context())
		if out.node, _ = at.Node.(nodes.Resumable); !ok || out.node == nil || !at.Suspension.Webhook {
			r.e.cancel(store.ErrNotFound)
			return store.ErrNotFound
		}
		out.call = at.Call
		if out.got, err = out.node.Receive(req.Context(), at.Call, req, params); err != nil || out.got.Reject != nil {
			r.e.cancel(err)
			return err
		}
		held, err := s.store.Take(context.WithoutCancel(req.Context()), row, s.id)
		if err != nil {
			r.e.cancel(err)
			return err
		}
		r.e.journal.bind(held, r.entries)
		out.result = s.executions.wait(id)
		if err := r.x.Resume(&out.got.Items); err != nil {
			return err
		}
		s.work(r.ctx, r.e.cancel, r.e, r.x)
		return nil
	})
	return out, err
}
