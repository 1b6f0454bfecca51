package network_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/runtime/binary"
)

// workflow is a start with these items and the node with these parameters; more are further members of the node.
func workflow(parameters, items, more string) string {
	return fmt.Sprintf(`{"nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},
		{"name":"Node","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"parameters":%s%s}],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}},"pinData":{"Start":%s},"settings":{"executionOrder":"v1"}}`,
		parameters, more, items)
}

// execute runs a workflow and returns its run object.
func execute(t testing.TB, ctx context.Context, engine *runtime.Engine, flow string, opts runtime.RunOptions) gjson.Result {
	t.Helper()
	parsed, err := runtime.ParseWorkflow("test", []byte(flow))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(ctx, parsed)
	if err != nil {
		t.Fatal(err)
	}
	execution, err := engine.NewExecution(plan, opts)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := execution.Run(ctx).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	return gjson.Parse(out.String())
}

func items(r gjson.Result) gjson.Result { return r.Get("data.resultData.runData.Node.0.data.main.0") }

func failure(r gjson.Result) gjson.Result { return r.Get("data.resultData.runData.Node.0.error") }

func manyItems(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"json":{"i":%d}}`, i)
	}
	return "[" + strings.TrimPrefix(b.String(), ",") + "]"
}

// TestOrder: requests run side by side, the answers come in the order of the items.
func TestOrder(t *testing.T) {
	t.Parallel()
	const n = 8
	var waiting sync.WaitGroup
	waiting.Add(n)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		waiting.Done()
		waiting.Wait() // all are under way at once, or this never ends
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"path":"`+r.URL.Path+`"}`)
	}))
	defer server.Close()
	r := execute(t, t.Context(), newEngine(t, gjson.Result{}), workflow(`{"url":"=`+server.URL+`/{{ $json.i }}"}`, manyItems(n), ""), runtime.RunOptions{})
	for i := range n {
		if got, want := items(r).Get(fmt.Sprintf("%d.json.path", i)).Str, fmt.Sprintf("/%d", i); got != want {
			t.Errorf("item %d is of %s, want %s", i, got, want)
		}
		if got := items(r).Get(fmt.Sprintf("%d.pairedItem.item", i)).Int(); got != int64(i) {
			t.Errorf("item %d descends from %d", i, got)
		}
	}
}

// TestBatches: no more than a batch is under way, and the next one waits for the interval.
func TestBatches(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		goruntime.Gosched()
		now.Add(-1)
		_, _ = io.WriteString(w, "x")
	}))
	defer server.Close()
	begun := time.Now()
	r := execute(t, t.Context(), newEngine(t, gjson.Result{}),
		workflow(`{"url":"`+server.URL+`","options":{"batching":{"batch":{"batchSize":2,"batchInterval":30}}}}`, manyItems(7), ""), runtime.RunOptions{})
	if n := len(items(r).Array()); n != 7 {
		t.Fatalf("%d items, want 7: %s", n, failure(r).Raw)
	}
	if most.Load() > 2 {
		t.Errorf("%d requests were under way at once, want at most 2", most.Load())
	}
	if took := time.Since(begun); took < 90*time.Millisecond {
		t.Errorf("4 batches took %s, want three intervals of 30ms at least", took)
	}
}

// TestBatchSize bounds what is under way without an interval, too.
func TestBatchSize(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	two := make(chan struct{})
	met := sync.OnceFunc(func() { close(two) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == 2 {
			met()
		}
		select { // the first waits for another
		case <-two:
		case <-r.Context().Done():
		}
		_ = nodes.Pause(r.Context(), 10*time.Millisecond) // so that others would come
		now.Add(-1)
		_, _ = io.WriteString(w, "x")
	}))
	defer server.Close()
	r := execute(t, t.Context(), newEngine(t, gjson.Result{}),
		workflow(`{"url":"`+server.URL+`","options":{"batching":{"batch":{"batchSize":2,"batchInterval":0}}}}`, manyItems(8), ""), runtime.RunOptions{})
	if n := len(items(r).Array()); n != 8 || most.Load() != 2 {
		t.Errorf("%d items, %d requests at once, want 8 and 2: %s", n, most.Load(), failure(r).Raw)
	}
}

// TestCancel: a run that is stopped does not wait for a server that does not answer.
func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		select {
		case <-r.Context().Done():
		case <-closed:
		}
	}))
	defer server.Close()
	defer close(closed)
	r := execute(t, ctx, newEngine(t, gjson.Result{}), workflow(`{"url":"`+server.URL+`"}`, manyItems(40), ""), runtime.RunOptions{})
	if got := r.Get("status").Str; got == "success" {
		t.Errorf("the run that was stopped ended as %q", got)
	}
}

// TestPause: the wait between batches ends with the run.
func TestPause(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		n.Add(1)
		time.AfterFunc(20*time.Millisecond, cancel)
	}))
	defer server.Close()
	execute(t, ctx, newEngine(t, gjson.Result{}), workflow(`{"url":"`+server.URL+`","options":{"batching":{"batch":{"batchSize":1,"batchInterval":3600000}}}}`, manyItems(2), ""), runtime.RunOptions{})
	if n.Load() != 1 {
		t.Errorf("%d requests were sent, want 1", n.Load())
	}
}

const secret = "s3cr3t/&value"

// TestSecrets: what is secret stands in no error, though the server repeats it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"message":"no: %s %s %s","raw":%q}`, r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.URL.RawQuery, r.URL.Query().Get("k"))
	}))
	defer server.Close()
	for kind, data := range map[string]string{
		"httpBasicAuth": `{"user":"u","password":"` + secret + `"}`, "httpHeaderAuth": `{"name":"X-Key","value":"` + secret + `"}`,
		"httpQueryAuth": `{"name":"k","value":"` + secret + `"}`, "httpBearerAuth": `{"token":"` + secret + `"}`,
		"httpCustomAuth": `{"json":"{\"headers\":{\"X-Key\":\"` + secret + `\"},\"qs\":{\"k\":\"` + secret + `\"}}"}`,
	} {
		for _, on := range []string{"stopWorkflow", "continueRegularOutput"} {
			engine := newEngine(t, gjson.Parse(`{"`+kind+`":`+data+`}`))
			r := execute(t, t.Context(), engine, workflow(`{"url":"`+server.URL+`","authentication":"genericCredentialType","genericAuthType":"`+kind+`"}`, `[{"json":{}}]`,
				`,"onError":"`+on+`","credentials":{"`+kind+`":{"id":"`+kind+`","name":"`+kind+`"}}`), runtime.RunOptions{})
			if !strings.Contains(r.Raw, "no: ") {
				t.Fatalf("%s: the error does not tell what the server said: %s", kind, r.Raw)
			}
			for _, form := range []string{secret, url.QueryEscape(secret), "dTpzM2NyM3Q"} {
				if strings.Contains(r.Raw, form) {
					t.Errorf("%s, %s: the secret is in the run data: %s", kind, on, r.Raw)
				}
			}
		}
	}
}

// TestRedirectKeepsSecrets: what a credential adds goes to no other server.
func TestRedirectKeepsSecrets(t *testing.T) {
	t.Parallel()
	var got http.Header
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer server.Close()
	engine := newEngine(t, gjson.Parse(`{"httpHeaderAuth":{"name":"X-Key","value":"`+secret+`"}}`))
	execute(t, t.Context(), engine, workflow(`{"url":"`+server.URL+`","authentication":"genericCredentialType","genericAuthType":"httpHeaderAuth","sendHeaders":true,
		"headerParameters":{"parameters":[{"name":"X-Other","value":"1"},{"name":"Authorization","value":"mine"}]}}`, `[{"json":{}}]`, `,"credentials":{"httpHeaderAuth":{"id":"httpHeaderAuth"}}`), runtime.RunOptions{})
	if got.Get("X-Other") != "1" {
		t.Errorf("the redirect was not followed with the other headers: %v", got)
	}
	if got.Get("X-Key") != "" || got.Get("Authorization") != "" {
		t.Errorf("the other server got a secret: %v", got)
	}
}

// TestDigest plays a server that checks the answer to its challenge by RFC 7616: of the address as it was sent, behind redirects as well.
func TestDigest(t *testing.T) {
	t.Parallel()
	sum := func(parts ...string) string {
		h := md5.Sum([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h[:])
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/here?x=1", http.StatusSeeOther)
			return
		}
		given := map[string]string{}
		for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "), ", ") {
			name, value, _ := strings.Cut(part, "=")
			given[name] = strings.Trim(value, `"`)
		}
		want := sum(sum("u", "a realm", "pw"), "n0nce", given["nc"], given["cnonce"], "auth", sum(r.Method, r.RequestURI))
		if given["response"] != want || given["opaque"] != "o" || given["uri"] != r.RequestURI {
			w.Header().Set("WWW-Authenticate", `Digest realm="a realm", nonce="n0nce", qop="auth,auth-int", opaque="o"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "in")
	}))
	defer server.Close()
	engine := newEngine(t, gjson.Parse(`{"httpDigestAuth":{"user":"u","password":"pw"}}`))
	lists := `,"sendQuery":true,"specifyQuery":"json","jsonQuery":"{\"n\":[1,2]}","options":{"queryParameterArrays":"repeat"}`
	for path, more := range map[string]string{"/p?a=b": "", "/a|b": "", "/lists": lists, "/away": `,"method":"POST"`} {
		r := execute(t, t.Context(), engine, workflow(`{"url":"`+server.URL+path+`","authentication":"genericCredentialType","genericAuthType":"httpDigestAuth"`+more+`}`, `[{"json":{}}]`,
			`,"credentials":{"httpDigestAuth":{"id":"httpDigestAuth"}}`), runtime.RunOptions{})
		if got := items(r).Get("0.json.data").Str; got != "in" {
			t.Errorf("%s: the server did not let us in: %s", path, r.Raw)
		}
	}
}

// TestOAuth2: a token that the server refuses is renewed once.
func TestOAuth2(t *testing.T) {
	t.Parallel()
	var minted atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			_, _ = fmt.Fprintf(w, `{"access_token":"token%d","token_type":"Bearer","expires_in":3600}`, minted.Add(1))
			return
		}
		if r.Header.Get("Authorization") != "Bearer token2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"in":true}`)
	}))
	defer server.Close()
	engine := newEngine(t, gjson.Parse(`{"oAuth2Api":{"grantType":"clientCredentials","accessTokenUrl":"`+server.URL+`/token","clientId":"c","clientSecret":"`+secret+`"}}`))
	r := execute(t, t.Context(), engine, workflow(`{"url":"`+server.URL+`/x","authentication":"genericCredentialType","genericAuthType":"oAuth2Api"}`, `[{"json":{}}]`,
		`,"credentials":{"oAuth2Api":{"id":"oAuth2Api"}}`), runtime.RunOptions{})
	if !items(r).Get("0.json.in").Bool() || minted.Load() != 2 {
		t.Errorf("%d tokens were minted: %s", minted.Load(), r.Raw)
	}
}

// TestEnvironmentProxy: the proxy of the environment gets the whole address, too, of a path that package url would write otherwise as well.
func TestEnvironmentProxy(t *testing.T) {
	const child = "CORDBOARD_TEST_ENVIRONMENT_PROXY"
	if os.Getenv(child) == "" { // net/http reads the environment once
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) }))
		defer proxy.Close()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEnvironmentProxy$", "-test.count=1")
		cmd.Env = append(os.Environ(), child+"=1", "HTTP_PROXY="+proxy.URL, "http_proxy=", "NO_PROXY=", "no_proxy=", "REQUEST_METHOD=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	r := execute(t, t.Context(), newEngine(t, gjson.Result{}), workflow(`{"url":"http://example.invalid/a|b"}`, `[{"json":{}}]`, ""), runtime.RunOptions{})
	if got, want := items(r).Get("0.json.data").Str, "http://example.invalid/a%7Cb"; got != want {
		t.Errorf("the proxy was asked for %q, want %q: %s", got, want, failure(r).Raw)
	}
}

// TestProxy: the request goes to the proxy, with the whole address.
func TestProxy(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) }))
	defer proxy.Close()
	r := execute(t, t.Context(), newEngine(t, gjson.Result{}), workflow(`{"url":"http://far.example/x?y=z","options":{"proxy":"`+proxy.URL+`"}}`, `[{"json":{}}]`, ""), runtime.RunOptions{})
	if got, want := items(r).Get("0.json.data").Str, "http://far.example/x?y=z"; got != want {
		t.Errorf("the proxy got %q, want %q: %s", got, want, failure(r).Raw)
	}
}

// TestTLS: a certificate that nobody signed is refused, unless it is allowed or known by the credential.
func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "safe") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	data, err := json.Marshal(map[string]string{"ca": strings.ReplaceAll(ca, "\n", " ")})
	if err != nil {
		t.Fatal(err)
	}
	engine := newEngine(t, gjson.Parse(`{"httpSslAuth":`+string(data)+`}`))
	for more, want := range map[string]string{``: "", `,"options":{"allowUnauthorizedCerts":true}`: "safe", `,"provideSslCertificates":true`: "safe"} {
		r := execute(t, t.Context(), engine, workflow(`{"url":"`+server.URL+`"`+more+`}`, `[{"json":{}}]`, `,"credentials":{"httpSslAuth":{"id":"httpSslAuth"}}`), runtime.RunOptions{})
		if got := items(r).Get("0.json.data").Str; got != want {
			t.Errorf("%s: got %q, want %q: %s", more, got, want, failure(r).Raw)
		}
		if want == "" && !strings.Contains(failure(r).Get("message").Str, "certificate") {
			t.Errorf("the error does not name the certificate: %s", failure(r).Raw)
		}
	}
}

// TestPublicOnly: with the option no request reaches this machine, by whatever name.
func TestPublicOnly(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came through") }))
	defer server.Close()
	executor := request.New()
	defer executor.Close()
	engine := newEngineWith(t, gjson.Result{}, network.Options{Executor: executor, PublicOnly: true})
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[64:ff9b::7f00:1]"} {
		r := execute(t, t.Context(), engine, workflow(`{"url":"http://`+host+`:`+port+`/","options":{"timeout":5000}}`, `[{"json":{}}]`, ""), runtime.RunOptions{})
		if got := failure(r).Get("message").Str; !strings.Contains(got, "private networks") {
			t.Errorf("%s: %q", host, got)
		}
	}
}

// TestFiles: a download goes to the store and an upload comes from it, and neither is held in memory.
func TestFiles(t *testing.T) { // alone, because it looks at the memory of the process
	const size = 64 << 20
	var uploaded atomic.Int64
	var length int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			length = r.ContentLength
			n, _ := io.Copy(io.Discard, r.Body)
			uploaded.Store(n)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = io.CopyN(w, endless{}, size)
	}))
	defer server.Close()
	store := binary.New(t.TempDir())
	defer store.Close()
	flow := fmt.Sprintf(`{"nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},
		{"name":"Node","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"parameters":{"url":"%[1]s/big.bin"}},
		{"name":"Up","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"parameters":{"method":"POST","url":"%[1]s","sendBody":true,"contentType":"binaryData","inputDataFieldName":"data"}}],
		"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]},"Node":{"main":[[{"node":"Up","type":"main","index":0}]]}},"settings":{"executionOrder":"v1"}}`, server.URL)
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	r := execute(t, t.Context(), newEngine(t, gjson.Result{}), flow, runtime.RunOptions{Binary: store})
	goruntime.ReadMemStats(&after)
	file := items(r).Get("0.binary.data")
	if file.Get("fileSize").Str != "67.1 MB" || file.Get("fileName").Str != "big.bin" || file.Get("data").Exists() {
		t.Errorf("the file is %s: %s", file.Raw, failure(r).Raw)
	}
	if uploaded.Load() != size || length != size {
		t.Errorf("%d bytes were uploaded with Content-Length %d, want %d", uploaded.Load(), length, size)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > size/2 {
		t.Errorf("%d bytes were allocated to pass on a file of %d", grown, size)
	}
}

// TestHeaderCase: names go out in small letters, or as they are written.
func TestHeaderCase(t *testing.T) {
	t.Parallel()
	for option, want := range map[string]string{`{}`: "x-one: 1", `{"lowercaseHeaders":false}`: "X-oNe: 1"} {
		raw := make(chan string, 1)
		server := rawServer(t, raw)
		execute(t, t.Context(), newEngine(t, gjson.Result{}), workflow(`{"url":"`+server+`","sendHeaders":true,"headerParameters":{"parameters":[{"name":"X-oNe","value":"1"}]},"options":`+option+`}`, `[{"json":{}}]`, ""), runtime.RunOptions{})
		if got := <-raw; !strings.Contains(got, "\r\n"+want+"\r\n") {
			t.Errorf("%s: no %q in %q", option, want, got)
		}
	}
}

// TestNextURLElsewhere: a page on another server does not get the credential.
func TestNextURLElsewhere(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other server was asked") }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"next":"`+other.URL+`/2"}`)
	}))
	defer server.Close()
	engine := newEngine(t, gjson.Parse(`{"httpBearerAuth":{"token":"`+secret+`"}}`))
	r := execute(t, t.Context(), engine, workflow(`{"url":"`+server.URL+`","authentication":"genericCredentialType","genericAuthType":"httpBearerAuth",
		"options":{"pagination":{"pagination":{"paginationMode":"responseContainsNextURL","nextURL":"={{ $response.body.next }}"}}}}`, `[{"json":{}}]`, `,"credentials":{"httpBearerAuth":{"id":"httpBearerAuth"}}`), runtime.RunOptions{})
	if got := failure(r).Get("message").Str; !strings.Contains(got, "another server") {
		t.Errorf("the error is %q", got)
	}
}

// rawServer answers one request and passes on what it was, byte by byte.
func rawServer(t *testing.T, raw chan<- string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		defer close(raw)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 4096)
		n, _ := c.Read(buf)
		_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		raw <- string(buf[:n])
	}()
	return "http://" + l.Addr().String()
}

// TestBodyOfError: what a server says beside an error stands in the item as items have it, and what is no JSON to n8n as text.
func TestBodyOfError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		body, _ := url.QueryUnescape(r.URL.RawQuery)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	deep := strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	for said, want := range map[string]string{`{"a":1,"a":2.0,"2":3,"1":4}`: `{"1":4,"2":3,"a":2.0}`, deep: `"` + deep + `"`} {
		flow := strings.Replace(workflow(`{"url":"`+server.URL+`/?`+url.QueryEscape(said)+`"}`, `[{"json":{}}]`, `,"onError":"continueRegularOutput"`), "4.2", "4.5", 1)
		r := execute(t, t.Context(), newEngine(t, gjson.Result{}), flow, runtime.RunOptions{})
		if got := items(r).Get("0.json.details.body").Raw; got != want {
			t.Errorf("%.200s\nwant %.200s", got, want)
		}
	}
}
