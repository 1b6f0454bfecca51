// Package markup is the nodes for HTML, XML and Markdown: HTML, the older HTML Extract, XML and Markdown. It owns what these
// dialects become as items and what items become as text; where n8n's answers come from the quirks of a JavaScript library,
// docs/decisions/0012-markup.md says which of them are met. What the nodes do is held to cases recorded from n8n (testdata).
package markup

import (
	"context"

	descriptors "github.com/cordboard/cordboard/descriptors/core"
	"github.com/cordboard/cordboard/nodes"
)

// Nodes returns the nodes of this package.
func Nodes() []nodes.Type {
	node := func(name string, n nodes.Node) nodes.Type {
		return nodes.Type{Descriptor: descriptors.Node(name), Node: n, Origin: "built in"}
	}
	return []nodes.Type{
		node("html", htmlNode{}), node("htmlExtract", htmlExtract{}), node("markdown", markdown{}), node("xml", xmlNode{}),
	}
}

// each calls f for every item, and Fail for those that it fails for.
func each(ctx context.Context, call *nodes.Call, f func(i int, it nodes.Item) error) error {
	for i, it := range call.Input(0).All() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := f(i, it); err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// goesOn reports whether a failed item does not stop the node.
func goesOn(call *nodes.Call) bool {
	return call.OnError == nodes.ContinueRegularOutput || call.OnError == nodes.ContinueErrorOutput
}
