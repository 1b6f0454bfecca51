package files

import (
	"archive/zip"
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// odsBook is a workbook of OpenDocument: all of its sheets are in one part, or in one XML file without a zip file around it.
type odsBook struct {
	open   func() (io.ReadCloser, error)
	names  []string
	used   []area
	isDate map[string]bool // cell styles that show dates
}

func openODS(z *zip.Reader) (*odsBook, error) {
	for _, f := range z.File {
		if f.Name == "content.xml" {
			return openFlatODS(f.Open)
		}
	}
	return nil, nodes.Errorf("Missing content.xml in ODS / UOF file")
}

// openFlatODS reads what sheets there are, and which cells they have.
func openFlatODS(open func() (io.ReadCloser, error)) (*odsBook, error) {
	b := &odsBook{open: open, isDate: map[string]bool{}}
	dates := map[string]bool{}
	last := -1
	err := b.scan(func(s *xmlScanner) error {
		switch {
		case s.starts("date-style"), s.starts("time-style"):
			dates[s.attr("name")] = true
		case s.starts("style"):
			if dates[s.attr("data-style-name")] {
				b.isDate[s.attr("name")] = true
			}
		case s.starts("table"):
			last++
			if last >= maxColumns {
				return nodes.Errorf("the workbook has more than %d sheets", maxColumns)
			}
			b.names, b.used = append(b.names, s.attr("name")), append(b.used, none)
			return b.rows(s, func(r row) error {
				for c, v := range r.cells {
					if v.kind != blank {
						b.used[last] = b.used[last].with(r.index, c).with(r.index+r.more, c)
					}
				}
				return nil
			})
		}
		return nil
	})
	for i, a := range b.used {
		if a == none { // n8n sees one empty cell
			b.used[i] = area{}
		}
	}
	return b, err
}

func (b *odsBook) scan(yield func(s *xmlScanner) error) error {
	in, err := b.open()
	if err != nil {
		return err
	}
	defer in.Close()
	s := newXMLScanner(in)
	for {
		if err := s.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := yield(s); err != nil {
			return err
		}
	}
}

func (b *odsBook) sheetNames() []string { return b.names }

func (b *odsBook) sheet(i int) (sheet, error) {
	return sheet{used: b.used[i], rows: func(yield func(row) error) error {
		n := -1
		err := b.scan(func(s *xmlScanner) error {
			if !s.starts("table") {
				return nil
			}
			n++
			err := b.rows(s, func(r row) error {
				if n != i {
					return nil
				}
				return yield(r)
			})
			if err == nil && n == i {
				return errEnough
			}
			return err
		})
		if err == errEnough { //nolint:errorlint // it is ours, and nothing wraps it
			return nil
		}
		return err
	}}, nil
}

// rows reads the rows of a table. A row that is repeated is read once if it is empty: sheets end in a million of these.
func (b *odsBook) rows(s *xmlScanner, yield func(row) error) error {
	r := row{}
	repeated, index, made := 1, 0, 0
	flush := func() error {
		isEmpty := true
		for _, c := range r.cells {
			isEmpty = isEmpty && c.kind == blank
		}
		if isEmpty {
			index = min(index+repeated, maxRows)
			return nil
		}
		if index >= maxRows {
			return nil
		}
		r.index, r.more = index, min(repeated, maxRows-index)-1
		if made += r.more * len(r.cells); made > maxCells {
			return nodes.Errorf("the sheet repeats more than %d cells", maxCells)
		}
		index += repeated
		return yield(r)
	}
	return s.element("table", func() error {
		switch {
		case s.starts("table-row"):
			r.cells, repeated = r.cells[:0], count(s.attr("number-rows-repeated"), maxRows)
			if s.closed {
				return flush()
			}
		case s.ends("table-row"):
			return flush()
		case s.starts("table-cell"), s.starts("covered-table-cell"):
			return b.cell(s, &r)
		}
		return nil
	})
}

func count(s string, limit int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 1
	}
	return min(n, limit)
}

// cell reads a cell into the row, as often as it is repeated.
func (b *odsBook) cell(s *xmlScanner, r *row) error {
	repeated := count(s.attr("number-columns-repeated"), maxColumns)
	c := cell{}
	kindName, style := s.attr("value-type"), s.attr("style-name")
	value := s.attr("value")
	switch kindName {
	case "boolean":
		value = s.attr("boolean-value")
	case "date":
		value = s.attr("date-value")
	case "time":
		value = s.attr("time-value")
	case "string":
		value = s.attr("string-value")
	}
	shown, err := b.paragraphs(s, string(s.name))
	if err != nil {
		return err
	}
	switch kindName {
	case "float", "percentage", "currency":
		f, err := strconv.ParseFloat(value, 64)
		if err == nil && b.isDate[style] {
			c = cell{kind: date, num: f, text: isoDate(f), label: shown}
		} else if err == nil {
			c = cell{kind: number, num: f, label: shown}
		}
	case "boolean":
		c = cell{kind: boolean}
		if value == "true" {
			c.num = 1
		}
	case "date":
		if f, ok := parseISODate(value); ok {
			c = cell{kind: date, num: f, text: isoDate(f), label: shown}
		}
	case "time":
		if f, ok := parseDuration(value); ok {
			c = cell{kind: number, num: f, label: shown}
		}
	case "string":
		if shown == "" {
			shown = value
		}
		c = cell{kind: text, text: shown}
	default:
		if shown != "" {
			c = cell{kind: text, text: shown}
		}
	}
	if c.kind == blank && len(r.cells)+repeated > maxColumns { // the rest of the row
		return nil
	}
	for range min(repeated, maxColumns-len(r.cells)) {
		r.cells = append(r.cells, c)
	}
	return nil
}

// paragraphs is the text of a cell, a line for each paragraph. Annotations are no part of it.
func (b *odsBook) paragraphs(s *xmlScanner, name string) (string, error) {
	var (
		t      []byte
		n      int // paragraphs
		inText int
		inNote bool
	)
	err := s.element(name, func() error {
		switch {
		case s.name == nil:
			if inText > 0 && !inNote {
				t = collapse(t, s.text)
			}
		case string(s.name) == "annotation":
			inNote = !s.isEnd && !s.closed
		case inNote:
		case string(s.name) == "p":
			if !s.isEnd {
				if n++; n > 1 {
					t = append(t, '\n')
				}
			}
			if s.isEnd {
				inText--
			} else if !s.closed {
				inText++
			}
		case s.starts("s"):
			t = append(t, strings.Repeat(" ", count(s.attr("c"), 1<<15))...)
		case s.starts("tab"):
			t = append(t, '\t')
		case s.starts("line-break"):
			t = append(t, '\n')
		}
		if len(t) > maxToken {
			return nodes.Errorf("a cell holds more than %s", nodes.SizeText(maxToken))
		}
		return nil
	})
	return unescapeUnits(t), err
}

// collapse appends text with its white space as single spaces, and none at the beginning of a line.
func collapse(dst, s []byte) []byte {
	for _, c := range s {
		if c == '\t' || c == '\n' || c == ' ' {
			if n := len(dst); n > 0 && dst[n-1] != ' ' && dst[n-1] != '\n' {
				dst = append(dst, ' ')
			}
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// parseDuration reads an ISO duration of a time of day, PT10H11M12S, as a part of a day.
func parseDuration(s string) (float64, bool) {
	rest, ok := strings.CutPrefix(s, "PT")
	if !ok {
		return 0, false
	}
	seconds := 0.0
	for _, unit := range []struct {
		name string
		size float64
	}{{"H", 3600}, {"M", 60}, {"S", 1}} {
		if digits, after, ok := strings.Cut(rest, unit.name); ok {
			f, err := strconv.ParseFloat(digits, 64)
			if err != nil {
				return 0, false
			}
			seconds, rest = seconds+f*unit.size, after
		}
	}
	return seconds / 86400, rest == ""
}

// odsWriter writes a workbook with one sheet.
type odsWriter struct {
	zip *zip.Writer
	w   *bufio.Writer
	buf []byte
}

const odsType = "application/vnd.oasis.opendocument.spreadsheet"

func newODSWriter(w io.Writer, sheetName string, compressed bool) (*odsWriter, error) {
	z := newZipParts(w, compressed)
	if err := z.store("mimetype", odsType); err != nil { // the first part
		return nil, err
	}
	manifest := `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:version="1.2" manifest:media-type="` + odsType + `"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/><manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/></manifest:manifest>`
	if err := z.write("META-INF/manifest.xml", xmlHead+manifest); err != nil {
		return nil, err
	}
	styles := `<office:document-styles xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2"/>`
	if err := z.write("styles.xml", xmlHead+styles); err != nil { // n8n does not read a workbook without it
		return nil, err
	}
	part, err := z.create("content.xml")
	if err != nil {
		return nil, err
	}
	o := &odsWriter{zip: z.zip, w: bufio.NewWriterSize(part, 1<<16)}
	_, err = o.w.WriteString(xmlHead + `<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body><office:spreadsheet><table:table table:name="` + escapeXML(sheetName) + `">`)
	return o, err
}

func (o *odsWriter) row(cells []cell) error {
	o.buf = append(o.buf[:0], `<table:table-row>`...)
	for _, c := range cells {
		switch c.kind {
		case number:
			value := string(nodes.AppendNumber(nil, c.num))
			o.buf = append(o.buf, `<table:table-cell office:value-type="float" office:value="`+value+`"><text:p>`+value+`</text:p></table:table-cell>`...)
		case boolean:
			value := strconv.FormatBool(c.num != 0)
			o.buf = append(o.buf, `<table:table-cell office:value-type="boolean" office:boolean-value="`+value+`"><text:p>`+strings.ToUpper(value)+`</text:p></table:table-cell>`...)
		case text:
			o.buf = append(o.buf, `<table:table-cell office:value-type="string"><text:p>`...)
			o.buf = append(appendODSText(o.buf, c.text), `</text:p></table:table-cell>`...)
		default:
			o.buf = append(o.buf, `<table:table-cell/>`...)
		}
	}
	_, err := o.w.Write(append(o.buf, `</table:table-row>`...))
	return err
}

func (o *odsWriter) close() error {
	_, _ = o.w.WriteString(`</table:table></office:spreadsheet></office:body></office:document-content>`)
	if err := o.w.Flush(); err != nil {
		return err
	}
	return o.zip.Close()
}

// appendODSText writes a paragraph: white space that XML would join stands as elements, and what XML has no
// place for as _x0001_, as n8n has it.
func appendODSText(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '&':
			dst = append(dst, "&amp;"...)
		case c == '<':
			dst = append(dst, "&lt;"...)
		case c == '>':
			dst = append(dst, "&gt;"...)
		case c == '\t':
			dst = append(dst, "<text:tab/>"...)
		case c == '\n':
			dst = append(dst, "</text:p><text:p>"...)
		case c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ' || s[i-1] == '\n'):
			dst = append(dst, `<text:s/>`...)
		case c < ' ':
			dst = append(dst, "_x00"...)
			dst = append(dst, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15], '_')
		case c == '_' && len(s)-i >= 7 && escapedUnit().MatchString(s[i:i+7]):
			dst = append(dst, "_x005f_"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
