package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// executeCommand runs a command in the machine's shell, where Options.Commands allows it.
type executeCommand struct{ options Options }

var _ nodes.Outward = executeCommand{}

// maxOutput bounds what a command may write to each of its outputs.
const maxOutput = 16 << 20

// Writes is nodes.Outward's: a command may do anything.
func (executeCommand) Writes(float64, *nodes.Template) bool { return true }

// Execute is nodes.Node's.
func (n executeCommand) Execute(ctx context.Context, call *nodes.Call) error {
	if !n.options.Commands {
		e := nodes.Errorf("commands are not allowed to run on this machine")
		e.Hint = "Whoever runs workflows can allow it: set CORDBOARD_ALLOW_COMMANDS=true. Any workflow can then run any command."
		return e
	}
	count := call.Input(0).Len()
	once, err := call.Param("executeOnce").Bool(0, true)
	if err != nil {
		return err
	}
	if once {
		count = min(count, 1)
	}
	for i := range count {
		command, err := call.Param("command").String(i, "")
		if err != nil {
			return err
		}
		result, err := runCommand(ctx, command)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			call.EmitFrom(0, i, nodes.NewItem(result))
			continue
		}
		if err := call.Fail(i, err); err != nil {
			return err
		}
	}
	return nil
}

// runCommand runs a command without input and returns what came of it. With ctx it ends, and so does what it started.
func runCommand(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stdout, stderr := &boundedText{full: cancel}, &boundedText{full: cancel}
	cmd := shell(ctx, command)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = plainEnvironment()
	cmd.WaitDelay = time.Second // something that it started may hold the outputs open
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case errors.Is(context.Cause(ctx), errTooMuch):
		return "", nodes.Errorf("the command wrote more than %s", nodes.SizeText(maxOutput))
	case errors.As(err, &ended) && ended.ExitCode() < 0:
		return "", nodes.Errorf("the command was ended: %s", ended.ProcessState)
	case errors.As(err, &ended):
		message := stderr.trimmed()
		if message == "" {
			message = fmt.Sprintf("Command failed with exit code %d", ended.ExitCode())
		}
		return "", nodes.Errorf("%s", message)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return "", nodes.Errorf("the command cannot be run: %w", err)
	}
	var b nodes.ObjectBuilder
	b.Raw("exitCode", "0")
	b.Set("stderr", nodes.StringValue(stderr.trimmed()))
	b.Set("stdout", nodes.StringValue(stdout.trimmed()))
	return b.String(), nil
}

// plainEnvironment is that of this process without Cordboard's own variables, which hold credentials and keys.
func plainEnvironment() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(strings.ToUpper(v), "CORDBOARD_") {
			env = append(env, v)
		}
	}
	return env
}

var errTooMuch = errors.New("the command wrote too much")

// boundedText collects output up to maxOutput.
type boundedText struct {
	text strings.Builder
	full context.CancelCauseFunc
}

// Write is io.Writer's.
func (b *boundedText) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > maxOutput {
		b.full(errTooMuch)
		return 0, errTooMuch
	}
	return b.text.Write(p)
}

func (b *boundedText) trimmed() string { return strings.TrimSpace(b.text.String()) }
