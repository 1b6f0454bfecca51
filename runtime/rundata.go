package runtime

import (
	"io"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// Status is how a run stands, in n8n's words.
type Status string

// The statuses of a run.
const (
	StatusSuccess  Status = "success"
	StatusError    Status = "error"
	StatusCanceled Status = "canceled"
	StatusWaiting  Status = "waiting"
	StatusRunning  Status = "running"
	// StatusCrashed is a run of which nobody knows what its last step did.
	StatusCrashed Status = "crashed"
)

// Run is a run that came to an end or a halt.
type Run struct {
	Status    Status
	State     *State
	StoppedAt time.Time
	// Err is what ended a failed or cancelled run.
	Err *nodes.Error
	// StaticData is what workflows keep for later runs, by id: those that changed it.
	StaticData map[string]string

	plan *Plan
}

// LastNode is the name of the last executed node, "" if none was.
func (r *Run) LastNode() string {
	if last := r.State.last(); last != nil {
		return last.Node
	}
	return ""
}

// Items are the items of all outputs, in order, of the last run of the last executed node.
func (r *Run) Items() nodes.Items {
	last := r.State.last()
	if last == nil {
		return nodes.Items{}
	}
	// A node may keep items at outputs that it does not have, as n8n's Filter does with those that it discards.
	outputs := last.Outputs
	if n := r.plan.byName[last.Node].allOutputs(); len(outputs) > n {
		outputs = outputs[:n]
	}
	if len(outputs) == 1 {
		return outputs[0]
	}
	var b nodes.ItemsBuilder
	for _, out := range outputs {
		b.Grow(out.Len())
		for _, it := range out.All() {
			b.Add(it)
		}
	}
	return b.Items()
}

// LastOutput are the items of the first output of the last step so far.
func (x *Execution) LastOutput() nodes.Items { return (&Run{State: x.state}).LastOutput() }

// LastOutput are the items of the first output of the last run of the last executed node.
func (r *Run) LastOutput() nodes.Items {
	if last := r.State.last(); last != nil && len(last.Outputs) > 0 {
		return last.Outputs[0]
	}
	return nodes.Items{}
}

// WriteItems writes a JSON array of the items' JSON.
func WriteItems(w io.Writer, items nodes.Items) error {
	buf := append(make([]byte, 0, 64<<10), '[')
	for i, it := range items.All() {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(append(buf, '\n'), it.JSON()...)
		if len(buf) > flushBytes {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	if items.Len() > 0 {
		buf = append(buf, '\n')
	}
	_, err := w.Write(append(buf, "]\n"...))
	return err
}

// WriteJSON writes the run as n8n's run object: {"status","startedAt","stoppedAt","data":{"resultData":…}}.
func (r *Run) WriteJSON(w io.Writer) error {
	buf := make([]byte, 0, 64<<10)
	str := func(key, value string) {
		buf = append(nodes.AppendString(buf, key), ':')
		buf = append(nodes.AppendString(buf, value), ',')
	}
	var failed error
	flush := func(part []byte) []byte { // a step may have a million items
		if _, err := w.Write(part); err != nil && failed == nil {
			failed = err
		}
		return part[:0]
	}
	buf = append(buf, '{')
	str("status", string(r.Status))
	str("mode", r.State.Mode)
	str("startedAt", r.State.StartedAt.UTC().Format(timeFormat))
	str("stoppedAt", r.StoppedAt.UTC().Format(timeFormat))
	buf = append(buf, `"data":{"resultData":{"runData":{`...)
	for i, name := range r.State.nodeNames() {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(nodes.AppendString(buf, name), ":["...)
		for j, step := range r.State.byNode[name] {
			if j > 0 {
				buf = append(buf, ',')
			}
			buf = step.appendJSON(buf, r.State.byNode[name], flush)
		}
		buf = append(buf, ']')
	}
	buf = append(buf, '}')
	if last := r.LastNode(); last != "" {
		buf = nodes.AppendString(append(buf, `,"lastNodeExecuted":`...), last)
	}
	if custom := r.State.CustomData.JSON(); custom != "" {
		buf = append(append(buf, `,"metadata":`...), custom...)
	}
	if r.Err != nil {
		buf = appendError(append(buf, `,"error":`...), r.Err)
	}
	flush(append(buf, "}}}\n"...))
	return failed
}

// flushBytes is how much is gathered before it is written.
const flushBytes = 60 << 10

// timeFormat is JavaScript's Date.prototype.toISOString.
const timeFormat = "2006-01-02T15:04:05.000Z"

// nodeNames returns the names of the nodes that were executed, in the order of their first run.
func (s *State) nodeNames() []string {
	var names []string
	for _, step := range s.Steps {
		if step.Run == 0 {
			names = append(names, step.Node)
		}
	}
	return names
}

// appendJSON writes an entry of runData, with runs, the executions of its node; without them it writes the wire form of State,
// which has the node's name too. If flush is not nil, it takes what has come together between items and returns the space.
func (s *StepRun) appendJSON(dst []byte, runs []*StepRun, flush func([]byte) []byte) []byte {
	dst = append(dst, '{')
	if runs == nil {
		dst = append(nodes.AppendString(append(dst, `"node":`...), s.Node), ',')
	}
	dst = strconv.AppendInt(append(dst, `"startTime":`...), s.StartedAt.UnixMilli(), 10)
	dst = strconv.AppendInt(append(dst, `,"executionIndex":`...), int64(s.Index), 10)
	dst = append(dst, `,"source":[`...)
	for i, src := range s.Sources {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = src.appendJSON(dst)
	}
	dst = strconv.AppendInt(append(dst, `],"hints":[],"executionTime":`...), s.Duration.Milliseconds(), 10)
	status := StatusSuccess
	if s.Err != nil {
		status = StatusError
		dst = appendError(append(dst, `,"error":`...), s.Err)
	}
	dst = append(append(append(dst, `,"executionStatus":"`...), status...), '"')
	if s.Outputs != nil {
		dst = append(dst, `,"data":{"main":[`...)
		for i, out := range s.Outputs {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendItems(dst, out, runs, flush)
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, '}')
}

func (r Ref) appendJSON(dst []byte) []byte {
	if r.Node == "" {
		return append(dst, "null"...)
	}
	dst = nodes.AppendString(append(dst, `{"previousNode":`...), r.Node)
	dst = strconv.AppendInt(append(dst, `,"previousNodeOutput":`...), int64(r.Output), 10)
	dst = strconv.AppendInt(append(dst, `,"previousNodeRun":`...), int64(r.Run), 10)
	return append(dst, '}')
}

func appendItems(dst []byte, items nodes.Items, runs []*StepRun, flush func([]byte) []byte) []byte {
	dst = append(dst, '[')
	for i, it := range items.All() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, it, runs)
		if flush != nil && len(dst) > flushBytes {
			dst = flush(dst)
		}
	}
	return append(dst, ']')
}

// appendItem writes an item as n8n keeps it: {json, binary?, pairedItem?}.
func appendItem(dst []byte, it nodes.Item, runs []*StepRun) []byte {
	dst = append(append(dst, `{"json":`...), it.JSON()...)
	if it.Binary().Len() > 0 {
		dst = it.Binary().AppendJSON(append(dst, `,"binary":`...))
	}
	return append(appendPaired(dst, it, runs), '}')
}

func appendPaired(dst []byte, it nodes.Item, runs []*StepRun) []byte {
	if !it.HasLineage() {
		return dst
	}
	dst = append(dst, `,"pairedItem":`...)
	start, n := len(dst), 0
	for p := range it.Parents() {
		if n > 0 {
			dst = append(dst, ',')
		}
		n++
		dst = strconv.AppendInt(append(dst, `{"item":`...), int64(p.Item()), 10)
		if p.Input() > 0 {
			dst = strconv.AppendInt(append(dst, `,"input":`...), int64(p.Input()), 10)
		}
		switch run, earlier := p.Run(); {
		case !earlier:
		case runs == nil:
			dst = strconv.AppendInt(append(dst, `,"run":`...), int64(run), 10)
		case run < len(runs) && p.Input() < len(runs[run].Sources):
			dst = runs[run].Sources[p.Input()].appendJSON(append(dst, `,"sourceOverwrite":`...))
		}
		dst = append(dst, '}')
	}
	if n > 1 {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = '['
		dst = append(dst, ']')
	}
	return dst
}

// appendError writes an error as run data has it: {message, description?, node, itemIndex?, …}. It holds no secret,
// as an *Error never does.
func appendError(dst []byte, e *nodes.Error) []byte {
	var b nodes.ObjectBuilder
	text := func(key, value string) {
		if value != "" {
			b.Set(key, nodes.StringValue(value))
		}
	}
	text("name", e.Kind)
	b.Set("message", nodes.StringValue(e.Message))
	text("description", e.Description)
	text("hint", e.Hint)
	if e.Node != "" {
		var n nodes.ObjectBuilder
		n.Set("name", nodes.StringValue(e.Node))
		b.Raw("node", n.String())
	}
	if e.Item >= 0 {
		index := nodes.NumberValue(float64(e.Item))
		b.Set("itemIndex", index)
		var context nodes.ObjectBuilder // where n8n's own tools look for it
		context.Set("itemIndex", index)
		b.Raw("context", context.String())
	}
	text("parameter", e.Parameter)
	text("pointer", e.Pointer)
	text("httpCode", e.HTTPCode)
	return append(dst, b.String()...)
}

func parseError(r gjson.Result) *nodes.Error {
	e := &nodes.Error{
		Kind: r.Get("name").String(), Message: r.Get("message").String(), Description: r.Get("description").String(),
		Hint: r.Get("hint").String(), Node: r.Get("node.name").String(), Item: -1,
		Parameter: r.Get("parameter").String(), Pointer: r.Get("pointer").String(), HTTPCode: r.Get("httpCode").String(),
	}
	if i := r.Get("itemIndex"); i.Exists() {
		e.Item = int(i.Int())
	}
	return e
}
