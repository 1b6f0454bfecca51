package nodes

import (
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Files are the directories of the machine in which nodes may read and write. The zero value is none.
type Files struct {
	// Dirs are paths; a relative one is taken from where the program runs.
	Dirs []string
}

// ErrFileNotAllowed is wrapped by the error of a path that lies in none of the directories.
var ErrFileNotAllowed = errors.New("access to the file is not allowed")

// Root opens the directory in which a path lies, and returns the path within it. No link leads out of it.
func (f *Files) Root(path string) (root *os.Root, inside string, err error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, "", err
	}
	var dirs, open []string
	if f != nil {
		dirs = f.Dirs
	}
	for _, dir := range dirs {
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, "", err
		}
		if inside, err = filepath.Rel(dir, full); err == nil && filepath.IsLocal(inside) {
			root, err = os.OpenRoot(dir)
			return root, inside, err
		}
		open = append(open, strconv.Quote(dir))
	}
	e := Errorf("%w: %s", ErrFileNotAllowed, path)
	e.Hint = "No directory is open to workflows."
	if len(open) > 0 {
		e.Hint = "Workflows may read and write in " + strings.Join(open, ", ") + "."
	}
	e.Hint += " N8N_RESTRICT_FILE_ACCESS_TO sets the directories, with semicolons between them."
	return nil, "", e
}

// maxInlineFile bounds binary data where there is no store for it.
const maxInlineFile = 16 << 20

// KeepFile streams content to the run's store of binary data and returns f with its reference and size. Without a store small
// content is kept inline.
func (c *Call) KeepFile(ctx context.Context, content io.Reader, f File) (File, error) {
	if c.Binary == nil {
		text, err := io.ReadAll(io.LimitReader(content, maxInlineFile+1))
		if err != nil {
			return f, err
		}
		if len(text) > maxInlineFile {
			return f, Errorf("the file is larger than %s, and there is no store for it", SizeText(maxInlineFile))
		}
		f.Data, f.Bytes = base64.StdEncoding.EncodeToString(text), int64(len(text))
		f.FileSize = SizeText(f.Bytes)
		return f, nil
	}
	id, w, err := c.Binary.Create(ctx)
	if err != nil {
		return f, err
	}
	f.Bytes, err = io.Copy(w, content)
	if err = errors.Join(err, w.Close()); err != nil {
		return f, fmt.Errorf("keeping the file: %w", err)
	}
	f.ID, f.FileSize = id, SizeText(f.Bytes)
	return f, nil
}

// OpenFile reads binary data that an item refers to.
func (c *Call) OpenFile(ctx context.Context, f File) (io.ReadCloser, error) {
	if f.ID == "" {
		return io.NopCloser(base64.NewDecoder(base64.StdEncoding, strings.NewReader(f.Data))), nil
	}
	if c.Binary == nil {
		return nil, Errorf("the binary data %q lies in a store that is not there", f.FileName)
	}
	return c.Binary.Open(ctx, f.ID)
}

// InputFile returns item i's binary data under a key; its error is in n8n's words.
func (c *Call) InputFile(i int, key string) (File, error) {
	b := c.Input(0).Head(i).Binary()
	if f, ok := b.Get(key); ok {
		return f, nil
	}
	e := *Errorf("The item has no binary field '%s' [item %d]", key, i).At(i)
	e.Description = "Check that the parameter where you specified the input binary field name is correct, and that it matches a field in the binary input"
	if b.Len() == 0 {
		e.Message = fmt.Sprintf("This operation expects the node's input data to contain a binary file '%s', but none was found [item %d]", key, i)
		e.Description = "Make sure that the previous node outputs a binary file"
	}
	return File{}, &e
}

// Named fills in what a file's name says: its extension, and its MIME type and kind where they are not set. head is the
// beginning of its content, for files whose name says nothing.
func (f File) Named(name string, head []byte) File {
	f.FileName = name
	if f.FileExtension == "" {
		f.FileExtension = strings.TrimPrefix(filepath.Ext(name), ".")
	}
	if f.MimeType == "" {
		f.MimeType = mimeTypes()[strings.ToLower(f.FileExtension)]
	}
	if f.MimeType == "" {
		f.MimeType, _, _ = strings.Cut(http.DetectContentType(head), ";")
		f.MimeType = strings.Replace(f.MimeType, "application/x-gzip", "application/gzip", 1)
	}
	f.FileType = FileKind(f.MimeType)
	return f
}

//go:embed mimetypes.txt
var mimeTypesText string

// mimeTypes are the MIME types of file names' extensions. The tables of machines differ, so these are n8n's own.
var mimeTypes = sync.OnceValue(func() map[string]string {
	types := map[string]string{}
	for line := range strings.Lines(mimeTypesText) {
		extension, mimeType, _ := strings.Cut(strings.TrimSpace(line), " ")
		types[extension] = mimeType
	}
	return types
})

// FileKind is n8n's fileType of a MIME type: json, html, pdf, image, audio, video, text, or nothing.
func FileKind(mimeType string) string {
	switch {
	case strings.HasPrefix(mimeType, "application/json"):
		return "json"
	case strings.HasPrefix(mimeType, "text/html"):
		return "html"
	case strings.HasPrefix(mimeType, "application/pdf"):
		return "pdf"
	case strings.HasPrefix(mimeType, "text/"), strings.HasPrefix(mimeType, "application/javascript"):
		return "text"
	}
	for _, kind := range []string{"image", "audio", "video"} {
		if strings.HasPrefix(mimeType, kind+"/") {
			return kind
		}
	}
	return ""
}

// SizeText writes a size as n8n does: three digits, "1.23 kB".
func SizeText(n int64) string {
	f, unit := float64(n), 0
	for f >= 999.5 && unit < 4 {
		f, unit = f/1000, unit+1
	}
	return strconv.FormatFloat(f, 'g', 3, 64) + " " + [...]string{"B", "kB", "MB", "GB", "TB"}[unit]
}
