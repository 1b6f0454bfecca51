package files

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// The size of the largest sheet that Excel knows. What lies beyond is not read.
const (
	maxRows    = 1 << 20
	maxColumns = 1 << 14
)

// maxCells bounds the cells that are made of nothing: of an area whose empty cells count, and of cells that a file repeats.
const maxCells = 100_000_000

// row is a row of a sheet. Its cells are in the columns from 0 on; they are valid until the next row is read.
type row struct {
	index int
	cells []cell
	more  int // how many further rows are the same
}

// area is a rectangle of cells, its last row and column included.
type area struct{ row, column, lastRow, lastColumn int }

// none is the area of a sheet without cells.
var none = area{0, 0, -1, -1}

// with returns the area grown by a cell.
func (a area) with(row, column int) area {
	if a == none {
		return area{row, column, row, column}
	}
	return area{min(a.row, row), min(a.column, column), max(a.lastRow, row), max(a.lastColumn, column)}
}

// sheet is one sheet of a workbook.
type sheet struct {
	used area
	// rows calls yield for each row that has cells, from the top, and ends at its first error.
	rows func(yield func(row) error) error
}

// tableOptions say how a sheet becomes items.
type tableOptions struct {
	headerRow  bool
	emptyCells bool   // columns without a value are "" and not left out
	area       string // n8n's range: "A2:C9", or the number of the first row from 0
}

// tableItems writes a sheet's rows as items: objects by the names in the first row, or lists under "row". Column names,
// blank rows and odd ranges are as n8n has them.
func tableItems(ctx context.Context, s sheet, o tableOptions, emit func(json string) error) error {
	if s.used == none {
		return nil
	}
	area, err := o.within(s.used)
	if err != nil {
		return err
	}
	t := tableReader{area: area, options: o, emit: emit}
	next := area.row
	if o.emptyCells && (area.lastRow-area.row+1)*(area.lastColumn-area.column+1) > maxCells {
		return apart{nodes.Errorf("the area has more than %d cells: set a range, or leave empty cells out", maxCells)}
	}
	if o.headerRow && area.row < 0 {
		t.name(row{})
		next++
	}
	err = s.rows(func(r row) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if skip := min(area.row-r.index, r.more); skip > 0 {
			r.index, r.more = r.index+skip, r.more-skip
		}
		if r.index < area.row {
			return nil
		}
		for ; next < r.index && next <= area.lastRow; next++ {
			if err := t.row(row{index: next}); err != nil {
				return err
			}
		}
		if r.index > area.lastRow {
			return errEnough
		}
		for ; r.more > 0 && next < area.lastRow; r.index, r.more = r.index+1, r.more-1 {
			if next = r.index + 1; next%1000 == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := t.row(r); err != nil {
				return err
			}
		}
		next = r.index + 1
		return t.row(r)
	})
	for ; err == nil && next <= area.lastRow; next++ {
		err = t.row(row{index: next})
	}
	if err == errEnough { //nolint:errorlint // it is ours, and nothing wraps it
		return nil
	}
	return err
}

// errEnough ends the reading of a sheet.
var errEnough = nodes.Errorf("enough")

// within gives the area to read.
func (o tableOptions) within(used area) (area, error) {
	if o.area == "" {
		return used, nil
	}
	if n, err := strconv.Atoi(strings.TrimSpace(o.area)); err == nil {
		used.row = n
		return used, nil
	}
	a := parseArea(o.area)
	if a.column < 0 && a.column <= a.lastColumn {
		return a, nodes.Errorf("invalid column %d", a.column)
	}
	a.lastRow, a.lastColumn = min(a.lastRow, maxRows-1), min(a.lastColumn, maxColumns-1)
	return a, nil
}

// parseArea reads "A1:B2". Of other texts it makes what n8n makes of them, mostly an area without cells.
func parseArea(s string) area {
	column, rowNumber, rest := parseCorner(s)
	a := area{rowNumber, column, rowNumber, column}
	if strings.HasPrefix(rest, ":") {
		a.lastColumn, a.lastRow, _ = parseCorner(rest[1:])
	}
	return a
}

func parseCorner(s string) (column, rowNumber int, rest string) {
	for s != "" && s[0] >= 'A' && s[0] <= 'Z' {
		column = min(26*column+int(s[0]-'A')+1, 1<<30)
		s = s[1:]
	}
	for s != "" && s[0] >= '0' && s[0] <= '9' {
		rowNumber = min(10*rowNumber+int(s[0]-'0'), 1<<30)
		s = s[1:]
	}
	return column - 1, rowNumber - 1, s
}

// tableReader makes items of the rows of an area.
type tableReader struct {
	area    area
	options tableOptions
	emit    func(json string) error
	columns []column // by the order of the item's keys; nil as long as there are no names
	buf     []byte
}

// column is a column of a table: where it is, and its name as a JSON text.
type column struct {
	index int
	key   string
}

func (t *tableReader) row(r row) error {
	if t.options.headerRow && t.columns == nil {
		t.name(r)
		return nil
	}
	if !t.options.headerRow {
		return t.list(r)
	}
	if len(r.cells) == 0 {
		return nil
	}
	t.buf = append(t.buf[:0], '{')
	isEmpty := true
	for _, c := range t.columns {
		if c.index >= len(r.cells) && !t.options.emptyCells {
			continue
		}
		start := len(t.buf)
		if start > 1 {
			t.buf = append(t.buf, ',')
		}
		t.buf = append(append(t.buf, c.key...), ':')
		v := r.at(c.index)
		var ok bool
		if t.buf, ok = v.json(t.buf); ok {
			isEmpty = isEmpty && v.kind == failure
			continue
		}
		if !t.options.emptyCells {
			t.buf = t.buf[:start]
			continue
		}
		t.buf = append(t.buf, `""`...)
	}
	if isEmpty {
		return nil
	}
	return t.emit(string(append(t.buf, '}')))
}

// at returns a cell of the row, a blank one where there is none.
func (r row) at(column int) cell {
	if column >= 0 && column < len(r.cells) {
		return r.cells[column]
	}
	return cell{}
}

// list writes a row of a table without names.
func (t *tableReader) list(r row) error {
	t.buf = append(t.buf[:0], `{"row":[`...)
	end := len(t.buf) // behind the last value
	last := t.area.lastColumn
	if !t.options.emptyCells {
		last = min(last, len(r.cells)-1)
	}
	for i := t.area.column; i <= last; i++ {
		if i > t.area.column {
			t.buf = append(t.buf, ',')
		}
		var ok bool
		switch t.buf, ok = r.at(i).json(t.buf); {
		case ok:
			end = len(t.buf)
		case t.options.emptyCells:
			t.buf = append(t.buf, `""`...)
			end = len(t.buf)
		default:
			t.buf = append(t.buf, "null"...)
		}
	}
	return t.emit(string(append(t.buf[:end], "]}"...)))
}

// name takes the names of the columns from a row: those without one are __EMPTY, and of several with the same name the later
// ones get a number.
func (t *tableReader) name(r row) {
	count := map[string]int{}
	var names []string
	for i := t.area.column; i <= t.area.lastColumn; i++ {
		c := r.at(i)
		name := "__EMPTY"
		if c.kind != blank {
			name = c.shown()
		}
		n, taken := count[name], name
		for n > 0 {
			taken = name + "_" + strconv.Itoa(n)
			n++
			if count[taken] == 0 {
				break
			}
		}
		count[name] = max(n, 1)
		count[taken] = max(count[taken], 1)
		names = append(names, taken)
	}
	t.columns = columnsOf(names, t.area.column)
}

// columnsOf orders the columns of a table as JavaScript orders the keys of an object: numbers first. Of columns with the same
// name the last one counts, at the place of the first.
func columnsOf(names []string, first int) []column {
	type named struct {
		column
		number int64
	}
	at := make(map[string]int, len(names))
	list := make([]named, 0, len(names))
	for i, name := range names {
		if n, ok := at[name]; ok {
			list[n].index = first + i
			continue
		}
		at[name] = len(list)
		list = append(list, named{column{first + i, string(nodes.AppendString(nil, name))}, arrayIndex(name)})
	}
	slices.SortStableFunc(list, func(a, b named) int {
		switch {
		case a.number == b.number:
			return 0
		case a.number < 0:
			return 1
		case b.number < 0 || a.number < b.number:
			return -1
		}
		return 1
	})
	columns := make([]column, len(list))
	for i, n := range list {
		columns[i] = n.column
	}
	return columns
}

// arrayIndex returns the number that a key is to JavaScript (ECMA-262, array index), -1 if it is none.
func arrayIndex(key string) int64 {
	if key == "" || len(key) > 10 || key[0] == '0' && len(key) > 1 {
		return -1
	}
	n, err := strconv.ParseUint(key, 10, 32)
	if err != nil || n == 1<<32-1 {
		return -1
	}
	return int64(n)
}

// columnName is a column's name in letters: A, B, … AA.
func columnName(column int) string {
	name := ""
	for column++; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name
}
