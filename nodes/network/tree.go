package network

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// jsonTree is an object under construction whose names lead inside: a.b and a[0] (lodash's set).
type jsonTree struct {
	value   nodes.Value // of a leaf
	names   []string
	members map[string]*jsonTree
	isList  bool
}

// wayOf splits a.b[0]["c d"] as lodash does: a dot or a pair of brackets before another or at the end stands for an empty name.
func wayOf(name string) []string {
	var way []string
	if strings.HasPrefix(name, ".") {
		way = append(way, "")
	}
	for i := 0; i < len(name); {
		if m := inBrackets.FindStringSubmatch(name[i:]); m != nil {
			way = append(way, m[1]+m[2]+m[3])
			i += len(m[0])
			continue
		}
		if size := joint(name[i:]); size > 0 {
			if after := name[i+size:]; after == "" || joint(after) > 0 {
				way = append(way, "")
			}
			i += size
			continue
		}
		end := i + strings.IndexAny(name[i:]+".", ".[]")
		if end == i { // a bracket that stands alone
			i++
			continue
		}
		way = append(way, name[i:end])
		i = end
	}
	if len(way) == 0 {
		return []string{name}
	}
	return way
}

var inBrackets = regexp.MustCompile(`^\[(?:(-?\d+(?:\.\d+)?)|"([^"]*)"|'([^']*)')\]`)

// joint is the length of the dot or the empty brackets at the start of a text, 0 if there is neither.
func joint(text string) int {
	switch {
	case strings.HasPrefix(text, "."):
		return 1
	case strings.HasPrefix(text, "[]"):
		return 2
	}
	return 0
}

// maxIndex bounds a list that a name makes.
const maxIndex = 10_000

func (t *jsonTree) set(name string, v nodes.Value) {
	if v.Kind() == nodes.Undefined {
		return
	}
	at := t
	way := wayOf(name)
	if slices.Contains(way, "__proto__") { // lodash does not set it either
		return
	}
	for i, key := range way {
		if at.members == nil {
			at.members = map[string]*jsonTree{}
			at.value = nodes.Value{}
		}
		next := at.members[key]
		if next == nil {
			next = &jsonTree{}
			if i+1 < len(way) {
				_, err := strconv.ParseUint(way[i+1], 10, 16)
				next.isList = err == nil
			}
			at.members[key] = next
			at.names = append(at.names, key)
		}
		at = next
	}
	*at = jsonTree{value: v}
}

func (t *jsonTree) json() string {
	if t.members == nil && t.value.Kind() != nodes.Undefined {
		return t.value.JSON()
	}
	if t.isList {
		return t.list()
	}
	var b nodes.ObjectBuilder
	for _, name := range t.names {
		b.Raw(name, t.members[name].json())
	}
	return b.String()
}

func (t *jsonTree) list() string {
	var parts []string
	for _, name := range t.names {
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i > maxIndex {
			continue
		}
		for len(parts) <= i {
			parts = append(parts, "null")
		}
		parts[i] = t.members[name].json()
	}
	return "[" + strings.Join(parts, ",") + "]"
}
