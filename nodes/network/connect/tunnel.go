package connect

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cordboard/cordboard/nodes"
)

// Tunnel leads connections through an SSH server, all of them over one connection to it, which is made when it is first
// needed and again when it broke. Close ends it and all that goes through it.
type Tunnel struct {
	options Options
	server  SSH
	config  *ssh.ClientConfig // the server's, once: opening an encrypted key takes a tenth of a second

	// lock holds one element while a connection is made or dropped: a lock that a context can give up waiting for.
	lock   chan struct{}
	client *ssh.Client
	closed bool
	// patience is how long the server may take to say that it is there.
	patience time.Duration
}

// NewTunnel returns the tunnel that a database's credential asks for, nil if it asks for none (fields sshTunnel, sshHost, …,
// and sshHostKey, which n8n does not have). It does not connect yet.
func NewTunnel(o Options, a nodes.Access) (*Tunnel, error) {
	if !Is(a, "sshTunnel") {
		return nil, nil
	}
	// The rest of n8n's fields is left over where the other way to log in is chosen.
	s := SSH{User: a.Field("sshUser"), HostKeys: a.Field("sshHostKey")}
	switch way := a.Field("sshAuthenticateWith"); way {
	case "", "password":
		s.Password = a.Field("sshPassword")
	case "privateKey":
		s.PrivateKey, s.Passphrase = a.Field("privateKey"), a.Field("passphrase")
	default:
		return nil, nodes.Errorf("the credential's field sshAuthenticateWith must be password or privateKey")
	}
	var err error
	s.Host, s.Port, err = Server(nodes.Access{Fields: map[string]string{"host": a.Field("sshHost"), "port": a.Field("sshPort")}}, "22")
	if err != nil {
		return nil, err
	}
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	return &Tunnel{options: o, server: s, config: config, lock: make(chan struct{}, 1), patience: 5 * time.Second}, nil
}

// DialContext connects to an address as the SSH server sees it. The rules for addresses are those of the SSH server's own.
func (t *Tunnel) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	for again := false; ; again = true {
		client, err := t.connected(ctx)
		if err != nil {
			return nil, err
		}
		conn, err := client.DialContext(ctx, network, address)
		var refused *ssh.OpenChannelError
		switch {
		case err == nil:
			return newTunnelled(conn, address), nil
		case ctx.Err() != nil:
			go t.probe(context.WithoutCancel(ctx), client)
			return nil, context.Cause(ctx)
		case errors.As(err, &refused):
			return nil, nodes.Errorf("the SSH server at %s cannot connect to %s: %s", net.JoinHostPort(t.server.Host, t.server.Port), address, refused.Message)
		}
		if err := t.drop(ctx, client); err != nil {
			return nil, err
		}
		if again {
			return nil, nodes.Errorf("the SSH connection to %s broke: %w", net.JoinHostPort(t.server.Host, t.server.Port), err)
		}
	}
}

// connected returns the connection to the SSH server.
func (t *Tunnel) connected(ctx context.Context) (*ssh.Client, error) {
	if err := t.acquire(ctx); err != nil {
		return nil, err
	}
	defer t.release()
	if t.closed {
		return nil, net.ErrClosed
	}
	if t.client == nil {
		client, err := t.server.dial(ctx, t.options, t.config)
		if err != nil {
			return nil, err
		}
		t.client = client
	}
	return t.client, nil
}

// probe drops a connection over which the server does not answer: nothing else would tell that it is dead.
func (t *Tunnel) probe(ctx context.Context, client *ssh.Client) {
	late := time.AfterFunc(t.patience, func() { _ = client.Close() })
	defer late.Stop()
	if _, _, err := client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
		_ = t.drop(ctx, client)
	}
}

// drop forgets a connection that broke.
func (t *Tunnel) drop(ctx context.Context, client *ssh.Client) error {
	if err := t.acquire(ctx); err != nil {
		return err
	}
	defer t.release()
	_ = client.Close() // it broke
	if t.client == client {
		t.client = nil
	}
	return nil
}

func (t *Tunnel) acquire(ctx context.Context) error {
	select {
	case t.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *Tunnel) release() { <-t.lock }

// Close closes the connection to the SSH server. A nil Tunnel has none.
func (t *Tunnel) Close() error {
	if t == nil {
		return nil
	}
	t.lock <- struct{}{}
	defer t.release()
	t.closed = true
	if t.client == nil {
		return nil
	}
	_ = t.client.Close() // one that broke says so, which helps nobody now
	t.client = nil
	return nil
}

// tunnelled is the near end of a connection through a tunnel. Between it and the channel of SSH, which knows no deadlines and
// cannot be given up while the server is silent, is a pipe, which can.
type tunnelled struct {
	net.Conn
	address tunnelledAddr
}

func newTunnelled(channel net.Conn, address string) *tunnelled {
	near, far := net.Pipe()
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // the other end sees why it ended
		_, _ = to.Close(), from.Close()
	}
	go carry(channel, far)
	go carry(far, channel)
	return &tunnelled{near, tunnelledAddr(address)}
}

// RemoteAddr is net.Conn's: the address as the SSH server sees it.
func (c *tunnelled) RemoteAddr() net.Addr { return c.address }

type tunnelledAddr string

// Network is net.Addr's.
func (tunnelledAddr) Network() string { return "tcp" }

// String is net.Addr's.
func (a tunnelledAddr) String() string { return string(a) }
