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

// modulePath is what a plugin requires.
const modulePath = "github.com/cordboard/cordboard"

func pluginsNewCommand() *cobra.Command {
	var dir, replace string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Begin a plugin in Go: a module with a node, its test and a README",
		Long: "New makes a module that uses a checkout of the cordboard module: that of --replace, else the one in which it is called or in which this\n" +
			"program lies. Where there is none it uses the published module, if this program is a release of it.",
		Example: "  cordboard plugins new acme\n  cordboard plugins new acme --replace ~/src/cordboard",
		Args:    exactArgs(1, "the plugin's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := strings.TrimPrefix(args[0], plugin.Prefix)
			if !pluginName.MatchString(name) {
				return fmt.Errorf("%q is no name for a plugin: small letters, digits and hyphens, a letter first", args[0])
			}
			if dir == "" {
				dir = plugin.Prefix + name
			}
			if replace == "" {
				here, _ := os.Getwd() // without it that of the program is looked for
				replace = checkoutOf(here, programDir())
			}
			if replace == "" && !release.MatchString(version()) {
				return fmt.Errorf("the module %s is not published in the version of this program: say where a checkout of it is:\n%s --replace DIRECTORY", modulePath, cmd.CommandPath()+" "+args[0])
			}
			if err := writeSkeleton(dir, name, replace); err != nil {
				return err
			}
			if replace != "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "it uses the checkout %s (--replace takes another)\n", replace)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is there. Next:\n  cd %s && go mod tidy && go test ./... && go build\n  cordboard plugins trust ./%s%s\n", dir, dir, plugin.Prefix, name)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "directory to make (default "+plugin.Prefix+"NAME)")
	cmd.Flags().StringVar(&replace, "replace", "", "use the cordboard module in this directory, a checkout, in place of the published one")
	return cmd
}

// release is a version that is published, as opposed to a state between two.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// checkoutOf is the first checkout of the module that one of the directories lies in; "" if none does.
func checkoutOf(dirs ...string) string {
	for _, dir := range dirs {
		for ; dir != ""; dir = filepath.Dir(dir) {
			text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err == nil && strings.HasPrefix(string(text), "module "+modulePath+"\n") {
				return dir
			}
			if filepath.Dir(dir) == dir {
				break
			}
		}
	}
	return ""
}

// writeSkeleton makes the directory, which must not be there yet.
func writeSkeleton(dir, name, replace string) error {
	require := ""
	if replace == "" {
		require = "\nrequire " + modulePath + " " + version() + "\n"
	}
	if replace != "" {
		path, err := filepath.Abs(replace)
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err != nil {
			return fmt.Errorf("--replace: %w", err)
		}
		require = "\nrequire " + modulePath + " v0.0.0\n\nreplace " + modulePath + " => " + path + "\n"
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
