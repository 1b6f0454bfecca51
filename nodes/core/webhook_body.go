package core

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf16"

	"github.com/google/uuid"

	"github.com/cordboard/cordboard/nodes"
)

// The bounds of a body where the server sets none: n8n's.
const (
	maxParsed = 16 << 20
	maxFile   = 200 << 20
)

// limits are the bounds of a request's body.
func limits(req *http.Request) (parsed, file int64) {
	if b, ok := req.Body.(*nodes.Body); ok {
		return b.Parsed, b.File
	}
	return maxParsed, maxFile
}

// badBody is a body that cannot be taken in, with the answer to it.
type badBody struct{ answer nodes.Response }

func (b *badBody) Error() string { return string(b.answer.Body) }

func bad(r nodes.Response) error { return &badBody{r} }

// readBody reads the body by its type: JSON, URL-encoded or multipart fields, XML, plain text. Of any other type it is binary
// data, from version 1.1 on; with rawBody it is binary data beside, with binaryData (version 1) nothing else.
func readBody(ctx context.Context, call *nodes.Call, req *http.Request) (json string, files *nodes.Binary, err error) {
	options := call.Param("options")
	contentType := req.Header.Get("Content-Type")
	mediaType, params, _ := mime.ParseMediaType(contentType)
	if mediaType == "" {
		mediaType, _, _ = strings.Cut(contentType, ";")
	}
	onlyBinary := false
	if call.Version == 1 {
		if onlyBinary, err = options.Get("binaryData").Bool(0, false); err != nil {
			return "", nil, err
		}
	}
	raw, err := options.Get("rawBody").Bool(0, false)
	switch {
	case err != nil:
		return "", nil, err
	case onlyBinary:
		files, err = streamedBody(ctx, call, req, mediaType)
		return "{}", files, err
	case mediaType == "multipart/form-data":
		return multipartBody(ctx, call, req, params["boundary"])
	case !raw && !isParsed(mediaType):
		if call.Version > 1 {
			files, err = streamedBody(ctx, call, req, mediaType)
		}
		return "", files, err
	}
	text, err := inflated(req)
	if err != nil {
		return "", nil, err
	}
	if json, err = parseBody(text, mediaType, params["charset"]); err != nil || !raw {
		return json, nil, err
	}
	file, err := call.KeepFile(ctx, bytes.NewReader(text), nodes.File{MimeType: mediaType})
	if err != nil {
		return "", nil, err
	}
	file.FileSize, file.Bytes = "", 0 // as n8n has it
	name, err := options.Get("binaryPropertyName").String(0, "data")
	return json, (*nodes.Binary)(nil).With(name, file), err
}

func isXML(mediaType string) bool {
	return mediaType == "application/xml" || mediaType == "text/xml" || strings.HasSuffix(mediaType, "+xml")
}

func isParsed(mediaType string) bool {
	switch mediaType {
	case "application/json", "application/x-www-form-urlencoded", "text/plain":
		return true
	}
	return isXML(mediaType)
}

// parseBody makes JSON of a body, "" where there is none to show.
func parseBody(raw []byte, mediaType, charset string) (json string, err error) {
	if len(raw) == 0 || !isParsed(mediaType) {
		return "", nil
	}
	text, err := decode(raw, charset)
	if err != nil {
		return "", bad(unreadable(err))
	}
	switch {
	case mediaType == "application/json":
		if json, err = nodes.Normalize(strings.TrimPrefix(text, "\uFEFF")); json == "null" {
			json = ""
		}
	case mediaType == "application/x-www-form-urlencoded":
		json = formJSON(text)
	case isXML(mediaType):
		json, err = xmlJSON([]byte(text))
	default:
		json = string(nodes.AppendString(nil, text))
	}
	if err != nil {
		return "", bad(unreadable(err))
	}
	return json, nil
}

// unreadable is the answer to a body that is not of its type.
func unreadable(err error) nodes.Response {
	var b nodes.ObjectBuilder
	b.Set("code", nodes.NumberValue(http.StatusUnprocessableEntity))
	b.Set("message", nodes.StringValue("Failed to parse request body"))
	b.Set("hint", nodes.StringValue(err.Error()))
	return nodes.Response{Status: http.StatusUnprocessableEntity, Header: http.Header{"Content-Type": {jsonType}}, Body: []byte(b.String())}
}

func tooLarge() error {
	return bad(message(http.StatusRequestEntityTooLarge, 0, "the request's body is too large"))
}

// inflated reads a body into memory, unpacked where the caller packed it.
func inflated(req *http.Request) ([]byte, error) {
	limit, _ := limits(req)
	var (
		r   io.Reader = req.Body
		err error
	)
	// A reader that cannot be made is nil, which is not the body either.
	switch req.Header.Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(req.Body)
	case "deflate":
		r, err = zlib.NewReader(req.Body)
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(r, limit+1))
	}
	switch {
	case err != nil && r != req.Body:
		return nil, bad(unreadable(fmt.Errorf("the body is not of its Content-Encoding: %w", err)))
	case err != nil:
		return nil, unread(err)
	case int64(len(text)) > limit:
		return nil, tooLarge()
	}
	return text, nil
}

// unread is for a body that did not arrive.
func unread(err error) error {
	if e := (*badBody)(nil); errors.As(err, &e) {
		return err
	}
	return bad(message(http.StatusBadRequest, 0, "the request's body could not be read"))
}

// decode makes text of bytes in one of the encodings that n8n knows.
func decode(raw []byte, charset string) (string, error) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8":
		return strings.ToValidUTF8(string(raw), "\uFFFD"), nil
	case "utf-16le", "utf16le", "ucs2", "ucs-2":
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(raw[2*i:])
		}
		return string(utf16.Decode(units)), nil
	case "latin1", "binary", "ascii":
		runes := make([]rune, len(raw))
		for i, b := range raw {
			runes[i] = rune(b)
		}
		return string(runes), nil
	}
	return "", fmt.Errorf("Unknown encoding: %s", charset) //nolint:staticcheck // n8n's words
}

// bounded fails where a body is longer than it may be.
type bounded struct {
	r    io.Reader
	left int64
	err  error
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, b.err
	}
	return n, err
}

// streamedBody keeps a body as binary data as it comes, in the store of the run; nil for an empty one.
func streamedBody(ctx context.Context, call *nodes.Call, req *http.Request, mediaType string) (*nodes.Binary, error) {
	_, limit := limits(req)
	r := bufio.NewReader(&bounded{req.Body, limit, tooLarge()})
	if _, err := r.Peek(1); errors.Is(err, io.EOF) {
		return nil, nil
	}
	name, err := call.Param("options").Get("binaryPropertyName").String(0, "data")
	if err != nil {
		return nil, err
	}
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	_, disposition, _ := mime.ParseMediaType(req.Header.Get("Content-Disposition"))
	fileName := baseName(disposition["filename"])
	if fileName == "" {
		fileName = uuid.NewString()
	}
	file, err := keepUpload(ctx, call, r, nodes.File{MimeType: mediaType}, fileName)
	if err != nil {
		return nil, err
	}
	return (*nodes.Binary)(nil).With(name, file), nil
}

// keepUpload streams a file to the store.
func keepUpload(ctx context.Context, call *nodes.Call, r io.Reader, f nodes.File, name string) (nodes.File, error) {
	f.FileExtension = extensionOf(f.MimeType)
	content := &noting{r: r}
	f, err := call.KeepFile(ctx, content, f.Named(name, nil))
	if content.err != nil {
		return f, unread(content.err)
	}
	return f, err
}

// noting remembers why the caller's bytes ended, to tell it from the store's failures.
type noting struct {
	r   io.Reader
	err error
}

func (n *noting) Read(p []byte) (int, error) {
	i, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return i, err
}

// baseName is the last part of a file name, however its sender writes paths.
func baseName(name string) string {
	return name[strings.LastIndexAny(name, `/\`)+1:]
}

// extensions are the usual ones of files whose MIME type does not say it.
var extensions = map[string]string{
	"application/octet-stream": "bin", "text/plain": "txt", "image/jpeg": "jpeg", "image/svg+xml": "svg", "text/markdown": "md",
	"text/javascript": "js", "application/javascript": "js", "audio/mpeg": "mp3", "video/mp4": "mp4", "application/gzip": "gz",
	"application/msword": "doc", "application/vnd.ms-excel": "xls",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   "docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "xlsx",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
}

// extensionOf is the usual extension of files of a MIME type, "" if none is.
func extensionOf(mimeType string) string {
	if name, ok := extensions[mimeType]; ok {
		return name
	}
	switch mimeType {
	case "application/pdf", "application/zip", "application/json", "application/xml", "application/rtf", "text/html", "text/csv",
		"text/css", "text/xml", "text/yaml", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff", "audio/wav",
		"audio/ogg", "video/webm", "video/ogg":
		_, name, _ := strings.Cut(mimeType, "/")
		return name
	}
	return ""
}
