package network

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

var mysqlDialect = sqlDialect{
	quote: func(name string) string {
		parts := strings.Split(name, ".")
		for i, p := range parts {
			parts[i] = "`" + strings.ReplaceAll(p, "`", "``") + "`"
		}
		return strings.Join(parts, ".")
	},
	place: func(int) string { return "?" },
}

// mysqlQuery reads the text of a query with n8n's placeholders ($1, $2:name) and makes statements of it. What stands in quotes or
// comments is left alone.
type mysqlQuery struct {
	query  string
	values []nodes.Value
	filled bool // placeholders stand for values
	item   int

	at   int
	out  sqlText
	list []sqlStatement
}

var (
	mysqlPlaceholder = regexp.MustCompile(`^\$([1-9][0-9]*)(:name\b)?`)
	// routine has a body whose semicolons end no statement.
	routine = regexp.MustCompile(`(?is)^\s*CREATE\b[^;]*\b(PROCEDURE|FUNCTION|TRIGGER|EVENT)\b`)
	number  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
)

func (q *mysqlQuery) statements() []sqlStatement {
	q.out.dialect = mysqlDialect
	whole := routine.MatchString(q.query)
	for q.at < len(q.query) {
		rest := q.query[q.at:]
		switch c := rest[0]; {
		case c == ';' && !whole:
			q.end()
			q.at++
		case c == '\'' || c == '"' || c == '`':
			q.copy(1 + quotedEnd(rest[1:], c, c != '`'))
		case c == '#' || strings.HasPrefix(rest, "-- ") || strings.HasPrefix(rest, "--\n"):
			q.copy(lineEnd(rest))
		case strings.HasPrefix(rest, "/*"):
			_, after, _ := strings.Cut(rest[2:], "*/")
			q.copy(len(rest) - len(after))
		case c == '$' && q.filled && mysqlPlaceholder.MatchString(rest):
			m := mysqlPlaceholder.FindStringSubmatch(rest)
			q.place(m[1], m[2] != "")
			q.at += len(m[0])
		default:
			q.copy(1)
		}
	}
	q.end()
	return q.list
}

func (q *mysqlQuery) copy(n int) {
	n = min(n, len(q.query)-q.at)
	q.out.add(q.query[q.at : q.at+n])
	q.at += n
}

func (q *mysqlQuery) end() {
	if !isBlank(q.out.text.String()) {
		st := q.out.statement(q.item)
		st.text = strings.TrimSpace(st.text)
		q.list = append(q.list, st)
	}
	q.out = sqlText{dialect: mysqlDialect}
}

// place writes a placeholder. One without a value is null, as in n8n.
func (q *mysqlQuery) place(digits string, isName bool) {
	v := nodes.NullValue
	if n, err := strconv.Atoi(digits); err == nil && n <= len(q.values) {
		v = q.values[n-1]
	}
	switch {
	case isName:
		q.out.name(valueText(v))
	case v.Kind() == nodes.Array && len(v.Result().Array()) > 0:
		list(&q.out, v.Result().Array(), func(el gjson.Result) { q.out.value(nodes.ResultValue(el)) })
	default:
		q.out.value(v)
	}
}

// mysqlReplacements reads queryReplacement. In text a number is a number.
func mysqlReplacements(call *nodes.Call, i int) ([]nodes.Value, error) {
	p := call.Param("options").Get("queryReplacement")
	if !p.IsSet() {
		return nil, nil
	}
	v, err := p.Value(i)
	if err != nil || v.IsNil() {
		return nil, err
	}
	if v.Kind() != nodes.String && v.Kind() != nodes.Array {
		return nil, nodes.Errorf("Query Replacement must be a string of comma-separated values, or an array of values").At(i)
	}
	values, err := replacements(call, p, i)
	if v.Kind() == nodes.String {
		for n, value := range values {
			if number.MatchString(value.Str()) {
				values[n] = nodes.WireValue(value.Str())
			}
		}
	}
	return values, err
}
