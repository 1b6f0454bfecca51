package mail_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/mail"
	"github.com/cordboard/cordboard/nodes/request"
)

// fake is a server whose answers a test makes: to each line that comes, "" to close the connection. mails counts the mails that were
// begun over the connection; the end of one is the line ".".
type fake struct {
	net.Listener
	mu    sync.Mutex
	conns int
	lines []string
}

func newFake(t *testing.T, answer func(mails int, line string) string) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{Listener: l}
	var busy sync.WaitGroup
	busy.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns++
			f.mu.Unlock()
			busy.Go(func() { f.serve(conn, answer) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		busy.Wait()
	})
	return f
}

func (f *fake) serve(conn net.Conn, answer func(mails int, line string) string) {
	defer conn.Close()
	fmt.Fprint(conn, "220 fake\r\n")
	inMail, mails := false, 0
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		if inMail && line != "." {
			continue
		}
		f.mu.Lock()
		f.lines = append(f.lines, line)
		f.mu.Unlock()
		if strings.HasPrefix(line, "MAIL") {
			mails++
		}
		reply := answer(mails, line)
		if reply == "" {
			return
		}
		inMail = strings.HasPrefix(reply, "354")
		fmt.Fprint(conn, reply, "\r\n")
	}
}

// usual are the answers of a server to which nothing happens.
func usual(line string) string {
	switch {
	case strings.HasPrefix(line, "EHLO"):
		return "250-fake\r\n250 AUTH PLAIN"
	case strings.HasPrefix(line, "AUTH"):
		return "235 welcome"
	case line == "DATA":
		return "354 go on"
	case line == "QUIT":
		return "221 bye"
	}
	return "250 fine"
}

func (f *fake) count(line string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, l := range f.lines {
		if strings.HasPrefix(l, line) {
			n++
		}
	}
	return n
}

// noted is an engine with one credential.
type noted struct {
	nodes.Engine
	access nodes.Access
}

func (n noted) Access(context.Context, string) (nodes.Access, error) { return n.access, nil }
func (noted) Now() time.Time                                         { return time.Unix(0, 0) }

func access(l net.Listener, password string) nodes.Access {
	host, port, _ := net.SplitHostPort(l.Addr().String())
	return nodes.Access{Fields: map[string]string{"host": host, "port": port, "user": "ann", "secure": "false"}, Secrets: nodes.Secrets{"password": password}}
}

func call(t *testing.T, a nodes.Access, parameters string, items ...nodes.Item) *nodes.Call {
	t.Helper()
	params, errs := nodes.CompileTemplate(gjson.Parse(parameters), nil)
	if errs != nil {
		t.Fatal(errs)
	}
	return &nodes.Call{Name: "Mail", Version: 2.1, Params: params, Engine: noted{access: a}, Log: slog.New(slog.DiscardHandler), Inputs: []nodes.Items{nodes.ItemsOf(items...)}}
}

const plain = `{"fromEmail":"from@example.com","toEmail":"to@example.com","subject":"x","emailFormat":"text","text":"x"}`

func node(o mail.Options) nodes.Node { return mail.Nodes(o)[0].Node }

// TestConnection: the mails of an execution go over one connection, and over another where the server ends it.
func TestConnection(t *testing.T) {
	t.Parallel()
	item := nodes.NewItem("{}")
	for name, c := range map[string]struct {
		answer func(mails int, line string) string
		conns  int
	}{
		"one": {func(_ int, line string) string { return usual(line) }, 1},
		"the server has enough after a mail": {func(mails int, line string) string {
			if strings.HasPrefix(line, "MAIL") && mails > 1 {
				return "421 4.7.0 too many mails"
			}
			return usual(line)
		}, 3},
		"the server is gone after two mails": {func(mails int, line string) string {
			if strings.HasPrefix(line, "MAIL") && mails > 2 {
				return ""
			}
			return usual(line)
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, c.answer)
			x := call(t, access(f, "p"), plain, item, item, item)
			if err := node(mail.Options{}).Execute(t.Context(), x); err != nil {
				t.Fatal(err)
			}
			outputs, _, _ := x.Outcome()
			if outputs[0].Len() != 3 || f.count(".") != 3 || f.conns != c.conns {
				t.Errorf("%d items, %d mails over %d connections", outputs[0].Len(), f.count("."), f.conns)
			}
		})
	}
}

// TestSpecialAddresses: SMTPUTF8 (RFC 6531) is asked for where an address needs it, and nowhere else.
func TestSpecialAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ to, offer, want string }{
		{"to@example.com", "250-fake\r\n250 SMTPUTF8", "MAIL FROM:<from@example.com>"},
		{"jürgen@example.com", "250-fake\r\n250 SMTPUTF8", "MAIL FROM:<from@example.com> SMTPUTF8"},
		{"jürgen@example.com", "250 fake", ""},
		{"a@bücher.example", "250 fake", "MAIL FROM:<from@example.com>"},
	} {
		f := newFake(t, func(_ int, line string) string {
			if strings.HasPrefix(line, "EHLO") {
				return c.offer
			}
			return usual(line)
		})
		err := node(mail.Options{}).Execute(t.Context(), call(t, access(f, "p"), strings.Replace(plain, "to@example.com", c.to, 1), nodes.NewItem("{}")))
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "does not take addresses with characters beyond ASCII") || f.count("MAIL") > 0 {
				t.Errorf("%s: got %v", c.to, err)
			}
			continue
		}
		if err != nil || f.count("MAIL") != 1 || f.count(c.want) != 1 || strings.HasSuffix(c.want, "SMTPUTF8") != (f.count("MAIL FROM:<from@example.com> SMTPUTF8") == 1) {
			t.Errorf("%s: got %v, %q", c.to, err, f.lines)
		}
	}
}

// TestRetry: a mail is sent again where the server did not take it, this one alone, and not where nobody knows.
func TestRetry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at, answer string
		times      int
		mails      int
		unknown    bool
	}{
		"not taken for now":            {"RCPT TO:<b@", "451 later", 1, 2, false},
		"never taken":                  {"RCPT TO:<b@", "451 later", 9, 1, true}, // so that the first is not sent again
		"nobody knows whether it came": {".", "", 1, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left, mu := c.times, sync.Mutex{}
			f := newFake(t, func(_ int, line string) string {
				mu.Lock()
				defer mu.Unlock()
				if strings.HasPrefix(line, c.at) && left > 0 {
					left--
					return c.answer
				}
				return usual(line)
			})
			x := call(t, access(f, "p"), strings.Replace(plain, "to@example.com", "a@example.com", 1), nodes.NewItem("{}"))
			x.Retry = nodes.Retry{Tries: 3}
			first := node(mail.Options{}).Execute(t.Context(), x)
			y := call(t, access(f, "p"), strings.Replace(plain, "to@example.com", "b@example.com", 1), nodes.NewItem("{}"))
			y.Retry = nodes.Retry{Tries: 3}
			err := first
			if c.at != "." {
				err = errors.Join(first, node(mail.Options{}).Execute(t.Context(), y))
			}
			if got := errors.Is(err, nodes.ErrOutcomeUnknown); got != c.unknown || (err != nil) != c.unknown || f.count(".") != c.mails {
				t.Errorf("got %v, %d mails", err, f.count("."))
			}
		})
	}
}

// TestSecrets: no error has the password, even where the server tells it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(_ int, line string) string {
		if strings.HasPrefix(line, "AUTH") {
			return "535 the password hunter2-word is wrong"
		}
		return usual(line)
	})
	a := access(f, "hunter2-word")
	n := node(mail.Options{})
	for _, err := range []error{n.Execute(t.Context(), call(t, a, plain, nodes.NewItem("{}"))), n.(nodes.CredentialTester).TestCredential(t.Context(), "smtp", a)} {
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "Invalid login: 535 the password *** is wrong") {
			t.Errorf("got %v", err)
		}
	}
}

// TestTestCredential against a server, with what is right and what is not.
func TestTestCredential(t *testing.T) {
	server := dbtest.SMTP(t)
	tester := node(mail.Options{}).(nodes.CredentialTester)
	for name, c := range map[string]struct {
		port     int
		password string
		secure   string
		want     string
	}{
		"right":          {server.Auth, server.Password, "false", ""},
		"wrong password": {server.Auth, "wrong-word", "false", "Invalid login: 535 5.7.8 Authentication credentials invalid"},
		"nobody there":   {1, server.Password, "false", "The service refused the connection - perhaps it is offline"},
		"no TLS":         {server.Plain, server.Password, "true", "the server does not begin with TLS: switch the credential's field secure (SSL/TLS) off, or use the port for it (465)"},
		"not trusted":    {server.TLS, server.Password, "true", "the certificate of the server cannot be verified"},
	} {
		a := nodes.Access{
			Fields:  map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(c.port), "user": server.User, "secure": c.secure, "hostName": "client.example"},
			Secrets: nodes.Secrets{"password": c.password},
		}
		err := tester.TestCredential(t.Context(), "smtp", a)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if mails := server.Mails(t); len(mails) > 0 {
		t.Errorf("a test sent %v", mails)
	}
}

// TestCancel: an execution ends with its context, whatever the server is waiting for.
func TestCancel(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			enough := errors.New("enough")
			f := newFake(t, func(_ int, line string) string {
				if strings.HasPrefix(line, at) {
					cancel(enough)
					<-ctx.Done()
					return "100-" // no answer yet
				}
				return usual(line)
			})
			if err := node(mail.Options{}).Execute(ctx, call(t, access(f, "p"), plain, nodes.NewItem("{}"))); !errors.Is(err, enough) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestRefused: what must not be sent is not: to private addresses where they are refused, and with line breaks in what is no text.
func TestRefused(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(_ int, line string) string { return usual(line) })
	executor := request.New()
	defer executor.Close()
	err := node(mail.Options{Executor: executor, PublicOnly: true}).Execute(t.Context(), call(t, access(f, "p"), plain, nodes.NewItem("{}")))
	if err == nil || !strings.Contains(err.Error(), "private") {
		t.Errorf("got %v", err)
	}
	for _, field := range []string{"fromEmail", "toEmail", "ccEmail", "bccEmail", "replyTo"} {
		for _, evil := range []string{"a@example.com\r\nRCPT TO:<evil@example.com>", "a@example.com\nBcc: evil@example.com", "a@example.com\r", "Ann\r\n <a@example.com>"} {
			var p map[string]any
			if err := json.Unmarshal([]byte(plain), &p); err != nil {
				t.Fatal(err)
			}
			p["options"] = map[string]any{field: evil}
			if strings.HasSuffix(field, "mEmail") || field == "toEmail" {
				p[field] = evil
			}
			text, _ := json.Marshal(p) // it was JSON
			err := node(mail.Options{}).Execute(t.Context(), call(t, access(f, "p"), string(text), nodes.NewItem("{}")))
			if err == nil || !strings.Contains(err.Error(), "an address must not hold a line break") {
				t.Errorf("%s %q: got %v", field, evil, err)
			}
		}
	}
	a := access(f, "p")
	a.Fields["hostName"] = "x\r\nMAIL FROM:<evil@example.com>"
	if err := node(mail.Options{}).Execute(t.Context(), call(t, a, plain, nodes.NewItem("{}"))); err == nil || !strings.Contains(err.Error(), "no name of a host") {
		t.Errorf("got %v", err)
	}
	if f.count("MAIL") > 0 {
		t.Errorf("sent %q", f.lines)
	}
	x := call(t, access(f, "p"), `{"operation":"sendAndWait"}`, nodes.NewItem("{}"))
	if err := node(mail.Options{}).Execute(t.Context(), x); err == nil || !strings.Contains(err.Error(), "is not available") {
		t.Errorf("got %v", err)
	}
}

// brokenStore has files that end too early.
type brokenStore struct{ nodes.BinaryStore }

func (brokenStore) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000)), broken{})), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// TestBrokenFile: a mail whose file cannot be read to its end does not arrive.
func TestBrokenFile(t *testing.T) {
	server := dbtest.SMTP(t)
	a := nodes.Access{Fields: map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(server.Plain), "secure": "false"}}
	it := nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", nodes.File{ID: "1", FileName: "a.bin"}))
	x := call(t, a, strings.Replace(plain, `"text":"x"`, `"text":"x","options":{"attachments":"data"}`, 1), it)
	x.Binary = brokenStore{}
	err := node(mail.Options{}).Execute(t.Context(), x)
	if err == nil || !strings.Contains(err.Error(), `the binary data "a.bin" cannot be read: the disk is gone`) {
		t.Errorf("got %v", err)
	}
	if mails := server.Mails(t); len(mails) > 0 {
		t.Errorf("%d mails arrived", len(mails))
	}
}
