package cordboard_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// The tests here run the real programs, cordboard and its 3CX plugin, against the simulator: every file of examples/, and
// what people get wrong.

func TestExampleBulkUpdate(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	r := b.cordboard(t, "", "run", "examples/bulk-update.json", "--credentials", b.credentials)
	if r.code != 0 || r.stdout != "[\n{\"success\":true}\n]\n" || r.stderr != "" {
		t.Fatalf("got %+v", r)
	}
	requests := b.requests()
	if len(requests) != 2 {
		t.Fatalf("the phone system saw %d requests: %+v", len(requests), requests)
	}
	if got, want := requests[0].Query, "$top=100&$skip=0&$filter=startswith(Number%2C%20'10')&$orderby=Number&$select=Id%2CNumber%2CFirstName%2CLastName%2CEmailAddress%2CEnabled%2CSendEmailMissedCalls"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want := `{"ids":[1,2,3,4,5,7,9,10],"user":{"SendEmailMissedCalls":true,"VMEmailOptions":"Attachment"}}`
	if got := requests[1]; got.Method != "POST" || got.Path != "/xapi/v1/Users/Pbx.BulkUpdate" || got.Body != want || got.Status != 204 {
		t.Errorf("got %s %s %s %d, want the body %s", got.Method, got.Path, got.Body, got.Status, want)
	}
	if n := b.sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d tokens were minted, want 1", n)
	}
}

func TestExampleOffboarding(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	r := b.cordboard(t, "", "run", "examples/offboarding.json", "--credentials", b.credentials, "--input", "examples/offboarding-input.json", "--output", "run")
	if r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	data := gjson.Get(r.stdout, "data.resultData.runData")
	var got []string
	for _, node := range []string{"Answer", "Failed"} {
		for _, it := range data.Get(node + ".0.data.main.0").Array() {
			got = append(got, it.Get("json.email").String()+" "+it.Get("json.outcome").String())
		}
	}
	if len(got) != 5 || got[0] != "simon.silva@example.com deleted" || got[1] != "wendy.o'neil@example.com deleted" ||
		!strings.HasPrefix(got[2], "olivia.operator@example.com kept: ") ||
		!strings.HasPrefix(got[3], "gone.girl@example.com failed: Users: Batch Delete: 404 Not Found: ") ||
		!strings.HasPrefix(got[4], "long.gone@example.com failed: ") {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
	if n := b.sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d tokens were minted, want 1", n)
	}
}

func TestExampleReport(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	r := b.cordboard(t, "", "run", "examples/report.json", "--credentials", b.credentials)
	if r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	rows := gjson.Parse(r.stdout).Array()
	if len(rows) != 10 {
		t.Fatalf("got %d rows: %s", len(rows), r.stdout)
	}
	for i := 1; i < len(rows); i++ {
		if rows[i].Get("CallCost").Float() > rows[i-1].Get("CallCost").Float() {
			t.Errorf("row %d costs more than the one before: %s", i, r.stdout)
		}
	}
}

// TestExamplesAreTested makes sure that no example is left out.
func TestExamplesAreTested(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("examples/*.json")
	if err != nil {
		t.Fatal(err)
	}
	known := " bulk-update.json credentials.json offboarding-input.json offboarding.json report.json webhook.json respond.json call-events.json "
	for _, f := range files {
		if !strings.Contains(known, " "+filepath.Base(f)+" ") {
			t.Errorf("%s has no test in this file", f)
		}
	}
	b := newBed(t, pbxsim.Options{})
	r := b.cordboard(t, "", "validate", "examples/bulk-update.json", "examples/offboarding.json", "examples/report.json", "examples/webhook.json", "examples/respond.json",
		"examples/call-events.json",
		"--credentials", b.credentials)
	if r.code != 0 || r.stdout != "" || r.stderr != "6 files, nothing wrong\n" {
		t.Errorf("got %+v", r)
	}
}

const bulkUpdate = `"resource":"Users","operation":"Bulk Update"`

// TestBadInput: one clear message on standard error, the right exit code, nothing on standard output, nothing sent.
func TestBadInput(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	for name, c := range map[string]struct {
		flow   string
		args   []string
		code   int
		stderr string
	}{
		"no file":       {"", []string{"run", "nowhere.json"}, 2, "error: open nowhere.json: no such file or directory\n"},
		"no arguments":  {"", []string{"run"}, 2, "error: this command takes the workflow file; see --help\n"},
		"unknown flag":  {"", []string{"run", "--inputt", "x"}, 2, "error: unknown flag: --inputt; did you mean --input?\n"},
		"wrong output":  {flow("", ""), []string{"--output", "xml"}, 2, "error: --output: there are items, run and none, and not \"xml\"\n"},
		"not JSON":      {`{"nodes": [}`, nil, 2, "error: F: this is not JSON: line 1, column 12: invalid character '}' looking for beginning of value (a workflow file is what n8n saves with Download)\n"},
		"no workflow":   {`{"a":1}`, nil, 2, "error: F: this is JSON, but no workflow: it has no list \"nodes\" (a workflow file has the keys nodes and connections)\n"},
		"many":          {`[{"name":"a","nodes":[]},{"name":"b","nodes":[]}]`, nil, 2, "error: F: the file holds 2 workflows: \"a\", \"b\" (put the one to run into a file of its own)\n"},
		"unknown type":  {strings.Replace(flow(bulkUpdate, ""), "n8n-nodes-3cx.threecx", "n8n-nodes-3cx.treecx", 1), nil, 2, "error: F: node \"PBX\": unknown node type \"n8n-nodes-3cx.treecx\"; the nearest is \"n8n-nodes-3cx.threecx\" (cordboard nodes list lists what there is; plugins and cordboard nodes import bring more)\n"},
		"resource":      {flow(`"resource":"User","operation":"Bulk Update"`, ""), nil, 2, "error: F: node \"PBX\": parameter \"resource\": unknown resource \"User\"; the nearest is \"Users\" (cordboard nodes show n8n-nodes-3cx.threecx lists them)\n"},
		"operation":     {flow(`"resource":"Users","operation":"Bulk Updat"`, ""), nil, 2, "error: F: node \"PBX\": parameter \"operation\": the resource \"Users\" has no operation \"Bulk Updat\"; the nearest is \"Bulk Update\" (cordboard nodes show n8n-nodes-3cx.threecx \"Users\" lists them)\n"},
		"parameter":     {flow(bulkUpdate+`,"idz":"[1]"`, ""), nil, 2, "error: F: node \"PBX\": parameter \"idz\": the operation Bulk Update has no parameter \"idz\"; the nearest is \"ids\" (cordboard nodes show n8n-nodes-3cx.threecx \"Users\" \"Bulk Update\" lists the parameters)\n"},
		"option":        {flow(bulkUpdate+`,"requestOptions":{"returnall":true}`, ""), nil, 2, "error: F: node \"PBX\": parameter \"requestOptions\": the collection requestOptions has no member \"returnall\"; the nearest is \"returnAll\"\n"},
		"no credential": {strings.Replace(flow(bulkUpdate, ""), `"id":"pbxsim","name":"PBX"`, `"id":"x","name":"My PBX"`, 1), nil, 2, "error: F: node \"PBX\": the credential \"My PBX\" (id \"x\", type threeCXOAuth2Api) is missing: of this type there are \"PBX\"; give a file with --credentials, add it (cordboard credentials add --type \"threeCXOAuth2Api\" --name \"My PBX\"), or set CORDBOARD_CREDENTIAL_MY_PBX\n"},
		"ids no JSON":   {flow(bulkUpdate+`,"ids":"1, 2]","user":{}`, ""), nil, 1, "parameter \"ids\": is not JSON: "},
		"ids no array":  {flow(bulkUpdate+`,"ids":"{}","user":{}`, ""), nil, 1, "parameter \"ids\": must be a list, is an object"},
		"user deep":     {flow(bulkUpdate+`,"ids":"[1]","user":{"Groups":[{"GroupId":1},{"GroupId":"two"}]}`, ""), nil, 1, "parameter \"user/Groups/1/GroupId\": must be a whole number"},
		"all at once":   {flow(bulkUpdate+`,"ids":"[1,\"x\"]","user":{"FirstName":5,"VMPIN":987654321,"Enabled":"yes"}`, ""), nil, 1, "4 parameters do not fit Users: Bulk Update; nothing was sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := c.args
			if c.flow != "" {
				file := b.write(t, strings.ReplaceAll(name, " ", "-")+".json", c.flow)
				args = append([]string{"run", file, "--credentials", b.credentials}, c.args...)
				c.stderr = strings.Replace(c.stderr, "error: F:", "error: "+file+":", 1)
			}
			r := b.cordboard(t, "", args...)
			matches := r.stderr == c.stderr
			if c.code == 1 {
				matches = strings.Contains(r.stderr, c.stderr)
			}
			if r.code != c.code || r.stdout != "" || !matches {
				t.Errorf("exit %d, stdout %q, stderr:\n%swant exit %d:\n%s", r.code, r.stdout, r.stderr, c.code, c.stderr)
			}
			if strings.Contains(r.stderr, "987654321") {
				t.Error("a PIN is in the message")
			}
		})
	}
	t.Cleanup(func() {
		if n := len(b.requests()); n > 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

// TestServerSide: what is wrong at the other end fails the run with exit code 1.
func TestServerSide(t *testing.T) {
	t.Parallel()
	getUser := flow(`"resource":"Users","operation":"Get User","Id":4,"options":{"$select":"Id"},"requestOptions":{"simplify":true}`, "")
	const ok = "[\n{\"Id\":4}\n]\n"
	b := newBed(t, pbxsim.Options{})
	file := b.write(t, "get.json", getUser)
	for name, c := range map[string]struct{ url, secret, stdout, stderr string }{
		"trailing slash": {b.sim.URL() + "/", "secret", ok, ""},
		"API path":       {b.sim.URL() + "/xapi/v1/", "secret", ok, ""},
		"wrong secret":   {b.sim.URL(), "wrong", "", "error: node \"PBX\": credential \"PBX\": the server refused the client id or the client secret; check them in the API client's settings on the server\n"},
		"nobody there":   {"http://127.0.0.1:1", "secret", "", "error: node \"PBX\": credential \"PBX\": nothing answers at http://127.0.0.1:1/connect/token; check the credential's base URL and that the server runs\n"},
		"wrong path":     {b.sim.URL() + "/nothing", "secret", "", "error: node \"PBX\": credential \"PBX\": there is no token endpoint at " + b.sim.URL() + "/nothing/connect/token; check the credential's base URL\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := newBed(t, pbxsim.Options{})
			r := own.cordboard(t, "", "run", file, "--credentials", own.writeCredentials(t, "c.json", c.url, c.secret))
			want := 0
			if c.stderr != "" {
				want = 1
			}
			if r.code != want || r.stdout != c.stdout || r.stderr != c.stderr {
				t.Errorf("got %+v, want %d, %q, %q", r, want, c.stdout, c.stderr)
			}
		})
	}
	t.Run("environment", func(t *testing.T) {
		t.Parallel()
		own := newBed(t, pbxsim.Options{})
		own.env = append(own.env, fmt.Sprintf(`CORDBOARD_CREDENTIAL_PBX={"type":"threeCXOAuth2Api","data":{"baseUrl":%q,"clientId":"900","clientSecret":"secret"}}`, own.sim.URL()))
		if r := own.cordboard(t, "", "run", file); r.code != 0 || r.stdout != ok {
			t.Errorf("got %+v", r)
		}
	})
}

// TestInterrupt sends SIGINT while a request is under way: exit 3, and the message says what was sent.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/connect/token" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":60}`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		entered <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	b := newBed(t, pbxsim.Options{})
	file := b.write(t, "slow.json", flow(bulkUpdate+`,"ids":"[4]","user":{"FirstName":"Sam"}`, ""))
	cmd := b.command(t, "run", file, "--credentials", b.writeCredentials(t, "c.json", server.URL, "secret"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-entered
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(stderr.String(), "the run was cancelled") || !strings.Contains(stderr.String(), "sent with unknown outcome: item 0") {
		t.Errorf("exit %d, %s", code, stderr.String())
	}
}

// TestTimeout: a run whose request gets no answer ends when its time is over. The time includes loading, for which a busy machine may
// need any: with more of it the run is tried again until its request has been sent.
func TestTimeout(t *testing.T) {
	t.Parallel()
	var entered atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/connect/token" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":60}`)
			return
		}
		entered.Store(true)
		<-r.Context().Done()
	}))
	defer server.Close()
	b := newBed(t, pbxsim.Options{})
	file := b.write(t, "slow.json", flow(`"resource":"Users","operation":"Get User","Id":4`, ""))
	credentials := b.writeCredentials(t, "c.json", server.URL, "secret")
	var r result
	limit := 300 * time.Millisecond
	for ; !entered.Load() && limit < time.Minute; limit *= 2 {
		r = b.cordboard(t, "", "run", file, "--credentials", credentials, "--timeout", limit.String())
		if r.code != 3 || !strings.Contains(r.stderr, fmt.Sprintf("the time limit (--timeout %s) was reached", limit)) {
			t.Fatalf("got %+v", r)
		}
	}
	if !entered.Load() || !strings.Contains(r.stderr, "the run was stopped: it took longer than its timeout") {
		t.Errorf("got %+v", r)
	}
}

func TestRunOutputs(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	file := b.write(t, "f.json", `{"name":"t","nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","position":[0,0],"parameters":{}},
		{"name":"End","type":"n8n-nodes-base.noOp","position":[200,0],"parameters":{}}],
		"connections":{"Start":{"main":[[{"node":"End","type":"main","index":0}]]}}}`)
	for name, c := range map[string]struct {
		stdin  string
		args   []string
		stdout string
	}{
		"no input":         {"", nil, "[\n{}\n]\n"},
		"array":            {`[{"a":1},{"json":{"b":2}}]`, []string{"--input", "-"}, "[\n{\"a\":1},\n{\"b\":2}\n]\n"},
		"lines":            {"{\"a\":1}\n{\"b\":2}\n", []string{"--input", "-"}, "[\n{\"a\":1},\n{\"b\":2}\n]\n"},
		"no items":         {"[]", []string{"--input", "-"}, "[]\n"},
		"nothing":          {"", []string{"--output", "none"}, ""},
		"until":            {`[{"a":1}]`, []string{"--input", "-", "--until", "Start"}, "[\n{\"a\":1}\n]\n"},
		"from a node":      {`[{"a":1}]`, []string{"--input", "-", "--start", "End"}, "[\n{\"a\":1}\n]\n"},
		"digits are kept":  {`[{"n":12345678901234567890}]`, []string{"--input", "-"}, "[\n{\"n\":12345678901234567890}\n]\n"},
		"an object a file": {`{"a":{"json":{}}}`, []string{"--input", "-"}, "[\n{\"a\":{\"json\":{}}}\n]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := b.cordboard(t, c.stdin, append([]string{"run", file}, c.args...)...)
			if r.code != 0 || r.stdout != c.stdout || r.stderr != "" {
				t.Errorf("got %+v, want %q", r, c.stdout)
			}
		})
	}
	t.Run("run object", func(t *testing.T) {
		t.Parallel()
		r := b.cordboard(t, "", "run", file, "--output", "run")
		var run struct {
			Status    string
			StartedAt time.Time
			Data      struct {
				ResultData struct {
					RunData          map[string][]json.RawMessage
					LastNodeExecuted string
				}
			}
		}
		if err := json.Unmarshal([]byte(r.stdout), &run); err != nil || run.Status != "success" || run.Data.ResultData.LastNodeExecuted != "End" ||
			len(run.Data.ResultData.RunData) != 2 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
	t.Run("bad input", func(t *testing.T) {
		t.Parallel()
		r := b.cordboard(t, `[1]`, "run", file, "--input", "-")
		if want := "error: --input standard input: it must be a JSON array of objects, one object, or one object a line: element 0: an item must be an object, and this is 1\n"; r.code != 2 || r.stderr != want {
			t.Errorf("got %+v", r)
		}
	})
}

func TestDemo(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	r := b.cordboard(t, "", "demo")
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("got %+v", r)
	}
	for _, want := range []string{
		"1. examples/bulk-update.json", "2. examples/offboarding.json", "3. examples/report.json",
		`"ids":[1,2,3,4,5,7,9,10]`, "404 Not Found", "simon.silva@example.com", "cordboard run examples/bulk-update.json --credentials examples/credentials.json",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the demo does not show %s:\n%s", want, r.stdout)
		}
	}
}

// TestServe asks a running server, as a caller would, and stops it with SIGTERM.
func TestServe(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	cmd, address, stderr := serve(t, b, "examples/webhook.json")
	for name, c := range map[string]struct{ method, path, body, want string }{
		"answer":     {"POST", "/webhook/greet/Ada%20L", `{"items":[{"price":1.5},{"price":2}]}`, `200 {"greeting":"Hello Ada L","total":3.5}`},
		"n8n's path": {"POST", "/webhook/greet/greet/Ada", `{"items":[]}`, `200 {"greeting":"Hello Ada","total":0}`},
		"bad JSON":   {"POST", "/webhook/greet/x", `{"items":`, `422 {"code":422,"message":"Failed to parse request body"`},
		"method":     {"GET", "/webhook/greet/x", ``, `404 {"code":404,"message":"This webhook is not registered for GET requests. Did you mean to make a POST request?"}`},
		"elsewhere":  {"GET", "/webhook/other", ``, `404 {"code":404,"hint":"No workflow that is served here has a Webhook node with this path.","message":"The requested webhook \"GET other\" is not registered."}`},
		"health":     {"GET", "/healthz", ``, `200 {"status":"ok"}`},
		"not served": {"GET", "/", ``, `404 {"code":404,"message":"nothing is served at this address"}`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, address+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if got := fmt.Sprintf("%d %s", res.StatusCode, strings.TrimSpace(string(text))); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	stop(t, cmd, stderr)
}

// serve starts a server and returns where it listens.
func serve(t *testing.T, b *bed, args ...string) (cmd *exec.Cmd, address string, stderr io.Reader) {
	t.Helper()
	cmd = b.command(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), "cordboard listens at ")
	}
	if address == "" {
		t.Fatal("the server does not say where it listens")
	}
	return cmd, address, pipe
}

// stop ends a server as service managers do.
func stop(t *testing.T, cmd *exec.Cmd, stderr io.Reader) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stderr)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestCallEvents: a call in the simulator starts a run through the plugin's trigger, which asks the simulator who calls.
func TestCallEvents(t *testing.T) {
	t.Parallel()
	b := newBed(t, pbxsim.Options{})
	cmd, _, stderr := serve(t, b, "examples/call-events.json", "--credentials", b.credentials)
	until(t, "the trigger does not connect", func() bool { return b.sim.Sockets() == 1 && b.sim.Counters().ByOperation["callcontrol"] == 1 })
	b.sim.Call("100", "103")
	b.sim.Call("101", "105") // not one of the example's numbers
	b.sim.Call("102", "104")
	until(t, "no run asked who calls", func() bool { return b.sim.Counters().ByOperation["ListUser"] == 2 })
	var asked []string
	for _, r := range b.requests() {
		if r.Operation == "ListUser" {
			query, _ := url.QueryUnescape(r.Query)
			asked = append(asked, query)
		}
	}
	slices.Sort(asked)
	want := "$filter=Number eq '100'&$select=Id,Number,FirstName,LastName,EmailAddress $filter=Number eq '102'&$select=Id,Number,FirstName,LastName,EmailAddress"
	if got := strings.Join(asked, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := b.sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d tokens were minted, want 1", n)
	}
	stop(t, cmd, stderr)
	until(t, "the socket outlives the server", func() bool { return b.sim.Sockets() == 0 })
}

// until waits for what another process does.
func until(t *testing.T, failure string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal(failure)
		}
	}
}
