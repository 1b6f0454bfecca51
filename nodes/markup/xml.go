package markup

import (
	"context"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// xmlNode reads XML into JSON and writes JSON as XML.
type xmlNode struct{}

var _ nodes.Node = xmlNode{}

// Execute works item by item. The field and the options are those of the first item. A failed item that the node goes on after is dropped,
// as in n8n; the log tells of it.
func (xmlNode) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Input(0).Len() == 0 {
		return nil
	}
	mode, err := call.Param("mode").Option(0, "xmlToJson", "xmlToJson", "jsonToxml")
	if err != nil {
		return err
	}
	x := xmlRun{call: call}
	if x.name, err = call.Param("dataPropertyName").String(0, "data"); err != nil {
		return err
	}
	work := x.read
	if mode == "jsonToxml" {
		work = x.write
		err = x.writing.read(call)
	} else {
		err = x.reading.read(call)
	}
	if err != nil {
		return err
	}
	for i, it := range call.Input(0).All() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := work(i, it); err != nil {
			if !goesOn(call) {
				return nodes.AsError(err).At(i)
			}
			call.Log.Warn("an item failed and was dropped", "node", call.Name, "item", i, "error", nodes.AsError(err).Message)
		}
	}
	return nil
}

// xmlRun is one execution.
type xmlRun struct {
	call    *nodes.Call
	name    string // of the field
	reading xmlReading
	writing xmlWriting
}

func (x *xmlRun) read(_ int, it nodes.Item) error {
	name := x.name
	found := it.Get(gjson.Escape(name))
	switch {
	case name == "":
		return nodes.Errorf("the name of the field with the XML is empty").WithParam("dataPropertyName", "")
	case !found.Exists():
		return nodes.Errorf("Item has no JSON property called %q", name).WithParam("dataPropertyName", "")
	case found.Type == gjson.Null:
		return nodes.Errorf("the property %q must be text with XML, and is null", name).WithParam("dataPropertyName", "")
	}
	json, err := x.reading.parse(nodes.ResultValue(found).Text())
	if err != nil {
		return nodes.AsError(err).WithParam("dataPropertyName", "")
	}
	if !strings.HasPrefix(json, "{") {
		e := nodes.Errorf("the root element has nothing but text, so that without it there is no object").WithParam("options.explicitRoot", "")
		e.Hint = "Turn the option explicitRoot on."
		return e
	}
	if json, err = nodes.Normalize(json); err != nil {
		return err
	}
	x.call.Emit(0, nodes.NewItem(json)) // n8n leaves lineage to its automatic rule
	return nil
}

func (x *xmlRun) write(i int, it nodes.Item) error {
	text, err := x.writing.document(it.Get("@this"))
	if err != nil {
		return err
	}
	var b nodes.ObjectBuilder
	b.Set(x.name, nodes.StringValue(text))
	x.call.EmitFrom(0, i, nodes.NewItem(b.String()))
	return nil
}
