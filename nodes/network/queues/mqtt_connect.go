package queues

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// lost is told once that a connection to an MQTT broker was lost.
type lost chan error

// dialMQTT connects to the credential's broker, MQTT 3.1.1. It does not connect again by itself. edit, if it is there, changes
// the options.
func dialMQTT(ctx context.Context, o Options, a nodes.Access, edit func(*mqtt.ClientOptions)) (mqtt.Client, lost, error) {
	options, err := mqttOptions(ctx, o, a)
	if err != nil {
		return nil, nil, err
	}
	gone := make(lost, 1)
	options.OnConnectionLost = func(_ mqtt.Client, err error) { gone <- err }
	if edit != nil {
		edit(options)
	}
	client := mqtt.NewClient(options)
	if err := finished(ctx, client.Connect()); err != nil {
		client.Disconnect(0)
		return nil, nil, connect.WithoutSecrets(nodes.AsError(err), a)
	}
	return client, gone, nil
}

// finished waits for what a token stands for.
func finished(ctx context.Context, t mqtt.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func mqttOptions(ctx context.Context, o Options, a nodes.Access) (*mqtt.ClientOptions, error) {
	protocol := a.Field("protocol")
	if protocol == "" {
		protocol = "mqtt"
	}
	standard := map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}[protocol]
	if standard == "" {
		return nil, nodes.Errorf("the credential's protocol must be mqtt, mqtts, ws or wss")
	}
	host, port, err := connect.Server(a, standard)
	if err != nil {
		return nil, err
	}
	dial, err := connect.Dialer(o)
	if err != nil {
		return nil, err
	}
	var config *tls.Config
	if ssl := connect.Is(a, "ssl"); ssl || protocol == "mqtts" || protocol == "wss" {
		skip := ssl && a.Field("passwordless") != "false" && !connect.Is(a, "rejectUnauthorized")
		skip = skip && strings.TrimSpace(a.Field("ca")) == "" // who names an authority means it
		if config, err = secure(a, host, skip); err != nil {
			return nil, err
		}
	}
	address := net.JoinHostPort(host, port)
	options := mqtt.NewClientOptions().AddBroker("tcp://" + address)
	options.SetUsername(a.Field("username")).SetPassword(a.Field("password")).SetCleanSession(a.Field("clean") != "false")
	if options.ClientID = a.Field("clientId"); options.ClientID == "" {
		options.ClientID = "cordboard_" + rand.Text()[:6]
	}
	options.SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(handshake).SetKeepAlive(30 * time.Second)
	options.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
		if protocol == "ws" || protocol == "wss" {
			return dialWebsocket(ctx, address, dial, config)
		}
		return dialTLS(ctx, handshake, dial, address, config)
	})
	return options, nil
}

// dialWebsocket opens a connection whose bytes are the messages of a websocket.
func dialWebsocket(ctx context.Context, address string, dial func(context.Context, string, string) (net.Conn, error), config *tls.Config) (net.Conn, error) {
	scheme := "ws"
	if config != nil {
		scheme = "wss"
	}
	d := websocket.Dialer{NetDialContext: dial, TLSClientConfig: config, Subprotocols: []string{"mqtt"}, HandshakeTimeout: handshake}
	ws, resp, err := d.DialContext(ctx, scheme+"://"+address+"/", http.Header{})
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close() // it has none
	return &websocketConn{Conn: ws.NetConn(), ws: ws}, nil
}

// websocketConn is a websocket as a stream of bytes.
type websocketConn struct {
	net.Conn
	ws   *websocket.Conn
	rest io.Reader
	mu   sync.Mutex // held while a message is written: the client writes from several goroutines
}

// Read is io.Reader's.
func (c *websocketConn) Read(p []byte) (int, error) {
	for {
		if c.rest == nil {
			_, r, err := c.ws.NextReader()
			if err != nil {
				return 0, err
			}
			c.rest = r
		}
		n, err := c.rest.Read(p)
		if errors.Is(err, io.EOF) {
			c.rest, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write is io.Writer's.
func (c *websocketConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(p), c.ws.WriteMessage(websocket.BinaryMessage, p)
}
