package queues

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// listener is a trigger that listens.
type listener struct {
	t       *testing.T
	cancel  context.CancelFunc
	ready   chan struct{}
	ended   chan error
	started chan event
}

// event is a run that the trigger starts. The test says how that goes, and what the run comes to.
type event struct {
	ctx    context.Context
	items  nodes.Items
	answer chan<- error
	result chan<- nodes.Result
}

// text is the JSON of the event's items.
func (e event) text() string {
	var list []string
	for _, it := range e.items.All() {
		list = append(list, it.JSON())
	}
	return strings.Join(list, ",")
}

// ok lets the run be started.
func (e event) ok() event { e.answer <- nil; return e }

// signalled are the types with triggers that tell when they listen, and do not wait.
func signalled(o Options, s signals) []nodes.Type {
	types := Nodes(o)
	for i := range types {
		switch n := types[i].Node.(type) {
		case rabbitMQTrigger:
			n.signals = s
			types[i].Node = n
		case mqttTrigger:
			n.signals = s
			types[i].Node = n
		case kafkaTrigger:
			n.signals = s
			types[i].Node = n
		}
	}
	return types
}

// listen makes the trigger of a case listen. It ends with the test.
func listen(t *testing.T, kind string, fields map[string]any, node string, o Options) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{t: t, cancel: cancel, ready: make(chan struct{}, 1), ended: make(chan error, 1), started: make(chan event)}
	s := signals{ready: func() {
		select {
		case l.ready <- struct{}{}:
		default:
		}
	}, pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	engine := newEngine(t, kind, fields, o, signalled(o, s)...)
	c := golden.WithCredential(gjson.Parse(`{"node":`+node+`}`), kind)
	flow, err := runtime.ParseWorkflow("case", []byte(`{"name":"case","nodes":[{"name":"Trigger",`+c.Get("node").Raw[1:]+`],"connections":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(ctx, flow)
	if err != nil {
		t.Fatal(err)
	}
	trigger := plan.Triggers()[0]
	call := engine.TriggerCall(ctx, trigger)
	go func() {
		l.ended <- trigger.Node.(nodes.Trigger).Listen(ctx, call, l.start)
	}()
	t.Cleanup(func() { l.stop() })
	return l
}

func (l *listener) start(ctx context.Context, items nodes.Items) (*nodes.Started, error) {
	answer, result := make(chan error, 1), make(chan nodes.Result, 1)
	select {
	case l.started <- event{ctx, items, answer, result}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case err := <-answer:
		return &nodes.Started{ExecutionID: "1", Result: result}, err
	case <-ctx.Done():
	}
	select {
	case err := <-answer:
		return &nodes.Started{ExecutionID: "1", Result: result}, err
	default:
		return nil, ctx.Err()
	}
}

// stop ends the listening and returns what Listen returned.
func (l *listener) stop() error {
	l.cancel()
	err := take(l.t, l.ended, "the end of Listen")
	l.ended <- err
	return err
}

// listening waits until messages are taken; an error is that of Listen.
func (l *listener) listening() error {
	select {
	case <-l.ready:
		return nil
	case err := <-l.ended:
		l.ended <- err
		if err == nil {
			err = errors.New("it ended")
		}
		return err
	case <-time.After(patience):
		l.t.Fatal("the trigger does not listen")
		return nil
	}
}

// next is the next run that is to be started.
func (l *listener) next() event {
	l.t.Helper()
	return take(l.t, l.started, "a run")
}

// quiet reports that no run is to be started while something else happens.
func (l *listener) quiet() {
	l.t.Helper()
	select {
	case e := <-l.started:
		l.t.Errorf("a run is started for %s", e.text())
	default:
	}
}

func take[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited for %s", what)
		panic("not reached")
	}
}
