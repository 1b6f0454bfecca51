package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/cordboard/cordboard/nodes/plugin"
)

// processRuns is how often a process is started for a median.
const processRuns = 20

// measureProcess runs the cordboard program from start to finish.
func measureProcess(ctx context.Context, b *bench) error {
	trivial, err := b.write("trivial.json", chain(start, noOp))
	if err != nil {
		return err
	}
	wall, peak, err := b.repeat(ctx, "run", trivial, "--output", "none")
	if err != nil {
		return err
	}
	b.upTo("cordboard run, two nodes: start to finish", milliseconds(wall), 30, "ms")
	b.upTo("cordboard run, two nodes: peak memory", peak, 40, "MB")
	if wall, peak, err = b.repeat(ctx, "validate", trivial); err != nil {
		return err
	}
	b.figure("cordboard validate, the same file", "%.3g ms, %.3g MB", milliseconds(wall), peak)
	return b.measureAction(ctx)
}

// measureAction runs and validates a workflow with a 3CX action, so that the plugin is started and ended each time.
func (b *bench) measureAction(ctx context.Context) error {
	sim, err := startSimulator(ctx, "none")
	if err != nil {
		return err
	}
	defer sim.stop()
	flow, err := b.write("action.json", chain(start, node{"Get", threeCX, 2, `{"resource":"Users","operation":"Get User","Id":1}`}))
	if err != nil {
		return err
	}
	creds, err := b.write("credentials.json", sim.credentials())
	if err != nil {
		return err
	}
	wall, peak, err := b.repeat(ctx, "run", flow, "--credentials", creds, "--output", "none")
	if err != nil {
		return err
	}
	b.figure("cordboard run, one 3CX action through the plugin", "%.3g ms, %.3g MB (host)", milliseconds(wall), peak)
	if wall, peak, err = b.repeat(ctx, "validate", flow, "--credentials", creds); err != nil {
		return err
	}
	b.figure("cordboard validate, the same file", "%.3g ms, %.3g MB (host)", milliseconds(wall), peak)
	return nil
}

// repeat runs cordboard several times and returns the median of its wall time and its highest peak of resident memory in MB.
func (b *bench) repeat(ctx context.Context, args ...string) (wall time.Duration, peak float64, err error) {
	times := make([]time.Duration, processRuns)
	for i := range times {
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "cordboard"), args...) //nolint:gosec // the program that is measured
		cmd.Stdout, cmd.Stderr = &said, &said
		cmd.Env = append(os.Environ(), "CORDBOARD_DATA_DIR="+b.dir, "XDG_CACHE_HOME="+b.dir)
		began := time.Now()
		if err := cmd.Run(); err != nil {
			return 0, 0, fmt.Errorf("cordboard %v: %w: %s", args, err, said.String())
		}
		times[i] = time.Since(began)
		peak = max(peak, peakMemory(cmd.ProcessState))
	}
	slices.Sort(times)
	return times[len(times)/2], peak, nil
}

// measurePluginStart starts the 3CX plugin until its index of nodes is read, and ends it.
func measurePluginStart(ctx context.Context, b *bench) error {
	path := filepath.Join(b.bin, plugin.Prefix+"3cx")
	trusted, _, err := plugin.TrustPinned(path)
	if err != nil {
		return err
	}
	if plain, err := plugin.Trust(path, filepath.Join(b.bin, "cordboard"), plugin.Lock{}); err == nil { // as cordboard finds it, without a pin to compare
		trusted = plain
	}
	var starts, ends []time.Duration
	for range processRuns {
		host := plugin.NewHost(trusted, nil)
		began := time.Now()
		_, err := host.Types(ctx)
		started := time.Now()
		host.Close()
		if err != nil {
			return err
		}
		starts, ends = append(starts, started.Sub(began)), append(ends, time.Since(started))
	}
	slices.Sort(starts)
	slices.Sort(ends)
	b.figure("start of the 3CX plugin until its index is read", "%.3g ms", milliseconds(starts[processRuns/2]))
	b.figure("end of the 3CX plugin", "%.3g ms", milliseconds(ends[processRuns/2]))
	return nil
}

// measureSize looks at the programs' files.
func measureSize(_ context.Context, b *bench) error {
	for _, name := range []string{"cordboard", plugin.Prefix + "3cx"} {
		info, err := os.Stat(filepath.Join(b.bin, name))
		if err != nil {
			return errors.Join(err, errors.New("make build makes the programs"))
		}
		b.figure("size of "+name, "%.3g MB", float64(info.Size())/1e6)
	}
	return nil
}
