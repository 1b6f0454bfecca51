package pbxsim

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// The grammar of a path below /xapi/v1, read from the path as it was sent:
//
//	path     = "/" segment *( "/" segment )
//	segment  = name [ "(" [ literal / named *( "," named ) ] ")" ]
//	named    = name "=" literal
//	literal  = "null" / "true" / "false" / integer / decimal / date-time / date / uuid / quoted
//	quoted   = "'" *( any character but ' / "''" ) "'"
//
// Each segment is percent-decoded on its own after the path was split, so %2F belongs to a value.

// literalKind is the form in which a literal was written.
type literalKind string

const (
	literalNull     literalKind = "null"
	literalText     literalKind = "quoted text"
	literalBool     literalKind = "boolean"
	literalInteger  literalKind = "integer"
	literalDecimal  literalKind = "decimal"
	literalDateTime literalKind = "date-time"
	literalDate     literalKind = "date"
	literalTime     literalKind = "time of day"
	literalDuration literalKind = "duration"
	literalUUID     literalKind = "uuid"
)

// literal is a value in a path or filter. Text is without quotes and with doubled quotes halved.
type literal struct {
	kind literalKind
	text string
}

// argument is a key or a function's argument; a key by position has no name.
type argument struct {
	name  string
	value literal
}

// segment is one parsed part of a path. parens tells "GetFilter()" from "GetFilter".
type segment struct {
	name   string
	parens bool
	args   []argument
}

// maxPath bounds what the grammar reads; it is above what HTTP servers take as a request line.
const maxPath = 64 << 10

// parsePath reads a raw (still percent-encoded) path that starts with a slash.
func parsePath(raw string) ([]segment, error) {
	if len(raw) > maxPath {
		return nil, fmt.Errorf("the path has %d bytes, more than %d", len(raw), maxPath)
	}
	rest, ok := strings.CutPrefix(raw, "/")
	if !ok || rest == "" {
		return nil, fmt.Errorf("the path is empty: it names an entity set, such as /Users")
	}
	var segs []segment
	for i, part := range strings.Split(rest, "/") {
		seg, err := parseSegment(part)
		if err != nil {
			return nil, fmt.Errorf("segment %d of the path, %q: %w", i+1, part, err)
		}
		segs = append(segs, seg)
	}
	return segs, nil
}

func parseSegment(raw string) (segment, error) {
	if raw == "" {
		return segment{}, fmt.Errorf("is empty")
	}
	text, err := url.PathUnescape(raw)
	if err != nil {
		return segment{}, fmt.Errorf("is not percent-encoded rightly: %w", err)
	}
	p := pathParser{text: text}
	return p.segment()
}

// pathParser reads one decoded segment.
type pathParser struct {
	text string
	pos  int
}

func (p *pathParser) rest() string { return p.text[p.pos:] }

func (p *pathParser) take(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *pathParser) name() string {
	start := p.pos
	for p.pos < len(p.text) && isNameByte(p.text[p.pos]) {
		p.pos++
	}
	return p.text[start:p.pos]
}

func isNameByte(c byte) bool {
	return c == '_' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *pathParser) segment() (segment, error) {
	s := segment{name: p.name()}
	if s.name == "" {
		return s, fmt.Errorf("does not start with a name")
	}
	if p.pos == len(p.text) {
		return s, nil
	}
	if !p.take('(') {
		return s, fmt.Errorf("unexpected %q after %s", p.rest(), s.name)
	}
	s.parens = true
	if err := p.arguments(&s); err != nil {
		return s, err
	}
	if p.pos != len(p.text) {
		return s, fmt.Errorf("unexpected %q after the closing parenthesis", p.rest())
	}
	return s, nil
}

func (p *pathParser) arguments(s *segment) error {
	if p.take(')') {
		return nil
	}
	for {
		arg, err := p.argument()
		if err != nil {
			return err
		}
		for _, other := range s.args {
			if other.name == arg.name {
				return fmt.Errorf("the argument %q stands there twice", arg.name)
			}
		}
		s.args = append(s.args, arg)
		if p.take(')') {
			break
		}
		if !p.take(',') {
			return fmt.Errorf("expected , or ) before %q", p.rest())
		}
	}
	if len(s.args) > 1 {
		for _, arg := range s.args {
			if arg.name == "" {
				return fmt.Errorf("several arguments must all have names")
			}
		}
	}
	return nil
}

func (p *pathParser) argument() (argument, error) {
	start := p.pos
	if name := p.name(); name != "" && p.take('=') {
		value, err := p.literal()
		if err != nil {
			return argument{}, fmt.Errorf("argument %s: %w", name, err)
		}
		return argument{name: name, value: value}, nil
	}
	p.pos = start
	value, err := p.literal()
	if err != nil {
		return argument{}, fmt.Errorf("key: %w", err)
	}
	return argument{value: value}, nil
}

func (p *pathParser) literal() (literal, error) {
	if p.take('\'') {
		text, n, ok := unquote(p.rest())
		if !ok {
			return literal{}, fmt.Errorf("quoted text has no closing quote (a / in a value is sent as %%2F, a ' as '')")
		}
		p.pos += n
		return literal{literalText, text}, nil
	}
	end := strings.IndexAny(p.rest(), ",)")
	if end < 0 {
		return literal{}, fmt.Errorf("no closing parenthesis after %q", p.rest())
	}
	text := p.rest()[:end]
	p.pos += end
	return bareLiteral(text)
}

// unquote reads text up to the closing quote, which it consumes; n is what it read.
func unquote(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

var (
	integerForm  = regexp.MustCompile(`^-?[0-9]{1,19}$`)
	decimalForm  = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$|^(NaN|-?INF)$`)
	dateForm     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	timeForm     = regexp.MustCompile(`^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,12})?)?$`)
	localForm    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]*$`)
	uuidForm     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	durationForm = regexp.MustCompile(`^-?P([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?$`)
)

// bareLiteral says what a value without quotes is.
func bareLiteral(text string) (literal, error) {
	switch {
	case text == "":
		return literal{}, fmt.Errorf("has no value (empty text is written '')")
	case text == "null":
		return literal{literalNull, text}, nil
	case text == "true" || text == "false":
		return literal{literalBool, text}, nil
	case integerForm.MatchString(text):
		return literal{literalInteger, text}, nil
	case decimalForm.MatchString(text):
		return literal{literalDecimal, text}, nil
	case uuidForm.MatchString(text):
		return literal{literalUUID, text}, nil
	case timeForm.MatchString(text):
		return literal{literalTime, text}, nil
	case localForm.MatchString(text):
		return literal{}, fmt.Errorf("the date-time %s has neither Z nor an offset", text)
	}
	if _, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return literal{literalDateTime, text}, nil
	}
	if dateForm.MatchString(text) {
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return literal{literalDate, text}, nil
		}
	}
	return literal{}, fmt.Errorf("%q is no literal: text stands in quotes", text)
}
