package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres is a database that many servers share.
type postgres struct {
	pool *pgxpool.Pool
	db   *sql.DB
}

func openPostgres(ctx context.Context, address string) (*postgres, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the database's address cannot be read: it must look like postgres://user:password@host:5432/name") // err quotes the password
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	p := &postgres{pool: pool, db: stdlib.OpenDBFromPool(pool)}
	if err := pool.Ping(ctx); err != nil {
		_ = p.close()
		return nil, fmt.Errorf("the database does not answer: %w", err)
	}
	return p, nil
}

// again is how often a transaction is tried that lost against another one.
const again = 5

func (p *postgres) write(ctx context.Context, f func(tx) error) (err error) {
	for range again {
		err = p.transaction(ctx, nil, f)
		var failure *pgconn.PgError
		if !errors.As(err, &failure) || failure.Code != "40001" && failure.Code != "40P01" { // serialisation, deadlock
			break
		}
	}
	return err
}

func (p *postgres) read(ctx context.Context, f func(tx) error) error {
	return p.transaction(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}, f)
}

func (p *postgres) transaction(ctx context.Context, o *sql.TxOptions, f func(tx) error) error {
	t, err := p.begin(ctx, o)
	if err != nil {
		return err
	}
	if err := f(numbered{plainTx{ctx, t}}); err != nil {
		_ = t.Rollback() // the connection may be gone
		return err
	}
	return t.Commit()
}

// begin tries other connections where one has broken since it was used: after a restart of the database all of the pool have.
func (p *postgres) begin(ctx context.Context, o *sql.TxOptions) (t *sql.Tx, err error) {
	for range again {
		t, err = p.db.BeginTx(ctx, o)
		var (
			refused *pgconn.PgError
			nobody  *pgconn.ConnectError
		)
		if err == nil || ctx.Err() != nil || errors.As(err, &refused) || errors.As(err, &nobody) {
			break
		}
	}
	return t, err
}

func (p *postgres) schema(text string) string {
	return strings.NewReplacer("SERIAL_ID", "BIGSERIAL PRIMARY KEY", "BYTES", "BYTEA", "WITHOUT_ROWID", "").Replace(text)
}

func (*postgres) locking() string { return " FOR UPDATE" }

func (*postgres) starting(t tx) error {
	return each(t, "SELECT pg_advisory_xact_lock(7205759403)", nil, func(func(...any) error) error { return nil })
}

func (*postgres) clock() string {
	return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
}

// channel is where notices go: "kind id".
const channel = "cordboard"

func (*postgres) notify(t tx, n Notice) error {
	_, err := t.exec("SELECT pg_notify('"+channel+"', ?)", n.Kind+" "+strconv.FormatInt(n.ID, 10))
	return err
}

func (p *postgres) listen(ctx context.Context, f func(Notice)) {
	for ctx.Err() == nil {
		_ = p.listenOnce(ctx, f) // the connection may break: it is made again
		timer := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (p *postgres) listenOnce(ctx context.Context, f func(Notice)) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	raw := conn.Hijack() // it is not the pool's any more
	defer func() { _ = raw.Close(context.WithoutCancel(ctx)) }()
	if _, err := raw.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	f(Notice{})
	for {
		got, err := raw.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		kind, id, _ := strings.Cut(got.Payload, " ")
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			f(Notice{Kind: kind, ID: n})
		}
	}
}

// reclaim leaves it to autovacuum, which makes the space free for new rows; giving it back to the system would lock the tables.
func (*postgres) reclaim(context.Context) error { return nil }

func (p *postgres) close() error {
	err := p.db.Close()
	p.pool.Close()
	return err
}

// numbered writes the arguments of a statement as PostgreSQL wants them: $1, $2, …
type numbered struct{ plainTx }

func (n numbered) exec(query string, args ...any) (sql.Result, error) {
	return n.plainTx.exec(dollars(query), args...)
}

func (n numbered) query(query string, args ...any) (*sql.Rows, error) {
	return n.plainTx.query(dollars(query), args...)
}

// dollars numbers the question marks of a statement of ours: none is within a text.
func dollars(query string) string {
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(query, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}
