package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/community"
	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/runtime/script"
)

func nodesImportCommand() *cobra.Command {
	var out, dataDir string
	cmd := &cobra.Command{
		Use:   "import PACKAGE_DIR|TGZ",
		Short: "Make a node set of an n8n community package that is declarative",
		Long: "Import evaluates the node files of an npm package (a folder, or what npm pack writes) in a machine without network\n" +
			"and disk, and carries their descriptions over. What cannot be carried over is listed with its reason.",
		Example: "  npm pack n8n-nodes-acme\n  cordboard nodes import n8n-nodes-acme-1.0.0.tgz --data-dir ~/.local/share/cordboard",
		Args:    exactArgs(1, "the package's folder or its .tgz file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out != "" && dataDir != "" {
				return errors.New("--out and --data-dir: both say where to write to, give one")
			}
			p, err := readPackage(args[0])
			if err != nil {
				return err
			}
			imported, err := importPackage(cmd.Context(), p)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if dataDir != "" && len(imported.Files) > 0 {
				if out, err = setFile(dataDir, p.Name()); err != nil {
					return err
				}
			}
			return writeImported(cmd, imported, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write (default standard output)")
	cmd.Flags().StringVar(&dataDir, "data-dir", "", "write it into this data directory, where run and serve find it with the same flag")
	return cmd
}

// notInNames are the characters that the file names of sets do without.
var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// setFile is where a package's set lies in a data directory, whose folder plugins is made if need be. A set of another package is not written
// over.
func setFile(dataDir, packageName string) (string, error) {
	name := strings.TrimPrefix(path.Base(packageName), "n8n-nodes-") // without the scope
	file := filepath.Join(dataDir, "plugins", plugin.Prefix+notInNames.ReplaceAllString(name, "-")+".jsonl")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	there, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if of := gjson.GetBytes(there, "node.type").Str; err == nil && !strings.HasPrefix(of, packageName+".") {
		err = fmt.Errorf("%s is there already, with the node %s of another package: say with --out where to write to", file, of)
	}
	return file, err
}

func importPackage(ctx context.Context, p community.Package) (*community.Imported, error) {
	files, entries, err := p.Arguments()
	if err != nil {
		return nil, err
	}
	pool := script.NewPool(script.Options{Machines: 1, Memory: 512 << 20, Timeout: time.Minute})
	defer func() { _ = pool.Close() }()
	evaluated, err := pool.Call(ctx, script.NewProgram(community.Program), nil, files, entries)
	if err != nil {
		return nil, fmt.Errorf("its files cannot be evaluated: %w", err)
	}
	return p.Convert(evaluated)
}

func writeImported(cmd *cobra.Command, imported *community.Imported, out string) error {
	report := cmd.ErrOrStderr()
	for _, l := range imported.Left {
		fmt.Fprintln(report, "left out: "+l.String())
	}
	for _, n := range imported.Notes {
		fmt.Fprintln(report, "note: "+n)
	}
	for _, f := range imported.Files {
		if note := asked(f.Node); note != "" {
			fmt.Fprintln(report, "note: "+note)
		}
	}
	fmt.Fprintf(report, "%s with %s, %d left out\n", descriptors.Plural(len(imported.Files), "node"), descriptors.Plural(imported.Operations(), "operation"), len(imported.Left))
	if len(imported.Files) == 0 {
		return &exitError{exitFailed, errors.New("nothing of the package can be carried over")}
	}
	var text bytes.Buffer
	for _, f := range imported.Files {
		lines, err := f.Bytes()
		if err != nil {
			return err
		}
		text.Write(lines)
	}
	if out == "" {
		_, err := cmd.OutOrStdout().Write(text.Bytes())
		return err
	}
	draft := out + ".new"
	if err := os.WriteFile(draft, text.Bytes(), 0o644); err != nil {
		return err
	}
	if err := os.Rename(draft, out); err != nil {
		return err
	}
	fmt.Fprintln(report, "written to "+out)
	return nil
}

// maxPackage bounds what is read of a package: its texts are held in memory.
const maxPackage = 64 << 20

var errPackageSize = fmt.Errorf("the package has more than %d MB of JavaScript and JSON", maxPackage>>20)

// readPackage reads the .js and .json files of a folder or of a .tgz file; what the package depends on is not looked at.
func readPackage(from string) (community.Package, error) {
	p := community.Package{Files: map[string]string{}}
	left := int64(maxPackage)
	add := func(name string, r io.Reader) error {
		if ext := path.Ext(name); ext != ".js" && ext != ".json" || strings.Contains("/"+name, "/node_modules/") {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(r, left+1))
		if left -= int64(len(text)); err == nil && left < 0 {
			err = errPackageSize
		}
		p.Files[name] = string(text)
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return p, err
	}
	if info.IsDir() {
		return p, readFolder(from, add)
	}
	f, err := os.Open(from)
	if err != nil {
		return p, err
	}
	defer f.Close()
	if err := readArchive(f, add); errors.Is(err, gzip.ErrHeader) {
		return p, fmt.Errorf("%s: it is neither a package's folder nor a .tgz file (npm pack NAME makes one)", from)
	} else if err != nil {
		return p, fmt.Errorf("%s: %w", from, err)
	}
	return p, nil
}

func readFolder(dir string, add func(name string, r io.Reader) error) error {
	root := os.DirFS(dir)
	return fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "node_modules":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return add(filepath.ToSlash(name), f)
	})
}

// readArchive reads a .tgz as npm writes it: all lies below one folder.
func readArchive(r io.Reader, add func(name string, r io.Reader) error) error {
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(zipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, name, ok := strings.Cut(path.Clean(h.Name), "/"); ok && h.Typeflag == tar.TypeReg {
			if err := add(name, archive); err != nil {
				return err
			}
		}
	}
}
