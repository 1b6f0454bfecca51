package markup

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainText is what an element says, laid out as text: lines of up to 80 characters, headings in capitals, lists with their
// bullets, links and images with their addresses in brackets, quotes behind ">". What skip finds is left out.
func plainText(n *html.Node, skip selector) string {
	t := &textWriter{skip: skip, at: &textBlock{width: textWidth, room: textWidth}}
	t.children(n)
	return t.at.String()
}

const (
	textWidth = 80
	minWidth  = 20
)

// textWriter walks through elements; at is the innermost block.
type textWriter struct {
	skip  selector
	at    *textBlock
	upper int                // how many headings it is in
	texts []*strings.Builder // of the links it is in
}

// textBlock is a block of text that is being put together: finished parts, the lines and words after them.
type textBlock struct {
	parent         *textBlock
	done           []byte
	lines          [][]string
	words          []string
	room, width    int
	breaks         int // owed before what comes next
	leading        int // wanted before the block
	pre            bool
	space, wordEnd bool // white space came last; a word may be broken here
}

func (b *textBlock) empty() bool { return len(b.lines) == 0 && len(b.words) == 0 }

// flush ends the lines and words, so that they are finished text.
func (b *textBlock) flush() {
	if b.empty() {
		return
	}
	for _, line := range b.lines {
		b.done = append(b.done, strings.Join(line, " ")...)
		b.done = append(b.done, '\n')
	}
	b.done = append(b.done, strings.Join(b.words, " ")...)
	b.lines, b.words, b.room = nil, nil, b.width
}

func (b *textBlock) String() string {
	b.flush()
	return string(b.done)
}

func (b *textBlock) newLine(n int) {
	b.lines = append(b.lines, b.words)
	for range n - 1 {
		b.lines = append(b.lines, nil)
	}
	b.words, b.room = nil, b.width
}

// push adds a word, on a line of its own if there is no room for it.
func (b *textBlock) push(word string, wrap bool) {
	if b.room <= 0 && wrap {
		b.newLine(1)
	}
	cost := utf16Len(word)
	if len(b.words) > 0 {
		cost++
	}
	if cost > b.room && wrap {
		if len(b.words) > 0 {
			b.newLine(1)
		}
		cost = utf16Len(word)
	}
	b.words = append(b.words, word)
	b.room -= cost
}

// join adds a word to the end of the last one.
func (b *textBlock) join(word string, wrap bool) {
	if b.wordEnd && utf16Len(word) > b.room {
		b.push(word, wrap)
		b.wordEnd = false
		return
	}
	if n := len(b.words) - 1; n >= 0 {
		last := b.words[n]
		b.words = b.words[:n]
		b.room += utf16Len(last)
		if n > 0 {
			b.room++
		}
		word = last + word
	}
	b.push(word, wrap)
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return n
}

// isTextSpace is white space that is folded; others, such as no-break spaces, are characters of words.
func isTextSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\r', '\n', '\f', 0x200B:
		return true
	}
	return false
}

// literal adds text whose white space is kept.
func (b *textBlock) literal(text string) {
	space := b.space
	b.space = false
	for n, line := range strings.Split(text, "\n") {
		switch {
		case n > 0:
			b.newLine(1)
			fallthrough
		case !space && line != "":
			if line != "" {
				b.join(line, false)
			}
		case line != "":
			b.push(line, false)
		}
		space = false
	}
}

// inline adds running text.
func (t *textWriter) inline(text string) {
	b := t.at
	if b.pre {
		if text != "" {
			b.literal(text)
			b.breaks = 0
		}
		return
	}
	words := strings.FieldsFunc(text, isTextSpace)
	if text == "" || b.breaks > 0 && len(words) == 0 {
		return
	}
	if b.breaks > 0 {
		b.newLine(b.breaks)
	}
	first := strings.IndexFunc(text, func(r rune) bool { return !isTextSpace(r) })
	for n, w := range words {
		if n == 0 && !b.space && first == 0 {
			b.join(w, true)
		} else {
			b.push(w, true)
		}
	}
	endsInSpace := strings.TrimRightFunc(text, isTextSpace) != text
	b.space = b.space && len(words) == 0 || endsInSpace
	b.breaks = 0
}

// word is what a text node says: in capitals within headings, and remembered for the links around.
func (t *textWriter) word(text string) {
	if t.upper > 0 {
		text = strings.ToUpper(text)
	}
	for _, s := range t.texts {
		s.WriteString(strings.Join(strings.FieldsFunc(text, isTextSpace), ""))
	}
	t.inline(text)
}

func (t *textWriter) open(leading, reserved int, pre bool) *textBlock {
	width := max(minWidth, t.at.width-reserved)
	t.at = &textBlock{parent: t.at, width: width, room: width, leading: leading, pre: pre || t.at.pre}
	return t.at
}

// close ends a block; change, if set, makes of its text what the block around gets.
func (t *textWriter) close(trailing int, change func(string) string) {
	b := t.at
	t.at = b.parent
	text := b.String()
	if change != nil {
		text = change(text)
	}
	t.at.add(text, b.leading, max(b.breaks, trailing))
}

// add puts the text of a block behind what there is.
func (b *textBlock) add(text string, leading, trailing int) {
	b.flush()
	breaks := max(b.breaks, leading)
	if len(b.done) > 0 {
		b.done = append(b.done, strings.Repeat("\n", breaks)...)
	} else {
		b.leading = breaks
	}
	b.done = append(b.done, text...)
	b.breaks = trailing
}

func (t *textWriter) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		t.node(c)
	}
}

func (t *textWriter) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		t.word(n.Data)
	case html.ElementNode:
		if !t.skip.matches(n) {
			t.element(n)
		}
	}
}

func (t *textWriter) element(n *html.Node) {
	switch n.Data {
	case "script", "style":
	case "noscript", "iframe", "noembed", "noframes", "xmp": // their content was not parsed
		t.raw(n)
	case "a":
		t.link(n)
	case "img":
		t.image(n)
	case "br":
		t.at.newLine(1)
	case "wbr":
		t.at.wordEnd = true
	case "hr":
		t.open(2, 0, false)
		t.inline(strings.Repeat("-", textWidth))
		t.close(2, nil)
	case "article", "aside", "div", "footer", "form", "header", "main", "nav", "section":
		t.block(n, 1, 1)
	case "p", "table":
		t.block(n, 2, 2)
	case "pre":
		t.open(2, 0, true)
		t.children(n)
		t.close(2, nil)
	case "h1", "h2", "h3", "h4", "h5", "h6":
		leading := 3
		if n.Data > "h3" {
			leading = 2
		}
		t.upper++
		t.block(n, leading, 2)
		t.upper--
	case "blockquote":
		t.open(2, 2, false)
		t.children(n)
		t.close(2, func(s string) string {
			return "> " + strings.ReplaceAll(strings.Trim(s, "\n"), "\n", "\n> ")
		})
	case "ul":
		t.list(n, func() string { return " * " })
	case "ol":
		t.list(n, numbering(n))
	default:
		t.children(n)
	}
}

func (t *textWriter) block(n *html.Node, leading, trailing int) {
	t.open(leading, 0, false)
	t.children(n)
	t.close(trailing, nil)
}

func (t *textWriter) raw(n *html.Node) {
	var b strings.Builder
	appendText(&b, n)
	parts, err := html.ParseFragment(strings.NewReader(b.String()), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return
	}
	for _, p := range parts {
		t.node(p)
	}
}

func (t *textWriter) link(n *html.Node) {
	href, _ := attributeOf(n, "href")
	href = strings.TrimPrefix(href, "mailto:")
	if href == "" || href[0] == '#' {
		t.children(n)
		return
	}
	var text strings.Builder
	t.texts = append(t.texts, &text)
	t.children(n)
	t.texts = t.texts[:len(t.texts)-1]
	if text.Len() > 0 {
		href = " [" + href + "]"
	}
	t.inline(href)
}

func (t *textWriter) image(n *html.Node) {
	alt, _ := attributeOf(n, "alt")
	src, _ := attributeOf(n, "src")
	switch {
	case src == "":
		t.inline(alt)
	case alt == "":
		t.inline("[" + src + "]")
	default:
		t.inline(alt + " [" + src + "]")
	}
}

// list writes a list whose items have the prefixes that next gives.
func (t *textWriter) list(n *html.Node, next func() string) {
	nested := n.Parent != nil && n.Parent.Data == "li"
	around := 2
	if nested {
		around = 1
	}
	type entry struct {
		node   *html.Node
		prefix string
	}
	var entries []entry
	widest := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode && trimSpace(c.Data) == "" {
			continue
		}
		e := entry{node: c}
		if c.Data == "li" && c.Type == html.ElementNode {
			if e.prefix = next(); nested {
				e.prefix = strings.TrimLeft(e.prefix, " ")
			}
		}
		widest = max(widest, len(e.prefix))
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return
	}
	t.open(around, 0, false)
	for _, e := range entries {
		t.open(1, widest, false)
		t.node(e.node)
		indent := strings.Repeat(" ", widest)
		t.close(1, func(s string) string {
			return e.prefix + indent[len(e.prefix):] + strings.ReplaceAll(s, "\n", "\n"+indent)
		})
	}
	list := t.at
	t.at = list.parent
	if text := list.String(); text != "" {
		t.at.add(text, list.leading, around)
	}
}

// numbering gives the prefixes of an ordered list.
func numbering(n *html.Node) func() string {
	kind, _ := attributeOf(n, "type")
	at := 1
	if text, ok := attributeOf(n, "start"); ok {
		if start, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
			at = start
		}
	}
	return func() string {
		text := strconv.Itoa(at)
		switch kind {
		case "a":
			text = letters(at, 'a')
		case "A":
			text = letters(at, 'A')
		case "i":
			text = strings.ToLower(roman(at))
		case "I":
			text = roman(at)
		}
		at++
		return " " + text + ". "
	}
}

func letters(n int, first rune) string {
	text := ""
	for n > 0 {
		n--
		text = string(first+rune(n%26)) + text
		n /= 26
	}
	return text
}

func roman(n int) string {
	if n <= 0 || n > 1<<20 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, d := range []struct {
		value int
		text  string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for n >= d.value {
			b.WriteString(d.text)
			n -= d.value
		}
	}
	return b.String()
}
