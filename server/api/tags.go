package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cordboard/cordboard/store"
)

func (a *API) tagRoutes() []route {
	return []route{
		{http.MethodGet, "tags", "tag:list", a.listTags},
		{http.MethodPost, "tags", "tag:create", a.createTag},
		{http.MethodGet, "tags/{id}", "tag:read", a.getTag},
		{http.MethodPut, "tags/{id}", "tag:update", a.updateTag},
		{http.MethodDelete, "tags/{id}", "tag:delete", a.deleteTag},
	}
}

var tagShape = shape{required: []string{"name"}, fields: map[string]field{
	"name": of("string"), "id": readOnly(), "createdAt": readOnly(), "updatedAt": readOnly(),
}}

func tagJSON(t store.Tag) map[string]any {
	return map[string]any{"id": t.ID, "name": t.Name, "createdAt": stamp(t.CreatedAt), "updatedAt": stamp(t.UpdatedAt)}
}

func tagsJSON(tags []store.Tag) []map[string]any {
	out := make([]map[string]any, len(tags))
	for i, t := range tags {
		out[i] = tagJSON(t)
	}
	return out
}

func (a *API) listTags(c *call) (answer, error) {
	p, err := page(c.URL.Query())
	if err != nil {
		return answer{}, err
	}
	found, err := a.Store.TagPage(c.Context(), p.look())
	if err != nil {
		return answer{}, err
	}
	found, next := cut(p, found)
	return answer{body: list{tagsJSON(found), next}}, nil
}

func (a *API) getTag(c *call) (answer, error) {
	t, err := a.Store.Tag(c.Context(), c.ids[0])
	return answer{body: tagJSON(t)}, err
}

// maxTag is how many characters a tag may have.
const maxTag = 24

func (a *API) saveTag(c *call, id string) (store.Tag, error) {
	if err := tagShape.check("request/body", c.body.value()); err != nil {
		return store.Tag{}, err
	}
	name := strings.TrimSpace(c.body.value().Get("name").Str)
	if n := len([]rune(name)); n < 1 || n > maxTag {
		return store.Tag{}, bad(fmt.Sprintf("request/body/name must have 1 to %d characters", maxTag))
	}
	t, err := a.Store.SaveTag(c.Context(), store.Tag{ID: id, Name: name})
	if errors.Is(err, store.ErrDuplicate) {
		err = refusal{status: http.StatusConflict, message: "Tag already exists"}
	}
	return t, err
}

func (a *API) createTag(c *call) (answer, error) {
	t, err := a.saveTag(c, "")
	return answer{http.StatusCreated, tagJSON(t)}, err
}

func (a *API) updateTag(c *call) (answer, error) {
	if _, err := a.Store.Tag(c.Context(), c.ids[0]); err != nil {
		return answer{}, err
	}
	t, err := a.saveTag(c, c.ids[0])
	return answer{body: tagJSON(t)}, err
}

func (a *API) deleteTag(c *call) (answer, error) {
	t, err := a.Store.Tag(c.Context(), c.ids[0])
	if err == nil {
		err = a.Store.DeleteTag(c.Context(), t.ID)
	}
	return answer{body: tagJSON(t)}, err
}

func (a *API) workflowTags(c *call) (answer, error) {
	w, err := a.Store.Workflow(c.Context(), c.ids[0])
	return answer{body: tagsJSON(w.Tags)}, err
}

func (a *API) setWorkflowTags(c *call) (answer, error) {
	v := c.body.value()
	if !v.IsArray() {
		return answer{}, bad("request/body " + expected("array", v))
	}
	if _, err := a.Store.Workflow(c.Context(), c.ids[0]); err != nil {
		return answer{}, err
	}
	ids := []string{}
	for i, t := range v.Array() {
		at := fmt.Sprintf("request/body/%d", i)
		if err := (shape{required: []string{"id"}, fields: map[string]field{"id": of("string")}}).check(at, t); err != nil {
			return answer{}, err
		}
		ids = append(ids, t.Get("id").Str)
	}
	err := a.Store.SetTags(c.Context(), c.ids[0], ids)
	if errors.Is(err, store.ErrNotFound) {
		return answer{}, refusal{status: http.StatusNotFound, message: "Some tags not found"}
	}
	if err != nil {
		return answer{}, err
	}
	return a.workflowTags(c)
}
