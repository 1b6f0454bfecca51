package queues

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/cordboard/cordboard/nodes"
)

// item is a message as n8n gives it: {content, fields, properties}, only its content, or its content as binary data.
func (l *rabbitListener) item(ctx context.Context, d amqp.Delivery) (nodes.Item, error) {
	var b nodes.ObjectBuilder
	if l.binary {
		file, err := l.call.KeepFile(ctx, bytes.NewReader(d.Body), typed(d.Body))
		if err != nil {
			return nodes.Item{}, err
		}
		b.Raw("fields", fields(d))
		b.Raw("properties", properties(d))
		return nodes.NewItem(b.String()).WithBinary((*nodes.Binary)(nil).With("data", file)), nil
	}
	content, err := contentOf(d.Body, l.parse)
	if err != nil {
		return nodes.Item{}, err
	}
	if l.only {
		return onlyItem("content", content), nil
	}
	b.Raw("fields", fields(d))
	b.Raw("properties", properties(d))
	b.Raw("content", content)
	return nodes.NewItem(b.String()), nil
}

// fields says how a message came.
func fields(d amqp.Delivery) string {
	var b nodes.ObjectBuilder
	b.Set("consumerTag", nodes.StringValue(d.ConsumerTag))
	b.Raw("deliveryTag", strconv.FormatUint(d.DeliveryTag, 10))
	b.Set("redelivered", nodes.BoolValue(d.Redelivered))
	b.Set("exchange", nodes.StringValue(d.Exchange))
	b.Set("routingKey", nodes.StringValue(d.RoutingKey))
	return b.String()
}

// properties are those of a message that are set.
func properties(d amqp.Delivery) string {
	var b nodes.ObjectBuilder
	text := func(name, value string) {
		if value != "" {
			b.Set(name, nodes.StringValue(value))
		}
	}
	number := func(name string, value int64) {
		if value != 0 {
			b.Raw(name, strconv.FormatInt(value, 10))
		}
	}
	text("contentType", d.ContentType)
	text("contentEncoding", d.ContentEncoding)
	b.Raw("headers", fieldJSON(d.Headers))
	number("deliveryMode", int64(d.DeliveryMode))
	number("priority", int64(d.Priority))
	text("correlationId", d.CorrelationId)
	text("replyTo", d.ReplyTo)
	text("expiration", d.Expiration)
	text("messageId", d.MessageId)
	if !d.Timestamp.IsZero() {
		number("timestamp", d.Timestamp.Unix())
	}
	text("type", d.Type)
	text("userId", d.UserId)
	text("appId", d.AppId)
	return b.String()
}

// fieldJSON is a value of a table in JSON, as the client of n8n shows it. A table's members are in the order of their names.
func fieldJSON(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return string(nodes.AppendString(nil, v))
	case amqp.Table:
		var b nodes.ObjectBuilder
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b.Raw(name, fieldJSON(v[name]))
		}
		return b.String()
	case []any:
		text := []byte{'['}
		for i, el := range v {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(text, fieldJSON(el)...)
		}
		return string(append(text, ']'))
	case []byte:
		return bufferJSON(v)
	case time.Time:
		return `{"!":"timestamp","value":` + strconv.FormatInt(v.Unix(), 10) + `}`
	case amqp.Decimal:
		return `{"!":"decimal","value":{"places":` + strconv.Itoa(int(v.Scale)) + `,"digits":` + strconv.Itoa(int(v.Value)) + `}}`
	case float32:
		return nodes.NumberValue(float64(v)).JSON()
	case float64:
		return nodes.NumberValue(v).JSON()
	}
	text, err := json.Marshal(v) // numbers and booleans
	if err != nil {
		return "null"
	}
	return string(text)
}

// declare makes the queue where the option assertQueue says so, else looks whether it is there, and binds it to the exchanges of
// the option binding. Those must be there: the workflow does not say of what type they are, so n8n's option assertExchange
// comes to nothing there too.
func (l *rabbitListener) declare(ch *amqp.Channel) error {
	o := l.call.Param("options")
	assert, err := o.Get("assertQueue").Bool(0, false) // n8n's default is true, and not what happens
	if err != nil {
		return err
	}
	if !assert {
		_, err = ch.QueueDeclarePassive(l.queue, true, false, false, false, nil)
	} else {
		err = l.assert(ch, o)
	}
	if err != nil {
		return rabbitError("QueueDeclare", err)
	}
	bindings, err := o.Get("binding").Get("bindings").List(0)
	if err != nil {
		return err
	}
	for _, b := range bindings {
		exchange, err := b.Get("exchange").String(0, "")
		if err != nil {
			return err
		}
		key, err := b.Get("routingKey").String(0, "")
		if err != nil {
			return err
		}
		if err := ch.QueueBind(l.queue, key, exchange, false, nil); err != nil {
			return rabbitError("QueueBind", err)
		}
	}
	return nil
}

func (l *rabbitListener) assert(ch *amqp.Channel, o nodes.Param) error {
	var is [3]bool
	for i, name := range []string{"durable", "autoDelete", "exclusive"} {
		var err error
		if is[i], err = o.Get(name).Bool(0, name == "durable"); err != nil {
			return err
		}
	}
	arguments, err := table(o.Get("arguments").Get("argument"), 0)
	if err != nil {
		return err
	}
	_, err = ch.QueueDeclare(l.queue, is[0], is[1], is[2], false, arguments)
	return err
}
