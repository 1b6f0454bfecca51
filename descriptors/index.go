package descriptors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Index finds nodes and operations of a Set by the names in workflow files, each with one map access. It is immutable
// and safe for concurrent use.
type Index struct {
	nodes   []*Node
	entries map[pageKey]Entry
}

type pageKey struct {
	nodeType            string // lower case; of an alias only the node itself has an entry
	version             float64
	resource, operation string
}

// Entry is what the index knows of a node at a version and, unless both names are empty, of one of its operations.
type Entry struct {
	Node *Node
	// Operation is nil for a node without resources and for a lookup of the node alone.
	Operation *OperationSummary
}

// NewIndex reads the index of a set. Of two nodes that serve the same type and version the first is taken.
func NewIndex(set Set) (*Index, error) {
	nodes, err := set.Nodes()
	if err != nil {
		return nil, err
	}
	n := 0
	for _, node := range nodes {
		for i := range node.Resources {
			n += len(node.Resources[i].Operations) * len(node.Versions)
		}
		n += len(node.Versions) * (1 + len(node.Aliases))
	}
	x := &Index{nodes: nodes, entries: make(map[pageKey]Entry, n)}
	for _, node := range nodes {
		for _, version := range node.Versions {
			x.add(pageKey{nodeType: strings.ToLower(node.Type), version: version}, node)
			for _, alias := range node.Aliases {
				key := pageKey{nodeType: strings.ToLower(alias), version: version}
				if _, taken := x.entries[key]; !taken {
					x.entries[key] = Entry{Node: node}
				}
			}
		}
	}
	return x, nil
}

func (x *Index) add(key pageKey, node *Node) {
	if _, taken := x.entries[key]; taken {
		return
	}
	x.entries[key] = Entry{Node: node}
	for i := range node.Resources {
		r := &node.Resources[i]
		key.resource = r.Name
		for j := range r.Operations {
			key.operation = r.Operations[j].Name
			x.entries[key] = Entry{Node: node, Operation: &r.Operations[j]}
		}
	}
}

// Lookup finds an operation, or with two empty names the node. The type is matched without regard to case, the other
// names are exact; an error says which name is wrong and which one is nearest.
func (x *Index) Lookup(nodeType string, version float64, resource, operation string) (Entry, error) {
	key := pageKey{strings.ToLower(nodeType), version, resource, operation}
	if entry, ok := x.entries[key]; ok {
		return entry, nil
	}
	if alias, ok := x.entries[pageKey{nodeType: key.nodeType, version: version}]; ok {
		key.nodeType = strings.ToLower(alias.Node.Type)
		if entry, ok := x.entries[key]; ok {
			return entry, nil
		}
	}
	return Entry{}, unknownOperation(x.nodes, nodeType, version, resource, operation)
}

// Nodes returns every node of the index.
func (x *Index) Nodes() []*Node { return x.nodes }

// PickVersion returns the node of the type, or alias, that serves the version.
func PickVersion(nodes []*Node, nodeType string, version float64) (*Node, error) {
	var versions []float64
	for _, node := range nodes {
		if !node.Is(nodeType) {
			continue
		}
		if slices.Contains(node.Versions, version) {
			return node, nil
		}
		versions = append(versions, node.Versions...)
	}
	if versions == nil {
		return nil, unknownType(nodes, nodeType)
	}
	slices.Sort(versions)
	words := make([]string, 0, len(versions))
	for _, v := range slices.Compact(versions) {
		words = append(words, versionText(v))
	}
	return nil, fmt.Errorf("node type %q has no version %s; it has %s", nodeType, versionText(version), strings.Join(words, ", "))
}

// Newest returns the node of the type, or alias, with the highest version, and that version.
func Newest(nodes []*Node, nodeType string) (*Node, float64, error) {
	var newest *Node
	var version float64
	for _, node := range nodes {
		if !node.Is(nodeType) || len(node.Versions) == 0 {
			continue
		}
		if v := slices.Max(node.Versions); newest == nil || v > version {
			newest, version = node, v
		}
	}
	if newest == nil {
		return nil, 0, unknownType(nodes, nodeType)
	}
	return newest, version, nil
}

// Is reports whether the node has that type or alias, without regard to case.
func (n *Node) Is(nodeType string) bool {
	if strings.EqualFold(n.Type, nodeType) {
		return true
	}
	return slices.ContainsFunc(n.Aliases, func(alias string) bool { return strings.EqualFold(alias, nodeType) })
}

// Resource returns the resource with that name.
func (n *Node) Resource(name string) (*Resource, error) { return n.resourceAmong(n.Resources, name) }

func (n *Node) resourceAmong(list []Resource, name string) (*Resource, error) {
	names := make([]string, 0, len(list))
	for i := range list {
		if list[i].Name == name {
			return &list[i], nil
		}
		names = append(names, list[i].Name)
	}
	all := fmt.Sprintf("; it has %d, see: cordboard nodes show %s", len(names), n.Type)
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("node type %q has no resources, so it has no resource %q", n.Type, name)
	case len(names) == 1 && names[0] == "":
		return nil, fmt.Errorf("node type %q has operations without resources, so it has no resource %q: name the operation alone", n.Type, name)
	case name == "":
		return nil, fmt.Errorf("the name of a resource of node type %q is missing%s", n.Type, all)
	}
	return nil, fmt.Errorf("node type %q has no resource %q%s", n.Type, name, proposal(name, names, all))
}

// Operation returns the operation with that name.
func (r *Resource) Operation(name string) (*OperationSummary, error) {
	names := make([]string, 0, len(r.Operations))
	for i := range r.Operations {
		if r.Operations[i].Name == name {
			return &r.Operations[i], nil
		}
		names = append(names, r.Operations[i].Name)
	}
	owner, all := "the node", "; it has "+strings.Join(names, ", ")
	if r.Name != "" {
		owner = fmt.Sprintf("resource %q", r.Name)
	}
	switch {
	case strings.Join(names, "") == "":
		return nil, fmt.Errorf("%s has no operations, so it has no operation %q", owner, name)
	case name == "":
		return nil, fmt.Errorf("the name of an operation is missing: %s has %s", owner, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("%s has no operation %q%s", owner, name, proposal(name, names, all))
}

func unknownType(nodes []*Node, nodeType string) error {
	names := make([]string, 0, len(nodes))
	for _, node := range nodes {
		names = append(append(names, node.Type), node.Aliases...)
	}
	return fmt.Errorf("no node has the type %q%s", nodeType, proposal(nodeType, names, "; see: cordboard nodes list"))
}

// unknownOperation finds out which of the names is wrong.
func unknownOperation(nodes []*Node, nodeType string, version float64, resource, operation string) error {
	node, err := PickVersion(nodes, nodeType, version)
	if err != nil {
		return err
	}
	r, err := node.Resource(resource)
	if err != nil {
		return err
	}
	if _, err := r.Operation(operation); err != nil {
		return err
	}
	// A name that stands in the index twice over, or a set that does not agree with its index.
	return fmt.Errorf("node type %q has no page for resource %q, operation %q", nodeType, resource, operation)
}

// proposal is the nearest candidate as the end of a sentence, or the text for when none is near.
func proposal(name string, candidates []string, otherwise string) string {
	if near := Nearest(name, candidates); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return otherwise
}

func versionText(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
