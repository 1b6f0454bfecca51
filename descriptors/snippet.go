package descriptors

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/schemas"
)

// snippet writes the parameters of an operation as they stand in a workflow file, with values that pass its schema:
// all that are required, and some others to show how.
func snippet(op *Operation, shapes *shapes) []byte {
	o := object{}
	o.set("resource", op.Resource)
	o.set("operation", op.Name)
	others := 0
	// Plain values show more than nested ones, where there are any.
	simple := slices.ContainsFunc(op.Properties, func(p Property) bool { return p.In == "body" && p.Type != "json" && !p.Required })
	for _, p := range op.Properties {
		if p.In == "" || !p.Required && (p.In != "body" || others == 3 || simple && p.Type == "json" || schemas.IsSecret(p.Name)) {
			continue
		}
		if !p.Required {
			others++
		}
		o.set(p.Name, shapes.example(p))
	}
	if slices.ContainsFunc(op.Properties, func(p Property) bool { return p.Name == "options" && p.In == "" }) {
		o.set("options", object{{"$top", 10}})
		if !slices.ContainsFunc(op.Properties, func(p Property) bool { return p.Name == "$top" }) {
			o[len(o)-1].value = object{{"$select", "Id"}}
		}
	}
	return o.text()
}

// nodeSnippet shows a node without resources as it stands in a workflow file.
func (s *sheet) nodeSnippet() {
	node := object{
		{"name", s.node.DisplayName},
		{"type", s.node.Type},
		{"typeVersion", s.version},
		{"position", []int{0, 0}},
		{"parameters", s.node.parameters(s.version)},
	}
	s.print("\nIN A WORKFLOW\n")
	s.out.Write(indent(node.text(), "  "))
}

// parameters are some of a node without resources, with values that show how.
func (n *Node) parameters(version float64) object {
	parameters := object{}
	for _, p := range n.AllProperties() {
		if len(parameters) == 4 || p.Type == "notice" || p.Show != nil || p.Hide != nil {
			continue
		}
		if p.Versions != nil && !slices.Contains(p.Versions, version) {
			continue
		}
		var value any = map[string]string{"string": "text"}[p.Type]
		switch {
		case len(p.Default) > 0:
			value = p.Default
		case p.Type == "multiOptions" && len(p.Options) > 0:
			value = []json.RawMessage{p.Options[0].Value}
		case len(p.Options) > 0:
			value = p.Options[0].Value
		case p.Type == "number":
			value = 1
		case p.Type == "boolean":
			value = true
		case value == "":
			value = object{}
		}
		parameters.set(p.Name, value)
	}
	return parameters
}

// object is a JSON object that keeps the order of its members.
type object []member

type member struct {
	name  string
	value any
}

func (o *object) set(name string, value any) { *o = append(*o, member{name, value}) }

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func (o object) text() []byte {
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return []byte("{}\n")
	}
	return append(text, '\n')
}

// example is a value that the parameter takes.
func (s *shapes) example(p Property) any {
	if schema, ok := s.members[p.Name]; ok {
		return s.value(schema, 0)
	}
	return map[string]any{"number": 1, "boolean": true, "json": object{}}[p.Type]
}

// value makes a value that the schema accepts: the first of an enum, one member in a list, two in an object.
func (s *shapes) value(schema gjson.Result, depth int) any {
	if ref := schema.Get(`$ref`); ref.Exists() {
		return s.value(s.load(ref.Str), depth)
	}
	if first := schema.Get("enum.0"); first.Exists() {
		return first.Value()
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
		if first := schema.Get(keyword + ".0"); first.Exists() && !schema.Get("properties").Exists() {
			return s.value(first, depth)
		}
	}
	kind := schema.Get("type")
	if kind.IsArray() {
		kind = kind.Get("0")
	}
	switch kind.Str {
	case "string":
		return textExample(schema)
	case "integer", "number":
		if least := schema.Get("minimum"); least.Exists() && least.Float() > 1 {
			return least.Value()
		}
		return 1
	case "boolean":
		return true
	case "array":
		if depth > 2 {
			return []any{}
		}
		return []any{s.value(schema.Get("items"), depth+1)}
	}
	return s.objectExample(schema, depth)
}

func (s *shapes) objectExample(schema gjson.Result, depth int) object {
	members := map[string]gjson.Result{}
	s.collect(schema, members, 0)
	out := object{}
	for _, name := range sortedNames(members) {
		required := slices.ContainsFunc(schema.Get("required").Array(), func(r gjson.Result) bool { return r.Str == name })
		if required || depth < 2 && len(out) < 2 && !schemas.IsSecret(name) {
			if value := s.value(members[name], depth+1); required || isScalar(value) {
				out.set(name, value)
			}
		}
	}
	return out
}

func isScalar(value any) bool {
	switch value.(type) {
	case object, []any:
		return false
	}
	return true
}

func textExample(schema gjson.Result) string {
	format, ok := schemas.FormatOf(schema.Get("pattern").Str)
	if !ok {
		return "text"
	}
	words := strings.Fields(format.Example)
	return words[len(words)-1]
}
