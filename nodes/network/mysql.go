package network

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/go-sql-driver/mysql"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// mySQL runs queries and reads and writes tables of MySQL and MariaDB. Names are quoted and values are parameters of prepared
// statements, whatever they hold.
type mySQL struct{ options Options }

var _ nodes.Outward = mySQL{}

// Writes is nodes.Outward's.
func (mySQL) Writes(_ float64, params *nodes.Template) bool { return sqlWrites(params) }

// Execute is nodes.Node's.
func (n mySQL) Execute(ctx context.Context, call *nodes.Call) (err error) {
	access, err := call.Engine.Access(ctx, "mySql")
	if err != nil {
		return err
	}
	db, done, err := connect.Shared(n.options.connect(), "mySql", access, "", func() (*sql.DB, error) { return openMySQL(n.options, access) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	r := &mysqlRun{call: call, access: access, options: call.Param("options")}
	if r.conn, err = db.Conn(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return connect.WithoutSecrets(r.explain(err, sqlStatement{item: -1}), access)
	}
	defer func() { _ = r.conn.Close() }() // it goes back to the pool
	return r.run(ctx)
}

// TestCredential is nodes.CredentialTester's.
func (n mySQL) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	db, err := openMySQL(n.options, access)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing is left to be said
	return connect.Refused(db.PingContext(ctx), access)
}

// mysqlRun is one execution of the node, on one connection.
type mysqlRun struct {
	call      *nodes.Call
	access    nodes.Access
	options   nodes.Param
	operation string
	sql       sqlQuery
	detailed  bool
	values    mysqlValues
	conn      *sql.Conn
}

func (r *mysqlRun) run(ctx context.Context) error {
	var err error
	if r.operation, err = r.call.Param("operation").Option(0, "insert", "executeQuery", "insert", "update", "upsert", "select", "deleteTable"); err != nil {
		return err
	}
	if r.operation == "executeQuery" {
		if r.sql, err = newSQLQuery(r.call); err != nil {
			return r.failAll(err)
		}
	}
	if r.detailed, err = r.options.Get("detailedOutput").Bool(0, false); err != nil {
		return err
	}
	mode, err := r.options.Get("queryBatching").Option(0, "single", "single", "independently", "transaction")
	if err != nil {
		return err
	}
	if r.values, err = readMySQLValues(r.call); err != nil {
		return err
	}
	old := r.call.Version < 2
	if old {
		mode, r.detailed = "independently", false
	}
	prepared, err := r.prepare(mode == "single" || old)
	if err != nil {
		return err
	}
	switch mode {
	case "independently":
		return r.each(ctx, prepared, nil)
	case "transaction":
		return r.transaction(ctx, prepared)
	}
	return r.together(ctx, prepared)
}

// failAll fails each item for what is wrong with all of them.
func (r *mysqlRun) failAll(err error) error {
	for i := range r.call.Input(0).Len() {
		if err := r.call.Fail(i, err); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the statements of the items; an insert of all items together is one.
func (r *mysqlRun) prepare(together bool) ([][]sqlStatement, error) {
	if r.operation == "insert" && together {
		list, err := r.inserts(0, r.call.Input(0).Len())
		return [][]sqlStatement{list}, err
	}
	all := make([][]sqlStatement, r.call.Input(0).Len())
	for i := range all {
		var err error
		if all[i], err = r.statements(i); err != nil {
			return nil, nodes.AsError(err).At(i)
		}
	}
	return all, nil
}

// together executes the statements of all items one after the other, up to the first that fails.
func (r *mysqlRun) together(ctx context.Context, prepared [][]sqlStatement) error {
	all := make([]nodes.Parent, len(prepared))
	var results []mysqlResult
	for i, list := range prepared {
		all[i] = nodes.From(i, 0)
		res, err := r.do(ctx, list)
		if err != nil {
			return r.failed(ctx, i, err)
		}
		results = append(results, res...)
	}
	r.emit(results, nodes.Item{}.WithParents(all...))
	return nil
}

// each executes the items one after the other. A failure ends it if undo is set, after undo.
func (r *mysqlRun) each(ctx context.Context, prepared [][]sqlStatement, undo func() error) error {
	for i, list := range prepared {
		results, err := r.do(ctx, list)
		if err == nil {
			r.emit(results, nodes.Item{}.WithParents(nodes.From(i, 0)))
			continue
		}
		if undo != nil {
			return r.failed(ctx, i, errors.Join(err, undo()))
		}
		if err := r.failed(ctx, i, err); err != nil {
			return err
		}
	}
	return nil
}

// transaction executes the items in one transaction, which the first failure undoes.
func (r *mysqlRun) transaction(ctx context.Context, prepared [][]sqlStatement) error {
	tx, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return r.failed(ctx, -1, r.explain(err, sqlStatement{item: -1}))
	}
	undone := false
	err = r.each(ctx, prepared, func() error {
		undone = true
		_ = tx.Rollback() // if it fails the connection is gone, and the transaction with it
		return nil
	})
	if undone || err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return r.failed(ctx, -1, r.explain(err, sqlStatement{item: -1}))
	}
	return nil
}

func (r *mysqlRun) failed(ctx context.Context, item int, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e := connect.WithoutSecrets(nodes.AsError(err), r.access)
	if item < 0 {
		return e
	}
	return r.call.Fail(item, e)
}

// emit hands on rows; where there are none, that something was done. The item like has the parents for that.
func (r *mysqlRun) emit(results []mysqlResult, like nodes.Item) {
	rows, writes := false, false
	for _, res := range results {
		if r.detailed || r.call.Version < 2 && !res.isRows {
			rows = true
			it := nodes.NewItem(res.summary(r.detailed))
			if r.detailed {
				r.call.Emit(0, it.WithParents(parentsOf(like)...))
			} else {
				r.call.EmitFrom(0, res.item, it)
			}
			continue
		}
		for _, row := range res.rows {
			rows = true
			r.call.EmitFrom(0, res.item, nodes.NewItem(row))
		}
		writes = writes || !res.isRows
	}
	if !rows && writes {
		r.call.Emit(0, like.WithJSON(`{"success":true}`))
	}
}

func parentsOf(it nodes.Item) (list []nodes.Parent) {
	for p := range it.Parents() {
		list = append(list, p)
	}
	return list
}

// mysqlResult is what one statement gave.
type mysqlResult struct {
	item         int
	text         string
	isRows       bool
	rows         []string
	affected, id int64
}

// summary tells of a statement what n8n's detailed output does, as far as the driver knows it.
func (m mysqlResult) summary(detailed bool) string {
	var b, data nodes.ObjectBuilder
	text := ""
	if m.isRows {
		text = "["
		for i, row := range m.rows {
			if i > 0 {
				text += ","
			}
			text += row
		}
		text += "]"
	} else {
		data.Raw("fieldCount", "0")
		data.Set("affectedRows", nodes.NumberValue(float64(m.affected)))
		data.Set("insertId", nodes.NumberValue(float64(m.id)))
		text = data.String()
	}
	if !detailed {
		return text
	}
	b.Set("sql", nodes.StringValue(m.text))
	b.Raw("data", text)
	return b.String()
}

// changing are the statements of which the number of changed rows is asked for; they give no rows but with RETURNING.
var (
	changing  = regexp.MustCompile(`(?i)^\s*(INSERT|UPDATE|DELETE|REPLACE|TRUNCATE|CREATE|DROP|ALTER|SET|LOAD|GRANT|USE)\b`)
	returning = regexp.MustCompile(`(?i)\bRETURNING\b`)
)

// do executes statements, up to the first that fails.
func (r *mysqlRun) do(ctx context.Context, list []sqlStatement) (results []mysqlResult, err error) {
	for _, st := range list {
		res := mysqlResult{item: st.item, text: st.text}
		args := make([]any, len(st.args))
		for i, v := range st.args {
			args[i] = mysqlArgument(v)
		}
		if changing.MatchString(st.text) && !returning.MatchString(st.text) {
			done, err := r.conn.ExecContext(ctx, st.text, args...)
			if err != nil {
				return results, r.explain(err, st)
			}
			res.affected, _ = done.RowsAffected() // this driver knows them
			res.id, _ = done.LastInsertId()
		} else if res.rows, res.isRows, err = r.rows(ctx, st.text, args); err != nil {
			return results, r.explain(err, st)
		}
		results = append(results, res)
	}
	return results, nil
}

var mysqlSyntax = regexp.MustCompile(`(?s)^(You have an error in your SQL syntax).* to use (near .*) at line (\d+)$`)

// explain words an error of the database as n8n does. What a lost connection leaves behind is not known.
func (r *mysqlRun) explain(err error, st sqlStatement) *nodes.Error {
	var own *nodes.Error
	if errors.As(err, &own) {
		return own
	}
	var my *mysql.MySQLError
	if !errors.As(err, &my) {
		e := nodes.Errorf("the connection to MySQL failed: %w", err).At(st.item)
		if st.text != "" {
			e.Cause = errors.Join(err, nodes.ErrOutcomeUnknown)
		}
		return e
	}
	e := nodes.Errorf("%s", mysqlSyntax.ReplaceAllString(my.Message, "$1 on line $3 $2")).At(st.item)
	e.Cause = err
	if r.call.Version >= 2 {
		e.Description = fmt.Sprintf("sql: %s, code: %d", st.text, my.Number)
	}
	return e
}
