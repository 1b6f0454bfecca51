package expression

import (
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/cordboard/cordboard/nodes"
)

//go:embed prelude.js
var preludeSource string

// prelude returns what each machine of the JavaScript tier loads.
func prelude() string {
	types, err := json.Marshal(extensionTypes)
	if err != nil {
		panic(err) // a map of texts
	}
	return "((extensionTypes) => {" + preludeSource + "})(" + string(types) + ")"
}

// programOf writes an expression as the program that prelude.js runs: the names that it reads, a function of their
// values, and whether JavaScript's errors make the value undefined.
func programOf(e *Expression) string {
	var b strings.Builder
	var names []byte
	for i, name := range e.reads.names {
		if i > 0 {
			names = append(names, ',')
		}
		names = nodes.AppendString(names, name)
	}
	b.WriteString("({names:[" + string(names) + "],catches:")
	if !e.single() || !e.parts[0].catches { // several parts catch for themselves
		b.WriteString("false")
	} else {
		b.WriteString("true")
	}
	b.WriteString(",run:(function(" + strings.Join(e.reads.names, ",") + "){return ")
	if e.single() {
		b.WriteString("(" + e.parts[0].javaScript() + "\n)")
	} else {
		b.WriteString(`""`)
		for i := range e.parts {
			writePart(&b, &e.parts[i])
		}
	}
	b.WriteString("})})")
	return b.String()
}

func writePart(b *strings.Builder, p *part) {
	switch {
	case !p.isCode:
		b.WriteString("+")
		b.Write(nodes.AppendString(nil, p.text))
	case p.catches:
		b.WriteString("+__print(()=>(" + p.javaScript() + "\n),true)")
	default:
		b.WriteString("+__print(()=>(" + p.javaScript() + "\n),false)")
	}
}

// javaScript is a part's code for the engine.
func (p *part) javaScript() string {
	if !p.rewrite {
		return p.text
	}
	js.Walk(rewriter{}, p.expr)
	var b strings.Builder
	p.expr.JS(&b)
	return b.String()
}

// rewriter turns x.first(a) into __extend(x,false,"first",a) and makes $if lazy.
type rewriter struct{}

func (v rewriter) Enter(n js.INode) js.IVisitor {
	switch n := n.(type) {
	case *js.DotExpr:
		n.Optional = n.Optional || cutShort(n.X)
	case *js.IndexExpr:
		n.Optional = n.Optional || cutShort(n.X)
	case *js.CallExpr:
		v.call(n)
	}
	return v
}

func (rewriter) Exit(js.INode) {}

func (rewriter) call(n *js.CallExpr) {
	if name, ok := freeName(n.X); ok && name == "$if" && len(n.Args.List) >= 2 {
		lazy := &js.CondExpr{Cond: &js.GroupExpr{X: n.Args.List[0].Value}, X: &js.GroupExpr{X: n.Args.List[1].Value}, Y: identifier("false")}
		if len(n.Args.List) > 2 {
			lazy.Y = &js.GroupExpr{X: n.Args.List[2].Value}
		}
		n.X, n.Args.List = identifier("__same"), []js.Arg{{Value: lazy}}
		return
	}
	name := extended(n)
	if name == "" {
		n.Optional = n.Optional || cutShort(n.X)
		return
	}
	dot := n.X.(*js.DotExpr)
	optional := "false"
	if isOptional(dot) {
		optional = "true"
	}
	args := []js.Arg{{Value: dot.X}, {Value: identifier(optional)}, {Value: identifier(string(nodes.AppendString(nil, name)))}}
	n.X, n.Args.List = identifier("__extend"), append(args, n.Args.List...)
}

func identifier(name string) *js.LiteralExpr {
	return &js.LiteralExpr{TokenType: js.IdentifierToken, Data: []byte(name)}
}

// isOptional reports whether a chain of members and calls has a ?. in it.
func isOptional(x js.IExpr) bool {
	for {
		switch n := x.(type) {
		case *js.DotExpr:
			if n.Optional {
				return true
			}
			x = n.X
		case *js.IndexExpr:
			if n.Optional {
				return true
			}
			x = n.X
		case *js.CallExpr:
			if n.Optional {
				return true
			}
			x = n.X
		default:
			return false
		}
	}
}

// cutShort reports whether x is an extension call in an optional chain: what follows must be skipped with it.
func cutShort(x js.IExpr) bool {
	call, ok := x.(*js.CallExpr)
	return ok && extended(call) != "" && isOptional(call.X)
}
