package nodes

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Expression is a parameter's expression, compiled by the engine; to nodes it is only something to hand back to it.
type Expression interface {
	// Source is the text as the workflow holds it, without the leading "=".
	Source() string
}

// Template is a parameter of a node as the workflow file holds it, compiled once per workflow: a constant, an
// expression, or an object or list with such members. It never changes.
type Template struct {
	constant Value       // if there is no expression anywhere inside
	expr     Expression  // if the parameter is one expression
	keys     []string    // of an object
	members  []*Template // of an object or a list
	isList   bool
}

// CompileTemplate builds the template of parameters in JSON. It calls compile for every text that begins with "="
// with the text's place (a JSON pointer) and the rest of the text, and collects its errors. Resource locators
// ({"__rl": true, "value": …}) are replaced by their value.
func CompileTemplate(params gjson.Result, compile func(pointer, source string) (Expression, error)) (*Template, []error) {
	c := templateCompiler{compile: compile}
	return c.template("", params), c.errs
}

type templateCompiler struct {
	compile func(pointer, source string) (Expression, error)
	errs    []error
}

func (c *templateCompiler) template(pointer string, r gjson.Result) *Template {
	switch {
	case r.Type == gjson.String && strings.HasPrefix(r.Str, "="):
		expr, err := c.compile(pointer, r.Str[1:])
		if err != nil {
			c.errs = append(c.errs, err)
		}
		return &Template{expr: expr}
	case r.IsObject() && r.Get("__rl").Bool() && r.Get("value").Exists():
		return c.template(pointer+"/value", r.Get("value"))
	case r.IsObject() || r.IsArray():
		return c.parent(pointer, r)
	}
	return &Template{constant: ResultValue(r)}
}

func (c *templateCompiler) parent(pointer string, r gjson.Result) *Template {
	t := &Template{isList: r.IsArray()}
	isConstant, i := true, 0
	r.ForEach(func(key, member gjson.Result) bool {
		name := key.Str
		if t.isList {
			name = strconv.Itoa(i)
		} else {
			t.keys = append(t.keys, name)
		}
		m := c.template(pointer+"/"+escapePointer(name), member)
		isConstant = isConstant && m.Constant()
		t.members = append(t.members, m)
		i++
		return true
	})
	if isConstant {
		t.constant = ResultValue(r)
		if strings.Contains(r.Raw, `"__rl"`) {
			t.constant = WireValue(t.json(func(m *Template) (Value, error) { return m.constant, nil }))
		}
	}
	return t
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(name string) string { return pointerEscapes.Replace(name) }

// Constant reports whether the parameter is the same for every item.
func (t *Template) Constant() bool { return t == nil || t.constant.kind != Undefined }

// hasExpressions reports whether t is an object or a list with an expression somewhere inside.
func (t *Template) hasExpressions() bool { return t != nil && !t.Constant() && t.members != nil }

// Value returns the value of a constant, undefined for others.
func (t *Template) Value() Value {
	if t == nil {
		return Value{}
	}
	return t.constant
}

// Expression returns the expression that the parameter is, nil if it is something else.
func (t *Template) Expression() Expression {
	if t == nil {
		return nil
	}
	return t.expr
}

// JSON returns the parameters as the workflow holds them, with expressions as text that begins with "=".
func (t *Template) JSON() string {
	switch {
	case t == nil:
		return "{}"
	case t.expr != nil:
		return string(AppendString(nil, "="+t.expr.Source()))
	case t.Constant():
		return t.constant.JSON()
	}
	return t.json(func(m *Template) (Value, error) { return WireValue(m.JSON()), nil })
}

// Keys returns the names of an object's members, in order.
func (t *Template) Keys() []string {
	if t == nil {
		return nil
	}
	return t.keys
}

// Member returns an object's member, or a list's by its index as text; nil if there is none.
func (t *Template) Member(name string) *Template {
	if t != nil && t.isList {
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(t.members) {
			return t.members[i]
		}
		return nil
	}
	if t != nil {
		for i, k := range t.keys {
			if k == name {
				return t.members[i]
			}
		}
	}
	return nil
}

// Expressions calls yield for every expression inside, in order.
func (t *Template) Expressions(yield func(Expression)) {
	if t == nil {
		return
	}
	if t.expr != nil {
		yield(t.expr)
	}
	for _, m := range t.members {
		m.Expressions(yield)
	}
}

// Resolve returns the parameter's value, with eval giving the value of each expression inside.
func (t *Template) Resolve(eval func(Expression) (Value, error)) (Value, error) {
	switch {
	case t == nil:
		return Value{}, nil
	case t.Constant():
		return t.constant, nil
	case t.expr != nil:
		return eval(t.expr)
	case t.members == nil: // an expression that did not compile
		return Value{}, Errorf("the expression does not compile")
	}
	var failed error
	text := t.json(func(m *Template) (Value, error) {
		v, err := m.Resolve(eval)
		if err != nil && failed == nil {
			failed = err
		}
		return v, err
	})
	if failed != nil {
		return Value{}, failed
	}
	return WireValue(text), nil
}

// json writes an object or list as JSON.stringify does: undefined members are left out of objects and null in lists.
func (t *Template) json(value func(*Template) (Value, error)) string {
	if t.isList {
		dst := []byte{'['}
		for i, m := range t.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			v, err := value(m)
			if err != nil {
				break
			}
			if v.Kind() == Undefined {
				v = NullValue
			}
			dst = v.AppendJSON(dst)
		}
		return string(append(dst, ']'))
	}
	var b ObjectBuilder
	for i, m := range t.members {
		v, err := value(m)
		if err != nil {
			break
		}
		b.Set(t.keys[i], v)
	}
	return b.String()
}

// Param is a parameter of the node at hand, or a member of one, with its values per item. A Param that the workflow
// does not set is not an error: its values are undefined and its getters give the default.
type Param struct {
	name string // for messages: assignments.assignments
	t    *Template
	sub  string // a gjson path into the value of an expression that stands for a whole object
	call *Call
}

// IsSet reports whether the workflow sets the parameter.
func (p Param) IsSet() bool { return p.t != nil }

// Computed reports whether the parameter, or what it is a member of, is an expression or holds some.
func (p Param) Computed() bool { return !p.t.Constant() }

// Name is the parameter's name, with dots between members.
func (p Param) Name() string { return p.name }

// Get returns the member with this name of an object parameter.
func (p Param) Get(name string) Param {
	m := Param{name: p.name + "." + name, call: p.call}
	switch {
	case p.t == nil:
	case p.t.expr != nil:
		m.t = p.t
		m.sub = strings.TrimPrefix(p.sub+"."+gjson.Escape(name), ".")
	default:
		m.t = p.t.Member(name)
	}
	return m
}

// Value returns the parameter's value for item i, undefined if it is not set.
func (p Param) Value(i int) (Value, error) {
	if p.t == nil || p.t.Constant() {
		return p.t.Value(), nil
	}
	v, err := p.t.Resolve(func(e Expression) (Value, error) { return p.call.Engine.Evaluate(e, i, nil) })
	if err != nil {
		e := AsError(err).At(i)
		if e.Parameter == "" {
			e = e.WithParam(p.name, "")
		}
		return Value{}, e
	}
	if p.sub != "" {
		return ResultValue(v.Result().Get(p.sub)), nil
	}
	return v, nil
}

// List returns the elements of a list parameter for item i; a parameter that is not set or null has none, and one that is no
// list is its own only element.
func (p Param) List(i int) ([]Param, error) {
	if p.t != nil && !p.t.Value().IsNil() || p.t.hasExpressions() {
		if !p.t.isList {
			return []Param{p}, nil
		}
		return p.elements(p.t.members), nil
	}
	v, err := p.Value(i)
	if err != nil || v.IsNil() {
		return nil, err
	}
	t := literal(v.Result())
	if v.Kind() != Array {
		return p.elements([]*Template{t}), nil
	}
	return p.elements(t.members), nil
}

// literal is the template of a value that came out of an expression: text in it that begins with "=" is text.
func literal(r gjson.Result) *Template {
	t := &Template{constant: ResultValue(r), isList: r.IsArray()}
	if r.IsObject() || t.isList {
		r.ForEach(func(key, member gjson.Result) bool {
			if !t.isList {
				t.keys = append(t.keys, key.Str)
			}
			t.members = append(t.members, literal(member))
			return true
		})
	}
	return t
}

func (p Param) elements(list []*Template) []Param {
	out := make([]Param, len(list))
	for i, t := range list {
		out[i] = Param{name: p.name + "[" + strconv.Itoa(i) + "]", t: t, call: p.call}
	}
	return out
}

// String returns the parameter as text for item i, as JavaScript's String gives it; def if it is not set, null or undefined.
func (p Param) String(i int, def string) (string, error) {
	v, err := p.Value(i)
	if err != nil || v.IsNil() {
		return def, err
	}
	if v.Kind() == Array || v.Kind() == Object {
		return v.JSON(), nil
	}
	return v.Text(), nil
}

// Bool returns the parameter as a boolean for item i; def if it is not set. The texts "true" and "false" count.
func (p Param) Bool(i int, def bool) (bool, error) {
	v, err := p.Value(i)
	if err != nil || v.IsNil() {
		return def, err
	}
	if v.Kind() == String {
		switch strings.ToLower(v.Str()) {
		case "false", "0", "":
			return false, nil
		}
	}
	return v.Truthy(), nil
}

// Number returns the parameter as a number for item i; def if it is not set or empty text. Text that is a number counts.
func (p Param) Number(i int, def float64) (float64, error) {
	v, err := p.Value(i)
	if err != nil || v.IsNil() {
		return def, err
	}
	f := v.Num()
	if text := strings.TrimSpace(v.Str()); v.Kind() == String {
		if text == "" {
			return def, nil
		}
		f = numberOf(text)
	}
	if math.IsNaN(f) {
		return 0, p.errorf(i, "must be a number, and is %s", v.JSON())
	}
	return f, nil
}

// numberOf reads decimal text, NaN if it is none: strconv also takes "inf" and hexadecimal floats.
func numberOf(text string) float64 {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// Option returns the parameter as one of the texts allowed for item i; def if it is not set.
func (p Param) Option(i int, def string, allowed ...string) (string, error) {
	text, err := p.String(i, def)
	if err != nil {
		return "", err
	}
	for _, a := range allowed {
		if a == text {
			return text, nil
		}
	}
	return "", p.errorf(i, "must be one of %s, and is %q", strings.Join(allowed, ", "), text)
}

func (p Param) errorf(i int, format string, args ...any) error {
	return Errorf("%s", fmt.Sprintf(format, args...)).At(i).WithParam(p.name, "")
}
