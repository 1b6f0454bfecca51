package dbtest

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"github.com/cordboard/cordboard/internal/loopback"
)

// IMAPServer is Dovecot: mailboxes at Port of 127.0.0.1, and with TLS at TLS, for any user with this password.
type IMAPServer struct {
	Port, TLS int
	Password  string
	folder    string
	uid, gid  int
	count     int
}

// IMAP starts a server for mailboxes.
func IMAP(t testing.TB) *IMAPServer {
	t.Helper()
	program := loopback.Find(t, "dovecot", "dovecot-imapd")
	dir := loopback.Folder(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := &IMAPServer{Port: loopback.Port(t), TLS: loopback.Port(t), Password: "s3cret-pass", folder: filepath.Join(dir, "mail"), uid: os.Getuid(), gid: os.Getgid()}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	internal := fmt.Sprintf("default_internal_user = %s\ndefault_login_user = %[1]s\ndefault_internal_group = %s\n", me.Username, group.Name)
	if as := loopback.Owner(t, dir, "nobody"); as != nil { // it opens no mailboxes as root
		s.uid, s.gid, internal = as.UID, as.GID, ""
	}
	config := write(t, dir, "config", fmt.Sprintf(imapConfig, dir, certificate(t, dir), internal, s.Password, s.uid, s.gid, s.Port, s.TLS))
	s.Empty(t, "ann")
	loopback.Serve(t, loopback.Command(nil, program, "-F", "-c", config), s.Port, s.TLS)
	return s
}

// imapConfig takes the folder, the file with the certificate, users for a server that does not run as root, the password, the owner of
// the mailboxes, and the two ports.
const imapConfig = `protocols = imap
listen = 127.0.0.1
base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = /dev/stderr
ssl = yes
ssl_cert = <%[2]s
ssl_key = <%[2]s
disable_plaintext_auth = no
mail_location = maildir:%[1]s/mail/%%u
first_valid_uid = 1
%[3]spassdb {
  driver = static
  args = password=%[4]s
}
userdb {
  driver = static
  args = uid=%[5]d gid=%[6]d home=%[1]s/mail/%%u
}
service imap-login {
  chroot =
  inet_listener imap {
    port = %[7]d
  }
  inet_listener imaps {
    port = %[8]d
  }
}
`

// Empty makes the mailbox of a user anew.
func (s *IMAPServer) Empty(t testing.TB, user string) {
	t.Helper()
	box := filepath.Join(s.folder, user)
	if err := os.RemoveAll(box); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", "cur", "new", "tmp"} {
		at := filepath.Join(box, dir)
		if err := os.MkdirAll(at, 0o755); err != nil { //nolint:gosec // the server runs as another user
			t.Fatal(err)
		}
		if err := os.Chown(at, s.uid, s.gid); err != nil {
			t.Fatal(err)
		}
	}
}

// Deliver puts a mail into the mailbox of a user.
func (s *IMAPServer) Deliver(t testing.TB, user, mail string) {
	t.Helper()
	s.count++
	name := fmt.Sprintf("17000000%04d.M1.host", s.count)
	at := filepath.Join(s.folder, user, "tmp", name)
	if err := os.WriteFile(at, []byte(mail), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(at, s.uid, s.gid); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(at, filepath.Join(s.folder, user, "new", name)); err != nil {
		t.Fatal(err)
	}
}

// Names are the files of the mails of a user: behind ":2," stand the flags, "S" for a mail that was read. One without has not been seen by
// the server yet.
func (s *IMAPServer) Names(t testing.TB, user string) []string {
	t.Helper()
	var list []string
	for _, dir := range []string{"cur", "new"} {
		files, err := os.ReadDir(filepath.Join(s.folder, user, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			list = append(list, f.Name())
		}
	}
	return list
}

// Opened reports whether anybody has opened the mailbox of a user.
func (s *IMAPServer) Opened(user string) bool {
	_, err := os.Stat(filepath.Join(s.folder, user, "dovecot-uidlist"))
	return err == nil
}
