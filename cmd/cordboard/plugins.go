package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes/plugin"
)

func pluginsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "plugins", Short: "List, trust, check and begin plugins", Args: cobra.NoArgs, RunE: needsSubcommand}
	cmd.AddCommand(pluginsListCommand(), pluginsTrustCommand(), pluginsVerifyCommand(), pluginsDoctorCommand(), pluginsNewCommand())
	return cmd
}

// findPlugins looks for plugins and starts none.
func (s *settings) findPlugins(cmd *cobra.Command) ([]cordboard.Plugin, error) {
	rt, closeAll, err := s.open(cmd, nil)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	return rt.FindPlugins()
}

func pluginsListCommand() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use: "list", Short: "List the plugins found and whether they are trusted, and the node sets that need no program", Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := s.findPlugins(cmd)
			if err != nil {
				return err
			}
			dirs, err := s.pluginDirs(cmd)
			if err != nil {
				return err
			}
			for _, p := range found {
				state := "trusted: " + p.Why
				if p.Err != nil {
					state = "refused: " + p.Err.Error()
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n  %s\n", p.File, state)
			}
			sets := describedSets(dirs)
			for _, d := range sets {
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n  %s\n", d.file, d.state())
			}
			if len(found)+len(sets) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "no plugins: a plugin is an executable file called %s…, or a descriptor file called %[1]s….jsonl, beside cordboard, in the data directory or in --plugin-dir\n", plugin.Prefix)
			}
			return nil
		},
	}
	s.addPluginFlags(cmd)
	return cmd
}

func pluginsTrustCommand() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "trust FILE",
		Short: "Trust a plugin's file as it is now",
		Long: "Trust starts the plugin once, reads what it says of itself and pins the file's checksum in plugins.lock. A file of\n" +
			"this name that differs from its pin is refused from then on, wherever it lies.",
		Args: exactArgs(1, "the plugin's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if filepath.Ext(args[0]) == ".jsonl" {
				return fmt.Errorf("%s is a descriptor file: nothing of it is started, so that it needs no trust and no pin", args[0])
			}
			if info, err := os.Stat(args[0]); err == nil && info.Mode()&0o111 == 0 {
				return fmt.Errorf("%s is not executable: a plugin is a program (chmod +x %[1]s, if it is one)", args[0])
			}
			trusted, pin, err := plugin.TrustPinned(args[0])
			if err != nil {
				return err
			}
			if _, err := plugin.Trust(trusted.Path, "", plugin.Lock{}.With(pin)); err != nil { // a pin would not help it
				return err
			}
			host := plugin.NewHost(trusted, nil)
			defer host.Close()
			about, err := host.About(cmd.Context())
			if err != nil {
				return err
			}
			pin.Version, pin.Descriptors = about.Version, about.Hash
			lock, err := plugin.ReadLock(s.lockFile())
			if err != nil {
				return err
			}
			if err := lock.With(pin).Write(s.lockFile()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is trusted with checksum %s, pinned in %s\n", trusted.Path, pin.SHA256, s.lockFile())
			return nil
		},
	}
	s.addPluginFlags(cmd)
	return cmd
}
