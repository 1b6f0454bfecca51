package request

import (
	"context"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// maxJSON bounds a JSON answer, which is held in memory; maxInline bounds binary data where there is no store for it;
// maxError is what is read of an error, which is for people; maxTrusted is how much memory is taken on a header's word.
const (
	maxJSON    = 512 << 20
	maxInline  = 16 << 20
	maxError   = 64 << 10
	maxTrusted = 1 << 20
)

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string // of JSON, text and errors
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
		isText: kind == "text/plain",
	}
	if a.ok() && kind == "text/html" && w.op.Response.Kind != "file" && w.op.Response.Kind != "any" {
		// What answers any address with its start page is not the API.
		e := nodes.Errorf("%s: %d %s, but the answer is a web page and not the API's", w.action(), a.status, http.StatusText(a.status))
		e.Kind, e.HTTPCode, e.Hint = nodes.APIError, strconv.Itoa(a.status), hintAddress
		return nil, e
	}
	if a.ok() && !a.isJSON && kind != "" && res.StatusCode != http.StatusNoContent && res.ContentLength != 0 {
		return a, w.readFile(ctx, a, kind, res)
	}
	var err error
	if !a.ok() {
		a.body, err = w.x.readStart(res, maxError)
		return a, err
	}
	if a.body, err = w.x.readBody(res, maxJSON); err != nil {
		return nil, err
	}
	if kind == "" && len(a.body) > 0 && !gjson.Valid(a.body) {
		a.file = inlineFile(res, "application/octet-stream", a.body)
	}
	return a, nil
}

// copySize is the size of the buffers through which bodies are read.
const copySize = 32 << 10

// readBody reads a body into memory.
func (x *Executor) readBody(res *http.Response, limit int64) (string, error) {
	if res.ContentLength > limit {
		return "", nodes.Errorf("the answer is larger than %s", nodes.SizeText(limit))
	}
	body, err := x.readStart(res, limit+1)
	if err != nil {
		return "", err
	}
	if int64(len(body)) > limit {
		return "", nodes.Errorf("the answer is larger than %s", nodes.SizeText(limit))
	}
	return body, nil
}

// readStart reads at most limit bytes of a body.
func (x *Executor) readStart(res *http.Response, limit int64) (string, error) {
	buf, ok := x.buffers.Get().(*[copySize]byte)
	if !ok {
		buf = new([copySize]byte)
	}
	defer x.buffers.Put(buf)
	var b strings.Builder
	b.Grow(int(min(max(res.ContentLength, 0), limit, maxTrusted)))
	if _, err := io.CopyBuffer(&b, io.LimitReader(res.Body, limit), buf[:]); err != nil {
		return "", err
	}
	return b.String(), nil
}

func newFile(res *http.Response, kind string) *nodes.File {
	f := &nodes.File{MimeType: kind, FileName: fileName(res)}
	f.FileExtension = strings.TrimPrefix(path.Ext(f.FileName), ".")
	f.FileType, _, _ = strings.Cut(kind, "/")
	return f
}

func inlineFile(res *http.Response, kind, content string) *nodes.File {
	f := newFile(res, kind)
	f.Data, f.Bytes = base64.StdEncoding.EncodeToString([]byte(content)), int64(len(content))
	f.FileSize = nodes.SizeText(f.Bytes)
	return f
}

// readFile streams a file to the binary store; without one it must be small enough to stand in the item.
func (w *worker) readFile(ctx context.Context, a *answer, kind string, res *http.Response) error {
	if w.call.Binary == nil {
		content, err := w.x.readBody(res, maxInline)
		if err == nil {
			a.file = inlineFile(res, kind, content)
		}
		return err
	}
	id, dst, err := w.call.Binary.Create(ctx)
	if err != nil {
		return nodes.Errorf("keeping the file: %w", err)
	}
	f := newFile(res, kind)
	f.ID = id
	to := &storeWriter{w: dst}
	f.Bytes, err = io.Copy(to, res.Body)
	if closeErr := dst.Close(); to.err == nil {
		to.err = closeErr
	}
	switch {
	case to.err != nil:
		return nodes.Errorf("keeping the file: %w", to.err)
	case err != nil:
		return err
	}
	f.FileSize = nodes.SizeText(f.Bytes)
	a.file = f
	return nil
}

// storeWriter remembers its own failure, so that a full disk is not taken for a lost connection.
type storeWriter struct {
	w   io.Writer
	err error
}

// Write is io.Writer's.
func (s *storeWriter) Write(p []byte) (n int, err error) {
	if n, err = s.w.Write(p); err != nil {
		s.err = err
	}
	return n, err
}

// fileName is the one that the server gives (RFC 6266), else the last part of the path, without any directory.
func fileName(res *http.Response) string {
	_, params, _ := mime.ParseMediaType(res.Header.Get("Content-Disposition"))
	name := params["filename"]
	if name == "" {
		if last := path.Base(res.Request.URL.Path); path.Ext(last) != "" && !strings.ContainsAny(last, "()") {
			name = last
		}
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	switch name = path.Base(strings.ReplaceAll(name, `\`, "/")); name {
	case ".", "..", "/":
		return "data"
	}
	return name
}

// items turns an answer into the item's results: a body is one item, an array one item each, no body
// {"success": true}, a file binary data "data".
func (w *worker) items(ctx context.Context, a *answer) error {
	if a.file != nil {
		return w.deliver(ctx, nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", *a.file)))
	}
	if strings.TrimSpace(a.body) == "" {
		return w.deliver(ctx, nodes.NewItem(`{"success":true}`))
	}
	r, err := w.parse(a)
	if err != nil {
		return err
	}
	if w.options.splitItems {
		if list := r.Get("value"); list.IsArray() {
			r = list
		}
	}
	if !r.IsArray() {
		return w.deliver(ctx, w.item(r))
	}
	var list []nodes.Item
	r.ForEach(func(_, el gjson.Result) bool {
		list = append(list, w.item(el))
		return true
	})
	return w.deliver(ctx, list...)
}

// parse reads the JSON of an answer into the form that items have.
func (w *worker) parse(a *answer) (gjson.Result, error) {
	text, err := nodes.Normalize(strings.TrimPrefix(a.body, "\uFEFF"))
	if err != nil {
		e := nodes.Errorf("%s: the answer is not JSON: %w", w.action(), err)
		e.Kind, e.HTTPCode = nodes.APIError, strconv.Itoa(a.status)
		return gjson.Result{}, e
	}
	return gjson.Parse(text), nil
}

// item makes an item of a JSON value; one that is no object stands under "value".
func (w *worker) item(r gjson.Result) nodes.Item {
	text := r.Raw
	if !r.IsObject() {
		var b nodes.ObjectBuilder
		b.Raw("value", text)
		text = b.String()
	}
	if w.options.simplify && strings.Contains(text, "@odata.") {
		text = withoutAnnotations(gjson.Parse(text))
	}
	return nodes.NewItem(text)
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
