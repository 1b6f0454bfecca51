package pbxsim

import (
	"fmt"
	"strings"
)

// The grammar of $filter, binding more tightly from top to bottom; names of operators are in small letters:
//
//	or      = and *( "or" and )
//	and     = not *( "and" not )
//	not     = "not" not / compare
//	compare = sum [ ( "eq" / "ne" / "gt" / "ge" / "lt" / "le" / "has" ) sum / "in" "(" sum *( "," sum ) ")" ]
//	sum     = product *( ( "add" / "sub" ) product )
//	product = unary *( ( "mul" / "div" / "mod" ) unary )
//	unary   = "-" unary / primary
//	primary = literal / "(" or ")" / function "(" [ or *( "," or ) ] ")" / path
//	path    = name *( "/" name ) [ "/$count" / "/any()" / "/" ( "any" / "all" ) "(" name ":" or ")" ]

// expr is a node of a parsed filter.
type expr interface {
	// check says what kind of value the expression gives, or what is wrong with it.
	check(s *scope) (*shape, error)
	eval(e *env) any
}

type (
	literalExpr struct{ lit literal }
	pathExpr    struct {
		parts []string
		count bool
	}
	lambdaExpr struct {
		path     pathExpr
		all      bool
		variable string
		body     expr // nil: any()
	}
	notExpr    struct{ operand expr }
	negateExpr struct{ operand expr }
	binaryExpr struct {
		op          string
		left, right expr
	}
	inExpr struct {
		left expr
		list []expr
	}
	callExpr struct {
		name string
		args []expr
	}
)

// parseFilter reads a $filter.
func parseFilter(text string) (expr, error) {
	tokens, err := lexFilter(text)
	if err != nil {
		return nil, err
	}
	p := &filterParser{tokens: tokens}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, p.unexpected("an operator or the end")
	}
	return e, nil
}

type filterParser struct {
	tokens []token
	pos    int
	depth  int
}

func (p *filterParser) peek() token { return p.tokens[p.pos] }

func (p *filterParser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

func (p *filterParser) takeName(names ...string) (string, bool) {
	t := p.peek()
	for _, name := range names {
		if t.kind == tokenName && t.text == name {
			p.pos++
			return name, true
		}
	}
	return "", false
}

func (p *filterParser) takePunct(text string) bool {
	if t := p.peek(); t.kind == tokenPunct && t.text == text {
		p.pos++
		return true
	}
	return false
}

func (p *filterParser) unexpected(wanted string) error {
	t := p.peek()
	return fmt.Errorf("expected %s, found %s at offset %d", wanted, t, t.pos)
}

// enter counts nesting; the caller defers what it returns.
func (p *filterParser) enter() (func(), error) {
	p.depth++
	if p.depth > maxDepth {
		return func() {}, fmt.Errorf("is nested more than %d deep", maxDepth)
	}
	return func() { p.depth-- }, nil
}

func (p *filterParser) or() (expr, error) {
	leave, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	return p.chain(p.and, "or")
}

func (p *filterParser) and() (expr, error) { return p.chain(p.not, "and") }

func (p *filterParser) sum() (expr, error) { return p.chain(p.product, "add", "sub") }

func (p *filterParser) product() (expr, error) { return p.chain(p.unary, "mul", "div", "mod") }

// chain reads operands joined by left-associative operators.
func (p *filterParser) chain(operand func() (expr, error), ops ...string) (expr, error) {
	left, err := operand()
	if err != nil {
		return nil, err
	}
	for {
		op, ok := p.takeName(ops...)
		if !ok {
			return left, nil
		}
		right, err := operand()
		if err != nil {
			return nil, err
		}
		left = binaryExpr{op, left, right}
	}
}

func (p *filterParser) not() (expr, error) {
	if _, ok := p.takeName("not"); !ok {
		return p.compare()
	}
	leave, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	operand, err := p.not()
	if err != nil {
		return nil, err
	}
	return notExpr{operand}, nil
}

func (p *filterParser) compare() (expr, error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	if op, ok := p.takeName("eq", "ne", "gt", "ge", "lt", "le", "has"); ok {
		right, err := p.sum()
		if err != nil {
			return nil, err
		}
		return binaryExpr{op, left, right}, nil
	}
	if _, ok := p.takeName("in"); !ok {
		return left, nil
	}
	if !p.takePunct("(") {
		return nil, p.unexpected("( after in")
	}
	list, err := p.list()
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("the list after in is empty")
	}
	return inExpr{left, list}, nil
}

// list reads expressions up to the closing parenthesis, which it consumes.
func (p *filterParser) list() ([]expr, error) {
	var list []expr
	if p.takePunct(")") {
		return nil, nil
	}
	for {
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if p.takePunct(")") {
			return list, nil
		}
		if !p.takePunct(",") {
			return nil, p.unexpected(", or )")
		}
	}
}

func (p *filterParser) unary() (expr, error) {
	if !p.takePunct("-") {
		return p.primary()
	}
	leave, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	operand, err := p.unary()
	if err != nil {
		return nil, err
	}
	return negateExpr{operand}, nil
}

func (p *filterParser) primary() (expr, error) {
	switch t := p.peek(); {
	case t.kind == tokenLiteral:
		p.pos++
		return literalExpr{t.lit}, nil
	case t.kind == tokenPunct && t.text == "(":
		p.pos++
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.takePunct(")") {
			return nil, p.unexpected(")")
		}
		return e, nil
	case t.kind == tokenName && !isOperator(t.text):
		return p.nameOrCall()
	}
	return nil, p.unexpected("a value, a property, a function or (")
}

func isOperator(name string) bool {
	switch name {
	case "or", "and", "not", "eq", "ne", "gt", "ge", "lt", "le", "has", "in", "add", "sub", "mul", "div", "mod":
		return true
	}
	return false
}

func (p *filterParser) nameOrCall() (expr, error) {
	t := p.next()
	if p.takePunct("(") {
		if _, known := functions[t.text]; !known {
			return nil, fmt.Errorf("there is no function %q at offset %d", t.text, t.pos)
		}
		args, err := p.list()
		if err != nil {
			return nil, err
		}
		return callExpr{t.text, args}, nil
	}
	path := pathExpr{parts: []string{t.text}}
	for p.takePunct("/") {
		part := p.next()
		if part.kind != tokenName {
			p.pos--
			return nil, p.unexpected("a name after /")
		}
		if part.text == "$count" {
			path.count = true
			return path, nil
		}
		if (part.text == "any" || part.text == "all") && p.takePunct("(") {
			return p.lambda(path, part.text == "all")
		}
		path.parts = append(path.parts, part.text)
	}
	return path, nil
}

func (p *filterParser) lambda(path pathExpr, all bool) (expr, error) {
	l := lambdaExpr{path: path, all: all}
	if p.takePunct(")") {
		if all {
			return nil, fmt.Errorf("all() needs a condition: %s/all(x:…)", strings.Join(path.parts, "/"))
		}
		return l, nil
	}
	t := p.next()
	if t.kind != tokenName || !p.takePunct(":") {
		return nil, fmt.Errorf("expected a variable and a colon at offset %d: %s/any(x:…)", t.pos, strings.Join(path.parts, "/"))
	}
	l.variable = t.text
	var err error
	if l.body, err = p.or(); err != nil {
		return nil, err
	}
	if !p.takePunct(")") {
		return nil, p.unexpected(")")
	}
	return l, nil
}
