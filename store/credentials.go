package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Credential is a credential of n8n's types. Data, a JSON object with its secrets, is encrypted at rest; lists come without.
type Credential struct {
	ID, Name, Type       string
	Data                 []byte
	CreatedAt, UpdatedAt time.Time
}

// purpose binds the encrypted data to its row.
func purpose(id, typ string) string { return "credential\x00" + id + "\x00" + typ }

// SaveCredential writes a credential: a new one (an empty ID gets one), or over the one with this id.
func (s *Store) SaveCredential(ctx context.Context, c Credential) (Credential, error) {
	if c.ID == "" {
		c.ID = NewID()
	}
	sealed := s.key.seal(c.Data, purpose(c.ID, c.Type))
	err := s.db.write(ctx, func(t tx) error {
		now := s.now().UnixMilli()
		_, err := t.exec(`INSERT INTO credentials (id, name, type, data, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type, data = excluded.data, updated_at = excluded.updated_at`,
			c.ID, c.Name, c.Type, sealed, now, now)
		if err != nil {
			return err
		}
		created, err := one[int64](t, "SELECT created_at FROM credentials WHERE id = ?", c.ID)
		c.CreatedAt, c.UpdatedAt = fromMillis(created), fromMillis(now)
		return err
	})
	return c, wrap("the credential could not be kept", err)
}

// Credential returns a credential with its data; ErrNotFound.
func (s *Store) Credential(ctx context.Context, id string) (c Credential, err error) {
	err = s.db.read(ctx, func(t tx) error {
		c = Credential{ID: id}
		var created, updated int64
		var sealed []byte
		err := row(t, "SELECT name, type, data, created_at, updated_at FROM credentials WHERE id = ?", []any{id}, &c.Name, &c.Type, &sealed, &created, &updated)
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("credential %q: %w", id, ErrNotFound)
		}
		if err != nil {
			return err
		}
		c.CreatedAt, c.UpdatedAt = fromMillis(created), fromMillis(updated)
		c.Data, err = s.key.open(sealed, purpose(id, c.Type))
		return wrap(fmt.Sprintf("credential %q", c.Name), err)
	})
	return c, err
}

// Credentials lists credentials by id, without their data, behind an id; limit 0 means all.
func (s *Store) Credentials(ctx context.Context, after string, limit int) (list []Credential, err error) {
	query, args := "SELECT id, name, type, created_at, updated_at FROM credentials WHERE id > ? ORDER BY id", []any{after}
	if limit > 0 {
		query, args = query+" LIMIT ?", append(args, limit)
	}
	err = s.db.read(ctx, func(t tx) error {
		list = nil
		return each(t, query, args, func(scan func(...any) error) error {
			var c Credential
			var created, updated int64
			err := scan(&c.ID, &c.Name, &c.Type, &created, &updated)
			c.CreatedAt, c.UpdatedAt = fromMillis(created), fromMillis(updated)
			list = append(list, c)
			return err
		})
	})
	return list, err
}

// DeleteCredential removes a credential; ErrNotFound.
func (s *Store) DeleteCredential(ctx context.Context, id string) error {
	return s.db.write(ctx, func(t tx) error {
		return wrap(fmt.Sprintf("credential %q", id), changed(t.exec("DELETE FROM credentials WHERE id = ?", id)))
	})
}
