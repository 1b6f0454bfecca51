// Package threecx holds the descriptors of the 3CX node: a generated file for each version of 3CX's API (package generate
// makes them), and the trigger's, written by hand. It does not talk to a PBX and knows no operation by name.
package threecx

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/schemas"
)

// Type is the node type in workflow files.
const Type = "n8n-nodes-3cx.threecx"

//go:embed trigger.json
var trigger []byte

//go:embed 20.0.7.jsonl
var pages2007 string

//go:embed 20.0.10.jsonl
var pages20010 string

// API is a version of 3CX's API and the typeVersion that stands for it in workflow files.
type API struct {
	TypeVersion float64
	Version     string
}

// APIs returns the versions of 3CX's API that the node has.
func APIs() []API { return []API{{1, "20.0.7"}, {2, "20.0.10"}} }

// Set returns the 3CX node at both versions: 1 is API 20.0.7, 2 is API 20.0.10.
func Set() (*descriptors.FileSet, error) {
	texts := []string{pages2007, pages20010}
	for _, a := range APIs() {
		text, ok := schemas.ThreeCX(a.Version)
		if !ok {
			return nil, fmt.Errorf("the schemas of 3CX API %s are not in this program", a.Version)
		}
		texts = append(texts, text)
	}
	return descriptors.NewFileSet(Type, texts...)
}

// Trigger returns the node that listens to 3CX's Call Control API. It is written by hand: no API document describes it.
func Trigger() (*descriptors.Node, error) {
	d := &descriptors.Node{}
	if err := json.Unmarshal(trigger, d); err != nil {
		return nil, fmt.Errorf("trigger.json: %w", err)
	}
	return d, nil
}
