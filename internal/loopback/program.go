package loopback

import (
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// RequiredVariable makes a missing program a failure; otherwise the test is skipped.
const RequiredVariable = "CORDBOARD_TEST_SERVERS"

// patience bounds how long tests wait for what must come, on a machine with much else to do.
const patience = 2 * time.Minute

// Await waits until something is so, and fails the test where it does not come.
func Await(t testing.TB, what string, so func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-late.C:
			t.Fatalf("%s did not come", what)
		case <-tick.C:
		}
	}
}

// Missing ends a test that needs a package of the system.
func Missing(t testing.TB, program, pkg string) {
	t.Helper()
	if os.Getenv(RequiredVariable) != "" {
		t.Fatalf("there is no %s: apt-get install %s", program, pkg)
	}
	t.Skipf("there is no %s: apt-get install %s (make test does so)", program, pkg)
}

// Find returns the path of a program, and ends the test where there is none.
func Find(t testing.TB, program, pkg string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	path := filepath.Join("/usr/sbin", program) // not in everybody's PATH
	if _, err := os.Stat(path); err != nil {
		Missing(t, program, pkg)
	}
	return path
}

// Folder makes an empty folder that goes when the test ends. Other than in t.TempDir's another user gets in, and the path of
// a socket in it is short.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cordboard-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Account is a user of the system; nil is the one who runs the tests.
type Account struct{ UID, GID int }

// Owner gives a folder to a user, as whom a program runs that refuses to run as root: nil where tests do not run as root.
func Owner(t testing.TB, dir, name string) *Account {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		t.Skipf("tests run as root, and there is no user %s to run the server as", name)
	}
	a := &Account{}
	a.UID, _ = strconv.Atoi(u.Uid) // they are numbers where there is a root
	a.GID, _ = strconv.Atoi(u.Gid)
	if err := os.Chown(dir, a.UID, a.GID); err != nil {
		t.Fatal(err)
	}
	return a
}

// Command returns a command that runs as a user; it ends with the tests, however they end, where the system can do that.
func Command(as *Account, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...) //nolint:gosec // the system's programs
	cmd.SysProcAttr = attributes(as)
	return cmd
}

// Program is a program that was started.
type Program struct {
	cmd   *exec.Cmd
	log   bytes.Buffer
	ended chan struct{}
}

// Start starts a command of Command and returns once ready says that it serves. The caller stops it.
func Start(t testing.TB, cmd *exec.Cmd, ready func() bool) *Program {
	t.Helper()
	p := &Program{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &p.log, &p.log, 10*time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // how it ended tells its log
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-p.ended:
			t.Fatalf("%s ended:\n%s", cmd.Path, &p.log)
		case <-late.C:
			p.Stop(os.Kill)
			t.Fatalf("%s does not answer:\n%s", cmd.Path, &p.log)
		case <-tick.C:
		}
	}
	return p
}

// Stop sends a signal, kills where there is no such signal, and returns once the program has ended. It may be called again.
func (p *Program) Stop(signal os.Signal) {
	if p.cmd.Process.Signal(signal) != nil {
		_ = p.cmd.Process.Kill()
	}
	<-p.ended
}

// Serve starts a command of Command, waits until it takes connections at all of the ports, and kills it when the test ends.
func Serve(t testing.TB, cmd *exec.Cmd, ports ...int) {
	t.Helper()
	p := Start(t, cmd, func() bool { return !slices.ContainsFunc(ports, func(port int) bool { return !listens(port) }) })
	t.Cleanup(func() { p.Stop(os.Kill) })
}
