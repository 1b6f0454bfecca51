package loopback

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
)

// Relay passes connections on to a port, counts them and can cut them.
type Relay struct {
	// Port is the one that it listens at.
	Port int

	to    int
	wait  sync.WaitGroup
	mu    sync.Mutex
	open  []net.Conn
	count int
	ended bool
}

// NewRelay starts a relay to a port of 127.0.0.1, which ends with the test. With a configuration it speaks TLS to those who
// connect, and passes on what is in it.
func NewRelay(t testing.TB, to int, secure *tls.Config) *Relay {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{Port: l.Addr().(*net.TCPAddr).Port, to: to}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	r.wait.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			r.wait.Go(func() { r.pass(near) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.mu.Lock()
		r.ended = true
		r.mu.Unlock()
		r.Cut()
		r.wait.Wait()
	})
	return r
}

// pass connects to the port and copies both ways until one side ends.
func (r *Relay) pass(near net.Conn) {
	defer near.Close()
	if !r.keep(near) {
		return
	}
	if c, ok := near.(*tls.Conn); ok && c.Handshake() != nil {
		return
	}
	far, err := net.Dial("tcp4", address(r.to))
	if err != nil {
		return
	}
	defer far.Close()
	if !r.keep(far) {
		return
	}
	r.mu.Lock()
	r.count++
	r.mu.Unlock()
	r.wait.Go(func() {
		_, _ = io.Copy(near, far)
		_, _ = near.Close(), far.Close()
	})
	_, _ = io.Copy(far, near)
}

// keep notes a connection for Cut. It is false once the test has ended.
func (r *Relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = append(r.open, c)
	return !r.ended
}

// Cut ends the connections that there are.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

// Connections is how many were passed on.
func (r *Relay) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}
