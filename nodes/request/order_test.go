package request

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// TestOrder answers four at a time in reverse order.
func TestOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options string
		group   int
	}{{`{}`, 4}, {`{"concurrency":8}`, 8}, {`{"concurrency":1}`, 1}, {`{"concurrency":4,"batching":{"batch":{"batchSize":4}}}`, 4}} {
		var (
			mu      sync.Mutex
			waiting []chan struct{}
		)
		r, _ := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
			mine := make(chan struct{})
			mu.Lock()
			waiting = append(waiting, mine)
			group := waiting
			if len(waiting) == c.group {
				waiting = nil
			}
			mu.Unlock()
			if len(group) == c.group { // the last of its group lets the others go, itself first
				slices.Reverse(group)
				go func() {
					for _, ch := range group {
						close(ch)
					}
				}()
			}
			<-mine
			answerJSON(w, 200, `[{"n":`+lastSegment(q)+`},{"n":`+lastSegment(q)+`}]`)
		})
		items, err := r.run(readThing(), numbered(16, c.options)...)
		if err != nil || len(items) != 32 {
			t.Fatalf("%s: %d items, %v", c.options, len(items), err)
		}
		for i, it := range items {
			if it.JSON() != fmt.Sprintf(`{"n":%d}`, i/2) || parents(items)[i] != i/2 {
				t.Errorf("%s: item %d is %s of %d", c.options, i, it.JSON(), parents(items)[i])
			}
		}
	}
}

// TestReadsRunAhead lets the first answer come last: others do not wait for it, as far as a bound.
func TestReadsRunAhead(t *testing.T) {
	t.Parallel()
	for _, writes := range []bool{false, true} {
		var later atomic.Int32
		release := make(chan struct{})
		want := int32(2*readAhead - 1) // with a concurrency of 2
		op := readThing()
		if writes {
			want, op = 1, writeThing()
		}
		r, _ := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
			if lastSegment(q) == "0" {
				<-release
			} else if later.Add(1) == want {
				close(release)
			}
			answerJSON(w, 200, `{}`)
		})
		if items, err := r.run(op, numbered(20, `{"concurrency":2}`)...); err != nil || len(items) != 20 {
			t.Errorf("%d items, %v", len(items), err)
		}
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	for options, bound := range map[string]int32{`{}`: 4, `{"concurrency":2}`: 2, `{"concurrency":9,"batching":{"batch":{"batchSize":3}}}`: 3} {
		var now, most atomic.Int32
		r, _ := serve(t, "plain", func(w http.ResponseWriter, _ *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			answerJSON(w, 200, `{}`)
		})
		if _, err := r.run(writeThing(), numbered(50, options)...); err != nil || most.Load() > bound {
			t.Errorf("%s: %d at once, %v", options, most.Load(), err)
		}
	}
}

func TestBatching(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		batch string
		want  string // number of the item at each pause, and the pause
	}{
		{`{"batchSize":3,"batchInterval":1500}`, "[3 1.5s 6 1.5s 9 1.5s]"},
		{`{"batchSize":3}`, "[3 0s 6 0s 9 0s]"},
		{`{"batchSize":-1,"batchInterval":1500}`, "[]"},
		{`{"batchSize":0,"batchInterval":100}`, "[1 100ms 2 100ms 3 100ms 4 100ms 5 100ms 6 100ms 7 100ms 8 100ms 9 100ms]"},
		{`{}`, "[]"},
	} {
		var done atomic.Int32
		r, _ := serve(t, "plain", func(w http.ResponseWriter, _ *http.Request) {
			done.Add(1)
			answerJSON(w, 200, `{}`)
		})
		pauses := []string{}
		r.x.pause = func(_ context.Context, d time.Duration) error {
			pauses = append(pauses, fmt.Sprint(done.Load(), " ", d))
			return nil
		}
		_, err := r.run(readThing(), numbered(10, `{"batching":{"batch":`+c.batch+`}}`)...)
		if got := fmt.Sprint(pauses); err != nil || got != c.want {
			t.Errorf("%s: %s %v, want %s", c.batch, got, err, c.want)
		}
	}
}

func TestIDsPerRequest(t *testing.T) {
	t.Parallel()
	var bodies []string
	r, _ := serve(t, "odata", func(w http.ResponseWriter, q *http.Request) {
		text, _ := io.ReadAll(q.Body)
		bodies = append(bodies, string(text))
		if strings.Contains(string(text), "13") {
			answerJSON(w, 400, `{"error":{"code":"Bad","message":"no such id"}}`)
			return
		}
		answerJSON(w, 200, `{"@odata.context":"c","value":[`+strings.Trim(string(text[7:len(text)-1]), "[]")+`]}`)
	})
	list, none, entity := writeThing(), writeThing(), writeThing()
	list.Response.Kind, none.Response.Kind = "collection", "none"
	params := func(ids string) string {
		return `{"id":"1","ids":` + ids + `,"requestOptions":{"idsPerRequest":2}}`
	}
	r.want(list, params(`[1,2,3,4,5]`), `{"value":[1,2,3,4,5]}`)
	r.want(none, params(`[1,2,3]`), `{"success":true}`)
	r.want(entity, params(`[1,2,3]`), `{"@odata.context":"c","value":[1,2]}`, `{"@odata.context":"c","value":[3]}`)
	r.want(list, params(`[1,2]`), `{"@odata.context":"c","value":[1,2]}`)
	if got := strings.Join(bodies, " "); got != `{"ids":[1,2]} {"ids":[3,4]} {"ids":[5]} {"ids":[1,2]} {"ids":[3]} {"ids":[1,2]} {"ids":[3]} {"ids":[1,2]}` {
		t.Error(got)
	}
	_, err := r.run(list, params(`[1,2,13,4,5]`))
	r.wantError(err, "", "item 0: Things: Change Thing: 400 Bad Request: no such id\ncode: Bad\nthe request was for the ids [13,4]; before it 2 ids were done, after it 1 id was not sent")

	sim := startPBX(t, pbxsim.Options{})
	p := pbxRig(t, sim, "secret")
	if _, err := p.run(pbxOp(t, "MultiDeleteGreeting"), `{"ids":[1,2,3],"requestOptions":{"idsPerRequest":1}}`); err != nil || sim.Counters().ByOperation["MultiDeleteGreeting"] != 3 {
		t.Errorf("%d requests: %v", sim.Counters().ByOperation["MultiDeleteGreeting"], err)
	}
}

// TestFailureBesideOthers stops at item 2 while others are under way.
func TestFailureBesideOthers(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 10)
	r, _ := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
		switch lastSegment(q) {
		case "2":
			<-arrived // 3 and 4 are under way
			<-arrived
			answerJSON(w, 409, `{"message":"there is one already"}`)
		case "3":
			arrived <- struct{}{}
			answerJSON(w, 200, `{}`)
		case "4":
			arrived <- struct{}{}
			panic(http.ErrAbortHandler)
		default:
			answerJSON(w, 200, `{}`)
		}
	})
	items, err := r.run(writeThing(), numbered(9, `{"concurrency":3}`)...)
	r.wantError(err, "", "item 2: Things: Change Thing: 409 Conflict: there is one already\ndone: items 0, 1, 3; failed: item 2; sent with unknown outcome: item 4; not sent: items 5 to 8")
	if len(items) != 2 {
		t.Error(texts(items))
	}
}

func TestGoesOnAfterFailures(t *testing.T) {
	t.Parallel()
	r, _ := serve(t, "plain", func(w http.ResponseWriter, q *http.Request) {
		if lastSegment(q) == "1" {
			answerJSON(w, 404, `{"error":"not here"}`)
			return
		}
		answerJSON(w, 200, `{"n":`+lastSegment(q)+`}`)
	})
	r.call.OnError = nodes.ContinueErrorOutput
	items, err := r.run(readThing(), append(numbered(3, `{}`), "!")...)
	if err != nil || strings.Join(texts(items), " ") != `{"n":0} {"error":"Things: Get Thing: 404 Not Found: not here"} {"n":2} {"error":"its parameters did not pass"}` {
		t.Error(texts(items), err)
	}
	if items[1].Err().HTTPCode != "404" || items[1].Err().Kind != nodes.APIError || fmt.Sprint(parents(items)) != "[0 1 2 3]" {
		t.Errorf("%+v", items[1].Err())
	}
}

// panicking panics where the executor asks it.
type panicking struct{ fixed }

func (*panicking) Access(context.Context) (nodes.Access, error) { panic("a bug") }

func TestPanicInWorker(t *testing.T) {
	t.Parallel()
	r := thingRig(t, "plain", "http://127.0.0.1:1")
	r.eng.credential = &panicking{}
	_, err := r.run(readThing(), numbered(5, `{}`)...)
	r.wantError(err, "", "item 0: the node panicked, which is a mistake in its program: a bug")
}

func TestNoItems(t *testing.T) {
	t.Parallel()
	r := thingRig(t, "plain", "http://127.0.0.1:1")
	if items, err := r.run(readThing()); err != nil || len(items) != 0 {
		t.Error(items, err)
	}
	call := r.call
	r.wantError(r.x.Execute(t.Context(), r.node, &call), "", "the call has no operation: the engine did not check it")
}

func TestSentText(t *testing.T) {
	t.Parallel()
	jobs := make([]job, 9)
	for i, o := range []outcome{done, done, failed, done, unknown, unknown, unknown, notSent, failed} {
		jobs[i] = job{item: i, outcome: o}
	}
	if got := sentText(jobs); got != "done: items 0, 1, 3; failed: items 2, 8; sent with unknown outcome: items 4 to 6; not sent: item 7" {
		t.Error(got)
	}
}
