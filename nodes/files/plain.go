package files

import (
	"bytes"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// readRTF reads the tables of an RTF document as one sheet. Its bytes are characters (Latin-1); escapes stay as they are, as in
// n8n.
func readRTF(content []byte) (workbook, error) {
	s := latin1(content)
	parts := strings.Split(s, `\trowd`)
	if len(parts) == 1 {
		return nil, nodes.Errorf("RTF missing table")
	}
	var rows [][]cell
	for _, part := range parts[1:] {
		if len(rows) >= maxRows {
			return nil, nodes.Errorf("the table has more than %d rows", maxRows)
		}
		rows = append(rows, rtfCells(part))
	}
	return cellsOf(rows), nil
}

var rtfWord = pattern(`\\\w+\b`)

// rtfCells reads the cells of a row: what is shown between the ends of cells.
func rtfCells(s string) []cell {
	var (
		cells []cell
		body  []byte
		last  int
	)
	for _, m := range rtfWord().FindAllStringIndex(s, -1) {
		plain := s[last:m[0]]
		if last > 0 {
			plain = strings.TrimPrefix(plain, " ")
		}
		if last > 0 || plain != "" {
			body = append(body, plain...)
		}
		switch s[m[0]:m[1]] {
		case `\cell`:
			if len(cells) < maxColumns {
				cells = append(cells, rtfValue(string(body)))
			}
			body = body[:0]
		case `\par`:
			body = append(body, '\n')
		case `\intbl`, `\pard`:
			body = body[:0]
		}
		last = m[1]
	}
	return cells
}

func rtfValue(s string) cell {
	if s == "" {
		return cell{}
	}
	return typedText(s, text)
}

// readPlain reads CSV whose delimiter is the most frequent of comma, tab, semicolon and pipe, and whose values are numbers,
// booleans and dates where they look like it.
func readPlain(content []byte, o textOptions) (workbook, error) {
	s := string(bytes.TrimPrefix(content, []byte("\uFEFF")))
	if len(s) == len(content) && !o.utf8 {
		s = latin1(content)
	} else {
		s = validText([]byte(s))
	}
	delimiter := frequent(s[:min(len(s), 1024)])
	var (
		rows  [][]cell
		cells []cell
		start int
		quote bool
	)
	flush := func(end int) error {
		if len(cells) >= maxColumns || len(rows) >= maxRows {
			return nodes.Errorf("the table has more than %d columns or %d rows", maxColumns, maxRows)
		}
		cells = append(cells, plainValue(strings.TrimSuffix(s[start:end], "\r"), o))
		start = end + 1
		return nil
	}
	for i := 0; i < len(s); i++ {
		var err error
		switch c := s[i]; {
		case c == '"':
			quote = !quote
		case quote:
		case c == delimiter:
			err = flush(i)
		case c == '\n' || c == '\r':
			err = flush(i)
			if c == '\r' && i+1 < len(s) && s[i+1] == '\n' {
				i++
				start = i + 1
			}
			rows, cells = append(rows, cells), nil
		}
		if err != nil {
			return nil, err
		}
	}
	if start < len(s) || len(cells) > 0 {
		if err := flush(len(s)); err != nil {
			return nil, err
		}
		rows = append(rows, cells)
	}
	return cellsOf(rows), nil
}

func frequent(s string) byte {
	counts := map[byte]int{}
	quote := false
	for i := range len(s) {
		if s[i] == '"' {
			quote = !quote
		} else if !quote {
			counts[s[i]]++
		}
	}
	best := byte(',')
	for _, c := range []byte("\t;|") {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

func plainValue(s string, o textOptions) cell {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	switch {
	case s == "":
		return cell{}
	case o.raw:
		return cell{kind: text, text: s}
	case strings.HasPrefix(s, "="):
		if len(s) > 2 && s[1] == '"' && s[len(s)-1] == '"' {
			s = strings.ReplaceAll(s[2:len(s)-1], `""`, `"`)
		}
		return cell{kind: text, text: s}
	}
	return typedText(s, number)
}
