// Package runtime is the engine: it parses workflow files, compiles them to plans and runs plans step by step.
//
//	flow.json ──parse──▶ Workflow ──compile──▶ Plan ──run──▶ Run
//
// The files follow the way of the data: workflow.go (the file), plan.go (what is known before a run), run.go (which
// node is next), step.go (one execution of a node), params.go (parameters resolved and checked), outcome.go (what
// becomes of a node's answer), state.go (all there is to know between two steps), rundata.go (n8n's run data).
// Beside the way: journal.go and replay.go (what outlives the process), subworkflow.go (workflows that call others, waits), observe.go (events and spans), review.go (what validate says
// beyond a plan's problems).
//
// It owns n8n's execution semantics. It does not own nodes (package nodes), the expression language
// (runtime/expression), credentials, or where runs are kept.
package runtime

import (
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/expression"
)

// Credentials finds the credentials that workflows name. Package credentials implements it.
type Credentials interface {
	// Find returns the credential with this id, else the one with this name. credentialType is the type under which
	// the workflow refers to it. The error says which were looked at and how to give one.
	Find(id, name, credentialType string) (nodes.Credential, error)
}

// Options configure an engine.
type Options struct {
	// Nodes are the node types there are. It must not change any more.
	Nodes *nodes.Registry
	// Credentials finds credentials; nil means that there are none.
	Credentials Credentials
	// Log takes what nodes and the engine have to tell; nil means nothing is logged.
	Log *slog.Logger
	// Env answers $env; nil denies it, as n8n does where it is blocked.
	Env func(name string) (string, bool)
	// Vars is the JSON object behind $vars.
	Vars string
	// Workflows finds those that workflows call; nil means that there are none.
	Workflows Workflows
	// MaxDepth is how deep workflows may call each other; 0 means 100.
	MaxDepth int
	// Files are the directories that nodes may read and write; nil for none.
	Files *nodes.Files
	// ResumeURL is the address at which a run can be woken, $execution.resumeUrl; nil where there is none.
	ResumeURL func(executionID string) string
	// MaxSteps is how many steps a run may have; 0 means a million. A circle of nodes that nothing ends comes to it.
	MaxSteps int
	// Tracer makes a span for each run and step; nil for none.
	Tracer trace.Tracer
	// Observe is told of each step as it happens; of one run and the runs that it calls, one event at a time. nil for none.
	Observe func(Event)
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
}

// Event tells an observer of a run.
type Event struct {
	// Kind is "run.started", "step.started", "step.finished" or "run.finished".
	Kind string
	// Node is the step's; empty for a run.
	Node string
	// Status is what a run came to.
	Status Status
	// Run counts the node's executions, from 0.
	Run int
	// In and Out count items over all inputs and outputs.
	In, Out  int
	Duration time.Duration
	Err      *nodes.Error
	// ExecutionID, WorkflowID and Workflow, a name, say whose step it is; Depth counts the callers above it.
	ExecutionID string
	WorkflowID  string
	Workflow    string
	Depth       int
	Time        time.Time
}

// Engine runs plans. It holds no state of a run and is safe for concurrent use.
type Engine struct {
	opts        Options
	expressions *expression.Evaluator
}

// New returns an engine.
func New(opts Options) *Engine {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.MaxDepth <= 0 {
		opts.MaxDepth = maxDepth
	}
	if opts.MaxSteps <= 0 {
		opts.MaxSteps = maxSteps
	}
	if opts.Tracer == nil {
		opts.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if opts.Nodes == nil {
		opts.Nodes = &nodes.Registry{}
	}
	return &Engine{opts, expression.NewEvaluator(expression.Options{})}
}

// Close frees what expressions hold. No run may be under way.
func (e *Engine) Close() error { return e.expressions.Close() }

// defaultLocation is the time zone of workflows that name none, as in n8n: GENERIC_TIMEZONE, then TZ, then UTC.
func defaultLocation() *time.Location {
	for _, name := range []string{os.Getenv("GENERIC_TIMEZONE"), os.Getenv("TZ")} {
		if name == "" {
			continue
		}
		if loc, err := time.LoadLocation(name); err == nil {
			return loc
		}
	}
	return time.UTC
}
