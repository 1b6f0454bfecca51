package markup

import "strings"

// listMarker reads the sign of a list's item at the start of a line: how far it is indented, whether it is a number, and how
// long all of it is, with the space behind. ok is false if there is none.
func listMarker(line string) (indent int, ordered bool, size int, ok bool) {
	for indent < len(line) && line[indent] == ' ' {
		indent++
	}
	at := indent
	if at < len(line) && strings.IndexByte("*+-", line[at]) >= 0 {
		at++
	} else {
		for at < len(line) && line[at] >= '0' && line[at] <= '9' {
			at++
		}
		if at == indent || at == len(line) || line[at] != '.' {
			return indent, false, 0, false
		}
		at, ordered = at+1, true
	}
	end := at
	for end < len(line) && (line[end] == ' ' || line[end] == '\t') {
		end++
	}
	return indent, ordered, end, end > at
}

// listsIn replaces the lists in a text.
func (m *markdownReader) listsIn(text string) string {
	var b strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); {
		indent, ordered, size, ok := listMarker(lines[i])
		if !ok || indent > 3 || size >= len(lines[i]) && i+1 == len(lines) {
			b.WriteString(lines[i])
			i++
			continue
		}
		end := listEnd(lines, i)
		list := strings.Join(lines[i:end], "")
		b.WriteString(m.list(list, ordered))
		i = end
	}
	return b.String()
}

// listEnd is the first line behind a list: one that follows an empty line, is not indented, and begins no item.
func listEnd(lines []string, i int) int {
	for i++; i < len(lines); i++ {
		line := lines[i]
		if lines[i-1] != "\n" || line == "" || line == "\n" || line[0] == ' ' || line[0] == '\t' {
			continue
		}
		if _, _, _, ok := listMarker(line); !ok {
			return i
		}
	}
	return i
}

// list turns the text of a list into HTML. Where the signs change from bullets to numbers, another list begins.
func (m *markdownReader) list(text string, ordered bool) string {
	deepest := 3
	if m.on["disableForced4SpacesIndentedSublists"] {
		deepest = 1
	}
	start := ""
	var b strings.Builder
	rest := text
	for {
		at := 0
		for line := range strings.SplitAfterSeq(rest, "\n") {
			if indent, other, _, ok := listMarker(line); ok && indent <= deepest && other != ordered {
				break
			}
			at += len(line)
		}
		tag := "ul"
		if start = ""; ordered {
			tag = "ol"
			number := strings.TrimLeft(text, " ")
			if number, _, _ = strings.Cut(number, "."); number != "1" && strings.Trim(number, "0123456789") == "" {
				start = ` start="` + number + `"`
			}
		}
		b.WriteString("\n\n<" + tag + start + ">\n" + m.items(rest[:at]) + "</" + tag + ">\n")
		if at == len(rest) {
			return b.String()
		}
		rest, ordered = rest[at:], !ordered
	}
}

// items turns the items of a list into HTML.
func (m *markdownReader) items(text string) string {
	nested := m.lists > 0
	m.lists++
	defer func() { m.lists-- }()
	if trimmed := strings.TrimRight(text, "\n"); len(text)-len(trimmed) >= 2 {
		text = trimmed + "\n"
	}
	loose := strings.Contains(strings.TrimRight(m.rules.blankLines.ReplaceAllString(text, ""), "\n"), "\n\n")
	var b strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); {
		indent, _, size, ok := listMarker(lines[i])
		if !ok || indent > 3 {
			b.WriteString(lines[i])
			i++
			continue
		}
		end := i + 1
		for ; end < len(lines); end++ {
			next, _, _, ok := listMarker(lines[end])
			if ok && next <= 3 && (!m.on["disableForced4SpacesIndentedSublists"] || next == indent) {
				break
			}
		}
		item := strings.Join(lines[i:end], "")[size:]
		body := strings.TrimRight(item, "\n")
		gap := len(item) - len(body)
		item = body + "\n\n"[:min(2, gap)]
		apart := i > 2 && lines[i-1] == "\n" && lines[i-2] == "\n" // more than one empty line before
		b.WriteString(m.item(item, apart, loose))
		if end < len(lines) {
			b.WriteString(strings.Repeat("\n", max(0, gap-3)))
		}
		i = end
	}
	if nested {
		return strings.TrimRight(b.String(), " \t\n")
	}
	return b.String()
}

func (m *markdownReader) item(text string, apart, loose bool) string {
	text = m.rules.outdent.ReplaceAllString(text, "")
	class := ""
	if g := m.rules.task.FindString(text); g != "" && strings.HasPrefix(text, g) && m.on["tasklists"] {
		class = ` class="task-list-item" style="list-style-type: none;"`
		box := `<input type="checkbox" disabled style="margin: 0px 0.35em 0.25em -1.6em; vertical-align: middle;"`
		if strings.ContainsAny(g, "xX") {
			box += " checked"
		}
		text = box + ">" + text[len(g):]
	}
	mark := ""
	if m.rules.itemCode.MatchString(text) { // "- - a" is no list in a list
		mark = "¨A"
		text = mark + text
	}
	switch {
	case apart || strings.Contains(text, "\n\n"):
		if m.on["ghCodeBlocks"] {
			text = m.fences(text)
		}
		text = m.block(text)
	default:
		if m.lists < maxNesting {
			text = m.listsIn(text)
		}
		text = m.htmlBlocks(strings.TrimSuffix(text, "\n"))
		text = m.rules.manyLines.ReplaceAllString(text, "\n\n")
		if loose {
			text = m.paragraphs(text)
		} else {
			text = m.span(text)
		}
	}
	return "<li" + class + ">" + strings.Replace(text, "¨A", "", 1) + "</li>\n"
}
