package markup

import (
	"context"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// markdown writes Markdown as HTML, and HTML as Markdown.
type markdown struct{}

var _ nodes.Node = markdown{}

// Execute works item by item. As in n8n, lineage is left to the automatic rule.
func (markdown) Execute(ctx context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		out, err := convert(call, i, it)
		if err != nil {
			e := nodes.AsError(err).At(i)
			if !goesOn(call) {
				return e
			}
			var b nodes.ObjectBuilder
			b.Set("error", nodes.StringValue(e.Message))
			out = nodes.NewItem(b.String()).WithError(e)
		}
		call.Emit(0, out.WithParents())
	}
	return nil
}

func convert(call *nodes.Call, i int, it nodes.Item) (nodes.Item, error) {
	mode, err := call.Param("mode").Option(i, "htmlToMarkdown", "htmlToMarkdown", "markdownToHtml")
	if err != nil {
		return it, err
	}
	name, work := "html", toMarkdown
	if mode == "markdownToHtml" {
		name, work = "markdown", toHTML
	}
	source, err := call.Param(name).Value(i)
	if err != nil {
		return it, err
	}
	made := source
	switch {
	case source.Kind() == nodes.String:
		var text string
		text, err = work(call, i, source.Str())
		made = nodes.StringValue(text)
	case source.IsNil() && name == "markdown": // stays what it is
	default:
		err = nodes.Errorf("it must be text, and is %s", source.Kind()).WithParam(name, "")
	}
	it = it.WithBinary(nil)
	if err != nil || made.Kind() == nodes.Undefined {
		return it, err
	}
	key, err := call.Param("destinationKey").String(i, "data")
	if err != nil {
		return it, err
	}
	json, err := nodes.Normalize(setPath(it.JSON(), pathOf(key), made.JSON()))
	return it.WithJSON(json), err
}

// pathOf cuts a name at its dots and brackets.
func pathOf(name string) []string {
	return strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(name), ".")
}

// maxIndex bounds the lists that setPath makes.
const maxIndex = 10_000

// setPath returns JSON with a member set. What is missing on the way is made, what is no object or list is replaced.
func setPath(old string, path []string, value string) string {
	if len(path) == 0 {
		return value
	}
	root := gjson.Parse(old)
	if n, err := strconv.Atoi(path[0]); err == nil && n >= 0 && n < maxIndex && !root.IsObject() {
		list := []string{}
		for _, el := range root.Array() {
			if root.IsArray() {
				list = append(list, el.Raw)
			}
		}
		for len(list) <= n {
			list = append(list, "null")
		}
		list[n] = setPath(list[n], path[1:], value)
		return "[" + strings.Join(list, ",") + "]"
	}
	var b nodes.ObjectBuilder
	done := false
	if root.IsObject() {
		root.ForEach(func(key, v gjson.Result) bool {
			if key.Str == path[0] {
				b.Raw(key.Str, setPath(v.Raw, path[1:], value))
				done = true
			} else {
				b.Raw(key.Str, v.Raw)
			}
			return true
		})
	}
	if !done {
		b.Raw(path[0], setPath("", path[1:], value))
	}
	return b.String()
}
