// Package core holds the descriptors of the built-in nodes, a JSON file each, named after the node. Behaviour is in
// package nodes/core.
package core

import (
	"embed"
	"fmt"

	"github.com/cordboard/cordboard/descriptors"
)

//go:embed *.json
var files embed.FS

// Node returns the descriptor of the built-in node with this name, the file's name without ".json". A file that is missing
// or broken is a mistake in the program, which the tests find: it panics.
func Node(name string) *descriptors.Node {
	text, err := files.ReadFile(name + ".json")
	if err != nil {
		panic(err)
	}
	d, err := descriptors.ParseBuiltIn(text)
	if err != nil {
		panic(fmt.Errorf("descriptors/core/%s.json: %w", name, err))
	}
	return d
}
