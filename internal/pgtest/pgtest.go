// Package pgtest starts PostgreSQL servers for tests, on loopback and with data that goes when the test ends. The programs are
// those of the system's package (make test installs it).
package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cordboard/cordboard/internal/loopback"
)

// Server is a server that listens on 127.0.0.1.
type Server struct {
	dir     string
	port    int
	bin     string
	as      *loopback.Account
	program *loopback.Program // nil where it does not run
	made    atomic.Int64
}

// Start makes a server and starts it. It ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	bin := find()
	if bin == "" {
		loopback.Missing(t, "PostgreSQL", "postgresql")
	}
	s := &Server{bin: bin, dir: loopback.Folder(t), port: loopback.Port(t)}
	s.as = loopback.Owner(t, s.dir, "postgres") // it refuses to run as root
	if out, err := s.command("initdb", "-D", s.data(), "-U", "cordboard", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Run(t)
	t.Cleanup(s.Kill)
	return s
}

// find returns the directory of PostgreSQL's programs, that of the newest version.
func find() string {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is right
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir
		}
	}
	return ""
}

func version(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))) // 0 for what is none
	return n
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := loopback.Command(s.as, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	return cmd
}

// Run starts the server, again after Kill.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	cmd := s.command("postgres", "-D", s.data(), "-k", s.dir, "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-c", "fsync=off", "-c", "max_connections=200")
	s.program = loopback.Start(t, cmd, func() bool {
		conn, err := pgx.Connect(t.Context(), s.url("postgres"))
		if err != nil {
			return false
		}
		_ = conn.Close(t.Context())
		return true
	})
}

// Kill ends the server as a power cut would.
func (s *Server) Kill() {
	if s.program == nil {
		return
	}
	s.program.Stop(syscall.SIGQUIT) // its immediate shutdown: the children go too
	s.program = nil
}

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgres://cordboard@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Database makes an empty database and returns its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	name := fmt.Sprint("test", s.made.Add(1))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		t.Fatal(err)
	}
	return s.url(name)
}
