package core

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	sqlite "modernc.org/sqlite" // SQLite in Go: a SELECT over the inputs needs a whole engine

	"github.com/cordboard/cordboard/nodes"
)

// defaultQuery is what n8n runs where the workflow sets no query.
const defaultQuery = "SELECT * FROM input1 LEFT JOIN input2 ON input1.name = input2.id"

// limitAttached is SQLITE_LIMIT_ATTACHED: with 0 a query can neither ATTACH a file nor VACUUM INTO one.
const limitAttached = 7

// noColumn is the column of a table without any.
const noColumn = "\x01"

// mergeSQL runs a SELECT over the tables input1, input2, … Where n8n's own SQL differs from SQLite's, the queries that both
// know give the same; booleans, objects and lists come out as they went in if a column is only passed on.
func mergeSQL(ctx context.Context, call *nodes.Call) error {
	query, err := call.Param("query").String(0, defaultQuery)
	if err != nil {
		return err
	}
	inputs, err := inputCount(call)
	if err != nil {
		return err
	}
	statements, err := parseSQL(query, inputs)
	if err != nil {
		return errQuery(err)
	}
	rows, err := runSQL(ctx, call, statements, inputs)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return errQuery(err)
	}
	if rows > 0 {
		return nil
	}
	return noRows(call)
}

func errQuery(err error) error {
	e := nodes.Errorf("Issue while executing query").WithParam("query", "").At(0)
	e.Description, e.Cause = err.Error(), err
	return e
}

// noRows answers a query without rows: in version 3 with an item that says success, later as the option says.
func noRows(call *nodes.Call) error {
	def := "success"
	if call.Version >= 3.2 {
		def = "empty"
	}
	empty := def
	if call.Version >= 3.1 {
		var err error
		if empty, err = call.Param("options").Get("emptyQueryResult").String(0, def); err != nil {
			return err
		}
	}
	if empty != "success" {
		return nil
	}
	it := nodes.NewItem(`{"success":true}`)
	if call.Version < 3.1 {
		it = it.WithParents(allParents(call.Inputs)...)
	}
	call.Emit(0, it)
	return nil
}

func runSQL(ctx context.Context, call *nodes.Call, statements []*statement, inputs int) (rows int, err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := sqlite.Limit(conn, limitAttached, 0); err != nil {
		return 0, err
	}
	t := &sqlTables{call: call, names: map[string]string{}, rows: make([]string, inputs)}
	for input := range inputs {
		if err := t.load(ctx, conn, input, statements); err != nil {
			return 0, err
		}
	}
	for _, s := range statements {
		n, err := t.run(ctx, conn, s)
		if rows += n; err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// sqlTables are the inputs as tables.
type sqlTables struct {
	call  *nodes.Call
	names map[string]string // columns that had to be renamed, because SQLite does not tell upper from lower case
	rows  []string          // what SQLite calls the row number of each table, "" if fields have all its names
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// load makes a table of an input: its columns are the keys of all items, and what the query asks of it.
func (t *sqlTables) load(ctx context.Context, conn *sql.Conn, input int, statements []*statement) error {
	keys, at := []string{}, map[string]int{}
	taken := map[string]bool{}
	var columns []string
	add := func(key string) {
		if _, ok := at[key]; ok {
			return
		}
		name := key
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = key + " " + strconv.Itoa(n)
		}
		if name != key {
			t.names[name] = key
		}
		taken[strings.ToLower(name)] = true
		at[key], keys, columns = len(keys), append(keys, key), append(columns, quoteName(name))
	}
	items := t.call.Input(input)
	for _, it := range items.All() {
		for _, f := range fieldsOf(it.JSON()) {
			add(f.name)
		}
	}
	for _, s := range statements {
		for _, name := range s.asked[input] {
			if !taken[strings.ToLower(name)] {
				add(name)
			}
		}
	}
	if len(keys) == 0 {
		add(noColumn) // a table needs one
	}
	for _, name := range []string{"rowid", "oid", "_rowid_"} {
		if !taken[name] {
			t.rows[input] = name
			break
		}
	}
	table := "input" + strconv.Itoa(input+1)
	if _, err := conn.ExecContext(ctx, "CREATE TABLE "+table+" ("+strings.Join(columns, ",")+")"); err != nil {
		return err
	}
	return insertItems(ctx, conn, table, items, at)
}

func insertItems(ctx context.Context, conn *sql.Conn, table string, items nodes.Items, at map[string]int) (err error) {
	if items.Len() == 0 {
		return nil
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Commit()) }()
	//nolint:gosec // the table's name is ours, and the rest are question marks
	insert, err := tx.PrepareContext(ctx, "INSERT INTO "+table+" VALUES (?"+strings.Repeat(",?", len(at)-1)+")")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	for _, it := range items.All() {
		values := make([]any, len(at))
		for _, f := range fieldsOf(it.JSON()) {
			values[at[f.name]] = sqlValue(gjson.Parse(f.value))
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	return nil
}

// sqlValue is a JSON value as SQLite holds it: booleans are 1 and 0, objects and lists their text.
func sqlValue(r gjson.Result) driver.Value {
	switch r.Type {
	case gjson.Null:
		return nil
	case gjson.True:
		return int64(1)
	case gjson.False:
		return int64(0)
	case gjson.String:
		return r.Str
	case gjson.Number:
		if r.Num == math.Trunc(r.Num) && math.Abs(r.Num) < 1<<53 {
			return int64(r.Num)
		}
		return r.Num
	}
	return r.Raw
}

func (t *sqlTables) run(ctx context.Context, conn *sql.Conn, s *statement) (n int, err error) {
	text := s.text
	for _, input := range s.tables {
		if t.rows[input] == "" {
			return 0, fmt.Errorf("the fields rowid, oid and _rowid_ of input %d cannot be there all three: rename one", input+1)
		}
		text = strings.ReplaceAll(text, rowMark(input), "input"+strconv.Itoa(input+1)+"."+t.rows[input])
	}
	rows, err := conn.QueryContext(ctx, text)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	values := make([]any, len(columns))
	targets := make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	seen := map[string]bool{}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return n, err
		}
		it := t.item(s, columns, values)
		if s.distinct && seen[it.JSON()] {
			continue
		}
		if s.distinct {
			seen[it.JSON()] = true
		}
		t.call.Emit(0, it)
		n++
	}
	return n, rows.Err()
}

// item makes an item of a row. The last columns are the row numbers of the tables that it comes from.
func (t *sqlTables) item(s *statement, columns []string, values []any) nodes.Item {
	n := len(columns) - len(s.tables)
	var parents []nodes.Parent
	from := make([]string, len(s.tables))
	for i, input := range s.tables {
		if row, ok := values[n+i].(int64); ok {
			parents = append(parents, nodes.From(int(row)-1, input))
			from[i] = t.call.Input(input).At(int(row) - 1).JSON()
		}
	}
	var list []field
	for i, name := range columns[:n] {
		name = strings.ReplaceAll(name, division, "/")
		if key, ok := t.names[name]; ok {
			name = key
		}
		if name == noColumn {
			continue
		}
		value := s.column(i, n).value(name, values[i], s.tables, from)
		if value == "" {
			continue
		}
		if j := slices.IndexFunc(list, func(f field) bool { return f.name == name }); j >= 0 {
			if value != "null" {
				list[j].value = value
			}
			continue
		}
		list = append(list, field{name, string(nodes.AppendString(nil, name)), value})
	}
	text := writeFields(list, !slices.ContainsFunc(list, func(f field) bool { return isIndex(f.name) }), 64)
	switch {
	case s.lineage == lineageAll || t.call.Version < 3.1:
		parents = allParents(t.call.Inputs)
	case s.star && len(parents) > 1: // as n8n has it
		parents = parents[len(parents)-1:]
	}
	return nodes.NewItem(text).WithParents(parents...)
}
