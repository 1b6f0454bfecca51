// Package community makes descriptor files of n8n community packages whose nodes are declarative: they describe their
// requests (routing) and have no code that executes.
//
//	files of the package ──Evaluate.js──▶ descriptions as JSON ──Convert──▶ descriptor files, and what is left out
//
// It owns the program that evaluates a package's compiled files and the way from n8n's routing to operations. It runs
// nothing itself: the caller evaluates the program in a machine that has neither network nor disk.
package community

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
)

// Modules is JavaScript: a function of a package's files, texts by path, that finds, runs and lists its modules.
//
//go:embed modules.js
var Modules string

//go:embed evaluate.js
var evaluate string

// Program is JavaScript: a function of the package's files (a JSON object of texts by path) and of its entries, both as
// Package.Arguments gives them, whose result is for Convert.
var Program = "(" + evaluate + ")(" + Modules + ")"

// Package is an npm package as it lies on disk: its compiled files by path, package.json among them.
type Package struct {
	Files map[string]string
}

// Name is the package's name, the first part of its nodes' types.
func (p Package) Name() string { return gjson.Get(p.Files["package.json"], "name").Str }

// Arguments are the program's. It is an error if package.json lists no nodes of n8n.
func (p Package) Arguments() (files, entries string, err error) {
	type entry struct {
		File string `json:"file"`
		Kind string `json:"kind"`
	}
	manifest := gjson.Parse(p.Files["package.json"])
	var list []entry
	for _, e := range manifest.Get("n8n.nodes").Array() {
		list = append(list, entry{path.Clean(e.String()), "node"})
	}
	if len(list) == 0 || p.Name() == "" {
		return "", "", errors.New(`it is no n8n package: its package.json must have a name and "n8n": {"nodes": […]}`)
	}
	for _, e := range manifest.Get("n8n.credentials").Array() {
		list = append(list, entry{path.Clean(e.String()), "credential"})
	}
	texts, err := json.Marshal(p.Files)
	if err != nil {
		return "", "", err
	}
	entriesText, err := json.Marshal(list)
	return string(texts), string(entriesText), err
}

// Left is something that is not carried over.
type Left struct {
	// Node is the node's name; Where the resource and operation ("resource contact, operation create"), the parameter, or all of it;
	// empty for the whole node.
	Node, Where string
	Reason      string
}

// String is one line.
func (l Left) String() string {
	if l.Where == "" {
		return l.Node + ": " + l.Reason
	}
	return l.Node + ", " + l.Where + ": " + l.Reason
}

// Imported is what a package came to.
type Imported struct {
	Files []*descriptors.File
	// Left is what the descriptors do not hold; Notes are what is to be done before the nodes can be used.
	Left  []Left
	Notes []string
}

// Operations counts the values of the nodes' parameters "operation"; a node without one has one.
func (i *Imported) Operations() int {
	n := 0
	for _, f := range i.Files {
		before := n
		for _, p := range f.Node.Properties {
			if p.Name == "operation" {
				n += len(p.Options)
			}
		}
		n = max(n, before+1)
	}
	return n
}

// Convert makes descriptor files of what the program gave.
func (p Package) Convert(evaluated string) (*Imported, error) {
	if !gjson.Valid(evaluated) {
		return nil, errors.New("the package's descriptions are no JSON")
	}
	root := gjson.Parse(evaluated)
	out := &Imported{}
	for _, f := range root.Get("failed").Array() {
		out.Left = append(out.Left, Left{Node: f.Get("file").Str, Reason: "it cannot be loaded: " + f.Get("reason").Str})
	}
	for _, n := range root.Get("nodes").Array() {
		c := converter{out: out, of: p, source: n, d: n.Get("description"), credentials: root.Get("credentials")}
		c.name = c.d.Get("name").Str
		switch {
		case n.Get("execute").Bool():
			c.left("", "it executes code of its own")
		case n.Get("trigger").Bool():
			c.left("", "it is a trigger with code of its own")
		case c.name == "":
			out.Left = append(out.Left, Left{Node: n.Get("file").Str, Reason: "its description has no name"})
		case !routed(c.d):
			c.left("", "it is not declarative: its description has no routing")
		default:
			file, err := c.file(p.Name() + "." + c.name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if file != nil {
				out.Files = append(out.Files, file)
			}
		}
	}
	return out, nil
}
