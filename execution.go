package cordboard

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/runtime/binary"
)

// Durable are the options of a run that outlives its process. The zero value is a run that does not.
type Durable struct {
	// Journal keeps what the run comes to (runtime.Journal).
	Journal runtime.Journal
	// BinaryDir is the directory of the run's binary data, which stays when the run is over.
	BinaryDir string
	// Halt, Detach, StaticData, History and Spawn are those of runtime.RunOptions.
	Halt       <-chan struct{}
	Detach     bool
	StaticData func(ctx context.Context, workflowID string) (string, error)
	History    func(workflowID, by string) nodes.History
	Spawn      func(ctx context.Context, flow *Workflow, call runtime.Spawned) error
}

// Execution is a run that was begun: Complete executes it.
type Execution struct {
	*runtime.Execution
	binary *binary.Store
}

// Begin prepares a run. An error of type runtime.Problems says that it cannot start.
func (r *Runtime) Begin(w *Workflow, opts RunOptions) (*Execution, error) {
	store := opts.store()
	x, err := w.engine.NewExecution(w.Plan, opts.engine(store))
	if err != nil {
		_ = store.Close() // it holds nothing yet
		return nil, err
	}
	return &Execution{x, store}, nil
}

// Continue goes on with a run from its journal (runtime.Engine.Replay). The Interruption, if there is one, names a step of
// which nobody knows whether it took place: Complete executes it again.
func (r *Runtime) Continue(w *Workflow, journal [][]byte, opts RunOptions) (*Execution, *runtime.Interruption, error) {
	store := opts.store()
	x, interrupted, err := w.engine.Replay(w.Plan, journal, opts.engine(store))
	if err != nil {
		_ = store.Close()
		return nil, nil, err
	}
	return &Execution{x, store}, interrupted, nil
}

// Again is the state with which a failed run is tried again (runtime.Engine.Again).
func (r *Runtime) Again(w *Workflow, journal [][]byte, id string) (state *runtime.State, ok bool, err error) {
	return w.engine.Again(w.Plan, journal, id)
}

// Complete runs to the end, or to a wait (Durable.Detach). It starts no error workflow.
func (x *Execution) Complete(ctx context.Context) *Result {
	return &Result{x.Execution.Complete(ctx), x.binary}
}

// Fail ends the run without executing anything more.
func (x *Execution) Fail(err error) *Result { return &Result{x.Execution.Fail(err), x.binary} }

// Interrupted ends a run that was continued and is not to execute the interrupted step again.
func (x *Execution) Interrupted(i *runtime.Interruption) *Result {
	return &Result{x.Execution.Interrupted(i), x.binary}
}

func (o RunOptions) store() *binary.Store {
	if o.Durable.BinaryDir != "" {
		return binary.Keep(o.Durable.BinaryDir)
	}
	return binary.New("")
}

func (o RunOptions) engine(store *binary.Store) runtime.RunOptions {
	var spawn func(context.Context, runtime.Spawned) error
	if o.Durable.Spawn != nil {
		spawn = func(ctx context.Context, call runtime.Spawned) error {
			return o.Durable.Spawn(ctx, &Workflow{call.Plan, call.Engine}, call)
		}
	}
	return runtime.RunOptions{
		Start: o.Start, Until: o.Until, Input: o.Input, Output: o.Output, Mode: o.Mode, ID: o.ID, Binary: store, Await: o.Await, Reply: o.Reply, Stream: o.Stream,
		Journal: o.Durable.Journal, Halt: o.Durable.Halt, Detach: o.Durable.Detach, StaticData: o.Durable.StaticData, History: o.Durable.History, Spawn: spawn,
	}
}
