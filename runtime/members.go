package runtime

import (
	"strconv"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// memberCheck looks for members of JSON values that the operation's schema does not know. They are sent, since an API may
// be newer than its descriptor, but a misspelt one should not pass without a word.
type memberCheck struct {
	mu     sync.Mutex // of known
	schema gjson.Result
	load   func(address string) ([]byte, error)
	known  map[string]gjson.Result // schemas by address
}

// unknown calls report with the property and the JSON pointer of each unknown member inside the body's values.
func (m *memberCheck) unknown(op *descriptors.Operation, params string, report func(property, pointer, hint string)) {
	values := gjson.Parse(params)
	for _, p := range op.Properties {
		if v := values.Get(gjson.Escape(p.Name)); p.In == "body" && (v.IsObject() || v.IsArray()) {
			members := map[string]gjson.Result{}
			m.collect(m.schema, members, 0)
			m.walk(members[p.Name], v, "", func(pointer, hint string) { report(p.Name, pointer, hint) })
		}
	}
}

func (m *memberCheck) walk(schema, value gjson.Result, pointer string, report func(pointer, hint string)) {
	if value.IsArray() {
		items := m.items(schema, 0)
		for i, el := range value.Array() {
			m.walk(items, el, pointer+"/"+strconv.Itoa(i), report)
		}
		return
	}
	if !value.IsObject() {
		return
	}
	members := map[string]gjson.Result{}
	m.collect(schema, members, 0)
	if len(members) == 0 { // an open object
		return
	}
	value.ForEach(func(key, v gjson.Result) bool {
		if s, ok := members[key.Str]; ok {
			m.walk(s, v, pointer+"/"+key.Str, report)
			return true
		}
		names := make([]string, 0, len(members))
		for name := range members {
			names = append(names, name)
		}
		report(pointer+"/"+key.Str, nearest(key.Str, names))
		return true
	})
}

// maxSchemaDepth bounds how far references are followed for one level of a value.
const maxSchemaDepth = 16

// parts calls visit with the schema and all that it is made of.
func (m *memberCheck) parts(schema gjson.Result, depth int, visit func(gjson.Result)) {
	if !schema.IsObject() || depth > maxSchemaDepth {
		return
	}
	visit(schema)
	if ref := schema.Get(`\$ref`).String(); ref != "" {
		m.parts(m.resolve(ref), depth+1, visit)
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		for _, part := range schema.Get(key).Array() {
			m.parts(part, depth+1, visit)
		}
	}
}

func (m *memberCheck) collect(schema gjson.Result, members map[string]gjson.Result, depth int) {
	m.parts(schema, depth, func(s gjson.Result) {
		each(s.Get("properties"), func(key, v gjson.Result) bool {
			members[key.Str] = v
			return true
		})
	})
}

func (m *memberCheck) items(schema gjson.Result, depth int) (found gjson.Result) {
	m.parts(schema, depth, func(s gjson.Result) {
		if items := s.Get("items"); items.Exists() {
			found = items
		}
	})
	return found
}

func (m *memberCheck) resolve(address string) gjson.Result {
	s, ok := m.known[address]
	if !ok {
		if raw, err := m.load(address); err == nil {
			s = gjson.ParseBytes(raw)
		}
		m.known[address] = s
	}
	return s
}

// warnUnknown logs the unknown members of the first item of a step: what is misspelt is misspelt in all of them.
func (c *stepCall) warnUnknown(checked []nodes.CheckedParams) {
	check := c.step.check
	if check.constant != nil || len(checked) == 0 || checked[0].Err != nil {
		return
	}
	check.members.mu.Lock()
	defer check.members.mu.Unlock()
	check.members.unknown(check.op, checked[0].JSON, func(property, pointer, hint string) {
		c.x.engine.opts.Log.Warn("the API's schema does not know this member; it is sent all the same"+hint,
			"node", c.step.node.Name, "parameter", property+pointer)
	})
}
