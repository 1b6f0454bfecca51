package nodes

import "strings"

// Embedded is a text with expressions in it that is no expression itself: the SQL of a database node, the HTML node's template. n8n's
// nodes evaluate each {{ }} of such a text on their own; the first "}}" after "{{" ends it.
type Embedded struct {
	parts []embeddedPart
}

type embeddedPart struct {
	text string
	code Expression // nil for plain text
}

// Embed reads a text and compiles what stands in {{ }}. The error is of the node: "invalid syntax", as n8n says it.
func (c *Call) Embed(text string) (*Embedded, error) {
	e := &Embedded{}
	for {
		before, rest, found := strings.Cut(text, "{{")
		code, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			e.parts = append(e.parts, embeddedPart{text: text})
			return e, nil
		}
		compiler, ok := c.Engine.(Compiler)
		if !ok {
			return nil, Errorf("the engine behind this node compiles no expressions")
		}
		compiled, err := compiler.CompileExpression("{{" + code + "}}")
		if err != nil || strings.TrimSpace(code) == "" {
			failure := Errorf("invalid syntax")
			failure.Cause = err
			return nil, failure
		}
		e.parts = append(e.parts, embeddedPart{text: before}, embeddedPart{text: "{{" + code + "}}", code: compiled})
		text = after
	}
}

// Text is the text for item i, the values as JavaScript's String makes them. Of what a dollar sign stands for in JavaScript's replace, two
// are done: $$ is one dollar sign, $& is the code; all else stays as it is.
func (e *Embedded) Text(c *Call, i int) (string, error) {
	var b strings.Builder
	for _, p := range e.parts {
		if p.code == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := c.Engine.Evaluate(p.code, i, nil)
		if err != nil {
			return "", err
		}
		writeReplacement(&b, v.Text(), p.text)
	}
	return b.String(), nil
}

func writeReplacement(b *strings.Builder, value, code string) {
	for {
		before, rest, found := strings.Cut(value, "$")
		b.WriteString(before)
		if !found {
			return
		}
		switch {
		case strings.HasPrefix(rest, "$"):
			b.WriteByte('$')
			rest = rest[1:]
		case strings.HasPrefix(rest, "&"):
			b.WriteString(code)
			rest = rest[1:]
		default:
			b.WriteByte('$')
		}
		value = rest
	}
}
