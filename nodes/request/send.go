package request

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// accessHolder shares a step's access between its jobs, so that a refused token is renewed once.
type accessHolder struct {
	mu     sync.Mutex
	access *nodes.Access
}

func (h *accessHolder) get(ctx context.Context, s *step) (nodes.Access, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.access == nil {
		a, err := s.call.Engine.Access(ctx, s.credential)
		if err != nil {
			return nodes.Access{}, err
		}
		h.access = &a
	}
	return *h.access, nil
}

// renew replaces the access of this generation; if another job has done so already, its result is taken.
func (h *accessHolder) renew(ctx context.Context, s *step, generation uint64) (nodes.Access, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.access != nil && h.access.Generation != generation {
		return *h.access, nil
	}
	a, err := s.call.Engine.Renew(ctx, s.credential, generation)
	if err != nil {
		return nodes.Access{}, err
	}
	h.access = &a
	return a, nil
}

const (
	safeTries   = 4 // of what may be repeated without being asked to
	maxRenewals = 3 // of the token of one request
	maxBackoff  = 30 * time.Second
	maxWait     = 5 * time.Minute // the longest Retry-After that is obeyed
)

// send sends a request and returns the successful answer. It repeats what was refused for its token with a new one.
// Reads are repeated after 429, 502, 503, 504 and network errors; writes only where nothing was sent (no connection)
// or where the server said that it did not act (429, 503). retryOnFail raises the number of tries, never the kinds of
// failures that are repeated for a write.
func (w *worker) send(ctx context.Context, req *Request) (*answer, error) {
	access, err := w.accessOf(ctx)
	if err != nil {
		return nil, err
	}
	renewals := 0
	for try := 1; ; try++ {
		a, err := w.once(ctx, req, access)
		if ctx.Err() != nil && err != nil {
			return nil, w.unknownOutcome(req, err)
		}
		if err == nil && a.status == http.StatusUnauthorized && w.credential != "" && renewals < maxRenewals {
			renewals++
			try--
			if access, err = w.access.renew(ctx, w.step, access.Generation); err != nil {
				return nil, err
			}
			continue
		}
		if err == nil && a.ok() {
			return a, nil
		}
		wait, again := w.again(a, err, try)
		if !again {
			return nil, w.failure(req, a, err, access)
		}
		w.call.Log.Warn("a request is repeated", "action", w.op.Resource+": "+w.op.Name, "item", w.item, "try", try, "wait", wait)
		if err := w.x.pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (w *worker) accessOf(ctx context.Context) (nodes.Access, error) {
	if w.credential == "" {
		return nodes.Access{}, nil
	}
	return w.access.get(ctx, w.step)
}

// again decides whether a failure is tried again, and after what time.
func (w *worker) again(a *answer, err error, try int) (time.Duration, bool) {
	refused, transient := false, false
	switch {
	case err != nil:
		var dial *net.OpError
		refused = errors.As(err, &dial) && dial.Op == "dial" // nothing was sent
		transient = true
	case a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable:
		refused, transient = true, true
	case a.status == http.StatusBadGateway || a.status == http.StatusGatewayTimeout:
		transient = true
	}
	asked := w.call.Retry.Tries > 1
	tries := w.call.Retry.Tries
	if transient {
		tries = max(tries, safeTries)
	}
	if try >= tries || (w.op.Writes && !refused) || (!transient && !asked) {
		return 0, false
	}
	if !transient || a == nil && asked {
		return w.call.Retry.Wait, true
	}
	wait := min(250*time.Millisecond<<try, maxBackoff)
	wait = wait/2 + rand.N(wait/2) // jitter, so that many clients do not come back at once
	if a != nil {
		if after, ok := retryAfter(a.header.Get("Retry-After")); ok {
			wait = min(after, maxWait)
		}
	}
	return wait, true
}

// retryAfter reads the header's two forms (RFC 9110, 10.2.3).
func retryAfter(value string) (time.Duration, bool) {
	if s, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && s >= 0 {
		return time.Duration(s) * time.Second, true
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(time.Until(t), 0), true
	}
	return 0, false
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// once sends a request and reads its answer.
func (w *worker) once(ctx context.Context, req *Request, access nodes.Access) (*answer, error) {
	if w.options.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, w.options.timeout, errTimeout)
		defer cancel()
	}
	address := access.BaseURL + req.Path
	if req.Query != "" {
		address += "?" + req.Query
	}
	var body io.Reader
	if req.HasBody {
		body = strings.NewReader(req.Body)
	}
	hr, err := http.NewRequestWithContext(ctx, req.Method, address, body)
	if err != nil {
		return nil, err
	}
	hr.Header.Set("Accept", "application/json, */*;q=0.5")
	hr.Header.Set("User-Agent", "cordboard")
	if req.HasBody {
		hr.Header.Set("Content-Type", "application/json")
	}
	if access.Token != "" {
		hr.Header.Set("Authorization", "Bearer "+access.Token)
	}
	for name, value := range req.Header {
		hr.Header.Set(name, value)
	}
	client, err := w.x.clients.get(w.options)
	if err != nil {
		return nil, err
	}
	w.job.sent = true
	res, err := client.Do(hr)
	if err != nil {
		if refused := (*net.OpError)(nil); errors.As(err, &refused) && refused.Op == "dial" {
			w.job.sent = false
		}
		return nil, err
	}
	defer res.Body.Close()
	return w.read(ctx, res)
}

var errTimeout = errors.New("the request took longer than requestOptions.timeout")

// clients keeps one HTTP client for each way to connect.
type clients struct {
	mu   sync.Mutex
	list map[clientKey]*http.Client
}

type clientKey struct {
	proxy    string
	insecure bool
}

func (c *clients) get(o options) (*http.Client, error) {
	key := clientKey{o.proxy, o.insecure}
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.list[key]; client != nil {
		return client, nil
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: key.insecure} //nolint:gosec // the user's own option allowUnauthorizedCerts
	if key.proxy != "" {
		u, err := url.Parse(key.proxy)
		if err != nil || u.Host == "" {
			return nil, nodes.Errorf("must be an address such as http://proxy:8080").WithParam("requestOptions.proxy", "")
		}
		t.Proxy = http.ProxyURL(u)
	}
	client := &http.Client{Transport: t, CheckRedirect: sameOrigin}
	if c.list == nil {
		c.list = map[clientKey]*http.Client{}
	}
	c.list[key] = client
	return client, nil
}

// sameOrigin refuses to follow a redirect to another server: the token is meant for this one.
func sameOrigin(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("the server redirects in a circle")
	}
	if from := via[0].URL; req.URL.Scheme != from.Scheme || req.URL.Host != from.Host {
		return fmt.Errorf("the server redirects to another one, %s://%s: use that as the base URL", req.URL.Scheme, req.URL.Host)
	}
	if req.Method != via[0].Method {
		return errors.New("the server redirects a request that changes something: check the base URL")
	}
	return nil
}

func (c *clients) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.list {
		client.CloseIdleConnections()
	}
}
