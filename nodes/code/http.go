package code

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// maxRequestTime bounds a request that sets no timeout of its own, as in n8n.
const maxRequestTime = 300 * time.Second

// statusError is an answer that is no success. Code sees it as n8n gives it.
type statusError struct {
	code   int
	answer string // {statusCode, statusMessage, headers, body}
	text   string // the body
}

func (e *statusError) Error() string {
	return "Request failed with status code " + strconv.Itoa(e.code)
}

// ScriptMembers are the members of the error that code catches.
func (e *statusError) ScriptMembers() string {
	var response, o nodes.ObjectBuilder
	response.Set("status", nodes.NumberValue(float64(e.code)))
	response.Raw("headers", gjson.Get(e.answer, "headers").Raw)
	if text, err := nodes.Normalize(e.text); err == nil {
		response.Raw("data", text)
	} else {
		response.Set("data", nodes.StringValue(strings.ToValidUTF8(e.text, "\uFFFD")))
	}
	o.Set("message", nodes.StringValue(e.Error()))
	o.Set("httpCode", nodes.StringValue(strconv.Itoa(e.code)))
	o.Set("statusCode", nodes.NumberValue(float64(e.code)))
	o.Raw("response", response.String())
	return o.String()
}

// httpRequest is helpers.httpRequest with the options of n8n: url, method, baseURL, qs, headers, body, json, auth, timeout,
// encoding, returnFullResponse, ignoreHttpStatusErrors, disableFollowRedirect, skipSslCertificateValidation.
func (h *host) httpRequest(ctx context.Context, o gjson.Result) (string, error) {
	timeout := maxRequestTime
	if ms := o.Get("timeout").Float(); ms > 0 {
		timeout = time.Duration(min(ms, float64(maxRequestTime.Milliseconds()))) * time.Millisecond
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("timeout of %dms exceeded", timeout.Milliseconds()))
	defer cancel()
	req, err := newRequest(ctx, o)
	if err != nil {
		return "", err
	}
	client := *h.client(o.Get("skipSslCertificateValidation").Bool())
	if o.Get("disableFollowRedirect").Bool() {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	res, err := client.Do(req)
	if err != nil {
		return "", withoutAddress(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // it was read, or is given up
	body, err := nodes.ScriptBytes(res.Body)
	if err != nil {
		return "", withoutAddress(ctx, err)
	}
	answer := answerOf(res, body)
	if (res.StatusCode < 200 || res.StatusCode > 299) && !o.Get("ignoreHttpStatusErrors").Bool() {
		return "", &statusError{res.StatusCode, answer, string(body)}
	}
	return answer, nil
}

// withoutAddress drops the address from an error of a request: it may hold a secret.
func withoutAddress(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var e *url.Error
	if errors.As(err, &e) {
		return fmt.Errorf("the request failed: %w", e.Err)
	}
	return err
}

func newRequest(ctx context.Context, o gjson.Result) (*http.Request, error) {
	address, err := addressOf(o)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if text := o.Get("bytes"); text.Exists() {
		content, err := base64.StdEncoding.DecodeString(text.Str)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(content)
	} else if text := o.Get("body"); text.Type == gjson.String && text.Str != "" {
		body = strings.NewReader(text.Str)
	}
	method := strings.ToUpper(o.Get("method").String())
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, errors.New("the request has a wrong method or address")
	}
	req.Header.Set("Accept", "application/json, text/plain, */*")
	req.Header.Set("User-Agent", "cordboard")
	if kind := o.Get("type").Str; kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	o.Get("headers").ForEach(func(name, value gjson.Result) bool {
		if value.Type != gjson.Null {
			req.Header.Set(name.String(), value.String())
		}
		return true
	})
	if auth := o.Get("auth"); auth.IsObject() {
		req.SetBasicAuth(auth.Get("username").String(), auth.Get("password").String())
	}
	return req, nil
}

// addressOf joins baseURL, url and qs; a list in qs gives its name once for each element.
func addressOf(o gjson.Result) (string, error) {
	address := o.Get("url").String()
	if base := o.Get("baseURL").String(); base != "" && !strings.Contains(address, "://") {
		address = strings.TrimRight(base, "/") + "/" + strings.TrimLeft(address, "/")
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("Invalid URL: the request needs a url with http:// or https://") //nolint:staticcheck // n8n's words
	}
	query := url.Values{}
	o.Get("qs").ForEach(func(name, value gjson.Result) bool {
		switch {
		case value.IsArray():
			for _, v := range value.Array() {
				query.Add(name.String()+"[]", v.String())
			}
		case value.Type != gjson.Null:
			query.Add(name.String(), value.String())
		}
		return true
	})
	if len(query) > 0 {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+query.Encode(), "&")
	}
	return u.String(), nil
}

func answerOf(res *http.Response, body []byte) string {
	var headers, o nodes.ObjectBuilder
	for name, values := range res.Header {
		if name == "Set-Cookie" {
			list := make([]string, len(values))
			for i, v := range values {
				list[i] = nodes.StringValue(v).JSON()
			}
			headers.Raw("set-cookie", "["+strings.Join(list, ",")+"]")
			continue
		}
		headers.Set(strings.ToLower(name), nodes.StringValue(strings.Join(values, ", ")))
	}
	o.Raw("body", nodes.ScriptBase64(body))
	o.Raw("headers", headers.String())
	o.Set("statusCode", nodes.NumberValue(float64(res.StatusCode)))
	o.Set("statusMessage", nodes.StringValue(http.StatusText(res.StatusCode)))
	return o.String()
}

// client returns the call's client; it is made at the first request and its connections end with the call.
func (h *host) client(unchecked bool) *http.Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.clients == nil {
		h.clients = map[bool]*http.Client{}
	}
	c := h.clients[unchecked]
	if c == nil {
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true}
		if unchecked {
			transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the code asks for it by name
		}
		c = &http.Client{Transport: transport}
		h.clients[unchecked] = c
	}
	return c
}
