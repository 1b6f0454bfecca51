package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// maxText bounds a file that is read into one value.
const maxText = 512 << 20

// readAll reads binary data that has to be in memory as a whole, up to a limit.
func readAll(ctx context.Context, call *nodes.Call, f nodes.File, limit int64) ([]byte, error) {
	in, err := call.OpenFile(ctx, f)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	content, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, nodes.Errorf("the file is larger than %s", nodes.SizeText(limit))
	}
	return content, err
}

var errNoReader = errors.New("the reader is gone")

// keep writes binary data while write makes it.
func keep(ctx context.Context, call *nodes.Call, f nodes.File, write func(w io.Writer) error) (nodes.File, error) {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := write(w)
		_ = w.CloseWithError(err) // it never fails
		done <- err
	}()
	f, err := call.KeepFile(ctx, r, f)
	_ = r.CloseWithError(errNoReader)
	if failed := <-done; failed != nil && !errors.Is(failed, errNoReader) {
		return f, failed
	}
	return f, err
}

// keepBytes keeps content that is in memory.
func keepBytes(ctx context.Context, call *nodes.Call, f nodes.File, content []byte) (nodes.File, error) {
	return call.KeepFile(ctx, bytes.NewReader(content), f)
}

// random is binary data that can be read from anywhere.
type random struct {
	io.ReaderAt
	size  int64
	close func() error
}

// openRandom opens binary data for reading from anywhere. What is no file is copied to one.
func openRandom(ctx context.Context, call *nodes.Call, f nodes.File) (*random, error) {
	in, err := call.OpenFile(ctx, f)
	if err != nil {
		return nil, err
	}
	if file, ok := in.(*os.File); ok {
		info, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, in.Close())
		}
		return &random{file, info.Size(), file.Close}, nil
	}
	defer in.Close()
	const small = 1 << 20
	head, err := io.ReadAll(io.LimitReader(in, small))
	if err != nil {
		return nil, err
	}
	if len(head) < small {
		return &random{bytes.NewReader(head), int64(len(head)), func() error { return nil }}, nil
	}
	file, err := os.CreateTemp("", "cordboard-file-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name()) // it lasts until it is closed; where that cannot be, the system's own cleaning removes it
	size, err := io.Copy(file, io.MultiReader(bytes.NewReader(head), readerWithContext{ctx, in}))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &random{file, size, file.Close}, nil
}

// readerWithContext ends when its context does: a copy of gigabytes is cancelled in its middle.
type readerWithContext struct {
	ctx context.Context //nolint:containedctx // io.Reader has no place for it
	r   io.Reader
}

// Read is io.Reader's.
func (r readerWithContext) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// sniff tells a MIME type and an extension from the beginning of a file, as far as its signature is known; else it is text.
func sniff(head []byte) (mimeType, extension string) {
	mimeType, _, _ = strings.Cut(http.DetectContentType(head), ";")
	switch mimeType {
	case "application/x-gzip":
		return "application/gzip", "gz"
	case "application/pdf", "application/zip", "image/png", "image/gif", "image/webp", "image/bmp", "audio/mpeg", "video/mp4", "video/webm", "font/woff", "font/woff2":
		if mimeType == "application/zip" {
			return sniffZip(head)
		}
		_, extension, _ = strings.Cut(mimeType, "/")
		return mimeType, strings.NewReplacer("mpeg", "mp3").Replace(extension)
	case "image/jpeg":
		return mimeType, "jpg"
	case "audio/wave":
		return "audio/wav", "wav"
	}
	if bytes.HasPrefix(head, []byte("<?xml ")) {
		return "application/xml", "xml"
	}
	if bytes.HasPrefix(head, []byte("{\\rtf")) {
		return "application/rtf", "rtf"
	}
	return "text/plain", ""
}

// sniffZip tells workbooks from other zip files by the names of their first parts.
func sniffZip(head []byte) (mimeType, extension string) {
	switch {
	case bytes.Contains(head, []byte("mimetype"+odsType)):
		return odsType, "ods"
	case bytes.Contains(head, []byte("xl/")), bytes.Contains(head, []byte("[Content_Types].xml")):
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"
	}
	return "application/zip", "zip"
}

// extensions of MIME types that nodes give.
var extensions = map[string]string{
	"application/json": "json", "application/pdf": "pdf", "application/xml": "xml", "application/zip": "zip", "application/gzip": "gz",
	"application/rtf": "rtf", "application/javascript": "js", "application/vnd.ms-excel": "xls",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
	"application/vnd.oasis.opendocument.spreadsheet":                    "ods",
	"text/plain": "txt", "text/csv": "csv", "text/html": "html", "text/calendar": "ics", "text/markdown": "md", "text/css": "css", "text/xml": "xml",
	"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/svg+xml": "svg", "image/bmp": "bmp",
	"audio/mpeg": "mp3", "audio/wav": "wav", "video/mp4": "mp4",
}

// described is binary data with what its name, its type and its beginning say of it, as n8n has it: the name's extension
// counts, then the type's, then what the content is. Without a name it is "file".
func described(name, mimeType string, head []byte) nodes.File {
	f := nodes.File{MimeType: mimeType}
	if name != "" {
		f = f.Named(name, head)
	}
	if strings.LastIndexByte(name, '.') == 0 { // a hidden file without an extension
		f.FileExtension = ""
	}
	if f.MimeType == "" || name != "" && mimeType == "" && !knownByName(name) {
		var extension string
		f.MimeType, extension = sniff(head)
		if f.FileExtension == "" {
			f.FileExtension = extension
		}
	}
	if f.FileExtension == "" && mimeType != "" {
		bare, _, _ := strings.Cut(mimeType, ";")
		f.FileExtension = extensions[bare]
	}
	f.FileType = nodes.FileKind(f.MimeType)
	if f.FileName == "" {
		f.FileName = "file"
		if f.FileExtension != "" {
			f.FileName += "." + f.FileExtension
		}
	}
	return f
}

// knownByName reports whether a file's name says what type it has.
func knownByName(name string) bool {
	a, b := nodes.File{}.Named(name, []byte("a")), nodes.File{}.Named(name, []byte("%PDF-"))
	return a.MimeType == b.MimeType
}
