package request

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

const (
	fault          = "simulated"
	outcomeUnknown = "The request was sent and its outcome is unknown: it was not repeated. Check what the server did."
)

// TestRetries holds, for one item, how often its operation reaches the server and what is said in the end.
func TestRetries(t *testing.T) {
	t.Parallel()
	status := func(code, count, after int) pbxsim.Faults {
		return pbxsim.Faults{Status: map[int]pbxsim.StatusFault{code: {Count: count, RetryAfter: after}}}
	}
	drop := func(at string, count int) pbxsim.Faults {
		return pbxsim.Faults{Drop: &pbxsim.DropFault{Count: count, At: at, Target: pbxsim.Target{}}}
	}
	const (
		read, write = "ListSbc", "MultiDeleteGreeting"
		closed      = "the connection to URL was closed before the answer was complete"
		code        = "\ncode: SimulatedFault"
	)
	for _, c := range []struct {
		name, op string
		faults   pbxsim.Faults
		retry    nodes.Retry
		requests int
		err      string // after "item 0: <action>: "
	}{
		{"read, 429 with Retry-After", read, status(429, 2, 7), nodes.Retry{}, 3, ""},
		{"read, 503", read, status(503, 3, 0), nodes.Retry{}, 4, ""},
		{"read, 503 for good", read, status(503, -1, 0), nodes.Retry{}, 4, "503 Service Unavailable: simulated: service unavailable" + code + "\nIt was tried 4 times."},
		{"read, 502", read, status(502, 1, 0), nodes.Retry{}, 2, ""},
		{"read, 504", read, status(504, 1, 0), nodes.Retry{}, 2, ""},
		{"read, 500", read, status(500, 1, 0), nodes.Retry{}, 1, "500 Internal Server Error: simulated: internal server error" + code + "\nA date or an argument of the wrong type can be the cause: dates need a zone, such as 2026-01-31T00:00:00Z."},
		{"read, 500, retryOnFail", read, status(500, 2, 0), nodes.Retry{Tries: 3, Wait: time.Second}, 3, ""},
		{"read, 404, retryOnFail", read, status(404, -1, 0), nodes.Retry{Tries: 2, Wait: time.Second}, 2, "404 Not Found: simulated: not found" + code + "\nIt was tried 2 times.\nCheck that the ids exist; a report answers 404 also where an argument is not as it wants it."},
		{"read, 503, retryOnFail", read, status(503, -1, 0), nodes.Retry{Tries: 5, Wait: time.Second}, 5, "503 Service Unavailable: simulated: service unavailable" + code + "\nIt was tried 5 times."},
		{"read, dropped before", read, drop("before", 1), nodes.Retry{}, 2, ""},
		{"read, dropped after", read, drop("after", 3), nodes.Retry{}, 4, ""},
		{"read, dropped in the body", read, drop("body", 1), nodes.Retry{}, 2, ""},
		{"read, dropped for good", read, drop("after", -1), nodes.Retry{}, 4, closed + "\nIt was tried 4 times."},
		{"write, 429", write, status(429, 1, 3), nodes.Retry{}, 2, ""},
		{"write, 503", write, status(503, 1, 0), nodes.Retry{}, 2, ""},
		{"write, 502", write, status(502, 1, 0), nodes.Retry{Tries: 5}, 1, "502 Bad Gateway: simulated: bad gateway" + code + "\n" + outcomeUnknown},
		{"write, 504", write, status(504, 1, 0), nodes.Retry{Tries: 5}, 1, "504 Gateway Timeout: simulated: gateway timeout" + code + "\n" + outcomeUnknown + "\nThe PBX took too long: ask for a shorter period or fewer rows."},
		{"write, 500, retryOnFail", write, status(500, 1, 0), nodes.Retry{Tries: 5}, 1, "500 Internal Server Error: simulated: internal server error" + code},
		{"write, dropped before", write, drop("before", 1), nodes.Retry{Tries: 5}, 1, closed + "\n" + outcomeUnknown},
		{"write, dropped after", write, drop("after", 1), nodes.Retry{Tries: 5}, 1, closed + "\n" + outcomeUnknown},
		{"write, wait is too long", write, status(429, -1, 301), nodes.Retry{}, 1, "429 Too Many Requests: simulated: too many requests" + code + "\nThe server asks for a pause of 5m1s: run it again after that."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sim := startPBX(t, pbxsim.Options{})
			r := pbxRig(t, sim, "secret")
			op := pbxOp(t, c.op)
			r.call.Retry = c.retry
			// A connection that was used before is where net/http would repeat a request by itself.
			if _, err := r.run(pbxOp(t, "ListSbc"), `{}`); err != nil {
				t.Fatal(err)
			}
			if err := sim.SetFaults(c.faults); err != nil {
				t.Fatal(err)
			}
			before := sim.Counters().ByOperation[c.op]
			_, err := r.run(op, `{}`)
			want := "nil"
			if c.err != "" {
				want = "item 0: " + op.Resource + ": " + op.Name + ": " + c.err
			}
			r.wantError(err, sim.URL(), want)
			// net/http itself repeats a read once whose used connection was closed without an answer.
			got := sim.Counters().ByOperation[c.op] - before
			if got != c.requests && !(c.op == read && c.faults.Drop != nil && got == c.requests+1) {
				t.Errorf("%d requests, want %d", got, c.requests)
			}
			checkWaits(t, r.waits, c.faults, c.retry)
		})
	}
}

func checkWaits(t *testing.T, waits []time.Duration, faults pbxsim.Faults, retry nodes.Retry) {
	t.Helper()
	after := time.Duration(0)
	for _, f := range faults.Status {
		after = time.Duration(f.RetryAfter) * time.Second
	}
	for i, w := range waits {
		low, high := 250*time.Millisecond<<i, 500*time.Millisecond<<i
		if retry.Tries > 1 {
			low, high = retry.Wait, retry.Wait+1
		}
		if after > 0 {
			low, high = after, after+1
		}
		if w < low || w >= high {
			t.Errorf("pause %d is %s, not from %s to %s", i, w, low, high)
		}
	}
}

func TestDroppedBodyOfWrite(t *testing.T) {
	t.Parallel()
	asked := 0
	r, server := serve(t, "plain", func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"a":`))
	})
	r.call.Retry = nodes.Retry{Tries: 5}
	_, err := r.run(writeThing(), `{"id":"1"}`)
	r.wantError(err, server.URL, "item 0: Things: Change Thing: the connection to URL was closed before the answer was complete\n"+outcomeUnknown)
	if asked != 1 {
		t.Errorf("%d requests", asked)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]string{
		"": "0s false", "0": "0s true", "7": "7s true", " 7 ": "7s true", "-1": "0s false", "7.5": "0s false", "99999999999": "0s false", "soon": "0s false",
		"Sat, 31 Jan 2026 12:01:00 GMT": "1m0s true", "Sat, 31 Jan 2026 11:00:00 GMT": "0s true",
	} {
		wait, ok := retryAfter(value, now)
		if got := fmt.Sprint(wait, ok); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
	asked := 0
	r, _ := serve(t, "plain", func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("Retry-After", "Sat, 31 Jan 2026 12:00:09 GMT")
			w.WriteHeader(503)
			return
		}
		answerJSON(w, 200, `{}`)
	})
	r.x.now = func() time.Time { return now }
	r.want(writeThing(), `{"id":"1"}`, `{}`)
	if fmt.Sprint(r.waits) != "[9s]" {
		t.Error(r.waits)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	for try := range 100 {
		if w := backoff(try); w <= 0 || w > maxBackoff {
			t.Fatalf("try %d: %s", try, w)
		}
	}
}

// TestDialFails repeats what never was sent, a write too.
func TestDialFails(t *testing.T) {
	t.Parallel()
	for _, writes := range []bool{false, true} {
		gone := fmt.Sprintf("http://127.0.0.1:%d", loopback.Port(t))
		r := thingRig(t, "plain", gone)
		op, name, more := readThing(), "Get Thing", "\nIt was tried 4 times."
		if writes {
			op, name, more = writeThing(), "Change Thing", "\nNothing was sent.\nIt was tried 4 times."
		}
		_, err := r.run(op, `{"id":"1"}`)
		r.wantError(err, gone, "item 0: Things: "+name+": nothing answers at URL"+more+"\nCheck the credential's base URL and port, and that the server runs.")
		if len(r.waits) != safeTries-1 {
			t.Errorf("%d pauses", len(r.waits))
		}
	}
}

// TestCancelled cancels a step in the middle of requests that never get an answer.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		writes  bool
		atWait  bool // cancelled in the pause between tries
		options string
		want    string
	}{
		{"read", false, false, `{"concurrency":1}`, "item 1: interrupted at item 1 of 6: stop it"},
		{"write", true, false, `{"concurrency":2}`, "item 1: interrupted at item 1 of 6: stop it\ndone: item 0; sent with unknown outcome: items 1, 2; not sent: items 3 to 5"},
		{"write, one by one", true, false, `{"concurrency":1}`, "item 1: interrupted at item 1 of 6: stop it\ndone: item 0; sent with unknown outcome: item 1; not sent: items 2 to 5"},
		{"write, in a pause", true, true, `{"concurrency":1}`, "item 1: interrupted at item 1 of 6: stop it\ndone: item 0; not sent: items 1 to 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			var hanging atomic.Int32
			r, _ := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
				if lastSegment(q) == "0" {
					answerJSON(w, 200, `{}`)
					return
				}
				if c.atWait {
					w.WriteHeader(503)
					return
				}
				_, _ = io.Copy(io.Discard, q.Body) // only then does a server see that the client has gone
				if n := hanging.Add(1); !c.writes || strings.Contains(c.options, "1") || n == 2 {
					cancel(errors.New("stop it"))
				}
				<-q.Context().Done()
			})
			if c.atWait {
				r.x.pause = func(ctx context.Context, _ time.Duration) error {
					cancel(errors.New("stop it"))
					<-ctx.Done()
					return context.Cause(ctx)
				}
			}
			op := readThing()
			if c.writes {
				op = writeThing()
			}
			_, err := r.runIn(ctx, op, numbered(6, c.options)...)
			r.wantError(err, "", c.want)
		})
	}
	r := thingRig(t, "plain", "http://127.0.0.1:1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.runIn(ctx, writeThing(), numbered(3, `{}`)...)
	r.wantError(err, "", "item 0: interrupted at item 0 of 3: context canceled\nnot sent: items 0 to 2")
	if r.eng.asked != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", r.eng.asked, err)
	}
}

// numbered are parameters of n things, with ids from 0.
func numbered(n int, options string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"id":"%d","requestOptions":%s}`, i, options)
	}
	return list
}
