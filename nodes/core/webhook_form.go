package core

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// maxFields is how many fields a form may have.
const maxFields = 1000

// upload is a form under way: its fields as JSON by name, its files by field.
type upload struct {
	fields fieldLists
	count  int
	left   int64 // bytes that fields may still have
	file   int64 // bytes that a file may have
	names  []string
	files  map[string][]nodes.File
}

// multipartBody reads a form: fields become the body, files binary data. A part is a file if it has a Content-Type.
func multipartBody(ctx context.Context, call *nodes.Call, req *http.Request, boundary string) (json string, files *nodes.Binary, err error) {
	parsed, file := limits(req)
	form := upload{left: parsed, file: file, files: map[string][]nodes.File{}}
	if req.ContentLength == 0 {
		return "{}", nil, nil
	}
	broken := bad(message(http.StatusBadRequest, http.StatusBadRequest, "The submitted form data could not be parsed."))
	if boundary == "" {
		return "", nil, broken
	}
	reader := multipart.NewReader(req.Body, boundary)
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF { //nolint:errorlint // it comes bare
			break
		}
		if err == nil {
			err = form.add(ctx, call, part)
		}
		if e := (*badBody)(nil); errors.As(err, &e) {
			return "", nil, err
		}
		if errors.Is(err, errStore) {
			return "", nil, err
		}
		if err != nil {
			return "", nil, broken
		}
	}
	var b nodes.ObjectBuilder
	form.fields.write(&b)
	prefix, err := call.Param("options").Get("binaryPropertyName").String(0, "")
	return b.String(), form.binary(prefix), err
}

// errStore is a failure of this side.
var errStore = errors.New("a file of the form could not be kept")

func (u *upload) add(ctx context.Context, call *nodes.Call, part *multipart.Part) error {
	full := bad(message(http.StatusRequestEntityTooLarge, http.StatusRequestEntityTooLarge, "The submitted form data exceeds the allowed size."))
	_, disposition, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	name, named := disposition["name"]
	contentType := part.Header.Get("Content-Type")
	if contentType == "" {
		if u.count++; u.count > maxFields {
			return full
		}
		value, err := io.ReadAll(&bounded{part, u.left, full})
		if err != nil {
			return err
		}
		u.left -= int64(len(value) + len(name))
		u.fields.add(name, string(nodes.AppendString(nil, strings.ToValidUTF8(string(value), "\uFFFD"))))
		return nil
	}
	if !named {
		name = "null"
	}
	fileName := baseName(disposition["filename"])
	if fileName == "" {
		fileName = strings.ToLower(rand.Text())[:25]
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	content := &noting{r: &bounded{part, u.file, full}}
	file := nodes.File{MimeType: strings.TrimSpace(mediaType), FileExtension: extensionOf(strings.TrimSpace(mediaType))}
	file, err := call.KeepFile(ctx, content, file.Named(fileName, nil))
	switch {
	case content.err != nil:
		return content.err
	case err != nil:
		return fmt.Errorf("%w: %w", errStore, err)
	}
	if name = strings.TrimSuffix(name, "[]"); !slices.Contains(u.names, name) {
		u.names = append(u.names, name)
	}
	u.files[name] = append(u.files[name], file)
	return nil
}

// binary names the files: after their field, with a number where it has several; with a prefix, after that and numbered
// through.
func (u *upload) binary(prefix string) *nodes.Binary {
	var b nodes.BinaryBuilder
	count := 0
	for _, name := range u.names {
		for i, f := range u.files[name] {
			key := name
			switch {
			case prefix != "":
				key = fmt.Sprint(prefix, count)
			case len(u.files[name]) > 1:
				key = fmt.Sprint(name, i)
			}
			b.Set(key, f)
			count++
		}
	}
	return b.Binary()
}
