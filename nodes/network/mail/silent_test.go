package mail

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// serve answers commands of IMAP on a connection, up to the one with this name; "greeting" is before the first.
func serve(conn net.Conn, until string) {
	if until != "greeting" {
		fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1 IDLE] here\r\n")
	}
	tag := ""
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		command := strings.Fields(lines.Text())
		if command[0] != "DONE" {
			tag = command[0]
			command = command[1:]
		}
		switch name := command[0]; {
		case until == "greeting" || name == until:
			until = "greeting"
		case name == "IDLE":
			fmt.Fprint(conn, "+ waiting\r\n")
		case name == "LOGIN":
			fmt.Fprintf(conn, "%s OK [CAPABILITY IMAP4rev1 IDLE] done\r\n", tag)
		default:
			fmt.Fprintf(conn, "%s OK done\r\n", tag)
		}
	}
}

// TestSilentServer: a server that does not answer ends the connection, whatever is waited for, and one that has no news does not.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	for until, want := range map[string]string{
		"greeting": "the login failed: ", "LOGIN": "the login failed: ", "IDLE": "waiting for mails failed: the server does not answer",
		"DONE": "the connection to the mailbox was lost: the server does not answer", "NOOP": "the connection to the mailbox was lost: the server does not answer", "": "",
	} {
		t.Run(until, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				defer far.Close()
				go serve(far, until)
				short, cancel := context.WithTimeout(t.Context(), connectTimeout)
				defer cancel()
				begun := time.Now()
				b, err := newBox(t.Context(), short, near, "localhost", nodes.Access{Fields: map[string]string{"secure": "false", "user": "u"}}, false)
				if err == nil {
					defer b.close()
					err = b.wait(t.Context(), nil)
				}
				took := time.Since(begun)
				if got := fmt.Sprint(err); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(got, want) {
					t.Errorf("got %s, want %s", got, want)
				}
				if took > 3*maxIdle || strings.HasPrefix(want, "the login") && took > connectTimeout || want == "" && took < maxIdle {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}
