package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/expression"
)

// Plan is a workflow compiled against the nodes there are: each node with its behaviour, its parameters compiled and
// its followers in the order in which they are run. It never changes and serves any number of runs.
type Plan struct {
	Workflow *Workflow
	// Problems are what was found wrong; those with SeverityError concern single nodes (see Reachable).
	Problems     Problems
	steps        []*step
	byName       map[string]*step
	breadthFirst bool // execution order v0
	location     *time.Location
}

// step is a node in a plan.
type step struct {
	node   *Node
	typ    nodes.Type
	params *nodes.Template
	check  *parameterCheck // of a node whose parameters are checked against a schema
	// followers are the connections by output, byPosition the same in the order of the canvas, last one first.
	followers, byPosition []edge
	// connectedInputs is the highest connected input plus one.
	connectedInputs int
	// origins are the connections that lead here, by input.
	origins []origin
	// effect is what an execution may do outside of the run; ahead says that a step behind this one may do more than read.
	effect   effect
	ahead    bool
	problems Problems
}

// edge leads from an output of a step to an input of another.
type edge struct {
	output int
	to     *step
	input  int
}

// origin leads from an output of a step to an input of the one that has it.
type origin struct {
	from          *step
	output, input int
}

func (s *step) parents() []*step {
	list := make([]*step, len(s.origins))
	for i, o := range s.origins {
		list[i] = o.from
	}
	return list
}

// Compile checks a workflow against the engine's nodes and credentials and prepares it for running. It fails only if
// nothing of the workflow can be compiled; what is wrong with single nodes is in Plan.Problems, and NewExecution
// refuses to start where a run could reach them.
func (e *Engine) Compile(ctx context.Context, w *Workflow) (*Plan, error) {
	p := &Plan{
		Workflow: w, byName: map[string]*step{}, breadthFirst: w.Settings.ExecutionOrder != "v1", location: defaultLocation(),
	}
	if tz := w.Settings.Timezone; tz != "" {
		loc, err := time.LoadLocation(tz)
		if err != nil {
			return nil, Problems{{
				Severity: SeverityError, File: w.File, Message: fmt.Sprintf("settings.timezone: there is no time zone %q", tz),
				Mend: "use a name such as Europe/Berlin",
			}}
		}
		p.location = loc
	}
	for _, n := range w.Nodes {
		if n.Type == StickyNote {
			continue
		}
		s := &step{node: n}
		p.steps = append(p.steps, s)
		p.byName[n.Name] = s
	}
	p.connect()
	for _, s := range p.steps {
		e.compileStep(ctx, p, s)
		p.Problems = append(p.Problems, s.problems...)
		s.effect = s.effects()
	}
	p.lookAhead()
	return p, nil
}

// effect is what executing a node may do outside of the run.
type effect int

const (
	reads effect = iota
	calls        // workflows, of which it is not known yet
	writes
)

func (s *step) effects() effect {
	if s.node.Disabled || s.typ.Node == nil {
		return reads
	}
	switch n := s.typ.Node.(type) {
	case nodes.Checked:
		if s.check != nil && s.check.op != nil && !s.check.op.Writes {
			return reads
		}
		return writes
	case nodes.Outward:
		if !n.Writes(s.node.Version, s.params) {
			return reads
		}
		return writes
	}
	switch {
	case s.typ.Descriptor.Type == "n8n-nodes-base.executeWorkflow":
		return calls
	case s.typ.Origin == "built in":
		return reads
	}
	return writes
}

// hasScripts reports whether a node of the plan can use what its workflow keeps over its runs.
func (p *Plan) hasScripts() bool {
	return slices.ContainsFunc(p.steps, func(s *step) bool {
		switch s.node.Type {
		case "n8n-nodes-base.code", "n8n-nodes-base.function", "n8n-nodes-base.functionItem":
			return true
		}
		return false
	})
}

// lookAhead marks the steps from which one leads on that does more than read.
func (p *Plan) lookAhead() {
	var todo []*step
	for _, s := range p.steps {
		if s.effect != reads {
			todo = append(todo, s)
		}
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, parent := range s.parents() {
			if !parent.ahead {
				parent.ahead = true
				todo = append(todo, parent)
			}
		}
	}
}

func (p *Plan) connect() {
	for _, c := range p.Workflow.Connections {
		from, to := p.byName[c.From], p.byName[c.To]
		if from == nil || to == nil { // a sticky note
			continue
		}
		from.followers = append(from.followers, edge{c.Output, to, c.Input})
		to.origins = append(to.origins, origin{from, c.Output, c.Input})
		to.connectedInputs = max(to.connectedInputs, c.Input+1)
	}
	for _, s := range p.steps {
		slices.SortStableFunc(s.origins, func(a, b origin) int { return cmp.Compare(a.input, b.input) })
		s.byPosition = slices.Clone(s.followers)
		slices.SortStableFunc(s.byPosition, func(a, b edge) int {
			return cmp.Or(cmp.Compare(b.to.node.Y, a.to.node.Y), cmp.Compare(b.to.node.X, a.to.node.X))
		})
	}
}

func (e *Engine) compileStep(ctx context.Context, p *Plan, s *step) {
	at := Problem{File: p.Workflow.File, Node: s.node.Name}
	typ, err := e.opts.Nodes.Find(s.node.Type, s.node.Version)
	if err != nil && s.node.Disabled { // it only passes items on
		s.problems.warnf(at, "%s", err)
		return
	}
	if err != nil {
		at.Mend = "cordboard nodes list lists what there is; plugins and cordboard nodes import bring more"
		s.problems.errorf(at, "%s", err)
		return
	}
	s.typ = typ
	var broken []error
	s.params, broken = nodes.CompileTemplate(s.node.Parameters, func(pointer, source string) (nodes.Expression, error) {
		expr, err := expression.Compile(source)
		if err != nil {
			return brokenExpression{source, pointer, err}, &compileError{pointer, err}
		}
		return expr, nil
	})
	for _, err := range broken {
		w := at
		w.AtRun = true
		if e := (*compileError)(nil); errors.As(err, &e) {
			w.Parameter = e.pointer
		}
		s.problems.errorf(w, "%s", err)
	}
	p.checkReferences(s, at)
	if checked, ok := typ.Node.(nodes.Checked); ok && !s.node.Disabled {
		s.check = compileCheck(ctx, checked, s, at)
	} else if typ.Descriptor != nil && !s.node.Disabled {
		s.checkOperation(at)
	}
	e.checkCredentials(p, s, at)
}

// compileError is an expression that does not compile. In n8n such a node fails when it is reached, not before; so
// does it here, and validate reports it.
type compileError struct {
	pointer string
	err     error
}

func (e *compileError) Error() string { return e.err.Error() }

// brokenExpression stands for an expression that did not compile.
type brokenExpression struct {
	source, pointer string
	err             error
}

func (b brokenExpression) Source() string { return b.source }

func (p *Plan) checkReferences(s *step, at Problem) {
	s.params.Expressions(func(ex nodes.Expression) {
		compiled, ok := ex.(*expression.Expression)
		if !ok {
			return
		}
		for _, name := range compiled.Nodes() {
			if p.byName[name] == nil {
				w := at
				if near := descriptors.Nearest(name, p.names()); near != "" {
					w.Mend = fmt.Sprintf("the nearest name is %q", near)
				}
				s.problems.warnf(w, "the expression %s names the node %q, which is not in the workflow", short(compiled.Source()), name)
			}
		}
	})
}

func (e *Engine) checkCredentials(p *Plan, s *step, at Problem) {
	if s.node.Disabled || p.isPinned(s.node.Name) {
		return
	}
	for _, use := range s.typ.Descriptor.Credentials {
		typ, ref, named := s.credential(use.Type)
		if !named && !use.Required {
			continue
		}
		if e.opts.Credentials == nil {
			s.problems.errorf(at, "the node needs a credential of type %q, and none was given", use.Type)
			continue
		}
		if _, err := e.opts.Credentials.Find(ref.ID, ref.Name, typ); err != nil {
			s.problems.errorf(at, "%s", err)
		}
	}
}

// credential returns how the workflow names the node's credential of this type. Files of other node sets for the same
// API call the type otherwise, so a node that takes one credential takes whatever one it is given.
func (s *step) credential(credentialType string) (typ string, ref CredentialRef, named bool) {
	if ref, ok := s.node.Credentials[credentialType]; ok {
		return credentialType, ref, true
	}
	if len(s.node.Credentials) == 1 && len(s.typ.Descriptor.Credentials) == 1 {
		for typ, ref := range s.node.Credentials {
			return typ, ref, true
		}
	}
	return credentialType, CredentialRef{}, false
}

func (s *step) waitsForEvents() bool {
	switch s.typ.Node.(type) {
	case nodes.Trigger, nodes.Webhook:
		return true
	}
	return false
}

// outputs is the number of the node's regular outputs; a failed item goes to the one after them.
func (s *step) outputs() int {
	if v, ok := s.typ.Node.(nodes.Variable); ok {
		return v.Outputs(s.node.Version, s.params)
	}
	if s.typ.Descriptor != nil && len(s.typ.Descriptor.Outputs) > 0 {
		return len(s.typ.Descriptor.Outputs)
	}
	return 1
}

// allOutputs counts the error output too, where there is one.
func (s *step) allOutputs() int {
	if s.node.OnError == nodes.ContinueErrorOutput {
		return s.outputs() + 1
	}
	return s.outputs()
}

// Reachable returns the problems of the nodes that a run from start can come to.
func (p *Plan) Reachable(start *step) Problems {
	var found Problems
	seen := map[*step]bool{start: true}
	for todo := []*step{start}; len(todo) > 0; {
		s := todo[0]
		todo = todo[1:]
		found = append(found, s.problems...)
		for _, e := range s.followers {
			if !seen[e.to] {
				seen[e.to] = true
				todo = append(todo, e.to)
			}
		}
	}
	return found
}

// isAncestor reports whether a way leads from a to s.
func (p *Plan) isAncestor(a, s *step) bool {
	_, ok := wayFrom(a, s)
	return ok
}

// wayFrom returns the output of a from which the shortest way leads to s; of several, the one to the first input, then the first in
// the file (n8n's rule for $('Node').first() and its like).
func wayFrom(a, s *step) (output int, ok bool) {
	seen := map[*step]bool{}
	for todo := []*step{s}; len(todo) > 0; todo = todo[1:] {
		for _, o := range todo[0].origins {
			if o.from == a {
				return o.output, true
			}
			if !seen[o.from] {
				seen[o.from] = true
				todo = append(todo, o.from)
			}
		}
	}
	return 0, false
}

func (p *Plan) isPinned(name string) bool {
	_, pinned := p.Workflow.PinData[name]
	return pinned
}

func (p *Plan) names() []string {
	names := make([]string, len(p.steps))
	for i, s := range p.steps {
		names[i] = s.node.Name
	}
	return names
}

func (p *Plan) unknownNode(flag, name string) error {
	mend := ""
	if near := descriptors.Nearest(name, p.names()); near != "" {
		mend = fmt.Sprintf("the nearest name is %q", near)
	}
	return Problems{{
		Severity: SeverityError, File: p.Workflow.File, Message: fmt.Sprintf("%s: the workflow has no node %q", flag, name), Mend: mend,
	}}
}
