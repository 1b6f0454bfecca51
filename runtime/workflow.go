package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// Workflow is a workflow file as n8n saves it, parsed and not yet checked against the nodes there are.
type Workflow struct {
	// File is where it comes from, for messages.
	File        string
	ID          string
	Name        string
	Active      bool
	Nodes       []*Node
	Connections []Connection
	Settings    Settings
	// PinData is the pinned output of nodes, by name.
	PinData map[string]nodes.Items
	// Source is the whole file: what is not known here is kept there.
	Source string
}

// Settings are a workflow's settings, as far as they concern a run.
type Settings struct {
	// ExecutionOrder is "v1" or "v0"; n8n takes a missing one as v0.
	ExecutionOrder string
	Timezone       string
	// Timeout bounds the run; 0 means no bound.
	Timeout time.Duration
	// CallerPolicy says which workflows may call this one: any, none, workflowsFromAList (those of CallerIDs),
	// workflowsFromSameOwner (any, as there is one owner).
	CallerPolicy string
	CallerIDs    []string
	// ErrorWorkflow is the id of the workflow that is started when a run fails.
	ErrorWorkflow string
	// ForgetSuccess and ForgetError say that a server does not keep executions that ended so (saveDataSuccessExecution and
	// saveDataErrorExecution are "none").
	ForgetSuccess, ForgetError bool
	// RunAgain says that a step which was interrupted while it may have written outside is executed again. Else the execution
	// ends as crashed, for a person to look at. It is Cordboard's own setting onInterruption: "stop" or "runAgain".
	RunAgain bool
	// MissedOnce says that times of a schedule that passed while no server ran are made up for by one run. It is Cordboard's own setting
	// missedSchedule: "skip" (as n8n does) or "runOnce".
	MissedOnce bool
}

// Node is a node of a workflow.
type Node struct {
	ID, Name, Type string
	Version        float64
	// X and Y are the place on the canvas: it decides the order of branches.
	X, Y        float64
	Parameters  gjson.Result
	Credentials map[string]CredentialRef
	Disabled    bool
	OnError     nodes.OnError
	// Retry is the node's retryOnFail with its bounds; Tries is 1 without it.
	Retry            nodes.Retry
	AlwaysOutputData bool
	ExecuteOnce      bool
	WebhookID        string
}

// CredentialRef is how a workflow's node names a credential.
type CredentialRef struct{ ID, Name string }

// Connection leads from an output of one node to an input of another.
type Connection struct {
	From   string
	Output int
	To     string
	Input  int
}

// StickyNote is the type of notes on the canvas, which are no steps.
const StickyNote = "n8n-nodes-base.stickyNote"

// ParseWorkflows reads a file that holds one workflow, an array of them (n8n export:workflow) or an answer of n8n's API
// ({"data": …}). The error is Problems: all that is wrong with the file's form.
func ParseWorkflows(file string, text []byte) ([]*Workflow, error) {
	normal, err := nodes.Normalize(strings.TrimPrefix(string(text), "\uFEFF"))
	if err != nil {
		return nil, syntaxProblem(file, text, err)
	}
	root := gjson.Parse(normal)
	if data := root.Get("data"); root.IsObject() && !root.Get("nodes").Exists() && (data.IsObject() || data.IsArray()) {
		root = data
	}
	list := []gjson.Result{root}
	if root.IsArray() {
		list = root.Array()
	}
	if len(list) == 0 {
		return nil, Problems{{Severity: SeverityError, File: file, Message: "the file holds an empty list and no workflow"}}
	}
	var (
		problems Problems
		flows    []*Workflow
	)
	for i, r := range list {
		at := file
		if len(list) > 1 {
			at = fmt.Sprintf("%s[%d]", file, i)
		}
		p := workflowParser{flow: &Workflow{File: at, Source: r.Raw}}
		p.parse(r)
		problems = append(problems, p.problems...)
		flows = append(flows, p.flow)
	}
	return flows, problems.Err()
}

// ParseWorkflow reads a file that must hold exactly one workflow.
func ParseWorkflow(file string, text []byte) (*Workflow, error) {
	flows, err := ParseWorkflows(file, text)
	if err != nil {
		return nil, err
	}
	if len(flows) > 1 {
		names := make([]string, len(flows))
		for i, f := range flows {
			names[i] = fmt.Sprintf("%q", f.Name)
		}
		return nil, Problems{{
			Severity: SeverityError, File: file,
			Message: fmt.Sprintf("the file holds %d workflows: %s", len(flows), strings.Join(names, ", ")),
			Mend:    "put the one to run into a file of its own",
		}}
	}
	return flows[0], nil
}

func syntaxProblem(file string, text []byte, err error) Problems {
	p := Problem{Severity: SeverityError, File: file, Message: "this is not JSON: " + err.Error()}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		before := string(text[:min(int(syntax.Offset), len(text))])
		line := strings.Count(before, "\n") + 1
		column := len(before) - strings.LastIndex(before, "\n") - 1
		p.Message = fmt.Sprintf("this is not JSON: line %d, column %d: %s", line, max(column, 1), syntax)
	}
	if len(strings.TrimSpace(string(text))) == 0 {
		p.Message = "the file is empty"
	}
	p.Mend = "a workflow file is what n8n saves with Download"
	return Problems{p}
}

// each goes through an object or array; a null, which n8n writes for "none", has nothing to go through (gjson's own
// ForEach gives a null itself).
func each(r gjson.Result, f func(key, value gjson.Result) bool) {
	if r.IsObject() || r.IsArray() {
		r.ForEach(f)
	}
}

type workflowParser struct {
	flow     *Workflow
	problems Problems
}

func (p *workflowParser) errorf(node, format string, args ...any) {
	p.problems.errorf(Problem{File: p.flow.File, Node: node}, format, args...)
}

// maxTimeout is the longest executionTimeout in seconds, some 30 years.
const maxTimeout = 1e9

func (p *workflowParser) parse(r gjson.Result) {
	f := p.flow
	if !r.IsObject() || !r.Get("nodes").IsArray() {
		p.problems.errorf(Problem{File: f.File, Mend: "a workflow file has the keys nodes and connections"},
			"this is JSON, but no workflow: it has no list \"nodes\"")
		return
	}
	f.ID, f.Name, f.Active = r.Get("id").String(), r.Get("name").String(), r.Get("active").Bool()
	s := r.Get("settings")
	f.Settings = Settings{ExecutionOrder: s.Get("executionOrder").String(), Timezone: s.Get("timezone").String()}
	f.Settings.CallerPolicy, f.Settings.ErrorWorkflow = s.Get("callerPolicy").String(), s.Get("errorWorkflow").String()
	f.Settings.ForgetSuccess, f.Settings.ForgetError = s.Get("saveDataSuccessExecution").String() == "none", s.Get("saveDataErrorExecution").String() == "none"
	f.Settings.MissedOnce = s.Get("missedSchedule").String() == "runOnce"
	f.Settings.RunAgain = s.Get("onInterruption").String() == "runAgain"
	for id := range strings.SplitSeq(s.Get("callerIds").String(), ",") {
		if id = strings.TrimSpace(id); id != "" {
			f.Settings.CallerIDs = append(f.Settings.CallerIDs, id)
		}
	}
	if f.Settings.ErrorWorkflow == "DEFAULT" {
		f.Settings.ErrorWorkflow = ""
	}
	if f.Settings.Timezone == "DEFAULT" {
		f.Settings.Timezone = ""
	}
	if t := s.Get("executionTimeout").Float(); t > 0 {
		f.Settings.Timeout = time.Duration(min(t, maxTimeout) * float64(time.Second))
	}
	seen := map[string]bool{}
	each(r.Get("nodes"), func(_, n gjson.Result) bool {
		p.node(len(f.Nodes), n, seen)
		return true
	})
	p.connections(r.Get("connections"), seen)
	p.pinData(r.Get("pinData"))
}

func (p *workflowParser) node(index int, n gjson.Result, seen map[string]bool) {
	name, typ := n.Get("name").String(), n.Get("type").String()
	switch {
	case !n.IsObject():
		p.errorf("", "nodes[%d] is %s and no node", index, n.Raw)
		return
	case name == "":
		p.errorf("", "nodes[%d] has no name", index)
		return
	case typ == "":
		p.errorf(name, "the node has no type")
		return
	case seen[name]:
		p.problems.errorf(Problem{File: p.flow.File, Node: name, Mend: "connections go by name: rename one of them"}, "two nodes have this name")
		return
	}
	seen[name] = true
	node := &Node{
		ID: n.Get("id").String(), Name: name, Type: typ, Version: 1,
		X: n.Get("position.0").Float(), Y: n.Get("position.1").Float(),
		Parameters: n.Get("parameters"), Disabled: n.Get("disabled").Bool(),
		OnError:          onError(n),
		Retry:            retry(n),
		AlwaysOutputData: n.Get("alwaysOutputData").Bool(),
		ExecuteOnce:      n.Get("executeOnce").Bool(),
		WebhookID:        n.Get("webhookId").String(),
	}
	if v := n.Get("typeVersion"); v.Type == gjson.Number {
		node.Version = v.Float()
	}
	if !node.Parameters.IsObject() {
		if node.Parameters.Exists() && node.Parameters.Type != gjson.Null {
			p.errorf(name, "its parameters are no object")
		}
		node.Parameters = gjson.Parse("{}")
	}
	each(n.Get("credentials"), func(typ, ref gjson.Result) bool {
		if node.Credentials == nil {
			node.Credentials = map[string]CredentialRef{}
		}
		if ref.Type == gjson.String { // files of n8n before 0.160 name the credential only
			node.Credentials[typ.Str] = CredentialRef{Name: ref.Str}
		} else {
			node.Credentials[typ.Str] = CredentialRef{ID: ref.Get("id").String(), Name: ref.Get("name").String()}
		}
		return true
	})
	p.flow.Nodes = append(p.flow.Nodes, node)
}

func onError(n gjson.Result) nodes.OnError {
	switch mode := nodes.OnError(n.Get("onError").String()); mode {
	case nodes.ContinueRegularOutput, nodes.ContinueErrorOutput:
		return mode
	case nodes.StopWorkflow:
		return mode
	}
	if n.Get("continueOnFail").Bool() {
		return nodes.ContinueRegularOutput
	}
	return nodes.StopWorkflow
}

// retry reads retryOnFail with n8n's bounds: 2 to 5 tries (3 if not said), 0 to 5 s between them (1 s if not said).
func retry(n gjson.Result) nodes.Retry {
	if !n.Get("retryOnFail").Bool() {
		return nodes.Retry{Tries: 1}
	}
	r := nodes.Retry{Tries: 3, Wait: time.Second}
	if t := n.Get("maxTries"); t.Exists() {
		r.Tries = min(max(int(t.Int()), 2), 5)
	}
	if w := n.Get("waitBetweenTries"); w.Exists() {
		r.Wait = min(max(time.Duration(w.Float()*float64(time.Millisecond)), 0), 5*time.Second)
	}
	return r
}

// maxPort bounds the numbers of inputs and outputs: a file that says more is broken, and would cost memory for each.
const maxPort = 255

// connections reads {"From": {"main": [[{node, type, index}], …]}}; kinds other than main belong to AI nodes.
func (p *workflowParser) connections(r gjson.Result, names map[string]bool) {
	known := slices.Sorted(maps.Keys(names))
	missing := func(name, what string) {
		mend := "connect it anew, or remove the connection"
		if near := descriptors.Nearest(name, known); near != "" && name != "" {
			mend = fmt.Sprintf("the nearest name is %q", near)
		}
		p.problems.errorf(Problem{File: p.flow.File, Mend: mend}, "%s the node %q, which is not in the workflow", what, name)
	}
	each(r, func(from, kinds gjson.Result) bool {
		if !names[from.Str] {
			missing(from.Str, "a connection leads from")
			return true
		}
		output := 0
		if main := kinds.Get("main"); main.Exists() && main.Type != gjson.Null && !main.IsArray() {
			p.errorf(from.Str, "its connections are no list: %s", short(main.Raw))
			return true
		}
		each(kinds.Get("main"), func(_, targets gjson.Result) bool {
			each(targets, func(_, t gjson.Result) bool {
				to := t.Get("node").String()
				if kind := t.Get("type").String(); kind != "" && kind != "main" {
					return true
				}
				if !names[to] {
					missing(to, fmt.Sprintf("a connection from %q leads to", from.Str))
					return true
				}
				input := t.Get("index").Float()
				if input != math.Trunc(input) || input < 0 || input > maxPort || output > maxPort {
					p.errorf(from.Str, "its connection from output %d to input %s of %q: there are no such ports", output, t.Get("index").Raw, to)
					return true
				}
				p.flow.Connections = append(p.flow.Connections, Connection{from.Str, output, to, int(input)})
				return true
			})
			output++
			return true
		})
		return true
	})
}

func (p *workflowParser) pinData(r gjson.Result) {
	each(r, func(name, list gjson.Result) bool {
		if list.Type == gjson.Null {
			return true
		}
		items, err := itemsOf(list)
		if err != nil {
			p.errorf(name.Str, "its pinned data: %v", err)
			return true
		}
		if p.flow.PinData == nil {
			p.flow.PinData = map[string]nodes.Items{}
		}
		p.flow.PinData[name.Str] = items
		return true
	})
}
