package dbtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"os/user"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/cordboard/cordboard/internal/loopback"
)

// SSHServer is OpenSSH's server; it takes the user who runs the tests, with a key.
type SSHServer struct {
	Port int
	User string
	// Key logs the user in; EncryptedKey is the same key behind Passphrase.
	Key, EncryptedKey, Passphrase string
	// HostKey is the server's key as a line of text, Fingerprint what ssh-keygen shows of it.
	HostKey, Fingerprint string
}

// SSHD starts OpenSSH's server on 127.0.0.1: commands, SFTP, and connections to wherever it can reach.
func SSHD(t testing.TB) *SSHServer {
	t.Helper()
	program := loopback.Find(t, "sshd", "openssh-server")
	dir := loopback.Folder(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { //nolint:gosec // the server wants this folder, with these rights
			t.Fatal(err)
		}
	}
	s := &SSHServer{Port: loopback.Port(t), User: me.Username, Passphrase: "secret words"}
	hostPublic, hostKey := sshKey(t)
	s.HostKey, s.Fingerprint = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(hostPublic))), ssh.FingerprintSHA256(hostPublic)
	public, key := sshKey(t)
	s.Key, s.EncryptedKey = keyText(t, key, ""), keyText(t, key, s.Passphrase)
	write(t, dir, "host", keyText(t, hostKey, ""))
	write(t, dir, "users", string(ssh.MarshalAuthorizedKey(public)))
	config := write(t, dir, "config", fmt.Sprintf(`Port %d
ListenAddress 127.0.0.1
HostKey %s/host
AuthorizedKeysFile %[2]s/users
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
MaxStartups 100
MaxSessions 100
Subsystem sftp internal-sftp
`, s.Port, dir))
	loopback.Serve(t, loopback.Command(nil, program, "-D", "-e", "-f", config), s.Port)
	return s
}

func sshKey(t testing.TB) (ssh.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return public, key
}

// keyText writes a key as OpenSSH does, behind a passphrase where there is one.
func keyText(t testing.TB, key ed25519.PrivateKey, passphrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}
