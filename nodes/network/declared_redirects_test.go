package network_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/descriptors/community"
)

// TestRedirectedFunctions: what a function makes of a secret that it sees, in headers under any spelling and in bodies, goes to no other
// server; what it leaves as it was does.
func TestRedirectedFunctions(t *testing.T) {
	t.Parallel()
	elsewhere := newService(t, fine)
	here := newService(t, func(r *http.Request, _ int) (int, string, string) {
		status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			return fine(r, 0)
		}
		return status, elsewhere.URL, ""
	})
	const (
		refused = "redirects to another server"
		sum     = `Buffer.from(o.headers['X-Second']).toString('base64')`
	)
	cases := []struct{ body, want string }{
		{`o.headers['x-kept']=` + sum + `;return o;`, "fine"},
		{`o.url='/307';o.body={sum:` + sum + `};return o;`, refused},
		{`o.url='/308';o.body=Buffer.from(` + sum + `);return o;`, refused},
		{`o.url='/307';o.body=new URLSearchParams({sum:` + sum + `});return o;`, refused},
		{`const f=new FormData();f.append('f',new Blob([` + sum + `]),'f');o.url='/307';o.body=f;return o;`, refused},
		{`o.url='/307';o.qs.sign=1;return o;`, refused},
		{`o.url='/308';o.qs.sign=1;o.body='a=1';return o;`, refused},
		{`o.url='/307';return o;`, "fine"},
		{`const o=r.options;o.headers['X-Sum']=` + sum + `;return this.makeRoutingRequest(r);`, "fine"},
		{`const o=r.options;o.url='/307';o.body={sum:` + sum + `};return this.makeRoutingRequest(r);`, refused},
		{`const o=r.options;o.url='/308';return this.makeRoutingRequest(r);`, "fine"},
	}
	const pages = 8 // the cases from here on are of pagination
	bodies := make([]string, len(cases))
	for i, c := range cases {
		bodies[i] = c.body
	}
	d := choosing(here.URL, bodies[:pages])
	d.class = `this.authenticate=async function sign(c,o){return o.qs.sign?{...o,body:{a:1,sum:Buffer.from(c.key).toString('base64')}}:o;};`
	d.defaults = `{method:'POST',baseURL:'` + here.URL + `',url:'/302',headers:{'X-Second':'={{$credentials.key}}','X-Kept':'yes'},body:{a:1}}`
	d.operations = `async pagination(r){` + dispatch("r", "this.getNodeParameter('o')-"+strconv.Itoa(pages), bodies[pages:]) + `}`
	for i := pages; i < len(cases); i++ {
		d.properties = strings.TrimSuffix(d.properties, "]}") + `{name:'p',value:` + strconv.Itoa(i) + `,routing:{send:{paginate:true}}},]}`
	}
	engine, c := d.engine(t)
	for i, it := range cases {
		before := len(elsewhere.requests())
		got, seen := runWith(t, engine, with(c, i)), elsewhere.requests()[before:]
		if !strings.Contains(got, it.want) || (it.want == refused) != (len(seen) == 0) {
			t.Errorf("%s: %s; the other server saw %v", it.body, got, seen)
		}
		for _, text := range seen {
			if strings.Contains(text, canary) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(canary))) {
				t.Errorf("%s: the other server saw %s", it.body, text)
			}
		}
	}
	seen := elsewhere.requests()
	if last := seen[len(seen)-1]; !strings.HasPrefix(last, "POST") || !strings.HasSuffix(last, `{"a":1}`) {
		t.Errorf("a body that was left as it was: %s", last)
	}
	unseen := before(here.URL, `o.method='POST';o.url='/307';o.body={b:2};return o;`)
	if got, now := unseen.run(t), elsewhere.requests(); !strings.Contains(got, "fine") || !strings.HasSuffix(now[len(now)-1], `{"b":2}`) {
		t.Errorf("a body of a function that sees no secret: %s %v", got, now[len(seen):])
	}
}

// TestBodiesGoOn: a body that is no JSON comes to the functions that follow as it was made, and is sent unless one of them makes another.
func TestBodiesGoOn(t *testing.T) {
	t.Parallel()
	here := newService(t, fine)
	cases := []struct{ body, sees, sent string }{
		{`o.method='POST';o.body='a=1&b=2';return o;`, "String a=1&b=2", " a=1&b=2"},
		{`o.method='POST';o.body=new URLSearchParams({a:1});return o;`, "URLSearchParams a=1", " a=1"},
		{`o.method='POST';o.body=Buffer.from('bytes');return o;`, "Buffer bytes", " bytes"},
		{`const f=new FormData();f.append('a','in a form');o.method='POST';o.body=f;return o;`, "FormData", "in a form"},
		{`o.method='POST';o.body={j:1};return o;`, "Object", ` {"j":1}`},
		{`o.method='POST';o.body='a=1';o.qs.add=1;return o;`, "String a=1", " a=1&b=2"},
		{`o.method='POST';o.body='a=1';o.qs.drop=1;return o;`, "String a=1", "] "},
		{`return o;`, "Object", "] "},
	}
	bodies := make([]string, len(cases))
	for i, c := range cases {
		bodies[i] = c.body
	}
	d := choosing(here.URL, bodies)
	d.properties = strings.Replace(d.properties, "{send:{preSend", "{send:{paginate:true,preSend", 1) // the first also through pagination
	d.operations = `async pagination(r){r.options.headers['X-Page']=r.options.body;return this.makeRoutingRequest(r);}`
	d.class = `this.authenticate=async function sign(c,o){const b=o.body;o.method||='GET';o.headers['X-Sees']=b.constructor.name+' '+b;
		if(o.qs.add)o.body+='&b=2';if(o.qs.drop)delete o.body;return o;};`
	engine, c := d.engine(t)
	for i, it := range cases {
		got, seen := runWith(t, engine, with(c, i)), here.requests()
		last := seen[len(seen)-1]
		if !strings.Contains(got, "fine") || len(seen) != i+1 || !strings.Contains(last, "X-Sees:["+it.sees) || !strings.HasSuffix(strings.TrimSuffix(last, "\r\n"), it.sent) && !strings.Contains(last, "multipart") ||
			!strings.Contains(last, it.sent) || strings.Contains(last, "X-Page:[a=1&b=2]") != (i == 0) {
			t.Errorf("%s: %s; the server saw %s", it.body, got, last)
		}
	}
}

// TestModulesThatBreakOut: a module that closes the function which is put around it would run once for all executions; it is not imported, and
// from a descriptor not run.
func TestModulesThatBreakOut(t *testing.T) {
	t.Parallel()
	here := newService(t, fine)
	d := before(here.URL, `return o;`)
	list := d.nodes(t)
	var files map[string]string
	if err := json.Unmarshal(list[0].Routing.Code.Modules, &files); err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for name, text := range files {
		files[name] = `}), (((kept) => () => function (exports, require, module) { kept.push(1);` + text + "\n})([]))(function () {"
	}
	imported, err := importPackage(community.Package{Files: map[string]string{"package.json": `{"name":"n8n-nodes-x","n8n":{"nodes":["X.node.js"]}}`, "X.node.js": files["X.node.js"]}})
	if err != nil || len(imported) > 0 {
		t.Error(len(imported), err)
	}
	if list[0].Routing.Code.Modules, err = json.Marshal(files); err != nil {
		t.Fatal(err)
	}
	engine, c := d.engineOf(t, list)
	if got := runWith(t, engine, c); !strings.Contains(got, "unexpected token") || len(here.requests()) > 0 {
		t.Error(got, here.requests())
	}
}
