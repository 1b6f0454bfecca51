package core

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// conditions is a parameter of type filter: conditions that an item meets or not. If and Filter share it. It serves one
// execution of a node.
type conditions struct {
	param    nodes.Param
	template *nodes.Template
	location *time.Location

	list    *conditionList // of the item at hand; of all items if it is constant
	regexes regexCache
}

// conditionList is the parameter with its options read.
type conditionList struct {
	constant   bool
	combinator string
	loose      bool // types are converted where they differ
	ignoreCase bool
	// version is that of the conditions: from 2 on texts such as "false" convert to booleans by their meaning, from 3 on
	// empty text and an empty list are no numbers but nothing at all.
	version float64
	list    []condition
}

// condition compares two values.
type condition struct {
	left, right        nodes.Param
	typ, op, rightType string
	single             bool // there is no right value

	a, b nodes.Value // the values of the item at hand
}

func newConditions(call *nodes.Call, param string) *conditions {
	return &conditions{param: call.Param(param), template: call.Params.Member(param), location: call.Engine.Location()}
}

// match reports whether item i meets the conditions. All values are worked out first, as in n8n: one that fails fails the
// item, even if the others would decide.
func (c *conditions) match(i int) (bool, error) {
	if c.list == nil || !c.list.constant {
		if err := c.compile(i); err != nil {
			return false, err
		}
	}
	l := c.list
	for n := range l.list {
		if err := l.list[n].resolve(i); err != nil {
			return false, l.describe(err)
		}
	}
	switch l.combinator {
	case "and":
		for n := range l.list {
			if ok, err := c.test(&l.list[n], n, i); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	case "or":
		for n := range l.list {
			if ok, err := c.test(&l.list[n], n, i); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}

// describe adds to an error without description what n8n says beside every failed condition.
func (l *conditionList) describe(err error) error {
	e := *nodes.AsError(err)
	if e.Description == "" {
		e.Description = l.advice()
	}
	return &e
}

func (l *conditionList) advice() string {
	if l.loose {
		return "Try changing the type of the comparison."
	}
	return "Try changing the type of comparison. Alternatively you can enable 'Convert types where required'."
}

// compile reads everything but the values. Unless an expression stands for it, it is the same for all items.
func (c *conditions) compile(i int) error {
	options := c.param.Get("options")
	l := &conditionList{constant: constantConditions(c.template)}
	validation, err := options.Get("typeValidation").String(i, "strict")
	if err != nil {
		return err
	}
	l.loose = validation == "loose"
	caseSensitive, err := options.Get("caseSensitive").Bool(i, true)
	if err != nil {
		return err
	}
	l.ignoreCase = !caseSensitive
	if l.version, err = options.Get("version").Number(i, 1); err != nil {
		return err
	}
	if l.combinator, err = c.param.Get("combinator").String(i, "and"); err != nil {
		return err
	}
	list, err := c.param.Get("conditions").List(i)
	if err != nil {
		return err
	}
	for _, p := range list {
		cond := condition{left: p.Get("leftValue"), right: p.Get("rightValue")}
		operator := p.Get("operator")
		for name, field := range map[string]*string{"type": &cond.typ, "operation": &cond.op, "rightType": &cond.rightType} {
			if *field, err = operator.Get(name).String(i, ""); err != nil {
				return err
			}
		}
		if cond.rightType == "" {
			cond.rightType = cond.typ
		}
		if cond.single, err = operator.Get("singleValue").Bool(i, false); err != nil {
			return err
		}
		l.list = append(l.list, cond)
	}
	c.list = l
	return nil
}

func constantConditions(t *nodes.Template) bool {
	if t == nil {
		return true
	}
	list := t.Member("conditions")
	if t.Expression() != nil || list.Expression() != nil || !t.Member("options").Constant() || !t.Member("combinator").Constant() {
		return false
	}
	for n := 0; ; n++ {
		cond := list.Member(strconv.Itoa(n))
		if cond == nil {
			return true
		}
		if cond.Expression() != nil || !cond.Member("operator").Constant() {
			return false
		}
	}
}

func (c *condition) resolve(i int) (err error) {
	if c.a, err = c.left.Value(i); err != nil {
		return err
	}
	c.a = plain(c.a)
	if c.b, err = c.right.Value(i); err != nil {
		return err
	}
	c.b = plain(c.b)
	return nil
}

// test checks condition number n for item i: first the types, then the operation.
func (c *conditions) test(cond *condition, n, i int) (bool, error) {
	a, aOK := c.convert(cond.a, cond.typ)
	b, bOK := cond.b, true
	if !cond.single {
		b, bOK = c.convert(cond.b, cond.rightType)
	}
	switch {
	case !aOK && !bOK && typeOf(cond.a) == typeOf(cond.b):
		e := nodes.Errorf("Comparison type expects %s but both fields are %s", article(cond.typ), article(typeOf(cond.a))).At(i)
		e.Description = c.list.advice()
		return false, e
	case !aOK:
		return false, c.mismatch(cond.a, cond.typ, "first", n, i)
	case !bOK:
		return false, c.mismatch(cond.b, cond.rightType, "second", n, i)
	}
	ok, err := c.compare(cond, a, b)
	if err != nil {
		return false, c.list.describe(nodes.AsError(err).At(i))
	}
	return ok, nil
}

// typeOf names a value's type as JavaScript's typeof, for which a list is an object.
func typeOf(v nodes.Value) string {
	if v.Kind() == nodes.Array {
		return "object"
	}
	return v.Kind().String()
}

func article(typ string) string {
	if typ == "array" || typ == "object" {
		return "an " + typ
	}
	return "a " + typ
}

func (c *conditions) mismatch(v nodes.Value, typ, side string, n, i int) error {
	text, kind, at := v.Text(), typeOf(v), fmt.Sprintf(" [condition %d, item %d]", n, i)
	if c.list.loose {
		e := nodes.Errorf("Conversion error: the %s '%s' can't be converted to %s%s", kind, text, article(typ), at).At(i)
		e.Description = c.list.advice()
		return e
	}
	e := nodes.Errorf("Wrong type: '%s' is %s but was expecting %s%s", text, article(kind), article(typ), at).At(i)
	e.Description = c.list.advice()
	if method, ok := map[string]string{"string": "toString", "number": "toNumber", "boolean": "toBoolean"}[typ]; ok {
		e.Description = fmt.Sprintf("Enable 'Convert types where required', or convert the %s field to %s with .%s()", side, article(typ), method)
	}
	return e
}

// convert checks that a value is of a type, or makes it so where types are loose. Nothing (null, undefined) is of every
// type.
func (c *conditions) convert(v nodes.Value, typ string) (nodes.Value, bool) {
	if v.IsNil() {
		return v, true
	}
	if typ == "number" && c.list.version >= 3 && (v.Kind() == nodes.String && strings.Trim(v.Str(), jsSpace) == "" || v.Raw() == "[]") {
		return nodes.NullValue, true
	}
	if typ == "dateTime" {
		ms, ok := looseDate(v, c.location)
		return nodes.NumberValue(ms), ok
	}
	if c.list.loose {
		if typ == "boolean" {
			return c.looseBoolean(v), true
		}
		return coerce(v, typ)
	}
	switch typ {
	case "string":
		return v, v.Kind() == nodes.String
	case "number":
		return v, v.Kind() == nodes.Number
	case "boolean":
		return v, v.Kind() == nodes.Bool
	case "array":
		return v, v.Kind() == nodes.Array
	case "object":
		return v, v.Kind() == nodes.Object || v.Kind() == nodes.Foreign
	}
	return v, true
}

func (c *conditions) looseBoolean(v nodes.Value) nodes.Value {
	if c.list.version >= 2 {
		if b, ok := toBoolean(v); ok {
			return b
		}
	}
	return nodes.BoolValue(v.Truthy())
}

// eachMatch calls yield for every item of input 0 with whether it meets the conditions of a parameter. Where the node goes on
// after failures, an item that fails does not meet them.
func eachMatch(ctx context.Context, call *nodes.Call, param string, yield func(i int, it nodes.Item, ok bool)) error {
	c := newConditions(call, param)
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		ok, err := c.match(i)
		if err != nil && call.OnError != nodes.ContinueRegularOutput && call.OnError != nodes.ContinueErrorOutput {
			return nodes.AsError(err).At(i)
		}
		yield(i, it, ok && err == nil)
	}
	return nil
}
