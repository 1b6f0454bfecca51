package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

type runFlags struct {
	settings
	input, start, until, output string
	timeout                     time.Duration
}

func runCommand() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Run a workflow file and print the items of its last node",
		Long: "Run runs a workflow file as n8n saves it; - is standard input. Standard output gets the result and nothing else: the items\n" +
			"of the last executed node (--output items), n8n's run object (--output run) or nothing (--output none).\n\n" +
			"Exit codes: 0 success; 1 the workflow ran and failed; 2 it could not start and nothing was sent anywhere;\n" +
			"3 timeout or interrupt.",
		Args: exactArgs(1, "the workflow file"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.addFlags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.input, "input", "", "file with the items to start with, - for standard input: a JSON array of objects, one object, or one object a line")
	fl.StringVar(&f.start, "start", "", "name of the node to start at")
	fl.StringVar(&f.until, "until", "", "name of the last node to run")
	fl.StringVar(&f.output, "output", "items", "what to print: items, run or none")
	fl.DurationVar(&f.timeout, "timeout", 0, "stop the run after this time, such as 30s")
	return cmd
}

func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return fmt.Errorf("this command takes %s; see --help", what)
		}
		return nil
	}
}

func (f *runFlags) run(cmd *cobra.Command, file string) error {
	if f.output != "items" && f.output != "run" && f.output != "none" {
		return fmt.Errorf("--output: there are items, run and none, and not %q", f.output)
	}
	ctx := cmd.Context()
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = nodes.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	input, err := f.readInput(ctx, cmd)
	if err != nil && ctx.Err() != nil {
		return f.stopped(ctx, err)
	}
	if err != nil {
		return err
	}
	view := newProgress(cmd.ErrOrStderr(), f.logFormat)
	rt, closeAll, err := f.open(cmd, view.observe)
	if err != nil {
		return err
	}
	defer closeAll()
	view.log, _ = f.logger(cmd.ErrOrStderr())
	flow, err := f.load(ctx, cmd, rt, file)
	if err != nil && ctx.Err() != nil {
		return f.stopped(ctx, fmt.Errorf("%s: stopped while it was loaded, nothing was sent: %w", shownFile(file), err))
	}
	if err != nil {
		return err
	}
	f.printWarnings(cmd.ErrOrStderr(), flow.Problems)
	result, err := rt.Run(ctx, flow, cordboard.RunOptions{Input: input, Start: f.start, Until: f.until})
	view.end()
	if result == nil {
		return err
	}
	defer result.Close()
	return f.report(ctx, cmd.OutOrStdout(), result, err)
}

// load loads the workflow of a file, or of standard input for "-".
func (f *runFlags) load(ctx context.Context, cmd *cobra.Command, rt *cordboard.Runtime, file string) (*cordboard.Workflow, error) {
	if file != "-" {
		return rt.LoadFile(ctx, file)
	}
	if f.input == "-" {
		return nil, errors.New(stdinName + " cannot be the workflow and --input at once: give one of them as a file")
	}
	text, err := readStdin(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return rt.Load(ctx, stdinName, text)
}

// stopped is the error of a run that was stopped. One that took longer than --timeout says so.
func (f *runFlags) stopped(ctx context.Context, err error) error {
	if text := err.Error(); f.timeout > 0 && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		limit := fmt.Sprintf("the time limit (--timeout %s) was reached", f.timeout)
		err = errors.New(strings.ReplaceAll(text, context.DeadlineExceeded.Error(), limit))
		if err.Error() == text {
			err = fmt.Errorf("%s: %s", limit, text)
		}
	}
	return &exitError{exitStopped, err}
}

// printWarnings tells what does not keep a run from starting. What fails a node when it is reached is told then.
func (s *settings) printWarnings(w io.Writer, problems runtime.Problems) {
	for _, p := range problems {
		if p.Severity == runtime.SeverityWarning {
			s.tell(w, slog.LevelWarn, p.String())
		}
	}
}

// readInput reads --input; nil means that there is none.
func (f *runFlags) readInput(ctx context.Context, cmd *cobra.Command) (*nodes.Items, error) {
	if f.input == "" {
		return nil, nil
	}
	var (
		text []byte
		err  error
	)
	if f.input == "-" {
		if text, err = readStdin(ctx, cmd); err != nil {
			err = fmt.Errorf("%s: %w", stdinName, err)
		}
	} else {
		text, err = os.ReadFile(f.input)
	}
	if err != nil {
		return nil, fmt.Errorf("--input: %w", err)
	}
	items, err := runtime.ParseItems(string(text))
	if err != nil {
		return nil, fmt.Errorf("--input %s: it must be a JSON array of objects, one object, or one object a line: %w", shownFile(f.input), err)
	}
	return &items, nil
}

func (f *runFlags) report(ctx context.Context, stdout io.Writer, result *cordboard.Result, failure error) error {
	switch {
	case f.output == "run":
		if err := result.WriteJSON(&indenter{w: stdout}); err != nil {
			return &exitError{exitFailed, err}
		}
	case f.output == "items" && failure == nil:
		if err := runtime.WriteItems(stdout, result.Items()); err != nil {
			return &exitError{exitFailed, err}
		}
	}
	switch {
	case failure == nil:
		return nil
	case result.Status == runtime.StatusCanceled, errors.Is(failure, errInterrupted), errors.Is(failure, context.DeadlineExceeded):
		return f.stopped(ctx, failure)
	}
	return &exitError{exitFailed, failure}
}

// progress tells of the steps of a run: on a terminal one line that changes, with --log a line a step.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	log      *slog.Logger
	terminal bool
	logging  bool
	began    time.Time
	shown    bool
	steps    int
}

func newProgress(w io.Writer, logFormat string) *progress {
	p := &progress{w: w, logging: logFormat != "", began: time.Now()}
	if f, ok := w.(*os.File); ok && !p.logging {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// quietFor is how long a run is left alone before the terminal shows its progress: short runs need none.
const quietFor = 300 * time.Millisecond

func (p *progress) observe(e runtime.Event) {
	p.mu.Lock() // a server has many runs at once
	defer p.mu.Unlock()
	if e.Kind == "step.finished" {
		p.steps++
	}
	switch {
	case p.logging:
		p.line(e)
	case p.terminal && e.Kind == "step.started" && time.Since(p.began) > quietFor:
		p.shown = true
		fmt.Fprintf(p.w, "\r\x1b[K%s, now %q with %s", descriptors.Plural(p.steps, "step"), e.Node, descriptors.Plural(e.In, "item"))
	}
}

// line logs what has ended.
func (p *progress) line(e runtime.Event) {
	args := []any{"execution", e.ExecutionID}
	if e.Depth > 0 || e.Node == "" {
		args = append(args, "workflow", e.Workflow)
	}
	if e.Node != "" {
		args = append(args, "node", e.Node, "run", e.Run, "in", e.In, "out", e.Out)
	}
	args = append(args, "took", e.Duration.Round(time.Microsecond))
	if e.Status != "" {
		args = append(args, "status", e.Status)
	}
	what, _, _ := strings.Cut(e.Kind, ".")
	switch {
	case !strings.HasSuffix(e.Kind, ".finished"):
	case e.Err != nil:
		p.log.Error(what+" failed", append(args, "error", e.Err.Message)...)
	default:
		p.log.Info(what+" finished", args...)
	}
}

func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
