package jmespath

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

type token struct {
	kind  string // an operator is its own kind
	text  string
	value gjson.Result
	index int
}

const (
	tokenEnd    = "the end"
	tokenName   = "a name"
	tokenQuoted = "a quoted name"
	tokenNumber = "a number"
	tokenValue  = "a literal"
)

// power is how strongly a token binds what stands before it.
var power = map[string]int{"|": 1, "||": 2, "&&": 3, "==": 5, "!=": 5, "<": 5, ">": 5, "<=": 5, ">=": 5, "[]": 9,
	"*": 20, "[?": 21, ".": 40, "!": 45, "{": 50, "[": 55, "(": 60}

// maxDepth bounds the nesting of a query, and maxHeight its tree, which grows without nesting too: both bound the stack.
const (
	maxDepth  = 500
	maxHeight = 1000
)

type parser struct {
	tokens []token
	at     int
	depth  int
	names  []string
}

func (p *parser) next() token { return p.tokens[p.at] }

func (p *parser) peek(n int) string { return p.tokens[min(p.at+n, len(p.tokens)-1)].kind }

func (p *parser) advance() token {
	t := p.tokens[p.at]
	if p.at < len(p.tokens)-1 {
		p.at++
	}
	return t
}

func (p *parser) match(kind string) error {
	if p.peek(0) != kind {
		return p.unexpected()
	}
	p.advance()
	return nil
}

func (p *parser) unexpected() error {
	t := p.next()
	if t.text != "" {
		return fmt.Errorf("%w: unexpected %s %q", ErrSyntax, t.kind, t.text)
	}
	return fmt.Errorf("%w: unexpected %s", ErrSyntax, t.kind)
}

// read cuts the text into tokens.
func (p *parser) read(s string) error {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case strings.IndexByte(" \t\n\r", c) >= 0:
			i++
		case isLetter(c):
			start := i
			for i < len(s) && (isLetter(s[i]) || isDigit(s[i])) {
				i++
			}
			p.tokens = append(p.tokens, token{kind: tokenName, text: s[start:i]})
		case isDigit(c) || c == '-':
			start := i
			for i++; i < len(s) && isDigit(s[i]); i++ {
			}
			n, err := strconv.Atoi(s[start:i])
			if err != nil {
				return fmt.Errorf("%w: %q is no number", ErrSyntax, s[start:i])
			}
			p.tokens = append(p.tokens, token{kind: tokenNumber, index: n})
		case c == '"' || c == '\'' || c == '`':
			end, err := p.quoted(s, i)
			if err != nil {
				return err
			}
			i = end
		default:
			op := operatorAt(s[i:])
			if op == "" {
				return fmt.Errorf("%w: unknown character %q", ErrSyntax, s[i:i+1])
			}
			p.tokens = append(p.tokens, token{kind: op})
			i += len(op)
		}
	}
	p.tokens = append(p.tokens, token{kind: tokenEnd})
	return nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

func operatorAt(s string) string {
	for _, op := range []string{"[]", "[?", "==", "!=", "<=", ">=", "&&", "||", "[", "]", "{", "}", "(", ")", ".", "*", "|", "&", "<", ">", "!", ",", ":", "@"} {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}

// quoted reads a quoted name, a raw text or a literal that begins at i, and returns where it ends.
func (p *parser) quoted(s string, i int) (end int, err error) {
	quote := s[i]
	end = i + 1
	for end < len(s) && s[end] != quote {
		if s[end] == '\\' && end+1 < len(s) {
			end++
		}
		end++
	}
	inner := s[i+1 : min(end, len(s))]
	switch quote {
	case '\'':
		p.tokens = append(p.tokens, token{kind: tokenValue, value: text(strings.ReplaceAll(inner, `\'`, `'`))})
	case '`':
		v, err := literal(strings.ReplaceAll(strings.TrimLeft(inner, " \t\r\n"), "\\`", "`"))
		if err != nil {
			return 0, err
		}
		p.tokens = append(p.tokens, token{kind: tokenValue, value: v})
	default:
		name := `"` + inner + `"`
		if end >= len(s) || !gjson.Valid(name) {
			return 0, fmt.Errorf("%w: %s is not closed", ErrSyntax, s[i:])
		}
		p.tokens = append(p.tokens, token{kind: tokenQuoted, text: gjson.Parse(name).Str})
	}
	return min(end+1, len(s)), nil
}

// literal reads what stands between backticks: JSON, or else text.
func literal(s string) (gjson.Result, error) {
	if s != "" && strings.IndexByte(`[{"-0123456789tfn`, s[0]) >= 0 {
		json, err := nodes.Normalize(s)
		switch {
		case err == nil && (strings.IndexByte("tfn", s[0]) < 0 || json == s):
			return gjson.Parse(json), nil
		case strings.IndexByte(`[{"`, s[0]) >= 0:
			return null, fmt.Errorf("%w: %.100s is no JSON: %w", ErrSyntax, s, err)
		}
	}
	if quoted := `"` + s + `"`; gjson.Valid(quoted) {
		return gjson.Parse(quoted), nil
	}
	return null, fmt.Errorf("%w: %s is no literal", ErrSyntax, s)
}

func (p *parser) expression(rightPower int) (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("%w: it is nested too deeply", ErrSyntax)
	}
	defer func() { p.depth-- }()
	left, err := p.prefix(p.advance())
	for err == nil && left.measure() <= maxHeight && rightPower < power[p.peek(0)] {
		left, err = p.infix(p.advance().kind, left)
	}
	if err == nil && left.measure() > maxHeight {
		err = fmt.Errorf("%w: it has too many steps in a row", ErrSyntax)
	}
	return left, err
}

// measure is the height of a tree. It measures only what is new: expression measures every tree that it returns.
func (n *node) measure() int {
	if n.height == 0 {
		for _, c := range n.children {
			n.height = max(n.height, c.measure())
		}
		n.height++
	}
	return n.height
}

var identity = &node{kind: kindIdentity, height: 1}

func (p *parser) field(name string) *node {
	p.names = append(p.names, name)
	return &node{kind: kindField, text: name}
}

// prefix reads what begins with a token.
func (p *parser) prefix(t token) (*node, error) {
	switch t.kind {
	case tokenValue:
		return &node{kind: kindLiteral, value: t.value}, nil
	case tokenName:
		return p.field(t.text), nil
	case tokenQuoted:
		if p.peek(0) == "(" {
			return nil, fmt.Errorf("%w: a function's name is not quoted", ErrSyntax)
		}
		return p.field(t.text), nil
	case "@":
		return identity, nil
	case "!":
		return p.unary(kindNot, 45)
	case "&":
		return p.unary(kindReference, 0)
	case "*":
		if p.peek(0) == "]" {
			return &node{kind: kindValues, children: []*node{identity, identity}}, nil
		}
		return p.projection(kindValues, identity, 20)
	case "[?", "[]":
		return p.infix(t.kind, identity)
	case "{":
		return p.hash()
	case "[":
		if k := p.peek(0); k == tokenNumber || k == ":" {
			return p.indexed(identity)
		}
		if p.peek(0) == "*" && p.peek(1) == "]" {
			p.advance()
			p.advance()
			return p.projection(kindProjection, identity, 20)
		}
		return p.list()
	case "(":
		inner, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return inner, p.match(")")
	}
	return nil, fmt.Errorf("%w: unexpected %s", ErrSyntax, t.kind)
}

func (p *parser) unary(k kind, rightPower int) (*node, error) {
	operand, err := p.expression(rightPower)
	return &node{kind: k, children: []*node{operand}}, err
}

func (p *parser) binary(k kind, left *node, rightPower int) (*node, error) {
	right, err := p.expression(rightPower)
	return &node{kind: k, children: []*node{left, right}}, err
}

// infix reads what follows an operator.
func (p *parser) infix(op string, left *node) (*node, error) {
	switch op {
	case ".":
		if p.peek(0) == "*" {
			p.advance()
			return p.projection(kindValues, left, 40)
		}
		right, err := p.afterDot(40)
		return &node{kind: kindSub, children: []*node{left, right}}, err
	case "|":
		return p.binary(kindSub, left, 1)
	case "||":
		return p.binary(kindOr, left, 2)
	case "&&":
		return p.binary(kindAnd, left, 3)
	case "(":
		return p.arguments(left)
	case "[?":
		condition, err := p.expression(0)
		if err == nil {
			err = p.match("]")
		}
		if err != nil {
			return nil, err
		}
		if p.peek(0) == "[]" {
			return &node{kind: kindFilter, children: []*node{left, identity, condition}}, nil
		}
		n, err := p.projection(kindFilter, left, 21)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, condition)
		return n, nil
	case "[]":
		return p.projection(kindProjection, &node{kind: kindFlatten, children: []*node{left}}, 9)
	case "[":
		if k := p.peek(0); k == tokenNumber || k == ":" {
			return p.indexed(left)
		}
		if err := p.match("*"); err != nil {
			return nil, err
		}
		if err := p.match("]"); err != nil {
			return nil, err
		}
		return p.projection(kindProjection, left, 20)
	}
	if power[op] == 5 {
		n, err := p.binary(kindCompare, left, 5)
		n.text = op
		return n, err
	}
	return nil, fmt.Errorf("%w: unexpected %s", ErrSyntax, op)
}

func (p *parser) projection(k kind, left *node, rightPower int) (*node, error) {
	right, err := p.projected(rightPower)
	return &node{kind: k, children: []*node{left, right}}, err
}

// projected reads what is done with each element of a projection.
func (p *parser) projected(rightPower int) (*node, error) {
	switch k := p.peek(0); {
	case power[k] < 10:
		return identity, nil
	case k == "[" || k == "[?":
		// The elements are what the brackets stand behind.
		return p.expression(rightPower)
	case k == ".":
		p.advance()
		return p.afterDot(rightPower)
	}
	return nil, p.unexpected()
}

func (p *parser) afterDot(rightPower int) (*node, error) {
	switch p.peek(0) {
	case tokenName, tokenQuoted, "*":
		return p.expression(rightPower)
	case "[":
		p.advance()
		return p.list()
	case "{":
		p.advance()
		return p.hash()
	}
	return nil, p.unexpected()
}

// indexed reads the inside of [1] and [1:2:3].
func (p *parser) indexed(left *node) (*node, error) {
	if p.peek(0) == tokenNumber && p.peek(1) != ":" {
		index := p.advance().index
		return &node{kind: kindSub, children: []*node{left, {kind: kindIndex, index: index}}}, p.match("]")
	}
	slice := &node{kind: kindSlice}
	for i := 0; i < 3 && p.peek(0) != "]"; {
		switch t := p.advance(); t.kind {
		case ":":
			i++
		case tokenNumber:
			slice.slice[i] = &t.index
		default:
			return nil, fmt.Errorf("%w: unexpected %s in a slice", ErrSyntax, t.kind)
		}
	}
	if err := p.match("]"); err != nil {
		return nil, err
	}
	return p.projection(kindProjection, &node{kind: kindSub, children: []*node{left, slice}}, 20)
}

func (p *parser) list() (*node, error) {
	n := &node{kind: kindList}
	for p.peek(0) != "]" {
		e, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, e)
		if p.peek(0) == "," {
			p.advance()
			if p.peek(0) == "]" {
				return nil, p.unexpected()
			}
		} else if p.peek(0) != "]" {
			return nil, p.unexpected()
		}
	}
	return n, p.match("]")
}

func (p *parser) hash() (*node, error) {
	n := &node{kind: kindHash}
	for {
		key := p.advance()
		if key.kind != tokenName && key.kind != tokenQuoted {
			return nil, fmt.Errorf("%w: unexpected %s, not a key", ErrSyntax, key.kind)
		}
		if err := p.match(":"); err != nil {
			return nil, err
		}
		value, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		n.keys, n.children = append(n.keys, key.text), append(n.children, value)
		switch t := p.advance(); t.kind {
		case "}":
			return n, nil
		case ",":
		default:
			return nil, fmt.Errorf("%w: unexpected %s in a hash", ErrSyntax, t.kind)
		}
	}
}

func (p *parser) arguments(callee *node) (*node, error) {
	if callee.kind != kindField {
		return nil, fmt.Errorf("%w: only a name can be called", ErrSyntax)
	}
	p.names = p.names[:len(p.names)-1]
	n := &node{kind: kindCall, text: callee.text}
	for p.peek(0) != ")" {
		arg, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, arg)
		if p.peek(0) == "," {
			p.advance()
		} else if p.peek(0) != ")" {
			return nil, p.unexpected()
		}
	}
	return n, p.match(")")
}
