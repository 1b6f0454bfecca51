package openapi

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pb33f/go-yaml"
)

// inspect refuses what the library does not come to an end with, and what it reads as another number.
func inspect(text []byte) error {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return err
	}
	i := inspection{root: &root}
	return i.node(&root, nil)
}

type inspection struct{ root *yaml.Node }

// limits are keywords whose values are numbers.
var limits = []string{"maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf"}

func (i inspection) node(n *yaml.Node, within []*yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		if slices.Contains(within, n.Alias) {
			return fmt.Errorf("line %d: the anchor %q holds itself", n.Line, n.Value)
		}
		return nil
	}
	if len(within) > maxDepth {
		return fmt.Errorf("line %d: it is nested more than %d deep", n.Line, maxDepth)
	}
	if n.Kind == yaml.MappingNode {
		for k := 0; k+1 < len(n.Content); k += 2 {
			key, value := n.Content[k].Value, n.Content[k+1]
			if key == "$ref" && value.Kind == yaml.ScalarNode {
				if err := i.ends(value); err != nil {
					return err
				}
			}
			if value.Tag != "!!float" || !slices.Contains(limits, key) {
				continue
			}
			if _, ok := decoded(value); !ok {
				return fmt.Errorf("line %d: %s must be a number, and is %s", value.Line, key, value.Value)
			}
		}
	}
	within = append(within, n)
	for _, one := range n.Content {
		if err := i.node(one, within); err != nil {
			return err
		}
	}
	return nil
}

// ends reports a reference that leads to a reference, and so on, back to where it came from.
func (i inspection) ends(ref *yaml.Node) error {
	seen := []string{}
	for at := ref.Value; ; {
		if slices.Contains(seen, at) {
			return fmt.Errorf("line %d: the reference %q leads back to itself", ref.Line, ref.Value)
		}
		seen = append(seen, at)
		next := member(i.find(at), "$ref")
		if next == nil || next.Kind != yaml.ScalarNode {
			return nil
		}
		at = next.Value
	}
}

// find follows a reference within the document; nil if it leads nowhere.
func (i inspection) find(ref string) *yaml.Node {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok || len(i.root.Content) == 0 {
		return nil
	}
	n := i.root.Content[0]
	for part := range strings.SplitSeq(path, "/") {
		if unescaped, err := url.PathUnescape(part); err == nil {
			part = unescaped
		}
		n = member(n, strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
	}
	return n
}

// member is a mapping's value, or a sequence's element.
func member(n *yaml.Node, key string) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for k := 0; k+1 < len(n.Content); k += 2 {
			if n.Content[k].Value == key {
				return n.Content[k+1]
			}
		}
	case n.Kind == yaml.SequenceNode:
		if at, err := strconv.Atoi(key); err == nil && at >= 0 && at < len(n.Content) {
			return n.Content[at]
		}
	}
	return nil
}
