package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin"
)

// echo gives each item back. It is run in process, and through this program as its own plugin: all that differs is
// the hop.
type echo struct{}

// Execute is nodes.Node's.
func (echo) Execute(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

func echoType() nodes.Type {
	return nodes.Type{
		Descriptor: &descriptors.Node{Type: "bench.echo", DisplayName: "Echo", Versions: []float64{1}},
		Node:       echo{}, Origin: "bench",
	}
}

// quiet is an engine that is asked nothing but the time zone.
type quiet struct{ nodes.Engine }

// Location is nodes.Engine's.
func (quiet) Location() *time.Location { return time.UTC }

// measureHop measures the way through a plugin and back, in calls of different sizes.
func measureHop(ctx context.Context, b *bench) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	trusted, _, err := plugin.TrustPinned(self)
	if err != nil {
		return err
	}
	host := plugin.NewHost(trusted, nil)
	defer host.Close()
	types, err := host.Types(ctx)
	if err != nil {
		return err
	}
	params, errs := nodes.CompileTemplate(gjson.Parse(`{}`), nil)
	if errs != nil {
		return errs[0]
	}
	for _, c := range []struct {
		size, runs int
		budget     float64
	}{{1, 500, 0}, {10, 300, 0}, {100, 200, 20}, {1000, 50, 0}} {
		for _, bytes := range []int{100, 1024} {
			items := makeItems(c.size, bytes)
			local, err := minimum(c.runs, func() error { return executeEcho(ctx, echo{}, params, items) })
			if err != nil {
				return err
			}
			remote, err := minimum(c.runs, func() error { return executeEcho(ctx, types[0].Node, params, items) })
			if err != nil {
				return err
			}
			what := fmt.Sprintf("plugin hop, %d items of %d bytes there and back, an item", c.size, bytes)
			each := microseconds(remote-local) / float64(c.size)
			if c.budget > 0 {
				b.upTo(what, each, c.budget, "µs")
			} else {
				b.figure(what, "%.3g µs", each)
			}
		}
	}
	return nil
}

func executeEcho(ctx context.Context, n nodes.Node, params *nodes.Template, items nodes.Items) error {
	call := &nodes.Call{
		Name: "Echo", Type: "bench.echo", Version: 1, Inputs: []nodes.Items{items}, Params: params, OnError: nodes.StopWorkflow,
		Retry: nodes.Retry{Tries: 1}, Engine: quiet{}, Log: slog.New(slog.DiscardHandler),
	}
	if err := n.Execute(ctx, call); err != nil {
		return err
	}
	outputs, _, _ := call.Outcome()
	if len(outputs) != 1 || outputs[0].Len() != items.Len() {
		return fmt.Errorf("the echo of %d items is not whole", items.Len())
	}
	return nil
}
