package request

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// maxJSON bounds a JSON answer, which is held in memory; maxInline bounds binary data where there is no store for it.
const (
	maxJSON   = 512 << 20
	maxInline = 16 << 20
)

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte // of JSON, text and errors
	isJSON bool
	isText bool
	file   *nodes.File // of all else
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

// read takes in an answer: JSON and errors into memory, anything else streamed to the binary store.
func (w *worker) read(ctx context.Context, res *http.Response) (*answer, error) {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	a := &answer{
		status: res.StatusCode, header: res.Header,
		isJSON: kind == "application/json" || strings.HasSuffix(kind, "+json"),
		isText: strings.HasPrefix(kind, "text/plain"),
	}
	if a.ok() && !a.isJSON && kind != "" && res.StatusCode != http.StatusNoContent {
		return a, w.readFile(ctx, a, kind, res)
	}
	limited := http.MaxBytesReader(nil, res.Body, maxJSON)
	var err error
	if a.body, err = io.ReadAll(limited); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if a.ok() && !a.isJSON && len(strings.TrimSpace(string(a.body))) > 0 {
		a.isJSON = gjson.ValidBytes(a.body) // no Content-Type at all
	}
	return a, nil
}

func (w *worker) readFile(ctx context.Context, a *answer, kind string, res *http.Response) error {
	f := &nodes.File{MimeType: kind, FileName: fileName(res)}
	f.FileExtension = strings.TrimPrefix(path.Ext(f.FileName), ".")
	f.FileType, _, _ = strings.Cut(kind, "/")
	if w.call.Binary == nil {
		content, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, maxInline))
		if err != nil {
			return fmt.Errorf("reading the answer: %w", err)
		}
		f.Data, f.Bytes = base64.StdEncoding.EncodeToString(content), int64(len(content))
	} else {
		id, dst, err := w.call.Binary.Create(ctx)
		if err != nil {
			return err
		}
		f.ID = id
		if f.Bytes, err = io.Copy(dst, res.Body); err != nil {
			return fmt.Errorf("reading the answer: %w", err)
		}
		if err := dst.Close(); err != nil {
			return err
		}
	}
	f.FileSize = sizeText(f.Bytes)
	a.file = f
	return nil
}

// fileName is the one that the server gives (RFC 6266), else the last part of the path.
func fileName(res *http.Response) string {
	if _, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return path.Base(strings.ReplaceAll(params["filename"], `\`, "/"))
	}
	if name := path.Base(res.Request.URL.Path); path.Ext(name) != "" && !strings.ContainsAny(name, "()") {
		return name
	}
	return "data"
}

// sizeText writes a size as n8n does: "1.23 kB".
func sizeText(n int64) string {
	f, unit := float64(n), 0
	for f >= 1000 && unit < 4 {
		f, unit = f/1000, unit+1
	}
	return strconv.FormatFloat(f, 'g', 3, 64) + " " + [...]string{"B", "kB", "MB", "GB", "TB"}[unit]
}

// items turns an answer into the item's results: a body is one item, an array one item each, no body
// {"success": true}, a file binary data "data".
func (w *worker) items(ctx context.Context, a *answer) error {
	if a.file != nil {
		return w.emit(ctx, nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", *a.file)))
	}
	if len(strings.TrimSpace(string(a.body))) == 0 {
		return w.emit(ctx, nodes.NewItem(`{"success":true}`))
	}
	text, err := nodes.Normalize(string(a.body))
	if err != nil {
		return nodes.Errorf("%s: %s: the answer is no JSON: %w", w.op.Resource, w.op.Name, err)
	}
	r := gjson.Parse(text)
	if list := r.Get("value"); w.options.splitItems && list.IsArray() {
		r = list
	}
	if !r.IsArray() {
		return w.emit(ctx, w.item1(r))
	}
	for _, el := range r.Array() {
		if err := w.emit(ctx, w.item1(el)); err != nil {
			return err
		}
	}
	return nil
}

// item1 makes an item of a JSON value; one that is no object stands under "value".
func (w *worker) item1(r gjson.Result) nodes.Item {
	if !r.IsObject() {
		var b nodes.ObjectBuilder
		b.Raw("value", r.Raw)
		return nodes.NewItem(b.String())
	}
	if w.options.simplify {
		return nodes.NewItem(withoutAnnotations(r))
	}
	return nodes.NewItem(r.Raw)
}

// withoutAnnotations drops OData's control information ("@odata.type", "Name@odata.count") at every level.
func withoutAnnotations(r gjson.Result) string {
	if r.IsArray() {
		parts := []string{}
		for _, el := range r.Array() {
			parts = append(parts, withoutAnnotations(el))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	if !r.IsObject() {
		return r.Raw
	}
	var b nodes.ObjectBuilder
	r.ForEach(func(key, v gjson.Result) bool {
		if !strings.Contains(key.Str, "@odata.") {
			b.Raw(key.Str, withoutAnnotations(v))
		}
		return true
	})
	return b.String()
}
