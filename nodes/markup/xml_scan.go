package markup

import (
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cordboard/cordboard/nodes"
)

// xmlKind is the kind of a token.
type xmlKind int

const (
	xmlEnd xmlKind = iota
	xmlText
	xmlCDATA
	xmlOpen
	xmlClose
)

// xmlToken is a tag with its name and attributes, or text.
type xmlToken struct {
	kind  xmlKind
	text  string
	attrs [][2]string
}

// xmlScanner cuts XML into tokens. Its messages are those of the JavaScript library sax, with line and column from 0 behind
// the character at fault.
type xmlScanner struct {
	text  string
	at    int
	open  []string // names of the elements that are open
	empty bool     // the tag read last has no content: its end is the next token
}

func (s *xmlScanner) errorf(format string, args ...any) error {
	return s.failAt(s.at, format, args...)
}

// failAt fails at the character at this place.
func (s *xmlScanner) failAt(at int, format string, args ...any) error {
	e := nodes.Errorf(format, args...)
	r, n := utf8.DecodeRuneInString(s.text[at:])
	before := s.text[:at+n]
	line := strings.Count(s.text[:at], "\n")
	column := utf16Len(before[strings.LastIndexByte(s.text[:at], '\n')+1:])
	e.Message += "\nLine: " + strconv.Itoa(line) + "\nColumn: " + strconv.Itoa(column) + "\nChar: "
	if n > 0 {
		e.Message += string(r)
	}
	return e
}

// next returns the next token; inside says whether an element is open.
func (s *xmlScanner) next(inside bool) (xmlToken, error) {
	if s.empty {
		s.empty = false
		return s.closed(), nil
	}
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch {
		case rest[0] != '<':
			return s.chars(inside)
		case strings.HasPrefix(rest, "<!--"):
			if err := s.comment(); err != nil {
				return xmlToken{}, err
			}
		case len(rest) >= 9 && strings.EqualFold(rest[:9], "<![CDATA["):
			end := strings.Index(rest, "]]>")
			if end < 0 {
				s.at = len(s.text)
				continue
			}
			s.at += end + 3
			return xmlToken{kind: xmlCDATA, text: rest[9:end]}, nil
		case strings.HasPrefix(rest, "<!"):
			s.skipDeclaration()
		case strings.HasPrefix(rest, "<?"):
			end := strings.Index(rest, "?>")
			if end < 0 {
				s.at = len(s.text)
				continue
			}
			s.at += end + 2
		case strings.HasPrefix(rest, "</"):
			return s.closeTag()
		default:
			return s.openTag()
		}
	}
	return xmlToken{}, nil
}

func (s *xmlScanner) comment() error {
	rest := s.text[s.at+4:]
	end := strings.Index(rest, "--")
	switch {
	case end < 0:
		s.at = len(s.text)
	case end+2 < len(rest) && rest[end+2] != '>':
		return s.failAt(s.at+4+end+2, "Malformed comment")
	default:
		s.at = min(s.at+4+end+3, len(s.text))
	}
	return nil
}

// skipDeclaration goes behind a document type, with what it declares in brackets.
func (s *xmlScanner) skipDeclaration() {
	depth := 0
	var quote byte
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '>' && depth <= 0:
			s.at++
			return
		}
	}
}

// chars reads text up to the next tag.
func (s *xmlScanner) chars(inside bool) (xmlToken, error) {
	end := strings.IndexByte(s.text[s.at:], '<')
	if end < 0 {
		end = len(s.text) - s.at
	}
	raw := s.text[s.at : s.at+end]
	if !inside {
		if first := strings.IndexFunc(raw, func(r rune) bool { return !isXMLSpace(r) }); first >= 0 {
			return xmlToken{}, s.failAt(s.at+first, "Non-whitespace before first tag.")
		}
	}
	start := s.at
	s.at += end
	text, err := s.entities(raw, start)
	return xmlToken{kind: xmlText, text: text}, err
}

func isXMLSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }

func isNameStart(r rune) bool {
	return r == ':' || r == '_' || r < 0x80 && (r|0x20 >= 'a' && r|0x20 <= 'z') || r >= 0xC0 && r != 0xD7 && r != 0xF7 && (unicode.IsLetter(r) || r > 0x2FF && !unicode.IsSpace(r))
}

func isNamePart(r rune) bool {
	return isNameStart(r) || r == '-' || r == '.' || r >= '0' && r <= '9' || r == 0xB7
}

// name reads a name at the scanner's place.
func (s *xmlScanner) name() string {
	rest := s.text[s.at:]
	for i, r := range rest {
		if i == 0 && !isNameStart(r) || !isNamePart(r) {
			rest = rest[:i]
			break
		}
	}
	s.at += len(rest)
	return rest
}

func (s *xmlScanner) space() bool {
	start := s.at
	for s.at < len(s.text) && isXMLSpace(rune(s.text[s.at])) {
		s.at++
	}
	return s.at > start
}

func (s *xmlScanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *xmlScanner) openTag() (xmlToken, error) {
	s.at++
	t := xmlToken{kind: xmlOpen}
	if t.text = s.name(); t.text == "" {
		if isXMLSpace(rune(s.peek())) { // sax reads on, and looks again at what follows
			s.space()
			return t, s.errorf("Unencoded <")
		}
		return t, s.end("Unencoded <")
	}
	seen := map[string]bool{}
	for spaced := s.space(); ; spaced = s.space() {
		switch c := s.peek(); {
		case s.at == len(s.text):
			return t, s.errorf("Unexpected end")
		case c == '>':
			s.at++
			s.open = append(s.open, t.text)
			return t, nil
		case c == '/':
			if s.at++; s.peek() != '>' {
				return t, s.end("Forward-slash in opening tag not followed by >")
			}
			s.at++
			s.open = append(s.open, t.text)
			s.empty = true
			return t, nil
		case !spaced:
			if len(t.attrs) > 0 || len(seen) > 0 {
				return t, s.errorf("No whitespace between attributes")
			}
			return t, s.errorf("Invalid character in tag name")
		}
		name, value, err := s.attribute()
		if err != nil {
			return t, err
		}
		if !seen[name] {
			seen[name] = true
			t.attrs = append(t.attrs, [2]string{name, value})
		}
	}
}

// end is the error of an end of the text, or the one given.
func (s *xmlScanner) end(message string) error {
	if s.at == len(s.text) {
		message = "Unexpected end"
	}
	return s.errorf("%s", message)
}

func (s *xmlScanner) attribute() (name, value string, err error) {
	if name = s.name(); name == "" {
		return "", "", s.end("Invalid attribute name")
	}
	spaced := s.space()
	if s.peek() != '=' {
		switch {
		case s.at == len(s.text):
		case spaced, s.peek() == '>':
			return "", "", s.errorf("Attribute without value")
		}
		return "", "", s.end("Invalid attribute name")
	}
	s.at++
	s.space()
	quote := s.peek()
	if quote != '"' && quote != '\'' {
		return "", "", s.end("Unquoted attribute value")
	}
	s.at++
	end := strings.IndexByte(s.text[s.at:], quote)
	if end < 0 {
		s.at = len(s.text)
		return "", "", s.errorf("Unexpected end")
	}
	start := s.at
	s.at += end + 1
	value, err = s.entities(s.text[start:start+end], start)
	return name, value, err
}

func (s *xmlScanner) closeTag() (xmlToken, error) {
	s.at += 2
	s.space()
	name := s.name()
	if name == "" {
		return xmlToken{}, s.end("Invalid tagname in closing tag.")
	}
	s.space()
	if s.peek() != '>' {
		return xmlToken{}, s.end("Invalid characters in closing tag")
	}
	if n := len(s.open); n == 0 {
		return xmlToken{}, s.errorf("Unmatched closing tag: %s", name)
	} else if s.open[n-1] != name {
		return xmlToken{}, s.errorf("Unexpected close tag")
	}
	s.at++
	return s.closed(), nil
}

func (s *xmlScanner) closed() xmlToken {
	s.open = s.open[:len(s.open)-1]
	return xmlToken{kind: xmlClose}
}

// entities puts characters in place of entities; at is where the text begins.
func (s *xmlScanner) entities(text string, at int) (string, error) {
	amp := strings.IndexByte(text, '&')
	if amp < 0 {
		return text, nil
	}
	var b strings.Builder
	rest := text
	for ; amp >= 0; amp = strings.IndexByte(rest, '&') {
		b.WriteString(rest[:amp])
		place := at + len(text) - len(rest) + amp + 1
		rest = rest[amp+1:]
		n := strings.IndexFunc(rest, func(r rune) bool { return r != '#' && !isNamePart(r) })
		if n < 0 || rest[n] != ';' {
			if n < 0 {
				n = len(rest)
			}
			return "", s.failAt(place+n, "Invalid character in entity name")
		}
		c, ok := entity(rest[:n])
		if !ok {
			return "", s.failAt(place+n, "Invalid character entity")
		}
		b.WriteString(c)
		rest = rest[n+1:]
	}
	b.WriteString(rest)
	return b.String(), nil
}

// entity is the character that an entity stands for: one by number, or by its name in HTML.
func entity(name string) (string, bool) {
	if number, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex := strings.TrimLeft(number, "xX"); hex != number {
			number, base = hex, 16
		}
		n, err := strconv.ParseUint(number, base, 32)
		if err != nil || n > unicode.MaxRune {
			return "", false
		}
		return string(rune(n)), true
	}
	text := "&" + name + ";"
	if c := html.UnescapeString(text); c != text && !strings.HasSuffix(c, ";") {
		return c, true
	}
	return "'", name == "apos"
}
