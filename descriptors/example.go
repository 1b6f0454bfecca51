package descriptors

import (
	"encoding/json"
	"fmt"
)

// Example returns a workflow file that executes one operation of a node: a Manual Trigger and the node, with values that
// pass the operation's schema. Version 0 is the newest.
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
	step := object{
		{"parameters", json.RawMessage(snippet(op, newShapes(set, op.Schema)))},
		{"name", op.Name},
		{"type", node.Type},
		{"typeVersion", version},
		{"position", []int{220, 0}},
	}
	if len(node.Credentials) > 0 {
		step.set("credentials", object{{node.Credentials[0].Type, object{{"name", node.DisplayName}}}})
	}
	const start = "Manual Trigger" // some operations are called Start
	return object{
		{"name", op.Resource + ": " + op.Name},
		{"nodes", []any{
			object{{"parameters", object{}}, {"name", start}, {"type", "n8n-nodes-base.manualTrigger"}, {"typeVersion", 1}, {"position", []int{0, 0}}},
			step,
		}},
		{"connections", object{{start, object{{"main", [][]any{{object{{"node", op.Name}, {"type", "main"}, {"index", 0}}}}}}}}},
		{"settings", object{{"executionOrder", "v1"}}},
	}.text(), nil
}
