package pbxsim

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// exchange is a request on its way through the simulator.
type exchange struct {
	r          *http.Request
	body       []byte
	raw        string
	route      *route
	values     map[string]literal
	operation  string
	authorised bool
}

// ServeHTTP answers the token endpoint, both APIs and the admin endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{r: r, raw: rawPath(r)}
	if strings.HasPrefix(x.raw, adminPath) && !s.options.NoAdmin {
		s.admin(w, r)
		return
	}
	if err := s.prepare(); err != nil {
		internal(err).reply().write(w, false)
		return
	}
	var err error
	if x.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		s.log(x, http.StatusRequestEntityTooLarge)
		fail(http.StatusRequestEntityTooLarge, codeBadBody, "the body cannot be read: %v", err).reply().write(w, false)
		return
	}
	resolve := s.resolve(x)
	drop := s.faults.drop(r.Method, x.operation)
	if drop == "before" {
		s.hangUp(x)
	}
	if !s.delay(r) {
		s.hangUp(x)
	}
	answer := s.answer(x, resolve)
	if x.operation == socketOperation && answer == nil {
		s.log(x, http.StatusSwitchingProtocols)
		s.listen(w, r)
		return
	}
	if drop == "after" {
		s.hangUp(x)
	}
	// Logged before it is written: whoever has the answer finds the request in the log.
	if drop == "body" {
		s.log(x, 0)
		answer.write(w, true)
		panic(http.ErrAbortHandler)
	}
	s.log(x, answer.status)
	answer.write(w, false)
}

// hangUp closes the connection without an answer.
func (s *Server) hangUp(x *exchange) {
	s.log(x, 0)
	panic(http.ErrAbortHandler)
}

// resolve finds out what is asked for, so that faults can be aimed at it.
func (s *Server) resolve(x *exchange) *apiError {
	if x.raw == tokenPath {
		x.operation = tokenOperation
		return nil
	}
	if x.raw == callControlPath+"/ws" {
		x.operation = socketOperation
		return nil
	}
	if x.raw == callControlPath || strings.HasPrefix(x.raw, callControlPath+"/") {
		x.operation = callControlOperation
		return nil
	}
	path, ok := strings.CutPrefix(x.raw, apiPath)
	if !ok || path != "" && path[0] != '/' {
		return fail(http.StatusNotFound, codeNotFound, "there is nothing at %s: the API is at %s, tokens at %s", x.raw, apiPath, tokenPath)
	}
	segs, err := parsePath(path)
	if err != nil {
		return fail(http.StatusBadRequest, codeBadPath, "%v", err)
	}
	var failed *apiError
	if x.route, x.values, failed = s.catalogue.routes.match(x.r.Method, segs); failed != nil {
		return failed
	}
	x.operation = x.route.summary.ID
	return nil
}

// delay waits as long as the faults say; it is false if the caller or the server went away meanwhile.
func (s *Server) delay(r *http.Request) bool {
	slow := time.Duration(s.faults.get().Slow)
	if slow <= 0 {
		return true
	}
	timer := time.NewTimer(slow)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.closing:
	}
	return false
}

// answer does what is asked, or says why not; nil is for a socket that may be opened.
func (s *Server) answer(x *exchange, resolve *apiError) *reply {
	if x.operation == tokenOperation {
		if failed := s.faults.status(x.r.Method, x.operation); failed != nil {
			return failed.reply()
		}
		return s.tokens.grant(x.r, x.body)
	}
	if resolve == nil || strings.HasPrefix(x.raw, apiPath) {
		if _, failed := s.tokens.check(x.r.Header.Get("Authorization"), s.faults.get().UnauthorizedAfter); failed != nil {
			return failed.reply()
		}
		x.authorised = true
	}
	if failed := s.faults.status(x.r.Method, x.operation); failed != nil {
		return failed.reply()
	}
	switch {
	case resolve != nil:
		return resolve.reply()
	case x.operation == socketOperation && !s.options.NoCallControl:
		return nil // the connection becomes a WebSocket
	case x.operation == socketOperation, x.operation == callControlOperation:
		return s.callControl(x)
	}
	answer, failed := s.operate(x)
	if failed != nil {
		return failed.reply()
	}
	return answer
}

// operate checks the request against its operation and carries it out.
func (s *Server) operate(x *exchange) (*reply, *apiError) {
	op, err := x.route.page()
	if err != nil {
		return nil, internal(err)
	}
	if failed := op.checkPath(x.values); failed != nil {
		return nil, failed
	}
	c := &call{r: x.r, op: op, route: x.route, values: x.values, faults: s.faults.get(), base: baseURL(x.r)}
	var failed *apiError
	if c.query, failed = parseQuery(x.r.URL.RawQuery, func(name string) bool { return op.query[name] }); failed != nil {
		return nil, failed
	}
	if c.body, failed = op.readBody(x.r, x.body); failed != nil {
		return nil, failed
	}
	return s.perform(c)
}

func (s *Server) log(x *exchange, status int) {
	entry := Request{
		Method: x.r.Method, Path: x.r.URL.Path, RawPath: x.raw, Query: x.r.URL.RawQuery, Operation: x.operation,
		ContentType: x.r.Header.Get("Content-Type"), Accept: x.r.Header.Get("Accept"), IfMatch: x.r.Header.Get("If-Match"),
		Body: string(x.body), Status: status, Authorised: x.authorised,
	}
	if x.operation == tokenOperation {
		entry.Body = blotted(entry.Body)
	}
	s.journal.add(entry)
}

// blotted replaces the secret of a form body.
func blotted(form string) string {
	parts := strings.Split(form, "&")
	for i, part := range parts {
		if name, _, _ := strings.Cut(part, "="); name == "client_secret" {
			parts[i] = fmt.Sprintf("%s=***", name)
		}
	}
	return strings.Join(parts, "&")
}
