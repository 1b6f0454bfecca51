package network

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// postgresPool keeps connections that are not in use, for the executions to come.
type postgresPool struct {
	config *pgconn.Config
	where  string
	tunnel *connect.Tunnel // nil: none

	mu     sync.Mutex
	idle   []idlePostgres
	closed bool
}

type idlePostgres struct {
	conn  *pgconn.PgConn
	since time.Time
}

const (
	// maxIdle is how many connections a pool keeps.
	maxIdle = 8
	// freshFor is how long a connection is taken to be alive without asking.
	freshFor = time.Second
)

func newPostgresPool(o Options, a nodes.Access) (*postgresPool, error) {
	host, port, err := connect.Server(a, "5432")
	if err != nil {
		return nil, err
	}
	dial, tunnel, err := databaseDialer(o, a)
	if err != nil {
		return nil, err
	}
	// Everything is set here: nothing may come from the environment of this process.
	c, err := pgconn.ParseConfig("host=localhost user=x password=x dbname=x sslmode=disable")
	if err != nil {
		return nil, nodes.Errorf("the PG… variables of the environment cannot be used: %w", err)
	}
	number, _ := strconv.ParseUint(port, 10, 16) // server checked it
	c.Host, c.Port = host, uint16(number)
	c.User, c.Password, c.Database = a.Field("user"), a.Field("password"), a.Field("database")
	c.RuntimeParams = map[string]string{"client_encoding": "UTF8", "DateStyle": "ISO", "application_name": "cordboard"}
	c.DialFunc = dial
	c.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // the dialer does
	c.ConnectTimeout = 0
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: time.Second}
	}
	if err := postgresTLS(c, a); err != nil {
		return nil, err
	}
	return &postgresPool{config: c, where: net.JoinHostPort(host, port), tunnel: tunnel}, nil
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// databaseDialer connects to a database: directly or, where the credential says so, through an SSH tunnel that ends with the pool.
func databaseDialer(o Options, a nodes.Access) (dialFunc, *connect.Tunnel, error) {
	tunnel, err := connect.NewTunnel(o.connect(), a)
	if err != nil {
		return nil, nil, err
	}
	if tunnel != nil {
		return tunnel.DialContext, tunnel, nil
	}
	dial, err := connect.Dialer(o.connect())
	return dial, nil, err
}

// postgresTLS sets how the connection is encrypted: "require" verifies the certificate unless the credential allows any;
// "allow" encrypts where the server insists.
func postgresTLS(c *pgconn.Config, a nodes.Access) error {
	c.TLSConfig, c.Fallbacks = nil, nil
	secure := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Host, InsecureSkipVerify: connect.Is(a, "allowUnauthorizedCerts")} //nolint:gosec // the user's own option
	switch mode := a.Field("ssl"); {
	case connect.Is(a, "allowUnauthorizedCerts") || mode == "require":
		c.TLSConfig = secure
	case mode == "allow":
		c.Fallbacks = []*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: secure}}
	case mode != "" && mode != "disable":
		return nodes.Errorf("the field ssl of the postgres credential must be disable, allow or require")
	}
	return nil
}

// acquire returns a connection that works, made anew if none is idle.
func (p *postgresPool) acquire(ctx context.Context, timeout time.Duration) (*pgconn.PgConn, error) {
	for {
		p.mu.Lock()
		if len(p.idle) == 0 {
			p.mu.Unlock()
			break
		}
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		p.mu.Unlock()
		if time.Since(last.since) < freshFor || last.conn.Ping(ctx) == nil {
			return last.conn, nil
		}
		closePostgres(last.conn)
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = nodes.WithTimeout(ctx, timeout)
		defer cancel()
	}
	conn, err := pgconn.ConnectConfig(ctx, p.config)
	if err != nil {
		return nil, p.notConnected(err)
	}
	return conn, nil
}

// notConnected says why there is no connection: what the server says, or where it was looked for.
func (p *postgresPool) notConnected(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		e := nodes.Errorf("%s", refused.Message)
		e.Description, e.Cause = refused.Detail, err
		return e
	}
	var said *nodes.Error
	if errors.As(err, &said) { // by the tunnel or by the rules for addresses
		return said
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		var op *net.OpError
		if errors.As(cause, &op) {
			err = op
			break
		}
	}
	return nodes.Errorf("cannot connect to PostgreSQL at %s: %w", p.where, err)
}

// release takes a connection back, if it can serve again.
func (p *postgresPool) release(conn *pgconn.PgConn) {
	p.mu.Lock()
	keep := !p.closed && !conn.IsClosed() && conn.TxStatus() == 'I' && len(p.idle) < maxIdle
	if keep {
		p.idle = append(p.idle, idlePostgres{conn, time.Now()})
	}
	p.mu.Unlock()
	if !keep {
		closePostgres(conn)
	}
}

// Close closes the connections that are not in use; those in use are closed when they are released.
func (p *postgresPool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		closePostgres(c.conn)
	}
	return p.tunnel.Close()
}

func closePostgres(conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is given up either way
}

// postgresResult is what one statement gave: its rows as JSON.
type postgresResult struct {
	item int
	rows []string
	tag  pgconn.CommandTag
}

// batch executes statements in one round trip and, outside of a transaction, as one: all or none. The error names the item.
func (r *postgresRun) batch(ctx context.Context, list []sqlStatement) ([]postgresResult, error) {
	if len(list) == 0 {
		return nil, nil
	}
	b := &pgconn.Batch{}
	for _, st := range list {
		values, types := make([][]byte, len(st.args)), make([]uint32, len(st.args))
		for i, v := range st.args {
			if !v.IsNil() {
				values[i] = []byte(valueText(v))
			}
			if st.constants {
				types[i] = constantType(v)
			}
			if bytesHaveZero(values[i]) {
				return nil, nodes.Errorf("a text for PostgreSQL must not hold the character U+0000").At(st.item)
			}
		}
		if bytesHaveZero([]byte(st.text)) {
			return nil, nodes.Errorf("a query must not hold the character U+0000").At(st.item)
		}
		b.ExecParams(st.text, values, types, nil, nil)
	}
	multi := r.conn.ExecBatch(ctx, b)
	var results []postgresResult
	var failed error
	for multi.NextResult() {
		res, err := r.read(multi.ResultReader())
		if err != nil {
			failed = err
			break
		}
		res.item = list[len(results)].item
		results = append(results, res)
		if st := list[len(results)-1]; st.missing != nil && res.tag.RowsAffected() == 0 && failed == nil {
			failed = st.missing
		}
	}
	if err := multi.Close(); err != nil && (failed == nil || !errors.As(failed, new(*nodes.Error))) {
		failed = err
	}
	if failed == nil && len(results) < len(list) {
		failed = fmt.Errorf("the connection ended before all was done")
	}
	if failed != nil {
		return results, r.explain(failed, list[min(len(results), len(list)-1)])
	}
	return results, nil
}

func bytesHaveZero(text []byte) bool {
	for _, c := range text {
		if c == 0 {
			return true
		}
	}
	return false
}
