package pbxsim

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/schemas"
)

// operation is an operation's page, prepared for checking requests.
type operation struct {
	*descriptors.Operation
	path   map[string]descriptors.Property
	query  map[string]bool
	body   *schemas.Schema
	answer *shape
}

// entity is the shape of the answer's entities: members of a collection, or the answer itself.
func (o *operation) entity() *shape {
	if o.Response.Kind != "collection" {
		return o.answer
	}
	value, err := o.answer.property("value")
	if err != nil {
		return plainShape(kindUnknown)
	}
	return value.element()
}

// catalogue is an API version: its operations and the types they speak of.
type catalogue struct {
	set      descriptors.Set
	node     *descriptors.Node
	routes   *routes
	shapes   *shapes
	compiler *schemas.Compiler
}

func newCatalogue(set descriptors.Set, nodeType string, version float64) (*catalogue, error) {
	nodes, err := set.Nodes()
	if err != nil {
		return nil, fmt.Errorf("load the descriptors: %w", err)
	}
	c := &catalogue{set: set, shapes: &shapes{load: set.Schema}, compiler: schemas.NewCompiler(set.Schema)}
	for _, node := range nodes {
		for _, v := range node.Versions {
			if v == version && node.Type == nodeType {
				c.node = node
			}
		}
	}
	if c.node == nil {
		return nil, fmt.Errorf("the descriptors have no node %s of version %v", nodeType, version)
	}
	c.routes, err = newRoutes(c.node, func(resource string, s descriptors.OperationSummary) (*operation, error) {
		return c.load(version, resource, s)
	})
	return c, err
}

func (c *catalogue) load(version float64, resource string, s descriptors.OperationSummary) (*operation, error) {
	page, err := c.set.Operation(c.node.Type, version, resource, s.Name)
	if err != nil {
		return nil, err
	}
	o := &operation{Operation: page, path: map[string]descriptors.Property{}, query: map[string]bool{}}
	var body []string
	for _, p := range page.Properties {
		body = append(body, o.place(p)...)
	}
	if o.body, err = c.bodySchema(page, body); err != nil {
		return nil, fmt.Errorf("operation %s: %w", page.ID, err)
	}
	o.answer = plainShape(kindUnknown)
	if len(page.Response.Schema) > 0 {
		if o.answer, err = c.shapes.of(page.Response.Schema); err != nil {
			return nil, fmt.Errorf("operation %s: %w", page.ID, err)
		}
	}
	return o, nil
}

// place files a property by where it is sent and returns the names of those in the body.
func (o *operation) place(p descriptors.Property) (body []string) {
	switch p.In {
	case "path":
		o.path[p.Name] = p
	case "query":
		o.query[p.Name] = true
	case "body":
		body = append(body, p.Name)
	}
	for _, inner := range p.Properties {
		body = append(body, o.place(inner)...)
	}
	return body
}

// bodySchema is the part of the parameters' schema that is about the body.
func (c *catalogue) bodySchema(page *descriptors.Operation, members []string) (*schemas.Schema, error) {
	if !page.Request.Body {
		return nil, nil
	}
	var all struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Required   []string                   `json:"required"`
		AllOf      []json.RawMessage          `json:"allOf"`
	}
	if len(page.Schema) > 0 {
		if err := json.Unmarshal(page.Schema, &all); err != nil {
			return nil, fmt.Errorf("read the schema of the parameters: %w", err)
		}
	}
	properties := map[string]json.RawMessage{}
	required := []string{}
	for _, name := range members {
		if raw, ok := all.Properties[name]; ok {
			properties[name] = raw
		}
		if slices.Contains(all.Required, name) {
			required = append(required, name)
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "required": required}
	if len(all.AllOf) > 0 {
		schema["allOf"] = all.AllOf
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	return c.compiler.CompileRaw(raw)
}

// checkPath compares the literals of a path with the parameters' types.
func (o *operation) checkPath(values map[string]literal) *apiError {
	for name, value := range values {
		p := o.path[name]
		if err := checkLiteral(p, value); err != nil {
			return fail(http.StatusBadRequest, codeBadPath, "%s: the value of %s %v", o.ID, name, err).at(name)
		}
	}
	return nil
}

func checkLiteral(p descriptors.Property, value literal) error {
	if value.kind == literalNull {
		if !p.Nullable {
			return fmt.Errorf("must not be null")
		}
		return nil
	}
	wanted := literalText
	switch {
	case p.Format == "date-time" || p.Type == "dateTime":
		wanted = literalDateTime
	case p.Format == "uuid":
		wanted = literalUUID
	case p.Type == "boolean":
		wanted = literalBool
	case p.Type == "number":
		return checkNumber(p, value)
	}
	if value.kind != wanted {
		return fmt.Errorf("must be a %s literal, is the %s %s", wanted, value.kind, value.text)
	}
	return nil
}

func checkNumber(p descriptors.Property, value literal) error {
	if value.kind == literalDecimal && !strings.HasPrefix(p.Format, "int") {
		return nil
	}
	if value.kind != literalInteger {
		return fmt.Errorf("must be an integer literal, is the %s %s", value.kind, value.text)
	}
	n, err := strconv.ParseInt(value.text, 10, 64)
	if err != nil || p.Format == "int32" && (n < math.MinInt32 || n > math.MaxInt32) {
		return fmt.Errorf("is out of range: %s", value.text)
	}
	return nil
}

// readBody checks and decodes a body; it is nil for operations without one.
func (o *operation) readBody(r *http.Request, text []byte) (map[string]any, *apiError) {
	if !o.Request.Body {
		if len(text) > 0 {
			return nil, fail(http.StatusBadRequest, codeBadBody, "%s takes no body, but %d bytes came", o.ID, len(text))
		}
		return nil, nil
	}
	if len(text) == 0 {
		return nil, fail(http.StatusBadRequest, codeBadBody, "%s needs a JSON object as its body, at least {}", o.ID)
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, fail(http.StatusUnsupportedMediaType, codeMediaType, "the Content-Type is %q, not application/json",
			r.Header.Get("Content-Type"))
	}
	body, err := decodeObject(text)
	if err != nil {
		return nil, fail(http.StatusBadRequest, codeBadBody, "the body is not a JSON object: %v", err)
	}
	found := schemas.Validate(o.body, body)
	if len(found) == 0 {
		return body, nil
	}
	failed := fail(http.StatusBadRequest, codeBadBody, "the body of %s is not valid: %s", o.ID, found[0])
	for _, v := range found {
		failed.Details = append(failed.Details, errorDetail{Code: v.Keyword, Message: v.Message, Target: v.Pointer})
	}
	return nil, failed
}

// decodeObject keeps numbers as they are written.
func decodeObject(text []byte) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var body map[string]any
	if err := d.Decode(&body); err != nil {
		return nil, err
	}
	if body == nil {
		return nil, fmt.Errorf("it is null")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the object")
	}
	return body, nil
}
