// Package api answers n8n's public REST API (/api/v1) over a store.
//
// It owns addresses, keys and scopes, the checks of what is sent, and the shapes of answers. It does not own what workflows and
// executions do: an Engine does (package server).
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/cordboard/cordboard/store"
)

// Prefix is where the API is.
const Prefix = "/api/v1/"

// maxBody bounds what is sent: n8n's default payload limit.
const maxBody = 16 << 20

// Engine is what the API needs of a server.
type Engine interface {
	// Activate serves the triggers of a workflow from now on, in place of an earlier version of it, which goes on being
	// served after an error; ErrTaken and ErrNoTrigger are two of its errors, an UnknownNode another.
	Activate(ctx context.Context, w store.Workflow) error
	// Deactivate ends that. Executions go on.
	Deactivate(id string)
	// RunData is the run object of an execution: n8n's {"status", …, "data": {"resultData": …}}.
	RunData(ctx context.Context, x store.Execution) ([]byte, error)
	// Retry begins an execution that repeats one which failed, and returns its id. ErrNothingFailed.
	Retry(ctx context.Context, x store.Execution, latest bool) (id int64, err error)
	// Stop ends an execution that has not ended. store.ErrLost says that it has, or that another server works on it.
	Stop(ctx context.Context, id int64) error
	// RemoveBinary removes the binary data of an execution that is gone.
	RemoveBinary(x store.Execution)
}

// The errors of an Engine that have answers of their own.
var (
	ErrTaken         = errors.New("an address of a webhook is taken")
	ErrNoTrigger     = errors.New("the workflow has no trigger that waits for events")
	ErrNothingFailed = errors.New("no step of the execution failed")
)

// UnknownNode is the error of a workflow with a node of a type that there is not.
type UnknownNode struct{ Type string }

func (e UnknownNode) Error() string { return "Unrecognized node type: " + e.Type }

// Options say what an API works with.
type Options struct {
	Store  *store.Store
	Engine Engine
	// Log takes what went wrong inside: callers are not told. nil means that nothing is logged.
	Log *slog.Logger
	// Events answers GET /api/v1/events, after key and scope were checked; nil for none.
	Events http.Handler
	// Changing is held while a workflow is changed: what is served and what is kept must not differ. nil means one of the API's own.
	Changing *sync.Mutex
}

// API is the handler. It is made by New.
type API struct {
	Options
	routes []route
}

var _ http.Handler = (*API)(nil)

// New returns the API's handler.
func New(o Options) *API {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Changing == nil {
		o.Changing = &sync.Mutex{}
	}
	a := &API{Options: o}
	a.routes = slices.Concat(a.workflowRoutes(), a.executionRoutes(), a.credentialRoutes(), a.tagRoutes(), a.otherRoutes())
	if o.Events != nil {
		a.routes = append(a.routes, route{http.MethodGet, "events", "execution:read", nil})
	}
	return a
}

// route is an address with what it needs. "{id}" in its path stands for any segment.
type route struct {
	method, path, scope string
	answer              func(*call) (answer, error)
}

// call is a request to a route.
type call struct {
	*http.Request
	ids  []string // the segments that {id} stands for
	body object
}

// answer is a status, 200 if it is 0, with a body of JSON.
type answer struct {
	status int
	body   any
}

// refusal is an answer that says no.
type refusal struct {
	status  int
	message string
	// hint is ours: what n8n's message does not say.
	hint string
}

func (r refusal) Error() string { return r.message }

var errNotFound = refusal{status: http.StatusNotFound, message: "Not Found"}

func bad(message string) error { return refusal{status: http.StatusBadRequest, message: message} }

// ServeHTTP is http.Handler's.
func (a *API) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r, ids, allowed := a.find(req)
	if r == nil && !allowed {
		refuse(w, refusal{status: http.StatusNotFound, message: "not found"})
		return
	}
	if r == nil {
		refuse(w, refusal{status: http.StatusMethodNotAllowed, message: req.Method + " method not allowed"})
		return
	}
	if err := a.admit(req, r.scope); err != nil {
		a.fail(w, req, err)
		return
	}
	if r.answer == nil {
		a.Events.ServeHTTP(w, req)
		return
	}
	if _, err := url.ParseQuery(req.URL.RawQuery); err != nil { // what cannot be read would count as not there
		refuse(w, refusal{status: http.StatusBadRequest, message: "request/query is not percent-encoded as it should be"})
		return
	}
	c := &call{Request: req, ids: ids}
	if err := c.read(w); err != nil {
		a.fail(w, req, err)
		return
	}
	out, err := r.answer(c)
	if err != nil {
		a.fail(w, req, err)
		return
	}
	if out.status == 0 {
		out.status = http.StatusOK
	}
	write(w, out.status, out.body)
}

// find returns the route of a request, with what stands for {id}. known says that there is one with another method.
func (a *API) find(req *http.Request) (found *route, ids []string, known bool) {
	path := strings.TrimSuffix(strings.TrimPrefix(req.URL.Path, Prefix), "/")
	segments := strings.Split(path, "/")
	for i := range a.routes {
		r := &a.routes[i]
		got, ok := fits(strings.Split(r.path, "/"), segments)
		if ok && r.method == req.Method {
			return r, got, true
		}
		known = known || ok
	}
	return nil, nil, known
}

func fits(pattern, segments []string) (ids []string, ok bool) {
	if len(pattern) != len(segments) {
		return nil, false
	}
	for i, p := range pattern {
		switch {
		case p == "{id}" && segments[i] != "":
			ids = append(ids, segments[i])
		case p != segments[i]:
			return nil, false
		}
	}
	return ids, true
}

// admit checks the key and its scope.
func (a *API) admit(req *http.Request, scope string) error {
	text := req.Header.Get("X-N8N-API-KEY")
	if text == "" {
		return refusal{status: http.StatusUnauthorized, message: "Unauthorized"}
	}
	key, err := a.Store.APIKey(req.Context(), text)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refusal{status: http.StatusUnauthorized, message: "Unauthorized"}
	case err != nil:
		return err
	case scope != "" && !key.May(scope):
		return refusal{status: http.StatusForbidden, message: "Forbidden"}
	}
	return nil
}

// read takes the body in: an object, or whatever JSON there is; none is an empty object.
func (c *call) read(w http.ResponseWriter) error {
	if c.Method == http.MethodGet || c.Method == http.MethodDelete {
		return nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, c.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refusal{status: http.StatusRequestEntityTooLarge, message: "request entity too large"}
	case err != nil:
		return bad("the request's body could not be read")
	case len(text) == 0:
		c.body = object{"{}"}
		return nil
	}
	kind, _, _ := strings.Cut(c.Header.Get("Content-Type"), ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); kind != "application/json" {
		return refusal{status: http.StatusUnsupportedMediaType, message: "unsupported media type " + kind}
	}
	if !json.Valid(text) {
		return bad("request/body must be JSON")
	}
	c.body = object{string(text)}
	return nil
}

// fail answers an error. What is none of ours to tell is logged, and the caller learns nothing of it.
func (a *API) fail(w http.ResponseWriter, req *http.Request, err error) {
	var r refusal
	switch {
	case errors.As(err, &r):
		refuse(w, r)
	case errors.Is(err, store.ErrNotFound):
		refuse(w, errNotFound)
	case req.Context().Err() != nil: // the caller is gone
	default:
		a.Log.Error("a request to the API failed", "method", req.Method, "path", req.URL.Path, "error", err)
		refuse(w, refusal{status: http.StatusInternalServerError, message: "Internal server error"})
	}
}

func refuse(w http.ResponseWriter, r refusal) {
	body := map[string]string{"message": r.message}
	if r.hint != "" {
		body["hint"] = r.hint
	}
	write(w, r.status, body)
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the caller may be gone
}

// Scopes are what a key may be allowed, in n8n's words; "*" is all of it.
func Scopes() []string {
	var list []string
	for _, r := range New(Options{}).routes {
		if r.scope != "" {
			list = append(list, r.scope)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// IsScope reports whether there is such a scope.
func IsScope(scope string) bool { return scope == "*" || slices.Contains(Scopes(), scope) }
