//go:build linux

package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestTenThousandConnections: calls are answered while so many connections are open, each of which is answered, too.
func TestTenThousandConnections(t *testing.T) {
	many := 10_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if most := int(limit.Max) - 1000; most < many {
		t.Logf("%d connections, as this machine allows %d open files", most, limit.Max)
		many = most
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "last.json"), []byte(lastNodeFlow), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, dir)
	at := strings.TrimPrefix(p.address, "http://")
	conns := make([]net.Conn, many)
	t.Cleanup(func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	})
	ask := func(i int, path string) (string, error) {
		if conns[i] == nil {
			c, err := net.Dial("tcp", at)
			if err != nil {
				return "", err
			}
			conns[i] = c
		}
		if _, err := fmt.Fprintf(conns[i], "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
			return "", err
		}
		res, err := http.ReadResponse(bufio.NewReader(conns[i]), nil)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, " ", string(body)), err
	}
	round := func(count int, path, want string) {
		t.Helper()
		next := make(chan int, count)
		for i := range count {
			next <- i
		}
		close(next)
		var group sync.WaitGroup
		for range 64 {
			group.Go(func() {
				for i := range next {
					if got, err := ask(i, path); err != nil || !strings.HasPrefix(got, want) {
						t.Errorf("connection %d: %s, %v", i, got, err)
						return
					}
				}
			})
		}
		group.Wait()
	}
	round(many, "/healthz", `200 {"status":"ok"}`)
	round(1000, "/webhook/last?a=1", `200 {"a":"1"}`)
	round(many, "/healthz", `200 {"status":"ok"}`)
	p.stop(t)
}
