// Package files is the nodes that turn items into files and files into items: CSV, HTML, JSON, iCalendar, OpenDocument, RTF,
// text, XLS, XLSX and PDF, archives, and the older nodes for them. What they do is held to cases recorded from n8n (testdata).
//
// It reads and writes formats; where the bytes lie is the business of package nodes (binary data, open directories). Rows are
// streamed both ways, and what has to be in memory (a table of shared texts, an entry of an archive) has a limit.
package files

import (
	descriptors "github.com/cordboard/cordboard/descriptors/core"
	"github.com/cordboard/cordboard/nodes"
)

// list are the nodes by the name of their descriptor.
var list = []struct {
	name string
	node nodes.Node
}{
	{"compression", compression{}},
	{"convertToFile", convertToFile{}},
	{"extractFromFile", extractFromFile{}},
	{"moveBinaryData", moveBinaryData{}},
	{"readBinaryFile", readBinaryFile{}},
	{"readBinaryFiles", readBinaryFiles{}},
	{"readPDF", readPDF{}},
	{"spreadsheetFile", spreadsheetFile{}},
	{"writeBinaryFile", writeBinaryFile{}},
}

// Nodes returns the nodes of the package.
func Nodes() []nodes.Type {
	types := make([]nodes.Type, len(list))
	for i, n := range list {
		types[i] = nodes.Type{Descriptor: descriptors.Node(n.name), Node: n.node, Origin: "built in"}
	}
	return types
}
