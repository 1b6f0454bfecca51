package nodes

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// source is an expression whose value a test gives.
type source string

func (s source) Source() string { return string(s) }

// values is an engine that knows expressions by their source; "bad" fails, and "item" is the item's index.
type values struct {
	Engine
	known map[string]string
}

func (e values) Evaluate(x Expression, item int, extra map[string]Value) (Value, error) {
	switch name := x.Source(); name {
	case "bad":
		return Value{}, errors.New("it does not work")
	case "bad parameter":
		return Value{}, Errorf("it does not work").WithParam("inner", "/x")
	case "item":
		return NumberValue(float64(item)), nil
	case "$response":
		return extra[name], nil
	default:
		return WireValue(e.known[name]), nil
	}
}

func compile(t *testing.T, params string) *Template {
	t.Helper()
	tpl, errs := CompileTemplate(gjson.Parse(params), func(_, text string) (Expression, error) { return source(text), nil })
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return tpl
}

func paramCall(t *testing.T, params string, known map[string]string) *Call {
	t.Helper()
	return &Call{Params: compile(t, params), Engine: values{known: known}}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	const params = `{"a":1,"b":"=item","list":[1,"=item",null,"=none"],"o":{"x":"=none","y":{"z":"=item"}},"__rl":"no","rl":{"__rl":true,"mode":"id","value":"=item"},` +
		`"inList":[{"__rl":true,"value":"fixed"}],"t~/":"=item","text":"a=b","empty":{},"none":null}`
	tpl := compile(t, params)
	v, err := tpl.Resolve(func(e Expression) (Value, error) { return values{}.Evaluate(e, 3, nil) })
	if err != nil || v.JSON() != `{"a":1,"b":3,"list":[1,3,null,null],"o":{"y":{"z":3}},"__rl":"no","rl":3,"inList":["fixed"],"t~/":3,"text":"a=b","empty":{},"none":null}` {
		t.Errorf("%s %v", v.JSON(), err)
	}
	if got := tpl.JSON(); got != strings.Replace(strings.Replace(params, `{"__rl":true,"mode":"id","value":"=item"}`, `"=item"`, 1), `{"__rl":true,"value":"fixed"}`, `"fixed"`, 1) {
		t.Error(got)
	}
	if tpl.Constant() || !tpl.Member("a").Constant() || tpl.Member("a").Value().JSON() != "1" || tpl.Member("list").Member("0").JSON() != "1" || tpl.Member("inList").Value().JSON() != `["fixed"]` {
		t.Error("constants")
	}
	if tpl.Member("gone") != nil || tpl.Member("list").Member("9") != nil || tpl.Member("list").Member("x") != nil || tpl.Member("b").Expression().Source() != "item" {
		t.Error("members")
	}
	n := 0
	tpl.Expressions(func(Expression) { n++ })
	if n != 7 || strings.Join(tpl.Keys(), " ") != "a b list o __rl rl inList t~/ text empty none" {
		t.Error(n, tpl.Keys())
	}
	var none *Template
	if v, err := none.Resolve(nil); err != nil || v.Kind() != Undefined || none.JSON() != "{}" || none.Keys() != nil || none.Member("x") != nil || none.Expression() != nil {
		t.Error("no template")
	}
}

func TestTemplateErrors(t *testing.T) {
	t.Parallel()
	var pointers []string
	tpl, errs := CompileTemplate(gjson.Parse(`{"a/b":["=x",{"rl":{"__rl":true,"value":"=y"}}],"ok":1}`), func(pointer, text string) (Expression, error) {
		pointers = append(pointers, pointer)
		return nil, fmt.Errorf("%s at %s", text, pointer)
	})
	if fmt.Sprint(pointers) != "[/a~1b/0 /a~1b/1/rl/value]" || fmt.Sprint(errs) != "[x at /a~1b/0 y at /a~1b/1/rl/value]" {
		t.Error(pointers, errs)
	}
	if _, err := tpl.Resolve(nil); err == nil || err.Error() != "the expression does not compile" {
		t.Error(err)
	}
	tpl = compile(t, `{"a":["=item","=bad","=bad parameter"]}`)
	if _, err := tpl.Resolve(func(e Expression) (Value, error) { return values{}.Evaluate(e, 0, nil) }); err == nil || err.Error() != "it does not work" {
		t.Error(err)
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	c := paramCall(t, `{"text":"a","n":5,"numText":" 1.5e1 ","empty":"","flag":true,"off":"False","null":null,"obj":{"in":{"ner":"x"},"e":"=item"},"list":[1,{"a":"=item"}],
		"e":"=object","words":"=words","item":"=item","bad":"=bad","badParameter":"=bad parameter","choice":"b"}`,
		map[string]string{"object": `{"in":{"ner":7,"a.b":"dot"},"list":["=item",{"k":"=v"}]}`, "words": `["x","=y"]`})
	text := func(p Param) string {
		s, err := p.String(2, "default")
		if err != nil {
			return err.Error()
		}
		return s
	}
	for name, want := range map[string]string{
		"text": "a", "n": "5", "empty": "", "flag": "true", "null": "default", "gone": "default", "item": "2", "words": `["x","=y"]`,
		"bad": `item 2, parameter "bad": it does not work`, "badParameter": `item 2, parameter "inner/x": it does not work`, "obj": `{"in":{"ner":"x"},"e":2}`,
	} {
		if got := text(c.Param(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for _, p := range []struct {
		p    Param
		want string
	}{
		{c.Param("obj").Get("in").Get("ner"), "x"}, {c.Param("obj").Get("e"), "2"}, {c.Param("obj").Get("no").Get("no"), "default"},
		{c.Param("e").Get("in").Get("ner"), "7"}, {c.Param("e").Get("in").Get("a.b"), "dot"}, {c.Param("e").Get("in").Get("gone"), "default"},
		{c.Param("text").Get("of text"), "default"},
	} {
		if got := text(p.p); got != p.want {
			t.Errorf("%s: %s, want %s", p.p.Name(), got, p.want)
		}
	}
	if c.Param("gone").IsSet() || !c.Param("null").IsSet() {
		t.Error("IsSet")
	}
}

func TestParamList(t *testing.T) {
	t.Parallel()
	c := paramCall(t, `{"list":[1,{"a":"=item"}],"constant":[1,{"a":"b"}],"e":"=object","words":"=words","one":"x","single":"=number","none":"=nothing","null":null,"empty":[],"obj":{"a":"=item"},"bad":"=bad"}`,
		map[string]string{"object": `{"list":["=item",{"k":"=v"}]}`, "words": `["x","=y",{"k":["=z"]}]`, "number": "5"})
	for _, l := range []struct {
		p    Param
		want string
	}{
		{c.Param("list"), `list[0]=1 list[1]={"a":4}`}, {c.Param("constant"), `constant[0]=1 constant[1]={"a":"b"}`},
		{c.Param("words"), `words[0]="x" words[1]="=y" words[2]={"k":["=z"]}`}, {c.Param("e").Get("list"), `e.list[0]="=item" e.list[1]={"k":"=v"}`},
		{c.Param("one"), `one="x"`}, {c.Param("single"), `single[0]=5`}, {c.Param("obj"), `obj={"a":4}`},
		{c.Param("none"), ``}, {c.Param("null"), ``}, {c.Param("empty"), ``}, {c.Param("gone"), ``},
		{c.Param("bad"), `item 4, parameter "bad": it does not work`},
	} {
		list, err := l.p.List(4)
		var parts []string
		for _, el := range list {
			v, err := el.Value(4)
			if err != nil {
				t.Error(err)
			}
			parts = append(parts, el.Name()+"="+v.JSON())
		}
		if err != nil {
			parts = []string{err.Error()}
		}
		if got := strings.Join(parts, " "); got != l.want {
			t.Errorf("%s: %s, want %s", l.p.Name(), got, l.want)
		}
	}
	words, err := c.Param("words").List(0)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := words[2].Get("k").Value(0); err != nil || v.JSON() != `["=z"]` {
		t.Errorf("a member of an element: %s %v", v.JSON(), err)
	}
}

func TestParamNumbers(t *testing.T) {
	t.Parallel()
	c := paramCall(t, `{"n":5,"text":" 1.5e1 ","empty":" ","null":null,"word":"five","hex":"0x10","inf":"Infinity","list":[1],"yes":true,"t":"true","f":"FALSE","zero":"0","any":"x"}`, nil)
	number := func(name string) string {
		f, err := c.Param(name).Number(1, 9)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(f)
	}
	for name, want := range map[string]string{
		"n": "5", "text": "15", "empty": "9", "null": "9", "gone": "9",
		"word": `item 1, parameter "word": must be a number, and is "five"`, "hex": `item 1, parameter "hex": must be a number, and is "0x10"`,
		"inf": `item 1, parameter "inf": must be a number, and is "Infinity"`, "list": `item 1, parameter "list": must be a number, and is [1]`,
		"yes": `item 1, parameter "yes": must be a number, and is true`,
	} {
		if got := number(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]bool{"yes": true, "t": true, "f": false, "zero": false, "empty": true, "any": true, "null": true, "gone": true, "n": true} {
		if got, err := c.Param(name).Bool(0, true); err != nil || got != want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	if got, err := c.Param("word").Option(0, "one", "one", "five"); err != nil || got != "five" {
		t.Error(got, err)
	}
	if got, err := c.Param("gone").Option(0, "one", "one", "five"); err != nil || got != "one" {
		t.Error(got, err)
	}
	if _, err := c.Param("any").Option(0, "one", "one", "five"); err == nil || err.Error() != `item 0, parameter "any": must be one of one, five, and is "x"` {
		t.Error(err)
	}
}

func TestCallEval(t *testing.T) {
	t.Parallel()
	c := paramCall(t, `{"next":"=$response","fixed":"x"}`, nil)
	for name, want := range map[string]string{"next": `{"page":2}`, "fixed": `"x"`, "gone": ""} {
		v, err := c.Eval(name, 0, map[string]Value{"$response": WireValue(`{"page":2}`)})
		if err != nil || v.JSON() != want {
			t.Errorf("%s: %s %v", name, v.JSON(), err)
		}
	}
}
