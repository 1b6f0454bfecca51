package core

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// element is an XML element as n8n shows it: an object of its children and attributes ("$"), or its text.
type element struct {
	name     string
	text     strings.Builder
	attrs    nodes.ObjectBuilder
	named    bool // has attributes
	children fieldLists
}

// xmlJSON writes an XML document as {root: …}: names in lower case, attributes under "$", text beside others under "_",
// elements of one name in a list, white space made single.
func xmlJSON(raw []byte) (string, error) {
	decoder := xml.NewDecoder(bytes.NewReader(raw)) //nolint:gosec // into no types: its depth is bounded below
	stack := []*element{{}}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && len(stack) == 1 && len(stack[0].children.names) > 0 {
			return stack[0].value(), nil
		}
		if err != nil {
			return "", fmt.Errorf("the XML cannot be read: %w", err)
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if len(stack) > nodes.MaxDepth {
				return "", nodes.ErrTooDeep
			}
			e := &element{name: strings.ToLower(token.Name.Local)}
			for _, a := range token.Attr {
				e.attrs.Set(a.Name.Local, nodes.StringValue(a.Value))
				e.named = true
			}
			stack = append(stack, e)
		case xml.CharData:
			top.text.Write(token)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			stack[len(stack)-1].children.add(top.name, top.value())
		}
	}
}

// value is the element's JSON.
func (e *element) value() string {
	text := strings.Join(strings.Fields(e.text.String()), " ")
	if !e.named && len(e.children.names) == 0 {
		return string(nodes.AppendString(nil, text))
	}
	var b nodes.ObjectBuilder
	if text != "" {
		b.Set("_", nodes.StringValue(text))
	}
	if e.named {
		b.Raw("$", e.attrs.String())
	}
	e.children.write(&b)
	return b.String()
}
