package files

import (
	"encoding/binary"
	"io"
	"math"
	"unicode/utf16"

	"github.com/cordboard/cordboard/nodes"
)

// The size of the largest sheet of XLS.
const (
	maxXLSRows    = 1 << 16
	maxXLSColumns = 1 << 8
)

// xlsWriter writes a workbook of Excel 97 with one sheet. Its limits are small, and what comes first depends on what comes last:
// it is put together in memory.
type xlsWriter struct {
	w       io.Writer
	name    string
	rows    int
	columns int
	n       int
	cells   []byte
	texts   map[string]int
	list    []string
	uses    int
}

func newXLSWriter(w io.Writer, sheetName string, rows, columns int) (*xlsWriter, error) {
	if rows > maxXLSRows || columns > maxXLSColumns {
		return nil, nodes.Errorf("a sheet of XLS has at most %d rows and %d columns, and there are %d and %d: use XLSX", maxXLSRows, maxXLSColumns, rows, columns)
	}
	return &xlsWriter{w: w, name: sheetName, rows: rows, columns: columns, texts: map[string]int{}}, nil
}

// appendRecord writes a record.
func appendRecord(dst []byte, kind int, data []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(kind))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(data)))
	return append(dst, data...)
}

func (x *xlsWriter) row(cells []cell) error {
	le := binary.LittleEndian
	for i, c := range cells {
		if c.kind == blank || c.kind == null {
			continue
		}
		data := le.AppendUint16(le.AppendUint16(le.AppendUint16(nil, uint16(x.n)), uint16(i)), cellStyle)
		switch c.kind {
		case number:
			x.cells = appendRecord(x.cells, recNumber, le.AppendUint64(data, math.Float64bits(c.num)))
		case boolean:
			x.cells = appendRecord(x.cells, recBoolErr, append(data, byte(c.num), 0))
		default:
			n, ok := x.texts[c.text]
			if !ok {
				if len(c.text) > maxCellText && len(utf16.Encode([]rune(c.text))) > maxCellText {
					return nodes.Errorf("Text length must not exceed %d characters", maxCellText)
				}
				n = len(x.list)
				x.texts[c.text] = n
				x.list = append(x.list, c.text)
			}
			x.uses++
			x.cells = appendRecord(x.cells, recLabelSST, le.AppendUint32(data, uint32(n)))
		}
	}
	x.n++
	return nil
}

// cellStyle is the style of cells: the first one after those that every workbook has.
const cellStyle = 15

// close writes the file.
func (x *xlsWriter) close() error {
	le := binary.LittleEndian
	bof := func(kind uint16) []byte {
		return append(le.AppendUint16(le.AppendUint16(nil, 0x600), kind), 0xBB, 0x0D, 0xCC, 0x07, 0, 0, 0, 0, 6, 0, 0, 0)
	}
	var book []byte
	book = appendRecord(book, recBOF, bof(5))
	book = appendRecord(book, recCodepage, []byte{0xB0, 0x04})
	book = appendRecord(book, 0x3D, []byte{0, 0, 0, 0, 0x60, 0x6D, 0x40, 0x38, 0x38, 0, 0, 0, 0, 0, 1, 0, 0x58, 2}) // the window
	font := append([]byte{0xC8, 0, 0, 0, 0xFF, 0x7F, 0x90, 1, 0, 0, 0, 0, 0, 0, 5, 0}, "Arial"...)
	for range 4 {
		book = appendRecord(book, 0x31, font)
	}
	for i := range cellStyle + 1 {
		flags := uint16(0xFFF5) // a style of the workbook's own
		if i == cellStyle {
			flags = 1
		}
		xf := le.AppendUint16([]byte{0, 0, 0, 0}, flags)
		book = appendRecord(book, recXF, append(xf, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0x20))
	}
	book = appendRecord(book, 0x293, []byte{0, 0x80, 0, 0xFF}) // the style "Normal"
	boundAt := len(book) + 4
	units := utf16.Encode([]rune(x.name))
	bound := append(make([]byte, 6), byte(len(units)), 1)
	for _, u := range units {
		bound = le.AppendUint16(bound, u)
	}
	book = appendRecord(book, recBoundSheet, bound)
	book = x.appendSST(book)
	book = appendRecord(book, recEOF, nil)
	le.PutUint32(book[boundAt:], uint32(len(book)))

	book = appendRecord(book, recBOF, bof(0x10))
	dimensions := le.AppendUint32(le.AppendUint32(nil, 0), uint32(x.rows))
	dimensions = le.AppendUint16(le.AppendUint16(le.AppendUint16(dimensions, 0), uint16(x.columns)), 0)
	book = appendRecord(book, recDimensions, dimensions)
	book = append(book, x.cells...)
	book = appendRecord(book, 0x23E, []byte{0xB6, 6, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) // how it is seen
	book = appendRecord(book, recEOF, nil)
	if len(book) < 4096 { // shorter streams would lie elsewhere
		book = append(book, make([]byte, 4096-len(book))...)
	}
	return writeCompound(x.w, "Workbook", book)
}

// maxRecord is how long the data of a record may be.
const maxRecord = 8224

// appendSST writes the texts, which go on in further records where one is full.
func (x *xlsWriter) appendSST(dst []byte) []byte {
	le := binary.LittleEndian
	kind := recSST
	data := le.AppendUint32(le.AppendUint32(nil, uint32(x.uses)), uint32(len(x.list)))
	flush := func() {
		dst = appendRecord(dst, kind, data)
		kind, data = recContinue, data[:0]
	}
	for _, s := range x.list {
		units := utf16.Encode([]rune(s))
		if len(data)+5 > maxRecord { // its head and first character stay together
			flush()
		}
		data = append(le.AppendUint16(data, uint16(len(units))), 1)
		for _, u := range units {
			if len(data)+2 > maxRecord {
				flush()
				data = append(data, 1)
			}
			data = le.AppendUint16(data, u)
		}
	}
	flush()
	return dst
}
