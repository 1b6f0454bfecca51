package expression

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// markdownRules are the replacements of the package remove-markdown in the form that n8n has them, in order.
var markdownRules = sync.OnceValue(func() []markdownRule {
	rule := func(pattern, with string) markdownRule { return markdownRule{regexp.MustCompile(pattern), with} }
	return []markdownRule{
		rule(`(?m)^([\s\t]*)([*\-+]|\d\.)\s+`, "$1"),      // lists
		rule(`\n={2,}`, "\n"),                             // headers by a line under them
		rule("~~", ""),                                    // struck through
		rule("`{3}.*\n", ""),                              // fences
		rule(`<[^>]*>`, ""),                               // tags
		rule(`^[=\-]{2,}\s*$`, ""),                        // rules
		rule(`\[\^.+?\](: .*?$)?`, ""),                    // footnotes
		rule(`\s{0,2}\[.*?\]: .*?$`, ""),                  // references
		rule(`!\[.*?\][\[(].*?[\])]`, ""),                 // images
		rule(`\[(.*?)\][\[(].*?[\])]`, "$1"),              // links
		rule(`>`, ""),                                     // quotes
		rule(`(?m)^#{1,6}\s*([^#]*)\s*(?:#{1,6})?`, "$1"), // headers
	}
})

var (
	inlineCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("`(.+?)`") })
	emptyLines = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\n{2,}`) })
)

type markdownRule struct {
	pattern *regexp.Regexp
	with    string
}

func removeMarkdown(s string) string {
	for _, r := range markdownRules() {
		s = r.pattern.ReplaceAllString(s, r.with)
	}
	s = removeCode(removeEmphasis(s))
	s = inlineCode().ReplaceAllString(s, "$1")
	return emptyLines().ReplaceAllString(s, "\n\n")
}

// removeCode takes three or more ` away around text in a line.
func removeCode(s string) string {
	return removeMarks(s, func(s string) (int, string) {
		line, _, _ := strings.Cut(s, "\n")
		n := len(line) - len(strings.TrimLeft(line, "`"))
		for ; n >= 3; n-- {
			if end := strings.Index(line[n:], line[:n]); end >= 0 {
				return n, line[n : n+end]
			}
		}
		return 0, ""
	})
}

// removeEmphasis takes one to three * or _ away around text of two characters or more. Go's regular expressions have no
// back references, which this needs.
func removeEmphasis(s string) string { return removeMarks(s, emphasisAt) }

// removeMarks takes away what at finds: so many marks at the start of a text, and what stands between them and their like.
func removeMarks(s string, at func(string) (marks int, content string)) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		n, content := at(s[i:])
		if n == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		b.WriteString(content)
		i += 2*n + len(content)
	}
	return b.String()
}

// emphasisAt reports how many marks begin an emphasis at the start of s, 0 if none does, and what it encloses.
func emphasisAt(s string) (marks int, content string) {
	line, _, _ := strings.Cut(s, "\n")
	run := 0
	for run < len(line) && run < 3 && (line[run] == '*' || line[run] == '_') {
		run++
	}
	for n := run; n > 0; n-- {
		first, size := utf8.DecodeRuneInString(line[n:])
		if size == 0 || strings.ContainsRune(jsSpace, first) {
			continue
		}
		_, next := utf8.DecodeRuneInString(line[n+size:])
		for end := n + size + next; next > 0; end++ {
			at := strings.Index(line[min(end, len(line)):], line[:n])
			if at < 0 {
				break
			}
			end += at
			if last, _ := utf8.DecodeLastRuneInString(line[:end]); !strings.ContainsRune(jsSpace, last) {
				return n, line[n:end]
			}
		}
	}
	return 0, ""
}
