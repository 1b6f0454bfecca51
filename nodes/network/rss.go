package network

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/request"
)

// rssFeedRead reads a feed for each item, in version 1 for the first alone, and makes an item of each entry.
type rssFeedRead struct{ options Options }

var _ nodes.Outward = rssFeedRead{}

// Writes is nodes.Outward's: it reads.
func (rssFeedRead) Writes(float64, *nodes.Template) bool { return false }

// Execute is nodes.Node's.
func (n rssFeedRead) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Version < 1.1 {
		return n.first(ctx, call)
	}
	for i := range call.Input(0).Len() {
		entries, err := n.read(ctx, call, i)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, e := range entries {
			call.EmitFrom(0, i, nodes.NewItem(e.json()))
		}
		if err == nil {
			continue
		}
		if err := call.Fail(i, err); err != nil {
			return err
		}
	}
	return nil
}

// first reads the feed of the first item alone: what comes of it is of all items.
func (n rssFeedRead) first(ctx context.Context, call *nodes.Call) error {
	parents := make([]nodes.Parent, call.Input(0).Len())
	for i := range parents {
		parents[i] = nodes.From(i, 0)
	}
	entries, err := n.read(ctx, call, 0)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, e := range entries {
		call.Emit(0, nodes.NewItem(e.json()).WithParents(parents...))
	}
	if err == nil || call.OnError == nodes.StopWorkflow || call.OnError == "" {
		return err
	}
	var b nodes.ObjectBuilder
	e := nodes.AsError(err).At(0)
	b.Set("error", nodes.StringValue(e.Message))
	call.Emit(0, nodes.NewItem(b.String()).WithParents(parents...).WithError(e))
	return nil
}

// read reads the feed of an item.
func (n rssFeedRead) read(ctx context.Context, call *nodes.Call, i int) ([]fields, error) {
	in := &reader{call: call, item: i}
	address := in.text(call.Param("url"), "")
	insecure := in.yes(call.Param("options").Get("ignoreSSL"), false)
	var custom []string
	for name := range strings.SplitSeq(in.text(call.Param("options").Get("customFields"), ""), ",") {
		if name = strings.TrimSpace(name); name != "" {
			custom = append(custom, name)
		}
	}
	if in.err != nil {
		return nil, in.err
	}
	accept := "application/rss+xml, application/rdf+xml;q=0.8, application/atom+xml;q=0.6, application/xml;q=0.4, text/xml;q=0.4"
	if call.Version < 1.2 {
		accept = "application/rss+xml"
	}
	text, err := fetchFeed(ctx, n.options, address, accept, insecure)
	if err != nil {
		return nil, err
	}
	return readFeed(text, custom)
}

// maxFeed bounds a feed: as it is read it takes several times its size.
const maxFeed = 64 << 20

// fetchFeed fetches a feed. Redirects are followed.
func fetchFeed(ctx context.Context, o Options, address, accept string, insecure bool) (string, error) {
	if address == "" {
		return "", nodes.Errorf("The parameter \"URL\" has to be set!")
	}
	at, err := url.Parse(address)
	switch {
	case err != nil || at.Scheme == "" || at.Host == "":
		return "", nodes.Errorf("The provided \"URL\" is not valid!")
	case at.Scheme != "http" && at.Scheme != "https":
		return "", nodes.Errorf("Unsupported protocol %s:", at.Scheme)
	}
	known, err := o.Executor.Client(request.Connection{PublicOnly: o.PublicOnly, Insecure: insecure})
	if err != nil {
		return "", err
	}
	client := *known
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		req.Header.Del("Referer")
		if len(via) > maxRedirects {
			return nodes.Errorf("Maximum number of redirects exceeded")
		}
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, defaultTimeout, errTimeout)
	defer cancel()
	req := (&http.Request{Method: http.MethodGet, URL: at, Host: at.Host, Header: http.Header{"User-Agent": {"cordboard"}, "Accept": {accept}}}).WithContext(ctx)
	res, err := client.Do(req)
	if err != nil {
		return "", notFetched(ctx, err, at)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return "", nodes.Errorf("Request failed with status code %d", res.StatusCode)
	}
	_, params, _ := mime.ParseMediaType(res.Header.Get("Content-Type")) // if it is broken the feed says it
	body, err := o.Executor.ReadBody(res, maxFeed)
	if err != nil {
		return "", notFetched(ctx, err, at)
	}
	return feedText(body, params["charset"]), nil
}

// notFetched is the error of a request that got no answer, without what is secret in the address.
func notFetched(ctx context.Context, err error, at *url.URL) error {
	var known *nodes.Error
	if errors.As(err, &known) {
		return known
	}
	if errors.Is(context.Cause(ctx), errTimeout) {
		err = errTimeout
	}
	x := &exchange{timeout: defaultTimeout}
	code, message, short := x.networkFailure(err)
	password, _ := at.User.Password()
	switch {
	case code == "ECONNREFUSED":
		message = fmt.Sprintf("It was not possible to connect to the URL. Please make sure the URL %q it is valid!", at.Redacted())
	case short != "":
		message = short
	}
	e := nodes.Errorf("%s", nodes.Redact(message, "", password))
	e.Cause = err
	return e
}
