package descriptors

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// Show writes a descriptor for people: of a node its resources or parameters, of a resource its operations, of an
// operation a page to work from. Version 0 is the newest; resource and operation may be empty.
func Show(w io.Writer, set Set, nodeType string, version float64, resource, operation string) error {
	nodes, err := set.Nodes()
	if err != nil {
		return err
	}
	node, newest, err := Newest(nodes, nodeType)
	if version == 0 {
		version = newest
	} else {
		node, err = PickVersion(nodes, nodeType, version)
	}
	if err != nil {
		return err
	}
	s := &sheet{set: set, node: node, version: version}
	switch {
	case resource == "" && operation == "":
		s.nodePage()
	case len(node.Resources) == 0:
		err = s.choices(resource, operation)
	case operation == "":
		err = s.resourcePage(node.Resources, resource)
	default:
		err = s.operationPage(resource, operation)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(s.out.Bytes())
	return err
}

// sheet is the page under construction.
type sheet struct {
	out     bytes.Buffer
	set     Set
	node    *Node
	version float64
}

func (s *sheet) print(format string, a ...any) { fmt.Fprintf(&s.out, format, a...) }

func (s *sheet) nodePage() {
	n := s.node
	s.print("%s   %s\n", n.DisplayName, n.Type)
	if n.Description != "" {
		s.print("%s\n", n.Description)
	}
	s.print("\n")
	var facts table
	facts.row("typeVersion", versions(n.Versions))
	if n.Aliases != nil {
		facts.row("also known as", strings.Join(n.Aliases, ", "))
	}
	for _, c := range n.Credentials {
		facts.row("credential", c.Type+map[bool]string{true: ", required"}[c.Required])
	}
	if n.Trigger {
		facts.row("trigger", "starts runs")
	}
	if len(n.Inputs) > 1 {
		facts.row("inputs", strings.Join(n.Inputs, ", "))
	}
	if len(n.Outputs) > 1 {
		facts.row("outputs", strings.Join(n.Outputs, ", "))
	}
	if n.Dialect != "" {
		facts.row("API", fmt.Sprintf("dialect %s, base path %s", n.Dialect, n.BasePath))
	}
	facts.write(&s.out, "  ")
	choices := n.Choices(s.version)
	if choices != nil {
		s.resourceList(choices)
	}
	switch {
	case len(n.Resources) > 0:
		s.parameterList("PARAMETERS OF EVERY OPERATION", n.AllProperties())
	case choices != nil && n.Routing != nil: // those of all operations would be a book
		s.parameterList("PARAMETERS OF EVERY OPERATION", slices.DeleteFunc(n.inVersion(s.version), func(p Property) bool {
			return p.Show["resource"] != nil || p.Show["operation"] != nil || p.chooses("resource") || p.chooses("operation")
		}))
	default:
		s.parameterList("PARAMETERS", n.AllProperties())
		s.nodeSnippet()
	}
	if choices != nil {
		first := choices[0]
		if first.Name != "" {
			first.Operations = nil
		}
		s.print("\nMore: cordboard nodes show %s%s\n", n.Type, names(first))
	}
}

func (s *sheet) resourceList(resources []Resource) {
	count := 0
	var list table
	for _, r := range resources {
		names := make([]string, 0, len(r.Operations))
		for _, op := range r.Operations {
			names = append(names, op.Name)
		}
		count += len(names)
		list.row(r.Name, strings.Join(names, ", "))
	}
	if resources[0].Name == "" {
		s.print("\nOPERATIONS: %d\n", count)
	} else {
		s.print("\nRESOURCES: %d, with %s\n", len(resources), Plural(count, "operation"))
	}
	list.write(&s.out, "  ")
}

func (s *sheet) resourcePage(resources []Resource, name string) error {
	r, err := s.node.resourceAmong(resources, name)
	if err != nil {
		return err
	}
	s.print("%s   %s, typeVersion %s\n\n", r.Name, s.node.Type, versionText(s.version))
	var list table
	for _, op := range r.Operations {
		list.row(op.Name, op.Method, op.Path)
	}
	list.write(&s.out, "  ")
	s.print("\nMore: cordboard nodes show %s%s\n", s.node.Type, names(*r))
	return nil
}

// Plural is a number of things, whose name takes an s.
func Plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// names are the arguments that lead to the first operation of a resource, or to one without operations.
func names(r Resource) string {
	text := ""
	if r.Name != "" {
		text = fmt.Sprintf(" %q", r.Name)
	}
	if len(r.Operations) > 0 && r.Operations[0].Name != "" {
		text += fmt.Sprintf(" %q", r.Operations[0].Name)
	}
	return text
}

func (s *sheet) operationPage(resource, name string) error {
	op, err := s.set.Operation(s.node.Type, s.version, resource, name)
	if err != nil {
		return err
	}
	s.print("%s   %s, typeVersion %s\n", op.Summary, s.node.Type, versionText(s.version))
	s.print("%s\n\n", purpose(op))
	s.print("  %s %s%s\n", op.Request.Method, s.node.BasePath, op.Request.Path)
	if op.Request.Body {
		s.print("  with a JSON object as its body, {} when nothing is set\n")
	}
	shapes := newShapes(s.set, op.Schema)
	s.operationParameters(op, shapes)
	s.print("\nPARAMETERS IN A WORKFLOW\n")
	s.out.Write(indent(snippet(op, shapes), "  "))
	shapes.write(s)
	s.answer(op, shapes)
	return nil
}

// purpose says what an operation does as far as its method tells.
func purpose(op *Operation) string {
	switch op.Request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return "Reads. Changes nothing."
	case http.MethodDelete:
		return "Deletes. A call is not repeated by itself."
	case http.MethodPatch:
		return "Changes what is set and leaves the rest. A call is not repeated by itself."
	}
	return "Acts or creates. A call is not repeated by itself."
}

func (s *sheet) operationParameters(op *Operation, shapes *shapes) {
	if len(op.Properties) == 0 {
		s.print("\nIt takes no parameters of its own\n")
	} else {
		s.print("\nPARAMETERS\n")
		list := table{}
		list.row("name", "type", "place", "", "value")
		for _, p := range op.Properties {
			if p.Type == "collection" && p.In == "" {
				list.row(p.Name, p.Type, "", "", "may hold the query parameters, as n8n saves them")
				continue
			}
			list.row(p.Name, p.Type, p.In, map[bool]string{true: "required"}[p.Required], shapes.parameter(p))
		}
		list.write(&s.out, "  ")
	}
	if slices.ContainsFunc(s.node.AllProperties(), func(p Property) bool { return p.Name == "requestOptions" }) {
		s.print("\nrequestOptions (paging, splitting, timeouts, proxy): cordboard nodes show %s\n", s.node.Type)
	}
}

func (s *sheet) answer(op *Operation, shapes *shapes) {
	s.print("\nANSWER\n  %d, ", op.Response.Status)
	switch op.Response.Kind {
	case "none":
		s.print("no body: the item is {\"success\": true}")
	case "file":
		s.print("whatever the server sends: JSON becomes the item, anything else binary data \"data\"")
	default:
		s.print("%s", shapes.response(op.Response))
	}
	if op.Response.Nullable {
		s.print("; may be null")
	}
	s.print("\n")
	if op.Response.Kind == "collection" {
		s.print("  requestOptions.splitItems gives an item for each member, requestOptions.returnAll pages through all\n")
	}
	shapes.writeLevel(s)
}

// parameterList describes n8n's parameters with their members and when they are in force.
func (s *sheet) parameterList(title string, properties []Property) {
	if len(properties) == 0 {
		return
	}
	s.print("\n%s\n", title)
	var list table
	addProperties(&list, "", properties)
	list.write(&s.out, "  ")
}

func addProperties(list *table, margin string, properties []Property) {
	for _, p := range properties {
		var notes []string
		if p.Required {
			notes = append(notes, "required")
		}
		if len(p.Options) > 0 {
			notes = append(notes, "one of "+optionList(p.Options))
		}
		if len(p.Default) > 0 && string(p.Default) != `""` && string(p.Default) != "{}" {
			notes = append(notes, "default "+string(p.Default))
		}
		if when := condition(p); when != "" {
			notes = append(notes, when)
		}
		if name := lostFunction(gjson.ParseBytes(p.Routing)); name != "" {
			notes = append(notes, "cannot be used, as the import did not carry over the function "+name)
		}
		if p.Description != "" {
			notes = append(notes, p.Description)
		}
		kind := p.Type
		if p.MultipleValues {
			kind += " list"
		}
		list.row(margin+p.Name, kind, strings.Join(notes, "; "))
		addProperties(list, margin+"  ", p.Properties)
	}
}

func optionList(options []Option) string {
	words := make([]string, 0, len(options))
	for _, o := range options {
		words = append(words, strings.Trim(string(o.Value), `"`))
	}
	return strings.Join(words, ", ")
}

// condition says when a property is in force.
func condition(p Property) string {
	var parts []string
	if p.Versions != nil {
		parts = append(parts, "in typeVersion "+versions(p.Versions))
	}
	for _, rule := range []struct {
		word  string
		names map[string][]any
	}{{"if", p.Show}, {"unless", p.Hide}} {
		var names []string
		for name := range rule.names {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			values := make([]string, 0, len(rule.names[name]))
			for _, v := range rule.names[name] {
				values = append(values, fmt.Sprint(v))
			}
			parts = append(parts, fmt.Sprintf("%s %s is %s", rule.word, name, strings.Join(values, " or ")))
		}
	}
	return strings.Join(parts, ", ")
}

func versions(list []float64) string {
	words := make([]string, 0, len(list))
	for _, v := range list {
		words = append(words, versionText(v))
	}
	return strings.Join(words, ", ")
}
