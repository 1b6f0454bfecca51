package files

import (
	"bytes"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

var (
	htmlComment = pattern(`(?s)<!--.*?-->`)
	htmlTable   = pattern(`(?i)<table`)
	htmlEnd     = pattern(`(?i)</table`)
	htmlRow     = pattern(`(?i)</?tr[^>]*>`)
	htmlCell    = pattern(`(?i)<t[dh](\s[^>]*|/)?>`) // a > in an attribute ends it too, as in n8n
	htmlCellEnd = pattern(`(?i)</(?:td|th)>`)
	htmlBreak   = pattern(`(?i)<\s*br/?>`)
	htmlTag     = pattern(`<[^>]*>`)
	htmlSpaces  = pattern(`\s+`)
	htmlEdges   = pattern(`^\s+|\s+$`)
	htmlAfter   = pattern(`>\s+`)
	htmlBefore  = pattern(`(\w)\s+<`)
	htmlAttr    = pattern(`(?s)([-\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`)
)

// readHTML reads the first table of a page. What it makes of markup inside of cells is as n8n (SheetJS) has it.
func readHTML(content []byte, o textOptions) (workbook, error) {
	content = htmlComment().ReplaceAll(bytes.TrimPrefix(content, []byte("\uFEFF")), nil)
	at := htmlTable().FindIndex(content)
	if at == nil {
		return nil, nodes.Errorf("the page has no table")
	}
	content = content[at[0]:]
	if end := htmlEnd().FindIndex(content); end != nil {
		content = content[:end[0]]
	}
	var (
		rows  [][]cell
		taken = map[[2]int]bool{} // by cells of rows above
	)
	for _, part := range htmlRow().Split(string(content), -1) {
		if !htmlCell().MatchString(part) {
			continue
		}
		if len(rows) >= maxRows {
			return nil, nodes.Errorf("the table has more than %d rows", maxRows)
		}
		cells, err := htmlCells(part, len(rows), taken, o)
		if err != nil {
			return nil, err
		}
		rows = append(rows, cells)
	}
	return cellsOf(filled(rows)), nil
}

// filled are rows without those at the end, and without the cells at their ends, that are empty in the whole table.
func filled(rows [][]cell) [][]cell {
	columns, last := 0, 0
	for r, cells := range rows {
		for c := len(cells) - 1; c >= 0; c-- {
			if cells[c] != (cell{}) {
				columns, last = max(columns, c+1), r+1
				break
			}
		}
	}
	rows = rows[:last]
	for r := range rows {
		rows[r] = rows[r][:min(len(rows[r]), columns)]
	}
	return rows
}

// htmlCells reads the cells of a row.
func htmlCells(part string, index int, taken map[[2]int]bool, o textOptions) ([]cell, error) {
	var cells []cell
	starts := htmlCell().FindAllStringSubmatchIndex(part, -1)
	for i, m := range starts {
		end := len(part)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		body := part[m[1]:end]
		if e := htmlCellEnd().FindStringIndex(body); e != nil {
			body = body[:e[0]]
		}
		attrs := htmlAttrs(part[m[0]:m[1]])
		for taken[[2]int{index, len(cells)}] {
			cells = append(cells, cell{})
		}
		column := len(cells)
		columnSpan, rowSpan := count(attrs["colspan"], maxColumns), count(attrs["rowspan"], 1000)
		if column+columnSpan > maxColumns {
			return nil, nodes.Errorf("a row of the table has more than %d columns", maxColumns)
		}
		for r := 1; r < rowSpan && len(taken) < 1<<20; r++ {
			for c := range columnSpan {
				taken[[2]int{index + r, column + c}] = true
			}
		}
		cells = append(cells, htmlValue(body, attrs, o))
		for range columnSpan - 1 {
			cells = append(cells, cell{})
		}
	}
	return cells, nil
}

func htmlAttrs(s string) map[string]string {
	attrs := map[string]string{}
	for _, m := range htmlAttr().FindAllStringSubmatch(s, -1) {
		attrs[strings.TrimPrefix(strings.ToLower(m[1]), "data-")] = m[2] + m[3] + m[4]
	}
	return attrs
}

func htmlValue(body string, attrs map[string]string, o textOptions) cell {
	s := htmlText(body)
	if s == "" {
		return cell{}
	}
	if o.raw || attrs["t"] == "s" || strings.TrimSpace(s) == "" {
		return cell{kind: text, text: s}
	}
	return typedText(s, date)
}

// htmlText is what a cell shows.
func htmlText(body string) string {
	s := strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\r", "\n")
	s = htmlBefore().ReplaceAllString(htmlAfter().ReplaceAllString(s, ">"), "$1<")
	s = htmlSpaces().ReplaceAllString(htmlEdges().ReplaceAllString(s, ""), " ")
	s = htmlBreak().ReplaceAllString(s, "\n")
	s = htmlTag().ReplaceAllString(s, "")
	for _, e := range [][2]string{{"&nbsp;", " "}, {"&middot;", "·"}, {"&quot;", `"`}, {"&apos;", "'"}, {"&gt;", ">"}, {"&lt;", "<"}, {"&amp;", "&"}} {
		s = strings.ReplaceAll(s, e[0], e[1])
	}
	return s
}
