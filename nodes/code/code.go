// Package code is the nodes that run JavaScript of the workflow: Code, and the older Function and Function Item. It owns
// what their code may ask for (helpers, requests, binary data), how often it runs and what its results become (library.js).
// The engine runs the code and lets it see what expressions see (nodes.Scripts).
package code

import (
	"context"
	_ "embed"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	descriptors "github.com/cordboard/cordboard/descriptors/core"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/script"
)

//go:embed library.js
var library string

// Nodes returns the nodes of this package.
func Nodes() []nodes.Type {
	node := func(name string, n nodes.Node) nodes.Type {
		return nodes.Type{Descriptor: descriptors.Node(name), Node: n, Origin: "built in"}
	}
	return []nodes.Type{node("code", code{}), node("function", function{}), node("functionItem", functionItem{})}
}

// ownNames are what the library binds for all three nodes.
var ownNames = []string{"console", "require", "module", "global", "globalThis", "helpers", "$getWorkflowStaticData", "$execution"}

// way is how a node runs its code: a way of library.js, and the names that it binds.
type way struct {
	name  string
	names []string
	each  bool // item by item
	old   bool // Function and Function Item
}

var (
	allItems    = way{name: "all", names: []string{"items"}}
	eachItem    = way{name: "each", names: []string{"item"}, each: true}
	oldFunction = way{name: "function", names: []string{"items", "getWorkflowStaticData", "getNodeParameter"}, old: true}
	oldEachItem = way{name: "functionItem", names: append([]string{"item", "getWorkflowStaticData", "getNodeParameter"}, binaryNames...), each: true, old: true}
	binaryNames = []string{"getBinaryData", "setBinaryData", "getBinaryDataAsync", "setBinaryDataAsync"}
)

var (
	_ nodes.Node = code{}
	_ nodes.Node = function{}
	_ nodes.Node = functionItem{}
)

// code is the Code node.
type code struct{}

func (code) Execute(ctx context.Context, call *nodes.Call) error {
	language, err := call.Param("language").String(0, "javaScript")
	if err != nil {
		return err
	}
	if language != "javaScript" {
		e := nodes.Errorf("Code in the language %q does not run here: only JavaScript does", language).WithParam("language", "")
		e.Hint = "Write the code in JavaScript, or run the program with the node Execute Command."
		return e
	}
	mode, err := call.Param("mode").Option(0, "runOnceForAllItems", "runOnceForAllItems", "runOnceForEachItem")
	if err != nil {
		return err
	}
	if mode == "runOnceForEachItem" {
		return execute(ctx, call, eachItem, "jsCode")
	}
	return execute(ctx, call, allItems, "jsCode")
}

// function is the Function node.
type function struct{}

func (function) Execute(ctx context.Context, call *nodes.Call) error {
	return execute(ctx, call, oldFunction, "functionCode")
}

// functionItem is the Function Item node.
type functionItem struct{}

func (functionItem) Execute(ctx context.Context, call *nodes.Call) error {
	return execute(ctx, call, oldEachItem, "functionCode")
}

func execute(ctx context.Context, call *nodes.Call, w way, param string) error {
	engine, ok := call.Engine.(nodes.Scripts)
	if !ok {
		return nodes.Errorf("the engine behind this node runs no JavaScript")
	}
	source, err := call.Param(param).String(0, "")
	if err != nil {
		return err
	}
	if strings.TrimSpace(source) == "" {
		return nodes.Errorf("there is no code to run").WithParam(param, "")
	}
	if w.name == eachItem.name {
		if err := misused(source); err != nil {
			return err
		}
	}
	var args nodes.ObjectBuilder
	args.Set("way", nodes.StringValue(w.name))
	args.Set("old", nodes.BoolValue(w.old))
	args.Set("node", nodes.StringValue(call.Name))
	args.Set("goesOn", nodes.BoolValue(goesOn(call)))
	args.Set("errorOutput", nodes.BoolValue(call.OnError == nodes.ContinueErrorOutput))
	h := &host{call: call, static: engine}
	defer h.close()
	text, err := engine.RunScript(ctx, nodes.Script{Source: source, Library: library, Names: append(w.names, ownNames...)}, args.String(), h.answer)
	if err != nil {
		return failed(call, w, err)
	}
	return emit(call, w, text)
}

var (
	allOfInput = regexp.MustCompile(`\$input\.(first|last|all|itemMatching)`)
	comment    = regexp.MustCompile(`^\s*(//|/\*|\*)`)
)

// misused finds what code for each item must not use. As in n8n, the text alone counts: that of comments, too, unless they
// begin the line.
func misused(source string) error {
	for i, line := range strings.Split(source, "\n") {
		if m := allOfInput.FindStringSubmatch(line); m != nil && !comment.MatchString(line) {
			e := nodes.Errorf("Can't use .%s() here [line %d, for item 0]", m[1], i+1).At(0)
			e.Description = "This is only available in 'Run Once for All Items' mode"
			return e
		}
	}
	return nil
}

func goesOn(call *nodes.Call) bool {
	return call.OnError == nodes.ContinueRegularOutput || call.OnError == nodes.ContinueErrorOutput
}

// failed is code that gave nothing at all: it does not compile, or ran into a limit. What does not compile fails for each
// item where items are handled one by one.
func failed(call *nodes.Call, w way, err error) error {
	var e *script.Error
	if !goesOn(call) || !errors.As(err, &e) || e.Limit {
		return err
	}
	if !w.each {
		failWhole(call, nodes.AsError(err))
		return nil
	}
	for i := range call.Input(0).Len() {
		if err := call.Fail(i, err); err != nil {
			return err
		}
	}
	return nil
}

// failWhole gives the one error item of code that ran for all items. As in n8n, it descends from the first item on the regular
// output and from none on the error output.
func failWhole(call *nodes.Call, e *nodes.Error) {
	var b nodes.ObjectBuilder
	b.Set("error", nodes.StringValue(e.Message))
	it := nodes.NewItem(b.String()).WithError(e)
	if call.OnError == nodes.ContinueRegularOutput {
		it = it.WithParents(nodes.From(0, 0))
	}
	call.Emit(0, it)
}

// emit reads the answer of library.js.
func emit(call *nodes.Call, w way, text string) error {
	if rest, isWhole := strings.CutPrefix(text, "!!"); isWhole {
		e := errorOf(gjson.Parse(rest))
		if !goesOn(call) || gjson.Get(rest, "shape").Bool() {
			return e
		}
		failWhole(call, e)
		return nil
	}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		kind, rest := line[0], line[1:]
		parents, rest, _ := strings.Cut(rest, "\t")
		binary, json, _ := strings.Cut(rest, "\t")
		if kind == '!' {
			if err := failItem(call, w, parents, errorOf(gjson.Parse(json))); err != nil {
				return err
			}
			continue
		}
		it := nodes.NewItem(json).WithParents(parentsOf(gjson.Parse(parents))...)
		if binary != "" {
			b, err := nodes.ParseBinary(gjson.Parse(binary))
			if err != nil {
				return nodes.Errorf("The binary data of a returned item is not in order: %w", err)
			}
			it = it.WithBinary(b)
		}
		call.Emit(0, it)
	}
	return nil
}

func failItem(call *nodes.Call, w way, index string, e *nodes.Error) error {
	i, err := strconv.Atoi(index)
	if err != nil {
		return err
	}
	if w.old && call.OnError == nodes.ContinueErrorOutput { // as in n8n, without the input's fields
		failWhole(call, e.At(i))
		return nil
	}
	return call.Fail(i, e)
}

func errorOf(r gjson.Result) *nodes.Error {
	e := nodes.Errorf("%s", r.Get("message").String())
	e.Description = r.Get("description").String()
	if item := r.Get("item"); item.Type == gjson.Number {
		e = e.At(int(item.Int()))
	}
	return e
}

// parentsOf reads n8n's pairedItem: an index, {item, input}, or a list of these. What is none of these is no parent.
func parentsOf(r gjson.Result) []nodes.Parent {
	switch {
	case r.Type == gjson.Number:
		return []nodes.Parent{nodes.From(int(r.Int()), 0)}
	case r.IsObject():
		return []nodes.Parent{nodes.From(int(r.Get("item").Int()), int(r.Get("input").Int()))}
	case r.IsArray():
		var all []nodes.Parent
		for _, p := range r.Array() {
			all = append(all, parentsOf(p)...)
		}
		return all
	}
	return nil
}
