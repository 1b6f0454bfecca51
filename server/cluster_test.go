//go:build linux

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cordboard/cordboard/internal/pgtest"
	"github.com/cordboard/cordboard/store"
)

// cluster are servers and workers that share a database.
type cluster struct {
	t   *testing.T
	dir string
	env []string
	db  *store.Store
	pg  *pgtest.Server
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir(), pg: pgtest.Start(t)}
	url := c.pg.Database(t)
	c.env = []string{databaseVariable + "=" + url}
	var err error
	if c.db, err = store.Open(t.Context(), store.Options{Dir: c.dir, URL: url}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.db.Close() })
	return c
}

// front starts a server that leaves all work to workers; alone one that does its own.
func (c *cluster) front() *process {
	c.t.Helper()
	return startProcess(c.t, c.dir, append(c.env, concurrencyVariable+"=-1")...)
}

func (c *cluster) worker() *process {
	c.t.Helper()
	return startProcess(c.t, c.dir, append(c.env, concurrencyVariable+"=10", roleVariable+"=worker")...)
}

func (c *cluster) flow(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name+".json"), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// get calls an address and returns "status body".
func get(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}

const lastNodeFlow = `{"id":"last","name":"last","settings":{"executionOrder":"v1"},"nodes":[
	{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"last","responseMode":"lastNode"}},
	{"name":"Set","type":"n8n-nodes-base.set","typeVersion":3.4,"position":[200,0],"parameters":{"assignments":{"assignments":[{"id":"1","name":"a","type":"string","value":"={{ $json.query.a }}"}]},"options":{}}}],
	"connections":{"Hook":{"main":[[{"node":"Set","type":"main","index":0}]]}}}`

// TestWorkersAnswerThroughTheFront: what a worker comes to goes to the caller of the server that holds the call.
func TestWorkersAnswerThroughTheFront(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	gate := newGate(t)
	c.flow("last", lastNodeFlow)
	c.flow("reply", fmt.Sprintf(`{"id":"reply","name":"reply","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"reply","responseMode":"responseNode"}},
		{"name":"Respond","type":"n8n-nodes-base.respondToWebhook","typeVersion":1.1,"position":[200,0],"parameters":{"respondWith":"text","responseBody":"=early {{ $json.query.a }}"}},
		{"name":"Send","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[400,0],"parameters":{"url":%q,"options":{}}}],
		"connections":{"Hook":{"main":[[{"node":"Respond","type":"main","index":0}]]},"Respond":{"main":[[{"node":"Send","type":"main","index":0}]]}}}`, gate.URL))
	front, worker := c.front(), c.worker()
	if got := get(t, front.address+"/webhook/last?a=1"); got != `200 {"a":"1"}` {
		t.Errorf("last node: %s", got)
	}
	if got := get(t, front.address+"/webhook/reply?a=2"); got != `200 early 2` { // while the run is held up
		t.Errorf("reply: %s", got)
	}
	close(gate.open)
	untilNone(t, c.db)
	worker.stop(t)
	front.stop(t)
	list, err := c.db.Executions(t.Context(), store.Filter{Statuses: []string{store.Success}})
	if err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

// gate is a server that answers once it is open.
type gate struct {
	*httptest.Server
	entered, open chan struct{}
}

func newGate(t testing.TB) *gate {
	t.Helper()
	g := &gate{entered: make(chan struct{}, 2000), open: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		g.entered <- struct{}{}
		select {
		case <-g.open:
		case <-req.Context().Done():
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	t.Cleanup(g.Close)
	return g
}

// readFlow is webhook → HTTP Request, which reads.
func readFlow(mode, address string) string {
	return fmt.Sprintf(`{"id":"read","name":"read","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"read","responseMode":%q}},
		{"name":"Read","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[400,0],"parameters":{"url":%q,"options":{}}}],
		"connections":{"Hook":{"main":[[{"node":"Read","type":"main","index":0}]]}}}`, mode, address)
}

// BenchmarkRecovery kills a server with 1,000 runs in flight. A turn is the time from the next start of the program until all of them
// are at work again.
func BenchmarkRecovery(b *testing.B) {
	const runs = 1000
	gate := newGate(b)
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "read.json"), []byte(readFlow("onReceived", gate.URL)), 0o600); err != nil {
		b.Fatal(err)
	}
	p := startProcess(b, dir)
	for range runs {
		res, err := http.Get(p.address + "/webhook/read")
		if err != nil {
			b.Fatal(err)
		}
		_ = res.Body.Close()
	}
	for range runs {
		<-gate.entered
	}
	for b.Loop() {
		b.StopTimer()
		p.kill(b)
		b.StartTimer()
		p = startProcess(b, dir)
		for range runs {
			<-gate.entered
		}
	}
	p.kill(b)
}

// BenchmarkPickUp is the time from a call at a front until a worker of another process has answered it.
func BenchmarkPickUp(b *testing.B) {
	pg := pgtest.Start(b)
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "last.json"), []byte(lastNodeFlow), 0o600); err != nil {
		b.Fatal(err)
	}
	env := []string{databaseVariable + "=" + pg.Database(b)}
	front := startProcess(b, dir, append(env, concurrencyVariable+"=-1")...)
	worker := startProcess(b, dir, append(env, concurrencyVariable+"=10", roleVariable+"=worker")...)
	for b.Loop() {
		res, err := http.Get(front.address + "/webhook/last?a=1")
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	worker.kill(b)
	front.kill(b)
}

// TestDeadWorkersRunsAreTakenOver kills a worker at work: another one goes on, and the caller gets the answer.
func TestDeadWorkersRunsAreTakenOver(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	gate := newGate(t)
	c.flow("read", readFlow("lastNode", gate.URL))
	front, first := c.front(), c.worker()
	answer := make(chan string, 1)
	go func() { answer <- get(t, front.address+"/webhook/read") }()
	<-gate.entered
	first.kill(t)
	second := c.worker()
	<-gate.entered // it is read again, since reading changes nothing
	close(gate.open)
	if got := <-answer; got != `200 {"ok":true}` {
		t.Error(got)
	}
	second.stop(t)
	front.stop(t)
	list, err := c.db.Executions(t.Context(), store.Filter{})
	if err != nil || len(list) != 1 || list[0].Status != store.Success || list[0].Attempt != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestDatabaseRestarts ends the database without warning under load. What was acknowledged ends once.
func TestDatabaseRestarts(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	count := newCounter(t)
	writeFlow(t, c.dir, count.URL, "")
	p := startProcess(t, c.dir, c.env...)
	var (
		mu   sync.Mutex
		last int64
	)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan []int64, 1)
	go func() { done <- calls(ctx, p.address, &last, &mu) }()
	for i := range 3 {
		until(t, func() bool {
			count.mu.Lock()
			defer count.mu.Unlock()
			return len(count.seen) > 20*(i+1)
		})
		c.pg.Kill()
		c.pg.Run(t)
	}
	cancel()
	acknowledged := <-done
	untilNone(t, c.db)
	p.stop(t)
	checkKilled(t, c.db, count, acknowledged)
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged")
	}
}

// TestTriggersRunOnce: of several servers one runs the triggers that are not webhooks, and another one when that is gone.
func TestTriggersRunOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.flow("tick", `{"id":"tick","name":"tick","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Tick","type":"n8n-nodes-base.scheduleTrigger","typeVersion":1.2,"position":[0,0],"parameters":{"rule":{"interval":[{"field":"seconds","secondsInterval":1}]}}}],
		"connections":{}}`)
	one := startProcess(t, c.dir, c.env...)
	two := startProcess(t, c.dir, c.env...)
	ticks := func() []store.Execution {
		list, err := c.db.Executions(t.Context(), store.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	until(t, func() bool { return len(ticks()) >= 2 })
	one.kill(t)
	before := len(ticks())
	until(t, func() bool { return len(ticks()) >= before+2 })
	two.stop(t)
	seconds := map[int64]int{}
	for _, x := range ticks() {
		seconds[x.CreatedAt.Unix()]++
		if seconds[x.CreatedAt.Unix()] > 1 {
			t.Errorf("two executions in the second %v", x.CreatedAt)
		}
	}
}

// TestDiskFull fills the disk under load. Nothing that was acknowledged is lost, callers are told, and all goes on when there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	disk := smallDisk(t, dir)
	count := newCounter(t)
	writeFlow(t, dir, count.URL, "")
	p := startProcess(t, dir)
	var (
		mu   sync.Mutex
		last int64
	)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan []int64, 1)
	go func() { done <- calls(ctx, p.address, &last, &mu) }()
	until(t, func() bool {
		return strings.Contains(p.log.String(), "cannot be written") || strings.Contains(p.log.String(), "not taken")
	})
	if err := os.Remove(disk); err != nil {
		t.Fatal(err)
	}
	cancel()
	acknowledged := <-done
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	untilNone(t, db)
	p.stop(t)
	checkKilled(t, db, count, acknowledged)
	if err := errors.Join(db.Close()); err != nil {
		t.Error(err)
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged before the disk was full")
	}
}
