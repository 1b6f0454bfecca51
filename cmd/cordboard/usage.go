package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cordboard/cordboard/schemas"
)

// needsSubcommand refuses a command that only groups others.
func needsSubcommand(cmd *cobra.Command, args []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	if len(args) == 0 {
		return fmt.Errorf("say what to do: %s %s", cmd.CommandPath(), strings.Join(names, "|"))
	}
	near := ""
	if name := schemas.Nearest(args[0], names); name != "" {
		near = fmt.Sprintf("; did you mean %q?", name)
	}
	return fmt.Errorf("unknown command %q for %q: there are %s%s", args[0], cmd.CommandPath(), strings.Join(names, ", "), near)
}

// flagError says what is wrong with a flag in words of ours, and of one that there is not the nearest.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &invalid):
		what := map[string]string{"int": "a whole number", "float64": "a number", "duration": "a time such as 30s or 5m", "bool": "true or false"}[invalid.GetFlag().Value.Type()]
		if what != "" {
			return fmt.Errorf("--%s: it must be %s, and is %q", invalid.GetFlag().Name, what, invalid.GetValue())
		}
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := schemas.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	}
	return err
}

// atLeastOne refuses a command without arguments.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("this command takes %s; see --help", what)
		}
		return nil
	}
}

// output is standard output. It remembers that something could not be written, so that no command seems to have succeeded.
type output struct {
	io.Writer
	failed error
}

// Write is io.Writer's.
func (o *output) Write(part []byte) (int, error) {
	n, err := o.Writer.Write(part)
	if err != nil && o.failed == nil {
		o.failed = err
	}
	return n, err
}

// stdinName is what messages call standard input.
const stdinName = "standard input"

// shownFile is what messages call a file, or standard input for "-".
func shownFile(file string) string {
	if file == "-" {
		return stdinName
	}
	return file
}

// readStdin reads standard input to its end, or until ctx ends.
func readStdin(ctx context.Context, cmd *cobra.Command) ([]byte, error) {
	type whole struct {
		text []byte
		err  error
	}
	read := make(chan whole, 1)
	go func() {
		text, err := io.ReadAll(cmd.InOrStdin())
		read <- whole{text, err}
	}()
	select {
	case w := <-read:
		return w.text, w.err
	case <-ctx.Done(): // whoever is at a terminal has typed Ctrl-C: what reads ends with the program
		return nil, &exitError{exitStopped, context.Cause(ctx)}
	}
}
