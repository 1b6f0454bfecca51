package core_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/runtime"
)

// initials adds the initials of a name to each item.
type initials struct{}

var _ nodes.Node = initials{}

func (initials) Execute(ctx context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		out, err := withInitials(call, i, it)
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err // the node stops at failures
			}
			continue // the item's error has been given instead
		}
		call.EmitFrom(0, i, out)
	}
	return nil
}

func withInitials(call *nodes.Call, i int, it nodes.Item) (nodes.Item, error) {
	field, err := call.Param("field").String(i, "name")
	if err != nil {
		return it, err
	}
	dots, err := call.Param("options").Get("dots").Bool(i, false)
	if err != nil {
		return it, err
	}
	name := it.Get(gjson.Escape(field))
	if name.Type != gjson.String {
		return it, nodes.Errorf("the item has no text %q", field).WithParam("field", "")
	}
	text := ""
	for word := range strings.FieldsSeq(name.Str) {
		text += strings.ToUpper(string([]rune(word)[:1]))
		if dots {
			text += "."
		}
	}
	var b nodes.ObjectBuilder
	b.Raw(field, name.Raw)
	b.Set("initials", nodes.StringValue(text))
	return it.WithJSON(b.String()), nil
}

// Example_node runs a node of one's own between those that are built in.
func Example_node() {
	registry := &nodes.Registry{}
	own := nodes.Type{
		Descriptor: &descriptors.Node{Type: "example.initials", DisplayName: "Initials", Versions: []float64{1}},
		Node:       initials{}, Origin: "example",
	}
	if err := registry.Add(append(core.Nodes(), own)...); err != nil {
		log.Fatal(err)
	}
	engine := runtime.New(runtime.Options{Nodes: registry})
	defer func() { _ = engine.Close() }()
	flow, err := runtime.ParseWorkflow("example", []byte(`{
		"nodes": [
			{"name": "Start", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {}},
			{"name": "Initials", "type": "example.initials", "typeVersion": 1, "onError": "continueErrorOutput",
				"parameters": {"field": "name", "options": {"dots": "={{ $json.formal }}"}}}
		],
		"connections": {"Start": {"main": [[{"node": "Initials", "type": "main", "index": 0}]]}}
	}`))
	if err != nil {
		log.Fatal(err)
	}
	plan, err := engine.Compile(context.Background(), flow)
	if err != nil {
		log.Fatal(err)
	}
	items := nodes.ItemsOf(nodes.NewItem(`{"name":"ada lovelace","formal":true}`), nodes.NewItem(`{"name":"Grace Hopper"}`), nodes.NewItem(`{"id":3}`))
	execution, err := engine.NewExecution(plan, runtime.RunOptions{Input: &items})
	if err != nil {
		log.Fatal(err)
	}
	var out strings.Builder
	if err := execution.Run(context.Background()).WriteJSON(&out); err != nil {
		log.Fatal(err)
	}
	for n, list := range gjson.Get(out.String(), "data.resultData.runData.Initials.0.data.main").Array() {
		for _, it := range list.Array() {
			fmt.Println("output", n, it.Get("json").Raw, "from item", it.Get("pairedItem.item").Raw)
		}
	}
	// Output:
	// output 0 {"name":"ada lovelace","initials":"A.L."} from item 0
	// output 0 {"name":"Grace Hopper","initials":"GH"} from item 1
	// output 1 {"id":3,"error":"the item has no text \"name\""} from item 2
}

// TestGuide: the node that docs/nodes.md shows is the one above.
func TestGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/nodes.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(guide), "```go\n")
	shown, _, ok := strings.Cut(shown, "```")
	if !ok || len(shown) < 500 || !strings.Contains(string(source), strings.TrimSpace(shown)) {
		t.Error("the first block of Go in docs/nodes.md is not a part of example_test.go")
	}
}
