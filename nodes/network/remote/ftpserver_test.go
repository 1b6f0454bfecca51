package remote_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cordboard/cordboard/nodes/network/remote"
)

// server is one of the test's own on loopback.
type server struct {
	port  int
	calls atomic.Int64
}

func (s *server) called() bool { return s.calls.Load() > 0 }

// serve answers each connection with talk and holds it open until the test ends.
func serve(t *testing.T, talk func(conn net.Conn)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{port: l.Addr().(*net.TCPAddr).Port}
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		open []net.Conn
	)
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			s.calls.Add(1)
			wait.Go(func() { talk(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		wait.Wait()
	})
	return s
}

// oldServer is an FTP server without EPSV and MLSD, that names an address of another machine for data and lists as DOS does.
func oldServer(t *testing.T, replies map[string]string, list string) *server {
	t.Helper()
	data := serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, list)
		_ = conn.Close()
	})
	return serve(t, func(conn net.Conn) {
		say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
		say("220-Good day.\r\n 331 is not the end\r\n220 Ready")
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			verb, _, _ := strings.Cut(lines.Text(), " ")
			switch reply, ok := replies[verb]; {
			case ok:
				say(reply)
			case verb == "USER":
				say("331 Password?")
			case verb == "PASS":
				say("230 In")
			case verb == "TYPE":
				say("200 Well")
			case verb == "PASV":
				say(fmt.Sprintf("227 Entering Passive Mode (10,255,255,1,%d,%d).", data.port>>8, data.port&0xff))
			case verb == "LIST":
				say("150 Here")
				say("226 Done")
			default:
				say("502 What?")
			}
		}
	})
}

func TestOldServer(t *testing.T) {
	list := "01-02-24  03:04PM       <DIR>          old folder\r\n11-12-1999  12:05AM              1234 a b.txt\r\ntotal 2\r\n"
	fields := func(s *server) map[string]any {
		return map[string]any{"host": "127.0.0.1", "port": s.port, "username": "u", "password": "p"}
	}
	listing := node("ftp", "ftp", map[string]any{"operation": "list", "path": "/"})
	s := oldServer(t, nil, list)
	got := answer(t, engineWith(t, "ftp", fields(s), remote.Options{}), listing, `{"json":{}}`).Get("outputs.0.#.json").Raw
	want := `[{"type":"d","name":"old folder","size":0,"modifyTime":"2024-01-02T15:04:00.000Z","path":"/old folder"},{"type":"-","name":"a b.txt","size":1234,"modifyTime":"1999-11-12T00:05:00.000Z","path":"/a b.txt"}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, c := range map[string]struct {
		replies map[string]string
		want    string
	}{
		"too long a reply":  {map[string]string{"TYPE": "200-" + strings.Repeat("x", 2<<20)}, "closed the connection"},
		"no port":           {map[string]string{"PASV": "227 somewhere"}, "names no port"},
		"a broken reply":    {map[string]string{"LIST": "what"}, "what"},
		"said in its words": {map[string]string{"LIST": "550 not today"}, "not today"},
		"no login":          {map[string]string{"PASS": "530 who are you"}, "who are you"},
		"an account":        {map[string]string{"PASS": "332 which account"}, "which account"},
	} {
		got := answer(t, engineWith(t, "ftp", fields(oldServer(t, c.replies, list)), remote.Options{}), listing, `{"json":{}}`)
		if m := got.Get("error.message").Str; !strings.Contains(m, c.want) {
			t.Errorf("%s\ngot  %s\nwant %s", name, got.Raw, c.want)
		}
	}
}

// TestUploadOnce: an upload that the server refuses when it has the content is not tried again, with the rest of the content.
func TestUploadOnce(t *testing.T) {
	data := serve(t, func(conn net.Conn) {
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	})
	var stored atomic.Int64
	s := serve(t, func(conn net.Conn) {
		say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
		say("220 Ready")
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			switch verb, _, _ := strings.Cut(lines.Text(), " "); verb {
			case "USER":
				say("230 In")
			case "TYPE":
				say("200 Well")
			case "EPSV":
				say(fmt.Sprintf("229 Here (|||%d|)", data.port))
			case "STOR":
				stored.Add(1)
				say("150 Go\r\n550 No room")
			case "MKD":
				say("257 Made")
			default:
				say("502 What?")
			}
		}
	})
	upload := node("ftp", "ftp", map[string]any{"operation": "upload", "path": "/folder/a.txt", "binaryData": false, "fileContent": "a"})
	got := answer(t, engineWith(t, "ftp", map[string]any{"host": "127.0.0.1", "port": s.port, "username": "u", "password": "p"}, remote.Options{}), upload, `{"json":{}}`)
	if m := got.Get("error.message").Str; !strings.Contains(m, "No room") || stored.Load() != 1 {
		t.Errorf("stored %d times: %s", stored.Load(), got.Raw)
	}
}
