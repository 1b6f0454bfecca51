package server

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// exchange is a request that n8n was sent, and its answer. testdata/webhook/record.mjs says what is in the files.
type exchange struct {
	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
		Chunked      bool
	}
	Response struct {
		Status       int
		Headers      map[string]string
		Body, Base64 string
	}
}

type webhookCase struct {
	Name        string
	Nodes       []json.RawMessage
	Connections json.RawMessage
	Refused     string
	Exchanges   []exchange
}

// workflow is the file that the case stands for: its nodes in a chain, unless it has connections.
func (c webhookCase) workflow() []byte {
	list, connections := make([]string, len(c.Nodes)), map[string]any{}
	for i, n := range c.Nodes {
		list[i] = fmt.Sprintf(`{"id":"n%d","position":[%d,0],%s`, i, 200*i, bytes.TrimSpace(n)[1:])
		if i > 0 {
			connections[gjson.GetBytes(c.Nodes[i-1], "name").Str] = map[string]any{
				"main": [][]map[string]any{{{"node": gjson.GetBytes(n, "name").Str, "type": "main", "index": 0}}},
			}
		}
	}
	if c.Connections == nil {
		c.Connections, _ = json.Marshal(connections)
	}
	return fmt.Appendf(nil, `{"name":%q,"nodes":[%s],"connections":%s,"settings":{"executionOrder":"v1"}}`, c.Name, strings.Join(list, ","), c.Connections)
}

// wire is the request as it goes over the wire.
func (e exchange) wire() (method string, text []byte) {
	q := e.Request
	method = q.Method
	if method == "" {
		method = http.MethodGet
	}
	headers := map[string]string{"connection": "close"}
	maps.Copy(headers, q.Headers)
	body := gjson.ParseBytes(q.Body)
	content := bodyBytes(body)
	if body.Exists() && q.Chunked {
		headers["transfer-encoding"] = "chunked"
		content = fmt.Appendf(nil, "%x\r\n%s\r\n0\r\n\r\n", len(content), content)
	} else if body.Exists() {
		headers["content-length"] = fmt.Sprint(len(content))
	}
	text = fmt.Appendf(nil, "%s %s HTTP/1.1\r\nhost: hook.test\r\n", method, q.Path)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		text = fmt.Appendf(text, "%s: %s\r\n", name, headers[name])
	}
	return method, append(append(text, "\r\n"...), content...)
}

func bodyBytes(body gjson.Result) []byte {
	switch {
	case body.Get("parts").Exists():
		var all []byte
		for _, part := range body.Get("parts").Array() {
			all = append(all, bodyBytes(part)...)
		}
		return all
	case body.Get("repeat").Exists():
		return bytes.Repeat([]byte(body.Get("repeat.0").Str), int(body.Get("repeat.1").Int()))
	case body.Get("base64").Exists():
		content, _ := base64.StdEncoding.DecodeString(body.Get("base64").Str)
		return content
	}
	return []byte(body.Str)
}

// differs are the exchanges in which the answer is another than n8n's, each with the reason.
var differs = map[string]string{
	"methods/not there/4":                       "the test address is answered as the other one is: there is no editor that would listen",
	"methods/not there/5":                       "n8n fails at a call from a page for a webhook that is not there; here it is the usual 404",
	"methods/CORS/4":                            "as above",
	"methods/CORS/5":                            "as above",
	"methods/CORS of origins/0":                 "n8n takes the space after a comma for a part of the origin",
	"methods/CORS of origins/3":                 "as above",
	"admit/jwt/10":                              "a token that says text and no object is not valid here",
	"answers/at once, data expression/0":        "n8n fails where the webhook's own options look at an item; here there is none to see",
	"answers/at once, data with the item/0":     "as above",
	"answers/last, header content type/0":       "as above",
	"answers/last, failed with continue/0":      "here the run went on, and its last items are the answer",
	"answers/last, content type nonsense/0":     "n8n fails at a Content-Type that is none",
	"items/bodies 2.1/15":                       "a number that is only moved keeps its digits",
	"items/path parameters/3":                   "a path with parameters is served without the webhook's id, too",
	"items/path parameters/4":                   "an escaped slash is a part of its segment",
	"items/queries/11":                          "paths are told by their case",
	"items/content encodings/3":                 "n8n answers 500 to a body that cannot be unpacked, here it is 422",
	"items/content encodings/5":                 "n8n answers 500 to a body that is too large, here it is 413",
	"items/sizes/1":                             "as above",
	"items/sizes/2":                             "as above",
	"items/sizes, raw body/1":                   "as above",
	"items/sizes, raw body/2":                   "as above",
	"items/sizes, raw body/3":                   "as above",
	"respond/respond, code text/0":              "the node fails at a status that is no number",
	"respond/respond, webhook's content type/0": "the Content-Type of the node that answers counts, not the webhook's",
}

// notCompared are headers that HTTP servers set by themselves, or that cost more than they are worth.
var notCompared = []string{"date", "etag", "vary", "transfer-encoding", "content-length", "connection"}

var (
	anyUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyName = regexp.MustCompile(`"n":"[a-z0-9]{25}"`)
	anyTime = regexp.MustCompile(`"timestamp":[1-9][0-9]+`)
)

// comparable is a body without what is made by chance, and of a failure only the message.
func comparable(status int, body string) string {
	if message := gjson.Get(body, "message"); status >= 400 && gjson.Valid(body) && message.Exists() {
		return message.Str
	}
	body = anyTime.ReplaceAllString(body, `"timestamp":0`)
	return anyName.ReplaceAllString(anyUUID.ReplaceAllString(body, "UUID"), `"n":"NAME"`)
}

func (e exchange) check(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	method, text := e.wire()
	go func() { _, _ = conn.Write(text) }() // the answer may come before the end of the request
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := e.Response.Body
	if e.Response.Base64 != "" {
		bytes, _ := base64.StdEncoding.DecodeString(e.Response.Base64)
		want = string(bytes)
	}
	if res.StatusCode != e.Response.Status {
		t.Errorf("status %d, want %d", res.StatusCode, e.Response.Status)
	}
	if got, want := comparable(res.StatusCode, strings.TrimSuffix(string(raw), "\n")), comparable(e.Response.Status, strings.TrimSuffix(want, "\n")); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for name := range res.Header {
		lower := strings.ToLower(name)
		if _, ok := e.Response.Headers[lower]; !ok && !slices.Contains(notCompared, lower) {
			t.Errorf("header %s: %q, want none", name, res.Header[name])
		}
	}
	for name, value := range e.Response.Headers {
		got := latin1Text(strings.Join(res.Header.Values(name), ", "))
		if got == sandboxed {
			got = "sandbox"
		}
		if got != strings.TrimSpace(value) && !slices.Contains(notCompared, name) {
			t.Errorf("header %s: got %q, want %q", name, got, value)
		}
	}
}

const sandboxed = "sandbox allow-downloads allow-forms allow-modals allow-orientation-lock allow-pointer-lock allow-popups " +
	"allow-popups-to-escape-sandbox allow-presentation allow-scripts allow-top-navigation-by-user-activation " +
	"allow-top-navigation-to-custom-protocols"

// latin1Text is the text of a header's bytes, as the script that recorded the answers reads them.
func latin1Text(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// TestRecorded sends what n8n 2.40.7 was sent and compares the answers.
func TestRecorded(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/webhook/*.json")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		if strings.HasSuffix(file, "credentials.json") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var data struct{ Cases []webhookCase }
		if err := json.Unmarshal(text, &data); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range data.Cases {
			count += len(c.Exchanges)
		}
		topic := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			checkCases(t, topic, data.Cases)
		})
	}
	if count < 300 {
		t.Errorf("there are only %d exchanges", count)
	}
}

func checkCases(t *testing.T, topic string, cases []webhookCase) {
	t.Helper()
	h := newHooks(t, WebhookOptions{MaxBody: 1 << 20, MaxFile: 2 << 20})
	for _, c := range cases {
		if c.Nodes == nil {
			continue
		}
		if err := h.add(c.Name, c.workflow()); (err != nil) != (c.Refused != "") {
			t.Fatalf("%s: got the error %v, where n8n says %q", c.Name, err, c.Refused)
		}
	}
	h.listen()
	for _, c := range cases {
		if c.Refused != "" {
			continue
		}
		for i, e := range c.Exchanges {
			t.Run(fmt.Sprintf("%s/%d", c.Name, i), func(t *testing.T) {
				if reason := differs[fmt.Sprintf("%s/%s/%d", topic, c.Name, i)]; reason != "" {
					t.Skip(reason)
				}
				e.check(t, h.address)
			})
		}
	}
}
