package files

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// maxTexts bounds the texts that the sheets of a workbook share, which are in memory.
const maxTexts = 256 << 20

// xlsxBook is a workbook of Office Open XML (ECMA-376): parts in a zip file.
type xlsxBook struct {
	zip   *zip.Reader
	names []string // of the sheets, in order
	parts []string // of the sheets

	texts  []string // shared by the sheets
	limit  int      // bytes that these may have together
	styles []string // number formats by style; "" is General
}

// openXLSX reads all of a workbook but its sheets.
func openXLSX(z *zip.Reader) (*xlsxBook, error) {
	b := &xlsxBook{zip: z, limit: maxTexts}
	book := "xl/workbook.xml"
	if rels, err := b.relations("_rels/.rels"); err == nil {
		for _, r := range rels {
			if strings.HasSuffix(r.kind, "/officeDocument") {
				book = partPath("", r.target)
			}
		}
	}
	folder := path.Dir(book)
	rels, err := b.relations(folder + "/_rels/" + path.Base(book) + ".rels")
	if err != nil {
		return nil, err
	}
	err = b.scan(book, func(s *xmlScanner) error {
		if !s.starts("sheet") {
			return nil
		}
		if target, ok := rels[s.attr("id")]; ok && strings.HasSuffix(target.kind, "/worksheet") {
			b.names = append(b.names, s.attr("name"))
			b.parts = append(b.parts, partPath(folder, target.target))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range rels {
		switch {
		case strings.HasSuffix(r.kind, "/sharedStrings"):
			err = b.readTexts(partPath(folder, r.target))
		case strings.HasSuffix(r.kind, "/styles"):
			err = b.readStyles(partPath(folder, r.target))
		}
		if err != nil && !errors.Is(err, errNoPart) {
			return nil, err
		}
	}
	return b, nil
}

// partPath is the name of a part that another one in a folder refers to.
func partPath(folder, target string) string {
	if rest, ok := strings.CutPrefix(target, "/"); ok {
		return rest
	}
	return path.Join(folder, target)
}

var errNoPart = errors.New("the workbook lacks a part")

// scan calls yield for each piece of a part.
func (b *xlsxBook) scan(part string, yield func(s *xmlScanner) error) error {
	for _, f := range b.zip.File {
		if !strings.EqualFold(f.Name, part) {
			continue
		}
		in, err := f.Open()
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
	return nodes.Errorf("%w: %s", errNoPart, part)
}

type relation struct{ kind, target string }

func (b *xlsxBook) relations(part string) (map[string]relation, error) {
	rels := map[string]relation{}
	err := b.scan(part, func(s *xmlScanner) error {
		if s.starts("Relationship") {
			rels[s.attr("Id")] = relation{s.attr("Type"), s.attr("Target")}
		}
		return nil
	})
	return rels, err
}

func (b *xlsxBook) readTexts(part string) error {
	size := 0
	return b.scan(part, func(s *xmlScanner) error {
		if !s.starts("si") {
			return nil
		}
		t, err := richText(s, "si")
		if err != nil {
			return err
		}
		if size += len(t) + 16; size > b.limit {
			return nodes.Errorf("the workbook has more than %s of shared text", nodes.SizeText(int64(b.limit)))
		}
		b.texts = append(b.texts, t)
		return nil
	})
}

// richText is the text of an element's runs, without what says how it is read aloud.
func richText(s *xmlScanner, name string) (string, error) {
	var (
		t                []byte
		inText, phonetic bool
	)
	err := s.element(name, func() error {
		switch {
		case s.name == nil:
			if inText && !phonetic {
				t = append(t, s.text...)
			}
		case string(s.name) == "rPh":
			phonetic = !s.isEnd && !s.closed
		case string(s.name) == "t":
			inText = !s.isEnd && !s.closed
		}
		return nil
	})
	return xlsxText(t), err
}

var escapedUnit = pattern(`_x[0-9A-Fa-f]{4}_`)

// xlsxText reads the escapes of a text (_x000D_); its lines end with \n.
func xlsxText(b []byte) string {
	return strings.ReplaceAll(unescapeUnits(b), "\r\n", "\n")
}

func unescapeUnits(b []byte) string {
	if !bytes.Contains(b, []byte("_x")) {
		return string(b)
	}
	return string(escapedUnit().ReplaceAllFunc(b, func(m []byte) []byte {
		n, _ := strconv.ParseUint(string(m[2:6]), 16, 16) // four digits
		return []byte(string(rune(n)))
	}))
}

// readStyles reads the number format of each cell style.
func (b *xlsxBook) readStyles(part string) error {
	custom := map[string]string{}
	inCells := false
	return b.scan(part, func(s *xmlScanner) error {
		switch {
		case s.starts("numFmt"):
			custom[s.attr("numFmtId")] = s.attr("formatCode")
		case string(s.name) == "cellXfs":
			inCells = !s.isEnd && !s.closed
		case inCells && s.starts("xf"):
			id := s.attr("numFmtId")
			format, ok := custom[id]
			if !ok {
				n, _ := strconv.Atoi(id)
				format = builtinFormat(n)
			}
			b.styles = append(b.styles, format)
		}
		return nil
	})
}

// sheetNames are the names of the sheets.
func (b *xlsxBook) sheetNames() []string { return b.names }

// sheet opens a sheet. Where the file does not say what cells there are, it is read once to find out.
func (b *xlsxBook) sheet(i int) (sheet, error) {
	s := sheet{used: none, rows: func(yield func(row) error) error { return b.rows(b.parts[i], yield) }}
	stated, hasRows := none, false
	err := b.scan(b.parts[i], func(x *xmlScanner) error {
		switch {
		case x.starts("dimension"):
			if a := parseArea(x.attr("ref")); a.row >= 0 && a.column >= 0 && a.lastRow >= a.row && a.lastColumn >= a.column {
				stated = a
			}
		case x.starts("row"), x.starts("c"):
			hasRows = true
			return errEnough
		case x.ends("sheetData"):
			return errEnough
		}
		return nil
	})
	if err != nil && err != errEnough { //nolint:errorlint // it is ours, and nothing wraps it
		return s, err
	}
	if !hasRows {
		return s, nil
	}
	if stated != none && stated.lastRow-stated.row+stated.lastColumn-stated.column > 0 {
		s.used = stated
		s.used.lastRow, s.used.lastColumn = min(stated.lastRow, maxRows-1), min(stated.lastColumn, maxColumns-1)
		return s, nil
	}
	err = s.rows(func(r row) error {
		for c, v := range r.cells {
			if v.kind != blank {
				s.used = s.used.with(r.index, c)
			}
		}
		return nil
	})
	return s, err
}

// rows reads a sheet's rows.
func (b *xlsxBook) rows(part string, yield func(row) error) error {
	r := row{index: -1}
	err := b.scan(part, func(s *xmlScanner) error {
		switch {
		case s.starts("row"):
			r.index++
			if n, err := strconv.Atoi(s.attr("r")); err == nil {
				r.index = n - 1
			}
			r.cells = r.cells[:0]
			if r.index < 0 || r.index >= maxRows {
				return errEnough
			}
			if s.closed {
				return nil
			}
		case s.starts("c"):
			return b.cell(s, &r)
		case s.ends("row"):
			return yield(r)
		case s.ends("sheetData"):
			return errEnough
		}
		return nil
	})
	if err == errEnough { //nolint:errorlint // it is ours, and nothing wraps it
		return nil
	}
	return err
}

// cell reads a cell into its place in the row.
func (b *xlsxBook) cell(s *xmlScanner, r *row) error {
	column := len(r.cells)
	if ref := s.attr("r"); ref != "" {
		column, _, _ = parseCorner(ref)
	}
	if column < 0 || column >= maxColumns {
		return s.element("c", func() error { return nil })
	}
	c := cell{}
	if n, err := strconv.Atoi(s.attr("s")); err == nil && n > 0 && n < len(b.styles) {
		c.format = b.styles[n]
	}
	t := s.attr("t")
	var (
		value    []byte
		inValue  bool
		hasValue bool
	)
	err := s.element("c", func() error {
		switch {
		case s.name == nil:
			if inValue {
				value = append(value, s.text...)
			}
		case string(s.name) == "v":
			inValue = !s.isEnd && !s.closed
			hasValue = true
		case s.starts("is"):
			inner, err := richText(s, "is")
			value, hasValue = []byte(inner), true
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	for len(r.cells) <= column {
		r.cells = append(r.cells, cell{})
	}
	if hasValue {
		b.value(&c, t, value)
	}
	r.cells[column] = c
	return nil
}

// value reads a cell's value by its type.
func (b *xlsxBook) value(c *cell, t string, value []byte) {
	switch t {
	case "s":
		if n, err := strconv.Atoi(strings.TrimSpace(string(value))); err == nil && n >= 0 && n < len(b.texts) {
			c.kind, c.text = text, b.texts[n]
		}
	case "inlineStr":
		c.kind, c.text = text, string(value)
	case "str":
		c.kind, c.text = text, xlsxText(value)
	case "b":
		c.kind, c.num = boolean, 0
		if v := strings.TrimSpace(string(value)); v == "1" || v == "true" {
			c.num = 1
		}
	case "e":
		c.kind, c.text = failure, string(value)
	case "d":
		if serial, ok := parseISODate(string(value)); ok {
			c.kind, c.num = number, serial
		}
	default:
		if f, err := strconv.ParseFloat(strings.TrimSpace(string(value)), 64); err == nil {
			c.kind, c.num = number, f
		}
	}
}
