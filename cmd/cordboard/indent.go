package main

import "io"

// indenter breaks JSON into lines as it is written, in the form of json.Indent with two spaces. What a run came to need not be held for
// it: that may be more than fits into memory.
type indenter struct {
	w        io.Writer
	buf      []byte
	depth    int
	inString bool
	escaped  bool // the next byte of the string is
	opened   bool // an object or a list has begun, and nothing is in it yet
}

// Write is io.Writer's. The JSON may come in any pieces.
func (d *indenter) Write(part []byte) (int, error) {
	d.buf = d.buf[:0]
	for _, c := range part {
		if d.inString {
			d.buf = append(d.buf, c)
			d.inString = d.escaped || c != '"'
			d.escaped = c == '\\' && !d.escaped
			continue
		}
		d.mark(c)
	}
	if _, err := d.w.Write(d.buf); err != nil {
		return 0, err
	}
	return len(part), nil
}

// mark adds a byte that is in no string. White space is left out, but behind the whole.
func (d *indenter) mark(c byte) {
	if d.depth > 0 && (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
		return
	}
	closes := c == '}' || c == ']'
	if closes {
		d.depth--
	}
	if d.opened != closes { // an empty one stays on its line
		d.line()
	}
	d.opened = c == '{' || c == '['
	d.buf = append(d.buf, c)
	switch c {
	case '{', '[':
		d.depth++
	case '"':
		d.inString = true
	case ',':
		d.line()
	case ':':
		d.buf = append(d.buf, ' ')
	}
}

func (d *indenter) line() {
	d.buf = append(d.buf, '\n')
	for range d.depth {
		d.buf = append(d.buf, ' ', ' ')
	}
}
