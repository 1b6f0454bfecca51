package expression

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// answer answers what prelude.js asks while it evaluates: [what, arguments…] in, "=" and JSON out, "" for undefined, or
// "#" and the number of an error that the batch keeps, or "!" and the text of an exception of JavaScript's own.
func (b *Batch) answer(request string) (string, error) {
	q := gjson.Parse(request).Array()
	json, err := b.ask(q[0].Str, q[1:])
	if t, ok := err.(thrown); ok {
		return "!" + t.message, nil
	}
	if err != nil {
		b.failures = append(b.failures, err)
		return "#" + strconv.Itoa(len(b.failures)-1), nil
	}
	if json == "" {
		return "", nil
	}
	return "=" + json, nil
}

func (b *Batch) ask(what string, args []gjson.Result) (json string, err error) {
	s := b.env.scope
	name := argOf(args, 0).String()
	switch what {
	case "static":
		return staticVariables[name](s).JSON(), nil
	case "exists":
		if !s.HasNode(name) {
			return "", NoNode(name)
		}
		return "true", nil
	case "executed":
		return strconv.FormatBool(s.Executed(name)), nil
	case "params":
		return orEmpty(s.Params(name)).JSON(), nil
	case "context":
		return orEmpty(s.Context(name)).JSON(), nil
	case "inputParams", "inputContext":
		return previousOf(s, what), nil
	case "env":
		v, err := environment(s, name)
		return v.JSON(), err
	case "output":
		items, err := outputOf(s, name, int(argOf(args, 1).Num), int(argOf(args, 2).Num))
		return itemsJSON(items), err
	case "paired":
		return itemJSON(s.Paired(name, int(argOf(args, 1).Num)))
	case "indexed":
		return itemJSON(indexed(s, name, int(argOf(args, 1).Num)))
	case "nodeRun":
		return nodeRun(s, name)
	case "zoneLong":
		return zoneLong(argOf(args, 0).Num), nil
	case "zoneName":
		return zoneName(), nil
	case "intl":
		return askIntl(s, args)
	case "self":
		return nodes.StringValue(s.Self().Name).JSON(), nil
	case "input", "item", "binary":
		return b.askInput(what, int(argOf(args, 0).Num)), nil
	case "now", "today":
		return string(appendScript(nil, now(s, "$"+what))), nil
	case "isStatic", "staticCall", "isMethod", "call", "get", "luxonJSON":
		return askLuxon(s, what, args)
	case "evaluate":
		return b.evaluate(int(argOf(args, 0).Num), argOf(args, 1).Str)
	case "jmespath":
		return b.askJMESPath(argOf(args, 0), argOf(args, 1).Str)
	case "text":
		return askText(name, args[1:])
	case "failure":
		return b.failureText(int(argOf(args, 0).Int()))
	}
	if b.job != nil {
		return b.job.ask(what, args)
	}
	return "", askedFailure(args)
}

func itemJSON(it nodes.Item, ok bool, err error) (string, error) {
	if err != nil || !ok {
		return "", err
	}
	return string(appendItem(nil, it)), nil
}

// nodeRun is $node["X"].runIndex: the number of the node's last run, -1 if it has not run.
func nodeRun(s Scope, name string) (string, error) {
	runs, ok := s.(NodeRuns)
	if !ok {
		return "", NotYet("$node[…].runIndex")
	}
	return numberOf(runs.LastRun(name)).JSON(), nil
}

// evaluate is $evaluateExpression. Code in it that needs JavaScript would have to run inside JavaScript, which is not here.
func (b *Batch) evaluate(index int, source string) (string, error) {
	e, err := Compile(source)
	if err != nil {
		return "", err
	}
	inner := b.env
	inner.index = index
	v, err := nodes.Value{}, errNeedsScript
	if e.native != nil {
		v, err = e.evalNative(&inner)
	}
	if err == errNeedsScript {
		return "", NotYet("$evaluateExpression() of code that needs JavaScript")
	}
	if a, ok := luxonArgument(v, luxonEnv(b.env.scope)); ok && err == nil {
		return string(appendScript(nil, a)), nil
	}
	return v.JSON(), err
}

func argOf(args []gjson.Result, i int) gjson.Result {
	if i < len(args) {
		return args[i]
	}
	return gjson.Result{}
}

func previousOf(s Scope, what string) string {
	p, ok := s.Previous()
	switch {
	case !ok:
		return "{}"
	case what == "inputParams":
		return orEmpty(s.Params(p.Name)).JSON()
	}
	return orEmpty(s.Context(p.Name)).JSON()
}

func itemsJSON(items nodes.Items) string {
	dst := []byte{'['}
	for i, it := range items.All() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, it)
	}
	return string(append(dst, ']'))
}

func (b *Batch) askInput(what string, index int) string {
	if what == "input" {
		return itemsJSON(b.env.items)
	}
	if index >= b.env.items.Len() {
		if what == "binary" {
			return "{}"
		}
		return ""
	}
	it := b.env.items.At(index)
	if what == "binary" {
		return binaryJSON(it.Binary())
	}
	return string(appendItem(nil, it))
}

// askedFailure makes the error that prelude.js asks for: the kind, and what the message is about.
func askedFailure(args []gjson.Result) error {
	about := argOf(args, 1).String()
	switch argOf(args, 0).Str {
	case "nil":
		return onNil(about, argOf(args, 2).Bool())
	case "onlyOn":
		return onlyOn(about, typeList(extensionTypes[about]))
	case "notYet":
		return NotYet(about)
	case "unsafe":
		return unsafeProperty(about)
	}
	return failure("", "%s", about)
}

// typeList is a list of types in n8n's words: type "Array", types "Date", and "Number".
func typeList(types []string) string {
	text := "type "
	if len(types) > 1 {
		text = "types "
	}
	for i, t := range types {
		switch {
		case i == 0:
		case i == len(types)-1:
			text += ", and "
		default:
			text += ", "
		}
		text += strconv.Quote(t)
	}
	return text
}
