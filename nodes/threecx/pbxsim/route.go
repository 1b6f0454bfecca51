package pbxsim

import (
	"fmt"
	"net/http"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/cordboard/cordboard/descriptors"
)

// place is a segment of an operation's path template.
type place struct {
	name   string
	parens bool
	// slots are the placeholders in parentheses; a key by position has one without an argument's name.
	slots []slot
}

type slot struct{ argument, parameter string }

// route is an operation and the path that leads to it.
type route struct {
	resource string
	summary  descriptors.OperationSummary
	places   []place
	page     func() (*operation, error)
}

func (r *route) last() place { return r.places[len(r.places)-1] }

// routes finds the operation of a request.
type routes struct {
	// bySignature is by method and form of the path: names and, in parentheses, arguments' names.
	bySignature map[string]map[string]*route
	// byNames is by the names alone, for telling what a path nearly was.
	byNames map[string][]*route
	all     []*route
}

var (
	placeForm = regexp.MustCompile(`^([A-Za-z0-9_.]+)(\((.*)\))?$`)
	slotForm  = regexp.MustCompile(`^(?:([A-Za-z0-9_]+)=)?'?\{([A-Za-z0-9_-]+)\}'?$`)
)

// parseTemplate reads a template such as /Users({Id})/Pbx.GetFilter().
func parseTemplate(path string) ([]place, error) {
	var places []place
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		m := placeForm.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("path template %q: cannot read %q", path, part)
		}
		p := place{name: m[1], parens: m[2] != ""}
		if m[3] != "" {
			for text := range strings.SplitSeq(m[3], ",") {
				s := slotForm.FindStringSubmatch(text)
				if s == nil {
					return nil, fmt.Errorf("path template %q: cannot read %q", path, text)
				}
				p.slots = append(p.slots, slot{argument: s[1], parameter: s[2]})
			}
		}
		places = append(places, p)
	}
	return places, nil
}

func (p place) signature() string {
	if !p.parens {
		return p.name
	}
	names := make([]string, len(p.slots))
	for i, s := range p.slots {
		names[i] = s.argument
	}
	return p.name + "(" + argumentNames(names) + ")"
}

// argumentNames joins names without regard to their order. One empty name is a key by position.
func argumentNames(names []string) string {
	if len(names) == 1 && names[0] == "" {
		return "{key}"
	}
	sort.Strings(names)
	return strings.Join(names, ",")
}

func (s segment) signature() string {
	if !s.parens {
		return s.name
	}
	names := make([]string, len(s.args))
	for i, a := range s.args {
		names[i] = a.name
	}
	return s.name + "(" + argumentNames(names) + ")"
}

func (t *routes) add(r *route) error {
	places, err := parseTemplate(r.summary.Path)
	if err != nil {
		return err
	}
	r.places = places
	var signature, names []string
	for _, p := range places {
		signature = append(signature, p.signature())
		names = append(names, p.name)
	}
	key := strings.Join(signature, "/")
	if t.bySignature[key] == nil {
		t.bySignature[key] = map[string]*route{}
	}
	if other := t.bySignature[key][r.summary.Method]; other != nil {
		return fmt.Errorf("operations %s and %s have the same path", other.summary.ID, r.summary.ID)
	}
	t.bySignature[key][r.summary.Method] = r
	name := strings.Join(names, "/")
	t.byNames[name] = append(t.byNames[name], r)
	t.all = append(t.all, r)
	return nil
}

// newRoutes indexes the operations of a node; load gives an operation's page when it is needed.
func newRoutes(node *descriptors.Node, load func(resource string, s descriptors.OperationSummary) (*operation, error)) (*routes, error) {
	t := &routes{bySignature: map[string]map[string]*route{}, byNames: map[string][]*route{}}
	for _, resource := range node.Resources {
		for _, summary := range resource.Operations {
			r := &route{resource: resource.Name, summary: summary}
			r.page = sync.OnceValues(func() (*operation, error) { return load(r.resource, r.summary) })
			if err := t.add(r); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// match finds the operation, and its path parameters by name.
func (t *routes) match(method string, segs []segment) (*route, map[string]literal, *apiError) {
	var signature []string
	for _, s := range segs {
		signature = append(signature, s.signature())
	}
	methods := t.bySignature[strings.Join(signature, "/")]
	if methods == nil {
		return nil, nil, t.explain(method, segs)
	}
	r := methods[method]
	if r == nil {
		var allowed []string
		for name := range methods {
			allowed = append(allowed, name)
		}
		sort.Strings(allowed)
		list := strings.Join(allowed, ", ")
		return nil, nil, fail(http.StatusMethodNotAllowed, codeMethod, "%s does not apply to /%s; allowed: %s",
			method, strings.Join(signature, "/"), list).with("Allow", list)
	}
	values := map[string]literal{}
	for i, p := range r.places {
		for _, s := range p.slots {
			for _, a := range segs[i].args {
				if a.name == s.argument {
					values[s.parameter] = a.value
				}
			}
		}
	}
	return r, values, nil
}

// explain says what is wrong with a path that has no operation.
func (t *routes) explain(method string, segs []segment) *apiError {
	var names []string
	for _, s := range segs {
		names = append(names, s.name)
	}
	near := t.byNames[strings.Join(names, "/")]
	if len(near) == 0 {
		return fail(http.StatusNotFound, codeNotFound, "there is no resource /%s", strings.Join(names, "/"))
	}
	best, score := near[0], -1
	for _, r := range near {
		if points := r.likeness(method, segs); points > score {
			best, score = r, points
		}
	}
	for i, p := range best.places {
		if p.signature() != segs[i].signature() {
			return misfit(segs[i], p)
		}
	}
	return fail(http.StatusNotFound, codeNotFound, "there is no resource /%s", strings.Join(names, "/"))
}

// likeness counts what a path has in common with the operation's.
func (r *route) likeness(method string, segs []segment) int {
	points := 0
	if r.summary.Method == method {
		points++
	}
	for i, p := range r.places {
		if p.parens == segs[i].parens {
			points += 2
		}
		if p.signature() == segs[i].signature() {
			points += 2
		}
		// Of keys, the plain one is the likelier.
		if len(p.slots) == 1 && p.slots[0].argument == "" {
			points++
		}
	}
	return points
}

func misfit(s segment, p place) *apiError {
	switch {
	case s.parens && !p.parens:
		return fail(http.StatusNotFound, codeNotFound, "%s takes no parentheses", p.name)
	case !s.parens && len(p.slots) == 0:
		return fail(http.StatusNotFound, codeNotFound, "%s is a function and needs parentheses: %s()", p.name, p.name)
	case len(p.slots) == 1 && p.slots[0].argument == "":
		return fail(http.StatusNotFound, codeNotFound, "%s takes one key in parentheses: %s({%s})", p.name, p.name, p.slots[0].parameter)
	}
	given := map[string]bool{}
	for _, a := range s.args {
		given[a.name] = true
	}
	var missing, unknown []string
	for _, slot := range p.slots {
		if !given[slot.argument] {
			missing = append(missing, slot.argument)
		}
		delete(given, slot.argument)
	}
	for name := range given {
		if name == "" {
			name = "a value without a name"
		}
		unknown = append(unknown, name)
	}
	sort.Strings(unknown)
	text := ""
	if len(missing) > 0 {
		text += ", missing: " + strings.Join(missing, ", ")
	}
	if len(unknown) > 0 {
		text += ", unknown: " + strings.Join(unknown, ", ")
	}
	return fail(http.StatusNotFound, codeNotFound, "the arguments of %s do not fit%s", p.name, text)
}
