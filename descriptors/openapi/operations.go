package openapi

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/cordboard/cordboard/descriptors"
)

// methods in the order in which operations of one path are listed.
var methods = []string{"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"}

// operations makes the pages, ordered by resource, path and method: the order of a document's paths is not kept by its
// parser, and would make more of a diff than there is.
func (g *generator) operations() error {
	for _, path := range slices.Sorted(g.doc.Paths.PathItems.KeysFromOldest()) {
		item := g.doc.Paths.PathItems.GetOrZero(path)
		for name, op := range item.GetOperations().FromOldest() {
			method := strings.ToUpper(name)
			if !slices.Contains(methods, method) {
				g.warn("%s %s is left out: the method is not supported", method, path)
				continue
			}
			page, err := g.operation(path, method, item, op)
			if err != nil {
				return fmt.Errorf("operation %s %s: %w", method, path, err)
			}
			g.pages = append(g.pages, page)
		}
	}
	slices.SortFunc(g.pages, func(a, b *descriptors.Operation) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Resource), strings.ToLower(b.Resource)), cmp.Compare(a.Resource, b.Resource),
			cmp.Compare(a.Request.Path, b.Request.Path),
			cmp.Compare(slices.Index(methods, a.Request.Method), slices.Index(methods, b.Request.Method)))
	})
	g.distinct()
	slices.Sort(g.warnings)
	return nil
}

// distinct numbers operations of a resource that would have the same name.
func (g *generator) distinct() {
	taken := map[[2]string]bool{}
	for _, page := range g.pages {
		name := page.Name
		for n := 2; taken[[2]string{page.Resource, page.Name}]; n++ {
			page.Name = fmt.Sprintf("%s %d", name, n)
		}
		if page.Name != name {
			g.warn("%s %s is called %q: its name is taken", page.Request.Method, page.Request.Path, page.Name)
		}
		taken[[2]string{page.Resource, page.Name}] = true
		page.Summary = page.Resource + ": " + page.Name
	}
}

func (g *generator) operation(path, method string, item *v3.PathItem, op *v3.Operation) (*descriptors.Operation, error) {
	page := &descriptors.Operation{
		ID:       op.OperationId,
		Resource: resourceName(path, op),
		Writes:   method != "GET" && method != "HEAD" && method != "OPTIONS",
		Request:  descriptors.Request{Method: method, Path: path, Body: op.RequestBody != nil},
	}
	if page.ID == "" {
		page.ID = derivedID(method, path)
	}
	page.Name = descriptors.StartCase(page.ID)
	if page.Name == "" {
		page.Name = method
	}
	p := parameters{g: g, page: page, where: method + " " + path, members: map[string]schema{}}
	p.declared(item, op)
	p.body(op.RequestBody)
	p.queryOptions()
	raw, err := encode(p.schema())
	if err != nil {
		return nil, err
	}
	page.Properties, page.Schema = p.properties, raw
	page.Response, err = g.response(op)
	return page, err
}

func resourceName(path string, op *v3.Operation) string {
	if len(op.Tags) > 0 {
		if name := descriptors.StartCase(op.Tags[0]); name != "" {
			return name
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		segment, _, _ = strings.Cut(segment, "(")
		if name := descriptors.StartCase(segment); name != "" && !strings.HasPrefix(segment, "{") {
			return name
		}
	}
	return "Default"
}

// derivedID is the id of an operation that has none: get /users/{id} gives getUsersById.
func derivedID(method, path string) string {
	id := strings.ToLower(method)
	for segment := range strings.SplitSeq(path, "/") {
		word := strings.ReplaceAll(descriptors.StartCase(segment), " ", "")
		if strings.HasPrefix(segment, "{") {
			word = "By" + word
		}
		id += word
	}
	return id
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// parameters collects what an operation takes. A name stands once: the path has precedence, because a key that is in
// the path and in the entity of the body is the same value, and the body does not repeat it.
type parameters struct {
	g     *generator
	page  *descriptors.Operation
	where string

	properties []descriptors.Property
	members    map[string]schema // of the parameters' schema, by name; nil where refs has it
	required   []string          // names that must be there
	refs       []any             // schemas whose members are all parameters: the body's, where nothing stands against it
}

// declared takes the parameters of the path and the operation; the operation's replace the path's of the same name.
func (p *parameters) declared(item *v3.PathItem, op *v3.Operation) {
	var all []*v3.Parameter
	for _, next := range slices.Concat(op.Parameters, item.Parameters) {
		same := func(q *v3.Parameter) bool { return q.Name == next.Name && q.In == next.In }
		if !slices.ContainsFunc(all, same) {
			all = append(all, next)
		}
	}
	slices.SortStableFunc(all, func(a, b *v3.Parameter) int { return cmp.Compare(place(a.In), place(b.In)) })
	for _, q := range all {
		p.parameter(q)
	}
	for _, match := range placeholder.FindAllStringSubmatch(p.page.Request.Path, -1) {
		if !slices.ContainsFunc(p.properties, func(q descriptors.Property) bool { return q.Name == match[1] && q.In == "path" }) {
			p.g.warn("%s: the document does not declare the path parameter %s; it is taken as text", p.where, match[1])
			p.add(descriptors.Property{Name: match[1], In: "path", Type: "string", Required: true}, schema{"type": "string"})
		}
	}
}

func place(in string) int { return slices.Index([]string{"path", "query", "header"}, in) }

func (p *parameters) parameter(q *v3.Parameter) {
	if place(q.In) < 0 {
		p.g.warn("%s: the %s parameter %s is left out; only path, query, header and body are sent", p.where, q.In, q.Name)
		return
	}
	// What the executor sets itself, a document may not declare (OpenAPI 3, Parameter Object).
	if q.In == "header" && slices.Contains([]string{"accept", "authorization", "content-type"}, strings.ToLower(q.Name)) {
		return
	}
	ref := q.Schema
	if ref == nil {
		for media := range q.Content.ValuesFromOldest() {
			ref = media.Schema
		}
	}
	property := p.g.property(q.Name, ref)
	property.In, property.Required = q.In, is(q.Required) || q.In == "path"
	converted := p.g.convert(ref)
	if p.isList(q) {
		converted = schema{"type": []any{"string", "array"}, "items": schema{"type": "string"}}
	}
	p.add(property, converted)
}

// isList reports whether the parameter is one of OData's lists of names, which are also written as comma text.
func (p *parameters) isList(q *v3.Parameter) bool {
	return p.g.dialect.odata && slices.Contains([]string{"$select", "$expand", "$orderby"}, q.Name)
}

func (p *parameters) add(property descriptors.Property, converted schema) bool {
	if _, taken := p.members[property.Name]; taken {
		same := slices.ContainsFunc(p.properties, func(q descriptors.Property) bool { return q.Name == property.Name && q.In == "path" })
		if !same {
			p.g.warn("%s: the %s parameter %s is left out; its name is taken by another place", p.where, property.In, property.Name)
		}
		return false
	}
	if slices.Contains([]string{"resource", "operation", "requestOptions"}, property.Name) {
		p.g.warn("%s: the %s parameter %s has a name that the node itself uses; set it with requestOptions", p.where, property.In, property.Name)
		return false
	}
	p.members[property.Name] = converted
	p.properties = append(p.properties, property)
	if property.Required {
		p.required = append(p.required, property.Name)
	}
	return true
}

// queryOptions adds the collection in which n8n keeps OData's options, unless the body has a member of that name.
func (p *parameters) queryOptions() {
	isOption := func(q descriptors.Property) bool { return q.In == "query" && strings.HasPrefix(q.Name, "$") }
	if !p.g.dialect.odata || !slices.ContainsFunc(p.properties, isOption) {
		return
	}
	if _, taken := p.members["options"]; taken {
		return
	}
	p.properties = append(p.properties, descriptors.Property{Name: "options", Type: "collection"})
}

func (p *parameters) schema() schema {
	out := schema{"type": "object"}
	if len(p.members) > 0 {
		members := schema{}
		for name, converted := range p.members {
			if converted != nil {
				members[name] = converted
			}
		}
		if len(members) > 0 {
			out["properties"] = members
		}
	}
	if len(p.required) > 0 {
		out["required"] = slices.Compact(slices.Sorted(slices.Values(p.required)))
	}
	if len(p.refs) > 0 {
		out["allOf"] = p.refs
	}
	return out
}
