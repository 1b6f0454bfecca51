package core

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// merging says how two values with the same key become one.
type merging struct {
	shallow   bool // the later value replaces the earlier one as a whole; else objects and lists go into one another
	keepEmpty bool // a later null or empty text does not replace an earlier value
}

// field is a member of an object in wire form.
type field struct{ name, key, value string }

func fieldsOf(object string) []field {
	var list []field
	for c := members(object); ; {
		key, value, ok := c.next()
		if !ok {
			return list
		}
		name := key[1 : len(key)-1]
		if c.escaped && strings.IndexByte(name, '\\') >= 0 {
			name = gjson.Parse(key).Str
		}
		list = append(list, field{name, key, value})
	}
}

// manyFields is from how many members on a map finds them faster than a look at each.
const manyFields = 16

// objects merges b into a: the keys of a keep their places, new ones follow.
func (m merging) objects(a, b string) string {
	if len(b) <= 2 {
		return a
	}
	if len(a) <= 2 {
		return b
	}
	list, later := fieldsOf(a), fieldsOf(b)
	find := func(name string) int {
		for i := range list {
			if list[i].name == name {
				return i
			}
		}
		return -1
	}
	if len(list)+len(later) > manyFields {
		at := make(map[string]int, len(list))
		for i, f := range list {
			at[f.name] = i
		}
		find = func(name string) int {
			if i, ok := at[name]; ok {
				return i
			}
			return -1
		}
	}
	ordered := true // keys that are indices come first; only later ones may be out of place
	for _, f := range later {
		if i := find(f.name); i >= 0 {
			list[i].value = m.values(list[i].value, f.value)
			continue
		}
		ordered = ordered && !isIndex(f.name)
		list = append(list, f)
	}
	return writeFields(list, ordered, len(a)+len(b))
}

func writeFields(list []field, ordered bool, size int) string {
	dst := append(make([]byte, 0, size), '{')
	for i, f := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, f.key...), ':'), f.value...)
	}
	text := string(append(dst, '}'))
	if !ordered {
		if normal, err := nodes.Normalize(text); err == nil {
			return normal
		}
	}
	return text
}

// values merges b into a, which is there.
func (m merging) values(a, b string) string {
	switch {
	case m.keepEmpty && (b == "null" || b == `""`):
		return a
	case m.shallow || b[0] != '{' && b[0] != '[' || a[0] != '{' && a[0] != '[':
		return b
	case b[0] == '[' && a[0] == '[':
		return m.lists(a, gjson.Parse(b).Array())
	case b[0] == '[':
		return b
	case a[0] == '{':
		return m.objects(a, b)
	}
	// An object goes into a list by its indices; other keys do not show in JSON.
	for _, f := range fieldsOf(b) {
		if i, err := strconv.Atoi(f.name); err == nil && isIndex(f.name) && i <= maxHoles {
			elements := gjson.Parse(a).Array()
			if i < len(elements) {
				f.value = m.values(elements[i].Raw, f.value)
			}
			a = string(appendAssigned(nil, a, []string{f.name}, f.value))
		}
	}
	return a
}

func (m merging) lists(a string, later []gjson.Result) string {
	dst := []byte{'['}
	list := gjson.Parse(a).Array()
	for i := range max(len(list), len(later)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case i >= len(list):
			dst = append(dst, later[i].Raw...)
		case i >= len(later):
			dst = append(dst, list[i].Raw...)
		default:
			dst = append(dst, m.values(list[i].Raw, later[i].Raw)...)
		}
	}
	return string(append(dst, ']'))
}

// suffixed returns the object with "_n" behind every key.
func suffixed(object string, n int) string {
	list := fieldsOf(object)
	for i := range list {
		list[i].key = string(nodes.AppendString(nil, list[i].name+"_"+strconv.Itoa(n)))
	}
	return writeFields(list, true, len(object)+4*len(list))
}
