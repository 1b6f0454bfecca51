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
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// rabbit is a connection to a RabbitMQ broker, made when it is first wanted, and anew where it was lost.
type rabbit struct {
	options Options
	access  nodes.Access

	// lock holds one element while conn is made or looked at: a lock that a context can give up waiting for.
	lock chan struct{}
	conn *rabbitConn
}

func newRabbit(o Options, a nodes.Access) *rabbit {
	return &rabbit{options: o, access: a, lock: make(chan struct{}, 1)}
}

// Close closes the connection.
func (r *rabbit) Close() error {
	r.lock <- struct{}{}
	defer func() { <-r.lock }()
	if r.conn == nil {
		return nil
	}
	return r.conn.drop()
}

func (r *rabbit) connected(ctx context.Context) (*rabbitConn, error) {
	select {
	case r.lock <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-r.lock }()
	if r.conn == nil || r.conn.dropped.Load() || r.conn.IsClosed() {
		conn, err := dialRabbit(ctx, r.options, r.access)
		if err != nil {
			return nil, err
		}
		r.conn = conn
	}
	return r.conn, nil
}

// channel opens a channel of the connection.
func (r *rabbit) channel(ctx context.Context) (*rabbitChannel, error) {
	conn, err := r.connected(ctx)
	if err != nil {
		return nil, err
	}
	over := conn.inUse(ctx)
	defer over()
	ch, err := conn.Channel()
	if err == nil {
		return &rabbitChannel{ch, conn}, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, rabbitError("ChannelOpen", err)
}

// rabbitConn is a connection whose end does not depend on the broker. One whose memory or disk is full reads nothing more from
// those who sent something, though it goes on saying that it lives: the client then waits without end for it, in Close too.
type rabbitConn struct {
	*amqp.Connection
	under   net.Conn
	dropped atomic.Bool
}

// goodbye is how long a broker may take to agree to an end.
const goodbye = time.Second

// drop ends the connection, and whatever waits for it.
func (c *rabbitConn) drop() error {
	c.dropped.Store(true)
	sure := time.AfterFunc(2*goodbye, func() { _ = c.under.Close() })
	defer sure.Stop()
	if err := c.CloseDeadline(time.Now().Add(goodbye)); !errors.Is(err, amqp.ErrClosed) {
		return err
	}
	return nil
}

// inUse drops the connection where it is in use still a while after ctx has ended.
func (c *rabbitConn) inUse(ctx context.Context) (over func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-ended:
		case <-time.After(goodbye):
			_ = c.drop()
		}
	})
	return func() {
		stop()
		close(ended)
	}
}

// rabbitChannel is a channel of a connection.
type rabbitChannel struct {
	*amqp.Channel
	conn *rabbitConn
}

// Close closes the channel; where the broker does not agree, the connection.
func (c *rabbitChannel) Close() error {
	late := time.AfterFunc(goodbye, func() { _ = c.conn.drop() })
	defer late.Stop()
	return c.Channel.Close()
}

// handshake bounds how long a broker may take to greet.
const handshake = 30 * time.Second

func dialRabbit(ctx context.Context, o Options, a nodes.Access) (*rabbitConn, error) {
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
	var under net.Conn
	config.Dial = func(network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		under = conn
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
	return &rabbitConn{Connection: conn, under: under}, nil
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
