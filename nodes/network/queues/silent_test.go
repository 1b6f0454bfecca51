package queues

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
)

// TestWebsocketWrites: the client of MQTT writes from several goroutines, and a websocket takes one writer.
func TestWebsocketWrites(t *testing.T) {
	t.Parallel()
	upgrader := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
	var wrong sync.Map
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		for {
			_, m, err := ws.ReadMessage()
			if err != nil {
				return
			}
			if text := string(m); strings.Trim(text, text[:1]) != "" {
				wrong.Store(text[:1], true)
			}
		}
	}))
	defer s.Close()
	c, err := dialWebsocket(t.Context(), strings.TrimPrefix(s.URL, "http://"), (&net.Dialer{}).DialContext, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var writers sync.WaitGroup
	for _, letter := range []string{"a", "b", "c"} {
		writers.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("panic: %v", p)
				}
			}()
			text := []byte(strings.Repeat(letter, 1<<14))
			for range 500 {
				if _, err := c.Write(text); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	wrong.Range(func(letter, _ any) bool { t.Errorf("the messages of %v are mixed up", letter); return true })
}

// TestSilentTLS: a server that takes the connection and says nothing does not hold up a node for ever.
func TestSilentTLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		dial := func(context.Context, string, string) (net.Conn, error) { return near, nil }
		began := time.Now()
		_, err := dialTLS(context.Background(), handshake, dial, "127.0.0.1:8883", &tls.Config{ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != handshake {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// blockedBroker is a RabbitMQ broker whose memory is full: from the first message on it reads nothing, and says that it lives.
func blockedBroker(t *testing.T) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				greetAndBlock(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

func greetAndBlock(conn net.Conn) {
	say := func(channel, class, method uint16, more ...byte) {
		body := append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, class), method), more...)
		frame := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16([]byte{1}, channel), uint32(len(body)))
		_, _ = conn.Write(append(append(frame, body...), 0xce))
	}
	if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil {
		return
	}
	say(0, 10, 10, append([]byte{0, 9, 0, 0, 0, 0, 0, 0, 0, 5}, "PLAIN\x00\x00\x00\x05en_US"...)...)
	for {
		head := make([]byte, 7)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[3:])+1)
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		if head[0] == 8 { // a heartbeat, where the machine is slow
			continue
		}
		channel := binary.BigEndian.Uint16(head[1:])
		switch [2]uint16{binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])} {
		case [2]uint16{10, 11}:
			say(0, 10, 30, 0, 0, 0, 2, 0, 0, 0, 2)
		case [2]uint16{10, 40}:
			say(0, 10, 41, 0)
		case [2]uint16{20, 10}:
			say(channel, 20, 11, 0, 0, 0, 0)
		case [2]uint16{50, 10}:
			say(channel, 50, 11, 1, 'q', 0, 0, 0, 0, 0, 0, 0, 0)
		case [2]uint16{85, 10}:
			say(channel, 85, 11)
		case [2]uint16{60, 40}:
			tick := time.NewTicker(200 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				if _, err := conn.Write([]byte{8, 0, 0, 0, 0, 0, 0, 0xce}); err != nil {
					return
				}
			}
		}
	}
}

// TestRabbitMQBlocked: what waits for a broker that reads nothing ends with its context, and the next connects anew.
func TestRabbitMQBlocked(t *testing.T) {
	t.Parallel()
	r := newRabbit(Options{}, nodes.Access{Fields: map[string]string{"hostname": "127.0.0.1", "port": blockedBroker(t), "username": "u", "password": "p"}})
	block := func(size int) *rabbitChannel {
		ch, err := r.channel(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := ch.Confirm(false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		over := ch.conn.inUse(ctx)
		defer over()
		time.AfterFunc(100*time.Millisecond, cancel)
		sent, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", "q", false, false, amqp.Publishing{Body: make([]byte, size)})
		if err == nil {
			_, err = sent.WaitContext(ctx)
		}
		if err == nil {
			t.Error("the broker took the message")
		}
		return ch
	}
	ended := make(chan string, 10)
	go func() {
		for _, size := range []int{1, 64 << 20} { // one that waits for an answer, and one that cannot be written
			ch := block(size)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			if size > 1 {
				cancel() // the connection is gone by now
			} else if _, err := r.channel(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("another execution's channel: %v", err)
			}
			cancel()
			_ = ch.Close() // that it is over is what counts
			ended <- "closed"
		}
		block(1)
		_ = r.Close()
		ended <- "all closed"
	}()
	for range 3 {
		take(t, ended, "the end of a connection to a broker that reads nothing")
	}
}

// TestMQTTLostWhileWaiting: a connection that is lost while a run is waited for ends the listening at once.
func TestMQTTLostWhileWaiting(t *testing.T) {
	b := newMQTTBroker(t)
	p := loopback.NewRelay(t, b.port, nil)
	fields := b.fields()
	fields["port"] = p.Port
	l := listen(t, "mqtt", fields, strings.Replace(mqttListens, `"options":{}`, `"options":{"parallelProcessing":false}`, 1), Options{})
	if err := l.listening(); err != nil {
		t.Fatal(err)
	}
	b.send(t, gjson.Parse(`{"topic":"t","body":"a","qos":1}`))
	l.next().ok() // whose run does not end
	p.Cut()
	if err := l.end(); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("got %v", err)
	}
}

// large is a message of QoS 0 with half of what may be held.
type large struct{ payload }

func (large) Payload() []byte { return make([]byte, maxHeldBytes/2) }

// TestMQTTHeld: what is held is bounded in size too; what must be acknowledged is never dropped.
func TestMQTTHeld(t *testing.T) {
	t.Parallel()
	l := &mqttListener{parallel: true, held: make(chan mqtt.Message, 10), call: &nodes.Call{Log: slog.New(slog.DiscardHandler)}}
	l.start = func(context.Context, nodes.Items) (*nodes.Started, error) { return &nodes.Started{}, nil }
	for range 4 {
		l.hold(t.Context(), large{"a"})
	}
	l.hold(t.Context(), kept{"b"})
	if n := len(l.held); n != 3 {
		t.Errorf("%d messages are held", n)
	}
	l.rest(t.Context())
	if n := l.bytes.Load(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
}

// TestRabbitMQUnreadable: messages that hold up those behind them end the listening with an error that says so.
func TestRabbitMQUnreadable(t *testing.T) {
	b := newRabbitBroker(t)
	s := rabbitSafety{b}
	l := s.begin(t, `{"acknowledge":"executionFinishes","parallelMessages":2,"jsonParseBody":true}`, "{", "1", "}", "2")
	l.next().ok().result <- nodes.Result{}
	if err := l.end(); err == nil || !strings.Contains(err.Error(), `2 messages of the queue "q" cannot be read`) {
		t.Errorf("got %v", err)
	}
	s.left(t, "{,},2")
}
