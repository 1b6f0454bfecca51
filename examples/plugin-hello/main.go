// This plugin brings one node, hello.words, which counts the words of a text:
//
//	go build -o cordboard-node-hello examples/plugin-hello/main.go
//	cordboard plugins trust ./cordboard-node-hello
//	cordboard nodes example hello.words --plugin-dir .
//
// cordboard plugins new NAME begins a plugin of your own, with a test.
package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin"
)

func main() {
	plugin.Serve(nodes.Type{Node: words{}, Descriptor: &descriptors.Node{
		Type: "hello.words", DisplayName: "Count Words", Versions: []float64{1},
		Properties: []descriptors.Property{
			{Name: "text", Type: "string", Required: true},
			{Name: "least", Type: "number", Default: json.RawMessage("1"), Description: "Letters that a word must have to count."},
		},
	}})
}

type words struct{}

// Execute gives each item with the number of words. A text without any is a failure of its item: whether the run stops is
// the workflow's business, and Fail knows it.
func (words) Execute(_ context.Context, call *nodes.Call) error {
	for i := range call.Input(0).Len() {
		n, err := count(call, i)
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		var result nodes.ObjectBuilder
		result.Set("words", nodes.NumberValue(float64(n)))
		call.EmitFrom(0, i, nodes.NewItem(result.String()))
	}
	call.Log.Info("words were counted", "items", call.Input(0).Len())
	return nil
}

func count(call *nodes.Call, i int) (n int, err error) {
	text, err := call.Param("text").String(i, "")
	if err != nil {
		return 0, err
	}
	least, err := call.Param("least").Number(i, 1)
	if err != nil {
		return 0, err
	}
	for _, word := range strings.Fields(text) {
		if float64(len([]rune(word))) >= least {
			n++
		}
	}
	if n == 0 {
		return 0, nodes.Errorf("there is no word in it").WithParam("text", "")
	}
	return n, nil
}
