package request

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

const hintAddress = "Check the credential's base URL."

// apiError is the error of an answer: "Users: Get User: 404 Not Found: what the server says".
func apiError(op *descriptors.Operation, a *answer, message string) *nodes.Error {
	text := strings.TrimSpace(fmt.Sprintf("%s: %s: %d %s", op.Resource, op.Name, a.status, http.StatusText(a.status)))
	if message == "" && a.isText {
		message = a.body[:min(len(a.body), 200)]
	}
	if message = strings.TrimSpace(strings.ToValidUTF8(message, "\uFFFD")); message != "" {
		text += ": " + short(message)
	}
	e := nodes.Errorf("%s", text)
	e.Kind, e.HTTPCode = nodes.APIError, strconv.Itoa(a.status)
	return e
}

// short cuts what a server says to a length that people read.
func short(text string) string {
	const limit = 4000
	if len(text) <= limit {
		return text
	}
	cut := limit
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// gaveUp is the error of a request after its last try.
func (w *worker) gaveUp(req *Request, t trip, access nodes.Access, tries int) error {
	e := w.failure(req, t, access)
	if tries > 1 {
		e.Description = joinLines(e.Description, fmt.Sprintf("It was tried %d times.", tries))
	}
	return e
}

// failure makes the error of a request that failed for good and notes the item's outcome. No secret that was sent comes back
// in it.
func (w *worker) failure(req *Request, t trip, access nodes.Access) *nodes.Error {
	var e *nodes.Error
	if t.err != nil {
		e = w.networkError(t.err, access)
	} else {
		e = w.dialect.failure(w.op, t.answer)
		redirected(e, t.answer)
		if wait, ok := retryAfter(t.answer.header.Get("Retry-After"), w.x.now()); ok && wait > maxWait {
			e.Hint = fmt.Sprintf("The server asks for a pause of %s: run it again after that.", wait)
		}
	}
	w.noteOutcome(e, t)
	secrets := []string{access.Token}
	for _, s := range access.Secrets {
		secrets = append(secrets, s)
	}
	for _, text := range []*string{&e.Message, &e.Description, &e.Hint} {
		*text = nodes.Redact(nodes.Redact(*text, w.params.Raw, secrets...), req.Body)
	}
	return e
}

// noteOutcome tells apart what the server refused and what it may have done.
func (w *worker) noteOutcome(e *nodes.Error, t trip) {
	if !w.op.Writes {
		return
	}
	gateway := t.err == nil && (t.answer.status == http.StatusBadGateway || t.answer.status == http.StatusGatewayTimeout)
	switch {
	case gateway || t.err != nil && t.sent:
		w.job.outcome = unknown
		e.Description = joinLines(e.Description, "The request was sent and its outcome is unknown: it was not repeated. Check what the server did.")
	case t.err == nil:
		w.job.outcome = max(w.job.outcome, failed)
	default:
		e.Description = joinLines(e.Description, "Nothing was sent.")
	}
}

// redirected says where a redirect that was not followed leads to.
func redirected(e *nodes.Error, a *answer) {
	if a.status < 300 || a.status > 399 {
		return
	}
	u, err := url.Parse(a.header.Get("Location"))
	switch {
	case err != nil || a.header.Get("Location") == "":
	case u.Host == "":
		e.Message += ": the server redirects to " + u.Path
	default:
		e.Message += fmt.Sprintf(": the server redirects to %s://%s", u.Scheme, u.Host)
		e.Hint = "The token is sent to no other address. If that one is right, make it the credential's base URL."
		return
	}
	e.Hint = hintAddress
}

func (w *worker) networkError(err error, access nodes.Access) *nodes.Error {
	var known *nodes.Error
	if errors.As(err, &known) {
		e := *known
		return &e
	}
	what, hint := w.explainNetwork(err, access.BaseURL)
	e := nodes.Errorf("%s: %s", w.action(), what)
	e.Kind, e.Hint, e.Cause = nodes.APIError, hint, err
	return e
}

func (w *worker) explainNetwork(err error, host string) (what, hint string) {
	var (
		dns  *net.DNSError
		op   *net.OpError
		cert *tls.CertificateVerificationError
		wrap *url.Error
	)
	text := err.Error()
	if errors.As(err, &wrap) { // its text repeats the whole address
		text = wrap.Err.Error()
	}
	switch {
	case errors.Is(err, errTimeout):
		return fmt.Sprintf("%s gave no answer within %s (requestOptions.timeout)", host, w.options.timeout), ""
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy does not answer: " + op.Err.Error(), "Check requestOptions.proxy."
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("the host %q is not known", dns.Name), hintAddress
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing answers at " + host, "Check the credential's base URL and port, and that the server runs."
	case errors.As(err, &cert):
		return fmt.Sprintf("the certificate of %s cannot be verified: %s", host, cert.Err),
			"If it is your own server's, set requestOptions.allowUnauthorizedCerts."
	case isTimeout(err):
		return host + " gave no answer in time: " + text, ""
	case strings.Contains(text, "HTTP response to HTTPS client"):
		return host + " does not speak TLS", "If that is meant to be so, the credential's base URL begins with http://."
	case lostConnection(err):
		return "the connection to " + host + " was closed before the answer was complete", ""
	}
	return host + ": " + text, ""
}

// cancelled is the error of an item at which the run was cancelled.
func (w *worker) cancelled(req *Request, t trip) error {
	e := nodes.Errorf("%s: cancelled: %w", w.action(), context.Canceled)
	e.Message = w.action() + ": cancelled"
	if w.op.Writes && t.sent {
		w.job.outcome = unknown
		e.Description = req.Method + " was sent and its outcome is unknown."
	}
	return e
}
