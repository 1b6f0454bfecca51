package queues

import (
	"context"
	"strings"
	"sync/atomic"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// mqttTrigger starts a run for each message of its topics, in order. A message of QoS 1 or 2 is acknowledged once its run is
// durable; the broker sends it again to a session that lasts (the credential has a clientId, and clean is off).
type mqttTrigger struct {
	options Options
	signals signals
}

var (
	_ nodes.Trigger          = mqttTrigger{}
	_ nodes.CredentialTester = mqttTrigger{}
)

// Execute is nodes.Node's.
func (mqttTrigger) Execute(_ context.Context, call *nodes.Call) error { return handOn(call) }

// TestCredential is nodes.CredentialTester's.
func (t mqttTrigger) TestCredential(ctx context.Context, credentialType string, access nodes.Access) error {
	return mqttNode{t.options}.TestCredential(ctx, credentialType, access)
}

// maxHeld bounds the messages that came and wait for their run to be started, in number and in size. A broker does not hand out so many that are to be
// acknowledged; of others, which are sent at most once, what comes beyond it is lost.
const (
	maxHeld      = 10000
	maxHeldBytes = 64 << 20
)

// mqttListener is what a trigger's parameters say.
type mqttListener struct {
	topics                []string
	qos                   map[string]byte
	parse, only, parallel bool
	lasting               bool // the session outlives the connection
	call                  *nodes.Call
	start                 nodes.Start
	signals               signals
	held                  chan mqtt.Message
	bytes                 atomic.Int64 // of the contents of those
}

// Listen is nodes.Trigger's.
func (t mqttTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	l, err := newMQTTListener(call)
	if err != nil {
		return err
	}
	l.start, l.signals = start, t.signals
	access, err := call.Engine.Access(ctx, "mqtt")
	if err != nil {
		return err
	}
	l.lasting = access.Field("clean") == "false" && access.Field("clientId") != ""
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	client, gone, err := dialMQTT(inner, t.options, access, func(o *mqtt.ClientOptions) {
		o.SetAutoAckDisabled(true)
		o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { l.hold(inner, m) }) // a lasting session's come before the subscription
	})
	if err == nil {
		err = l.listen(ctx, client, gone)
		cancel()
		client.Disconnect(quiesce)
	}
	if ctx.Err() != nil {
		return nil
	}
	return connect.Refused(err, access)
}

func newMQTTListener(call *nodes.Call) (*mqttListener, error) {
	text, err := call.Param("topics").String(0, "")
	if err != nil {
		return nil, err
	}
	l := &mqttListener{call: call, qos: map[string]byte{}, held: make(chan mqtt.Message, maxHeld)}
	for topic := range strings.SplitSeq(text, ",") {
		qos := byte(0)
		if i := strings.LastIndexByte(topic, ':'); i >= 0 && i == len(topic)-2 && topic[i+1] >= '0' && topic[i+1] <= '9' {
			if qos = topic[i+1] - '0'; qos > 2 {
				qos = 0
			}
			topic = topic[:i]
		}
		if topic == "" {
			return nil, nodes.Errorf("must be one or more topics, with commas between them").WithParam("topics", "")
		}
		l.topics, l.qos[topic] = append(l.topics, topic), qos
	}
	o := call.Param("options")
	for name, to := range map[string]*bool{"jsonParseBody": &l.parse, "onlyMessage": &l.only, "parallelProcessing": &l.parallel} {
		if *to, err = o.Get(name).Bool(0, name == "parallelProcessing"); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// hold keeps a message for take. It must not wait for long: the client answers the broker's pings only in between.
func (l *mqttListener) hold(ctx context.Context, m mqtt.Message) {
	size := int64(len(m.Payload()))
	if all := l.bytes.Add(size); m.Qos() > 0 || all <= maxHeldBytes || all == size { // one alone may be larger
		select {
		case l.held <- m:
			return
		default:
		}
	}
	if m.Qos() == 0 {
		l.bytes.Add(-size)
		l.call.Log.Warn("a message of QoS 0 is lost: runs cannot be started as fast as messages come", "topic", m.Topic())
		return
	}
	select {
	case l.held <- m:
	case <-ctx.Done():
	}
}

func (l *mqttListener) listen(ctx context.Context, client mqtt.Client, gone lost) error {
	token := client.SubscribeMultiple(l.qos, nil)
	if err := finished(ctx, token); err != nil {
		return err
	}
	if s, ok := token.(*mqtt.SubscribeToken); ok {
		for topic, granted := range s.Result() {
			if granted == 0x80 {
				return nodes.Errorf("the broker refused the subscription to %q", topic)
			}
		}
	}
	l.signals.listening()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-gone:
			l.rest(ctx)
			return nodes.Errorf("the connection to the broker was lost: %w", err)
		case m := <-l.held:
			if err := l.take(ctx, m, gone); err != nil {
				l.rest(ctx)
				return nodes.Errorf("the connection to the broker was lost: %w", err)
			}
		}
	}
}

// rest takes what came before the connection was lost and would not come again.
func (l *mqttListener) rest(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case m := <-l.held:
			if m.Qos() == 0 || !l.lasting {
				_ = l.take(ctx, m, nil) // what is lost is known
			}
		default:
			return
		}
	}
}

// take starts a run for a message, however often that must be tried: MQTT has no way to give a message back. Its error is that
// of a connection that was lost while the run was waited for.
func (l *mqttListener) take(ctx context.Context, m mqtt.Message, gone lost) error {
	l.bytes.Add(-int64(len(m.Payload())))
	items := nodes.ItemsOf(l.item(m))
	for ctx.Err() == nil {
		started, err := l.start(ctx, items)
		if err == nil {
			m.Ack()
			if !l.parallel && started.Result != nil {
				select {
				case <-started.Result:
				case err := <-gone:
					return err
				case <-ctx.Done():
				}
			}
			return nil
		}
		l.call.Log.Error("a run was not started, which is tried again", "topic", m.Topic(), "error", err)
		_ = l.signals.wait(ctx, again) // where it was cancelled, so is the loop
	}
	return nil
}

// item is a message as n8n gives it: {message, topic}, or only the message. What is no JSON stays text.
func (l *mqttListener) item(m mqtt.Message) nodes.Item {
	content, err := contentOf(m.Payload(), l.parse)
	if err != nil {
		content, _ = contentOf(m.Payload(), false) // any text is a JSON string
	}
	var b nodes.ObjectBuilder
	if l.only { // in n8n a list with the message in it, which an item cannot be here: $json[0] is the same
		b.Raw("0", content)
		return nodes.NewItem(b.String())
	}
	b.Raw("message", content)
	b.Set("topic", nodes.StringValue(m.Topic()))
	return nodes.NewItem(b.String())
}
