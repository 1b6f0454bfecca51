package markup

import (
	"context"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// part is a part of a template: text, or the code of {{ }}.
type part struct {
	text, code string
	isCode     bool
}

// splitTemplate cuts a template into its parts. The first "}}" after "{{" ends the code.
func splitTemplate(text string) []part {
	var parts []part
	for {
		before, rest, found := strings.Cut(text, "{{")
		code, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			return append(parts, part{text: text})
		}
		parts = append(parts, part{text: before}, part{text: "{{" + code + "}}", code: code, isCode: true})
		text = after
	}
}

// fillTemplates puts values in place of {{ }} in the template, which is the same for all items.
func fillTemplates(ctx context.Context, call *nodes.Call) error {
	param := call.Params.Member("html")
	text := ""
	switch {
	case param == nil || param.Value().Kind() == nodes.Null:
		e := nodes.Errorf("the HTML template is not set").WithParam("html", "")
		e.Hint = "n8n then shows its own sample page, which does not come along: write the template into the node."
		return e
	case param.Expression() != nil:
		text = param.Expression().Source()
	case param.Value().Kind() != nodes.String:
		for i := range call.Input(0).Len() {
			emitHTML(call, i, param.Value())
		}
		return nil
	default:
		text = param.Value().Str()
	}
	parts := splitTemplate(text)
	var code []string
	for _, p := range parts {
		if p.isCode {
			code = append(code, p.code)
		}
	}
	if len(code) == 0 {
		for i := range call.Input(0).Len() {
			emitHTML(call, i, nodes.StringValue(text))
		}
		return nil
	}
	expressions, err := compileTemplate(call, code)
	if err != nil {
		return err
	}
	for i := range call.Input(0).Len() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		values, err := valuesOf(call, expressions, i)
		if err == nil {
			emitHTML(call, i, nodes.StringValue(filled(parts, values)))
			continue
		}
		if err := call.Fail(i, nodes.AsError(err).WithParam("html", "")); err != nil {
			return err
		}
	}
	return nil
}

// compileTemplate compiles the codes of a template.
func compileTemplate(call *nodes.Call, code []string) ([]nodes.Expression, error) {
	engine, ok := call.Engine.(nodes.Compiler)
	if !ok {
		return nil, nodes.Errorf("the engine behind this node compiles no expressions")
	}
	list := make([]nodes.Expression, len(code))
	for i, c := range code {
		if strings.TrimSpace(c) == "" {
			return nil, nodes.Errorf("invalid syntax").WithParam("html", "")
		}
		var err error
		if list[i], err = engine.CompileExpression("{{" + c + "}}"); err != nil {
			e := nodes.Errorf("invalid syntax")
			e.Cause = err
			return nil, e.WithParam("html", "")
		}
	}
	return list, nil
}

// valuesOf are the texts of a template's codes for an item.
func valuesOf(call *nodes.Call, expressions []nodes.Expression, i int) ([]string, error) {
	values := make([]string, len(expressions))
	for k, e := range expressions {
		v, err := call.Engine.Evaluate(e, i, nil)
		if err != nil {
			return nil, err
		}
		values[k] = v.Text()
	}
	return values, nil
}

// filled puts the values into the template. As in JavaScript's replace, a dollar sign in a value may stand for more: $$ for one,
// $& for the code.
func filled(parts []part, values []string) string {
	var b strings.Builder
	n := 0
	for _, p := range parts {
		if !p.isCode {
			b.WriteString(p.text)
			continue
		}
		value := values[n]
		n++
		for {
			before, rest, found := strings.Cut(value, "$")
			b.WriteString(before)
			switch {
			case !found:
			case strings.HasPrefix(rest, "$"):
				b.WriteByte('$')
				rest = rest[1:]
			case strings.HasPrefix(rest, "&"):
				b.WriteString(p.text)
				rest = rest[1:]
			default:
				b.WriteByte('$')
			}
			if value = rest; !found {
				break
			}
		}
	}
	return b.String()
}

func emitHTML(call *nodes.Call, i int, v nodes.Value) {
	var b nodes.ObjectBuilder
	b.Set("html", v)
	call.EmitFrom(0, i, nodes.NewItem(b.String()))
}
