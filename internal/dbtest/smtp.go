package dbtest

import (
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/internal/loopback"
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
	loopback.Find(t, python, "python3-aiosmtpd")
	if err := exec.Command(python, "-c", "import aiosmtpd").Run(); err != nil {
		loopback.Missing(t, "aiosmtpd", "python3-aiosmtpd")
	}
	dir := loopback.Folder(t)
	program := write(t, dir, "smtp.py", smtpProgram)
	s := &SMTPServer{Plain: loopback.Port(t), StartTLS: loopback.Port(t), TLS: loopback.Port(t), Auth: loopback.Port(t), User: "user", Password: "s3cret-pass", folder: dir}
	ports := []int{s.Plain, s.StartTLS, s.TLS, s.Auth}
	args := []string{program, dir, certificate(t, dir)}
	for _, port := range ports {
		args = append(args, strconv.Itoa(port))
	}
	loopback.Serve(t, loopback.Command(nil, python, args...), ports...)
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
