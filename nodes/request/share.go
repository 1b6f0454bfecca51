package request

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/cordboard/cordboard/nodes"
)

// Connection says how a node whose requests are its own connects to servers.
type Connection struct {
	Proxy    string // an address such as http://proxy:8080; empty: that of the environment
	Insecure bool   // the server's certificate is not verified
	// Identity are the client's own certificate and the roots it trusts beside the system's, in PEM.
	Identity Identity
	// PublicOnly refuses addresses of private networks and of this machine.
	PublicOnly bool
}

// Identity is what httpSslAuth holds.
type Identity struct{ CA, Certificate, Key string }

// Client returns the HTTP client for a way to connect, the same for all who ask. It follows no redirects.
func (x *Executor) Client(c Connection) (*http.Client, error) {
	return x.clients.connect(c)
}

// connect is get for a Connection.
func (c *clients) connect(key Connection) (*http.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.open[key]; client != nil {
		return client, nil
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 64
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: key.Insecure} //nolint:gosec // the user's own option allowUnauthorizedCerts
	if err := key.Identity.apply(t.TLSClientConfig); err != nil {
		return nil, err
	}
	if key.PublicOnly {
		t.DialContext = (&net.Dialer{Control: publicOnly}).DialContext
	}
	if key.Proxy != "" {
		u, err := url.Parse(key.Proxy)
		if err != nil || u.Hostname() == "" {
			return nil, nodes.Errorf("must be an address such as http://proxy:8080").WithParam("options.proxy", "")
		}
		t.Proxy = http.ProxyURL(u)
	}
	client := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if c.open == nil {
		c.open = map[Connection]*http.Client{}
	}
	c.open[key] = client
	return client, nil
}

// ReadBody reads a body of at most limit bytes into memory.
func (x *Executor) ReadBody(res *http.Response, limit int64) (string, error) {
	return x.readBody(res, limit)
}

// Keep streams a body to the store and returns what refers to it: its id, size and, without a store, its content. A body
// that has no store to go to must be small.
func (x *Executor) Keep(ctx context.Context, store nodes.BinaryStore, res *http.Response) (f nodes.File, err error) {
	if store == nil {
		content, err := x.readBody(res, maxInline)
		f.Data, f.Bytes = base64.StdEncoding.EncodeToString([]byte(content)), int64(len(content))
		f.FileSize = nodes.SizeText(f.Bytes)
		return f, err
	}
	id, dst, err := store.Create(ctx)
	if err != nil {
		return f, nodes.Errorf("keeping the file: %w", err)
	}
	to := &storeWriter{w: dst}
	f.Bytes, err = io.Copy(to, res.Body)
	if closeErr := dst.Close(); to.err == nil {
		to.err = closeErr
	}
	if to.err != nil {
		return f, nodes.Errorf("keeping the file: %w", to.err)
	}
	f.ID, f.FileSize = id, nodes.SizeText(f.Bytes)
	return f, err
}
