package descriptors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Format is the name of the file format, in the first line of every descriptor file.
const Format = "cordboard.descriptor/1"

// File is a node with all its pages, as it is made by hand or by package openapi. In the program a Set is used, which
// does not decode what is not asked for.
//
// A file is lines of JSON, so that a line can be decoded alone and a change shows as the lines it touches:
//
//	{"format":"cordboard.descriptor/1","node":{…}}      the node without its resources, which follow from the operations
//	{"resource":"Users","name":"Bulk Update",…}         a line for each operation, in the order of the index
//	{"$id":"cordboard://threecx/20.0.7/Pbx.User",…}     a line for each shared schema
//
// Several nodes may follow one another. A file may also be one JSON document {format?, node, operations, schemas},
// which is easier to write by hand; LoadFile reads both.
type File struct {
	Format     string       `json:"format,omitempty"`
	Node       *Node        `json:"node"`
	Operations []*Operation `json:"operations,omitempty"`
	// Schemas are the shared schemas by address.
	Schemas map[string]json.RawMessage `json:"schemas,omitempty"`
	// Warnings say what of the source the descriptor cannot hold. They are not part of the file.
	Warnings []string `json:"-"`
}

// header is the first line of a node.
type header struct {
	Format string `json:"format"`
	Node   *Node  `json:"node"`
}

// Bytes is the whole file: node, operations and schemas.
func (f *File) Bytes() ([]byte, error) {
	pages, err := f.Pages()
	if err != nil {
		return nil, err
	}
	schemaLines, err := f.SchemaLines()
	if err != nil {
		return nil, err
	}
	return append(pages, schemaLines...), nil
}

// Pages is the file without the schemas.
func (f *File) Pages() ([]byte, error) {
	var out bytes.Buffer
	node := *f.Node
	node.Resources = nil
	node.PropertyNames = propertyNames(f.Operations)
	node.Properties = withoutLabels(node.Properties)
	if err := writeLine(&out, header{Format: Format, Node: &node}); err != nil {
		return nil, fmt.Errorf("write descriptor of %s: %w", f.Node.Type, err)
	}
	for _, op := range f.Operations {
		page := *op
		page.Properties = withoutLabels(op.Properties)
		if page.Summary == summary(op) {
			page.Summary = ""
		}
		if err := writeLine(&out, &page); err != nil {
			return nil, fmt.Errorf("write descriptor of %s, operation %s: %w", f.Node.Type, op.ID, err)
		}
	}
	return out.Bytes(), nil
}

// SchemaLines is the schemas alone, ordered by address.
func (f *File) SchemaLines() ([]byte, error) {
	var out bytes.Buffer
	for _, address := range slices.Sorted(maps.Keys(f.Schemas)) {
		id, err := json.Marshal(address)
		if err != nil {
			return nil, fmt.Errorf("write schema %s: %w", address, err)
		}
		var body bytes.Buffer
		if err := json.Compact(&body, f.Schemas[address]); err != nil {
			return nil, fmt.Errorf("write schema %s: %w", address, err)
		}
		members := strings.TrimSuffix(strings.TrimPrefix(body.String(), "{"), "}")
		if strings.HasPrefix(members, `"$id":`) {
			return nil, fmt.Errorf("write schema %s: it has an $id of its own", address)
		}
		if members != "" {
			members = "," + members
		}
		fmt.Fprintf(&out, "{\"$id\":%s%s}\n", id, members)
	}
	return out.Bytes(), nil
}

// WriteFile writes the whole file to the path, at once or not at all.
func WriteFile(path string, f *File) error {
	text, err := f.Bytes()
	if err != nil {
		return err
	}
	draft := path + ".new"
	if err := os.WriteFile(draft, text, 0o644); err != nil {
		return fmt.Errorf("write descriptor: %w", err)
	}
	if err := os.Rename(draft, path); err != nil {
		return fmt.Errorf("write descriptor: %w", err)
	}
	return nil
}

// Set returns the file as a Set, without going through a file.
func (f *File) Set() (*FileSet, error) {
	text, err := f.Bytes()
	if err != nil {
		return nil, err
	}
	return NewFileSet(f.Node.Type, string(text))
}

func writeLine(out *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// propertyNames collects the names of the parameters that any of the operations has.
func propertyNames(operations []*Operation) []string {
	seen := map[string]bool{}
	for _, op := range operations {
		for _, p := range op.Properties {
			seen[p.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// withoutLabels drops the labels that follow from the names: they are put back on reading.
func withoutLabels(properties []Property) []Property {
	out := slices.Clone(properties)
	for i := range out {
		if out[i].DisplayName == StartCase(out[i].Name) {
			out[i].DisplayName = ""
		}
		out[i].Properties = withoutLabels(out[i].Properties)
	}
	return out
}

// fillLabels gives every property without a label the one that follows from its name.
func fillLabels(properties []Property) {
	for i := range properties {
		if properties[i].DisplayName == "" {
			properties[i].DisplayName = StartCase(properties[i].Name)
		}
		fillLabels(properties[i].Properties)
	}
}

func summary(op *Operation) string { return op.Resource + ": " + op.Name }
