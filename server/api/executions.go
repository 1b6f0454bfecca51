package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/store"
)

func (a *API) executionRoutes() []route {
	return []route{
		{http.MethodGet, "executions", "execution:list", a.listExecutions},
		{http.MethodPost, "executions/stop", "execution:stop", a.stopExecutions},
		{http.MethodGet, "executions/{id}", "execution:read", a.getExecution},
		{http.MethodDelete, "executions/{id}", "execution:delete", a.deleteExecution},
		{http.MethodPost, "executions/{id}/retry", "execution:retry", a.retryExecution},
		{http.MethodPost, "executions/{id}/stop", "execution:stop", a.stopExecution},
		{http.MethodGet, "executions/{id}/tags", "executionTags:list", a.executionTags},
	}
}

// summary is an execution as n8n's lists have it.
func summary(x store.Execution) map[string]any {
	out := map[string]any{
		"id": strconv.FormatInt(x.ID, 10), "finished": x.Status == store.Success, "mode": x.Mode, "status": x.Status, "workflowId": x.WorkflowID,
		"retryOf": reference(x.RetryOf), "retrySuccessId": reference(x.RetrySuccess),
		"startedAt": stamp(x.StartedAt), "stoppedAt": stamp(x.StoppedAt), "waitTill": nil,
	}
	if x.Status == store.Waiting {
		out["waitTill"] = waitTill(x)
	}
	return out
}

// never is until when n8n lets an execution wait that waits for a call alone.
const never = "3000-01-01T00:00:00.000Z"

func waitTill(x store.Execution) any {
	if x.WaitTill.IsZero() {
		return never
	}
	return stamp(x.WaitTill)
}

// details are what n8n tells of one execution beside that.
func details(x store.Execution) map[string]any {
	out := summary(x)
	out["createdAt"], out["deletedAt"], out["workflowVersionId"] = stamp(x.CreatedAt), nil, x.VersionID
	return out
}

func reference(id int64) any {
	if id == 0 {
		return nil
	}
	return strconv.FormatInt(id, 10)
}

// addData adds what an execution's nodes gave, and the workflow as it was then.
func (a *API) addData(c *call, out map[string]any, x store.Execution) error {
	run, err := a.Engine.RunData(c.Context(), x)
	if err != nil {
		return fmt.Errorf("execution %d: %w", x.ID, err)
	}
	result := gjson.GetBytes(run, "data.resultData")
	custom := result.Get("metadata").Raw
	if custom == "" {
		custom = "{}"
	}
	data := map[string]any{
		"version": 1, "startData": struct{}{}, "resultData": json.RawMessage(result.Raw),
	}
	if x.Status == store.Waiting {
		data["waitTill"] = waitTill(x)
	}
	out["data"], out["customData"], out["workflowVersionId"] = data, json.RawMessage(custom), x.VersionID
	text, err := a.Store.WorkflowVersion(c.Context(), x.WorkflowID, x.VersionID)
	if err != nil {
		return err
	}
	file := gjson.Parse(text)
	flow := map[string]any{"id": x.WorkflowID, "name": file.Get("name").Str}
	for _, m := range members[:4] {
		raw := file.Get(m[0]).Raw
		if raw == "" {
			raw = m[1]
		}
		flow[m[0]] = json.RawMessage(raw)
	}
	out["workflowData"] = flow
	return nil
}

// statuses are those that an execution may be asked for by.
var statuses = []string{store.Canceled, store.Crashed, store.Error, store.New, store.Running, store.Success, "unknown", store.Waiting}

func (a *API) listExecutions(c *call) (answer, error) {
	q := c.URL.Query()
	p, err := page(q)
	if err != nil {
		return answer{}, err
	}
	status, err := choice(q, "status", statuses...)
	if err != nil {
		return answer{}, err
	}
	include, err := choice(q, "includeData", "true", "false")
	if err != nil {
		return answer{}, err
	}
	f := store.Filter{Before: p.lastID(), Limit: p.Limit + 1}
	if status != "" {
		f.Statuses = []string{status}
	}
	for _, name := range []string{"workflowId", "projectId"} {
		if err := single(q, name, "string"); err != nil {
			return answer{}, err
		}
	}
	if id := q.Get("workflowId"); id != "" {
		f.WorkflowIDs = []string{id}
	}
	if q.Get("projectId") != "" { // there are no projects
		return answer{body: list{Data: []any{}}}, nil
	}
	found, err := a.Store.Executions(c.Context(), f)
	if err != nil {
		return answer{}, err
	}
	var next *string
	if len(found) > p.Limit {
		found = found[:p.Limit]
		text := cursor{LastID: strconv.FormatInt(found[p.Limit-1].ID, 10), Limit: p.Limit}.text()
		next = &text
	}
	data := make([]map[string]any, len(found))
	for i, x := range found {
		data[i] = summary(x)
		if include == "true" {
			if err := a.addData(c, data[i], x); err != nil { // one that cannot be read must not hide the others
				a.Log.Error("the data of an execution cannot be read", "execution", x.ID, "error", err)
				data[i]["data"] = nil
			}
		}
	}
	return answer{body: list{data, next}}, nil
}

// id is the execution that a call names.
func (c *call) id() (int64, error) {
	id, err := strconv.ParseInt(c.ids[0], 10, 64)
	if errors.Is(err, strconv.ErrRange) && id > 0 {
		return 0, errNotFound
	}
	if err != nil || id < 1 {
		return 0, bad("request/params/executionId must be a positive integer")
	}
	return id, nil
}

func (a *API) execution(c *call) (store.Execution, error) {
	id, err := c.id()
	if err != nil {
		return store.Execution{}, err
	}
	return a.Store.Execution(c.Context(), id)
}

func (a *API) getExecution(c *call) (answer, error) {
	include, err := choice(c.URL.Query(), "includeData", "true", "false")
	if err != nil {
		return answer{}, err
	}
	x, err := a.execution(c)
	if err != nil {
		return answer{}, err
	}
	out := details(x)
	if include == "true" {
		err = a.addData(c, out, x)
	}
	return answer{body: out}, err
}

func (a *API) deleteExecution(c *call) (answer, error) {
	x, err := a.execution(c)
	if err != nil {
		return answer{}, err
	}
	out := details(x)
	out["id"] = x.ID // a number, as n8n has it here alone
	if x.Status == store.New || x.Status == store.Waiting {
		if err := a.Store.Cancel(c.Context(), x.ID); err != nil && !errors.Is(err, store.ErrLost) {
			return answer{}, err
		}
	}
	if now, err := a.Store.Execution(c.Context(), x.ID); err != nil {
		return answer{}, err
	} else if now.StoppedAt.IsZero() {
		return answer{}, refusal{status: http.StatusConflict, message: "The execution has not ended.", hint: "Stop it first."}
	}
	if x, err = a.Store.DeleteExecution(c.Context(), x.ID); err != nil {
		return answer{}, err
	}
	a.Engine.RemoveBinary(x)
	return answer{body: out}, nil
}

// The times that a retry is waited for, as n8n answers with what it came to.
const (
	retryWait = 30 * time.Second
	retryPoll = 20 * time.Millisecond
)

var retryShape = shape{open: true, fields: map[string]field{"loadWorkflow": of("boolean")}}

func (a *API) retryExecution(c *call) (answer, error) {
	id, err := c.id()
	if err != nil {
		return answer{}, err
	}
	if err := retryShape.check("request/body", c.body.value()); err != nil {
		return answer{}, err
	}
	x, err := a.Store.Execution(c.Context(), id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return answer{}, refusal{status: http.StatusNotFound, message: fmt.Sprintf("The execution with the ID \"%d\" does not exist.", id)}
	case err != nil:
		return answer{}, err
	case x.Status == store.Success:
		return answer{}, refusal{status: http.StatusConflict, message: "The execution succeeded, so it cannot be retried."}
	case x.StoppedAt.IsZero():
		return answer{}, refusal{status: http.StatusConflict, message: "The execution has not ended, so it cannot be retried."}
	}
	next, err := a.Engine.Retry(c.Context(), x, c.body.value().Get("loadWorkflow").Bool())
	if errors.Is(err, ErrNothingFailed) {
		return answer{}, refusal{status: http.StatusConflict, message: "No node of the execution failed, so it cannot be retried."}
	}
	if err == nil {
		x, err = a.awaitEnd(c, next)
	}
	if err != nil {
		return answer{}, err
	}
	out := map[string]any{
		"id": strconv.FormatInt(x.ID, 10), "mode": x.Mode, "startedAt": stamp(x.StartedAt), "workflowId": x.WorkflowID,
		"finished": x.Status == store.Success, "retryOf": reference(x.RetryOf), "status": x.Status,
	}
	if x.Status != store.New { // of which nobody has read the journal
		err = a.addData(c, out, x)
		delete(out, "workflowVersionId")
	}
	return answer{body: out}, err
}

// awaitEnd waits until an execution has ended or waits itself; not for ever. Another server may work on it: so it looks into the store.
func (a *API) awaitEnd(c *call, id int64) (store.Execution, error) {
	deadline := time.NewTimer(retryWait)
	defer deadline.Stop()
	look := time.NewTicker(retryPoll)
	defer look.Stop()
	for {
		x, err := a.Store.Execution(c.Context(), id)
		if err != nil || !x.StoppedAt.IsZero() || x.Status == store.Waiting {
			return x, err
		}
		select {
		case <-look.C:
		case <-deadline.C:
			return x, nil
		case <-c.Context().Done():
			return x, c.Context().Err()
		}
	}
}

func (a *API) stopExecution(c *call) (answer, error) {
	id, err := c.id()
	if err != nil {
		return answer{}, err
	}
	x, err := a.Store.Execution(c.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return answer{}, refusal{status: http.StatusNotFound, message: "Failed to find execution to stop"}
	}
	if err == nil && x.StoppedAt.IsZero() {
		err = a.Engine.Stop(c.Context(), id)
	} else if err == nil {
		err = ended(x)
	}
	if err == nil || errors.Is(err, store.ErrLost) {
		lost := err != nil
		if x, err = a.Store.Execution(c.Context(), id); err == nil && lost {
			err = ended(x)
		}
	}
	if err != nil {
		return answer{}, err
	}
	return answer{body: map[string]any{
		"mode": x.Mode, "startedAt": stamp(x.StartedAt), "stoppedAt": stamp(x.StoppedAt), "finished": false, "status": x.Status,
	}}, nil
}

// ended refuses to stop an execution.
func ended(x store.Execution) error {
	if x.StoppedAt.IsZero() {
		return refusal{status: http.StatusConflict, message: "Another server works on the execution.", hint: "Ask that one to stop it."}
	}
	return refusal{
		status: http.StatusConflict, message: fmt.Sprintf("Only running or waiting executions can be stopped and %d is currently %s", x.ID, x.Status),
	}
}

var stopShape = shape{open: true, required: []string{"status"}, fields: map[string]field{
	"status": of("array"), "workflowId": of("string"), "startedAfter": of("string"), "startedBefore": of("string"),
}}

// between reads the times between which executions must have begun that are to be stopped; without any, all are.
func between(v gjson.Result) (func(time.Time) bool, error) {
	bounds := map[string]time.Time{}
	for _, name := range []string{"startedAfter", "startedBefore"} {
		text := v.Get(name)
		if !text.Exists() {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, text.Str)
		if err != nil || !strings.HasSuffix(text.Str, "Z") {
			return nil, bad("request/body/" + name + " Invalid datetime")
		}
		bounds[name] = at
	}
	after, before := bounds["startedAfter"], bounds["startedBefore"]
	return func(began time.Time) bool {
		return len(bounds) == 0 || !began.IsZero() && !began.Before(after) && (before.IsZero() || !began.After(before))
	}, nil
}

// stopAtOnce is how many executions a call may stop.
const stopAtOnce = 1000

func (a *API) stopExecutions(c *call) (answer, error) {
	v := c.body.value()
	if err := stopShape.check("request/body", v); err != nil {
		return answer{}, err
	}
	f := store.Filter{Limit: stopAtOnce}
	for i, s := range v.Get("status").Array() {
		if err := oneOf("queued", store.Running, store.Waiting).check(fmt.Sprintf("request/body/status/%d", i), s); err != nil {
			return answer{}, err
		}
		f.Statuses = append(f.Statuses, strings.Replace(s.Str, "queued", store.New, 1))
	}
	if id := v.Get("workflowId").Str; id != "" && id != "all" {
		f.WorkflowIDs = []string{id}
	}
	if len(f.Statuses) == 0 {
		return answer{}, bad("request/body/status must include at least one status")
	}
	began, err := between(v)
	if err != nil {
		return answer{}, err
	}
	found, err := a.begun(c.Context(), f, began)
	stopped := 0
	for _, x := range found {
		if err == nil {
			if err = a.Engine.Stop(c.Context(), x.ID); err == nil {
				stopped++
			} else if errors.Is(err, store.ErrLost) { // it has ended, or is another server's
				err = nil
			}
		}
	}
	return answer{body: map[string]int{"stopped": stopped}}, err
}

// begun are the executions of a filter, as many as its limit, that began when they are to have begun.
func (a *API) begun(ctx context.Context, f store.Filter, began func(time.Time) bool) (list []store.Execution, err error) {
	for limit := f.Limit; ; {
		page, err := a.Store.Executions(ctx, f)
		for _, x := range page {
			if began(x.StartedAt) && len(list) < limit {
				list = append(list, x)
			}
		}
		if err != nil || len(list) == limit || len(page) < f.Limit {
			return list, err
		}
		f.Before = page[len(page)-1].ID
	}
}

// executionTags answers that there are none: executions are not tagged here.
func (a *API) executionTags(c *call) (answer, error) {
	_, err := a.execution(c)
	return answer{body: []any{}}, err
}
