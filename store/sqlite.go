package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver
)

// sqlite is a database in a file. One goroutine writes: what comes while a transaction is being written goes into the next
// one together, so that many callers share the wait for the disk.
type sqlite struct {
	db      *sql.DB // readers
	writer  *sql.Conn
	prepare *statements
	queue   chan *write
	mu      sync.RWMutex // guards closed, and that nothing is queued after it
	closed  bool
	done    chan struct{}
}

type write struct {
	ctx context.Context //nolint:containedctx // of the caller, who waits
	f   func(tx) error
	err chan error
}

// Limits of a shared transaction.
const (
	queueSize = 1024
	batchSize = 256
)

var errClosed = errors.New("the database is closed")

func openSQLite(ctx context.Context, dir string) (*sqlite, error) {
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "cordboard.db")
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600) // SQLite's own would be readable by others
	if err != nil {
		return nil, fmt.Errorf("the data directory cannot be written: %w", err)
	}
	_ = f.Close()
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", "auto_vacuum(INCREMENTAL)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "wal_autocheckpoint(4000)",
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1 + 2*runtime.GOMAXPROCS(0))
	db.SetMaxIdleConns(1 + runtime.GOMAXPROCS(0))
	writer, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("the database %s cannot be opened: %w", file, err)
	}
	s := &sqlite{db: db, writer: writer, queue: make(chan *write, queueSize), done: make(chan struct{})}
	s.prepare = &statements{conn: writer, all: map[string]*sql.Stmt{}}
	go s.work()
	return s, nil
}

// privateDir makes a directory that only its owner can look into. One that others can write is refused.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("the data directory: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory needs x
			return fmt.Errorf("the data directory %s is open to others, and cannot be closed: %w", dir, err)
		}
	}
	return nil
}

func (s *sqlite) write(ctx context.Context, f func(tx) error) error {
	w := &write{ctx: ctx, f: f, err: make(chan error, 1)}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return errClosed
	}
	s.queue <- w
	s.mu.RUnlock()
	// Not before the transaction is over: whether it took place must be known.
	return <-w.err
}

// work is the one writer.
func (s *sqlite) work() {
	defer close(s.done)
	for first := range s.queue {
		batch := []*write{first}
		for more := true; more && len(batch) < batchSize; {
			select {
			case w, ok := <-s.queue:
				if more = ok; ok {
					batch = append(batch, w)
				}
			default:
				more = false
			}
		}
		s.commit(batch)
	}
}

// commit writes a batch in one transaction; where one of it fails, each in its own.
func (s *sqlite) commit(batch []*write) {
	err := s.transaction(batch...)
	for _, w := range batch {
		if err != nil && len(batch) > 1 {
			w.err <- s.transaction(w)
			continue
		}
		w.err <- err
	}
}

func (s *sqlite) transaction(batch ...*write) error {
	if _, err := s.prepare.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, w := range batch {
		err := w.ctx.Err()
		if err == nil {
			err = w.f(s.prepare)
		}
		if err != nil {
			_, _ = s.prepare.exec("ROLLBACK")
			return err
		}
	}
	_, err := s.prepare.exec("COMMIT")
	if err != nil { // a full disk: the transaction is still open
		_, _ = s.prepare.exec("ROLLBACK")
	}
	return err
}

func (s *sqlite) read(ctx context.Context, f func(tx) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back to the pool
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "COMMIT") }() // nothing was written
	return f(plainTx{ctx, conn})
}

func (s *sqlite) schema(text string) string {
	return strings.NewReplacer("SERIAL_ID", "INTEGER PRIMARY KEY AUTOINCREMENT", "BYTES", "BLOB", "WITHOUT_ROWID", "WITHOUT ROWID").Replace(text)
}

// locking is nothing: there is one writer.
func (*sqlite) locking() string { return "" }

func (*sqlite) starting(tx) error { return nil }

func (*sqlite) clock() string { return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)" }

// notify has nobody to tell: one server works with the file.
func (*sqlite) notify(tx, Notice) error { return nil }

func (*sqlite) listen(ctx context.Context, _ func(Notice)) { <-ctx.Done() }

// reclaim gives the free pages of the file back, a part at a time, so that writers wait for no more than one part.
func (s *sqlite) reclaim(ctx context.Context) error {
	for ctx.Err() == nil {
		var before, after int64
		err := s.write(ctx, func(t tx) (err error) {
			if before, err = one[int64](t, "PRAGMA freelist_count"); err != nil || before == 0 {
				return err
			}
			if err = each(t, "PRAGMA incremental_vacuum(2000)", nil, func(func(...any) error) error { return nil }); err != nil {
				return err
			}
			after, err = one[int64](t, "PRAGMA freelist_count")
			return err
		})
		if err != nil || after == 0 || after >= before {
			break
		}
	}
	_, err := s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

func (s *sqlite) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.queue)
	s.mu.Unlock()
	<-s.done
	s.prepare.close()
	return errors.Join(s.writer.Close(), s.db.Close())
}

// statements are those of the writer, prepared once.
type statements struct {
	conn *sql.Conn
	all  map[string]*sql.Stmt
}

func (p *statements) of(query string) (*sql.Stmt, error) {
	if stmt := p.all[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := p.conn.PrepareContext(context.Background(), query)
	if err == nil {
		p.all[query] = stmt
	}
	return stmt, err
}

func (p *statements) exec(query string, args ...any) (sql.Result, error) {
	stmt, err := p.of(query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(context.Background(), args...)
}

func (p *statements) query(query string, args ...any) (*sql.Rows, error) {
	stmt, err := p.of(query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(context.Background(), args...)
}

func (p *statements) close() {
	for _, stmt := range p.all {
		_ = stmt.Close()
	}
}

// plainTx is a transaction of a connection.
type plainTx struct {
	ctx  context.Context //nolint:containedctx // of the transaction
	conn interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

func (p plainTx) exec(query string, args ...any) (sql.Result, error) {
	return p.conn.ExecContext(p.ctx, query, args...)
}

func (p plainTx) query(query string, args ...any) (*sql.Rows, error) {
	return p.conn.QueryContext(p.ctx, query, args...)
}
