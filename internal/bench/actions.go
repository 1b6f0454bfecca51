package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
)

// manyUsers is the length of the list that is read page by page.
const manyUsers = 50_000

// measureActions runs the built program: every operation of the 3CX node in one workflow, and a long list read whole.
func measureActions(ctx context.Context, b *bench) error {
	small, err := startSimulator(ctx, "none")
	if err != nil {
		return err
	}
	defer small.stop()
	text, operations, err := everyOperation()
	if err != nil {
		return err
	}
	took, _, err := b.runOnce(ctx, small, text)
	if err != nil {
		return err
	}
	b.figure(fmt.Sprintf("one workflow with all %d operations of API 20.0.10, start to finish", operations), "%.3g s", took.Seconds())
	s, err := startSimulator(ctx, fmt.Sprintf("users=%d", manyUsers))
	if err != nil {
		return err
	}
	defer s.stop()
	for _, list := range []struct{ what, options string }{
		{"whole (1.9 KB each)", ``}, {"5 fields each", `"options":{"$select":"Id,Number,FirstName,LastName,EmailAddress"},`},
	} {
		params := `{"resource":"Users","operation":"List User",` + list.options + `"requestOptions":{"returnAll":true}}`
		took, peak, err := b.runOnce(ctx, s, chain(start, node{"List", threeCX, 2, params}))
		if err != nil {
			return err
		}
		b.figure(fmt.Sprintf("%d users by returnAll, %s", manyUsers, list.what), "%.3g s", took.Seconds())
		b.upTo("  peak memory of cordboard", peak, 100, "MB")
	}
	return nil
}

// everyOperation is a workflow whose start leads to every operation with the parameters of its example. What fails, as
// ids that do not exist do, goes on.
func everyOperation() (text []byte, operations int, err error) {
	set, err := threecx.Set()
	if err != nil {
		return nil, 0, err
	}
	all, err := set.Nodes()
	if err != nil {
		return nil, 0, err
	}
	newest, version, err := descriptors.Newest(all, threeCX)
	if err != nil {
		return nil, 0, err
	}
	f := &file{}
	f.add(start)
	for _, r := range newest.Resources {
		for _, op := range r.Operations {
			example, err := descriptors.Example(set, threeCX, version, r.Name, op.Name)
			if err != nil {
				return nil, 0, err
			}
			var w struct {
				Nodes []struct{ Parameters json.RawMessage } `json:"nodes"`
			}
			if err := json.Unmarshal(example, &w); err != nil {
				return nil, 0, err
			}
			name := r.Name + ": " + op.Name
			f.add(node{name, threeCX, version, string(w.Nodes[1].Parameters)})
			f.nodes[len(f.nodes)-1]["onError"] = "continueRegularOutput"
			f.connect(start.name, 0, name)
			operations++
		}
	}
	return f.text(), operations, nil
}

// runOnce runs a workflow with the built program and returns the wall time and the peak of its memory in MB.
func (b *bench) runOnce(ctx context.Context, s *simulator, flow []byte) (time.Duration, float64, error) {
	path, err := b.write("once.json", flow)
	if err != nil {
		return 0, 0, err
	}
	creds, err := b.write("credentials.json", s.credentials())
	if err != nil {
		return 0, 0, err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "cordboard"), "run", path, "--credentials", creds, "--output", "none") //nolint:gosec // the program that is measured
	cmd.Stderr = &said
	cmd.Env = append(os.Environ(), "CORDBOARD_DATA_DIR="+b.dir, "XDG_CACHE_HOME="+b.dir)
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("cordboard run: %w: %.2000s", err, said.String())
	}
	return time.Since(began), peakMemory(cmd.ProcessState), nil
}
