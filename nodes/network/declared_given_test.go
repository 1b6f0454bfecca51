package network_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// TestRepeatedByMethod: retryOnFail sends no POST again of which nobody knows what became, whoever made it one.
func TestRepeatedByMethod(t *testing.T) {
	t.Parallel()
	paginate := `{name:'o',type:'number',default:0,routing:{send:{paginate:true}}}`
	for _, c := range []struct {
		operations, properties string
		sent                   int
	}{
		{`async pagination(r){r.options.method='POST';return this.makeRoutingRequest(r);}`, paginate, 1},
		{`async pagination(r){return this.makeRoutingRequest(r);}`, paginate, 3},
		{`pagination:{type:'generic',properties:{continue:false,request:{method:'POST'}}}`, paginate, 1},
		{``, `{name:'o',type:'number',default:0,routing:{send:{preSend:[async function work(o){o.method='POST';return o;}]}}}`, 1},
	} {
		here := newService(t, func(*http.Request, int) (int, string, string) { panic(http.ErrAbortHandler) })
		engine, one := declarative{
			defaults: `{baseURL:'` + here.URL + `',url:'/x'}`, operations: c.operations, properties: c.properties, data: `{"key":"` + canary + `"}`,
		}.engine(t)
		one = gjson.Parse(strings.Replace(one.Raw, `"parameters":{}`, `"parameters":{},"retryOnFail":true,"maxTries":3,"waitBetweenTries":1`, 1))
		if got := runWith(t, engine, one); !strings.Contains(got, "ECONNRESET") || len(here.requests()) != c.sent {
			t.Errorf("%s%s: %s, sent %d times, want %d", c.operations, c.properties, got, len(here.requests()), c.sent)
		}
	}
}

// TestDefaultsOfFunctions: getNodeParameter gives the values of expressions that are defaults inside of a fixedCollection.
func TestDefaultsOfFunctions(t *testing.T) {
	t.Parallel()
	here := newService(t, fine)
	d := before(here.URL, `o.headers['X-Given']=JSON.stringify(this.getNodeParameter('f'));return o;`)
	d.properties = `{name:'n',type:'number',default:3},{name:'f',type:'fixedCollection',default:{g:{a:'1'}},options:[{name:'g',values:[{name:'a',type:'string',default:''},
		{name:'b',type:'string',default:'={{ $parameter.n + 1 }}'},{name:'c',type:'string',default:'={{ undefined }}'}]}]},` + d.properties
	if got := d.run(t); !strings.Contains(got, "fine") || !strings.Contains(here.requests()[0], `X-Given:[{"g":{"a":"1","b":4}}]`) {
		t.Error(got, here.requests())
	}
	d.properties = strings.Replace(d.properties, "$parameter.n + 1", "$(`Nope`).item.json.n", 1)
	if got := d.run(t); !strings.Contains(got, "Referenced node doesn't exist") || len(here.requests()) != 1 {
		t.Error(got, here.requests())
	}
}

// TestModulesOfFunctions: what is missing of crypto and url is named, and what is there does as Node.js's does.
func TestModulesOfFunctions(t *testing.T) {
	t.Parallel()
	here := newService(t, fine)
	cases := map[string]string{
		`require('crypto').createSign('RSA-SHA256');return o;`:                                                      "needs crypto.createSign, which is not available",
		`require('node:crypto').default.timingSafeEqual(1,1);return o;`:                                             "needs crypto.timingSafeEqual, which",
		`require('url').parse('http://x');return o;`:                                                                "needs url.parse, which",
		`const c=await Promise.resolve(require('crypto'));o.qs={r:c.default.randomBytes(2).length};return o;`:       "/x?r=2 ",
		`o.qs={u:require('url').default.URL===URL,s:String(require('url').hasOwnProperty('URL'))};return o;`:        "/x?u=true&s=true ",
		`const b=require('crypto').randomBytes(200000);o.qs={z:b.length,e:b.subarray(-64).every(x=>!x)};return o;`:  "/x?z=200000&e=false ",
		`o.qs={n:await new Promise(go=>require('crypto').randomBytes(8,(e,b)=>go([e,b.length].join())))};return o;`: "/x?n=%2C8 ",
		`require('crypto').getRandomValues(new Uint8Array(65537));return o;`:                                        "The requested length exceeds 65,536 bytes",
	}
	bodies := slices.Sorted(maps.Keys(cases))
	engine, c := choosing(here.URL, bodies).engine(t)
	for i, body := range bodies {
		before := len(here.requests())
		if got := runWith(t, engine, with(c, i)) + strings.Join(here.requests()[before:], ""); !strings.Contains(got, cases[body]) {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, cases[body])
		}
	}
}

// TestFileOfFunctions: a function gets files of a size that has no place as a list of numbers.
func TestFileOfFunctions(t *testing.T) {
	t.Parallel()
	const size = 24 << 20
	file := strings.Repeat("x", size)
	here := newService(t, func(*http.Request, int) (int, string, string) { return 200, "", file })
	d := before(here.URL, "")
	d.defaults = strings.Replace(d.defaults, "{baseURL", "{encoding:'arraybuffer',baseURL", 1)
	d.properties = `{name:'o',type:'hidden',default:'x',routing:{output:{postReceive:[async function work(items,r){const {body}=r;return [{json:{n:body.length,end:body.subarray(-2).toString()}}];}]}}}`
	if got := d.run(t); !strings.Contains(got, fmt.Sprintf(`{"n":%d,"end":"xx"}`, size)) {
		t.Error(got)
	}
}
