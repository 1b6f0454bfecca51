package core_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
)

// hookEngine stands for the engine behind a webhook: it has the two credentials, as n8n's test server had.
type hookEngine struct{}

func (hookEngine) Evaluate(nodes.Expression, int, map[string]nodes.Value) (nodes.Value, error) {
	return nodes.Value{}, errors.New("no expressions here")
}

func (hookEngine) Access(_ context.Context, credentialType string) (nodes.Access, error) {
	return map[string]nodes.Access{
		"httpBasicAuth":  {Fields: map[string]string{"user": "u"}, Secrets: nodes.Secrets{"password": "p"}},
		"httpHeaderAuth": {Fields: map[string]string{"name": "X-Key"}, Secrets: nodes.Secrets{"value": "k"}},
	}[credentialType], nil
}

func (e hookEngine) Renew(ctx context.Context, credentialType string, _ uint64) (nodes.Access, error) {
	return e.Access(ctx, credentialType)
}
func (hookEngine) Now() time.Time           { return time.Now() }
func (hookEngine) Location() *time.Location { return time.UTC }

func webhookCall(t *testing.T, version float64, params string) (nodes.Webhook, *nodes.Call) {
	t.Helper()
	template, errs := nodes.CompileTemplate(gjson.Parse(params), func(_, source string) (nodes.Expression, error) {
		return nil, fmt.Errorf("unexpected expression %s", source)
	})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, typ := range core.Nodes() {
		if w, ok := typ.Node.(nodes.Webhook); ok && typ.Descriptor.Type == "n8n-nodes-base.webhook" {
			return w, &nodes.Call{Name: "Webhook", Version: version, Params: template, Engine: hookEngine{}}
		}
	}
	t.Fatal("there is no webhook node")
	return nil, nil
}

// The bodies and queries are those that a server of n8n 2.40.7 was asked with, the answers what it showed.
func TestWebhookItem(t *testing.T) {
	t.Parallel()
	form, formType := multipartForm(t)
	for name, c := range map[string]struct {
		version                        float64
		params, url, contentType, body string
		path                           map[string]string
		want                           string // the item without headers
		status                         int    // of a refusal
		binary                         string
	}{
		"query": {
			url:  "/webhook/a?a=1&a=2&b[]=x&b[]=y&c[d]=1&e=&f&g=%20+z&h.i=2&j[]=1",
			want: `"query":{"a":["1","2"],"b":["x","y"],"c":{"d":"1"},"e":"","f":"","g":"  z","h.i":"2","j":["1"]},"body":{}`,
		},
		"odd query": {
			url:  "/webhook/a?k[0]=a&k[1]=b&l[x][y]=1&m[]=1&m=2&=5&%25zz=1&o[a]=1&o[a]=2&2=b&1=a",
			want: `"query":{"1":"a","2":"b","k":["a","b"],"l":{"x":{"y":"1"}},"m":["1","2"],"%zz":"1","o":{"a":["1","2"]}},"body":{}`,
		},
		"JSON":                {contentType: "application/json", body: `{"b":1,"2":0,"1":0}`, want: `"query":{},"body":{"1":0,"2":0,"b":1}`},
		"a JSON list":         {contentType: "application/json", body: `[1,2]`, want: `"query":{},"body":[1,2]`},
		"a JSON text":         {contentType: "application/json; charset=utf-8", body: `"x"`, want: `"query":{},"body":"x"`},
		"JSON null":           {contentType: "application/json", body: `null`, want: `"query":{},"body":{}`},
		"bad JSON":            {contentType: "application/json", body: `{bad`, status: 422},
		"form":                {contentType: "application/x-www-form-urlencoded", body: "a=1&a=2&b[c]=3&d=", want: `"query":{},"body":{"a":["1","2"],"b[c]":"3","d":""}`},
		"broken form":         {contentType: "application/x-www-form-urlencoded", body: "a=%zz&b=%E4", want: `"query":{},"body":{"a":"%zz","b":"` + "\uFFFD" + `"}`},
		"text":                {contentType: "text/plain", body: "hello", want: `"query":{},"body":"hello"`},
		"XML":                 {contentType: "application/xml", body: `<a><b c="1">x</b></a>`, want: `"query":{},"body":{"a":{"b":{"_":"x","$":{"c":"1"}}}}`},
		"XML with lists":      {contentType: "text/xml", body: `<A x="1"><b>1</b><b> 2  3 </b><C/></A>`, want: `"query":{},"body":{"a":{"$":{"x":"1"},"b":["1","2 3"],"c":""}}`},
		"bad XML":             {contentType: "text/xml", body: `<A>`, status: 422},
		"multipart":           {contentType: formType, body: form, want: `"query":{},"body":{"a":"1","b":["2","3"]}`},
		"no body":             {want: `"query":{},"body":{}`},
		"no body, version 1":  {version: 1, want: `"query":{}`},
		"another type":        {contentType: "application/pdf", body: "PDF", want: `"query":{},"body":{}`, binary: `{"data":"UERG","mimeType":"application/pdf","bytes":3}`},
		"another, version 1":  {version: 1, contentType: "application/pdf", body: "PDF", want: `"query":{}`},
		"raw body":            {params: `{"path":"a","options":{"rawBody":true,"binaryPropertyName":"x"}}`, contentType: "application/json", body: `{"a": 1}`, want: `"query":{},"body":{"a":1}`},
		"parameters of paths": {params: `{"path":"u/:id/x/:y"}`, url: "/webhook/u/5/x/a%20b?q=1", path: map[string]string{"y": "a b", "id": "5"}, want: `"query":{"q":"1"},"body":{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.version == 0 {
				c.version = 2
			}
			if c.params == "" {
				c.params = `{"path":"a","options":{}}`
			}
			if c.url == "" {
				c.url = "/webhook/a"
			}
			hook, call := webhookCall(t, c.version, c.params)
			req := httptest.NewRequest(http.MethodPost, c.url, strings.NewReader(c.body))
			if c.contentType != "" {
				req.Header.Set("Content-Type", c.contentType)
			}
			got, err := hook.Receive(context.Background(), call, req, c.path)
			if err != nil {
				t.Fatal(err)
			}
			if c.status != 0 {
				if got.Reject == nil || got.Reject.Status != c.status {
					t.Errorf("got %+v, want the status %d", got.Reject, c.status)
				}
				return
			}
			item := got.Items.At(0)
			params, address := "{}", "http://example.com/webhook/a"
			if c.path != nil {
				params, address = `{"id":"5","y":"a b"}`, "http://example.com/webhook/u/:id/x/:y"
			}
			want := fmt.Sprintf(`{"headers":%s,"params":%s,%s,"webhookUrl":%q,"executionMode":"production"}`, item.Get("headers").Raw, params, c.want, address)
			if item.JSON() != want {
				t.Errorf("got  %s\nwant %s", item.JSON(), want)
			}
			if file, ok := item.Binary().Get("data"); c.binary != "" && (!ok || file.Data != "UERG" || file.MimeType != "application/pdf" || file.Bytes != 3) {
				t.Errorf("got the binary data %+v", file)
			}
		})
	}
}

func multipartForm(t *testing.T) (body, contentType string) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for _, f := range [][2]string{{"a", "1"}, {"b", "2"}, {"b", "3"}} {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String(), w.FormDataContentType()
}

func TestWebhookHeaders(t *testing.T) {
	t.Parallel()
	hook, call := webhookCall(t, 2, `{"path":"a"}`)
	req := httptest.NewRequest(http.MethodGet, "/webhook-test/a", nil)
	req.Header = http.Header{"X-Two": {"1", "2"}, "Cookie": {"a=1", "b=2"}}
	got, err := hook.Receive(context.Background(), call, req, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"headers":{"host":"example.com","cookie":"a=1; b=2","x-two":"1, 2"},"params":{},"query":{},"body":{},"webhookUrl":"http://example.com/webhook-test/a","executionMode":"test"}`
	if got.Items.At(0).JSON() != want {
		t.Errorf("got  %s\nwant %s", got.Items.At(0).JSON(), want)
	}
}

func TestWebhookAdmits(t *testing.T) {
	t.Parallel()
	basic, header := `{"path":"a","authentication":"basicAuth"}`, `{"path":"a","authentication":"headerAuth"}`
	list := `{"path":"a","options":{"ipWhitelist":"1.2.3.4, 192.0.2.0/24"}}`
	bots := `{"path":"a","options":{"ignoreBots":true}}`
	for name, c := range map[string]struct {
		params string
		change func(*http.Request)
		status int
		want   string
	}{
		"none":                    {`{"path":"a"}`, nil, 200, `{"message":"Workflow was started"}`},
		"basic, no user":          {basic, nil, 401, "Authorization is required!"},
		"basic, wrong password":   {basic, func(r *http.Request) { r.SetBasicAuth("u", "x") }, 401, "Authentication data is wrong!"},
		"basic, right":            {basic, func(r *http.Request) { r.SetBasicAuth("u", "p") }, 200, `{"message":"Workflow was started"}`},
		"header, none":            {header, nil, 403, "Authorization data is wrong!"},
		"header, wrong":           {header, func(r *http.Request) { r.Header.Set("X-Key", "z") }, 403, "Authorization data is wrong!"},
		"header, right":           {header, func(r *http.Request) { r.Header.Set("X-Key", "k") }, 200, `{"message":"Workflow was started"}`},
		"address in the range":    {list, nil, 200, `{"message":"Workflow was started"}`},
		"address not in the list": {list, func(r *http.Request) { r.RemoteAddr = "[::1]:99" }, 403, "IP is not allowed to access the webhook!"},
		"a mapped address":        {list, func(r *http.Request) { r.RemoteAddr = "[::ffff:1.2.3.4]:99" }, 200, `{"message":"Workflow was started"}`},
		"a crawler":               {bots, func(r *http.Request) { r.Header.Set("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1)") }, 403, "Authorization data is wrong!"},
		"a script":                {bots, func(r *http.Request) { r.Header.Set("User-Agent", "curl/8") }, 403, "Authorization data is wrong!"},
		"a browser": {bots, func(r *http.Request) {
			r.Header.Set("User-Agent", "Mozilla/5.0 (X11; rv:120.0) Gecko/20100101 Firefox/120.0")
		}, 200, `{"message":"Workflow was started"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hook, call := webhookCall(t, 2, c.params)
			req := httptest.NewRequest(http.MethodGet, "/webhook/a", nil)
			if c.change != nil {
				c.change(req)
			}
			got, err := hook.Receive(context.Background(), call, req, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer := got.Answer
			if got.Reject != nil {
				answer = *got.Reject
			}
			if answer.Status != c.status || string(answer.Body) != c.want || (got.Reject == nil) != (c.status == 200) {
				t.Errorf("got %d %s, want %d %s", answer.Status, answer.Body, c.status, c.want)
			}
		})
	}
}

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	const jsonType, textType = "application/json; charset=utf-8", "text/html; charset=utf-8"
	items := nodes.ItemsOf(nodes.NewItem(`{"a":{"b":"hi"},"s":"hi"}`), nodes.NewItem(`{"a":2}`))
	failed := nodes.Result{Err: errors.New("boom")}
	for name, c := range map[string]struct {
		params    string
		result    nodes.Result
		status    int
		typ, want string
	}{
		"first item":              {`{}`, nodes.Result{Items: items}, 200, jsonType, `{"a":{"b":"hi"},"s":"hi"}`},
		"all items":               {`{"responseData":"allEntries"}`, nodes.Result{Items: items}, 200, jsonType, `[{"a":{"b":"hi"},"s":"hi"},{"a":2}]`},
		"no data":                 {`{"responseData":"noData"}`, nodes.Result{Items: items}, 200, jsonType, ""},
		"no item":                 {`{}`, nodes.Result{}, 500, jsonType, `{"code":0,"message":"No item to return was found"}`},
		"all of no items":         {`{"responseData":"allEntries"}`, nodes.Result{}, 200, jsonType, "[]"},
		"no binary data":          {`{"responseData":"firstEntryBinary"}`, nodes.Result{Items: items}, 500, jsonType, `{"code":0,"message":"No binary data was found to return"}`},
		"failed":                  {`{}`, failed, 500, jsonType, `{"message":"Error in workflow"}`},
		"a field":                 {`{"options":{"responsePropertyName":"a"}}`, nodes.Result{Items: items}, 200, jsonType, `{"b":"hi"}`},
		"a text":                  {`{"options":{"responsePropertyName":"s"}}`, nodes.Result{Items: items}, 200, textType, "hi"},
		"a text of a type":        {`{"options":{"responsePropertyName":"a.b","responseContentType":"text/plain"}}`, nodes.Result{Items: items}, 200, "text/plain; charset=utf-8", "hi"},
		"a missing field":         {`{"options":{"responsePropertyName":"zz"}}`, nodes.Result{Items: items}, 200, jsonType, ""},
		"a status and headers":    {`{"options":{"responseCode":{"values":{"responseCode":201}},"responseHeaders":{"entries":[{"name":"Content-Type","value":"text/x"}]}}}`, nodes.Result{Items: items}, 201, "text/x; charset=utf-8", `{"a":{"b":"hi"},"s":"hi"}`},
		"the answer of some node": {`{}`, nodes.Result{Reply: &nodes.Response{Status: 202, Header: http.Header{"Content-Type": {"x/y"}}, Body: []byte("z")}}, 202, "x/y", "z"},
		"binary data": {`{"responseData":"firstEntryBinary"}`, nodes.Result{Items: nodes.ItemsOf(nodes.NewItem("{}").WithBinary(
			(*nodes.Binary)(nil).With("data", nodes.File{Data: "aGk=", MimeType: "text/plain"})))}, 200, "text/plain", "file aGk="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hook, call := webhookCall(t, 2, c.params)
			got, err := hook.Respond(call, c.result)
			if err != nil {
				t.Fatal(err)
			}
			if got.File != nil {
				got.Body = []byte("file " + got.File.Data)
			}
			if got.Status != c.status || got.Header.Get("Content-Type") != c.typ || string(got.Body) != c.want {
				t.Errorf("got %d %s %s, want %d %s %s", got.Status, got.Header.Get("Content-Type"), got.Body, c.status, c.typ, c.want)
			}
		})
	}
}

func TestWebhookRoutes(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`{"path":"/a/:id/"}`:                                              "GET a/:id []",
		`{"path":"a","httpMethod":"POST"}`:                                "POST a []",
		`{"path":"a","multipleMethods":true}`:                             "GET a [] POST a []",
		`{"path":"a","responseMode":"streaming"}`:                         "GET a []",
		`{"path":"a","options":{"allowedOrigins":"http://a, http://b"}}`:  "GET a [http://a http://b]",
		`{"path":"a","options":{"allowedOrigins":"http://a,*"}}`:          "GET a []",
		`{"path":"a","multipleMethods":true,"httpMethod":["PUT","POST"]}`: "PUT a [] POST a []",
		`{"path":"a","httpMethod":["PUT","POST"]}`:                        `parameter "httpMethod": the method must be one, or with multipleMethods a list of them`,
		`{"path":""}`: `parameter "path": the webhook has no path`,
		`{"path":"a","responseMode":"sometimes"}`:   `item 0, parameter "responseMode": must be one of onReceived, lastNode, responseNode, streaming, and is "sometimes"`,
		`{"path":"a","authentication":"n8nOAuth2"}`: `parameter "authentication": the authentication n8nOAuth2 is n8n's own and not available: use basicAuth, headerAuth or jwtAuth`,
	} {
		hook, call := webhookCall(t, 2, params)
		routes, err := hook.Routes(call)
		var list []string
		for _, r := range routes {
			list = append(list, fmt.Sprint(r.Method, " ", r.Path, " ", r.Origins))
		}
		got := strings.Join(list, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
}

// TestWebhookTokens holds calls to tokens that are signed with keys, and makes such tokens.
func TestWebhookTokens(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	oneLine := strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), "\n", " ")
	engine := tokenEngine{access: nodes.Access{
		Fields:  map[string]string{"keyType": "pemKey", "algorithm": "RS256"},
		Secrets: nodes.Secrets{"privateKey": private, "publicKey": oneLine},
	}}
	token := strings.Split(gjson.Parse(respond(t, engine, `{"respondWith":"jwt","payload":"{\"sub\":\"ann\"}"}`)).Get("token").Str, ".")
	if len(token) != 3 {
		t.Fatalf("got the token %q", token)
	}
	hook, call := webhookCall(t, 2, `{"path":"a","authentication":"jwtAuth"}`)
	call.Engine = engine
	for _, c := range []struct{ authorization, want string }{
		{"Bearer " + strings.Join(token, "."), "ann"},
		{"Bearer " + token[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"eve"}`)) + "." + token[2], "invalid signature"},
		{"Bearer " + unsigned(`{"alg":"none"}`), "jwt signature is required"},
		{"Bearer " + withSecret(`{"alg":"HS256"}`, oneLine), "invalid algorithm"},
		{"", "No token provided"},
	} {
		req := httptest.NewRequest(http.MethodGet, "/webhook/a", nil)
		req.Header.Set("Authorization", c.authorization)
		got, err := hook.Receive(context.Background(), call, req, nil)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		if got.Reject != nil {
			text = string(got.Reject.Body)
		} else {
			text = got.Items.At(0).Get("jwtPayload.sub").Str
		}
		if text != c.want {
			t.Errorf("got %q, want %q", text, c.want)
		}
	}
}

// TestWebhookSecrets looks for keys in the errors of credentials that cannot be used.
func TestWebhookSecrets(t *testing.T) {
	t.Parallel()
	for _, fields := range []map[string]string{
		{"algorithm": "HS256", "keyType": "pemKey"}, {"algorithm": "RS256", "keyType": "pemKey"}, {"algorithm": "XX1"}, {"algorithm": "RS256"}, {"algorithm": "none"},
	} {
		hook, call := webhookCall(t, 2, `{"path":"a","authentication":"jwtAuth"}`)
		call.Engine = tokenEngine{access: nodes.Access{
			Fields: fields, Secrets: nodes.Secrets{"secret": "hush-hush", "privateKey": "-----BEGIN hush-hush-----", "publicKey": "-----BEGIN hush-hush-----"},
		}}
		req := httptest.NewRequest(http.MethodGet, "/webhook/a", nil)
		req.Header.Set("Authorization", "Bearer a.b.c")
		_, err := hook.Receive(context.Background(), call, req, nil)
		if err == nil || strings.Contains(fmt.Sprintf("%+v", err), "hush") {
			t.Errorf("%v: got the error %v", fields, err)
		}
	}
}

// tokenEngine is an engine with one credential, behind a webhook.
type tokenEngine struct {
	hookEngine
	access nodes.Access
}

func (e tokenEngine) Access(context.Context, string) (nodes.Access, error) { return e.access, nil }
func (tokenEngine) Called() bool                                           { return true }
func (tokenEngine) Leads(string) bool                                      { return false }
func (tokenEngine) Streams() bool                                          { return false }
func (tokenEngine) Stream(context.Context, nodes.Chunk) error              { return nil }
func (e tokenEngine) With(context.Context, nodes.Items) nodes.Engine       { return e }

// respond executes a Respond to Webhook node and returns the body of its answer.
func respond(t *testing.T, engine nodes.Engine, params string) string {
	t.Helper()
	_, call := webhookCall(t, 1.5, params)
	call.Engine, call.Inputs = engine, []nodes.Items{nodes.ItemsOf(nodes.NewItem("{}"))}
	for _, typ := range core.Nodes() {
		if typ.Descriptor.Type != "n8n-nodes-base.respondToWebhook" {
			continue
		}
		if err := typ.Node.Execute(context.Background(), call); err != nil {
			t.Fatal(err)
		}
	}
	_, _, reply := call.Outcome()
	if reply == nil {
		t.Fatal("there is no answer")
	}
	return string(reply.Body)
}

func unsigned(header string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(`{"sub":"eve"}`)) + "."
}

// withSecret signs with a public key as if it were a secret.
func withSecret(header, secret string) string {
	text := strings.TrimSuffix(unsigned(header), ".")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// TestRespondOutputs holds what the node hands on to what n8n 2.40.7 does behind a Webhook node.
func TestRespondOutputs(t *testing.T) {
	t.Parallel()
	const items = `[{"a":1},{"a":2}]`
	for _, c := range []struct {
		version      float64
		params, want string
	}{
		{1, `{}`, items},
		{1.1, `{}`, items},
		{1.3, `{}`, items + ` [{"response":{"body":{"a":1},"headers":{},"statusCode":200}}]`},
		{1.4, `{}`, items},
		{1.5, `{"enableResponseOutput":true,"respondWith":"allIncomingItems"}`, items + ` [{"response":{"body":[{"a":1},{"a":2}],"headers":{},"statusCode":200}}]`},
		{1.5, `{"enableResponseOutput":true,"respondWith":"text","responseBody":"x"}`, items + ` [{"response":{"body":"x","headers":{},"statusCode":200}}]`},
		{1.5, `{"enableResponseOutput":true,"respondWith":"noData"}`, items + ` [{"response":{"headers":{},"statusCode":200}}]`},
		{
			1.5, `{"enableResponseOutput":true,"respondWith":"redirect","redirectURL":"http://a.test"}`,
			items + ` [{"response":{"headers":{"location":"http://a.test"},"statusCode":307}}]`,
		},
		{
			1.5, `{"enableResponseOutput":true,"respondWith":"text","responseBody":"x","options":{"responseCode":404,"responseHeaders":{"entries":[{"name":"X-A","value":"1"}]}}}`,
			items + ` [{"response":{"body":"x","headers":{"x-a":"1"},"statusCode":404}}]`,
		},
		{1.5, `{"respondWith":"binary"}`, "No binary data exists on the first item!"},
		{1.5, `{"respondWith":"binary","responseDataSource":"set","inputFieldName":"zz"}`, "No binary data exists on the first item!"},
	} {
		_, call := webhookCall(t, c.version, c.params)
		call.Engine = tokenEngine{}
		call.Inputs = []nodes.Items{nodes.ItemsOf(nodes.NewItem(`{"a":1}`), nodes.NewItem(`{"a":2}`))}
		for _, typ := range core.Nodes() {
			if typ.Descriptor.Type != "n8n-nodes-base.respondToWebhook" {
				continue
			}
			var got []string
			if err := typ.Node.Execute(context.Background(), call); err != nil {
				got = append(got, nodes.AsError(err).Message)
			}
			outputs, _, _ := call.Outcome()
			for _, out := range outputs {
				var list []string
				for _, it := range out.All() {
					list = append(list, it.JSON())
				}
				got = append(got, "["+strings.Join(list, ",")+"]")
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%v %s: got %s, want %s", c.version, c.params, text, c.want)
			}
		}
	}
}
