package network

import (
	"context"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/cordboard/cordboard/nodes"
)

// maxText bounds an answer that is held in memory; files go to the store.
const maxText = 512 << 20

// answer is what came back: text, or a file.
type answer struct {
	method  string // of the request that was answered, which may be another after redirects
	target  string // its path and query, as they were sent
	status  int
	reason  string
	header  http.Header
	chunked bool
	close   bool
	kind    string // json, text or file
	text    string
	file    *nodes.File
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

// read takes in an answer: files streamed to the store, all else into memory. Errors are for people and read as text.
func (x *exchange) read(ctx context.Context, res *http.Response, kind string) (*answer, error) {
	mediaType, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	_, params, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	a := &answer{
		method: res.Request.Method, target: res.Request.URL.RequestURI(), status: res.StatusCode, header: res.Header, kind: kind,
		chunked: slices.Contains(res.TransferEncoding, "chunked"), close: res.Close,
	}
	_, a.reason, _ = strings.Cut(res.Status, " ")
	if a.kind == "autodetect" {
		a.kind = detect(res.Header.Get("Content-Type"))
	}
	packed := unpack(res)
	if a.kind == "file" && (a.ok() || x.form.neverError) {
		f, err := x.run.node.options.Executor.Keep(ctx, x.run.call.Binary, res)
		if err != nil {
			return nil, err
		}
		a.file = fileOf(f, res, strings.TrimSpace(mediaType))
		if packed && !x.form.legacy && x.run.prepareItem == nil { // n8n does not know the name of what it unpacks
			a.file.FileName = x.form.property
			if a.file.FileExtension = extensions[a.file.MimeType]; a.file.FileExtension != "" {
				a.file.FileName += "." + a.file.FileExtension
			}
		} else if x.run.prepareItem == nil && x.run.call.Version != 3 { // n8n's version 3 does not say where a file is from
			from := *res.Request.URL
			from.User, from.Fragment, from.Opaque = nil, "", ""
			a.file.Directory = nodes.Redact(from.String(), "", x.auth.secrets...)
		}
		return a, nil
	}
	text, err := x.run.node.options.Executor.ReadBody(res, maxText)
	a.text = decode(text, params["charset"])
	return a, err
}

// detect says how an answer of this type is read where the workflow leaves it open.
func detect(contentType string) string {
	if strings.Contains(contentType, "application/json") {
		return "json"
	}
	for _, t := range fileTypes {
		if strings.Contains(contentType, t) {
			return "file"
		}
	}
	return "text"
}

// decode turns text of another character set into UTF-8.
func decode(text, charset string) string {
	if charset != "" && !strings.EqualFold(charset, "utf-8") {
		if e, err := htmlindex.Get(charset); err == nil {
			if s, err := e.NewDecoder().String(text); err == nil {
				text = s
			}
		}
	}
	text = strings.TrimPrefix(text, "\uFEFF")
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return text
}

// fileOf names a file by the header Content-Disposition (RFC 6266), else by the address.
func fileOf(f nodes.File, res *http.Response, mediaType string) *nodes.File {
	_, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition"))
	name := params["filename"]
	if err != nil {
		name = looseFileName(res.Header.Get("Content-Disposition"))
	}
	if name == "" {
		name = path.Base(res.Request.URL.Path)
	}
	switch name = path.Base(strings.ReplaceAll(name, `\`, "/")); name {
	case ".", "..", "/":
		name = ""
	}
	f.FileName = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	f.FileExtension = strings.TrimPrefix(path.Ext(f.FileName), ".")
	f.MimeType = mediaType
	if mediaType == "" {
		f.MimeType = "text/plain"
		if byName, _, _ := mime.ParseMediaType(mime.TypeByExtension(path.Ext(f.FileName))); byName != "" {
			f.MimeType = byName
		}
	} else if f.FileExtension == "" {
		f.FileExtension = extensions[mediaType]
	}
	f.FileType = fileType(f.MimeType)
	return &f
}

// looseFileName reads headers that hold raw UTF-8, which are none.
func looseFileName(header string) string {
	if _, encoded, ok := strings.Cut(header, "filename*=UTF-8''"); ok {
		encoded, _, _ = strings.Cut(encoded, ";")
		return unescape(strings.ReplaceAll(encoded, "+", "%2B"))
	}
	_, name, _ := strings.Cut(header, "filename=")
	if quoted, ok := strings.CutPrefix(name, `"`); ok {
		name, _, _ = strings.Cut(quoted, `"`)
		return name
	}
	name, _, _ = strings.Cut(name, ";")
	return strings.TrimSpace(name)
}

// fileType is what n8n's editor shows a file as.
func fileType(mediaType string) string {
	switch start, _, _ := strings.Cut(mediaType, "/"); {
	case mediaType == "application/json", mediaType == "text/html", mediaType == "application/pdf":
		return mediaType[strings.IndexByte(mediaType, '/')+1:]
	case start == "image", start == "audio", start == "video", start == "text":
		return start
	}
	return ""
}

// items makes items of an answer.
func (x *exchange) items(a *answer) ([]nodes.Item, error) {
	if a.file != nil { // what came in stays beside it
		it := x.run.call.Input(0).At(x.item)
		if x.form.full {
			it = it.WithJSON(x.describe(a, "", ""))
		}
		return []nodes.Item{it.WithBinary(it.Binary().With(x.form.property, *a.file))}, nil
	}
	if a.kind == "json" && !x.form.legacy && x.pages == nil && x.run.prepareItem == nil && strings.TrimSpace(a.text) == "" {
		if x.form.full && (x.form.kind == "autodetect" || a.text != "") {
			return []nodes.Item{nodes.NewItem(x.describe(a, "body", "{}"))}, nil
		}
		a.text = ""
	}
	if a.kind != "json" || a.text == "" {
		return x.textItems(a), nil
	}
	r, err := x.parse(a)
	if err != nil {
		return nil, err
	}
	if x.form.full {
		return []nodes.Item{nodes.NewItem(x.describe(a, "body", r.Raw))}, nil
	}
	if !r.IsArray() || !x.form.split {
		return []nodes.Item{itemOf(r)}, nil
	}
	var list []nodes.Item
	r.ForEach(func(_, el gjson.Result) bool {
		list = append(list, itemOf(el))
		return true
	})
	return list, nil
}

// textItems gives text as a field; an answer without a body is an empty item. In pages n8n shows the empty text as well.
func (x *exchange) textItems(a *answer) []nodes.Item {
	quoted, property := "", ""
	if a.text != "" || x.pages != nil {
		quoted, property = x.quoted(a.text), x.form.property
	}
	if x.form.full {
		return []nodes.Item{nodes.NewItem(x.describe(a, property, quoted))}
	}
	var b nodes.ObjectBuilder
	if property != "" {
		b.Raw(property, quoted)
	}
	return []nodes.Item{nodes.NewItem(b.String())}
}

// quoted is text as JSON. Where text is asked for and JSON comes, n8n reads it: versions 1 and 2 show the value, later ones do so
// with what is no object or list, and write these anew.
func (x *exchange) quoted(text string) string {
	value := strings.TrimSpace(text)
	if x.form.kind == "text" && x.pages == nil && x.run.prepareItem == nil && gjson.Valid(value) {
		r := gjson.Parse(value)
		if !r.IsObject() && !r.IsArray() {
			return value
		}
		if text = r.Get("@ugly").Raw; x.form.legacy {
			return text
		}
	}
	return string(nodes.AppendString(nil, text))
}

// parse reads the JSON of an answer. A text in it is read once more, as n8n does.
func (x *exchange) parse(a *answer) (gjson.Result, error) {
	text, err := nodes.Normalize(a.text)
	r := gjson.Parse(text)
	if err == nil && r.Type == gjson.String {
		text, err = nodes.Normalize(r.Str)
		r = gjson.Parse(text)
	} else if err != nil && x.form.kind == "autodetect" {
		if x.form.neverError && x.pages == nil { // n8n lets it pass as nothing
			return gjson.Parse("{}"), nil
		}
		return r, nodes.Errorf("Invalid JSON in response body")
	}
	if err != nil {
		return r, nodes.Errorf("Response body is not valid JSON. Change \"Response Format\" to %q", x.form.textName)
	}
	return r, nil
}

// itemOf makes an item of a JSON value. n8n takes what is no object as an item's json as well; here an item is an object, so
// that a list has its elements by index, which $json[0] finds, and any other value stands under "data".
func itemOf(r gjson.Result) nodes.Item {
	switch {
	case r.IsObject():
		return nodes.NewItem(r.Raw)
	case r.IsArray():
		return nodes.NewItem(fieldsOf(r).json())
	case r.Type == gjson.Null:
		return nodes.NewItem("{}")
	}
	var b nodes.ObjectBuilder
	b.Raw("data", r.Raw)
	return nodes.NewItem(b.String())
}

// describe is an answer with its headers and status; body stands under property, if there is one.
func (x *exchange) describe(a *answer, property, body string) string {
	var b nodes.ObjectBuilder
	if property != "" {
		b.Raw(property, body)
	}
	b.Raw("headers", headerJSON(a))
	b.Set("statusCode", nodes.NumberValue(float64(a.status)))
	b.Set("statusMessage", nodes.StringValue(a.reason))
	return b.String()
}

// headerJSON writes headers by their names in small letters; several of a name are joined, those of Set-Cookie a list.
func headerJSON(a *answer) string {
	names := make([]string, 0, len(a.header))
	for name := range a.header {
		names = append(names, name)
	}
	slices.Sort(names)
	var b nodes.ObjectBuilder
	for _, name := range names {
		values := a.header[name]
		lower := strings.ToLower(name)
		if lower == "set-cookie" {
			list := []byte{'['}
			for i, v := range values {
				if i > 0 {
					list = append(list, ',')
				}
				list = nodes.AppendString(list, v)
			}
			b.Raw(lower, string(append(list, ']')))
			continue
		}
		b.Set(lower, nodes.StringValue(strings.Join(values, ", ")))
	}
	if a.close && a.header.Get("Connection") == "" {
		b.Set("connection", nodes.StringValue("close"))
	}
	if a.chunked {
		b.Set("transfer-encoding", nodes.StringValue("chunked"))
	}
	return b.String()
}
