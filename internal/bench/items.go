package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/cordboard/cordboard"
)

// itemBytes is the size of an item in measureItems.
const itemBytes = 1024

// measureItems sends many items of 1 KB through Set, Filter and Aggregate and watches memory.
func measureItems(ctx context.Context, b *bench) error {
	set := node{"Set", "set", 3.4, fields(true, "a", native)}
	filter := node{"Filter", "filter", 2.2, `{"conditions":{"options":{"caseSensitive":true,"typeValidation":"strict","version":2},"combinator":"and","conditions":[` +
		`{"id":"c","leftValue":"={{ $json.enabled }}","rightValue":"","operator":{"type":"boolean","operation":"true","singleValue":true}}]},"options":{}}`}
	aggregate := node{"Aggregate", "aggregate", 1, `{"aggregate":"aggregateAllItemData","options":{}}`}
	rt, plan, err := load(ctx, chain(start, set, filter, aggregate))
	if err != nil {
		return err
	}
	defer rt.Close()
	counts := []int{10_000, 100_000, 1_000_000}
	if b.short {
		counts = counts[:2]
	}
	var first float64
	for i, n := range counts {
		took, peak, err := b.flood(ctx, rt, plan, n)
		if err != nil {
			return err
		}
		each := microseconds(took) / float64(n)
		if i == 0 {
			first = each
		}
		b.figure(fmt.Sprintf("Set → Filter → Aggregate, %d items of 1 KB", n), "%.3g µs an item (%.2f × that of %d items)", each, each/first, counts[0])
		if n == 1_000_000 {
			b.upTo("  peak heap, the items that came in included, in times the data", peak/float64(n)/itemBytes, 3, "×")
		} else {
			b.figure("  peak heap", "%.3g × the data", peak/float64(n)/itemBytes)
		}
	}
	return nil
}

// flood runs a workflow with n items, and returns how long that took and the peak of the heap in bytes.
func (b *bench) flood(ctx context.Context, rt *cordboard.Runtime, flow *cordboard.Workflow, n int) (took time.Duration, peak float64, err error) {
	items := makeItems(n, itemBytes)
	runtime.GC()
	before := heap()
	heapOfItems := float64(n) * itemBytes
	stop, done := make(chan struct{}), make(chan float64)
	go func() { done <- watchHeap(stop) }()
	began := time.Now()
	err = once(ctx, rt, flow, items)
	took = time.Since(began)
	close(stop)
	highest := <-done
	runtime.KeepAlive(items)
	return took, max(highest-before, 0) + heapOfItems, err
}

func watchHeap(stop <-chan struct{}) (highest float64) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return max(highest, heap())
		case <-tick.C:
			highest = max(highest, heap())
		}
	}
}

// heap is what objects on the heap take, those included that the collector has not found to be dead yet.
func heap() float64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}
