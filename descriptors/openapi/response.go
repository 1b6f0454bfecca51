package openapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/cordboard/cordboard/descriptors"
)

// response describes the answer of the lowest status of success.
func (g *generator) response(op *openapi3.Operation) (descriptors.Response, error) {
	status, declared := success(op.Responses)
	out := descriptors.Response{Status: status, Kind: "any"}
	if status == 204 {
		out.Kind = "none"
		return out, nil
	}
	if declared == nil || len(declared.Content) == 0 {
		return out, nil
	}
	ref := jsonSchema(declared.Content)
	if ref == nil {
		if !slices.ContainsFunc(mediaTypes(declared.Content), isJSON) {
			out.Kind = "file"
		}
		return out, nil
	}
	out.Kind = g.kind(ref)
	out.Nullable = ref.Value != nil && (ref.Value.Nullable || ref.Value.Type.Includes("null"))
	if out.Kind == "file" {
		return out, nil
	}
	raw, err := encode(g.convert(ref))
	out.Schema = raw
	return out, err
}

func mediaTypes(content openapi3.Content) []string {
	var names []string
	for name := range content {
		names = append(names, name)
	}
	return names
}

func success(responses *openapi3.Responses) (int, *openapi3.Response) {
	status := 0
	var found *openapi3.Response
	for _, key := range responses.Keys() {
		n, err := strconv.Atoi(strings.Replace(strings.ToUpper(key), "XX", "00", 1))
		if err != nil || n < 200 || n > 299 || status != 0 && n > status {
			continue
		}
		if ref := responses.Value(key); ref != nil {
			status, found = n, ref.Value
		}
	}
	if status == 0 {
		return 200, nil
	}
	return status, found
}

// kind says what a JSON answer is. OData's IActionResult is no entity but whatever the server streams.
func (g *generator) kind(ref *openapi3.SchemaRef) string {
	if ref.Value == nil {
		return "any"
	}
	if g.dialect.odata {
		if isActionResult(ref) {
			return "file"
		}
		shape := flatten(ref)
		value := shape.members["value"]
		switch {
		case value == nil || value.Value == nil:
		case value.Value.Type.Is("array"):
			return "collection"
		case len(shape.members) == 1 && isScalar(value.Value):
			return "value"
		}
	}
	if flatten(ref).object {
		return "entity"
	}
	return "any"
}

func isActionResult(ref *openapi3.SchemaRef) bool {
	if strings.HasSuffix(ref.Ref, ".IActionResult") {
		return true
	}
	return ref.Value != nil && len(ref.Value.AllOf) == 1 && isActionResult(ref.Value.AllOf[0])
}

func isScalar(s *openapi3.Schema) bool {
	types := s.Type.Slice()
	return len(types) > 0 && !slices.Contains(types, "object") && !slices.Contains(types, "array")
}
