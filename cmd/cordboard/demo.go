package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/examples"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
	"github.com/cordboard/cordboard/runtime"
)

// demos are the examples that the demo runs, in order.
var demos = []struct{ file, input, text string }{
	{"bulk-update.json", "", "Who in Sales is enabled and gets no e-mail about missed calls? One request changes them all."},
	{"offboarding.json", "offboarding-input.json", "People who left, by e-mail address. Some ids do not exist: their error comes out at the error output, the rest goes on."},
	{"report.json", "", "The ten most expensive calls of the last 30 days."},
}

func demoCommand() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run three workflows against a simulated phone system and show what happens",
		Args:  exactArgs(0, "no arguments"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return s.demo(cmd) },
	}
	s.addPluginFlags(cmd)
	return cmd
}

func (s *settings) demo(cmd *cobra.Command) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	sim := pbxsim.New(pbxsim.Options{})
	if err := sim.Start(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	defer sim.Close()
	fmt.Fprintf(out, "A simulated 3CX phone system listens at %s.\n", sim.URL())
	seen := 0
	for i, d := range demos {
		steps := &stepTable{}
		rt, err := s.openDemo(cmd, sim.URL(), steps.observe)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\n%d. examples/%s\n   %s\n", i+1, d.file, d.text)
		err = runDemo(ctx, out, rt, d.file, d.input, steps)
		_ = rt.Close()
		if err != nil {
			return err
		}
		requests := sim.Requests()
		printRequests(out, requests[seen:])
		seen = len(requests)
	}
	fmt.Fprintf(out, "\nThe same by hand:\n  cordboard pbxsim\n  cordboard run examples/bulk-update.json --credentials examples/credentials.json\n")
	return nil
}

// openDemo makes a runtime whose credential PBX leads to the simulator.
func (s *settings) openDemo(cmd *cobra.Command, url string, observe func(runtime.Event)) (*cordboard.Runtime, error) {
	o, err := s.options(cmd)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(map[string]string{"baseUrl": url, "clientId": "900", "clientSecret": "secret"})
	if err != nil {
		return nil, err
	}
	o.Credentials = []credentials.Credential{{ID: "pbxsim", Name: "PBX", Type: "threeCXOAuth2Api", Data: data, Source: "the demo"}}
	o.Observe = observe
	return cordboard.New(o)
}

func runDemo(ctx context.Context, out io.Writer, rt *cordboard.Runtime, file, input string, steps *stepTable) error {
	text, err := examples.Files.ReadFile(file)
	if err != nil {
		return err
	}
	flow, err := rt.Load(ctx, "examples/"+file, text)
	if err != nil {
		return err
	}
	var items *nodes.Items
	if input != "" {
		given, err := examples.Files.ReadFile(input)
		if err != nil {
			return err
		}
		list, err := runtime.ParseItems(string(given))
		if err != nil {
			return err
		}
		items = &list
	}
	result, err := rt.Run(ctx, flow, cordboard.RunOptions{Input: items})
	steps.print(out)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	defer result.Close()
	for _, name := range ends(result.State) {
		for _, run := range result.State.StepsOf(name) {
			for _, list := range run.Outputs {
				printItems(out, name, list)
			}
		}
	}
	return nil
}

// ends are the nodes whose items no other node took, in order.
func ends(s *runtime.State) []string {
	taken := map[string]bool{}
	for _, step := range s.Steps {
		for _, src := range step.Sources {
			taken[src.Node] = true
		}
	}
	var names []string
	for _, step := range s.Steps {
		if !taken[step.Node] && step.Run == 0 {
			names = append(names, step.Node)
		}
	}
	return names
}

// stepTable gathers what the steps of a run did.
type stepTable struct{ lines []string }

func (t *stepTable) observe(e runtime.Event) {
	if e.Kind != "step.finished" {
		return
	}
	line := fmt.Sprintf("%s\t%s in\t%s out\t%.1f ms", e.Node, descriptors.Plural(e.In, "item"), descriptors.Plural(e.Out, "item"), float64(e.Duration.Microseconds())/1000)
	if e.Err != nil {
		line += "\tfailed: " + e.Err.Message
	}
	t.lines = append(t.lines, line)
}

func (t *stepTable) print(w io.Writer) {
	fmt.Fprintln(w, "   Steps")
	tab := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, line := range t.lines {
		fmt.Fprintln(tab, "     "+line)
	}
	_ = tab.Flush() // as any write to standard output
}

func printRequests(w io.Writer, requests []pbxsim.Request) {
	fmt.Fprintln(w, "   What the phone system saw")
	for _, r := range requests {
		line := fmt.Sprintf("     %-4s %s", r.Method, r.Path)
		if r.Query != "" {
			line += "?…"
		}
		fmt.Fprintf(w, "%s  %d %s", cut(line, 100), r.Status, http.StatusText(r.Status))
		if r.Body != "" && r.Path != "/connect/token" {
			fmt.Fprintf(w, "  %s", cut(r.Body, 90))
		}
		fmt.Fprintln(w)
	}
}

// printItems prints items as a table, the keys of the first one as its columns.
func printItems(w io.Writer, node string, items nodes.Items) {
	fmt.Fprintf(w, "   Items of %q\n", node)
	tab := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	var columns []string
	for i, it := range items.All() {
		if i == 0 {
			gjson.Parse(it.JSON()).ForEach(func(key, _ gjson.Result) bool {
				columns = append(columns, key.Str)
				return true
			})
			fmt.Fprintln(tab, "     "+strings.Join(columns, "\t"))
		}
		cells := make([]string, len(columns))
		for c, name := range columns {
			cells[c] = cut(it.Get(gjson.Escape(name)).String(), 60)
		}
		fmt.Fprintln(tab, "     "+strings.Join(cells, "\t"))
	}
	_ = tab.Flush() // as any write to standard output
}

func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
