package openapi

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/pb33f/go-yaml"
	"github.com/pb33f/libopenapi/datamodel"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	lowv3 "github.com/pb33f/libopenapi/datamodel/low/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

// maxDepth ends what a document nests in circles.
const maxDepth = 500

// load reads a document, JSON or YAML. Nothing that it refers to outside of itself is opened. The library's own front
// (its root package) is left out: it links Swagger 2, overlays and the comparing of documents.
func load(text []byte) (*v3.Document, error) {
	if err := inspect(text); err != nil {
		return nil, err
	}
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

// addressOf takes a server's address apart, its variables being what they are by default: scheme and host, "" where it is relative, and path.
func addressOf(server *v3.Server) (base, path string, ok bool) {
	address := server.URL
	for name, variable := range server.Variables.FromOldest() {
		address = strings.ReplaceAll(address, "{"+name+"}", variable.Default)
	}
	u, err := url.ParseRequestURI(address)
	if err != nil || u.User != nil {
		return "", "", false
	}
	if u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		base = u.Scheme + "://" + u.Host
	}
	return base, strings.TrimSuffix(u.Path, "/"), true
}

func is(flag *bool) bool { return flag != nil && *flag }

// nullable reports whether null is a value: OpenAPI 3.0 says it by a flag, 3.1 by the types.
func nullable(s *base.Schema) bool { return is(s.Nullable) || slices.Contains(s.Type, "null") }

// always recognises the schemas true and false of OpenAPI 3.1.
func always(ref *base.SchemaProxy) (allowed, ok bool) {
	node := ref.GetValueNode()
	if node == nil || node.Kind != yaml.ScalarNode || node.Tag != "!!bool" || node.Decode(&allowed) != nil {
		return false, false
	}
	return allowed, true
}

// decoded is a value as encoding/json has it; ok is false where the document has none, or one that JSON cannot say. A date that is not in
// quotes is text, as it is in JSON.
func decoded(node *yaml.Node) (value any, ok bool) {
	switch {
	case node == nil:
		return nil, false
	case node.Kind == yaml.AliasNode:
		return decoded(node.Alias)
	case node.Kind == yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, one := range node.Content {
			if list[i], ok = decoded(one); !ok {
				return nil, false
			}
		}
		return list, true
	case node.Kind == yaml.MappingNode:
		members := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if members[node.Content[i].Value], ok = decoded(node.Content[i+1]); !ok {
				return nil, false
			}
		}
		return members, true
	case node.Tag == "!!timestamp":
		return node.Value, true
	}
	if node.Decode(&value) != nil {
		return nil, false
	}
	f, isFloat := value.(float64)
	return value, !isFloat || !math.IsNaN(f) && !math.IsInf(f, 0)
}

// get is a map's value, zero where there is no such key or no map.
func get[V any](m *orderedmap.Map[string, V], key string) (value V) {
	if m == nil {
		return value
	}
	return m.GetOrZero(key)
}
