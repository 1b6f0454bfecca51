package store

import (
	"context"
	"strings"
	"time"
)

// The lists of the REST API go by offset, as n8n's.

// Page is a part of a list.
type Page struct{ Offset, Limit int }

// WorkflowPage lists workflows by id. The filter's After and Limit do not count.
func (s *Store) WorkflowPage(ctx context.Context, f WorkflowFilter, p Page) (list []Workflow, err error) {
	f.After = ""
	where, args := f.where()
	err = s.db.read(ctx, func(t tx) error {
		list, err = workflows(t, where+" ORDER BY w.id LIMIT ? OFFSET ?", append(args, p.Limit, p.Offset)...)
		return err
	})
	return list, err
}

// where is the condition of a filter.
func (f WorkflowFilter) where() (string, []any) {
	where, args := " WHERE w.id > ?", []any{f.After}
	if f.Active != nil {
		where, args = where+" AND w.active = ?", append(args, flag(*f.Active))
	}
	if f.Name != "" {
		where += ` AND LOWER(w.name) LIKE ? ESCAPE '\'`
		args = append(args, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Name))+"%")
	}
	for _, tag := range f.Tags {
		where += " AND EXISTS (SELECT 1 FROM workflow_tags wt JOIN tags t ON t.id = wt.tag_id WHERE wt.workflow_id = w.id AND t.name = ?)"
		args = append(args, tag)
	}
	return where, args
}

// CredentialPage lists credentials without their data, the newest first.
func (s *Store) CredentialPage(ctx context.Context, p Page) ([]Credential, error) {
	return s.credentials(ctx, " ORDER BY created_at DESC, id LIMIT ? OFFSET ?", p.Limit, p.Offset)
}

// CredentialsNamed returns the credentials with a name, without their data: names are not unique.
func (s *Store) CredentialsNamed(ctx context.Context, name string) ([]Credential, error) {
	return s.credentials(ctx, " WHERE name = ? ORDER BY id", name)
}

func (s *Store) credentials(ctx context.Context, rest string, args ...any) (list []Credential, err error) {
	err = s.db.read(ctx, func(t tx) error {
		list = nil
		return each(t, "SELECT id, name, type, created_at, updated_at FROM credentials"+rest, args, func(scan func(...any) error) error {
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

// TagPage lists tags, the oldest first.
func (s *Store) TagPage(ctx context.Context, p Page) (list []Tag, err error) {
	err = s.db.read(ctx, func(t tx) error {
		list, err = tags(t, " ORDER BY t.created_at, t.id LIMIT ? OFFSET ?", p.Limit, p.Offset)
		return err
	})
	return list, err
}

// QueueLength is how many executions nobody has begun.
func (s *Store) QueueLength(ctx context.Context) (n int64, err error) {
	err = s.db.read(ctx, func(t tx) error {
		n, err = one[int64](t, "SELECT COUNT(*) FROM executions WHERE stopped_at = 0 AND status = 'new'")
		return err
	})
	return n, err
}

// ServerAlive reports whether a server has said so lately, by the database's own clock.
func (s *Store) ServerAlive(ctx context.Context, within time.Duration) (alive bool, err error) {
	err = s.db.read(ctx, func(t tx) error {
		n, err := one[int64](t, "SELECT COUNT(*) FROM servers WHERE seen_at >= "+s.db.clock()+" - ?", within.Milliseconds())
		alive = n > 0
		return err
	})
	return alive, err
}
