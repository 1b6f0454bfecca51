package descriptors

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// table aligns rows of text; the last column is wrapped.
type table struct {
	rows [][]string
}

// The width of a page, and the widest that a column but the last may get.
const (
	pageWidth   = 118
	columnWidth = 44
)

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(out *bytes.Buffer, margin string) {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], min(utf8.RuneCountInString(cell), columnWidth))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		line.WriteString(margin)
		at := utf8.RuneCountInString(margin)
		for i, cell := range row[:len(row)-1] {
			if widths[i] == 0 {
				continue
			}
			gap := max(widths[i]-utf8.RuneCountInString(cell), 0) + 2
			line.WriteString(cell + strings.Repeat(" ", gap))
			at += widths[i] + 2
		}
		for i, part := range wrap(row[len(row)-1], pageWidth-at) {
			if i > 0 {
				out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
				line.Reset()
				line.WriteString(strings.Repeat(" ", at))
			}
			line.WriteString(part)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// wrap breaks a text at spaces into lines of at most width characters, longer words aside.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
