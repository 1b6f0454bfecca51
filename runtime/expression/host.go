package expression

import (
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// answer answers what prelude.js asks while it evaluates: [what, arguments…] in, "=" and JSON out, "" for undefined, or
// "!" and the number of an error that the batch keeps; a lone "!" is an exception of JavaScript's own.
func (b *Batch) answer(request string) (string, error) {
	q := gjson.Parse(request).Array()
	json, err := b.ask(q[0].Str, q[1:])
	if err == errThrow {
		return "!", nil
	}
	if err != nil {
		b.failures = append(b.failures, err)
		return "!" + strconv.Itoa(len(b.failures)-1), nil
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
		it, err := s.Paired(name, int(argOf(args, 1).Num))
		return string(appendItem(nil, it)), err
	case "nodeRun":
		return "0", NotYet("$node[…].runIndex")
	case "input", "item", "binary":
		return b.askInput(what, int(argOf(args, 0).Num)), nil
	case "now", "today":
		return `{"$dt":` + wireOf(today(s, "$"+what)) + "}", nil
	case "date", "dateCall", "dateStatic":
		return askDate(s, what, args)
	}
	return "", askedFailure(args)
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

func askDate(s Scope, what string, args []gjson.Result) (string, error) {
	if what == "dateStatic" {
		v, err := luxon.Static(argOf(args, 0).Str, s.Now().In(s.Location()), dateArgs(s, argOf(args, 1)))
		return answerDate(v, err, "DateTime."+argOf(args, 0).Str+"()")
	}
	d, name := fromWire(argOf(args, 0), s.Location()), argOf(args, 1).Str
	if what == "dateCall" {
		v, err := d.Call(name, dateArgs(s, argOf(args, 2)))
		return answerDate(v, err, "DateTime."+name+"()")
	}
	if luxon.HasMethod(name) {
		return `{"$call":true}`, nil
	}
	v, err := d.Get(name)
	return answerDate(v, err, "DateTime."+name)
}

func dateArgs(s Scope, list gjson.Result) []any {
	var args []any
	for _, a := range list.Array() {
		if wire := a.Get("$dt"); wire.Exists() {
			args = append(args, fromWire(wire, s.Location()))
		} else {
			args = append(args, a.Value())
		}
	}
	return args
}

func answerDate(v any, err error, what string) (string, error) {
	if err != nil {
		return "", dateError(err, what)
	}
	if d, ok := v.(luxon.DateTime); ok {
		return `{"$dt":` + wireOf(d) + "}", nil
	}
	if f, ok := v.(float64); ok && math.IsNaN(f) {
		return `{"$nan":true}`, nil
	}
	return dateValue(v).JSON(), nil
}
