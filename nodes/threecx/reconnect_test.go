package threecx_test

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// offline cuts the line, lets things happen while nobody listens, and lets the listener come back.
func (r *rig) offline(happens func()) {
	r.t.Helper()
	closed := pbxsim.StatusFault{Count: -1, Target: pbxsim.Target{Operation: "callcontrol/ws"}}
	if err := r.sim.SetFaults(pbxsim.Faults{Status: map[int]pbxsim.StatusFault{503: closed}}); err != nil {
		r.t.Fatal(err)
	}
	r.sim.CutSockets()
	happens()
	if err := r.sim.SetFaults(pbxsim.Faults{}); err != nil {
		r.t.Fatal(err)
	}
}

// untilMark is the items before the first of an event that it sends until it comes: what was told of the time offline.
func (r *rig) untilMark(fields ...string) (told []string) {
	r.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case got := <-r.items:
			if gjson.Get(got, "dn").String() == "mark" {
				return told
			}
			var texts []string
			for _, v := range gjson.GetMany(got, fields...) {
				texts = append(texts, v.String())
			}
			told = append(told, strings.Join(texts, " "))
		case <-tick.C:
			r.sim.Emit(pbxsim.Event{Type: pbxsim.EventResponse, Entity: "/callcontrol/mark"})
		case <-r.t.Context().Done():
			r.t.Fatal("the listener does not come back")
		}
	}
}

// TestOnlyDifferences: after a reconnect only what differs is told, whatever was told before.
func TestOnlyDifferences(t *testing.T) {
	t.Parallel()
	nothing := func(*rig) {}
	answer := func(r *rig) { r.post("103/participants/2/answer", `{}`) }
	for _, c := range []struct {
		name, parameters string
		offline          func(*rig)
		want             []string
	}{
		{"nothing, read", `{}`, nothing, nil},
		{"nothing, not read", `{"readEntity":false}`, nothing, nil},
		{"answer, read", `{}`, answer, []string{"upsert 100 1 Connected true", "upsert 103 2 Connected true"}},
		{"answer, not read", `{"readEntity":false}`, answer, nil},
		{"drop, not read", `{"readEntity":false}`, func(r *rig) { r.post("100/participants/1/drop", `{}`) },
			[]string{"remove 100 1  true", "remove 103 2  true"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := hurry(t, pbxsim.Options{}, c.parameters)
			r.connected(1)
			r.post("100/makecall", `{"destination":"103"}`)
			r.want("event dn id", "upsert 100 1", "upsert 103 2")
			r.sim.Emit(pbxsim.Event{Entity: "/callcontrol/104"})
			r.sim.Emit(pbxsim.Event{Entity: "/callcontrol/104/devices/sip%3A104%40127.0.0.1%3A5060"})
			r.want("event dn kind id", "upsert 104  ", "upsert 104 devices sip:104@127.0.0.1:5060")
			r.offline(func() { c.offline(r) })
			if told := r.untilMark("event", "dn", "id", "data.status", "recovered"); !slices.Equal(told, c.want) {
				t.Errorf("got  %q\nwant %q", told, c.want)
			}
		})
	}
}

// TestStartFails: an event whose run cannot be started is told again, in its turn, and the log says so.
func TestStartFails(t *testing.T) {
	t.Parallel()
	r := hurry(t, pbxsim.Options{}, `{}`)
	r.connected(1)
	failed := func(entity string) {
		t.Helper()
		select {
		case line := <-r.errors:
			if !strings.Contains(line, "could not be started") || !strings.Contains(line, "entity="+entity+" ") || !strings.Contains(line, "too many runs") {
				t.Errorf("the log says %s", line)
			}
		default:
			t.Error("the log does not say that a start failed")
		}
	}
	r.refuse.Store(2)
	r.sim.Emit(pbxsim.Event{Type: pbxsim.EventDTMF, Entity: "/callcontrol/100/participants/1", Data: "5"})
	r.want("event data", "dtmf 5")
	failed("/callcontrol/100/participants/1")
	failed("/callcontrol/100/participants/1")
	r.refuse.Store(1)
	r.post("100/makecall", `{"destination":"103"}`)
	r.want("event dn id recovered", "upsert 100 1 ", "upsert 103 2 ")
	failed("/callcontrol/100/participants/1")
	r.refuse.Store(1)
	r.post("100/participants/1/drop", `{}`)
	r.want("event dn id recovered", "remove 100 1 ", "remove 103 2 ")
	failed("/callcontrol/100/participants/1")
	if n := r.sim.Counters().ByOperation["callcontrol/ws"]; n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	r.offline(func() {
		r.post("101/makecall", `{"destination":"102"}`)
		r.refuse.Store(1)
	})
	want := []string{"upsert 101 3 true", "upsert 102 4 true"}
	if told := r.untilMark("event", "dn", "id", "recovered"); !slices.Equal(told, want) {
		t.Errorf("got  %q\nwant %q", told, want)
	}
	failed("/callcontrol/101/participants/3")
}

// TestStateFails: a socket that opens is no connection yet where the state cannot be read, and the pauses grow.
func TestStateFails(t *testing.T) {
	t.Parallel()
	broken := pbxsim.StatusFault{Count: -1, Target: pbxsim.Target{Operation: "callcontrol"}}
	r := hurry(t, pbxsim.Options{Faults: pbxsim.Faults{Status: map[int]pbxsim.StatusFault{500: broken}}}, `{}`)
	for _, longest := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		longest *= time.Second
		select {
		case d := <-r.pauses:
			if d < longest/2 || d > longest {
				t.Errorf("a pause of %v, want %v to %v", d, longest/2, longest)
			}
		case err := <-r.ended:
			r.ended <- nil
			t.Fatalf("Listen ended: %v", err)
		}
	}
}

// lastLook takes the stacks of all goroutines when Listen returns.
type lastLook struct {
	nodes.Trigger
	stacks chan string
}

func (l lastLook) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	err := l.Trigger.Listen(ctx, call, start)
	text := make([]byte, 1<<20)
	l.stacks <- string(text[:runtime.Stack(text, true)])
	return err
}

// TestNothingStays is not parallel: it looks at all goroutines. Those that end late do so now and then, hence the rounds.
func TestNothingStays(t *testing.T) {
	r := newRig(t, pbxsim.Options{})
	trigger := lastLook{threecx.Paused(r.pause), make(chan string, 1)}
	before := goleak.IgnoreCurrent()
	for round := 1; round <= 30 && !t.Failed(); round++ {
		r.listen(trigger, `{}`)
		r.connected(round)
		r.stop()
		err := <-r.ended
		r.ended <- nil
		if err != nil {
			t.Fatal(err)
		}
		stacks := <-trigger.stacks
		for _, f := range []string{"threecx.read(", "threecx.ping("} {
			if strings.Contains(stacks, f) {
				t.Errorf("%s…) still runs", f)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections() // the engine's
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
