// Command cordboard runs n8n workflow files.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // workflows name time zones, and not every machine has the tables

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/runtime"
)

// Exit codes, which scripts depend on.
const (
	exitFailed   = 1 // the workflow ran and failed
	exitNotBegun = 2 // it could not start: nothing was sent anywhere
	exitStopped  = 3 // timeout or interrupt
)

// exitError carries an exit code up to main.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// errInterrupted is the cause of a context that a signal cancelled.
var errInterrupted = errors.New("interrupted")

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(errInterrupted)
		<-signals // a second one does not wait for anything
		os.Exit(exitStopped)
	}()
	os.Exit(execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.FParseErrWhitelist.UnknownFlags = len(args) > 0 && !strings.HasPrefix(args[0], "-") // it is no command: that is what is wrong
	root.SetIn(stdin)
	out := &output{Writer: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil && out.failed != nil {
		err = &exitError{exitFailed, out.failed}
	}
	if err == nil {
		return 0
	}
	if at := slices.Index(args, "--log"); slices.Contains(args, "--log="+logJSON) || at >= 0 && at+1 < len(args) && args[at+1] == logJSON {
		logError(stderr, err) // also of flags that could not be parsed
	} else {
		printError(stderr, err)
	}
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return exitNotBegun
}

func printError(w io.Writer, err error) {
	var problems runtime.Problems
	if errors.As(err, &problems) {
		for line := range strings.Lines(err.Error() + "\n") {
			fmt.Fprint(w, "error: ", line)
		}
		return
	}
	fmt.Fprintln(w, "error: "+strings.ReplaceAll(told(err), "\n", "\n  "))
}

// logError is printError for a log of JSON.
func logError(w io.Writer, err error) {
	texts := []string{told(err)}
	var problems runtime.Problems
	if errors.As(err, &problems) {
		texts = strings.Split(err.Error(), "\n")
	}
	for _, text := range texts {
		jsonLog(w).Error(text)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "cordboard",
		Short:         "Runs n8n workflow files",
		Long:          "Cordboard runs n8n workflow files: from the command line, behind webhooks, or inside a Go program.",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return needsSubcommand(cmd, args)
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("cordboard {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(runCommand(), validateCommand(), exprCommand(), demoCommand(), pbxsimCommand(), serveCommand(), workerCommand(), nodesCommand(), pluginsCommand(),
		credentialsCommand(), apikeysCommand(), workflowsCommand(), executionsCommand())
	for _, c := range root.Commands() {
		if c.HasSubCommands() { // what is wrong is the command's name, and not the flags that follow it
			c.FParseErrWhitelist.UnknownFlags, c.Args = true, cobra.ArbitraryArgs
		}
	}
	return root
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
