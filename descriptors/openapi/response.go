package openapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"

	"github.com/cordboard/cordboard/descriptors"
)

// response describes the answer of the lowest status of success.
func (g *generator) response(op *v3.Operation) (descriptors.Response, error) {
	status, declared := success(op.Responses)
	out := descriptors.Response{Status: status, Kind: "any"}
	if status == 204 {
		out.Kind = "none"
		return out, nil
	}
	if declared == nil || orderedmap.Len(declared.Content) == 0 {
		return out, nil
	}
	ref := jsonSchema(declared.Content)
	if ref == nil {
		if !slices.ContainsFunc(slices.Collect(declared.Content.KeysFromOldest()), isJSON) {
			out.Kind = "file"
		}
		return out, nil
	}
	out.Kind = g.kind(ref)
	if s := ref.Schema(); s != nil {
		out.Nullable = nullable(s)
	}
	if out.Kind == "file" {
		return out, nil
	}
	raw, err := encode(g.convert(ref))
	out.Schema = raw
	return out, err
}

func success(responses *v3.Responses) (int, *v3.Response) {
	status := 0
	var found *v3.Response
	if responses == nil {
		return 200, nil
	}
	for key, response := range responses.Codes.FromOldest() {
		n, err := strconv.Atoi(strings.Replace(strings.ToUpper(key), "XX", "00", 1))
		if err != nil || n < 200 || n > 299 || status != 0 && n > status {
			continue
		}
		status, found = n, response
	}
	if status == 0 {
		return 200, nil
	}
	return status, found
}

// kind says what a JSON answer is. OData's IActionResult is no entity but whatever the server streams.
func (g *generator) kind(ref *base.SchemaProxy) string {
	if ref.Schema() == nil {
		return "any"
	}
	if g.dialect.odata {
		if isActionResult(ref) {
			return "file"
		}
		shape := flatten(ref)
		value := shape.members["value"].Schema()
		switch {
		case value == nil:
		case slices.Equal(value.Type, []string{"array"}):
			return "collection"
		case len(shape.members) == 1 && isScalar(value):
			return "value"
		}
	}
	if flatten(ref).object {
		return "entity"
	}
	return "any"
}

func isActionResult(ref *base.SchemaProxy) bool {
	for range maxDepth {
		if strings.HasSuffix(ref.GetReference(), ".IActionResult") {
			return true
		}
		s := ref.Schema()
		if s == nil || len(s.AllOf) != 1 {
			return false
		}
		ref = s.AllOf[0]
	}
	return false
}

func isScalar(s *base.Schema) bool {
	return len(s.Type) > 0 && !slices.Contains(s.Type, "object") && !slices.Contains(s.Type, "array")
}
