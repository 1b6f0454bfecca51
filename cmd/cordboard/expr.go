package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/runtime/expression"
)

func exprCommand() *cobra.Command {
	var (
		f       runFlags
		explain bool
	)
	cmd := &cobra.Command{
		Use:     "expr EXPRESSION",
		Short:   "Evaluate an expression",
		Example: `  cordboard expr '={{ $json.name.toUpperCase() }}' --input item.json`,
		Args:    exactArgs(1, "the expression"),
		RunE: func(cmd *cobra.Command, args []string) error {
			items, err := f.readInput(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			if items == nil {
				one := nodes.ItemsOf(nodes.NewItem("{}"))
				items = &one
			}
			engine := runtime.New(runtime.Options{Env: workflowEnv()})
			defer engine.Close()
			ctx := cmd.Context()
			if explain {
				ctx = expression.Observe(ctx, func(s expression.Swallowed) {
					fmt.Fprintf(cmd.ErrOrStderr(), "item %d: {{ %s }} is undefined: %s\n", s.Item, s.Code, s.Message)
				})
			}
			got, err := engine.EvaluateText(ctx, args[0], *items)
			if explain && (err == nil || len(got.Values) > 0) {
				tier := "JavaScript"
				if got.Native {
					tier = "native"
				}
				fmt.Fprintln(cmd.ErrOrStderr(), "tier: "+tier)
				for _, doubt := range expressionDoubts(args[0]) {
					fmt.Fprintln(cmd.ErrOrStderr(), "doubtful: "+doubt)
				}
			}
			if err != nil {
				return &exitError{exitFailed, err}
			}
			for _, v := range got.Values {
				text := v.JSON()
				if v.Kind() == nodes.Undefined {
					text = "undefined"
				}
				fmt.Fprintln(cmd.OutOrStdout(), text)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&f.input, "input", "", "file with the items, - for standard input")
	cmd.Flags().BoolVar(&explain, "explain", false, "say how the expression is evaluated")
	return cmd
}

// expressionDoubts are the names in an expression that do not exist.
func expressionDoubts(text string) []string {
	compiled, err := expression.Compile(strings.TrimPrefix(text, "="))
	if err != nil {
		return nil // evaluating says it
	}
	return compiled.Doubts()
}
