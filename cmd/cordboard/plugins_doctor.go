package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes/plugin"
)

func pluginsDoctorCommand() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say of each plugin whether it is found, trusted and starts, and what to do where not",
		Long: "Doctor looks beside cordboard, in the data directory and in --plugin-dir, and starts each plugin that is trusted.\n" +
			"It exits with 0 if all can be used, and with 1 if one cannot.",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dirs, err := s.pluginDirs(cmd)
			if err != nil {
				return err
			}
			found, err := s.findPlugins(cmd)
			if err != nil {
				return err
			}
			d := &doctor{out: cmd.OutOrStdout()}
			d.directories(dirs)
			for _, p := range found {
				d.plugin(cmd.Context(), p)
			}
			d.described(dirs)
			overlooked := plugin.Overlooked(dirs...)
			for _, path := range slices.Sorted(maps.Keys(overlooked)) {
				d.head(path)
				d.sick("%s", overlooked[path])
			}
			return d.verdict()
		},
	}
	s.addPluginFlags(cmd)
	return cmd
}

// programDir is the directory of this program, "" if it is not known.
func programDir() string {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return ""
	}
	return filepath.Dir(self)
}

// doctor writes what it finds and counts what cannot be used.
type doctor struct {
	out       io.Writer
	seen, bad int
}

func (d *doctor) line(name, format string, args ...any) {
	fmt.Fprintf(d.out, "  %-9s %s\n", name, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\n            "))
}

func (d *doctor) sick(format string, args ...any) {
	d.bad++
	d.line("PROBLEM", format, args...)
}

// head begins a file and says whose it is.
func (d *doctor) head(path string) {
	d.seen++
	fmt.Fprintln(d.out, path)
	if target, err := filepath.EvalSymlinks(path); err == nil && target != path {
		d.line("link to", "%s", target)
	}
	if info, err := os.Stat(path); err == nil {
		d.line("file", "%s, owner %s, %d bytes", info.Mode(), plugin.Owner(info), info.Size())
	}
}

func (d *doctor) directories(dirs []string) {
	fmt.Fprintln(d.out, "looked in")
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		state := ""
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			state = " (not there)"
		}
		fmt.Fprintf(d.out, "  %s%s\n", dir, state)
	}
}

func (d *doctor) plugin(ctx context.Context, p cordboard.Plugin) {
	d.head(p.File)
	if p.Err != nil {
		d.sick("%s", p.Err)
		return
	}
	d.line("trusted", "%s", p.Why)
	host := plugin.NewHost(p.Trusted, nil)
	defer host.Close()
	began := time.Now()
	about, err := host.About(ctx)
	if err != nil {
		d.sick("%s", err)
		return
	}
	took := time.Since(began)
	types, err := host.Types(ctx)
	if err != nil {
		d.sick("%s", err)
		return
	}
	d.line("starts", "in %s", took.Round(time.Millisecond))
	d.line("speaks", "protocol %d, version %s, descriptors %.12s…", about.Protocol, orNone(about.Version), about.Hash)
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Descriptor.Type
	}
	d.line("nodes", "%s", orNone(strings.Join(names, ", ")))
}

// described tells of the descriptor files, which need no program.
func (d *doctor) described(dirs []string) {
	for _, set := range describedSets(dirs) {
		d.head(set.file)
		if set.err != nil {
			d.sick("%s", set.err)
			continue
		}
		for _, node := range set.nodes {
			d.line("node", "%s; it needs no program", node)
		}
	}
}

func (d *doctor) verdict() error {
	switch {
	case d.seen == 0:
		fmt.Fprintf(d.out, "no plugins: a plugin is an executable file called %s…, in one of these directories; cordboard plugins new NAME begins one\n", plugin.Prefix)
	case d.bad > 0:
		return &exitError{exitFailed, fmt.Errorf("%d of %s cannot be used", d.bad, descriptors.Plural(d.seen, "plugin"))}
	}
	return nil
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}
