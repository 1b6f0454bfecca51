package queues

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/nodes"
)

// mqttBroker is a server with a client that gets everything.
type mqttBroker struct {
	port   int
	client mqtt.Client

	mu  sync.Mutex
	got []any
}

func newMQTTBroker(t *testing.T) *mqttBroker {
	t.Helper()
	b := &mqttBroker{port: dbtest.MQTT(t)}
	b.client = b.connect(t)
	return b
}

func (b *mqttBroker) connect(t *testing.T) mqtt.Client {
	t.Helper()
	client, _, err := dialMQTT(t.Context(), Options{}, nodes.Access{Fields: map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(b.port)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Disconnect(quiesce) })
	return client
}

func (b *mqttBroker) fields() map[string]any {
	return map[string]any{"protocol": "mqtt", "host": "127.0.0.1", "port": b.port, "username": "", "password": "", "clean": true, "clientId": "", "ssl": false}
}

func (b *mqttBroker) wait(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
}

// fence is the topic of a message after which all that was sent before it is there.
const fence = "fence"

// all subscribes a client to everything and returns the messages up to a fence.
func (b *mqttBroker) later(t *testing.T) []any {
	t.Helper()
	client, list, done := b.connect(t), []any{}, make(chan struct{})
	b.wait(t, client.Subscribe("#", 2, func(_ mqtt.Client, m mqtt.Message) {
		if m.Topic() == fence {
			close(done)
			return
		}
		list = append(list, shownMQTT(m))
	}))
	b.wait(t, b.client.Publish(fence, 0, false, ""))
	take(t, done, "the fence")
	client.Disconnect(quiesce)
	return list
}

func shownMQTT(m mqtt.Message) map[string]any {
	return map[string]any{"topic": m.Topic(), "body": textOf(m.Payload()), "qos": m.Qos(), "retain": m.Retained()}
}

func (b *mqttBroker) setup(t *testing.T, spec gjson.Result) {
	t.Helper()
	b.wait(t, b.client.Unsubscribe("#"))
	for _, m := range b.later(t) {
		b.wait(t, b.client.Publish(m.(map[string]any)["topic"].(string), 1, true, ""))
	}
	b.wait(t, b.client.Subscribe("#", 2, func(_ mqtt.Client, m mqtt.Message) {
		if m.Topic() != fence {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.got = append(b.got, shownMQTT(m))
		}
	}))
	b.mu.Lock()
	b.got = []any{}
	b.mu.Unlock()
	for _, m := range spec.Get("retained").Array() {
		b.wait(t, b.client.Publish(m.Get("0").Str, 0, true, m.Get("1").Str))
	}
}

func (b *mqttBroker) send(t *testing.T, m gjson.Result) {
	t.Helper()
	b.wait(t, b.client.Publish(m.Get("topic").Str, byte(m.Get("qos").Uint()), m.Get("retain").Bool(), bytesOf(t, m.Get("body").Str)))
}

func (b *mqttBroker) arrived(t *testing.T, _ gjson.Result) string {
	t.Helper()
	retained := b.later(t)
	b.mu.Lock()
	defer b.mu.Unlock()
	return asJSON(t, map[string]any{"messages": slices.Clone(b.got), "retained": retained})
}

func TestMQTT(t *testing.T) {
	b := newMQTTBroker(t)
	sendCases(t, b, "mqtt", 28)
	listenCases(t, b, "mqtt", 15, func(text string) string { return text })
}
