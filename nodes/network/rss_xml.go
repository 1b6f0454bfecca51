package network

import (
	"bytes"
	"errors"
	"html"
	"io"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/xml"

	"github.com/cordboard/cordboard/nodes"
)

// feedElement is an element of a feed, with its text and children. As n8n's items hold it, an element with neither attributes nor
// children is its text; any other is an object {"_": text, "$": {attributes}, name: [children], …}.
type feedElement struct {
	name     string
	text     string
	literal  bool // there is CDATA: the text counts even if it is white space
	attrs    [][2]string
	children []*feedElement
}

const (
	maxFeedDepth = 256 // elements in each other
	maxFeedAttrs = 512 // attributes of an element
)

// parseFeedXML reads the root element of XML. Namespaces are prefixes of names, as feeds' readers take them.
func parseFeedXML(text string) (*feedElement, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nodes.Errorf("Unable to parse XML.")
	}
	p := &feedParser{lexer: xml.NewLexer(parse.NewInputString(text))}
	for p.root == nil || len(p.open) > 0 { // what comes after the end does not count
		kind, _ := p.lexer.Next()
		if kind == xml.ErrorToken {
			if err := p.lexer.Err(); !errors.Is(err, io.EOF) {
				return nil, brokenXML("%s", strings.SplitN(err.Error(), "\n", 2)[0])
			}
			break
		}
		if err := p.token(kind); err != nil {
			return nil, err
		}
	}
	switch {
	case len(p.open) > 0:
		return nil, brokenXML("the element <%s> has no end", p.open[len(p.open)-1].name)
	case p.root == nil:
		return nil, brokenXML("there is no element in it")
	}
	return p.root, nil
}

func brokenXML(format string, args ...any) error {
	e := nodes.Errorf(format, args...)
	e.Message = "the feed is no XML: " + clip(e.Message)
	return e
}

// feedParser puts elements together. text holds what the element that is open last has of text so far.
type feedParser struct {
	lexer *xml.Lexer
	root  *feedElement
	open  []*feedElement
	texts [][]byte
	isPI  bool
}

func (p *feedParser) token(kind xml.TokenType) error {
	text := p.lexer.Text()
	switch kind {
	case xml.StartTagPIToken:
		p.isPI = true
	case xml.StartTagClosePIToken:
		p.isPI = false
	case xml.StartTagToken:
		return p.begin(string(text))
	case xml.StartTagCloseToken:
		p.isPI = false // of one that lacks its question mark
	case xml.AttributeToken:
		if !p.isPI {
			return p.attribute(string(text), p.lexer.AttrVal())
		}
	case xml.StartTagCloseVoidToken:
		if p.isPI { // <?xml … />
			p.isPI = false
			return nil
		}
		p.end()
	case xml.EndTagToken:
		if len(p.open) == 0 || p.open[len(p.open)-1].name != string(text) {
			return brokenXML("</%s> ends what is not open", text)
		}
		p.end()
	case xml.TextToken, xml.CDATAToken:
		return p.chars(text, kind == xml.CDATAToken)
	}
	return nil
}

func (p *feedParser) begin(name string) error {
	if name == "" || strings.ContainsAny(name, "<&\"'=/") {
		return brokenXML("there is a < that begins no element")
	}
	e := &feedElement{name: name}
	switch {
	case len(p.open) > 0:
		last := p.open[len(p.open)-1]
		last.children = append(last.children, e)
	default:
		p.root = e
	}
	if len(p.open) == maxFeedDepth {
		return brokenXML("its elements are nested deeper than %d", maxFeedDepth)
	}
	p.open, p.texts = append(p.open, e), append(p.texts, nil)
	return nil
}

func (p *feedParser) attribute(name string, value []byte) error {
	if len(value) < 2 || value[0] != '"' && value[0] != '\'' || value[len(value)-1] != value[0] {
		return brokenXML("the attribute %s has no value in quotes", name)
	}
	text, err := withoutEntities(string(value[1 : len(value)-1]))
	if err != nil {
		return err
	}
	e := p.open[len(p.open)-1]
	for _, a := range e.attrs {
		if a[0] == name { // the first counts
			return nil
		}
	}
	if len(e.attrs) == maxFeedAttrs {
		return brokenXML("<%s> has more than %d attributes", e.name, maxFeedAttrs)
	}
	e.attrs = append(e.attrs, [2]string{name, text})
	return nil
}

func (p *feedParser) chars(text []byte, isLiteral bool) error {
	if len(p.open) == 0 {
		if len(bytes.TrimSpace(text)) > 0 {
			return brokenXML("there is text outside of its elements")
		}
		return nil
	}
	last := len(p.open) - 1
	if isLiteral {
		p.open[last].literal = true
		p.texts[last] = append(p.texts[last], text...)
		return nil
	}
	plain, err := withoutEntities(string(text))
	p.texts[last] = append(p.texts[last], plain...)
	return err
}

func (p *feedParser) end() {
	last := len(p.open) - 1
	if last < 0 {
		return
	}
	p.open[last].text = string(p.texts[last])
	p.open, p.texts = p.open[:last], p.texts[:last]
}

// withoutEntities puts characters for entities: XML has five, and numbers.
func withoutEntities(text string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "&")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, found := strings.Cut(rest, ";")
		switch {
		case !found || strings.ContainsAny(name, " \t\r\n<&"):
			return "", brokenXML("there is a & that begins no entity")
		case name == "amp", name == "lt", name == "gt", name == "quot", name == "apos", strings.HasPrefix(name, "#"):
			char := html.UnescapeString("&" + name + ";")
			if strings.HasPrefix(char, "&#") {
				return "", brokenXML("the entity &%s; is none", name)
			}
			b.WriteString(char)
		default:
			return "", brokenXML("the entity &%s; is not known", name)
		}
		text = after
	}
}

// all are the children of this name.
func (e *feedElement) all(name string) []*feedElement {
	var list []*feedElement
	for _, c := range e.children {
		if c.name == name {
			list = append(list, c)
		}
	}
	return list
}

// first is the first child of this name, nil if there is none. A nil element has none.
func (e *feedElement) first(name string) *feedElement {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (e *feedElement) attr(name string) (string, bool) {
	for _, a := range e.attrs {
		if a[0] == name {
			return a[1], true
		}
	}
	return "", false
}

// hasText reports whether the element is its text, or has some.
func (e *feedElement) hasText() bool {
	return len(e.attrs) == 0 && len(e.children) == 0 || e.literal || strings.TrimSpace(e.text) != ""
}

// plain is the element's text where it has some, else all of it.
func (e *feedElement) plain() nodes.Value {
	if e.hasText() {
		return nodes.StringValue(e.text)
	}
	return e.value()
}

// value is the element as items hold it.
func (e *feedElement) value() nodes.Value {
	if len(e.attrs) == 0 && len(e.children) == 0 {
		return nodes.StringValue(e.text)
	}
	return nodes.WireValue(string(e.appendJSON(nil)))
}

// appendJSON appends value's JSON: one buffer for all levels, so that deep text is not copied at each.
func (e *feedElement) appendJSON(text []byte) []byte {
	if len(e.attrs) == 0 && len(e.children) == 0 {
		return nodes.AppendString(text, e.text)
	}
	between := byte('{')
	member := func(name string) {
		text = append(nodes.AppendString(append(text, between), name), ':')
		between = ','
	}
	if e.hasText() {
		member("_")
		text = nodes.AppendString(text, e.text)
	}
	if len(e.attrs) > 0 {
		member("$")
		text = append(text, e.attributes()...)
	}
	for _, group := range e.groups() {
		member(group[0].name)
		text = appendList(text, group)
	}
	return append(text, '}')
}

func (e *feedElement) attributes() string {
	var b nodes.ObjectBuilder
	for _, a := range e.attrs {
		b.Set(a[0], nodes.StringValue(a[1]))
	}
	return b.String()
}

// groups are the children by name, in the order of the first of each.
func (e *feedElement) groups() [][]*feedElement {
	var list [][]*feedElement
	at := map[string]int{}
	for _, c := range e.children {
		i, ok := at[c.name]
		if !ok {
			i = len(list)
			at[c.name] = i
			list = append(list, nil)
		}
		list[i] = append(list[i], c)
	}
	return list
}

func appendList(text []byte, list []*feedElement) []byte {
	text = append(text, '[')
	for i, e := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = e.appendJSON(text)
	}
	return append(text, ']')
}

// content is the text of an element; of one that has markup instead, the markup in a <div>.
func (e *feedElement) content() string {
	if e.hasText() {
		return e.text
	}
	var b strings.Builder
	e.write(&b, "div")
	return b.String()
}

var (
	textMarkup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attrMarkup = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// write writes the element as markup. Of text and children the text is first, and children of one name stand together.
func (e *feedElement) write(b *strings.Builder, name string) {
	b.WriteString("<" + name)
	for _, a := range e.attrs {
		b.WriteString(" " + a[0] + `="` + attrMarkup.Replace(a[1]) + `"`)
	}
	text := ""
	if e.hasText() {
		text = textMarkup.Replace(e.text)
	}
	if text == "" && len(e.children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteString(">" + text)
	for _, group := range e.groups() {
		for _, c := range group {
			c.write(b, c.name)
		}
	}
	b.WriteString("</" + name + ">")
}
