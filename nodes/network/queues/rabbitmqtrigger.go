package queues

import (
	"context"
	"errors"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// rabbitMQTrigger starts a run for each message of a queue. A message is acknowledged once its run is durable, or later, as the
// option acknowledge says; what is not goes back to the queue.
type rabbitMQTrigger struct {
	options Options
	signals signals
}

var (
	_ nodes.Trigger          = rabbitMQTrigger{}
	_ nodes.CredentialTester = rabbitMQTrigger{}
)

// Execute is nodes.Node's.
func (rabbitMQTrigger) Execute(_ context.Context, call *nodes.Call) error { return handOn(call) }

// TestCredential is nodes.CredentialTester's.
func (t rabbitMQTrigger) TestCredential(ctx context.Context, credentialType string, access nodes.Access) error {
	return rabbitMQ{t.options}.TestCredential(ctx, credentialType, access)
}

// The ways to acknowledge, n8n's values. With laterMessageNode the node RabbitMQ acknowledges within the run, and the run's success
// does if that has not happened.
const (
	immediately  = "immediately"
	whenFinished = "executionFinishes"
	whenSuccess  = "executionFinishesSuccessfully"
	laterInRun   = "laterMessageNode"
)

// maxUnacknowledged bounds what the broker hands out before it is acknowledged, where the workflow sets no bound.
const maxUnacknowledged = 50

// rabbitListener is what a trigger's parameters say.
type rabbitListener struct {
	queue, acknowledge  string
	parallel            int
	binary, parse, only bool
	call                *nodes.Call
	start               nodes.Start
	signals             signals
	waiting             sync.WaitGroup
	unreadable          int // of the messages that stay unacknowledged
}

// Listen is nodes.Trigger's.
func (t rabbitMQTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	l, err := newRabbitListener(call)
	if err != nil {
		return err
	}
	l.start, l.signals = start, t.signals
	access, err := call.Engine.Access(ctx, "rabbitmq")
	if err != nil {
		return err
	}
	r := newRabbit(t.options, access)
	defer func() { _ = r.Close() }() // what was not acknowledged goes back
	ch, err := r.channel(ctx)
	if err == nil {
		err = l.listen(ctx, ch.Channel)
	}
	if ctx.Err() != nil {
		return nil
	}
	return connect.Refused(err, access)
}

func newRabbitListener(call *nodes.Call) (*rabbitListener, error) {
	l := &rabbitListener{call: call}
	o := call.Param("options")
	var errs [6]error
	var parallel float64
	l.queue, errs[0] = call.Param("queue").String(0, "")
	l.acknowledge, errs[1] = o.Get("acknowledge").Option(0, immediately, immediately, whenFinished, whenSuccess, laterInRun)
	parallel, errs[2] = o.Get("parallelMessages").Number(0, -1)
	l.binary, errs[3] = o.Get("contentIsBinary").Bool(0, false)
	l.parse, errs[4] = o.Get("jsonParseBody").Bool(0, false)
	l.only, errs[5] = o.Get("onlyContent").Bool(0, false)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	if l.queue == "" {
		return nil, nodes.Errorf("must be the name of a queue").WithParam("queue", "")
	}
	l.parallel = maxUnacknowledged
	if l.acknowledge != immediately && parallel != -1 {
		if parallel < 1 || parallel > 65535 {
			return nil, nodes.Errorf("must be a number from 1 to 65535, or -1 for no bound").WithParam("options", "/parallelMessages")
		}
		l.parallel = int(parallel)
	}
	return l, nil
}

// listen takes messages until ctx is cancelled or the channel is closed.
func (l *rabbitListener) listen(ctx context.Context, ch *amqp.Channel) error {
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	if err := l.declare(ch); err != nil {
		return err
	}
	if err := ch.Qos(l.parallel, 0, false); err != nil {
		return rabbitError("BasicQos", err)
	}
	messages, err := ch.Consume(l.queue, "", false, false, false, false, nil)
	if err != nil {
		return rabbitError("BasicConsume", err)
	}
	l.signals.listening()
	inner, cancel := context.WithCancel(ctx)
	defer l.waiting.Wait()
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return nil
		case d, ok := <-messages:
			if !ok {
				return ended(closed)
			}
			l.take(inner, d)
			if l.unreadable >= l.parallel { // the broker hands out no more
				return nodes.Errorf("%d messages of the queue %q cannot be read as JSON and hold up those behind them: take them off the queue, or switch the option jsonParseBody off", l.unreadable, l.queue)
			}
		}
	}
}

// ended is why no more messages come.
func ended(closed <-chan *amqp.Error) error {
	select {
	case e := <-closed:
		if e != nil {
			return nodes.Errorf("the connection to the broker was lost: %w", e)
		}
	default:
	}
	return nodes.Errorf("the broker ended the subscription: the queue was deleted, or the connection closed")
}

// take starts a run for a message.
func (l *rabbitListener) take(ctx context.Context, d amqp.Delivery) {
	if ctx.Err() != nil {
		return
	}
	item, err := l.item(ctx, d)
	if errors.Is(err, errUnreadable) { // as in n8n: it stays unacknowledged, and is the queue's again when this connection ends
		l.unreadable++
		l.call.Log.Error("a message was not taken", "queue", l.queue, "error", err)
		return
	}
	var started *nodes.Started
	if err == nil {
		started, err = l.start(ctx, nodes.ItemsOf(item))
	}
	switch {
	case err != nil:
		l.call.Log.Error("a run was not started, its message goes back to the queue", "queue", l.queue, "error", err)
		l.back(ctx, d, true)
	case l.acknowledge == immediately || started.Result == nil:
		l.done(d)
	default:
		l.waiting.Go(func() { l.await(ctx, d, started.Result) })
	}
}

// await acknowledges a message by what its run comes to.
func (l *rabbitListener) await(ctx context.Context, d amqp.Delivery, result <-chan nodes.Result) {
	var r nodes.Result
	select {
	case r = <-result:
	case <-ctx.Done():
		select {
		case r = <-result: // it came at the same time
		default:
			if l.acknowledge == whenFinished { // the run is durable: it will finish
				l.done(d)
			}
			return
		}
	}
	switch {
	case l.acknowledge == whenFinished, r.Err == nil, r.Reply != nil:
		l.done(d)
	case ctx.Err() == nil:
		l.back(ctx, d, d.Redelivered)
	}
}

func (l *rabbitListener) done(d amqp.Delivery) {
	if err := d.Ack(false); err != nil {
		l.call.Log.Warn("a message could not be acknowledged and will come again", "queue", l.queue, "error", err)
	}
}

// back returns a message to the queue; where it would come again at once, after a while.
func (l *rabbitListener) back(ctx context.Context, d amqp.Delivery, later bool) {
	if later && l.signals.wait(ctx, again) != nil {
		return // it goes back with the connection
	}
	if err := d.Nack(false, true); err != nil {
		l.call.Log.Warn("a message could not be given back; it goes back with the connection", "queue", l.queue, "error", err)
	}
}
