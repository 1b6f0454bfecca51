package markup

import (
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// xmlWriting are the options of writing XML, in the words of xml2js.
type xmlWriting struct {
	attrkey, charkey, rootName string
	cdata, headless            bool
}

func (o *xmlWriting) read(call *nodes.Call) error {
	options := call.Param("options")
	read := reader{}
	read.text(&o.attrkey, options.Get("attrkey"), "$")
	read.text(&o.charkey, options.Get("charkey"), "_")
	read.text(&o.rootName, options.Get("rootName"), "root")
	read.bool(&o.cdata, options.Get("cdata"), false)
	read.bool(&o.headless, options.Get("headless"), false)
	return read.err
}

// xmlElement is an element that is to be written. Text and children stand in content in order.
type xmlElement struct {
	name    string
	attrs   [][2]string
	content []xmlContent
}

// xmlContent is an element, or text.
type xmlContent struct {
	element *xmlElement
	text    string
	cdata   bool
}

// document writes an object. Its only member is the root element, unless it has several or a name for the root is set.
func (o *xmlWriting) document(object gjson.Result) (string, error) {
	value, name := object, o.rootName
	if members := object.Map(); len(members) == 1 && o.rootName == "root" {
		for key := range members {
			name, value = key, members[key]
		}
	}
	root, err := newElement(name)
	if err != nil {
		return "", err
	}
	if err := o.fill(root, value); err != nil {
		return "", err
	}
	var b strings.Builder
	if !o.headless {
		b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n")
	}
	root.write(&b, 0)
	return b.String(), nil
}

func newElement(name string) (*xmlElement, error) {
	for i, r := range name {
		if i == 0 && !isNameStart(r) || !isNamePart(r) {
			return nil, invalidName(name)
		}
	}
	if name == "" {
		return nil, invalidName(name)
	}
	return &xmlElement{name: name}, nil
}

func invalidName(name string) error {
	e := nodes.Errorf("Invalid character in name")
	e.Description = "An element or an attribute cannot be called \"" + name + "\"."
	return e
}

// isFilledList reports whether a value is a list with something in it: within a list, or as attributes, its elements would be
// called by their indices, which no element is. So would the characters of a text in a list of lists.
func isFilledList(v gjson.Result) bool { return v.IsArray() && v.Get("#").Int() > 0 }

// fill puts a value into an element. As in xml2js, an element that is itself a list shows only the objects in it.
func (o *xmlWriting) fill(e *xmlElement, v gjson.Result) error {
	switch {
	case v.IsObject():
		var failed error
		v.ForEach(func(key, child gjson.Result) bool {
			failed = o.member(e, key.Str, child)
			return failed == nil
		})
		return failed
	case v.IsArray():
		for _, el := range v.Array() {
			if isFilledList(el) || el.Str != "" {
				return invalidName("0")
			}
			if el.IsObject() {
				if err := o.fill(e, el); err != nil {
					return err
				}
			}
		}
		return nil
	case v.Type == gjson.Null:
		return nil
	}
	return o.text(e, nodes.ResultValue(v).Text(), v.Type == gjson.String)
}

func (o *xmlWriting) member(e *xmlElement, key string, v gjson.Result) error {
	switch {
	case key == o.attrkey:
		return o.attributes(e, v)
	case key == o.charkey:
		return o.characters(e, v)
	case v.IsArray():
		for _, el := range v.Array() {
			if err := o.child(e, key, el); err != nil {
				return err
			}
		}
		return nil
	}
	return o.child(e, key, v)
}

func (o *xmlWriting) child(e *xmlElement, name string, v gjson.Result) error {
	c, err := newElement(name)
	if err != nil {
		return err
	}
	e.content = append(e.content, xmlContent{element: c})
	return o.fill(c, v)
}

func (o *xmlWriting) attributes(e *xmlElement, v gjson.Result) error {
	if isFilledList(v) {
		return invalidName("0")
	}
	if !v.IsObject() {
		return nil
	}
	var failed error
	v.ForEach(func(key, value gjson.Result) bool {
		if value.Type == gjson.Null {
			return true
		}
		if _, failed = newElement(key.Str); failed != nil {
			return false
		}
		text := nodes.ResultValue(value).Text()
		failed = checkCharacters(text)
		e.attrs = append(e.attrs, [2]string{key.Str, text})
		return failed == nil
	})
	return failed
}

// characters is the text of an element that has attributes or children too.
func (o *xmlWriting) characters(e *xmlElement, v gjson.Result) error {
	switch {
	case v.Type == gjson.Null:
		return nodes.Errorf("Missing element text. parent: <%s>", e.name)
	case v.IsObject():
		if err := o.fill(e, v); err != nil {
			return err
		}
	}
	return o.text(e, nodes.ResultValue(v).Text(), v.Type == gjson.String)
}

func (o *xmlWriting) text(e *xmlElement, text string, isString bool) error {
	if text == "" {
		return nil
	}
	cdata := o.cdata && isString && strings.ContainsAny(text, "<>&")
	e.content = append(e.content, xmlContent{text: text, cdata: cdata})
	return checkCharacters(text)
}

// checkCharacters refuses what XML cannot hold (XML 1.0, section 2.2).
func checkCharacters(text string) error {
	for i, r := range text {
		if r == utf8.RuneError || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			if _, n := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && n > 1 {
				continue // it is that very character
			}
			return nodes.Errorf("Invalid character in string: %s at index %d", text, utf16Len(text[:i]))
		}
	}
	return nil
}

var (
	escapeXML          = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	escapeXMLAttribute = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

func (c xmlContent) writeText(b *strings.Builder) {
	if c.cdata {
		b.WriteString("<![CDATA[" + strings.ReplaceAll(c.text, "]]>", "]]]]><![CDATA[>") + "]]>")
		return
	}
	_, _ = escapeXML.WriteString(b, c.text) // a Builder takes all
}

// write writes an element with its children on lines of their own.
func (e *xmlElement) write(b *strings.Builder, depth int) {
	b.WriteString("<" + e.name)
	for _, a := range e.attrs {
		b.WriteString(" " + a[0] + `="`)
		_, _ = escapeXMLAttribute.WriteString(b, a[1])
		b.WriteByte('"')
	}
	switch {
	case len(e.content) == 0:
		b.WriteString("/>")
		return
	case len(e.content) == 1 && e.content[0].element == nil:
		b.WriteByte('>')
		e.content[0].writeText(b)
	default:
		b.WriteByte('>')
		for _, c := range e.content {
			b.WriteString("\n" + strings.Repeat("  ", depth+1))
			if c.element == nil {
				c.writeText(b)
			} else {
				c.element.write(b, depth+1)
			}
		}
		b.WriteString("\n" + strings.Repeat("  ", depth))
	}
	b.WriteString("</" + e.name + ">")
}
