package core

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// fieldRow reads many fields of an item in one walk over it.
type fieldRow struct {
	names  []string
	at     map[string]int
	dots   bool
	values []gjson.Result
}

func newFieldRow(names []string, dots bool) *fieldRow {
	row := &fieldRow{names: names, at: make(map[string]int, len(names)), dots: dots, values: make([]gjson.Result, len(names))}
	for i, name := range names {
		row.at[name] = i
	}
	return row
}

// read returns the fields' values by index; they are good until the next read.
func (row *fieldRow) read(json string) []gjson.Result {
	clear(row.values)
	for c, missing := members(json), len(row.at); missing > 0; {
		key, value, ok := c.next()
		if !ok {
			break
		}
		if i, ok := row.at[c.name(key)]; ok {
			row.values[i] = gjson.Parse(value)
			missing--
		}
	}
	for i, name := range row.names {
		if first := row.at[name]; first != i { // the same name twice
			row.values[i] = row.values[first]
		} else if !row.values[i].Exists() && row.dots && isPath(name) {
			row.values[i] = lookup(json, name, true)
		}
	}
	return row.values
}

// name is what a key means that next returned.
func (c *cursor) name(key string) string {
	if c.escaped && strings.IndexByte(key, '\\') >= 0 {
		return gjson.Parse(key).Str
	}
	return key[1 : len(key)-1]
}

// appendCanonical appends what canonical returns, without a copy where the text is in that form already.
func appendCanonical(dst []byte, r gjson.Result) []byte {
	switch {
	case r.Type == gjson.String && strings.IndexByte(r.Raw, '\\') < 0:
		return append(dst, r.Raw...)
	case r.Type == gjson.Number:
		return nodes.AppendNumber(append(dst, '#'), r.Num)
	}
	return append(dst, canonical(r)...)
}
