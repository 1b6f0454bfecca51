package request

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// apiError is the error of an answer: "Users: Get User: 404 Not Found: what the server says".
func apiError(op *descriptors.Operation, a *answer, message string) *nodes.Error {
	text := fmt.Sprintf("%s: %s: %d %s", op.Resource, op.Name, a.status, http.StatusText(a.status))
	if message == "" && a.isText {
		message = strings.TrimSpace(string(a.body[:min(len(a.body), 200)]))
	}
	if message != "" {
		text += ": " + message
	}
	e := nodes.Errorf("%s", text)
	e.Kind, e.HTTPCode = nodes.APIError, strconv.Itoa(a.status)
	return e
}

// failure makes the error of a request that failed for good. No secret that was sent comes back in it.
func (w *worker) failure(req *Request, a *answer, err error, access nodes.Access) error {
	var e *nodes.Error
	if err != nil {
		e = w.networkError(req, err, access)
	} else {
		e = w.dialect.failure(w.op, a)
	}
	e.Message = nodes.Redact(e.Message, req.Body, access.Token)
	e.Description = nodes.Redact(e.Description, req.Body, access.Token)
	return e
}

func (w *worker) networkError(req *Request, err error, access nodes.Access) *nodes.Error {
	var (
		known *nodes.Error
		dns   *net.DNSError
		op    *net.OpError
		wrap  *url.Error
	)
	if errors.As(err, &known) {
		return known
	}
	text := err.Error()
	if errors.As(err, &wrap) { // its text repeats the whole address
		text = wrap.Err.Error()
	}
	host := access.BaseURL
	e := nodes.Errorf("%s: %s: %s: %s", w.op.Resource, w.op.Name, host, text)
	e.Kind, e.Cause = nodes.APIError, err
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.Message = fmt.Sprintf("%s: %s: %s: no answer within the timeout", w.op.Resource, w.op.Name, host)
	case errors.As(err, &dns):
		e.Message = fmt.Sprintf("%s: %s: the host %q is not known", w.op.Resource, w.op.Name, dns.Name)
		e.Hint = "Check the credential's base URL."
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Message = fmt.Sprintf("%s: %s: nothing answers at %s", w.op.Resource, w.op.Name, host)
		e.Hint = "Check the credential's base URL and port, and that the server runs."
	case strings.Contains(text, "certificate"):
		e.Hint = "If the server's certificate is your own, set requestOptions.allowUnauthorizedCerts."
	}
	if w.op.Writes && !(errors.As(err, &op) && op.Op == "dial") && !errors.As(err, &dns) {
		e.Description = "The request was sent and its outcome is unknown: it was not repeated. Check what the server did."
	}
	return e
}

// unknownOutcome is the error of a request that was under way when the run was cancelled.
func (w *worker) unknownOutcome(req *Request, err error) error {
	e := nodes.Errorf("%s: %s: cancelled: %w", w.op.Resource, w.op.Name, err)
	e.Message = fmt.Sprintf("%s: %s: cancelled", w.op.Resource, w.op.Name)
	if w.op.Writes && w.job.sent {
		e.Description = fmt.Sprintf("%s was sent and its outcome is unknown.", req.Method)
	}
	return e
}
