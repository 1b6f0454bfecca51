package request

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

func repeat(params string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = params
	}
	return list
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		options  pbxsim.Options
		kill     bool // before the run, with a token in hand
		mints    int  // 0: any number
		parallel int
	}{
		{"one for all", pbxsim.Options{}, false, 1, 8},
		{"refused, renewed once for all", pbxsim.Options{}, true, 2, 8},
		{"refused, one at a time", pbxsim.Options{}, true, 2, 1},
		{"each token serves 7 requests", pbxsim.Options{Faults: pbxsim.Faults{UnauthorizedAfter: 7}}, false, 0, 8},
		{"each token serves one request", pbxsim.Options{Faults: pbxsim.Faults{UnauthorizedAfter: 1}}, false, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sim := startPBX(t, c.options)
			r := pbxRig(t, sim, "secret")
			if c.kill {
				if _, err := r.eng.Access(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
				sim.KillTokens()
			}
			items, err := r.run(pbxOp(t, "ListSbc"), repeat(fmt.Sprintf(`{"requestOptions":{"concurrency":%d}}`, c.parallel), 40)...)
			if err != nil || len(items) != 40 {
				t.Fatalf("%d items: %v", len(items), err)
			}
			if n := sim.Counters().TokenMints; c.mints > 0 && n != c.mints {
				t.Errorf("%d tokens were minted, want %d", n, c.mints)
			}
			if c.mints == 0 && sim.Counters().TokenMints < 40/7 {
				t.Errorf("only %d tokens were minted", sim.Counters().TokenMints)
			}
		})
	}
}

// TestShortTokens runs on a clock on which a token ends every 20 requests.
func TestShortTokens(t *testing.T) {
	t.Parallel()
	var ticks atomic.Int64
	start := time.Now()
	sim := startPBX(t, pbxsim.Options{TokenLifetime: 2 * time.Second, OpaqueTokens: true, Clock: func() time.Time {
		return start.Add(time.Duration(ticks.Add(1)) * 50 * time.Millisecond)
	}})
	r := pbxRig(t, sim, "secret")
	items, err := r.run(pbxOp(t, "ListSbc"), repeat(`{}`, 100)...)
	if err != nil || len(items) != 100 || sim.Counters().TokenMints < 2 {
		t.Errorf("%d items, %d tokens: %v", len(items), sim.Counters().TokenMints, err)
	}
}

// TestKilledMidRun has another client's token end this one's in the middle.
func TestKilledMidRun(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	r := pbxRig(t, sim, "secret")
	served := 0
	r.call.Sink = sink(func(nodes.Item) {
		if served++; served == 10 {
			sim.KillTokens()
		}
	})
	if _, err := r.run(pbxOp(t, "ListSbc"), repeat(`{}`, 50)...); err != nil || served != 50 {
		t.Errorf("%d items: %v", served, err)
	}
	if n := sim.Counters().TokenMints; n != 2 {
		t.Errorf("%d tokens", n)
	}
}

type sink func(nodes.Item)

func (s sink) Emit(_ int, it nodes.Item)    { s(it) }
func (s sink) Failed(_ int, _ *nodes.Error) {}

func TestWrongSecret(t *testing.T) {
	t.Parallel()
	const want = `credential "PBX": the server refused the client id or the client secret; check them in the API client's settings on the server`
	for _, onError := range []nodes.OnError{nodes.StopWorkflow, nodes.ContinueRegularOutput} {
		sim := startPBX(t, pbxsim.Options{})
		r := pbxRig(t, sim, "hunter2")
		r.call.OnError = onError
		items, err := r.run(pbxOp(t, "ListSbc"), repeat(`{}`, 30)...)
		r.wantError(err, "", want)
		if c := sim.Counters(); c.Requests != 1 || len(items) != 0 {
			t.Errorf("%d requests, %d items", c.Requests, len(items))
		}
	}
}

// TestAlwaysUnauthorized believes a server that refuses new tokens too.
func TestAlwaysUnauthorized(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{Faults: pbxsim.Faults{Status: map[int]pbxsim.StatusFault{401: {Count: -1}}}})
	r := pbxRig(t, sim, "secret")
	r.call.OnError = nodes.ContinueRegularOutput
	items, err := r.run(pbxOp(t, "ListSbc"), repeat(`{}`, 20)...)
	if err != nil || len(items) != 20 {
		t.Fatalf("%d items: %v", len(items), err)
	}
	r.wantError(items[19].Err(), "", `item 19: Sbcs: List Sbc: 401 Unauthorized: simulated: unauthorized
code: SimulatedFault
Check the client id and secret, that the API client is enabled on the PBX, and that no other program mints tokens for this client.`)
	if n := sim.Counters().TokenMints; n != 1+maxRenewals {
		t.Errorf("%d tokens were minted", n)
	}
}

func TestAccessIsAskedLazily(t *testing.T) {
	t.Parallel()
	r := thingRig(t, "plain", "http://127.0.0.1:1")
	r.call.OnError = nodes.ContinueRegularOutput
	items, err := r.run(readThing(), "!", `{}`, `{"id":"1","requestOptions":{"body":"{"}}`)
	if err != nil || len(items) != 3 || r.eng.asked != 0 {
		t.Errorf("%v %v, access was asked for %d times", texts(items), err, r.eng.asked)
	}
}

// TestSecretChangesMidRun ends the step when a renewal is refused, and says what was sent.
func TestSecretChangesMidRun(t *testing.T) {
	t.Parallel()
	n := 0
	r, server := serve(t, "plain", func(w http.ResponseWriter, _ *http.Request) {
		if n++; n > 2 {
			answerJSON(w, 401, `{}`)
			return
		}
		answerJSON(w, 200, `{}`)
	})
	r.eng.credential = &refusing{fixed{BaseURL: server.URL, Token: "t", Generation: 1}}
	_, err := r.run(writeThing(), repeat(`{"id":"1","requestOptions":{"concurrency":1}}`, 5)...)
	r.wantError(err, "", "the secret is not valid any more\ndone: items 0, 1; failed: item 2; not sent: items 3, 4")
}

type refusing struct{ fixed }

func (*refusing) Renew(context.Context, uint64) (nodes.Access, error) {
	return nodes.Access{}, errors.New("the secret is not valid any more")
}

func TestNoBaseURL(t *testing.T) {
	t.Parallel()
	r := thingRig(t, "plain", "")
	_, err := r.run(readThing(), `{"id":"1"}`)
	r.wantError(err, "", "the credential (thingsApi) has no base URL, so there is no address to send to\nGive it the field baseUrl, such as https://api.example.com.")
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	var got http.Header
	r, _ := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
		got = q.Header
		answerJSON(w, 200, `{}`)
	})
	r.want(readThing(), `{"id":"1"}`, `{}`)
	if got.Get("Authorization") != "Bearer tok-hunter2" || got.Get("Content-Type") != "" || !strings.HasPrefix(got.Get("Accept"), "application/json") {
		t.Error(got)
	}
	r.want(writeThing(), `{"id":"1"}`, `{}`)
	if got.Get("Content-Type") != "application/json" {
		t.Error(got)
	}
	r.node.Credentials = nil // a node without credentials has no address
	_, err := r.run(readThing(), `{"id":"1"}`)
	r.wantError(err, "", `item 0: Things: Get Thing: : unsupported protocol scheme ""`)
}
