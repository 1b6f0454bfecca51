package network

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

type bodyKind uint8

const (
	noBody bodyKind = iota
	jsonBody
	formBody
	rawBody
	fileBody
	multipartBody
)

const formType = "application/x-www-form-urlencoded"

// body is what a request carries. It can be opened again, for a redirect.
type body struct {
	kind        bodyKind
	json        string
	fields      fields
	text        string
	contentType string
	file        nodes.File
	parts       []part
	secret      bool // it may come of a secret
}

// part is a field of a form: text or a file.
type part struct {
	name, text string
	file       *nodes.File
}

// readBody reads the body's parameters of versions 3 and 4.
func (x *exchange) readBody(in *reader) {
	call, b := in.call, &x.message.body
	switch kind := in.text(call.Param("contentType"), "json"); kind {
	case "json":
		x.readJSON(in)
	case "form-urlencoded":
		b.kind = formBody
		if in.text(call.Param("specifyBody"), "keypair") == "string" {
			b.fields = in.formText(call.Param("body"))
		} else {
			b.fields = in.repeatable(call.Param("bodyParameters"))
		}
	case "raw":
		v, contentType := in.value(call.Param("body")), in.text(call.Param("rawContentType"), "")
		if b.text = textOf(v); !v.IsNil() {
			b.kind = rawBody
		}
		if v.Kind() == nodes.String && strings.Contains(strings.ToLower(contentType), "application/json") {
			b.text = rawJSON(v.Str())
		}
		x.message.header.setHeader("content-type", contentType)
	case "binaryData":
		b.kind, b.file = fileBody, in.file(in.text(call.Param("inputDataFieldName"), ""))
		b.contentType = b.file.MimeType
	case "multipart-form-data":
		b.kind = multipartBody
		for _, p := range in.elements(call.Param("bodyParameters").Get("parameters")) {
			b.parts = in.addPart(b.parts, p)
		}
	default:
		in.fail(nodes.Errorf("must be json, form-urlencoded, multipart-form-data, binaryData or raw, and is %q", kind).WithParam("contentType", ""))
	}
}

// rawJSON is the text of a raw body that is said to be JSON: where it is none, n8n sends it as a JSON text.
func rawJSON(text string) string {
	if trimmed := strings.TrimSpace(text); gjson.Valid(trimmed) {
		return trimmed
	}
	return string(nodes.AppendString(nil, text))
}

// addPart adds a field of a form. Before version 4.2 a list is as many fields, and of several with a name the last counts.
func (r *reader) addPart(parts []part, p nodes.Param) []part {
	name := r.text(p.Get("name"), "")
	var made []part
	if r.text(p.Get("parameterType"), "formData") == "formBinaryData" {
		f := r.file(r.text(p.Get("inputDataFieldName"), ""))
		made = []part{{name: name, file: &f}}
	} else {
		made = r.textParts(name, r.value(p.Get("value")))
	}
	if r.call.Version < 4.2 {
		isSame := func(p part) bool { return p.name == name }
		if at := slices.IndexFunc(parts, isSame); at >= 0 {
			return slices.Insert(slices.DeleteFunc(parts, isSame), at, made...)
		}
	}
	return append(parts, made...)
}

func (r *reader) textParts(name string, v nodes.Value) []part {
	switch {
	case v.Kind() == nodes.Array && r.call.Version >= 4.2:
		r.fail(nodes.Errorf("Arrays are not supported."))
	case v.Kind() == nodes.Array:
		var made []part
		for _, el := range v.Result().Array() {
			made = append(made, part{name: name, text: textOf(nodes.ResultValue(el))})
		}
		return made
	case v.Kind() == nodes.Undefined:
		return []part{{name: name, text: "undefined"}}
	}
	return []part{{name: name, text: textOf(v)}}
}

func (x *exchange) readJSON(in *reader) {
	call, b := in.call, &x.message.body
	b.kind = jsonBody
	if in.text(call.Param("specifyBody"), "keypair") != "json" {
		var tree jsonTree
		given := in.parameters(call.Param("bodyParameters"))
		if call.Version < 4 { // where a name is no path
			b.json = given.json()
			return
		}
		for _, f := range given {
			tree.set(f.name, f.value)
		}
		b.json = tree.json()
		return
	}
	v := in.value(call.Param("jsonBody"))
	if raw := v.Raw(); raw != "" {
		b.json = raw
		return
	}
	text, err := nodes.Normalize(strings.TrimSpace(textOf(v)))
	if err != nil {
		in.fail(invalidJSON("JSON Body", err))
		return
	}
	switch r := gjson.Parse(text); r.Type {
	case gjson.JSON:
		b.json = text
	case gjson.Null:
		if b.kind = noBody; x.message.method == http.MethodPost || x.message.method == http.MethodPut || x.message.method == http.MethodPatch {
			b.kind, b.contentType = rawBody, formType
		}
	case gjson.String: // n8n sends the text itself, as a form
		b.kind, b.text, b.contentType = rawBody, r.Str, formType
	default:
		e := nodes.Errorf("Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream")
		e.HTTPCode, e.Kind, e.Hint = "ERR_BAD_REQUEST", nodes.APIError, "The JSON body must be an object, a list or a text."
		in.fail(e)
	}
}

// formText reads a form that is given as text, or as an object of texts.
func (r *reader) formText(p nodes.Param) fields {
	v := r.value(p)
	if v.Kind() != nodes.Object {
		return parseForm(textOf(v))
	}
	f := fieldsOf(v.Result())
	for i := range f {
		f[i].value = nodes.StringValue(f[i].value.Text())
	}
	return f
}

// parseForm reads the text of a form; of several fields of a name the last counts.
func parseForm(text string) fields {
	var f fields
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair != "" {
			f.set(unescape(name), nodes.StringValue(unescape(value)))
		}
	}
	return f
}

func unescape(s string) string {
	text, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// file returns the item's binary data with this name.
func (r *reader) file(name string) nodes.File {
	binary := r.call.Input(0).Head(r.item).Binary()
	if f, ok := binary.Get(name); ok {
		return f
	}
	var e *nodes.Error
	if binary.Len() == 0 {
		e = nodes.Errorf("This operation expects the node's input data to contain a binary file '%s', but none was found [item %d]", name, r.item)
		e.Description = "Make sure that the previous node outputs a binary file"
	} else {
		e = nodes.Errorf("The item has no binary field '%s' [item %d]", name, r.item)
		e.Description = "Check that the parameter where you specified the input binary field name is correct, and that it matches a field in the binary input"
	}
	r.fail(e)
	return nodes.File{}
}

// opened is a body on its way: its length is -1 if it is not known.
type opened struct {
	reader      io.ReadCloser
	length      int64
	contentType string
}

// open begins to read the body.
func (b *body) open(ctx context.Context, store nodes.BinaryStore) (o opened, err error) {
	text := func(s, contentType string) opened {
		return opened{io.NopCloser(strings.NewReader(s)), int64(len(s)), contentType}
	}
	switch b.kind {
	case jsonBody:
		return text(b.json, "application/json"), nil
	case formBody:
		return text(b.fields.encode(""), formType), nil
	case rawBody:
		return text(b.text, b.contentType), nil
	case fileBody:
		r, n, err := openFile(ctx, store, b.file)
		return opened{r, n, b.contentType}, err
	case multipartBody:
		return b.openForm(ctx, store)
	}
	return opened{}, nil
}

// openFile opens binary data, which lies in the store or in the item.
func openFile(ctx context.Context, store nodes.BinaryStore, f nodes.File) (io.ReadCloser, int64, error) {
	if f.ID == "" {
		data, err := base64.StdEncoding.DecodeString(f.Data)
		if err != nil {
			return nil, 0, nodes.Errorf("the binary data %q is not in base64", f.FileName)
		}
		return io.NopCloser(strings.NewReader(string(data))), int64(len(data)), nil
	}
	if store == nil {
		return nil, 0, nodes.Errorf("the binary data %q is not at hand any more", f.FileName)
	}
	r, err := store.Open(ctx, f.ID)
	if err != nil {
		return nil, 0, nodes.Errorf("the binary data %q cannot be read: %w", f.FileName, err)
	}
	if f.Bytes > 0 {
		return r, f.Bytes, nil
	}
	return r, -1, nil
}

var quoteName = strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")

// openForm strings the parts of a form together; files are opened as their turn comes.
func (b *body) openForm(ctx context.Context, store nodes.BinaryStore) (opened, error) {
	boundary := "----cordboard" + rand.Text()
	o := opened{contentType: "multipart/form-data; boundary=" + boundary}
	f := &formReader{ctx: ctx, store: store}
	add := func(text string) {
		f.pieces = append(f.pieces, piece{text: text})
		o.length += int64(len(text))
	}
	unknown := false
	for _, p := range b.parts {
		head := fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=\"%s\"", boundary, quoteName.Replace(p.name))
		if p.file == nil {
			add(head + "\r\n\r\n" + p.text + "\r\n")
			continue
		}
		name := p.file.FileName
		if name == "" {
			name = "file"
		}
		add(fmt.Sprintf("%s; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n", head, quoteName.Replace(name), strings.NewReplacer("\r", "", "\n", "").Replace(p.file.MimeType)))
		r, n, err := openFile(ctx, store, *p.file)
		if err != nil {
			return o, err
		}
		if err := r.Close(); err != nil {
			return o, err
		}
		unknown = unknown || n < 0
		o.length += n
		f.pieces = append(f.pieces, piece{file: p.file})
		add("\r\n")
	}
	if len(b.parts) > 0 {
		add("--" + boundary + "--\r\n")
	}
	if unknown {
		o.length = -1
	}
	o.reader = f
	return o, nil
}

// formReader reads the pieces of a form one after the other.
type formReader struct {
	ctx    context.Context
	store  nodes.BinaryStore
	pieces []piece
	at     io.ReadCloser
}

type piece struct {
	text string
	file *nodes.File
}

// Read is io.Reader's.
func (f *formReader) Read(p []byte) (int, error) {
	for {
		if f.at == nil {
			if len(f.pieces) == 0 {
				return 0, io.EOF
			}
			next := f.pieces[0]
			f.pieces = f.pieces[1:]
			f.at = io.NopCloser(strings.NewReader(next.text))
			if next.file != nil {
				var err error
				if f.at, _, err = openFile(f.ctx, f.store, *next.file); err != nil {
					f.at = nil
					return 0, err
				}
			}
		}
		n, err := f.at.Read(p)
		if err == io.EOF { //nolint:errorlint // readers return it as it is
			err = f.Close()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Close is io.Closer's.
func (f *formReader) Close() error {
	if f.at == nil {
		return nil
	}
	at := f.at
	f.at = nil
	return at.Close()
}

// holds reports whether a secret is a part of the body, or may be, in a form of its own.
func (b body) holds(secrets []string) bool {
	if b.secret {
		return true
	}
	texts := []string{b.json, b.text, b.fields.json()}
	for _, p := range b.parts {
		texts = append(texts, p.text)
	}
	return slices.ContainsFunc(texts, func(text string) bool { return holdsSecret(text, secrets) })
}

// holdsSecret reports whether a text has a secret in it that is long enough to mean something.
func holdsSecret(text string, secrets []string) bool {
	return text != "" && nodes.Redact(text, "", secrets...) != text
}
