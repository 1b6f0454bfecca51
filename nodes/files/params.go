package files

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// params reads a node's parameters for one item. The first error stays; what is read after it is the default.
type params struct {
	call *nodes.Call
	item int
	err  error
}

// at is the parameter at a path: its name, then those of members.
func (p *params) at(path ...string) nodes.Param {
	param := p.call.Param(path[0])
	for _, name := range path[1:] {
		param = param.Get(name)
	}
	return param
}

func (p *params) text(def string, path ...string) string {
	if p.err != nil {
		return def
	}
	v, err := p.at(path...).String(p.item, def)
	p.err = err
	return v
}

func (p *params) bool(def bool, path ...string) bool {
	if p.err != nil {
		return def
	}
	v, err := p.at(path...).Bool(p.item, def)
	p.err = err
	return v
}

func (p *params) int(def int, path ...string) int {
	if p.err != nil {
		return def
	}
	v, err := p.at(path...).Number(p.item, float64(def))
	p.err = err
	return int(min(max(v, -1<<31), 1<<31-1))
}

// required is text that may not be empty.
func (p *params) required(def string, path ...string) string {
	v := p.text(def, path...)
	if v == "" && p.err == nil {
		p.err = nodes.Errorf("must not be empty").At(p.item).WithParam(strings.Join(path, "."), "")
	}
	return v
}

// option is one of the values allowed.
func (p *params) option(def string, path []string, allowed ...string) string {
	if p.err != nil {
		return def
	}
	v, err := p.at(path...).Option(p.item, def, allowed...)
	p.err = err
	return v
}

// pattern is a regular expression that is compiled when it is first used: a program that reads no files does not pay for it.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// pathOf splits a path as lodash does: "a.b[0]" is a, b, 0.
func pathOf(s string) []string {
	return strings.Split(strings.Trim(strings.NewReplacer("[", ".", "]", "", `"`, "", `'`, "").Replace(s), "."), ".")
}

// lookup returns the value at a path, or under the whole path as a key.
func lookup(json, path string) gjson.Result {
	if r := gjson.Get(json, gjson.Escape(path)); r.Exists() {
		return r
	}
	r := gjson.Parse(json)
	for _, key := range pathOf(path) {
		if !r.IsObject() && !r.IsArray() {
			return gjson.Result{}
		}
		r = r.Get(gjson.Escape(key))
	}
	return r
}

// setPath returns the JSON object with a value at a path, making the objects and lists that are missing on the way.
func setPath(json string, path []string, value string) string {
	if len(path) == 0 {
		return value
	}
	r := gjson.Parse(json)
	index := arrayIndex(path[0])
	if r.IsArray() && index >= 0 && index < 1<<16 {
		return setElement(r.Array(), int(index), path[1:], value)
	}
	var b nodes.ObjectBuilder
	found := false
	if r.IsObject() {
		r.ForEach(func(key, v gjson.Result) bool {
			if key.Str == path[0] {
				found = true
				b.Raw(key.Str, setPath(v.Raw, path[1:], value))
			} else {
				b.Raw(key.Str, v.Raw)
			}
			return true
		})
	}
	if !found {
		b.Raw(path[0], setPath(emptyFor(path[1:]), path[1:], value))
	}
	out := b.String()
	if normal, err := nodes.Normalize(out); err == nil { // keys that are numbers come first
		return normal
	}
	return out
}

// emptyFor is what a path leads into: a list for a number, else an object.
func emptyFor(path []string) string {
	if len(path) > 0 && arrayIndex(path[0]) >= 0 {
		return "[]"
	}
	return "{}"
}

func setElement(list []gjson.Result, index int, path []string, value string) string {
	out := []byte{'['}
	for i := range max(len(list), index+1) {
		if i > 0 {
			out = append(out, ',')
		}
		raw := "null"
		if i < len(list) {
			raw = list[i].Raw
		}
		if i == index {
			if i >= len(list) {
				raw = emptyFor(path)
			}
			raw = setPath(raw, path, value)
		}
		out = append(out, raw...)
	}
	return string(append(out, ']'))
}

// unsetPath returns the JSON object without the member at a path.
func unsetPath(json string, path []string) string {
	r := gjson.Parse(json)
	switch {
	case r.IsArray():
		list := r.Array()
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(list) {
			return json
		}
		if len(path) == 1 {
			return setElement(list, i, nil, "null")
		}
		return setElement(list, i, nil, unsetPath(list[i].Raw, path[1:]))
	case !r.IsObject():
		return json
	}
	var b nodes.ObjectBuilder
	r.ForEach(func(key, v gjson.Result) bool {
		switch {
		case key.Str != path[0]:
			b.Raw(key.Str, v.Raw)
		case len(path) > 1:
			b.Raw(key.Str, unsetPath(v.Raw, path[1:]))
		}
		return true
	})
	return b.String()
}
