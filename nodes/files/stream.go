package files

import (
	"bufio"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cordboard/cordboard/nodes"
)

// decodeStream reads a file in one of the encodings of n8n's reader of CSV as UTF-8. With stripBOM a byte order mark is left
// out, and one of UTF-16 tells the encoding.
func decodeStream(in *bufio.Reader, encoding string, stripBOM bool) (io.Reader, error) {
	if head, _ := in.Peek(3); stripBOM {
		switch {
		case string(head) == "\uFEFF":
			_, _ = in.Discard(3)
		case len(head) >= 2 && head[0] == 0xFF && head[1] == 0xFE:
			_, _ = in.Discard(2)
			encoding = "utf16le"
		}
	}
	switch encoding {
	case "utf8", "utf-8":
		return in, nil
	case "latin1", "binary":
		return &runeReader{next: func() (rune, error) {
			b, err := in.ReadByte()
			return rune(b), err
		}}, nil
	case "ascii":
		return &runeReader{next: func() (rune, error) {
			b, err := in.ReadByte()
			return rune(b & 0x7F), err
		}}, nil
	case "ucs2", "ucs-2", "utf16le", "utf-16le":
		return &runeReader{next: utf16Runes(in)}, nil
	}
	return nil, nodes.Errorf("Unknown encoding: %s", encoding)
}

func utf16Runes(in *bufio.Reader) func() (rune, error) {
	unit := func() (rune, error) {
		var b [2]byte
		_, err := io.ReadFull(in, b[:])
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		return rune(b[0]) | rune(b[1])<<8, err
	}
	return func() (rune, error) {
		r, err := unit()
		if err != nil || !utf16.IsSurrogate(r) {
			return r, err
		}
		next, _ := in.Peek(2)
		if len(next) == 2 {
			if pair := utf16.DecodeRune(r, rune(next[0])|rune(next[1])<<8); pair != utf8.RuneError {
				_, _ = in.Discard(2)
				return pair, nil
			}
		}
		return utf8.RuneError, nil
	}
}

// runeReader gives characters as UTF-8.
type runeReader struct {
	next func() (rune, error)
	rest []byte
}

// Read is io.Reader's.
func (r *runeReader) Read(p []byte) (n int, err error) {
	for n+len(r.rest) <= len(p) {
		n += copy(p[n:], r.rest)
		c, err := r.next()
		if err != nil {
			r.rest = nil
			return n, err
		}
		r.rest = utf8.AppendRune(r.rest[:0], c)
	}
	if n == 0 {
		n = copy(p, r.rest)
		r.rest = r.rest[n:]
	}
	return n, nil
}
