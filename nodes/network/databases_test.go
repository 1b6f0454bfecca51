package network_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/internal/pgtest"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/network/connect"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

// database is a server of a kind of database, for the recorded cases.
type database struct {
	kind    string
	fields  map[string]any // of the credential
	restore func(t *testing.T)
	query   string                    // the node that looks at what a case left
	look    func(t *testing.T) string // looks where there is no such node
	least   int
	plain   func(text string) string // evens out what is not compared
}

// runCases runs the cases of testdata/databases/KIND, each on tables made anew. They were recorded from n8n 2.40.7 by record.mjs,
// which also says what is in a case.
func (d database) runCases(t *testing.T) {
	files, err := filepath.Glob("testdata/databases/" + d.kind + "/*.json")
	if err != nil || len(files) < d.least {
		t.Fatalf("only %d cases: %v", len(files), err)
	}
	engine := databaseEngine(t, d.kind, d.fields, network.Options{})
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			if reason := skippedOnDatabases[d.kind+"/"+name]; reason != "" {
				t.Skip(reason)
			}
			d.restore(t)
			c := golden.Read(t, file)
			answer := golden.Answer(t, engine, golden.WithCredential(c, d.kind))
			if got, want := d.even(rows(answer, c)), d.even(rows(c.Get("want"), c)); got != want {
				t.Errorf("%s\ngot  %s\nwant %s", c.Get("node").Raw, got, want)
			}
			if after := c.Get("after"); after.Exists() {
				if got, want := d.left(t, engine, after), c.Get("then").Raw; compact(d.even(got)) != compact(d.even(want)) {
					t.Errorf("%s\nleft %s\nwant %s", c.Get("node").Raw, got, want)
				}
			}
		})
	}
	for name := range skippedOnDatabases {
		if strings.HasPrefix(name, d.kind+"/") && !slices.Contains(files, "testdata/databases/"+name+".json") {
			t.Errorf("the skipped case %s is not there", name)
		}
	}
}

// left is what a case left in the database.
func (d database) left(t *testing.T, engine *runtime.Engine, query gjson.Result) string {
	t.Helper()
	if d.look != nil {
		return d.look(t)
	}
	c := gjson.Parse(fmt.Sprintf(`{"node":{%s,"parameters":{"operation":"executeQuery","query":%s}},"input":[{"json":{}}]}`, d.query, query.Raw))
	return jsonOf(golden.Answer(t, engine, golden.WithCredential(c, d.kind)).Get("outputs.0"))
}

func (d database) even(text string) string {
	if d.plain == nil {
		return text
	}
	return d.plain(text)
}

func databaseEngine(t *testing.T, kind string, fields map[string]any, o network.Options) *runtime.Engine {
	t.Helper()
	o.Executor, o.Connections = request.New(), &connect.Pools{}
	t.Cleanup(func() {
		o.Executor.Close()
		if err := o.Connections.Close(); err != nil {
			t.Error(err)
		}
	})
	return golden.NewEngine(t, runtime.Options{Credentials: golden.Credentials(t, map[string]any{kind: fields})}, network.NodesWith(o)...)
}

func jsonOf(list gjson.Result) string {
	var all []string
	for _, it := range list.Array() {
		all = append(all, it.Get("json").Raw)
	}
	return "[" + strings.Join(all, ",") + "]"
}

func compact(text string) string {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return text
	}
	out, _ := json.Marshal(v) // it was JSON
	return string(out)
}

// rows describes an answer line by line. Of a failed item n8n shows parts of its own program: only that it failed is compared,
// and of a failure of all items together not which one it was.
func rows(r, c gjson.Result) string {
	text := r.Get("status").Str
	if r.Get("refused").Exists() {
		return "refused"
	}
	together := !slices.Contains([]string{"independently", "transaction"}, c.Get("node.parameters.options.queryBatching").Str)
	if err := r.Get("error"); err.Exists() {
		text += fmt.Sprintf("\n  error %q", err.Get("message").Str)
		if c.Get("want.error.itemIndex").Type == gjson.Number && (!together || c.Get("node.type").Str != "n8n-nodes-base.mySql") { // that says 0 of all together
			text += fmt.Sprintf(" of item %d", err.Get("itemIndex").Int())
		}
		if d := err.Get("description").Str; d != "" && (!strings.HasPrefix(d, "Failed query:") || c.Get("node.parameters.operation").Str == "executeQuery") {
			text += fmt.Sprintf("\n  description %q", d)
		}
	}
	for o, list := range r.Get("outputs").Array() {
		for _, it := range list.Array() {
			if it.Get("json.error").Exists() && c.Get("node.onError").Exists() {
				text += fmt.Sprintf("\n  %d: an error", o)
				if !together {
					text += " < " + parents(it)
				}
				continue
			}
			text += fmt.Sprintf("\n  %d: %s < %s", o, it.Get("json").Raw, parents(it))
		}
	}
	return text
}

var parentNumber = regexp.MustCompile(`"item":(\d+)`)

func parents(it gjson.Result) string {
	if p := it.Get("pairedItem"); p.Type == gjson.Number {
		return p.Raw
	}
	var list []string
	for _, m := range parentNumber.FindAllStringSubmatch(it.Get("pairedItem").Raw, -1) {
		list = append(list, m[1])
	}
	return strings.Join(list, ",")
}

// postgresDatabase starts PostgreSQL.
func postgresDatabase(t *testing.T) (d database, conn *pgconn.PgConn) {
	t.Helper()
	address := pgtest.Start(t).Database(t)
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err = pgconn.Connect(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	tables, err := os.ReadFile("testdata/databases/postgres.sql")
	if err != nil {
		t.Fatal(err)
	}
	return database{
		kind: "postgres", least: 170, query: `"type":"n8n-nodes-base.postgres","typeVersion":2.6`,
		fields: map[string]any{"host": config.Host, "port": config.Port, "database": config.Database, "user": config.User, "password": "", "ssl": "disable"},
		restore: func(t *testing.T) {
			if _, err := conn.Exec(t.Context(), string(tables)).ReadAll(); err != nil {
				t.Fatal(err)
			}
		},
	}, conn
}

func TestPostgres(t *testing.T) {
	d, _ := postgresDatabase(t)
	d.runCases(t)
}

// TestDatabaseDescriptors: what the cases set, the descriptors know.
func TestDatabaseDescriptors(t *testing.T) {
	t.Parallel()
	registry := &nodes.Registry{}
	if err := registry.Add(network.Nodes()...); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/databases/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		if !slices.Contains(unknownOnPurpose, strings.TrimSuffix(filepath.Base(file), ".json")) {
			golden.CheckDescriptor(t, registry, file, golden.WithCredential(golden.Read(t, file), filepath.Base(filepath.Dir(file))))
		}
	}
}

// unknownOnPurpose are cases that set what n8n does not know.
var unknownOnPurpose = []string{"select-where-in"}

func TestMySQL(t *testing.T) {
	port := dbtest.MariaDB(t)
	db, err := sql.Open("mysql", fmt.Sprintf("root@tcp(127.0.0.1:%d)/?multiStatements=true", port))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := os.ReadFile("testdata/databases/mySql.sql")
	if err != nil {
		t.Fatal(err)
	}
	database{
		kind: "mySql", least: 100, query: `"type":"n8n-nodes-base.mySql","typeVersion":2.4`,
		fields: map[string]any{"host": "127.0.0.1", "port": port, "database": "test", "user": "root", "password": ""},
		restore: func(t *testing.T) {
			if _, err := db.ExecContext(t.Context(), string(tables)); err != nil {
				t.Fatal(err)
			}
		},
		plain: mariaDB,
	}.runCases(t)
}

// mariaDB evens out what the cases cannot tell: MariaDB says of a JSON column that it is text, which n8n's driver sees through;
// and the driver here does not tell all that a server says of a change.
func mariaDB(text string) string {
	text = regexp.MustCompile(`"(data|js|j)":("(?:[^"\\]|\\.)*")`).ReplaceAllStringFunc(text, func(m string) string {
		name, value, _ := strings.Cut(m, ":")
		if inner := gjson.Parse(value).Str; gjson.Valid(inner) {
			normal, _ := nodes.Normalize(inner) // it is valid
			return name + ":" + normal
		}
		return m
	})
	text = regexp.MustCompile(`,"info":.*?"changedRows":\d+`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`(?m)^  description .*$\n?`).ReplaceAllString(text, "")
	return text
}

func TestRedis(t *testing.T) {
	port := dbtest.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), Protocol: 2, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
	defer client.Close()
	database{
		kind: "redis", least: 65,
		fields: map[string]any{"host": "127.0.0.1", "port": port, "database": 0, "user": "", "password": ""},
		restore: func(t *testing.T) {
			text, err := os.ReadFile("testdata/databases/redis.txt")
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				var command []any
				for _, word := range strings.Fields(line) {
					command = append(command, strings.Trim(word, "'"))
				}
				if err := client.Do(t.Context(), command...).Err(); err != nil {
					t.Fatal(err)
				}
			}
		},
		look: func(t *testing.T) string { return redisState(t, client) },
	}.runCases(t)
}

// redisState is every key with its kind and content, as record.mjs writes it.
func redisState(t *testing.T, client *redis.Client) string {
	t.Helper()
	ctx := t.Context()
	type entry struct {
		Key     string   `json:"key"`
		Kind    string   `json:"kind"`
		Content []string `json:"content"`
		Expires bool     `json:"expires"`
	}
	var all []entry
	keys := client.Keys(ctx, "*").Val()
	slices.Sort(keys)
	for _, key := range keys {
		e := entry{Key: key, Kind: client.Type(ctx, key).Val(), Expires: client.TTL(ctx, key).Val() > 0}
		switch e.Kind {
		case "string":
			e.Content = []string{client.Get(ctx, key).Val()}
		case "list":
			e.Content = client.LRange(ctx, key, 0, -1).Val()
		case "set":
			e.Content = client.SMembers(ctx, key).Val()
			slices.Sort(e.Content)
		case "hash":
			e.Content, _ = client.Do(ctx, "HGETALL", key).StringSlice()
		}
		all = append(all, e)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
