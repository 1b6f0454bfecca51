package threecx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

const (
	apiPath = "/callcontrol"
	// A peer that does not answer pings for peerSilence is taken for dead.
	pingEvery   = 30 * time.Second
	peerSilence = 90 * time.Second
	// requestTime bounds a handshake or the reading of an entity.
	requestTime = 30 * time.Second
	// waitingEvents are read ahead while a run is being started; then the socket is not read on.
	waitingEvents = 1024
	maxFrame      = 16 << 20
	maxState      = 64 << 20
)

// listener is a trigger at work.
type listener struct {
	call    *nodes.Call
	start   nodes.Start
	filter  filter
	clients map[bool]client
	pause   func(context.Context, time.Duration) error
	// known is what was read, or heard and told, of calls and devices. connected is set once it was read.
	known     map[key]fact
	connected bool
}

// client reaches a PBX: by HTTP and by WebSocket, with or without checking its certificate.
type client struct {
	http   *http.Client
	dialer *websocket.Dialer
}

func (l *listener) client(a nodes.Access) client {
	insecure := a.Fields["ignoreSSLIssues"] == "true" || a.Fields["allowUnauthorizedCerts"] == "true"
	c, ok := l.clients[insecure]
	if !ok {
		config := &tls.Config{InsecureSkipVerify: insecure} //nolint:gosec // where the credential says so
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
		c = client{
			http:   &http.Client{Transport: transport, Timeout: requestTime},
			dialer: &websocket.Dialer{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, HandshakeTimeout: requestTime},
		}
		l.clients[insecure] = c
	}
	return c
}

// close ends the connections that are kept for further requests.
func (l *listener) close() {
	for _, c := range l.clients {
		c.http.CloseIdleConnections()
	}
}

// connection connects, reads the state and hands events on until the connection ends. heard is set once the state was read.
func (l *listener) connection(ctx context.Context) (heard bool, err error) {
	conn, err := l.connect(ctx)
	if err != nil {
		return false, err
	}
	var work sync.WaitGroup
	defer work.Wait() // after what ends the work: the deferred calls below run first
	ctx, cancel := context.WithCancel(ctx)
	defer conn.Close()
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	frames := make(chan string, waitingEvents)
	lost := make(chan error, 1)
	work.Go(func() {
		defer close(frames)
		lost <- read(ctx, conn, frames)
	})
	work.Go(func() { ping(ctx, conn) })
	// The state is read when the socket is open, so that no change falls between the two.
	if err := l.catchUp(ctx); err != nil {
		return false, err
	}
	for frame := range frames {
		if err := l.frame(ctx, frame); err != nil {
			return true, err
		}
	}
	return true, <-lost
}

// connect opens the socket. A token that is refused is renewed once; what else is refused is final.
func (l *listener) connect(ctx context.Context) (*websocket.Conn, error) {
	var conn *websocket.Conn
	status, err := l.authorized(ctx, func(a nodes.Access) (int, error) {
		header := http.Header{"User-Agent": {"cordboard"}}
		if a.Token != "" {
			header.Set("Authorization", "Bearer "+a.Token)
		}
		address := "ws" + strings.TrimPrefix(a.BaseURL, "http") + apiPath + "/ws" // http becomes ws, https wss
		c, res, err := l.client(a).dialer.DialContext(ctx, address, header)
		if res != nil {
			defer res.Body.Close()
		}
		if err == nil {
			conn = c
			conn.SetReadLimit(maxFrame)
			return http.StatusSwitchingProtocols, nil
		}
		if errors.Is(err, websocket.ErrBadHandshake) && res != nil {
			return res.StatusCode, nil
		}
		return 0, fmt.Errorf("connect to %s: %w", a.BaseURL, err)
	})
	if err == nil && conn == nil {
		err = refusal("connect to the Call Control API", status)
	}
	return conn, err
}

// authorized makes a request with the token at hand, and once more with a newer one if that was refused.
func (l *listener) authorized(ctx context.Context, request func(nodes.Access) (status int, err error)) (int, error) {
	a, err := l.call.Engine.Access(ctx, credentialType)
	if err != nil {
		return 0, err
	}
	if a.BaseURL == "" {
		return 0, nodes.Errorf("the credential (%s) has no base URL, so there is no address to connect to", credentialType)
	}
	status, err := request(a)
	if err != nil || status != http.StatusUnauthorized {
		return status, err
	}
	if a, err = l.call.Engine.Renew(ctx, credentialType, a.Generation); err != nil {
		return 0, err
	}
	return request(a)
}

// refusal is the error of a status: a *nodes.Error where trying again cannot help.
func refusal(what string, status int) error {
	text := fmt.Sprintf("%s: %d %s", what, status, http.StatusText(status))
	hint := ""
	switch status {
	case http.StatusUnauthorized:
		hint = "Check the client id and secret, and that no other program mints tokens for this client."
	case http.StatusForbidden:
		hint = "Enable \"Call Control API\" for this client in the PBX (Integrations, API) and choose the extensions it may see."
	case http.StatusNotFound:
		hint = "Check the credential's base URL, and that the PBX has the Call Control API (an Enterprise licence with 8 or more calls)."
	default:
		return errors.New(text)
	}
	e := nodes.Errorf("%s", text)
	e.Kind, e.HTTPCode, e.Hint = nodes.APIError, fmt.Sprint(status), hint
	return e
}

// read takes frames in until the connection ends.
func read(ctx context.Context, conn *websocket.Conn, frames chan<- string) error {
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(peerSilence)) }
	conn.SetPongHandler(alive)
	for {
		if err := alive(""); err != nil {
			return err
		}
		_, text, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		select {
		case frames <- string(text):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ping keeps the connection in use and finds out when it is dead.
func ping(ctx context.Context, conn *websocket.Conn) {
	for nodes.Pause(ctx, pingEvery) == nil {
		if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(requestTime)) != nil {
			return // the reader sees it too
		}
	}
}

// get reads JSON from the API; there is none where the entity is gone meanwhile.
func (l *listener) get(ctx context.Context, path string) (body gjson.Result, err error) {
	status, err := l.authorized(ctx, func(a nodes.Access) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.BaseURL+path, nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Accept", "application/json")
		if a.Token != "" {
			req.Header.Set("Authorization", "Bearer "+a.Token)
		}
		res, err := l.client(a).http.Do(req)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return res.StatusCode, nil
		}
		text, err := io.ReadAll(io.LimitReader(res.Body, maxState))
		if err != nil {
			return 0, err
		}
		normal, err := nodes.Normalize(string(text))
		if err != nil {
			return 0, fmt.Errorf("GET %s: the answer is not JSON: %w", path, err)
		}
		body = gjson.Parse(normal)
		return http.StatusOK, nil
	})
	if err != nil || status == http.StatusOK {
		return body, err
	}
	if status == http.StatusNotFound && path != apiPath {
		return gjson.Result{}, nil
	}
	return gjson.Result{}, refusal("GET "+path, status)
}
