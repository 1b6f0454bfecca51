package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// Interruption is a step that may have written outside when its process ended: nobody knows.
type Interruption struct{ Node string }

// history is what a journal tells, by path.
type history map[string][]record

// ErrNoJournal says that a journal tells of no run.
var ErrNoJournal = errors.New("the journal is empty")

func parseJournal(lines [][]byte) (history, error) {
	h := history{}
	for i, line := range lines {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("record %d of the journal: %w", i+1, err)
		}
		h[r.Path] = append(h[r.Path], r)
	}
	if len(h[""]) == 0 || h[""][0].Kind != "run" {
		return nil, ErrNoJournal
	}
	return h, nil
}

// interruption returns the step whose end is not known, nil if there is none.
func (h history) interruption() *Interruption {
	for _, records := range h {
		last := records[len(records)-1]
		for i := len(records) - 1; last.Kind == "reply" && i > 0; i-- {
			last = records[i-1]
		}
		if last.Kind == "intent" {
			return &Interruption{last.Node}
		}
	}
	return nil
}

// Replay goes on with a run from its journal, the lines in the order of their records. The plan must be that of the same
// version of the workflow. Where a step was interrupted that may have written outside, the Interruption says so; running on
// executes it again.
func (e *Engine) Replay(plan *Plan, lines [][]byte, opts RunOptions) (*Execution, *Interruption, error) {
	h, err := parseJournal(lines)
	if err != nil {
		return nil, nil, err
	}
	state, err := DecodeState(h[""][0].State)
	if err != nil {
		return nil, nil, err
	}
	x, err := e.Restore(plan, state, opts.Binary)
	if err != nil {
		return nil, nil, err
	}
	x.family, x.caller = newFamily(opts), caller{opts.Reply, opts.Stream}
	x.family.history = h
	if opts.ID != "" {
		state.ExecutionID = opts.ID
	}
	if err := x.replay(h[""]); err != nil {
		return nil, nil, err
	}
	return x, h.interruption(), nil
}

// replay applies records to a run that has just begun.
func (x *Execution) replay(records []record) error {
	for _, r := range records {
		if err := x.replayOne(r); err != nil {
			return err
		}
	}
	x.told = changes{x.state.CustomData.JSON(), string(x.state.StaticData), x.state.Reply}
	return nil
}

func (x *Execution) replayOne(r record) error {
	switch r.Kind {
	case "run", "child", "intent":
		return nil
	case "reply":
		x.state.Reply = r.Reply
		return nil
	case "resume":
		return x.replayResume(r)
	case "end":
		x.state.Status = r.Status
		if x.state.Suspended = nil; len(r.Error) > 0 {
			x.state.Err = parseError(gjson.ParseBytes(r.Error))
		}
		return nil
	}
	p, ok := x.next()
	for ok && x.lacksInput(p) {
		p, ok = x.next()
	}
	if !ok || p.Node != r.Node {
		return fmt.Errorf("the journal goes on with the node %q, and the workflow with %q: it is not the version that was run", r.Node, p.Node)
	}
	if len(r.Context) > 0 {
		x.state.keep(r.Node, string(r.Context))
	}
	if r.CustomData != nil {
		x.state.CustomData = *r.CustomData
	}
	if len(r.StaticData) > 0 {
		x.state.StaticData, x.changed = r.StaticData, true
	}
	if r.Reply != nil {
		x.state.Reply = r.Reply
	}
	switch r.Kind {
	case "wait":
		x.apply(p, nil, &nodes.Suspend{Until: r.Suspended.Until, Webhook: r.Suspended.Webhook})
	case "ended":
		x.apply(p, &StepRun{Node: p.Node}, nil)
	case "step":
		run, err := x.parseRecorded(gjson.ParseBytes(r.Step))
		if err != nil {
			return err
		}
		x.apply(p, run, nil)
	default:
		return fmt.Errorf("the journal has a record of kind %q, which this program does not know", r.Kind)
	}
	return nil
}

func (x *Execution) replayResume(r record) error {
	if len(r.Given) == 0 {
		return x.resume(nil)
	}
	items, err := itemsOf(gjson.ParseBytes(r.Given))
	if err != nil {
		return err
	}
	return x.resume(&items)
}

// parseRecorded reads what appendRecorded wrote.
func (x *Execution) parseRecorded(r gjson.Result) (*StepRun, error) {
	run, err := parseStepRun(r)
	if err != nil || !r.Get("data").Exists() {
		return run, err
	}
	run.Outputs = run.Outputs[:0]
	for _, list := range r.Get("data.main").Array() {
		var b nodes.ItemsBuilder
		list.ForEach(func(_, el gjson.Result) bool {
			var it nodes.Item
			if it, err = x.itemRecorded(run, el); err == nil {
				b.Add(it)
			}
			return err == nil
		})
		if err != nil {
			return nil, fmt.Errorf("step of node %q: %w", run.Node, err)
		}
		run.Outputs = append(run.Outputs, b.Items())
	}
	return run, nil
}

func (x *Execution) itemRecorded(run *StepRun, el gjson.Result) (nodes.Item, error) {
	from := el.Get("from")
	if !from.Exists() {
		return itemOf(el)
	}
	input, i := int(from.Get("0").Int()), int(from.Get("1").Int())
	if input < 0 || input >= len(run.Sources) {
		return nodes.Item{}, fmt.Errorf("it refers to input %d, and has %d", input, len(run.Sources))
	}
	items := x.state.items(run.Sources[input])
	if i < 0 || i >= items.Len() {
		return nodes.Item{}, fmt.Errorf("it refers to item %d of an input with %d", i, items.Len())
	}
	it := nodes.NewItem(items.At(i).JSON())
	if bin := el.Get("binary"); bin.IsObject() {
		b, err := nodes.ParseBinary(bin)
		if err != nil {
			return nodes.Item{}, err
		}
		it = it.WithBinary(b)
	}
	return it.WithParents(parentsOf(el.Get("pairedItem"))...), nil
}

// Interrupted ends a replayed run whose outcome nobody knows.
func (x *Execution) Interrupted(i *Interruption) *Run {
	e := nodes.Errorf("the execution was interrupted while this node may have been changing something outside: whether it did is not known")
	e.Node = i.Node
	e.Hint = "Look at the other end, then retry the execution, which executes the node again."
	return x.end(StatusCrashed, e)
}

// Fail ends a run that cannot go on.
func (x *Execution) Fail(err error) *Run { return x.end(StatusError, nodes.AsError(err)) }

func (x *Execution) end(status Status, err *nodes.Error) *Run {
	x.state.Status, x.state.Err = status, err
	return &Run{Status: status, State: x.state, StoppedAt: x.engine.now(), Err: err, StaticData: x.family.keep(x), plan: x.plan}
}

// WaitingFor is what a suspended run waits for.
func (x *Execution) WaitingFor(ctx context.Context) (Waiting, bool) {
	if x.state.Suspended == nil {
		return Waiting{}, false
	}
	return x.waiting(ctx), true
}

// Again is the state with which a run is tried again after its failure: before the step that failed (n8n's retry). ok is false
// if no step failed. The journal is that of the failed run, id the new one's.
func (e *Engine) Again(plan *Plan, lines [][]byte, id string) (state *State, ok bool, err error) {
	h, err := parseJournal(lines)
	if err != nil {
		return nil, false, err
	}
	records := h[""]
	if records[len(records)-1].Kind == "end" {
		records = records[:len(records)-1]
	}
	if last := records[len(records)-1]; last.Kind != "step" || !gjson.GetBytes(last.Step, "error").Exists() || gjson.GetBytes(last.Step, "data").Exists() {
		if last.Kind != "intent" {
			return nil, false, nil
		}
	}
	records = records[:len(records)-1]
	if state, err = DecodeState(records[0].State); err != nil {
		return nil, false, err
	}
	x, err := e.Restore(plan, state, nil)
	if err == nil {
		err = x.replay(records)
	}
	if err != nil {
		return nil, false, err
	}
	state.ExecutionID, state.Mode, state.StartedAt, state.Reply = id, "retry", time.Now(), nil
	return state, true, nil
}
