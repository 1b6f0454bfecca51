package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// Seen is what a workflow has seen in earlier executions. By names the step that asks: what it has noted itself counts as not seen, so
// that a step which is executed again gets the same answers.
type Seen struct {
	store        *Store
	workflow, by string
}

// Seen returns what a workflow has seen.
func (s *Store) Seen(workflowID, by string) *Seen { return &Seen{s, workflowID, by} }

// See notes values and reports for each whether another step has noted it before. At most keep stay, the oldest go.
func (s *Seen) See(ctx context.Context, scope string, values []string, keep int) (seen []bool, err error) {
	err = s.store.db.write(ctx, func(t tx) error {
		seen = make([]bool, len(values))
		now := s.store.now().UnixNano()
		for i, v := range values {
			v = short(v)
			_, err := t.exec("INSERT INTO seen_values (workflow_id, scope, value, seen_by, seen_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
				s.workflow, scope, v, s.by, now+int64(i))
			if err != nil {
				return err
			}
			by, err := one[string](t, "SELECT seen_by FROM seen_values WHERE workflow_id = ? AND scope = ? AND value = ?", s.workflow, scope, v)
			if err != nil {
				return err
			}
			seen[i] = by != s.by
		}
		_, err := t.exec(`DELETE FROM seen_values WHERE workflow_id = ? AND scope = ? AND seen_at <= COALESCE(
			(SELECT seen_at FROM seen_values WHERE workflow_id = ? AND scope = ? ORDER BY seen_at DESC LIMIT 1 OFFSET ?), -1)`, s.workflow, scope, s.workflow, scope, keep)
		return err
	})
	return seen, wrap("what earlier executions have seen could not be looked up", err)
}

// short is a value that fits into an index: a long one by its hash.
func short(v string) string {
	if len(v) < 200 {
		return v
	}
	sum := sha256.Sum256([]byte(v))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Latest returns the value that another step has set last, "" at first.
func (s *Seen) Latest(ctx context.Context, scope string) (value string, err error) {
	err = s.store.db.read(ctx, func(t tx) error {
		var before, by string
		err := row(t, "SELECT value, before, seen_by FROM seen_latest WHERE workflow_id = ? AND scope = ?", []any{s.workflow, scope}, &value, &before, &by)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if by == s.by {
			value = before
		}
		return err
	})
	return value, err
}

// SetLatest replaces it.
func (s *Seen) SetLatest(ctx context.Context, scope, value string) error {
	return s.store.db.write(ctx, func(t tx) error {
		_, err := t.exec(`INSERT INTO seen_latest (workflow_id, scope, value, before, seen_by) VALUES (?, ?, ?, '', ?)
			ON CONFLICT (workflow_id, scope) DO UPDATE SET value = excluded.value, seen_by = excluded.seen_by,
			before = CASE WHEN seen_latest.seen_by = excluded.seen_by THEN seen_latest.before ELSE seen_latest.value END`, s.workflow, scope, value, s.by)
		return err
	})
}

// Forget removes all that was noted in a scope.
func (s *Seen) Forget(ctx context.Context, scope string) error {
	return s.store.db.write(ctx, func(t tx) error {
		if _, err := t.exec("DELETE FROM seen_values WHERE workflow_id = ? AND scope = ?", s.workflow, scope); err != nil {
			return err
		}
		_, err := t.exec("DELETE FROM seen_latest WHERE workflow_id = ? AND scope = ?", s.workflow, scope)
		return err
	})
}
