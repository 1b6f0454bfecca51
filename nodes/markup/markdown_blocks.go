package markup

import (
	"regexp"
	"strconv"
	"strings"
)

// block turns the text of a block into HTML.
func (m *markdownReader) block(text string) string {
	if m.depth++; m.depth > maxNesting {
		m.depth--
		return text
	}
	text = m.quotes(text)
	text = m.headings(text)
	if strings.ContainsAny(text, "-*_") {
		text = m.rules.rule.ReplaceAllStringFunc(text, func(string) string { return m.hash("<hr />") })
	}
	text = m.listsIn(text)
	text = m.indentedCode(text)
	text = m.tables(text)
	text = m.htmlBlocks(text)
	text = m.paragraphs(text)
	m.depth--
	return text
}

func (m *markdownReader) quotes(text string) string {
	re := m.rules.quote
	if m.on["splitAdjacentBlockquotes"] {
		re = m.rules.quoteAlone
	}
	if !strings.Contains(text, ">") {
		return text + "\n\n"
	}
	return re.ReplaceAllStringFunc(text+"\n\n", func(q string) string {
		q = m.rules.blankLines.ReplaceAllString(m.rules.quoteMark.ReplaceAllString(q, ""), "")
		if m.on["ghCodeBlocks"] {
			q = m.fences(q)
		}
		q = "  " + strings.ReplaceAll(m.block(q), "\n", "\n  ")
		q = m.rules.pre.ReplaceAllStringFunc(q, func(pre string) string { return m.rules.preIndent.ReplaceAllString(pre, "") })
		return m.hash("<blockquote>\n" + q + "\n</blockquote>")
	})
}

func (m *markdownReader) headings(text string) string {
	heading := func(level int, idOf, text string) string {
		id := ""
		if !m.on["noHeaderId"] {
			id = ` id="` + m.headingID(idOf) + `"`
		}
		tag := "h" + strconv.Itoa(level)
		return m.hash("<" + tag + id + ">" + m.span(text) + "</" + tag + ">")
	}
	if strings.Contains(text, "\n=") {
		text = replaceGroups(m.rules.setext1, text, func(g []string) string { return heading(m.level, g[1], g[1]) })
	}
	if strings.Contains(text, "\n-") {
		text = replaceGroups(m.rules.setext2, text, func(g []string) string { return heading(m.level+1, g[1], g[1]) })
	}
	if !strings.Contains(text, "#") {
		return text
	}
	re := m.rules.atx
	if m.on["requireSpaceBeforeHeadingText"] {
		re = m.rules.atxSpace
	}
	return replaceGroups(re, text, func(g []string) string {
		shown := g[2]
		if m.on["customizedHeaderId"] {
			shown = m.rules.customID.ReplaceAllString(shown, "")
		}
		return heading(m.level-1+len(g[1]), g[2], shown)
	})
}

// fences puts blocks of code between fences aside.
func (m *markdownReader) fences(text string) string {
	if !strings.Contains(text, "```") && !strings.Contains(text, "~~~") {
		return text
	}
	var b strings.Builder
	lines := strings.SplitAfter(text, "\n")
	missing := map[string]bool{} // fences that nothing closes any more
	for i := 0; i < len(lines); i++ {
		fence, language, ok := openFence(lines[i])
		end := -1
		if ok && !missing[fence] {
			if end = closeFence(lines[i+1:], fence); end < 0 {
				missing[fence] = true
			}
		}
		if end < 0 {
			b.WriteString(lines[i])
			continue
		}
		code := strings.Trim(m.encodeCode(strings.Join(lines[i+1:i+1+end], "")), "\n")
		class := ""
		if language != "" {
			class = ` class="` + language + ` language-` + language + `"`
		}
		block := m.hash("<pre><code" + class + ">" + code + "\n</code></pre>")
		b.WriteString(strings.ReplaceAll(block, "K", "G"))
		i += 1 + end
		rest := strings.TrimLeft(lines[i], " ")
		b.WriteString(rest[len(fence):])
	}
	return b.String()
}

// openFence reads the line before a block of code.
func openFence(line string) (fence, language string, ok bool) {
	rest := strings.TrimLeft(line, " ")
	if len(line)-len(rest) > 3 || rest == "" || rest[0] != '`' && rest[0] != '~' || !strings.HasSuffix(rest, "\n") {
		return "", "", false
	}
	after := strings.TrimLeft(rest, rest[:1])
	fence = rest[:len(rest)-len(after)]
	language = strings.TrimSuffix(strings.TrimLeft(after, " "), "\n")
	return fence, language, len(fence) >= 3 && !strings.ContainsAny(language, " \t`~")
}

// closeFence finds the line that ends a block of code.
func closeFence(lines []string, fence string) int {
	for i, line := range lines {
		rest := strings.TrimLeft(line, " ")
		if i > 0 && len(line)-len(rest) <= 3 && strings.HasPrefix(rest, fence) {
			return i
		}
	}
	return -1
}

func (m *markdownReader) indentedCode(text string) string {
	if !strings.Contains(text, "    ") {
		return text
	}
	text = replaceGroups(m.rules.indented, text+"¨0", func(g []string) string {
		code := m.encodeCode(m.rules.outdent.ReplaceAllString(g[1], ""))
		return m.hash("<pre><code>"+strings.Trim(code, "\n")+"\n</code></pre>") + g[2]
	})
	return strings.ReplaceAll(text, "¨0", "")
}

// blockTags are the elements whose content is HTML and no Markdown.
var blockTags = strings.Fields("pre div h1 h2 h3 h4 h5 h6 blockquote table dl ol ul script noscript form fieldset iframe math style section header footer nav article aside address audio canvas figure hgroup output video p")

// htmlBlocks puts HTML that begins a line aside.
func (m *markdownReader) htmlBlocks(text string) string {
	if m.on["backslashEscapesHTMLTags"] {
		text = m.rules.escapedTag.ReplaceAllString(text, "&lt;$1&gt;")
	}
	if !strings.Contains(text, "<") {
		return text
	}
	lower := strings.ToLower(text)
	for _, tag := range blockTags {
		if len(lower) == len(text) && strings.Contains(lower, "<"+tag) {
			text = m.htmlBlock(text, tag)
			lower = strings.ToLower(text)
		}
	}
	text = replaceGroups(m.rules.htmlHR, text, func(g []string) string { return m.hash(g[1]) + g[2] })
	text = m.rules.comment.ReplaceAllStringFunc(text, m.hash)
	return replaceGroups(m.rules.instruction, text, func(g []string) string { return m.hash(g[1]) + g[2] })
}

// htmlBlock puts the elements of one name aside, those within them included.
func (m *markdownReader) htmlBlock(text, tag string) string {
	var b strings.Builder
	tags := tagPositions(text, tag)
	at := 0
	for i := 0; i < len(tags); i++ {
		open := tags[i]
		if open.closes || open.start < at || !beginsLine(text, open.start) {
			continue
		}
		depth, j := 0, i
		for ; j < len(tags); j++ {
			if tags[j].closes {
				depth--
			} else {
				depth++
			}
			if depth == 0 {
				break
			}
		}
		if j == len(tags) { // as showdown does: all that follows stays as it is
			break
		}
		left, right := text[open.start:open.end], text[tags[j].start:tags[j].end]
		whole := text[open.start:tags[j].end]
		if strings.Contains(left, "markdown") {
			inner := *m
			whole = left + inner.fragment(text[open.end:tags[j].start]) + right
		}
		b.WriteString(text[at:open.start])
		b.WriteString(m.hash(whole))
		at, i = tags[j].end, j
	}
	b.WriteString(text[at:])
	return b.String()
}

// fragment is a document within an HTML block.
func (m *markdownReader) fragment(text string) string {
	return m.block(m.definitions(m.htmlBlocks("\n\n" + text + "\n\n")))
}

func beginsLine(text string, at int) bool {
	n := 0
	for at > 0 && text[at-1] == ' ' && n < 4 {
		at--
		n++
	}
	return n <= 3 && (at == 0 || text[at-1] == '\n')
}

type tagPosition struct {
	start, end int
	closes     bool
}

// tagPositions finds the start and end tags of an element, in any case.
func tagPositions(text, tag string) []tagPosition {
	var all []tagPosition
	for at := 0; ; {
		n := strings.IndexByte(text[at:], '<')
		if n < 0 {
			return all
		}
		start := at + n
		at = start + 1
		closes := at < len(text) && text[at] == '/'
		name := at
		if closes {
			name++
		}
		if len(text)-name <= len(tag) || !strings.EqualFold(text[name:name+len(tag)], tag) || isWordByte(text[name+len(tag)]) {
			continue
		}
		end := strings.IndexByte(text[name:], '>')
		if end < 0 || closes && end != len(tag) {
			continue
		}
		at = name + end + 1
		all = append(all, tagPosition{start, at, closes})
	}
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// paragraphs puts what is left between empty lines into paragraphs, and blocks back into their places.
func (m *markdownReader) paragraphs(text string) string {
	var out []string
	for _, part := range m.rules.manyLines.Split(strings.Trim(text, "\n"), -1) {
		switch {
		case m.rules.marker.MatchString(part):
			out = append(out, part)
		case trimSpace(part) != "":
			out = append(out, "<p>"+strings.TrimLeft(m.span(part), " \t")+"</p>")
		}
	}
	for i, part := range out {
		out[i] = m.unhash(part, 0)
	}
	return strings.Trim(strings.Join(out, "\n"), "\n")
}

// unhash puts blocks back, without the empty lines around them.
func (m *markdownReader) unhash(text string, depth int) string {
	if depth > maxNesting || !strings.Contains(text, "¨") {
		return text
	}
	var b strings.Builder
	at := 0
	for _, g := range m.rules.marker.FindAllStringSubmatchIndex(text, -1) {
		number := text[max(g[2], g[4]):max(g[3], g[5])]
		n, err := strconv.Atoi(number)
		if err != nil || n >= len(m.blocks) {
			continue
		}
		b.WriteString(strings.TrimSuffix(text[at:g[0]], "\n\n"))
		b.WriteString(m.unhash(m.blocks[n], depth+1))
		if at = g[1]; strings.HasPrefix(text[at:], "\n\n") {
			at += 2
		}
	}
	b.WriteString(text[at:])
	return b.String()
}

func (m *markdownReader) tables(text string) string {
	if !m.on["tables"] {
		return text
	}
	text = m.rules.bars.ReplaceAllStringFunc(text, func(s string) string { return escapeChar(s[1:]) })
	for _, re := range []*regexp.Regexp{m.rules.table, m.rules.tableOne} {
		text = re.ReplaceAllStringFunc(strings.TrimSuffix(text, "¨0")+"¨0", m.table)
	}
	return strings.ReplaceAll(text, "¨0", "")
}

func (m *markdownReader) table(raw string) string {
	var rows [][]string
	for line := range strings.SplitSeq(strings.ReplaceAll(raw, "¨0", ""), "\n") {
		if trimSpace(line) == "" && len(rows) > 1 {
			continue
		}
		trimmed := strings.TrimLeft(line, " ")
		if len(line)-len(trimmed) <= 3 && strings.HasPrefix(trimmed, "|") {
			line = trimmed[1:]
		}
		line = strings.TrimSuffix(strings.TrimRight(line, " \t"), "|")
		cells := strings.Split(m.codeSpans(line), "|")
		for i, c := range cells {
			cells[i] = trimSpace(c)
		}
		rows = append(rows, cells)
	}
	if len(rows) < 2 || len(rows[0]) < len(rows[1]) {
		return raw
	}
	head := rows[0]
	styles := make([]string, len(head))
	for i, s := range rows[1] {
		left, right := strings.HasPrefix(s, ":"), strings.HasSuffix(s, ":")
		switch {
		case left && right:
			styles[i] = ` style="text-align:center;"`
		case left:
			styles[i] = ` style="text-align:left;"`
		case right:
			styles[i] = ` style="text-align:right;"`
		}
	}
	var b strings.Builder
	b.WriteString("<table>\n<thead>\n<tr>\n")
	for i, c := range head {
		id := ""
		if m.on["tablesHeaderId"] {
			id = ` id="` + strings.ToLower(strings.ReplaceAll(c, " ", "_")) + `"`
		}
		b.WriteString("<th" + id + styles[i] + ">" + m.span(c) + "</th>\n")
	}
	b.WriteString("</tr>\n</thead>\n<tbody>\n")
	for _, row := range rows[2:] {
		b.WriteString("<tr>\n")
		for i := range head {
			c := ""
			if i < len(row) {
				c = m.span(row[i])
			}
			b.WriteString("<td" + styles[i] + ">" + c + "</td>\n")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody>\n</table>\n")
	return b.String()
}
