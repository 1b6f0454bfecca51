package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

const waitingPath = "/webhook-waiting/"

// waitingRuns are the runs that wait for the call of their resume address, by the execution's id.
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

// endings tell of runs that came to their end, for callers who wait for it.
type endings struct {
	mu   sync.Mutex
	runs map[string]*ending
}

type ending struct {
	done   chan struct{}
	result nodes.Result
}

// begin notes a run. The function ends it with its result.
func (e *endings) begin(id string) (end func(nodes.Result)) {
	run := &ending{done: make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.runs == nil {
		e.runs = map[string]*ending{}
	}
	e.runs[id] = run
	return func(result nodes.Result) {
		run.result = result
		close(run.done)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.runs, id)
	}
}

func (e *endings) of(id string) *ending {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.runs[id]
}

// wake answers the call of a waiting run's address: /webhook-waiting/EXECUTION[/SUFFIX].
func (s *Server) wake(w http.ResponseWriter, req *http.Request, path string) {
	id, suffix, _ := strings.Cut(path, "/")
	run := s.waiting.find(id)
	ended := s.endings.of(id)
	if run == nil {
		writeError(w, http.StatusNotFound, fmt.Sprintf("The execution %q does not wait for a call.", id), "It does not exist, has ended, or is not there yet.")
		return
	}
	node, ok := run.Node.(nodes.Resumable)
	if !ok {
		writeError(w, http.StatusNotFound, fmt.Sprintf("The execution %q does not wait for a call.", id), "")
		return
	}
	// Read before the run is asked: a slow caller must not hold up others.
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	req.Body = io.NopCloser(bytes.NewReader(body))
	call := *run.Call // calls that come together do not share one
	var got nodes.Received
	if err == nil {
		got, err = run.receive(node, &call, req, map[string]string{"execution": id, "suffix": suffix})
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errOver):
		writeError(w, http.StatusConflict, fmt.Sprintf("The execution %q was called before and goes on already.", id), "")
		return
	case errors.As(err, &tooLarge):
		writeError(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("The body is larger than %d bytes.", tooLarge.Limit), "")
		return
	case err != nil:
		s.log.Error("the call of a waiting run could not be taken in", "execution", id, "node", call.Name, "error", err)
		writeError(w, http.StatusInternalServerError, "Error in workflow", "")
		return
	case got.Reject != nil:
		write(w, *got.Reject)
		return
	}
	if !got.Wait || ended == nil {
		write(w, got.Answer)
		return
	}
	select {
	case <-ended.done:
		s.respond(w, node, &call, ended.result)
	case <-req.Context().Done():
	}
}
