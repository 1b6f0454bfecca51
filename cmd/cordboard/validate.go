package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/runtime"
)

func validateCommand() *cobra.Command {
	var (
		s      settings
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "validate FILE…",
		Short: "Check workflow files without running them; - is standard input",
		Args:  atLeastOne("workflow files"),
		RunE: func(cmd *cobra.Command, args []string) error {
			rt, closeAll, err := s.open(cmd, nil)
			if err != nil {
				return err
			}
			defer closeAll()
			found := runtime.Problems{}
			told := map[string]bool{}
			for _, file := range args {
				problems, err := validate(cmd, rt, file)
				var plugins *cordboard.PluginsError
				if errors.As(err, &plugins) {
					found = append(found, pluginProblems(plugins, told)...)
				} else if err != nil {
					return err
				}
				found = append(found, problems...)
			}
			return s.reportProblems(cmd, found, asJSON, len(args))
		},
	}
	s.addFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as a JSON array")
	return cmd
}

// validate returns what is wrong with a file. An error that is a PluginsError comes beside the problems: a node may be
// unknown because its plugin cannot be used.
func validate(cmd *cobra.Command, rt *cordboard.Runtime, file string) (runtime.Problems, error) {
	text, err := readFile(cmd, file)
	if err != nil && cmd.Context().Err() == nil { // which does not keep the other files from being checked
		return runtime.Problems{{Severity: runtime.SeverityError, Message: err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	flows, err := runtime.ParseWorkflows(shownFile(file), text)
	var problems runtime.Problems
	if errors.As(err, &problems) {
		return problems, nil
	}
	var (
		all     runtime.Problems
		plugins *cordboard.PluginsError
		failed  error
	)
	for _, w := range flows {
		flow, err := rt.Compile(cmd.Context(), w)
		if errors.As(err, &plugins) {
			failed = plugins
		}
		switch {
		case errors.As(err, &problems):
			all = append(all, problems...)
		case err != nil:
			return nil, err
		default:
			all = append(append(all, flow.Problems...), flow.Review()...)
		}
	}
	return all, failed
}

// pluginProblems tells of each plugin once, however many files need it.
func pluginProblems(e *cordboard.PluginsError, told map[string]bool) runtime.Problems {
	var list runtime.Problems
	for _, err := range e.Failed {
		if !told[err.Error()] {
			told[err.Error()] = true
			list = append(list, runtime.Problem{Severity: runtime.SeverityError, Message: err.Error()})
		}
	}
	return list
}

func (s *settings) reportProblems(cmd *cobra.Command, found runtime.Problems, asJSON bool, files int) error {
	errorCount := 0
	for _, p := range found {
		if p.Severity == runtime.SeverityError {
			errorCount++
		}
	}
	if asJSON {
		text, err := json.MarshalIndent(found, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), string(text))
	} else {
		for _, p := range found {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", p.Severity, p)
		}
		if len(found) == 0 {
			s.tell(cmd.ErrOrStderr(), slog.LevelInfo, descriptors.Plural(files, "file")+", nothing wrong")
		}
	}
	if errorCount > 0 {
		return &exitError{exitNotBegun, fmt.Errorf("errors found: %d", errorCount)}
	}
	return nil
}
