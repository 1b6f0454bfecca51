package expression

import (
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// part is a piece of a template: text, or the code between {{ and }}.
type part struct {
	text   string
	isCode bool
	offset int // of text in the source

	expr    js.IExpr // of code, while it is compiled
	rewrite bool     // calls $if or a method that n8n extends, so JavaScript gets the code rewritten
	catches bool     // has a member access or a call: JavaScript's errors make it undefined
}

// split cuts a template into text and code, by n8n's rules:
//
//	text {{ code }}    the first }} ends the code, wherever it stands; code that does not end runs to the end
//	\{{                is text, with its backslash; \\{{ is a backslash and code
//	\}}                in code is }}
func split(source string) []part {
	var parts []part
	addText := func(text string, offset int) {
		if text == "" {
			return
		}
		if n := len(parts); n > 0 && !parts[n-1].isCode {
			parts[n-1].text += text
			return
		}
		parts = append(parts, part{text: text, offset: offset})
	}
	for pos := 0; pos < len(source); {
		open := strings.Index(source[pos:], "{{")
		if open < 0 {
			addText(source[pos:], pos)
			break
		}
		open += pos
		slashes := trailingSlashes(source[pos:open])
		if slashes%2 == 1 {
			addText(source[pos:open+2], pos)
			pos = open + 2
			continue
		}
		addText(source[pos:open-slashes/2], pos)
		code, next := cutCode(source, open+2)
		if open+2 == len(source) { // a lone {{ at the end is empty text
			parts = append(parts, part{offset: open + 2})
			break
		}
		parts = append(parts, part{text: code, isCode: true, offset: open + 2})
		pos = next
	}
	return parts
}

// cutCode returns the code that begins at start and where the text goes on after it.
func cutCode(source string, start int) (code string, next int) {
	for pos := start; ; {
		end := strings.Index(source[pos:], "}}")
		if end < 0 {
			return source[start:], len(source)
		}
		end += pos
		if trailingSlashes(source[start:end])%2 == 0 {
			return strings.ReplaceAll(source[start:end], `\}}`, "}}"), end + 2
		}
		pos = end + 2
	}
}

func trailingSlashes(s string) int { return len(s) - len(strings.TrimRight(s, `\`)) }
