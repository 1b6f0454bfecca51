package code_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/runtime"
)

// caseOf is a case of one Code node with three items.
func caseOf(t testing.TB, source, mode string, more string) gjson.Result {
	t.Helper()
	text, err := json.Marshal(source)
	if err != nil {
		t.Fatal(err)
	}
	return gjson.Parse(fmt.Sprintf(`{"node":{"type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"mode":%q,"jsCode":%s}%s},"input":[{"json":{"n":1}},{"json":{"n":2}},{"json":{"n":3}}]}`,
		mode, text, more))
}

func all(t testing.TB, source string) gjson.Result {
	return caseOf(t, source, "runOnceForAllItems", "")
}

// TestNode compares what code of Node.js expects beside the language with what Node.js 24 answers (testdata/record-node.mjs).
func TestNode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/node.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	engine := newEngine(t, runtime.Options{})
	for line := range strings.Lines(string(text)) {
		c := gjson.Parse(line)
		source := "try { return {v: await (async () => {\n" + c.Get("code").Str + "\n})()}; } catch (e) { return {v: {error: e.message}}; }"
		got := golden.Answer(t, engine, all(t, source)).Get("outputs.0.0.json.v").Raw
		if want := c.Get("want").Raw; sorted(got) != sorted(want) {
			t.Errorf("%s\ngot  %s\nwant %s", c.Get("code").Str, got, want)
		}
	}
}

// TestLimits: code that nests too deeply, or waits for nothing, fails its own run, and the next one is not touched.
func TestLimits(t *testing.T) {
	t.Parallel()
	engine := newEngine(t, runtime.Options{})
	for name, c := range map[string]struct{ source, want string }{
		"stack": {`const f = () => f() + 1; f();`, "JavaScript nested its calls too deeply and was stopped"},
		"never": {`await new Promise(() => {});`, "the JavaScript waits for a promise that nothing will ever settle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := golden.Answer(t, engine, all(t, c.source)).Get("error.message").Str; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := golden.Answer(t, engine, all(t, "return {v: 1};")).Get("outputs.0.0.json").Raw; got != `{"v":1}` {
				t.Errorf("the next run gave %s", got)
			}
		})
	}
}

// noted is a log that somebody wrote to.
type noted struct{ atomic.Bool }

func (n *noted) Write(p []byte) (int, error) {
	n.Store(true)
	return len(p), nil
}

// TestCancelled: a run that is cancelled ends its code, whether it works or waits.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"loop":       "for (;;) {}",
		"async loop": "for (;;) await null;",
		"timers":     "for (;;) await new Promise(r => setTimeout(r, 1));",
		"waits":      "await new Promise(r => setTimeout(r, 100000));",
		"caught":     "for (;;) { try { for (;;) {} } catch {} }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := &noted{}
			engine := newEngine(t, runtime.Options{Log: slog.New(slog.NewTextHandler(begun, nil))})
			if run := golden.Cancel(t, engine, all(t, `console.log("begun"); `+source), begun.Load); run.Status != runtime.StatusCanceled {
				t.Errorf("the run came to %q", run.Status)
			}
		})
	}
}

// TestIsolation: nothing that a script leaves behind is seen by another, and what it started does not go on.
func TestIsolation(t *testing.T) {
	t.Parallel()
	engine := newEngine(t, runtime.Options{})
	for _, source := range []string{
		`globalThis.x = 1; y = 2; Array.prototype.z = 3; try { DateTime.w = 4; } catch {} Buffer.v = 5; items.q = 6; return {};`,
		`try { Object.prototype.z = 1; } catch {} try { JSON.parse = 1; } catch {} console.log = 5; require("crypto").k = 1; return {};`,
		`setTimeout(() => { globalThis.x = 1; }, 1); Promise.resolve().then(async () => { for (let i = 0; i < 100; i++) await null; }); return {};`,
	} {
		if r := golden.Answer(t, engine, all(t, source)); r.Get("status").Str != "success" {
			t.Fatal(r.Raw)
		}
		probe := `return {v: [typeof x, typeof globalThis.x, typeof y, typeof [].z, typeof DateTime.w, typeof Buffer.v, typeof items.q, typeof ({}).z, typeof JSON.parse, typeof console.log, typeof require("crypto").k].join()};`
		want := "undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined,function,function,undefined"
		if got := golden.Answer(t, engine, all(t, probe)).Get("outputs.0.0.json.v").Str; got != want {
			t.Errorf("after %s\ngot  %s\nwant %s", source, got, want)
		}
	}
	if got := golden.Answer(t, engine, all(t, "return {v: typeof __host + typeof InternalError.prototype.x};")).Get("outputs.0.0.json.v").Str; got != "undefinedundefined" {
		t.Error(got)
	}
}

// TestLog: what code prints is in the run's log, with its level.
func TestLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	engine := newEngine(t, runtime.Options{Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	golden.Answer(t, engine, all(t, `console.log("hi", {a: [1]}, 5n, undefined); console.error(new TypeError("bad")); console.table([1]); console.time("x"); return [];`))
	for _, want := range []string{`level=INFO msg="hi {\"a\":[1]} 5 undefined" node=Node`, `level=ERROR msg="TypeError: bad" node=Node`, `msg=[1]`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

// TestStaticData: the nodes of a run share the workflow's static data; that of a node is its own.
func TestStaticData(t *testing.T) {
	t.Parallel()
	c := gjson.Parse(`{"before":[{"name":"First","type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"jsCode":"$getWorkflowStaticData('global').seen = [1]; $getWorkflowStaticData('node').own = 1; return items;"}}],
		"node":{"type":"n8n-nodes-base.function","typeVersion":1,"parameters":{"functionCode":"const g = getWorkflowStaticData('global'); g.seen.push(2); return [{json: {g, n: getWorkflowStaticData('node')}}];"}},"input":[{"json":{}}]}`)
	if got := golden.Answer(t, newEngine(t, runtime.Options{}), c).Get("outputs.0.0.json").Raw; got != `{"g":{"seen":[1,2]},"n":{}}` {
		t.Error(got)
	}
}

// TestRefused: what does not run here says so.
func TestRefused(t *testing.T) {
	t.Parallel()
	engine := newEngine(t, runtime.Options{})
	for _, c := range []struct{ node, want string }{
		{`{"type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"language":"python","pythonCode":"return []"}}`, `Code in the language "python" does not run here: only JavaScript does`},
		{`{"type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"language":"pythonNative","pythonCode":"return []"}}`, `Code in the language "pythonNative" does not run here: only JavaScript does`},
		{`{"type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"jsCode":" "}}`, "there is no code to run"},
		{`{"type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"jsCode":"await this.helpers.getSSHClient();"}}`, "helpers.getSSHClient is not available in code; see the documentation of the Code node [line 1]"},
	} {
		r := golden.Answer(t, engine, gjson.Parse(`{"node":`+c.node+`,"input":[{"json":{}}]}`))
		if got := r.Get("error.message").Str; got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestBinaryStore: files above the bound of what stays in an item go through the run's store, both ways.
func TestBinaryStore(t *testing.T) {
	t.Parallel()
	c := gjson.Parse(`{"before":[{"name":"First","type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"jsCode":"return [{json: {}, binary: {f: await this.helpers.prepareBinaryData(Buffer.alloc(50000, 'ab'), 'big.bin')}}];"}}],
		"node":{"type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"jsCode":"const b = await this.helpers.getBinaryDataBuffer(0, 'f'); const f = items[0].binary.f; return [{json: {n: b.length, s: b.toString('utf8', 0, 4), size: f.fileSize, name: f.fileName}}];"}},"input":[{"json":{}}]}`)
	if got := golden.Answer(t, newEngine(t, runtime.Options{}), c).Get("outputs.0.0.json").Raw; got != `{"n":50000,"s":"abab","size":"50 kB","name":"big.bin"}` {
		t.Error(got)
	}
}

func testServer(t *testing.T) *httptest.Server {
	t.Helper()
	meet := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := new(bytes.Buffer)
		_, _ = body.ReadFrom(r.Body)
		switch r.URL.Path {
		case "/text":
			fmt.Fprint(w, "plain")
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"why":"gone"}`)
		case "/away":
			http.Redirect(w, r, "/text", http.StatusFound)
		case "/bytes":
			_, _ = w.Write([]byte{1, 0xff})
		case "/meet": // two requests at once, or none gets an answer
			select {
			case meet <- struct{}{}:
			case <-meet:
			case <-r.Context().Done():
			}
			fmt.Fprint(w, `1`)
		case "/hang":
			<-r.Context().Done()
		default:
			w.Header().Set("X-Answer", "yes")
			user, password, _ := r.BasicAuth()
			_ = json.NewEncoder(w).Encode(map[string]any{"m": r.Method, "u": r.URL.String(), "b": body.String(), "t": r.Header.Get("Content-Type"), "h": r.Header.Get("X-Own"), "a": user + password})
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestHTTPRequest walks through the options of helpers.httpRequest.
func TestHTTPRequest(t *testing.T) {
	t.Parallel()
	base := testServer(t).URL
	engine := newEngine(t, runtime.Options{})
	for _, c := range []struct{ options, want string }{
		{`{url: base + "/echo?x=1", qs: {y: "a b", z: [1, 2]}, headers: {"X-Own": "me"}}`, `{"m":"GET","u":"/echo?x=1&y=a+b&z%5B%5D=1&z%5B%5D=2","b":"","t":"","h":"me","a":""}`},
		{`{url: "/echo", baseURL: base, method: "POST", body: {a: 1}, auth: {username: "u", password: "p"}}`, `{"m":"POST","u":"/echo","b":"{\"a\":1}","t":"application/json","h":"","a":"up"}`},
		{`{url: base + "/echo", method: "PUT", body: new URLSearchParams({a: "b c"})}`, `{"m":"PUT","u":"/echo","b":"a=b+c","t":"application/x-www-form-urlencoded;charset=utf-8","h":"","a":""}`},
		{`{url: base + "/echo", method: "POST", body: Buffer.from("raw"), headers: {"content-type": "text/x"}}`, `{"m":"POST","u":"/echo","b":"raw","t":"text/x","h":"","a":""}`},
		{`{url: base + "/text"}`, `"plain"`},
		{`{url: base + "/bytes", encoding: "arraybuffer"}`, `{"type":"Buffer","data":[1,255]}`},
		{`{url: base + "/away", returnFullResponse: true, disableFollowRedirect: true, ignoreHttpStatusErrors: true}`, `302`},
		{`{url: base + "/away"}`, `"plain"`},
		{`{url: base + "/echo", returnFullResponse: true}`, `200`},
		{`{url: base + "/missing"}`, `"Request failed with status code 404 404 gone"`},
		{`{url: base + "/hang", timeout: 30}`, `"timeout of 30ms exceeded undefined undefined"`},
		{`{url: "nope"}`, `"Invalid URL: the request needs a url with http:// or https:// undefined undefined"`},
	} {
		source := `const base = "` + base + `"; try { const r = await this.helpers.httpRequest(` + c.options + `); return {v: r.statusCode ?? r}; }
			catch (e) { return {v: [e.message, e.httpCode, e.response?.data?.why].map(String).join(" ")}; }`
		if got := golden.Answer(t, engine, all(t, source)).Get("outputs.0.0.json.v").Raw; sorted(got) != sorted(c.want) {
			t.Errorf("%s\ngot  %s\nwant %s", c.options, got, c.want)
		}
	}
	together := `const get = () => this.helpers.httpRequest({url: "` + base + `/meet", timeout: 20000}); return {v: await Promise.all([get(), get()])};`
	if got := golden.Answer(t, engine, all(t, together)).Get("outputs.0.0.json.v").Raw; got != "[1,1]" {
		t.Errorf("two requests at once gave %s", got)
	}
	full := `const r = await helpers.httpRequest({url: "` + base + `/echo", returnFullResponse: true}); return {v: [r.headers["x-answer"], r.statusMessage, r.body.m]};`
	if got := golden.Answer(t, engine, all(t, full)).Get("outputs.0.0.json.v").Raw; got != `["yes","OK","GET"]` {
		t.Errorf("the whole answer is %s", got)
	}
}
