package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// SyntaxError is code that is not one JavaScript expression.
type SyntaxError struct {
	Line, Column int // in the whole template, from 1; Column counts characters
	Reason       string
	Snippet      string // the line, and a caret under the column
}

func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("invalid syntax: %s (%d:%d)", e.Reason, e.Line, e.Column)
	if e.Snippet != "" {
		text += "\n" + e.Snippet
	}
	return text
}

func syntaxError(source string, offset int, reason string) *SyntaxError {
	offset = min(max(offset, 0), len(source))
	start := strings.LastIndexByte(source[:offset], '\n') + 1
	line := source[start:]
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	column := utf8.RuneCountInString(source[start:offset])
	e := &SyntaxError{Line: strings.Count(source[:offset], "\n") + 1, Column: column + 1, Reason: reason}
	if len(line) <= 200 {
		e.Snippet = " | " + strings.ReplaceAll(line, "\t", " ") + "\n | " + strings.Repeat(".", column) + "^"
	}
	return e
}

// maxDepth is the deepest nesting of brackets in code. The parser recurses, so this bounds its stack.
const maxDepth = 200

// parse reads the code of a part into p.expr.
func (p *part) parse(source string) error {
	code := strings.TrimRight(p.text, "; \t\r\n")
	if strings.TrimSpace(code) == "" {
		return syntaxError(source, p.offset, "the expression is empty")
	}
	if at := tooDeep(code); at >= 0 {
		return syntaxError(source, p.offset+at, "the expression is nested too deeply")
	}
	p.text = code
	// The brackets make { an object and not a block; the line end closes a comment.
	ast, err := js.Parse(parse.NewInputString("("+code+"\n)"), js.Options{})
	if err != nil {
		return p.explain(source, err)
	}
	if len(ast.List) == 1 {
		if stmt, ok := ast.List[0].(*js.ExprStmt); ok {
			if group, ok := stmt.Value.(*js.GroupExpr); ok && !isDeclaration(group.X) {
				p.expr = group.X
				return nil
			}
		}
	}
	return syntaxError(source, p.offset, "the code must be one expression")
}

// isDeclaration reports whether x, without the brackets that parse adds, would be a statement.
func isDeclaration(x js.IExpr) bool {
	switch x.(type) {
	case *js.FuncDecl, *js.ClassDecl:
		return true
	}
	return false
}

func (p *part) explain(source string, err error) error {
	var pe *parse.Error
	if !errors.As(err, &pe) {
		return syntaxError(source, p.offset, err.Error())
	}
	offset := 0
	for range pe.Line - 1 {
		next := strings.IndexByte(p.text[offset:], '\n')
		if next < 0 { // in the line that parse adds
			offset = len(p.text)
			pe.Column = 1
			break
		}
		offset += next + 1
	}
	offset += pe.Column - 1
	if pe.Line == 1 {
		offset-- // the bracket
	}
	offset = min(max(offset, 0), len(p.text))
	reason := strings.TrimSuffix(pe.Message, " in expression")
	if offset >= len(strings.TrimRight(p.text, " \t\r\n")) {
		reason = "the expression is not complete"
	}
	return syntaxError(source, p.offset+offset, reason)
}

// tooDeep returns where brackets nest deeper than maxDepth, -1 if nowhere. It counts roughly: brackets
// in text count too.
func tooDeep(code string) int {
	depth := 0
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '(', '[', '{':
			if depth++; depth > maxDepth {
				return i
			}
		case ')', ']', '}':
			depth--
		}
	}
	return -1
}

// add notes what a part reads, and refuses what n8n forbids.
func (r *reads) add(p *part) error {
	v := &reader{reads: r, part: p}
	js.Walk(v, p.expr)
	return v.err
}

// reader walks through the code of a part.
type reader struct {
	*reads
	part *part
	err  error

	callsDollar bool // the $ that comes next is called
}

func (v *reader) Enter(n js.INode) js.IVisitor {
	switch n := n.(type) {
	case *js.Var:
		if name, ok := freeName(n); ok {
			v.variable(name)
		}
	case *js.DotExpr:
		v.part.catches = true
		return v.member(n.X, propertyName(n))
	case *js.IndexExpr:
		v.part.catches = true
		if name, ok := stringLiteral(n.Y); ok {
			return v.member(n.X, name)
		}
		v.part.rewrite = v.part.rewrite || isComputed(n)
	case *js.WithStmt:
		v.err = failure("", `Cannot use "with" statements due to security concerns`)
	case *js.NewTargetExpr:
		v.err = syntaxError(v.part.text, 0, "new.target has no meaning here")
	case *js.CallExpr:
		v.part.catches = true
		v.call(n)
	case *js.NewExpr, *js.TemplateExpr:
		v.part.catches = true
	}
	return v
}

func (v *reader) Exit(js.INode) {}

// freeName returns the name of a variable that the code does not declare itself.
func freeName(x js.IExpr) (name string, ok bool) {
	v, ok := x.(*js.Var)
	if !ok {
		return "", false
	}
	for v.Link != nil {
		v = v.Link
	}
	return string(v.Data), v.Decl == js.NoDecl
}

func (v *reader) variable(name string) {
	switch name {
	case "arguments", "constructor", "prototype", "__proto__":
		v.err = unsafeProperty(name)
	case "$":
		if !v.callsDollar {
			v.err = failure("", `Cannot access "$" without calling it as a function`)
		}
		v.callsDollar = false
	case "$json", "$input", "$data", "$item", "$thisItem", "$binary":
		v.wholeItem = true
	case "undefined", "NaN", "Infinity":
		return
	}
	if !slices.Contains(v.names, name) {
		v.names = append(v.names, name)
	}
}

// member notes x.name. A read of a member of $json needs only that member of the items; then the walk ends here.
func (v *reader) member(x js.IExpr, name string) js.IVisitor {
	if unsafeNames[name] {
		v.err = unsafeProperty(name)
	}
	variable, ok := freeName(x)
	if !ok {
		return v
	}
	switch variable {
	case "$json":
		if !prototypeNames[name] {
			if !slices.Contains(v.fields, name) {
				v.fields = append(v.fields, name)
			}
			if !slices.Contains(v.names, "$json") {
				v.names = append(v.names, "$json")
			}
			return nil
		}
	case "$node":
		v.node(name)
	}
	return v
}

// unsafeNames are the members that n8n forbids.
var unsafeNames = nameSet("__proto__", "prototype", "constructor", "getPrototypeOf", "setPrototypeOf", "prepareStackTrace",
	"__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "defineProperty", "defineProperties",
	"getOwnPropertyDescriptor", "getOwnPropertyDescriptors")

// isComputed reports whether the key in x[key] is known only at run time, and may be a text.
func isComputed(n *js.IndexExpr) bool {
	if name, free := freeName(n.Y); free && (name == "$itemIndex" || name == "$runIndex") {
		return false
	}
	if binary, ok := n.Y.(*js.BinaryExpr); ok && (binary.Op == js.SubToken || binary.Op == js.MulToken || binary.Op == js.ModToken) {
		return false
	}
	l, ok := n.Y.(*js.LiteralExpr)
	return !ok || l.TokenType != js.StringToken && l.TokenType&js.NumericToken == 0
}

func (v *reader) call(n *js.CallExpr) {
	callee, free := freeName(n.X)
	if dot, ok := n.X.(*js.DotExpr); ok {
		if variable, _ := freeName(dot.X); variable == "$json" {
			v.wholeItem = true // the method may look at all of it
		}
	}
	if l, ok := n.X.(*js.LiteralExpr); ok && l.TokenType == js.ImportToken {
		v.err = failure("", "Imports are not supported")
	}
	v.callsDollar = free && callee == "$"
	if free && callee == "$if" {
		v.part.rewrite = true
		if len(n.Args.List) < 2 {
			v.err = failure("$if takes a condition, a value if it is true and one if it is not", "invalid syntax")
		}
	}
	if free && (callee == "$" || callee == "$items") && len(n.Args.List) > 0 {
		if name, ok := stringLiteral(n.Args.List[0].Value); ok {
			v.node(name)
		}
	}
	if extended(n) != "" {
		v.part.rewrite = true
	}
}

func (v *reader) node(name string) {
	if !slices.Contains(v.nodeNames, name) {
		v.nodeNames = append(v.nodeNames, name)
	}
}

// propertyName is the name in x.name.
func propertyName(n *js.DotExpr) string {
	switch y := n.Y.(type) {
	case js.LiteralExpr:
		return string(y.Data)
	case *js.LiteralExpr:
		return string(y.Data)
	}
	return ""
}

// extended returns the method's name if n calls a method that n8n may extend, else "".
func extended(n *js.CallExpr) string {
	if dot, ok := n.X.(*js.DotExpr); ok {
		if name := propertyName(dot); extensionTypes[name] != nil {
			return name
		}
	}
	return ""
}
