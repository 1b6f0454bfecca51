package queues

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// errUnreadable is wrapped by the error of a message that is not what it should be.
var errUnreadable = errors.New("the message is no JSON")

// contentOf is a message's content as a JSON value: its text, or what its text is in JSON where that is wanted.
func contentOf(body []byte, parse bool) (string, error) {
	if !parse {
		return string(nodes.AppendString(nil, decoded(body))), nil
	}
	text, err := nodes.Normalize(string(body))
	if err != nil {
		return "", nodes.Errorf("%w: %w", errUnreadable, err)
	}
	return text, nil
}

// onlyItem is an item of a content alone. One that is no object, which an item has to be, is under a name; n8n's item is then the
// value itself.
func onlyItem(name, content string) nodes.Item {
	if strings.HasPrefix(content, "{") {
		return nodes.NewItem(content)
	}
	var b nodes.ObjectBuilder
	b.Raw(name, content)
	return nodes.NewItem(b.String())
}

// typed is what is known of binary content: n8n goes by how it begins, and takes what it does not know for text.
func typed(body []byte) nodes.File {
	mimeType, _, _ := strings.Cut(http.DetectContentType(body), ";")
	extensions := map[string]string{
		"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/bmp": "bmp", "application/pdf": "pdf", "application/zip": "zip",
		"application/x-gzip": "gz", "audio/mpeg": "mp3", "audio/wave": "wav", "video/mp4": "mp4", "video/webm": "webm",
	}
	extension, ok := extensions[mimeType]
	switch {
	case !ok:
		mimeType = "text/plain"
	case extension == "gz":
		mimeType = "application/gzip"
	case extension == "wav":
		mimeType = "audio/wav"
	}
	return nodes.File{MimeType: mimeType, FileExtension: extension, FileType: nodes.FileKind(mimeType)}
}

// bufferJSON is bytes as JSON.stringify writes a Buffer.
func bufferJSON(b []byte) string {
	text := []byte(`{"type":"Buffer","data":[`)
	for i, c := range b {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, uint64(c), 10)
	}
	return string(append(text, "]}"...))
}
