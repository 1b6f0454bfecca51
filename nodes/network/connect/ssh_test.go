package connect

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/cordboard/cordboard/nodes"
)

// TestHostKeys: what a credential allows is taken, anything else is not, and a server is asked for the kinds of keys that are known.
func TestHostKeys(t *testing.T) {
	t.Parallel()
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ed, rsaPublic := publicKey(t, edPublic), publicKey(t, rsaKey.Public())
	line := func(key ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) }
	for _, c := range []struct {
		allowed    string
		ed, rsa    bool
		algorithms []string
		failure    string
	}{
		{"", true, true, nil, ""},
		{" \n", true, true, nil, ""},
		{ssh.FingerprintSHA256(ed), true, false, nil, ""},
		{ssh.FingerprintSHA256(ed) + "= " + ssh.FingerprintSHA256(rsaPublic), true, true, nil, ""},
		{line(ed), true, false, []string{"ssh-ed25519"}, ""},
		{line(ed) + " a comment", true, false, []string{"ssh-ed25519"}, ""},
		{"# known hosts\nhost.example," + "[10.0.0.1]:2222 " + line(rsaPublic) + "\n", false, true, []string{"rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"}, ""},
		{line(ed) + "\n" + ssh.FingerprintSHA256(rsaPublic), true, true, nil, ""},
		{"@revoked host.example " + line(ed), false, false, nil, "@revoked is not supported"},
		{"MD5:00:11", false, false, nil, "must be a fingerprint"},
		{line(ed)[:30], false, false, nil, "must be a fingerprint"},
	} {
		check, algorithms, err := hostKeys(c.allowed)
		if c.failure != "" {
			if err == nil || !strings.Contains(err.Error(), c.failure) {
				t.Errorf("%q: %v, want %s", c.allowed, err, c.failure)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.allowed, err)
			continue
		}
		if !slices.Equal(algorithms, c.algorithms) {
			t.Errorf("%q: asks for %v, want %v", c.allowed, algorithms, c.algorithms)
		}
		errs := []error{check("host.example:22", nil, ed), check("host.example:22", nil, rsaPublic)}
		for i, want := range []bool{c.ed, c.rsa} {
			if (errs[i] == nil) != want || errs[i] != nil && !errors.Is(errs[i], ErrHostKey) {
				t.Errorf("%q: key %d: %v, want it taken: %v", c.allowed, i, errs[i], want)
			}
		}
	}
}

func publicKey(t *testing.T, key any) ssh.PublicKey {
	t.Helper()
	public, err := ssh.NewPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// TestNewTunnel: a tunnel is made where the credential asks for one, and does not connect before it is used.
func TestNewTunnel(t *testing.T) {
	t.Parallel()
	none, err := NewTunnel(Options{}, nodes.Access{Fields: map[string]string{"sshHost": "host.example"}})
	if err != nil || none != nil || none.Close() != nil {
		t.Errorf("there is a tunnel: %v %v", none, err)
	}
	fields := map[string]string{"sshTunnel": "true", "sshHost": "host.example", "sshPort": "99999"}
	if _, err := NewTunnel(Options{}, nodes.Access{Fields: fields}); err == nil {
		t.Error("there is no such port")
	}
	fields["sshPort"] = "22"
	tunnel, err := NewTunnel(Options{}, nodes.Access{Fields: fields, Secrets: nodes.Secrets{"sshPassword": "p", "privateKey": "left over"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tunnel.Close(), tunnel.Close()); err != nil {
		t.Error(err)
	}
	if _, err := tunnel.DialContext(t.Context(), "tcp", "127.0.0.1:1"); err == nil {
		t.Error("a tunnel that is closed connects")
	}
}
