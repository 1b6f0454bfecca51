package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"
)

// write makes a file of a test.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// records are the lines of a log, each of which must be JSON.
func records(t *testing.T, log string) []gjson.Result {
	t.Helper()
	var list []gjson.Result
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) || !strings.HasPrefix(line, "{") {
			t.Errorf("this line is no record: %s", line)
		}
		list = append(list, gjson.Parse(line))
	}
	return list
}

// odd warns of a node that nothing leads to and of a parameter that does not exist, and fails when it runs.
const odd = `{"name":"odd","settings":{"executionOrder":"v1"},"nodes":[
	{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{"nosuch":1}},
	{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,200],"parameters":{"path":"a","responseMode":"lastNode"}},
	{"name":"Stop","type":"n8n-nodes-base.stopAndError","typeVersion":1,"position":[200,0],"parameters":{"errorMessage":"no\nway"}},
	{"name":"Alone","type":"n8n-nodes-base.noOp","typeVersion":1,"position":[200,400],"parameters":{}}],
	"connections":{"Start":{"main":[[{"node":"Stop","type":"main","index":0}]]},"Hook":{"main":[[{"node":"Stop","type":"main","index":0}]]}}}`

// TestLogJSON: all that a command says on standard error is a record, from the first line to the error that it ends with.
func TestLogJSON(t *testing.T) {
	t.Parallel()
	flow := write(t, "odd.json", odd)
	dir := t.TempDir()
	code, _, errs := cli(t, dir, "", "run", flow, "--log", "json")
	list := records(t, errs)
	if code != exitFailed || len(list) < 4 {
		t.Fatalf("%d %s", code, errs)
	}
	for _, r := range list[:3] {
		if took := r.Get("tookMs"); took.Type != gjson.Number || took.Num > 60_000 {
			t.Errorf("how long it took is not told in milliseconds: %s", r.Raw)
		}
	}
	if last := list[len(list)-1]; last.Get("level").Str != "ERROR" || last.Get("msg").Str != `node "Stop": no`+"\nway" {
		t.Errorf("the last is %s", last.Raw)
	}
	for _, args := range [][]string{
		{"validate", flow, "--log=json"}, {"run", flow + ".gone", "--log=json"}, {"run", "--nosuch", flow, "--log", "json"}, {"run", flow, "--log", "json", "--start", "nosuch"},
	} {
		if code, _, errs := cli(t, dir, "", args...); code != 0 && len(records(t, errs)) == 0 {
			t.Errorf("%v: %d %s", args, code, errs)
		}
	}
	if code, _, errs := cli(t, dir, "", "validate", write(t, "ok.json", wordsFlow[:strings.Index(wordsFlow, ",\n\t{\"name\":\"Words\"")]+`],"connections":{}}`), "--log=json"); code != 0 || records(t, errs)[0].Get("msg").Str != "1 file, nothing wrong" {
		t.Errorf("%d %s", code, errs)
	}
}

// served is a server that runs while a test does.
type served struct {
	address string
	stop    func() (code int, log string)
}

// startServer runs cordboard serve until it listens.
func startServer(t *testing.T, args ...string) served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	from, to := io.Pipe()
	ended, listens := make(chan int, 1), make(chan string, 1)
	go func() {
		code := execute(ctx, append([]string{"serve", "--log", "json", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), io.Discard, to)
		_ = to.Close()
		ended <- code
	}()
	var log strings.Builder
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(from); lines.Scan(); {
			log.WriteString(lines.Text() + "\n")
			if address, ok := strings.CutPrefix(gjson.Get(lines.Text(), "msg").Str, "cordboard listens at "); ok {
				listens <- address
			}
		}
	}()
	s := served{stop: sync.OnceValues(func() (int, string) {
		cancel()
		<-read
		return <-ended, log.String()
	})}
	t.Cleanup(func() { s.stop() })
	select {
	case s.address = <-listens:
	case <-read:
		t.Fatal(log.String())
	}
	return s
}

// TestServeLogJSON: so it is with a server.
func TestServeLogJSON(t *testing.T) {
	t.Parallel()
	srv := startServer(t, write(t, "odd.json", odd), "--data-dir", t.TempDir())
	res, err := http.Get(srv.address + "/webhook/a")
	if err == nil {
		err = res.Body.Close()
	}
	code, log := srv.stop()
	if err != nil || code != 0 {
		t.Errorf("exit code %d, %v", code, err)
	}
	told := map[string]gjson.Result{}
	for _, r := range records(t, log) {
		told[r.Get("msg").Str] = r
	}
	for _, want := range []string{"serving GET /webhook/a", "cordboard listens at " + srv.address, "step failed", "run failed"} {
		if !told[want].Exists() {
			t.Errorf("%q was not told: %s", want, log)
		}
	}
	if r := told["stopping"]; r.Get("waitsAtMostMs").Num != 25_000 {
		t.Errorf("a duration is not in milliseconds: %s", r.Raw)
	}
	if r := told["run failed"]; r.Get("took").Exists() || r.Get("tookMs").Type != gjson.Number {
		t.Errorf("%s", r.Raw)
	}
}
