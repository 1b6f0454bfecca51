package network

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// statements makes the statements of an item.
func (r *postgresRun) statements(ctx context.Context, i int) ([]sqlStatement, error) {
	s := &sqlText{dialect: postgresDialect}
	var err error
	switch r.operation {
	case "executeQuery":
		return r.query(i)
	case "select":
		err = r.sel(s, i)
	case "deleteTable":
		err = r.deletion(s, i)
	default:
		return r.change(ctx, s, i)
	}
	return []sqlStatement{s.statement(i)}, err
}

// query makes the statements of a query with the option queryReplacement.
func (r *postgresRun) query(i int) ([]sqlStatement, error) {
	text, err := r.sql.of(r.call, i)
	if err != nil {
		return nil, err
	}
	q := &postgresQuery{query: text, item: i}
	if q.values, err = replacements(r.call, r.options.Get("queryReplacement"), i); err != nil {
		return nil, err
	}
	if q.textInQuotes, err = r.options.Get("treatQueryParametersInSingleQuotesAsText").Bool(i, false); err != nil {
		return nil, err
	}
	q.filled = len(q.values) > 0
	return q.statements()
}

// replacements reads queryReplacement: a list, or text with commas between the values.
func replacements(call *nodes.Call, p nodes.Param, i int) ([]nodes.Value, error) {
	if !p.IsSet() {
		return nil, nil
	}
	v, err := p.Value(i)
	if err != nil {
		return nil, err
	}
	var fields []sqlField
	switch v.Kind() {
	case nodes.String:
		if v.Str() == "" {
			return nil, nil
		}
		for part := range strings.SplitSeq(v.Str(), ",") {
			fields = append(fields, sqlField{value: nodes.StringValue(strings.TrimSpace(part))})
		}
	case nodes.Number, nodes.Bool:
		fields = append(fields, sqlField{value: nodes.StringValue(v.Text())})
	case nodes.Array:
		for _, el := range v.Result().Array() {
			fields = append(fields, sqlField{value: nodes.ResultValue(el)})
		}
	default:
		return nil, nodes.Errorf("Query Parameters must be a string of comma-separated values or an array of values").At(i)
	}
	if err := noEmptyText(call, i, fields); err != nil {
		return nil, err
	}
	values := make([]nodes.Value, len(fields))
	for n, f := range fields {
		values[n] = f.value
	}
	return values, nil
}

// table reads which table is meant.
func (r *postgresRun) table(i int) (schema, table string, err error) {
	if schema, err = r.call.Param("schema").String(i, "public"); err != nil {
		return "", "", err
	}
	if table, err = r.call.Param("table").String(i, ""); err != nil {
		return "", "", err
	}
	if table == "" {
		return "", "", nodes.Errorf("no table is set").At(i).WithParam("table", "")
	}
	return schema, table, nil
}

func (r *postgresRun) sel(s *sqlText, i int) error {
	schema, table, err := r.table(i)
	if err != nil {
		return err
	}
	s.add("SELECT ")
	if err := s.columns(r.call, i); err != nil {
		return err
	}
	s.add(" FROM ").name(schema).add(".").name(table)
	if err := s.where(r.call, i); err != nil {
		return err
	}
	if err := s.order(r.call, i); err != nil {
		return err
	}
	return s.limit(r.call, i)
}

func (r *postgresRun) deletion(s *sqlText, i int) error {
	schema, table, err := r.table(i)
	if err != nil {
		return err
	}
	command, err := r.call.Param("deleteCommand").Option(i, "truncate", "truncate", "delete", "drop")
	if err != nil {
		return err
	}
	cascade, err := r.options.Get("cascade").Bool(i, false)
	if err != nil {
		return err
	}
	switch command {
	case "delete":
		s.add("DELETE FROM ").name(schema).add(".").name(table)
		return s.where(r.call, i)
	case "drop":
		s.add("DROP TABLE IF EXISTS ").name(schema).add(".").name(table)
	default:
		s.add("TRUNCATE TABLE ").name(schema).add(".").name(table)
		restart, err := r.call.Param("restartSequences").Bool(i, false)
		if err != nil {
			return err
		}
		if restart {
			s.add(" RESTART IDENTITY")
		}
	}
	if cascade {
		s.add(" CASCADE")
	}
	return nil
}

// change makes the statement of an insert, an update or an upsert.
func (r *postgresRun) change(ctx context.Context, s *sqlText, i int) ([]sqlStatement, error) {
	schema, table, err := r.table(i)
	if err != nil {
		return nil, err
	}
	mapper := r.call.Version >= 2.2
	fields, auto, err := sqlRow(r.call, i, mapper)
	if err != nil {
		return nil, err
	}
	var keys []string
	if r.operation != "insert" {
		if keys, fields, err = sqlKeys(r.call, i, fields, auto, mapper); err != nil {
			return nil, err
		}
	}
	if err := noEmptyText(r.call, i, fields); err != nil {
		return nil, err
	}
	if err := r.convert(ctx, schema, table, fields, i); err != nil {
		return nil, err
	}
	var missing *nodes.Error
	switch r.operation {
	case "insert":
		err = r.insert(s, schema, table, fields, i)
	case "update":
		missing, err = r.update(s, schema, table, fields, keys, i)
	default:
		err = r.upsert(s, schema, table, fields, keys, i)
	}
	if err != nil {
		return nil, err
	}
	s.add(" RETURNING ")
	if err := s.columns(r.call, i); err != nil {
		return nil, err
	}
	st := s.statement(i)
	st.missing = missing
	return []sqlStatement{st}, nil
}

// values writes the columns of a row and its values.
func (s *sqlText) values(schema, table string, fields []sqlField) *sqlText {
	s.add("INSERT INTO ").name(schema).add(".").name(table)
	if len(fields) == 0 {
		return s.add(" DEFAULT VALUES")
	}
	s.add("(")
	list(s, fields, func(f sqlField) { s.name(f.name) }).add(") VALUES(")
	return list(s, fields, func(f sqlField) { s.value(f.value) }).add(")")
}

func (r *postgresRun) insert(s *sqlText, schema, table string, fields []sqlField, i int) error {
	s.values(schema, table, fields)
	skip, err := r.options.Get("skipOnConflict").Bool(i, false)
	if err == nil && skip {
		s.add(" ON CONFLICT DO NOTHING")
	}
	return err
}

func (r *postgresRun) update(s *sqlText, schema, table string, fields []sqlField, keys []string, i int) (*nodes.Error, error) {
	found, others := split(fields, keys)
	if len(others) == 0 {
		return nil, nodes.Errorf("Add values to update to the input item or set the 'Data Mode' to 'Define Below' to define the values to update.").At(i)
	}
	s.add("UPDATE ").name(schema).add(".").name(table).add(" SET ").set(others)
	var wanted []string
	for n, f := range found {
		s.add([]string{" WHERE ", " AND "}[min(n, 1)]).name(f.name).add(" = ").value(f.value)
		wanted = append(wanted, f.name+"="+f.value.Text())
	}
	if r.call.Version < 2.2 {
		return nil, nil
	}
	e := nodes.Errorf("The row you are trying to update doesn't exist").At(i)
	e.Description = fmt.Sprintf("No rows matching the provided values (%s) were found in the table %q.", strings.Join(wanted, ", "), table)
	return e, nil
}

func (r *postgresRun) upsert(s *sqlText, schema, table string, fields []sqlField, keys []string, i int) error {
	_, others := split(fields, keys)
	if len(others) == 0 {
		return nodes.Errorf("Add values to update or insert to the input item or set the 'Data Mode' to 'Define Below' to define the values to insert or update.").At(i)
	}
	s.values(schema, table, fields).add(" ON CONFLICT (").names(keys).add(") DO UPDATE SET ").set(others)
	return nil
}

// convert brings values into the form that their columns take: lists and objects become arrays or JSON. A column that the table
// does not have is an error.
func (r *postgresRun) convert(ctx context.Context, schema, table string, fields []sqlField, i int) error {
	types, err := r.columnTypes(ctx, schema, table)
	if err != nil || len(types) == 0 { // the database says that there is no such table
		return err
	}
	for n, f := range fields {
		kind, ok := types[f.name]
		if !ok {
			return nodes.Errorf("Column '%s' does not exist in selected table", f.name).At(i)
		}
		if f.value.IsNil() || f.value.Kind() == nodes.String && f.value.Str() == "" {
			continue
		}
		isArray := kind == "ARRAY"
		v := f.value
		if isArray && v.Kind() == nodes.String && !strings.HasPrefix(v.Str(), "{") {
			r := gjson.Parse(v.Str())
			if !gjson.Valid(v.Str()) || !r.IsArray() {
				return nodes.Errorf("the value of the column %q must be a list, and is text", f.name).At(i)
			}
			v = nodes.ResultValue(r)
		}
		if v.Kind() == nodes.Array && isArray {
			v = nodes.StringValue(arrayText(v.Result()))
		}
		fields[n].value = v
	}
	return nil
}

// columnTypes asks for the columns of a table, once.
func (r *postgresRun) columnTypes(ctx context.Context, schema, table string) (map[string]string, error) {
	key := [2]string{schema, table}
	if types, ok := r.tables[key]; ok {
		return types, nil
	}
	results, err := r.batch(ctx, []sqlStatement{{
		text: "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2",
		args: []nodes.Value{nodes.StringValue(schema), nodes.StringValue(table)}, item: -1,
	}})
	if err != nil {
		return nil, err
	}
	types := map[string]string{}
	for _, row := range results[0].rows {
		types[gjson.Get(row, "column_name").Str] = gjson.Get(row, "data_type").Str
	}
	if r.tables == nil {
		r.tables = map[[2]string]map[string]string{}
	}
	r.tables[key] = types
	return types, nil
}

// oldStatements makes the statements of version 1.
func (r *postgresRun) oldStatements(i int) ([]sqlStatement, error) {
	if r.operation == "executeQuery" {
		return r.oldQuery(i)
	}
	texts := map[string]string{}
	for name, def := range map[string]string{"schema": "public", "table": "", "columns": "", "updateKey": "id", "returnFields": "*"} {
		var err error
		if texts[name], err = r.call.Param(name).String(i, def); err != nil {
			return nil, err
		}
	}
	item := r.call.Input(0).At(i)
	s := &sqlText{dialect: postgresDialect}
	columns := oldColumns(texts["columns"], item)
	switch r.operation {
	case "insert":
		s.add("INSERT INTO ").name(texts["schema"]).add(".").name(texts["table"]).add("(")
		list(s, columns, func(c oldColumn) { s.name(c.name) }).add(") VALUES(")
		list(s, columns, func(c oldColumn) { s.value(c.value).cast(c.kind) }).add(")")
	case "update":
		key := oldColumns(texts["updateKey"], item)
		columns = slices.DeleteFunc(columns, func(c oldColumn) bool { return len(key) > 0 && c.name == key[0].name })
		if len(key) != 1 || len(columns) == 0 {
			return nil, nodes.Errorf("an update needs an update key and at least one other column").At(i)
		}
		s.add("UPDATE ").name(texts["schema"]).add(".").name(texts["table"]).add(" SET ")
		list(s, columns, func(c oldColumn) { s.name(c.name).add(" = ").value(c.value).cast(c.kind) })
		s.add(" WHERE ").name(key[0].name).add(" = ").value(key[0].value).cast(key[0].kind)
	default:
		return nil, nodes.Errorf("version 1 of the node has no operation %q", r.operation).At(i).WithParam("operation", "")
	}
	s.add(" RETURNING ")
	if fields := words(texts["returnFields"]); len(fields) == 0 || slices.Contains(fields, "*") {
		s.add("*")
	} else {
		s.names(fields)
	}
	return []sqlStatement{s.statement(i)}, nil
}

// oldQuery is a query whose placeholders stand for fields of the item.
func (r *postgresRun) oldQuery(i int) ([]sqlStatement, error) {
	text, err := r.sql.of(r.call, i)
	if err != nil {
		return nil, err
	}
	names, err := r.options.Get("queryParams").String(i, "")
	if err != nil {
		return nil, err
	}
	q := &postgresQuery{query: text, item: i}
	item := r.call.Input(0).At(i)
	for _, name := range words(names) {
		q.values, q.filled = append(q.values, nodes.ResultValue(item.Get(gjson.Escape(name)))), true
	}
	return q.statements()
}

// oldColumn is a column of version 1, written as name or name:type.
type oldColumn struct {
	name, kind string
	value      nodes.Value
}

func oldColumns(text string, item nodes.Item) (columns []oldColumn) {
	for _, word := range words(text) {
		name, kind, _ := strings.Cut(word, ":")
		v := nodes.ResultValue(item.Get(gjson.Escape(name)))
		if v.Kind() == nodes.Array {
			v = nodes.StringValue(arrayText(v.Result()))
		}
		columns = append(columns, oldColumn{name, kind, v})
	}
	return columns
}

// typeName is the name of a type that needs no quotes.
var typeName = regexp.MustCompile(`^\w+( precision| varying)?(\[\])?$`)

// cast writes the type of a value, a name as any other.
func (s *sqlText) cast(kind string) {
	switch {
	case typeName.MatchString(kind):
		s.add("::" + kind)
	case kind != "":
		s.add("::").name(kind)
	}
}

// words are the parts of a text between commas, without space around them.
func words(text string) (list []string) {
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}
