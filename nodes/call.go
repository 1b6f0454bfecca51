package nodes

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/cordboard/cordboard/descriptors"
)

// OnError says what a failure does to the run (n8n's onError).
type OnError string

// The ways to go on after a failure.
const (
	StopWorkflow          OnError = "stopWorkflow"
	ContinueRegularOutput OnError = "continueRegularOutput"
	ContinueErrorOutput   OnError = "continueErrorOutput"
)

// Retry bounds how often something is tried: Tries in all, at least 1, with Wait between them.
type Retry struct {
	Tries int
	Wait  time.Duration
}

// Call is one execution of a node: where it stands, what came in, and the way out for its results. A Call serves
// one Execute and is not used afterwards. Emit and Fail are called from one goroutine at a time.
type Call struct {
	// Name, Type and Version are those of the node in the workflow.
	Name    string
	Type    string
	Version float64
	// Run counts the executions of this node in this run of the workflow, from 0.
	Run int
	// Mode is the run's: "manual" for one by hand, "webhook", "trigger".
	Mode string
	// Inputs are the items of each input; an input without data is an empty list.
	Inputs []Items
	// Params are the node's parameters, as compiled.
	Params *Template
	// OnError is the node's setting.
	OnError OnError
	// Retry is the node's retryOnFail. The engine repeats the whole call of an ordinary node; a Checked node repeats
	// single requests by itself, since only it knows what may be sent again.
	Retry Retry
	// Operation is set for a Checked node: the operation that its parameters select.
	Operation *descriptors.Operation
	// Checked holds, for a Checked node, each item's resolved and validated parameters.
	Checked []CheckedParams
	// Engine is the engine behind the call.
	Engine Engine
	// Workflows runs other workflows; nil for nodes out of process.
	Workflows Workflows
	// Files are the directories of the machine that are open to nodes; nil for nodes out of process.
	Files *Files
	// Binary is the run's store of binary data.
	Binary BinaryStore
	// Context is what the node kept of its earlier executions in this run of the workflow, a JSON object; "" at first.
	Context string
	// Past returns the items that input 0 got at an earlier execution of the node in this run of the workflow. It is nil
	// for nodes out of process.
	Past func(run int) Items
	// CustomData are the texts that the run keeps by key; nil for nodes out of process.
	CustomData *CustomData
	// History is what the workflow has seen in earlier executions; nil where that is not kept.
	History History
	// MissedOnce is the workflow's setting for triggers by the clock: times that passed while nobody listened are made up for once.
	MissedOnce bool
	// Log takes what the node has to tell; never a secret.
	Log *slog.Logger
	// Sink, if set, takes the results one by one; without it they are collected for Outcome.
	Sink Sink

	outputs []ItemsBuilder
	suspend *Suspend
	reply   *Response
	kept    string
	ended   bool
}

// Sink takes the results of a call as they come. It may block to hold the node back.
type Sink interface {
	Emit(output int, it Item)
	// Failed is told of a failed item that the node goes on after.
	Failed(i int, e *Error)
}

// CheckedParams are the parameters of one item of a Checked node.
type CheckedParams struct {
	// JSON is one object by property name, valid against the operation's schema.
	JSON string
	// Err is set when the item's parameters did not pass: nothing may be sent for it, the node calls Fail.
	Err *Error
}

// Engine is what a call can ask of the engine.
type Engine interface {
	// Evaluate returns the value of an expression of the node's parameters for item i of input 0, with extra
	// names in sight (such as $response).
	Evaluate(e Expression, item int, extra map[string]Value) (Value, error)
	// Access returns what the node may know of its credential of this type: a live token, never a client secret.
	Access(ctx context.Context, credentialType string) (Access, error)
	// Renew asks for a token newer than the one of this generation, because the server refused that one. If a
	// newer one exists already, it is returned and none is minted.
	Renew(ctx context.Context, credentialType string, generation uint64) (Access, error)
	// Now is the time, Location the workflow's time zone.
	Now() time.Time
	Location() *time.Location
}

// Access is what a node may know of a credential while it runs.
type Access struct {
	// BaseURL is the credential's address, cleaned: no trailing slash, no API path.
	BaseURL string
	// Token is a short-lived access token; Generation numbers it for Renew.
	Token      string
	Generation uint64
	// Fields are the credential's fields that are no secrets.
	Fields map[string]string
	// Secrets are the secret fields of credentials that have no tokens (a password, an API key). Only nodes in process get
	// them: they are no part of the plugin protocol. What tokens are minted with is never in here.
	Secrets Secrets
}

// Secrets are fields by name that print as "***" wherever they are written by accident.
type Secrets map[string]string

// String hides the values.
func (Secrets) String() string { return "***" }

// GoString hides the values.
func (Secrets) GoString() string { return "***" }

// MarshalText hides the values, in JSON too.
func (Secrets) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Field returns a field, secret or not; "" if there is none.
func (a Access) Field(name string) string {
	if v, ok := a.Secrets[name]; ok {
		return v
	}
	return a.Fields[name]
}

// Credential is a credential in use: what a call asks of it goes through Engine. Package credentials implements it.
type Credential interface {
	// Access returns what a node may know: a live token, never a client secret.
	Access(ctx context.Context) (Access, error)
	// Renew returns an access newer than generation; it mints one only if there is none yet.
	Renew(ctx context.Context, generation uint64) (Access, error)
}

// BinaryStore keeps the binary data of a run on disk, never whole in memory.
type BinaryStore interface {
	// Create starts new data; it can be opened by its id once w is closed.
	Create(ctx context.Context) (id string, w io.WriteCloser, err error)
	// Open reads data.
	Open(ctx context.Context, id string) (io.ReadCloser, error)
}

// Suspend asks for a pause of the whole run. The node's output on resuming is the input of input 0, or what the
// webhook call brings.
type Suspend struct {
	// Until is when the run goes on by itself; the zero time is never.
	Until time.Time
	// Webhook is set when a call to the run's resume address makes it go on.
	Webhook bool
}

// Input returns the items of input i, an empty list if there is no such input.
func (c *Call) Input(i int) Items {
	if i < len(c.Inputs) {
		return c.Inputs[i]
	}
	return Items{}
}

// Param returns the parameter with this name.
func (c *Call) Param(name string) Param {
	return Param{name: name, t: c.Params.Member(name), call: c}
}

// Eval evaluates a parameter that is an expression for item i with extra names in sight, for nodes that need values
// while they execute ($response in pagination). A constant parameter gives its value.
func (c *Call) Eval(param string, item int, extra map[string]Value) (Value, error) {
	t := c.Params.Member(param)
	return t.Resolve(func(e Expression) (Value, error) { return c.Engine.Evaluate(e, item, extra) })
}

// Emit adds an item to an output. An item without lineage gets it by n8n's automatic rule, where that applies.
func (c *Call) Emit(output int, it Item) {
	if c.Sink != nil {
		c.Sink.Emit(output, it)
		return
	}
	for len(c.outputs) <= output {
		c.outputs = append(c.outputs, ItemsBuilder{})
		if len(c.outputs) == 1 { // most nodes give about as many items as they get
			c.outputs[0].Grow(c.Input(0).Len())
		}
	}
	c.outputs[output].Add(it)
}

// EmitFrom adds an item made of item i of input 0.
func (c *Call) EmitFrom(output, i int, it Item) {
	it.parent, it.more = From(i, 0), nil
	c.Emit(output, it)
}

// Fail reports that item i of input 0 failed. If the node stops at failures, the error comes back and Execute returns it
// at once; if it goes on, an error item takes the item's place in the output and Fail returns nil.
func (c *Call) Fail(i int, err error) error {
	e := AsError(err).At(i)
	if c.OnError != ContinueRegularOutput && c.OnError != ContinueErrorOutput {
		return e
	}
	if c.Sink != nil {
		c.Sink.Failed(i, e)
		return nil
	}
	var b ObjectBuilder
	text := e.Message
	if c.Checked != nil {
		// Of what did not pass its check all is told; core nodes word their errors as n8n does.
		if text = e.InItem(); e.Parameter == "" && e.HTTPCode == "" && e.Description != "" {
			text += "\n" + e.Description
		}
	}
	b.Set("error", StringValue(text))
	c.EmitFrom(0, i, NewItem(b.String()).WithError(e))
	return nil
}

// Suspend pauses the run after this call.
func (c *Call) Suspend(s Suspend) { c.suspend = &s }

// Reply sets the answer to the webhook call that started the run (Respond to Webhook).
func (c *Call) Reply(r Response) { c.reply = &r }

// Keep replaces Context, a JSON object, for the executions to come. Expressions see it as $('Node').context.
func (c *Call) Keep(context string) { c.kept = context }

// Kept returns what Keep was given last, "" if the context stays as it was.
func (c *Call) Kept() string { return c.kept }

// End ends the branch without a result: the execution leaves no entry in the run data, as when a node of n8n answers null.
func (c *Call) End() { c.ended = true }

// Ended reports whether End was called.
func (c *Call) Ended() bool { return c.ended }

// Outcome returns what the call gave, for the engine. It empties the call.
func (c *Call) Outcome() (outputs []Items, suspend *Suspend, reply *Response) {
	outputs = make([]Items, len(c.outputs))
	for i := range c.outputs {
		outputs[i] = c.outputs[i].Items()
	}
	suspend, reply = c.suspend, c.reply
	c.outputs, c.suspend, c.reply = nil, nil, nil
	return outputs, suspend, reply
}
