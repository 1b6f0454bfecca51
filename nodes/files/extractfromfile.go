package files

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/cordboard/cordboard/nodes"
)

// extractFromFile makes items of a file: of the rows of a table, or of its whole content.
type extractFromFile struct{}

var _ nodes.Node = extractFromFile{}

// Execute is nodes.Node's.
func (extractFromFile) Execute(ctx context.Context, call *nodes.Call) error {
	p := &params{call: call}
	operation := p.option("csv", []string{"operation"}, "csv", "html", "fromIcs", "fromJson", "ods", "pdf", "rtf", "text", "xml", "xls", "xlsx", "binaryToPropery")
	if p.err != nil {
		return p.err
	}
	switch operation {
	case "fromIcs", "fromJson", "text", "xml", "binaryToPropery":
		return each(ctx, call, func(ctx context.Context, call *nodes.Call, i int) error { return contentOf(ctx, call, i, operation) })
	case "pdf":
		return each(ctx, call, pdfItem)
	}
	return each(ctx, call, func(ctx context.Context, call *nodes.Call, i int) error {
		return rowsOf(ctx, call, i, func(p *params, f nodes.File, emit func(json string) error) error {
			if operation == "csv" {
				return csvFileItems(ctx, p, f, readCSVOptions(p), emit)
			}
			o := readSheetOptions(p)
			o.table.headerRow = o.table.headerRow || operation == "rtf" // n8n has no such option there
			if p.err != nil {
				return p.err
			}
			return workbookItems(ctx, call, f, operation, o, emit)
		})
	})
}

// rowsOf puts out an item for each row of an item's file. Where the node goes on after failures, rows before the failure are
// no result.
func rowsOf(ctx context.Context, call *nodes.Call, i int, read func(p *params, f nodes.File, emit func(json string) error) error) error {
	p := &params{call: call, item: i}
	key := p.required("data", "binaryPropertyName")
	if p.err != nil {
		return p.err
	}
	f, err := call.InputFile(i, key)
	if err != nil {
		return err
	}
	if call.OnError != nodes.ContinueRegularOutput && call.OnError != nodes.ContinueErrorOutput {
		return read(p, f, func(json string) error {
			call.EmitFrom(0, i, nodes.NewItem(json))
			return nil
		})
	}
	var rows nodes.ItemsBuilder
	err = read(p, f, func(json string) error {
		rows.Add(nodes.NewItem(json))
		return nil
	})
	if err != nil {
		return err
	}
	for _, it := range rows.Items().All() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		call.EmitFrom(0, i, it)
	}
	return nil
}

// contentOf puts out an item with the whole content of an item's file in a field.
func contentOf(ctx context.Context, call *nodes.Call, i int, operation string) error {
	p := &params{call: call, item: i}
	key, destination := p.required("data", "binaryPropertyName"), p.required("data", "destinationKey")
	encoding, strip := p.text("", "options", "encoding"), p.bool(true, "options", "stripBOM")
	keepSource := p.text("", "options", "keepSource")
	if p.err != nil {
		return p.err
	}
	f, err := call.InputFile(i, key)
	if err != nil {
		return err
	}
	content, err := readAll(ctx, call, f, maxText)
	if err != nil {
		return err
	}
	var value string
	if operation == "binaryToPropery" {
		value = string(nodes.AppendString(nil, base64.StdEncoding.EncodeToString(content)))
	} else if value, err = textValue(content, encoding, strip, operation); err != nil {
		return err
	}
	it := call.Input(0).At(i)
	base := "{}"
	if keepSource != "" && keepSource != "binary" {
		base = it.JSON()
	}
	out := nodes.NewItem(setPath(base, pathOf(destination), value)).WithBinary(it.Binary())
	if keepSource != "binary" && keepSource != "both" {
		out = out.WithBinary(without(it.Binary(), key))
	}
	call.EmitFrom(0, i, out)
	return nil
}

// without returns references to binary data but for one; nil for none.
func without(b *nodes.Binary, key string) *nodes.Binary {
	var rest nodes.BinaryBuilder
	for k, f := range b.All() {
		if k != key {
			rest.Set(k, f)
		}
	}
	return rest.Binary()
}

// textValue is a file's text as a JSON value: the text, what its JSON says, or its calendar.
func textValue(content []byte, encoding string, strip bool, operation string) (string, error) {
	if encoding == "" {
		encoding, strip = detectCharset(content), true
	}
	s, err := decodeText(content, encoding, !strip && operation != "fromJson")
	if err != nil {
		return "", err
	}
	switch operation {
	case "fromIcs":
		return parseCalendar(s)
	case "fromJson":
		if s == "" {
			return "{}", nil
		}
		value, err := nodes.Normalize(s)
		if err == nil {
			return value, nil
		}
		e := *nodes.Errorf("The file selected in 'Input Binary Field' is not in JSON format")
		e.Cause = err
		e.Description = "Try to change the operation or select a JSON file in 'Input Binary Field'"
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			e.Hint = "The JSON goes wrong at byte " + nodes.NumberValue(float64(syntax.Offset)).Text() + "."
		}
		return "", &e
	}
	return string(nodes.AppendString(nil, s)), nil
}

// detectCharset tells the encoding of text that nothing is said of: by its byte order mark, UTF-8 if it is that, else Western.
func detectCharset(b []byte) string {
	switch {
	case len(b) >= 2 && b[0] == 0xFF && b[1] == 0xFE:
		return "utf16le"
	case len(b) >= 2 && b[0] == 0xFE && b[1] == 0xFF:
		return "utf16be"
	case utf8.Valid(b):
		return "utf8"
	}
	return "windows1252"
}
