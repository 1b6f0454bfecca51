package server

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// flow is a workflow of a webhook and nodes behind it, in a chain.
func flow(webhook string, behind ...string) []byte {
	names := []string{"Webhook"}
	list := []string{fmt.Sprintf(`{"id":"n0","name":"Webhook","type":"n8n-nodes-base.webhook","typeVersion":2.1,"position":[0,0],"parameters":%s}`, webhook)}
	var connections []string
	for i, n := range behind {
		name := fmt.Sprint("N", i+1)
		typ, params, _ := strings.Cut(n, " ")
		typ, version, _ := strings.Cut(typ, "@")
		connections = append(connections, fmt.Sprintf(`%q:{"main":[[{"node":%q,"type":"main","index":0}]]}`, names[i], name))
		names = append(names, name)
		list = append(list, fmt.Sprintf(`{"id":"n%d","name":%q,"type":%q,"typeVersion":%s,"position":[%d,0],"parameters":%s}`, i+1, name, typ, version, 200*i+200, params))
	}
	return fmt.Appendf(nil, `{"name":"t","nodes":[%s],"connections":{%s},"settings":{"executionOrder":"v1"}}`, strings.Join(list, ","), strings.Join(connections, ","))
}

const (
	workNode    = `test.work@1 {}`
	respondText = `n8n-nodes-base.respondToWebhook@1.5 {"respondWith":"text","responseBody":"early"}`
)

// pages is an HTTP client that keeps no connection.
func (h *hooks) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

func (h *hooks) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.address+path, nil)
	if err != nil {
		return nil, err
	}
	return h.client().Do(req)
}

func text(t *testing.T, res *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(res.StatusCode, " ", strings.TrimSpace(string(body)))
}

// TestReplyIsEarly gets its answer while the run goes on.
func TestReplyIsEarly(t *testing.T) {
	t.Parallel()
	leave, left := make(chan struct{}), make(chan error, 1)
	h := newHooks(t, WebhookOptions{}, work(func(ctx context.Context, _ *nodes.Call) error {
		<-leave
		left <- ctx.Err()
		return nil
	}))
	if err := h.add("early.json", flow(`{"path":"a","responseMode":"responseNode"}`, respondText, workNode)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	res, err := h.get(t.Context(), "/webhook/a")
	if got := text(t, res, err); got != "200 early" {
		t.Errorf("got %s", got)
	}
	close(leave)
	if err := <-left; err != nil {
		t.Errorf("the run was ended: %v", err)
	}
}

// TestCallerVanishes lets the run go on to its end.
func TestCallerVanishes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"lastNode", "streaming"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			entered, leave, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			h := newHooks(t, WebhookOptions{}, work(func(ctx context.Context, call *nodes.Call) error {
				close(entered)
				<-leave
				caller := call.Engine.(nodes.Caller)
				for range 100 { // nobody takes them
					if err := caller.Stream(ctx, nodes.Chunk{Type: "item", Content: strings.Repeat("x", 100_000)}); err != nil {
						left <- err
						return err
					}
				}
				left <- ctx.Err()
				return nil
			}))
			if err := h.add("vanish.json", flow(`{"path":"a","responseMode":"`+mode+`"}`, workNode)); err != nil {
				t.Fatal(err)
			}
			h.listen()
			ctx, vanish := context.WithCancel(t.Context())
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				if res, err := h.get(ctx, "/webhook/a"); err == nil {
					_, _ = io.ReadAll(res.Body)
					_ = res.Body.Close()
				}
			}()
			<-entered
			vanish()
			<-gone
			close(leave)
			if err := <-left; err != nil {
				t.Errorf("the run was ended: %v", err)
			}
		})
	}
}

// TestStreamIsTaken hands each chunk over before the next one is made.
func TestStreamIsTaken(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	h := newHooks(t, WebhookOptions{}, work(func(ctx context.Context, call *nodes.Call) error {
		for i := range 3 {
			<-next
			if err := call.Engine.(nodes.Caller).Stream(ctx, nodes.Chunk{Type: "item", Content: fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		return nil
	}))
	if err := h.add("stream.json", flow(`{"path":"a","responseMode":"streaming"}`, workNode)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	res, err := h.get(t.Context(), "/webhook/a")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 3 {
		next <- struct{}{}
		line, err := lines.ReadString('\n')
		if want := fmt.Sprintf(`{"type":"item","content":"%d","metadata":{"nodeId":"n1","nodeName":"N1","itemIndex":0,"runIndex":0,"timestamp":0}}`, i) + "\n"; err != nil || anyTime.ReplaceAllString(line, `"timestamp":0`) != want {
			t.Errorf("got %q %v, want %q", line, err, want)
		}
	}
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("got %q %v after the end", rest, err)
	}
}

// TestStalledCaller does not hold a run up that streams to it.
func TestStalledCaller(t *testing.T) {
	t.Parallel()
	left := make(chan error, 1)
	h := newHooks(t, WebhookOptions{StallTimeout: 20 * time.Millisecond}, work(func(ctx context.Context, call *nodes.Call) error {
		for range 1000 { // more than the buffers of a connection take
			if err := call.Engine.(nodes.Caller).Stream(ctx, nodes.Chunk{Type: "item", Content: strings.Repeat("x", 100_000)}); err != nil {
				left <- err
				return err
			}
		}
		left <- nil
		return nil
	}))
	if err := h.add("stalled.json", flow(`{"path":"a","responseMode":"streaming"}`, workNode)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	conn := h.dial("GET /webhook/a HTTP/1.1\r\nHost: a\r\n\r\n")
	defer conn.Close()
	if err := <-left; err != nil {
		t.Errorf("the run was ended: %v", err)
	}
}

func (h *hooks) dial(request string) net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.address, "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		h.t.Fatal(err)
	}
	return conn
}

// TestSlowBody gives up on a body that does not arrive.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	h := newHooks(t, WebhookOptions{BodyTimeout: 20 * time.Millisecond})
	if err := h.add("slow.json", flow(`{"path":"a","httpMethod":"POST"}`)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	for _, contentType := range []string{"application/json", "application/pdf", "multipart/form-data; boundary=x"} {
		conn := h.dial("POST /webhook/a HTTP/1.1\r\nHost: a\r\nContent-Type: " + contentType + "\r\nContent-Length: 100\r\n\r\n{")
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
			t.Errorf("%s: got %q %v", contentType, answer, err)
		}
		_ = conn.Close()
	}
	if left, err := os.ReadDir(h.binaryDir); err == nil && len(left) > 0 {
		t.Errorf("%d directories of calls that were refused are left", len(left))
	}
}

// TestLargeFile sends a file through: it comes back as it was, and the process holds no copy of it.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	h := newHooks(t, WebhookOptions{})
	if err := h.add("file.json", flow(`{"path":"a","httpMethod":"POST","responseMode":"responseNode"}`, `n8n-nodes-base.respondToWebhook@1.5 {"respondWith":"binary"}`)); err != nil {
		t.Fatal(err)
	}
	if err := h.add("last.json", flow(`{"path":"b","httpMethod":"POST","responseMode":"lastNode","responseData":"firstEntryBinary"}`)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	for _, path := range []string{"/webhook/a", "/webhook/b"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.address+path, io.LimitReader(&counting{}, size))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-large")
		res, err := h.client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(&check{}, res.Body)
		_ = res.Body.Close()
		if err != nil || n != size || res.Header.Get("Content-Type") != "application/x-large" {
			t.Errorf("%s: got %d bytes of %s, %v", path, n, res.Header.Get("Content-Type"), err)
		}
	}
}

// counting is bytes without an end, 0 to 255 over and over.
type counting struct{ at byte }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c.at
		c.at++
	}
	return len(p), nil
}

// check takes the bytes that counting gives.
type check struct{ at byte }

func (c *check) Write(p []byte) (int, error) {
	for i, b := range p {
		if b != c.at {
			return i, fmt.Errorf("a byte is %d, not %d", b, c.at)
		}
		c.at++
	}
	return len(p), nil
}

// TestProxies believes X-Forwarded-For as far as there are proxies.
func TestProxies(t *testing.T) {
	t.Parallel()
	for hops, want := range map[int]string{0: "192.0.2.9:5", 1: "10.0.0.3", 2: "10.0.0.2", 3: "10.0.0.1", 4: "192.0.2.9:5"} {
		req := &http.Request{RemoteAddr: "192.0.2.9:5", Header: http.Header{"X-Forwarded-For": {"10.0.0.1, 10.0.0.2", "10.0.0.3"}}}
		if got := callerAddress(req, hops); got != want {
			t.Errorf("%d proxies: got %s, want %s", hops, got, want)
		}
	}
}

// TestHeadersOfAnswers sends no header that a workflow's data could split.
func TestHeadersOfAnswers(t *testing.T) {
	t.Parallel()
	h := newHooks(t, WebhookOptions{})
	if err := h.add("headers.json", flow(`{"path":"a","responseMode":"responseNode"}`, `n8n-nodes-base.respondToWebhook@1.5 {"respondWith":"text","responseBody":"x","options":{"responseHeaders":{"entries":[
		{"name":"X-A","value":"={{ $json.query.a }}"},{"name":"={{ $json.query.a }}","value":"b"},{"name":"X-B","value":"kept"}]}}}`)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	res, err := h.get(t.Context(), "/webhook/a?a=x%0d%0aX-Evil:%201")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.Header.Get("X-Evil") != "" || res.Header.Get("X-A") != "" || res.Header.Get("X-B") != "kept" {
		t.Errorf("got %v", res.Header)
	}
}

// TestIdleCallers are many connections that say nothing.
func TestIdleCallers(t *testing.T) {
	t.Parallel()
	h := newHooks(t, WebhookOptions{})
	if err := h.add("idle.json", flow(`{"path":"a"}`)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	for range 500 {
		conn := h.dial("GET /web")
		defer conn.Close()
	}
	res, err := h.get(t.Context(), "/webhook/a")
	if got := text(t, res, err); got != `200 {"message":"Workflow was started"}` {
		t.Errorf("got %s", got)
	}
}

// TestIdempotencyKeys starts one run for calls with the same key, and one each without.
func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	ran := make(chan struct{}, 10)
	h := newHooks(t, WebhookOptions{IdempotencyKeys: true}, work(func(context.Context, *nodes.Call) error {
		ran <- struct{}{}
		return nil
	}))
	for path, mode := range map[string]string{"a": "onReceived", "b": "lastNode"} {
		if err := h.add(path+".json", flow(`{"path":"`+path+`","responseMode":"`+mode+`","responseData":"noData"}`, workNode)); err != nil {
			t.Fatal(err)
		}
	}
	h.listen()
	for _, c := range [][3]string{
		{"a", "k", `200 {"message":"Workflow was started"}`}, {"a", "k", `200 {"message":"Workflow was started"}`},
		{"b", "k", "200 "}, {"b", "k", `409 {"code":409,"message":"A call with this Idempotency-Key was taken before."}`},
		{"b", "other", "200 "}, {"b", "", "200 "}, {"b", "", "200 "},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.address+"/webhook/"+c[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", c[1])
		res, err := h.client().Do(req)
		if got := text(t, res, err); got != c[2] {
			t.Errorf("%s with the key %q: got %s, want %s", c[0], c[1], got, c[2])
		}
	}
	for range 5 {
		<-ran
	}
	if len(ran) > 0 {
		t.Error("a call with a key that was used started a run")
	}
}

// TestExample answers by the workflow of examples/respond.json.
func TestExample(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../examples/respond.json")
	if err != nil {
		t.Fatal(err)
	}
	h := newHooks(t, WebhookOptions{})
	if err := h.add("respond.json", example); err != nil {
		t.Fatal(err)
	}
	h.listen()
	for path, want := range map[string]string{"12": `202 {"order":12,"state":"accepted"}`, "x": "404 There is no order x."} {
		res, err := h.get(t.Context(), "/webhook/order/"+path)
		if got := text(t, res, err); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// TestTooLarge refuses bodies above the bounds, also those that become so when they are unpacked.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	h := newHooks(t, WebhookOptions{MaxBody: 1000, MaxFile: 2000})
	if err := h.add("large.json", flow(`{"path":"a","httpMethod":"POST"}`)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	const parsed, form = `413 {"code":0,"message":"the request's body is too large"}`, `413 {"code":413,"message":"The submitted form data exceeds the allowed size."}`
	list := `"` + strings.Repeat("x", 998) + `"`
	var bomb bytes.Buffer
	packed := gzip.NewWriter(&bomb)
	_, _ = packed.Write([]byte(`"` + strings.Repeat("x", 1_000_000) + `"`))
	_ = packed.Close()
	part := func(head, content string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"f\"" + head + "\r\n\r\n" + content + "\r\n--b--\r\n"
	}
	for _, c := range [][4]string{
		{"application/json", "", list, `200 {"message":"Workflow was started"}`},
		{"application/json", "", list + " ", parsed},
		{"application/json", "gzip", bomb.String(), parsed},
		{"text/plain", "", list + " ", parsed},
		{"application/xml", "", list + " ", parsed},
		{"application/x-www-form-urlencoded", "", list + " ", parsed},
		{"application/pdf", "", list + list, `200 {"message":"Workflow was started"}`},
		{"application/pdf", "", list + list + " ", parsed},
		{"multipart/form-data; boundary=b", "", part("", list), `200 {"message":"Workflow was started"}`},
		{"multipart/form-data; boundary=b", "", part("", list+" "), form},
		{"multipart/form-data; boundary=b", "", part("\r\nContent-Type: a/b", list+list), `200 {"message":"Workflow was started"}`},
		{"multipart/form-data; boundary=b", "", part("\r\nContent-Type: a/b", list+list+" "), form},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.address+"/webhook/a", strings.NewReader(c[2]))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", c[0])
		if c[1] != "" {
			req.Header.Set("Content-Encoding", c[1])
		}
		res, err := h.client().Do(req)
		if got := text(t, res, err); got != c[3] {
			t.Errorf("%s %s of %d bytes: got %s, want %s", c[0], c[1], len(c[2]), got, c[3])
		}
	}
}

// TestSecondCallIsAnswered answers the call that starts a run, and the one that it waits for, each by a node of its own.
func TestSecondCallIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHooks(t, WebhookOptions{})
	if err := h.add("twice.json", flow(`{"path":"a","responseMode":"responseNode"}`,
		`n8n-nodes-base.respondToWebhook@1.5 {"respondWith":"text","responseBody":"={{ $execution.id }}"}`,
		`n8n-nodes-base.wait@1.1 {"resume":"webhook","responseMode":"responseNode","options":{}}`,
		`n8n-nodes-base.respondToWebhook@1.5 {"respondWith":"text","responseBody":"=second {{ $json.query.q }}"}`)); err != nil {
		t.Fatal(err)
	}
	h.listen()
	res, err := h.get(t.Context(), "/webhook/a")
	id, ok := strings.CutPrefix(text(t, res, err), "200 ")
	if !ok {
		t.Fatalf("got %s", id)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for { // it is on its way to the wait
		res, err := h.get(t.Context(), "/webhook-waiting/"+id+"?q=1")
		got := text(t, res, err)
		if strings.HasPrefix(got, "404 ") || strings.HasPrefix(got, "409 ") {
			select {
			case <-tick.C:
				continue
			case <-t.Context().Done():
				t.Fatal(got)
			}
		}
		if got != "200 second 1" {
			t.Errorf("got %s", got)
		}
		return
	}
}
