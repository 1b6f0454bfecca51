package expression

import (
	"fmt"

	"github.com/cordboard/cordboard/nodes"
)

// The functions below make the errors that n8n itself raises inside an expression. Unlike JavaScript's errors,
// which make the {{ }} undefined, these fail the item. The wording is n8n's, as workflow files and people know it.

func failure(description, format string, args ...any) *nodes.Error {
	e := nodes.Errorf(format, args...)
	e.Kind, e.Description = nodes.ExpressionError, description
	return e
}

// NoNode is the error of a reference to a node that the workflow does not have.
func NoNode(name string) *nodes.Error {
	return failure(fmt.Sprintf("The workflow has no node named %q.", name), "Referenced node doesn't exist")
}

// NotExecuted is the error of a reference to a node that has no run data.
func NotExecuted(name string) *nodes.Error {
	e := failure("An expression references this node, but the node is unexecuted.", "Node '%s' hasn't been executed", name)
	e.Hint = fmt.Sprintf("Rewire the nodes, or ask first: {{ $if($(%q).isExecuted, <if it ran>, \"\") }}", name)
	return e
}

// NoBranch is the error of asking a node for an output that it does not have.
func NoBranch(name string, output int) *nodes.Error {
	return failure("", "Node %q has no branch with index %d.", name, output)
}

// NoRun is the error of asking a node for a run that it did not have.
func NoRun(name string, run int) *nodes.Error {
	return failure("", "Run %d of node %q not found", run, name)
}

// NoPath is the error of .item of a node that is not upstream of the node at hand.
func NoPath(name string) *nodes.Error {
	return failure(fmt.Sprintf("There is no path back to the referenced node %q.", name), "Invalid expression")
}

// NotConnected is the error of $node["name"] where no way leads from the node to the one at hand.
func NotConnected(name, here string) *nodes.Error {
	return failure(fmt.Sprintf("No way leads from node %q to %q.", name, here), "connect %q to %q", here, name)
}

// NoItem is the error of $node["name"] where the node has no item of the index of the item at hand.
func NoItem(name string, count, index int) *nodes.Error {
	e := failure(fmt.Sprintf("$node[%q] is the item with the same index as the item at hand.", name), "%q node has %d item(s) but you're trying to access item %d", name, count, index)
	e.Hint = fmt.Sprintf("Use $(%q).item, which goes by lineage, or .first().", name)
	return e
}

// MultipleMatches is the error of .item where several items of the node lead to the item at hand.
func MultipleMatches(name string) *nodes.Error {
	e := failure(fmt.Sprintf("The item descends from several items of node %q, so .item is ambiguous.", name), "Multiple matches found")
	e.Hint = "Use .first(), .last() or .all()[index] instead of .item."
	return e
}

// LineageMissing is the error of .item where node via, between the two, gave an item without lineage.
func LineageMissing(name, via string) *nodes.Error {
	return failure(fmt.Sprintf("Node %q did not say from which input items its items come, so the way back to %q is lost.", via, name),
		"Paired item data for item from node '%s' is unavailable. Ensure '%s' is providing the required output.", via, via)
}

// LineagePinned is the error of .item where node via, between the two, gave pinned items.
func LineagePinned(name, via string) *nodes.Error {
	return failure(fmt.Sprintf("The pinned items of node %q do not say from which input items they come, so the way back to %q is lost.", via, name),
		"Using the item method doesn't work with pinned data in this scenario. Please unpin '%s' and try again.", via)
}

// LineageBroken is the error of .item and .itemMatching(i) where there is no item i to go back from.
func LineageBroken(name, self string) *nodes.Error {
	return failure(fmt.Sprintf("Some intermediate nodes between %q and %q have not executed yet, or there is no such item.", name, self),
		"Can’t get data for expression")
}

// EnvDenied is the error of reading $env where that is not allowed.
func EnvDenied() *nodes.Error {
	e := failure("", "access to env vars denied")
	e.Hint = "The environment is hidden from expressions by default; allow it with N8N_BLOCK_ENV_ACCESS_IN_NODE=false."
	return e
}

// NotYet is the error of a part of the language that Cordboard lacks.
func NotYet(what string) *nodes.Error {
	return failure("", "%s is not available yet", what)
}

func constructorInText() *nodes.Error {
	return failure("Constructor override attempt is not allowed due to security concerns", "Expression contains invalid constructor function call")
}

func unsafeProperty(name string) *nodes.Error {
	return failure("", "Cannot access %q due to security concerns", name)
}

func onNil(method string, isNull bool) *nodes.Error {
	kind := "undefined"
	if isNull {
		kind = "null"
	}
	return failure(fmt.Sprintf("To ignore this error, add a ? to the variable before this function, e.g. my_var?.%s", method),
		"%s can't be used on %s value", method, kind)
}

func onlyOn(method, types string) *nodes.Error {
	return failure("", "%s() is only callable on %s", method, types)
}
