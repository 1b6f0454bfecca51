package network

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/request"
)

// shownError is an error that stands in the item that failed as an object, as n8n has it there.
type shownError struct {
	err     *nodes.Error
	json    string
	details string // of version 4.5, beside the error; "" in others
}

// Error is error's.
func (e *shownError) Error() string { return e.err.Error() }

// Unwrap leads to the error.
func (e *shownError) Unwrap() error { return e.err }

// byStatus is what n8n says of a status.
var byStatus = map[int]string{
	400: "Bad request - please check your parameters",
	401: "Authorization failed - please check your credentials",
	402: "Payment required - perhaps check your payment details?",
	403: "Forbidden - perhaps check your credentials?",
	404: "The resource you are requesting could not be found",
	405: "Method not allowed - please check you are using the right HTTP method",
	429: "The service is receiving too many requests from you",
	500: "The service was not able to process your request",
	502: "Bad gateway - the service failed to handle your request",
	503: "Service unavailable - try again later or consider setting this node to retry automatically (in the node settings)",
	504: "Gateway timed out - perhaps try again later?",
}

// refused is the error of an answer that is none of success.
func (x *exchange) refused(a *answer) error {
	e := &nodes.Error{Item: -1, Kind: nodes.APIError, HTTPCode: strconv.Itoa(a.status)}
	quoted := string(nodes.AppendString(nil, a.text))
	if x.pages != nil {
		quoted = `"` + a.text + `"`
	} else if x.form.legacy && json.Valid([]byte(a.text)) && x.form.kind != "file" {
		quoted = strings.TrimSpace(a.text)
	}
	full := clip(fmt.Sprintf("%d - %s", a.status, quoted))
	e.Description = x.explanation(a, full)
	switch known := byStatus[a.status]; {
	case known != "":
		e.Message = known
	case a.status >= 400 && a.status < 500:
		e.Message = "Your request is invalid or could not be processed by the service"
	case a.status >= 500:
		e.Message = "The service failed to process your request"
	default:
		e.Message = full
		if e.Description == full {
			e.Description = ""
		}
	}
	var b nodes.ObjectBuilder
	if x.pages != nil {
		b.Set("name", nodes.StringValue("Error"))
		b.Set("message", nodes.StringValue(full))
		b.Set("statusCode", nodes.NumberValue(float64(a.status)))
		b.Set("error", nodes.StringValue(clip(a.text)))
		b.Set("isAxiosError", nodes.BoolValue(true))
		b.Raw("response", fmt.Sprintf(`{"headers":%s,"status":%d,"statusText":%s}`, headerJSON(a), a.status, nodes.AppendString(nil, a.reason)))
	} else {
		b.Set("message", nodes.StringValue(full))
		b.Set("name", nodes.StringValue("AxiosError"))
		code := "ERR_BAD_RESPONSE"
		if a.status >= 400 && a.status < 500 {
			code = "ERR_BAD_REQUEST"
		}
		b.Set("code", nodes.StringValue(code))
		b.Set("status", nodes.NumberValue(float64(a.status)))
	}
	body := string(nodes.AppendString(nil, clip(a.text)))
	if text := strings.TrimSpace(a.text); len(text) <= maxShown && gjson.Valid(text) {
		if text, err := nodes.Normalize(text); err == nil {
			body = text
		}
	}
	return &shownError{e, b.String(), x.details(e, body)}
}

// details is what version 4.5 tells of a failure in the item beside the error.
func (x *exchange) details(e *nodes.Error, body string) string {
	if x.run.call.Version < 4.5 || x.run.prepareItem != nil || x.pages != nil {
		return ""
	}
	var b nodes.ObjectBuilder
	b.Set("message", nodes.StringValue(e.Message))
	if e.Description != "" {
		b.Set("description", nodes.StringValue(e.Description))
	}
	b.Set("httpCode", nodes.StringValue(e.HTTPCode))
	b.Raw("body", body)
	b.Raw("context", fmt.Sprintf(`{"itemIndex":%d}`, x.item))
	return b.String()
}

// maxShown is how much of an answer an error tells.
const maxShown = 64 << 10

func clip(text string) string {
	if len(text) > maxShown {
		return strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}

// explanation is what the server says about a failure: the text that its JSON holds, else its plain text.
func (x *exchange) explanation(a *answer, full string) string {
	if x.form.legacy {
		return ""
	}
	text := strings.TrimSpace(a.text)
	if !gjson.Valid(text) || text == "" {
		if text == "" {
			return full
		}
		return clip(a.text)
	}
	said := gjson.Parse(text)
	found := textIn(said)
	if said.Type == gjson.String {
		found = said.Str
	}
	if found != "" {
		return clip(found)
	}
	return full
}

// explaining are the members in which servers tell what is wrong, in n8n's order.
var explaining = []string{
	"cause", "error", "message", "Message", "msg", "messages", "description", "reason", "detail", "details", "errors", "errorMessage", "errorMessages",
	"ErrorMessage", "error_message", "_error_message", "errorDescription", "error_description", "error_summary", "error_info", "title", "text", "field",
	"err", "type",
}

// textIn finds the first text under one of the explaining members.
func textIn(r gjson.Result) string {
	if r.IsArray() {
		var found []string
		for _, el := range r.Array() {
			text := textIn(el)
			if el.Type == gjson.String || el.Type == gjson.Number {
				text = el.String()
			}
			if text != "" {
				found = append(found, text)
			}
		}
		return strings.Join(found, " | ")
	}
	if !r.IsObject() {
		return ""
	}
	for _, key := range explaining {
		v := r.Get(gjson.Escape(key))
		text := textIn(v)
		if v.Type == gjson.String || v.Type == gjson.Number {
			text = v.String()
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// notSent is the error of a request that got no answer.
func (x *exchange) notSent(err error) error {
	var known *nodes.Error
	if errors.As(err, &known) {
		return known
	}
	code, message, short := x.networkFailure(err)
	if code == "" {
		e := nodes.Errorf("%s", message)
		e.Kind, e.Cause = nodes.APIError, err
		return e
	}
	e := &nodes.Error{Message: message, Item: -1, Kind: nodes.APIError, HTTPCode: code, Cause: err}
	if where, ok := strings.CutPrefix(short, "connect ECONNREFUSED "); ok {
		e.Hint = "Nothing answers at " + where + ": check the address, and that the server runs."
	}
	var b nodes.ObjectBuilder
	name := "Error"
	if code == "ECONNABORTED" {
		name = "AxiosError"
	}
	b.Set("message", nodes.StringValue(short))
	b.Set("name", nodes.StringValue(name))
	b.Set("code", nodes.StringValue(code))
	return &shownError{e, b.String(), x.details(e, "null")}
}

// networkFailure names a failure as n8n does: the code of its system, its words for it, and the system's.
func (x *exchange) networkFailure(err error) (code, message, short string) {
	var (
		dns  *net.DNSError
		op   *net.OpError
		cert *tls.CertificateVerificationError
	)
	errors.As(err, &op)
	switch {
	case errors.Is(err, errTimeout):
		return "ECONNABORTED", "The connection was aborted, perhaps the server is offline", fmt.Sprintf("timeout of %dms exceeded", x.timeout.Milliseconds())
	case errors.Is(err, request.ErrPrivateAddress):
		return "", "requests to private networks and to this machine are not allowed here", ""
	case op != nil && op.Op == "proxyconnect":
		return "", "the proxy does not answer: check options.proxy", ""
	case errors.As(err, &dns):
		return "ENOTFOUND", "The connection cannot be established, this usually occurs due to an incorrect host (domain) value", "getaddrinfo ENOTFOUND " + dns.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		short = "connect ECONNREFUSED"
		if op != nil && op.Addr != nil {
			short += " " + op.Addr.String()
		}
		return "ECONNREFUSED", "The service refused the connection - perhaps it is offline", short
	case errors.As(err, &cert):
		return "", "the certificate of the server cannot be verified: " + cert.Err.Error() + ". If it is your own server's, set \"Ignore SSL Issues\" (allowUnauthorizedCerts)", ""
	case lostConnection(err):
		return "ECONNRESET", "The connection to the server was closed unexpectedly, perhaps it is offline. You can retry the request immediately or wait and retry later.", "socket hang up"
	}
	return "", withoutAddress(err), ""
}

// redacted takes secrets out of an error.
func (x *exchange) redacted(err error) error {
	clean := func(text string) string { return nodes.Redact(text, "", x.auth.secrets...) }
	e := *nodes.AsError(err) // its cause leads to all that err is
	if e.Kind == nodes.APIError {
		e.Request = x.asked(clean)
	}
	e.Message, e.Description, e.Hint = clean(e.Message), clean(e.Description), clean(e.Hint)
	var shown *shownError
	if errors.As(err, &shown) {
		return &shownError{&e, clean(shown.json), clean(shown.details)}
	}
	return &e
}

// asked is the method and the address of the request, without what may be secret (clean takes known secrets out); "" where there is
// no address.
func (x *exchange) asked(clean func(string) string) string {
	u, _, err := parseAddress(x.message.url)
	if err != nil || u.Host == "" {
		return ""
	}
	shown := url.URL{Scheme: u.Scheme, Host: clean(u.Host), Path: clean(u.Path)} // before it is escaped: a secret has many escaped forms
	return cmp.Or(x.sent, x.message.method) + " " + strings.ReplaceAll(shown.String(), "%2A%2A%2A", "***")
}

// lostConnection reports whether a connection ended before its time.
func lostConnection(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// withoutAddress is what an error says without the address, which may hold a secret.
func withoutAddress(err error) string {
	var wrap *url.Error
	if errors.As(err, &wrap) {
		return wrap.Err.Error()
	}
	return err.Error()
}
