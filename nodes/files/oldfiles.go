package files

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/cordboard/cordboard/nodes"
)

// readBinaryFile and readBinaryFiles read files of the machine, writeBinaryFile writes them (n8n's older nodes for it), in the
// directories that are open to workflows.
type (
	readBinaryFile  struct{}
	readBinaryFiles struct{}
	writeBinaryFile struct{}
)

var (
	_ nodes.Node = readBinaryFile{}
	_ nodes.Node = readBinaryFiles{}
	_ nodes.Node = writeBinaryFile{}
)

// Execute is nodes.Node's.
func (readBinaryFile) Execute(ctx context.Context, call *nodes.Call) error {
	return each(ctx, call, func(ctx context.Context, call *nodes.Call, i int) error {
		p := &params{call: call, item: i}
		path, key := p.required("", "filePath"), p.required("data", "dataPropertyName")
		if p.err != nil {
			return p.err
		}
		root, inside, err := call.Files.Root(path)
		if err != nil {
			return err
		}
		defer root.Close()
		f, err := readFile(ctx, call, root, inside)
		if err != nil {
			return err
		}
		it := call.Input(0).At(i)
		call.EmitFrom(0, i, it.WithBinary(it.Binary().With(key, f)))
		return nil
	})
}

// Execute is nodes.Node's. The selector of the first item counts.
func (readBinaryFiles) Execute(ctx context.Context, call *nodes.Call) error {
	p := &params{call: call}
	selector, key := p.required("", "fileSelector"), p.required("data", "dataPropertyName")
	if p.err != nil {
		return p.err
	}
	base, pattern := doublestar.SplitPattern(filepath.ToSlash(selector))
	root, inside, err := call.Files.Root(filepath.FromSlash(base))
	if err != nil {
		return err
	}
	defer root.Close()
	var paths []string
	err = doublestar.GlobWalk(root.FS(), filepath.ToSlash(filepath.Join(inside, pattern)), func(path string, d fs.DirEntry) error {
		if info, err := root.Stat(path); err == nil && info.Mode().IsRegular() {
			paths = append(paths, path)
		}
		return nil
	}, doublestar.WithNoFollow())
	if err != nil {
		return nodes.Errorf("the pattern %s cannot be read: %w", selector, err).WithParam("fileSelector", "")
	}
	slices.SortFunc(paths, func(a, b string) int { // the upper folders first
		if n := strings.Count(a, "/") - strings.Count(b, "/"); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	parents := make([]nodes.Parent, call.Input(0).Len())
	for i := range parents {
		parents[i] = nodes.From(i, 0)
	}
	for _, path := range paths {
		f, err := readFile(ctx, call, root, path)
		if err != nil {
			return err
		}
		call.Emit(0, nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With(key, f)).WithParents(parents...))
	}
	return nil
}

// readFile streams a file into binary data.
func readFile(ctx context.Context, call *nodes.Call, root *os.Root, path string) (nodes.File, error) {
	if info, err := root.Stat(path); err != nil {
		return nodes.File{}, missing(err, filepath.Join(root.Name(), path))
	} else if !info.Mode().IsRegular() { // to open a pipe would wait for whoever writes to it
		return nodes.File{}, nodes.Errorf("%s is not a regular file", filepath.Join(root.Name(), path))
	}
	in, err := root.Open(path)
	if err != nil {
		return nodes.File{}, missing(err, filepath.Join(root.Name(), path))
	}
	defer in.Close()
	content := bufio.NewReaderSize(readerWithContext{ctx, in}, 1<<16)
	head, err := content.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nodes.File{}, err
	}
	f := nodes.File{}.Named(filepath.Base(path), head)
	if f.Directory, err = filepath.Abs(filepath.Join(root.Name(), filepath.Dir(path))); err != nil {
		return f, err
	}
	return call.KeepFile(ctx, content, f)
}

// missing words what the system says of a path as n8n does.
func missing(err error, path string) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nodes.Errorf("The file \"%s\" could not be accessed. The file or directory does not exist", path)
	case errors.Is(err, fs.ErrPermission):
		return nodes.Errorf("The file \"%s\" could not be accessed. You do not have permissions to access this file", path)
	}
	return err
}

// Execute is nodes.Node's.
func (writeBinaryFile) Execute(ctx context.Context, call *nodes.Call) error {
	return each(ctx, call, func(ctx context.Context, call *nodes.Call, i int) error {
		p := &params{call: call, item: i}
		path, key := p.required("", "fileName"), p.required("data", "dataPropertyName")
		add := p.bool(false, "options", "append")
		if p.err != nil {
			return p.err
		}
		f, err := call.InputFile(i, key)
		if err != nil {
			return err
		}
		root, inside, err := call.Files.Root(path)
		if err != nil {
			return err
		}
		defer root.Close()
		if err := writeFile(ctx, call, root, inside, f, add); err != nil {
			return err
		}
		it := call.Input(0).At(i)
		json := setPath(it.JSON(), []string{"fileName"}, string(nodes.AppendString(nil, path)))
		call.EmitFrom(0, i, it.WithJSON(json))
		return nil
	})
}

func writeFile(ctx context.Context, call *nodes.Call, root *os.Root, path string, f nodes.File, add bool) (err error) {
	if info, err := root.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nodes.Errorf("%s is not a regular file", filepath.Join(root.Name(), path))
	}
	in, err := call.OpenFile(ctx, f)
	if err != nil {
		return err
	}
	defer in.Close()
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if add {
		flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	out, err := root.OpenFile(path, flags, 0o644)
	if err != nil {
		return missing(err, filepath.Join(root.Name(), path))
	}
	_, err = io.Copy(out, readerWithContext{ctx, in})
	return errors.Join(err, out.Close())
}
