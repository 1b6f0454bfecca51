package pbxsim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"sync"
)

// valueKind is what a value can be compared with.
type valueKind string

const (
	kindUnknown    valueKind = "unknown"
	kindNull       valueKind = "null"
	kindText       valueKind = "text"
	kindNumber     valueKind = "number"
	kindBool       valueKind = "boolean"
	kindDateTime   valueKind = "date-time"
	kindTime       valueKind = "time of day"
	kindDuration   valueKind = "duration"
	kindUUID       valueKind = "uuid"
	kindObject     valueKind = "object"
	kindCollection valueKind = "collection"
)

// shape is what a JSON Schema says of a value, as far as filters and sample data need it. Shapes are shared and
// may refer to themselves; members are resolved when asked for.
type shape struct {
	kind     valueKind
	nullable bool
	integer  bool
	// name is the last part of the schema's address: "Pbx.User".
	name    string
	enum    []any
	minimum *float64
	pattern *regexp.Regexp
	maxText int
	// properties and required are an object's, items a collection's.
	properties map[string]*member
	required   map[string]bool
	items      *member
}

func plainShape(kind valueKind) *shape { return &shape{kind: kind} }

// names lists an object's properties in order.
func (s *shape) names() []string {
	names := make([]string, 0, len(s.properties))
	for name := range s.properties {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// element is the shape of a collection's members.
func (s *shape) element() *shape {
	if s == nil || s.items == nil {
		return plainShape(kindUnknown)
	}
	return s.items.shape()
}

// property returns the shape of an object's property, which is unknown where nothing is known of the object.
func (s *shape) property(name string) (*shape, error) {
	if s == nil || s.kind == kindUnknown || s.kind == kindObject && len(s.properties) == 0 {
		return plainShape(kindUnknown), nil
	}
	if s.kind != kindObject {
		return nil, fmt.Errorf("%s is not in an object but in a %s", name, s.kind)
	}
	if m := s.properties[name]; m != nil {
		return m.shape(), nil
	}
	for other := range s.properties {
		if strings.EqualFold(other, name) {
			return nil, fmt.Errorf("there is no property %q on %s, but %q", name, s.label(), other)
		}
	}
	return nil, fmt.Errorf("there is no property %q on %s", name, s.label())
}

func (s *shape) label() string {
	if s.name != "" {
		return "type " + s.name
	}
	return "this object"
}

// member is a shape that is made when it is asked for, because schemas may refer to themselves.
type member struct {
	once  sync.Once
	node  schemaNode
	from  *shapes
	value *shape
}

func (m *member) shape() *shape {
	m.once.Do(func() {
		m.value = plainShape(kindUnknown)
		// A schema that cannot be loaded fails where bodies and answers are checked; here it says nothing.
		if made, err := m.from.make(m.node); err == nil {
			m.value = made
		}
		m.from = nil
	})
	return m.value
}

// shapes makes shapes of schemas; those with an address are made once.
type shapes struct {
	load func(address string) (json.RawMessage, error)
	done sync.Map // address to *shape
}

// schemaNode is the part of JSON Schema that the generated schemas use.
type schemaNode struct {
	Ref        string                `json:"$ref"`
	Type       any                   `json:"type"`
	Format     string                `json:"format"`
	Pattern    string                `json:"pattern"`
	MaxLength  int                   `json:"maxLength"`
	Minimum    *float64              `json:"minimum"`
	Enum       []any                 `json:"enum"`
	Const      any                   `json:"const"`
	Properties map[string]schemaNode `json:"properties"`
	Required   []string              `json:"required"`
	Items      *schemaNode           `json:"items"`
	AllOf      []schemaNode          `json:"allOf"`
	AnyOf      []schemaNode          `json:"anyOf"`
	OneOf      []schemaNode          `json:"oneOf"`
}

// UnmarshalJSON takes true and false, which are schemas too, as schemas that say nothing.
func (n *schemaNode) UnmarshalJSON(data []byte) error {
	if text := string(data); text == "true" || text == "false" {
		return nil
	}
	type plain schemaNode
	return json.Unmarshal(data, (*plain)(n))
}

func (n *schemaNode) isNull() bool {
	return n.Type == "null" || len(n.Enum) == 1 && n.Enum[0] == nil
}

func (s *shapes) of(raw json.RawMessage) (*shape, error) {
	var node schemaNode
	if err := json.Unmarshal(raw, &node); err != nil {
		return nil, fmt.Errorf("read a schema: %w", err)
	}
	return s.make(node)
}

func (s *shapes) byAddress(address string) (*shape, error) {
	if done, ok := s.done.Load(address); ok {
		return done.(*shape), nil
	}
	raw, err := s.load(address)
	if err != nil {
		return nil, err
	}
	out, err := s.of(raw)
	if err != nil {
		return nil, fmt.Errorf("the schema %s: %w", address, err)
	}
	out.name = address[strings.LastIndex(address, "/")+1:]
	kept, _ := s.done.LoadOrStore(address, out)
	return kept.(*shape), nil
}

func (s *shapes) make(n schemaNode) (*shape, error) {
	out := plainShape(kindUnknown)
	if n.Ref != "" {
		base, err := s.byAddress(n.Ref)
		if err != nil {
			return nil, err
		}
		out.absorb(base)
	}
	for _, part := range n.AllOf {
		made, err := s.make(part)
		if err != nil {
			return nil, err
		}
		out.absorb(made)
	}
	for _, part := range append(n.AnyOf, n.OneOf...) {
		if part.isNull() {
			out.nullable = true
			continue
		}
		if out.kind != kindUnknown {
			continue // one of the alternatives is enough for a sample
		}
		made, err := s.make(part)
		if err != nil {
			return nil, err
		}
		out.absorb(made)
	}
	s.own(out, n)
	return out, nil
}

// absorb adds what a schema that out builds on says.
func (s *shape) absorb(base *shape) {
	if base.kind != kindUnknown {
		s.kind = base.kind
	}
	if s.name == "" {
		s.name = base.name
	}
	s.nullable = s.nullable || base.nullable
	s.integer = s.integer || base.integer
	if base.enum != nil {
		s.enum = base.enum
	}
	if base.items != nil {
		s.items = base.items
	}
	if base.pattern != nil {
		s.pattern = base.pattern
	}
	if base.maxText > 0 {
		s.maxText = base.maxText
	}
	if base.minimum != nil {
		s.minimum = base.minimum
	}
	for name, m := range base.properties {
		s.set(name, m)
	}
	for name := range base.required {
		s.require(name)
	}
}

func (s *shape) set(name string, m *member) {
	if s.properties == nil {
		s.properties = map[string]*member{}
	}
	s.properties[name] = m
}

func (s *shape) require(name string) {
	if s.required == nil {
		s.required = map[string]bool{}
	}
	s.required[name] = true
}

// own adds what the schema says itself, without what it refers to.
func (s *shapes) own(out *shape, n schemaNode) {
	out.scalar(n)
	if len(n.Properties) > 0 {
		out.kind = kindObject
	}
	for name, node := range n.Properties {
		out.set(name, &member{node: node, from: s})
	}
	for _, name := range n.Required {
		out.require(name)
	}
	if n.Items != nil {
		out.items = &member{node: *n.Items, from: s}
	}
}

// scalar reads type, enum, format and limits.
func (s *shape) scalar(n schemaNode) {
	types, _ := n.Type.([]any)
	if one, ok := n.Type.(string); ok {
		types = []any{one}
	}
	for _, t := range types {
		switch t {
		case "null":
			s.nullable = true
		case "object":
			s.kind = kindObject
		case "array":
			s.kind = kindCollection
		case "boolean":
			s.kind = kindBool
		case "integer":
			s.kind, s.integer = kindNumber, true
		case "number":
			s.kind = kindNumber
		case "string":
			// Floats may be the texts NaN, INF, -INF: a number that may be text is a number.
			if s.kind != kindNumber {
				s.kind = kindText
			}
		}
	}
	for _, value := range n.Enum {
		if value == nil {
			s.nullable = true
			continue
		}
		s.enum = append(s.enum[:len(s.enum):len(s.enum)], value)
		if _, text := value.(string); text && s.kind == kindUnknown {
			s.kind = kindText
		}
	}
	if n.Minimum != nil {
		s.minimum = n.Minimum
	}
	if n.MaxLength > 0 {
		s.maxText = n.MaxLength
	}
	if n.Pattern != "" {
		// A pattern that Go cannot read gives no sample; the validator is the judge.
		s.pattern, _ = regexp.Compile(n.Pattern)
	}
	if s.kind == kindText && s.enum == nil {
		s.kind = textKind(n.Format, s.pattern)
	}
}

// textKind tells the kinds of text by format or, where formats were rewritten as patterns, by what the pattern takes.
func textKind(format string, pattern *regexp.Regexp) valueKind {
	switch format {
	case "date-time":
		return kindDateTime
	case "uuid":
		return kindUUID
	case "time":
		return kindTime
	case "duration":
		return kindDuration
	}
	if pattern == nil || pattern.MatchString("") || pattern.MatchString("sample") {
		return kindText
	}
	for _, kind := range []valueKind{kindDateTime, kindUUID, kindTime, kindDuration} {
		if pattern.MatchString(sampleText(kind)) {
			return kind
		}
	}
	return kindText
}
