// Package expression is n8n's expression language: templates of text and {{ code }}, the code being one JavaScript
// expression that sees $json, $('Node'), $now and so on. It owns the reading of templates, the native tier that
// evaluates the common shapes with no JavaScript, the code that runs everything else in package script, and the
// wording of n8n's errors. It does not know how a workflow runs: what an expression sees of the run is asked of a
// Scope, which the engine implements.
//
// The way of an expression:
//
//	Compile:  source ─▶ split into text and code ─▶ parse ─▶ native tier, or a program for the JavaScript tier
//	Eval:     a Batch holds the columns of one step; the native tier answers item by item, the JavaScript tier
//	          computes a column of many items at the first request for one of them
//
// Both tiers mean the same. The native tier gives up at run time (and the JavaScript tier answers) wherever it could
// not be exact, so what it does answer is what JavaScript would.
package expression

import (
	"slices"
	"strings"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/script"
)

// maxSource is the longest expression in bytes.
const maxSource = 1 << 20

// Expression is a compiled expression. It never changes and is safe for concurrent use.
type Expression struct {
	source string
	parts  []part
	native []nativeCode    // by part; nil if the expression needs JavaScript
	script *script.Program // built for every expression that has code
	reads  reads
	kept   bool // its value is one of an item, as it is
}

var _ nodes.Expression = (*Expression)(nil)

// reads is what the code of an expression looks at.
type reads struct {
	names     []string // variables that are not JavaScript's own, in order
	nodeNames []string // literal names of other nodes
	fields    []string // members of $json, if wholeItem is not set
	wholeItem bool
}

// Source is the text as the workflow holds it, without the leading "=".
func (e *Expression) Source() string { return e.source }

// Native reports whether the expression is evaluated without JavaScript (but for values that need it after all).
func (e *Expression) Native() bool { return e.native != nil }

// Nodes are the names of other nodes that the expression refers to by a literal name.
func (e *Expression) Nodes() []string { return slices.Clone(e.reads.nodeNames) }

// Compile compiles a parameter's expression, given without the leading "=". Its error is a *SyntaxError, or a
// *nodes.Error where n8n forbids the code.
func Compile(source string) (*Expression, error) {
	if len(source) > maxSource {
		return nil, failure("", "the expression is longer than %d bytes", maxSource)
	}
	if strings.Contains(source, ".constructor") {
		return nil, constructorInText()
	}
	e := &Expression{source: source, parts: split(source), native: []nativeCode{}}
	native := true
	for i := range e.parts {
		p := &e.parts[i]
		if !p.isCode {
			e.native = append(e.native, constant(nodes.StringValue(p.text)))
			continue
		}
		if err := p.parse(source); err != nil {
			return nil, err
		}
		if err := e.reads.add(p); err != nil {
			return nil, err
		}
		code, ok := compileNative(p.expr)
		e.native, native = append(e.native, code), native && ok
		e.kept = keepsOrder(p.expr)
	}
	if !native {
		e.native = nil
	}
	if e.hasCode() {
		e.script = script.NewProgram(programOf(e))
	}
	for i := range e.parts {
		e.parts[i].expr = nil // the tree is not needed any more
	}
	return e, nil
}

func (e *Expression) hasCode() bool {
	return slices.ContainsFunc(e.parts, func(p part) bool { return p.isCode })
}

// single reports whether the expression is one {{ }} and nothing else, so that its value keeps its type.
func (e *Expression) single() bool { return len(e.parts) == 1 && e.parts[0].isCode }
