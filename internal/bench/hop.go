package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin"
)

// echo gives each item back. It is run in process, and through this program as its own plugin: all that differs is
// the hop. Without items it tells the most memory that its process had.
type echo struct{}

// Execute is nodes.Node's.
func (echo) Execute(_ context.Context, call *nodes.Call) error {
	if call.Input(0).Len() == 0 {
		call.Emit(0, nodes.NewItem(fmt.Sprintf(`{"peak":%d}`, ownPeak())))
	}
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

// ownPeak is the most resident memory that this process had, in KB; 0 where the system does not tell.
func ownPeak() (kb int) {
	status, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
		_, _ = fmt.Sscan(rest, &kb)
	}
	return kb
}

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
	if err := measureHopThroughput(ctx, b, types[0].Node, params); err != nil {
		return err
	}
	return measureHopMemory(ctx, b, types[0].Node, params)
}

// measureHopThroughput measures how much goes through the plugin and back in a second.
func measureHopThroughput(ctx context.Context, b *bench, n nodes.Node, params *nodes.Template) error {
	for _, c := range []struct {
		what              string
		count, size, runs int
	}{{"1 KB", 20_000, 1 << 10, 5}, {"1 MB", 20, 1 << 20, 5}} {
		items := makeItems(c.count, c.size)
		took, err := minimum(c.runs, func() error { return executeEcho(ctx, n, params, items) })
		if err != nil {
			return err
		}
		b.figure("plugin hop, items of "+c.what+", there and back", "%.3g MB/s each way, %.3g items/s",
			float64(c.count*c.size)/1e6/took.Seconds(), float64(c.count)/took.Seconds())
	}
	return nil
}

// measureHopMemory sends many items through the plugin in one call.
func measureHopMemory(ctx context.Context, b *bench, n nodes.Node, params *nodes.Template) error {
	count := 1_000_000
	if b.short {
		count = 100_000
	}
	items := makeItems(count, itemBytes)
	runtime.GC()
	before := heap()
	stop, highest := make(chan struct{}), make(chan float64)
	go func() { highest <- watchHeap(stop) }()
	began := time.Now()
	err := executeEcho(ctx, n, params, items)
	took := time.Since(began)
	close(stop)
	peak := <-highest
	runtime.KeepAlive(items)
	if err != nil {
		return err
	}
	call := echoCall(params, nodes.Items{})
	if err := n.Execute(ctx, call); err != nil {
		return err
	}
	outputs, _, _ := call.Outcome()
	b.figure(fmt.Sprintf("plugin hop, %d items of 1 KB in one call", count), "%.3g s", took.Seconds())
	b.figure("  peak heap of the host, beyond the items that it had", "%.3g MB", (peak-before)/1e6)
	b.figure("  peak memory of the plugin's process", "%.3g MB", outputs[0].At(0).Get("peak").Num*1024/1e6)
	return nil
}

func executeEcho(ctx context.Context, n nodes.Node, params *nodes.Template, items nodes.Items) error {
	call := echoCall(params, items)
	if err := n.Execute(ctx, call); err != nil {
		return err
	}
	outputs, _, _ := call.Outcome()
	if len(outputs) != 1 || outputs[0].Len() != items.Len() {
		return fmt.Errorf("the echo of %d items is not whole", items.Len())
	}
	return nil
}

func echoCall(params *nodes.Template, items nodes.Items) *nodes.Call {
	return &nodes.Call{
		Name: "Echo", Type: "bench.echo", Version: 1, Inputs: []nodes.Items{items}, Params: params, OnError: nodes.StopWorkflow,
		Retry: nodes.Retry{Tries: 1}, Engine: quiet{}, Log: slog.New(slog.DiscardHandler),
	}
}
