package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/store"
)

func (a *API) workflowRoutes() []route {
	return []route{
		{http.MethodGet, "workflows", "workflow:list", a.listWorkflows},
		{http.MethodPost, "workflows", "workflow:create", a.createWorkflow},
		{http.MethodGet, "workflows/{id}", "workflow:read", a.getWorkflow},
		{http.MethodPut, "workflows/{id}", "workflow:update", a.updateWorkflow},
		{http.MethodDelete, "workflows/{id}", "workflow:delete", a.deleteWorkflow},
		{http.MethodPost, "workflows/{id}/activate", "workflow:activate", a.activateWorkflow},
		{http.MethodPost, "workflows/{id}/deactivate", "workflow:deactivate", a.deactivateWorkflow},
		{http.MethodGet, "workflows/{id}/tags", "workflowTags:list", a.workflowTags},
		{http.MethodPut, "workflows/{id}/tags", "workflowTags:update", a.setWorkflowTags},
		{http.MethodPut, "workflows/{id}/transfer", "workflow:move", unlicensed("feat:projectRole:admin")},
		{http.MethodGet, "workflows/{id}/{id}", "workflow:read", a.workflowVersion},
	}
}

// members are those of a workflow's file that an answer has, with what stands for a missing one.
var members = [][2]string{
	{"nodes", "[]"}, {"connections", "{}"}, {"nodeGroups", "[]"}, {"settings", "{}"}, {"pinData", "null"}, {"meta", "null"},
}

// workflowJSON is a workflow as n8n answers, but for what only its users and projects need.
func (a *API) workflowJSON(ctx context.Context, w store.Workflow, query ...string) (map[string]any, error) {
	out := map[string]any{
		"id": w.ID, "name": w.Name, "active": w.Active, "activeVersionId": nil, "versionId": w.VersionID, "isArchived": false,
		"createdAt": stamp(w.CreatedAt), "updatedAt": stamp(w.UpdatedAt), "tags": tagsJSON(w.Tags), "description": nil,
	}
	if w.Active {
		out["activeVersionId"] = w.VersionID
	}
	file := gjson.Parse(w.JSON)
	for _, m := range members {
		raw := file.Get(m[0]).Raw
		if raw == "" {
			raw = m[1]
		}
		out[m[0]] = json.RawMessage(raw)
	}
	if d := file.Get("description"); d.Type == gjson.String {
		out["description"] = d.Str
	}
	if len(query) > 0 && query[0] == "true" { // excludePinnedData
		delete(out, "pinData")
	}
	static, err := a.Store.StaticData(ctx, w.ID)
	out["staticData"] = json.RawMessage("null")
	if static != "" {
		out["staticData"] = json.RawMessage(static)
	}
	return out, err
}

func (a *API) answerWorkflow(c *call, w store.Workflow) (answer, error) {
	out, err := a.workflowJSON(c.Context(), w, c.URL.Query().Get("excludePinnedData"))
	return answer{body: out}, err
}

func (a *API) listWorkflows(c *call) (answer, error) {
	q := c.URL.Query()
	p, err := page(q)
	if err != nil {
		return answer{}, err
	}
	for _, name := range []string{"name", "tags", "projectId"} {
		if err := single(q, name, "string"); err != nil {
			return answer{}, err
		}
	}
	f := store.WorkflowFilter{Name: q.Get("name")}
	active, err := choice(q, "active", "true", "false")
	if err != nil {
		return answer{}, err
	}
	unpinned, err := choice(q, "excludePinnedData", "true", "false")
	if err != nil {
		return answer{}, err
	}
	if q.Get("projectId") != "" { // there are no projects
		return answer{body: list{Data: []any{}}}, nil
	}
	if active != "" {
		is := active == "true"
		f.Active = &is
	}
	for tag := range strings.SplitSeq(q.Get("tags"), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			f.Tags = append(f.Tags, tag)
		}
	}
	found, err := a.Store.WorkflowPage(c.Context(), f, p.look())
	if err != nil {
		return answer{}, err
	}
	found, next := cut(p, found)
	data := make([]map[string]any, len(found))
	for i, w := range found {
		if data[i], err = a.workflowJSON(c.Context(), w, unpinned); err != nil {
			return answer{}, err
		}
		delete(data[i], "description") // as n8n's lists
	}
	return answer{body: list{data, next}}, nil
}

func (a *API) getWorkflow(c *call) (answer, error) {
	if _, err := choice(c.URL.Query(), "excludePinnedData", "true", "false"); err != nil {
		return answer{}, err
	}
	w, err := a.Store.Workflow(c.Context(), c.ids[0])
	if err != nil {
		return answer{}, err
	}
	return a.answerWorkflow(c, w)
}

func (a *API) workflowVersion(c *call) (answer, error) {
	text, err := a.Store.WorkflowVersion(c.Context(), c.ids[0], c.ids[1])
	if errors.Is(err, store.ErrNotFound) {
		return answer{}, refusal{status: http.StatusNotFound, message: "Version not found"}
	}
	file := gjson.Parse(text)
	return answer{body: map[string]any{
		"versionId": c.ids[1], "workflowId": c.ids[0], "name": file.Get("name").Str,
		"nodes": json.RawMessage(file.Get("nodes").Raw), "connections": json.RawMessage(file.Get("connections").Raw),
	}}, err
}

func (a *API) createWorkflow(c *call) (answer, error) {
	if err := checkWorkflow(c.body, newWorkflowShape); err != nil {
		return answer{}, err
	}
	w, err := a.Store.SaveWorkflow(c.Context(), store.Workflow{Name: c.body.value().Get("name").Str, JSON: c.body.raw})
	if err == nil {
		err = a.keepStatic(c, w.ID)
	}
	if err != nil {
		return answer{}, err
	}
	return a.answerWorkflow(c, w)
}

// keepStatic keeps what a workflow remembers, where the body says so.
func (a *API) keepStatic(c *call, id string) error {
	static := c.body.value().Get("staticData")
	text := static.Raw
	switch {
	case static.Type == gjson.String:
		text = static.Str
	case !static.IsObject():
		return nil
	}
	return a.Store.SetStaticData(c.Context(), id, text)
}

// updateWorkflow replaces a workflow. One that is active is served in its new version from then on; if that cannot be, it stays as it was.
func (a *API) updateWorkflow(c *call) (answer, error) {
	if err := checkWorkflow(c.body, workflowShape); err != nil {
		return answer{}, err
	}
	a.Changing.Lock()
	defer a.Changing.Unlock()
	old, err := a.own(c, "update")
	if err != nil {
		return answer{}, err
	}
	next := old
	next.Name, next.JSON, next.Source = c.body.value().Get("name").Str, c.body.raw, ""
	next.VersionID = store.VersionID(next.JSON)
	if old.Active {
		if err := a.Engine.Activate(c.Context(), next); err != nil {
			return answer{}, activation(err)
		}
	}
	kept, err := a.Store.SaveWorkflow(c.Context(), next)
	if err != nil && old.Active {
		return answer{}, a.back(c, old, err)
	}
	if err == nil {
		err = a.keepStatic(c, kept.ID)
	}
	if err != nil {
		return answer{}, err
	}
	return a.answerWorkflow(c, kept)
}

// back serves an active workflow as it was.
func (a *API) back(c *call, old store.Workflow, cause error) error {
	if err := a.Engine.Activate(c.Context(), old); err != nil {
		a.Log.Error("an active workflow is no longer served", "workflow", old.Name, "id", old.ID, "error", err)
	}
	return cause
}

// own returns the workflow of a call that changes it; what a server's files hold is not the API's to change.
func (a *API) own(c *call, to string) (store.Workflow, error) {
	w, err := a.Store.Workflow(c.Context(), c.ids[0])
	switch {
	case errors.Is(err, store.ErrNotFound) && to != "":
		return w, refusal{status: http.StatusNotFound, message: "You do not have permission to " + to + " this workflow. Ask the owner to share it with you."}
	case err == nil && w.Source != "" && w.Active:
		return w, refusal{
			status: http.StatusConflict, message: "The workflow comes from a file that the server was started with.",
			hint: "Change the file and start the server again, or start it without the file.",
		}
	}
	return w, err
}

func (a *API) deleteWorkflow(c *call) (answer, error) {
	a.Changing.Lock()
	defer a.Changing.Unlock()
	w, err := a.own(c, "")
	if err != nil {
		return answer{}, err
	}
	if w.Active {
		return answer{}, refusal{status: http.StatusConflict, message: "Cannot delete a published workflow. Unpublish it before deleting."}
	}
	out, err := a.answerWorkflow(c, w)
	if err != nil {
		return answer{}, err
	}
	open, err := a.Store.Executions(c.Context(), store.Filter{WorkflowIDs: []string{w.ID}, Statuses: []string{store.New, store.Running, store.Waiting}, Limit: 1})
	if err != nil {
		return answer{}, err
	}
	if len(open) > 0 {
		return answer{}, refusal{
			status: http.StatusConflict, message: "The workflow has executions that have not ended.", hint: "Wait for them, or stop them.",
		}
	}
	gone, err := ExecutionsOf(c.Context(), a.Store, w.ID)
	if err == nil {
		err = a.Store.DeleteWorkflow(c.Context(), w.ID)
	}
	if err != nil {
		return answer{}, err
	}
	for _, x := range gone {
		a.Engine.RemoveBinary(x)
	}
	delete(out.body.(map[string]any), "tags") // as n8n
	return out, nil
}

// ExecutionsOf lists all executions of a workflow.
func ExecutionsOf(ctx context.Context, db *store.Store, id string) (all []store.Execution, err error) {
	f := store.Filter{WorkflowIDs: []string{id}, Limit: maxLimit}
	for {
		some, err := db.Executions(ctx, f)
		all = append(all, some...)
		if err != nil || len(some) < maxLimit {
			return all, err
		}
		f.Before = some[len(some)-1].ID
	}
}

func (a *API) activateWorkflow(c *call) (answer, error) {
	a.Changing.Lock()
	defer a.Changing.Unlock()
	w, err := a.Store.Workflow(c.Context(), c.ids[0])
	if errors.Is(err, store.ErrNotFound) {
		_, err = a.own(c, "activate")
	}
	if err == nil {
		err = a.isCurrent(c, w)
	}
	if err != nil {
		return answer{}, err
	}
	if w.Active {
		return a.answerActive(c, w)
	}
	if err := a.Engine.Activate(c.Context(), w); err != nil {
		return answer{}, activation(err)
	}
	w.Active, w.Source = true, "" // it is no file's any more
	if w, err = a.Store.SaveWorkflow(c.Context(), w); err != nil {
		a.Engine.Deactivate(w.ID)
		return answer{}, err
	}
	return a.answerActive(c, w)
}

var activateShape = shape{open: true, fields: map[string]field{"versionId": of("string"), "name": of("string"), "description": of("string")}}

// isCurrent refuses to activate another version of a workflow than the one that it has now.
func (a *API) isCurrent(c *call, w store.Workflow) error {
	v := c.body.value()
	if err := activateShape.check("request/body", v); err != nil {
		return err
	}
	version := v.Get("versionId")
	if !version.Exists() || version.Str == w.VersionID {
		return nil
	}
	_, err := a.Store.WorkflowVersion(c.Context(), w.ID, version.Str)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refusal{status: http.StatusNotFound, message: "Version not found"}
	case err != nil:
		return err
	}
	return refusal{
		status: http.StatusConflict, message: "Only the current version of a workflow can be activated.", hint: "Update the workflow with what that version has, then activate it.",
	}
}

// answerActive answers as n8n does when a workflow was activated or is no longer: without its tags.
func (a *API) answerActive(c *call, w store.Workflow) (answer, error) {
	out, err := a.answerWorkflow(c, w)
	if err == nil {
		delete(out.body.(map[string]any), "tags")
	}
	return out, err
}

// activation is n8n's answer to a workflow that cannot be activated.
func activation(err error) error {
	var unknown UnknownNode
	switch {
	case errors.Is(err, ErrTaken):
		return refusal{status: http.StatusConflict, message: "There is a conflict with one of the webhooks.", hint: err.Error()}
	case errors.Is(err, ErrNoTrigger):
		return bad("Workflow cannot be activated because it has no trigger node. At least one trigger, webhook, or polling node is required.")
	case errors.As(err, &unknown):
		return bad(unknown.Error())
	}
	return refusal{status: http.StatusBadRequest, message: "Workflow cannot be activated: " + err.Error()}
}

func (a *API) deactivateWorkflow(c *call) (answer, error) {
	a.Changing.Lock()
	defer a.Changing.Unlock()
	w, err := a.own(c, "deactivate")
	if err != nil {
		return answer{}, err
	}
	if w.Active {
		if err = a.Store.SetActive(c.Context(), w.ID, false); err != nil {
			return answer{}, err
		}
		a.Engine.Deactivate(w.ID)
		if w, err = a.Store.Workflow(c.Context(), w.ID); err != nil {
			return answer{}, err
		}
	}
	return a.answerActive(c, w)
}
