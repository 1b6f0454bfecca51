package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes/plugin"
)

func pluginsVerifyCommand() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that every pinned plugin is there and is what was pinned",
		Long: "Verify compares the checksum of each plugin in plugins.lock with its file, starts it and compares the hash of its\n" +
			"descriptors; it reads the descriptor files too, which have no pins. It exits with 0 if all are as they should be, and with 1\n" +
			"if one is missing, differs or cannot be used.",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			lock, err := readPins(&s)
			if err != nil {
				return err
			}
			found, err := s.findPlugins(cmd)
			if err != nil {
				return err
			}
			dirs, err := s.pluginDirs(cmd)
			if err != nil {
				return err
			}
			return s.verify(cmd, lock, found, describedSets(dirs))
		},
	}
	s.addPluginFlags(cmd)
	return cmd
}

// verify tells of each pin and descriptor file whether it is as it should be.
func (s *settings) verify(cmd *cobra.Command, lock plugin.Lock, found []cordboard.Plugin, sets []describedSet) error {
	failed, unusable := 0, 0
	for _, pin := range lock.Plugins {
		state := "ok"
		if err := verifyPin(cmd.Context(), pin, found); err != nil {
			state = "FAILED: " + err.Error()
			failed++
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", pin.Name, state)
	}
	for _, d := range sets {
		state := "ok: " + d.state()
		switch {
		case d.hidden:
			state = d.state()
		case d.err != nil:
			state = "FAILED: " + d.err.Error()
			unusable++
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", filepath.Base(d.file), state)
	}
	if len(lock.Plugins)+len(sets) == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "nothing is pinned in %s, and there are no descriptor files: there is nothing to verify\n", s.lockFile())
	}
	var wrong []error
	if failed > 0 {
		wrong = append(wrong, fmt.Errorf("%d of %s not as pinned in %s", failed, descriptors.Plural(len(lock.Plugins), "plugin"), s.lockFile()))
	}
	if unusable > 0 {
		wrong = append(wrong, fmt.Errorf("%d of %s cannot be used", unusable, descriptors.Plural(len(sets), "descriptor file")))
	}
	if wrong != nil {
		return &exitError{exitFailed, errors.Join(wrong...)}
	}
	return nil
}

// readPins reads the lock file; one that was named must be there.
func readPins(s *settings) (plugin.Lock, error) {
	if s.pluginsLock != "" {
		if _, err := os.Stat(s.pluginsLock); err != nil {
			return plugin.Lock{}, fmt.Errorf("--plugins-lock: %w", err)
		}
	}
	return plugin.ReadLock(s.lockFile())
}

func verifyPin(ctx context.Context, pin plugin.Pin, found []cordboard.Plugin) error {
	i := slices.IndexFunc(found, func(p cordboard.Plugin) bool { return filepath.Base(p.File) == pin.Name })
	if i < 0 {
		return errors.New("there is no such file beside cordboard, in the data directory or in --plugin-dir")
	}
	if found[i].Err != nil {
		return found[i].Err
	}
	host := plugin.NewHost(found[i].Trusted, nil)
	defer host.Close()
	about, err := host.About(ctx)
	if err != nil {
		return err
	}
	if pin.Descriptors != "" && about.Hash != pin.Descriptors {
		return fmt.Errorf("%s: the hash of its descriptors %.12s… differs from the pinned %.12s…, though the file is the same (cordboard plugins trust %s)",
			found[i].File, about.Hash, pin.Descriptors, found[i].File)
	}
	return nil
}
