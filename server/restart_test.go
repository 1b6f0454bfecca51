package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/store"
)

// restarted is a server that can be ended and begun again on the same data.
type restarted struct {
	*rig
	dir   string
	flows []string
	bound int // how many executions it works on at once from the next start on; 0: any number
}

func newRestarted(t *testing.T, work nodeFunc, flows ...string) *restarted {
	t.Helper()
	r := &restarted{rig: &rig{t: t, client: &http.Client{Transport: &http.Transport{}}}, dir: t.TempDir(), flows: flows}
	r.types = testTypes(work, nil)
	t.Cleanup(r.client.CloseIdleConnections)
	r.begin()
	return r
}

func (r *restarted) begin() {
	r.t.Helper()
	rt, err := cordboard.New(cordboard.Options{Nodes: r.types, TokenDir: r.dir, Workflows: func(ctx context.Context, id string) (string, string, error) {
		w, err := r.store.Workflow(ctx, id)
		return w.Source, w.JSON, err
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.rt, r.served = rt, make(chan error, 1)
	r.Server = newServerIn(r.t, rt, &r.log, r.dir)
	if r.bound > 0 {
		r.slots = make(slots, r.bound)
	}
	for i, text := range r.flows {
		flow, err := rt.Load(r.t.Context(), fmt.Sprintf("flow%d.json", i), []byte(text))
		if err != nil {
			r.t.Fatal(err)
		}
		if err := r.AddFile(r.t.Context(), flow); err != nil {
			r.t.Fatal(err)
		}
	}
	r.listen()
}

// finish ends the server and what it works with.
func (r *restarted) finish() {
	r.t.Helper()
	if err := r.end(); err != nil {
		r.t.Error(err)
	}
	if err := r.Close(); err != nil {
		r.t.Error(err)
	}
	if err := r.store.Close(); err != nil {
		r.t.Error(err)
	}
	_ = r.rt.Close()
}

func (r *restarted) again() {
	r.t.Helper()
	r.finish()
	r.begin()
}

// status waits until an execution has one of these statuses, and returns it.
func (r *restarted) status(id int64, statuses ...string) store.Execution {
	r.t.Helper()
	var x store.Execution
	until(r.t, func() bool {
		var err error
		if x, err = r.store.Execution(r.t.Context(), id); err != nil {
			r.t.Fatal(err)
		}
		return strings.Contains(strings.Join(statuses, " "), x.Status)
	})
	return x
}

func chainFlow(id string, nodes ...string) string {
	var list, wires []string
	for i, n := range nodes {
		list = append(list, fmt.Sprintf(`{"name":"N%d","position":[%d,0],%s}`, i, i*100, n))
		if i > 0 {
			wires = append(wires, fmt.Sprintf(`"N%d":{"main":[[{"node":"N%d","type":"main","index":0}]]}`, i-1, i))
		}
	}
	return fmt.Sprintf(`{"id":%q,"name":%q,"settings":{"executionOrder":"v1"},"nodes":[%s],"connections":{%s}}`, id, id, strings.Join(list, ","), strings.Join(wires, ","))
}

const (
	hookNode = `"type":"n8n-nodes-base.webhook","typeVersion":2,"parameters":{"path":%q,"responseMode":%q}`
	testNode = `"type":"test.node","typeVersion":1,"parameters":{}`
)

// TestWaitsOutliveTheServer: runs that wait for a time, for a call, and in a called workflow, go on after a restart.
func TestWaitsOutliveTheServer(t *testing.T) {
	t.Parallel()
	wait := func(parameters string) string {
		return `"type":"n8n-nodes-base.wait","typeVersion":1.1,"parameters":` + parameters
	}
	r := newRestarted(t, pass,
		chainFlow("call", fmt.Sprintf(hookNode, "call", "onReceived"), wait(`{"resume":"webhook","responseMode":"lastNode","options":{}}`), testNode),
		chainFlow("time", fmt.Sprintf(hookNode, "time", "onReceived"), wait(`{"resume":"specificTime","dateTime":"={{ $now.plus(1500, 'milliseconds').toISO() }}"}`), testNode),
		chainFlow("parent", fmt.Sprintf(hookNode, "parent", "onReceived"),
			`"type":"n8n-nodes-base.executeWorkflow","typeVersion":1.1,"parameters":{"workflowId":{"__rl":true,"mode":"id","value":"child"},"options":{}}`, testNode),
		strings.Replace(chainFlow("child", `"type":"n8n-nodes-base.executeWorkflowTrigger","typeVersion":1,"parameters":{}`,
			wait(`{"resume":"timeInterval","amount":1,"unit":"seconds"}`), testNode, fmt.Sprintf(hookNode, "unused", "onReceived")),
			`"N2":{"main":[[{"node":"N3","type":"main","index":0}]]}`, `"N2":{"main":[[]]}`, 1),
	)
	for _, path := range []string{"call", "time", "parent"} {
		if got := r.ask("GET", "/webhook/"+path+"?n=1", ""); got != `200 {"message":"Workflow was started"}` {
			t.Fatal(got)
		}
	}
	r.status(1, store.Waiting)
	r.again()
	if got := r.ask("GET", "/webhook-waiting/1?b=2", ""); !strings.HasPrefix(got, "200 ") {
		t.Error(got)
	}
	for id := range int64(3) {
		if x := r.status(id+1, store.Success, store.Error, store.Crashed); x.Status != store.Success {
			t.Errorf("execution %d: %+v\n%s", id+1, x, &r.log)
		}
	}
	if got := r.ask("GET", "/webhook-waiting/1", ""); !strings.HasPrefix(got, "404 ") {
		t.Errorf("it has ended, and its address answers %s", got)
	}
	r.finish()
}

// TestGracefulStop: a run halts between two steps and goes on at the next start; who calls meanwhile is told to come again.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	r := newRestarted(t, gated(entered, leave), chainFlow("f", fmt.Sprintf(hookNode, "f", "onReceived"), testNode, testNode, testNode))
	if got := r.ask("GET", "/webhook/f?n=1", ""); !strings.HasPrefix(got, "200 ") {
		t.Fatal(got)
	}
	<-entered
	r.stop()
	until(t, func() bool {
		r.runs.mu.Lock()
		defer r.runs.mu.Unlock()
		return r.runs.closed
	})
	if _, err := r.start(beginning{flow: r.Server.served["f"].flow, node: "N0"}); !errors.Is(err, errStopping) {
		t.Errorf("new work was taken: %v", err)
	}
	close(leave)
	if err := <-r.served; err != nil {
		t.Error(err)
	}
	r.served <- nil
	x, err := r.store.Execution(t.Context(), 1)
	if err != nil || x.Status != store.Running {
		t.Errorf("%+v, %v", x, err)
	}
	r.again()
	r.status(1, store.Success)
	r.finish()
	if n := len(entered); n != 2 { // of three steps one was done before
		t.Errorf("%d steps were executed after the restart", n)
	}
}

// TestStaticDataLasts over executions and restarts.
func TestStaticDataLasts(t *testing.T) {
	t.Parallel()
	r := newRestarted(t, pass, chainFlow("count", fmt.Sprintf(hookNode, "count", "lastNode"),
		`"type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"jsCode":"const d = $getWorkflowStaticData('global'); d.n = (d.n || 0) + 1; return [{json: {n: d.n}}]"}`))
	for i := range 4 {
		if i == 2 {
			r.again()
		}
		if got, want := r.ask("GET", "/webhook/count", ""), `200 {"n":`+strconv.Itoa(i+1)+`}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	r.finish()
}

// TestErrorWorkflowIsAnExecution of its own, with the failed one's end.
func TestErrorWorkflowIsAnExecution(t *testing.T) {
	t.Parallel()
	r := newRestarted(t, pass,
		strings.Replace(chainFlow("fails", fmt.Sprintf(hookNode, "fails", "onReceived"), `"type":"n8n-nodes-base.stopAndError","typeVersion":1,"parameters":{"errorMessage":"no"}`),
			`"executionOrder":"v1"`, `"executionOrder":"v1","errorWorkflow":"handler"`, 1),
		chainFlow("handler", `"type":"n8n-nodes-base.errorTrigger","typeVersion":1,"parameters":{}`, testNode, fmt.Sprintf(hookNode, "h", "onReceived")))
	_ = r.ask("GET", "/webhook/fails", "")
	r.status(1, store.Error)
	if x := r.status(2, store.Success); x.Mode != "error" || x.WorkflowID != "handler" {
		t.Errorf("%+v", x)
	}
	r.finish()
}

// TestRoomForAll: what was interrupted, and waits whose time has come, keep to the bound, too, and all come to their end.
func TestRoomForAll(t *testing.T) {
	t.Parallel()
	const many, waiting, bound = 40, 6, 3
	var at, most, ended atomic.Int64
	block := make(chan struct{})
	first := atomic.Bool{}
	first.Store(true)
	work := nodeFunc(func(ctx context.Context, call *nodes.Call) error {
		if first.Load() {
			select {
			case <-block:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		n := at.Add(1)
		defer at.Add(-1)
		for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
		}
		for range 50 { // others may come in meanwhile
			goruntime.Gosched()
		}
		ended.Add(1)
		return pass(ctx, call)
	})
	const wait = `"type":"n8n-nodes-base.wait","typeVersion":1.1,"parameters":{"resume":"specificTime","dateTime":"={{ $now.plus(1, 'seconds').toISO() }}"}`
	r := newRestarted(t, work, strings.Replace(chainFlow("held", fmt.Sprintf(hookNode, "held", "onReceived"), testNode), `"v1"`, `"v1","onInterruption":"runAgain"`, 1),
		chainFlow("waits", fmt.Sprintf(hookNode, "waits", "onReceived"), wait, testNode))
	r.shutdown, r.grace = time.Millisecond, 10*time.Second
	for i := range many + waiting {
		path := "held"
		if i >= many {
			path = "waits"
		}
		if got := r.ask("GET", "/webhook/"+path, ""); !strings.HasPrefix(got, "200") {
			t.Fatal(got)
		}
	}
	r.finish()
	first.Store(false)
	r.bound = bound
	r.begin()
	untilNone(t, r.store)
	if ended.Load() != many+waiting || most.Load() > bound {
		t.Errorf("%d of %d ended, up to %d at once", ended.Load(), many+waiting, most.Load())
	}
	r.finish()
}

// TestManyConnections: most of them idle.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	const many = 2000 // each takes two descriptors of this process
	r := newRestarted(t, pass, chainFlow("f", fmt.Sprintf(hookNode, "f", "lastNode"), testNode))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: many, MaxConnsPerHost: many}}
	defer client.CloseIdleConnections()
	answers := make(chan string, many)
	for range many {
		go func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address+"/webhook/f?n=1", nil)
			if err != nil {
				answers <- err.Error()
				return
			}
			res, err := client.Do(req)
			if err != nil {
				answers <- err.Error()
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			answers <- res.Status
		}()
	}
	for range many {
		if got := <-answers; got != "200 OK" {
			t.Fatal(got)
		}
	}
	client.CloseIdleConnections()
	r.finish()
}

// TestMissedSchedule: a time that passed while no server ran is made up for once, where the workflow wants it.
func TestMissedSchedule(t *testing.T) {
	t.Parallel()
	r := newRestarted(t, pass)
	r.finish()
	hourly := chainFlow("hourly", `"type":"n8n-nodes-base.scheduleTrigger","typeVersion":1.2,"parameters":{"rule":{"interval":[{"field":"hours"}]}}`)
	r.flows = []string{strings.Replace(hourly, `"executionOrder":"v1"`, `"executionOrder":"v1","missedSchedule":"runOnce"`, 1), strings.Replace(hourly, `"id":"hourly"`, `"id":"skips"`, 1)}
	db, err := store.Open(t.Context(), store.Options{Dir: r.dir})
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-5 * time.Hour)
	for _, id := range []string{"hourly", "skips"} {
		if err := db.Seen(id, "an earlier server").SetLatest(t.Context(), "schedule N0", strconv.FormatInt(before.UnixMilli(), 10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r.begin()
	r.oneExecution("hourly")
	r.again()
	r.oneExecution("hourly")
	r.finish()
}

// oneExecution waits for one execution to have ended; it is the only one, of this workflow.
func (r *restarted) oneExecution(workflow string) {
	r.t.Helper()
	var list []store.Execution
	until(r.t, func() bool {
		var err error
		if list, err = r.store.Executions(r.t.Context(), store.Filter{}); err != nil {
			r.t.Fatal(err)
		}
		return len(list) > 0 && !list[0].StoppedAt.IsZero()
	})
	if len(list) != 1 || list[0].WorkflowID != workflow || list[0].Status != store.Success {
		r.t.Errorf("%+v", list)
	}
}
