package network

import (
	"slices"

	"github.com/cordboard/cordboard/nodes"
)

// statements makes the statements of an item.
func (r *mysqlRun) statements(i int) ([]sqlStatement, error) {
	if r.operation == "executeQuery" {
		text, err := r.sql.of(r.call, i)
		if err != nil {
			return nil, err
		}
		q := &mysqlQuery{query: text, item: i}
		if q.values, err = mysqlReplacements(r.call, i); err != nil {
			return nil, err
		}
		q.filled = len(q.values) > 0 || r.options.Get("queryReplacement").IsSet()
		return q.statements(), nil
	}
	if r.operation == "insert" {
		return r.inserts(i, i+1)
	}
	s := &sqlText{dialect: mysqlDialect}
	table, err := r.table(i)
	if err != nil {
		return nil, err
	}
	switch {
	case r.operation == "select":
		err = r.sel(s, table, i)
	case r.operation == "deleteTable":
		err = r.deletion(s, table, i)
	case r.call.Version < 2:
		err = r.oldUpdate(s, table, i)
	default:
		err = r.change(s, table, i)
	}
	return []sqlStatement{s.statement(i)}, err
}

func (r *mysqlRun) table(i int) (string, error) {
	table, err := r.call.Param("table").String(i, "")
	if err == nil && table == "" {
		err = nodes.Errorf("no table is set").At(i).WithParam("table", "")
	}
	return table, err
}

func (r *mysqlRun) sel(s *sqlText, table string, i int) error {
	distinct, err := r.options.Get("selectDistinct").Bool(i, false)
	if err != nil {
		return err
	}
	s.add("SELECT ")
	if distinct {
		s.add("DISTINCT ")
	}
	if err := s.columns(r.call, i); err != nil {
		return err
	}
	s.add(" FROM ").name(table)
	if err := s.where(r.call, i); err != nil {
		return err
	}
	if err := s.order(r.call, i); err != nil {
		return err
	}
	return s.limit(r.call, i)
}

func (r *mysqlRun) deletion(s *sqlText, table string, i int) error {
	command, err := r.call.Param("deleteCommand").Option(i, "truncate", "truncate", "delete", "drop")
	if err != nil {
		return err
	}
	switch command {
	case "truncate":
		s.add("TRUNCATE TABLE ").name(table)
	case "drop":
		s.add("DROP TABLE IF EXISTS ").name(table)
	default:
		s.add("DELETE FROM ").name(table)
		return s.where(r.call, i)
	}
	return nil
}

// change makes an update or an upsert.
func (r *mysqlRun) change(s *sqlText, table string, i int) error {
	fields, auto, err := sqlRow(r.call, i, false)
	if err != nil {
		return err
	}
	keys, fields, err := sqlKeys(r.call, i, fields, auto, false)
	if err != nil {
		return err
	}
	if err := noEmptyText(r.call, i, fields); err != nil {
		return err
	}
	found, others := split(fields, keys)
	if len(others) == 0 {
		return nodes.Errorf("there is no value to set besides the column to match on, %q", keys[0]).At(i)
	}
	if r.operation == "update" {
		s.add("UPDATE ").name(table).add(" SET ").set(others).add(" WHERE ").name(found[0].name).add(" = ").value(found[0].value)
		return nil
	}
	s.add("INSERT INTO ").name(table).add("(")
	list(s, fields, func(f sqlField) { s.name(f.name) }).add(") VALUES(")
	list(s, fields, func(f sqlField) { s.value(f.value) }).add(") ON DUPLICATE KEY UPDATE ").set(others)
	return nil
}

// oldUpdate is version 1's.
func (r *mysqlRun) oldUpdate(s *sqlText, table string, i int) error {
	columns, err := r.call.Param("columns").String(i, "")
	if err != nil {
		return err
	}
	key, err := r.call.Param("updateKey").String(i, "id")
	if err != nil {
		return err
	}
	item := r.call.Input(0).At(i)
	others := slices.DeleteFunc(oldColumns(columns, item), func(c oldColumn) bool { return c.name == key })
	found := oldColumns(key, item)
	if r.operation != "update" || len(found) != 1 || len(others) == 0 {
		return nodes.Errorf("version 1 of the node updates at least one column by one update key").At(i)
	}
	s.add("UPDATE ").name(table).add(" SET ")
	list(s, others, func(c oldColumn) { s.name(c.name).add(" = ").value(c.value) })
	s.add(" WHERE ").name(key).add(" = ").value(found[0].value)
	return nil
}

// maxArguments is how many parameters a statement can have.
const maxArguments = 65535

// inserts makes one statement of the rows of the items from..to-1, or several where they are too many for one.
func (r *mysqlRun) inserts(from, to int) (out []sqlStatement, err error) {
	var names []string
	rows := make([]map[string]nodes.Value, 0, to-from)
	for i := from; i < to; i++ {
		fields, err := r.insertRow(i)
		if err != nil {
			return nil, nodes.AsError(err).At(i)
		}
		row := map[string]nodes.Value{}
		for _, f := range fields {
			if !slices.Contains(names, f.name) {
				names = append(names, f.name)
			}
			row[f.name] = f.value
		}
		rows = append(rows, row)
	}
	begin, err := r.insertInto(from)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(rows, max(1, maxArguments/max(1, len(names)))) {
		s := &sqlText{dialect: mysqlDialect}
		s.add(begin).add(" (").names(names).add(") VALUES ")
		list(s, part, func(row map[string]nodes.Value) {
			s.add("(")
			list(s, names, func(name string) {
				if v, ok := row[name]; ok {
					s.value(v)
				} else {
					s.add("DEFAULT")
				}
			}).add(")")
		})
		out = append(out, s.statement(from))
	}
	return out, nil
}

// insertRow is what an item inserts.
func (r *mysqlRun) insertRow(i int) ([]sqlField, error) {
	if r.call.Version >= 2 {
		fields, _, err := sqlRow(r.call, i, false)
		if err != nil {
			return nil, err
		}
		return fields, noEmptyText(r.call, i, fields)
	}
	columns, err := r.call.Param("columns").String(i, "")
	var fields []sqlField
	for _, c := range oldColumns(columns, r.call.Input(0).At(i)) {
		if c.value.Kind() == nodes.Undefined {
			c.value = nodes.NullValue
		}
		fields = append(fields, sqlField{c.name, c.value})
	}
	return fields, err
}

// insertInto is the beginning of an insert with its options.
func (r *mysqlRun) insertInto(i int) (string, error) {
	table, err := r.table(i)
	if err != nil {
		return "", err
	}
	ignore := "skipOnConflict"
	if r.call.Version < 2 {
		ignore = "ignore"
	}
	skip, err := r.options.Get(ignore).Bool(i, false)
	if err != nil {
		return "", err
	}
	priority, err := r.options.Get("priority").Option(i, "", "", "LOW_PRIORITY", "HIGH_PRIORITY")
	if err != nil {
		return "", err
	}
	text := "INSERT "
	if priority != "" {
		text += priority + " "
	}
	if skip {
		text += "IGNORE "
	}
	return text + "INTO " + mysqlDialect.quote(table), nil
}
