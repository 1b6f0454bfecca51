package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/cordboard/cordboard/nodes"
)

// csvOptions are what n8n hands to its reader of CSV (csv-parse), whose rules and messages these are.
type csvOptions struct {
	delimiter   string
	relaxQuotes bool
	header      bool
	fromLine    int // the first line to read, from 1
	maxRecords  int // how many records to read; -1 is all
	skipErrors  bool
	maxSkipped  int // how many records may be skipped; -1 is any number

	emptyCells bool // empty fields are kept
	encoding   string
	stripBOM   bool
}

// maxField bounds a field of CSV, against a quote that is never closed in a file that does not end.
const maxField = 256 << 20

// csvReader reads CSV in UTF-8 record by record.
type csvReader struct {
	in      *bufio.Reader
	o       csvOptions
	quoting bool // within quotes

	lineEnd    string // discovered at the first line end outside of quotes
	line       int
	atLineEnd  bool
	isEnabled  bool // past fromLine
	hasError   bool // the record at hand is to be skipped
	wasQuoting bool

	columns  []string
	expected int // fields of a record
	records  int
	skipped  int

	// fields are the record at hand: one after the other in data, each ending at its end.
	data []byte
	ends []int
}

var errCSVDone = errors.New("no more records")

func newCSVReader(in io.Reader, o csvOptions) (*csvReader, error) {
	switch {
	case o.delimiter == "":
		return nil, nodes.Errorf(`Invalid option delimiter: delimiter must be a non empty string or buffer or array of string|buffer, got ""`)
	case o.fromLine < 1:
		return nil, nodes.Errorf("Invalid Option: from_line must be a positive integer greater than 0, got undefined")
	case o.maxRecords == 0:
		return nil, nodes.Errorf("Invalid Option: to must be a positive integer greater than 0, got 0")
	}
	return &csvReader{in: bufio.NewReaderSize(in, 1<<16), o: o, line: 1, isEnabled: o.fromLine == 1, expected: -1}, nil
}

// read calls yield for each record. The fields are valid until it returns.
func (c *csvReader) read(yield func(fields [][]byte) error) error {
	var fields [][]byte
	emit := func() error {
		ok, err := c.endRecord()
		if err != nil || !ok {
			c.reset()
			return err
		}
		fields = fields[:0]
		start := 0
		for _, end := range c.ends {
			fields = append(fields, c.data[start:end])
			start = end
		}
		err = yield(fields)
		c.reset()
		if err == nil && c.o.maxRecords > 0 && c.records >= c.o.maxRecords {
			return errCSVDone
		}
		return err
	}
	for {
		c.plain()
		b, err := c.in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if err := c.step(b, emit); errors.Is(err, errCSVDone) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if c.quoting {
		return c.fail("Quote Not Closed: the parsing is finished with an opening quote at line %d", c.line)
	}
	if c.wasQuoting || len(c.ends) > 0 || len(c.data) > 0 {
		c.endField()
		if err := emit(); !errors.Is(err, errCSVDone) {
			return err
		}
	}
	return nil
}

// plain takes over the text up to the next character that may mean something, as far as it is at hand.
func (c *csvReader) plain() {
	if c.atLineEnd || c.in.Buffered() == 0 {
		return
	}
	buf, _ := c.in.Peek(c.in.Buffered())
	first := c.o.delimiter[0]
	n := 0
	if c.quoting {
		first = '"'
	}
	for n < len(buf) && buf[n] != first && buf[n] != '"' && buf[n] != '\n' && buf[n] != '\r' {
		n++
	}
	c.data = append(c.data, buf[:n]...)
	_, _ = c.in.Discard(n)
}

// step takes one character, the first one of what may be more.
func (c *csvReader) step(b byte, emit func() error) error {
	if c.atLineEnd {
		c.line++
		c.atLineEnd = false
	}
	if b == '\r' || b == '\n' {
		c.atLineEnd = true
		if c.lineEnd == "" && !c.quoting {
			c.lineEnd = c.discover(b)
		}
	}
	if b == '"' {
		if done, err := c.quote(); done || err != nil {
			return err
		}
	}
	if !c.quoting {
		switch {
		case c.lineEnd != "" && c.follows(b, c.lineEnd):
			if !c.isEnabled && c.line+1 >= c.o.fromLine {
				c.isEnabled = true
				c.reset()
				return nil
			}
			if !c.wasQuoting && len(c.ends) == 0 && len(c.data) == 0 {
				return nil
			}
			c.endField()
			return emit()
		case c.follows(b, c.o.delimiter):
			c.endField()
			return nil
		}
	}
	if len(c.data) > maxField {
		return nodes.Errorf("a record of more than %s begins before line %d", nodes.SizeText(maxField), c.line)
	}
	c.data = append(c.data, b)
	return nil
}

// discover tells what line end begins with b.
func (c *csvReader) discover(b byte) string {
	if b == '\r' {
		if next, _ := c.in.Peek(1); len(next) == 1 && next[0] == '\n' {
			return "\r\n"
		}
	}
	return string(b)
}

// follows reports whether b and what comes next is s, and takes it if so.
func (c *csvReader) follows(b byte, s string) bool {
	if b != s[0] {
		return false
	}
	if len(s) > 1 {
		if next, _ := c.in.Peek(len(s) - 1); string(next) != s[1:] {
			return false
		}
		_, _ = c.in.Discard(len(s) - 1)
	}
	return true
}

// quote takes a quotation mark; done is false if it is a character of the field.
func (c *csvReader) quote() (done bool, err error) {
	fieldStart := 0
	if n := len(c.ends); n > 0 {
		fieldStart = c.ends[n-1]
	}
	if !c.quoting {
		if len(c.data) == fieldStart {
			c.quoting = true
			return true, nil
		}
		if c.o.relaxQuotes {
			return false, nil
		}
		field := fmt.Sprint(len(c.ends))
		if c.columns != nil && len(c.ends) < len(c.columns) {
			field = string(nodes.AppendString(nil, c.columns[len(c.ends)]))
		}
		return false, c.fail("Invalid Opening Quote: a quote is found on field %s at line %d, value is %s",
			field, c.line, nodes.AppendString(nil, validText(c.data[fieldStart:])))
	}
	next, _ := c.in.Peek(max(len(c.o.delimiter), 2))
	switch {
	case len(next) > 0 && next[0] == '"':
		_, _ = c.in.Discard(1) // the second one is the character
		return false, nil
	case len(next) == 0, bytes.HasPrefix(next, []byte(c.o.delimiter)), c.endsLine(next):
		c.quoting, c.wasQuoting = false, true
		return true, nil
	case !c.o.relaxQuotes:
		return false, c.fail("Invalid Closing Quote: got %q at line %d instead of delimiter, record delimiter, trimable character (if activated) or comment",
			string(rune(next[0])), c.line)
	}
	c.quoting, c.wasQuoting = false, true
	c.data = append(c.data, 0)
	copy(c.data[fieldStart+1:], c.data[fieldStart:])
	c.data[fieldStart] = '"'
	return false, nil
}

// endsLine reports whether a line ends before this text.
func (c *csvReader) endsLine(next []byte) bool {
	if c.lineEnd != "" {
		return bytes.HasPrefix(next, []byte(c.lineEnd))
	}
	return next[0] == '\n' || next[0] == '\r'
}

func (c *csvReader) endField() {
	c.ends = append(c.ends, len(c.data))
	c.wasQuoting = false
}

func (c *csvReader) reset() { c.data, c.ends, c.wasQuoting = c.data[:0], c.ends[:0], false }

// endRecord checks the record at hand; ok is false for one that is no result.
func (c *csvReader) endRecord() (ok bool, err error) {
	if !c.isEnabled {
		return false, nil
	}
	if c.o.header && c.columns == nil {
		c.columns = []string{}
		start := 0
		for _, end := range c.ends {
			c.columns = append(c.columns, validText(c.data[start:end]))
			start = end
		}
		c.expected, c.hasError = len(c.columns), false
		return false, nil
	}
	if !c.o.header && c.records == 0 {
		c.expected = len(c.ends)
	}
	if len(c.ends) != c.expected {
		words := "columns length is"
		if !c.o.header {
			words = "expect"
		}
		if err := c.fail("Invalid Record Length: %s %d, got %d on line %d", words, c.expected, len(c.ends), c.line); err != nil {
			return false, err
		}
	}
	if c.hasError {
		c.hasError = false
		return false, nil
	}
	c.records++
	return true, nil
}

// fail returns the error, or notes that the record is to be skipped.
func (c *csvReader) fail(format string, args ...any) error {
	if !c.o.skipErrors {
		return nodes.Errorf(format, args...)
	}
	c.skipped++
	if c.o.maxSkipped >= 0 && c.skipped > c.o.maxSkipped {
		return nodes.Errorf("Max number of skipped records exceeded")
	}
	c.hasError = true
	return nil
}

// validText is bytes as text, each one that is no part of UTF-8 as U+FFFD.
func validText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = invalidLength(b)
		}
		s.WriteRune(r)
		b = b[size:]
	}
	return s.String()
}

// invalidLength is how many bytes one U+FFFD stands for: the beginning of a character that breaks off counts as one (WHATWG
// Encoding, as Node.js does it).
func invalidLength(b []byte) int {
	low, high, need := byte(0x80), byte(0xBF), 0
	switch {
	case b[0] >= 0xC2 && b[0] <= 0xDF:
		need = 1
	case b[0] >= 0xE0 && b[0] <= 0xEF:
		need = 2
		switch b[0] {
		case 0xE0:
			low = 0xA0
		case 0xED:
			high = 0x9F
		}
	case b[0] >= 0xF0 && b[0] <= 0xF4:
		need = 3
		switch b[0] {
		case 0xF0:
			low = 0x90
		case 0xF4:
			high = 0x8F
		}
	}
	n := 1
	for ; n <= need && n < len(b) && b[n] >= low && b[n] <= high; n++ {
		low, high = 0x80, 0xBF
	}
	return n
}

// csvItems writes records as items: objects by the names in the first one, or objects by number (lists, with empty cells)
// under "row". Empty fields are left out unless emptyCells is set.
type csvItems struct {
	columns    []column
	emptyCells bool
	header     bool
	buf        []byte
}

func (t *csvItems) item(c *csvReader, fields [][]byte) string {
	if t.header && t.columns == nil {
		t.columns = columnsOf(c.columns, 0)
	}
	t.buf = t.buf[:0]
	if !t.header {
		return t.list(fields)
	}
	t.buf = append(t.buf, '{')
	for _, col := range t.columns {
		field := fields[col.index]
		if len(field) == 0 && !t.emptyCells {
			continue
		}
		if len(t.buf) > 1 {
			t.buf = append(t.buf, ',')
		}
		t.buf = append(append(t.buf, col.key...), ':')
		t.field(field)
	}
	return string(append(t.buf, '}'))
}

func (t *csvItems) list(fields [][]byte) string {
	open, end := `{"row":{`, "}}"
	if t.emptyCells {
		open, end = `{"row":[`, "]}"
	}
	t.buf = append(t.buf, open...)
	for i, field := range fields {
		if len(field) == 0 && !t.emptyCells {
			continue
		}
		if len(t.buf) > len(open) {
			t.buf = append(t.buf, ',')
		}
		if !t.emptyCells {
			t.buf = fmt.Appendf(t.buf, `"%d":`, i)
		}
		t.field(field)
	}
	return string(append(t.buf, end...))
}

func (t *csvItems) field(field []byte) { t.buf = nodes.AppendString(t.buf, validText(field)) }
