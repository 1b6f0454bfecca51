package remote

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// ftpStore is the files of an FTP server (RFC 959; passive mode, RFC 2428; TLS, RFC 4217). It is used from one goroutine, but for
// close.
type ftpStore struct {
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	host      string      // of the connections for data: that of the control connection, whatever the server says
	secure    *tls.Config // nil: no TLS
	replies   *textproto.Reader
	left      *io.LimitedReader // bounds a reply
	plainPASV bool              // the server does not know EPSV

	mu      sync.Mutex
	control net.Conn
	data    net.Conn
	closed  bool
}

var _ store = (*ftpStore)(nil)

// maxReply bounds what a server says to one command, in bytes.
const maxReply = 1 << 20

// openFTP connects and logs in. The field secure of the credential, which n8n does not have, is explicit (TLS after the
// connection is made, before the login) or implicit (TLS from the beginning).
func (n ftpNode) openFTP(ctx context.Context, a nodes.Access, timeout time.Duration) (store, error) {
	secure, port := a.Field("secure"), "21"
	switch secure {
	case "", "explicit":
	case "implicit":
		port = "990"
	default:
		return nil, nodes.Errorf("the credential's field secure must be explicit or implicit, or not be there")
	}
	host, port, err := connect.Server(a, port)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.Field("host")) == "" {
		return nil, nodes.Errorf("the credential has no host")
	}
	s := &ftpStore{}
	if s.dial, err = connect.Dialer(n.options); err != nil {
		return nil, err
	}
	if secure != "" {
		s.secure = &tls.Config{
			MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: connect.Is(a, "allowUnauthorizedCerts"), //nolint:gosec // the user's own option
			ClientSessionCache: tls.NewLRUClientSessionCache(1), // many servers want the data to come from the session that logged in
		}
	}
	limited, cancel := nodes.WithTimeout(ctx, timeout)
	defer cancel()
	where := net.JoinHostPort(host, port)
	conn, err := s.dial(limited, "tcp", where)
	if err != nil {
		return nil, tooLate(ctx, limited, timeout, nodes.Errorf("cannot connect to the FTP server at %s: %w", where, err))
	}
	s.control = conn
	stop := context.AfterFunc(limited, func() { _ = conn.Close() })
	err = s.login(limited, a, secure)
	if !stop() && err == nil {
		err = context.Cause(limited)
	}
	if err != nil {
		_ = conn.Close()
		return nil, tooLate(ctx, limited, timeout, s.explain(err))
	}
	return s, nil
}

func (s *ftpStore) login(ctx context.Context, a nodes.Access, secure string) (err error) {
	if s.host, _, err = net.SplitHostPort(s.control.RemoteAddr().String()); err != nil {
		return err
	}
	if secure == "implicit" {
		if err := s.encrypt(ctx); err != nil {
			return err
		}
	}
	s.read()
	if _, err := s.reply(220); err != nil {
		return err
	}
	if secure == "explicit" {
		if _, _, err := s.command(234, "AUTH TLS"); err != nil {
			return err
		}
		if err := s.encrypt(ctx); err != nil {
			return err
		}
		s.read()
	}
	user, password := a.Field("username"), a.Field("password")
	if user == "" {
		user, password = "anonymous", "anonymous@"
	}
	code, text, err := s.command(0, "USER "+user)
	if err == nil && code == 331 {
		code, text, err = s.command(0, "PASS "+password)
	}
	if err != nil {
		return err
	}
	if code != 230 && code != 232 && code != 202 {
		return &textproto.Error{Code: code, Msg: text}
	}
	if s.secure != nil {
		if _, _, err := s.command(200, "PBSZ 0"); err != nil {
			return err
		}
		if _, _, err := s.command(200, "PROT P"); err != nil {
			return err
		}
	}
	if _, _, err := s.command(0, "OPTS UTF8 ON"); err != nil { // whatever it answers
		return err
	}
	_, _, err = s.command(200, "TYPE I")
	return err
}

// encrypt makes TLS of the control connection.
func (s *ftpStore) encrypt(ctx context.Context) error {
	conn := tls.Client(s.control, s.secure)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nodes.Errorf("the FTP server's TLS does not work: %w", err)
	}
	s.mu.Lock()
	s.control = conn
	s.mu.Unlock()
	return nil
}

// read begins to read replies from the control connection.
func (s *ftpStore) read() {
	s.left = &io.LimitedReader{R: s.control}
	s.replies = textproto.NewReader(bufio.NewReader(s.left))
}

// reply reads a reply, which must have this code; 0 takes any, 1 and 2 a class of them.
func (s *ftpStore) reply(expected int) (text string, err error) {
	_, text, err = s.replyCode(expected)
	return text, err
}

func (s *ftpStore) replyCode(expected int) (code int, text string, err error) {
	s.left.N = maxReply
	return s.replies.ReadResponse(expected)
}

// command sends a command and reads the reply. What is in it must have no line ends: paths are checked, and so is this.
func (s *ftpStore) command(expected int, line string) (code int, text string, err error) {
	if strings.ContainsAny(line, "\r\n\x00") {
		return 0, "", nodes.Errorf("user, password and paths must not hold line ends")
	}
	if _, err := io.WriteString(s.control, line+"\r\n"); err != nil {
		return 0, "", err
	}
	return s.replyCode(expected)
}

// explain returns the server's own words where it said no.
func (s *ftpStore) explain(err error) error {
	var said *textproto.Error
	var own *nodes.Error
	if errors.As(err, &own) || !errors.As(err, &said) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nodes.Errorf("the FTP server closed the connection: %w", err)
		}
		return err
	}
	e := nodes.Errorf("%s", said.Msg)
	e.Cause = err
	return e
}

// refusedWith reports whether the server said no with one of these codes.
func refusedWith(err error, codes ...int) bool {
	var said *textproto.Error
	if !errors.As(err, &said) {
		return false
	}
	for _, c := range codes {
		if said.Code == c {
			return true
		}
	}
	return false
}

var (
	epsvReply = regexp.MustCompile(`\(\D\D\D(\d{1,5})\D\)`)
	pasvReply = regexp.MustCompile(`\d+,\d+,\d+,\d+,(\d{1,3}),(\d{1,3})`)
)

// passive asks for a port for data.
func (s *ftpStore) passive() (port int, err error) {
	if !s.plainPASV {
		_, text, err := s.command(229, "EPSV")
		if err == nil {
			m := epsvReply.FindStringSubmatch(text)
			if m == nil {
				return 0, nodes.Errorf("the FTP server's answer to EPSV names no port: %q", text)
			}
			return strconv.Atoi(m[1])
		}
		if !refusedWith(err, 500, 501, 502, 503, 504, 522) {
			return 0, err
		}
		s.plainPASV = true
	}
	_, text, err := s.command(227, "PASV")
	if err != nil {
		return 0, err
	}
	m := pasvReply.FindStringSubmatch(text)
	if m == nil {
		return 0, nodes.Errorf("the FTP server's answer to PASV names no port: %q", text)
	}
	high, _ := strconv.Atoi(m[1]) // digits
	low, _ := strconv.Atoi(m[2])
	return high<<8 + low, nil
}

// transfer opens a connection for data, sends the command that uses it and hands it to use, then reads what the server says to it.
func (s *ftpStore) transfer(ctx context.Context, line string, use func(data net.Conn) error) error {
	port, err := s.passive()
	if err != nil {
		return err
	}
	raw, err := s.dial(ctx, "tcp", net.JoinHostPort(s.host, strconv.Itoa(port)))
	if err != nil {
		return nodes.Errorf("the FTP server's connection for data cannot be made: %w", err)
	}
	if !s.holds(raw) {
		_ = raw.Close()
		return net.ErrClosed
	}
	defer func() {
		_ = raw.Close() // again, or because something failed
		s.holds(nil)
	}()
	if _, _, err := s.command(1, line); err != nil {
		return err
	}
	data := raw
	if s.secure != nil {
		encrypted := tls.Client(raw, s.secure)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return errors.Join(nodes.Errorf("the FTP server's TLS for data does not work: %w", err), s.over(raw))
		}
		data = encrypted
	}
	err = use(data)
	said := s.over(data)
	if err == nil || said != nil && errors.As(err, new(*net.OpError)) { // the server knows why it cut the connection
		return said
	}
	return err
}

// over closes a connection for data and reads what the server says to the end of it.
func (s *ftpStore) over(data net.Conn) error {
	_ = data.Close() // whether all arrived, the server says
	_, err := s.reply(2)
	return err
}

// holds notes the connection for data, so that close ends it too; false if all is closed.
func (s *ftpStore) holds(data net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = data
	return !s.closed
}

// close says goodbye and does not wait for an answer. It may be called from anywhere, more than once.
func (s *ftpStore) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.data != nil {
		_ = s.data.Close() // what is under way ends
	}
	_ = s.control.SetDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(s.control, "QUIT\r\n")
	return s.control.Close()
}

func (s *ftpStore) list(ctx context.Context, folder string) (list []entry, err error) {
	now := time.Now()
	err = s.transfer(ctx, "LIST "+folder, func(data net.Conn) error {
		lines := bufio.NewScanner(data)
		for lines.Scan() {
			if e, ok := listEntry(lines.Text(), now); ok {
				list = append(list, e)
			}
			if len(list) > maxEntries {
				return nodes.Errorf("%s has more than %d entries", folder, maxEntries)
			}
		}
		return lines.Err()
	})
	return list, s.explain(err)
}

func (s *ftpStore) download(ctx context.Context, from string, keep func(io.Reader) error) error {
	return s.explain(s.transfer(ctx, "RETR "+from, func(data net.Conn) error { return keep(data) }))
}

func (s *ftpStore) upload(ctx context.Context, to string, content io.Reader) error {
	began := false
	send := func(data net.Conn) error {
		began = true
		if encrypted, ok := data.(*tls.Conn); ok { // of an empty file too
			if err := encrypted.HandshakeContext(ctx); err != nil {
				return err
			}
		}
		_, err := io.Copy(data, content)
		return err
	}
	err := s.transfer(ctx, "STOR "+to, send)
	if !began && refusedWith(err, 550, 553) && path.Dir(to) != "." && s.makeFolders(path.Dir(to)) == nil {
		err = s.transfer(ctx, "STOR "+to, send)
	}
	return s.explain(err)
}

// makeFolders makes a folder and those that it is in, where they are not there. The error is that of the last.
func (s *ftpStore) makeFolders(folder string) error {
	_, _, err := s.command(257, "MKD "+folder)
	if err == nil || !refusedWith(err, 550, 553, 521) || folder == "." || folder == "/" {
		return err
	}
	_ = s.makeFolders(path.Dir(folder)) // whether that was enough shows now
	_, _, err = s.command(257, "MKD "+folder)
	return err
}

func (s *ftpStore) remove(_ context.Context, file string) error {
	_, _, err := s.command(250, "DELE "+file)
	return s.explain(err)
}

func (s *ftpStore) removeFolder(ctx context.Context, folder string, recursive bool) error {
	_, _, err := s.command(250, "RMD "+folder)
	if err == nil || !recursive || !refusedWith(err, 550, 553, 450) {
		return s.explain(err)
	}
	if s.remove(ctx, folder) == nil { // it was a file or a link
		return nil
	}
	return removeAll(ctx, s, folder)
}

func (s *ftpStore) rename(_ context.Context, from, to string, folders bool) error {
	if folders && path.Dir(to) != "." {
		if err := s.makeFolders(path.Dir(to)); err != nil && !refusedWith(err, 550, 553, 521) { // it is there
			return s.explain(err)
		}
	}
	_, _, err := s.command(350, "RNFR "+from)
	if err == nil {
		_, _, err = s.command(250, "RNTO "+to)
	}
	var said *textproto.Error
	if errors.As(err, &said) {
		e := nodes.Errorf("The service failed to process your request")
		e.Description, e.HTTPCode, e.Kind, e.Cause = said.Msg, fmt.Sprint(said.Code), nodes.APIError, err
		return e
	}
	return s.explain(err)
}
