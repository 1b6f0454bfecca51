package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// measureFlows runs the workflows of bench/ with the built program, from start to end: those that docs/benchmarks.md has
// beside n8n's figures.
func measureFlows(ctx context.Context, b *bench) error {
	files, err := filepath.Glob("bench/*.json")
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no workflows in bench/: run it in the repository's root (%w)", err)
	}
	for _, file := range files {
		var times []time.Duration
		for range 5 {
			var said bytes.Buffer
			cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "cordboard"), "run", file, "--output", "none") //nolint:gosec // the program that is measured
			cmd.Stderr = &said
			cmd.Env = append(os.Environ(), "CORDBOARD_DATA_DIR="+b.dir)
			began := time.Now()
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s: %w: %s", file, err, said.String())
			}
			times = append(times, time.Since(began))
		}
		slices.Sort(times)
		b.figure(strings.TrimSuffix(file, ".json"), "%.3g ms", milliseconds(times[len(times)/2]))
	}
	return nil
}

// measureLoop goes round a loop of Split In Batches and Set, few times and often: a turn must cost the same.
func measureLoop(ctx context.Context, b *bench) error {
	f := &file{}
	for _, n := range []node{start, {"Loop", "splitInBatches", 3, `{"batchSize":1,"options":{}}`}, {"Body", "set", 3.4, fields(true, "n", "={{ $runIndex }}")}, {"Done", "noOp", 1, `{}`}} {
		f.add(n)
	}
	f.connect(start.name, 0, "Loop")
	f.connect("Loop", 0, "Done")
	f.connect("Loop", 1, "Body")
	f.connect("Body", 0, "Loop")
	rt, flow, err := load(ctx, f.text())
	if err != nil {
		return err
	}
	defer rt.Close()
	var first float64
	for _, turns := range []int{10, 100, 10_000} {
		runs := 200_000 / turns / 10
		took, err := minimum(min(runs, 200), func() error { return once(ctx, rt, flow, makeItems(turns, 100)) })
		if err != nil {
			return err
		}
		each := microseconds(took) / float64(turns)
		if turns == 10 {
			first = each
			b.figure("a loop of Split In Batches and Set, 10 turns: a turn", "%.3g µs", each)
			continue
		}
		b.figure(fmt.Sprintf("the same, %d turns: a turn", turns), "%.3g µs", each)
		if turns == 10_000 {
			b.upTo("  times a turn of 10", each/first, 1.5, "×")
		}
	}
	return nil
}
