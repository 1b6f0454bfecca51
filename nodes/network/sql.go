package network

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// sqlDialect is how a database writes names and places for values.
type sqlDialect struct {
	quote func(name string) string
	place func(n int) string
}

// sqlStatement is one statement for an item. Values are never part of its text.
type sqlStatement struct {
	text string
	args []nodes.Value
	item int
	// missing is the error where the statement changes no row; nil if that is none.
	missing *nodes.Error
	// shown is what an error calls the query; empty: the text.
	shown string
	// line is how many lines of the query come before it; constants says that numbers have the types of constants.
	line      int
	constants bool
}

// sqlText puts a statement together.
type sqlText struct {
	dialect sqlDialect
	text    strings.Builder
	args    []nodes.Value
}

func (s *sqlText) add(text string) *sqlText {
	s.text.WriteString(text)
	return s
}

func (s *sqlText) name(name string) *sqlText { return s.add(s.dialect.quote(name)) }

func (s *sqlText) value(v nodes.Value) *sqlText {
	s.args = append(s.args, v)
	return s.add(s.dialect.place(len(s.args)))
}

// list writes parts with commas between.
func list[T any](s *sqlText, parts []T, write func(T)) *sqlText {
	for i, p := range parts {
		if i > 0 {
			s.add(", ")
		}
		write(p)
	}
	return s
}

func (s *sqlText) names(names []string) *sqlText {
	return list(s, names, func(n string) { s.name(n) })
}

// set writes assignments.
func (s *sqlText) set(fields []sqlField) *sqlText {
	return list(s, fields, func(f sqlField) { s.name(f.name).add(" = ").value(f.value) })
}

func (s *sqlText) statement(item int) sqlStatement {
	return sqlStatement{text: s.text.String(), args: s.args, item: item}
}

// sqlField is a column and the value for it.
type sqlField struct {
	name  string
	value nodes.Value
}

// sqlConditions are n8n's conditions and what they are in SQL.
var sqlConditions = map[string]string{
	"equal": "=", "!=": "!=", "LIKE": "LIKE", ">": ">", "<": "<", ">=": ">=", "<=": "<=", "IS NULL": "IS NULL", "IS NOT NULL": "IS NOT NULL",
}

// where writes the conditions of the parameter "where", if there are any.
func (s *sqlText) where(call *nodes.Call, i int) error {
	clauses, err := call.Param("where").Get("values").List(i)
	if err != nil || len(clauses) == 0 {
		return err
	}
	glue, err := call.Param("combineConditions").Option(i, "AND", "AND", "OR")
	if err != nil {
		return err
	}
	for n, c := range clauses {
		column, err := c.Get("column").String(i, "")
		if err != nil {
			return err
		}
		condition, err := c.Get("condition").String(i, "equal")
		if err != nil {
			return err
		}
		operator := sqlConditions[condition]
		if operator == "" {
			return nodes.Errorf("Invalid where clause").At(i).WithParam("where", "")
		}
		value, err := c.Get("value").Value(i)
		if err != nil {
			return err
		}
		s.add([]string{" WHERE ", " " + glue + " "}[min(n, 1)]).name(column).add(" " + operator)
		if strings.HasPrefix(operator, "IS") {
			continue
		}
		if value.Kind() == nodes.Undefined {
			value = nodes.StringValue("")
		}
		s.add(" ").value(value)
	}
	return nil
}

// order writes the parameter "sort".
func (s *sqlText) order(call *nodes.Call, i int) error {
	rules, err := call.Param("sort").Get("values").List(i)
	if err != nil {
		return err
	}
	for n, r := range rules {
		column, err := r.Get("column").String(i, "")
		if err != nil {
			return err
		}
		direction, err := r.Get("direction").Option(i, "ASC", "ASC", "DESC")
		if err != nil {
			return err
		}
		s.add([]string{" ORDER BY ", ", "}[min(n, 1)]).name(column).add(" " + direction)
	}
	return nil
}

// limit writes the parameters "returnAll" and "limit".
func (s *sqlText) limit(call *nodes.Call, i int) error {
	all, err := call.Param("returnAll").Bool(i, false)
	if err != nil || all {
		return err
	}
	n, err := call.Param("limit").Number(i, 50)
	if err != nil {
		return err
	}
	if !(n >= 0 && n < 1<<53) {
		return nodes.Errorf("must be a number from 0").At(i).WithParam("limit", "")
	}
	s.add(" LIMIT ").value(nodes.NumberValue(float64(int64(n))))
	return nil
}

// columns writes the option outputColumns: those named, or all.
func (s *sqlText) columns(call *nodes.Call, i int) error {
	v, err := call.Param("options").Get("outputColumns").Value(i)
	if err != nil {
		return err
	}
	var names []string
	switch v.Kind() {
	case nodes.Array:
		for _, el := range v.Result().Array() {
			names = append(names, el.String())
		}
	case nodes.String:
		for name := range strings.SplitSeq(v.Str(), ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 || slices.Contains(names, "*") {
		s.add("*")
		return nil
	}
	s.names(names)
	return nil
}

// sqlRow reads what an item writes: its own fields, or those that the parameters define. Version 2.2 of Postgres has a mapper of
// columns for it, what came before (and MySQL) has lists.
func sqlRow(call *nodes.Call, i int, mapper bool) (fields []sqlField, auto bool, err error) {
	mode, def := call.Param("dataMode"), "autoMapInputData"
	if mapper {
		mode, def = call.Param("columns").Get("mappingMode"), "defineBelow"
	}
	how, err := mode.Option(i, def, "autoMapInputData", "defineBelow")
	if err != nil {
		return nil, false, err
	}
	if how == "autoMapInputData" {
		return members(gjson.Parse(call.Input(0).At(i).JSON())), true, nil
	}
	if mapper {
		v, err := call.Param("columns").Get("value").Value(i)
		if err != nil {
			return nil, false, err
		}
		return members(v.Result()), false, nil
	}
	values, err := call.Param("valuesToSend").Get("values").List(i)
	if err != nil {
		return nil, false, err
	}
	for _, p := range values {
		name, err := p.Get("column").String(i, "")
		if err != nil {
			return nil, false, err
		}
		v, err := p.Get("value").Value(i)
		if err != nil {
			return nil, false, err
		}
		if v.Kind() == nodes.Undefined {
			v = nodes.StringValue("")
		}
		fields = put(fields, sqlField{name, v})
	}
	return fields, false, nil
}

// members are an object's members as fields.
func members(r gjson.Result) (fields []sqlField) {
	if !r.IsObject() {
		return nil
	}
	r.ForEach(func(key, v gjson.Result) bool {
		fields = append(fields, sqlField{key.Str, nodes.ResultValue(v)})
		return true
	})
	return fields
}

// put adds a field or replaces the one of this name.
func put(fields []sqlField, f sqlField) []sqlField {
	if at := slices.IndexFunc(fields, func(other sqlField) bool { return other.name == f.name }); at >= 0 {
		fields[at] = f
		return fields
	}
	return append(fields, f)
}

// sqlKeys are the columns by which rows are found, and the row with their values in it.
func sqlKeys(call *nodes.Call, i int, fields []sqlField, auto, mapper bool) ([]string, []sqlField, error) {
	if mapper {
		v, err := call.Param("columns").Get("matchingColumns").Value(i)
		if err != nil {
			return nil, nil, err
		}
		var keys []string
		for _, el := range v.Result().Array() {
			keys = append(keys, el.String())
		}
		if len(keys) == 0 {
			return nil, nil, nodes.Errorf("no column to match on is set").At(i).WithParam("columns", "/matchingColumns")
		}
		return keys, fields, nil
	}
	key, err := call.Param("columnToMatchOn").String(i, "")
	if err != nil {
		return nil, nil, err
	}
	if key == "" {
		return nil, nil, nodes.Errorf("no column to match on is set").At(i).WithParam("columnToMatchOn", "")
	}
	if !auto {
		v, err := call.Param("valueToMatchOn").Value(i)
		if err != nil {
			return nil, nil, err
		}
		if v.Kind() == nodes.Undefined {
			v = nodes.StringValue("")
		}
		fields = put(fields, sqlField{key, v})
	}
	return []string{key}, fields, nil
}

// split parts fields into those of the keys and the others. A key that has no value is an undefined one.
func split(fields []sqlField, keys []string) (found, others []sqlField) {
	for _, key := range keys {
		f := sqlField{name: key}
		if at := slices.IndexFunc(fields, func(f sqlField) bool { return f.name == key }); at >= 0 {
			f = fields[at]
		}
		found = append(found, f)
	}
	for _, f := range fields {
		if !slices.Contains(keys, f.name) {
			others = append(others, f)
		}
	}
	return found, others
}

// noEmptyText makes null of empty texts, as the option replaceEmptyStrings asks for.
func noEmptyText(call *nodes.Call, i int, fields []sqlField) error {
	replace, err := call.Param("options").Get("replaceEmptyStrings").Bool(i, false)
	if err != nil || !replace {
		return err
	}
	for n, f := range fields {
		if f.value.Kind() == nodes.String && f.value.Str() == "" {
			fields[n].value = nodes.NullValue
		}
	}
	return nil
}

// sqlWrites is nodes.Outward's for both databases: of what is known before the run only a select reads.
func sqlWrites(params *nodes.Template) bool {
	operation := params.Member("operation")
	return operation.Expression() != nil || operation.Value().Str() != "select"
}

// sqlQuery is the parameter query: an expression, or a text in which the expressions stand. Where it is an expression, what it gives is
// not looked through again.
type sqlQuery struct {
	param nodes.Param
	text  *nodes.Embedded // nil for an expression
}

func newSQLQuery(call *nodes.Call) (sqlQuery, error) {
	q := sqlQuery{param: call.Param("query")}
	t := call.Params.Member("query")
	if t == nil || !t.Constant() || t.Value().Kind() != nodes.String {
		return q, nil
	}
	text, err := call.Embed(t.Value().Str())
	if err != nil {
		return q, nodes.AsError(err).WithParam("query", "")
	}
	q.text = text
	return q, nil
}

func (q sqlQuery) of(call *nodes.Call, i int) (string, error) {
	if q.text == nil {
		return q.param.String(i, "")
	}
	text, err := q.text.Text(call, i)
	if err != nil {
		return "", nodes.AsError(err).WithParam("query", "").At(i)
	}
	return text, nil
}
