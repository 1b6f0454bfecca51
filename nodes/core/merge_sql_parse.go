package core

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// lineage is what is known of the items that a row of a statement comes from.
type lineage int

const (
	lineageNone  lineage = iota // groups, and rows of subqueries
	lineageByRow                // each row's own
	lineageAll                  // a query too complicated to tell: all
)

// statement is a SELECT made ready for SQLite.
type statement struct {
	text     string
	lineage  lineage
	tables   []int // the inputs whose row numbers are the last columns
	columns  []outColumn
	star     bool // it selects * and nothing else
	distinct bool // it is done here, since row numbers would make all rows distinct
	// asked are the columns that the query names as inputN.column.
	asked map[int][]string
}

// division makes SQLite divide whole numbers with a fraction.
const division = "*1.0/"

// sqlTokens cuts SQL into words, quoted names and texts, comments, numbers, white space and single characters. It is compiled
// where it is first used: most programs never need it.
var sqlTokens = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("(?s)--[^\n]*|/\\*.*?\\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\\[[^\\]]*\\]|[\\p{L}_][\\p{L}\\p{N}_$]*|[0-9.]+|\\s+|.")
})

// parseSQL cuts a query into statements and rewrites what SQLite does not know. It refuses all but SELECT.
func parseSQL(query string, inputs int) ([]*statement, error) {
	var parts [][]string
	var part []string
	for _, token := range append(sqlTokens().FindAllString(query, -1), ";") {
		switch {
		case token == ";":
			if len(part) > 0 {
				parts = append(parts, part)
			}
			part = nil
		case strings.TrimSpace(token) == "", strings.HasPrefix(token, "--"), strings.HasPrefix(token, "/*"):
		default:
			part = append(part, token)
		}
	}
	if len(parts) == 0 {
		return nil, errors.New("the query is empty")
	}
	var list []*statement
	for _, part := range parts {
		if first := strings.ToUpper(part[0]); first != "SELECT" && first != "WITH" && first != "VALUES" {
			return nil, fmt.Errorf("only SELECT can be run, and not %s", part[0])
		}
		s := &statement{asked: map[int][]string{}}
		s.read(part, inputs)
		if len(parts) > 1 {
			s.lineage = lineageAll
		}
		list = append(list, s)
	}
	return list, nil
}

func (s *statement) read(tokens []string, inputs int) {
	for i := range len(tokens) - 2 {
		if input := tableIndex(tokens[i], inputs); input >= 0 && tokens[i+1] == "." && isName(tokens[i+2]) {
			name := strings.Trim(tokens[i+2], "`\"[]")
			s.asked[input] = append(s.asked[input], name)
		}
	}
	from := s.trace(tokens, inputs)
	var text []string
	for i, token := range tokens {
		switch upper := strings.ToUpper(token); {
		case i == from && s.lineage == lineageByRow:
			for _, input := range s.tables {
				text = append(text, ", "+rowMark(input))
			}
			text = append(text, token)
		case token == "/":
			text = append(text, division)
		case token == ">" && i > 0 && tokens[i-1] == "-": // o->p is ours to name, SQLite wants a text
			text = append(text, ">>")
		case i > 1 && token[0] != '\'' && isName(token) && tokens[i-1] == ">" && tokens[i-2] == "-":
			text = append(text, "'"+token+"'")
		case upper == "OUTER" && i > 0 && !slices.Contains([]string{"LEFT", "RIGHT", "FULL"}, strings.ToUpper(tokens[i-1])):
			text = append(text, "FULL OUTER")
		case upper == "DISTINCT" && i == 1 && s.distinct:
		default:
			text = append(text, token)
		}
	}
	s.text = joinSQL(text)
}

// joinSQL puts spaces between words only, so that columns without an alias keep the names that their text gives.
func joinSQL(tokens []string) string {
	var b strings.Builder
	for i, token := range tokens {
		if i > 0 && (isTight(tokens[i-1]) == "" && isTight(token) == "" || opensComment(tokens[i-1], token)) {
			b.WriteByte(' ')
		}
		b.WriteString(token)
	}
	return b.String()
}

// opensComment reports whether two signs that stand apart would begin a comment as one.
func opensComment(a, b string) bool {
	return a == "-" && b == "-" || a == division && b == "*"
}

// isTight returns the token if it needs no space around it.
func isTight(token string) string {
	if len(token) == 1 && strings.Contains("().,*+-%<>=!|", token) || token == division {
		return token
	}
	return ""
}

func tableIndex(token string, inputs int) int {
	number, ok := strings.CutPrefix(strings.ToLower(token), "input")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > inputs {
		return -1
	}
	return n - 1
}

func isName(token string) bool {
	first, _ := utf8.DecodeRuneInString(token)
	return strings.ContainsRune("`\"[_", first) || unicode.IsLetter(first)
}

var (
	aggregates   = []string{"COUNT", "SUM", "AVG", "MIN", "MAX", "TOTAL", "GROUP_CONCAT"}
	afterTable   = []string{"JOIN", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "NATURAL", "ON", "USING", "WHERE", "ORDER", "LIMIT", ","}
	setOperators = []string{"UNION", "EXCEPT", "INTERSECT", "WITH", "VALUES"}
)

// trace finds out from which items the rows of a statement come. It returns where FROM stands.
func (s *statement) trace(tokens []string, inputs int) (from int) {
	from = -1
	depth, selects, limited, grouped := 0, 0, false, false
	for i, token := range tokens {
		upper := strings.ToUpper(token)
		switch {
		case token == "(":
			depth++
		case token == ")":
			depth--
		case upper == "SELECT":
			selects++
		case upper == "FROM" && depth == 0 && from < 0:
			from = i
		case slices.Contains(setOperators, upper):
			s.lineage = lineageAll
			return -1
		case upper == "GROUP", slices.Contains(aggregates, upper) && i+1 < len(tokens) && tokens[i+1] == "(":
			grouped = true
		case upper == "LIMIT":
			limited = true
		}
	}
	distinct := len(tokens) > 1 && strings.EqualFold(tokens[1], "DISTINCT")
	switch {
	case from < 0 || from+1 < len(tokens) && tokens[from+1] == "(" || grouped:
		return -1
	case selects > 1 || distinct && limited || !s.findTables(tokens[from:], inputs):
		s.lineage, s.tables = lineageAll, nil
		return -1
	}
	s.lineage, s.distinct = lineageByRow, distinct
	s.columns = readColumns(tokens[1:from], inputs)
	s.star = from == 2 && tokens[1] == "*"
	return from
}

// findTables reads the tables behind FROM; false if one has another name or is there twice.
func (s *statement) findTables(tokens []string, inputs int) bool {
	for i, token := range tokens {
		if i == 0 || !isTableKeyword(tokens[i-1]) {
			continue
		}
		input := tableIndex(token, inputs)
		plain := i+1 == len(tokens) || slices.Contains(afterTable, strings.ToUpper(tokens[i+1]))
		if input < 0 || !plain || slices.Contains(s.tables, input) {
			return false
		}
		s.tables = append(s.tables, input)
	}
	return len(s.tables) > 0
}

func isTableKeyword(token string) bool {
	return strings.EqualFold(token, "FROM") || strings.EqualFold(token, "JOIN")
}
