package openapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/pb33f/go-yaml"
	"github.com/pb33f/libopenapi/datamodel"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	lowv3 "github.com/pb33f/libopenapi/datamodel/low/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

// maxDepth ends what a document nests in circles.
const maxDepth = 100

// load reads a document, JSON or YAML. Nothing that it refers to outside of itself is opened. The library's own front
// (its root package) is left out: it links Swagger 2, overlays and the comparing of documents.
func load(text []byte) (*v3.Document, error) {
	info, err := datamodel.ExtractSpecInfo(text)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(info.Version, "3.") {
		return nil, fmt.Errorf("its version is %q, and 3.0 or 3.1 is needed", info.Version)
	}
	low, err := lowv3.CreateDocumentFromConfig(info, &datamodel.DocumentConfiguration{
		SkipCircularReferenceCheck: true, // a manager has a manager: schemas may refer to themselves
		Logger:                     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	doc := v3.NewDocument(low)
	if doc.Paths == nil || orderedmap.Len(doc.Paths.PathItems) == 0 {
		return nil, errors.New("it has no paths")
	}
	return doc, nil
}

// pathOf is the path of a server's address, its variables being what they are by default.
func pathOf(server *v3.Server) string {
	address := server.URL
	for name, variable := range server.Variables.FromOldest() {
		address = strings.ReplaceAll(address, "{"+name+"}", variable.Default)
	}
	u, err := url.ParseRequestURI(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

func is(flag *bool) bool { return flag != nil && *flag }

// nullable reports whether null is a value: OpenAPI 3.0 says it by a flag, 3.1 by the types.
func nullable(s *base.Schema) bool {
	for _, t := range s.Type {
		if t == "null" {
			return true
		}
	}
	return is(s.Nullable)
}

// always recognises the schemas true and false of OpenAPI 3.1.
func always(ref *base.SchemaProxy) (allowed, ok bool) {
	node := ref.GetValueNode()
	if node == nil || node.Kind != yaml.ScalarNode || node.Decode(&allowed) != nil {
		return false, false
	}
	return allowed, true
}

// decoded is a value as encoding/json has it, nil where the document has none or one that JSON cannot say.
func decoded(node *yaml.Node) any {
	var value any
	if node == nil || node.Decode(&value) != nil {
		return nil
	}
	return value
}

// get is a map's value, zero where there is no such key or no map.
func get[V any](m *orderedmap.Map[string, V], key string) (value V) {
	if m == nil {
		return value
	}
	return m.GetOrZero(key)
}
