package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/schemas"
)

// parameterCheck resolves and validates the parameters of a node that calls an API, against the operation that its
// resource and operation parameters select. It is made once per plan.
type parameterCheck struct {
	op      *descriptors.Operation
	schema  *schemas.Schema
	fields  []field
	members *memberCheck
	// constant is the result for every item where no parameter is an expression.
	constant *nodes.CheckedParams
}

// field is a parameter that the workflow sets and the operation has.
type field struct {
	name  string // the property's name in the operation
	place string // where the workflow holds it: "ids", "options.$top"
	value *nodes.Template
	prop  *descriptors.Property
}

// notSent are parameters that steer the node itself.
var notSent = []string{"resource", "operation", "authentication"}

func compileCheck(ctx context.Context, checked nodes.Checked, s *step, at Problem) *parameterCheck {
	for _, name := range []string{"resource", "operation"} {
		if s.params.Member(name).Expression() != nil {
			at.Parameter, at.Mend = name, "choose one: what the node takes depends on it"
			s.problems.errorf(at, "the %s must be a fixed text and not an expression", name)
			return nil
		}
	}
	for _, name := range []string{"resource", "operation"} {
		if s.params.Member(name).Value().Str() == "" {
			at.Parameter, at.Mend = name, "cordboard nodes show "+s.typ.Descriptor.Type+" lists them"
			s.problems.errorf(at, "the %s is not set", name)
			return nil
		}
	}
	resource, operation := s.params.Member("resource").Value().Str(), s.params.Member("operation").Value().Str()
	d := s.typ.Descriptor
	if !findOperation(d, resource, operation, &s.problems, at) {
		return nil
	}
	op, err := checked.Operation(ctx, s.node.Version, resource, operation)
	if err != nil {
		s.problems.errorf(at, "%s", err)
		return nil
	}
	compiler := schemas.NewCompiler(func(address string) (json.RawMessage, error) { return checked.Schema(ctx, address) })
	schema, err := compiler.CompileRaw(op.Schema)
	if err != nil {
		s.problems.errorf(at, "the schema of %s: %s does not compile: %s", resource, operation, err)
		return nil
	}
	c := &parameterCheck{op: op, schema: schema, members: &memberCheck{
		schema: gjson.ParseBytes(op.Schema), known: map[string]gjson.Result{},
		load: func(address string) ([]byte, error) { return checked.Schema(ctx, address) },
	}}
	c.findFields(s, at)
	if !slices.ContainsFunc(c.fields, func(f field) bool { return !f.value.Constant() }) {
		params := c.resolve(0, nil)
		c.constant = &params
		if params.Err != nil {
			w := at
			w.Parameter, w.Pointer, w.AtRun = params.Err.Parameter, params.Err.Pointer, true
			s.problems.errorf(w, "%s", strings.TrimSpace(params.Err.Message+"\n"+params.Err.Description))
		} else {
			c.members.unknown(op, params.JSON, func(property, pointer, hint string) {
				w := at
				w.Parameter, w.Pointer = property, pointer
				s.problems.warnf(w, "the API's schema does not know this member; it is sent all the same%s", hint)
			})
		}
	}
	return c
}

func findOperation(d *descriptors.Node, resource, operation string, problems *Problems, at Problem) bool {
	i := slices.IndexFunc(d.Resources, func(r descriptors.Resource) bool { return r.Name == resource })
	if i < 0 {
		names := make([]string, len(d.Resources))
		for i, r := range d.Resources {
			names[i] = r.Name
		}
		at.Parameter, at.Mend = "resource", "cordboard nodes show "+d.Type+" lists them"
		problems.errorf(at, "unknown resource %q%s", resource, nearest(resource, names))
		return false
	}
	names := make([]string, len(d.Resources[i].Operations))
	for j, op := range d.Resources[i].Operations {
		names[j] = op.Name
	}
	if !slices.Contains(names, operation) {
		at.Parameter, at.Mend = "operation", fmt.Sprintf("cordboard nodes show %s %q lists them", d.Type, resource)
		problems.errorf(at, "the resource %q has no operation %q%s", resource, operation, nearest(operation, names))
		return false
	}
	return true
}

func nearest(name string, names []string) string {
	if near := descriptors.Nearest(name, names); near != "" {
		return fmt.Sprintf("; the nearest is %q", near)
	}
	return ""
}

// findFields sorts the node's parameters: those of the operation, leftovers of another operation (ignored with a
// warning) and mistakes (an error with the nearest name).
func (c *parameterCheck) findFields(s *step, at Problem) {
	for _, key := range s.params.Keys() {
		value := s.params.Member(key)
		if slices.Contains(notSent, key) {
			continue
		}
		// The collection of query options; where the API itself has a property of this name, it is that.
		if p := c.property("options"); key == "options" && (p == nil || p.In == "") {
			for _, option := range value.Keys() {
				c.addField(s, at, option, "options."+option, value.Member(option))
			}
			continue
		}
		c.addField(s, at, key, key, value)
	}
	for _, f := range c.fields {
		if i := slices.IndexFunc(c.fields, func(g field) bool { return g.name == f.name }); c.fields[i].place != f.place {
			w := at
			w.Parameter = f.place
			s.problems.warnf(w, "the parameter is set twice, the other one is %q; this one counts", c.fields[i].place)
		}
	}
}

func (c *parameterCheck) addField(s *step, at Problem, key, place string, value *nodes.Template) {
	prop := c.property(key)
	if prop == nil { // $top is also written top
		prop = c.property("$" + key)
	}
	properties := s.typ.Descriptor.AllProperties()
	for i := range properties {
		if p := &properties[i]; prop == nil && p.Name == key {
			prop = p
		}
	}
	at.Parameter = place
	switch {
	case prop != nil:
		c.fields = append(c.fields, field{prop.Name, place, value, prop})
		if prop.Type == "collection" {
			checkMembers(s, at, value, prop)
		}
	case slices.Contains(s.typ.Descriptor.PropertyNames, key) || slices.Contains(s.typ.Descriptor.PropertyNames, "$"+key):
		s.problems.warnf(at, "the operation %s does not have this parameter: it is ignored", c.op.Name)
	default:
		names := make([]string, len(c.op.Properties))
		for i, p := range c.op.Properties {
			names[i] = p.Name
		}
		at.Mend = fmt.Sprintf("cordboard nodes show %s %q %q lists the parameters", s.typ.Descriptor.Type, c.op.Resource, c.op.Name)
		s.problems.errorf(at, "the operation %s has no parameter %q%s", c.op.Name, key, nearest(key, names))
	}
}

// checkMembers finds misspelt members of a collection.
func checkMembers(s *step, at Problem, value *nodes.Template, prop *descriptors.Property) {
	names := make([]string, len(prop.Properties))
	for i, p := range prop.Properties {
		names[i] = p.Name
	}
	for _, key := range value.Keys() {
		if !slices.Contains(names, key) {
			s.problems.errorf(at, "the collection %s has no member %q%s", prop.Name, key, nearest(key, names))
		}
	}
}

func (c *parameterCheck) property(name string) *descriptors.Property {
	for i := range c.op.Properties {
		if c.op.Properties[i].Name == name {
			return &c.op.Properties[i]
		}
	}
	return nil
}

// all resolves and checks the parameters of items 0 to n-1.
func (c *parameterCheck) all(n int, evaluate func(e nodes.Expression, item int) (nodes.Value, error)) []nodes.CheckedParams {
	out := make([]nodes.CheckedParams, n)
	for i := range out {
		if c.constant != nil {
			out[i] = *c.constant
			if out[i].Err != nil {
				out[i].Err = out[i].Err.At(i)
			}
			continue
		}
		out[i] = c.resolve(i, evaluate)
	}
	return out
}

// resolve returns the parameters of one item as an object by property name. What is not set is not in it.
func (c *parameterCheck) resolve(i int, evaluate func(e nodes.Expression, item int) (nodes.Value, error)) nodes.CheckedParams {
	var (
		b    nodes.ObjectBuilder
		errs []*nodes.Error
	)
	for at, f := range c.fields {
		if slices.ContainsFunc(c.fields[at+1:], func(g field) bool { return g.name == f.name }) {
			continue
		}
		v, err := f.value.Resolve(func(e nodes.Expression) (nodes.Value, error) { return evaluate(e, i) })
		if err == nil {
			v, err = coerce(v, f.prop)
		}
		if err != nil {
			errs = append(errs, nodes.AsError(err).WithParam(f.place, nodes.AsError(err).Pointer))
			continue
		}
		b.Set(f.name, v)
	}
	params := nodes.CheckedParams{JSON: b.String()}
	if len(errs) == 0 {
		for _, v := range schemas.ValidateJSON(c.schema, params.JSON) {
			name, pointer := c.place(v.Pointer)
			errs = append(errs, nodes.Errorf("%s", v.Message).WithParam(name, pointer))
		}
	}
	params.Err = joinErrors(errs, c.op, i)
	return params
}

// place splits a JSON pointer into the parameter, as the workflow holds it, and the rest.
func (c *parameterCheck) place(pointer string) (name, rest string) {
	name, rest, nested := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	if nested {
		rest = "/" + rest
	}
	name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	for _, f := range c.fields {
		if f.name == name {
			name = f.place
		}
	}
	return name, rest
}

func joinErrors(errs []*nodes.Error, op *descriptors.Operation, item int) *nodes.Error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0].At(item)
	}
	lines := make([]string, len(errs))
	for i, e := range errs {
		lines[i] = "- " + e.InItem()
	}
	e := nodes.Errorf("%d parameters do not fit %s: %s; nothing was sent", len(errs), op.Resource, op.Name).At(item)
	e.Description = strings.Join(lines, "\n")
	return e
}

// coerce brings a value into the form that the property's schema describes: json parameters may be text, and in
// paths and queries, where all is text in the end, the text of a number or boolean counts as one, and the reverse.
func coerce(v nodes.Value, prop *descriptors.Property) (nodes.Value, error) {
	if prop.Type == "json" && v.Kind() == nodes.String {
		return coerceJSON(v, prop)
	}
	if prop.In != "path" && prop.In != "query" {
		return v, nil
	}
	text := strings.TrimSpace(v.Str())
	switch {
	case v.Kind() == nodes.Null && prop.In == "query":
		return nodes.Value{}, nil
	case v.Kind() == nodes.String && text == "" && prop.In == "query":
		return nodes.Value{}, nil
	case v.Kind() == nodes.String && prop.Type == "number":
		if _, err := strconv.ParseFloat(text, 64); err == nil && gjson.Valid(text) {
			return nodes.WireValue(text), nil
		}
	case v.Kind() == nodes.String && prop.Type == "boolean":
		if text == "true" || text == "false" {
			return nodes.BoolValue(text == "true"), nil
		}
	case (v.Kind() == nodes.Number || v.Kind() == nodes.Bool) && prop.Type == "string":
		return nodes.StringValue(v.JSON()), nil
	}
	return v, nil
}

func coerceJSON(v nodes.Value, prop *descriptors.Property) (nodes.Value, error) {
	text := strings.TrimSpace(v.Str())
	switch {
	case text == "":
		return nodes.Value{}, nil
	case prop.In == "query" && text[0] != '[': // a comma list
		return v, nil
	}
	normal, err := nodes.Normalize(text)
	if err != nil {
		return v, nodes.Errorf("is not JSON: %w", err) // without the text: it may hold a password
	}
	return nodes.WireValue(normal), nil
}
