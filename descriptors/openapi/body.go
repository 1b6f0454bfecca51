package openapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"

	"github.com/cordboard/cordboard/descriptors"
)

// body makes a parameter of each member of the request's body. A body that is no object, or none in JSON, has no
// parameters: its operation takes it whole, from requestOptions.
func (p *parameters) body(body *v3.RequestBody) {
	if body == nil {
		return
	}
	ref := jsonSchema(body.Content)
	if ref == nil {
		p.g.warn("%s: the body is not JSON with a schema; set it with requestOptions.body", p.where)
		return
	}
	shape := flatten(ref)
	if len(shape.members) == 0 {
		if !shape.object {
			p.g.warn("%s: the body is not an object; set it with requestOptions.body", p.where)
		}
		return
	}
	name, addressed := componentName(ref.GetReference())
	// A body that is a component as a whole is referred to as a whole: its entity is compiled once, for all that use it.
	whole := addressed && shape.open && !p.clashes(shape)
	for _, member := range slices.SortedFunc(maps.Keys(shape.members), byName) {
		value := shape.members[member]
		if s := value.Schema(); s != nil && is(s.ReadOnly) && !p.g.dialect.odata {
			continue
		}
		property := p.g.property(member, value)
		property.In, property.Required = "body", slices.Contains(shape.required, member)
		converted := p.g.convert(value)
		if whole {
			converted = nil
		}
		p.add(property, converted)
	}
	if whole {
		p.refs = append(p.refs, schema{"$ref": p.g.address(name)})
	}
}

// clashes reports whether a member of the body has the name of a parameter that stands elsewhere and may look different.
func (p *parameters) clashes(shape objectShape) bool {
	for member, ref := range shape.members {
		if other, taken := p.members[member]; taken {
			mine, err := encode(p.g.convert(ref))
			theirs, err2 := encode(other)
			if err != nil || err2 != nil || string(mine) != string(theirs) {
				return true
			}
		}
	}
	return false
}

// byName orders as people look up names: capitals do not count.
func byName(a, b string) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
}

// jsonSchema returns the schema of the JSON among the media types, nil if there is none.
func jsonSchema(content *orderedmap.Map[string, *v3.MediaType]) *base.SchemaProxy {
	for _, name := range slices.Sorted(content.KeysFromOldest()) {
		if media := content.GetOrZero(name); isJSON(name) && media != nil && media.Schema != nil {
			return media.Schema
		}
	}
	return nil
}

func isJSON(media string) bool {
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	media = strings.TrimSpace(media)
	return media == "application/json" || strings.HasSuffix(media, "+json") || media == "*/*"
}

// objectShape is an object schema with the bases of allOf taken in.
type objectShape struct {
	members  map[string]*base.SchemaProxy
	required []string
	object   bool
	// open is unset where the schema restricts members that it does not name, so that it cannot hold other parameters.
	open bool
}

func flatten(ref *base.SchemaProxy) objectShape {
	shape := objectShape{members: map[string]*base.SchemaProxy{}, open: true}
	shape.take(ref, nil)
	return shape
}

// take adds what a schema names; stack holds the references on the way to it.
func (o *objectShape) take(ref *base.SchemaProxy, stack []string) {
	s := ref.Schema()
	if s == nil || ref.IsReference() && slices.Contains(stack, ref.GetReference()) {
		return
	}
	if ref.IsReference() {
		stack = append(stack, ref.GetReference())
	}
	for _, list := range [][]*base.SchemaProxy{s.AllOf, s.OneOf, s.AnyOf} {
		for _, base := range list {
			o.take(base, stack)
		}
	}
	o.object = o.object || slices.Contains(s.Type, "object") || orderedmap.Len(s.Properties) > 0
	maps.Insert(o.members, s.Properties.FromOldest())
	o.required = append(o.required, requiredOf(s)...)
	if extra := s.AdditionalProperties; extra != nil && (extra.IsA() || !extra.B) ||
		s.MinProperties != nil || s.MaxProperties != nil || orderedmap.Len(s.PatternProperties) > 0 || s.PropertyNames != nil || s.Not != nil {
		o.open = false
	}
}

// property describes a parameter for people and for n8n's parameter types.
func (g *generator) property(name string, ref *base.SchemaProxy) descriptors.Property {
	property := descriptors.Property{Name: name, DisplayName: descriptors.StartCase(name), Type: "json"}
	s := ref.Schema()
	if s == nil {
		return property
	}
	property.Nullable = nullable(s)
	// allOf with one reference is how OpenAPI 3.0 says something beside a $ref.
	for range maxDepth {
		if len(s.AllOf) != 1 || s.Type != nil || s.AllOf[0].Schema() == nil {
			break
		}
		s = s.AllOf[0].Schema()
		property.Nullable = property.Nullable || is(s.Nullable)
	}
	if len(s.Enum) > 0 {
		property.Type = "options"
		for _, value := range s.Enum {
			one, ok := decoded(value)
			if raw, err := json.Marshal(one); ok && err == nil && one != nil {
				property.Options = append(property.Options, descriptors.Option{Value: raw})
			}
		}
		return property
	}
	if g.oddNumber(s) != nil {
		property.Type = "number"
		return property
	}
	types := slices.DeleteFunc(slices.Clone(s.Type), func(t string) bool { return t == "null" })
	if len(types) != 1 {
		return property
	}
	switch types[0] {
	case "string", "boolean":
		property.Type = types[0]
	case "integer", "number":
		property.Type = "number"
		// Elsewhere in the program a number without a format may be a fraction.
		if s.Format == "" && types[0] == "integer" {
			property.Format = "integer"
		}
	default:
		return property
	}
	if s.Format != "" {
		property.Format = s.Format
	}
	return property
}
