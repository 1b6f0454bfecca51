package queues

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
)

// rabbitQueue is what is set up at the broker.
var rabbitQueue = gjson.Parse(`{"queues":[{"name":"q"}],"look":["q"]}`)

// TestRabbitMQSafety: a message is the queue's until its run is durable, or until the run came to what the parameters ask for.
func TestRabbitMQSafety(t *testing.T) {
	s := rabbitSafety{newRabbitBroker(t)}
	t.Run("cancelled before the run is durable", s.cancelledBeforeTheRunIsDurable)
	t.Run("start failed", s.startFailed)
	t.Run("cancelled while the run is under way", s.cancelledWhileTheRunIsUnderWay)
	t.Run("parallelMessages", s.parallelMessages)
	t.Run("the connection is lost", s.theConnectionIsLost)
	t.Run("the queue is deleted", s.theQueueIsDeleted)
	t.Run("credentials", func(t *testing.T) { checkCredentials(t, "rabbitmq", s.b.fields(), "hostname") })
}

type rabbitSafety struct{ b *rabbitBroker }

func (s rabbitSafety) begin(t *testing.T, options string, messages ...string) *listener {
	t.Helper()
	s.b.setup(t, rabbitQueue)
	for _, m := range messages {
		s.b.send(t, gjson.Parse(fmt.Sprintf(`{"key":"q","body":%q}`, m)))
	}
	return listen(t, "rabbitmq", s.b.fields(), ackNode(options), Options{})
}

func (s rabbitSafety) left(t *testing.T, want string) {
	t.Helper()
	var bodies []string
	for _, m := range gjson.Get(s.b.arrived(t, rabbitQueue), "q").Array() {
		bodies = append(bodies, m.Get("body").Str)
	}
	if got := strings.Join(bodies, ","); got != want {
		t.Errorf("left %q, want %q", got, want)
	}
}

func (s rabbitSafety) cancelledBeforeTheRunIsDurable(t *testing.T) {
	l := s.begin(t, `{}`, "a", "b")
	l.next() // which is never answered
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.left(t, "a,b")
}

func (s rabbitSafety) startFailed(t *testing.T) {
	l := s.begin(t, `{}`, "a")
	l.next().answer <- errors.New("the disk is full")
	e := l.next().ok()
	if !strings.Contains(e.text(), `"redelivered":true`) {
		t.Errorf("got %s", e.text())
	}
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.left(t, "")
}

func (s rabbitSafety) cancelledWhileTheRunIsUnderWay(t *testing.T) {
	l := s.begin(t, `{"acknowledge":"executionFinishesSuccessfully"}`, "a")
	l.next().ok()
	l.awaiting(t, s.b)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.left(t, "a,next")
	l = s.begin(t, `{"acknowledge":"executionFinishes"}`, "a") // the run goes on by itself
	l.next().ok()
	l.awaiting(t, s.b)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.left(t, "next")
}

func (s rabbitSafety) parallelMessages(t *testing.T) {
	l := s.begin(t, `{"acknowledge":"executionFinishes","parallelMessages":2}`, "a", "b", "c")
	first, second := l.next().ok(), l.next().ok()
	l.quiet()
	second.result <- nodes.Result{Err: errors.New("no")}
	if third := l.next().ok(); !strings.Contains(third.text(), `"c"`) {
		t.Errorf("got %s", third.text())
	}
	first.result <- nodes.Result{}
}

func (s rabbitSafety) theConnectionIsLost(t *testing.T) {
	s.b.setup(t, rabbitQueue)
	p := loopback.NewRelay(t, s.b.port, nil)
	fields := s.b.fields()
	fields["port"] = p.Port
	l := listen(t, "rabbitmq", fields, ackNode(`{}`), Options{})
	if err := l.listening(); err != nil {
		t.Fatal(err)
	}
	s.b.send(t, gjson.Parse(`{"key":"q","body":"a"}`))
	e := l.next()
	p.Cut()
	e.answer <- errors.New("no")
	if err := l.end(); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("got %v", err)
	}
	again := listen(t, "rabbitmq", fields, ackNode(`{}`), Options{})
	if e := again.next().ok(); !strings.Contains(e.text(), `"redelivered":true`) {
		t.Errorf("got %s", e.text())
	}
}

func (s rabbitSafety) theQueueIsDeleted(t *testing.T) {
	l := s.begin(t, `{}`)
	if err := l.listening(); err != nil {
		t.Fatal(err)
	}
	s.b.must(t, func(ch *amqp.Channel) error { _, err := ch.QueueDelete("q", false, false, false); return err })
	if err := l.end(); err == nil {
		t.Error("Listen goes on")
	}
}

// awaiting waits until the trigger waits for what the run comes to: then the broker has one unacknowledged message, and the
// trigger takes the next.
func (l *listener) awaiting(t *testing.T, b *rabbitBroker) {
	t.Helper()
	b.send(t, gjson.Parse(`{"key":"q","body":"next"}`))
	l.next()
}

// end is what Listen returned by itself.
func (l *listener) end() error {
	l.t.Helper()
	err := take(l.t, l.ended, "the end of Listen")
	l.ended <- err
	return err
}

// checkCredentials: a good credential, a wrong password, and nobody at the address; errors hold no secret.
func checkCredentials(t *testing.T, kind string, fields map[string]any, host string) {
	t.Helper()
	const secret = "very-secret-password"
	access := func(change map[string]any) nodes.Access {
		a := nodes.Access{Fields: map[string]string{}, Secrets: nodes.Secrets{}}
		for _, m := range []map[string]any{fields, change} {
			for name, v := range m {
				if a.Fields[name] = fmt.Sprint(v); name == "password" {
					delete(a.Fields, name)
					a.Secrets[name] = fmt.Sprint(v)
				}
			}
		}
		return a
	}
	nobody := map[string]any{"port": 1}
	if host == "brokers" {
		nobody = map[string]any{"brokers": "127.0.0.1:1"}
	}
	for _, typ := range Nodes(Options{}) {
		if name := strings.ToLower(typ.Descriptor.Type); !strings.HasSuffix(strings.TrimSuffix(name, "trigger"), "."+kind) {
			continue
		}
		tester := typ.Node.(nodes.CredentialTester)
		if err := tester.TestCredential(t.Context(), kind, access(nil)); err != nil {
			t.Errorf("%s: %v", typ.Descriptor.Type, err)
		}
		for name, change := range map[string]map[string]any{"wrong password": {"password": secret}, "nobody there": nobody} {
			err := tester.TestCredential(t.Context(), kind, access(change))
			if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
				t.Errorf("%s, %s: %v", typ.Descriptor.Type, name, err)
			}
		}
	}
	err := dialPublic(t, kind, access(nil))
	if err == nil {
		t.Error("a private address was reached")
	}
}

// mqttListens is a trigger whose messages are acknowledged.
const mqttListens = `{"type":"n8n-nodes-base.mqttTrigger","typeVersion":1,"parameters":{"topics":"t:1","options":{}}}`

// TestMQTTSafety: a message of QoS 1 is the broker's until its run is durable.
func TestMQTTSafety(t *testing.T) {
	s := mqttSafety{b: newMQTTBroker(t)}
	s.fields = s.b.fields()
	s.fields["clean"], s.fields["clientId"] = false, "cordboard-test"
	t.Run("cancelled before the run is durable", s.cancelledBeforeTheRunIsDurable)
	t.Run("start failed", s.startFailed)
	t.Run("the connection is lost", s.theConnectionIsLost)
	t.Run("sending with the same credential", s.sendingBeside)
	t.Run("one by one", s.oneByOne)
}

type mqttSafety struct {
	b      *mqttBroker
	fields map[string]any
}

func (s mqttSafety) begin(t *testing.T, messages ...string) *listener {
	t.Helper()
	l := listen(t, "mqtt", s.fields, mqttListens, Options{})
	if err := l.listening(); err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		s.b.send(t, gjson.Parse(fmt.Sprintf(`{"topic":"t","body":%q,"qos":1}`, m)))
	}
	return l
}

// holds checks what message a run is started for.
func holds(t *testing.T, e event, message string) {
	t.Helper()
	if !strings.Contains(e.text(), `"message":"`+message+`"`) {
		t.Errorf("got %s, want %s", e.text(), message)
	}
}

func (s mqttSafety) cancelledBeforeTheRunIsDurable(t *testing.T) {
	l := s.begin(t, "a", "b")
	l.next() // which is never answered
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	l = s.begin(t)
	holds(t, l.next().ok(), "a")
	holds(t, l.next().ok(), "b")
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	l = s.begin(t, "c")
	holds(t, l.next().ok(), "c")
}

func (s mqttSafety) startFailed(t *testing.T) {
	l := s.begin(t, "a", "b")
	l.next().answer <- errors.New("the disk is full")
	holds(t, l.next().ok(), "a")
	holds(t, l.next().ok(), "b")
}

func (s mqttSafety) theConnectionIsLost(t *testing.T) {
	p := loopback.NewRelay(t, s.b.port, nil)
	through := maps.Clone(s.fields)
	through["port"] = p.Port
	l := listen(t, "mqtt", through, mqttListens, Options{})
	if err := l.listening(); err != nil {
		t.Fatal(err)
	}
	s.b.send(t, gjson.Parse(`{"topic":"t","body":"a","qos":1}`))
	e := l.next()
	p.Cut()
	e.ok() // the broker does not get to know
	if err := l.end(); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("got %v", err)
	}
	holds(t, s.begin(t).next().ok(), "a")
}

func (s mqttSafety) sendingBeside(t *testing.T) {
	l := s.begin(t)
	if e := sends(t, "mqtt", s.fields, mqttSend); e != "" {
		t.Error(e)
	}
	if e := l.next().ok(); e.text() != `{"message":"{\"a\":1}","topic":"t"}` {
		t.Errorf("got %s", e.text())
	}
	s.b.send(t, gjson.Parse(`{"topic":"t","body":"b","qos":1}`))
	holds(t, l.next().ok(), "b")
	if err := l.stop(); err != nil {
		t.Error(err)
	}
}

func (s mqttSafety) oneByOne(t *testing.T) {
	l := listen(t, "mqtt", s.b.fields(), strings.Replace(mqttListens, `"options":{}`, `"options":{"parallelProcessing":false}`, 1), Options{})
	if err := l.listening(); err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"a", "b"} {
		s.b.send(t, gjson.Parse(fmt.Sprintf(`{"topic":"t","body":%q}`, m)))
	}
	first := l.next().ok()
	l.quiet()
	first.result <- nodes.Result{Err: errors.New("no")}
	holds(t, l.next().ok(), "b")
}

// kafkaListens is a trigger that commits at WHEN.
const kafkaListens = `{"type":"n8n-nodes-base.kafkaTrigger","typeVersion":1.3,"parameters":{"topic":"t","groupId":"g","resolveOffset":"WHEN","options":{"fromBeginning":true,"partitionsConsumedConcurrently":2}}}`

// TestKafkaSafety: an offset is committed when its run is durable, or came to what the parameters ask for, and never beyond one that
// failed.
func TestKafkaSafety(t *testing.T) {
	s := &kafkaSafety{}
	t.Run("cancelled before the run is durable", s.cancelledBeforeTheRunIsDurable)
	t.Run("start failed", s.startFailed)
	t.Run("a run failed", s.aRunFailed)
	t.Run("cancelled while the run is under way", s.cancelledWhileTheRunIsUnderWay)
	t.Run("no topic", s.noTopic)
	t.Run("the first of a new group failed", s.theFirstFailed)
}

type kafkaSafety struct{ b *kafkaBroker }

func (s *kafkaSafety) again(t *testing.T, when string) *listener {
	t.Helper()
	return listen(t, "kafka", s.b.fields(), strings.Replace(kafkaListens, "WHEN", when, 1), Options{})
}

func (s *kafkaSafety) begin(t *testing.T, when string, partitions int, messages ...string) *listener {
	t.Helper()
	s.b = &kafkaBroker{}
	s.b.setup(t, gjson.Parse(fmt.Sprintf(`{"topics":[["t",%d]]}`, partitions)))
	for i, m := range messages {
		s.b.send(t, gjson.Parse(fmt.Sprintf(`{"topic":"t","body":%q,"partition":%d}`, m, i%partitions)))
	}
	return s.again(t, when)
}

func (s *kafkaSafety) committed(t *testing.T, want string) {
	t.Helper()
	if got := gjson.Get(s.b.arrived(t, gjson.Parse(`{"group":"g"}`)), "t").Raw; got != want {
		t.Errorf("committed %s, want %s", got, want)
	}
}

func (s *kafkaSafety) cancelledBeforeTheRunIsDurable(t *testing.T) {
	l := s.begin(t, "immediately", 1, "a", "b")
	l.next().ok()
	holds(t, l.next(), "b") // which is never answered
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.committed(t, `["1"]`)
	l = s.again(t, "immediately")
	holds(t, l.next().ok(), "b")
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.committed(t, `["2"]`)
}

func (s *kafkaSafety) startFailed(t *testing.T) {
	l := s.begin(t, "immediately", 1, "a", "b")
	l.next().answer <- errors.New("the disk is full")
	holds(t, l.next().ok(), "a")
	holds(t, l.next().ok(), "b")
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.committed(t, `["2"]`)
}

func (s *kafkaSafety) aRunFailed(t *testing.T) {
	l := s.begin(t, "onSuccess", 2, "a", "b")
	first, second := l.next().ok(), l.next().ok() // side by side
	if strings.Contains(first.text(), `"b"`) {
		first, second = second, first
	}
	first.result <- nodes.Result{Err: errors.New("no")}
	second.result <- nodes.Result{}
	e := l.next().ok()
	holds(t, e, "a")
	s.committed(t, `["1"]`) // of the other partition
	e.result <- nodes.Result{}
	s.b.send(t, gjson.Parse(`{"topic":"t","body":"c"}`))
	holds(t, l.next(), "c")
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.committed(t, `["1","1"]`)
}

func (s *kafkaSafety) cancelledWhileTheRunIsUnderWay(t *testing.T) {
	l := s.begin(t, "onSuccess", 1, "a")
	l.next().ok()
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	l = s.again(t, "onCompletion") // the run goes on by itself
	holds(t, l.next().ok(), "a")
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	s.committed(t, `["1"]`)
}

func (s *kafkaSafety) noTopic(t *testing.T) {
	s.b = newKafkaBroker(t)
	if err := s.again(t, "onSuccess").listening(); err == nil || !strings.Contains(err.Error(), `no topic "t"`) {
		t.Errorf("got %v", err)
	}
}

// TestMQTTRest: of what came before the connection was lost, runs are started for what would not come again.
func TestMQTTRest(t *testing.T) {
	t.Parallel()
	for lasting, want := range map[bool]string{true: "b", false: "a,b"} {
		l := &mqttListener{lasting: lasting, parallel: true, held: make(chan mqtt.Message, 2)}
		l.held <- kept{"a"}
		l.held <- payload("b")
		var got []string
		l.start = func(_ context.Context, items nodes.Items) (*nodes.Started, error) {
			got = append(got, items.At(0).Get("message").Str)
			return &nodes.Started{}, nil
		}
		l.rest(t.Context())
		if strings.Join(got, ",") != want {
			t.Errorf("lasting %v: got %v, want %s", lasting, got, want)
		}
	}
}

// kept is a message that the broker keeps until it is acknowledged.
type kept struct{ payload }

func (kept) Qos() byte { return 1 }
