package core

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"

	"github.com/cordboard/cordboard/nodes"
)

var errNoLiteral = errors.New("no object literal")

// parseLiteral reads an object as JavaScript code writes it (keys without quotes, single quotes, comments, commas at the
// end) and returns it as JSON. As in n8n, a name stands for its own text, and members that would have to be computed
// are left out.
func parseLiteral(text string) (string, error) {
	ast, err := js.Parse(parse.NewInputString("("+text+")"), js.Options{})
	if err != nil || len(ast.List) != 1 {
		return "", errNoLiteral
	}
	statement, ok := ast.List[0].(*js.ExprStmt)
	if !ok {
		return "", errNoLiteral
	}
	object, ok := ungroup(statement.Value).(*js.ObjectExpr)
	if !ok {
		return "", errNoLiteral
	}
	var b nodes.ObjectBuilder
	if err := writeLiteral(&b, object); err != nil {
		return "", err
	}
	return nodes.Normalize(b.String())
}

func ungroup(x js.IExpr) js.IExpr {
	for {
		g, ok := x.(*js.GroupExpr)
		if !ok {
			return x
		}
		x = g.X
	}
}

func writeLiteral(b *nodes.ObjectBuilder, object *js.ObjectExpr) error {
	for _, p := range object.List {
		if p.Spread || p.Name == nil || p.Name.IsComputed() {
			return errNoLiteral
		}
		key := string(p.Name.Literal.Data)
		if p.Name.Literal.TokenType == js.StringToken {
			var err error
			if key, err = unquote(key); err != nil {
				return err
			}
		}
		v, err := literalValue(p.Value)
		if err != nil {
			return err
		}
		b.Set(key, v)
	}
	return nil
}

// literalValue is the value of an expression that is a literal, undefined for others.
func literalValue(x js.IExpr) (nodes.Value, error) {
	switch x := ungroup(x).(type) {
	case *js.LiteralExpr:
		return scalar(x)
	case *js.Var:
		return nodes.StringValue(string(x.Name())), nil
	case *js.UnaryExpr:
		v, err := literalValue(x.X)
		switch {
		case err != nil || v.Kind() != nodes.Number:
		case x.Op == js.NegToken:
			return nodes.NumberValue(-v.Num()), nil
		case x.Op == js.PosToken:
			return v, nil
		}
		return nodes.Value{}, err
	case *js.ObjectExpr:
		var b nodes.ObjectBuilder
		if err := writeLiteral(&b, x); err != nil {
			return nodes.Value{}, err
		}
		return nodes.WireValue(b.String()), nil
	case *js.ArrayExpr:
		return arrayLiteral(x)
	}
	return nodes.Value{}, nil
}

func arrayLiteral(x *js.ArrayExpr) (nodes.Value, error) {
	dst := []byte{'['}
	for i, el := range x.List {
		if el.Spread {
			return nodes.Value{}, errNoLiteral
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		v := nodes.NullValue
		if el.Value != nil {
			var err error
			if v, err = literalValue(el.Value); err != nil {
				return v, err
			}
			if v.Kind() == nodes.Undefined {
				v = nodes.NullValue
			}
		}
		dst = v.AppendJSON(dst)
	}
	return nodes.WireValue(string(append(dst, ']'))), nil
}

func scalar(x *js.LiteralExpr) (nodes.Value, error) {
	text := string(x.Data)
	switch x.TokenType {
	case js.StringToken:
		s, err := unquote(text)
		return nodes.StringValue(s), err
	case js.TrueToken, js.FalseToken:
		return nodes.BoolValue(text == "true"), nil
	case js.NullToken:
		return nodes.NullValue, nil
	case js.DecimalToken, js.IntegerToken, js.HexadecimalToken, js.OctalToken, js.BinaryToken:
		return nodes.NumberValue(parseNumber(strings.ReplaceAll(text, "_", ""))), nil
	}
	return nodes.Value{}, nil
}

var simpleEscapes = map[byte]string{
	'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f", 'v': "\v", '0': "\x00", '\n': "",
}

// unquote reads a string literal with its quotes.
func unquote(text string) (string, error) {
	text = text[1 : len(text)-1]
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		if s, ok := simpleEscapes[text[i]]; ok {
			b.WriteString(s)
			continue
		}
		digits := map[byte]int{'x': 2, 'u': 4}[text[i]]
		if digits == 0 {
			b.WriteByte(text[i])
			continue
		}
		r, ok := hexRune(text[i+1:], digits)
		if !ok {
			return "", errNoLiteral
		}
		i += digits
		if low, ok := hexRune(strings.TrimPrefix(text[i+1:], `\u`), 4); ok && utf16.IsSurrogate(r) && strings.HasPrefix(text[i+1:], `\u`) {
			r = utf16.DecodeRune(r, low)
			i += 6
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}

func hexRune(text string, digits int) (rune, bool) {
	if len(text) < digits {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:digits], 16, 32)
	return rune(n), err == nil
}
