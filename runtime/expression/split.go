package expression

import (
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// Split takes the expression apart: codes[i] stands between texts[i] and texts[i+1]. Nodes use it for JSON text with
// expressions in it, where values are printed as JSON and not as JavaScript prints them. Each code is an expression of
// its own: who evaluates it for many items splits once and keeps it.
func (e *Expression) Split() (texts []string, codes []nodes.Expression, err error) {
	texts = []string{""}
	for i := range e.parts {
		p := &e.parts[i]
		if !p.isCode {
			texts[len(texts)-1] += p.text
			continue
		}
		code, err := Compile("{{" + strings.ReplaceAll(p.text, "}}", `\}}`) + "}}")
		if err != nil {
			return nil, nil, err
		}
		texts, codes = append(texts, ""), append(codes, code)
	}
	return texts, codes, nil
}
