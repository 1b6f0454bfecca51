package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"unsafe"

	"github.com/cordboard/cordboard/nodes"
)

// Journal takes what a run comes to, so that another process can go on with it (Engine.Replay). It is used by one run and those
// that it calls.
//
// A record is a line of JSON: the state with which a run begins, an intent before a step that may write outside, a step's end
// with its outputs. What is done between two steps follows from these, and is not recorded.
type Journal interface {
	// Record takes the next record. later says that it need not be on disk before the run's end: what is left of the run
	// changes nothing outside, and can be done again.
	Record(line []byte, later bool)
	// Sync returns once all records are on disk. Its error keeps the run from writing outside.
	Sync(ctx context.Context) error
}

// record is a line of a journal.
type record struct {
	Kind string `json:"k"`
	// Path says whose record it is: "" is the run's, "12.0" that of the first run which its step 12 called.
	Path string `json:"p,omitempty"`
	// State begins a run (kind "run"), ID that of a called workflow ("child").
	State json.RawMessage `json:"state,omitempty"`
	ID    string          `json:"id,omitempty"`
	// Node is the step's ("intent", "ended"); Step is its end ("step").
	Node string          `json:"node,omitempty"`
	Step json.RawMessage `json:"step,omitempty"`
	// Suspended says how long the run waits ("wait"); Given are the items with which it goes on ("resume").
	Suspended *Suspension     `json:"wait,omitempty"`
	Given     json.RawMessage `json:"given,omitempty"`
	// Status and Error are what the run came to ("end").
	Status Status          `json:"status,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
	// What a step changed beside its outputs.
	Context    json.RawMessage   `json:"context,omitempty"`
	CustomData *nodes.CustomData `json:"customData,omitempty"`
	StaticData json.RawMessage   `json:"staticData,omitempty"`
	Reply      *nodes.Response   `json:"reply,omitempty"`
}

// line is the record's JSON. Values keep their wire form.
func (r record) line() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil { // it is made of JSON
		panic(err)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// changes remembers what a run's records have told, so that a step's tells only what it changed.
type changes struct {
	customData, staticData string
	reply                  *nodes.Response
}

func (x *Execution) write(r record, later bool) {
	if x.family.journal == nil {
		return
	}
	r.Path = x.path
	x.family.journal.Record(r.line(), later)
}

// intend notes that a step may write outside, before it does. The error says that it could not be noted: the step is not
// executed.
func (x *Execution) intend(ctx context.Context, s *step) error {
	if x.family.journal == nil || s.effect != writes || x.pinned(s) {
		return nil
	}
	x.write(record{Kind: "intent", Node: s.node.Name}, false)
	return x.family.journal.Sync(ctx)
}

// recordStep notes what a node came to, before it is applied.
func (x *Execution) recordStep(p Pending, run *StepRun, suspend *nodes.Suspend) {
	if x.family.journal == nil {
		return
	}
	r := record{Kind: "step", Node: p.Node}
	later := x.plan.byName[p.Node].effect == reads && !x.writesAhead(p)
	if kept := x.kept; kept != "" {
		r.Context = json.RawMessage(kept)
	}
	if text := x.state.CustomData.JSON(); text != x.told.customData {
		r.CustomData, x.told.customData = &x.state.CustomData, text
	}
	if text := string(x.state.StaticData); text != x.told.staticData {
		r.StaticData, x.told.staticData = x.state.StaticData, text
	}
	if x.state.Reply != x.told.reply {
		r.Reply, x.told.reply = x.state.Reply, x.state.Reply
	}
	switch {
	case suspend != nil:
		r.Kind, r.Suspended = "wait", &Suspension{Step: p, Until: suspend.Until, Webhook: suspend.Webhook}
		x.write(r, false)
		return
	case run.Err == nil && run.Outputs == nil:
		r.Kind = "ended"
		x.write(r, later)
		return
	}
	r.Path = x.path
	head := r.line()
	// The items are written by hand: encoding/json would copy and check them all again.
	line := append(head[:len(head)-1], `,"step":`...)
	line = append(x.appendRecorded(line, run), '}')
	x.family.journal.Record(line, later)
}

// recordResume notes that a waiting run goes on, with items or without.
func (x *Execution) recordResume(items *nodes.Items) {
	if x.family.journal == nil {
		return
	}
	line := nodes.AppendString([]byte(`{"k":"resume","p":`), x.path)
	if items != nil {
		line = appendItems(append(line, `,"given":`...), *items, nil, nil)
	}
	x.family.journal.Record(append(line, '}'), false)
}

// writesAhead reports whether what the run has yet to do may write outside: after p, or on the stack.
func (x *Execution) writesAhead(p Pending) bool {
	if x.plan.byName[p.Node].ahead {
		return true
	}
	for _, list := range [][]Pending{x.state.Stack, x.state.Waiting} {
		for _, p := range list {
			if s := x.plan.byName[p.Node]; s.ahead || s.effect != reads {
				return true
			}
		}
	}
	return false
}

// appendRecorded writes a step as appendJSON does, but items that the node handed on unchanged as "from": [input, item].
func (x *Execution) appendRecorded(dst []byte, run *StepRun) []byte {
	unchanged := x.arrivals(run)
	whole := *run
	whole.Outputs = nil
	dst = whole.appendJSON(dst, nil, nil)
	if run.Outputs == nil {
		return dst
	}
	dst = append(dst[:len(dst)-1], `,"data":{"main":[`...)
	for o, out := range run.Outputs {
		if o > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '[')
		for i, it := range out.All() {
			if i > 0 {
				dst = append(dst, ',')
			}
			at, ok := unchanged[identity(it)]
			if !ok || it.JSON() == "{}" {
				dst = appendItem(dst, it, nil)
				continue
			}
			dst = strconv.AppendInt(append(dst, `{"from":[`...), int64(at[0]), 10)
			dst = append(strconv.AppendInt(append(dst, ','), int64(at[1]), 10), ']')
			if it.Binary().Len() > 0 {
				dst = it.Binary().AppendJSON(append(dst, `,"binary":`...))
			}
			dst = append(appendPaired(dst, it, nil), '}')
		}
		dst = append(dst, ']')
	}
	return append(dst, "]}}"...)
}

// identity is where an item's JSON lies: items that are handed on share it.
func identity(it nodes.Item) *byte { return unsafe.StringData(it.JSON()) }

// arrivals says where the items of a step's inputs stand, by identity. Lists on disk are left out: their items are read anew
// each time.
func (x *Execution) arrivals(run *StepRun) map[*byte][2]int {
	n := 0
	for _, ref := range run.Sources {
		n += x.state.items(ref).Len()
	}
	if n == 0 {
		return nil
	}
	at := make(map[*byte][2]int, n)
	for input, ref := range run.Sources {
		items := x.state.items(ref)
		if items.OnDisk() {
			continue
		}
		for i, it := range items.All() {
			at[identity(it)] = [2]int{input, i}
		}
	}
	return at
}

// begin notes the state with which a run begins.
func (x *Execution) begin() error {
	if x.family.journal == nil {
		return nil
	}
	if x.path != "" {
		x.write(record{Kind: "child", ID: x.state.ExecutionID}, !x.ahead())
		return nil
	}
	line, err := x.state.record()
	if err != nil {
		return err
	}
	x.family.journal.Record(line, false)
	return nil
}

// ReplyRecord is the record of an answer that a caller is to get before the step that gave it has ended.
func ReplyRecord(r nodes.Response) []byte { return record{Kind: "reply", Reply: &r}.line() }

// End is the record of the run's end, for the one who keeps it: the journal itself ends with the last step.
func (r *Run) End() []byte { return r.ending().line() }

func (r *Run) ending() record {
	end := record{Kind: "end", Status: r.Status}
	if r.Err != nil {
		end.Error = appendError(nil, r.Err)
	}
	return end
}

// ahead reports whether anything of the run may write outside.
func (x *Execution) ahead() bool {
	for _, p := range x.state.Stack {
		if x.writesAhead(p) || x.plan.byName[p.Node].effect != reads {
			return true
		}
	}
	return false
}

// record is the line with which the journal of a run in this state begins.
func (s *State) record() ([]byte, error) {
	state, err := s.Encode()
	if err != nil {
		return nil, err
	}
	line := append([]byte(`{"k":"run","state":`), state[:len(state)-1]...) // without Encode's line end
	return append(line, '}'), nil
}
