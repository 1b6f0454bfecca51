package threecx_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}

// rig listens to a simulator; started runs come through items.
type rig struct {
	t     *testing.T
	sim   *pbxsim.Server
	eng   *engine
	items chan string
	ended chan error
	stop  context.CancelFunc

	refuse atomic.Int32 // so many starts fail
	errors chan string  // lines of the log, from level error on
	pauses chan time.Duration
}

// Write takes a line of the log.
func (r *rig) Write(line []byte) (int, error) {
	r.errors <- string(line)
	return len(line), nil
}

// pause goes on at once.
func (r *rig) pause(ctx context.Context, d time.Duration) error {
	select {
	case r.pauses <- d:
	default:
	}
	return ctx.Err()
}

func (r *rig) start(ctx context.Context, items nodes.Items) (*nodes.Started, error) {
	if r.refuse.Add(-1) >= 0 {
		return nil, errors.New("too many runs")
	}
	for _, it := range items.All() {
		select {
		case r.items <- it.JSON():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &nodes.Started{ExecutionID: "1"}, nil
}

// engine hands out the simulator's tokens, as the engine does: one for all, a new one where one was refused.
type engine struct {
	t      *testing.T
	sim    *pbxsim.Server
	access nodes.Access
}

func (e *engine) Access(ctx context.Context, _ string) (nodes.Access, error) {
	if e.access.Token == "" {
		return e.Renew(ctx, "", 0)
	}
	return e.access, nil
}

func (e *engine) Renew(ctx context.Context, _ string, generation uint64) (nodes.Access, error) {
	form := strings.NewReader("grant_type=client_credentials&client_id=900&client_secret=secret")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.sim.URL()+"/connect/token", form)
	if err != nil {
		return nodes.Access{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nodes.Access{}, err
	}
	defer res.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nodes.Access{}, err
	}
	e.access = nodes.Access{BaseURL: e.sim.URL(), Token: answer.Token, Generation: generation + 1}
	return e.access, nil
}

func (e *engine) Evaluate(nodes.Expression, int, map[string]nodes.Value) (nodes.Value, error) {
	return nodes.Value{}, nodes.Errorf("there are no expressions here")
}
func (e *engine) Now() time.Time           { return time.Now() }
func (e *engine) Location() *time.Location { return time.UTC }

func listen(t *testing.T, o pbxsim.Options, parameters string) *rig {
	t.Helper()
	types, err := threecx.Types()
	if err != nil {
		t.Fatal(err)
	}
	var trigger nodes.Trigger
	for _, typ := range types {
		if typ.Descriptor.Type == "n8n-nodes-3cx.threecxTrigger" {
			trigger, _ = typ.Node.(nodes.Trigger)
		}
	}
	if trigger == nil {
		t.Fatal("the node set has no trigger")
	}
	r := newRig(t, o)
	r.listen(trigger, parameters)
	return r
}

// hurry listens without the pauses.
func hurry(t *testing.T, o pbxsim.Options, parameters string) *rig {
	t.Helper()
	r := newRig(t, o)
	r.listen(threecx.Paused(r.pause), parameters)
	return r
}

func newRig(t *testing.T, o pbxsim.Options) *rig {
	t.Helper()
	r := &rig{
		t: t, sim: pbxsim.New(o), items: make(chan string, 100),
		errors: make(chan string, 100), pauses: make(chan time.Duration, 10),
	}
	if err := r.sim.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.sim.Close() })
	r.eng = &engine{t: t, sim: r.sim}
	return r
}

func (r *rig) listen(trigger nodes.Trigger, parameters string) {
	r.t.Helper()
	params, errs := nodes.CompileTemplate(gjson.Parse(parameters), nil)
	if errs != nil {
		r.t.Fatal(errs)
	}
	log := slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelError}))
	call := &nodes.Call{Name: "Listen", Params: params, Engine: r.eng, Log: log}
	ctx, cancel := context.WithCancel(r.t.Context())
	r.stop = cancel
	ended := make(chan error, 1)
	r.ended = ended
	go func() { ended <- trigger.Listen(ctx, call, r.start) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("Listen ended with %v", err)
		}
	})
}

// connected waits until the listener has read the state n times.
func (r *rig) connected(n int) {
	r.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if r.sim.Counters().ByOperation["callcontrol"] >= n && r.sim.Sockets() == 1 {
			return
		}
		select {
		case <-tick.C:
		case err := <-r.ended:
			r.ended <- nil
			r.t.Fatalf("Listen ended: %v", err)
		case <-r.t.Context().Done():
			r.t.Fatal("the listener does not connect")
		}
	}
}

// post commands the simulator's Call Control API.
func (r *rig) post(path, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.sim.URL()+"/callcontrol/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	a, err := r.eng.Access(r.t.Context(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("POST %s: %s", path, res.Status)
	}
}

// want holds the next items to these: fields of the item, with spaces between them.
func (r *rig) want(fields string, want ...string) {
	r.t.Helper()
	for _, w := range want {
		select {
		case got := <-r.items:
			var texts []string
			for _, v := range gjson.GetMany(got, strings.Fields(fields)...) {
				texts = append(texts, v.String())
			}
			if text := strings.Join(texts, " "); text != w {
				r.t.Errorf("got  %s\nwant %s\nin %s", text, w, got)
			}
		case <-r.t.Context().Done():
			r.t.Fatalf("no item came, want %s", w)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	r := listen(t, pbxsim.Options{}, `{}`)
	r.connected(1)
	r.post("100/makecall", `{"destination":"103"}`)
	r.want("event dn kind id data.status data.party_dn recovered", "upsert 100 participants 1 Dialing 103 ", "upsert 103 participants 2 Ringing 100 ")
	r.post("103/participants/2/answer", `{}`)
	r.want("event eventType dn data.status sequence", "upsert 0 100 Connected 3", "upsert 0 103 Connected 4")
	r.sim.Emit(pbxsim.Event{Type: pbxsim.EventDTMF, Entity: "/callcontrol/100/participants/1", Data: map[string]any{"dtmf_input": "12#"}})
	r.want("event dn id data.dtmf_input", "dtmf 100 1 12#")
	r.sim.Emit(pbxsim.Event{Type: 9, Entity: "/callcontrol/a%2Fb"})
	r.want("event dn data", "type9 a/b ")
	r.post("100/participants/1/drop", `{}`)
	r.want("event entity data", "remove /callcontrol/100/participants/1 ", "remove /callcontrol/103/participants/2 ")
	if n := r.sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d tokens were minted, want 1", n)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	r := listen(t, pbxsim.Options{}, `{"dns":"103, 104","events":["upsert","dtmf"],"readEntity":false}`)
	r.connected(1)
	before := r.sim.Counters().Requests
	r.post("100/makecall", `{"destination":"103"}`)
	r.post("100/participants/1/drop", `{}`)
	r.sim.Emit(pbxsim.Event{Type: pbxsim.EventDTMF, Entity: "/callcontrol/104/participants/7", Data: "5"})
	r.want("event dn data", "upsert 103 ", "dtmf 104 5")
	if n := r.sim.Counters().Requests - before; n != 2 {
		t.Errorf("%d requests besides the two commands", n-2)
	}
}

// TestReconnect cuts the line: what happened meanwhile is told from the state, and the token is used again.
func TestReconnect(t *testing.T) {
	t.Parallel()
	r := listen(t, pbxsim.Options{}, `{}`)
	r.connected(1)
	r.post("100/makecall", `{"destination":"103"}`)
	r.want("event dn id", "upsert 100 1", "upsert 103 2")
	closed := pbxsim.StatusFault{Count: -1, Target: pbxsim.Target{Operation: "callcontrol/ws"}}
	if err := r.sim.SetFaults(pbxsim.Faults{Status: map[int]pbxsim.StatusFault{503: closed}}); err != nil {
		t.Fatal(err)
	}
	r.sim.CutSockets() // nobody listens from here on
	r.post("103/participants/2/drop", `{}`)
	r.post("101/makecall", `{"destination":"102"}`)
	if err := r.sim.SetFaults(pbxsim.Faults{}); err != nil {
		t.Fatal(err)
	}
	r.want("event dn id recovered data.status", "upsert 101 3 true Dialing", "upsert 102 4 true Ringing", "remove 100 1 true ", "remove 103 2 true ")
	r.connected(2)
	r.post("102/participants/4/answer", `{}`)
	r.want("event dn data.status recovered", "upsert 101 Connected ", "upsert 102 Connected ")
	if n := r.sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d tokens were minted, want 1", n)
	}
}

// TestTokenKilled: another program took the token while the line was down.
func TestTokenKilled(t *testing.T) {
	t.Parallel()
	r := listen(t, pbxsim.Options{}, `{"readEntity":true}`)
	r.connected(1)
	r.sim.KillTokens()
	r.sim.Emit(pbxsim.Event{Type: pbxsim.EventUpsert, Entity: "/callcontrol/100/devices/x"})
	r.want("event dn kind id", "upsert 100 devices x")
	if n := r.sim.Counters().TokenMints; n != 2 {
		t.Errorf("%d tokens were minted, want 2", n)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parameters, want string
		options          pbxsim.Options
	}{
		{`{"events":["ring"]}`, `parameter "events": "ring" is no event; there are upsert, remove, dtmf, promptFinished, response`, pbxsim.Options{}},
		{`{}`, "connect to the Call Control API: 403 Forbidden\nEnable", pbxsim.Options{NoCallControl: true}},
	} {
		r := listen(t, c.options, c.parameters)
		err := <-r.ended
		r.ended <- nil
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}
