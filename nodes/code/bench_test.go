package code_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// Benchmark runs 100,000 items of about 100 bytes through a Code node.
func Benchmark(b *testing.B) {
	const count = 100_000
	items := make([]nodes.Item, count)
	for i := range items {
		items[i] = nodes.NewItem(fmt.Sprintf(`{"id":%d,"name":"item number %d","email":"someone%d@example.com","amount":%d.5,"active":true}`, i, i, i, i%1000))
	}
	given := nodes.ItemsOf(items...)
	for _, way := range []struct{ name, mode, source string }{
		{"all", "runOnceForAllItems", "return $input.all().map(i => ({json: {...i.json, double: i.json.amount * 2}}));"},
		{"each", "runOnceForEachItem", "return {json: {...$json, double: $json.amount * 2}};"},
	} {
		b.Run(way.name, func(b *testing.B) {
			engine := newEngine(b, runtime.Options{})
			flow, err := runtime.ParseWorkflow("bench", fmt.Appendf(nil, `{"nodes":[
				{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},
				{"name":"Node","type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"mode":%q,"jsCode":%q}}],
				"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}},"settings":{"executionOrder":"v1"}}`, way.mode, way.source))
			if err != nil {
				b.Fatal(err)
			}
			plan, err := engine.Compile(context.Background(), flow)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				execution, err := engine.NewExecution(plan, runtime.RunOptions{Input: &given})
				if err != nil {
					b.Fatal(err)
				}
				if run := execution.Run(context.Background()); run.Items().Len() != count {
					b.Fatal(run.Status)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/count, "µs/item")
		})
	}
}
