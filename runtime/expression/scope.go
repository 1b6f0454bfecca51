package expression

import (
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// Scope is what the expressions of one step see of the run. The engine implements it, one for each execution of a
// node. Its answers must stay the same while a batch lives; it is asked from one goroutine at a time.
type Scope interface {
	// Inputs are the items of each input of the node at hand; $json and $binary are those of input 0.
	Inputs() []nodes.Items
	// RunIndex counts the executions of the node at hand in this run, from 0.
	RunIndex() int
	// Self tells of the node at hand.
	Self() Node
	// Previous tells where the items of input 0 come from; ok is false at the start node.
	Previous() (p Previous, ok bool)

	// HasNode reports whether the workflow has a node of this name.
	HasNode(name string) bool
	// Executed reports whether the node has run data in this run.
	Executed(name string) bool
	// Output returns the items that a run of a node gave at an output. A negative run is the one on the path to the
	// node at hand (the last one if there is no path), a negative output the one from which the shortest way of connections leads
	// here, whatever way the items took (0 if none does).
	// It fails with NotExecuted, NoBranch or NoRun. It is asked only for nodes that exist.
	Output(name string, output, run int) (nodes.Items, error)
	// Paired returns the item of the named node that item i of input 0 descends from; ok is false where it came another way. It
	// fails with NoPath, NotExecuted, MultipleMatches, LineageMissing or LineageBroken.
	Paired(name string, i int) (it nodes.Item, ok bool, err error)
	// Indexed returns item i of the output that leads here ($node["name"]). It fails with NotExecuted, NotConnected or NoItem.
	Indexed(name string, i int) (nodes.Item, error)
	// Params returns a node's parameters as the workflow holds them, as an object.
	Params(name string) nodes.Value
	// Context returns what a node keeps over its runs (Split In Batches: currentRunIndex, noItemsLeft), as an object.
	Context(name string) nodes.Value

	// Workflow and Execution tell of the run.
	Workflow() Workflow
	Execution() Execution
	// Vars is the object $vars.
	Vars() nodes.Value
	// Env returns a variable of $env; allowed is false where the environment is denied, which is the default.
	Env(name string) (value string, ok, allowed bool)
	// Now is the time of the step and Location the workflow's time zone.
	Now() time.Time
	Location() *time.Location
}

// Node is the node at hand: $nodeVersion, $nodeId, $webhookId; its parameters come by Scope.Params(Name).
type Node struct {
	Name      string
	ID        string
	Version   float64
	WebhookID string
}

// Previous is $prevNode.
type Previous struct {
	Name        string
	OutputIndex int
	RunIndex    int
}

// Workflow is $workflow.
type Workflow struct {
	ID, Name string
	Active   bool
}

// Execution is $execution.
type Execution struct {
	ID string
	// Mode is "test" for a run by hand, else "production"; RunMode is $mode ("manual", "webhook", …).
	Mode, RunMode            string
	ResumeURL, ResumeFormURL string
	// CustomData is an object; undefined is an empty one.
	CustomData nodes.Value
}

// NodeRuns is what a Scope may implement beside it, for $node["X"].runIndex.
type NodeRuns interface {
	// LastRun returns the index of the last run of a node in this run of the workflow, -1 if it has not run.
	LastRun(name string) int
}
