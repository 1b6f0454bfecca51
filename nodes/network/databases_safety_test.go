package network_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/runtime"
)

// hostile are names and values that would do harm if they were ever taken for SQL.
var hostile = []string{
	`x"; DROP TABLE people; --`, "x`; DROP TABLE people; --", `x'; DROP TABLE people; --`, `\'; DROP TABLE people; --`, `$1; DROP TABLE people`, `?`, `$$; DROP TABLE people; $$`,
	`a"b`, "a`b", `a\`, `/*`, `--`, `${x}`, "\u2028'", `');--`,
}

// asJSON writes a text as JSON that no expression is in.
func asJSON(text string) string {
	return gjson.Parse(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`).Raw
}

func answer(t *testing.T, engine *runtime.Engine, kind, version, params, input string) gjson.Result {
	t.Helper()
	c := gjson.Parse(fmt.Sprintf(`{"node":{"type":"n8n-nodes-base.%s","typeVersion":%s,"parameters":%s},"input":[{"json":%s}]}`, kind, version, params, input))
	return golden.Answer(t, engine, golden.WithCredential(c, kind))
}

// TestHostileNames: a name is a name and a value a value, whatever they hold: each is written to a table of that name, into
// a column of that name, and read back.
func TestHostileNames(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		d, conn := postgresDatabase(t)
		d.restore(t)
		engine := databaseEngine(t, d.kind, d.fields, network.Options{})
		for _, name := range hostile {
			quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
			if _, err := conn.Exec(t.Context(), fmt.Sprintf("CREATE TABLE %s (%s text, %s text)", quoted, quoted, `"other"`)).ReadAll(); err != nil {
				t.Fatal(err)
			}
			checkHostile(t, engine, "postgres", "2.6", name, `"schema":"public","columns":{"mappingMode":"autoMapInputData","matchingColumns":[]},`)
			query := fmt.Sprintf(`{"operation":"executeQuery","query":"SELECT $1:name, $2 AS v FROM $1:name","options":{"queryReplacement":["%s","%s"]}}`, inJSON(name), inJSON(name))
			got := answer(t, engine, "postgres", "2.6", query, `{}`)
			if v := got.Get("outputs.0.0.json"); v.Get("v").Str != name || v.Get(gjson.Escape(name)).Str != name {
				t.Errorf("%s: a query gave %s", name, got.Raw)
			}
		}
		if n := answer(t, engine, "postgres", "2.6", `{"operation":"executeQuery","query":"SELECT count(*)::int AS n FROM people"}`, `{}`).Get("outputs.0.0.json.n").Int(); n != 3 {
			t.Errorf("people has %d rows", n)
		}
	})
	t.Run("mySql", func(t *testing.T) {
		port := dbtest.MariaDB(t)
		db, err := sql.Open("mysql", fmt.Sprintf("root@tcp(127.0.0.1:%d)/", port))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("CREATE DATABASE safe CHARACTER SET utf8mb4"); err != nil {
			t.Fatal(err)
		}
		engine := databaseEngine(t, "mySql", map[string]any{"host": "127.0.0.1", "port": port, "database": "safe", "user": "root", "password": ""}, network.Options{})
		for _, name := range hostile {
			quoted := "`" + strings.ReplaceAll(name, "`", "``") + "`"
			if _, err := db.Exec(fmt.Sprintf("CREATE TABLE safe.%s (%s text, other text)", quoted, quoted)); err != nil {
				t.Fatal(err)
			}
			checkHostile(t, engine, "mySql", "2.4", name, `"dataMode":"autoMapInputData",`)
		}
	})
}

func inJSON(text string) string {
	quoted := asJSON(text)
	return quoted[1 : len(quoted)-1]
}

func checkHostile(t *testing.T, engine *runtime.Engine, kind, version, name, insert string) {
	t.Helper()
	table := `"table":` + asJSON(name)
	got := answer(t, engine, kind, version, `{"operation":"insert",`+insert+table+`}`, fmt.Sprintf(`{%s:%s,"other":"o"}`, asJSON(name), asJSON(name)))
	if got.Get("status").Str != "success" {
		t.Errorf("%s: inserting: %s", name, got.Raw)
	}
	where := fmt.Sprintf(`{"operation":"select",%s,"where":{"values":[{"column":%s,"condition":"equal","value":%s}]},"sort":{"values":[{"column":%s}]}}`, table, asJSON(name), asJSON(name), asJSON(name))
	got = answer(t, engine, kind, version, where, `{}`)
	if got.Get("outputs.0.#").Int() != 1 || got.Get("outputs.0.0.json").Get(gjson.Escape(name)).Str != name {
		t.Errorf("%s: selecting: %s", name, got.Raw)
	}
}

// TestDatabaseCancelled: a run that is cancelled does not wait for its query, and neither does the server go on with it.
func TestDatabaseCancelled(t *testing.T) {
	d, conn := postgresDatabase(t)
	engine := databaseEngine(t, d.kind, d.fields, network.Options{})
	c := gjson.Parse(`{"node":{"type":"n8n-nodes-base.postgres","typeVersion":2.6,"parameters":{"operation":"executeQuery","query":"SELECT pg_sleep(600)"}},"input":[{"json":{}}]}`)
	sleeping := func() bool {
		results, err := conn.Exec(t.Context(), "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'").ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return len(results[0].Rows) > 0
	}
	golden.Cancel(t, engine, golden.WithCredential(c, "postgres"), sleeping)
	loopback.Await(t, "the end of the query at the server", func() bool { return !sleeping() })
}

// TestDatabaseErrors: what cannot be reached is named, and no error holds a secret.
func TestDatabaseErrors(t *testing.T) {
	t.Parallel()
	port := loopback.Port(t)
	for _, kind := range []string{"postgres", "mySql", "redis"} {
		params := map[string]string{"postgres": `{"operation":"executeQuery","query":"SELECT 1"}`, "mySql": `{"operation":"executeQuery","query":"SELECT 1"}`, "redis": `{"operation":"get","key":"k"}`}[kind]
		version := map[string]string{"postgres": "2.6", "mySql": "2.4", "redis": "1"}[kind]
		fields := map[string]any{"host": "127.0.0.1", "port": port, "user": "u", "password": "hunter2hunter2", "database": map[string]any{"redis": 0}[kind]}
		got := answer(t, databaseEngine(t, kind, fields, network.Options{}), kind, version, params, `{}`)
		if m := got.Get("error.message").Str; !strings.Contains(m, fmt.Sprint("127.0.0.1:", port)) || strings.Contains(got.Raw, "hunter2") {
			t.Errorf("%s: %s", kind, got.Raw)
		}
		got = answer(t, databaseEngine(t, kind, fields, network.Options{PublicOnly: true}), kind, version, params, `{}`)
		if m := got.Get("error.message").Str; !strings.Contains(m, "not a public one") {
			t.Errorf("%s: a private address was not refused: %s", kind, got.Raw)
		}
	}
}

// TestPostgresBrokenTransaction: a connection that a query left inside a failed transaction serves nobody else.
func TestPostgresBrokenTransaction(t *testing.T) {
	d, _ := postgresDatabase(t)
	engine := databaseEngine(t, d.kind, d.fields, network.Options{})
	got := answer(t, engine, "postgres", "2.6", `{"operation":"executeQuery","query":"BEGIN; SELECT 1/0"}`, `{}`)
	if m := got.Get("error.message").Str; m != "division by zero" {
		t.Errorf("%s", got.Raw)
	}
	got = answer(t, engine, "postgres", "2.6", `{"operation":"executeQuery","query":"SELECT 1 AS a"}`, `{}`)
	if got.Get("outputs.0.0.json.a").Int() != 1 {
		t.Errorf("afterwards: %s", got.Raw)
	}
}
