package descriptors

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Example returns a workflow file that executes a node: a Manual Trigger and the node. Of one with resources (Choices) it is an operation,
// with values that pass its schema; of any other resource and operation are empty. Version 0 is the newest.
func Example(set Set, nodeType string, version float64, resource, operation string) ([]byte, error) {
	nodes, err := set.Nodes()
	if err != nil {
		return nil, err
	}
	node, newest, err := Newest(nodes, nodeType)
	if version == 0 {
		version = newest
	} else {
		node, err = PickVersion(nodes, nodeType, version)
	}
	if err != nil {
		return nil, err
	}
	if len(node.Resources) == 0 {
		return node.example(version, resource, operation)
	}
	r, err := node.Resource(resource)
	if err != nil {
		return nil, err
	}
	if _, err := r.Operation(operation); err != nil {
		return nil, err
	}
	op, err := set.Operation(node.Type, version, resource, operation)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", resource, operation, err)
	}
	text, err := ExampleWith(node, version, op.Name, json.RawMessage(snippet(op, newShapes(set, op.Schema))))
	return bytes.Replace(text, []byte(`"name": `+quoted(op.Name)), []byte(`"name": `+quoted(op.Resource+": "+op.Name)), 1), err
}

// example is that of a node without pages. Where no operation is named it is the one that the editor begins with.
func (n *Node) example(version float64, resource, operation string) ([]byte, error) {
	list := n.Choices(version)
	switch {
	case list == nil && resource == "" && operation == "":
		return ExampleWith(n, version, n.DisplayName, n.parameters(version))
	case list == nil:
		_, err := n.Resource(resource)
		return nil, err
	case resource == "" && operation == "":
		resource, operation = n.firstChoice(version)
	}
	resource, operation = oneName(list, resource, operation)
	c, err := n.choice(version, resource, operation)
	if err != nil {
		return nil, err
	}
	return exampleWith(n, version, c.title(), c.parameters(), c.credential())
}

// ExampleWith returns a workflow file with a Manual Trigger and a node of this name with these parameters, which are JSON or
// are made into it.
func ExampleWith(node *Node, version float64, name string, parameters any) ([]byte, error) {
	credential := ""
	if len(node.Credentials) > 0 && node.Credentials[0].Required {
		credential = node.Credentials[0].Type
	}
	return exampleWith(node, version, name, parameters, credential)
}

func exampleWith(node *Node, version float64, name string, parameters any, credential string) ([]byte, error) {
	if node.Trigger {
		return nil, fmt.Errorf("the node %s starts workflows: cordboard nodes show %s shows how it stands in one", node.DisplayName, node.Type)
	}
	step := object{
		{"parameters", parameters},
		{"name", name},
		{"type", node.Type},
		{"typeVersion", version},
		{"position", []int{220, 0}},
	}
	if credential != "" {
		step.set("credentials", object{{credential, object{{"name", node.DisplayName}}}})
	}
	const start = "Manual Trigger" // some operations are called Start
	return object{
		{"name", name},
		{"nodes", []any{
			object{{"parameters", object{}}, {"name", start}, {"type", "n8n-nodes-base.manualTrigger"}, {"typeVersion", 1}, {"position", []int{0, 0}}},
			step,
		}},
		{"connections", object{{start, object{{"main", [][]any{{object{{"node", name}, {"type", "main"}, {"index", 0}}}}}}}}},
		{"settings", object{{"executionOrder", "v1"}}},
	}.text(), nil
}

func quoted(text string) string {
	b, _ := json.Marshal(text) // a text always can be
	return string(b)
}
