package core

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// splitPath cuts a field's name into the keys of a way through objects and arrays, as n8n reads names:
//
//	a.b    a, b        a[0].b    a, 0, b    a["b.c"]  a, b.c
//	a..b   a, "", b    a.        a, ""      a[b]      a, b
func splitPath(name string) []string {
	var keys []string
	if name != "" && name[0] == '.' {
		keys = append(keys, "")
	}
	for i := 0; i < len(name); {
		switch name[i] {
		case '.':
			if endsKey(name[i+1:]) {
				keys = append(keys, "")
			}
			i++
		case '[':
			if key, n, ok := bracketKey(name[i:]); ok {
				keys, i = append(keys, key), i+n
				continue
			}
			if strings.HasPrefix(name[i:], "[]") && endsKey(name[i+2:]) {
				keys = append(keys, "")
			}
			i++
		case ']':
			i++
		default:
			n := strings.IndexAny(name[i:], ".[]")
			if n < 0 {
				n = len(name) - i
			}
			keys, i = append(keys, name[i:i+n]), i+n
		}
	}
	if len(keys) == 0 {
		return []string{name}
	}
	return keys
}

// endsKey reports whether an empty key ends before rest.
func endsKey(rest string) bool {
	return rest == "" || rest[0] == '.' || strings.HasPrefix(rest, "[]")
}

var (
	bracket  = regexp.MustCompile(`^\[(?:(-?\d+(?:\.\d+)?)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\]`)
	closed   = regexp.MustCompile(`\[(?:[^\[\]]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]`)
	unescape = regexp.MustCompile(`\\(\\)?`)
)

// bracketKey reads [1], ["key"] or ['key'] at the start of s and says how long it is.
func bracketKey(s string) (key string, n int, ok bool) {
	m := bracket.FindStringSubmatch(s)
	if m == nil {
		return "", 0, false
	}
	return m[1] + unescape.ReplaceAllString(m[2]+m[3], "$1"), len(m[0]), true
}

// isPath reports whether a name means more than one plain key: it has a dot, or a bracket that closes.
func isPath(name string) bool {
	return strings.Contains(name, ".") || strings.Contains(name, "[") && closed.MatchString(name)
}

// member returns the member of an object or array under this very key.
func member(r gjson.Result, key string) gjson.Result {
	switch {
	case r.IsObject():
		for c := members(r.Raw); ; {
			k, v, ok := c.next()
			if !ok || c.is(k, key) {
				return gjson.Parse(v)
			}
		}
	case r.IsArray() && isIndex(key):
		return r.Get(key)
	}
	return gjson.Result{}
}

// lookup finds the value that a field's name means in an item's JSON: the member of that very name, else, with dot
// notation, what lies at the end of the way.
func lookup(json, name string, dots bool) gjson.Result {
	root := gjson.Parse(json)
	found := member(root, name)
	if found.Exists() || !dots || !isPath(name) {
		return found
	}
	at := root
	for _, key := range splitPath(name) {
		if at = step(at, key); !at.Exists() {
			return at
		}
	}
	return at
}

// step is a member on the way of a field's name: beside members, the length of a list or a text and the characters of a text.
func step(r gjson.Result, key string) gjson.Result {
	isText := r.Type == gjson.String
	switch {
	case key == "length" && r.IsArray():
		return gjson.Parse(strconv.Itoa(len(r.Array())))
	case key == "length" && isText:
		return gjson.Parse(strconv.Itoa(utf16Length(r.Str)))
	case isText && isIndex(key):
		units := utf16.Encode([]rune(r.Str))
		if i, err := strconv.Atoi(key); err == nil && i < len(units) {
			return gjson.Parse(string(nodes.AppendString(nil, string(rune(units[i])))))
		}
		return gjson.Result{}
	}
	return member(r, key)
}

func utf16Length(s string) (n int) {
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// isIndex reports whether key is an array index as JavaScript writes it.
func isIndex(key string) bool {
	if key == "" || len(key) > 10 || (key[0] == '0' && len(key) > 1) {
		return false
	}
	for i := range len(key) {
		if key[i] < '0' || key[i] > '9' {
			return false
		}
	}
	n, err := strconv.ParseUint(key, 10, 64)
	return err == nil && n < 1<<32-1
}

// maxHoles bounds how far behind its end an array may be written to, so that a name like a[4000000000] fails instead of
// filling the memory.
const maxHoles = 100_000

// assign returns the JSON object with the field set, at the end of its way if it means one. What is missing on the way
// is made: an array before an index, else an object; what is neither is replaced. Keys that are indices may end up out of
// their place (nodes.Normalize puts them there).
func assign(json, name, value string, dots bool) (string, error) {
	var path []string
	if dots && isPath(name) {
		path = splitPath(name)
	}
	if err := checkPath(name, path); err != nil {
		return "", err
	}
	return assignPath(json, name, path, value), nil
}

// checkPath refuses ways that would make huge arrays.
func checkPath(name string, path []string) error {
	for _, key := range path {
		if n, err := strconv.Atoi(key); err == nil && n > maxHoles {
			return nodes.Errorf("the field %q has an index above %d", name, maxHoles)
		}
	}
	return nil
}

// assignPath is assign with the name already split; path is nil where the name is a plain key.
func assignPath(json, name string, path []string, value string) string {
	keys := path
	if keys == nil || member(gjson.Parse(json), name).Exists() {
		keys = []string{name}
	}
	if keys[0] == "__proto__" { // JavaScript would change the prototype, which JSON does not show
		return json
	}
	return string(appendAssigned(make([]byte, 0, len(json)+len(value)+len(name)+16), json, keys, value))
}

// appendAssigned writes a value with a member set. Text that is empty is a value that is not there.
func appendAssigned(dst []byte, old string, keys []string, value string) []byte {
	switch {
	case len(keys) == 0:
		return append(dst, value...)
	case old != "" && old[0] == '[', (old == "" || old[0] != '{') && isIndex(keys[0]):
		return appendAssignedArray(dst, old, keys, value)
	}
	dst = append(dst, '{')
	start, done := len(dst), false
	for c := members(old); ; {
		k, v, ok := c.next()
		if !ok {
			break
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(append(dst, k...), ':')
		if !done && c.is(k, keys[0]) {
			dst, done = appendAssigned(dst, v, keys[1:], value), true
		} else {
			dst = append(dst, v...)
		}
	}
	if !done {
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(nodes.AppendString(dst, keys[0]), ':')
		dst = appendAssigned(dst, "", keys[1:], value)
	}
	return append(dst, '}')
}

// appendAssignedArray sets an element; holes are null. A key that is no index is lost, as in JavaScript's JSON.
func appendAssignedArray(dst []byte, old string, keys []string, value string) []byte {
	at := -1
	if isIndex(keys[0]) {
		at, _ = strconv.Atoi(keys[0])
	}
	dst = append(dst, '[')
	i := 0
	next := func() {
		if i > 0 {
			dst = append(dst, ',')
		}
		i++
	}
	if old != "" && old[0] == '[' {
		gjson.Parse(old).ForEach(func(_, el gjson.Result) bool {
			if next(); i-1 == at {
				dst = appendAssigned(dst, el.Raw, keys[1:], value)
			} else {
				dst = append(dst, el.Raw...)
			}
			return true
		})
	}
	for i < at {
		next()
		dst = append(dst, "null"...)
	}
	if i == at {
		next()
		dst = appendAssigned(dst, "", keys[1:], value)
	}
	return append(dst, ']')
}

// remove returns the JSON object without the field. An array keeps its length: the element becomes null.
func remove(json, name string, dots bool) string {
	root := gjson.Parse(json)
	keys := []string{name}
	if dots && isPath(name) && !member(root, name).Exists() {
		keys = splitPath(name)
	}
	at := root
	for _, key := range keys {
		if at = member(at, key); !at.Exists() {
			return json
		}
	}
	return string(appendRemoved(make([]byte, 0, len(json)), json, keys))
}

// appendRemoved writes an object or array without the member at the end of keys, which is there.
func appendRemoved(dst []byte, old string, keys []string) []byte {
	if old[0] == '[' {
		return appendRemovedElement(dst, old, keys)
	}
	dst = append(dst, '{')
	start := len(dst)
	for c := members(old); ; {
		k, v, ok := c.next()
		if !ok {
			return append(dst, '}')
		}
		hit := c.is(k, keys[0])
		if hit && len(keys) == 1 {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(append(dst, k...), ':')
		if hit {
			dst = appendRemoved(dst, v, keys[1:])
		} else {
			dst = append(dst, v...)
		}
	}
}

func appendRemovedElement(dst []byte, old string, keys []string) []byte {
	dst = append(dst, '[')
	for i, el := range gjson.Parse(old).Array() {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case strconv.Itoa(i) != keys[0]:
			dst = append(dst, el.Raw...)
		case len(keys) == 1:
			dst = append(dst, "null"...)
		default:
			dst = appendRemoved(dst, el.Raw, keys[1:])
		}
	}
	return append(dst, ']')
}
