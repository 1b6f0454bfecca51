package core

import (
	"regexp"
	"strconv"
	"strings"

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
		var found gjson.Result
		r.ForEach(func(k, v gjson.Result) bool {
			if k.Str == key {
				found = v
				return false
			}
			return true
		})
		return found
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
		if at = member(at, key); !at.Exists() {
			return at
		}
	}
	return at
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
// is made: an array before an index, else an object; what is neither is replaced.
func assign(json, name, value string, dots bool) (string, error) {
	keys := []string{name}
	if dots && isPath(name) && !member(gjson.Parse(json), name).Exists() {
		keys = splitPath(name)
	}
	for _, key := range keys {
		if n, err := strconv.Atoi(key); err == nil && n > maxHoles {
			return "", nodes.Errorf("the field %q has an index above %d", name, maxHoles)
		}
	}
	if keys[0] == "__proto__" { // JavaScript would change the prototype, which JSON does not show
		return json, nil
	}
	return string(appendAssigned(make([]byte, 0, len(json)+len(value)+len(name)+8), gjson.Parse(json), keys, value)), nil
}

func appendAssigned(dst []byte, r gjson.Result, keys []string, value string) []byte {
	if len(keys) == 0 {
		return append(dst, value...)
	}
	if r.IsArray() {
		return appendAssignedArray(dst, r, keys, value)
	}
	if !r.IsObject() && isIndex(keys[0]) {
		return appendAssignedArray(dst, gjson.Result{}, keys, value)
	}
	dst = append(dst, '{')
	start, done := len(dst), false
	r.ForEach(func(k, v gjson.Result) bool {
		if !r.IsObject() {
			return false
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(append(dst, k.Raw...), ':')
		if k.Str == keys[0] {
			dst, done = appendAssigned(dst, v, keys[1:], value), true
			return true
		}
		dst = append(dst, v.Raw...)
		return true
	})
	if !done {
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(nodes.AppendString(dst, keys[0]), ':')
		dst = appendAssigned(dst, gjson.Result{}, keys[1:], value)
	}
	return append(dst, '}')
}

// appendAssignedArray sets an element; holes are null. A key that is no index is lost, as in JavaScript's JSON.
func appendAssignedArray(dst []byte, r gjson.Result, keys []string, value string) []byte {
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
	for _, el := range r.Array() {
		if next(); i-1 == at {
			dst = appendAssigned(dst, el, keys[1:], value)
		} else {
			dst = append(dst, el.Raw...)
		}
	}
	for i < at {
		next()
		dst = append(dst, "null"...)
	}
	if i == at {
		next()
		dst = appendAssigned(dst, gjson.Result{}, keys[1:], value)
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
	return string(appendRemoved(make([]byte, 0, len(json)), root, keys))
}

func appendRemoved(dst []byte, r gjson.Result, keys []string) []byte {
	open, last := byte('{'), byte('}')
	if r.IsArray() {
		open, last = '[', ']'
	}
	dst = append(dst, open)
	start, i := len(dst), 0
	r.ForEach(func(k, v gjson.Result) bool {
		key := k.Str
		if r.IsArray() {
			key = strconv.Itoa(i)
			i++
		}
		hit := key == keys[0]
		if hit && len(keys) == 1 && r.IsObject() {
			return true
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		if r.IsObject() {
			dst = append(append(dst, k.Raw...), ':')
		}
		switch {
		case hit && len(keys) == 1:
			dst = append(dst, "null"...)
		case hit:
			dst = appendRemoved(dst, v, keys[1:])
		default:
			dst = append(dst, v.Raw...)
		}
		return true
	})
	return append(dst, last)
}
