package descriptors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Reference writes the pages of a node with resources in Markdown, by file name: README.md is the index, types.md has the
// shapes of objects, and each resource has a page with its operations: request, parameters, answer, and a workflow that
// calls it. Operations are described as the newest typeVersion that has them; others are named.
func Reference(set Set, nodeType string) (map[string][]byte, error) {
	all, err := set.Nodes()
	if err != nil {
		return nil, err
	}
	b := &book{set: set, types: map[string]bool{}}
	for _, n := range all {
		if n.Is(nodeType) {
			b.nodes = append(b.nodes, n)
		}
	}
	if b.nodes == nil {
		return nil, unknownType(all, nodeType)
	}
	slices.SortFunc(b.nodes, func(a, c *Node) int { return cmp.Compare(slices.Max(c.Versions), slices.Max(a.Versions)) })
	files := map[string][]byte{}
	var index bytes.Buffer
	b.head(&index)
	for _, name := range b.resources() {
		page, operations, err := b.resource(name)
		if err != nil {
			return nil, err
		}
		file := slug(name) + ".md"
		if files[file] != nil {
			return nil, fmt.Errorf("resources of the node %s would share the page %s", nodeType, file)
		}
		files[file] = page
		fmt.Fprintf(&index, "| [%s](%s) | %s |\n", name, file, strings.Join(operations, ", "))
	}
	files["README.md"] = index.Bytes()
	files["types.md"] = b.shapes()
	return files, nil
}

// book is a reference under construction. The newest node comes first.
type book struct {
	set   Set
	nodes []*Node
	types map[string]bool // addresses of the object shapes that pages name
}

func (b *book) head(out *bytes.Buffer) {
	n := b.nodes[0]
	fmt.Fprintf(out, "# %s: every operation\n\n", n.DisplayName)
	out.WriteString("Made from the node's descriptors by `make reference`; do not edit.\n\n")
	fmt.Fprintf(out, "Node type `%s`. A page has, for each operation of a resource, its request, parameters and answer, and a workflow\nthat calls it: save it to a file, "+
		"then `cordboard run FILE --credentials FILE`. `requestOptions`, which every operation\ntakes, is described in [the node's page](../3cx.md); objects are in [types.md](types.md).\n\n", n.Type)
	for _, n := range b.nodes {
		operations := 0
		for _, r := range n.Resources {
			operations += len(r.Operations)
		}
		fmt.Fprintf(out, "- typeVersion %s: %d resources, %d operations\n", versions(n.Versions), len(n.Resources), operations)
	}
	out.WriteString("\n| resource | operations |\n| --- | --- |\n")
}

func (b *book) resources() []string {
	var names []string
	for _, n := range b.nodes {
		for _, r := range n.Resources {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// resource writes a resource's page and returns it with the names of its operations.
func (b *book) resource(name string) (page []byte, operations []string, err error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n", name)
	for i, n := range b.nodes {
		r, err := n.Resource(name)
		if err != nil {
			continue // this version does not have it
		}
		for _, short := range r.Operations {
			if slices.Contains(operations, short.Name) {
				continue
			}
			operations = append(operations, short.Name)
			if err := b.operation(&out, i, name, short.Name); err != nil {
				return nil, nil, err
			}
		}
	}
	return out.Bytes(), operations, nil
}

func (b *book) operation(out *bytes.Buffer, at int, resource, name string) error {
	node := b.nodes[at]
	version := slices.Max(node.Versions)
	op, err := b.set.Operation(node.Type, version, resource, name)
	if err != nil {
		return fmt.Errorf("%s %s: %w", resource, name, err)
	}
	also, err := b.others(at, op)
	if err != nil {
		return err
	}
	shapes := newShapes(b.set, op.Schema)
	fmt.Fprintf(out, "\n## %s\n\n`%s %s%s`", name, op.Request.Method, node.BasePath, op.Request.Path)
	if op.Request.Body {
		out.WriteString(" with a JSON object as its body, `{}` when nothing is set")
	}
	fmt.Fprintf(out, ". %s\n\n%s\n", purpose(op), also)
	b.parameters(out, op, shapes)
	answer := &sheet{set: b.set, node: node, version: version}
	answer.answer(op, newShapes(b.set, nil))
	text, _, _ := strings.Cut(strings.TrimPrefix(answer.out.String(), "\nANSWER\n"), "\n\n")
	said := strings.Split(strings.TrimSpace(text), "\n  ")
	fmt.Fprintf(out, "\nAnswer: %s.\n", strings.Join(said, "; "))
	workflow, err := Example(b.set, node.Type, version, resource, name)
	if err != nil {
		return err
	}
	compact, err := lines(workflow)
	if err != nil {
		return fmt.Errorf("%s %s: %w", resource, name, err)
	}
	fmt.Fprintf(out, "\n```json\n%s```\n", compact)
	for _, address := range shapes.named {
		b.types[address] = true
	}
	return nil
}

// others says which versions have the operation too, and whether it takes the same parameters there.
func (b *book) others(at int, op *Operation) (string, error) {
	have := []string{versionText(slices.Max(b.nodes[at].Versions))}
	differ := ""
	for i, n := range b.nodes {
		if i == at {
			continue
		}
		version := slices.Max(n.Versions)
		r, err := n.Resource(op.Resource)
		if err != nil {
			continue
		}
		if _, err := r.Operation(op.Name); err != nil {
			continue
		}
		other, err := b.set.Operation(n.Type, version, op.Resource, op.Name)
		if err != nil {
			return "", err
		}
		have = append(have, versionText(version))
		if d := difference(propertyNames([]*Operation{op}), propertyNames([]*Operation{other})); d != "" {
			differ += fmt.Sprintf(" In typeVersion %s it is without %s.", versionText(version), d)
		}
		if d := difference(propertyNames([]*Operation{other}), propertyNames([]*Operation{op})); d != "" {
			differ += fmt.Sprintf(" In typeVersion %s it also takes %s.", versionText(version), d)
		}
	}
	slices.Sort(have)
	if len(have) == 1 && len(b.nodes) > 1 {
		return "In typeVersion " + have[0] + " only.", nil
	}
	return "In typeVersion " + strings.Join(have, " and ") + "." + differ, nil
}

func difference(a, b []string) string {
	var names []string
	for _, name := range a {
		if !slices.Contains(b, name) {
			names = append(names, "`"+name+"`")
		}
	}
	return strings.Join(names, ", ")
}

func (b *book) parameters(out *bytes.Buffer, op *Operation, shapes *shapes) {
	if len(op.Properties) == 0 {
		out.WriteString("\nIt takes no parameters of its own.\n")
		return
	}
	out.WriteString("\n| parameter | type | place | value |\n| --- | --- | --- | --- |\n")
	for _, p := range op.Properties {
		place, value := p.In, shapes.parameter(p)
		if p.Type == "collection" && p.In == "" {
			value = "may hold the query parameters, as n8n saves them"
		}
		if p.Required {
			place += ", required"
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", p.Name, p.Type, place, strings.ReplaceAll(value, "|", `\|`))
	}
}

// shapes writes the objects that parameters name, and those that these name.
func (b *book) shapes() []byte {
	s := newShapes(b.set, nil)
	for address := range b.types {
		s.named = append(s.named, address)
	}
	slices.Sort(s.named)
	for i := 0; i < len(s.named); i++ { // words adds to it
		members := s.membersOf(s.named[i])
		for _, name := range sortedNames(members) {
			s.words(members[name])
		}
	}
	slices.SortFunc(s.named, func(a, c string) int { return cmp.Or(cmp.Compare(shapeName(a), shapeName(c)), cmp.Compare(c, a)) })
	var out bytes.Buffer
	out.WriteString("# Objects in parameters\n\nMade from the node's descriptors by `make reference`; do not edit. Members that are not set are not sent.\n")
	last := ""
	for _, address := range s.named {
		if shapeName(address) == last { // the newest comes first
			continue
		}
		last = shapeName(address)
		members := s.membersOf(address)
		fmt.Fprintf(&out, "\n## %s\n\n| member | value |\n| --- | --- |\n", last)
		for _, name := range sortedNames(members) {
			fmt.Fprintf(&out, "| %s | %s |\n", name, strings.ReplaceAll(s.words(members[name]), "|", `\|`))
		}
	}
	return out.Bytes()
}

// lines writes a workflow with a line for each node.
func lines(workflow []byte) ([]byte, error) {
	var w struct {
		Name        json.RawMessage   `json:"name"`
		Nodes       []json.RawMessage `json:"nodes"`
		Connections json.RawMessage   `json:"connections"`
		Settings    json.RawMessage   `json:"settings"`
	}
	if err := json.Unmarshal(workflow, &w); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	compact := func(raw json.RawMessage) {
		if err := json.Compact(&out, raw); err != nil {
			panic(err) // it was read as JSON above
		}
	}
	out.WriteString(`{"name": `)
	compact(w.Name)
	out.WriteString(",\n \"nodes\": [\n  ")
	for i, n := range w.Nodes {
		if i > 0 {
			out.WriteString(",\n  ")
		}
		compact(n)
	}
	out.WriteString("],\n \"connections\": ")
	compact(w.Connections)
	out.WriteString(",\n \"settings\": ")
	compact(w.Settings)
	out.WriteString("}\n")
	return out.Bytes(), nil
}

// slug is a resource's name as a file name.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}
