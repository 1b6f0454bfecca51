package runtime

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/expression"
)

// Review returns what a person who checks a workflow wants to know beside Problems, and a run passes over as n8n does: nodes
// that no run comes to, circles that nothing ends, expressions that name nodes which cannot have run, parameters that the
// node's descriptor does not have.
func (p *Plan) Review() Problems {
	r := &review{plan: p, reached: p.reachedFromTriggers()}
	for _, s := range p.steps {
		at := Problem{File: p.Workflow.File, Node: s.node.Name}
		if !r.reached[s] && !s.node.Disabled {
			w := at
			w.Mend = "connect it, or remove it"
			r.found.warnf(w, "no way leads here from a trigger: the node is never run")
		}
		if s.typ.Descriptor == nil {
			continue
		}
		r.references(s, at)
		if s.check == nil && !s.node.Disabled {
			r.parameters(s, at)
		}
	}
	r.circles()
	return r.found
}

// review is a check under way.
type review struct {
	plan    *Plan
	reached map[*step]bool
	found   Problems
}

func (p *Plan) reachedFromTriggers() map[*step]bool {
	var todo []*step
	for _, s := range p.steps {
		if s.typ.Descriptor != nil && s.typ.Descriptor.Trigger {
			todo = append(todo, s)
		}
	}
	return follow(todo, func(s *step) []*step {
		next := make([]*step, len(s.followers))
		for i, e := range s.followers {
			next[i] = e.to
		}
		return next
	})
}

// follow returns the steps and all to which next leads from them.
func follow(from []*step, next func(*step) []*step) map[*step]bool {
	seen := map[*step]bool{}
	for todo := slices.Clone(from); len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[s] {
			seen[s] = true
			todo = append(todo, next(s)...)
		}
	}
	return seen
}

// references looks at the nodes that the expressions of a step name.
func (r *review) references(s *step, at Problem) {
	var before map[*step]bool
	s.params.Expressions(func(ex nodes.Expression) {
		compiled, ok := ex.(*expression.Expression)
		if !ok {
			return
		}
		for _, doubt := range compiled.Doubts() {
			r.found.warnf(at, "the expression %s: %s", short(compiled.Source()), doubt)
		}
		for _, name := range compiled.Nodes() {
			named := r.plan.byName[name]
			if named == nil || named == s { // the first is a problem of the plan
				continue
			}
			if before == nil {
				before = follow([]*step{s}, (*step).parents)
			}
			switch {
			case !r.reached[named]:
				r.found.warnf(at, "the expression %s names the node %q, which is never run", short(compiled.Source()), name)
			case !before[named] && r.plan.isAncestor(s, named):
				r.found.warnf(at, "the expression %s names the node %q, which runs only after this one", short(compiled.Source()), name)
			}
		}
	})
}

// passing are nodes that put out as many items as they get: a circle of such nodes alone never ends.
var passing = []string{"noOp", "set", "sort", "wait", "renameKeys", "dateTime", "crypto", "executionData"}

// circles finds connections that go round with no node between that could end it.
func (r *review) circles() {
	endless := func(s *step) bool {
		d := s.typ.Descriptor
		return d != nil && slices.Contains(passing, strings.TrimPrefix(d.Type, "n8n-nodes-base."))
	}
	// Whatever leads nowhere within the endless nodes is taken away, until circles are left.
	out := map[*step]int{}
	var todo []*step
	for _, s := range r.plan.steps {
		if !endless(s) {
			continue
		}
		for _, e := range s.followers {
			if endless(e.to) {
				out[s]++
			}
		}
		if out[s] == 0 {
			todo = append(todo, s)
		}
	}
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		for _, parent := range s.parents() {
			if endless(parent) && out[parent] > 0 {
				if out[parent]--; out[parent] == 0 {
					todo = append(todo, parent)
				}
			}
		}
	}
	for _, s := range r.plan.steps {
		if out[s] > 0 && r.plan.isAncestor(s, s) {
			r.found.warnf(Problem{
				File: r.plan.Workflow.File, Node: s.node.Name, Mend: "lead the way out through an If, or count with Split In Batches",
			}, "the node is part of a circle that nothing ends")
			return // one is enough to find it
		}
	}
}

// parameters holds the constants of a step to its descriptor. What n8n passes over, as leftovers of other versions and
// settings, is a warning at most.
func (r *review) parameters(s *step, at Problem) {
	c := r.of(s, at)
	c.members("", s.node.Parameters, s.typ.Descriptor.AllProperties(), s.typ.Descriptor.Type)
	for _, p := range s.typ.Descriptor.AllProperties() {
		v := s.node.Parameters.Get(gjson.Escape(p.Name))
		def := gjson.ParseBytes(p.Default) // n8n's files leave out what is as the editor has it
		missing := !v.Exists() && (!def.Exists() || def.Type == gjson.Null || def.Type == gjson.String && def.Str == "")
		if p.Required && c.inForce(&p, c.values) && (missing || v.Exists() && v.Type == gjson.String && v.Str == "") {
			w := at
			w.Parameter, w.AtRun = p.Name, true
			r.found.errorf(w, "the parameter is required")
		}
	}
}

// choosing are the parameters that say what a node does. A run is refused before it begins where one names what the node does not have:
// nodes before it may have written by the time that this one does nothing, or another thing.
var choosing = []string{"resource", "operation"}

func (s *step) checkOperation(at Problem) {
	var c *parameterReview
	for _, name := range choosing {
		v := s.node.Parameters.Get(name)
		if v.Type != gjson.String {
			continue
		}
		if c == nil {
			c = (&review{}).of(s, at)
		}
		var here []*descriptors.Property
		for _, p := range s.typ.Descriptor.AllProperties() {
			if p.Name == name && c.has(&p) {
				here = append(here, &p)
			}
		}
		if here != nil {
			w := at
			w.Parameter = name
			c.value(w, v, here)
		}
	}
	if c == nil {
		return
	}
	for _, problem := range c.found {
		problem.AtRun = false
		s.problems = append(s.problems, problem)
	}
}

func (r *review) of(s *step, at Problem) *parameterReview {
	c := &parameterReview{review: r, version: s.node.Version, set: map[string]any{}, at: at}
	s.node.Parameters.ForEach(func(key, v gjson.Result) bool {
		c.set[key.Str] = v.Value()
		return true
	})
	c.values = s.typ.Descriptor.Values(c.version, c.set)
	return c
}

type parameterReview struct {
	*review
	version float64
	// set are the node's parameters, values those with the defaults of the others.
	set, values map[string]any
	at          Problem
}

// members checks the members of an object by the properties that it may have.
func (c *parameterReview) members(path string, object gjson.Result, properties []descriptors.Property, of string) {
	object.ForEach(func(key, value gjson.Result) bool {
		if path == "" && slices.Contains(choosing, key.Str) && value.Type == gjson.String { // checkOperation's
			return true
		}
		var known, here []*descriptors.Property
		for i := range properties {
			if p := &properties[i]; p.Name == key.Str {
				known = append(known, p)
				if c.has(p) {
					here = append(here, p)
				}
			}
		}
		w := c.at
		w.Parameter = strings.TrimPrefix(path+"."+key.Str, ".")
		switch {
		case known == nil:
			names := make([]string, len(properties))
			for i, p := range properties {
				names[i] = p.Name
			}
			c.found.warnf(w, "%s has no such parameter, it is ignored%s", of, nearest(key.Str, names))
		case here == nil:
			c.found.warnf(w, "typeVersion %s has no such parameter, it is ignored", strconv.FormatFloat(c.version, 'f', -1, 64))
		default:
			c.value(w, value, here)
		}
		return true
	})
}

func (c *parameterReview) has(p *descriptors.Property) bool {
	return p.Versions == nil || slices.Contains(p.Versions, c.version)
}

// inForce reports whether a property counts beside these values, as far as constants tell.
func (c *parameterReview) inForce(p *descriptors.Property, values map[string]any) bool {
	return c.has(p) && p.InForce(values)
}

// value checks a constant by the properties that it may be of: one that fits is enough.
func (c *parameterReview) value(at Problem, v gjson.Result, properties []*descriptors.Property) {
	if v.Type == gjson.String && strings.HasPrefix(v.Str, "=") {
		return // an expression
	}
	values := c.values
	if strings.ContainsAny(at.Parameter, ".[") { // names may mean what stands beside it, whose defaults are not known here
		values = c.set
	}
	inForce := func(p *descriptors.Property) bool { return c.inForce(p, values) }
	var wrong string
	for _, p := range properties {
		m := mismatch(p, v)
		if m == "" {
			c.inside(at.Parameter, v, p)
			return
		}
		if wrong == "" || inForce(p) { // what is in force is what the reader means
			wrong = m
		}
	}
	switch {
	case !slices.ContainsFunc(properties, inForce):
	case properties[0].Type == "number": // n8n's nodes make something of most texts
		c.found.warnf(at, "%s", wrong)
	default:
		at.AtRun = true
		c.found.errorf(at, "%s", wrong)
	}
}

// mismatch says what is wrong with a constant, "" if nothing is.
func mismatch(p *descriptors.Property, v gjson.Result) string {
	switch {
	case v.Type == gjson.Null:
		return ""
	case len(p.Options) > 0 && p.Type == "options" && !p.MultipleValues:
		names := make([]string, len(p.Options))
		for i, o := range p.Options {
			names[i] = strings.Trim(string(o.Value), `"`)
		}
		if !slices.Contains(names, v.String()) {
			return fmt.Sprintf("there is no option %q%s; there are %s", v.String(), nearest(v.String(), names), strings.Join(names, ", "))
		}
	case p.Type == "number" && v.Type == gjson.String && strings.TrimSpace(v.Str) != "":
		if _, err := strconv.ParseFloat(strings.TrimSpace(v.Str), 64); err != nil {
			return fmt.Sprintf("must be a number, and is %q", v.Str)
		}
	}
	return ""
}

// inside checks the members of collections, of which there may be lists.
func (c *parameterReview) inside(path string, v gjson.Result, p *descriptors.Property) {
	if len(p.Properties) == 0 || p.Type != "collection" && p.Type != "fixedCollection" {
		return
	}
	if v.IsArray() {
		for i, el := range v.Array() {
			c.inside(fmt.Sprintf("%s[%d]", path, i), el, p)
		}
		return
	}
	if v.IsObject() {
		c.members(path, v, p.Properties, p.Name)
	}
}
