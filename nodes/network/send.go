package network

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// errTimeout is the cause that ends a request at the timeout of its options.
var errTimeout = errors.New("the request took longer than its timeout")

// work sends what the item asks for and makes items of the answers.
func (x *exchange) work(ctx context.Context) ([]nodes.Item, error) {
	if x.perform != nil {
		return x.perform(ctx)
	}
	if x.pages != nil {
		return x.fetchPages(ctx)
	}
	a, err := x.send(ctx, x.message, x.form.kind)
	if err != nil {
		return nil, err
	}
	if !a.ok() && !x.form.neverError {
		return nil, x.refused(a)
	}
	return x.items(a)
}

// tries works, and again after failures if retryOnFail says so: this item alone, so that no other is sent twice.
func (x *exchange) tries(ctx context.Context) ([]nodes.Item, error) {
	call := x.run.call
	for left := call.Retry.Tries - 1; ; left-- {
		items, err := x.work(ctx)
		if err == nil || call.Retry.Tries <= 1 {
			return items, err
		}
		if left <= 0 || ctx.Err() != nil || !x.repeatable(err) {
			return nil, &finalError{err}
		}
		call.Log.Warn("a request is repeated", "item", x.item, "tries left", left)
		if err := nodes.Pause(ctx, call.Retry.Wait); err != nil {
			return nil, err
		}
	}
}

// finalError keeps the engine from sending all items again.
type finalError struct{ error }

// Unwrap leads to the error, and to the one by which the engine knows it.
func (e *finalError) Unwrap() []error { return []error{e.error, nodes.ErrOutcomeUnknown} }

// repeatable reports whether a request may be sent again: where the server answered, where nothing reached it, or where twice
// does no more than once (RFC 9110, 9.2.2).
func (x *exchange) repeatable(err error) bool {
	method := x.sent
	if method == "" {
		method = x.message.method
	}
	if method != http.MethodPost && method != http.MethodPatch {
		return true
	}
	code := nodes.AsError(err).HTTPCode
	_, failed := strconv.Atoi(code)
	return failed == nil || code == "ECONNREFUSED" || code == "ENOTFOUND"
}

// send sends a request, follows redirects, and reads the answer as this kind of format.
func (x *exchange) send(ctx context.Context, m message, kind string) (*answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(x.timeout, func() { cancel(errTimeout) })
	defer timer.Stop()
	x.sent = m.method
	a, err := x.try(ctx, m, kind)
	if err == nil && a.status == http.StatusUnauthorized && x.auth.again != nil {
		var again bool
		if m, again, err = x.auth.again(ctx, m, a); err == nil && again {
			a, err = x.try(ctx, m, kind)
		}
	}
	if err != nil && errors.Is(context.Cause(ctx), errTimeout) {
		err = errTimeout
	}
	if err != nil {
		return nil, x.notSent(err)
	}
	return a, nil
}

// try sends a request once, and what redirects ask for.
func (x *exchange) try(ctx context.Context, m message, kind string) (*answer, error) {
	client, err := x.run.node.options.Executor.Client(x.connection)
	if err != nil {
		return nil, err
	}
	at, target, err := parseAddress(withQuery(m.url, m.query.encode(x.lists)))
	if err != nil || at.Hostname() == "" {
		return nil, nodes.Errorf("Invalid URL: %s", m.url)
	}
	h := &hop{exchange: x, client: client, method: m.method, at: at, target: target, header: m.header, body: m.body}
	for left := x.redirects; ; left-- {
		res, err := h.do(ctx)
		if err != nil {
			return nil, err
		}
		to := res.Header.Get("Location")
		isRedirect := slices.Contains([]int{301, 302, 303, 307, 308}, res.StatusCode) && to != ""
		if !isRedirect || x.redirects == 0 || x.onlyGet && h.method != http.MethodGet && h.method != http.MethodHead {
			a, err := x.read(ctx, res, kind)
			return a, errors.Join(err, res.Body.Close())
		}
		if err := res.Body.Close(); err != nil {
			return nil, err
		}
		if left <= 0 {
			e := nodes.Errorf("Maximum number of redirects exceeded")
			e.HTTPCode, e.Kind = "ERR_FR_TOO_MANY_REDIRECTS", nodes.APIError
			return nil, e
		}
		if err := h.follow(res.StatusCode, to); err != nil {
			return nil, err
		}
	}
}

// hop is a request on its way through redirects.
type hop struct {
	*exchange
	client *http.Client
	method string
	at     *url.URL
	target string // the path as it is sent, "" for that of at
	header fields
	body   body
}

func (h *hop) do(ctx context.Context) (*http.Response, error) {
	body, err := h.body.open(ctx, h.run.call.Binary)
	if err != nil {
		return nil, err
	}
	at := *h.at
	req := (&http.Request{Method: h.method, URL: &at, Host: h.at.Host, Header: make(http.Header, len(h.header)+2)}).WithContext(ctx)
	if body.reader != nil {
		req.Body, req.ContentLength = body.reader, body.length
		if body.length == 0 {
			req.Body = http.NoBody
		}
	}
	req.Header["User-Agent"] = []string{"cordboard"}
	req.Header["Accept-Encoding"] = []string{codings}
	if body.contentType != "" {
		req.Header["Content-Type"] = []string{body.contentType}
	}
	for _, f := range h.header {
		name, value := f.name, f.value.Str()
		switch canonical := http.CanonicalHeaderKey(name); canonical {
		case "Host":
			req.Host = value
			continue
		case "Content-Length", "Transfer-Encoding", "Connection":
			continue // these follow from the request
		case "User-Agent", "Content-Type", "Authorization", "Accept-Encoding", "Cookie":
			if canonical == "Content-Type" && h.body.kind == multipartBody {
				continue // or the boundary would be lost
			}
			name = canonical // net/http looks for it under this name
			if canonical == "Accept-Encoding" {
				value = acceptable(value)
			}
		}
		req.Header[name] = []string{value} // as written: some servers tell upper from lower case
	}
	if !h.proxied(req) { // a proxy wants the whole address
		at.Opaque = h.target
	}
	return h.client.Do(req)
}

// proxied reports whether a proxy sees the address: that of the options, or that of the environment, which sees none of https.
func (h *hop) proxied(req *http.Request) bool {
	if h.connection.Proxy != "" || h.at.Scheme == "https" {
		return h.connection.Proxy != ""
	}
	proxy, err := http.ProxyFromEnvironment(req)
	return proxy != nil || err != nil
}

// follow turns the request into the one that a redirect asks for (RFC 9110, 15.4): with 301 and 302 a POST becomes a GET,
// with 303 any. What is secret does not go to another server.
func (h *hop) follow(status int, to string) error {
	next, err := h.at.Parse(escapePercent(to))
	if err != nil || next.Hostname() == "" || next.Scheme != "http" && next.Scheme != "https" {
		return nodes.Errorf("the server redirects to what is no address")
	}
	h.header = slices.Clone(h.header)
	if status == 303 && h.method != http.MethodGet && h.method != http.MethodHead || h.method == http.MethodPost && (status == 301 || status == 302) {
		h.method, h.body = http.MethodGet, body{}
		h.drop("content-type")
	}
	if next.Host != h.at.Host || h.at.Scheme == "https" && next.Scheme == "http" {
		if h.body.holds(h.auth.secrets) {
			return nodes.Errorf("the server redirects to another server, %s, and the body has the credential in it, which is not for that server", next.Host)
		}
		h.drop("authorization", "cookie", "proxy-authorization")
		h.drop(h.auth.headers...)
	} else if next.User == nil {
		next.User = h.at.User
	}
	h.at, h.target = next, ""
	return nil
}

func (h *hop) drop(names ...string) {
	h.header = slices.DeleteFunc(h.header, func(f field) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, f.name) })
	})
}
