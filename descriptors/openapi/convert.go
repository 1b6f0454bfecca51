package openapi

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// schema is a JSON Schema under construction; encoding/json writes its keys in order.
type schema map[string]any

var null = schema{"type": "null"}

// convert turns a schema or a reference to one into JSON Schema 2020-12.
func (g *generator) convert(ref *openapi3.SchemaRef) schema {
	if ref == nil || ref.Value == nil && ref.Ref == "" {
		return schema{}
	}
	if name, ok := componentName(ref.Ref); ok {
		return schema{"$ref": g.address(name)}
	}
	// A reference into the middle of something has no address; it is written out, down to where it would repeat.
	if ref.Ref != "" {
		if slices.Contains(g.inlining, ref.Value) {
			return schema{}
		}
		g.inlining = append(g.inlining, ref.Value)
		defer func() { g.inlining = g.inlining[:len(g.inlining)-1] }()
	}
	return g.value(ref.Value)
}

func componentName(ref string) (string, bool) {
	name, ok := strings.CutPrefix(ref, "#/components/schemas/")
	return name, ok && name != "" && !strings.Contains(name, "/")
}

// value converts a schema without regard to where it stands, then lets null in where the document does. OpenAPI's
// nullable adds null to whatever stands beside it, also to an enum or to allOf: [$ref], whose own words forbid it.
func (g *generator) value(s *openapi3.Schema) schema {
	if s.Always != nil {
		if *s.Always {
			return schema{}
		}
		return schema{"not": schema{}}
	}
	if out := g.oddNumber(s); out != nil {
		return out
	}
	out := g.keywords(s)
	if !s.Nullable {
		return out
	}
	return orNull(out)
}

// orNull lets null in: by the list of types where that is all it takes, else as an alternative.
func orNull(s schema) schema {
	plain := s["$ref"] == nil && s["allOf"] == nil && s["anyOf"] == nil && s["oneOf"] == nil && s["not"] == nil && s["const"] == nil
	name, typed := s["type"].(string)
	switch {
	case len(s) == 0:
		return s
	case !plain || !typed && s["enum"] != nil:
		return schema{"anyOf": []any{s, null}}
	case !typed:
		return s
	}
	s["type"] = []any{name, "null"}
	if values, ok := s["enum"].([]any); ok && !slices.Contains(values, nil) {
		s["enum"] = append(slices.Clone(values), nil)
	}
	return s
}

func (g *generator) keywords(s *openapi3.Schema) schema {
	out := schema{}
	g.types(s, out)
	g.combinations(s, out)
	if len(out) == 1 && s.Type == nil && len(s.AllOf) == 1 && out["allOf"] != nil {
		return out["allOf"].([]any)[0].(schema)
	}
	g.object(s, out)
	g.array(s, out)
	text(s, out)
	g.format(s, out)
	numbers(s, out)
	if s.Const != nil {
		out["const"] = s.Const
	}
	if len(s.Enum) > 0 {
		g.enum(s, out)
	}
	return out
}

func (g *generator) types(s *openapi3.Schema, out schema) {
	types := s.Type.Slice()
	switch len(types) {
	case 0:
	case 1:
		out["type"] = types[0]
	default:
		list := make([]any, 0, len(types))
		for _, t := range types {
			list = append(list, t)
		}
		out["type"] = list
	}
}

func (g *generator) combinations(s *openapi3.Schema, out schema) {
	for name, refs := range map[string]openapi3.SchemaRefs{"allOf": s.AllOf, "anyOf": s.AnyOf, "oneOf": s.OneOf} {
		if len(refs) == 0 {
			continue
		}
		list := make([]any, 0, len(refs))
		for _, ref := range refs {
			list = append(list, g.convert(ref))
		}
		out[name] = list
	}
	if s.Not != nil {
		out["not"] = g.convert(s.Not)
	}
	for name, ref := range map[string]*openapi3.SchemaRef{"if": s.If, "then": s.Then, "else": s.Else} {
		if ref != nil {
			out[name] = g.convert(ref)
		}
	}
}

func (g *generator) object(s *openapi3.Schema, out schema) {
	if len(s.Properties) > 0 {
		out["properties"] = g.named(s.Properties)
	}
	if len(s.PatternProperties) > 0 {
		out["patternProperties"] = g.named(s.PatternProperties)
	}
	if required := requiredOf(s); len(required) > 0 {
		out["required"] = required
	}
	switch extra := s.AdditionalProperties; {
	case extra.Schema != nil:
		out["additionalProperties"] = g.convert(extra.Schema)
	case extra.Has != nil && !*extra.Has:
		out["additionalProperties"] = false
	}
	if s.MinProps > 0 {
		out["minProperties"] = s.MinProps
	}
	if s.MaxProps != nil {
		out["maxProperties"] = *s.MaxProps
	}
}

func (g *generator) named(refs openapi3.Schemas) schema {
	members := schema{}
	for name, ref := range refs {
		members[name] = g.convert(ref)
	}
	return members
}

// requiredOf leaves out what is only read or only written: the same schema serves requests and answers.
func requiredOf(s *openapi3.Schema) []string {
	var required []string
	for _, name := range slices.Sorted(slices.Values(s.Required)) {
		if p := s.Properties[name]; p != nil && p.Value != nil && (p.Value.ReadOnly || p.Value.WriteOnly) {
			continue
		}
		required = append(required, name)
	}
	return slices.Compact(required)
}

func (g *generator) array(s *openapi3.Schema, out schema) {
	if s.Items != nil {
		out["items"] = g.convert(s.Items)
	}
	if len(s.PrefixItems) > 0 {
		list := make([]any, 0, len(s.PrefixItems))
		for _, ref := range s.PrefixItems {
			list = append(list, g.convert(ref))
		}
		out["prefixItems"] = list
	}
	if s.MinItems > 0 {
		out["minItems"] = s.MinItems
	}
	if s.MaxItems != nil {
		out["maxItems"] = *s.MaxItems
	}
	if s.UniqueItems {
		out["uniqueItems"] = true
	}
}

func text(s *openapi3.Schema, out schema) {
	if s.MinLength > 0 {
		out["minLength"] = s.MinLength
	}
	if s.MaxLength != nil {
		out["maxLength"] = *s.MaxLength
	}
	// Patterns are ECMA-262's; what Go cannot read is left to the API to refuse.
	if s.Pattern != "" {
		if _, err := regexp.Compile(s.Pattern); err == nil {
			out["pattern"] = s.Pattern
		}
	}
}

func numbers(s *openapi3.Schema, out schema) {
	set := func(keyword string, value *float64) {
		if _, taken := out[keyword]; value != nil && !taken {
			out[keyword] = number(*value)
		}
	}
	set("multipleOf", s.MultipleOf)
	// OpenAPI 3.0 says by true that minimum itself is not allowed; 3.1 gives the number.
	bound := func(inclusive, exclusive string, value *float64, open openapi3.ExclusiveBound) {
		switch {
		case open.Value != nil:
			set(exclusive, open.Value)
			set(inclusive, value)
		case open.Bool != nil && *open.Bool:
			set(exclusive, value)
		default:
			set(inclusive, value)
		}
	}
	bound("minimum", "exclusiveMinimum", s.Min, s.ExclusiveMin)
	bound("maximum", "exclusiveMaximum", s.Max, s.ExclusiveMax)
}

// number writes whole numbers without an exponent.
func number(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

// enum keeps the values. Flags are several values of an enum in one text, joined with commas.
func (g *generator) enum(s *openapi3.Schema, out schema) {
	if !g.dialect.odata || !isFlags(s) {
		out["enum"] = s.Enum
		return
	}
	names := make([]string, 0, len(s.Enum))
	for _, value := range s.Enum {
		if name, ok := value.(string); ok {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	one := "(" + strings.Join(names, "|") + ")"
	out["anyOf"] = []any{schema{"enum": s.Enum}, schema{"pattern": "^" + one + "(, ?" + one + ")*$"}}
}

func isFlags(s *openapi3.Schema) bool {
	flags, _ := s.Extensions["x-ms-enum-flags"].(map[string]any)
	is, _ := flags["isFlags"].(bool)
	return is
}

// oddNumber recognises how OData documents write a floating-point number: as number, text or one of the names of what
// JSON's numbers cannot say. Only these names are texts that the API reads as a number.
func (g *generator) oddNumber(s *openapi3.Schema) schema {
	if !g.dialect.odata || len(s.OneOf) == 0 {
		return nil
	}
	nullable, isNumber := s.Nullable, false
	var names []any
	for _, ref := range s.OneOf {
		if ref.Value == nil {
			return nil
		}
		nullable = nullable || ref.Value.Nullable
		isNumber = isNumber || ref.Value.Type.Is("number")
		if strings.HasSuffix(ref.Ref, "/ReferenceNumeric") {
			names = ref.Value.Enum
		}
	}
	if !isNumber || names == nil {
		return nil
	}
	var types any = "number"
	if nullable {
		types = []any{"number", "null"}
	}
	return schema{"anyOf": []any{schema{"type": types}, schema{"type": "string", "enum": names}}}
}

func encode(s schema) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}
