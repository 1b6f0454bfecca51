package plugin

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// Host starts a plugin when it is first needed, keeps it for all runs, and starts it again after a crash. It is safe for
// concurrent use. Close ends the plugin.
type Host struct {
	file Trusted
	log  *slog.Logger
	// within is how long the plugin may take to start.
	within time.Duration

	life context.Context // until Close: starts that are under way end with it
	end  context.CancelFunc

	mu       sync.Mutex
	running  *session
	starting *starting // nil if no start is under way
	crashes  int
	lastDied time.Time
	closed   bool
	pages    map[pageKey]*page
	old      []*session     // that were retired
	leaving  sync.WaitGroup // those of them that end
}

// session is one life of the plugin's process.
type session struct {
	*endpoint
	client   *goplugin.Client
	process  *process
	binaries *binaryHost
	binaryID uint32
	offered  sync.Once
	secure   *tls.Config
	calls    int             // under way, triggers aside; held by Host.mu, as is retired
	retired  bool            // no call begins any more, and the last one takes the process with it
	replaced context.Context // until it is retired: triggers end then, and are begun anew
	replace  context.CancelFunc
	over     context.Context // until the session's end
	finish   context.CancelFunc
	output   *tail
	describe *proto.DescribeResponse
}

// NewHost returns a host for a plugin that was found trustworthy. It starts nothing yet.
func NewHost(file Trusted, log *slog.Logger) *Host {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	h := &Host{file: file, log: log.With("plugin", filepath.Base(file.Path)), pages: map[pageKey]*page{}, within: startTimeout}
	h.life, h.end = context.WithCancel(context.Background())
	return h
}

// Path is the plugin's file.
func (h *Host) Path() string { return h.file.Path }

// Types starts the plugin, if it does not run yet, and returns its nodes.
func (h *Host) Types(ctx context.Context) ([]nodes.Type, error) {
	s, err := h.session(ctx)
	if err != nil {
		return nil, err
	}
	list, err := readIndex(s.describe.GetIndex())
	if err != nil {
		return nil, fmt.Errorf("plugin %s: its index of nodes: %w", h.file.Path, err)
	}
	types := make([]nodes.Type, len(list))
	for i, d := range list {
		types[i] = nodes.Type{Descriptor: d, Node: newRemote(h, d), Origin: filepath.Base(h.file.Path)}
	}
	return types, nil
}

// About is what a plugin says of itself.
type About struct {
	Version string
	// Hash changes when any descriptor of the plugin does.
	Hash string
	// Protocol is the version of the protocol that host and plugin agreed on.
	Protocol int
}

// About starts the plugin, if it does not run yet, and returns what it says of itself.
func (h *Host) About(ctx context.Context) (About, error) {
	s, err := h.session(ctx)
	if err != nil {
		return About{}, err
	}
	return About{s.describe.GetVersion(), s.describe.GetHash(), s.client.NegotiatedVersion()}, nil
}

const (
	startTimeout = 15 * time.Second
	maxCrashes   = 5 // in a row, before the plugin is left alone
	calmAfter    = time.Minute
)

// starting is a start under way, which all who need the plugin wait for.
type starting struct {
	done    chan struct{} // closed when the rest is set
	session *session
	err     error
}

// session returns the running plugin. After a crash it starts it anew, after a pause that grows with each crash. The start
// belongs to no caller: it goes on if this one's context is cancelled.
func (h *Host) session(ctx context.Context) (*session, error) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, h.wasClosed()
	}
	if h.running != nil && !h.running.client.Exited() {
		defer h.mu.Unlock()
		return h.running, nil
	}
	st := h.starting
	if st == nil {
		st = &starting{done: make(chan struct{})}
		h.starting = st
		dead := h.running
		if dead != nil {
			h.crashed()
		}
		go h.restart(st, dead)
	}
	h.mu.Unlock()
	select {
	case <-st.done:
		return st.session, st.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// enter is session for a call: leave must be called at its end.
func (h *Host) enter(ctx context.Context) (s *session, leave func(), err error) {
	for {
		if s, err = h.session(ctx); err != nil {
			return nil, nil, err
		}
		h.mu.Lock()
		if !s.retired {
			s.calls++
			h.mu.Unlock()
			return s, func() { h.leave(s) }, nil
		}
		h.mu.Unlock() // it was retired a moment ago, so that the next look finds another
	}
}

func (h *Host) leave(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.calls--; s.retired && s.calls == 0 && !h.closed { // Close ends all
		h.old = slices.DeleteFunc(h.old, func(o *session) bool { return o == s })
		h.leaving.Go(s.end)
	}
}

// retire lets a session take no further call, because one hangs in it that nothing but the end of its process ends. The calls that
// are under way go on; the next one starts the plugin anew.
func (h *Host) retire(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running == s {
		h.running = nil
		h.log.Warn("a call did not end when it was cancelled: the plugin's process is replaced")
	}
	if !s.retired {
		s.retired = true
		s.replace()
		h.old = append(h.old, s)
	}
}

func (h *Host) isRetired(s *session) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return s.retired
}

func (h *Host) wasClosed() error { return fmt.Errorf("plugin %s: it was closed", h.file.Path) }

// restart clears away the dead session, if there is one, and starts the plugin.
func (h *Host) restart(st *starting, dead *session) {
	dead.end()
	st.session, st.err = h.startAfterPause()
	h.mu.Lock()
	h.starting = nil
	closed := h.closed
	if !closed {
		h.running = st.session
	}
	h.mu.Unlock()
	if closed {
		st.session.end()
		st.session, st.err = nil, h.wasClosed()
	}
	close(st.done)
}

func (h *Host) startAfterPause() (*session, error) {
	h.mu.Lock()
	if time.Since(h.lastDied) > calmAfter {
		h.crashes = 0
	}
	crashes := h.crashes
	h.mu.Unlock()
	if crashes >= maxCrashes {
		return nil, fmt.Errorf("plugin %s: it crashed %d times and is left alone for %s", h.file.Path, crashes, calmAfter)
	}
	if crashes > 0 {
		if err := nodes.Pause(h.life, 50*time.Millisecond<<crashes); err != nil {
			return nil, err
		}
	}
	return h.start()
}

// crashed notes a crash. The caller holds h.mu, and ends what is left of the session without it.
func (h *Host) crashed() {
	h.running = nil
	h.crashes++
	h.lastDied = time.Now()
}

// end frees what a session holds and ends its process, if there is one.
func (s *session) end() {
	if s != nil {
		s.finish()
		_ = s.broker.Close()
		s.client.Kill()
	}
}

func (h *Host) start() (*session, error) {
	began := time.Now()
	out := &tail{log: h.log}
	var started *process
	secure, variable, err := hostTLS()
	if err != nil {
		return nil, err
	}
	// At the deadline the process is killed, which ends whatever go-plugin waits for: none of that can be cancelled.
	ctx, cancel := nodes.WithTimeout(h.life, h.within)
	defer cancel()
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          goplugin.PluginSet{dispensed: &glue{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		TLSConfig:        secure,
		GRPCDialOptions:  wideWindows(),
		SkipHostEnv:      true,
		StartTimeout:     2 * h.within,
		Logger:           hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off}),
		Stderr:           out,
		SyncStderr:       out,
		SyncStdout:       &strayOutput{log: h.log},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			cmd.Env = append(cmd.Env, variable)
			started, err = newProcess(ctx, h.file, cmd)
			return started, err
		},
	})
	fail := func(err error) (*session, error) {
		if ctx.Err() != nil && h.life.Err() == nil {
			err = errors.New("it did not come up in time, and was killed")
		}
		client.Kill()
		if started != nil && started.ID() != "" && h.life.Err() == nil {
			h.mu.Lock()
			h.crashed()
			h.mu.Unlock()
		}
		return nil, fmt.Errorf("plugin %s: it does not start: %s%s", h.file.Path, startReason(err), out.quoted())
	}
	rpc, err := client.Client()
	if err != nil {
		return fail(err)
	}
	end, err := rpc.Dispense(dispensed)
	if err != nil {
		return fail(err)
	}
	s := &session{endpoint: end.(*endpoint), client: client, process: started, output: out, binaries: newBinaryHost(), secure: secure}
	s.binaryID = s.broker.NextId()
	s.over, s.finish = context.WithCancel(context.Background())
	s.replaced, s.replace = context.WithCancel(s.over)
	if s.describe, err = s.nodes.Describe(ctx, &proto.DescribeRequest{}); err != nil {
		return fail(errors.New(status.Convert(err).Message()))
	}
	if !started.outlive() {
		return fail(context.Cause(ctx))
	}
	h.log.Debug("plugin started", "took", time.Since(began))
	return s, nil
}

// offerBinary lets the plugin connect to the service of binary data. It is offered with the first call that has any:
// go-plugin forgets an offer after five seconds, by which the plugin takes it up.
func (s *session) offerBinary() uint32 {
	s.offered.Do(func() { go s.serveBinary() })
	return s.binaryID
}

// serveBinary does what the broker's AcceptAndServe does, which however writes to the program's log when a plugin wants no
// binary data.
func (s *session) serveBinary() {
	listener, err := s.broker.Accept(s.binaryID)
	if err != nil { // the session has ended
		return
	}
	server := s.binaries.serve([]grpc.ServerOption{grpc.Creds(credentials.NewTLS(s.secure))})
	defer context.AfterFunc(s.over, server.Stop)()
	_ = server.Serve(listener) // it ends with the session
}

// startReason says in our words what go-plugin says in paragraphs.
func startReason(err error) string {
	text := err.Error()
	if line, ok := strings.CutPrefix(text, "Unrecognized remote plugin message: "); ok {
		line, _, _ = strings.Cut(line, "\n")
		if line == "" {
			return "it ended without saying anything: is it a plugin, built for this machine?"
		}
		return fmt.Sprintf("it wrote %q to its standard output, which belongs to the protocol", line)
	}
	if _, rest, ok := strings.Cut(text, "ncompatible API version with plugin. Plugin version: "); ok {
		return wrongVersion(rest)
	}
	return text
}

// wrongVersion says which side is to be upgraded. The text begins with the plugin's version.
func wrongVersion(text string) string {
	theirs, _, _ := strings.Cut(text, ",")
	what := "upgrade cordboard"
	if n, err := strconv.Atoi(theirs); err == nil && n < ProtocolVersion {
		what = "upgrade the plugin, or build it anew with this release's module"
	}
	return fmt.Sprintf("it speaks version %s of the plugin protocol, and this cordboard version %d: %s", theirs, ProtocolVersion, what)
}

// lastWords is how long a crashed plugin's end is waited for.
const lastWords = 2 * time.Second

// died makes the error of a call that a crash cut off, and notes the crash.
func (h *Host) died(s *session) *nodes.Error {
	select {
	case <-s.process.gone:
	case <-time.After(lastWords):
	}
	h.mu.Lock()
	first := h.running == s
	if first {
		h.crashed()
	}
	h.mu.Unlock()
	if first {
		s.end()
	}
	e := nodes.Errorf("the plugin %s crashed while it worked on this node%s", filepath.Base(h.file.Path), s.output.quoted())
	e.Cause = nodes.ErrOutcomeUnknown
	e.Hint = "What the node had done by then is not known, and it was not repeated: check before it runs again."
	return e
}

// Close ends the plugin and waits until it is gone. A second Close does nothing.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	running, st, old := h.running, h.starting, h.old
	h.running, h.old = nil, nil
	h.mu.Unlock()
	h.end()
	running.end()
	for _, s := range old {
		s.end()
	}
	if st != nil {
		<-st.done
	}
	h.leaving.Wait()
}

// tail keeps the end of what a plugin writes to standard error, for the message of a crash, and logs it.
type tail struct {
	log    *slog.Logger
	mu     sync.Mutex
	text   []byte
	cut    bool     // the text begins amid a line
	tokens []string // what the plugin was given lately
}

const (
	tailBytes = 2 << 10
	maxHidden = 100
)

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.text = append(t.text, p...)
	if n := len(t.text) - tailBytes; n > 0 {
		t.text, t.cut = t.text[n:], true
	}
	tokens := t.tokens
	t.mu.Unlock()
	t.log.Debug("plugin's standard error", "text", nodes.Redact(string(bytes.TrimSpace(p)), "", tokens...))
	return len(p), nil
}

// hide keeps a token out of what is quoted: the last words may be of another call than the one that the crash cut off.
func (t *tail) hide(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.Contains(t.tokens, token) {
		return
	}
	t.tokens = append(slices.Clone(t.tokens[max(0, len(t.tokens)-maxHidden+1):]), token)
}

func (t *tail) quoted() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.text)
	if t.cut { // a part of a token would not be found
		_, text, _ = strings.Cut(text, "\n")
	}
	text = strings.TrimSpace(nodes.Redact(text, "", t.tokens...))
	if text == "" {
		return ""
	}
	return "; its last words:\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// strayOutput reports what a plugin prints: the protocol has moved elsewhere by then, so it does no harm, but the author
// should know.
type strayOutput struct{ log *slog.Logger }

func (s *strayOutput) Write(p []byte) (int, error) {
	s.log.Warn("the plugin wrote to its standard output", "text", fmt.Sprintf("%.200q", p))
	return len(p), nil
}
