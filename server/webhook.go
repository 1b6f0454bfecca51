package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// serveWebhook answers a request by the workflow that has a webhook at this path.
func (s *Server) serveWebhook(w http.ResponseWriter, req *http.Request, path string) {
	src, params, known := s.routes.find(req.Method, path)
	switch {
	case src != nil:
		s.answer(w, req, *src, params)
	case len(known) > 0:
		writeError(w, http.StatusNotFound, fmt.Sprintf("This webhook is not registered for %s requests. Did you mean to make a %s request?",
			req.Method, strings.Join(known, " or ")), "")
	default:
		writeError(w, http.StatusNotFound, fmt.Sprintf("The requested webhook %q is not registered.", req.Method+" "+path),
			"No workflow that is served here has a Webhook node with this path.")
	}
}

func (s *Server) answer(w http.ResponseWriter, req *http.Request, src source, params map[string]string) {
	hook := src.trigger.Node.(nodes.Webhook)
	req.Body = http.MaxBytesReader(w, req.Body, maxBody)
	call := src.flow.TriggerCall(req.Context(), src.trigger)
	got, err := hook.Receive(req.Context(), call, req, params)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeError(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("The body is larger than %d bytes.", tooLarge.Limit), "")
		return
	case err != nil:
		s.refuse(w, src, err)
		return
	case got.Reject != nil:
		write(w, *got.Reject)
		return
	}
	started, err := s.start(src, got.Items, "webhook")
	if err != nil { // only where the server stops
		writeError(w, http.StatusServiceUnavailable, err.Error(), "")
		return
	}
	if !got.Wait {
		write(w, got.Answer)
		return
	}
	select {
	case result := <-started.Result:
		s.respond(w, hook, call, result)
	case <-req.Context().Done():
	}
}

// refuse answers where a node could not take a request in. What the caller did wrong is a *nodes.Error with a status of the
// 400s, and its message goes out. Anything else is ours, such as a missing credential: it is for the log, as anybody may call.
func (s *Server) refuse(w http.ResponseWriter, src source, err error) {
	e, ok := err.(*nodes.Error)         //nolint:errorlint // one deeper inside was not made for the caller
	if ok && e.Kind != nodes.APIError { // that of another server, whose status is not ours
		if status, err := strconv.Atoi(e.HTTPCode); err == nil && status >= 400 && status < 500 {
			writeError(w, status, e.Message, e.Hint)
			return
		}
	}
	s.log.Error("a request could not be taken in", "file", src.flow.Workflow.File, "node", src.trigger.Name, "error", err)
	writeError(w, http.StatusInternalServerError, "Error in workflow", "")
}

// responder is the part of a nodes.Webhook or nodes.Resumable that makes answers.
type responder interface {
	Respond(call *nodes.Call, result nodes.Result) (nodes.Response, error)
}

func (s *Server) respond(w http.ResponseWriter, hook responder, call *nodes.Call, result nodes.Result) {
	if result.Reply != nil {
		write(w, *result.Reply)
		return
	}
	if result.Err != nil { // what went wrong is for the log, not for the caller
		writeError(w, http.StatusInternalServerError, "Error in workflow", "")
		return
	}
	r, err := hook.Respond(call, result)
	if err != nil {
		s.log.Error("the answer could not be made", "node", call.Name, "error", err)
		writeError(w, http.StatusInternalServerError, "Error in workflow", "")
		return
	}
	write(w, r)
}

func write(w http.ResponseWriter, r nodes.Response) {
	for name, values := range r.Header {
		for _, v := range values {
			w.Header().Add(name, v)
		}
	}
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // the caller may be gone
}

// writeError answers as n8n does: {"code","message","hint"?}.
func writeError(w http.ResponseWriter, status int, message, hint string) {
	body := map[string]any{"code": status, "message": message}
	if hint != "" {
		body["hint"] = hint
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}
