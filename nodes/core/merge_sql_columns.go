package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// rowMark stands for the row number of a table in the text of a statement, until the names of its columns are known.
func rowMark(input int) string { return "input" + strconv.Itoa(input+1) + ".\x02" }

// outColumn is what the query says of a column of its result.
type outColumn struct {
	star   bool   // it is one of those that * or inputN.* stands for
	passed bool   // it is a column of a table, and not computed
	input  int    // that table, if the query names it, or -1
	name   string // that column, if the result has another name
}

// readColumns reads the list between SELECT and FROM.
func readColumns(tokens []string, inputs int) []outColumn {
	if word := strings.ToUpper(tokens[0]); len(tokens) > 1 && (word == "DISTINCT" || word == "ALL") {
		tokens = tokens[1:]
	}
	var list []outColumn
	depth, begin := 0, 0
	for i, token := range append(slices.Clip(tokens), ",") {
		switch {
		case token == "(":
			depth++
		case token == ")":
			depth--
		case token == "," && depth == 0:
			list = append(list, readColumn(tokens[begin:i], inputs))
			begin = i + 1
		}
	}
	return list
}

func readColumn(tokens []string, inputs int) outColumn {
	c := outColumn{input: -1}
	if len(tokens) > 2 && tokens[1] == "." {
		if c.input = tableIndex(tokens[0], inputs); c.input < 0 {
			return c
		}
		tokens = tokens[2:]
	}
	aliased := len(tokens) == 2 || len(tokens) == 3 && strings.EqualFold(tokens[1], "AS")
	switch {
	case len(tokens) == 1 && tokens[0] == "*":
		c.star = true
	case aliased && isName(tokens[0]):
		c.passed, c.name = true, strings.Trim(tokens[0], "`\"[]")
	case len(tokens) == 1:
		c.passed = isName(tokens[0])
	}
	return c
}

// column says what column i of n is. A star is several, so that columns behind one are counted from the end; what lies
// between two stars counts as theirs.
func (s *statement) column(i, n int) outColumn {
	isStar := func(c outColumn) bool { return c.star }
	first := slices.IndexFunc(s.columns, isStar)
	if first < 0 && len(s.columns) == n || i < first {
		return s.columns[i]
	}
	if behind := len(s.columns) - (n - i); first >= 0 && behind > first && !slices.ContainsFunc(s.columns[behind:], isStar) {
		return s.columns[behind]
	}
	return outColumn{star: true, input: -1}
}

// value is a value in wire form, "" for none. What a row only passes on from an item is as it was there; from are the items
// of the tables, "" where there is none.
func (c outColumn) value(name string, v any, tables []int, from []string) string {
	if c.name != "" {
		name = c.name
	}
	for i := len(from) - 1; i >= 0 && (c.star || c.passed); i-- {
		if from[i] == "" || c.input >= 0 && tables[i] != c.input {
			continue
		}
		if r := lookup(from[i], name, false); r.Exists() && sqlValue(r) == v {
			return r.Raw
		}
	}
	switch v := v.(type) {
	case nil:
		return ""
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return nodes.NumberValue(v).JSON()
	case []byte:
		return string(nodes.AppendString(nil, string(v)))
	}
	return string(nodes.AppendString(nil, fmt.Sprint(v)))
}
