package store

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

const (
	// holdAtMost is how long a token may be held; a holder that died loses it then.
	holdAtMost = 90 * time.Second
	holdPoll   = 50 * time.Millisecond
)

// Hold takes a token's row for one holder at a time, over all servers, and returns what it has: it implements
// credentials.LeaseStore. release writes new content, nil leaves it, and lets others have it.
func (s *Store) Hold(ctx context.Context, name string) (content []byte, release func(content []byte) error, err error) {
	holder := rand.Text()
	for {
		taken := false
		err := s.db.write(ctx, func(t tx) error {
			clock := s.db.clock()
			err := row(t, `INSERT INTO tokens (name, data, holder, held_until) VALUES (?, ?, ?, `+clock+` + ?) ON CONFLICT (name) DO UPDATE
				SET holder = excluded.holder, held_until = excluded.held_until WHERE tokens.holder = '' OR tokens.held_until < `+clock+` RETURNING data`,
				[]any{name, []byte{}, holder, holdAtMost.Milliseconds()}, &content)
			taken = err == nil
			if errors.Is(err, ErrNotFound) { // another one holds it
				return nil
			}
			return err
		})
		if err != nil {
			return nil, nil, wrap("the token's lease", err)
		}
		if taken {
			break
		}
		timer := time.NewTimer(holdPoll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, nil, context.Cause(ctx)
		}
	}
	return content, func(content []byte) error {
		return s.db.write(context.WithoutCancel(ctx), func(t tx) error {
			query, args := "UPDATE tokens SET holder = '' WHERE name = ? AND holder = ?", []any{name, holder}
			if content != nil {
				query, args = "UPDATE tokens SET holder = '', data = ? WHERE name = ? AND holder = ?", []any{content, name, holder}
			}
			_, err := t.exec(query, args...)
			return err
		})
	}, nil
}
