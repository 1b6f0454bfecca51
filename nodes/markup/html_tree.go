package markup

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/cordboard/cordboard/nodes"
)

// maxDepth is how deep elements may be nested: all that walks through a document does so recursively.
const maxDepth = 5000

// parseHTML parses a document as browsers do. There is no HTML that it fails for, but what is nested too deeply.
func parseHTML(text string) (*html.Node, error) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return nil, nodes.Errorf("the HTML cannot be read: %w", err)
	}
	depth := 0
	for n := root; n != nil; {
		switch {
		case n.FirstChild != nil:
			n = n.FirstChild
			if depth++; depth > maxDepth {
				return nil, nodes.Errorf("the HTML nests its elements more than %d deep", maxDepth)
			}
			continue
		default:
			for n != nil && n.NextSibling == nil {
				n = n.Parent
				depth--
			}
			if n != nil {
				n = n.NextSibling
			}
		}
	}
	return root, nil
}

// appendText adds the text within an element, that of scripts and styles included.
func appendText(b *strings.Builder, n *html.Node) {
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		appendText(b, c)
	}
}

// booleans are the attributes whose value is their name.
var booleans = strings.Fields("autofocus autoplay async checked controls defer disabled hidden loop multiple open readonly required scoped selected")

func attributeOf(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if qualified(a) == name {
			if slices.Contains(booleans, strings.ToLower(name)) {
				return name, true
			}
			return a.Val, true
		}
	}
	switch {
	case name == "value" && n.Data == "option":
		var b strings.Builder
		appendText(&b, n)
		return b.String(), true
	case name == "value" && n.Data == "input":
		if kind, _ := attributeOf(n, "type"); kind == "checkbox" || kind == "radio" {
			return "on", true
		}
	}
	return "", false
}

func qualified(a html.Attribute) string {
	if a.Namespace != "" {
		return a.Namespace + ":" + a.Key
	}
	return a.Key
}

// valueOf is what a form would send for an element: of a text area its text, of a selection the value that is selected.
func valueOf(n *html.Node) nodes.Value {
	switch n.Data {
	case "textarea":
		var b strings.Builder
		appendText(&b, n)
		return nodes.StringValue(b.String())
	case "select":
		var all, chosen []string
		options(n, func(o *html.Node) {
			text, _ := attributeOf(o, "value")
			all = append(all, text)
			if _, ok := attributeOf(o, "selected"); ok {
				chosen = append(chosen, text)
			}
		})
		if _, several := attributeOf(n, "multiple"); several {
			list := []byte{'['}
			for i, text := range chosen {
				if i > 0 {
					list = append(list, ',')
				}
				list = nodes.AppendString(list, text)
			}
			return nodes.WireValue(string(append(list, ']')))
		}
		switch {
		case len(chosen) > 0:
			return nodes.StringValue(chosen[len(chosen)-1])
		case len(all) > 0: // as browsers show it
			return nodes.StringValue(all[0])
		}
		return nodes.Value{}
	}
	if text, ok := attributeOf(n, "value"); ok {
		return nodes.StringValue(text)
	}
	return nodes.Value{}
}

// options calls f for each option of a selection.
func options(n *html.Node, f func(*html.Node)) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Option {
			f(c)
		}
		options(c, f)
	}
}

// innerHTML writes what is inside of an element (HTML, section 13.3: serializing fragments).
func innerHTML(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		appendHTML(&b, c)
	}
	return b.String()
}

var (
	voids    = strings.Fields("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr")
	rawTexts = strings.Fields("style script xmp iframe noembed noframes plaintext noscript")

	escapeText      = strings.NewReplacer("&", "&amp;", "\u00a0", "&nbsp;", "<", "&lt;", ">", "&gt;")
	escapeAttribute = strings.NewReplacer("&", "&amp;", "\u00a0", "&nbsp;", `"`, "&quot;")
)

func appendHTML(b *strings.Builder, n *html.Node) {
	switch n.Type {
	case html.TextNode:
		if n.Parent != nil && slices.Contains(rawTexts, n.Parent.Data) {
			b.WriteString(n.Data)
			return
		}
		_, _ = escapeText.WriteString(b, n.Data) // a Builder takes all
	case html.CommentNode:
		b.WriteString("<!--" + n.Data + "-->")
	case html.DoctypeNode:
		b.WriteString("<!DOCTYPE " + n.Data + ">")
	case html.ElementNode:
		b.WriteString("<" + n.Data)
		for _, a := range n.Attr {
			b.WriteString(" " + qualified(a) + `="`)
			_, _ = escapeAttribute.WriteString(b, a.Val)
			b.WriteByte('"')
		}
		b.WriteByte('>')
		if slices.Contains(voids, n.Data) {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			appendHTML(b, c)
		}
		b.WriteString("</" + n.Data + ">")
	}
}
