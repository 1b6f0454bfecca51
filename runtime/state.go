package runtime

import (
	"encoding/json"
	"fmt"
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
	// Steps are the finished executions of nodes, in order.
	Steps []*StepRun
	// Stack holds what is to be executed; the last entry is next in execution order v1, the first in v0.
	Stack []Pending
	// Waiting holds nodes with several inputs of which some have no data yet, in the order of their arrival.
	Waiting []Pending
	// Contexts are the nodes' own memories within this run (Split In Batches), as JSON by node name.
	Contexts map[string]json.RawMessage
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
}

// Ref names an output of a finished step.
type Ref struct {
	Node   string `json:"node"`
	Run    int    `json:"run"`
	Output int    `json:"output"`
}

// Pending is a node with the data for its inputs. Start marks the first node, which has none.
type Pending struct {
	Node   string `json:"node"`
	Inputs []Ref  `json:"inputs,omitempty"`
	Start  bool   `json:"start,omitempty"`
}

// Suspension is where and how long a run waits.
type Suspension struct {
	Step    Pending   `json:"step"`
	Until   time.Time `json:"until,omitzero"`
	Webhook bool      `json:"webhook,omitempty"`
	// Token is part of the address at which the run is woken.
	Token string `json:"token"`
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

// items returns what r refers to.
func (s *State) items(r Ref) nodes.Items {
	if step := s.step(r.Node, r.Run); r.Node != "" && step != nil && r.Output < len(step.Outputs) {
		return step.Outputs[r.Output]
	}
	return nodes.Items{}
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
	Steps       []json.RawMessage          `json:"steps"`
	Stack       []Pending                  `json:"stack"`
	Waiting     []Pending                  `json:"waiting"`
	Contexts    map[string]json.RawMessage `json:"contexts,omitempty"`
	Suspended   *Suspension                `json:"suspended,omitempty"`
	Reply       *nodes.Response            `json:"reply,omitempty"`
}

const stateVersion = 1

// MarshalJSON writes the state; UnmarshalJSON reads it back.
func (s *State) MarshalJSON() ([]byte, error) {
	out := stateJSON{
		stateVersion, s.ExecutionID, s.Mode, s.StartedAt, make([]json.RawMessage, len(s.Steps)),
		s.Stack, s.Waiting, s.Contexts, s.Suspended, s.Reply,
	}
	for i, r := range s.Steps {
		out.Steps[i] = r.appendJSON(nil, true)
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *State) UnmarshalJSON(text []byte) error {
	var in stateJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	if in.Version != stateVersion {
		return fmt.Errorf("the state of the run has version %d, and this program reads version %d", in.Version, stateVersion)
	}
	*s = State{
		ExecutionID: in.ExecutionID, Mode: in.Mode, StartedAt: in.StartedAt, Stack: in.Stack, Waiting: in.Waiting,
		Contexts: in.Contexts, Suspended: in.Suspended, Reply: in.Reply,
	}
	for _, raw := range in.Steps {
		r, err := parseStepRun(gjson.ParseBytes(raw))
		if err != nil {
			return err
		}
		r.Index = len(s.Steps)
		r.Run = len(s.byNode[r.Node])
		s.append(r)
	}
	return nil
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
