package core

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

// readWriteFile reads files of the machine into binary data and writes binary data to them, in the directories that are open
// to workflows. Content is streamed both ways.
type readWriteFile struct{}

var _ nodes.Outward = readWriteFile{}

// Writes is nodes.Outward's.
func (readWriteFile) Writes(_ float64, params *nodes.Template) bool {
	operation := params.Member("operation")
	return operation.Expression() != nil || operation.Value().Str() == "write"
}

func (r readWriteFile) Execute(ctx context.Context, call *nodes.Call) error {
	operation, err := call.Param("operation").Option(0, "read", "read", "write")
	if err != nil {
		return err
	}
	for i := range call.Input(0).All() {
		if operation == "write" {
			err = r.write(ctx, call, i)
		} else {
			err = r.read(ctx, call, i)
		}
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// read puts out an item for each file that the selector matches.
func (readWriteFile) read(ctx context.Context, call *nodes.Call, i int) error {
	selector, err := call.Param("fileSelector").String(i, "")
	if err != nil {
		return err
	}
	var o struct{ property, name, extension, mime string }
	for _, option := range []struct {
		name string
		to   *string
		def  string
	}{{"dataPropertyName", &o.property, "data"}, {"fileName", &o.name, ""}, {"fileExtension", &o.extension, ""}, {"mimeType", &o.mime, ""}} {
		if *option.to, err = call.Param("options").Get(option.name).String(i, option.def); err != nil {
			return err
		}
	}
	base, pattern := doublestar.SplitPattern(filepath.ToSlash(selector))
	root, inside, err := call.Files.Root(filepath.FromSlash(base))
	if err != nil {
		return err
	}
	defer root.Close()
	files, err := match(root, inside, pattern)
	if err != nil {
		return err
	}
	if len(files) == 0 && call.Version >= 1.1 {
		e := *nodes.Errorf("No file(s) found")
		e.Kind, e.Description = nodes.APIError, "No file matching the selector \""+selector+"\" found"
		return &e
	}
	for _, file := range files {
		kept, err := keepFrom(ctx, call, root, file, nodes.File{MimeType: o.mime, FileExtension: o.extension}, o.name)
		if err != nil {
			return err
		}
		var b nodes.ObjectBuilder
		for _, field := range []struct{ name, value string }{
			{"mimeType", kept.MimeType}, {"fileType", kept.FileType}, {"fileName", kept.FileName}, {"fileExtension", kept.FileExtension}, {"fileSize", kept.FileSize},
		} {
			if field.value != "" {
				b.Set(field.name, nodes.StringValue(field.value))
			}
		}
		call.EmitFrom(0, i, nodes.NewItem(b.String()).WithBinary((*nodes.Binary)(nil).With(o.property, kept)))
	}
	return nil
}

// match returns the files in root that a pattern below a folder matches, in order. A pattern passes over what is no file and
// over links that lead nowhere or out of root; a plain path to such is an error.
func match(root *os.Root, folder, pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, `*?[{\`) {
		return onlyFile(root, filepath.Join(folder, pattern))
	}
	var files []string
	err := doublestar.GlobWalk(root.FS(), filepath.ToSlash(filepath.Join(folder, pattern)), func(path string, d fs.DirEntry) error {
		if !d.IsDir() && checkFile(root, path) == nil {
			files = append(files, path)
		}
		return nil
	}, doublestar.WithNoFollow())
	if errors.Is(err, doublestar.ErrBadPattern) {
		return nil, nodes.Errorf("the pattern %s cannot be read", pattern).WithParam("fileSelector", "")
	}
	slices.SortFunc(files, func(a, b string) int { // the upper folders first
		if n := strings.Count(a, "/") - strings.Count(b, "/"); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	return files, err
}

// onlyFile is match for a path without a pattern. A folder is no match, nor is what lies behind a folder that leads out of root.
func onlyFile(root *os.Root, path string) ([]string, error) {
	if _, err := root.Lstat(path); err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if info, err := root.Stat(path); err == nil && info.IsDir() {
		return nil, nil
	}
	return []string{path}, checkFile(root, path)
}

// checkFile refuses what is no file inside root, once links are followed: to open a pipe would wait for whoever writes to it.
func checkFile(root *os.Root, path string) error {
	info, err := root.Stat(path)
	full := filepath.Join(root.Name(), path)
	var failed *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		e := nodes.AsError(fileError(err))
		e.Description = full
		return e
	case errors.As(err, &failed):
		return nodes.Errorf("the file %s cannot be read: %w", full, failed.Err)
	case err != nil:
		return nodes.Errorf("the file %s cannot be read: %w", full, err)
	case !info.Mode().IsRegular():
		return nodes.Errorf("%s is not a regular file", full)
	}
	return nil
}

// keepFrom streams a file into binary data.
func keepFrom(ctx context.Context, call *nodes.Call, root *os.Root, path string, f nodes.File, name string) (nodes.File, error) {
	in, err := root.Open(path)
	if err != nil {
		return f, fileError(err)
	}
	defer in.Close()
	content := bufio.NewReaderSize(in, 64<<10)
	head, err := content.Peek(512)
	if err != nil && len(head) == 0 && !errors.Is(err, io.EOF) {
		return f, fileError(err)
	}
	own := filepath.Base(path)
	asked := f
	f = nodes.File{}.Named(own, head)
	if f.Directory, err = filepath.Abs(filepath.Join(root.Name(), filepath.Dir(path))); err != nil {
		return f, err
	}
	if f, err = call.KeepFile(ctx, content, f); err != nil {
		return f, err
	}
	if asked.MimeType != "" {
		f.MimeType = asked.MimeType
	}
	if asked.FileExtension != "" {
		f.FileExtension = asked.FileExtension
	}
	if name != "" {
		f.FileName = name
	}
	return f, nil
}

// write writes an item's binary data to a file.
func (readWriteFile) write(ctx context.Context, call *nodes.Call, i int) error {
	path, err := call.Param("fileName").String(i, "")
	if err != nil {
		return err
	}
	property, err := call.Param("dataPropertyName").String(i, "data")
	if err != nil {
		return err
	}
	add, err := call.Param("options").Get("append").Bool(i, false)
	if err != nil {
		return err
	}
	f, err := call.InputFile(i, property)
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
	var b nodes.ObjectBuilder
	for _, field := range fieldsOf(it.JSON()) {
		if field.name != "fileName" {
			b.Raw(field.name, field.value)
		}
	}
	b.Set("fileName", nodes.StringValue(path))
	call.EmitFrom(0, i, it.WithJSON(b.String()))
	return nil
}

func writeFile(ctx context.Context, call *nodes.Call, root *os.Root, inside string, f nodes.File, add bool) (err error) {
	in, err := call.OpenFile(ctx, f)
	if err != nil {
		return err
	}
	defer in.Close()
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if add {
		flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	if info, err := root.Stat(inside); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nodes.Errorf("%s is not a regular file", filepath.Join(root.Name(), inside))
	}
	out, err := root.OpenFile(inside, flags, 0o644)
	if err != nil {
		return fileError(err)
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	_, err = out.ReadFrom(readerWithContext{ctx, in})
	return err
}

// readerWithContext ends when its context does: a copy of gigabytes is cancelled in its middle.
type readerWithContext struct {
	ctx context.Context //nolint:containedctx // io.Reader has no place for it
	r   interface{ Read(p []byte) (int, error) }
}

// Read is io.Reader's.
func (r readerWithContext) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// fileError words what the system says as n8n does.
func fileError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e := *nodes.Errorf("The file or directory does not exist")
		e.Kind, e.Cause = nodes.APIError, err
		return &e
	case errors.Is(err, fs.ErrPermission):
		e := *nodes.Errorf("You do not have permissions to access this file")
		e.Kind, e.Cause = nodes.APIError, err
		return &e
	}
	return err
}
