package markup

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

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
	template, err := call.Embed(text)
	if err != nil {
		return nodes.AsError(err).WithParam("html", "")
	}
	for i := range call.Input(0).Len() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		filled, err := template.Text(call, i)
		if err == nil {
			emitHTML(call, i, nodes.StringValue(filled))
			continue
		}
		if err := call.Fail(i, nodes.AsError(err).WithParam("html", "")); err != nil {
			return err
		}
	}
	return nil
}

func emitHTML(call *nodes.Call, i int, v nodes.Value) {
	var b nodes.ObjectBuilder
	b.Set("html", v)
	call.EmitFrom(0, i, nodes.NewItem(b.String()))
}
