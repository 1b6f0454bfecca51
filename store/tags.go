package store

import (
	"context"
	"errors"
	"fmt"
)

func tags(t tx, rest string, args ...any) (list []Tag, err error) {
	err = each(t, "SELECT t.id, t.name, t.created_at, t.updated_at FROM tags t"+rest, args, func(scan func(...any) error) error {
		var tag Tag
		var created, updated int64
		err := scan(&tag.ID, &tag.Name, &created, &updated)
		tag.CreatedAt, tag.UpdatedAt = fromMillis(created), fromMillis(updated)
		list = append(list, tag)
		return err
	})
	return list, err
}

// Tags lists the tags behind an id, by id; limit 0 means all.
func (s *Store) Tags(ctx context.Context, after string, limit int) (list []Tag, err error) {
	rest, args := " WHERE t.id > ? ORDER BY t.id", []any{after}
	if limit > 0 {
		rest, args = rest+" LIMIT ?", append(args, limit)
	}
	err = s.db.read(ctx, func(t tx) error {
		list, err = tags(t, rest, args...)
		return err
	})
	return list, err
}

// Tag returns the tag with this id; ErrNotFound.
func (s *Store) Tag(ctx context.Context, id string) (tag Tag, err error) {
	err = s.db.read(ctx, func(t tx) error {
		tag, err = oneTag(t, id)
		return err
	})
	return tag, err
}

func oneTag(t tx, id string) (Tag, error) {
	list, err := tags(t, " WHERE t.id = ?", id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("tag %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return Tag{}, err
	}
	return list[0], nil
}

// SaveTag makes a tag (an empty ID gets one), or renames the one with this id. ErrDuplicate: another one has the name.
func (s *Store) SaveTag(ctx context.Context, tag Tag) (Tag, error) {
	isNew := tag.ID == ""
	if isNew {
		tag.ID = NewID()
	}
	err := s.db.write(ctx, func(t tx) error {
		other, err := one[string](t, "SELECT id FROM tags WHERE name = ? AND id <> ?", tag.Name, tag.ID)
		switch {
		case err == nil:
			return fmt.Errorf("the tag %q (id %s): %w", tag.Name, other, ErrDuplicate)
		case !errors.Is(err, ErrNotFound):
			return err
		}
		now := s.now().UnixMilli()
		if isNew {
			_, err = t.exec("INSERT INTO tags (id, name, created_at, updated_at) VALUES (?, ?, ?, ?)", tag.ID, tag.Name, now, now)
		} else {
			err = wrap(fmt.Sprintf("tag %q", tag.ID), changed(t.exec("UPDATE tags SET name = ?, updated_at = ? WHERE id = ?", tag.Name, now, tag.ID)))
		}
		if err == nil {
			tag, err = oneTag(t, tag.ID)
		}
		return err
	})
	return tag, err
}

// DeleteTag removes a tag, from its workflows too; ErrNotFound.
func (s *Store) DeleteTag(ctx context.Context, id string) error {
	return s.db.write(ctx, func(t tx) error {
		if _, err := t.exec("DELETE FROM workflow_tags WHERE tag_id = ?", id); err != nil {
			return err
		}
		return wrap(fmt.Sprintf("tag %q", id), changed(t.exec("DELETE FROM tags WHERE id = ?", id)))
	})
}

// SetTags replaces the tags of a workflow; ErrNotFound for a workflow or a tag that is not there.
func (s *Store) SetTags(ctx context.Context, workflowID string, ids []string) error {
	return s.db.write(ctx, func(t tx) error {
		if _, err := workflow(t, workflowID); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM workflow_tags WHERE workflow_id = ?", workflowID); err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := oneTag(t, id); err != nil {
				return err
			}
			if _, err := t.exec("INSERT INTO workflow_tags (workflow_id, tag_id) VALUES (?, ?) ON CONFLICT DO NOTHING", workflowID, id); err != nil {
				return err
			}
		}
		return nil
	})
}
