package files

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// tableWriter writes a file with one sheet, row by row.
type tableWriter interface {
	row(cells []cell) error
	close() error
}

// table is items as a table: a column for each path to a value, in the order in which they are first seen.
type table struct {
	items  nodes.Items
	names  []string
	at     map[string]int
	header bool
}

// maxKeys bounds the columns of a table: each item is as wide as all of them together.
const maxKeys = 1 << 16

// newTable looks through the items for the names of the columns. Members of objects and lists are columns of their own, named
// by their path with dots; empty ones give none.
func newTable(ctx context.Context, items nodes.Items, header bool) (*table, error) {
	t := &table{items: items, at: map[string]int{}, header: header}
	for i, it := range items.All() {
		if i%1000 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		leaves(gjson.Parse(it.JSON()), nil, func(path []byte, _ gjson.Result) {
			if _, ok := t.at[string(path)]; !ok && len(t.names) <= maxKeys {
				t.at[string(path)] = len(t.names)
				t.names = append(t.names, string(path))
			}
		})
		if len(t.names) > maxKeys {
			return nil, nodes.Errorf("the items have more than %d different fields", maxKeys)
		}
	}
	return t, nil
}

// leaves calls yield for each value in an object that is neither an object nor a list, with its path. In each object and list
// those come first whose key is an index; in items, these keys stand before all others.
func leaves(r gjson.Result, path []byte, yield func(path []byte, value gjson.Result)) {
	mixed := false
	members(r, path, func(path []byte, isIndex bool, value gjson.Result) bool {
		isLeaf := !value.IsObject() && !value.IsArray()
		if isIndex && isLeaf {
			yield(path, value)
		}
		mixed = mixed || !isIndex || !isLeaf
		return isIndex
	})
	if !mixed {
		return
	}
	members(r, path, func(path []byte, isIndex bool, value gjson.Result) bool {
		switch {
		case value.IsObject() || value.IsArray():
			leaves(value, append(path, '.'), yield)
		case !isIndex:
			yield(path, value)
		}
		return true
	})
}

// members calls yield for each member of an object or a list, with its path, until it returns false.
func members(r gjson.Result, path []byte, yield func(path []byte, isIndex bool, value gjson.Result) bool) {
	n, i := len(path), 0
	isList := r.IsArray()
	r.ForEach(func(key, value gjson.Result) bool {
		path = path[:n]
		if isList {
			path = strconv.AppendInt(path, int64(i), 10)
			i++
		} else {
			path = append(path, key.Str...)
		}
		return yield(path, isList || isIndex(key.Str), value)
	})
}

// isIndex reports whether JavaScript puts a key before others that are none: 0 to 4294967294, as it writes them.
func isIndex(key string) bool {
	if key == "" || len(key) > 10 || key[0] == '0' && len(key) > 1 {
		return false
	}
	for i := range len(key) {
		if key[i] < '0' || key[i] > '9' {
			return false
		}
	}
	return len(key) < 10 || key <= "4294967294"
}

// rows is the number of rows, columns that of columns, at least one.
func (t *table) rows() int {
	n := t.items.Len()
	if t.header {
		n++
	}
	return max(n, 1)
}

func (t *table) columns() int { return max(len(t.names), 1) }

// write writes the table.
func (t *table) write(ctx context.Context, w tableWriter) error {
	cells := make([]cell, t.columns())
	if t.header {
		for i, name := range t.names {
			cells[i] = cell{kind: text, text: name}
		}
		if err := w.row(cells); err != nil {
			return err
		}
	}
	for i, it := range t.items.All() {
		if i%1000 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		clear(cells)
		leaves(gjson.Parse(it.JSON()), nil, func(path []byte, value gjson.Result) {
			cells[t.at[string(path)]] = cellOf(value)
		})
		if err := w.row(cells); err != nil {
			return err
		}
	}
	return w.close()
}

func cellOf(v gjson.Result) cell {
	switch v.Type {
	case gjson.String:
		return cell{kind: text, text: v.Str}
	case gjson.Number:
		return cell{kind: number, num: v.Num}
	case gjson.True:
		return cell{kind: boolean, num: 1}
	case gjson.False:
		return cell{kind: boolean}
	}
	return cell{kind: null}
}

// csvWriter writes CSV as n8n does: with a byte order mark, and a line end between rows only.
type csvWriter struct {
	w         *bufio.Writer
	delimiter string
	begun     bool
}

func newCSVWriter(w io.Writer, delimiter string) *csvWriter {
	if delimiter == "" {
		delimiter = ","
	}
	return &csvWriter{w: bufio.NewWriterSize(w, 1<<16), delimiter: delimiter}
}

func (c *csvWriter) row(cells []cell) error {
	isFirst := !c.begun
	if isFirst {
		c.begun = true
		_, _ = c.w.WriteString("\uFEFF") // what fails here fails at the end too
	} else {
		_ = c.w.WriteByte('\n')
	}
	for i, v := range cells {
		if i > 0 {
			_, _ = c.w.WriteString(c.delimiter)
		}
		field := v.shown()
		// Only the first character of a longer delimiter counts.
		if strings.IndexByte(field, c.delimiter[0]) >= 0 || strings.ContainsAny(field, "\n\"") || isFirst && i == 0 && field == "ID" { // Excel takes a file that begins with ID for another format
			field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
		}
		if _, err := c.w.WriteString(field); err != nil {
			return err
		}
	}
	return nil
}

func (c *csvWriter) close() error { return c.w.Flush() }

// htmlWriter writes a page with one table, in which each cell has its value and type beside what it shows.
type htmlWriter struct {
	w *bufio.Writer
	n int
}

func newHTMLWriter(w io.Writer) *htmlWriter {
	h := &htmlWriter{w: bufio.NewWriterSize(w, 1<<16)}
	_, _ = h.w.WriteString(`<html><head><meta charset="utf-8"/><title>SheetJS Table Export</title></head><body><table>`)
	return h
}

func (h *htmlWriter) row(cells []cell) error {
	h.n++
	_, _ = h.w.WriteString("<tr>")
	for i, c := range cells {
		shown := escapeHTML(c.shown())
		space, value := "", shown
		switch c.kind {
		case number:
			value = string(nodes.AppendNumber(nil, c.num))
		case boolean:
			value = strconv.FormatBool(c.num != 0)
		case text:
			if c.text != strings.TrimSpace(c.text) {
				space = ` xml:space="preserve"`
			}
		}
		_, _ = h.w.WriteString("<td")
		if t := [...]string{null: "z", number: "n", boolean: "b", text: "s"}[c.kind]; t != "" {
			_, _ = h.w.WriteString(` data-t="` + t + `"`)
			if c.kind != null {
				_, _ = h.w.WriteString(` data-v="` + value + `"`)
			}
		}
		_, err := h.w.WriteString(` id="sjs-` + columnName(i) + strconv.Itoa(h.n) + `"` + space + `>` + shown + `</td>`)
		if err != nil {
			return err
		}
	}
	_, err := h.w.WriteString("</tr>")
	return err
}

func (h *htmlWriter) close() error {
	_, _ = h.w.WriteString("</table></body></html>")
	return h.w.Flush()
}

// escapeHTML writes what is not to be read as markup as entities, and line ends as elements.
func escapeHTML(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '&':
			b.WriteString("&amp;")
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case c == '"':
			b.WriteString("&quot;")
		case c == '\'':
			b.WriteString("&apos;")
		case c == '\n':
			b.WriteString("<br/>")
		case c < ' ':
			b.WriteString("&#x00" + string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]) + ";")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// rtfWriter writes an RTF document with one table. Like n8n's its text is not escaped.
type rtfWriter struct{ w *bufio.Writer }

func newRTFWriter(w io.Writer) *rtfWriter {
	r := &rtfWriter{bufio.NewWriterSize(w, 1<<16)}
	_, _ = r.w.WriteString(`{\rtf1\ansi`)
	return r
}

var rtfLines = strings.NewReplacer("\n", `\par `, "\r", `\par `)

func (r *rtfWriter) row(cells []cell) error {
	_, _ = r.w.WriteString(`\trowd\trautofit1`)
	for i := range cells {
		_, _ = r.w.WriteString(`\cellx` + strconv.Itoa(i+1))
	}
	_, _ = r.w.WriteString(`\pard\intbl`)
	for _, c := range cells {
		_, _ = r.w.WriteString(" " + rtfLines.Replace(c.shown()) + `\cell`)
	}
	_, err := r.w.WriteString(`\pard\intbl\row`)
	return err
}

func (r *rtfWriter) close() error {
	_ = r.w.WriteByte('}')
	return r.w.Flush()
}
