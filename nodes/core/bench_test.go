package core_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// benchItems makes n items of about size bytes, with a number "n" and a text "name".
func benchItems(n, size int) nodes.Items {
	var b nodes.ItemsBuilder
	for i := range n {
		var fields strings.Builder
		for f := 0; fields.Len() < size-60; f++ {
			fmt.Fprintf(&fields, `,"field%d":"value %d of some length"`, f, f)
		}
		b.Add(nodes.NewItem(fmt.Sprintf(`{"n":%d,"name":"item %d"%s}`, i, i, fields.String())))
	}
	return b.Items()
}

// benchNode runs a node on 10,000 items and reports the time and memory for each.
func benchNode(b *testing.B, node string, size int) {
	engine := newEngine(b)
	flow, err := runtime.ParseWorkflow("bench", []byte(fmt.Sprintf(`{"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},{"name":"Node",%s}],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}},"settings":{"executionOrder":"v1"}}`, node)))
	if err != nil {
		b.Fatal(err)
	}
	plan, err := engine.Compile(context.Background(), flow)
	if err != nil {
		b.Fatal(err)
	}
	const n = 10_000
	items := benchItems(n, size)
	b.ReportAllocs()
	for b.Loop() {
		execution, err := engine.NewExecution(plan, runtime.RunOptions{Input: &items})
		if err != nil {
			b.Fatal(err)
		}
		if run := execution.Run(context.Background()); run.Err != nil {
			b.Fatal(run.Err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/item")
}

func BenchmarkNode(b *testing.B) {
	const set = `"type":"n8n-nodes-base.set","typeVersion":3.4,"parameters":{"includeOtherFields":%t,"options":{},"assignments":{"assignments":[
		{"name":"%s","type":"string","value":"={{ $json.name }}"},{"name":"m","type":"number","value":"={{ $json.n + 1 }}"}]}}`
	const conditions = `"typeVersion":2.2,"parameters":{"conditions":{"options":{"version":2,"typeValidation":"strict","caseSensitive":true},"combinator":"and",
		"conditions":[{"leftValue":"={{ $json.n }}","rightValue":5000,"operator":{"type":"number","operation":"%s"}}]}}`
	for name, node := range map[string]string{
		"noOp":        `"type":"n8n-nodes-base.noOp","typeVersion":1,"parameters":{}`,
		"set keep":    fmt.Sprintf(set, true, "title"),
		"set replace": fmt.Sprintf(set, true, "name"),
		"set only":    fmt.Sprintf(set, false, "title"),
		"set path":    fmt.Sprintf(set, true, "a.b"),
		"set raw":     `"type":"n8n-nodes-base.set","typeVersion":3.4,"parameters":{"mode":"raw","options":{},"jsonOutput":"={\"a\": {{ $json.n }}, \"b\": \"{{ $json.name }}\"}"}`,
		"filter":      `"type":"n8n-nodes-base.filter",` + fmt.Sprintf(conditions, "gt"),
		"if":          `"type":"n8n-nodes-base.if",` + fmt.Sprintf(conditions, "lt"),
		"sort":        `"type":"n8n-nodes-base.sort","typeVersion":1,"parameters":{"sortFieldsUi":{"sortField":[{"fieldName":"name","order":"descending"}]}}`,
		"split out":   `"type":"n8n-nodes-base.splitOut","typeVersion":1,"parameters":{"fieldToSplitOut":"name","include":"allOtherFields"}`,
	} {
		for _, size := range []int{100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) { benchNode(b, node, size) })
		}
	}
}
