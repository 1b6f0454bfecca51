package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// APIKey is a key of the REST API, without the key itself: that is only known to the one who got it.
type APIKey struct {
	ID, Label string
	// Scopes are what it may do ("workflow:read"); "*" is all.
	Scopes               []string
	CreatedAt, ExpiresAt time.Time
}

// May reports whether the key has a scope.
func (k APIKey) May(scope string) bool {
	return slices.Contains(k.Scopes, "*") || slices.Contains(k.Scopes, scope)
}

// keyPrefix makes keys recognisable, for those who look for leaked ones.
const keyPrefix = "cordboard_"

// AddAPIKey makes a key and returns its text, this once. The database has only its hash: the key is random, so that a fast
// hash is enough.
func (s *Store) AddAPIKey(ctx context.Context, k APIKey) (text string, added APIKey, err error) {
	text = keyPrefix + rand.Text() + rand.Text()
	hash := sha256.Sum256([]byte(text))
	k.ID, k.CreatedAt = NewID(), s.now().UTC().Truncate(time.Millisecond)
	err = s.db.write(ctx, func(t tx) error {
		_, err := t.exec("INSERT INTO api_keys (id, label, hash, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
			k.ID, k.Label, hash[:], strings.Join(k.Scopes, " "), millis(k.CreatedAt), millis(k.ExpiresAt))
		return err
	})
	return text, k, wrap("the API key could not be kept", err)
}

const keyColumns = "SELECT id, label, scopes, created_at, expires_at FROM api_keys"

func scanKey(scan func(...any) error) (APIKey, error) {
	var k APIKey
	var scopes string
	var created, expires int64
	err := scan(&k.ID, &k.Label, &scopes, &created, &expires)
	k.Scopes, k.CreatedAt, k.ExpiresAt = strings.Fields(scopes), fromMillis(created), fromMillis(expires)
	return k, err
}

// APIKey returns the key with this text, if it has not expired; ErrNotFound. It is found by its hash: the time that this takes
// says nothing of the key.
func (s *Store) APIKey(ctx context.Context, text string) (k APIKey, err error) {
	hash := sha256.Sum256([]byte(text))
	err = s.db.read(ctx, func(t tx) error {
		found := false
		err := each(t, keyColumns+" WHERE hash = ?", []any{hash[:]}, func(scan func(...any) error) (err error) {
			found = true
			k, err = scanKey(scan)
			return err
		})
		if err == nil && (!found || !k.ExpiresAt.IsZero() && !s.now().Before(k.ExpiresAt)) {
			return ErrNotFound
		}
		return err
	})
	return k, err
}

// APIKeys lists the keys, the oldest first.
func (s *Store) APIKeys(ctx context.Context) (list []APIKey, err error) {
	err = s.db.read(ctx, func(t tx) error {
		list = nil
		return each(t, keyColumns+" ORDER BY created_at, id", nil, func(scan func(...any) error) error {
			k, err := scanKey(scan)
			list = append(list, k)
			return err
		})
	})
	return list, err
}

// RemoveAPIKey removes a key by its id, or by its label if that is the only one; ErrNotFound.
func (s *Store) RemoveAPIKey(ctx context.Context, idOrLabel string) error {
	return s.db.write(ctx, func(t tx) error {
		err := changed(t.exec("DELETE FROM api_keys WHERE id = ?", idOrLabel))
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		n, err := one[int64](t, "SELECT COUNT(*) FROM api_keys WHERE label = ?", idOrLabel)
		if err == nil && n > 1 {
			return fmt.Errorf("%d API keys have the label %q: name one by its id", n, idOrLabel)
		}
		if err == nil {
			err = changed(t.exec("DELETE FROM api_keys WHERE label = ?", idOrLabel))
		}
		return wrap(fmt.Sprintf("API key %q", idOrLabel), err)
	})
}
