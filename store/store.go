// Package store keeps what a server must not lose: workflows with their versions, executions with their journals,
// credentials, static data, the leases of tokens, API keys and tags.
//
// It owns the tables, their migrations and two drivers: SQLite in a data directory (one server) and PostgreSQL (many). The
// statements are the same for both. It does not know what a journal says: that is package runtime's.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrNotFound says that there is nothing with this id.
	ErrNotFound = errors.New("not found")
	// ErrLost says that an execution is not, or no longer, this owner's: it was taken over, or has ended.
	ErrLost = errors.New("the execution is no longer this server's: it was taken over or has ended")
	// ErrDuplicate says that there is one already.
	ErrDuplicate = errors.New("there is one already")
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	db driver
	// Key encrypts credentials; set by Open.
	key *Key
	now func() time.Time
}

// driver is what the databases differ in.
type driver interface {
	// write runs f in a transaction and returns once that is on disk. f may be run again: it changes nothing but what it
	// returns by its closure. Its error undoes the transaction, and comes back.
	write(ctx context.Context, f func(tx) error) error
	// read runs f beside writers.
	read(ctx context.Context, f func(tx) error) error
	// schema turns the words of the migrations that stand for types into the database's.
	schema(sql string) string
	// locking is what a SELECT ends with whose row nobody else is to change until the transaction ends; starting keeps others from
	// migrating at the same time.
	locking() string
	starting(t tx) error
	// clock is the time in milliseconds, as an expression: servers' own clocks may differ.
	clock() string
	// notify tells other servers once the transaction is over; listen is told.
	notify(t tx, n Notice) error
	listen(ctx context.Context, f func(Notice))
	// reclaim gives the space of deleted rows back.
	reclaim(ctx context.Context) error
	close() error
}

// tx is a transaction. The statements have ? for arguments.
type tx interface {
	exec(query string, args ...any) (sql.Result, error)
	query(query string, args ...any) (*sql.Rows, error)
}

// Options say where a database is.
type Options struct {
	// Dir is the data directory: SQLite's file and the key lie there.
	Dir string
	// URL is PostgreSQL's address (postgres://…); empty means SQLite in Dir.
	URL string
	// Key encrypts credentials; nil means the one of Dir, made if there is none.
	Key *Key
}

// Open opens the database, makes it if there is none, and brings its tables up to date.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{key: o.Key, now: time.Now}
	var err error
	switch {
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		s.db, err = openPostgres(ctx, o.URL)
	case o.URL != "":
		return nil, errors.New("the database's address must begin with postgres://; without one SQLite in the data directory is used")
	default:
		s.db, err = openSQLite(ctx, o.Dir)
	}
	if err != nil {
		return nil, err
	}
	err = s.migrate(ctx)
	if err == nil {
		err = s.findKey(ctx, o.Dir)
	}
	if err == nil {
		err = s.checkKey(ctx)
	}
	if err != nil {
		_ = s.db.close()
		return nil, err
	}
	return s, nil
}

// Close closes the database. Writes that were begun are finished.
func (s *Store) Close() error { return s.db.close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.db.read(ctx, func(t tx) error {
		_, err := one[int64](t, "SELECT 1")
		return err
	})
}

// one returns the value of a row with one column; ErrNotFound if there is no row.
func one[T any](t tx, query string, args ...any) (v T, err error) {
	err = row(t, query, args, &v)
	return v, err
}

// row reads one row; ErrNotFound if there is none.
func row(t tx, query string, args []any, into ...any) error {
	found := false
	err := each(t, query, args, func(scan func(...any) error) error {
		found = true
		return scan(into...)
	})
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}

// each calls f for every row.
func each(t tx, query string, args []any, f func(scan func(...any) error) error) error {
	rows, err := t.query(query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// changed reports ErrNotFound where a statement changed nothing.
func changed(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return ErrNotFound
}

// Times are kept as milliseconds since 1970, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
