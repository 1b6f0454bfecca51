package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/ledongthuc/pdf"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// readPDF reads the text of PDF files (n8n's older node for it). It keeps the item's binary data, and none of its fields.
type readPDF struct{}

var _ nodes.Node = readPDF{}

// Execute is nodes.Node's.
func (readPDF) Execute(ctx context.Context, call *nodes.Call) error {
	return each(ctx, call, func(ctx context.Context, call *nodes.Call, i int) error {
		p := &params{call: call, item: i}
		o := pdfOptions{join: true}
		if p.bool(false, "encrypted") {
			o.password = p.text("", "password")
		}
		json, err := pdfJSON(ctx, p, o)
		if err != nil {
			return err
		}
		call.Emit(0, nodes.NewItem(json).WithBinary(call.Input(0).Head(i).Binary()))
		return nil
	})
}

// pdfItem is the operation of extractFromFile.
func pdfItem(ctx context.Context, call *nodes.Call, i int) error {
	p := &params{call: call, item: i}
	o := pdfOptions{
		join: p.bool(true, "options", "joinPages"), maxPages: p.int(0, "options", "maxPages"), password: p.text("", "options", "password"),
	}
	keepSource := p.text("", "options", "keepSource")
	json, err := pdfJSON(ctx, p, o)
	if err != nil {
		return err
	}
	it := call.Input(0).At(i)
	if keepSource != "" && keepSource != "binary" {
		json = merged(it.JSON(), json)
	}
	out := nodes.NewItem(json).WithBinary(it.Binary())
	if keepSource != "binary" && keepSource != "both" {
		out = out.WithBinary(without(it.Binary(), p.text("data", "binaryPropertyName")))
	}
	call.EmitFrom(0, i, out)
	return nil
}

// merged is an object with the members of another one over its own.
func merged(a, b string) string {
	over := gjson.Parse(b)
	var o nodes.ObjectBuilder
	gjson.Parse(a).ForEach(func(key, v gjson.Result) bool {
		if other := over.Get(gjson.Escape(key.Str)); other.Exists() {
			v = other
		}
		o.Raw(key.Str, v.Raw)
		return true
	})
	own := gjson.Parse(a)
	over.ForEach(func(key, v gjson.Result) bool {
		if !own.Get(gjson.Escape(key.Str)).Exists() {
			o.Raw(key.Str, v.Raw)
		}
		return true
	})
	return o.String()
}

type pdfOptions struct {
	join     bool // the pages are one text
	maxPages int  // 0 is all
	password string
}

// pdfJSON reads an item's PDF.
func pdfJSON(ctx context.Context, p *params, o pdfOptions) (string, error) {
	key := p.required("data", "binaryPropertyName")
	if p.err != nil {
		return "", p.err
	}
	f, err := p.call.InputFile(p.item, key)
	if err != nil {
		return "", err
	}
	in, err := openRandom(ctx, p.call, f)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.close() }()
	var json string
	err = protected(func() (err error) {
		json, err = readPDFFile(ctx, in, in.size, o)
		return err
	})
	return json, err
}

// pdfVersion stands in n8n's answer for the version of its reader; workflows may have it in their data.
const pdfVersion = "5.4.296"

// readPDFFile gives what n8n's reader (pdf.js) gives: numbers of pages, what the document says of itself, and its text.
func readPDFFile(ctx context.Context, in io.ReaderAt, size int64, o pdfOptions) (string, error) {
	if size == 0 {
		return "", nodes.Errorf("The PDF file is empty, i.e. its size is zero bytes.")
	}
	r, err := openPDF(in, size, o.password)
	if err != nil {
		return "", err
	}
	total := r.NumPage()
	var pages []string
	for n := 1; n <= total && (o.maxPages <= 0 || n <= o.maxPages); n++ {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		pages = append(pages, pageText(r.Page(n)))
	}
	var b nodes.ObjectBuilder
	b.Set("numpages", nodes.NumberValue(float64(total)))
	b.Set("numrender", nodes.NumberValue(float64(total)))
	b.Raw("info", pdfInfo(in, r))
	if o.join {
		b.Set("text", nodes.StringValue(strings.Join(pages, "\n\n")))
	} else {
		list := []byte{'['}
		for i, page := range pages {
			if i > 0 {
				list = append(list, ',')
			}
			list = nodes.AppendString(list, page)
		}
		b.Raw("text", string(append(list, ']')))
	}
	b.Set("version", nodes.StringValue(pdfVersion))
	return b.String(), nil
}

func openPDF(in io.ReaderAt, size int64, password string) (*pdf.Reader, error) {
	tried := false
	r, err := pdf.NewReaderEncrypted(in, size, func() string {
		if tried || password == "" {
			return ""
		}
		tried = true
		return password
	})
	switch {
	case errors.Is(err, pdf.ErrInvalidPassword) && password == "":
		return nil, nodes.Errorf("No password given")
	case errors.Is(err, pdf.ErrInvalidPassword):
		return nil, nodes.Errorf("Incorrect Password")
	case err != nil && strings.Contains(err.Error(), "encryption"):
		e := *nodes.Errorf("the PDF is encrypted in a way that cannot be read")
		e.Hint = "RC4 with 128 bits can be read, and one form of AES with 128 bits; save it so, or without a password."
		return nil, &e
	case err != nil:
		return nil, nodes.Errorf("Invalid PDF structure.")
	}
	return r, nil
}

// pageText is a page's text, with a line end where the text moves up or down, and a space where there is a gap.
func pageText(page pdf.Page) string {
	if page.V.IsNull() || page.V.Key("Contents").IsNull() {
		return ""
	}
	var b strings.Builder
	var last pdf.Text
	for i, t := range page.Content().Text {
		if t.S == "\n" || t.S == "" { // the library's own line ends
			continue
		}
		if i > 0 && b.Len() > 0 {
			gap := t.X - last.X - last.W
			switch {
			case math.Abs(t.Y-last.Y) > 0.1:
				b.WriteByte('\n')
			case gap > 0.2*math.Max(t.FontSize, 1) && t.S != " " && last.S != " ":
				b.WriteByte(' ')
			}
		}
		b.WriteString(t.S)
		last = t
	}
	return b.String()
}

// pdfInfo is what a document says of itself. Its own fields come in the order of the standard.
func pdfInfo(in io.ReaderAt, r *pdf.Reader) string {
	head := make([]byte, 1024)
	n, _ := in.ReadAt(head, 0) // what is there
	head = head[:n]
	version := ""
	if i := bytes.Index(head, []byte("%PDF-")); i >= 0 {
		version, _, _ = strings.Cut(string(head[i+5:min(i+8, len(head))]), "\n")
	}
	trailer := r.Trailer()
	root := trailer.Key("Root")
	if v := root.Key("Version").Name(); v != "" {
		version = v
	}
	orNull := func(s string) nodes.Value {
		if s == "" {
			return nodes.NullValue
		}
		return nodes.StringValue(s)
	}
	form := root.Key("AcroForm")
	var b nodes.ObjectBuilder
	b.Set("PDFFormatVersion", orNull(version))
	b.Set("Language", orNull(root.Key("Lang").Text()))
	b.Set("EncryptFilterName", orNull(trailer.Key("Encrypt").Key("Filter").Name()))
	b.Set("IsLinearized", nodes.BoolValue(bytes.Contains(head, []byte("/Linearized"))))
	b.Set("IsAcroFormPresent", nodes.BoolValue(form.Key("Fields").Len() > 0))
	b.Set("IsXFAPresent", nodes.BoolValue(!form.Key("XFA").IsNull()))
	b.Set("IsCollectionPresent", nodes.BoolValue(!root.Key("Collection").IsNull()))
	b.Set("IsSignaturesPresent", nodes.BoolValue(form.Key("SigFlags").Int64()&1 != 0))
	info := trailer.Key("Info")
	for _, name := range []string{"Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate"} {
		if v := info.Key(name); v.Kind() == pdf.String {
			b.Set(name, nodes.StringValue(v.Text()))
		}
	}
	return b.String()
}
