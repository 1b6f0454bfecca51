// Package pbxsim is a simulator of a 3CX phone system's configuration API (XAPI): a real HTTP server with tokens,
// OData and state, for tests, demos and for trying out workflows without a PBX.
//
// It owns its own reading of the API: it parses paths and query options with grammars of its own and checks each
// request against the descriptors of the API version, and says exactly what is wrong with it. It shares no code with what
// builds requests, so that the two check each other. It does not place calls, and what a PBX would do behind its API
// (provisioning, mail, firewall checks) does not happen: such operations answer in their declared shape.
//
// What of a real PBX is not known (rate limits, paging by the server, how long tokens live) is a switch; see Faults.
package pbxsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
)

// Options say what PBX is simulated. The zero value is a healthy one of the newest API version.
type Options struct {
	// Version is the API version: "20.0.10" (default) or "20.0.7".
	Version string
	// Clients are the secrets of the API clients by client id; default 900: secret.
	Clients map[string]string
	// TokenLifetime is how long access tokens live; default an hour.
	TokenLifetime time.Duration
	// ExpiresInMinutes makes expires_in count minutes, as PBXs before 20.0.9 did; default for 20.0.7.
	ExpiresInMinutes bool
	// ExpiresInSeconds makes expires_in count seconds whatever the version.
	ExpiresInSeconds bool
	// OpaqueTokens makes tokens random text instead of JWTs.
	OpaqueTokens bool
	// Faults are in force from the start.
	Faults Faults
	// NoSeed starts with empty sets instead of the company and samples.
	NoSeed bool
	// Clock is what the time is; default time.Now.
	Clock func() time.Time
	// NoAdmin switches the admin endpoint /_sim/ off.
	NoAdmin bool
	// NoCallControl answers 403 to the Call Control API, as a PBX does where it is not enabled for the client.
	NoCallControl bool
	// Users adds so many users to the company, numbered from 100000.
	Users int
	// LogLimit is how many requests the request log keeps; default 10000, -1 none.
	LogLimit int
	// Set are other descriptors than those of the 3CX node, of the same node type.
	Set descriptors.Set
}

const (
	tokenPath      = "/connect/token"
	tokenOperation = "token"
	// What the log calls requests of the Call Control API.
	callControlOperation = "callcontrol"
	socketOperation      = "callcontrol/ws"
	apiPath              = "/xapi/v1"
	adminPath            = "/_sim/"
	// maxBody bounds a request's body.
	maxBody = 16 << 20
)

// Server is a simulated PBX. It is safe for concurrent use.
type Server struct {
	options  Options
	tokens   *tokenIssuer
	faults   faultBox
	journal  journal
	handlers map[string]handler

	prepare     func() error
	catalogue   *catalogue
	store       *store
	calls       atomic.Pointer[[]entity]
	regenerated atomic.Int64
	board       switchboard

	mu      sync.Mutex
	http    *http.Server
	served  chan struct{}
	address string
	stop    context.CancelFunc
	closing chan struct{}
	closed  bool
}

var _ http.Handler = (*Server)(nil)

// New returns a simulator that does not listen yet. What is wrong with the options is said by Start, or, where the
// server is used as a handler, by its answers.
func New(o Options) *Server {
	if o.Version == "" {
		o.Version = "20.0.10"
	}
	if o.Clients == nil {
		o.Clients = map[string]string{"900": "secret"}
	}
	o.Clients = maps.Clone(o.Clients)
	if o.TokenLifetime <= 0 {
		o.TokenLifetime = time.Hour
	}
	o.ExpiresInMinutes = o.ExpiresInMinutes || o.Version == "20.0.7" && !o.ExpiresInSeconds
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.LogLimit == 0 {
		o.LogLimit = 10000
	}
	s := &Server{options: o, tokens: newTokenIssuer(&o), handlers: handlers(), closing: make(chan struct{})}
	s.journal.limit = o.LogLimit
	s.faults.set(o.Faults)
	s.prepare = sync.OnceValue(s.load)
	return s
}

// load reads the descriptors, which takes a moment and so is not done before it is needed.
func (s *Server) load() error {
	versions := map[string]float64{"20.0.7": 1, "20.0.10": 2}
	version, ok := versions[s.options.Version]
	if !ok {
		return fmt.Errorf("pbxsim: API version %q is not known; there are 20.0.7 and 20.0.10", s.options.Version)
	}
	set := s.options.Set
	if set == nil {
		shipped, err := threecx.Set()
		if err != nil {
			return fmt.Errorf("pbxsim: %w", err)
		}
		set = shipped
	}
	var err error
	if s.catalogue, err = newCatalogue(set, threecx.Type, version); err != nil {
		return fmt.Errorf("pbxsim: %w", err)
	}
	s.store = newStore(s.catalogue.routes, func(set *entitySet) []entity {
		if s.options.NoSeed {
			return []entity{}
		}
		if set.name == "CallHistoryView" {
			return s.callHistory()
		}
		if set.name == "Users" {
			return append(seedUsers(seedPeople()), seedUsers(crowd(s.options.Users))...)
		}
		return seedSet(set.name, s.now())
	})
	return nil
}

func (s *Server) now() time.Time { return s.options.Clock() }

// callHistory is made when first asked for and then stays, so that pages of it fit together.
func (s *Server) callHistory() []entity {
	if made := s.calls.Load(); made != nil {
		return *made
	}
	var calls []entity
	if !s.options.NoSeed {
		calls = makeCalls(s.now())
	}
	s.calls.CompareAndSwap(nil, &calls)
	return *s.calls.Load()
}

// Start listens on the address, such as "127.0.0.1:0", and serves until the context ends or Close is called.
// A Server starts once.
func (s *Server) Start(ctx context.Context, addr string) error {
	if err := s.prepare(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil || s.closed {
		return errors.New("pbxsim: the server was started before")
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("pbxsim: %w", err)
	}
	ctx, s.stop = context.WithCancel(ctx)
	s.address = l.Addr().String()
	s.served = make(chan struct{})
	s.http = &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second,
		// Dropped connections are part of the simulation and no news.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	stopped := context.AfterFunc(ctx, func() {
		_ = s.http.Close()
		s.CutSockets() // they are the server's no more
	})
	go func() {
		defer close(s.served)
		defer stopped()
		_ = s.http.Serve(l) // it always ends with an error, http.ErrServerClosed
	}()
	return nil
}

// URL is the base URL while the server is started: "http://127.0.0.1:5001".
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.address == "" {
		return ""
	}
	return "http://" + s.address
}

// Close ends connections and waits for the serving goroutine. Closing twice is fine.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	server, served, stop := s.http, s.served, s.stop
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Close()
	stop()
	<-served
	return err
}

// Done is closed once a started server serves no more; it is nil before the start.
func (s *Server) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served
}

// Requests returns the request log, oldest first.
func (s *Server) Requests() []Request {
	requests, _ := s.journal.read()
	return requests
}

// Counters returns what was counted so far.
func (s *Server) Counters() Counters {
	_, counters := s.journal.read()
	return counters
}

// SetFaults replaces the faults in force; Faults{} ends them all.
func (s *Server) SetFaults(f Faults) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("pbxsim: faults: %w", err)
	}
	if s.faults.set(f) {
		s.tokens.kill()
	}
	return nil
}

// Faults returns the faults in force, with the counts that are left.
func (s *Server) Faults() Faults { return s.faults.get() }

// KillTokens revokes every live token.
func (s *Server) KillTokens() { s.tokens.kill() }

// Reset goes back to the seed and forgets the request log and the counters. Tokens and faults stay.
func (s *Server) Reset() error {
	if err := s.prepare(); err != nil {
		return err
	}
	s.calls.Store(nil)
	s.store.reset()
	s.journal.reset()
	return nil
}

// rawPath is the path as it was sent.
func rawPath(r *http.Request) string {
	if uri := r.RequestURI; strings.HasPrefix(uri, "/") {
		path, _, _ := strings.Cut(uri, "?")
		return path
	}
	return r.URL.EscapedPath()
}

// baseURL is how the caller calls this server.
func baseURL(r *http.Request) string {
	base := url.URL{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		base.Scheme = "https"
	}
	return base.String()
}
