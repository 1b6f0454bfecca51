// Package connect is what nodes for servers that are not asked over HTTP have in common: pools of connections that outlive an
// execution, dialing under the rules for addresses, and the usual fields of credentials.
package connect

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/request"
)

// Options say how nodes connect. The zero value reaches every address and keeps nothing open.
type Options struct {
	// Executor has the rule for public addresses; it is needed with PublicOnly alone.
	Executor *request.Executor
	// PublicOnly refuses private networks and this machine (server-side request forgery).
	PublicOnly bool
	// Pools keep what is open between executions. With nil each execution connects anew.
	Pools *Pools
}

// Pools are what the nodes keep open to databases and the like from one execution to the next: a pool for each
// credential. The zero value is ready; Close ends it.
type Pools struct {
	mu     sync.Mutex
	open   map[[sha256.Size]byte]io.Closer
	closed bool
}

// Close closes what is open. Whoever executes a node afterwards gets an error. A second Close does nothing.
func (c *Pools) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var errs []error
	for key, pool := range c.open {
		errs = append(errs, pool.Close())
		delete(c.open, key)
	}
	return errors.Join(errs...)
}

// get returns what is open under a key, or opens it. Opening must not wait for the server: it makes a pool.
func (c *Pools) get(key [sha256.Size]byte, open func() (io.Closer, error)) (io.Closer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nodes.Errorf("the runtime is closed")
	}
	if pool := c.open[key]; pool != nil {
		return pool, nil
	}
	pool, err := open()
	if err != nil {
		return nil, err
	}
	if c.open == nil {
		c.open = map[[sha256.Size]byte]io.Closer{}
	}
	c.open[key] = pool
	return pool, nil
}

// Shared returns what is open for a credential and these options, for one execution: done must be called at its end. Without
// Options.Pools it is closed then.
func Shared[T io.Closer](o Options, kind string, a nodes.Access, options string, open func() (T, error)) (pool T, done func() error, err error) {
	c := o.Pools
	done = func() error { return nil }
	if c == nil {
		c = &Pools{}
		done = c.Close
	}
	opened, err := c.get(connectionKey(kind, a, options), func() (io.Closer, error) { return open() })
	if err != nil {
		return pool, done, err
	}
	return opened.(T), done, nil
}

// connectionKey tells ways to connect apart without keeping what is secret in them.
func connectionKey(kind string, a nodes.Access, options string) [sha256.Size]byte {
	text := strconv.Quote(kind) + strconv.Quote(options)
	for _, fields := range []map[string]string{a.Fields, a.Secrets} {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			text += strconv.Quote(name) + strconv.Quote(fields[name])
		}
		text += ";"
	}
	return sha256.Sum256([]byte(text))
}

// Dialer opens connections that are no HTTP requests, under the rule that those are under: with PublicOnly the address that
// a name stands for must be a public one.
func Dialer(o Options) (func(ctx context.Context, network, address string) (net.Conn, error), error) {
	if !o.PublicOnly {
		return (&net.Dialer{}).DialContext, nil
	}
	client, err := o.Executor.Client(request.Connection{PublicOnly: true})
	if err != nil {
		return nil, err
	}
	t, ok := client.Transport.(*http.Transport)
	if !ok || t.DialContext == nil {
		return nil, nodes.Errorf("connections to private addresses cannot be refused here")
	}
	return t.DialContext, nil
}

// Server is the host and the port of a credential.
func Server(a nodes.Access, defaultPort string) (host, port string, err error) {
	host, port = strings.TrimSpace(a.Field("host")), a.Field("port")
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = defaultPort
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", nodes.Errorf("the credential's port must be a number from 1 to 65535")
	}
	return host, port, nil
}

// Is reports whether a field of a credential is set to true.
func Is(a nodes.Access, field string) bool { return a.Field(field) == "true" }

// WithoutSecrets takes the credential's secrets out of an error's text.
func WithoutSecrets(e *nodes.Error, a nodes.Access) *nodes.Error {
	secrets := slices.Collect(maps.Values(a.Secrets))
	e.Message = nodes.Redact(e.Message, "", secrets...)
	e.Description = nodes.Redact(e.Description, "", secrets...)
	return e
}

// Refused is why a server did not take a credential, without the credential's secrets; nil stays nil.
func Refused(err error, a nodes.Access) error {
	if err == nil {
		return nil
	}
	return WithoutSecrets(nodes.AsError(err), a)
}
