package network_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors/community"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

// TestFunctionCases runs what n8n did with functions of the package probe, as TestGolden does.
func TestFunctionCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/declarative/functions/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reason := skippedOfFunctions[name]; reason != "" {
				t.Skip(reason)
			}
			replay(t, file, probe)
		})
	}
}

const breach = "what a function must not give is refused here, in words that say which function it was"

// skippedOfFunctions are the recorded cases that are not met, each with the reason.
var skippedOfFunctions = map[string]string{
	"result-jsonText": noObject, "result-jsonList": noObject, "result-bare": noJSON, "result-mixed": noJSON, "fail-items": noLineage,
	"result-none": breach, "result-null": breach, "result-number": breach, "result-object": breach, "result-scalars": breach, "result-text": breach,
	"forget": breach, "fail-before-text": breach, "fail-after-text": breach, "other": breach,
	"result-paired":    "the items that a function gives come of the item at hand, whatever they say",
	"upload-none":      "n8n says it in JavaScript's words",
	"signed-show-post": "n8n shows a signal beside the options of the request",
}

// choosing is the routing of a parameter o whose value n has the n-th function before the request.
func choosing(address string, bodies []string) declarative {
	var options strings.Builder
	for i, body := range bodies {
		fmt.Fprintf(&options, "{name:'%d',value:%d,routing:{send:{preSend:[async function work(o){%s}]}}},", i, i, body)
	}
	d := before(address, "")
	d.properties = `{name:'o',type:'options',default:0,options:[` + options.String() + `]}`
	return d
}

// dispatch is the body of a function that is one of several, by an expression.
func dispatch(arguments, by string, bodies []string) string {
	text := "return ["
	for _, body := range bodies {
		text += "async(" + arguments + ")=>{" + body + "},"
	}
	return text + "][" + by + "](" + arguments + ");"
}

// with is a case with the parameter o set.
func with(c gjson.Result, o int) gjson.Result {
	return gjson.Parse(strings.Replace(c.Raw, `"parameters":{}`, fmt.Sprintf(`"parameters":{"o":%d}`, o), 1))
}

// before is a node with a function of preSend, whose body is given.
func before(address, body string) declarative {
	return declarative{
		defaults:   `{baseURL:'` + address + `',url:'/x',headers:{'X-Kept':'yes'}}`,
		properties: `{name:'o',type:'hidden',default:'x',routing:{send:{preSend:[async function work(o){` + body + `}]}}}`,
		data:       `{"key":"` + canary + `"}`,
	}
}

// TestFunctionsReachNothing: a function finds no network, no disk, no credential and no way to another server. It fails its item, says what
// was asked for, nothing is sent, and the next run is not touched.
func TestFunctionsReachNothing(t *testing.T) {
	t.Parallel()
	elsewhere := newService(t, fine)
	here := newService(t, fine)
	away := "leads the request to another server, " + strings.TrimPrefix(elsewhere.URL, "http://")
	needs := func(what string) string {
		return "a function of the node's package (work, at properties.0.options.N.routing.send.preSend.0) needs " + what + ", which is not available to functions here"
	}
	cases := map[string]string{
		`await this.helpers.httpRequest({url:'` + elsewhere.URL + `'});return o;`:                          needs("helpers.httpRequest"),
		`try{await this.helpers.httpRequest({url:'` + elsewhere.URL + `'});}catch{}return o;`:              needs("helpers.httpRequest"),
		`await this.helpers.httpRequestWithAuthentication.call(this,'xApi',o);return o;`:                   needs("helpers.httpRequestWithAuthentication"),
		`const c=await this.getCredentials('xApi');o.body=c;return o;`:                                     needs("this.getCredentials"),
		`await this.getCredentials('otherApi');return o;`:                                                  needs("this.getCredentials"),
		`await fetch('` + elsewhere.URL + `');return o;`:                                                   needs("fetch"),
		`require('fs').readFileSync('/etc/passwd');return o;`:                                              needs("require('fs')"),
		`require('node:child_process').execSync('id');return o;`:                                           needs("require('node:child_process')"),
		`require('net').connect(80);return o;`:                                                             needs("require('net')"),
		`await require('axios').get('` + elsewhere.URL + `');return o;`:                                    needs("require('axios')"),
		`require('n8n-workflow').LoggerProxy.info('x');return o;`:                                          needs("n8n-workflow.LoggerProxy.info"),
		`o.body={f:require('n8n-workflow').helper};return o;`:                                              needs("n8n-workflow.helper"),
		`o.url='` + elsewhere.URL + `/x';return o;`:                                                        away,
		`o.baseURL='` + elsewhere.URL + `';return o;`:                                                      away,
		`o.baseURL='';o.url='` + strings.Replace(elsewhere.URL, "://", "://127.0.0.1@", 1) + `';return o;`: away,
		`return {...o,url:'` + elsewhere.URL + `',baseURL:undefined};`:                                     away,
		`o.headers.Host='` + strings.TrimPrefix(elsewhere.URL, "http://") + `';return o;`:                  away,
		`o.proxy={host:'127.0.0.1',port:1};return o;`:                                                      "sets proxy of the request, which is not for it",
		`o.skipSslCertificateValidation=true;return o;`:                                                    "sets skipSslCertificateValidation of the request",
		`const s='x'.repeat(2**30);o.body={s:s+'y'};return o;`:                                             "invalid string length",
		`const a=[];for(;;)a.push('x'.repeat(2**26)+a.length);`:                                            "JavaScript used too much memory and was stopped",
		`const f=()=>f()+1;f();return o;`:                                                                  "JavaScript nested its calls too deeply and was stopped",
		`await new Promise(()=>{});return o;`:                                                              "the JavaScript waits for a promise that nothing will ever settle",
		`o.headers['X Y']='z';return o;`:                                                                   "Header name must be a valid HTTP token",
		`for(;;)this.evaluateExpression('{{ '+Math.random()+' }}');`:                                       "asks for something else each time that it runs",
		`throw new Error('the key is '+'` + canary + `');`:                                                 "the key is ***",
		`throw {known:0};`: `{\"known\":0}`,
	}
	bodies := append(slices.Sorted(maps.Keys(cases)), `o.headers['X-New']='n';return o;`)
	engine, c := choosing(here.URL, bodies).engine(t)
	for i, body := range bodies[:len(cases)] {
		want := strings.Replace(cases[body], "options.N.", fmt.Sprintf("options.%d.", i), 1)
		if got := runWith(t, engine, with(c, i)); !strings.Contains(got, want) || strings.Contains(got, canary) {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
		if seen := append(here.requests(), elsewhere.requests()...); len(seen) > 0 {
			t.Fatalf("%s: %s", body, seen)
		}
	}
	second := before(here.URL, "return o;")
	second.properties = strings.Replace(second.properties, "]}}}", ",async function next(o){require('fs');}]}}}", 1)
	if got := second.run(t); !strings.Contains(got, "(next, at properties.0.routing.send.preSend.1) needs require('fs')") {
		t.Error(got)
	}
	if got := runWith(t, engine, with(c, len(cases))); !strings.Contains(got, "fine") || !strings.Contains(here.requests()[0], "X-New:[n]") {
		t.Error(got, here.requests())
	}
}

// TestFunctionsEnd: a function that does not end ends with its run.
func TestFunctionsEnd(t *testing.T) {
	t.Parallel()
	here := newService(t, fine)
	bodies := []string{`for(;;){}`, `for(;;)await null;`, `for(;;){try{for(;;);}catch{}}`, `await new Promise(go=>setTimeout(go,1e6));return o;`}
	engine, _ := choosing(here.URL, bodies).engine(t)
	for i, body := range bodies {
		flow, err := runtime.ParseWorkflow("case", fmt.Appendf(nil, `{"nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"parameters":{}},
			{"name":"Node","type":"n8n-nodes-x.x","typeVersion":1,"parameters":{"o":%d},"credentials":{"xApi":{"id":"xApi"}}}],
			"connections":{"Start":{"main":[[{"node":"Node","type":"main","index":0}]]}},"settings":{"executionOrder":"v1"}}`, i))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := engine.Compile(t.Context(), flow)
		if err != nil {
			t.Fatal(err)
		}
		execution, err := engine.NewExecution(plan, runtime.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if got := execution.Run(ctx).Status; got == runtime.StatusSuccess {
			t.Errorf("%s: %s", body, got)
		}
		cancel()
	}
	if seen := here.requests(); len(seen) > 0 {
		t.Error(seen)
	}
}

// TestFunctionsAreApart: what a function leaves on anything of the language is not seen by the next item, and what it leaves anywhere at all
// not by the next execution.
func TestFunctionsAreApart(t *testing.T) {
	t.Parallel()
	here := newService(t, fine)
	node := before(here.URL, strings.ReplaceAll(`const w=require('n8n-workflow');
		const marked=(list)=>{const found=[];for(const at of list){found.push(typeof Object.getOwnPropertyDescriptor(at,'mark')?.value);try{at.mark=1;}catch{}}return [...new Set(found)].join();};
		o.headers['X-Shared']=marked([globalThis,Object.prototype,Array.prototype,Buffer,Promise,Error.prototype,crypto]);
		o.headers['X-Own']=marked([w.NodeApiError,w.NodeApiError.prototype,require('crypto'),module,exports,require,console,FormData,process,me,me.prototype]);
		o.headers['X-Self']=marked([this,this.helpers,this.logger,o]);
		return o;`, "\n", " "))
	node.head, node.input = `const me=arguments.callee;`, `[{"json":{}},{"json":{}},{"json":{}}]`
	engine, c := node.engine(t)
	for range 2 {
		if got := runWith(t, engine, c); strings.Count(got, "fine") != 3 {
			t.Fatal(got)
		}
	}
	own := 0
	for _, seen := range here.requests() {
		if !strings.Contains(seen, "X-Shared:[undefined]") || !strings.Contains(seen, "X-Self:[undefined]") {
			t.Error(seen)
		}
		if strings.Contains(seen, "X-Own:[undefined]") {
			own++
		}
	}
	if own != 2 {
		t.Errorf("%d of 6 items found nothing that was left, want the first of each execution: %v", own, here.requests())
	}
}

// TestFunctionsSeeNoSecret: the credential goes into the request after functions worked on it, and what they make of a secret that the
// description itself shows them goes to no other server.
func TestFunctionsSeeNoSecret(t *testing.T) {
	t.Parallel()
	elsewhere := newService(t, fine)
	to := ""
	here := newService(t, func(*http.Request, int) (int, string, string) {
		if to != "" {
			return 302, to, ""
		}
		return fine(nil, 0)
	})
	if got := before(here.URL, `o.headers['X-All']=JSON.stringify(o)+Object.keys(this);return o;`).run(t); !strings.Contains(got, "fine") {
		t.Fatal(got)
	}
	if seen := here.requests()[0]; strings.Count(seen, canary) != 1 || !strings.Contains(seen, "X-Api-Key:["+canary+"]") || !strings.Contains(seen, "X-All:[{") {
		t.Error(seen)
	}
	to = elsewhere.URL
	node := before(here.URL, `o.headers['X-Sum']=Buffer.from(o.headers['X-Second']).toString('base64');return o;`)
	node.defaults = strings.Replace(node.defaults, "'X-Kept'", "'X-Second':'={{$credentials.key}}','X-Kept'", 1)
	if got := node.run(t); !strings.Contains(got, "fine") || !strings.Contains(here.requests()[1], "X-Sum:") {
		t.Fatal(got, here.requests())
	}
	if seen := elsewhere.requests(); len(seen) != 1 || strings.Contains(seen[0], "X-Sum") || strings.Contains(seen[0], canary) || !strings.Contains(seen[0], "X-Kept") {
		t.Error(seen)
	}
}

// TestCredentialFunctions: the function by which a credential goes into requests leads them to no other server, and what it makes of the
// credential goes to none.
func TestCredentialFunctions(t *testing.T) {
	t.Parallel()
	elsewhere := newService(t, fine)
	to := ""
	here := newService(t, func(*http.Request, int) (int, string, string) {
		if to != "" {
			return 302, to, ""
		}
		return fine(nil, 0)
	})
	cases := map[string]string{
		`o.url='` + elsewhere.URL + `/'+c.key;return o;`: "leads the request to another server",
		`o.method='DELETE';return o;`:                    "(sign, at authenticate) changes the method of the request",
		`throw new Error(c.key);`:                        "***",
		`return this.getCredentials('x');`:               "Cannot read properties of undefined",
		`await fetch('` + elsewhere.URL + `');return o;`: "needs fetch",
	}
	bodies := append(slices.Sorted(maps.Keys(cases)), `o.headers={...o.headers,'X-Sum':Buffer.from(c.key).toString('hex'),'X-Short':c.key.slice(0,2)};return o;`)
	engine, c := declarative{
		class: `this.authenticate=async function sign(c,o){` + dispatch("c,o", "o.qs.o", bodies) + `};`, data: `{"key":"` + canary + `"}`,
		defaults: `{baseURL:'` + here.URL + `',url:'/x'}`, properties: `{name:'o',type:'number',default:0,routing:{send:{type:'query',property:'o'}}}`,
	}.engine(t)
	for i, body := range bodies[:len(cases)] {
		if got := runWith(t, engine, with(c, i)); !strings.Contains(got, cases[body]) || strings.Contains(got, canary) || len(here.requests())+len(elsewhere.requests()) > 0 {
			t.Errorf("%s: %s %v", body, got, here.requests())
		}
	}
	if got := runWith(t, engine, with(c, len(cases))); !strings.Contains(got, "fine") || !strings.Contains(here.requests()[0], fmt.Sprintf("X-Sum:[%x]", canary)) {
		t.Error(got, here.requests())
	}
	to = elsewhere.URL
	if got := runWith(t, engine, with(c, len(cases))); !strings.Contains(got, "fine") || len(elsewhere.requests()) != 1 || strings.Contains(elsewhere.requests()[0], "X-S") {
		t.Error(got, elsewhere.requests())
	}
}

// TestPagesOfFunctions: a function that asks for pages asks no other server, and not without end.
func TestPagesOfFunctions(t *testing.T) {
	t.Parallel()
	elsewhere := newService(t, fine)
	here := newService(t, func(r *http.Request, _ int) (int, string, string) {
		if r.URL.Path == "/gone" {
			return 404, "", "{}"
		}
		return fine(r, 0)
	})
	cases := map[string]string{
		`r.options.url='` + elsewhere.URL + `';return this.makeRoutingRequest(r);`:                                   "leads the request to another server",
		`r.options.url='/'+Math.random();await this.makeRoutingRequest(r);return [];`:                                "asks for something else each time that it runs",
		`r.options.url='/gone';try{return await this.makeRoutingRequest(r);}catch(e){throw e;}`:                      "The resource you are requesting could not be found",
		`await this.makeRoutingRequest(r);return {};`:                                                                "gave no list of items",
		`const [a,b]=await Promise.all([this.makeRoutingRequest(r),this.makeRoutingRequest(r)]);return [...a,...b];`: `{"fine":true}`,
	}
	bodies := slices.Sorted(maps.Keys(cases))
	engine, c := declarative{
		defaults: `{baseURL:'` + here.URL + `',url:'/x'}`, operations: `async pagination(r){` + dispatch("r", "this.getNodeParameter('o')", bodies) + `}`,
		properties: `{name:'o',type:'number',default:0,routing:{send:{paginate:true}}}`, data: `{"key":"` + canary + `"}`,
	}.engine(t)
	for i, body := range bodies {
		if got := runWith(t, engine, with(c, i)); !strings.Contains(got, cases[body]) {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, cases[body])
		}
	}
	if len(elsewhere.requests()) > 0 {
		t.Error(elsewhere.requests())
	}
}

// TestFunctionsOfVersions: a node with several versions has the functions of each, found where the import saw them; what the import did not
// see there is refused.
func TestFunctionsOfVersions(t *testing.T) {
	t.Parallel()
	here := newService(t, fine)
	description := func(version string) string {
		return `{name:'x',displayName:'X',version:` + version + `,requestDefaults:{baseURL:'` + here.URL + `',url:'/x'},properties:[{name:'o',type:'hidden',default:'x',routing:{send:{preSend:[function f(o){
			o.headers.Version='` + version + `'+this.getNode().typeVersion;return o;}]}}}]}`
	}
	list, err := importPackage(community.Package{Files: map[string]string{
		"package.json": `{"name":"n8n-nodes-x","n8n":{"nodes":["X.node.js"]}}`,
		"X.node.js":    `const w=require('n8n-workflow');class X extends w.VersionedNodeType{constructor(){super({1:{description:` + description("1") + `},2:{description:` + description("2") + `}},{name:'x'});}} exports.X=X;`,
	}})
	if err != nil || len(list) != 2 {
		t.Fatal(len(list), err)
	}
	run := func(version string) string {
		executor := request.New()
		t.Cleanup(executor.Close)
		o := network.Options{Executor: executor}
		return runWith(t, newEngineWith(t, gjson.Result{}, o, declaredTypes(list, o)...), gjson.Parse(`{"node":{"type":"n8n-nodes-x.x","typeVersion":`+version+`,"parameters":{}},"input":[{"json":{}}]}`))
	}
	for i, version := range []string{"1", "2"} {
		if got := run(version); !strings.Contains(got, "fine") || !strings.Contains(here.requests()[i], "Version:["+version+version+"]") {
			t.Errorf("%s: %s %v", version, got, here.requests())
		}
	}
	p := &list[0].Properties[0]
	was := string(p.Routing)
	p.Routing = []byte(strings.Replace(was, `"0"]`, `"7"]`, 1))
	if got := run("1"); !strings.Contains(got, "a function of the node's package (f, at properties.0.routing.send.preSend.7) is not where the import found it") {
		t.Error(got)
	}
	p.Routing = []byte(strings.Replace(was, `"at"`, `"was"`, 1))
	if got := run("1"); !strings.Contains(got, "a function (preSend: f) works on it that was not carried over from the node's package") {
		t.Error(got)
	}
	if p.Routing, list[0].Routing.Code = []byte(was), nil; !strings.Contains(run("1"), "not carried over") || len(here.requests()) != 2 {
		t.Error(here.requests())
	}
}
