package files

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// workbook is a file with sheets.
type workbook interface {
	sheetNames() []string
	sheet(i int) (sheet, error)
}

var (
	_ workbook = (*xlsxBook)(nil)
	_ workbook = (*odsBook)(nil)
	_ workbook = (*xlsBook)(nil)
	_ workbook = singleSheet{}
)

// singleSheet is a file of a format that has no names for sheets.
type singleSheet struct{ s sheet }

func (singleSheet) sheetNames() []string       { return []string{"Sheet1"} }
func (b singleSheet) sheet(int) (sheet, error) { return b.s, nil }
func cellsOf(rows [][]cell) singleSheet        { return singleSheet{sheetOf(rows)} }
func isZip(head []byte) bool                   { return bytes.HasPrefix(head, []byte("PK")) }
func isCompound(head []byte) bool              { return bytes.HasPrefix(head, []byte{0xD0, 0xCF, 0x11, 0xE0}) }
func hasAny(head []byte, signatures ...string) bool {
	return slices.ContainsFunc(signatures, func(s string) bool { return bytes.HasPrefix(head, []byte(s)) })
}

// sheetOf is a sheet of rows in memory.
func sheetOf(rows [][]cell) sheet {
	s := sheet{used: none}
	for i, cells := range rows {
		for c := range cells {
			s.used = s.used.with(i, c)
		}
	}
	if s.used != none { // such a sheet begins in its first cell
		s.used.row, s.used.column = 0, 0
	}
	s.rows = func(yield func(row) error) error {
		for i, cells := range rows {
			if err := yield(row{index: i, cells: cells}); err != nil {
				return err
			}
		}
		return nil
	}
	return s
}

// maxPlain bounds tables that are in memory as a whole: HTML, RTF, and CSV that is read like them.
const maxPlain = 256 << 20

// textOptions say how a file that is plain text is read.
type textOptions struct {
	raw  bool // values stay text
	utf8 bool // the text is UTF-8, and not Latin-1
}

// openWorkbook finds out what format a file has by its beginning, as n8n does, whatever its name says.
func openWorkbook(r *random, o textOptions) (workbook, error) {
	head := make([]byte, min(r.size, 1024))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF { //nolint:errorlint // ReadAt's io.EOF is not wrapped
		return nil, err
	}
	switch {
	case isZip(head):
		return openZip(r)
	case isCompound(head):
		return openXLS(r)
	case hasAny(head, "\x09\x04", "\x09\x02", "\x09\x00", "\x09\x08"):
		return openXLSStream(r)
	case hasAny(head, "\x89PNG"):
		return nil, nodes.Errorf("PNG Image File is not a spreadsheet")
	case hasAny(head, "%PDF"):
		return nil, nodes.Errorf("PDF File is not a spreadsheet")
	}
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n")
	if hasAny(trimmed, "<?xml", "<office:document") && bytes.Contains(head, []byte("office:document")) {
		return openFlatODS(func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, 0, r.size)), nil })
	}
	if r.size > maxPlain {
		return nil, apart{nodes.Errorf("the file is larger than %s", nodes.SizeText(maxPlain))}
	}
	content, err := io.ReadAll(io.NewSectionReader(r, 0, r.size))
	if err != nil {
		return nil, err
	}
	switch {
	case hasAny(trimmed, `{\rtf`):
		return readRTF(content)
	case hasAny(trimmed, "<"):
		return readHTML(content, o)
	}
	return readPlain(content, o)
}

func openZip(r *random) (workbook, error) {
	z, err := zip.NewReader(r, r.size)
	if err != nil {
		return nil, nodes.Errorf("Unsupported ZIP file")
	}
	for _, f := range z.File {
		switch {
		case f.Name == "xl/workbook.xml" || f.Name == "_rels/.rels":
			return openXLSX(z)
		case f.Name == "content.xml":
			return openODS(z)
		case f.Name == "xl/workbook.bin":
			return nil, nodes.Errorf("the workbook is an XLSB file, which cannot be read; save it as XLSX")
		}
	}
	return nil, nodes.Errorf("Unsupported ZIP file")
}

// workbookItems reads an item's spreadsheet and puts out its rows.
//
// format is what the workflow says that the file is, "" for nothing. Where it is another one by its name, that is the error.
func workbookItems(ctx context.Context, call *nodes.Call, f nodes.File, format string, o sheetOptions, emit func(json string) error) error {
	err := readWorkbook(ctx, call, f, o, emit)
	var aside apart
	if errors.As(err, &aside) {
		return aside.error
	}
	if err == nil || ctx.Err() != nil || format == "" || f.FileExtension == "" || f.FileExtension == format {
		return err
	}
	e := nodes.Errorf("The file selected in 'Input Binary Field' is not in %s format", format)
	if !strings.HasPrefix(err.Error(), noSheet) {
		e.Description = "Try to change the operation or select a " + format + " file in 'Input Binary Field'"
	}
	e.Cause = err
	return e
}

// apart is an error that says nothing of a file's format: of the store, of the output, or a limit.
type apart struct{ error }

func (a apart) Unwrap() error { return a.error }

const noSheet = "Spreadsheet does not contain sheet called "

func readWorkbook(ctx context.Context, call *nodes.Call, f nodes.File, o sheetOptions, emit func(json string) error) error {
	r, err := openRandom(ctx, call, f)
	if err != nil {
		return apart{err}
	}
	defer func() { _ = r.close() }()
	if r.size == 0 {
		return nil
	}
	return protected(func() error {
		book, err := openWorkbook(r, o.text)
		if err != nil {
			return err
		}
		names := book.sheetNames()
		i := 0
		if o.sheetName != "" {
			i = slices.Index(names, o.sheetName)
		}
		if i < 0 || len(names) == 0 {
			return nodes.Errorf(noSheet+"%q!", o.sheetName)
		}
		s, err := book.sheet(i)
		if err != nil {
			return err
		}
		return tableItems(ctx, s, o.table, func(json string) error {
			if err := emit(json); err != nil {
				return apart{err}
			}
			return nil
		})
	})
}

// protected turns a panic into an error: a file that nobody thought of must not end the program.
func protected(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = nodes.Errorf("the file cannot be read: %v", r)
		}
	}()
	return do()
}

// sheetOptions are the options of the nodes that read spreadsheets.
type sheetOptions struct {
	table     tableOptions
	text      textOptions
	sheetName string
}

func readSheetOptions(p *params) sheetOptions {
	return sheetOptions{
		table: tableOptions{
			headerRow: p.bool(true, "options", "headerRow"), emptyCells: p.bool(false, "options", "includeEmptyCells"), area: p.text("", "options", "range"),
		},
		text:      textOptions{raw: p.bool(false, "options", "rawData"), utf8: p.bool(false, "options", "readAsString")},
		sheetName: p.text("", "options", "sheetName"),
	}
}

func readCSVOptions(p *params) csvOptions {
	o := csvOptions{
		delimiter: ",", relaxQuotes: p.bool(false, "options", "relaxQuotes"), header: p.bool(true, "options", "headerRow"),
		fromLine: p.int(1, "options", "fromLine"), maxRecords: max(p.int(-1, "options", "maxRowCount"), -1),
		skipErrors: p.bool(false, "options", "skipRecordsWithErrors", "value", "enabled"),
		maxSkipped: p.int(-1, "options", "skipRecordsWithErrors", "value", "maxSkippedRecords"),
		emptyCells: p.bool(false, "options", "includeEmptyCells"),
		encoding:   p.text("utf-8", "options", "encoding"), stripBOM: p.bool(false, "options", "enableBOM"),
	}
	if v := p.text(",", "options", "delimiter"); p.at("options", "delimiter").IsSet() {
		o.delimiter = v
	}
	return o
}

// csvFileItems reads an item's CSV and puts out its records.
func csvFileItems(ctx context.Context, p *params, f nodes.File, o csvOptions, emit func(json string) error) error {
	if p.err != nil {
		return p.err
	}
	in, err := p.call.OpenFile(ctx, f)
	if err != nil {
		return err
	}
	defer in.Close()
	content, err := decodeStream(bufio.NewReaderSize(readerWithContext{ctx, in}, 1<<16), o.encoding, o.stripBOM)
	if err != nil {
		return err
	}
	items := csvItems{header: o.header, emptyCells: o.emptyCells}
	c, err := newCSVReader(content, o)
	if err != nil {
		return err
	}
	return c.read(func(fields [][]byte) error { return emit(items.item(c, fields)) })
}
