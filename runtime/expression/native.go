package expression

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2/js"

	"github.com/cordboard/cordboard/nodes"
)

// nativeCode is a piece of an expression, compiled. It fails with a thrown, errCutShort, errNeedsScript, or an error of
// n8n's own.
type nativeCode func(*env) (nodes.Value, error)

// env is what native code sees: the item at hand of a batch.
type env struct {
	ctx   context.Context //nolint:containedctx // of the batch
	scope Scope
	items nodes.Items // of input 0
	index int
	extra map[string]nodes.Value
	notes []note // errors that were swallowed
}

var (
	// errThrow is an exception of JavaScript's own of which nothing is known.
	errThrow error = thrown{"a JavaScript error"}
	// errCutShort ends a chain at a ?. behind null or undefined.
	errCutShort = errors.New("optional chain is cut short")
	// errNeedsScript means that the native tier could not be exact for these values.
	errNeedsScript = errors.New("the values need JavaScript")
)

// thrown is an exception of JavaScript's own, such as a TypeError.
type thrown struct{ message string }

func (t thrown) Error() string { return t.message }

func constant(v nodes.Value) nativeCode {
	return func(*env) (nodes.Value, error) { return v, nil }
}

// compileNative compiles code for the native tier; ok is false if it needs JavaScript.
func compileNative(x js.IExpr) (code nativeCode, ok bool) {
	switch x := x.(type) {
	case *js.GroupExpr:
		return compileNative(x.X)
	case *js.LiteralExpr:
		v, ok := literal(x)
		return constant(v), ok
	case *js.Var:
		if name, free := freeName(x); free {
			return compileVariable(name)
		}
	case *js.DotExpr, *js.IndexExpr, *js.CallExpr:
		code, ok := compileChain(x)
		if ok && isOptional(x) {
			code = endOfChain(code)
		}
		return code, ok
	case *js.TemplateExpr:
		return compileTemplate(x)
	case *js.UnaryExpr:
		return compileUnary(x)
	case *js.BinaryExpr:
		return compileBinary(x)
	case *js.CondExpr:
		return compileConditional(x.Cond, x.X, x.Y)
	case *js.ArrayExpr:
		return compileArray(x)
	case *js.ObjectExpr:
		return compileObject(x)
	}
	return nil, false
}

func compileAll(list []js.IExpr) ([]nativeCode, bool) {
	out := make([]nativeCode, len(list))
	for i, x := range list {
		var ok bool
		if out[i], ok = compileNative(x); !ok {
			return nil, false
		}
	}
	return out, true
}

func endOfChain(code nativeCode) nativeCode {
	return func(e *env) (nodes.Value, error) {
		v, err := code(e)
		if err == errCutShort {
			return nodes.Value{}, nil
		}
		return v, err
	}
}

// compileChain compiles a link of a chain of members and calls. Unlike compileNative it lets errCutShort through.
func compileChain(x js.IExpr) (nativeCode, bool) {
	if code, ok := compileReference(x); ok {
		return code, true
	}
	switch x := x.(type) {
	case *js.DotExpr:
		base, ok := compileChain(x.X)
		if _, private := x.Y.(*js.Var); !ok || private {
			return nil, false
		}
		return memberOf(base, propertyName(x), x.Optional), true
	case *js.IndexExpr:
		return compileIndex(x)
	case *js.CallExpr:
		return compileCall(x)
	}
	return compileNative(x)
}

func compileIndex(x *js.IndexExpr) (nativeCode, bool) {
	base, ok := compileChain(x.X)
	if !ok {
		return nil, false
	}
	if name, ok := stringLiteral(x.Y); ok {
		return memberOf(base, name, x.Optional), true
	}
	key, ok := compileNative(x.Y)
	if !ok {
		return nil, false
	}
	return func(e *env) (nodes.Value, error) {
		b, err := base(e)
		if err != nil {
			return b, err
		}
		if b.IsNil() && x.Optional {
			return b, errCutShort
		}
		k, err := key(e)
		if err != nil {
			return k, err
		}
		if kind := k.Kind(); b.IsNil() || kind != nodes.String && kind != nodes.Number {
			return b, orScript(b.IsNil())
		}
		if name := k.Text(); unsafeNames[name] {
			return k, unsafeProperty(name)
		}
		return newMember(k.Text()).of(e, b)
	}, true
}

// orScript is errThrow if it is sure that JavaScript throws, else errNeedsScript.
func orScript(throws bool) error {
	if throws {
		return errThrow
	}
	return errNeedsScript
}

func memberOf(base nativeCode, name string, optional bool) nativeCode {
	m := newMember(name)
	ofUndefined, ofNull := error(thrown{"Cannot read '" + name + "' of undefined"}), error(thrown{"Cannot read '" + name + "' of null"})
	return func(e *env) (nodes.Value, error) {
		b, err := base(e)
		if err != nil {
			return b, err
		}
		if b.IsNil() {
			switch {
			case optional:
				return b, errCutShort
			case b.Kind() == nodes.Null:
				return nodes.Value{}, ofNull
			}
			return nodes.Value{}, ofUndefined
		}
		return m.of(e, b)
	}
}

func compileConditional(cond, yes, no js.IExpr) (nativeCode, bool) {
	code, ok := compileAll([]js.IExpr{cond, yes, no})
	if !ok {
		return nil, false
	}
	return func(e *env) (nodes.Value, error) {
		c, err := code[0](e)
		switch {
		case err != nil:
			return c, err
		case c.Truthy():
			return code[1](e)
		}
		return code[2](e)
	}, true
}

func compileTemplate(x *js.TemplateExpr) (nativeCode, bool) {
	if x.Tag != nil {
		return nil, false
	}
	texts, codes := make([]string, 0, len(x.List)+1), make([]nativeCode, 0, len(x.List))
	// A piece is written with the ` or } before it and the ${ or ` behind it.
	for _, p := range x.List {
		text, ok := unescape(string(p.Value[1:len(p.Value)-2]), true)
		code, native := compileNative(p.Expr)
		if !ok || !native {
			return nil, false
		}
		texts, codes = append(texts, text), append(codes, code)
	}
	tail, ok := unescape(string(x.Tail[1:len(x.Tail)-1]), true)
	if !ok {
		return nil, false
	}
	return func(e *env) (nodes.Value, error) {
		var b []byte
		for i, code := range codes {
			v, err := code(e)
			if err != nil {
				return v, err
			}
			b = append(b, texts[i]...)
			if b, err = appendText(b, v); err != nil {
				return v, err
			}
		}
		return nodes.StringValue(string(append(b, tail...))), nil
	}, true
}

// compileArray compiles [a, b]. Members that JSON cannot hold (undefined, NaN, dates) are left to JavaScript.
func compileArray(x *js.ArrayExpr) (nativeCode, bool) {
	list := make([]js.IExpr, len(x.List))
	for i, el := range x.List {
		if el.Spread || el.Value == nil {
			return nil, false
		}
		list[i] = el.Value
	}
	codes, ok := compileAll(list)
	if !ok {
		return nil, false
	}
	return func(e *env) (nodes.Value, error) {
		b := []byte{'['}
		for i, code := range codes {
			v, err := code(e)
			if err != nil {
				return v, err
			}
			if !plain(v) {
				return v, errNeedsScript
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = v.AppendJSON(b)
		}
		return nodes.WireValue(string(append(b, ']'))), nil
	}, true
}

// compileObject compiles {a: 1, "b": 2, c}.
func compileObject(x *js.ObjectExpr) (nativeCode, bool) {
	var names []string
	var list []js.IExpr
	for _, p := range x.List {
		if p.Spread || p.Name == nil || p.Name.IsComputed() || p.Init != nil {
			return nil, false
		}
		name := string(p.Name.Literal.Data)
		if p.Name.Literal.TokenType == js.StringToken {
			var ok bool
			if name, ok = stringLiteral(&p.Name.Literal); !ok {
				return nil, false
			}
		}
		// Number-like keys come first in JavaScript, __proto__ is no member, and of equal names the last wins.
		if name == "__proto__" || name == "" || name[0] >= '0' && name[0] <= '9' || p.Name.Literal.TokenType&js.NumericToken != 0 || slices.Contains(names, name) {
			return nil, false
		}
		names, list = append(names, name), append(list, p.Value)
	}
	codes, ok := compileAll(list)
	if !ok {
		return nil, false
	}
	return func(e *env) (nodes.Value, error) {
		var b nodes.ObjectBuilder
		for i, code := range codes {
			v, err := code(e)
			if err != nil {
				return v, err
			}
			if !plain(v) {
				return v, errNeedsScript
			}
			b.Set(names[i], v)
		}
		return nodes.WireValue(b.String()), nil
	}, true
}

// plain reports whether JSON holds the value with nothing lost.
func plain(v nodes.Value) bool {
	switch v.Kind() {
	case nodes.Undefined, nodes.Foreign:
		return false
	case nodes.Number:
		return isFinite(v.Num()) && !isNegativeZero(v.Num())
	}
	return true
}

func literal(x *js.LiteralExpr) (nodes.Value, bool) {
	switch x.TokenType {
	case js.TrueToken, js.FalseToken:
		return nodes.BoolValue(x.TokenType == js.TrueToken), true
	case js.NullToken:
		return nodes.NullValue, true
	case js.StringToken:
		s, ok := stringLiteral(x)
		return nodes.StringValue(s), ok
	case js.IntegerToken, js.DecimalToken:
		text := strings.ReplaceAll(string(x.Data), "_", "")
		if len(text) > 1 && text[0] == '0' && text[1] != '.' && text[1] != 'e' && text[1] != 'E' {
			return nodes.Value{}, false // an old octal
		}
		f, err := strconv.ParseFloat(text, 64)
		return nodes.NumberValue(f), err == nil
	}
	return nodes.Value{}, false
}

func stringLiteral(x js.IExpr) (string, bool) {
	l, ok := x.(*js.LiteralExpr)
	if !ok || l.TokenType != js.StringToken || len(l.Data) < 2 {
		return "", false
	}
	return unescape(string(l.Data[1:len(l.Data)-1]), false)
}

var simpleEscapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f", 'v': "\v", '\n': "",
	'\\': `\`, '\'': "'", '"': `"`, '`': "`", '$': "$", '/': "/", '{': "{", '}': "}"}

// unescape reads the inside of a text literal; ok is false for escapes that are rare.
func unescape(s string, template bool) (text string, ok bool) {
	if !utf8.ValidString(s) || template && strings.Contains(s, "\r") {
		return "", false
	}
	if !strings.Contains(s, `\`) {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i >= len(s) {
			return "", false
		}
		if plain, ok := simpleEscapes[s[i]]; ok {
			b.WriteString(plain)
			continue
		}
		digits := map[byte]int{'u': 4, 'x': 2}[s[i]]
		if digits == 0 || i+digits >= len(s) {
			return "", false
		}
		code, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 16)
		if err != nil || code >= 0xD800 && code < 0xE000 {
			return "", false
		}
		b.WriteRune(rune(code))
		i += digits
	}
	return b.String(), true
}
