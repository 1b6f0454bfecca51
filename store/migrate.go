package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migration is one step of the tables. Steps are never changed once released, only added.
type migration struct {
	version int64
	name    string
	sql     string
	sum     string
}

func allMigrations() ([]migration, error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	list := make([]migration, len(entries))
	for i, e := range entries {
		text, err := migrations.ReadFile("migrations/" + e.Name())
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(e.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version != int64(i+1) {
			return nil, fmt.Errorf("the migration %s must be number %d", e.Name(), i+1)
		}
		sum := sha256.Sum256(text)
		list[i] = migration{version, e.Name(), string(text), hex.EncodeToString(sum[:])}
	}
	return list, nil
}

// migrate brings the tables up to date, each step in a transaction of its own. A database that a newer program made, or
// whose past is another than this program's, is refused.
func (s *Store) migrate(ctx context.Context) error {
	list, err := allMigrations()
	if err != nil {
		return err
	}
	err = s.db.write(ctx, func(t tx) error {
		if err := s.db.starting(t); err != nil {
			return err
		}
		_, err := t.exec(s.db.schema("CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, sum TEXT NOT NULL, applied_at BIGINT NOT NULL)"))
		return err
	})
	if err != nil {
		return wrap("the database cannot be written", err)
	}
	for _, m := range list {
		if err := s.db.write(ctx, func(t tx) error { return s.apply(t, m) }); err != nil {
			return wrap("migration "+m.name, err)
		}
	}
	return s.db.read(ctx, func(t tx) error {
		newest, err := one[int64](t, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations")
		if err == nil && newest > int64(len(list)) {
			err = fmt.Errorf("the database has version %d of its tables, and this program knows %d: it was used by a newer cordboard; upgrade this one, or restore the backup made before", newest, len(list))
		}
		return err
	})
}

func (s *Store) apply(t tx, m migration) error {
	if err := s.db.starting(t); err != nil {
		return err
	}
	sum, err := one[string](t, "SELECT sum FROM schema_migrations WHERE version = ?", m.version)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return err
	case sum != m.sum:
		return errors.New("the database was made by another program: this step is not the one that it went through")
	default:
		return nil
	}
	for stmt := range strings.SplitSeq(s.db.schema(m.sql), ";\n") {
		if strings.TrimSpace(stmt) == "" {
			continue
		}
		if _, err := t.exec(stmt); err != nil {
			return err
		}
	}
	_, err = t.exec("INSERT INTO schema_migrations (version, sum, applied_at) VALUES (?, ?, ?)", m.version, m.sum, s.now().UnixMilli())
	return err
}
