package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/internal/pgtest"
	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/store"
)

// The variables that make the test program a server, so that a test can kill one: its data directory, its database, and how many
// executions it works on at once; it is a worker if roleVariable says so.
const (
	serveVariable       = "CORDBOARD_TEST_SERVE"
	databaseVariable    = "CORDBOARD_TEST_DATABASE"
	concurrencyVariable = "CORDBOARD_TEST_CONCURRENCY"
	roleVariable        = "CORDBOARD_TEST_ROLE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveVariable); dir != "" {
		if err := serveForTest(dir); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv("CORDBOARD_PLUGIN") != "" { // the test program is its own plugin, too
		plugin.Serve(moody())
		return
	}
	goleak.VerifyTestMain(m)
}

// serveForTest serves dir/*.json, prints its address and serves until it is killed, or told to end.
func serveForTest(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // the pipe ends with the test
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	db, err := store.Open(ctx, store.Options{Dir: dir, URL: os.Getenv(databaseVariable)})
	if err != nil {
		return err
	}
	defer db.Close()
	rt, err := cordboard.New(cordboard.Options{TokenDir: dir})
	if err != nil {
		return err
	}
	defer rt.Close()
	concurrency, _ := strconv.Atoi(os.Getenv(concurrencyVariable)) // 0 without
	s, err := New(rt, Options{
		Store: db, DataDir: dir, Alone: os.Getenv(databaseVariable) == "", Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Heartbeat: 250 * time.Millisecond, Concurrency: concurrency,
	})
	if err != nil {
		return err
	}
	defer s.Close()
	if os.Getenv(roleVariable) == "worker" {
		fmt.Println("works")
		return s.Work(ctx)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		flow, err := rt.LoadFile(ctx, file)
		if err != nil {
			return err
		}
		if err := s.AddFile(ctx, flow); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return s.Serve(ctx, l)
}

// process is a server in a process of its own.
type process struct {
	cmd     *exec.Cmd
	address string
	stdin   io.Closer
	log     *logText
}

func startProcess(t testing.TB, dir string, env ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0]), log: &logText{}}
	p.cmd.Env = append(append(os.Environ(), serveVariable+"="+dir), env...)
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v\n%s", err, p.log)
	}
	p.address = strings.TrimSpace(line)
	return p
}

func (p *process) kill(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // it was killed
}

func (p *process) stop(t testing.TB) {
	t.Helper()
	_ = p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("the server ended with %v\n%s", err, p.log)
	}
}

// counter counts what workflows send to it, by the query's n.
type counter struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]int
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{seen: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen[req.URL.Path+req.URL.Query().Get("n")]++
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	t.Cleanup(c.Close)
	return c
}

// writeFlow writes a workflow that tells the counter twice of each call: with /a, and with /b.
func writeFlow(t *testing.T, dir, counter, settings string) {
	t.Helper()
	send := func(name, path string, x int) string {
		return fmt.Sprintf(`{"name":%q,"type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[%d,0],
			"parameters":{"method":"POST","url":"=%s%s?n={{ $('Hook').item.json.query.n }}","options":{}}}`, name, x, counter, path)
	}
	text := fmt.Sprintf(`{"id":"count","name":"count","settings":{"executionOrder":"v1"%s},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"count","httpMethod":"POST"}},
		%s,{"name":"Set","type":"n8n-nodes-base.set","typeVersion":3.4,"position":[200,0],"parameters":{"assignments":{"assignments":[{"id":"1","name":"a","type":"string","value":"={{ $json.ok }}"}]},"options":{}}},%s],
		"connections":{"Hook":{"main":[[{"node":"A","type":"main","index":0}]]},"A":{"main":[[{"node":"Set","type":"main","index":0}]]},
		"Set":{"main":[[{"node":"B","type":"main","index":0}]]}}}`, settings, send("A", "/a", 100), send("B", "/b", 300))
	if err := os.WriteFile(filepath.Join(dir, "count.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// calls sends numbered calls until ctx ends and returns those that were acknowledged.
func calls(ctx context.Context, address string, from *int64, mu *sync.Mutex) []int64 {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	var acknowledged []int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				*from++
				n := *from
				mu.Unlock()
				req, err := http.NewRequest(http.MethodPost, address+"/webhook/count?n="+strconv.FormatInt(n, 10), nil)
				if err != nil {
					return
				}
				res, err := client.Do(req)
				if err != nil {
					return // killed
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if res.StatusCode == http.StatusOK {
					mu.Lock()
					acknowledged = append(acknowledged, n)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return acknowledged
}

// TestKills kills a server at random moments under load. Every acknowledged execution ends once, and nothing is sent twice. Set
// CORDBOARD_TEST_KILLS for more kills.
func TestKills(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		testKills(t, store.Options{Dir: t.TempDir()})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		testKills(t, store.Options{Dir: t.TempDir(), URL: pgtest.Start(t).Database(t)})
	})
}

func testKills(t *testing.T, o store.Options) {
	t.Helper()
	kills := 8
	if n, err := strconv.Atoi(os.Getenv("CORDBOARD_TEST_KILLS")); err == nil {
		kills = n
	}
	dir := o.Dir
	c := newCounter(t)
	writeFlow(t, dir, c.URL, "")
	var (
		mu           sync.Mutex
		last         int64
		acknowledged []int64
	)
	for range kills {
		p := startProcess(t, dir, databaseVariable+"="+o.URL)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+rand.IntN(300))*time.Millisecond)
		done := make(chan []int64, 1)
		go func() { done <- calls(context.WithoutCancel(ctx), p.address, &last, &mu) }()
		<-ctx.Done()
		cancel()
		p.kill(t)
		acknowledged = append(acknowledged, <-done...)
	}
	p := startProcess(t, dir, databaseVariable+"="+o.URL)
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	untilNone(t, db)
	p.stop(t)
	checkKilled(t, db, c, acknowledged)
	t.Logf("%d kills, %d acknowledged", kills, len(acknowledged))
}

// untilNone waits until no execution is under way.
func untilNone(t testing.TB, db *store.Store) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		open, err := db.Executions(t.Context(), store.Filter{Statuses: []string{store.New, store.Running, store.Waiting}, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(open) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("execution %d is %s", open[0].ID, open[0].Status)
		}
	}
}

func checkKilled(t *testing.T, db *store.Store, c *counter, acknowledged []int64) {
	t.Helper()
	ended := map[string]string{} // status by the call's number
	for before := int64(0); ; {
		list, err := db.Executions(t.Context(), store.Filter{Before: before, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for _, x := range list {
			before = x.ID
			entries, err := db.Journal(t.Context(), x.ID)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := records(entries)
			if err != nil {
				t.Fatal(err)
			}
			n := gjson.GetBytes(lines[0], "state.steps.0.data.main.0.0.json.query.n").Str
			if ended[n] != "" {
				t.Errorf("call %s has two executions", n)
			}
			ended[n] = x.Status
			if x.Status != store.Success && x.Status != store.Crashed {
				t.Errorf("execution %d, call %s: %s: %s", x.ID, n, x.Status, lines[len(lines)-1])
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	crashed := 0
	for _, n := range acknowledged {
		text := strconv.FormatInt(n, 10)
		switch ended[text] {
		case "":
			t.Errorf("call %d was acknowledged, and has no execution", n)
		case store.Crashed:
			crashed++
		case store.Success:
			if c.seen["/a"+text] != 1 || c.seen["/b"+text] != 1 {
				t.Errorf("call %d: sent %d and %d times", n, c.seen["/a"+text], c.seen["/b"+text])
			}
		}
	}
	for what, n := range c.seen {
		if n > 1 {
			t.Errorf("%s was sent %d times", what, n)
		}
	}
	t.Logf("%d executions, %d of them interrupted while they wrote", len(ended), crashed)
}

// TestRunAgain executes the interrupted step again where the workflow's settings say so.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	var sent sync.Map
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, again := sent.LoadOrStore(req.URL.String(), true); !again && req.URL.Path == "/a" {
			entered <- struct{}{}
			select {
			case <-leave:
			case <-req.Context().Done():
			}
		}
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	defer target.Close()
	defer close(leave)
	writeFlow(t, dir, target.URL, `,"onInterruption":"runAgain"`)
	p := startProcess(t, dir)
	res, err := http.Post(p.address+"/webhook/count?n=1", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	<-entered
	p.kill(t)
	p = startProcess(t, dir)
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	untilNone(t, db)
	p.stop(t)
	list, err := db.Executions(t.Context(), store.Filter{})
	if err != nil || len(list) != 1 || list[0].Status != store.Success {
		t.Errorf("%+v, %v", list, errors.Join(err))
	}
}
