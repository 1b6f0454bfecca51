package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/store"
)

// WebhookOptions are the bounds of the calls that webhooks take; what is zero is n8n's.
type WebhookOptions struct {
	// MaxBody bounds a body that is read as JSON, text, XML or fields (N8N_PAYLOAD_SIZE_MAX), MaxFile a file that is streamed to
	// the disk (N8N_FORMDATA_FILE_SIZE_MAX). In bytes; 16 and 200 MiB.
	MaxBody, MaxFile int64
	// ProxyHops is how many proxies stand before the server (N8N_PROXY_HOPS): the caller's address is then the one that the
	// outermost of them put into X-Forwarded-For. 0 heeds no such header.
	ProxyHops int
	// IdempotencyKeys makes calls of a webhook with the same header Idempotency-Key start one run.
	IdempotencyKeys bool
	// BodyTimeout is how long a body may take to arrive, StallTimeout how long a caller may take no byte of the answer. 5 minutes
	// and 30 seconds.
	BodyTimeout, StallTimeout time.Duration
}

func (o WebhookOptions) withDefaults() WebhookOptions {
	set := func(v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
	}
	set(&o.MaxBody, maxBody)
	set(&o.MaxFile, 200<<20)
	set((*int64)(&o.BodyTimeout), int64(5*time.Minute))
	set((*int64)(&o.StallTimeout), int64(30*time.Second))
	return o
}

// SetWebhooks sets the bounds. It is called before Serve.
func (s *Server) SetWebhooks(o WebhookOptions) { s.routes.options = o }

// serveWebhook answers a request by the workflow that has a webhook at this path.
func (s *Server) serveWebhook(w http.ResponseWriter, req *http.Request, path string) {
	method := req.Method
	if method == http.MethodOptions {
		method = req.Header.Get("Access-Control-Request-Method")
	}
	found, params, known := s.routes.find(method, path)
	allowCallers(w.Header(), req, found, known)
	switch {
	case req.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case found != nil:
		s.answer(w, req, found.src, params)
	case !slices.Contains(methods, req.Method):
		writeMessage(w, http.StatusInternalServerError, 0, "The method "+req.Method+" is not supported.")
	case len(known) > 0:
		writeError(w, http.StatusNotFound, "This webhook is not registered for "+req.Method+" requests. Did you mean to make a "+
			orList(known)+" request?", "")
	default:
		writeError(w, http.StatusNotFound, "The requested webhook "+strconv.Quote(req.Method+" "+strings.TrimSuffix(path, "/"))+" is not registered.",
			"No workflow that is served here has a Webhook node with this path.")
	}
}

var methods = []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut}

// orList writes "A, B or C".
func orList(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// allowCallers tells a browser whether a page may read the answer (CORS), and before it asks, whether it may.
func allowCallers(h http.Header, req *http.Request, found *route, known []string) {
	origin := req.Header.Get("Origin")
	if origin == "" {
		return
	}
	if found != nil {
		if len(found.origins) > 0 && !slices.Contains(found.origins, origin) {
			origin = found.origins[0] // which the browser refuses
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	}
	h.Set("Access-Control-Allow-Methods", strings.Join(append([]string{"OPTIONS"}, known...), ", "))
	if req.Method != http.MethodOptions {
		return
	}
	h.Set("Access-Control-Max-Age", "300")
	if names := req.Header.Get("Access-Control-Request-Headers"); names != "" {
		h.Set("Access-Control-Allow-Headers", names)
	}
}

// answer lets the node take the request in, starts the run and answers: at once, by a node of the run, or by what it came to.
func (s *Server) answer(w http.ResponseWriter, req *http.Request, src source, params map[string]string) {
	hook := src.trigger.Node.(nodes.Webhook)
	o := s.routes.options.withDefaults()
	out := &answerer{w: w, control: http.NewResponseController(w), stall: o.StallTimeout}
	bound := func() { _ = out.control.SetReadDeadline(time.Now().Add(o.BodyTimeout)) } // a recorder of tests has none
	bound()
	defer bound() // the server reads the rest of a body that nobody wanted
	req.RemoteAddr = callerAddress(req, o.ProxyHops)
	req.Body = &nodes.Body{ReadCloser: req.Body, Parsed: o.MaxBody, File: o.MaxFile}
	data := s.newCallData()
	defer data.release()
	call := src.flow.TriggerCall(req.Context(), src.trigger)
	call.Binary = data.store
	got, err := hook.Receive(req.Context(), call, req, params)
	_ = out.control.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		s.refuse(w, src, err)
		return
	case got.Reject != nil:
		out.send(call, *got.Reject)
		return
	}
	hooks := callHooks{output: got.Output, data: data, awaited: got.Wait}
	if got.Stream {
		hooks.lines, hooks.gone = make(chan []byte), make(chan struct{})
		defer close(hooks.gone)
	}
	if o.IdempotencyKeys {
		hooks.key = req.Header.Get("Idempotency-Key")
	}
	started, err := s.startCall(src, got.Items, hooks)
	switch {
	case errors.Is(err, store.ErrDuplicate) && !got.Wait:
		out.send(call, got.Answer)
		return
	case errors.Is(err, store.ErrDuplicate):
		writeError(w, http.StatusConflict, "A call with this Idempotency-Key was taken before.", "")
		return
	case err != nil: // the server stops, or the execution could not be kept: nothing was begun
		s.log.Warn("a call was not taken", "node", call.Name, "error", err)
		unavailable(w, err)
		return
	case !got.Wait:
		out.send(call, got.Answer)
		return
	}
	out.head(got.Answer.Header)
	if got.Stream {
		out.stream(req.Context(), hooks.lines, started.Result)
		return
	}
	s.await(w, req, hook, call, started.Result)
}

// await answers with what a node says, or what the run comes to. A caller who is gone is not waited for.
func (s *Server) await(w http.ResponseWriter, req *http.Request, hook nodes.Webhook, call *nodes.Call, ended <-chan nodes.Result) {
	select {
	case result := <-ended:
		if errors.Is(result.Err, errStopping) {
			unavailable(w, result.Err)
			return
		}
		s.respond(w, hook, call, result)
	case <-req.Context().Done():
	}
}

// callerAddress is where a call comes from: behind proxies what they say.
func callerAddress(req *http.Request, hops int) string {
	list := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	if hops < 1 || len(list) < hops {
		return req.RemoteAddr
	}
	if address := strings.TrimSpace(list[len(list)-hops]); address != "" {
		return address
	}
	return req.RemoteAddr
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
	out := &answerer{w: w, control: http.NewResponseController(w), stall: s.routes.options.withDefaults().StallTimeout}
	if result.Reply != nil {
		out.send(call, *result.Reply)
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
	out.send(call, r)
}

// write sends an answer without binary data.
func write(w http.ResponseWriter, r nodes.Response) {
	out := &answerer{w: w, control: http.NewResponseController(w), stall: WebhookOptions{}.withDefaults().StallTimeout}
	out.send(&nodes.Call{}, r)
}

// writeError answers as n8n does: {"code","message","hint"?}.
func writeError(w http.ResponseWriter, status int, message, hint string) {
	body := map[string]any{"code": status, "message": message}
	if hint != "" {
		body["hint"] = hint
	}
	writeJSON(w, status, body)
}

// writeMessage answers {"code", "message"} where the code is not the status.
func writeMessage(w http.ResponseWriter, status, code int, message string) {
	writeJSON(w, status, map[string]any{"code": code, "message": message})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}
