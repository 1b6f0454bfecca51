package queues

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// rabbitMQ sends messages to a queue or an exchange. It makes neither: what is not there is an error, as in n8n, so options such
// as durable and arguments say nothing. A message that fails ends the node as a whole.
type rabbitMQ struct{ options Options }

var (
	_ nodes.Outward          = rabbitMQ{}
	_ nodes.CredentialTester = rabbitMQ{}
)

// Writes is nodes.Outward's. To take the run's own message off its queue is an answer to the trigger.
func (rabbitMQ) Writes(_ float64, params *nodes.Template) bool {
	return params.Member("operation").Value().Str() != "deleteMessage"
}

// TestCredential is nodes.CredentialTester's.
func (n rabbitMQ) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	r := newRabbit(n.options, access)
	ch, err := r.channel(ctx)
	if err == nil {
		err = ch.Close()
	}
	err = errors.Join(err, r.Close())
	return connect.Refused(err, access)
}

// Execute is nodes.Node's.
func (n rabbitMQ) Execute(ctx context.Context, call *nodes.Call) (err error) {
	operation, err := call.Param("operation").Option(0, "sendMessage", "sendMessage", "deleteMessage")
	if err != nil {
		return err
	}
	if operation == "deleteMessage" { // the trigger that began the run waits for it
		call.Reply(nodes.Response{Status: http.StatusOK})
		return handOn(call)
	}
	access, err := call.Engine.Access(ctx, "rabbitmq")
	if err != nil {
		return err
	}
	r, done, err := connect.Shared(n.options, "rabbitmq", access, "", func() (*rabbit, error) {
		return newRabbit(n.options, access), nil
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	ch, err := r.channel(ctx)
	if err != nil {
		return err
	}
	over := ch.conn.inUse(ctx)
	defer over()
	defer func() { _ = ch.Close() }() // what it was for is over
	if err := send(ctx, call, ch.Channel); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return connect.Refused(err, access)
	}
	return nil
}

// send sends a message for each item and waits until the broker has them all.
func send(ctx context.Context, call *nodes.Call, ch *amqp.Channel) error {
	to, err := target(call, ch)
	if err != nil {
		return err
	}
	if err := ch.Confirm(false); err != nil {
		return rabbitError("ConfirmSelect", err)
	}
	count := call.Input(0).Len()
	taken := make([]*amqp.DeferredConfirmation, 0, count)
	var failed error
	for i := range count {
		confirmation, err := to.publish(ctx, call, ch, i)
		if err != nil {
			failed = err
			break
		}
		taken = append(taken, confirmation)
	}
	for i, t := range taken {
		ok, err := t.WaitContext(ctx)
		if err != nil {
			return err
		}
		if !ok {
			return nodes.Errorf("the broker did not take the message").At(i)
		}
	}
	if failed != nil {
		return failed
	}
	for i := range count {
		call.EmitFrom(0, i, nodes.NewItem(`{"success":true}`))
	}
	return nil
}

// address is where an execution's messages go. The routing key is that of the first item before version 1.2.
type address struct {
	exchange, key string
	keyOfItem     bool
}

// target finds the queue or the exchange, which are those of the first item.
func target(call *nodes.Call, ch *amqp.Channel) (address, error) {
	mode, err := call.Param("mode").String(0, "queue")
	if err != nil {
		return address{}, err
	}
	switch mode {
	case "queue":
		name, err := call.Param("queue").String(0, "")
		if err != nil {
			return address{}, err
		}
		if name == "" { // which would stand for the queue declared last
			return address{}, nodes.Errorf("Operation failed: QueueDeclare; 404 (NOT-FOUND) with message \"NOT_FOUND - no queue '' in vhost '/'\"")
		}
		_, err = ch.QueueDeclarePassive(name, true, false, false, false, nil)
		return address{key: name}, rabbitError("QueueDeclare", err)
	case "exchange":
		name, err := call.Param("exchange").String(0, "")
		if err != nil {
			return address{}, err
		}
		key, err := call.Param("routingKey").String(0, "")
		if err != nil {
			return address{}, err
		}
		if name != "" {
			err = ch.ExchangeDeclarePassive(name, amqp.ExchangeFanout, true, false, false, false, nil)
		}
		return address{name, key, call.Version >= 1.2}, rabbitError("ExchangeDeclare", err)
	}
	return address{}, nodes.Errorf("The operation \"%s\" is not known!", mode)
}

func (to address) publish(ctx context.Context, call *nodes.Call, ch *amqp.Channel, i int) (*amqp.DeferredConfirmation, error) {
	headers, err := table(call.Param("options").Get("headers").Get("header"), i)
	if err != nil {
		return nil, err
	}
	v, err := message(call, i)
	if err != nil {
		return nil, err
	}
	if v.Kind() != nodes.String {
		return nil, nodes.Errorf("must be text, and is of type %s", v.Kind()).At(i).WithParam("message", "")
	}
	key := to.key
	if to.keyOfItem {
		if key, err = call.Param("routingKey").String(i, ""); err != nil {
			return nil, err
		}
	}
	confirmation, err := ch.PublishWithDeferredConfirmWithContext(ctx, to.exchange, key, false, false, amqp.Publishing{Headers: headers, Body: []byte(v.Str())})
	if err != nil {
		return nil, fmt.Errorf("item %d: %w", i, rabbitError("BasicPublish", err))
	}
	return confirmation, nil
}
