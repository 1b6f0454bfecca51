package connect

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cordboard/cordboard/nodes"
)

// SSH is a server and a way to log in to it: with PrivateKey where there is one, with Password where there is one.
type SSH struct {
	Host, Port, User                 string
	Password, PrivateKey, Passphrase string
	// HostKeys are what the server may show, with spaces or line ends between them: fingerprints (SHA256:…), or keys as lines
	// of authorized_keys or known_hosts have them. With none any server is taken, as n8n does.
	HostKeys string
}

// ErrHostKey is wrapped by the error of a server that shows a key other than those it may show.
var ErrHostKey = errors.New("the host key is another one")

// RefusedLogin is the message of the error where a server does not take the login, in n8n's words.
const RefusedLogin = "All configured authentication methods failed"

// handshakeTime bounds the time until a server has taken the login, in which n8n too has 20 seconds.
const handshakeTime = 20 * time.Second

// DialSSH connects and logs in. The connection is the caller's to close; until DialSSH returns, ctx ends it. Errors name the server and
// hold no secret.
func DialSSH(ctx context.Context, o Options, s SSH) (*ssh.Client, error) {
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	return s.dial(ctx, o, config)
}

func (s SSH) dial(ctx context.Context, o Options, config *ssh.ClientConfig) (*ssh.Client, error) {
	dial, err := Dialer(o)
	if err != nil {
		return nil, err
	}
	handshake, cancel := nodes.WithTimeout(ctx, handshakeTime)
	defer cancel()
	where := net.JoinHostPort(s.Host, s.Port)
	conn, err := dial(handshake, "tcp", where)
	if err != nil {
		return nil, s.notConnected(ctx, err)
	}
	stop := context.AfterFunc(handshake, func() { _ = conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, where, config)
	if !stop() { // it ended, or it is being ended
		if err == nil {
			_ = c.Close()
		}
		err = context.Cause(handshake)
	}
	if err != nil {
		_ = conn.Close()
		return nil, s.notConnected(ctx, err)
	}
	return ssh.NewClient(c, channels, requests), nil
}

// notConnected says why there is no connection.
func (s SSH) notConnected(ctx context.Context, err error) error {
	where := net.JoinHostPort(s.Host, s.Port)
	var given *nodes.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, ErrHostKey) && errors.As(err, &given):
		return given
	case strings.Contains(err.Error(), "unable to authenticate"), strings.Contains(err.Error(), "unexpected message type 51"): // a failure; the library has no errors of its own for it
		e := nodes.Errorf(RefusedLogin)
		e.Hint = "The SSH server at " + where + " does not take the credential: check its user, its password or private key, and which of them the server allows."
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return nodes.Errorf("the SSH server at %s did not answer within %s", where, handshakeTime)
	}
	return nodes.Errorf("cannot connect to the SSH server at %s: %w", where, err)
}

func (s SSH) config() (*ssh.ClientConfig, error) {
	c := &ssh.ClientConfig{User: s.User, ClientVersion: "SSH-2.0-Cordboard"}
	c.KeyExchanges = append(ssh.SupportedAlgorithms().KeyExchanges, ssh.InsecureKeyExchangeDH14SHA1) // the last for old servers, as by default
	if s.PrivateKey != "" {
		signer, err := privateKey(s.PrivateKey, s.Passphrase)
		if err != nil {
			return nil, err
		}
		c.Auth = append(c.Auth, ssh.PublicKeys(signer))
	}
	if s.Password != "" {
		answers := func(_, _ string, questions []string, _ []bool) ([]string, error) { // many servers ask for the password so
			return slices.Repeat([]string{s.Password}, len(questions)), nil
		}
		c.Auth = append(c.Auth, ssh.Password(s.Password), ssh.KeyboardInteractive(answers))
	}
	var err error
	c.HostKeyCallback, c.HostKeyAlgorithms, err = hostKeys(s.HostKeys)
	return c, err
}

// privateKey reads a private key. People paste keys into one line: the line ends of PEM are put back.
func privateKey(text, passphrase string) (ssh.Signer, error) {
	text = strings.TrimSpace(text) + "\n"
	if head, rest, ok := strings.Cut(strings.TrimPrefix(text, "-----"), "-----"); ok && !strings.Contains(strings.TrimSpace(text), "\n") {
		body, end, _ := strings.Cut(rest, "-----")
		text = "-----" + head + "-----\n" + strings.Join(strings.Fields(body), "\n") + "\n-----" + end
	}
	signer, err := ssh.ParsePrivateKey([]byte(text))
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) {
		if passphrase == "" {
			return nil, nodes.Errorf("the private key is encrypted: the credential needs its passphrase")
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(text), []byte(passphrase))
		if errors.Is(err, x509.IncorrectPasswordError) {
			return nil, nodes.Errorf("the passphrase of the credential does not open its private key")
		}
	}
	if err != nil {
		return nil, nodes.Errorf("the private key of the credential cannot be read: it must be a key in PEM or in OpenSSH's form") // what it is stays untold
	}
	return signer, nil
}

// hostKeys checks what a server shows. algorithms are those of the keys where they are known: the server is to show one of them.
func hostKeys(allowed string) (check ssh.HostKeyCallback, algorithms []string, err error) {
	var prints []string
	onlyKeys := true
	for line := range strings.Lines(allowed) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if marker, _, key, _, _, err := ssh.ParseKnownHosts([]byte(line)); err == nil {
			if marker != "" {
				return nil, nil, nodes.Errorf("the host key of the credential must be the server's: @%s is not supported", marker)
			}
			prints, algorithms = append(prints, ssh.FingerprintSHA256(key)), append(algorithms, keyAlgorithms(key.Type())...)
			continue
		}
		if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err == nil {
			prints, algorithms = append(prints, ssh.FingerprintSHA256(key)), append(algorithms, keyAlgorithms(key.Type())...)
			continue
		}
		for _, word := range strings.Fields(line) {
			if !strings.HasPrefix(word, "SHA256:") {
				return nil, nil, nodes.Errorf("the host key of the credential must be a fingerprint (SHA256:…) or a key (ssh-ed25519 AAAA…)")
			}
			prints, onlyKeys = append(prints, strings.TrimRight(word, "=")), false
		}
	}
	if prints == nil {
		return ssh.InsecureIgnoreHostKey(), nil, nil //nolint:gosec // the credential has nothing to check by, as in n8n
	}
	if !onlyKeys {
		algorithms = nil
	}
	return func(where string, _ net.Addr, key ssh.PublicKey) error {
		if print := ssh.FingerprintSHA256(key); !slices.Contains(prints, print) {
			e := nodes.Errorf("the SSH server at %s shows a host key that is not the credential's: %s (%s)", where, print, key.Type())
			e.Hint = "It may be another server than the one that was meant. Only if this key is known to be right, put its fingerprint into the credential."
			e.Cause = ErrHostKey
			return e
		}
		return nil
	}, algorithms, nil
}

// keyAlgorithms are the ways in which a key of a type signs.
func keyAlgorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSA}
	}
	return []string{keyType}
}
