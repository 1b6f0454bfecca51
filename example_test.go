package cordboard_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

const hello = `{
  "name": "Hello",
  "nodes": [
    {"name": "Start", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {}},
    {"name": "Greet", "type": "n8n-nodes-base.set", "typeVersion": 3.4, "position": [200, 0], "parameters": {
      "assignments": {"assignments": [{"name": "text", "type": "string", "value": "=Hello {{ $json.name }}!"}]}}}
  ],
  "connections": {"Start": {"main": [[{"node": "Greet", "type": "main", "index": 0}]]}},
  "settings": {"executionOrder": "v1"}
}`

// A workflow runs in a few lines.
func Example() {
	ctx := context.Background()
	rt, err := cordboard.New(cordboard.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	flow, err := rt.Load(ctx, "hello.json", []byte(hello))
	if err != nil {
		log.Fatal(err)
	}
	input, err := runtime.ParseItems(`[{"name": "Ada"}, {"name": "Grace"}]`)
	if err != nil {
		log.Fatal(err)
	}
	result, err := rt.Run(ctx, flow, cordboard.RunOptions{Input: &input})
	if err != nil {
		log.Fatal(err)
	}
	defer result.Close()
	for _, item := range result.Items().All() {
		fmt.Println(item.Get("text"))
	}
	// Output:
	// Hello Ada!
	// Hello Grace!
}

// shout is a node: it turns the text of each item to capitals.
type shout struct{}

func (shout) Execute(_ context.Context, call *nodes.Call) error {
	for i := range call.Input(0).Len() {
		text, err := call.Param("text").String(i, "")
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		var b nodes.ObjectBuilder
		b.Set("text", nodes.StringValue(strings.ToUpper(text)))
		call.EmitFrom(0, i, nodes.NewItem(b.String()))
	}
	return nil
}

// A node of one's own is a type with one method and a descriptor.
func ExampleOptions_nodes() {
	ctx := context.Background()
	own := nodes.Type{
		Descriptor: &descriptors.Node{Type: "example.shout", DisplayName: "Shout", Versions: []float64{1}},
		Node:       shout{},
		Origin:     "example",
	}
	rt, err := cordboard.New(cordboard.Options{Nodes: []nodes.Type{own}})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	flow, err := rt.Load(ctx, "shout.json", []byte(`{
	  "nodes": [
	    {"name": "Start", "type": "n8n-nodes-base.manualTrigger", "position": [0, 0], "parameters": {}},
	    {"name": "Shout", "type": "example.shout", "position": [200, 0], "parameters": {"text": "={{ $json.word }}"}}],
	  "connections": {"Start": {"main": [[{"node": "Shout", "type": "main", "index": 0}]]}}}`))
	if err != nil {
		log.Fatal(err)
	}
	input, err := runtime.ParseItems(`{"word": "quiet"}`)
	if err != nil {
		log.Fatal(err)
	}
	result, err := rt.Run(ctx, flow, cordboard.RunOptions{Input: &input})
	if err != nil {
		log.Fatal(err)
	}
	defer result.Close()
	if err := runtime.WriteItems(os.Stdout, result.Items()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// [
	// {"text":"QUIET"}
	// ]
}

// What is wrong with a workflow is known before anything is sent.
func ExampleRuntime_Load() {
	ctx := context.Background()
	rt, err := cordboard.New(cordboard.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	flow, err := rt.Load(ctx, "flow.json", []byte(strings.Replace(hello, "base.set", "base.sett", 1)))
	if err != nil {
		log.Fatal(err)
	}
	for _, problem := range flow.Problems {
		fmt.Println(problem)
	}
	_, err = rt.Run(ctx, flow, cordboard.RunOptions{})
	fmt.Println("Run:", err != nil)
	// Output:
	// flow.json: node "Greet": unknown node type "n8n-nodes-base.sett"; the nearest is "n8n-nodes-base.set" (cordboard nodes list lists what there is; plugins and cordboard nodes import bring more)
	// Run: true
}
