package queues

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
)

// rabbitBroker is a RabbitMQ server.
type rabbitBroker struct {
	port int
	conn *amqp.Connection
}

func newRabbitBroker(t *testing.T) *rabbitBroker {
	t.Helper()
	port := dbtest.RabbitMQ(t)
	b := &rabbitBroker{port: port}
	loopback.Await(t, "a connection to RabbitMQ", func() (ok bool) {
		var err error
		b.conn, err = amqp.Dial(fmt.Sprintf("amqp://guest:guest@127.0.0.1:%d/", port))
		return err == nil
	})
	t.Cleanup(func() { _ = b.conn.Close() })
	return b
}

func (b *rabbitBroker) fields() map[string]any {
	return map[string]any{"hostname": "127.0.0.1", "port": b.port, "username": "guest", "password": "guest", "vhost": "/", "ssl": false}
}

// do uses a channel of its own, since an error closes it.
func (b *rabbitBroker) do(t *testing.T, use func(ch *amqp.Channel) error) error {
	t.Helper()
	ch, err := b.conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ch.Close() }()
	return use(ch)
}

func (b *rabbitBroker) must(t *testing.T, use func(ch *amqp.Channel) error) {
	t.Helper()
	if err := b.do(t, use); err != nil {
		t.Fatal(err)
	}
}

func (b *rabbitBroker) setup(t *testing.T, spec gjson.Result) {
	t.Helper()
	for _, name := range append(spec.Get("look").Array(), spec.Get("queues.#.name").Array()...) {
		b.must(t, func(ch *amqp.Channel) error { _, err := ch.QueueDelete(name.Str, false, false, false); return err })
	}
	for _, name := range append(spec.Get("clean").Array(), spec.Get("exchanges.#.name").Array()...) {
		b.must(t, func(ch *amqp.Channel) error { return ch.ExchangeDelete(name.Str, false, false) })
	}
	durable := func(o gjson.Result) bool { return !o.Get("durable").Exists() || o.Get("durable").Bool() }
	b.must(t, func(ch *amqp.Channel) error {
		for _, x := range spec.Get("exchanges").Array() {
			o := x.Get("options")
			if err := ch.ExchangeDeclare(x.Get("name").Str, x.Get("type").Str, durable(o), o.Get("autoDelete").Bool(), false, false, nil); err != nil {
				return err
			}
		}
		for _, q := range spec.Get("queues").Array() {
			o := q.Get("options")
			if _, err := ch.QueueDeclare(q.Get("name").Str, durable(o), o.Get("autoDelete").Bool(), false, false, tableOf(o.Get("arguments"))); err != nil {
				return err
			}
			for _, bind := range q.Get("bind").Array() {
				if err := ch.QueueBind(q.Get("name").Str, bind.Get("1").Str, bind.Get("0").Str, false, tableOf(bind.Get("2"))); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func tableOf(r gjson.Result) amqp.Table {
	if !r.IsObject() {
		return nil
	}
	t, _ := field(numbers(r)).(amqp.Table)
	return t
}

// numbers is a value with its numbers as they are written.
func numbers(r gjson.Result) any {
	switch {
	case r.IsObject():
		m := map[string]any{}
		r.ForEach(func(key, v gjson.Result) bool { m[key.Str] = numbers(v); return true })
		return m
	case r.IsArray():
		list := []any{}
		for _, el := range r.Array() {
			list = append(list, numbers(el))
		}
		return list
	case r.Type == gjson.Number:
		return json.Number(r.Raw)
	}
	return r.Value()
}

func (b *rabbitBroker) send(t *testing.T, m gjson.Result) {
	t.Helper()
	b.must(t, func(ch *amqp.Channel) error {
		if err := ch.Confirm(false); err != nil {
			return err
		}
		p := m.Get("properties")
		headers := tableOf(p.Get("headers"))
		if headers == nil {
			headers = amqp.Table{}
		}
		published := amqp.Publishing{
			Headers: headers, ContentType: p.Get("contentType").Str, ContentEncoding: p.Get("contentEncoding").Str, DeliveryMode: uint8(p.Get("deliveryMode").Uint()),
			Priority: uint8(p.Get("priority").Uint()), CorrelationId: p.Get("correlationId").Str, ReplyTo: p.Get("replyTo").Str, Expiration: p.Get("expiration").Str,
			MessageId: p.Get("messageId").Str, Type: p.Get("type").Str, AppId: p.Get("appId").Str, Body: bytesOf(t, m.Get("body").Str),
		}
		if at := p.Get("timestamp"); at.Exists() {
			published.Timestamp = unix(at.Int())
		}
		c, err := ch.PublishWithDeferredConfirm(m.Get("exchange").Str, m.Get("key").Str, false, false, published)
		if err != nil {
			return err
		}
		_, err = c.WaitContext(t.Context())
		return err
	})
}

// arrived takes the messages that are in the queues.
func (b *rabbitBroker) arrived(t *testing.T, spec gjson.Result) string {
	t.Helper()
	all := map[string]any{}
	for _, name := range spec.Get("look").Array() {
		list := []any{}
		err := b.do(t, func(ch *amqp.Channel) error {
			for {
				d, ok, err := ch.Get(name.Str, true)
				if err != nil || !ok {
					return err
				}
				m := json.RawMessage(properties(d))
				one := map[string]any{"body": textOf(d.Body), "redelivered": d.Redelivered, "exchange": d.Exchange, "routingKey": d.RoutingKey, "headers": map[string]any{}}
				if err := json.Unmarshal(m, &one); err != nil {
					return err
				}
				list = append(list, one)
			}
		})
		all[name.Str] = list
		if err != nil { // there is no such queue
			all[name.Str] = nil
		}
	}
	return asJSON(t, all)
}

var consumerTag = regexp.MustCompile(`"consumerTag":"[^"]+"`)

func withoutTag(text string) string { return consumerTag.ReplaceAllString(text, `"consumerTag":""`) }

func TestRabbitMQ(t *testing.T) {
	b := newRabbitBroker(t)
	sendCases(t, b, "rabbitmq", 50)
	listenCases(t, b, "rabbitmq", 35, func(text string) string { return sorted(t, withoutTag(text)) })
}

// sorted puts the members of headers in order: an amqp.Table has none.
func sorted(t *testing.T, text string) string {
	t.Helper()
	if !gjson.Valid(text) {
		return text
	}
	return normal(t, text)
}

func ackNode(options string) string {
	return `{"type":"n8n-nodes-base.rabbitmqTrigger","typeVersion":1,"parameters":{"queue":"q","options":` + options + `}}`
}

var _ = nodes.Result{}
