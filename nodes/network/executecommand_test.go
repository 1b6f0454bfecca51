package network_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

const commandNode = `{"type":"n8n-nodes-base.executeCommand","typeVersion":1,"name":"Node","parameters":{"command":%q}}`

func runCommand(t *testing.T, command string, allowed bool) gjson.Result {
	t.Helper()
	executor := request.New()
	t.Cleanup(executor.Close)
	engine := golden.NewEngine(t, runtime.Options{}, network.NodesWith(network.Options{Executor: executor, Commands: allowed})...)
	return golden.Answer(t, engine, gjson.Parse(`{"node":`+fmt.Sprintf(commandNode, command)+`,"input":[{"json":{}}]}`))
}

// TestCommandsNotAllowed: without the option nothing is run.
func TestCommandsNotAllowed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "made")
	r := runCommand(t, "touch "+file, false)
	if !strings.Contains(r.Get("error.message").Str, "not allowed") {
		t.Error(r.Raw)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Error("the command was run")
	}
}

// TestCommandBounds: output has an end, and the environment holds nothing of Cordboard's.
func TestCommandBounds(t *testing.T) {
	t.Setenv("CORDBOARD_CREDENTIAL_X", "hunter2hunter2")
	if r := runCommand(t, "cat /dev/zero", true); !strings.Contains(r.Get("error.message").Str, "wrote more than") {
		t.Error(r.Raw)
	}
	if r := runCommand(t, "env; echo end", true); strings.Contains(r.Raw, "hunter2") || !strings.Contains(r.Get("outputs.0.0.json.stdout").Str, "end") {
		t.Error(r.Raw)
	}
	if r := runCommand(t, "kill -9 $$", true); !strings.Contains(r.Get("error.message").Str, "killed") {
		t.Error(r.Raw)
	}
}

// TestCommandCancelled: with the run ends the command and what it started.
func TestCommandCancelled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	executor := request.New()
	defer executor.Close()
	engine := golden.NewEngine(t, runtime.Options{}, network.NodesWith(network.Options{Executor: executor, Commands: true})...)
	flow := fmt.Sprintf(`{"nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},%s],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}},"settings":{"executionOrder":"v1"}}`, fmt.Sprintf(commandNode, "sleep 600 & echo $! > "+file+".new; mv "+file+".new "+file+"; wait"))
	parsed, err := runtime.ParseWorkflow("case", []byte(flow))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(t.Context(), parsed)
	if err != nil {
		t.Fatal(err)
	}
	execution, err := engine.NewExecution(plan, runtime.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		execution.Run(ctx)
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var text []byte
	for len(text) == 0 {
		<-tick.C
		text, _ = os.ReadFile(file) // it is not there at first
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	cancel(errors.New("enough"))
	<-ended
	for n := 0; running(pid); n++ {
		if n > 2000 {
			t.Fatal("what the command started goes on")
		}
		<-tick.C
	}
}

// running reports whether a process is there and has not ended: one that nobody waited for counts as ended.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
