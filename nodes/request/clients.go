package request

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// headerTimeout is how long a server may take to begin its answer, where no timeout is asked for (n8n's default).
const headerTimeout = 5 * time.Minute

// clients keeps one HTTP client for each way to connect.
type clients struct {
	mu   sync.Mutex
	list map[clientKey]*http.Client
	open map[Connection]*http.Client // for nodes whose requests are their own
}

type clientKey struct {
	proxy    string
	insecure bool
}

func (c *clients) get(key clientKey) (*http.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.list[key]; client != nil {
		return client, nil
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 64
	t.ResponseHeaderTimeout = headerTimeout
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: key.insecure} //nolint:gosec // the user's own option allowUnauthorizedCerts
	if key.proxy != "" {
		u, err := url.Parse(key.proxy)
		if err != nil || u.Hostname() == "" {
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

// sameOrigin follows a redirect only to the same server, for which the token is meant, and only where the request stays what
// it is. Any other redirect is the answer, and an error.
func sameOrigin(req *http.Request, via []*http.Request) error {
	from := via[0]
	if len(via) >= 10 || req.Method != from.Method || req.URL.Scheme != from.URL.Scheme || req.URL.Host != from.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

func (c *clients) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.list {
		client.CloseIdleConnections()
	}
	for _, client := range c.open {
		client.CloseIdleConnections()
	}
}
