package files

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// convertToFile makes a file of all items (tables, JSON) or one of each (JSON, text, base64, calendar).
type convertToFile struct{}

var _ nodes.Node = convertToFile{}

// Execute is nodes.Node's.
func (convertToFile) Execute(ctx context.Context, call *nodes.Call) error {
	p := &params{call: call}
	operation := p.option("csv", []string{"operation"}, "csv", "html", "iCal", "toJson", "ods", "rtf", "toText", "xls", "xlsx", "toBinary")
	if p.err != nil {
		return p.err
	}
	switch operation {
	case "toText":
		return each(ctx, call, toText)
	case "toBinary":
		return each(ctx, call, toBinary)
	case "iCal":
		return each(ctx, call, toCalendar)
	case "toJson":
		if p.option("once", []string{"mode"}, "once", "each") == "each" && p.err == nil {
			return each(ctx, call, toJSON)
		}
		return whole(call, p.err, func() (string, nodes.File, error) { return allToJSON(ctx, call) })
	}
	return whole(call, nil, func() (string, nodes.File, error) { return toTable(ctx, call, operation, "File") })
}

// each calls do for every item and puts what it fails with in the item's place.
func each(ctx context.Context, call *nodes.Call, do func(ctx context.Context, call *nodes.Call, i int) error) error {
	for i := range call.Input(0).Len() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := do(ctx, call, i); err != nil {
			if ctx.Err() != nil {
				return err
			}
			if err := call.Fail(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// whole puts out one item with a file made of all items. A failure is one of all of them.
func whole(call *nodes.Call, err error, do func() (key string, f nodes.File, err error)) error {
	parents := make([]nodes.Parent, call.Input(0).Len())
	for i := range parents {
		parents[i] = nodes.From(i, 0)
	}
	var (
		key string
		f   nodes.File
	)
	if err == nil {
		key, f, err = do()
	}
	switch {
	case err == nil:
		it := nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With(key, f))
		call.Emit(0, it.WithParents(parents...))
		return nil
	case call.OnError != nodes.ContinueRegularOutput && call.OnError != nodes.ContinueErrorOutput:
		return err
	}
	e := nodes.AsError(err)
	var b nodes.ObjectBuilder
	b.Set("error", nodes.StringValue(e.Message))
	call.Emit(0, nodes.NewItem(b.String()).WithError(e).WithParents(parents...))
	return nil
}

// tableTypes are the MIME types of tables whose name says nothing.
var tableTypes = map[string]string{
	"csv": "text/plain", "html": "text/plain", "rtf": "application/rtf", "xls": "application/x-cfb",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"ods":  "application/vnd.oasis.opendocument.spreadsheet",
}

// tableExtensions are the extensions of tables whose name has none: they are told by the content.
var tableExtensions = map[string]string{"rtf": "rtf", "xls": "cfb", "xlsx": "xlsx", "ods": "ods"}

var badSheetName = pattern(`[:\\/?*\[\]]`)

// toTable writes all items into a file of a format. base is the file's name without an extension.
func toTable(ctx context.Context, call *nodes.Call, format, base string) (key string, f nodes.File, err error) {
	p := &params{call: call}
	key = p.required("data", "binaryPropertyName")
	name := p.text("", "options", "fileName")
	if name == "" { // an empty name is none, but one that is not there is the usual one
		if v, err := p.at("options", "fileName").Value(0); err == nil && v.Kind() == nodes.Undefined {
			name = base + "." + format
		}
	}
	sheetName := p.text("", "options", "sheetName")
	if sheetName == "" {
		sheetName = "Sheet"
	}
	header := p.bool(true, "options", "headerRow")
	compressed := p.bool(false, "options", "compression")
	delimiter := p.text(",", "options", "delimiter")
	switch isBook := format == "xls" || format == "xlsx" || format == "ods"; {
	case p.err != nil:
		return "", f, p.err
	case isBook && len([]rune(sheetName)) > 31:
		return "", f, nodes.Errorf("Sheet name cannot exceed 31 chars")
	case isBook && badSheetName().MatchString(sheetName):
		return "", f, nodes.Errorf(`Sheet name cannot contain : \ / ? * [ ]`)
	}
	f = nodes.File{}
	if !knownByName(name) {
		f.MimeType = tableTypes[format]
	}
	if path.Ext(name) == "" {
		f.FileExtension = tableExtensions[format]
	}
	t, err := newTable(ctx, call.Input(0), header)
	if err != nil {
		return "", f, err
	}
	f, err = keep(ctx, call, f.Named(name, nil), func(w io.Writer) error {
		var out tableWriter
		var err error
		switch format {
		case "csv":
			out = newCSVWriter(w, delimiter)
		case "html":
			out = newHTMLWriter(w)
		case "rtf":
			out = newRTFWriter(w)
		case "xlsx":
			out, err = newXLSXWriter(w, sheetName, t.rows(), t.columns(), compressed)
		case "ods":
			out, err = newODSWriter(w, sheetName, compressed)
		default:
			out, err = newXLSWriter(w, sheetName, t.rows(), t.columns())
		}
		if err != nil {
			return err
		}
		return t.write(ctx, out)
	})
	return key, f, err
}

// allToJSON writes all items into one list.
func allToJSON(ctx context.Context, call *nodes.Call) (key string, f nodes.File, err error) {
	p := &params{call: call}
	key, f, write := jsonFile(p)
	if p.err != nil {
		return "", f, p.err
	}
	indented := p.bool(false, "options", "format")
	f, err = write(ctx, func(w *bufio.Writer) error {
		for i, it := range call.Input(0).All() {
			if i%1000 == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			separator := ","
			if i == 0 {
				separator = "["
			}
			if indented {
				separator += "\n  "
			}
			_, _ = w.WriteString(separator)
			if err := writeJSON(w, it.JSON(), "  ", indented); err != nil {
				return err
			}
		}
		if indented {
			_ = w.WriteByte('\n')
		}
		return w.WriteByte(']')
	})
	return key, f, err
}

// toJSON writes an item into a file of its own.
func toJSON(ctx context.Context, call *nodes.Call, i int) error {
	p := &params{call: call, item: i}
	key, _, write := jsonFile(p)
	indented := p.bool(false, "options", "format")
	if p.err != nil {
		return p.err
	}
	f, err := write(ctx, func(w *bufio.Writer) error { return writeJSON(w, call.Input(0).At(i).JSON(), "", indented) })
	if err != nil {
		return err
	}
	emitFile(call, i, key, f)
	return nil
}

func emitFile(call *nodes.Call, i int, key string, f nodes.File) {
	call.EmitFrom(0, i, nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With(key, f)))
}

func writeJSON(w *bufio.Writer, text, prefix string, indented bool) error {
	if !indented {
		_, err := w.WriteString(text)
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), prefix, "  "); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// jsonFile reads the parameters of a JSON file, and returns what writes it.
func jsonFile(p *params) (key string, f nodes.File, write func(ctx context.Context, make func(w *bufio.Writer) error) (nodes.File, error)) {
	key = p.required("data", "binaryPropertyName")
	f = nodes.File{MimeType: "application/json", FileExtension: "json"}
	name := p.text("", "options", "fileName")
	if name == "" {
		name = "file.json"
	}
	f.FileExtension = ""
	if f = f.Named(name, nil); f.FileExtension == "" {
		f.FileExtension = "json"
	}
	encoding, bom := p.text("", "options", "encoding"), p.bool(false, "options", "addBOM")
	call := p.call
	return key, f, func(ctx context.Context, produce func(w *bufio.Writer) error) (nodes.File, error) {
		if encoding == "" || charsetName(encoding) == "utf8" {
			return keep(ctx, call, f, func(w io.Writer) error {
				b := bufio.NewWriterSize(w, 1<<16)
				if bom && encoding != "" {
					_, _ = b.WriteString("\uFEFF")
				}
				if err := produce(b); err != nil {
					return err
				}
				return b.Flush()
			})
		}
		var text bytes.Buffer
		b := bufio.NewWriter(&text)
		if err := produce(b); err != nil {
			return f, err
		}
		_ = b.Flush() // to memory
		content, err := encodeText(text.String(), encoding, bom)
		if err != nil {
			return f, err
		}
		return keepBytes(ctx, call, f, content)
	}
}

// source returns the value that an item's file is made of.
func source(p *params) (gjson.Result, error) {
	name := p.required("", "sourceProperty")
	if p.err != nil {
		return gjson.Result{}, p.err
	}
	v := lookup(p.call.Input(0).At(p.item).JSON(), name)
	if !v.Exists() {
		return v, nodes.Errorf(`The value in "%s" is not set`, name).At(p.item)
	}
	return v, nil
}

// toText writes a value of an item as text; objects, lists and null as JSON.
func toText(ctx context.Context, call *nodes.Call, i int) error {
	p := &params{call: call, item: i}
	v, err := source(p)
	if err != nil {
		return err
	}
	key := p.required("data", "binaryPropertyName")
	name := p.text("", "options", "fileName")
	if name == "" {
		name = "file.txt"
	}
	encoding, bom := p.text("", "options", "encoding"), p.bool(false, "options", "addBOM")
	if p.err != nil {
		return p.err
	}
	f := nodes.File{MimeType: "text/plain"}
	s := nodes.ResultValue(v).Text()
	if v.IsObject() || v.IsArray() || v.Type == gjson.Null {
		f.MimeType, s = "application/json", v.Raw
	}
	if path.Ext(name) == "" {
		f.FileExtension = extensions[f.MimeType]
	}
	content, err := encodeText(s, encoding, bom)
	if err != nil {
		return err
	}
	if f, err = keepBytes(ctx, call, f.Named(name, nil), content); err != nil {
		return err
	}
	emitFile(call, i, key, f)
	return nil
}

// toBinary writes base64 of an item as the bytes that it stands for.
func toBinary(ctx context.Context, call *nodes.Call, i int) error {
	p := &params{call: call, item: i}
	v, err := source(p)
	if err != nil {
		return err
	}
	key := p.required("data", "binaryPropertyName")
	name, mimeType := p.text("", "options", "fileName"), p.text("", "options", "mimeType")
	isBase64 := call.Version > 1 || p.bool(true, "options", "dataIsBase64")
	encoding, bom := p.text("", "options", "encoding"), p.bool(false, "options", "addBOM")
	if p.err != nil {
		return p.err
	}
	var content []byte
	switch {
	case !isBase64 && v.Type == gjson.String:
		if content, err = encodeText(v.Str, encoding, bom); err != nil {
			return err
		}
	case !isBase64:
		content = []byte(v.Raw)
	case v.Type != gjson.String:
		return nodes.Errorf("the value in %q must be text in base64, and is %.40s", p.text("", "sourceProperty"), v.Raw).At(i)
	default:
		content = looseBase64(v.Str)
	}
	f, err := keepBytes(ctx, call, described(name, mimeType, content[:min(512, len(content))]), content)
	if err != nil {
		return err
	}
	emitFile(call, i, key, f)
	return nil
}
