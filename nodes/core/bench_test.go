package core_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/internal/golden"
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
	benchFlow(b, fmt.Sprintf(`{"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},{"name":"Node",%s}],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}},"settings":{"executionOrder":"v1"}}`, node), 10_000, size)
}

// benchJoin is benchNode for a node with two inputs, which get the same n items.
func benchJoin(b *testing.B, node string, n int) {
	benchFlow(b, fmt.Sprintf(`{"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},{"name":"Node",%s}],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0},{"node":"Node","type":"main","index":1}]]}},
		"settings":{"executionOrder":"v1"}}`, node), n, 100)
}

// benchFlow runs a workflow that begins with n items of about size bytes.
func benchFlow(b *testing.B, text string, n, size int) {
	engine := golden.NewEngine(b, runtime.Options{})
	flow, err := runtime.ParseWorkflow("bench", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	plan, err := engine.Compile(context.Background(), flow)
	if err != nil {
		b.Fatal(err)
	}
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
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/item")
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
		"switch": `"type":"n8n-nodes-base.switch","typeVersion":3.2,"parameters":{"options":{"fallbackOutput":"extra"},"rules":{"values":[{"conditions":{"options":{"version":2,"typeValidation":"strict","caseSensitive":true},"combinator":"and",
			"conditions":[{"leftValue":"={{ $json.n }}","rightValue":5000,"operator":{"type":"number","operation":"gt"}}]}}]}}`,
		"split out": `"type":"n8n-nodes-base.splitOut","typeVersion":1,"parameters":{"fieldToSplitOut":"name","include":"allOtherFields"}`,
	} {
		for _, size := range []int{100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) { benchNode(b, node, size) })
		}
	}
}

// BenchmarkJoin shows that joins stay linear: the time an item takes at 100,000 is about that at 10,000. Every item has one
// partner.
func BenchmarkJoin(b *testing.B) {
	const fields = `"type":"n8n-nodes-base.merge","typeVersion":3,"parameters":{"mode":"combine","advanced":true,"joinMode":"keepEverything",
		"mergeByFields":{"values":[{"field1":"%s","field2":"%s"}]},"options":{"fuzzyCompare":%t}}`
	for name, node := range map[string]string{
		"merge append":   `"type":"n8n-nodes-base.merge","typeVersion":3,"parameters":{}`,
		"merge fields":   fmt.Sprintf(fields, "name", "name", false),
		"merge fuzzy":    fmt.Sprintf(fields, "n", "n", true),
		"merge nothing":  fmt.Sprintf(fields, "n", "name", true),
		"merge position": `"type":"n8n-nodes-base.merge","typeVersion":3,"parameters":{"mode":"combine","combineBy":"combineByPosition"}`,
		"merge key 1":    `"type":"n8n-nodes-base.merge","typeVersion":1,"parameters":{"mode":"mergeByKey","propertyName1":"name","propertyName2":"name"}`,
		"merge sql":      `"type":"n8n-nodes-base.merge","typeVersion":3,"parameters":{"mode":"combineBySql","query":"SELECT input1.n, input2.name FROM input1 JOIN input2 ON input1.n = input2.n"}`,
		"compare": `"type":"n8n-nodes-base.compareDatasets","typeVersion":2.3,"parameters":{"options":{},
			"mergeByFields":{"values":[{"field1":"n","field2":"n"}]}}`,
	} {
		for _, n := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) { benchJoin(b, node, n) })
		}
	}
}

// BenchmarkCollect shows that what looks at all items together stays linear, in time and in memory.
func BenchmarkCollect(b *testing.B) {
	for name, node := range map[string]string{
		"aggregate":         `"type":"n8n-nodes-base.aggregate","typeVersion":1,"parameters":{"aggregate":"aggregateAllItemData"}`,
		"aggregate field":   `"type":"n8n-nodes-base.aggregate","typeVersion":1,"parameters":{"fieldsToAggregate":{"fieldToAggregate":[{"fieldToAggregate":"name"}]}}`,
		"remove duplicates": `"type":"n8n-nodes-base.removeDuplicates","typeVersion":2,"parameters":{}`,
		"remove by field":   `"type":"n8n-nodes-base.removeDuplicates","typeVersion":2,"parameters":{"compare":"selectedFields","fieldsToCompare":"name"}`,
		"summarize": `"type":"n8n-nodes-base.summarize","typeVersion":1.1,"parameters":{"fieldsToSummarize":{"values":[
			{"aggregation":"sum","field":"n"},{"aggregation":"countUnique","field":"name"}]}}`,
		"summarize groups": `"type":"n8n-nodes-base.summarize","typeVersion":1.1,"parameters":{"fieldsToSummarize":{"values":[{"aggregation":"max","field":"n"}]},"fieldsToSplitBy":"name"}`,
		"sort":             `"type":"n8n-nodes-base.sort","typeVersion":1,"parameters":{"sortFieldsUi":{"sortField":[{"fieldName":"name","order":"descending"}]}}`,
		"rename keys":      `"type":"n8n-nodes-base.renameKeys","typeVersion":1,"parameters":{"keys":{"key":[{"currentKey":"name","newKey":"title"}]}}`,
	} {
		for _, n := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				benchFlow(b, fmt.Sprintf(`{"nodes":[
					{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},{"name":"Node",%s}],
					"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}},"settings":{"executionOrder":"v1"}}`, node), n, 1000)
			})
		}
	}
}
