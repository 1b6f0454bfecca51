package network_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/community"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

// service answers as its function says and keeps what it was asked.
type service struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newService(t *testing.T, answer func(r *http.Request, n int) (status int, header, body string)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, fmt.Sprintf("%s %s %v %s", r.Method, r.RequestURI, r.Header, body))
		n := len(s.seen)
		s.mu.Unlock()
		status, location, text := answer(r, n)
		w.Header().Set("Content-Type", "application/json")
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// declarative runs a node made of parts of a description, {credential, defaults, operations, properties}, in JavaScript, with the data of its
// credential (type xApi unless credential says another), after head, and gives its items, or its error.
type declarative struct{ credential, class, defaults, operations, properties, data, input, head string }

func (d declarative) kind() string {
	if d.credential == "" {
		return "xApi"
	}
	return d.credential
}

// nodes imports the node.
func (d declarative) nodes(t *testing.T) []*descriptors.Node {
	t.Helper()
	if d.class == "" {
		d.class = `this.authenticate={type:'generic',properties:{headers:{'X-Api-Key':'={{$credentials.key}}'}}};`
	}
	if d.properties == "" {
		d.properties = `{name:'o',type:'hidden',default:'x',routing:{request:{method:'GET'}}}`
	}
	list, err := importPackage(community.Package{Files: map[string]string{
		"package.json": `{"name":"n8n-nodes-x","version":"1.0.0","n8n":{"nodes":["X.node.js"],"credentials":["X.credentials.js"]}}`,
		"X.node.js": d.head + `class X{constructor(){this.description={displayName:'X',name:'x',version:1,credentials:[{name:'` + d.kind() + `',required:true}],requestDefaults:` +
			d.defaults + `,requestOperations:{` + d.operations + `},properties:[` + d.properties + `]};}} exports.X=X;`,
		"X.credentials.js": `class XApi{constructor(){this.name='xApi';this.displayName='x';this.properties=[{name:'key',type:'string',default:''}];` + d.class + `}} exports.XApi=XApi;`,
	}})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d nodes, %v", len(list), err)
	}
	return list
}

func (d declarative) run(t *testing.T) string {
	t.Helper()
	engine, c := d.engine(t)
	return runWith(t, engine, c)
}

// engine is one that has the node, and the case to run with it.
func (d declarative) engine(t *testing.T) (*runtime.Engine, gjson.Result) {
	t.Helper()
	return d.engineOf(t, d.nodes(t))
}

func (d declarative) engineOf(t *testing.T, list []*descriptors.Node) (*runtime.Engine, gjson.Result) {
	t.Helper()
	kind := d.kind()
	if d.input == "" {
		d.input = `[{"json":{"a":1}}]`
	}
	executor := request.New()
	t.Cleanup(executor.Close)
	o := network.Options{Executor: executor}
	credentials := fmt.Sprintf(`{%q:%s}`, kind, d.data)
	engine := newEngineWith(t, gjson.Parse(credentials), o, declaredTypes(list, o)...)
	return engine, gjson.Parse(`{"node":{"type":"n8n-nodes-x.x","typeVersion":1,"parameters":{}},"credentials":` + credentials + `,"input":` + d.input + `}`)
}

const canary = "canary-secret"

func fine(*http.Request, int) (int, string, string) { return 200, "", `{"fine":true}` }

// TestPagesOfAnotherServer: an answer that names another server for the next page does not get the credential there.
func TestPagesOfAnotherServer(t *testing.T) {
	t.Parallel()
	elsewhere := newService(t, fine)
	var next string
	here := newService(t, func(_ *http.Request, n int) (int, string, string) {
		if n == 1 {
			return 200, "", `{"id":1,"next":"` + next + `/p2"}`
		}
		return 200, "", `{"id":2}`
	})
	node := declarative{
		defaults:   `{baseURL:'` + here.URL + `',url:'/p1'}`,
		operations: `pagination:{type:'generic',properties:{continue:'={{ !!$response.body.next }}',request:{url:'={{ $response.body?.next ?? "/p1" }}'}}}`,
		properties: `{name:'o',type:'hidden',default:'x',routing:{send:{paginate:true}}}`,
		data:       `{"key":"` + canary + `"}`,
	}
	next = elsewhere.URL
	if got := node.run(t); !strings.Contains(got, "leads to another server") || len(elsewhere.requests()) != 0 {
		t.Errorf("%s; the other server saw %v", got, elsewhere.requests())
	}
	next = here.URL
	here.seen = nil
	if got := node.run(t); !strings.Contains(got, `{"id":2}`) || len(here.requests()) != 2 {
		t.Errorf("%s; %v", got, here.requests())
	}
}

// TestRedirectedDeclared: what a description makes of a credential goes to no other server.
func TestRedirectedDeclared(t *testing.T) {
	t.Parallel()
	elsewhere := newService(t, fine)
	status := 302
	here := newService(t, func(*http.Request, int) (int, string, string) { return status, elsewhere.URL + "/there", "" })
	node := declarative{
		defaults: `{baseURL:'` + here.URL + `',url:'/x',headers:{'X-Second':'=Key {{$credentials.key}}','X-Third':'={{$credentials.key.toUpperCase()}}','X-Other':'stays'}}`,
		data:     `{"key":"` + canary + `"}`,
	}
	if got := node.run(t); !strings.Contains(got, "fine") || !strings.Contains(here.requests()[0], strings.ToUpper(canary)) {
		t.Error(got, here.requests())
	}
	if seen := elsewhere.requests(); len(seen) != 1 || strings.Contains(strings.ToLower(seen[0]), canary) || !strings.Contains(seen[0], "stays") {
		t.Errorf("%v", seen)
	}
	status = 307
	node.properties = `{name:'o',type:'string',default:'x',routing:{request:{method:'POST',body:{token:'={{$credentials.key}}'}}}}`
	if got := node.run(t); !strings.Contains(got, "redirects to another server") || len(elsewhere.requests()) != 1 {
		t.Errorf("%s; %v", got, elsewhere.requests())
	}
	node.properties = `{name:'o',type:'string',default:'x',routing:{request:{method:'POST',body:{token:'none'}}}}`
	if got := node.run(t); !strings.Contains(got, "fine") || len(elsewhere.requests()) != 2 {
		t.Errorf("%s; %v", got, elsewhere.requests())
	}
}

// TestCredentialsOfOthers: n8n's own credential types go into requests as HTTP Request has them, and code that would put a
// credential into them is refused.
func TestCredentialsOfOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, class, data, sent, failed string }{
		{kind: "httpHeaderAuth", data: `{"name":"X-Auth","value":"` + canary + `"}`, sent: "X-Auth:[" + canary + "]"},
		{kind: "githubApi", data: `{"accessToken":"` + canary + `"}`, sent: "Authorization:[token " + canary + "]"},
		{kind: "httpQueryAuth", data: `{"name":"k","value":"` + canary + `"}`, sent: "/x?k=" + canary},
		{kind: "unheardOfApi", data: `{"key":"` + canary + `"}`, failed: "how credentials of type unheardOfApi go into a request is not known"},
		{class: `this.authenticate=async function sign(c,o){return o;};`, data: `{"key":"` + canary + `"}`, sent: "GET /x "},
		{class: `this.authenticate={type:'generic',properties:{headers:{'X-Sum':function sum(c){return c;}}}};`, data: `{"key":"` + canary + `"}`, failed: "a function (authenticate: sum) works on it that was not carried over"},
		{class: `this.note='';`, data: `{"key":"` + canary + `"}`, sent: "GET /x "},
	} {
		here := newService(t, fine)
		got := declarative{credential: c.kind, class: c.class, defaults: `{baseURL:'` + here.URL + `',url:'/x'}`, data: c.data}.run(t)
		seen := strings.Join(here.requests(), "\n")
		if c.failed != "" && (!strings.Contains(got, c.failed) || seen != "") || c.failed == "" && (!strings.Contains(got, "fine") || !strings.Contains(strings.ToLower(seen), strings.ToLower(c.sent))) {
			t.Errorf("%s %s: %s; the server saw %s", c.kind, c.class, got, seen)
		}
	}
}

// TestPreparedWithoutSecrets: an address that cannot be used has a secret in it.
func TestPreparedWithoutSecrets(t *testing.T) {
	t.Parallel()
	got := declarative{defaults: `{baseURL:'=api.acme.example/bot{{$credentials.key}}',url:'/x'}`, data: `{"key":"` + canary + `"}`}.run(t)
	if !strings.Contains(got, "Invalid URL: api.acme.example/bot***/x") || strings.Contains(got, canary) {
		t.Error(got)
	}
}

// TestSamePages: a service that answers the same for ever does not keep the node for ever.
func TestSamePages(t *testing.T) {
	t.Parallel()
	here := newService(t, func(*http.Request, int) (int, string, string) { return 200, "", `{"rows":[{"a":1}]}` })
	for _, rules := range []string{
		`type:'offset',properties:{limitParameter:'l',offsetParameter:'o',pageSize:1,type:'query',rootProperty:'rows'}`,
		`type:'generic',properties:{continue:'={{ true }}',request:{qs:{page:1}}}`,
	} {
		here.seen = nil
		got := declarative{
			defaults: `{baseURL:'` + here.URL + `',url:'/x'}`, operations: `pagination:{` + rules + `}`,
			properties: `{name:'o',type:'hidden',default:'x',routing:{send:{paginate:true}}}`, data: `{"key":"` + canary + `"}`,
		}.run(t)
		if !strings.Contains(got, "The returned response was identical 5x") || len(here.requests()) != 4 {
			t.Errorf("%s after %d requests", got, len(here.requests()))
		}
	}
}

// TestTokenOfPages: a token that is renewed on the way is the one of all pages that follow.
func TestTokenOfPages(t *testing.T) {
	t.Parallel()
	var minted, refused, pages int
	here := newService(t, func(r *http.Request, _ int) (int, string, string) {
		switch {
		case r.URL.Path == "/token":
			minted++
			return 200, "", fmt.Sprintf(`{"access_token":"token-%d","token_type":"bearer","expires_in":3600}`, minted)
		case r.Header.Get("Authorization") != "Bearer token-2":
			refused++
			return 401, "", `{}`
		}
		pages++
		return 200, "", fmt.Sprintf(`{"page":%d,"rows":[%s]}`, pages, map[bool]string{true: `{"a":1}`}[pages < 6])
	})
	data := `{"grantType":"clientCredentials","clientId":"a","clientSecret":"bbbbbbbb","accessTokenUrl":"` + here.URL + `/token"}`
	check := func(name, got string) {
		if minted != 2 || refused != 1 || pages != 6 {
			t.Errorf("%s: %d tokens, %d refusals, %d pages: %s", name, minted, refused, pages, got)
		}
		minted, refused, pages = 0, 0, 0
	}
	check("declarative", declarative{
		credential: "xOAuth2Api", data: data, defaults: `{baseURL:'` + here.URL + `',url:'/x'}`,
		operations: `pagination:{type:'offset',properties:{limitParameter:'l',offsetParameter:'o',pageSize:1,type:'query',rootProperty:'rows'}}`,
		properties: `{name:'o',type:'hidden',default:'x',routing:{send:{paginate:true}}}`,
	}.run(t))
	check("HTTP Request", run(t, gjson.Parse(`{"credentials":{"oAuth2Api":`+data+`},"input":[{"json":{}}],"node":{"type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"parameters":{
		"url":"`+here.URL+`/x","authentication":"genericCredentialType","genericAuthType":"oAuth2Api","options":{"pagination":{"pagination":{
			"paginationMode":"updateAParameterInEachRequest","parameters":{"parameters":[{"type":"qs","name":"p","value":"={{ $pageCount }}"}]},
			"paginationCompleteWhen":"other","completeExpression":"={{ $response.body.rows.length === 0 }}"}}}}}}`)))
}

// TestRequestWithoutCredential: $request, which the expressions of HTTP Request's paging see, is the request before the credential is in it.
func TestRequestWithoutCredential(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("X-Seen")+r.URL.Query().Get("seen"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"n":%d}`, len(asked))
	}))
	defer server.Close()
	for _, kind := range []string{`"httpHeaderAuth":{"name":"X-Key","value":"` + secret + `"}`, `"httpQueryAuth":{"name":"k","value":"` + secret + `"}`} {
		asked = nil
		name, _, _ := strings.Cut(strings.Trim(kind, `"`), `"`)
		engine := newEngine(t, gjson.Parse("{"+kind+"}"))
		execute(t, t.Context(), engine, workflow(`{"url":"`+server.URL+`","authentication":"genericCredentialType","genericAuthType":"`+name+`","options":{"pagination":{"pagination":{"paginationMode":"updateAParameterInEachRequest",
			"parameters":{"parameters":[{"type":"qs","name":"seen","value":"={{ JSON.stringify($request) }}"}]},"paginationCompleteWhen":"other","completeExpression":"={{ $response.body.n > 1 }}"}}}}`,
			`[{"json":{}}]`, `,"credentials":{"`+name+`":{"id":"`+name+`"}}`), runtime.RunOptions{})
		if len(asked) != 2 || !strings.Contains(asked[1], `"method":"GET"`) || strings.Contains(asked[1], "s3cr3t") {
			t.Errorf("%s: $request was %q", name, asked)
		}
	}
}
