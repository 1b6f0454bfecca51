package request

import (
	"context"
	"fmt"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// node is a node of a descriptor set: all that it does is in its descriptor.
type node struct {
	set        descriptors.Set
	descriptor *descriptors.Node
	executor   *Executor
}

var _ nodes.Checked = (*node)(nil)

// Types returns the nodes of a descriptor set, all served by one executor.
func Types(set descriptors.Set, x *Executor, origin string) ([]nodes.Type, error) {
	list, err := set.Nodes()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", origin, err)
	}
	types := make([]nodes.Type, len(list))
	for i, d := range list {
		types[i] = nodes.Type{Descriptor: d, Node: &node{set, d, x}, Origin: origin}
	}
	return types, nil
}

// Execute is nodes.Node's.
func (n *node) Execute(ctx context.Context, call *nodes.Call) error {
	return n.executor.Execute(ctx, n.descriptor, call)
}

// Operation is nodes.Checked's.
func (n *node) Operation(_ context.Context, version float64, resource, operation string) (*descriptors.Operation, error) {
	return n.set.Operation(n.descriptor.Type, version, resource, operation)
}

// Schema is nodes.Checked's.
func (n *node) Schema(_ context.Context, address string) ([]byte, error) {
	return n.set.Schema(address)
}

// Hash changes when the set's descriptors do, where the set can tell.
func (n *node) Hash() string {
	if h, ok := n.set.(interface{ Hash() string }); ok {
		return h.Hash()
	}
	return ""
}
