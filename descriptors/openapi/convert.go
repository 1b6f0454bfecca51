package openapi

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
)

// schema is a JSON Schema under construction; encoding/json writes its keys in order.
type schema map[string]any

var null = schema{"type": "null"}

// convert turns a schema or a reference to one into JSON Schema 2020-12.
func (g *generator) convert(ref *base.SchemaProxy) schema {
	if ref == nil {
		return schema{}
	}
	if name, ok := componentName(ref.GetReference()); ok {
		return schema{"$ref": g.address(name)}
	}
	// A reference into the middle of something has no address; it is written out, down to where it would repeat.
	if ref.IsReference() {
		if slices.Contains(g.inlining, ref.GetReference()) {
			return schema{}
		}
		g.inlining = append(g.inlining, ref.GetReference())
		defer func() { g.inlining = g.inlining[:len(g.inlining)-1] }()
	}
	if allowed, ok := always(ref); ok && !allowed {
		return schema{"not": schema{}}
	}
	s := ref.Schema()
	if s == nil {
		return schema{}
	}
	return g.value(s)
}

func componentName(ref string) (string, bool) {
	name, ok := strings.CutPrefix(ref, "#/components/schemas/")
	return name, ok && name != "" && !strings.Contains(name, "/")
}

// value converts a schema without regard to where it stands, then lets null in where the document does. OpenAPI's
// nullable adds null to whatever stands beside it, also to an enum or to allOf: [$ref], whose own words forbid it.
func (g *generator) value(s *base.Schema) schema {
	if out := g.oddNumber(s); out != nil {
		return out
	}
	out := g.keywords(s)
	if !is(s.Nullable) {
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

func (g *generator) keywords(s *base.Schema) schema {
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
	if value, ok := decoded(s.Const); ok {
		out["const"] = value
	}
	if len(s.Enum) > 0 {
		g.enum(s, out)
	}
	return out
}

func (g *generator) types(s *base.Schema, out schema) {
	switch len(s.Type) {
	case 0:
	case 1:
		out["type"] = s.Type[0]
	default:
		list := make([]any, 0, len(s.Type))
		for _, t := range s.Type {
			list = append(list, t)
		}
		out["type"] = list
	}
}

func (g *generator) combinations(s *base.Schema, out schema) {
	for name, refs := range map[string][]*base.SchemaProxy{"allOf": s.AllOf, "anyOf": s.AnyOf, "oneOf": s.OneOf} {
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
	for name, ref := range map[string]*base.SchemaProxy{"if": s.If, "then": s.Then, "else": s.Else} {
		if ref != nil {
			out[name] = g.convert(ref)
		}
	}
}

func (g *generator) object(s *base.Schema, out schema) {
	if orderedmap.Len(s.Properties) > 0 {
		out["properties"] = g.named(s.Properties)
	}
	if orderedmap.Len(s.PatternProperties) > 0 {
		out["patternProperties"] = g.named(s.PatternProperties)
	}
	if required := requiredOf(s); len(required) > 0 {
		out["required"] = required
	}
	switch extra := s.AdditionalProperties; {
	case extra == nil:
	case extra.IsA():
		out["additionalProperties"] = g.convert(extra.A)
	case !extra.B:
		out["additionalProperties"] = false
	}
	count(out, "minProperties", s.MinProperties)
	count(out, "maxProperties", s.MaxProperties)
}

func (g *generator) named(refs *orderedmap.Map[string, *base.SchemaProxy]) schema {
	members := schema{}
	for name, ref := range refs.FromOldest() {
		members[name] = g.convert(ref)
	}
	return members
}

// requiredOf leaves out what is only read or only written: the same schema serves requests and answers.
func requiredOf(s *base.Schema) []string {
	var required []string
	for _, name := range slices.Sorted(slices.Values(s.Required)) {
		if p := get(s.Properties, name).Schema(); p != nil && (is(p.ReadOnly) || is(p.WriteOnly)) {
			continue
		}
		required = append(required, name)
	}
	return slices.Compact(required)
}

func (g *generator) array(s *base.Schema, out schema) {
	switch items := s.Items; {
	case items == nil:
	case items.IsA():
		out["items"] = g.convert(items.A)
	case !items.B:
		out["items"] = schema{"not": schema{}}
	}
	if len(s.PrefixItems) > 0 {
		list := make([]any, 0, len(s.PrefixItems))
		for _, ref := range s.PrefixItems {
			list = append(list, g.convert(ref))
		}
		out["prefixItems"] = list
	}
	count(out, "minItems", s.MinItems)
	count(out, "maxItems", s.MaxItems)
	if is(s.UniqueItems) {
		out["uniqueItems"] = true
	}
}

// count writes a limit of how many there may be; at least none is no limit.
func count(out schema, keyword string, limit *int64) {
	if limit != nil && (*limit > 0 || strings.HasPrefix(keyword, "max")) {
		out[keyword] = *limit
	}
}

func text(s *base.Schema, out schema) {
	count(out, "minLength", s.MinLength)
	count(out, "maxLength", s.MaxLength)
	// Patterns are ECMA-262's; what Go cannot read is left to the API to refuse.
	if s.Pattern != "" {
		if _, err := regexp.Compile(s.Pattern); err == nil {
			out["pattern"] = s.Pattern
		}
	}
}

func numbers(s *base.Schema, out schema) {
	set := func(keyword string, value *float64) {
		if _, taken := out[keyword]; value != nil && !taken {
			out[keyword] = number(*value)
		}
	}
	set("multipleOf", s.MultipleOf)
	// OpenAPI 3.0 says by true that minimum itself is not allowed; 3.1 gives the number.
	bound := func(inclusive, exclusive string, value *float64, open *base.DynamicValue[bool, float64]) {
		switch {
		case open != nil && open.IsB():
			set(exclusive, &open.B)
			set(inclusive, value)
		case open != nil && open.A:
			set(exclusive, value)
		default:
			set(inclusive, value)
		}
	}
	bound("minimum", "exclusiveMinimum", s.Minimum, s.ExclusiveMinimum)
	bound("maximum", "exclusiveMaximum", s.Maximum, s.ExclusiveMaximum)
}

// number writes whole numbers without an exponent.
func number(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

// enum keeps the values. Flags are several values of an enum in one text, joined with commas.
func (g *generator) enum(s *base.Schema, out schema) {
	values := make([]any, 0, len(s.Enum))
	for _, node := range s.Enum {
		value, ok := decoded(node)
		if !ok {
			g.warn("line %d: the value %s is left out of an enum: JSON has no such value", node.Line, node.Value)
			continue
		}
		values = append(values, value)
	}
	if !g.dialect.odata || !isFlags(s) {
		out["enum"] = values
		return
	}
	names := make([]string, 0, len(values))
	for _, value := range values {
		if name, ok := value.(string); ok {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	one := "(" + strings.Join(names, "|") + ")"
	out["anyOf"] = []any{schema{"enum": values}, schema{"pattern": "^" + one + "(, ?" + one + ")*$"}}
}

func isFlags(s *base.Schema) bool {
	value, _ := decoded(get(s.Extensions, "x-ms-enum-flags"))
	flags, _ := value.(map[string]any)
	is, _ := flags["isFlags"].(bool)
	return is
}

// oddNumber recognises how OData documents write a floating-point number: as number, text or one of the names of what
// JSON's numbers cannot say. Only these names are texts that the API reads as a number.
func (g *generator) oddNumber(s *base.Schema) schema {
	if !g.dialect.odata || len(s.OneOf) == 0 {
		return nil
	}
	nullable, isNumber := is(s.Nullable), false
	var names []any
	for _, ref := range s.OneOf {
		one := ref.Schema()
		if one == nil {
			return nil
		}
		nullable = nullable || is(one.Nullable)
		isNumber = isNumber || slices.Equal(one.Type, []string{"number"})
		if strings.HasSuffix(ref.GetReference(), "/ReferenceNumeric") {
			for _, node := range one.Enum {
				if name, ok := decoded(node); ok {
					names = append(names, name)
				}
			}
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
