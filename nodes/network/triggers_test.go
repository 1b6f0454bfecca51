package network_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/runtime"
)

// eavesdropper is a trigger that listens in a test.
type eavesdropper struct {
	events chan string
	ended  chan error
	stop   context.CancelFunc
}

// hear starts the trigger of a node with the credential of a kind.
func hear(t *testing.T, engine *runtime.Engine, kind, node string, start func(item string) error) *eavesdropper {
	t.Helper()
	node = fmt.Sprintf(`{"name":"Node","credentials":{%q:{"id":%q,"name":%q}},%s`, kind, kind, kind, node[1:])
	flow, err := runtime.ParseWorkflow("case", fmt.Appendf(nil, `{"nodes":[%s],"connections":{},"settings":{"executionOrder":"v1"}}`, node))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(t.Context(), flow)
	if err != nil {
		t.Fatal(err)
	}
	trigger := plan.Triggers()[0]
	ctx, cancel := context.WithCancel(t.Context())
	h := &eavesdropper{events: make(chan string, 100), ended: make(chan error, 1), stop: cancel}
	go func() {
		h.ended <- trigger.Node.(nodes.Trigger).Listen(ctx, engine.TriggerCall(ctx, trigger), func(_ context.Context, items nodes.Items) (*nodes.Started, error) {
			if err := start(items.At(0).JSON()); err != nil {
				return nil, err
			}
			h.events <- items.At(0).JSON()
			return &nodes.Started{}, nil
		})
	}()
	t.Cleanup(cancel)
	return h
}

// next is the next event.
func (h *eavesdropper) next(t *testing.T) string {
	t.Helper()
	select {
	case e := <-h.events:
		return e
	case err := <-h.ended:
		t.Fatal("the trigger ended: ", err)
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
	}
	return ""
}

// end waits for the trigger's end.
func (h *eavesdropper) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-h.ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the trigger goes on")
		return nil
	}
}

// until waits for something to become true.
func until(t *testing.T, h *eavesdropper, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 4000 {
		if is() {
			return
		}
		select {
		case err := <-h.ended:
			h.ended <- err
			return // what is to be seen of it, the test sees
		case <-tick.C:
		}
	}
	t.Fatal("not within 20 seconds: ", what)
}

func always(string) error { return nil }

// TestTriggers runs the cases of testdata/triggers, recorded from n8n 2.40.7 by record.mjs, which also says what is in a case.
func TestTriggers(t *testing.T) {
	t.Run("redisTrigger", func(t *testing.T) {
		port := dbtest.Redis(t)
		client := redisClient(t, port)
		engine := databaseEngine(t, "redis", map[string]any{"host": "127.0.0.1", "port": port, "database": 0, "user": "", "password": ""}, network.Options{})
		triggerCases(t, "redisTrigger", 15, func(t *testing.T, c gjson.Result) {
			h := hear(t, engine, "redis", c.Get("trigger").Raw, always)
			until(t, h, "a subscription", func() bool { return client.PubSubNumPat(t.Context()).Val() > 0 })
			for _, m := range c.Get("do").Array() {
				if err := client.Publish(t.Context(), m.Get("0").Str, m.Get("1").Str).Err(); err != nil {
					t.Fatal(err)
				}
			}
			h.compare(t, c.Get("want"))
			until(t, h, "no subscription", func() bool { return client.PubSubNumPat(t.Context()).Val() == 0 })
		})
	})
	t.Run("postgresTrigger", func(t *testing.T) {
		d, conn := postgresDatabase(t)
		engine := databaseEngine(t, d.kind, d.fields, network.Options{})
		triggerCases(t, "postgresTrigger", 22, func(t *testing.T, c gjson.Result) {
			executeSQL(t, conn, "DROP SCHEMA IF EXISTS other CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
			for _, text := range c.Get("setup").Array() {
				executeSQL(t, conn, text.Str)
			}
			before := catalog(t, conn)
			noListener(t, conn)
			h := hear(t, engine, d.kind, c.Get("trigger").Raw, always)
			until(t, h, "a listener", func() bool { return listeners(t, conn) > 0 })
			if !c.Get("want.error").Exists() {
				if got, want := catalog(t, conn), compact(c.Get("want.during").Raw); got != want {
					t.Errorf("there is\n%s\nwant\n%s", got, want)
				}
			}
			for _, text := range c.Get("do").Array() {
				executeSQL(t, conn, text.Str)
			}
			h.compare(t, c.Get("want"))
			want := compact(c.Get("want.after").Raw)
			if c.Get("want.error").Exists() {
				want = before // n8n may leave the function when the trigger cannot be made
			}
			if got := catalog(t, conn); got != want {
				t.Errorf("afterwards there is\n%s\nwant\n%s", got, want)
			}
		})
	})
}

func triggerCases(t *testing.T, name string, least int, run func(t *testing.T, c gjson.Result)) {
	t.Helper()
	files, err := filepath.Glob("testdata/triggers/" + name + "/*.json")
	if err != nil || len(files) < least {
		t.Fatalf("only %d cases: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { run(t, gjson.ParseBytes(text)) })
	}
}

// compare holds what came, or how the trigger failed, to a case's "want". It ends the trigger.
func (h *eavesdropper) compare(t *testing.T, want gjson.Result) {
	t.Helper()
	if message := want.Get("error"); message.Exists() {
		var e *nodes.Error
		if err := h.end(t); !errors.As(err, &e) || e.Message != message.Str {
			t.Errorf("it failed with %v, want %s", err, message)
		}
		return
	}
	for _, e := range want.Get("events").Array() {
		if got := compact(plainEvent(h.next(t))); got != compact(e.Raw) {
			t.Errorf("got  %s\nwant %s", got, compact(e.Raw))
		}
	}
	h.stop()
	if err := h.end(t); err != nil {
		t.Error("it ended with ", err)
	}
	if len(h.events) > 0 {
		t.Error("there is more: ", <-h.events)
	}
}

var triggerID = regexp.MustCompile(`[0-9a-f]{8}(_[0-9a-f]{4}){3}_[0-9a-f]{12}`)

func plainEvent(text string) string {
	return regexp.MustCompile(`"processId":\d+`).ReplaceAllString(triggerID.ReplaceAllString(text, "ID"), `"processId":0`)
}

func executeSQL(t *testing.T, conn *pgconn.PgConn, text string) [][][]byte {
	t.Helper()
	results, err := conn.Exec(t.Context(), text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return results[len(results)-1].Rows
}

// catalog is what triggers and functions there are, as JSON.
func catalog(t *testing.T, conn *pgconn.PgConn) string {
	t.Helper()
	query, err := os.ReadFile("testdata/triggers/catalog.sql")
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, row := range executeSQL(t, conn, string(query)) {
		list = append(list, triggerID.ReplaceAllString(string(row[0]), "ID"))
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// isListener tells connections of triggers by what they executed last, of which the server keeps only the beginning.
const isListener = "(query LIKE 'LISTEN %' OR query LIKE 'BEGIN;%') AND state = 'idle' AND pid <> pg_backend_pid()"

func listeners(t *testing.T, conn *pgconn.PgConn) int {
	t.Helper()
	return len(executeSQL(t, conn, "SELECT 1 FROM pg_stat_activity WHERE "+isListener))
}

// noListener waits until the server has ended the connections of triggers that are over.
func noListener(t *testing.T, conn *pgconn.PgConn) {
	t.Helper()
	until(t, &eavesdropper{}, "the end of the listeners before", func() bool { return listeners(t, conn) == 0 })
}

func redisClient(t *testing.T, port int) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// TestTriggerLost: a trigger ends with an error when its connection is lost, and when a run cannot be started.
func TestTriggerLost(t *testing.T) {
	refuse := func(string) error { return errors.New("there is no room for it") }
	t.Run("redisTrigger", func(t *testing.T) {
		port := dbtest.Redis(t)
		client := redisClient(t, port)
		engine := databaseEngine(t, "redis", map[string]any{"host": "127.0.0.1", "port": port, "database": 0}, network.Options{})
		node := `{"type":"n8n-nodes-base.redisTrigger","typeVersion":1,"parameters":{"channels":"a"}}`
		for what, cut := range map[string]string{"the connection was cut": "CLIENT KILL TYPE pubsub", "the start failed": "PUBLISH a x"} {
			until(t, &eavesdropper{}, "the end of the subscription before", func() bool { return client.PubSubNumPat(t.Context()).Val() == 0 })
			h := hear(t, engine, "redis", node, refuse)
			until(t, h, "a subscription", func() bool { return client.PubSubNumPat(t.Context()).Val() > 0 })
			var words []any
			for w := range strings.FieldsSeq(cut) {
				words = append(words, w)
			}
			if err := client.Do(t.Context(), words...).Err(); err != nil {
				t.Fatal(err)
			}
			if err := h.end(t); err == nil {
				t.Errorf("%s: it ended without an error", what)
			}
		}
	})
	t.Run("postgresTrigger", func(t *testing.T) {
		d, conn := postgresDatabase(t)
		engine := databaseEngine(t, d.kind, d.fields, network.Options{})
		executeSQL(t, conn, "CREATE TABLE t (id int)")
		node := `{"type":"n8n-nodes-base.postgresTrigger","typeVersion":1,"parameters":{"tableName":"t"}}`
		for what, cut := range map[string]string{
			"the connection was cut": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + isListener,
			"the start failed":       "INSERT INTO t VALUES (1)",
		} {
			noListener(t, conn)
			h := hear(t, engine, d.kind, node, refuse)
			until(t, h, "a listener", func() bool { return listeners(t, conn) > 0 })
			executeSQL(t, conn, cut)
			if err := h.end(t); err == nil {
				t.Errorf("%s: it ended without an error", what)
			}
			if got := catalog(t, conn); got != "[]" {
				t.Errorf("%s: it left %s", what, got)
			}
		}
	})
}

// TestTriggerErrors: a server that cannot be reached is named, without secrets, and a private address is refused.
func TestTriggerErrors(t *testing.T) {
	t.Parallel()
	port := loopback.Port(t)
	for kind, node := range map[string]string{
		"redis":    `{"type":"n8n-nodes-base.redisTrigger","typeVersion":1,"parameters":{"channels":"a"}}`,
		"postgres": `{"type":"n8n-nodes-base.postgresTrigger","typeVersion":1,"parameters":{"triggerMode":"listenTrigger","channelName":"a"}}`,
	} {
		for want, o := range map[string]network.Options{fmt.Sprint("127.0.0.1:", port): {}, "not a public one": {PublicOnly: true}} {
			fields := map[string]any{"host": "127.0.0.1", "port": port, "user": "u", "password": "hunter2hunter2"}
			err := hear(t, databaseEngine(t, kind, fields, o), kind, node, always).end(t)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v, want %s", kind, err, want)
			}
		}
	}
	for node, want := range map[string]string{
		`{"type":"n8n-nodes-base.postgresTrigger","typeVersion":1,"parameters":{"triggerMode":"createTrigger"}}`: "must name a table",
		`{"type":"n8n-nodes-base.postgresTrigger","typeVersion":1,"parameters":{"triggerMode":"listenTrigger"}}`: "Channel name must start",
	} {
		err := hear(t, databaseEngine(t, "postgres", map[string]any{"port": port}, network.Options{}), "postgres", node, always).end(t)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", node, err, want)
		}
	}
}

// TestPostgresTriggerLeftBehind: what a server left that died, the next listener drops; what others use, and what is not ours, stays.
func TestPostgresTriggerLeftBehind(t *testing.T) {
	d, conn := postgresDatabase(t)
	engine := databaseEngine(t, d.kind, d.fields, network.Options{})
	executeSQL(t, conn, `CREATE TABLE t (id int); CREATE TABLE other (id int)`)
	for name, table := range map[string]string{
		"00000000_0000_8000_8000_000000000001": "t", "00000000_0000_8000_8000_000000000002": "other", "00000000_0000_4000_8000_000000000003": "t",
	} {
		executeSQL(t, conn, fmt.Sprintf(`CREATE FUNCTION n8n_trigger_function_%s() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end';
			CREATE TRIGGER n8n_trigger_%[1]s AFTER INSERT ON %s FOR EACH ROW EXECUTE FUNCTION n8n_trigger_function_%[1]s()`, name, table))
	}
	count := func(what string) string {
		return string(executeSQL(t, conn, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'n8n_trigger_"+what+"%'")[0][0])
	}
	node := `{"type":"n8n-nodes-base.postgresTrigger","typeVersion":1,"parameters":{"tableName":"t"}}`
	first := hear(t, engine, d.kind, node, always)
	until(t, first, "the first listener", func() bool { return listeners(t, conn) > 0 })
	second := hear(t, engine, d.kind, node, always)
	until(t, second, "two listeners", func() bool { return listeners(t, conn) == 2 })
	if left := count("00000000"); left != "2" {
		t.Errorf("%s of the three are left, want that of another table and that of n8n", left)
	}
	executeSQL(t, conn, "INSERT INTO t VALUES (1)")
	first.next(t)
	second.next(t)
	for _, h := range []*eavesdropper{first, second} {
		h.stop()
		if err := h.end(t); err != nil {
			t.Error(err)
		}
	}
	if all := count(""); all != "2" {
		t.Errorf("%s triggers are there in the end", all)
	}
}

// TestPostgresTriggerNamed: names that the user gave do not lock out the next listener after a server died; what a name of the user's
// own stands for stays, and so does a function that another trigger calls.
func TestPostgresTriggerNamed(t *testing.T) {
	d, conn := postgresDatabase(t)
	engine := databaseEngine(t, d.kind, d.fields, network.Options{})
	executeSQL(t, conn, `CREATE TABLE t (id int); CREATE TABLE other (id int)`)
	node := `{"type":"n8n-nodes-base.postgresTrigger","typeVersion":1,"parameters":{"tableName":"t","additionalFields":{"functionName":"f","triggerName":"g","channelName":"c"}}}`
	made := func(what string) string {
		return string(executeSQL(t, conn, "SELECT count(*) FROM "+what)[0][0])
	}
	h := hear(t, engine, d.kind, node, always)
	until(t, h, "the listener", func() bool { return listeners(t, conn) > 0 })
	if err := hear(t, engine, d.kind, node, always).end(t); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("names in use: %v", err)
	}
	// What a server leaves that died, with a function that something else came to use.
	definition := string(executeSQL(t, conn, "SELECT pg_get_functiondef('f()'::regprocedure)")[0][0])
	comment := string(executeSQL(t, conn, "SELECT obj_description('f()'::regprocedure, 'pg_proc')")[0][0])
	executeSQL(t, conn, "CREATE TRIGGER own AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION f()")
	h.stop()
	if err := h.end(t); err != nil || made("pg_trigger WHERE tgname = 'g'") != "0" || made("pg_proc WHERE proname = 'f'") != "1" {
		t.Errorf("the trigger is to go, and the function to stay: %v", err)
	}
	executeSQL(t, conn, "DROP TRIGGER own ON other; DROP FUNCTION f(); "+definition+"; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
	if err := hear(t, engine, d.kind, node, always).end(t); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("names of the user's own: %v", err)
	}
	executeSQL(t, conn, "COMMENT ON FUNCTION f() IS '"+comment+"'")
	h = hear(t, engine, d.kind, node, always)
	until(t, h, "the listener", func() bool { return listeners(t, conn) > 0 })
	h.stop()
	if err := h.end(t); err != nil || made("pg_trigger WHERE tgname = 'g'") != "0" || made("pg_proc WHERE proname = 'f'") != "0" {
		t.Errorf("something was left: %v", err)
	}
}
