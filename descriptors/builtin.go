package descriptors

import (
	"encoding/json"
	"sync"

	"github.com/tidwall/gjson"
)

// later are properties that are parsed when somebody asks for them: a program starts with a hundred descriptors and uses a few.
type later struct {
	raw  string
	once sync.Once
	list []Property
}

// ParseBuiltIn reads the descriptor of a node of the program itself. Its properties are parsed when they are asked for (AllProperties);
// a mistake in them is one in the program, which its tests find.
func ParseBuiltIn(text []byte) (*Node, error) {
	properties := gjson.GetBytes(text, "properties")
	if properties.Index == 0 {
		n := &Node{}
		return n, json.Unmarshal(text, n)
	}
	head := append(append([]byte{}, text[:properties.Index]...), "null"...)
	n := &Node{later: &later{raw: properties.Raw}}
	return n, json.Unmarshal(append(head, text[properties.Index+len(properties.Raw):]...), n)
}

// AllProperties are the node's properties, parsed by now.
func (n *Node) AllProperties() []Property {
	if n.later == nil {
		return n.Properties
	}
	n.later.once.Do(func() {
		if err := json.Unmarshal([]byte(n.later.raw), &n.later.list); err != nil {
			panic(err)
		}
	})
	return n.later.list
}

// Whole is the node with its properties in place, to be written.
func (n *Node) Whole() *Node {
	whole := *n
	whole.Properties, whole.later = n.AllProperties(), nil
	return &whole
}
