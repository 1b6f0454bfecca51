package loopback

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPort: nobody listens at a port, and nobody else gets it while the test runs.
func TestPort(t *testing.T) {
	t.Parallel()
	given := map[int]bool{}
	for range 200 {
		port := Port(t)
		if given[port] || listens(port) {
			t.Fatalf("port %d is not free", port)
		}
		given[port] = true
	}
}

// echo answers with what comes.
func echo(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestRelay(t *testing.T) {
	t.Parallel()
	a := NewAuthority(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(a.PEM))
	cert, key := a.Pair(t)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ server, client *tls.Config }{
		"plain": {}, "TLS": {a.Server(t), &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}},
	} {
		r := NewRelay(t, echo(t), c.server)
		conn, err := net.Dial("tcp4", address(r.Port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if c.client != nil {
			conn = tls.Client(conn, c.client)
		}
		said := make([]byte, 2)
		if _, err := io.WriteString(conn, "hi"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := io.ReadFull(conn, said); err != nil || string(said) != "hi" || r.Connections() != 1 {
			t.Errorf("%s: %q, %d connections, %v", name, said, r.Connections(), err)
		}
		r.Cut()
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(conn, said); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection was not cut", name)
		}
	}
}

// failing is a test that may fail.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// TestProgram: one that ends is noticed at once, with what it said; one that goes on ends when it is stopped.
func TestProgram(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Start(f, Command(nil, shell, "-c", "echo no such option; exit 1"), func() bool { return false })
	}()
	<-done
	if want := shell + " ended:\nno such option\n"; f.said != want {
		t.Errorf("got %q, want %q", f.said, want)
	}
	p := Start(t, Command(nil, shell, "-c", "exec sleep 600"), func() bool { return true })
	p.Stop(os.Interrupt)
	p.Stop(os.Kill)
}
