package core_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// sqlRun runs a query over one input of n items.
func sqlRun(ctx context.Context, t *testing.T, query string, n int) *runtime.Run {
	t.Helper()
	engine := golden.NewEngine(t, runtime.Options{})
	flow, err := runtime.ParseWorkflow("sql", fmt.Appendf(nil, `{"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},
		{"name":"Node","type":"n8n-nodes-base.merge","typeVersion":3.2,"parameters":{"mode":"combineBySql","query":%s}}],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}}}`, nodes.AppendString(nil, query)))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(ctx, flow)
	if err != nil {
		t.Fatal(err)
	}
	items := benchItems(n, 100)
	execution, err := engine.NewExecution(plan, runtime.RunOptions{Input: &items})
	if err != nil {
		t.Fatal(err)
	}
	return execution.Run(ctx)
}

// TestMergeSQLStaysInside: no query reaches a file.
func TestMergeSQLStaysInside(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret.db")
	for _, query := range []string{
		"ATTACH DATABASE '%s' AS a", "SELECT 1; ATTACH DATABASE '%s' AS a", "VACUUM INTO '%s'", "/* SELECT */ vacuum main INTO '%s'",
		"WITH x AS (SELECT 1) ATTACH DATABASE '%s' AS a", "SELECT writefile('%s', 'x')", "SELECT load_extension('%s')", "PRAGMA temp_store_directory = '%s'",
	} {
		r := sqlRun(t.Context(), t, fmt.Sprintf(query, secret), 1)
		if r.Err == nil {
			t.Errorf("%s: it ran", query)
		}
		if _, err := os.Stat(secret); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: there is a file: %v", query, err)
		}
	}
}

// TestMergeSQLOnlySelects: a query that would change the tables is refused, by what it begins with.
func TestMergeSQLOnlySelects(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"DELETE FROM input1":                  "only SELECT can be run, and not DELETE",
		"SELECT 1; PRAGMA user_version = 1":   "only SELECT can be run, and not PRAGMA",
		"-- SELECT\n create table x (a)":      "only SELECT can be run, and not create",
		"SELECT n / * 2 FROM input1":          `SQL logic error: near "*": syntax error (1)`,
		" ; -- nothing":                       "the query is empty",
		"SELECT n FROM input1 WHERE name = (": "SQL logic error: incomplete input (1)",
	} {
		r := sqlRun(t.Context(), t, query, 1)
		if r.Err == nil || r.Err.Message != "Issue while executing query" || r.Err.Description != want {
			t.Errorf("%s: got %v, want %s", query, r.Err, want)
		}
	}
}

// TestMergeSQLEnds: a query that would not end by itself ends with the run.
func TestMergeSQLEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := nodes.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	r := sqlRun(ctx, t, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) AS c FROM n", 1)
	if r.Status != runtime.StatusCanceled || time.Since(begin) > 20*time.Second {
		t.Errorf("the run is %s after %s: %v", r.Status, time.Since(begin), r.Err)
	}
}

// TestMergeSQLKeys: keys that SQLite takes for the same column stay apart, and so do names that are no words.
func TestMergeSQLKeys(t *testing.T) {
	t.Parallel()
	engine := golden.NewEngine(t, runtime.Options{})
	const item = `{"1":1,"name":"a","Name":"b","NAME":"c","a \"q\"":2,"select":3,"?":4}`
	flow, err := runtime.ParseWorkflow("sql", []byte(`{"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},
		{"name":"Node","type":"n8n-nodes-base.merge","typeVersion":3,"parameters":{"mode":"combineBySql","query":"SELECT * FROM input1"}}],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(t.Context(), flow)
	if err != nil {
		t.Fatal(err)
	}
	items := nodes.ItemsOf(nodes.NewItem(item))
	execution, err := engine.NewExecution(plan, runtime.RunOptions{Input: &items})
	if err != nil {
		t.Fatal(err)
	}
	r := execution.Run(t.Context())
	var out strings.Builder
	if err := runtime.WriteItems(&out, r.Items()); err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	if got := strings.Join(strings.Fields(out.String()), " "); got != `[ `+item+` ]` {
		t.Errorf("got %s", got)
	}
}
