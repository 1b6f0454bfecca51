package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// imapTrigger starts runs with the mails of a mailbox (IMAP, RFC 3501), as they come.
type imapTrigger struct{ options Options }

var (
	_ nodes.Trigger          = imapTrigger{}
	_ nodes.Outward          = imapTrigger{}
	_ nodes.CredentialTester = imapTrigger{}
)

// Writes is nodes.Outward's: what is executed hands on what came.
func (imapTrigger) Writes(float64, *nodes.Template) bool { return false }

// Execute hands on the mails that started the run.
func (imapTrigger) Execute(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

// TestCredential is nodes.CredentialTester's.
func (n imapTrigger) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	b, err := openBox(ctx, n.options, access, false)
	if err != nil {
		return connect.Refused(err, access)
	}
	b.close()
	return nil
}

// wanted is what the parameters say.
type wanted struct {
	mailbox  string
	search   *imap.SearchCriteria
	unseen   bool // a mail that was read is not found again
	markRead bool
	track    bool
	insecure bool          // the server's certificate is not checked
	every    time.Duration // to connect anew; 0: never
	form     form
}

func readWanted(call *nodes.Call) (w wanted, err error) {
	options := call.Param("options")
	if w.mailbox, err = call.Param("mailbox").String(0, "INBOX"); err != nil {
		return w, err
	}
	action, err := call.Param("postProcessAction").Option(0, "read", "read", "nothing")
	if err != nil {
		return w, err
	}
	w.markRead = action == "read"
	text, err := options.Get("customEmailConfig").String(0, `["UNSEEN"]`)
	if err != nil {
		return w, err
	}
	if w.search, err = parseSearch(text); err != nil {
		return w, err
	}
	for _, f := range w.search.NotFlag {
		w.unseen = w.unseen || f == imap.FlagSeen
	}
	if w.track, err = options.Get("trackLastMessageId").Bool(0, true); err != nil {
		return w, err
	}
	if w.insecure, err = options.Get("allowUnauthorizedCerts").Bool(0, false); err != nil {
		return w, err
	}
	if minutes := options.Get("forceReconnect"); minutes.IsSet() {
		n, err := minutes.Number(0, 60)
		if err != nil {
			return w, err
		}
		w.every = time.Duration(max(1, min(n, 24*60)) * float64(time.Minute))
	}
	w.form, err = readForm(call)
	return w, err
}

// Listen starts a run with the mails that are there, and again with those that come.
func (n imapTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	w, err := readWanted(call)
	if err != nil {
		return err
	}
	access, err := call.Engine.Access(ctx, "imap")
	if err != nil {
		return err
	}
	m := &mark{scope: "mailbox " + call.Name + " " + w.mailbox}
	if w.track {
		m.history = call.History
	}
	for ctx.Err() == nil {
		if err := n.session(ctx, call, access, w, m, start); err != nil && ctx.Err() == nil {
			return connect.WithoutSecrets(nodes.AsError(err), access)
		}
	}
	return nil
}

// session serves one connection. It returns nil when it is time for another.
func (n imapTrigger) session(ctx context.Context, call *nodes.Call, access nodes.Access, w wanted, m *mark, start nodes.Start) error {
	b, err := openBox(ctx, n.options, access, w.insecure)
	if err != nil {
		return err
	}
	defer b.close()
	data, err := b.client.Select(w.mailbox, &imap.SelectOptions{ReadOnly: !w.markRead}).Wait()
	if err != nil {
		return b.answered("the mailbox "+w.mailbox+" cannot be opened", err)
	}
	if err := m.read(ctx, data.UIDValidity); err != nil {
		return err
	}
	if !m.known && m.history == nil && !(w.unseen && w.markRead) {
		// Nothing tells what was there before: what comes from now on counts, or all would come again with each connection.
		if m.done = uint32(data.UIDNext); m.done > 0 {
			m.done--
		}
	}
	m.known = true
	m.again = m.history == nil && w.unseen && w.markRead && (data.PermanentFlags == nil || slices.Contains(data.PermanentFlags, imap.FlagSeen))
	end := make(<-chan time.Time)
	if w.every > 0 {
		timer := time.NewTimer(w.every)
		defer timer.Stop()
		end = timer.C
	}
	for {
		if err := b.collect(ctx, call, w, m, start); err != nil {
			return err
		}
		select {
		case <-end:
			return nil
		default:
		}
		if err := b.wait(ctx, end); err != nil {
			return err
		}
	}
}

// box is a connection to a server that keeps mails.
type box struct {
	client  *imapclient.Client
	conn    *patientConn
	news    chan struct{} // holds an element when there may be new mails
	release func() bool
}

// openBox connects to the server of a credential and logs in. The connection ends with ctx.
func openBox(ctx context.Context, o Options, a nodes.Access, insecure bool) (*box, error) {
	host, port, err := connect.Server(a, "993")
	if err != nil {
		return nil, err
	}
	dial, err := connect.Dialer(o)
	if err != nil {
		return nil, err
	}
	short, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := dial(short, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, notConnected(err)
	}
	b, err := newBox(ctx, short, conn, host, a, insecure)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		err = tooSlow(host, port)
	}
	return b, err
}

// newBox encrypts a connection where that is wanted, and logs in before short ends.
func newBox(ctx, short context.Context, raw net.Conn, host string, a nodes.Access, insecure bool) (*box, error) {
	b := &box{conn: &patientConn{Conn: raw, patience: maxIdle + time.Minute}, news: make(chan struct{}, 1)}
	b.release = context.AfterFunc(ctx, func() { _ = raw.Close() }) // then what waits for it ends
	stop := context.AfterFunc(short, func() { _ = raw.Close() })
	defer stop()
	var conn net.Conn = b.conn
	if a.Field("secure") != "false" {
		encrypted := tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure || connect.Is(a, "allowUnauthorizedCerts")}) //nolint:gosec // the user's own option
		if err := encrypted.HandshakeContext(short); err != nil {
			b.release()
			_ = raw.Close()
			return nil, notEncrypted(err, true)
		}
		conn = encrypted
	}
	b.client = imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(d *imapclient.UnilateralDataMailbox) {
		if d.NumMessages != nil {
			select {
			case b.news <- struct{}{}:
			default:
			}
		}
	}}})
	err := b.client.WaitGreeting()
	if err == nil {
		err = b.client.Login(a.Field("user"), a.Field("password")).Wait()
	}
	if err != nil {
		b.close()
		return nil, b.answered("the login failed", err)
	}
	return b, nil
}

func (b *box) close() {
	b.release()
	_ = b.client.Close() // nothing is left to be said
}

// answered is the error of what the server answered; nil stays nil.
func (b *box) answered(what string, err error) error {
	if err != nil && b.conn.silent.Load() { // which the error does not tell by its type
		return said(what, os.ErrDeadlineExceeded)
	}
	var answer *imap.Error
	if errors.As(err, &answer) {
		e := nodes.Errorf("%s: %s", what, answer.Text)
		e.Cause = err
		return e
	}
	return said(what, err)
}

const (
	maxIdle  = 5 * time.Minute // then the server is asked whether it is still there
	pollRate = time.Minute     // where the server does not tell of new mails
)

// wait returns when there may be new mails, or end comes.
func (b *box) wait(ctx context.Context, end <-chan time.Time) error {
	patience := pollRate
	idle := b.client.Caps().Has(imap.CapIdle)
	if idle {
		patience = maxIdle
	}
	var command *imapclient.IdleCommand
	if idle {
		var err error
		if command, err = b.client.Idle(); err != nil {
			return b.answered("waiting for mails failed", err)
		}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-b.news:
	case <-timer.C:
	case <-end:
	case <-ctx.Done():
	case <-b.client.Closed():
	}
	if command != nil {
		if err := errors.Join(command.Close(), command.Wait()); err != nil {
			return b.answered("the connection to the mailbox was lost", err)
		}
	}
	return b.answered("the connection to the mailbox was lost", b.client.Noop().Wait())
}
