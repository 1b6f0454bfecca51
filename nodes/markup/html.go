package markup

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// htmlNode fills in templates, extracts values by CSS selectors, and writes tables.
type htmlNode struct{}

var _ nodes.Node = htmlNode{}

func (htmlNode) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Input(0).Len() == 0 {
		return nil
	}
	operation, err := call.Param("operation").String(0, "generateHtmlTemplate")
	if err != nil {
		return err
	}
	switch operation {
	case "generateHtmlTemplate":
		return fillTemplates(ctx, call)
	case "extractHtmlContent":
		return extract(ctx, call, false)
	case "convertToHtmlTable":
		return writeTable(call)
	}
	return nil // as n8n does
}

// htmlExtract is the node that became the operation of that name of HTML.
type htmlExtract struct{}

var _ nodes.Node = htmlExtract{}

func (htmlExtract) Execute(ctx context.Context, call *nodes.Call) error {
	return extract(ctx, call, true)
}

// tableStyle are the styles that a table has unless its own are asked for.
var tableStyle = struct{ table, head, cell string }{
	"style='border-spacing:0; font-family:helvetica,arial,sans-serif'",
	"style='margin:0; padding:7px 20px 7px 0px; border-bottom:1px solid #eee; text-align:left; color:#888; font-weight:normal'",
	"style='margin:0; padding:7px 20px 7px 0px; border-bottom:1px solid #eee'",
}

// writeTable makes one item of all: a table with a column for each field that any of them has. As in n8n, nothing is escaped.
func writeTable(call *nodes.Call) error {
	option := func(name string) (string, error) { return call.Param("options").Get(name).String(0, "") }
	var attributes [4]string
	for n, name := range []string{"tableAttributes", "headerAttributes", "rowAttributes", "cellAttributes"} {
		text, err := option(name)
		if err != nil {
			return err
		}
		attributes[n] = text
	}
	caption, err := option("caption")
	if err != nil {
		return err
	}
	capitalize, err := call.Param("options").Get("capitalize").Bool(0, false)
	if err != nil {
		return err
	}
	style := tableStyle
	own, err := call.Param("options").Get("customStyling").Bool(0, false)
	if err != nil {
		return err
	}
	if own {
		style.table, style.head, style.cell = "", "", ""
	}
	var b strings.Builder
	b.WriteString("<table " + style.table + " " + attributes[0] + ">")
	if caption != "" {
		b.WriteString("<caption>" + caption + "</caption>")
	}
	columns := columnsOf(call.Input(0))
	b.WriteString("<thead " + style.head + " " + attributes[1] + "><tr>")
	for _, c := range columns {
		if capitalize {
			c = capitalized(c)
		}
		b.WriteString("<th>" + c + "</th>")
	}
	b.WriteString("</tr></thead><tbody>")
	parents := make([]nodes.Parent, 0, call.Input(0).Len())
	for i, it := range call.Input(0).All() {
		parents = append(parents, nodes.From(i, 0))
		b.WriteString("<tr  " + attributes[2] + ">")
		row := it.Get("@this").Map()
		for _, c := range columns {
			b.WriteString("<td " + style.cell + " " + attributes[3] + ">" + cell(row[c]) + "</td>")
		}
		b.WriteString("</tr>")
	}
	b.WriteString("</tbody></table>")
	var o nodes.ObjectBuilder
	o.Set("table", nodes.StringValue(b.String()))
	call.Emit(0, nodes.NewItem(o.String()).WithParents(parents...))
	return nil
}

func cell(r gjson.Result) string {
	v := nodes.ResultValue(r)
	switch {
	case v.Kind() != nodes.Bool:
		return v.Text()
	case v.Bool():
		return `<input type="checkbox" checked="checked"/>`
	}
	return `<input type="checkbox" />`
}

// columnsOf are the names of all fields, in the order in which they come up.
func columnsOf(items nodes.Items) []string {
	var names []string
	seen := map[string]bool{}
	for _, it := range items.All() {
		it.Get("@this").ForEach(func(key, _ gjson.Result) bool {
			if !seen[key.Str] {
				name := strings.Clone(key.Str)
				seen[name] = true
				names = append(names, name)
			}
			return true
		})
	}
	return names
}

// capitalized is a field's name for people: its words, which underscores separate, begin with capitals.
func capitalized(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words {
		if r, n := utf8.DecodeRuneInString(w); n > 0 {
			words[i] = strings.ToUpper(string(r)) + w[n:]
		}
	}
	return strings.Join(words, " ")
}
