package core

import (
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cordboard/cordboard/nodes"
)

// Bounds of a query.
const (
	maxQuery   = 1000 // pairs
	queryDepth = 5
	queryList  = 20 // elements of a list; longer ones become objects
)

// queryValue is a part of a query: a text, a list or an object. A nil in a list is a hole.
type queryValue struct {
	kind byte // 't', 'l' or 'o'
	text string
	list []*queryValue
	keys []string
	of   map[string]*queryValue
}

func queryText(s string) *queryValue { return &queryValue{kind: 't', text: s} }

func queryObject() *queryValue { return &queryValue{kind: 'o', of: map[string]*queryValue{}} }

func (v *queryValue) set(key string, member *queryValue) {
	if _, ok := v.of[key]; !ok {
		v.keys = append(v.keys, key)
	}
	v.of[key] = member
}

// queryJSON writes a query as an object: a name that comes several times has a list, as has name[], and name[key] leads into
// an object (the rules of the package qs for JavaScript).
func queryJSON(query string) string {
	var names []string
	flat := map[string]*queryValue{}
	n := 0
	for pair := range strings.SplitSeq(query, "&") {
		if n++; n > maxQuery {
			break
		}
		pair = openBracket.ReplaceAllString(closeBracket.ReplaceAllString(pair, "]"), "[")
		at := strings.Index(pair, "]=") + 1
		if at == 0 {
			at = strings.IndexByte(pair, '=')
		}
		name, value := pair, ""
		if at >= 0 {
			name, value = pair[:at], pair[at+1:]
		}
		if name = unescapeComponent(name); name == "" {
			continue
		}
		one := queryText(unescapeComponent(value))
		switch old := flat[name]; {
		case old == nil:
			names, flat[name] = append(names, name), one
		case old.kind == 'l':
			old.list = append(old.list, one)
		default:
			flat[name] = &queryValue{kind: 'l', list: []*queryValue{old, one}}
		}
	}
	root := queryObject()
	for _, name := range names {
		root = mergeQuery(root, nested(queryWay(name), flat[name]))
	}
	return string(root.append(nil))
}

var (
	openBracket  = regexp.MustCompile(`(?i)%5B`)
	closeBracket = regexp.MustCompile(`(?i)%5D`)
)

// queryWay splits a[b][c]: "a", "[b]", "[c]". What is deeper than the bound, or not closed, stays one key.
func queryWay(name string) []string {
	open := strings.IndexByte(name, '[')
	if open < 0 {
		return []string{name}
	}
	var way []string
	if open > 0 {
		way = append(way, name[:open])
	}
	for depth := 0; open >= 0; depth++ {
		end := closing(name, open)
		if depth == queryDepth || end < 0 {
			return append(way, "["+name[open:]+"]")
		}
		way = append(way, name[open:end+1])
		next := strings.IndexByte(name[end:], '[')
		if next < 0 {
			break
		}
		open = end + next
	}
	return way
}

// closing is where the bracket that opens at a place is closed, -1 if it is not.
func closing(name string, open int) int {
	level := 0
	for i := open; i < len(name); i++ {
		switch name[i] {
		case '[':
			level++
		case ']':
			if level--; level == 0 {
				return i
			}
		}
	}
	return -1
}

// nested puts a value at the end of a way.
func nested(way []string, v *queryValue) *queryValue {
	for _, key := range slices.Backward(way) {
		if key == "[]" {
			if v.kind != 'l' {
				v = &queryValue{kind: 'l', list: []*queryValue{v}}
			}
			continue
		}
		plainKey := key
		if key[0] == '[' && key[len(key)-1] == ']' {
			plainKey = key[1 : len(key)-1]
		}
		if i, err := strconv.Atoi(plainKey); err == nil && plainKey != key && strconv.Itoa(i) == plainKey && i >= 0 && i < queryList {
			list := make([]*queryValue, i+1)
			list[i] = v
			v = &queryValue{kind: 'l', list: list}
			continue
		}
		o := queryObject()
		if plainKey != "__proto__" {
			o.set(plainKey, v)
		}
		v = o
	}
	return v
}

// mergeQuery adds a value to another, and may change both.
func mergeQuery(target, source *queryValue) *queryValue {
	switch {
	case source.kind == 't' && target.kind == 'l':
		target.list = append(target.list, source)
		return target
	case source.kind == 't' && target.kind == 'o':
		return &queryValue{kind: 'l', list: []*queryValue{target, source}}
	case target.kind == 't' && source.kind == 'l':
		return &queryValue{kind: 'l', list: append([]*queryValue{target}, source.list...)}
	case target.kind == 't':
		return &queryValue{kind: 'l', list: []*queryValue{target, source}}
	case target.kind == 'l' && source.kind == 'l':
		return mergeLists(target, source)
	}
	target, source = target.object(), source.object()
	for _, key := range source.keys {
		v := source.of[key]
		if old := target.of[key]; old != nil {
			v = mergeQuery(old, v)
		}
		target.set(key, v)
	}
	return target
}

func mergeLists(target, source *queryValue) *queryValue {
	for i, v := range source.list {
		switch {
		case v == nil:
		case i >= len(target.list) || target.list[i] == nil:
			for len(target.list) <= i {
				target.list = append(target.list, nil)
			}
			target.list[i] = v
		case target.list[i].kind != 't' && v.kind != 't':
			target.list[i] = mergeQuery(target.list[i], v)
		default:
			target.list = append(target.list, v)
		}
	}
	return target
}

// object is a list as an object by index.
func (v *queryValue) object() *queryValue {
	if v.kind != 'l' {
		return v
	}
	o := queryObject()
	for i, member := range v.list {
		if member != nil {
			o.set(strconv.Itoa(i), member)
		}
	}
	return o
}

// append writes JSON, lists without their holes.
func (v *queryValue) append(dst []byte) []byte {
	switch v.kind {
	case 't':
		return nodes.AppendString(dst, v.text)
	case 'l':
		if len(v.list) > queryList {
			return v.object().append(dst)
		}
		dst = append(dst, '[')
		first := true
		for _, member := range v.list {
			if member == nil {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = member.append(dst)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i, key := range v.keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(nodes.AppendString(dst, key), ':')
		dst = v.of[key].append(dst)
	}
	return append(dst, '}')
}

// unescapeComponent decodes a part of a query, or leaves it as it is where it is not UTF-8.
func unescapeComponent(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if text, err := url.PathUnescape(s); err == nil && utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// formJSON writes URL-encoded fields as an object. Other than in a query, brackets are a part of the name.
func formJSON(form string) string {
	var f fieldLists
	for name, value := range urlPairs(form) {
		f.add(name, string(nodes.AppendString(nil, value)))
	}
	var b nodes.ObjectBuilder
	f.write(&b)
	return b.String()
}

func urlPairs(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for pair := range strings.SplitSeq(text, "&") {
			name, value, _ := strings.Cut(pair, "=")
			if name != "" && !yield(unescapeQuery(name), unescapeQuery(value)) {
				return
			}
		}
	}
}

func unescapeQuery(s string) string {
	text, err := url.QueryUnescape(s)
	if err != nil {
		text = s
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
