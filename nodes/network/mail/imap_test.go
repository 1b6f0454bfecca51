package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/mail"
)

// notAsReceived are the recorded cases that are not met, each with the reason.
var notAsReceived = map[string]string{
	"windows-1252": "n8n takes windows-1252 for ISO-8859-1",
}

// TestReceived runs the cases of testdata/received/imap, recorded from n8n 2.40.7 by record.mjs, which also says what is in a case.
func TestReceived(t *testing.T) {
	server := dbtest.IMAP(t)
	files, err := filepath.Glob("testdata/received/imap/*.json")
	if err != nil || len(files) < 35 {
		t.Fatalf("only %d cases: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			if reason := notAsReceived[name]; reason != "" {
				t.Skip(reason)
			}
			c := golden.Read(t, file)
			server.Empty(t, name)
			call := imapCall(t, server, name, c.Get("trigger.parameters").Raw)
			call.Version = c.Get("trigger.typeVersion").Num
			wanted := c.Get("want").Array()
			marks := c.Get("trigger.parameters.postProcessAction").Str != "nothing"
			read := func() int { return strings.Count(strings.Join(server.Names(t, name), " "), ":2,S") }
			call.History = newMarks()
			mails := c.Get("mails").Array()
			r := newRuns()
			if err := until(t, call, r.start, func() bool {
				for ; mails != nil && (name != "untracked" || server.Opened(name)); mails = nil { // without a track what was there before does not count
					for _, m := range mails {
						server.Deliver(t, name, m.Str)
					}
				}
				return len(r.all()) >= len(wanted) && (!marks || read() >= len(wanted))
			}); err != nil {
				t.Fatal(err)
			}
			got := r.all()
			for i, w := range wanted {
				if i >= len(got) || got[i] != received(w) {
					t.Fatalf("item %d:\ngot  %s\nwant %s", i, strings.Join(got, "\n     "), received(w))
				}
			}
			if len(got) != len(wanted) {
				t.Errorf("got %d items, want %d", len(got), len(wanted))
			}
			if n := read(); marks && n != len(wanted) || !marks && n > 0 {
				t.Errorf("%d mails are marked as read", n)
			}
		})
	}
}

// received describes an item: its JSON, and the names and content of its binary data.
func received(it gjson.Result) string {
	text := it.Get("json").Raw
	it.Get("binary").ForEach(func(key, f gjson.Result) bool {
		text += fmt.Sprintf(" %s: %s %s", key.Str, f.Get("fileName").Str, f.Get("data").Str)
		return true
	})
	return text
}

func imapCall(t *testing.T, server *dbtest.IMAPServer, user, parameters string) *nodes.Call {
	t.Helper()
	params, errs := nodes.CompileTemplate(gjson.Parse(parameters), nil)
	if errs != nil {
		t.Fatal(errs)
	}
	a := nodes.Access{Fields: map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(server.Port), "user": user, "secure": "false"}, Secrets: nodes.Secrets{"password": server.Password}}
	return &nodes.Call{Name: "Mails", Version: 2.2, Params: params, Engine: noted{access: a}, Log: slog.New(slog.DiscardHandler)}
}

func trigger() nodes.Trigger { return mail.Nodes(mail.Options{})[1].Node.(nodes.Trigger) }

// until lets the trigger listen until something is so; an error is that of the trigger.
func until(t *testing.T, call *nodes.Call, start nodes.Start, so func() bool) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- trigger().Listen(ctx, call, start) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case err := <-done:
			if err == nil {
				t.Fatal("it took too long")
			}
			return err
		case <-tick.C:
		}
	}
	cancel()
	return <-done
}

func itemText(it nodes.Item) string {
	text := it.JSON()
	for key, f := range it.Binary().All() {
		text += fmt.Sprintf(" %s: %s %s", key, f.FileName, f.Data)
	}
	return text
}

// marks is a history in memory, whose writes may fail.
type marks struct {
	nodes.History
	mu     sync.Mutex
	values map[string]string
	fails  func() bool
}

func newMarks() *marks { return &marks{values: map[string]string{}} }

func (m *marks) Latest(_ context.Context, scope string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[scope], nil
}

func (m *marks) SetLatest(_ context.Context, scope, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails != nil && m.fails() {
		return errors.New("no connection")
	}
	m.values[scope] = value
	return nil
}

func (m *marks) get() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.values {
		return v
	}
	return ""
}

func text(subject string) string {
	return "From: a@example.com\r\nSubject: " + subject + "\r\n\r\nbody\r\n"
}

// runs are what a trigger starts, in a server that starts one run of a key.
type runs struct {
	mu       sync.Mutex
	items    []string
	subjects []string // of each run
	keys     map[string]bool
	fail     int // how many starts fail
}

func newRuns() *runs { return &runs{keys: map[string]bool{}} }

func (r *runs) start(ctx context.Context, list nodes.Items) (*nodes.Started, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail > 0 {
		r.fail--
		return nil, errors.New("the store is not there")
	}
	key := nodes.OnceKey(ctx)
	if key == "" || r.keys[key] {
		return &nodes.Started{}, nil
	}
	r.keys[key] = true
	var subjects []string
	for _, it := range list.All() {
		r.items = append(r.items, itemText(it))
		subjects = append(subjects, it.Get("subject").Str)
	}
	r.subjects = append(r.subjects, strings.Join(subjects, ","))
	return &nodes.Started{}, nil
}

func (r *runs) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.items
}

func (r *runs) told() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.subjects, " ")
}

// nth is true at the nth call.
func nth(n int) func() bool {
	return func() bool {
		n--
		return n == 0
	}
}

// TestNoMailTwice: what came starts one run, whatever fails, and whether mails are marked as read or not.
func TestNoMailTwice(t *testing.T) {
	server := dbtest.IMAP(t)
	for _, action := range []string{"read", "nothing"} {
		for name, c := range map[string]struct{ starts, write int }{ // what fails
			"nothing fails": {}, "a start fails": {starts: 1}, "the first note fails": {write: 1}, "the note after a run fails": {write: 2},
		} {
			t.Run(action+", "+name, func(t *testing.T) {
				user := strings.NewReplacer(" ", "-", ",", "").Replace(action + name)
				server.Empty(t, user)
				server.Deliver(t, user, text("a"))
				server.Deliver(t, user, text("b"))
				history, r := newMarks(), newRuns()
				history.fails, r.fail = nth(c.write), c.starts
				for uid, later := range []string{1: "", "c", "d"} { // the trigger is started anew each time, as a server does it
					if uid == 0 {
						continue
					}
					if later != "" {
						server.Deliver(t, user, text(later))
					}
					call := imapCall(t, server, user, `{"postProcessAction":"`+action+`"}`)
					call.History = history
					settled := func() bool { return strings.HasSuffix(history.get(), fmt.Sprintf(" %d 0", uid+1)) }
					for until(t, call, r.start, settled) != nil {
					}
				}
				if got := r.told(); got != "a,b c d" {
					t.Errorf("got %s", got)
				}
			})
		}
	}
}

// TestMailAfterCrash: mails whose run was started and not noted are not started again along with those that came meanwhile.
func TestMailAfterCrash(t *testing.T) {
	server := dbtest.IMAP(t)
	server.Deliver(t, "ann", text("a"))
	server.Deliver(t, "ann", text("b"))
	history, r, failed := newMarks(), newRuns(), false
	history.fails = func() bool {
		fails := r.told() != "" && !failed
		failed = failed || fails
		return fails
	}
	call := imapCall(t, server, "ann", `{}`)
	call.History = history
	settled := func() bool { return strings.HasSuffix(history.get(), " 3 0") }
	if err := until(t, call, r.start, settled); err == nil || err.Error() != "no connection" {
		t.Fatalf("got %v", err)
	}
	server.Deliver(t, "ann", text("c"))
	if err := until(t, call, r.start, settled); err != nil || r.told() != "a,b c" {
		t.Errorf("got %s, %v", r.told(), err)
	}
}

// TestNewMails: with nothing that keeps what was read, mails that were not marked are those that come from now on.
func TestNewMails(t *testing.T) {
	server := dbtest.IMAP(t)
	server.Deliver(t, "ann", text("old"))
	r := newRuns()
	delivered := false
	if err := until(t, imapCall(t, server, "ann", `{"postProcessAction":"nothing"}`), r.start, func() bool {
		if !delivered && server.Opened("ann") {
			delivered = true
			server.Deliver(t, "ann", text("new"))
		}
		return r.told() != ""
	}); err != nil {
		t.Fatal(err)
	}
	if r.told() != "new" {
		t.Errorf("got %s", r.told())
	}
}

// TestUnreadAgain: without a track a mail that the user marks as unread is new again.
func TestUnreadAgain(t *testing.T) {
	server := dbtest.IMAP(t)
	server.Deliver(t, "ann", text("a"))
	r, step := newRuns(), 0
	if err := until(t, imapCall(t, server, "ann", `{"options":{"trackLastMessageId":false}}`), r.start, func() bool {
		if step == 0 && strings.Contains(strings.Join(server.Names(t, "ann"), " "), ":2,S") {
			step = 1
			unread(t, server, "ann")
			server.Deliver(t, "ann", text("b"))
		}
		return strings.HasPrefix(r.told(), "a a")
	}); err != nil {
		t.Fatalf("%v, %s", err, r.told())
	}
}

func unread(t *testing.T, server *dbtest.IMAPServer, user string) {
	t.Helper()
	c, err := imapclient.DialInsecure(fmt.Sprintf("127.0.0.1:%d", server.Port), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Login(user, server.Password).Wait()
	if err == nil {
		_, err = c.Select("INBOX", nil).Wait()
	}
	if err == nil {
		err = c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsDel, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestMailboxFails: what the error says, without the password.
func TestMailboxFails(t *testing.T) {
	server := dbtest.IMAP(t)
	never := func() bool { return false }
	for parameters, want := range map[string]string{
		`{"mailbox":"nope"}`:                                      "the mailbox nope cannot be opened: ",
		`{"options":{"customEmailConfig":"UNSEEN"}}`:              "the rules for mails cannot be read: it is no JSON",
		`{"options":{"customEmailConfig":"[[\"NOPE\", 1]]"}}`:     `the rules for mails cannot be read: NOPE is not known, or "1" is no day`,
		`{"options":{"customEmailConfig":"[[\"FROM\"]]"}}`:        "the rules for mails cannot be read: FROM is not known, or has not the arguments that it needs",
		`{"options":{"customEmailConfig":"[\"x\\r\\nDELETE\"]"}}`: "the rules for mails cannot be read: X",
		`{"format":"resolved"}`:                                   "the format resolved is not available",
	} {
		err := until(t, imapCall(t, server, "ann", parameters), newRuns().start, never)
		if err == nil || !strings.HasPrefix(nodes.AsError(err).Message, want) {
			t.Errorf("%s: got %v, want %s", parameters, err, want)
		}
	}
	for name, c := range map[string]struct{ password, port, secure, want string }{
		"wrong password": {"wr0ng-word", fmt.Sprint(server.Port), "false", "the login failed: "},
		"nobody":         {"wr0ng-word", "1", "false", "The service refused the connection - perhaps it is offline"},
		"not trusted":    {server.Password, fmt.Sprint(server.TLS), "true", "the certificate of the server cannot be verified"},
		"right":          {server.Password, fmt.Sprint(server.Port), "false", ""},
	} {
		a := nodes.Access{Fields: map[string]string{"host": "127.0.0.1", "port": c.port, "user": "ann", "secure": c.secure}, Secrets: nodes.Secrets{"password": c.password}}
		err := mail.Nodes(mail.Options{})[1].Node.(nodes.CredentialTester).TestCredential(t.Context(), "imap", a)
		if (err == nil) != (c.want == "") || err != nil && (!strings.HasPrefix(nodes.AsError(err).Message, c.want) || strings.Contains(err.Error(), c.password)) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// TestMailboxLost: the trigger ends with an error when its connection does.
func TestMailboxLost(t *testing.T) {
	server := dbtest.IMAP(t)
	relay := loopback.NewRelay(t, server.Port, nil)
	server.Deliver(t, "ann", text("a"))
	call, r, cut := imapCall(t, server, "ann", `{}`), newRuns(), false
	call.Engine.(noted).access.Fields["port"] = fmt.Sprint(relay.Port)
	err := until(t, call, r.start, func() bool {
		if !cut && strings.Contains(strings.Join(server.Names(t, "ann"), " "), ":2,S") { // it waits for the next
			cut = true
			relay.Cut()
		}
		return false
	})
	if err == nil || !strings.HasPrefix(err.Error(), "the connection to the mailbox was lost") && !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v", err)
	}
}

// TestManyMails: of many mails each run has a part.
func TestManyMails(t *testing.T) {
	server := dbtest.IMAP(t)
	const count = 45
	for i := range count {
		server.Deliver(t, "ann", text(fmt.Sprint(i)))
	}
	r := newRuns()
	if err := until(t, imapCall(t, server, "ann", `{}`), r.start, func() bool { return len(r.all()) == count }); err != nil {
		t.Fatal(err)
	}
	if runs := strings.Fields(r.told()); len(runs) != 3 || !strings.HasPrefix(runs[0], "0,1,2,") || !strings.HasSuffix(runs[2], ",44") {
		t.Errorf("got %q", runs)
	}
}
