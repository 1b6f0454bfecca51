package markup

import (
	"context"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// templateLibrary fills in a template for each item: a line of JSON for each, a list of texts or an error. As in expressions,
// JavaScript's own errors make a value undefined; what the engine says of unknown nodes and the like fails the item.
const templateLibrary = `async ({ args, run, describe, items }) => {
	const lines = [];
	const failed = (e) => { const told = describe(e); return !told.line && told.description ? told : undefined; };
	const seen = items().length;
	for (let i = 0; i < seen; i++) {
		try {
			lines.push(JSON.stringify(await run(i, undefined, { failed })));
		} catch (e) {
			const { message, description } = describe(e);
			lines.push(JSON.stringify({ message, description }));
		}
	}
	return lines.join('\n');
}`

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

// extensions are functions that expressions have and scripts have not.
var extensions = regexp.MustCompile(`\.(?:toTitleCase|toSentenceCase|toSnakeCase|toDateTime|toDate|toInt|toFloat|toNumber|toBoolean|toJsonString|toWholeNumber|toDecimalNumber|removeTags|removeMarkdown|replaceSpecialChars|extract\w*|base64\w+|url\w+code|isEmpty|isNotEmpty|isEmail|isUrl|isDomain|isNumeric|hash|quote|parseJson|format|beginningOf|endOfMonth|diffTo\w*|isBetween|isWeekend|isInLast|first|last|sum|average|pluck|unique|removeDuplicates|chunk|compact|difference|intersection|union|merge|mergeIntoObject|smartJoin|randomItem|renameKeys|append|round|ceil|floor|abs|isEven|isOdd|isInteger|keys|values|hasField|removeField\w*|keepFields\w+)\(`)

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
	lines, err := runTemplate(ctx, call, code)
	if err != nil {
		return err
	}
	for i, line := range lines {
		values := gjson.Parse(line)
		if values.IsObject() {
			e := nodes.Errorf("%s", values.Get("message").Str)
			e.Description = values.Get("description").Str
			if err := call.Fail(i, e.WithParam("html", "")); err != nil {
				return err
			}
			continue
		}
		emitHTML(call, i, nodes.StringValue(filled(parts, values.Array())))
	}
	return nil
}

// runTemplate evaluates the codes of a template and returns a line for each item.
func runTemplate(ctx context.Context, call *nodes.Call, code []string) ([]string, error) {
	engine, ok := call.Engine.(nodes.Scripts)
	if !ok {
		return nil, nodes.Errorf("the engine behind this node runs no JavaScript")
	}
	var source strings.Builder
	source.WriteString("return [")
	for _, c := range code {
		if strings.TrimSpace(c) == "" {
			return nil, nodes.Errorf("invalid syntax").WithParam("html", "")
		}
		if m := extensions.FindString(c); m != "" {
			e := nodes.Errorf("the function %s) of expressions is not available in the template of HTML", m[1:]).WithParam("html", "")
			e.Hint = "Work the value out in a node before (Set), and put its field into the template."
			return nil, e
		}
		source.WriteString("(() => { try { return String((" + c + "\n)); } catch (e) { if (failed(e)) throw e; return 'undefined'; } })(),")
	}
	source.WriteString("];")
	text, err := engine.RunScript(ctx, nodes.Script{Source: source.String(), Library: templateLibrary, Names: []string{"failed"}}, "{}", nil)
	if err != nil {
		e := nodes.AsError(err)
		if e.Description == "SyntaxError" {
			e = nodes.Errorf("invalid syntax")
			e.Cause = err
		}
		return nil, e.WithParam("html", "")
	}
	return strings.Split(text, "\n"), nil
}

// filled puts the values into the template. As in JavaScript's replace, a dollar sign in a value may stand for more: $$ for one,
// $& for the code.
func filled(parts []part, values []gjson.Result) string {
	var b strings.Builder
	n := 0
	for _, p := range parts {
		if !p.isCode {
			b.WriteString(p.text)
			continue
		}
		value := values[n].Str
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
