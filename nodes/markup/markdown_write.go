package markup

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/cordboard/cordboard/nodes"
)

var (
	escaped   = regexp.MustCompile("[\\\\`*_~\\[\\]]")
	lineStart = regexp.MustCompile(`(?m)^(\s*?)(\+\s|[=>-]|#{1,6}\s)|(\d+)(\.\s)`)
	backticks = regexp.MustCompile("`+")
	quoteLine = regexp.MustCompile(`(?m)^(>*)[^\S\r\n]?`)
	itemLine  = regexp.MustCompile(`([^\r\n])(?:\r?\n)+`)
	itemEnd   = regexp.MustCompile(`(?m)(\S)[^\S\r\n]+$`)
	language  = regexp.MustCompile(`(?:^|\s)language-(\S+)`)
	lineEnds  = regexp.MustCompile(`(?:\r?\n)+`)
)

// toMarkdown writes HTML as Markdown.
func toMarkdown(call *nodes.Call, i int, text string) (string, error) {
	w := markdownWriter{}
	if err := w.read(call, i); err != nil {
		return "", err
	}
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	parts, err := html.ParseFragment(strings.NewReader(text), body)
	if err != nil {
		return "", nodes.Errorf("the HTML cannot be read: %w", err).WithParam("html", "")
	}
	for _, p := range parts {
		body.AppendChild(p)
	}
	w.children(body, state{})
	if len(w.addresses) > 0 {
		w.lines(1)
	}
	for n, address := range w.addresses {
		w.text("\n[" + strconv.Itoa(n+1) + "]: " + address)
	}
	return strings.Trim(fewerLines(w.out.String(), w.newlines), "\r\n"), nil
}

// fewerLines keeps so many line ends of each run of them, with the white space between.
func fewerLines(text string, keep int) string {
	var b strings.Builder
	for {
		first := strings.IndexByte(text, '\n')
		if first < 0 {
			b.WriteString(text)
			return b.String()
		}
		kept, last, count := first+1, first+1, 0
		for i := first; i < len(text) && (text[i] == '\n' || isSpace(rune(text[i]))); i++ {
			if text[i] != '\n' {
				continue
			}
			last = i + 1
			if count++; count <= keep {
				kept = last
			}
		}
		b.WriteString(text[:kept])
		text = text[last:]
	}
}

// inside is what a part of the document is in, which decides what of it counts.
type inside int

const (
	inFlow inside = iota
	inLink
	inCell
	inCode
)

// state is what holds for a part of the document.
type state struct {
	inside           inside
	pre, raw         bool // white space is kept; nothing is escaped
	strong, em, gone bool
	level            int // of lists
	ordered          bool
	number           int
}

// markdownWriter writes Markdown. What an element becomes is put together in a buffer of its own, which knows what stands
// before it.
type markdownWriter struct {
	writing
	out       buffer
	addresses []string
}

// buffer is what was written, with how it ends.
type buffer struct{ b []byte }

func (b *buffer) String() string { return string(b.b) }

// trailing counts the newlines, and all white space, at the end.
func (b *buffer) trailing() (newlines, space int) {
	for i := len(b.b) - 1; i >= 0; i-- {
		switch b.b[i] {
		case '\n':
			newlines++
		case ' ', '\t', '\r':
		default:
			return newlines, space
		}
		space++
	}
	return newlines, space
}

func (w *markdownWriter) text(s string) { w.out.b = append(w.out.b, s...) }

// apart is text, after a space where it would run together with the same character.
func (w *markdownWriter) apart(s string) {
	if n := len(w.out.b); s != "" && n > 0 && w.out.b[n-1] == s[0] {
		w.text(" ")
	}
	w.text(s)
}

func (w *markdownWriter) lines(n int) {
	if have, _ := w.out.trailing(); have < n {
		w.text("\n\n"[:n-have])
	}
}

func (w *markdownWriter) children(n *html.Node, s state) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c, s)
		if c.Data == "li" && c.Type == html.ElementNode {
			s.number++
		}
	}
}

// content is what the children of an element are written as; it is taken out again.
func (w *markdownWriter) content(n *html.Node, s state) string {
	at := len(w.out.b)
	w.children(n, s)
	content := string(w.out.b[at:])
	w.out.b = w.out.b[:at]
	return content
}

func (w *markdownWriter) node(n *html.Node, s state) {
	switch {
	case n.Type == html.TextNode && s.pre:
		w.text(w.escape(n.Data, s))
	case n.Type == html.TextNode && trimSpace(n.Data) == "":
		if _, space := w.out.trailing(); len(w.out.b) > 0 && space == 0 {
			w.text(" ")
		}
	case n.Type == html.TextNode:
		w.text(w.escape(spaces.ReplaceAllString(withoutEnds(n.Data), " "), s))
	case n.Type == html.ElementNode:
		w.element(n, s)
	}
}

// withoutEnds cuts the white space around text. A space that touches it stays, a line end does not.
func withoutEnds(text string) string {
	inner := trimSpace(text)
	start := strings.Index(text, inner)
	touches := func(c byte) bool { return c != '\n' && c != '\r' }
	if start > 0 && touches(text[start-1]) {
		inner = " " + inner
	}
	if rest := strings.TrimLeftFunc(text[start:], isSpace)[len(trimSpace(text)):]; rest != "" && touches(rest[0]) {
		inner += " "
	}
	return inner
}

func (w *markdownWriter) escape(text string, s state) string {
	if s.raw {
		return text
	}
	if w.globalEscape != nil {
		text = w.globalEscape.in(text)
	} else {
		text = escaped.ReplaceAllString(text, `\$0`)
	}
	if w.lineEscape != nil {
		text = w.lineEscape.in(text)
	} else {
		text = lineStart.ReplaceAllString(text, `${1}${3}\${2}${4}`)
	}
	for _, r := range w.replace {
		text = r.in(text)
	}
	return text
}

var (
	leftOut = strings.Fields("area base basefont datalist head link meta noembed noframes noscript param rp script style template title")
	inline  = strings.Fields("a b br code del em i img s strike strong") // of those that mean something, only these can be ignored, as in n8n
	blocks  = strings.Fields("address article aside body canvas center dd dir div dl fieldset figcaption figure footer form frameset header hgroup html isindex main menu nav output p section tbody tfoot thead")
)

func (w *markdownWriter) element(n *html.Node, s state) {
	switch {
	case slices.Contains(leftOut, n.Data), slices.Contains(inline, n.Data) && slices.Contains(w.ignore, n.Data):
	case w.inlineElement(n, s):
	case s.inside != inFlow:
		w.children(n, s)
	case w.blockElement(n, s):
	case slices.Contains(blocks, n.Data) || slices.Contains(w.blocks, n.Data):
		w.lines(2)
		w.children(n, s)
		w.lines(2)
	case slices.Contains(w.ignore, n.Data):
	default:
		w.children(n, s)
	}
}

// inlineElement writes the elements that count within links and cells too; false if n is none.
func (w *markdownWriter) inlineElement(n *html.Node, s state) bool {
	if s.inside == inCode && n.Data != "br" {
		return false
	}
	switch n.Data {
	case "strong", "b":
		inner := s
		inner.strong = true
		w.surround(n, inner, w.strong, s.strong)
	case "em", "i":
		inner := s
		inner.em = true
		w.surround(n, inner, w.em, s.em)
	case "del", "s", "strike":
		inner := s
		inner.gone = true
		w.surround(n, inner, "~~", s.gone)
	case "img":
		w.image(n)
	case "br":
		switch s.inside {
		case inFlow:
			w.text("  \n")
		case inLink, inCode:
			w.text("\n")
		}
	case "a":
		if s.inside == inLink {
			return false
		}
		w.link(n, s)
	default:
		return false
	}
	return true
}

// surround puts delimiters around the words of each line.
func (w *markdownWriter) surround(n *html.Node, s state, delimiter string, nested bool) {
	if nested {
		w.children(n, s)
		return
	}
	content := w.content(n, s)
	if trimSpace(content) == "" {
		return
	}
	lines := strings.Split(content, "\n")
	for i, line := range lines {
		inner := trimSpace(line)
		if inner == "" {
			continue
		}
		start := strings.Index(line, inner)
		end := start + len(inner)
		lines[i] = line[max(0, start-1):start] + delimiter + inner + delimiter + line[end:min(len(line), end+1)]
	}
	w.apart(strings.Join(lines, "\n"))
}

func (w *markdownWriter) image(n *html.Node) {
	src, _ := attributeOf(n, "src")
	if src == "" || !w.dataImages && len(src) > 4 && strings.EqualFold(src[:5], "data:") {
		return
	}
	alt, _ := attributeOf(n, "alt")
	if title, _ := attributeOf(n, "title"); title != "" {
		src += ` "` + title + `"`
	}
	w.text("![" + alt + "](" + src + ")")
}

var encodeAddress = strings.NewReplacer("(", "%28", ")", "%29", "_", "%5F", "*", "%2A")

func (w *markdownWriter) link(n *html.Node, s state) {
	href, _ := attributeOf(n, "href")
	if href == "" {
		w.children(n, s)
		return
	}
	address := encodeAddress.Replace(href)
	var text strings.Builder
	appendText(&text, n)
	if text.String() == href {
		w.text("<" + address + ">")
		return
	}
	inner := s
	inner.inside = inLink
	w.text("[")
	content := w.content(n, inner)
	w.text(lineEnds.ReplaceAllString(content, " ") + "]")
	if w.references {
		at := slices.Index(w.addresses, address)
		if at < 0 {
			at = len(w.addresses)
			w.addresses = append(w.addresses, address)
		}
		w.text("[" + strconv.Itoa(at+1) + "]")
		return
	}
	if title, _ := attributeOf(n, "title"); title != "" {
		address += ` "` + title + `"`
	}
	w.text("(" + address + ")")
}

func (w *markdownWriter) blockElement(n *html.Node, s state) bool {
	switch n.Data {
	case "hr":
		w.lines(2)
		w.text("---")
		w.lines(2)
	case "h1", "h2", "h3", "h4", "h5", "h6":
		w.lines(2)
		w.text(strings.Repeat("#", int(n.Data[1]-'0')) + " ")
		w.children(n, s)
		w.lines(2)
	case "ul", "ol":
		inner := s
		inner.ordered, inner.number = n.Data == "ol", 1
		if n.Parent != nil && s.number > 0 {
			inner.level++
		}
		w.lines(1)
		w.children(n, inner)
		w.lines(1)
	case "li":
		w.item(n, s)
	case "blockquote":
		w.lines(2)
		content := w.content(n, s)
		w.text(quoteLine.ReplaceAllString(strings.Trim(content, "\r\n"), ">$1 "))
		w.lines(2)
	case "pre":
		inner := s
		inner.pre, inner.raw = true, true
		w.lines(2)
		w.children(n, inner)
		w.lines(2)
	case "code":
		w.code(n, s)
	case "table":
		w.table(n, s)
	default:
		return false
	}
	return true
}

func (w *markdownWriter) item(n *html.Node, s state) {
	before := len(w.out.b)
	w.lines(1)
	marker := w.bullet
	if s.ordered {
		marker = strconv.Itoa(s.number) + "."
	}
	indent := strings.Repeat("   ", s.level)
	w.text(indent + marker + " ")
	inner := s
	inner.number = max(1, s.number) // a list in here is one level deeper
	content := w.content(n, inner)
	if trimSpace(content) == "" {
		w.out.b = w.out.b[:before]
		return
	}
	content = itemLine.ReplaceAllString(trimSpace(content), "$1  \n"+indent)
	w.text(itemEnd.ReplaceAllString(content, "$1  "))
	w.lines(1)
}

func (w *markdownWriter) code(n *html.Node, s state) {
	inner := s
	inner.raw = true
	if n.Parent == nil || n.Parent.Data != "pre" || n.Parent.FirstChild != n.Parent.LastChild {
		content := w.content(n, inner)
		delimiter, padding := "`", ""
		for _, run := range backticks.FindAllString(content, -1) {
			if len(run) >= len(delimiter) {
				delimiter, padding = run+"`", " "
			}
		}
		w.apart(delimiter + padding + content + padding + delimiter)
		return
	}
	inner.inside = inCode
	content := w.content(n, inner)
	if w.codeStyle != "fence" {
		w.text("    " + strings.ReplaceAll(content, "\n", "\n    "))
		return
	}
	class, _ := attributeOf(n, "class")
	name := ""
	if m := language.FindStringSubmatch(class); m != nil {
		name = m[1]
	}
	w.text(w.fence + name + "\n" + content + "\n" + w.fence)
}

// table writes a table with columns of one width.
func (w *markdownWriter) table(n *html.Node, s state) {
	var (
		rows    [][]string
		widths  []int
		caption string
	)
	for c := range n.Descendants() {
		switch {
		case c.Type != html.ElementNode || tableOf(c) != n:
		case c.Data == "caption":
			if caption = w.cell(c, s); caption != "" {
				caption = "__" + caption + "__\n"
			}
		case c.Data == "tr":
			var row []string
			for d := c.FirstChild; d != nil; d = d.NextSibling {
				if d.Data != "td" && d.Data != "th" {
					continue
				}
				text := strings.ReplaceAll(w.cell(d, s), "|", `\|`)
				if row = append(row, text); len(row) > len(widths) {
					widths = append(widths, 0)
				}
				widths[len(row)-1] = max(widths[len(row)-1], utf16Len(text))
			}
			if row != nil {
				rows = append(rows, row)
			}
		}
	}
	if len(rows) == 0 {
		return
	}
	w.lines(2)
	w.text(caption)
	for i, row := range rows {
		for len(row) < len(widths) {
			row = append(row, "")
		}
		w.row(row, widths, " ")
		if i == 0 {
			w.row(make([]string, len(widths)), widths, "-")
		}
	}
	w.lines(2)
}

// tableOf is the table that an element is a part of.
func tableOf(n *html.Node) *html.Node {
	for n = n.Parent; n != nil && n.DataAtom != atom.Table; n = n.Parent {
	}
	return n
}

func (w *markdownWriter) row(cells []string, widths []int, fill string) {
	for i, c := range cells {
		w.text("| " + c + strings.Repeat(fill, widths[i]-utf16Len(c)) + " ")
	}
	w.text("|\n")
}

func (w *markdownWriter) cell(n *html.Node, s state) string {
	inner := s
	inner.inside = inCell
	content := w.content(n, inner)
	return trimSpace(lineEnds.ReplaceAllString(content, " "))
}
