package network_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

const commandNode = `{"type":"n8n-nodes-base.executeCommand","typeVersion":1,"parameters":{"command":%q}}`

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
	command := fmt.Sprintf(commandNode, "sleep 600 & echo $! > "+file+".new; mv "+file+".new "+file+"; wait")
	var text []byte
	golden.Cancel(t, engine, gjson.Parse(`{"node":`+command+`,"input":[{"json":{}}]}`), func() bool {
		text, _ = os.ReadFile(file) // it is not there at first
		return len(text) > 0
	})
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	loopback.Await(t, "the end of what the command started", func() bool { return !running(pid) })
}

// running reports whether a process is there and has not ended: one that nobody waited for counts as ended.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
