package pbxsim

import (
	"fmt"
	"regexp"
	"strings"
)

// tokenKind tells the tokens of a filter apart.
type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenLiteral
	tokenPunct
)

type token struct {
	kind tokenKind
	text string
	lit  literal
	pos  int
}

func (t token) String() string {
	if t.kind == tokenEnd {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

// maxFilter bounds a filter's length, maxDepth how deep its parentheses go.
const (
	maxFilter = 32 << 10
	maxDepth  = 100
)

var (
	// The longest form first: a date-time begins as a date does, a date as a number.
	bareForms = []*regexp.Regexp{
		regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`),
		regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,12})?)?([zZ]|[+-][0-9]{2}:[0-9]{2})?`),
		regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}`),
		regexp.MustCompile(`^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,12})?)?`),
		regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?`),
		regexp.MustCompile(`^-?INF`),
	}
	nameForm = regexp.MustCompile(`^[A-Za-z_@$][A-Za-z0-9_.@$]*`)
)

// lexFilter splits a filter into tokens, the last of which is tokenEnd.
func lexFilter(text string) ([]token, error) {
	if len(text) > maxFilter {
		return nil, fmt.Errorf("has %d bytes, more than %d", len(text), maxFilter)
	}
	var tokens []token
	for pos := 0; pos < len(text); {
		if text[pos] == ' ' || text[pos] == '\t' {
			pos++
			continue
		}
		t, n, err := lexOne(text, pos)
		if err != nil {
			return nil, fmt.Errorf("%w at offset %d", err, pos)
		}
		tokens = append(tokens, t)
		pos += n
	}
	return append(tokens, token{kind: tokenEnd, pos: len(text)}), nil
}

func lexOne(text string, pos int) (token, int, error) {
	rest := text[pos:]
	switch c := rest[0]; {
	case c == '\'':
		value, n, ok := unquote(rest[1:])
		if !ok {
			return token{}, 0, fmt.Errorf("quoted text has no closing quote")
		}
		return token{tokenLiteral, rest[:n+1], literal{literalText, value}, pos}, n + 1, nil
	case strings.IndexByte("(),/:;=*", c) >= 0:
		return token{kind: tokenPunct, text: rest[:1], pos: pos}, 1, nil
	}
	for _, form := range bareForms {
		if found := form.FindString(rest); found != "" && !continuesName(rest, len(found)) {
			lit, err := bareLiteral(found)
			return token{tokenLiteral, found, lit, pos}, len(found), err
		}
	}
	if name := nameForm.FindString(rest); name != "" {
		return lexName(rest, name, pos)
	}
	if rest[0] == '-' {
		return token{kind: tokenPunct, text: "-", pos: pos}, 1, nil
	}
	return token{}, 0, fmt.Errorf("unexpected %q", firstRune(rest))
}

// lexName reads a name, one of the literals that look like one, or a typed literal (Pbx.PeerType'Queue').
func lexName(rest, name string, pos int) (token, int, error) {
	if len(name) < len(rest) && rest[len(name)] == '\'' {
		value, n, ok := unquote(rest[len(name)+1:])
		if !ok {
			return token{}, 0, fmt.Errorf("quoted text has no closing quote")
		}
		kind := literalText
		if name == "duration" {
			kind = literalDuration
			if !durationForm.MatchString(value) {
				return token{}, 0, fmt.Errorf("%q is no duration", value)
			}
		}
		n += len(name) + 1
		return token{tokenLiteral, rest[:n], literal{kind, value}, pos}, n, nil
	}
	switch name {
	case "null", "true", "false", "NaN", "INF":
		lit, err := bareLiteral(name)
		return token{tokenLiteral, name, lit, pos}, len(name), err
	}
	return token{kind: tokenName, text: name, pos: pos}, len(name), nil
}

func continuesName(s string, n int) bool { return n < len(s) && isNameByte(s[n]) }

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
