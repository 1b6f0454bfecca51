package files

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/cordboard/cordboard/nodes"
)

// Records of XLS ([MS-XLS]); those of Excel 5 and 95 are alike, with texts of single bytes.
const (
	recDimensions = 0x200
	recBlank      = 0x201
	recNumber     = 0x203
	recLabel      = 0x204
	recBoolErr    = 0x205
	recString     = 0x207
	recRK         = 0x27E
	recFormula    = 0x06
	recEOF        = 0x0A
	recFilePass   = 0x2F
	recContinue   = 0x3C
	recCodepage   = 0x42
	recBoundSheet = 0x85
	recMulRK      = 0xBD
	recMulBlank   = 0xBE
	recXF         = 0xE0
	recSST        = 0xFC
	recLabelSST   = 0xFD
	recFormat     = 0x41E
	recRString    = 0xD6
	recBOF        = 0x809
)

// xlsBook is a workbook of Excel 97 to 2003, or 5 and 95.
type xlsBook struct {
	stream  []byte
	old     bool // Excel 5 and 95
	charset string

	names   []string
	starts  []int
	texts   []string
	formats map[int]string
	styles  []int // number formats by style
}

func openXLS(r *random) (*xlsBook, error) {
	stream, err := cfbStream(r, r.size, "Workbook", "Book", "WORKBOOK", "BOOK")
	if err != nil {
		return nil, err
	}
	return readXLS(stream)
}

// openXLSStream opens a workbook that is in no compound file.
func openXLSStream(r *random) (*xlsBook, error) {
	if r.size > maxStream {
		return nil, errXLS
	}
	stream := make([]byte, r.size)
	if _, err := r.ReadAt(stream, 0); err != nil && err != io.EOF { //nolint:errorlint // ReadAt's io.EOF is not wrapped
		return nil, err
	}
	if stream[1] != 8 {
		return nil, nodes.Errorf("the workbook is of a version before Excel 5, which cannot be read; save it as XLSX")
	}
	return readXLS(stream)
}

var errXLS = nodes.Errorf("the XLS file is broken")

// record reads the record at a place; next is the place of the one after it, -1 at the end.
func (b *xlsBook) record(at int) (kind int, data []byte, next int) {
	if at < 0 || at+4 > len(b.stream) {
		return recEOF, nil, -1
	}
	kind = int(binary.LittleEndian.Uint16(b.stream[at:]))
	end := at + 4 + int(binary.LittleEndian.Uint16(b.stream[at+2:]))
	if end > len(b.stream) {
		return recEOF, nil, -1
	}
	return kind, b.stream[at+4 : end], end
}

func u16(b []byte, at int) int {
	if at+2 > len(b) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(b[at:]))
}

func u32(b []byte, at int) int {
	if at+4 > len(b) {
		return 0
	}
	return int(binary.LittleEndian.Uint32(b[at:]))
}

// readXLS reads what all sheets share.
func readXLS(stream []byte) (*xlsBook, error) {
	b := &xlsBook{stream: stream, formats: map[int]string{}, charset: "windows1252"}
	kind, data, at := b.record(0)
	if kind != recBOF {
		return nil, errXLS
	}
	b.old = u16(data, 0) < 0x600
	for {
		kind, data, next := b.record(at)
		switch kind {
		case recEOF:
			if len(b.names) == 0 {
				return nil, errXLS
			}
			return b, nil
		case recFilePass:
			return nil, nodes.Errorf("File is password-protected")
		case recCodepage:
			if page := u16(data, 0); page != 1200 {
				b.charset = codepage(page)
			}
		case recBoundSheet:
			if len(data) > 8 && data[5] == 0 { // worksheets only
				name, _ := b.shortText(data[6:])
				b.names, b.starts = append(b.names, name), append(b.starts, u32(data, 0))
			}
		case recFormat:
			name := ""
			if b.old {
				name, _ = b.shortText(data[min(2, len(data)):])
			} else {
				name, _ = b.longText(data[min(2, len(data)):])
			}
			b.formats[u16(data, 0)] = name
		case recXF:
			b.styles = append(b.styles, u16(data, 2))
		case recSST:
			var err error
			if next, err = b.readSST(at); err != nil {
				return nil, err
			}
		}
		at = next
	}
}

// codepage is the character set of a code page.
func codepage(page int) string {
	names := map[int]string{437: "cp437", 850: "cp850", 852: "cp852", 866: "cp866", 874: "windows874", 932: "shiftjis", 936: "gbk", 949: "cp949",
		950: "cp950", 1250: "windows1250", 1251: "windows1251", 1253: "windows1253", 1254: "windows1254", 1255: "windows1255", 1256: "windows1256",
		1257: "windows1257", 1258: "windows1258", 10000: "macroman"}
	if name := names[page]; name != "" {
		return name
	}
	return "windows1252"
}

func (b *xlsBook) sheetNames() []string { return b.names }

func (b *xlsBook) sheet(i int) (sheet, error) {
	s := sheet{used: area{}, rows: func(yield func(row) error) error { return b.rows(b.starts[i], yield) }}
	found := none
	err := s.rows(func(r row) error {
		for c, v := range r.cells {
			if v.kind != blank {
				found = found.with(r.index, c)
			}
		}
		return nil
	})
	if found == none {
		return s, err // n8n sees one empty cell
	}
	s.used = b.stated(b.starts[i], found)
	return s, err
}

// stated is the area that the sheet says it has, grown by what it really has.
func (b *xlsBook) stated(at int, found area) area {
	for _, _, at = b.record(at); at >= 0; {
		kind, data, next := b.record(at)
		switch kind {
		case recEOF:
			return found
		case recDimensions:
			a := area{u32(data, 0), u16(data, 8), u32(data, 4) - 1, u16(data, 10) - 1}
			if b.old {
				a = area{u16(data, 0), u16(data, 4), u16(data, 2) - 1, u16(data, 6) - 1}
			}
			if a.row <= found.row && a.column <= found.column && a.row >= 0 {
				found.row, found.column = a.row, a.column
			}
			return found
		}
		at = next
	}
	return found
}

// rows reads a sheet's rows. Its cells are in order in files of all programs that are known; a row that comes up again later is
// a row of its own.
func (b *xlsBook) rows(at int, yield func(row) error) error {
	r := row{index: -1}
	kind, _, at := b.record(at)
	if kind != recBOF {
		return errXLS
	}
	put := func(rowIndex, column int, c cell) error {
		if rowIndex != r.index {
			if r.index >= 0 {
				if err := yield(r); err != nil {
					return err
				}
			}
			r.index, r.cells = rowIndex, r.cells[:0]
		}
		if column >= maxColumns {
			return nil
		}
		for len(r.cells) <= column {
			r.cells = append(r.cells, cell{})
		}
		r.cells[column] = c
		return nil
	}
	depth := 1 // charts within the sheet have records of their own
	for at >= 0 && depth > 0 {
		kind, data, next := b.record(at)
		var err error
		switch {
		case kind == recBOF:
			depth++
		case kind == recEOF:
			depth--
		case depth == 1:
			next, err = b.cells(kind, data, next, put)
		}
		if err != nil {
			return err
		}
		at = next
	}
	if r.index >= 0 {
		return yield(r)
	}
	return nil
}

// cells reads the cells of a record.
func (b *xlsBook) cells(kind int, data []byte, next int, put func(row, column int, c cell) error) (int, error) {
	index, column := u16(data, 0), u16(data, 2)
	c := cell{format: b.format(u16(data, 4))}
	switch kind {
	case recNumber:
		if len(data) >= 14 {
			c.kind, c.num = number, math.Float64frombits(binary.LittleEndian.Uint64(data[6:]))
		}
	case recRK:
		c.kind, c.num = number, rk(u32(data, 6))
	case recLabel, recRString:
		c.kind = text
		c.text, _ = b.longText(data[min(6, len(data)):])
	case recLabelSST:
		if n := u32(data, 6); n < len(b.texts) {
			c.kind, c.text = text, b.texts[n]
		}
	case recBoolErr:
		if len(data) >= 8 {
			c = boolErr(c, data[6], data[7])
		}
	case recFormula:
		if len(data) < 14 {
			return next, nil
		}
		c, next = b.formula(c, data, next)
	case recMulRK:
		for i := 4; i+8 <= len(data); i += 6 {
			if err := put(index, column, cell{kind: number, num: rk(u32(data, i+2)), format: b.format(u16(data, i))}); err != nil {
				return next, err
			}
			column++
		}
		return next, nil
	default:
		return next, nil
	}
	if c.kind == blank {
		return next, nil
	}
	return next, put(index, column, c)
}

func boolErr(c cell, value, isError byte) cell {
	if isError == 0 {
		c.kind, c.num = boolean, float64(value)
		return c
	}
	c.kind, c.text = failure, map[byte]string{0: "#NULL!", 7: "#DIV/0!", 0xF: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}[value]
	return c
}

// formula takes the result of a formula; a text follows in a record of its own.
func (b *xlsBook) formula(c cell, data []byte, next int) (cell, int) {
	if u16(data, 12) != 0xFFFF {
		c.kind, c.num = number, math.Float64frombits(binary.LittleEndian.Uint64(data[6:]))
		return c, next
	}
	switch data[6] {
	case 0:
		c.kind = text
		for range 4 { // tables and shared formulas may stand between
			kind, more, after := b.record(next)
			if kind == recString {
				c.text, _ = b.longText(more)
				return c, after
			}
			if kind != 0x4BC && kind != 0x221 && kind != 0x236 {
				break
			}
			next = after
		}
	case 1:
		c = boolErr(c, data[8], 0)
	case 2:
		c = boolErr(c, data[8], 1)
	case 3:
		c.kind = text
	}
	return c, next
}

// rk is a number in the short form.
func rk(v int) float64 {
	var f float64
	if v&2 != 0 {
		f = float64(int32(uint32(v)) >> 2)
	} else {
		f = math.Float64frombits(uint64(uint32(v)&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// format is the number format of a style.
func (b *xlsBook) format(style int) string {
	if style >= len(b.styles) {
		return ""
	}
	id := b.styles[style]
	if f, ok := b.formats[id]; ok {
		return f
	}
	return builtinFormat(id)
}
