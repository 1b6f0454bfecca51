package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/nodes/plugin"
)

//go:embed skeleton
var skeleton embed.FS

var pluginName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func pluginsNewCommand() *cobra.Command {
	var dir, replace string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Begin a plugin in Go: a module with a node, its test and a README",
		Args:  exactArgs(1, "the plugin's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := strings.TrimPrefix(args[0], plugin.Prefix)
			if !pluginName.MatchString(name) {
				return fmt.Errorf("%q is no name for a plugin: small letters, digits and hyphens, a letter first", args[0])
			}
			if dir == "" {
				dir = plugin.Prefix + name
			}
			if err := writeSkeleton(dir, name, replace); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is there. Next:\n  cd %s && go mod tidy && go test ./... && go build\n  cordboard plugins trust ./%s%s\n", dir, dir, plugin.Prefix, name)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "directory to make (default "+plugin.Prefix+"NAME)")
	cmd.Flags().StringVar(&replace, "replace", "", "use the cordboard module in this directory, a checkout, in place of the published one")
	return cmd
}

// writeSkeleton makes the directory, which must not be there yet.
func writeSkeleton(dir, name, replace string) error {
	require := ""
	if v := version(); strings.HasPrefix(v, "v") && !strings.Contains(v, "+dirty") { // else go mod tidy finds the newest
		require = "\nrequire github.com/cordboard/cordboard " + v + "\n"
	}
	if replace != "" {
		path, err := filepath.Abs(replace)
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err != nil {
			return fmt.Errorf("--replace: %w", err)
		}
		require = "\nrequire github.com/cordboard/cordboard v0.0.0\n\nreplace github.com/cordboard/cordboard => " + path + "\n"
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s is there already: take another name, or --dir", dir)
		}
		return err
	}
	fill := strings.NewReplacer("NAME", name, "//REQUIRE\n", require)
	for from, to := range map[string]string{
		"go.mod.txt": "go.mod", "main.go.txt": "main.go", "main_test.go.txt": "main_test.go", "README.md.txt": "README.md", "gitignore.txt": ".gitignore",
	} {
		text, err := skeleton.ReadFile("skeleton/" + from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, to), []byte(fill.Replace(string(text))), 0o644); err != nil {
			return err
		}
	}
	return nil
}
