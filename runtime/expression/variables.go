package expression

import (
	"encoding/json"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/cordboard/cordboard/nodes"
)

// extraNames are variables that only some nodes bring; elsewhere they are undefined.
var extraNames = nameSet("$response", "$request", "$pageCount", "$responseItem", "$value", "$credentials")

func compileVariable(name string) (nativeCode, bool) {
	switch name {
	case "undefined":
		return constant(nodes.Value{}), true
	case "NaN", "Infinity":
		return constant(nodes.NumberValue(textToNumber(name))), true
	case "$json", "$data":
		return func(e *env) (nodes.Value, error) {
			if v, ok := e.extra[name]; ok {
				return v, nil
			}
			if e.index >= e.items.Len() {
				return nodes.Value{}, nil
			}
			return nodes.WireValue(e.items.At(e.index).JSON()), nil
		}, true
	case "$itemIndex", "$position", "$thisItemIndex":
		return func(e *env) (nodes.Value, error) { return numberOf(e.index), nil }, true
	case "$now", "$today":
		return func(e *env) (nodes.Value, error) { return nodes.WrapForeign(now(e.scope, name)), nil }, true
	}
	if extraNames[name] {
		return func(e *env) (nodes.Value, error) { return e.extra[name], nil }, true
	}
	if read := staticVariables[name]; read != nil {
		return func(e *env) (nodes.Value, error) {
			if v, ok := e.extra[name]; ok {
				return v, nil
			}
			return read(e.scope), nil
		}, true
	}
	return nil, false
}

// staticVariables are the same for all items of a step. Both tiers read them here.
var staticVariables = map[string]func(Scope) nodes.Value{
	"$runIndex":         func(s Scope) nodes.Value { return numberOf(s.RunIndex()) },
	"$thisRunIndex":     func(s Scope) nodes.Value { return numberOf(s.RunIndex()) },
	"$vars":             func(s Scope) nodes.Value { return orEmpty(s.Vars()) },
	"$parameter":        func(s Scope) nodes.Value { return orEmpty(s.Params(s.Self().Name)) },
	"$rawParameter":     func(s Scope) nodes.Value { return orEmpty(s.Params(s.Self().Name)) },
	"$nodeVersion":      func(s Scope) nodes.Value { return nodes.NumberValue(s.Self().Version) },
	"$nodeId":           func(s Scope) nodes.Value { return nodes.StringValue(s.Self().ID) },
	"$webhookId":        func(s Scope) nodes.Value { return orUndefined(s.Self().WebhookID) },
	"$mode":             func(s Scope) nodes.Value { return nodes.StringValue(s.Execution().RunMode) },
	"$executionId":      func(s Scope) nodes.Value { return nodes.StringValue(s.Execution().ID) },
	"$resumeWebhookUrl": func(s Scope) nodes.Value { return nodes.StringValue(s.Execution().ResumeURL) },
	"$prevNode":         previous,
	"$workflow":         workflow,
	"$execution":        execution,
}

func orEmpty(v nodes.Value) nodes.Value {
	if v.Kind() != nodes.Object {
		return nodes.WireValue("{}")
	}
	return v
}

func orUndefined(text string) nodes.Value {
	if text == "" {
		return nodes.Value{}
	}
	return nodes.StringValue(text)
}

func previous(s Scope) nodes.Value {
	var b nodes.ObjectBuilder
	if p, ok := s.Previous(); ok {
		b.Set("name", nodes.StringValue(p.Name))
		b.Set("outputIndex", numberOf(p.OutputIndex))
		b.Set("runIndex", numberOf(p.RunIndex))
	}
	return nodes.WireValue(b.String())
}

func workflow(s Scope) nodes.Value {
	w := s.Workflow()
	var b nodes.ObjectBuilder
	b.Set("active", nodes.BoolValue(w.Active))
	b.Set("id", nodes.StringValue(w.ID))
	b.Set("name", nodes.StringValue(w.Name))
	return nodes.WireValue(b.String())
}

func execution(s Scope) nodes.Value {
	x := s.Execution()
	var b nodes.ObjectBuilder
	b.Set("id", nodes.StringValue(x.ID))
	b.Set("mode", nodes.StringValue(x.Mode))
	b.Set("resumeUrl", nodes.StringValue(x.ResumeURL))
	b.Set("resumeFormUrl", nodes.StringValue(x.ResumeFormURL))
	b.Set("customData", orEmpty(x.CustomData))
	return nodes.WireValue(b.String())
}

// itemAt finds an item for a reference such as $('X').first(); a missing one is an exception when its json is read.
type itemAt func(*env) (it nodes.Item, ok bool, err error)

// compileReference compiles the references that the native tier knows: .json of an item of another node or of the
// input, $('X').isExecuted and $env.NAME.
func compileReference(x js.IExpr) (nativeCode, bool) {
	base, name, ok := memberParts(x)
	if !ok {
		return nil, false
	}
	if variable, free := freeName(base); free && variable == "$env" {
		return func(e *env) (nodes.Value, error) { return environment(e.scope, name) }, true
	}
	if node, ok := nodeReference(base); ok && name == "isExecuted" {
		return func(e *env) (nodes.Value, error) {
			if !e.scope.HasNode(node) {
				return nodes.Value{}, NoNode(node)
			}
			return nodes.BoolValue(e.scope.Executed(node)), nil
		}, true
	}
	if name != "json" {
		return nil, false
	}
	find, ok := compileItem(base)
	if !ok {
		return nil, false
	}
	return func(e *env) (nodes.Value, error) {
		it, ok, err := find(e)
		switch {
		case err != nil:
			return nodes.Value{}, err
		case !ok:
			return nodes.Value{}, thrown{"there is no item"}
		}
		return nodes.WireValue(it.JSON()), nil
	}, true
}

func environment(s Scope, name string) (nodes.Value, error) {
	value, ok, allowed := s.Env(name)
	switch {
	case !allowed:
		return nodes.Value{}, EnvDenied()
	case !ok:
		return nodes.Value{}, nil
	}
	return nodes.StringValue(value), nil
}

// memberParts takes x.name or x["name"] apart; ?. does not count.
func memberParts(x js.IExpr) (base js.IExpr, name string, ok bool) {
	switch x := x.(type) {
	case *js.DotExpr:
		return x.X, propertyName(x), !x.Optional
	case *js.IndexExpr:
		name, ok := stringLiteral(x.Y)
		return x.X, name, ok && !x.Optional
	}
	return nil, "", false
}

// nodeReference returns the name in $('name').
func nodeReference(x js.IExpr) (string, bool) {
	call, ok := x.(*js.CallExpr)
	if !ok || call.Optional || len(call.Args.List) != 1 {
		return "", false
	}
	if callee, free := freeName(call.X); !free || callee != "$" {
		return "", false
	}
	name, ok := stringLiteral(call.Args.List[0].Value)
	return name, ok && name != ""
}

func compileItem(x js.IExpr) (itemAt, bool) {
	if call, ok := x.(*js.CallExpr); ok && !call.Optional && len(call.Args.List) == 0 {
		base, name, ok := memberParts(call.X)
		if ok && (name == "first" || name == "last") {
			return endOfList(base, name == "last")
		}
		return nil, false
	}
	base, name, ok := memberParts(x)
	if !ok {
		return nil, false
	}
	variable, _ := freeName(base)
	if node, ok := nodeReference(base); ok && name == "item" {
		return func(e *env) (nodes.Item, bool, error) {
			if !e.scope.HasNode(node) {
				return nodes.Item{}, false, NoNode(node)
			}
			return e.scope.Paired(node, e.index)
		}, true
	}
	switch {
	case variable == "$node":
		return func(e *env) (nodes.Item, bool, error) { return indexed(e.scope, name, e.index) }, true
	case variable == "$input" && name == "item":
		return func(e *env) (nodes.Item, bool, error) {
			if e.index >= e.items.Len() {
				return nodes.Item{}, false, nil
			}
			return e.items.At(e.index), true, nil
		}, true
	}
	return nil, false
}

// endOfList compiles $('X').first(), $input.last() and the like.
func endOfList(base js.IExpr, last bool) (itemAt, bool) {
	list := func(e *env) (nodes.Items, error) { return e.items, nil }
	node, ok := nodeReference(base)
	if ok {
		list = func(e *env) (nodes.Items, error) { return outputOf(e.scope, node, -1, -1) }
	} else if variable, free := freeName(base); !free || variable != "$input" {
		return nil, false
	}
	return func(e *env) (nodes.Item, bool, error) {
		items, err := list(e)
		if err != nil || items.Len() == 0 {
			return nodes.Item{}, false, err
		}
		if last {
			return items.At(items.Len() - 1), true, nil
		}
		return items.At(0), true, nil
	}, true
}

// outputOf is Scope.Output for a node that may not exist.
func outputOf(s Scope, node string, output, run int) (nodes.Items, error) {
	if !s.HasNode(node) {
		return nodes.Items{}, NoNode(node)
	}
	return s.Output(node, output, run)
}

// indexed is $node["name"].
func indexed(s Scope, node string, index int) (nodes.Item, bool, error) {
	if !s.HasNode(node) {
		return nodes.Item{}, false, NoNode(node)
	}
	it, err := s.Indexed(node, index)
	return it, err == nil, err
}

// appendItem appends an item as expressions see it: {json, binary?, pairedItem?}.
func appendItem(dst []byte, it nodes.Item) []byte {
	dst = append(append(dst, `{"json":`...), it.JSON()...)
	if it.Binary().Len() > 0 {
		dst = append(append(dst, `,"binary":`...), binaryJSON(it.Binary())...)
	}
	var parents []string
	for p := range it.Parents() {
		text := `{"item":` + numberOf(p.Item()).JSON()
		if p.Input() > 0 {
			text += `,"input":` + numberOf(p.Input()).JSON()
		}
		parents = append(parents, text+"}")
	}
	switch len(parents) {
	case 0:
	case 1:
		dst = append(append(dst, `,"pairedItem":`...), parents[0]...)
	default:
		dst = append(append(dst, `,"pairedItem":[`...), strings.Join(parents, ",")+"]"...)
	}
	return append(dst, '}')
}

func binaryJSON(b *nodes.Binary) string {
	var o nodes.ObjectBuilder
	for key, file := range b.All() {
		text, err := json.Marshal(file)
		if err != nil {
			continue // a struct of texts
		}
		o.Raw(key, string(text))
	}
	return o.String()
}
