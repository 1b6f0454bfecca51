package connect

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cordboard/cordboard/nodes"
)

// sshServer takes logins. Over the first silent connections it answers nothing more, then it refuses what is asked for.
func sshServer(t *testing.T, silent int) (port string, logins func() int) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		serving sync.WaitGroup
		mu      sync.Mutex
		count   int
	)
	serve := func(conn net.Conn, answers bool) {
		_, channels, requests, err := ssh.NewServerConn(conn, config)
		if err != nil {
			return
		}
		if answers {
			serving.Go(func() { ssh.DiscardRequests(requests) })
		}
		for ch := range channels {
			if answers {
				_ = ch.Reject(ssh.ConnectionFailed, "no such place")
			}
		}
	}
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			count++
			answers := count > silent
			mu.Unlock()
			serving.Go(func() {
				defer conn.Close()
				serve(conn, answers)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}

// TestTunnelProbed: an SSH connection over which no answer comes is dropped when somebody gave up waiting, one that is alive is not.
func TestTunnelProbed(t *testing.T) {
	t.Parallel()
	port, logins := sshServer(t, 1)
	tunnel, err := NewTunnel(Options{}, nodes.Access{Fields: map[string]string{"sshTunnel": "true", "sshHost": "127.0.0.1", "sshPort": port, "sshUser": "u", "sshPassword": "p"}})
	if err != nil {
		t.Fatal(err)
	}
	defer tunnel.Close()
	tunnel.patience = 3 * time.Second // of a server that is alive, on a slow machine too
	dial := func(d time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		_, err := tunnel.DialContext(ctx, "tcp", "127.0.0.1:1")
		return err
	}
	if err := dial(3 * time.Second); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the silent server: %v", err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		err := dial(20 * time.Second)
		if err != nil && strings.Contains(err.Error(), "no such place") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the dead connection is used still: %v", err)
		}
	}
	client, err := tunnel.connected(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tunnel.probe(t.Context(), client)
	if again, err := tunnel.connected(t.Context()); again != client || err != nil || logins() != 2 {
		t.Errorf("a connection that is alive was dropped: %v, %d logins", err, logins())
	}
}
