// Package dbtest starts servers for tests, on loopback and with data that goes when the test ends: databases (MariaDB, Redis; package
// pgtest has PostgreSQL), queues (RabbitMQ, Mosquitto), mail (SMTP, IMAP), SSH and FTP. The programs are those of the system's packages (make test installs them).
package dbtest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/cordboard/cordboard/internal/loopback"
)

// MariaDB starts a server and returns its port on 127.0.0.1 once it answers. Its user is root, without a password.
func MariaDB(t testing.TB) int {
	t.Helper()
	install, daemon := loopback.Find(t, "mariadb-install-db", "mariadb-server"), loopback.Find(t, "mariadbd", "mariadb-server")
	dir := loopback.Folder(t)
	as := loopback.Owner(t, dir, "mysql")
	data := filepath.Join(dir, "data")
	args := []string{"--no-defaults", "--datadir=" + data}
	if as != nil {
		args = append(args, "--user=mysql")
	}
	setup := loopback.Command(nil, install, append(args, "--auth-root-authentication-method=normal", "--skip-test-db")...)
	if out, err := setup.CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	port := loopback.Port(t)
	loopback.Serve(t, loopback.Command(as, daemon, append(args, "--socket="+filepath.Join(dir, "s"), "--bind-address=127.0.0.1", "--port="+strconv.Itoa(port),
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--skip-name-resolve")...), port)
	return port
}

// Redis starts a server and returns its port on 127.0.0.1 once it answers.
func Redis(t testing.TB) int {
	t.Helper()
	port, program := loopback.Port(t), loopback.Find(t, "redis-server", "redis-server")
	loopback.Serve(t, loopback.Command(nil, program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--dir", loopback.Folder(t)), port)
	return port
}

// write makes a file that only its owner reads and returns its path.
func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificate makes one for 127.0.0.1, which nobody trusts, and returns the name of a file with its key and itself (PEM).
func certificate(t testing.TB, dir string) string {
	t.Helper()
	cert, key := loopback.NewAuthority(t).Pair(t)
	return write(t, dir, "server.pem", key+cert)
}
