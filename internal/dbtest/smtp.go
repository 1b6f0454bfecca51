package dbtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

//go:embed smtp.py
var smtpProgram string

// SMTPServer takes mails on ports of 127.0.0.1: Plain, with StartTLS, with TLS from the start, and Auth, plain and for a user alone.
type SMTPServer struct {
	Plain, StartTLS, TLS, Auth int
	// User and Password are taken at all ports but Plain, which does not ask.
	User, Password string
	folder         string
}

// Mail is a mail that arrived.
type Mail struct {
	From    string   `json:"from"`
	To      []string `json:"to"`
	Helo    string   `json:"helo"`
	TLS     bool     `json:"tls"`
	User    string   `json:"user"`
	Content []byte   `json:"content"`
}

// SMTP starts a server for mails (aiosmtpd, whose behaviour smtp.py describes).
func SMTP(t testing.TB) *SMTPServer {
	t.Helper()
	const python = "/usr/bin/python3" // the system's: another would not have its packages
	find(t, python, "python3-aiosmtpd")
	if err := exec.Command(python, "-c", "import aiosmtpd").Run(); err != nil {
		find(t, "aiosmtpd", "python3-aiosmtpd")
	}
	dir := folder(t)
	program := write(t, dir, "smtp.py", smtpProgram)
	s := &SMTPServer{Plain: freePort(t), StartTLS: freePort(t), TLS: freePort(t), Auth: freePort(t), User: "user", Password: "s3cret-pass", folder: dir}
	run(t, s.Auth, nil, python, program, dir, certificate(t, dir), strconv.Itoa(s.Plain), strconv.Itoa(s.StartTLS), strconv.Itoa(s.TLS), strconv.Itoa(s.Auth))
	return s
}

// Mails takes the mails that arrived since the last call, in order.
func (s *SMTPServer) Mails(t testing.TB) []Mail {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".json"))
		return n
	}
	sort.Slice(names, func(i, j int) bool { return number(names[i]) < number(names[j]) })
	var list []Mail
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var m Mail
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// certificate makes one for 127.0.0.1, signed by itself, and returns the name of a file with its key and itself (PEM).
func certificate(t testing.TB, dir string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	return write(t, dir, "server.pem", string(text))
}
