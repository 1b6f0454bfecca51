package network

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// postgres runs queries and reads and writes tables. Names are quoted and values are parameters, whatever they hold.
type postgres struct{ options Options }

var _ nodes.Outward = postgres{}

// Writes is nodes.Outward's.
func (postgres) Writes(_ float64, params *nodes.Template) bool { return sqlWrites(params) }

// Execute is nodes.Node's.
func (n postgres) Execute(ctx context.Context, call *nodes.Call) (err error) {
	access, err := call.Engine.Access(ctx, "postgres")
	if err != nil {
		return err
	}
	r := &postgresRun{call: call, access: access, options: call.Param("options")}
	if call.Version < 2 {
		r.options = call.Param("additionalFields")
	}
	prepared, err := r.mode()
	if err != nil {
		return err
	}
	pool, done, err := connect.Shared(n.options.connect(), "postgres", access, "", func() (*postgresPool, error) { return newPostgresPool(n.options, access) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	timeout, err := r.options.Get("connectionTimeout").Number(0, 30)
	if err != nil {
		return err
	}
	r.conn, err = pool.acquire(ctx, milliseconds(timeout*1000))
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return connect.WithoutSecrets(nodes.AsError(err), access)
	}
	defer pool.release(r.conn)
	return prepared(ctx)
}

// TestCredential is nodes.CredentialTester's.
func (n postgres) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	pool, err := newPostgresPool(n.options, access)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }() // nothing is left to be said
	conn, err := pool.acquire(ctx, 0)
	if err != nil {
		return connect.Refused(err, access)
	}
	pool.release(conn)
	return nil
}

// postgresRun is one execution of the node, on one connection.
type postgresRun struct {
	call      *nodes.Call
	access    nodes.Access
	options   nodes.Param
	operation string
	sql       sqlQuery
	numbers   bool // large numbers are numbers
	conn      *pgconn.PgConn
	tables    map[[2]string]map[string]string // types of columns
}

// mode reads how the queries of the items go together, and what is done.
func (r *postgresRun) mode() (func(context.Context) error, error) {
	numbers, err := r.options.Get("largeNumbersOutput").Option(0, "text", "text", "numbers")
	if err != nil {
		return nil, err
	}
	r.numbers = numbers == "numbers"
	if r.operation, err = r.call.Param("operation").Option(0, "insert", "executeQuery", "insert", "update", "upsert", "select", "deleteTable"); err != nil {
		return nil, err
	}
	if r.operation == "executeQuery" {
		if r.sql, err = newSQLQuery(r.call); err != nil {
			return nil, err
		}
	}
	param, def := "queryBatching", "single"
	if r.call.Version < 2 {
		param, def = "mode", "multiple"
	}
	mode, err := r.options.Get(param).Option(0, def, def, "independently", "transaction")
	if err != nil {
		return nil, err
	}
	switch mode {
	case "independently":
		return func(ctx context.Context) error { return r.each(ctx, nil) }, nil
	case "transaction":
		return r.transaction, nil
	}
	return r.together, nil
}

// prepare makes the statements of all items.
func (r *postgresRun) prepare(ctx context.Context) ([][]sqlStatement, error) {
	all := make([][]sqlStatement, r.call.Input(0).Len())
	for i := range all {
		var err error
		if r.call.Version < 2 {
			all[i], err = r.oldStatements(i)
		} else {
			all[i], err = r.statements(ctx, i)
		}
		if err != nil {
			return nil, nodes.AsError(err).At(i)
		}
	}
	return all, nil
}

// together executes the statements of all items as one: all of them or none.
func (r *postgresRun) together(ctx context.Context) error {
	prepared, err := r.prepare(ctx)
	if err != nil {
		return err
	}
	var all []sqlStatement
	checks := false
	for _, list := range prepared {
		all = append(all, list...)
	}
	for _, st := range all {
		checks = checks || st.missing != nil
	}
	if checks {
		if err := r.do(ctx, "BEGIN"); err != nil {
			return err
		}
	}
	results, err := r.batch(ctx, all)
	if checks {
		end := "COMMIT"
		if err != nil {
			end = "ROLLBACK"
		}
		if endErr := r.do(ctx, end); err == nil {
			err = endErr
		}
	}
	if err != nil {
		return r.failed(ctx, nodes.AsError(err).Item, err)
	}
	parents := make([]nodes.Parent, len(prepared))
	for i := range parents {
		parents[i] = nodes.From(i, 0)
	}
	if !r.emit(results) && changes(results) {
		r.call.Emit(0, nodes.NewItem(`{"success":true}`).WithParents(parents...))
	}
	return nil
}

// each executes the statements of one item after the other. After a failure stop is asked whether to go on; nil always goes on.
func (r *postgresRun) each(ctx context.Context, stop func() (bool, error)) error {
	prepared, err := r.prepare(ctx)
	if err != nil {
		return err
	}
	for i, list := range prepared {
		results, err := r.batch(ctx, list)
		if err != nil {
			if stop == nil {
				if err := r.failed(ctx, i, err); err != nil {
					return err
				}
				continue
			}
			ended, stopErr := stop()
			if err := r.failed(ctx, i, errors.Join(err, stopErr)); err != nil || ended {
				return err
			}
			continue
		}
		if !r.emit(results) && changes(results) {
			r.call.EmitFrom(0, i, nodes.NewItem(`{"success":true}`))
		}
	}
	return nil
}

// transaction executes the items in one transaction, which the first failure undoes.
func (r *postgresRun) transaction(ctx context.Context) error {
	if err := r.do(ctx, "BEGIN"); err != nil {
		return err
	}
	undone := false
	err := r.each(ctx, func() (bool, error) {
		undone = true
		return true, r.do(ctx, "ROLLBACK")
	})
	switch {
	case undone:
		return err
	case err != nil:
		return errors.Join(err, r.do(ctx, "ROLLBACK"))
	}
	return r.do(ctx, "COMMIT")
}

// do executes a statement that gives nothing.
func (r *postgresRun) do(ctx context.Context, text string) error {
	if r.conn.IsClosed() {
		return nil // and with the connection went its transaction
	}
	_, err := r.batch(ctx, []sqlStatement{{text: text, item: -1}})
	return err
}

// failed reports a failure of an item, in n8n's words.
func (r *postgresRun) failed(ctx context.Context, item int, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e := connect.WithoutSecrets(nodes.AsError(err), r.access)
	if item < 0 {
		return e
	}
	return r.call.Fail(item, e)
}

// emit hands on the rows; it reports whether there were any.
func (r *postgresRun) emit(results []postgresResult) (any bool) {
	for _, res := range results {
		for _, row := range res.rows {
			r.call.EmitFrom(0, res.item, nodes.NewItem(row))
			any = true
		}
	}
	return any
}

// changes reports whether one of the statements does more than read.
func changes(results []postgresResult) bool {
	for _, res := range results {
		if tag := res.tag.String(); !strings.HasPrefix(tag, "SELECT") && tag != "SHOW" && tag != "" {
			return true
		}
	}
	return false
}
