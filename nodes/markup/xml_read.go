package markup

import (
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// xmlReading are the options of reading XML, in the words of the JavaScript library xml2js.
type xmlReading struct {
	attrkey, charkey                                     string
	explicitArray, explicitRoot, ignoreAttrs, mergeAttrs bool
	normalize, normalizeTags, trim                       bool
}

func (o *xmlReading) read(call *nodes.Call) error {
	options := call.Param("options")
	read := reader{}
	read.text(&o.attrkey, options.Get("attrkey"), "$")
	read.text(&o.charkey, options.Get("charkey"), "_")
	read.bool(&o.explicitArray, options.Get("explicitArray"), false)
	read.bool(&o.explicitRoot, options.Get("explicitRoot"), true)
	read.bool(&o.ignoreAttrs, options.Get("ignoreAttrs"), false)
	read.bool(&o.mergeAttrs, options.Get("mergeAttrs"), true)
	read.bool(&o.normalize, options.Get("normalize"), false)
	read.bool(&o.normalizeTags, options.Get("normalizeTags"), false)
	read.bool(&o.trim, options.Get("trim"), false)
	return read.err
}

// xmlObject is an element as an object, its members in order. A member that is given twice is a list.
type xmlObject struct {
	name    string
	keys    []string
	at      map[string]int
	values  [][]string // in wire form
	isList  []bool
	text    strings.Builder
	chars   bool // there is text
	literal bool // some of it is CDATA
}

func (e *xmlObject) member(key string) int {
	if e.at == nil {
		e.at = map[string]int{}
	}
	i, ok := e.at[key]
	if !ok {
		i = len(e.keys)
		e.at[key] = i
		e.keys, e.values, e.isList = append(e.keys, key), append(e.values, nil), append(e.isList, false)
	}
	return i
}

// add adds a member, to the list of those with its name if there are others.
func (e *xmlObject) add(key, value string, list bool) {
	i := e.member(key)
	e.values[i] = append(e.values[i], value)
	e.isList[i] = list || len(e.values[i]) > 1
}

func (e *xmlObject) json(first ...string) string {
	var b nodes.ObjectBuilder
	for i := 0; i+1 < len(first); i += 2 {
		b.Raw(first[i], first[i+1])
	}
	for i, key := range e.keys {
		if e.isList[i] {
			b.Raw(key, "["+strings.Join(e.values[i], ",")+"]")
		} else {
			b.Raw(key, e.values[i][0])
		}
	}
	return b.String()
}

// maxXMLDepth is how deep elements may be nested: what comes out must be readable as JSON, which is read recursively.
const maxXMLDepth = 1000

// parse reads a document. Its entities are those of XML and HTML: what a document type declares is not looked at, so that no
// document unfolds to more than it is. What follows the root element is ignored.
func (o *xmlReading) parse(text string) (string, error) {
	s := xmlScanner{text: strings.TrimPrefix(text, "\uFEFF")}
	var open []*xmlObject
	for {
		t, err := s.next(len(open) > 0)
		if err != nil {
			return "", err
		}
		switch t.kind {
		case xmlEnd:
			if len(open) > 0 {
				return "", s.errorf("Unclosed root tag")
			}
			return "", nodes.Errorf("the XML has no element")
		case xmlText, xmlCDATA:
			if len(open) > 0 {
				e := open[len(open)-1]
				e.text.WriteString(t.text)
				e.chars = true
				e.literal = e.literal || t.kind == xmlCDATA && t.text != ""
			}
		case xmlOpen:
			if len(open) == maxXMLDepth {
				return "", nodes.Errorf("the XML nests its elements more than %d deep", maxXMLDepth)
			}
			open = append(open, o.element(t))
		case xmlClose:
			e := open[len(open)-1]
			open = open[:len(open)-1]
			if len(open) == 0 {
				return o.root(e), nil
			}
			open[len(open)-1].add(o.tag(e.name), o.value(e), o.explicitArray)
		}
	}
}

func (o *xmlReading) tag(name string) string {
	if o.normalizeTags {
		name = strings.ToLower(name)
	}
	switch name { // as xml2js does, for the sake of JavaScript's prototypes
	case "__proto__", "constructor", "prototype":
		return "sanitized_" + name
	}
	return name
}

func (o *xmlReading) element(t xmlToken) *xmlObject {
	e := &xmlObject{name: t.text}
	if o.ignoreAttrs || len(t.attrs) == 0 {
		return e
	}
	if o.mergeAttrs {
		for _, a := range t.attrs {
			e.add(o.attribute(a[0]), nodes.StringValue(a[1]).JSON(), o.explicitArray)
		}
		return e
	}
	var b nodes.ObjectBuilder
	for _, a := range t.attrs {
		b.Set(o.attribute(a[0]), nodes.StringValue(a[1]))
	}
	e.add(o.attrkey, b.String(), false)
	return e
}

func (o *xmlReading) attribute(name string) string {
	switch name {
	case "__proto__", "constructor", "prototype":
		return "sanitized_" + name
	}
	return name
}

// value is what becomes of an element: its text if there is nothing else, an object otherwise.
func (o *xmlReading) value(e *xmlObject) string {
	text := e.text.String()
	blank := ""
	hasText := text != ""
	if trimSpace(text) == "" && !e.literal {
		blank, hasText = text, false
	} else {
		if o.trim {
			text = trimSpace(text)
		}
		if o.normalize {
			text = trimSpace(spaces.ReplaceAllString(text, " "))
		}
	}
	switch {
	case len(e.keys) > 0 && hasText:
		return e.json(o.charkey, nodes.StringValue(text).JSON())
	case len(e.keys) > 0:
		return e.json()
	case hasText:
		return nodes.StringValue(text).JSON()
	}
	return nodes.StringValue(blank).JSON()
}

func (o *xmlReading) root(e *xmlObject) string {
	value := o.value(e)
	if !o.explicitRoot {
		return value
	}
	var b nodes.ObjectBuilder
	b.Raw(o.tag(e.name), value)
	return b.String()
}
