package runtime

import (
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// settle turns a node's answer into the outputs of a step: failed items to the error output, then lineage where there is
// none, alwaysOutputData. arrived are the inputs before executeOnce.
func settle(s *step, outputs, inputs, arrived []nodes.Items) []nodes.Items {
	for len(outputs) < s.outputs() {
		outputs = append(outputs, nodes.Items{})
	}
	if s.node.OnError == nodes.ContinueErrorOutput {
		outputs = routeErrors(outputs, s.outputs(), inputs)
	}
	outputs = linkItems(outputs, inputs)
	if s.node.AlwaysOutputData && outputs[0].Len() == 0 {
		outputs[0] = nodes.ItemsOf(emptyItem(arrived))
	}
	return outputs
}

// emptyItem is the item of alwaysOutputData: it descends from all items that came in.
func emptyItem(inputs []nodes.Items) nodes.Item {
	var parents []nodes.Parent
	for input, items := range inputs {
		for i := range items.Len() {
			parents = append(parents, nodes.From(i, input))
		}
	}
	return nodes.NewItem("{}").WithParents(parents...)
}

// routeErrors moves failed items to the output after the regular ones. As in n8n, an item that looks like an error, with
// "error" as its only key, counts as one. It carries its input item's JSON with the error added, if its lineage is known.
func routeErrors(outputs []nodes.Items, regular int, inputs []nodes.Items) []nodes.Items {
	var failed nodes.ItemsBuilder
	routed := make([]nodes.Items, regular+1)
	for o, out := range outputs[:regular] {
		var ok nodes.ItemsBuilder
		ok.Grow(out.Len())
		for _, it := range out.All() {
			if message, isError := errorOf(it); isError {
				failed.Add(withInput(it, message, inputs))
			} else {
				ok.Add(it)
			}
		}
		routed[o] = ok.Items()
	}
	routed[regular] = failed.Items()
	if len(outputs) > regular+1 { // what a node puts where it has no output stays there
		routed = append(routed, outputs[regular+1:]...)
	}
	return routed
}

func errorOf(it nodes.Item) (message gjson.Result, isError bool) {
	if it.Err() != nil {
		return it.Get("error"), true
	}
	message = it.Get("error")
	if !nodes.ResultValue(message).Truthy() {
		return message, false
	}
	keys := 0
	gjson.Parse(it.JSON()).ForEach(func(_, _ gjson.Result) bool {
		keys++
		return keys < 3
	})
	return message, keys == 1 || (keys == 2 && it.Get("message").Exists())
}

func withInput(it nodes.Item, message gjson.Result, inputs []nodes.Items) nodes.Item {
	for p := range it.Parents() {
		if p.Input() >= len(inputs) || p.Item() >= inputs[p.Input()].Len() {
			break
		}
		var b nodes.ObjectBuilder
		placed := false
		gjson.Parse(inputs[p.Input()].At(p.Item()).JSON()).ForEach(func(key, value gjson.Result) bool {
			if key.Str == "error" { // it keeps its place
				value, placed = message, true
			}
			b.Raw(key.Str, value.Raw)
			return true
		})
		if !placed {
			b.Raw("error", message.Raw)
		}
		return it.WithJSON(b.String())
	}
	return it
}
