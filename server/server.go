// Package server answers the webhooks of workflow files and runs their triggers.
//
// It owns the HTTP side and the life of runs that outside events start. For now runs live in memory: a request is
// answered by this process, and what was under way when it ends is lost.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// Server serves workflows. Add workflows, then Serve, once.
type Server struct {
	rt     *cordboard.Runtime
	log    *slog.Logger
	routes routes
	// listeners are the triggers that are not webhooks.
	listeners []source
	runs      *runs
	waiting   waitingRuns
	endings   endings
	// shutdown is how long runs under way may go on when the server ends, grace how long they have to end after they were
	// cancelled.
	shutdown, grace time.Duration
}

// source is a trigger in its workflow.
type source struct {
	flow    *cordboard.Workflow
	trigger runtime.Trigger
}

// New returns a server without workflows.
func New(rt *cordboard.Runtime, log *slog.Logger) *Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Server{rt: rt, log: log, runs: newRuns(), shutdown: shutdownTimeout, grace: graceTimeout}
}

// Add takes in a workflow's triggers. A workflow without any, or with the address of another one, is an error.
func (s *Server) Add(ctx context.Context, flow *cordboard.Workflow) error {
	triggers := flow.Triggers()
	if len(triggers) == 0 {
		return runtime.Problems{{
			Severity: runtime.SeverityError, File: flow.Workflow.File, Message: "the workflow has no trigger that waits for events",
			Mend: "add a Webhook node",
		}}
	}
	for _, t := range triggers {
		if err := flow.CanStart(t.Name); err != nil {
			return err
		}
		if hook, ok := t.Node.(nodes.Webhook); ok {
			list, err := hook.Routes(flow.TriggerCall(ctx, t))
			if err != nil {
				return fmt.Errorf("%s: node %q: %w", flow.Workflow.File, t.Name, err)
			}
			for _, r := range withIDs(list, t.WebhookID) {
				if err := s.routes.add(r, source{flow, t}); err != nil {
					return fmt.Errorf("%s: node %q: %w", flow.Workflow.File, t.Name, err)
				}
			}
			continue
		}
		s.listeners = append(s.listeners, source{flow, t})
	}
	return nil
}

// withIDs adds the address that n8n gives to a path with parameters: the webhook's id goes before it. The path alone is
// served as well.
func withIDs(list []nodes.Route, id string) []nodes.Route {
	for _, r := range list {
		if id != "" && strings.Contains("/"+r.Path, "/:") {
			list = append(list, nodes.Route{Method: r.Method, Path: id + "/" + r.Path})
		}
	}
	return list
}

// Addresses returns what the server answers: "POST /webhook/path".
func (s *Server) Addresses() []string { return s.routes.list() }

// Limits of a request.
const (
	maxBody           = 16 << 20 // n8n's default payload limit
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 25 * time.Second
	graceTimeout      = 5 * time.Second
)

// Serve answers requests and runs triggers until ctx is cancelled or the listener fails; then it waits for the runs under
// way, for at most half a minute: those that go on are cancelled near its end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	hs := &http.Server{
		Handler: s, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(l) }()
	// Triggers end with the server, also where it fails; the runs that they started have their own context.
	listening, deafen := context.WithCancel(ctx)
	defer deafen()
	var triggers sync.WaitGroup
	for _, src := range s.listeners {
		triggers.Go(func() { s.listen(listening, src) })
	}
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	deafen()
	return errors.Join(err, s.drain(hs, &triggers))
}

// drain lets what is under way come to its end, and cancels it when the time for that is over.
func (s *Server) drain(hs *http.Server, triggers *sync.WaitGroup) error {
	patience, cancel := context.WithTimeout(context.Background(), s.shutdown)
	defer cancel()
	if hs.Shutdown(patience) != nil {
		_ = hs.Close() // callers that are still there get no answer
	}
	// No run begins from here on: a trigger that does not end in time must not start one that nobody waits for.
	quiet := done(triggers.Wait)
	wait(patience, quiet)
	ended := s.runs.close()
	if wait(patience, ended) && wait(patience, quiet) {
		return nil
	}
	s.runs.cancel(errStopped)
	last, cancel := context.WithTimeout(context.Background(), s.grace)
	defer cancel()
	if !wait(last, ended) || !wait(last, quiet) {
		return errors.New("the server stopped while runs or triggers went on: they did not end when they were cancelled")
	}
	s.log.Warn("runs were cancelled because the server stopped", "after", s.shutdown)
	return nil
}

// done is closed once f has returned.
func done(f func()) <-chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		f()
	}()
	return c
}

// wait reports whether c was closed before ctx ended.
func wait(ctx context.Context, c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-ctx.Done():
	}
	select { // both may be so
	case <-c:
		return true
	default:
		return false
	}
}

// listen runs a trigger, again after a failure.
func (s *Server) listen(ctx context.Context, src source) {
	const again = 5 * time.Second
	trigger, ok := src.trigger.Node.(nodes.Trigger)
	if !ok {
		return
	}
	for ctx.Err() == nil {
		err := s.listenOnce(ctx, trigger, src)
		if err == nil {
			return
		}
		s.log.Error("a trigger failed and is started again", "file", src.flow.Workflow.File, "node", src.trigger.Name, "error", err)
		if nodes.Pause(ctx, again) != nil {
			return
		}
	}
}

func (s *Server) listenOnce(ctx context.Context, trigger nodes.Trigger, src source) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the trigger panicked, which is a mistake in its program: %v\n%s", p, debug.Stack())
		}
	}()
	return trigger.Listen(ctx, src.flow.TriggerCall(ctx, src.trigger), func(_ context.Context, items nodes.Items) (*nodes.Started, error) {
		return s.start(src, items, "trigger")
	})
}

// start begins a run. The result comes through the channel once the run has ended. The run does not depend on the one who
// started it: a webhook's caller may go away, and the event of a trigger was acknowledged.
func (s *Server) start(src source, items nodes.Items, mode string) (*nodes.Started, error) {
	started := &nodes.Started{ExecutionID: runtime.NewID()}
	result := make(chan nodes.Result, 1)
	started.Result = result
	err := s.runs.begin(func(ctx context.Context) {
		end := s.endings.begin(started.ExecutionID)
		out := s.run(ctx, src, cordboard.RunOptions{
			Input: &items, Start: src.trigger.Name, Mode: mode, ID: started.ExecutionID, Await: s.waiting.await,
		})
		end(out)
		if out.Err != nil {
			s.log.Error("a run failed", "file", src.flow.Workflow.File, "execution", started.ExecutionID, "error", out.Err)
		}
		result <- out
	})
	if err != nil {
		return nil, err
	}
	return started, nil
}

// run executes a workflow. A panic is the failure of this run only.
func (s *Server) run(ctx context.Context, src source, opts cordboard.RunOptions) (out nodes.Result) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("a run panicked", "execution", opts.ID, "panic", p, "stack", string(debug.Stack()))
			out = nodes.Result{Err: nodes.Errorf("the run panicked, which is a mistake in the program: %v", p)}
		}
	}()
	r, err := s.rt.Run(ctx, src.flow, opts)
	out.Err = err
	if r != nil {
		defer r.Close()
		out.Reply = r.State.Reply
		out.Items = r.LastOutput()
	}
	return out
}

// ServeHTTP answers /webhook/…, /webhook-test/… and /webhook-waiting/… by the workflows, and /healthz.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path := req.URL.EscapedPath()
	if req.URL.Path == "/healthz" {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
		return
	}
	if rest, ok := strings.CutPrefix(path, waitingPath); ok {
		s.wake(w, req, rest)
		return
	}
	for _, prefix := range []string{"/webhook/", "/webhook-test/"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			s.serveWebhook(w, req, rest)
			return
		}
	}
	writeError(w, http.StatusNotFound, "nothing is served at this address", "")
}
