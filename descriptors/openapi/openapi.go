// Package openapi makes a node descriptor of an OpenAPI 3 document, of any API.
//
// It owns the way from tags, operations and component schemas to resources, operations, properties and JSON Schemas
// (2020-12). Names, types, enums, formats, limits and required flags carry over; the document's sentences (titles,
// summaries, descriptions, examples) do not: labels are made from names. It sends nothing and does not know what any
// API means by its names; what differs between APIs is in the dialect.
package openapi

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/cordboard/cordboard/descriptors"
)

// Options say what the document does not.
type Options struct {
	// Type is the node type, such as "n8n-nodes-3cx.threecx". It is required.
	Type string
	// Aliases are other types of the node.
	Aliases []string
	// DisplayName is the label; made from the last part of the type if empty.
	DisplayName string
	// Version is the node's typeVersion; 1 if zero.
	Version float64
	// Dialect is plain, odata or 3cx; recognised by the document if empty.
	Dialect string
	// Schemas is the beginning of the schemas' addresses, such as "threecx/20.0.7"; made from type and version if empty.
	Schemas string
	// BasePath replaces the path of the document's first server.
	BasePath string
	// Credential is the credential type that the node requires; made from the document's security schemes if empty.
	Credential string
}

// requestOptions are the parameters that every generated node has: how requests are made.
//
//go:embed requestoptions.json
var requestOptions []byte

// Generate makes the descriptor. What the document says that a descriptor cannot hold is in the file's Warnings.
func Generate(doc []byte, options Options) (f *descriptors.File, err error) {
	// The document comes from outside, and its library reads parts of it only when they are asked for.
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, fmt.Errorf("read OpenAPI document: %v", r)
		}
	}()
	g, err := newGenerator(doc, options)
	if err != nil {
		return nil, err
	}
	if err := g.components(); err != nil {
		return nil, err
	}
	if err := g.operations(); err != nil {
		return nil, err
	}
	node, err := g.node()
	if err != nil {
		return nil, err
	}
	return &descriptors.File{
		Format: descriptors.Format, Node: node, Operations: g.pages, Schemas: g.schemas, Warnings: g.warnings,
	}, nil
}

type generator struct {
	doc     *v3.Document
	options Options
	dialect dialect

	pages    []*descriptors.Operation
	schemas  map[string]json.RawMessage
	warnings []string

	// inlining is the stack of references to schemas that have no address of their own and are written out in place.
	inlining []string
}

// dialect is what an API family says in its documents in its own way.
type dialect struct {
	// odata: $-options go into the collection "options" and take comma text for lists; numbers may be NaN and INF;
	// enums may be flags; answers are {value: …}; times have no offset.
	odata bool
}

func dialectOf(name string) (dialect, error) {
	switch name {
	case "plain":
		return dialect{}, nil
	case "odata", "3cx":
		return dialect{odata: true}, nil
	}
	return dialect{}, fmt.Errorf("no dialect is called %q; there are plain, odata, 3cx", name)
}

// recognise names the dialect of a document: a PBX's own is called XAPI and lies at /xapi/v1; OData services take query
// options such as $filter.
func recognise(doc *v3.Document) string {
	odata := false
	look := func(parameters []*v3.Parameter) {
		for _, p := range parameters {
			odata = odata || p.In == "query" && (p.Name == "$filter" || p.Name == "$top")
		}
	}
	for _, path := range doc.Paths.PathItems.FromOldest() {
		look(path.Parameters)
		for _, op := range path.GetOperations().FromOldest() {
			look(op.Parameters)
		}
	}
	for _, server := range doc.Servers {
		if _, path, ok := addressOf(server); ok && odata && doc.Info != nil && doc.Info.Title == "XAPI" && path == "/xapi/v1" {
			return "3cx"
		}
	}
	if odata {
		return "odata"
	}
	return "plain"
}

func newGenerator(text []byte, options Options) (*generator, error) {
	if options.Type == "" {
		return nil, fmt.Errorf("generate descriptor: no node type is given")
	}
	if options.Version == 0 {
		options.Version = 1
	}
	if options.Schemas == "" {
		options.Schemas = fmt.Sprintf("%s/%g", strings.ToLower(options.Type), options.Version)
	}
	doc, err := load(text)
	if err != nil {
		return nil, fmt.Errorf("read OpenAPI document: %w", err)
	}
	if options.Dialect == "" {
		options.Dialect = recognise(doc)
	}
	if options.Dialect == "3cx" && options.Credential == "" {
		options.Credential = "threeCXOAuth2Api"
	}
	d, err := dialectOf(options.Dialect)
	if err != nil {
		return nil, fmt.Errorf("generate descriptor: %w", err)
	}
	return &generator{doc: doc, options: options, dialect: d, schemas: map[string]json.RawMessage{}}, nil
}

// components converts every component schema to a schema of its own.
func (g *generator) components() error {
	if g.doc.Components == nil {
		return nil
	}
	for name, ref := range g.doc.Components.Schemas.FromOldest() {
		raw, err := encode(g.convert(ref))
		if err != nil {
			return fmt.Errorf("schema %s: %w", name, err)
		}
		g.schemas[g.address(name)] = raw
	}
	return nil
}

func (g *generator) address(component string) string {
	return "cordboard://" + g.options.Schemas + "/" + url.PathEscape(component)
}

func (g *generator) node() (*descriptors.Node, error) {
	base, path := g.server()
	node := &descriptors.Node{
		Type: g.options.Type, Aliases: g.options.Aliases, DisplayName: g.options.DisplayName,
		Versions: []float64{g.options.Version}, Dialect: g.options.Dialect, BasePath: path, BaseURL: base,
	}
	if node.DisplayName == "" {
		node.DisplayName = descriptors.StartCase(node.Type[strings.LastIndexByte(node.Type, '.')+1:])
	}
	if credential := g.credential(); credential != "" {
		node.Credentials = []descriptors.CredentialUse{{Type: credential, Required: true}}
	}
	var common descriptors.Property
	if err := json.Unmarshal(requestOptions, &common); err != nil {
		return nil, fmt.Errorf("read request options: %w", err)
	}
	node.Properties = []descriptors.Property{common}
	return node, nil
}

// server is where the first server is whose address can be read.
func (g *generator) server() (base, path string) {
	for _, server := range g.doc.Servers {
		if base, path, ok := addressOf(server); ok {
			return base, cmp.Or(g.options.BasePath, path)
		}
	}
	return "", g.options.BasePath
}

// credential picks n8n's generic credential type for the first security scheme, by name, that has one.
func (g *generator) credential() string {
	if g.options.Credential != "" || g.doc.Components == nil {
		return g.options.Credential
	}
	for _, name := range slices.Sorted(g.doc.Components.SecuritySchemes.KeysFromOldest()) {
		scheme := g.doc.Components.SecuritySchemes.GetOrZero(name)
		switch {
		case scheme.Type == "oauth2":
			return "oAuth2Api"
		case scheme.Type == "http" && strings.EqualFold(scheme.Scheme, "basic"):
			return "httpBasicAuth"
		case scheme.Type == "http" && strings.EqualFold(scheme.Scheme, "bearer"):
			return "httpBearerAuth"
		case scheme.Type == "apiKey" && scheme.In == "header":
			return "httpHeaderAuth"
		case scheme.Type == "apiKey" && scheme.In == "query":
			return "httpQueryAuth"
		}
	}
	return ""
}

func (g *generator) warn(format string, a ...any) {
	g.warnings = append(g.warnings, fmt.Sprintf(format, a...))
}
