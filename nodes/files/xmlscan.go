package files

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/cordboard/cordboard/nodes"
)

// maxToken bounds one piece of text or one tag of an XML file.
const maxToken = 64 << 20

// xmlScanner reads XML piece by piece. It knows no entities but the five of XML and numbers, so that none can grow; it does
// not check that elements are closed. Names come without their prefix.
type xmlScanner struct {
	in *bufio.Reader

	// What was read last: text if name is nil, else a tag.
	text   []byte
	name   []byte
	attrs  []byte
	isEnd  bool // </name>
	closed bool // <name/>

	buf []byte
}

func newXMLScanner(in io.Reader) *xmlScanner {
	s := &xmlScanner{in: bufio.NewReaderSize(in, 1<<16)}
	if head, _ := s.in.Peek(3); string(head) == "\uFEFF" {
		_, _ = s.in.Discard(3)
	}
	return s
}

// next reads on; io.EOF is the end.
func (s *xmlScanner) next() error {
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		if b != '<' {
			return s.readText(b)
		}
		head, _ := s.in.Peek(8)
		switch {
		case bytes.HasPrefix(head, []byte("!--")):
			if err := s.until("-->"); err != nil {
				return err
			}
		case bytes.HasPrefix(head, []byte("![CDATA[")):
			_, _ = s.in.Discard(8)
			if err := s.until("]]>"); err != nil {
				return err
			}
			s.name, s.text = nil, s.buf
			return nil
		case len(head) > 0 && (head[0] == '!' || head[0] == '?'):
			if err := s.until(">"); err != nil {
				return err
			}
		default:
			return s.readTag()
		}
	}
}

// until reads into buf up to an end, which it leaves out.
func (s *xmlScanner) until(end string) error {
	s.buf = s.buf[:0]
	for {
		part, err := s.in.ReadSlice(end[len(end)-1])
		s.buf = append(s.buf, part...)
		if len(s.buf) > maxToken {
			return nodes.Errorf("the XML has a piece of more than %s", nodes.SizeText(maxToken))
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		if bytes.HasSuffix(s.buf, []byte(end)) {
			s.buf = s.buf[:len(s.buf)-len(end)]
			return nil
		}
	}
}

func (s *xmlScanner) readText(first byte) error {
	s.buf = append(s.buf[:0], first)
	for {
		part, err := s.in.ReadSlice('<')
		s.buf = append(s.buf, part...)
		if len(s.buf) > maxToken {
			return nodes.Errorf("the XML has a piece of more than %s", nodes.SizeText(maxToken))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == nil:
			s.buf = s.buf[:len(s.buf)-1]
			_ = s.in.UnreadByte() // the one read just now
		case !errors.Is(err, io.EOF):
			return err
		}
		s.name, s.text = nil, unescapeXML(s.buf)
		return nil
	}
}

func (s *xmlScanner) readTag() error {
	if err := s.until(">"); err != nil {
		return err
	}
	for quotes := 0; ; { // a > within an attribute is not the end
		if quotes = bytes.Count(s.buf, []byte{'"'}); quotes%2 == 0 {
			break
		}
		more, err := s.in.ReadBytes('>')
		if err != nil || len(s.buf)+len(more) > maxToken {
			return io.ErrUnexpectedEOF
		}
		s.buf = append(append(s.buf, '>'), more[:len(more)-1]...)
	}
	tag := s.buf
	s.isEnd = len(tag) > 0 && tag[0] == '/'
	if s.isEnd {
		tag = tag[1:]
	}
	s.closed = len(tag) > 0 && tag[len(tag)-1] == '/'
	if s.closed {
		tag = tag[:len(tag)-1]
	}
	n := bytes.IndexAny(tag, " \t\r\n")
	if n < 0 {
		n = len(tag)
	}
	s.name, s.attrs = local(tag[:n]), tag[n:]
	return nil
}

// local is a name without its prefix.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// starts reports whether a tag opens an element of this name; ends, whether it closes one (it may be the same tag).
func (s *xmlScanner) starts(name string) bool {
	return s.name != nil && !s.isEnd && string(s.name) == name
}

func (s *xmlScanner) ends(name string) bool {
	return s.name != nil && (s.isEnd || s.closed) && string(s.name) == name
}

// attr returns an attribute of the tag, "" if it has none.
func (s *xmlScanner) attr(name string) string {
	for rest := s.attrs; ; {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return ""
		}
		key := bytes.TrimSpace(rest[:i])
		rest = bytes.TrimLeft(rest[i+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return ""
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return ""
		}
		if string(local(key)) == name {
			return string(unescapeXML(rest[1 : end+1]))
		}
		rest = rest[end+2:]
	}
}

// element calls yield for each piece within the element that was opened last, up to its end.
func (s *xmlScanner) element(name string, yield func() error) error {
	if s.closed {
		return nil
	}
	for depth := 1; ; {
		if err := s.next(); errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		if s.name != nil && string(s.name) == name {
			if s.isEnd {
				if depth--; depth == 0 {
					return nil
				}
			} else if !s.closed {
				depth++
			}
		}
		if err := yield(); err != nil {
			return err
		}
	}
}

// unescapeXML replaces entities, in place.
func unescapeXML(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	out := b[:0]
	for len(b) > 0 {
		if b[0] != '&' {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		end := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if end < 0 {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		if r, ok := entity(string(b[1:end])); ok {
			b = b[end+1:]
			out = utf8.AppendRune(out, r)
			continue
		}
		out, b = append(out, b[0]), b[1:]
	}
	return out
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}
