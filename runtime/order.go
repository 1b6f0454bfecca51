package runtime

import (
	"cmp"
	"slices"

	"github.com/cordboard/cordboard/nodes"
)

// next takes what is to be executed next. When the stack runs dry, a node that still waits for inputs gets its turn
// with what it has, if at least one input has items.
func (x *Execution) next() (Pending, bool) {
	s := x.state
	if len(s.Stack) == 0 {
		x.releaseWaiting()
	}
	if len(s.Stack) == 0 {
		return Pending{}, false
	}
	if x.plan.breadthFirst {
		p := s.Stack[0]
		s.Stack = s.Stack[1:]
		return p, true
	}
	p := s.Stack[len(s.Stack)-1]
	s.Stack = s.Stack[:len(s.Stack)-1]
	return p, true
}

// follow puts the followers of a finished step on the stack (n8n's order v1: the followers of all outputs together,
// the highest on the canvas first, then the leftmost; v0: output by output).
func (x *Execution) follow(run *StepRun) {
	from := x.plan.byName[run.Node]
	edges := from.followers
	if !x.plan.breadthFirst {
		edges = from.byPosition
	}
	for _, e := range edges {
		if e.output >= len(run.Outputs) {
			continue
		}
		// An output without items ends its branch; in v0 a later input of a joining node counts as served by it, if another output has some.
		if run.Outputs[e.output].Len() == 0 && (e.input == 0 || !x.plan.breadthFirst || noItems(run.Outputs)) {
			continue
		}
		x.deliver(e, Ref{run.Node, run.Run, e.output})
	}
}

// deliver hands data to an input of a node. A node with several inputs waits until all have data; a second delivery to
// the same input opens a second set.
func (x *Execution) deliver(e edge, data Ref) {
	s := x.state
	if e.to.connectedInputs <= 1 {
		s.Stack = append(s.Stack, Pending{Node: e.to.node.Name, Inputs: []Ref{data}})
		return
	}
	first := x.plan.breadthFirst && !slices.ContainsFunc(s.Waiting, func(p Pending) bool { return p.Node == e.to.node.Name })
	at := s.waitingSet(e)
	s.Waiting[at].Inputs[e.input] = data
	if first {
		x.force(e, data)
	}
	if slices.ContainsFunc(s.Waiting[at].Inputs, func(r Ref) bool { return r.Node == "" }) {
		return
	}
	s.Stack = append(s.Stack, s.Waiting[at])
	s.Waiting = slices.Delete(s.Waiting, at, at+1)
}

// force is v0's: once a node with several inputs begins to wait, nodes behind its other inputs that nothing would reach run too, each
// with an empty item that is said to come from where the data came from.
func (x *Execution) force(e edge, data Ref) {
	for _, o := range e.to.origins {
		if o.input == e.input {
			continue
		}
		if s := x.unreached(o.from); s != nil && s.node.Name != data.Node {
			x.state.Stack = append(x.state.Stack, Pending{Node: s.node.Name, Inputs: []Ref{data}, Empty: true})
		}
	}
}

// unreached goes back from a node to the first on its way that did not run; nil if what is to run leads there.
func (x *Execution) unreached(s *step) *step {
	for seen := map[*step]bool{}; s != nil && !seen[s]; {
		seen[s] = true
		if x.ran(s) || x.pends(s) {
			return nil
		}
		var back *step
		for _, parent := range s.parents() {
			if x.pends(parent) {
				return nil
			}
			if back == nil && !x.ran(parent) {
				back = parent
			}
		}
		if back == nil {
			return s
		}
		s = back
	}
	return nil
}

func (x *Execution) ran(s *step) bool { return len(x.state.byNode[s.node.Name]) > 0 }

// pends reports whether a node is to be executed, or waits for its inputs.
func (x *Execution) pends(s *step) bool {
	is := func(p Pending) bool { return p.Node == s.node.Name }
	return slices.ContainsFunc(x.state.Stack, is) || slices.ContainsFunc(x.state.Waiting, is)
}

// waitingSet finds the first set of a node's inputs in which one is free, or opens a set. As in n8n its number is how many sets there
// are: where one before was completed, the set that has that number is lost for it.
func (s *State) waitingSet(e edge) int {
	name := e.to.node.Name
	is := func(p Pending) bool { return p.Node == name }
	first := slices.IndexFunc(s.Waiting, is)
	if first < 0 {
		first = len(s.Waiting)
	}
	sets := s.Waiting[first:]
	if end := slices.IndexFunc(sets, func(p Pending) bool { return !is(p) }); end >= 0 {
		sets = sets[:end]
	}
	if free := slices.IndexFunc(sets, func(p Pending) bool { return p.Inputs[e.input].Node == "" }); free >= 0 {
		return first + free
	}
	set := Pending{Node: name, Set: len(sets), Inputs: make([]Ref, e.to.connectedInputs)}
	at, taken := slices.BinarySearchFunc(sets, set.Set, func(p Pending, number int) int { return cmp.Compare(p.Set, number) })
	if at += first; taken {
		s.Waiting[at] = set
	} else {
		s.Waiting = slices.Insert(s.Waiting, at, set)
	}
	return at
}

// releaseWaiting moves the first waiting node that does not depend on another waiting one to the stack. Those that can
// never run are dropped on the way.
func (x *Execution) releaseWaiting() {
	s := x.state
	for len(s.Waiting) > 0 {
		at := 0
		for i, p := range s.Waiting {
			if !x.dependsOnWaiting(p) {
				at = i
				break
			}
		}
		p := s.Waiting[at]
		s.Waiting = slices.Delete(s.Waiting, at, at+1)
		if slices.ContainsFunc(p.Inputs, func(r Ref) bool { return s.items(r).Len() > 0 }) {
			s.Stack = append(s.Stack, p)
			return
		}
	}
}

func (x *Execution) dependsOnWaiting(p Pending) bool {
	return slices.ContainsFunc(x.state.Waiting, func(other Pending) bool {
		return other.Node != p.Node && x.plan.isAncestor(x.plan.byName[other.Node], x.plan.byName[p.Node])
	})
}

func noItems(outputs []nodes.Items) bool {
	return !slices.ContainsFunc(outputs, func(items nodes.Items) bool { return items.Len() > 0 })
}
