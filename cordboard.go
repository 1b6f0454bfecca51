// Package cordboard runs n8n workflow files in Go programs.
//
//	rt, err := cordboard.New(cordboard.Options{CredentialFiles: []string{"credentials.json"}})
//	defer rt.Close()
//	flow, err := rt.LoadFile(ctx, "flow.json")
//	result, err := rt.Run(ctx, flow, cordboard.RunOptions{})
//
// The engine itself is package runtime, the contract of nodes package nodes; this package joins them with the built-in
// nodes, plugins and credentials. The command line and the server are made of it.
package cordboard

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/code"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/nodes/files"
	"github.com/cordboard/cordboard/nodes/markup"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/network/connect"
	"github.com/cordboard/cordboard/nodes/network/mail"
	"github.com/cordboard/cordboard/nodes/network/queues"
	"github.com/cordboard/cordboard/nodes/network/remote"
	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/runtime/binary"
)

// Options configure a Runtime. The zero value has the built-in nodes and the plugins beside the program.
type Options struct {
	// Nodes are further node types, in process.
	Nodes []nodes.Type
	// PluginDirs are directories with plugins and descriptor files, looked through before that of the program.
	PluginDirs []string
	// PluginsLock is the file with the pins of trusted plugins; empty means none.
	PluginsLock string
	// Credentials are credentials by value, CredentialFiles n8n's decrypted exports. Credentials that are in neither are
	// looked for in the environment (credentials.EnvName).
	Credentials     []credentials.Credential
	CredentialFiles []string
	// CredentialSource holds further ones, for workflows that name them; they go after those above and before the environment. nil for none.
	CredentialSource credentials.Source
	// TokenDir keeps the tokens that processes share; empty means the user's cache directory. Tokens keeps those that machines share, in its
	// place.
	TokenDir string
	Tokens   credentials.LeaseStore
	// Env answers $env; nil denies it.
	Env func(name string) (string, bool)
	// Vars is the JSON object behind $vars.
	Vars string
	// Log takes what there is to tell; nil means nothing is logged.
	Log *slog.Logger
	// Workflows returns the workflow with this id, and a name for messages, for those that others call and for error workflows;
	// ErrNoWorkflow if there is none. nil means the files in the folder of the workflow that refers to it.
	Workflows func(ctx context.Context, id string) (name, text string, err error)
	// MaxDepth is how deep workflows may call each other; 0 means 100.
	MaxDepth int
	// FileDirs are the directories that workflows may read and write (Read/Write Files from Disk); none, if empty.
	FileDirs []string
	// AllowCommands lets workflows run commands of the machine (Execute Command).
	AllowCommands bool
	// PublicOnly keeps the network nodes from private networks and this machine: what callers send may name addresses. Node sets whose
	// addresses come from credentials are not concerned.
	PublicOnly bool
	// ResumeURL is the address at which a waiting run can be called, for $execution.resumeUrl; nil where there is none.
	ResumeURL func(executionID string) string
	// MaxSteps is how many steps a run may have; 0 means a million.
	MaxSteps int
	// Tracer makes OpenTelemetry spans of runs and steps; nil for none.
	Tracer trace.Tracer
	// Observe is told of runs and steps as they happen; of one run and those that it calls, one event at a time.
	Observe func(runtime.Event)
}

// Runtime runs workflows. It is safe for concurrent use; plugins are started when a workflow needs them and shared by all
// runs.
type Runtime struct {
	opts     Options
	creds    *credentials.Set
	requests *request.Executor // of nodes that descriptor files describe
	network  network.Options
	library  library

	// plugging holds one element while plugins are started: a lock that a context can give up waiting for, and that does not
	// keep workflows waiting which need no plugin.
	plugging chan struct{}

	mu        sync.Mutex // never held for long
	types     []nodes.Type
	hosts     []*plugin.Host
	plugged   bool  // plugins were looked for
	pluginErr error // which of them cannot be used
	engine    *runtime.Engine
	retired   []*runtime.Engine
}

// Workflow is a workflow that was loaded: checked against the nodes there are and compiled. It serves any number of runs.
type Workflow struct {
	*runtime.Plan
	engine *runtime.Engine
}

// New returns a runtime. It reads the credential files; it starts nothing.
func New(opts Options) (*Runtime, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	r := &Runtime{
		opts: opts, requests: request.New(), creds: credentials.NewSet(credentials.NewLeases(opts.TokenDir).In(opts.Tokens)), plugging: make(chan struct{}, 1),
	}
	r.creds.Add(opts.Credentials...)
	r.creds.AddSource(opts.CredentialSource)
	for _, file := range opts.CredentialFiles {
		if err := r.creds.AddFile(file); err != nil {
			return nil, err
		}
	}
	r.network = network.Options{Executor: r.requests, PublicOnly: opts.PublicOnly, Commands: opts.AllowCommands, Connections: &connect.Pools{}}
	connecting := connect.Options{Executor: r.requests, PublicOnly: opts.PublicOnly, Pools: r.network.Connections}
	r.types = slices.Concat(core.Nodes(), code.Nodes(), files.Nodes(), markup.Nodes(), network.NodesWith(r.network), mail.Nodes(connecting),
		queues.Nodes(connecting), remote.Nodes(connecting), opts.Nodes)
	return r, r.build()
}

// build makes the engine anew from the types that are known by now.
func (r *Runtime) build() error {
	registry := &nodes.Registry{}
	if err := registry.Add(r.types...); err != nil {
		return err
	}
	if r.engine != nil {
		r.retired = append(r.retired, r.engine)
	}
	r.engine = runtime.New(runtime.Options{
		Nodes: registry, Credentials: r.creds, Log: r.opts.Log, Env: r.opts.Env, Vars: r.opts.Vars, Observe: r.opts.Observe,
		Workflows: finder{r}, MaxDepth: r.opts.MaxDepth, MaxSteps: r.opts.MaxSteps, ResumeURL: r.opts.ResumeURL,
		Files: &nodes.Files{Dirs: r.opts.FileDirs}, Tracer: r.opts.Tracer,
	})
	return nil
}

// Types returns all node types, those of plugins included: it starts them.
func (r *Runtime) Types(ctx context.Context) ([]nodes.Type, error) {
	err := r.plugIn(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.types), err
}

// LoadFile reads a file that holds one workflow, and loads it.
func (r *Runtime) LoadFile(ctx context.Context, file string) (*Workflow, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return r.Load(ctx, file, text)
}

// Load reads, checks and compiles a workflow. The name is for messages. An error of type runtime.Problems says what is wrong
// with the workflow; what is wrong with single nodes is in Workflow.Problems, and Run refuses to come to them.
func (r *Runtime) Load(ctx context.Context, name string, text []byte) (*Workflow, error) {
	w, err := runtime.ParseWorkflow(name, text)
	if err != nil {
		return nil, err
	}
	return r.Compile(ctx, w)
}

// Compile checks and compiles a workflow that was parsed already. Plugins are started only if the workflow has nodes that
// are not built in.
func (r *Runtime) Compile(ctx context.Context, w *runtime.Workflow) (*Workflow, error) {
	engine, complete := r.engineFor(w)
	var pluginErr error
	if !complete {
		pluginErr = r.plugIn(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		engine, _ = r.engineFor(w)
	}
	plan, err := engine.Compile(ctx, w)
	if err != nil {
		return nil, err
	}
	if pluginErr != nil && plan.Problems.Err() != nil { // a node may be missing because its plugin is
		return nil, errors.Join(plan.Problems.Err(), pluginErr)
	}
	return &Workflow{plan, engine}, nil
}

// engineFor returns the engine of now, and whether it has all the workflow's nodes.
func (r *Runtime) engineFor(w *runtime.Workflow) (engine *runtime.Engine, complete bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.engine, !r.needsPlugins(w)
}

func (r *Runtime) needsPlugins(w *runtime.Workflow) bool {
	for _, n := range w.Nodes {
		if n.Type != runtime.StickyNote && !r.hasType(n.Type) {
			return true
		}
	}
	return false
}

func (r *Runtime) hasType(name string) bool {
	for _, t := range r.types {
		if strings.EqualFold(t.Descriptor.Type, name) {
			return true
		}
	}
	return false
}

// RunOptions say how a run begins; the zero value starts at the workflow's trigger.
type RunOptions struct {
	// Input becomes the start node's output (runtime.ParseItems reads items); nil means that the start node is executed.
	Input *nodes.Items
	// Output is that of the start node's outputs which Input is on.
	Output int
	// Start and Until name nodes.
	Start, Until string
	// Mode is $execution.mode; empty means "manual".
	Mode string
	// ID is the execution's id; empty: a new one.
	ID string
	// Await waits for the call of a waiting run's address (see runtime.RunOptions); nil: such a wait fails the run.
	Await func(ctx context.Context, w runtime.Waiting) (*nodes.Items, error)
	// Reply and Stream take what nodes answer to the call that started the run (see runtime.RunOptions).
	Reply  func(nodes.Response)
	Stream func(ctx context.Context, line []byte) error
	// Durable is set for a run that outlives its process.
	Durable Durable
}

// Result is what a run came to. Close it when its binary data is no longer needed.
type Result struct {
	*runtime.Run
	binary *binary.Store
}

// OpenBinary reads binary data that an item refers to.
func (r *Result) OpenBinary(ctx context.Context, id string) (io.ReadCloser, error) {
	return r.binary.Open(ctx, id)
}

// Close removes the run's binary data.
func (r *Result) Close() error { return r.binary.Close() }

// Run runs a workflow to its end; it sleeps through waits for a time. An error of type runtime.Problems says that the run
// could not start: nothing was sent anywhere. A run that fails starts its error workflow, if there is one, and Run returns when
// that has ended. Any other error, a *nodes.Error, is the run's failure, and the result is there
// all the same.
func (r *Runtime) Run(ctx context.Context, w *Workflow, opts RunOptions) (*Result, error) {
	x, err := r.Begin(w, opts)
	if err != nil {
		return nil, err
	}
	result := x.Complete(ctx)
	r.reportFailure(ctx, w, result.Run, opts.Await)
	if result.Err != nil {
		return result, result.Err
	}
	return result, nil
}

// Close ends plugins and frees what the runtime holds. No run may be under way.
func (r *Runtime) Close() error {
	r.plugging <- struct{}{} // plugins that start at this moment are to be ended too
	defer func() { <-r.plugging }()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.hosts {
		h.Close()
	}
	r.hosts = nil
	r.plugged = true // none is started any more
	r.requests.Close()
	errs := []error{r.network.Connections.Close()}
	for _, e := range append(r.retired, r.engine) {
		errs = append(errs, e.Close())
	}
	r.retired = nil
	return errors.Join(errs...)
}

// TriggerCall returns the call with which one of the workflow's triggers is asked (see runtime.Plan.Triggers).
func (w *Workflow) TriggerCall(ctx context.Context, t runtime.Trigger) *nodes.Call {
	return w.engine.TriggerCall(ctx, t)
}
