package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
	"github.com/cordboard/cordboard/nodes/request"
)

const (
	connectTimeout = 2 * time.Minute // to connect, encrypt and log in
	answerTimeout  = 5 * time.Minute // until an answer comes, or a piece is taken (RFC 5321, 4.5.3.2)
	quitTimeout    = 2 * time.Second
)

// settings are what a session depends on beside its credential.
type settings struct {
	hostName string // by which this machine greets
	insecure bool   // the server's certificate is not checked
}

// session is a connection to a server that takes mails.
type session struct {
	client  *smtp.Client
	conn    *patientConn
	offers  []string // what the server says it can do
	release func() bool
}

// patientConn gives each read and write a time of its own. A read that is under way when something is written gets its time anew.
type patientConn struct {
	net.Conn
	patience time.Duration
	silent   atomic.Bool // a read's time was over
}

// Read is net.Conn's.
func (c *patientConn) Read(p []byte) (int, error) {
	if c.silent.Load() { // some try again
		return 0, os.ErrDeadlineExceeded
	}
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.silent.Store(true)
	}
	return n, err
}

// Write is net.Conn's.
func (c *patientConn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// refusedError is that nobody listens.
type refusedError struct {
	error
	address string
}

// Unwrap leads to the error.
func (e *refusedError) Unwrap() error { return e.error }

// open connects to the server of a credential and logs in. The connection ends with ctx.
func open(ctx context.Context, o Options, a nodes.Access, set settings) (*session, error) {
	host, port, err := connect.Server(a, "465")
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
	s := &session{conn: &patientConn{Conn: conn, patience: answerTimeout}}
	s.release = context.AfterFunc(ctx, func() { _ = conn.Close() }) // then what waits for it ends
	stop := context.AfterFunc(short, func() { _ = conn.Close() })
	defer stop()
	err = s.greet(short, host, a, set)
	if err == nil {
		err = s.logIn(host, a)
	}
	switch {
	case err == nil:
		return s, nil
	case short.Err() != nil && ctx.Err() == nil:
		err = tooSlow(host, port)
	}
	s.close()
	return nil, err
}

// greet says who is there, and encrypts the connection where the credential or the server wants it.
func (s *session) greet(ctx context.Context, host string, a nodes.Access, set settings) error {
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: set.insecure} //nolint:gosec // the user's own option
	var conn net.Conn = s.conn
	secure := a.Field("secure") != "false"
	if secure {
		encrypted := tls.Client(s.conn, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return notEncrypted(err, true)
		}
		conn = encrypted
	}
	var err error
	if s.client, err = smtp.NewClient(conn, host); err != nil {
		return said("Greeting failed", err)
	}
	name := strings.TrimSpace(set.hostName)
	if name == "" {
		name = ownName()
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nodes.Errorf("the credential's hostName is no name of a host")
	}
	if err := s.client.Hello(name); err != nil {
		return said("Greeting failed", err)
	}
	if can, _ := s.client.Extension("STARTTLS"); can && !secure && !connect.Is(a, "disableStartTls") {
		if err := s.client.StartTLS(config); err != nil {
			return notEncrypted(err, false)
		}
	}
	return s.ask(name)
}

// ask asks once more what the server can do: the client does not tell all of it.
func (s *session) ask(name string) error {
	id, err := s.client.Text.Cmd("EHLO %s", name)
	if err != nil {
		return said("Greeting failed", err)
	}
	s.client.Text.StartResponse(id)
	defer s.client.Text.EndResponse(id)
	_, text, err := s.client.Text.ReadResponse(250)
	var refused *textproto.Error
	if errors.As(err, &refused) { // an old server
		return nil
	}
	s.offers = strings.Split(text, "\n")[1:]
	return said("Greeting failed", err)
}

// ownName is this machine's name, if it is a full one, as servers want it (RFC 5321, 4.1.1.1).
func ownName() string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	return "[127.0.0.1]"
}

// logIn logs in where the credential has a user and the server asks for one.
func (s *session) logIn(host string, a nodes.Access) error {
	user, password := a.Field("user"), a.Field("password")
	can, ways := s.client.Extension("AUTH")
	if !can || user == "" && password == "" {
		return nil
	}
	if user == "" || password == "" {
		return nodes.Errorf("the credential has a user without a password, or a password without a user")
	}
	offered := strings.Fields(strings.ToUpper(ways))
	var auth smtp.Auth
	switch has := func(way string) bool { return slices.Contains(offered, way) }; {
	case has("PLAIN"):
		auth = smtp.PlainAuth("", user, password, host, true)
	case has("LOGIN"):
		auth = smtp.LoginAuth(user, password, host, true)
	case has("SCRAM-SHA-256"):
		auth = smtp.ScramSHA256Auth(user, password)
	case has("CRAM-MD5"):
		auth = smtp.CRAMMD5Auth(user, password)
	default:
		return nodes.Errorf("the server offers no way to log in with a password that is known here (it offers %s)", strings.Join(offered, ", "))
	}
	return said("Invalid login", s.client.Auth(auth))
}

// errNotBegun is the cause of an error before the server took anything of a mail.
var errNotBegun = errors.New("the mail was not begun")

// deliver sends a mail and returns the item that tells of it.
func (s *session) deliver(ctx context.Context, m *message, open opener) (string, error) {
	start := time.Now()
	list := m.recipients()
	special := slices.ContainsFunc(slices.Concat(list, m.from, m.replyTo), func(a *mail.Address) bool { return !isASCII(a.Address) })
	if can, _ := s.client.Extension("SMTPUTF8"); special && !can {
		return "", nodes.Errorf("the server does not take addresses with characters beyond ASCII")
	}
	s.client.SkipSMTPUTF8(!special) // or servers on the way would have to know it, too
	if err := s.client.Mail(path(m.from[0])); err != nil {
		return "", nodes.Errorf("%w", &earlyError{said("Mail command failed", err)})
	}
	r := &report{}
	for _, to := range list {
		err := s.client.Rcpt(path(to))
		if err != nil && !isAnswer(err) {
			return "", said("Recipient command failed", err)
		}
		r.note(bare(to), err)
	}
	if len(r.accepted) == 0 {
		return "", nodes.Errorf("Can't send mail - all recipients were rejected: %s", r.last)
	}
	r.took(start)
	start = time.Now()
	response, size, err := s.data(ctx, m, open)
	if err != nil {
		return "", err
	}
	return r.item(s.offers, m, start, size, "250 "+response), nil
}

// earlyError says that nothing of the mail was taken.
type earlyError struct{ error }

// Unwrap leads to the error and to errNotBegun.
func (e *earlyError) Unwrap() []error { return []error{e.error, errNotBegun} }

// data sends the mail itself. An error on its way leaves the mail without an end, so that the server drops it.
func (s *session) data(ctx context.Context, m *message, open opener) (response string, size int64, err error) {
	w, err := s.client.Data()
	if err != nil {
		return "", 0, said("Message failed", err)
	}
	counted := &countingWriter{w: w}
	if err := m.write(ctx, counted, open); err != nil {
		var known *nodes.Error
		if errors.As(err, &known) {
			return "", 0, known
		}
		return "", 0, said("Message failed", err)
	}
	if err := w.Close(); err != nil {
		if !isAnswer(err) {
			e := nodes.Errorf("the server has the mail and did not say whether it takes it: %v", err)
			e.Cause = errors.Join(err, nodes.ErrOutcomeUnknown)
			return "", 0, e
		}
		return "", 0, said("Message failed", err)
	}
	if d, ok := w.(*smtp.DataCloser); ok {
		response = d.ServerResponse()
	}
	return response, counted.size, nil
}

type countingWriter struct {
	w    io.Writer
	size int64
}

// Write is io.Writer's.
func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.size += int64(n)
	return n, err
}

// quit takes leave and closes the connection.
func (s *session) quit() {
	s.conn.patience = quitTimeout
	_ = s.client.Quit() // the mails are on their way whatever it says
	s.close()
}

func (s *session) close() {
	s.release()
	_ = s.conn.Close() // nothing is left to be said
}

func isAnswer(err error) bool {
	var answer *textproto.Error
	return errors.As(err, &answer)
}

// answerText is a server's answer: its code and text.
func answerText(a *textproto.Error) string { return strconv.Itoa(a.Code) + " " + a.Msg }

// said is the error of what the server answered, in n8n's words; nil stays nil.
func said(what string, err error) error {
	var answer *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		e := nodes.Errorf("%s: %s", what, answerText(answer))
		e.Cause = err
		return e
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nodes.Errorf("%s: the server does not answer", what)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return nodes.Errorf("%s: the server closed the connection", what)
	}
	return nodes.Errorf("%s: %w", what, err)
}

func tooSlow(host, port string) error {
	return nodes.Errorf("the server %s takes too long to answer", net.JoinHostPort(host, port))
}

func notConnected(err error) error {
	var (
		op  *net.OpError
		dns *net.DNSError
	)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) && errors.As(err, &op) && op.Addr != nil:
		e := nodes.Errorf("The service refused the connection - perhaps it is offline")
		e.Hint = "Nothing answers at " + op.Addr.String() + ": check the credential's host and port, and that the server runs."
		e.Cause = &refusedError{err, op.Addr.String()}
		return e
	case errors.Is(err, request.ErrPrivateAddress):
		return nodes.Errorf("connections to private networks and to this machine are not allowed here")
	case errors.As(err, &dns):
		return nodes.Errorf("The connection cannot be established, this usually occurs due to an incorrect host (domain) value")
	}
	return nodes.Errorf("the server cannot be reached: %w", err)
}

func notEncrypted(err error, fromStart bool) error {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &certificate):
		e := nodes.Errorf("the certificate of the server cannot be verified: %w", certificate.Err)
		e.Hint = `If it is your own server's, set "Ignore SSL Issues" (allowUnauthorizedCerts).`
		return e
	case errors.As(err, &record) && fromStart:
		return nodes.Errorf("the server does not begin with TLS: switch the credential's field secure (SSL/TLS) off, or use the port for it (465)")
	}
	return said("TLS failed", err)
}
