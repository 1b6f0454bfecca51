package plugin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// Host starts a plugin when it is first needed, keeps it for all runs, and starts it again after a crash. It is safe for
// concurrent use. Close ends the plugin.
type Host struct {
	file Trusted
	log  *slog.Logger

	mu       sync.Mutex
	running  *session
	crashes  int
	lastDied time.Time
	closed   bool
	pages    map[pageKey]*page
}

// session is one life of the plugin's process.
type session struct {
	*endpoint
	client   *goplugin.Client
	process  *process
	binaries *binaryHost
	binaryID uint32
	offered  sync.Once
	output   *tail
	describe *proto.DescribeResponse
}

// NewHost returns a host for a plugin that was found trustworthy. It starts nothing yet.
func NewHost(file Trusted, log *slog.Logger) *Host {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Host{file: file, log: log.With("plugin", filepath.Base(file.Path)), pages: map[pageKey]*page{}}
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
}

// About starts the plugin, if it does not run yet, and returns what it says of itself.
func (h *Host) About(ctx context.Context) (About, error) {
	s, err := h.session(ctx)
	if err != nil {
		return About{}, err
	}
	return About{s.describe.GetVersion(), s.describe.GetHash()}, nil
}

const (
	startTimeout = 15 * time.Second
	maxCrashes   = 5 // in a row, before the plugin is left alone
	calmAfter    = time.Minute
)

// session returns the running plugin. After a crash it starts it anew, after a pause that grows with each crash.
func (h *Host) session(ctx context.Context) (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, fmt.Errorf("plugin %s: it was closed", h.file.Path)
	}
	if h.running != nil && !h.running.client.Exited() {
		return h.running, nil
	}
	if h.running != nil {
		h.bury()
	}
	if time.Since(h.lastDied) > calmAfter {
		h.crashes = 0
	}
	if h.crashes >= maxCrashes {
		return nil, fmt.Errorf("plugin %s: it crashed %d times and is left alone for %s", h.file.Path, h.crashes, calmAfter)
	}
	if h.crashes > 0 {
		wait := time.NewTimer(50 * time.Millisecond << h.crashes)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	s, err := h.start(ctx)
	if err != nil {
		return nil, err
	}
	h.running = s
	return s, nil
}

// bury notes the running plugin's crash and frees what it leaves.
func (h *Host) bury() {
	_ = h.running.broker.Close()
	h.running.client.Kill()
	h.running = nil
	h.crashes++
	h.lastDied = time.Now()
}

func (h *Host) start(ctx context.Context) (*session, error) {
	began := time.Now()
	out := &tail{log: h.log}
	var started *process
	secure, variable, err := hostTLS()
	if err != nil {
		return nil, err
	}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          goplugin.PluginSet{dispensed: &glue{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		TLSConfig:        secure,
		GRPCDialOptions:  wideWindows(),
		SkipHostEnv:      true,
		StartTimeout:     startTimeout,
		Logger:           hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off}),
		Stderr:           out,
		SyncStderr:       out,
		SyncStdout:       &strayOutput{log: h.log},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			cmd.Env = append(cmd.Env, variable)
			started, err = newProcess(h.file, cmd)
			return started, err
		},
	})
	fail := func(err error) (*session, error) {
		client.Kill()
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
	s := &session{endpoint: end.(*endpoint), client: client, process: started, output: out, binaries: newBinaryHost()}
	s.binaryID = s.broker.NextId()
	if s.describe, err = s.nodes.Describe(ctx, &proto.DescribeRequest{}); err != nil {
		return fail(err)
	}
	h.log.Debug("plugin started", "took", time.Since(began))
	return s, nil
}

// offerBinary lets the plugin connect to the service of binary data. It is offered with the first call that has any:
// go-plugin forgets an offer after five seconds, by which the plugin takes it up.
func (s *session) offerBinary() uint32 {
	s.offered.Do(func() { go s.broker.AcceptAndServe(s.binaryID, s.binaries.serve) })
	return s.binaryID
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
	if strings.Contains(text, "incompatible API version") || strings.Contains(text, "Incompatible API version") {
		return fmt.Sprintf("it speaks another version of the plugin protocol than %d: build the plugin and cordboard from releases that fit", ProtocolVersion)
	}
	return text
}

// lastWords is how long a crashed plugin's end is waited for.
const lastWords = 2 * time.Second

// died makes the error of a call that a crash cut off, and notes the crash.
func (h *Host) died(s *session, err error) *nodes.Error {
	select {
	case <-s.process.gone:
	case <-time.After(lastWords):
	}
	h.mu.Lock()
	if h.running == s {
		h.bury()
	}
	h.mu.Unlock()
	e := nodes.Errorf("the plugin %s stopped while it worked: %w", filepath.Base(h.file.Path), err)
	e.Message = fmt.Sprintf("the plugin %s crashed while it worked on this node%s", filepath.Base(h.file.Path), s.output.quoted())
	return e
}

// Close ends the plugin and waits until it is gone. A second Close does nothing.
func (h *Host) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.running != nil {
		_ = h.running.broker.Close()
		h.running.client.Kill()
		h.running = nil
	}
}

// tail keeps the end of what a plugin writes to standard error, for the message of a crash, and logs it.
type tail struct {
	log  *slog.Logger
	mu   sync.Mutex
	text []byte
}

const tailBytes = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.text = append(t.text, p...)
	if n := len(t.text) - tailBytes; n > 0 {
		t.text = t.text[n:]
	}
	t.mu.Unlock()
	t.log.Debug("plugin's standard error", "text", string(bytes.TrimSpace(p)))
	return len(p), nil
}

func (t *tail) quoted() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(t.text))
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
