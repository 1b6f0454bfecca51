package store

import (
	"context"
	"errors"
	"time"
)

// Notice tells servers of an execution.
type Notice struct {
	Kind string
	ID   int64
}

// The kinds of notices.
const (
	Queued   = "queued"   // it is there to be taken
	Answered = "answered" // a caller can be answered: it has ended, or a node has replied
)

// Tell sends a notice to all servers.
func (s *Store) Tell(ctx context.Context, n Notice) error {
	return s.db.write(ctx, func(t tx) error { return s.db.notify(t, n) })
}

// Listen calls f for each notice, until ctx ends: of other servers, with PostgreSQL. A notice of no kind says that some may have been
// missed.
func (s *Store) Listen(ctx context.Context, f func(Notice)) { s.db.listen(ctx, f) }

// Lead takes or keeps a lease for a holder; it reports whether the holder has it. Time is the database's own.
func (s *Store) Lead(ctx context.Context, name, holder string, lasts time.Duration) (leads bool, err error) {
	err = s.db.write(ctx, func(t tx) error {
		now := s.db.clock()
		err := changed(t.exec(`INSERT INTO leases (name, holder, until) VALUES (?, ?, `+now+` + ?) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE leases.holder = excluded.holder OR leases.until < `+now, name, holder, lasts.Milliseconds()))
		leads = err == nil
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return leads, err
}

// Resign gives a lease up.
func (s *Store) Resign(ctx context.Context, name, holder string) error {
	return s.db.write(ctx, func(t tx) error {
		_, err := t.exec("DELETE FROM leases WHERE name = ? AND holder = ?", name, holder)
		return err
	})
}

// Beat notes that a server lives.
func (s *Store) Beat(ctx context.Context, server string) error {
	return s.db.write(ctx, func(t tx) error {
		_, err := t.exec("INSERT INTO servers (id, seen_at) VALUES (?, "+s.db.clock()+") ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at", server)
		return err
	})
}

// Leave notes that a server is gone, and forgets those that were not seen for a day.
func (s *Store) Leave(ctx context.Context, server string) error {
	return s.db.write(ctx, func(t tx) error {
		_, err := t.exec("DELETE FROM servers WHERE id = ? OR seen_at < ?", server, s.now().Add(-24*time.Hour).UnixMilli())
		return err
	})
}
