package files

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/xml"
	"hash/crc32"
	"io"
	"strconv"
	"unicode/utf16"

	"github.com/cordboard/cordboard/nodes"
)

// maxCellText is how many units of UTF-16 a cell of Excel can hold.
const maxCellText = 32767

// xlsxWriter writes a workbook with one sheet. Texts stand in their cells, so that nothing has to be remembered.
type xlsxWriter struct {
	zip *zip.Writer
	w   *bufio.Writer
	n   int
	buf []byte
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// xlsxParts are the parts of a workbook beside its book and sheet.
var xlsxParts = [][2]string{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs></styleSheet>`},
}

func newXLSXWriter(w io.Writer, sheetName string, rows, columns int, compressed bool) (*xlsxWriter, error) {
	if rows > maxRows || columns > maxColumns {
		return nil, nodes.Errorf("a sheet of XLSX has at most %d rows and %d columns, and there are %d and %d", maxRows, maxColumns, rows, columns)
	}
	z := newZipParts(w, compressed)
	book := `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="` + escapeXML(sheetName) + `" sheetId="1" r:id="rId1"/></sheets></workbook>`
	for _, part := range append(xlsxParts, [2]string{"xl/workbook.xml", book}) {
		if err := z.write(part[0], xmlHead+part[1]); err != nil {
			return nil, err
		}
	}
	part, err := z.create("xl/worksheets/sheet1.xml")
	if err != nil {
		return nil, err
	}
	x := &xlsxWriter{zip: z.zip, w: bufio.NewWriterSize(part, 1<<16)}
	_, err = x.w.WriteString(xmlHead + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:` +
		columnName(columns-1) + strconv.Itoa(rows) + `"/><sheetData>`)
	return x, err
}

// zipParts writes the parts of a zip file.
type zipParts struct{ zip *zip.Writer }

// newZipParts begins a zip file. What is not to be compressed is deflated at level 0 all the same: n8n's reader does not know
// stored parts whose size comes after them.
func newZipParts(w io.Writer, compressed bool) *zipParts {
	z := zip.NewWriter(w)
	if !compressed {
		z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.NoCompression) })
	}
	return &zipParts{z}
}

func (z *zipParts) create(name string) (io.Writer, error) {
	return z.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
}

// store writes a part as it is, its size before it.
func (z *zipParts) store(name, content string) error {
	size := uint64(len(content))
	w, err := z.zip.CreateRaw(&zip.FileHeader{Name: name, CRC32: crc32.ChecksumIEEE([]byte(content)), CompressedSize64: size, UncompressedSize64: size})
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	return err
}

func (z *zipParts) write(name, content string) error {
	w, err := z.create(name)
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	return err
}

func (x *xlsxWriter) row(cells []cell) error {
	x.n++
	x.buf = append(strconv.AppendInt(append(x.buf[:0], `<row r="`...), int64(x.n), 10), `">`...)
	for i, c := range cells {
		if c.kind == blank || c.kind == null {
			continue
		}
		x.buf = append(append(x.buf, `<c r="`...), columnName(i)...)
		x.buf = append(strconv.AppendInt(x.buf, int64(x.n), 10), '"')
		switch c.kind {
		case number:
			x.buf = append(nodes.AppendNumber(append(x.buf, `><v>`...), c.num), `</v></c>`...)
		case boolean:
			x.buf = append(strconv.AppendInt(append(x.buf, ` t="b"><v>`...), int64(c.num), 10), `</v></c>`...)
		default:
			if len(c.text) > maxCellText && len(utf16.Encode([]rune(c.text))) > maxCellText {
				return nodes.Errorf("Text length must not exceed %d characters", maxCellText)
			}
			x.buf = append(x.buf, ` t="inlineStr"><is><t xml:space="preserve">`...)
			x.buf = append(appendXLSXText(x.buf, c.text), `</t></is></c>`...)
		}
	}
	_, err := x.w.Write(append(x.buf, `</row>`...))
	return err
}

func (x *xlsxWriter) close() error {
	_, _ = x.w.WriteString(`</sheetData></worksheet>`)
	if err := x.w.Flush(); err != nil {
		return err
	}
	return x.zip.Close()
}

// appendXLSXText escapes text: what XML has no place for stands as _x0001_, and so does what looks like that.
func appendXLSXText(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '&':
			dst = append(dst, "&amp;"...)
		case c == '<':
			dst = append(dst, "&lt;"...)
		case c == '>':
			dst = append(dst, "&gt;"...)
		case c == '\r':
			dst = append(dst, "_x000D_"...)
		case c < ' ' && c != '\n' && c != '\t':
			dst = append(dst, "_x00"...)
			dst = append(dst, "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15], '_')
		case c == '_' && len(s)-i >= 7 && escapedUnit().MatchString(s[i:i+7]):
			dst = append(dst, "_x005F_"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// escapeXML writes text so that it can stand in an attribute or between tags.
func escapeXML(s string) string {
	var b xmlBuffer
	_ = xml.EscapeText(&b, []byte(s)) // to memory
	return string(b)
}

type xmlBuffer []byte

// Write is io.Writer's.
func (b *xmlBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
