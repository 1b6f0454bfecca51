package expression

import (
	"embed"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/cordboard/cordboard/nodes"
)

//go:embed prelude/*.js scripts/*.js
var preludeFiles embed.FS

// prelude returns what each machine of the JavaScript tier loads: the files of prelude/, in order. Those that run the
// scripts of nodes load the files of scripts/ in place of the last one, the entry.
func prelude(forScripts bool) string {
	var b strings.Builder
	b.WriteString("((extensionTypes, hostTexts, unsafeNames) => {")
	files, err := fs.Glob(preludeFiles, "prelude/*.js")
	if err != nil || len(files) == 0 {
		panic("no prelude") // it is in the binary
	}
	if forScripts {
		scripts, _ := fs.Glob(preludeFiles, "scripts/*.js") // the pattern is well formed
		files = append(files[:len(files)-1], scripts...)
	}
	for _, name := range files {
		source, err := preludeFiles.ReadFile(name)
		if err != nil {
			panic(err)
		}
		b.Write(source)
	}
	types, err := json.Marshal(extensionTypes)
	if err != nil {
		panic(err) // a map of texts
	}
	names, err := json.Marshal(slices.Sorted(maps.Keys(textFunctions)))
	if err != nil {
		panic(err) // a list of texts
	}
	unsafe, err := json.Marshal(slices.Sorted(maps.Keys(unsafeNames)))
	if err != nil {
		panic(err) // a list of texts
	}
	b.WriteString("})(" + string(types) + "," + string(names) + ",new Set(" + string(unsafe) + "))")
	return b.String()
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
			writePart(&b, &e.parts[i], i)
		}
	}
	b.WriteString("})})")
	return b.String()
}

func writePart(b *strings.Builder, p *part, number int) {
	switch {
	case !p.isCode:
		b.WriteString("+")
		b.Write(nodes.AppendString(nil, p.text))
	case p.catches:
		b.WriteString("+__print(()=>(" + p.javaScript() + "\n),true," + strconv.Itoa(number) + ")")
	default:
		b.WriteString("+__print(()=>(" + p.javaScript() + "\n),false," + strconv.Itoa(number) + ")")
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

// rewriter turns x.first(a) into __extend(x,false,"first",a) and x[key] into x[__key(key)], and makes $if lazy.
type rewriter struct{}

func (v rewriter) Enter(n js.INode) js.IVisitor {
	switch n := n.(type) {
	case *js.DotExpr:
		n.Optional = n.Optional || cutShort(n.X)
	case *js.IndexExpr:
		n.Optional = n.Optional || cutShort(n.X)
		if isComputed(n) {
			n.Y = &js.CallExpr{X: identifier("__key"), Args: js.Args{List: []js.Arg{{Value: n.Y}}}}
		}
	case *js.CallExpr:
		v.call(n)
	}
	return v
}

func (rewriter) Exit(js.INode) {}

func (v rewriter) call(n *js.CallExpr) {
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
	if n.Optional && !isOptional(dot) {
		args := []js.Arg{{Value: dot.X}, {Value: identifier(string(nodes.AppendString(nil, name)))}}
		n.X, n.Args.List, n.Optional = identifier("__extendMaybe"), append(args, n.Args.List...), false
		return
	}
	link := lastOptional(dot.X)
	if dot.Optional || link == nil {
		n.X, n.Args.List = identifier("__extend"), extendArguments(dot.X, dot.Optional, name, n.Args.List)
		return
	}
	// What stands behind the last ?. happens only if there is something before it: __cut(before, __o => …).
	before := *link.x
	*link.x, *link.optional = identifier("__o"), false
	inner := &js.CallExpr{X: identifier("__extend"), Args: js.Args{List: extendArguments(dot.X, false, name, n.Args.List)}}
	js.Walk(v, inner)
	var code strings.Builder
	inner.JS(&code)
	n.X, n.Args.List = identifier("__cut"), []js.Arg{{Value: before}, {Value: identifier("__o=>" + code.String())}}
}

func extendArguments(this js.IExpr, optional bool, name string, args []js.Arg) []js.Arg {
	flag := "false"
	if optional {
		flag = "true"
	}
	return append([]js.Arg{{Value: this}, {Value: identifier(flag)}, {Value: identifier(string(nodes.AppendString(nil, name)))}}, args...)
}

// chainLink is a link of a chain of members and calls: what stands before it, and whether a ?. does.
type chainLink struct {
	x        *js.IExpr
	optional *bool
}

func linkOf(x js.IExpr) *chainLink {
	switch n := x.(type) {
	case *js.DotExpr:
		return &chainLink{&n.X, &n.Optional}
	case *js.IndexExpr:
		return &chainLink{&n.X, &n.Optional}
	case *js.CallExpr:
		return &chainLink{&n.X, &n.Optional}
	}
	return nil
}

// lastOptional returns the last link of a chain that has a ?. before it, nil if there is none.
func lastOptional(x js.IExpr) *chainLink {
	for link := linkOf(x); link != nil; link = linkOf(*link.x) {
		if *link.optional {
			return link
		}
	}
	return nil
}

func identifier(name string) *js.LiteralExpr {
	return &js.LiteralExpr{TokenType: js.IdentifierToken, Data: []byte(name)}
}

// isOptional reports whether a chain of members and calls has a ?. in it.
func isOptional(x js.IExpr) bool { return lastOptional(x) != nil }

// cutShort reports whether x is an extension call in an optional chain: what follows must be skipped with it.
func cutShort(x js.IExpr) bool {
	call, ok := x.(*js.CallExpr)
	return ok && extended(call) != "" && isOptional(call.X)
}
