package queues

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// rabbit is a connection to a RabbitMQ broker, made when it is first wanted, and anew where it was lost.
type rabbit struct {
	options Options
	access  nodes.Access

	mu   sync.Mutex
	conn *amqp.Connection
}

// Close closes the connection.
func (r *rabbit) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil || r.conn.IsClosed() {
		return nil
	}
	return r.conn.Close()
}

// channel opens a channel of the connection.
func (r *rabbit) channel(ctx context.Context) (*amqp.Channel, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil || r.conn.IsClosed() {
		conn, err := dialRabbit(ctx, r.options, r.access)
		if err != nil {
			return nil, err
		}
		r.conn = conn
	}
	ch, err := r.conn.Channel()
	if err != nil {
		return nil, rabbitError("ChannelOpen", err)
	}
	return ch, nil
}

// handshake bounds how long a broker may take to greet.
const handshake = 30 * time.Second

func dialRabbit(ctx context.Context, o Options, a nodes.Access) (*amqp.Connection, error) {
	host, port, err := connect.Server(hostOf(a), "5672")
	if err != nil {
		return nil, err
	}
	dial, err := connect.Dialer(o)
	if err != nil {
		return nil, err
	}
	number, _ := strconv.Atoi(port) // connect.Server looked at it
	uri := amqp.URI{Scheme: "amqp", Host: host, Port: number, Vhost: "/"}
	vhost := a.Field("vhost")
	if vhost == "" {
		vhost = "/"
	}
	config := amqp.Config{
		Vhost: vhost, Locale: "en_US", Heartbeat: 10 * time.Second,
		SASL: []amqp.Authentication{&amqp.PlainAuth{Username: a.Field("username"), Password: a.Field("password")}},
	}
	if connect.Is(a, "ssl") {
		uri.Scheme = "amqps"
		if config.TLSClientConfig, err = secure(a, host, false); err != nil {
			return nil, err
		}
		if a.Field("passwordless") != "false" && len(config.TLSClientConfig.Certificates) > 0 {
			config.SASL = []amqp.Authentication{&amqp.ExternalAuth{}}
		}
	}
	stop := func() bool { return true }
	config.Dial = func(network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
		return conn, conn.SetDeadline(time.Now().Add(handshake))
	}
	conn, err := amqp.DialConfig(uri.String(), config)
	if !stop() && err == nil {
		_ = conn.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, connect.WithoutSecrets(refused(err), a)
	}
	return conn, nil
}

// hostOf gives the credential the field that other servers' have for the host.
func hostOf(a nodes.Access) nodes.Access {
	a.Fields = map[string]string{"host": a.Field("hostname"), "port": a.Field("port")}
	return a
}

// refused words why there is no connection.
func refused(err error) *nodes.Error {
	if errors.Is(err, amqp.ErrCredentials) || errors.Is(err, amqp.ErrSASL) {
		return nodes.Errorf("the broker did not take the user name and the password: %w", err)
	}
	if errors.Is(err, amqp.ErrVhost) {
		return nodes.Errorf("the broker did not let the user in on this vhost: %w", err)
	}
	return nodes.AsError(err)
}

// rabbitError words an error of the broker as n8n does.
func rabbitError(operation string, err error) error {
	var e *amqp.Error
	if !errors.As(err, &e) || !e.Server {
		return err
	}
	names := map[int]string{403: "ACCESS-REFUSED", 404: "NOT-FOUND", 405: "RESOURCE-LOCKED", 406: "PRECONDITION-FAILED"}
	name := names[e.Code]
	if name == "" {
		name = "ERROR"
	}
	return nodes.Errorf("%s", fmt.Sprintf("Operation failed: %s; %d (%s) with message \"%s\"", operation, e.Code, name, e.Reason))
}

// table makes headers or arguments of a collection.
func table(p nodes.Param, i int) (amqp.Table, error) {
	keys, values, err := pairs(p, i)
	if err != nil || keys == nil {
		return nil, err
	}
	t := amqp.Table{}
	for k, key := range keys {
		if values[k].Kind() == nodes.Undefined {
			continue
		}
		var v any
		d := json.NewDecoder(strings.NewReader(values[k].JSON()))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name(), err)
		}
		t[key] = field(v)
	}
	return t, nil
}

// field is a value as a table has it: whole numbers are integers.
func field(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			if n >= math.MinInt32 && n <= math.MaxInt32 {
				return int32(n)
			}
			return n
		}
		f, _ := v.Float64() // it is a number
		return f
	case []any:
		for i := range v {
			v[i] = field(v[i])
		}
		return v
	case map[string]any:
		t := amqp.Table{}
		for name, el := range v {
			t[name] = field(el)
		}
		return t
	}
	return v
}
