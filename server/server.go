// Package server answers the webhooks of workflow files and runs their triggers.
//
// It owns the HTTP side and the life of executions: each is in the store before what started it is acknowledged, its steps are
// journaled, and after a crash it goes on behind the last one (executions.go, journal.go, resume.go). What an execution does is
// package runtime's matter, how it is kept package store's.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

// Server serves workflows. Load or AddFile them, then Serve, once.
type Server struct {
	rt    *cordboard.Runtime
	store *store.Store
	log   *slog.Logger
	// id is this process in the store. alone says that no other server works with it.
	id    string
	alone bool
	// binaryDir has a directory for each execution with binary data.
	binaryDir  string
	lock       *flock.Flock
	versions   versions
	executions executions
	runs       *runs
	waiting    waitingRuns
	due        *due
	prune      Retention
	slots      slots
	room       chan struct{} // tells of a slot that was given back
	extra      *extra        // the REST API and metrics; nil for none
	// beat is how often this server says that it lives, gone after how long of silence one is taken to be dead.
	beat, gone time.Duration
	// halt is closed when runs are to end between two steps.
	halt chan struct{}
	// shutdown is how long runs under way may go on when the server ends, grace how long they have to end after they were
	// cancelled.
	shutdown, grace time.Duration

	follows  atomic.Bool // what the store says of active workflows
	changing sync.Mutex  // held while it is changed what is served, with what the store says of it

	mu     sync.Mutex // guards what follows
	told   func(line string)
	routes routes
	served map[string]served
	// listening is the life of triggers that are not webhooks; nil where this server runs none. deaf ends it.
	listening context.Context //nolint:containedctx // of no call
	deaf      context.CancelFunc
	triggers  sync.WaitGroup
}

// Options say what a server works with.
type Options struct {
	Store *store.Store
	// DataDir is where binary data lies. Where it has the database too, as with SQLite, one server at a time may work in it: Alone.
	DataDir string
	Alone   bool
	Log     *slog.Logger
	// Retention says how long executions are kept that have ended.
	Retention Retention
	// Concurrency is how many executions may be under way in this process; more wait in the queue. 0 sets no bound, -1 is none.
	Concurrency int
	// Heartbeat is how often a server says that it lives; others take over what one had that was silent for four times as long. 0 means 5
	// seconds.
	Heartbeat time.Duration
}

// source is a trigger in its workflow.
type source struct {
	flow    *cordboard.Workflow
	trigger runtime.Trigger
}

// New returns a server without workflows. The store is the caller's to close, after Close.
func New(rt *cordboard.Runtime, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		rt: rt, store: o.Store, log: o.Log, id: runtime.NewID(), alone: o.Alone, binaryDir: filepath.Join(o.DataDir, "binary"), prune: o.Retention,
		versions: versions{store: o.Store}, runs: newRuns(), due: newDue(), room: make(chan struct{}, 1), halt: make(chan struct{}), served: map[string]served{},
		shutdown: shutdownTimeout, grace: graceTimeout,
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = heartbeat
	}
	s.beat, s.gone = o.Heartbeat, 4*o.Heartbeat
	if o.Concurrency != 0 {
		s.slots = make(slots, max(0, o.Concurrency))
	}
	if !o.Alone {
		return s, nil
	}
	s.lock = flock.New(filepath.Join(o.DataDir, "server.lock"), flock.SetPermissions(0o600))
	if ok, err := s.lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("the data directory %s is in use by another server: stop that one, or give this one its own with --data-dir", o.DataDir), err)
	}
	s.removeInboxes()
	return s, nil
}

// Close lets another server work in the data directory.
func (s *Server) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Unlock()
}

// Limits of a request.
const (
	maxBody           = 16 << 20 // n8n's default payload limit
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 25 * time.Second
	graceTimeout      = 5 * time.Second
)

// Serve goes on with the executions that were interrupted, answers requests and runs triggers until ctx is cancelled or the
// listener fails. Then runs end between two steps, for the next server to go on with: it waits for them for at most half a minute, and
// cancels those that go on near its end. Until they have ended it goes on listening, and refuses what would begin new work with 503.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if err := s.store.Beat(context.WithoutCancel(ctx), s.id); err != nil {
		return err
	}
	hs := &http.Server{
		Handler: s, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(l) }()
	silence := s.beAlive()
	stop := s.look(ctx, true)
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	stop()
	return errors.Join(err, s.drain(hs, silence))
}

// Work takes executions from the queue until ctx is cancelled; it answers no requests and runs no triggers.
func (s *Server) Work(ctx context.Context) error {
	if err := s.store.Beat(context.WithoutCancel(ctx), s.id); err != nil {
		return err
	}
	silence := s.beAlive()
	stop := s.look(ctx, false)
	<-ctx.Done()
	stop()
	return s.drain(&http.Server{ReadHeaderTimeout: readHeaderTimeout}, silence)
}

// beAlive begins to say that this server lives, which it does until its last run has ended, so that no other one takes that over.
func (s *Server) beAlive() (silence func()) {
	ctx, cancel := context.WithCancel(context.Background())
	said := done(func() { s.sayAlive(ctx) })
	return func() {
		cancel()
		<-said
	}
}

// look begins all that goes on beside requests. stop ends it, but for triggers.
func (s *Server) look(ctx context.Context, triggers bool) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	workers.Go(func() { s.lookAfter(ctx) })
	workers.Go(func() { s.wakeWaiting(ctx) })
	workers.Go(func() { s.store.Listen(ctx, s.hear) })
	switch {
	case triggers && s.alone:
		s.listenToAll()
	case triggers:
		workers.Go(func() { s.lead(ctx) })
	}
	return func() {
		cancel()
		workers.Wait()
	}
}

// role is the lease of the server that runs the triggers.
const role = "triggers"

// lead runs the triggers that are not webhooks as long as this server is the one of all that does.
func (s *Server) lead(ctx context.Context) {
	last := time.Time{} // when it was last sure
	for ctx.Err() == nil {
		asked := time.Now()
		limited, cancel := context.WithTimeout(ctx, s.beat)
		leading, err := s.store.Lead(limited, role, s.id, s.gone)
		cancel()
		switch {
		case err == nil && leading:
			if last.IsZero() {
				s.listenToAll()
			}
			last = asked
		case !last.IsZero() && (err == nil || time.Since(last) > s.gone-2*s.beat):
			s.log.Warn("this server no longer runs the triggers: another one does, or the database does not answer")
			s.deafen()
			last = time.Time{}
		}
		if nodes.Pause(ctx, s.beat) != nil {
			break
		}
	}
	if !last.IsZero() {
		s.deafen()
		if err := s.store.Resign(context.WithoutCancel(ctx), role, s.id); err != nil {
			s.log.Warn("another server runs the triggers only in a while", "error", err)
		}
	}
}

const (
	heartbeat = 5 * time.Second
	// pruneEvery is how often old executions are removed.
	pruneEvery = 10 * time.Minute
)

// lookAfter takes over what other servers have left, and removes what is old.
func (s *Server) lookAfter(ctx context.Context) {
	pruned := time.Time{}
	var orphaned map[int64]bool
	follow := follower{server: s}
	for ctx.Err() == nil {
		silent := s.gone
		if s.alone {
			silent = -time.Hour // whoever worked here before is gone
		}
		full, err := s.recover(ctx, silent)
		if err != nil && ctx.Err() == nil {
			s.log.Error("interrupted executions cannot be gone on with", "error", err)
		}
		orphaned = s.adopt(ctx, orphaned)
		follow.look(ctx)
		if !s.alone {
			for _, id := range s.executions.awaited() { // a notice may have been missed
				s.answerWaiting(id)
			}
		}
		if time.Since(pruned) > pruneEvery {
			s.pruneOld(ctx)
			pruned = time.Now()
		}
		if !s.rest(ctx, full) {
			return
		}
	}
}

// rest waits for the next beat, or, where interrupted executions wait for room, until an execution has ended.
func (s *Server) rest(ctx context.Context, full bool) bool {
	beat := time.NewTimer(s.beat)
	defer beat.Stop()
	var room chan struct{}
	if full {
		room = s.room
	}
	select {
	case <-beat.C:
	case <-room:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// sayAlive says that this server lives. It gives its executions up where it cannot for so long that others take them over.
func (s *Server) sayAlive(ctx context.Context) {
	seen := time.Now()
	var given []int64 // up, as the database did not answer
	for nodes.Pause(ctx, s.beat) == nil {
		asked := time.Now()
		limited, cancel := context.WithTimeout(ctx, s.beat)
		err := s.store.Beat(limited, s.id)
		cancel()
		switch {
		case err == nil:
			seen = asked
			if err := s.rejoin(ctx, given); err != nil {
				s.log.Error("executions that were given up cannot be gone on with", "error", err)
			} else {
				given = nil
			}
		case ctx.Err() == nil:
			s.log.Error("the database does not answer", "error", err)
		}
		if !s.alone && time.Since(seen) > s.gone-s.beat { // others take its executions over by now, or soon
			given = append(given, s.executions.cancelAll(store.ErrLost)...)
		}
	}
}

// Retention says how long executions are kept that have ended; what is zero sets no bound.
type Retention struct {
	Age   time.Duration
	Count int
}

func (s *Server) pruneOld(ctx context.Context) {
	before := time.Time{}
	if s.prune.Age > 0 {
		before = time.Now().Add(-s.prune.Age)
	}
	list, err := s.store.Prune(ctx, before, s.prune.Count)
	for _, x := range list {
		s.removeBinary(x.Binary)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("old executions could not be removed", "error", err)
	}
}

// listenToAll starts the triggers of all workflows; those that are added later are started as they come.
func (s *Server) listenToAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening, s.deaf = context.WithCancel(s.runs.ctx)
	for _, w := range s.served {
		s.listenTo(w)
	}
}

// deafen ends all triggers, until listenToAll.
func (s *Server) deafen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listening != nil {
		s.deaf()
		s.listening = nil
	}
}

// listenTo starts a workflow's triggers, where this server runs triggers. It is called with s.mu held.
func (s *Server) listenTo(w served) {
	if s.listening == nil {
		return
	}
	ctx, cancel := context.WithCancel(s.listening)
	context.AfterFunc(w.ctx, cancel)
	for _, src := range w.listeners {
		s.triggers.Go(func() { s.listen(ctx, src) })
	}
}

// How soon a trigger that failed is started again: each time later, until it has listened for a while.
const (
	triggerAgain  = 5 * time.Second
	triggerLatest = time.Minute
)

// listen runs a trigger, again after a failure.
func (s *Server) listen(ctx context.Context, src source) {
	trigger, ok := src.trigger.Node.(nodes.Trigger)
	if !ok {
		return
	}
	wait := triggerAgain
	for failed := false; ctx.Err() == nil; failed = true {
		began := time.Now()
		well := time.AfterFunc(triggerAgain, func() {
			if failed {
				s.log.Info("a trigger that had failed listens again", "file", src.flow.Workflow.File, "node", src.trigger.Name)
			}
		})
		err := s.listenOnce(ctx, trigger, src)
		well.Stop()
		if err == nil {
			return
		}
		if time.Since(began) > triggerLatest { // longer than connecting takes: it has listened
			wait = triggerAgain
		}
		s.log.Error("a trigger failed and is started again", "file", src.flow.Workflow.File, "node", src.trigger.Name, "error", err, "in", wait)
		if nodes.Pause(ctx, wait) != nil {
			return
		}
		wait = min(2*wait, triggerLatest)
	}
}

func (s *Server) listenOnce(ctx context.Context, trigger nodes.Trigger, src source) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the trigger panicked, which is a mistake in its program: %v\n%s", p, debug.Stack())
		}
	}()
	call := src.flow.TriggerCall(ctx, src.trigger)
	call.History, call.MissedOnce = s.store.Seen(src.flow.Workflow.ID, s.id), src.flow.Workflow.Settings.MissedOnce
	files := s.newInbox()
	defer files.release()
	call.Binary = files.store
	return trigger.Listen(ctx, call, func(ctx context.Context, items nodes.Items) (*nodes.Started, error) {
		data := s.newCallData()
		defer data.release()
		taken, err := files.handOver(items, data)
		if err != nil {
			return nil, err
		}
		started, err := s.start(beginning{flow: src.flow, node: src.trigger.Name, items: items, mode: "trigger", key: nodes.OnceKey(ctx), data: data})
		if errors.Is(err, store.ErrDuplicate) { // another server was first
			err = nil
		}
		if err == nil {
			taken()
		}
		return started, err
	})
}

// ServeHTTP answers /webhook/…, /webhook-test/… and /webhook-waiting/… by the workflows, and /healthz.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if w = s.counted(w, req); s.serveExtra(w, req) {
		return
	}
	path := req.URL.EscapedPath()
	switch {
	case req.URL.Path == "/healthz":
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
		return
	case s.stopping() && strings.HasPrefix(path, "/webhook"):
		unavailable(w, errStopping)
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
