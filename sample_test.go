package cordboard_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/schemas"
)

// sampler makes parameters of an operation from its schema, one way of the four.
type sampler struct {
	set descriptors.Set
	way string
}

// awkward is text that must be doubled, quoted, escaped and percent-encoded on its way.
const awkward = `O'N & Sö/1`

// values are the parameters of an operation.
func (s *sampler) values(t *testing.T, page *descriptors.Operation) map[string]any {
	t.Helper()
	root := gjson.ParseBytes(page.Schema)
	out := map[string]any{}
	for _, p := range page.Properties {
		if p.In == "" || s.way == least && !p.Required {
			continue
		}
		schema := s.member(t, root, p.Name)
		switch {
		case p.In == "query" && s.way != null:
			out[p.Name] = s.query(p.Name)
		case p.In == "path":
			out[p.Name] = s.key(t, p, schema)
		case s.way == zero:
			if v, ok := s.zero(t, schema); ok {
				out[p.Name] = v
			}
		case s.way == null && s.nullable(t, schema):
			out[p.Name] = nil
		case s.way == null && p.Required, s.way == least, s.way == full:
			out[p.Name] = s.sample(t, schema, 0)
		}
	}
	return out
}

func (s *sampler) query(name string) any {
	if s.way == zero {
		return map[string]any{"$top": 0, "$skip": 0, "$count": false}[name]
	}
	return map[string]any{"$top": 7, "$skip": 1, "$count": true, "$search": "a&b", "$filter": "1 eq 1", "$orderby": "", "$select": "", "$expand": ""}[name]
}

// key is a value for the path; empty text and null are keys too, where the schema has them.
func (s *sampler) key(t *testing.T, p descriptors.Property, schema gjson.Result) any {
	t.Helper()
	switch {
	case s.way == null && s.nullable(t, schema):
		return nil
	case s.way == zero && !p.Required:
		v, _ := s.zero(t, schema)
		return v
	case p.Type == "string" && p.Format == "" && !schema.Get("enum").Exists():
		return awkward
	}
	return s.sample(t, schema, 0)
}

// follow resolves a reference.
func (s *sampler) follow(t *testing.T, schema gjson.Result) gjson.Result {
	t.Helper()
	for schema.Get(`$ref`).Exists() {
		base, fragment, _ := strings.Cut(schema.Get(`$ref`).Str, "#")
		raw, err := s.set.Schema(base)
		if err != nil {
			t.Fatal(err)
		}
		schema = gjson.ParseBytes(raw)
		for token := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
			if token != "" {
				schema = schema.Get(gjson.Escape(token))
			}
		}
	}
	return schema
}

// member finds the schema of a member of an object schema.
func (s *sampler) member(t *testing.T, schema gjson.Result, name string) gjson.Result {
	t.Helper()
	return s.members(t, schema)[name]
}

func (s *sampler) members(t *testing.T, schema gjson.Result) map[string]gjson.Result {
	t.Helper()
	out := map[string]gjson.Result{}
	schema = s.follow(t, schema)
	for _, part := range schema.Get("allOf").Array() {
		for name, member := range s.members(t, part) {
			out[name] = member
		}
	}
	schema.Get("properties").ForEach(func(name, member gjson.Result) bool {
		out[name.Str] = member
		return true
	})
	return out
}

func (s *sampler) types(t *testing.T, schema gjson.Result) []string {
	t.Helper()
	schema = s.follow(t, schema)
	var types []string
	if kind := schema.Get("type"); kind.IsArray() {
		for _, k := range kind.Array() {
			types = append(types, k.Str)
		}
	} else if kind.Exists() {
		types = append(types, kind.Str)
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		for _, part := range schema.Get(keyword).Array() {
			types = append(types, s.types(t, part)...)
		}
	}
	if slices.ContainsFunc(schema.Get("enum").Array(), func(v gjson.Result) bool { return v.Type == gjson.Null }) {
		types = append(types, "null")
	}
	return types
}

func (s *sampler) nullable(t *testing.T, schema gjson.Result) bool {
	t.Helper()
	return slices.Contains(s.types(t, schema), "null")
}

// zero is the value of nothing: false, 0, "", [] or {}; ok is false where the schema has none.
func (s *sampler) zero(t *testing.T, schema gjson.Result) (any, bool) {
	t.Helper()
	schema = s.follow(t, schema)
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if first := schema.Get(keyword + ".0"); first.Exists() {
			return s.zero(t, first)
		}
	}
	if schema.Get("enum").Exists() || schema.Get("pattern").Exists() || schema.Get("minimum").Float() > 0 {
		return s.sample(t, schema, 0), true
	}
	for _, kind := range s.types(t, schema) {
		switch kind {
		case "string":
			return "", true
		case "integer", "number":
			return 0, true
		case "boolean":
			return false, true
		case "array":
			return []any{}, true
		case "object":
			return map[string]any{}, len(schema.Get("required").Array()) == 0
		}
	}
	return nil, false
}

// sample is a value that the schema accepts, with all members of objects, two levels deep.
func (s *sampler) sample(t *testing.T, schema gjson.Result, depth int) any {
	t.Helper()
	schema = s.follow(t, schema)
	if first := schema.Get("enum.0"); first.Exists() {
		return first.Value()
	}
	if members := s.members(t, schema); len(members) > 0 {
		out := map[string]any{}
		required := schema.Get("required").Array()
		for name, member := range members {
			if depth < 2 || slices.ContainsFunc(required, func(r gjson.Result) bool { return r.Str == name }) {
				out[name] = s.sample(t, member, depth+1)
			}
		}
		return out
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
		if first := schema.Get(keyword + ".0"); first.Exists() {
			return s.sample(t, first, depth)
		}
	}
	for _, kind := range s.types(t, schema) {
		switch kind {
		case "string":
			return sampleText(schema)
		case "integer":
			return max(1, int(schema.Get("minimum").Float()))
		case "number":
			return 1.5
		case "boolean":
			return true
		case "array":
			return []any{s.sample(t, schema.Get("items"), depth+1)}
		}
	}
	return map[string]any{}
}

func sampleText(schema gjson.Result) string {
	if format, ok := schemas.FormatOf(schema.Get("pattern").Str); ok {
		words := strings.Fields(format.Example)
		return words[len(words)-1]
	}
	if most := schema.Get("maxLength"); most.Exists() && most.Int() < int64(len(awkward)) {
		return "x"
	}
	return awkward
}
