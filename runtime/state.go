package runtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// State is all there is to know of a run between two steps: from its JSON form and the plan, another process goes on
// where this one stopped. Items are never held twice: what waits on the stack refers to the outputs of finished steps.
type State struct {
	ExecutionID string
	Mode        string
	StartedAt   time.Time
	Status      Status
	// Err is what ended a failed or cancelled run.
	Err *nodes.Error
	// Given are the items that the first node works on, where another workflow or a failed run gave some; nil for one empty item.
	Given *nodes.Items
	// Until names the node after which the run ends; "" is the end of the workflow.
	Until string
	// Steps are the finished executions of nodes, in order.
	Steps []*StepRun
	// Stack holds what is to be executed; the last entry is next in execution order v1, the first in v0.
	Stack []Pending
	// Waiting holds nodes with several inputs of which some have no data yet: the sets of a node together, by their number, the nodes
	// in the order in which they began to wait.
	Waiting []Pending
	// Contexts are the nodes' own memories within this run (Split In Batches), as JSON by node name.
	Contexts map[string]json.RawMessage
	// CustomData are the texts that nodes kept with the run.
	CustomData nodes.CustomData
	// StaticData is what the workflow's scripts keep in this run, a JSON object.
	StaticData json.RawMessage
	// Suspended is set while the run waits for a time or a call.
	Suspended *Suspension
	// Reply is what a node answered to the webhook that started the run.
	Reply *nodes.Response

	byNode map[string][]*StepRun
}

// StepRun is one execution of a node: an entry of n8n's runData.
type StepRun struct {
	Node string
	// Run counts the executions of this node, from 0; Index those of all nodes.
	Run, Index int
	StartedAt  time.Time
	Duration   time.Duration
	// Sources says for each input from where its items came; a Ref without a node is an input without data.
	Sources []Ref
	// Outputs are the items by output.
	Outputs []nodes.Items
	// Err is set if the node failed, even if the run went on.
	Err *nodes.Error

	upstream map[string]Ref // what nearest has found
}

// Ref names an output of a finished step.
type Ref struct {
	Node   string `json:"node"`
	Run    int    `json:"run"`
	Output int    `json:"output"`
}

// Pending is a node with the data for its inputs. Start marks the first node, which has none. Set is the number of a set that waits.
// Empty says that the node gets one empty item (see force).
type Pending struct {
	Node   string `json:"node"`
	Inputs []Ref  `json:"inputs,omitempty"`
	Start  bool   `json:"start,omitempty"`
	Set    int    `json:"set,omitempty"`
	Empty  bool   `json:"empty,omitempty"`
}

// Suspension is where and how long a run waits.
type Suspension struct {
	Step    Pending   `json:"step"`
	Until   time.Time `json:"until,omitzero"`
	Webhook bool      `json:"webhook,omitempty"`
}

func (s *State) append(r *StepRun) {
	if s.byNode == nil {
		s.byNode = map[string][]*StepRun{}
	}
	s.Steps = append(s.Steps, r)
	s.byNode[r.Node] = append(s.byNode[r.Node], r)
}

// StepsOf returns the executions of a node, in order.
func (s *State) StepsOf(node string) []*StepRun { return s.byNode[node] }

// step returns the execution number run of a node, the last one for -1; nil if there is none.
func (s *State) step(node string, run int) *StepRun {
	list := s.byNode[node]
	if run < 0 {
		run += len(list)
	}
	if run < 0 || run >= len(list) {
		return nil
	}
	return list[run]
}

// nearest returns the execution of a node from which the data of r came, by the shortest way back; ok is false if none
// leads there. Each step remembers what was found, so that loops, which ask at every turn, go back one turn only.
func (s *State) nearest(r Ref, node string) (found Ref, ok bool) {
	step := s.step(r.Node, r.Run)
	if r.Node == "" || step == nil {
		return Ref{}, false
	}
	if found, known := step.upstream[node]; known {
		return found, found.Node != ""
	}
	for _, src := range step.Sources {
		if src.Node == node {
			found = src
			break
		}
	}
	for _, src := range step.Sources {
		if found.Node == "" {
			found, _ = s.nearest(src, node)
		}
	}
	if step.upstream == nil {
		step.upstream = map[string]Ref{}
	}
	step.upstream[node] = found
	return found, found.Node != ""
}

// items returns what r refers to.
func (s *State) items(r Ref) nodes.Items {
	if step := s.step(r.Node, r.Run); r.Node != "" && step != nil && r.Output < len(step.Outputs) {
		return step.Outputs[r.Output]
	}
	return nodes.Items{}
}

// keep sets what a node keeps over its executions.
func (s *State) keep(node, context string) {
	if s.Contexts == nil {
		s.Contexts = map[string]json.RawMessage{}
	}
	s.Contexts[node] = json.RawMessage(context)
}

// source returns the output from which a parent of an item of this step came.
func (s *State) source(step *StepRun, p nodes.Parent) (Ref, bool) {
	if run, earlier := p.Run(); earlier {
		step = s.step(step.Node, run)
	}
	if step == nil || p.Input() >= len(step.Sources) || step.Sources[p.Input()].Node == "" {
		return Ref{}, false
	}
	return step.Sources[p.Input()], true
}

// nodes are the names of all nodes that the state speaks of.
func (s *State) nodes() map[string]bool {
	names := map[string]bool{}
	for _, step := range s.Steps {
		names[step.Node] = true
	}
	pending := slices.Concat(s.Stack, s.Waiting)
	if s.Suspended != nil {
		pending = append(pending, s.Suspended.Step)
	}
	for _, p := range pending {
		names[p.Node] = true
		for _, ref := range p.Inputs {
			if ref.Node != "" {
				names[ref.Node] = true
			}
		}
	}
	return names
}

// last returns the step that ended last, nil before the first.
func (s *State) last() *StepRun {
	if len(s.Steps) == 0 {
		return nil
	}
	return s.Steps[len(s.Steps)-1]
}

// stateJSON is the wire form of State.
type stateJSON struct {
	Version     int                        `json:"version"`
	ExecutionID string                     `json:"executionId"`
	Mode        string                     `json:"mode"`
	StartedAt   time.Time                  `json:"startedAt"`
	Status      Status                     `json:"status"`
	Error       json.RawMessage            `json:"error,omitempty"`
	Given       json.RawMessage            `json:"given,omitempty"`
	Until       string                     `json:"until,omitempty"`
	Steps       []json.RawMessage          `json:"steps"`
	Stack       []Pending                  `json:"stack"`
	Waiting     []Pending                  `json:"waiting"`
	Contexts    map[string]json.RawMessage `json:"contexts,omitempty"`
	CustomData  *nodes.CustomData          `json:"customData,omitempty"`
	StaticData  json.RawMessage            `json:"staticData,omitempty"`
	Suspended   *Suspension                `json:"suspended,omitempty"`
	Reply       *nodes.Response            `json:"reply,omitempty"`
}

const stateVersion = 1

// Encode writes the state as JSON. It is no MarshalJSON, since encoding/json would rewrite the items' own JSON.
func (s *State) Encode() ([]byte, error) {
	out := stateJSON{
		Version: stateVersion, ExecutionID: s.ExecutionID, Mode: s.Mode, StartedAt: s.StartedAt, Status: s.Status, Until: s.Until,
		Steps: make([]json.RawMessage, len(s.Steps)), Stack: s.Stack, Waiting: s.Waiting, Contexts: s.Contexts,
		CustomData: &s.CustomData, StaticData: s.StaticData, Suspended: s.Suspended, Reply: s.Reply,
	}
	if s.Err != nil {
		out.Error = appendError(nil, s.Err)
	}
	if s.Given != nil {
		out.Given = appendItems(nil, *s.Given, nil, nil)
	}
	for i, r := range s.Steps {
		out.Steps[i] = r.appendJSON(nil, nil, nil)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // items keep their wire form
	err := enc.Encode(out)
	return b.Bytes(), err
}

// DecodeState reads what Encode wrote.
func DecodeState(text []byte) (*State, error) {
	var in stateJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, err
	}
	if in.Version != stateVersion {
		return nil, fmt.Errorf("the state of the run has version %d, and this program reads version %d", in.Version, stateVersion)
	}
	s := &State{
		ExecutionID: in.ExecutionID, Mode: in.Mode, StartedAt: in.StartedAt, Status: in.Status, Until: in.Until, Stack: in.Stack, Waiting: in.Waiting,
		Contexts: in.Contexts, StaticData: in.StaticData, Suspended: in.Suspended, Reply: in.Reply,
	}
	if in.CustomData != nil {
		s.CustomData = *in.CustomData
	}
	if len(in.Error) > 0 {
		s.Err = parseError(gjson.ParseBytes(in.Error))
	}
	if len(in.Given) > 0 {
		given, err := itemsOf(gjson.ParseBytes(in.Given))
		if err != nil {
			return nil, fmt.Errorf("given items: %w", err)
		}
		s.Given = &given
	}
	for _, raw := range in.Steps {
		r, err := parseStepRun(gjson.ParseBytes(raw))
		if err != nil {
			return nil, err
		}
		r.Index = len(s.Steps)
		r.Run = len(s.byNode[r.Node])
		s.append(r)
	}
	return s, nil
}

func parseStepRun(r gjson.Result) (*StepRun, error) {
	s := &StepRun{
		Node:      r.Get("node").String(),
		StartedAt: time.UnixMilli(r.Get("startTime").Int()).UTC(),
		Duration:  time.Duration(r.Get("executionTime").Float() * float64(time.Millisecond)),
	}
	for _, src := range r.Get("source").Array() {
		s.Sources = append(s.Sources, Ref{
			src.Get("previousNode").String(), int(src.Get("previousNodeRun").Int()), int(src.Get("previousNodeOutput").Int()),
		})
	}
	for _, list := range r.Get("data.main").Array() {
		items := nodes.Items{}
		if list.IsArray() {
			var err error
			if items, err = itemsOf(list); err != nil {
				return nil, fmt.Errorf("step of node %q: %w", s.Node, err)
			}
		}
		s.Outputs = append(s.Outputs, items)
	}
	if e := r.Get("error"); e.IsObject() {
		s.Err = parseError(e)
	}
	return s, nil
}
