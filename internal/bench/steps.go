package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes"
	engine "github.com/cordboard/cordboard/runtime"
)

// load makes a runtime without plugins and loads a workflow.
func load(ctx context.Context, text []byte) (*cordboard.Runtime, *cordboard.Workflow, error) {
	rt, err := cordboard.New(cordboard.Options{})
	if err != nil {
		return nil, nil, err
	}
	flow, err := rt.Load(ctx, "bench.json", text)
	if err == nil {
		err = flow.Problems.Err()
	}
	if err != nil {
		_ = rt.Close()
		return nil, nil, err
	}
	return rt, flow, nil
}

// perItem is what a step costs for each item: time, the shortest of several runs, and allocations.
type perItem struct {
	time   time.Duration
	allocs float64
	bytes  float64
}

func (p perItem) minus(q perItem) perItem {
	return perItem{p.time - q.time, p.allocs - q.allocs, p.bytes - q.bytes}
}

// step runs a workflow of the trigger and this node.
func step(ctx context.Context, n node, items nodes.Items, runs int) (perItem, error) {
	rt, flow, err := load(ctx, chain(start, n))
	if err != nil {
		return perItem{}, err
	}
	defer rt.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	took, err := minimum(runs, func() error { return once(ctx, rt, flow, items) })
	runtime.ReadMemStats(&after)
	count := float64(items.Len())
	return perItem{
		time.Duration(float64(took) / count), float64(after.Mallocs-before.Mallocs) / count / float64(runs),
		float64(after.TotalAlloc-before.TotalAlloc) / count / float64(runs),
	}, err
}

func once(ctx context.Context, rt *cordboard.Runtime, flow *cordboard.Workflow, items nodes.Items) error {
	result, err := rt.Run(ctx, flow, cordboard.RunOptions{Input: &items})
	if err != nil {
		return err
	}
	if got := result.Items().Len(); got == 0 {
		return fmt.Errorf("the run gave no items")
	}
	return result.Close()
}

const (
	stepItems = 100_000
	stepRuns  = 5
	// native and script are expressions of the two tiers.
	native = `={{ $json.name.toUpperCase() }}`
	script = `={{ $json.tags.reduce((sum, t) => sum + t.length, 0) }}`
)

// measureSteps measures what expressions cost beside a node that does nothing.
func measureSteps(ctx context.Context, b *bench) error {
	items := makeItems(stepItems, 100)
	base, err := step(ctx, noOp, items, stepRuns)
	if err != nil {
		return err
	}
	b.figure("step without parameters (No Operation)", "%.3g µs an item, %.2g allocations", microseconds(base.time), base.allocs)
	if err := b.measureTier(ctx, "native expression", native, true, items, 1); err != nil {
		return err
	}
	if err := b.measureTier(ctx, "JavaScript expression, in batches", script, false, items, 20); err != nil {
		return err
	}
	for _, c := range []struct {
		what   string
		fields string
		budget float64
	}{
		{"Set with one native expression", fields(false, "a", native), 1},
		{"Set with one native expression and all fields that came in", fields(true, "a", native), 0},
		{"Set with three native expressions", fields(false, "a", native, "b", `={{ $json.number + 1 }}`, "c", `=#{{ $json.id }}`), 0},
		{"Set with one JavaScript expression", fields(false, "a", script), 20},
	} {
		runs := stepRuns
		if c.budget > 1 {
			runs = 2
		}
		cost, err := step(ctx, node{"Set", "set", 3.4, c.fields}, items, runs)
		if err != nil {
			return err
		}
		b.tierRow(c.what+", beyond No Operation", cost.minus(base), c.budget)
	}
	return nil
}

func (b *bench) tierRow(what string, cost perItem, budget float64) {
	if budget > 0 {
		b.upTo(what+", an item", microseconds(cost.time), budget, "µs")
	} else {
		b.figure(what+", an item", "%.3g µs", microseconds(cost.time))
	}
	b.figure("  its memory", "%.3g allocations, %.3g bytes", cost.allocs, cost.bytes)
}

// measureTier evaluates an expression alone, without a node.
func (b *bench) measureTier(ctx context.Context, what, expression string, isNative bool, items nodes.Items, budget float64) error {
	e := engine.New(engine.Options{})
	defer e.Close()
	runs := stepRuns
	if !isNative {
		runs = 2
	}
	took, err := minimum(runs, func() error {
		got, err := e.EvaluateText(ctx, expression, items)
		if err == nil && got.Native != isNative {
			err = fmt.Errorf("%s is not evaluated by the tier that is measured", expression)
		}
		return err
	})
	b.upTo(what+" alone, an item of 100 bytes", microseconds(took)/float64(items.Len()), budget, "µs")
	return err
}

// measurePlan plans a workflow of 30 diamonds: an If, a node on each branch, a node where they meet.
func measurePlan(ctx context.Context, b *bench) error {
	f := &file{}
	f.add(start)
	last := start.name
	const condition = `{"conditions":{"options":{"caseSensitive":true,"typeValidation":"strict","version":2},"combinator":"and","conditions":[` +
		`{"id":"c","leftValue":"={{ $json.n }}","rightValue":3,"operator":{"type":"number","operation":"gt"}}]}}`
	for i := range 30 {
		name := func(what string) string { return fmt.Sprintf("%s %d", what, i) }
		f.add(node{name("If"), "if", 2.2, condition})
		f.add(node{name("Yes"), "noOp", 1, `{}`})
		f.add(node{name("No"), "noOp", 1, `{}`})
		f.add(node{name("Join"), "noOp", 1, `{}`})
		f.connect(last, 0, name("If"))
		f.connect(name("If"), 0, name("Yes"))
		f.connect(name("If"), 1, name("No"))
		f.connect(name("Yes"), 0, name("Join"))
		f.connect(name("No"), 0, name("Join"))
		last = name("Join")
	}
	rt, err := cordboard.New(cordboard.Options{PluginDirs: []string{b.dir}})
	if err != nil {
		return err
	}
	defer rt.Close()
	text := f.text()
	took, err := minimum(stepRuns, func() error {
		flow, err := rt.Load(ctx, "bench.json", text)
		if err == nil {
			_ = flow.CanStart("")
		}
		return err
	})
	b.upTo("read and plan 30 diamonds of If and join (121 nodes)", milliseconds(took), 10, "ms")
	return err
}
