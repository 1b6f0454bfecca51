package runtime

import "github.com/cordboard/cordboard/nodes"

// linkItems gives lineage to the items that have none, by n8n's automatic rule: with one input item all come from it,
// with one output of as many items as came in they go by index, else their lineage is unknown.
func linkItems(outputs, inputs []nodes.Items) []nodes.Items {
	if len(inputs) != 1 {
		return outputs
	}
	n := inputs[0].Len()
	if n != 1 && (len(outputs) != 1 || outputs[0].Len() != n) {
		return outputs
	}
	return linkByIndex(outputs, n)
}

// linkByIndex gives each item without lineage the input item of its own index as its parent; where n is 1, item 0.
func linkByIndex(outputs []nodes.Items, n int) []nodes.Items {
	for o, out := range outputs {
		if out.HaveLineage() {
			continue
		}
		outputs[o] = out.WithLineage(func(i int, it nodes.Item) nodes.Item {
			if it.HasLineage() {
				return it
			}
			return it.WithParents(nodes.From(min(i, n-1), 0))
		})
	}
	return outputs
}

func withoutLineage(items nodes.Items) nodes.Items {
	return items.WithLineage(func(_ int, it nodes.Item) nodes.Item { return it.WithParents() })
}
