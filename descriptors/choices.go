package descriptors

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// n8n's own nodes, and those in its declarative style, have no pages: what they can do stands in the values of their parameters
// "resource" and "operation", and with displayOptions their other parameters say what they are for.

// Choices returns the resources and operations of a node at a version: those of its index or, of a node without pages, the values of its
// parameters "resource" and "operation". A node without "resource" has one resource with an empty name, a resource without operations one
// operation with an empty name. nil is a node with neither. The result must not be changed.
func (n *Node) Choices(version float64) []Resource {
	if len(n.Resources) > 0 {
		return n.Resources
	}
	properties := n.inVersion(version)
	names := []string{}
	for i := range properties {
		if p := &properties[i]; p.chooses("resource") {
			names = appendNew(names, optionTexts(p)...)
		}
	}
	operations := slices.ContainsFunc(properties, func(p Property) bool { return p.chooses("operation") })
	if len(names) == 0 {
		if !operations {
			return nil
		}
		names = []string{""}
	}
	list := make([]Resource, len(names))
	for i, name := range names {
		list[i] = Resource{Name: name, Operations: n.operationsOf(properties, name)}
	}
	return list
}

// operationsOf are the values of the parameters "operation" that a resource has.
func (n *Node) operationsOf(properties []Property, resource string) []OperationSummary {
	var list []OperationSummary
	for i := range properties {
		p := &properties[i]
		if !p.chooses("operation") || !p.fits(map[string]any{"resource": resource}) {
			continue
		}
		for j := range p.Options {
			op := n.summaryOf(&p.Options[j])
			if !slices.ContainsFunc(list, func(o OperationSummary) bool { return o.Name == op.Name }) {
				list = append(list, op)
			}
		}
	}
	if list == nil {
		list = []OperationSummary{{}}
	}
	return list
}

// summaryOf is what an option says of its operation: of a declarative node, also its request.
func (n *Node) summaryOf(o *Option) OperationSummary {
	op := OperationSummary{Name: optionText(o)}
	if request := gjson.GetBytes(o.Routing, "request"); request.Get("url").Exists() {
		op.Method, op.Path = "GET", strings.TrimPrefix(request.Get("url").String(), "=")
		for _, method := range []gjson.Result{gjson.GetBytes(n.Routing.defaults(), "method"), request.Get("method")} {
			if method.Str != "" {
				op.Method = method.Str
			}
		}
	}
	return op
}

// defaults is n8n's requestDefaults; nil for a node that has none.
func (r *Routing) defaults() json.RawMessage {
	if r == nil {
		return nil
	}
	return r.Defaults
}

// inVersion are the properties that a version has.
func (n *Node) inVersion(version float64) []Property {
	return slices.DeleteFunc(slices.Clone(n.AllProperties()), func(p Property) bool {
		return p.Versions != nil && !slices.Contains(p.Versions, version)
	})
}

// chooses reports whether a property chooses among resources, or operations.
func (p *Property) chooses(what string) bool {
	return p.Name == what && p.Type == "options" && len(p.Options) > 0
}

func optionText(o *Option) string { return gjson.ParseBytes(o.Value).String() }

func optionTexts(p *Property) []string {
	texts := make([]string, len(p.Options))
	for i := range p.Options {
		texts[i] = optionText(&p.Options[i])
	}
	return texts
}

func appendNew(list []string, more ...string) []string {
	for _, one := range more {
		if !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

// Values are those that displayOptions go by: the ones that are set, and of the other parameters that are in force the defaults.
func (n *Node) Values(version float64, set map[string]any) map[string]any {
	values := maps.Clone(set)
	if values == nil {
		values = map[string]any{}
	}
	all := n.inVersion(version)
	for more := true; more; { // which defaults count depends on others
		more = false
		for i := range all {
			p := &all[i]
			if _, known := values[p.Name]; !known && p.InForce(values) {
				var v any
				_ = json.Unmarshal(p.Default, &v) // none is null
				values[p.Name], more = v, true
			}
		}
	}
	return values
}

// InForce reports whether displayOptions put a property in force beside these values, which are all there are.
func (p *Property) InForce(values map[string]any) bool {
	return Displayed(p.Show, p.Hide, lookIn(values))
}

// fits reports whether displayOptions may put a property in force beside these values, and others that are not known.
func (p *Property) fits(values map[string]any) bool {
	return displayable(p.Show, p.Hide, lookIn(values))
}

func lookIn(values map[string]any) Look {
	return func(name string) (any, bool) {
		v, known := values[strings.TrimPrefix(name, "/")]
		return v, known
	}
}

// choice is one resource and operation of a node without pages.
type choice struct {
	node                *Node
	version             float64
	resource, operation string
	summary             OperationSummary
	// properties are those in force with the defaults of the others, one for a name; values those defaults.
	properties []Property
	values     map[string]any
}

// choice finds a resource and an operation; both may be empty where the node has none.
func (n *Node) choice(version float64, resource, operation string) (*choice, error) {
	r, err := n.resourceAmong(n.Choices(version), resource)
	if err != nil {
		return nil, err
	}
	op, err := r.Operation(operation)
	if err != nil {
		return nil, err
	}
	set := map[string]any{"@version": version}
	for name, value := range map[string]string{"resource": resource, "operation": operation} {
		if value != "" {
			set[name] = value
		}
	}
	c := &choice{node: n, version: version, resource: resource, operation: operation, summary: *op, values: n.Values(version, set)}
	c.fill()
	return c, nil
}

// title names the choice.
func (c *choice) title() string {
	switch {
	case c.resource == "":
		return c.node.DisplayName + ": " + c.operation
	case c.operation == "":
		return c.node.DisplayName + ": " + c.resource
	}
	return c.resource + ": " + c.operation
}

// firstChoice is what a node does whose parameters are all as the editor begins with.
func (n *Node) firstChoice(version float64) (resource, operation string) {
	list := n.Choices(version)
	defaults := map[string]any{}
	for _, p := range n.inVersion(version) {
		if _, known := defaults[p.Name]; !known && (p.chooses("resource") || p.chooses("operation")) && p.InForce(defaults) {
			defaults[p.Name] = gjson.ParseBytes(p.Default).String()
		}
	}
	at := max(0, slices.IndexFunc(list, func(r Resource) bool { return r.Name == defaults["resource"] }))
	operations := list[at].Operations
	first := max(0, slices.IndexFunc(operations, func(o OperationSummary) bool { return o.Name == defaults["operation"] }))
	return list[at].Name, operations[first].Name
}

// oneName takes a single name for what a node without resources, or a resource without operations, is asked for.
func oneName(list []Resource, resource, operation string) (string, string) {
	if len(list) == 1 && list[0].Name == "" && operation == "" {
		return "", resource
	}
	return resource, operation
}

// fill finds the properties in force.
func (c *choice) fill() {
	seen := map[string]bool{"resource": true, "operation": true}
	for _, p := range c.node.inVersion(c.version) {
		if p.Type != "notice" && !seen[p.Name] && p.InForce(c.values) {
			seen[p.Name] = true
			c.properties = append(c.properties, p)
		}
	}
}

// maxShown is how many parameters that are not required an example has, to show how.
const maxShown = 3

// parameters are those of the choice as they stand in a workflow file: all that are required, and some others.
func (c *choice) parameters() object {
	out := object{}
	if c.resource != "" {
		out.set("resource", c.resource)
	}
	if c.operation != "" {
		out.set("operation", c.operation)
	}
	others := 0
	for i := range c.properties {
		p := &c.properties[i]
		switch {
		case p.Required:
			out.set(p.Name, p.example())
		case others < maxShown && p.plainDefault():
			others++
			out.set(p.Name, p.Default)
		}
	}
	return out
}

// plainDefault reports whether the default is a value that shows how the parameter is set.
func (p *Property) plainDefault() bool {
	v := gjson.ParseBytes(p.Default)
	switch v.Type {
	case gjson.Number, gjson.True, gjson.False:
		return true
	case gjson.String:
		return v.Str != "" && len(v.Str) <= 40 && !strings.HasPrefix(v.Str, "=")
	}
	return false
}

// example is a value that a required parameter takes: its default, if that is one.
func (p *Property) example() any {
	def := gjson.ParseBytes(p.Default)
	switch p.Type {
	case "options":
		if texts := optionTexts(p); len(texts) > 0 && !slices.Contains(texts, def.String()) {
			return p.Options[0].Value
		}
	case "multiOptions":
		if len(p.Options) > 0 && len(def.Array()) == 0 {
			return []json.RawMessage{p.Options[0].Value}
		}
	case "resourceLocator":
		value := def.Get("value")
		if !def.IsObject() {
			value = def
		}
		if value.String() != "" {
			return object{{"__rl", true}, {"mode", "id"}, {"value", value.Value()}}
		}
		return object{{"__rl", true}, {"mode", "id"}, {"value", "text"}}
	}
	if def.Exists() && def.String() != "" && def.Raw != "[]" && def.Raw != "null" {
		return p.Default
	}
	var value any = object{}
	switch p.Type {
	case "number":
		value = 1
	case "boolean":
		value = true
	case "json":
		value = "{}"
	case "dateTime":
		value = "2026-01-31T12:00:00"
	case "string", "options", "multiOptions":
		value = "text"
	}
	if p.MultipleValues {
		value = []any{value}
	}
	return value
}

// credential is the type that the choice takes, "" for none.
func (c *choice) credential() string {
	for _, use := range c.node.Credentials {
		needed := use.Required || use.Show != nil || len(c.node.Credentials) == 1 // of many, the others are a matter of taste
		if needed && Displayed(use.Show, use.Hide, lookIn(c.values)) {
			return use.Type
		}
	}
	return ""
}
