package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Workflow is a workflow as it is kept: JSON is n8n's file, whole.
type Workflow struct {
	ID, Name, VersionID string
	Active              bool
	// Source is the file that a server was given, "" for one that was imported or made by the API.
	Source               string
	JSON                 string
	CreatedAt, UpdatedAt time.Time
	Tags                 []Tag
}

// Tag groups workflows.
type Tag struct {
	ID, Name             string
	CreatedAt, UpdatedAt time.Time
}

// NewID returns an id as n8n's workflows and credentials have it: 16 letters and digits.
func NewID() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	id := make([]byte, 0, 16)
	for len(id) < 16 {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // it cannot fail
		for _, c := range b {
			if c &= 63; int(c) < len(letters) && len(id) < 16 {
				id = append(id, letters[c])
			}
		}
	}
	return string(id)
}

// SaveWorkflow writes a workflow: one that is new (an empty ID gets one), or the next version of the one with this id. What is
// the same as before makes no version. It returns the workflow as it is kept.
func (s *Store) SaveWorkflow(ctx context.Context, w Workflow) (Workflow, error) {
	if w.ID == "" {
		w.ID = NewID()
	}
	err := s.db.write(ctx, func(t tx) error {
		now, err := one[int64](t, "SELECT "+s.db.clock()) // Unchanged compares it
		if err != nil {
			return err
		}
		old, err := workflow(t, w.ID)
		created := old.CreatedAt.UnixMilli()
		switch {
		case errors.Is(err, ErrNotFound):
			created = now
		case err != nil:
			return err
		case old.JSON == w.JSON && old.Name == w.Name && old.Active == w.Active && old.Source == w.Source:
			w = old
			return nil
		}
		if w.VersionID, err = s.keepVersion(t, w.ID, w.JSON); err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO workflows (id, name, active, version_id, source, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, active = excluded.active, version_id = excluded.version_id, source = excluded.source, updated_at = excluded.updated_at`,
			w.ID, w.Name, flag(w.Active), w.VersionID, w.Source, created, now)
		w.CreatedAt, w.UpdatedAt, w.Tags = fromMillis(created), fromMillis(now), old.Tags
		return err
	})
	return w, wrap("the workflow could not be kept", err)
}

// VersionID names a version of a workflow: a UUID, as n8n's versions have, made of its text.
func VersionID(text string) string {
	b := sha256.Sum256([]byte(text))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // RFC 9562, 5.8
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// KeepVersion keeps a text of a workflow so that executions of it can go on, without making it the current one.
func (s *Store) KeepVersion(ctx context.Context, workflowID, text string) error {
	return wrap("the workflow could not be kept", s.db.write(ctx, func(t tx) error {
		_, err := s.keepVersion(t, workflowID, text)
		return err
	}))
}

func (s *Store) keepVersion(t tx, workflowID, text string) (string, error) {
	version := VersionID(text)
	_, err := t.exec("INSERT INTO workflow_versions (workflow_id, version_id, json, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		workflowID, version, text, s.now().UnixMilli())
	return version, err
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

const workflowColumns = `SELECT w.id, w.name, w.active, w.version_id, w.source, v.json, w.created_at, w.updated_at FROM workflows w
	JOIN workflow_versions v ON v.workflow_id = w.id AND v.version_id = w.version_id`

func workflows(t tx, where string, args ...any) (list []Workflow, err error) {
	err = each(t, workflowColumns+where, args, func(scan func(...any) error) error {
		var w Workflow
		var active, created, updated int64
		err := scan(&w.ID, &w.Name, &active, &w.VersionID, &w.Source, &w.JSON, &created, &updated)
		w.Active, w.CreatedAt, w.UpdatedAt = active != 0, fromMillis(created), fromMillis(updated)
		list = append(list, w)
		return err
	})
	for i := range list {
		if err == nil {
			list[i].Tags, err = tags(t, " JOIN workflow_tags wt ON wt.tag_id = t.id WHERE wt.workflow_id = ? ORDER BY t.name", list[i].ID)
		}
	}
	return list, err
}

func workflow(t tx, id string) (Workflow, error) {
	list, err := workflows(t, " WHERE w.id = ?", id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("workflow %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return Workflow{}, err
	}
	return list[0], nil
}

// Workflow returns the workflow with this id; ErrNotFound.
func (s *Store) Workflow(ctx context.Context, id string) (w Workflow, err error) {
	err = s.db.read(ctx, func(t tx) error {
		w, err = workflow(t, id)
		return err
	})
	return w, err
}

// WorkflowVersion returns the text of one version; ErrNotFound.
func (s *Store) WorkflowVersion(ctx context.Context, id, version string) (text string, err error) {
	err = s.db.read(ctx, func(t tx) error {
		text, err = one[string](t, "SELECT json FROM workflow_versions WHERE workflow_id = ? AND version_id = ?", id, version)
		return wrap(fmt.Sprintf("version %s of workflow %q", version, id), err)
	})
	return text, err
}

// WorkflowFilter chooses workflows; the zero value takes all.
type WorkflowFilter struct {
	Active *bool
	// Name is a part of the name, without regard to case; Tags are names that all must be there.
	Name string
	Tags []string
	// After is the id that the list goes on behind; Limit how many at most, 0 for all.
	After string
	Limit int
}

// Workflows lists workflows by id.
func (s *Store) Workflows(ctx context.Context, f WorkflowFilter) (list []Workflow, err error) {
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
	where += " ORDER BY w.id"
	if f.Limit > 0 {
		where, args = where+" LIMIT ?", append(args, f.Limit)
	}
	err = s.db.read(ctx, func(t tx) error {
		list, err = workflows(t, where, args...)
		return err
	})
	return list, err
}

// ActiveVersions are the versions of the active workflows that are no file's, by id.
func (s *Store) ActiveVersions(ctx context.Context) (versions map[string]string, err error) {
	err = s.db.read(ctx, func(t tx) error {
		versions = map[string]string{}
		return each(t, "SELECT id, version_id FROM workflows WHERE active = 1 AND source = ''", nil, func(scan func(...any) error) error {
			var id, version string
			err := scan(&id, &version)
			versions[id] = version
			return err
		})
	})
	return versions, err
}

// SetActive says whether a workflow's triggers are served; ErrNotFound.
func (s *Store) SetActive(ctx context.Context, id string, active bool) error {
	return s.db.write(ctx, func(t tx) error {
		return wrap(fmt.Sprintf("workflow %q", id), changed(t.exec("UPDATE workflows SET active = ?, updated_at = "+s.db.clock()+" WHERE id = ?", flag(active), id)))
	})
}

// Unchanged is for how long a workflow has been as it is, by the database's own clock; ErrNotFound.
func (s *Store) Unchanged(ctx context.Context, id string) (since time.Duration, err error) {
	err = s.db.read(ctx, func(t tx) error {
		ms, err := one[int64](t, "SELECT "+s.db.clock()+" - updated_at FROM workflows WHERE id = ?", id)
		since = time.Duration(ms) * time.Millisecond
		return wrap(fmt.Sprintf("workflow %q", id), err)
	})
	return since, err
}

// DeleteWorkflow removes a workflow, its versions, its static data and its executions, but for one that is under way: ErrNotFound, or
// an error that says so.
func (s *Store) DeleteWorkflow(ctx context.Context, id string) error {
	return s.db.write(ctx, func(t tx) error {
		open, err := one[int64](t, "SELECT COUNT(*) FROM executions WHERE workflow_id = ? AND stopped_at = 0", id)
		if err != nil {
			return err
		}
		if open > 0 {
			return fmt.Errorf("workflow %q has executions that have not ended (%d): wait for them, or cancel them", id, open)
		}
		for _, stmt := range []string{
			"DELETE FROM journal WHERE execution_id IN (SELECT id FROM executions WHERE workflow_id = ?)",
			"DELETE FROM executions WHERE workflow_id = ?", "DELETE FROM workflow_versions WHERE workflow_id = ?",
			"DELETE FROM static_data WHERE workflow_id = ?", "DELETE FROM seen_values WHERE workflow_id = ?", "DELETE FROM seen_latest WHERE workflow_id = ?", "DELETE FROM workflow_tags WHERE workflow_id = ?",
		} {
			if _, err := t.exec(stmt, id); err != nil {
				return err
			}
		}
		return wrap(fmt.Sprintf("workflow %q", id), changed(t.exec("DELETE FROM workflows WHERE id = ?", id)))
	})
}

// StaticData is what a workflow keeps over its executions, a JSON object; "" at first.
func (s *Store) StaticData(ctx context.Context, workflowID string) (text string, err error) {
	err = s.db.read(ctx, func(t tx) error {
		text, err = one[string](t, "SELECT json FROM static_data WHERE workflow_id = ?", workflowID)
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		return err
	})
	return text, err
}

// SetStaticData replaces what a workflow keeps.
func (s *Store) SetStaticData(ctx context.Context, workflowID, text string) error {
	return s.db.write(ctx, func(t tx) error { return setStatic(t, workflowID, text) })
}

func setStatic(t tx, workflowID, text string) error {
	_, err := t.exec("INSERT INTO static_data (workflow_id, json) VALUES (?, ?) ON CONFLICT (workflow_id) DO UPDATE SET json = excluded.json", workflowID, text)
	return err
}
