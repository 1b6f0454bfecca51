// Package dbtest starts servers for tests, on loopback and with data that goes when the test ends: databases (MariaDB, Redis; package
// pgtest has PostgreSQL), queues (RabbitMQ, Mosquitto), mail (SMTP, IMAP), SSH and FTP. The programs are those of the system's packages (make test installs them).
package dbtest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// RequiredVariable makes a missing server a failure; otherwise the test is skipped.
const RequiredVariable = "CORDBOARD_TEST_SERVERS"

// MariaDB starts a server and returns its port on 127.0.0.1 once it answers. Its user is root, without a password.
func MariaDB(t testing.TB) int {
	t.Helper()
	install, daemon := find(t, "mariadb-install-db", "mariadb-server"), find(t, "mariadbd", "mariadb-server")
	dir := folder(t)
	as := owner(t, dir, "mysql")
	data := filepath.Join(dir, "data")
	args := []string{"--no-defaults", "--datadir=" + data}
	if as != nil {
		args = append(args, "--user=mysql")
	}
	setup := exec.Command(install, append(args, "--auth-root-authentication-method=normal", "--skip-test-db")...) //nolint:gosec // the system's program
	if out, err := setup.CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	port := freePort(t)
	run(t, port, as, daemon, append(args, "--socket="+filepath.Join(dir, "s"), "--bind-address=127.0.0.1", "--port="+strconv.Itoa(port),
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--skip-name-resolve")...)
	return port
}

// Redis starts a server and returns its port on 127.0.0.1 once it answers.
func Redis(t testing.TB) int {
	t.Helper()
	port := freePort(t)
	run(t, port, nil, find(t, "redis-server", "redis-server"), "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder(t))
	return port
}

func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cordboard-db-") // not t.TempDir: another user must get in, and a socket's path be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// find returns the path of a program.
func find(t testing.TB, program, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path = filepath.Join("/usr/sbin", program)
		if _, statErr := os.Stat(path); statErr == nil {
			return path
		}
		if os.Getenv(RequiredVariable) != "" {
			t.Fatalf("there is no %s: apt-get install %s", program, pkg)
		}
		t.Skipf("there is no %s: apt-get install %s (make test does so)", program, pkg)
	}
	return path
}

// owner gives a folder to the user as whom a server runs, where tests run as root; nil if they do not.
func owner(t testing.TB, dir, name string) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		t.Skipf("tests run as root, and there is no user %s to run the server as", name)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// run starts a server and waits until it takes connections. It ends with the test.
func run(t testing.TB, port int, as *syscall.Credential, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...) //nolint:gosec // the system's program
	log := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = conn.Close()
			t.Cleanup(stop)
			return
		}
		<-tick.C
	}
	stop()
	t.Fatalf("%s does not answer:\n%s", program, log)
}
