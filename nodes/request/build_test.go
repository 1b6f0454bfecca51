package request

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
)

func prop(name, typ, in, format string) descriptors.Property {
	return descriptors.Property{Name: name, Type: typ, In: in, Format: format}
}

func TestBuildPath(t *testing.T) {
	t.Parallel()
	name, number := prop("Name", "string", "path", ""), prop("Id", "number", "path", "int32")
	for _, c := range []struct {
		dialect, path, params, want string
		props                       []descriptors.Property
	}{
		{"3cx", "/Sbcs({Name})", `{"Name":"O'N & Sö/1"}`, `/Sbcs('O''N%20%26%20S%C3%B6%2F1')`, []descriptors.Property{name}},
		{"3cx", "/Sbcs({Name})", `{"Name":""}`, `/Sbcs('')`, []descriptors.Property{name}},
		{"3cx", "/Sbcs({Name})", `{"Name":null}`, `/Sbcs(null)`, []descriptors.Property{name}},
		{"3cx", "/Sbcs({Name})", `{"Name":".."}`, `/Sbcs('..')`, []descriptors.Property{name}},
		{"3cx", "/Sbcs({Name})", `{"Name":"a$b;c=d,e?f#g%h+i\\j\u0001"}`, `/Sbcs('a%24b%3Bc%3Dd%2Ce%3Ff%23g%25h%2Bi%5Cj%01')`, []descriptors.Property{name}},
		{"3cx", "/Sbcs({Name})", `{"Name":"日本 😀"}`, `/Sbcs('%E6%97%A5%E6%9C%AC%20%F0%9F%98%80')`, []descriptors.Property{name}},
		{"3cx", "/Users({Id})", `{"Id":7}`, `/Users(7)`, []descriptors.Property{number}},
		{"3cx", "/Users({Id})", `{"Id":-7}`, `/Users(-7)`, []descriptors.Property{number}},
		{"3cx", "/Users({Id})", `{"Id":1e3}`, `/Users(1000)`, []descriptors.Property{number}},
		{"3cx", "/Users({Id})", `{"Id":12345678901234567890}`, `/Users(12345678901234567890)`, []descriptors.Property{number}},
		{"3cx", "/Users({Id})", `{"Id":{"{Name}":1}}`, `parameter "Id": must not be an object or a list: it is a part of the path`, []descriptors.Property{number}},
		{"3cx", "/Users({Id})", `{}`, `parameter "Id": is required: it is part of the path /Users({Id})`, []descriptors.Property{number}},
		{"3cx", "/A/Pbx.F()", `{}`, `/A/Pbx.F()`, nil},
		{
			"3cx", "/R/Pbx.F(from={from},to={to},ext={Name},all={all})", `{"from":"2026-01-01T00:00:00+02:00","to":"2026-01-01T00:00:00Z","Name":"{to}","all":false}`,
			`/R/Pbx.F(from=2026-01-01T00%3A00%3A00%2B02%3A00,to=2026-01-01T00%3A00%3A00Z,ext='%7Bto%7D',all=false)`,
			[]descriptors.Property{name, prop("from", "dateTime", "path", "date-time"), prop("to", "dateTime", "path", "date-time"), prop("all", "boolean", "path", "")},
		},
		{"3cx", "/R({id})", `{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301"}`, `/R(3f2504e0-4f89-11d3-9a0c-0305e82c3301)`, []descriptors.Property{prop("id", "string", "path", "uuid")}},
		{"3cx", "/R({id})", `{"id":""}`, `parameter "id": must not be empty: it is a part of the path`, []descriptors.Property{prop("id", "string", "path", "uuid")}},
		{"plain", "/r/{Name}/x", `{"Name":"a/b c'd"}`, `/r/a%2Fb%20c'd/x`, []descriptors.Property{name}},
		{"plain", "/r/{Name}/{Name}", `{"Name":"{Name}"}`, `/r/%7BName%7D/%7BName%7D`, []descriptors.Property{name}},
		{"plain", "/r/{Name}", `{"Name":"../x"}`, `/r/..%2Fx`, []descriptors.Property{name}},
		{"plain", "/r/{Name}", `{"Name":".."}`, `parameter "Name": must not be "..": it is a part of the path`, []descriptors.Property{name}},
		{"plain", "/r/{Name}", `{"Name":null}`, `parameter "Name": must not be empty: it is a part of the path`, []descriptors.Property{name}},
	} {
		op := &descriptors.Operation{Request: descriptors.Request{Method: "GET", Path: c.path}, Properties: c.props}
		req, err := Build(&descriptors.Node{Dialect: c.dialect}, op, gjson.Parse(c.params), nil)
		got := ""
		if err != nil {
			got = err.Error()
		} else if got = req.Path; req.HasBody || req.Query != "" {
			t.Errorf("%s: query %q, body %v", c.params, req.Query, req.HasBody)
		}
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.path, c.params, got, c.want)
		}
	}
}

func TestBuildQuery(t *testing.T) {
	t.Parallel()
	op := &descriptors.Operation{Request: descriptors.Request{Method: "GET", Path: "/Users"}, Properties: []descriptors.Property{
		prop("$top", "number", "query", ""), prop("$skip", "number", "query", ""), prop("$search", "string", "query", ""), prop("$filter", "string", "query", ""),
		prop("$count", "boolean", "query", ""), prop("$select", "json", "query", ""), prop("$expand", "json", "query", ""), prop("If-Match", "string", "header", ""),
	}}
	for params, want := range map[string]string{
		`{}`:                                          ``,
		`{"$top":0,"$skip":0,"$count":false}`:         `$top=0&$skip=0&$count=false`,
		`{"$select":"Id,Number"}`:                     `$select=Id%2CNumber`,
		`{"$select":["Id","Number"]}`:                 `$select=Id%2CNumber`,
		`{"$select":"[\"Id\",\"Number\"]"}`:           `$select=Id%2CNumber`,
		`{"$select":[],"$filter":"","$top":null}`:     ``,
		`{"$filter":"Name eq 'a&b=c+d' and Id gt 5"}`: `$filter=Name%20eq%20'a%26b%3Dc%2Bd'%20and%20Id%20gt%205`,
		`{"$filter":"[x]"}`:                           `$filter=%5Bx%5D`,
		`{"$search":"one"}`:                           `$search=one`,
		`{"$search":"two words"}`:                     `$search=%22two%20words%22`,
		`{"$search":"\"two words\""}`:                 `$search=%22two%20words%22`,
		`{"$search":"a \"b c\""}`:                     `$search=a%20%22b%20c%22`,
		`{"$expand":"Groups($select=Id)"}`:            `$expand=Groups(%24select%3DId)`,
		`{"$count":true,"unknown":1}`:                 `$count=true`,
	} {
		req, err := Build(&descriptors.Node{Dialect: "3cx"}, op, gjson.Parse(params), nil)
		if err != nil || req.Query != want {
			t.Errorf("%s: %s %v, want %s", params, req.Query, err, want)
		}
	}
	req, err := Build(&descriptors.Node{Dialect: "3cx"}, op, gjson.Parse(`{"If-Match":"W/\"12\""}`), nil)
	if err != nil || fmt.Sprint(req.Header) != `map[If-Match:W/"12"]` {
		t.Errorf("%v %v", req, err)
	}
	if _, err = Build(&descriptors.Node{}, op, gjson.Parse(`{"If-Match":"a\r\nX: b"}`), nil); err == nil || err.Error() != `parameter "If-Match": holds a character that a header cannot hold` {
		t.Error(err)
	}
	if req, err = Build(&descriptors.Node{}, op, gjson.Parse(`{"If-Match":""}`), nil); err != nil || req.Header != nil {
		t.Errorf("%v %v", req, err)
	}
}

func TestBuildBody(t *testing.T) {
	t.Parallel()
	op := &descriptors.Operation{Request: descriptors.Request{Method: "PATCH", Path: "/Users({Id})", Body: true}, Properties: []descriptors.Property{
		prop("Id", "number", "path", ""), prop("Name", "string", "body", ""), prop("Count", "number", "body", ""), prop("Flag", "boolean", "body", ""), prop("Groups", "json", "body", ""),
	}}
	for params, want := range map[string]string{
		`{"Id":1}`:              `{}`,
		`{"Id":1,"Name":null}`:  `{"Name":null}`,
		`{"Id":1,"Flag":false}`: `{"Flag":false}`,
		`{"Id":1,"Count":0}`:    `{"Count":0}`,
		`{"Id":1,"Name":""}`:    `{"Name":""}`,
		`{"Id":1,"Groups":[]}`:  `{"Groups":[]}`,
		`{"Groups":[{"Id":12345678901234567890,"Tä\"g":"ü</>"}],"Name":"{Id}","Id":1}`: `{"Name":"{Id}","Groups":[{"Id":12345678901234567890,"Tä\"g":"ü</>"}]}`,
	} {
		req, err := Build(&descriptors.Node{Dialect: "3cx"}, op, gjson.Parse(params), nil)
		if err != nil || req.Body != want || !req.HasBody || req.Path != "/Users(1)" {
			t.Errorf("%s: %+v %v, want %s", params, req, err, want)
		}
	}
	req, err := Build(&descriptors.Node{Dialect: "3cx"}, op, gjson.Parse(`{"Id":1,"Groups":[1,2]}`), map[string]string{"Groups": "[3]", "unknown": "1"})
	if err != nil || req.Body != `{"Groups":[3]}` {
		t.Errorf("%+v %v", req, err)
	}
}

func TestBuildWithOptions(t *testing.T) {
	t.Parallel()
	op := writeThing()
	op.Properties = append(op.Properties, prop("q", "string", "query", ""))
	build := func(op *descriptors.Operation, params string) string {
		w := &worker{step: &step{node: &descriptors.Node{}, op: op}, params: gjson.Parse(params)}
		var err error
		if w.options, err = w.optionsOf(w.params); err != nil {
			return err.Error()
		}
		req, err := w.build(nil)
		if err != nil {
			return err.Error()
		}
		return strings.TrimSuffix(req.Path+"?"+req.Query, "?") + " " + req.Body
	}
	for options, want := range map[string]string{
		`{"rawQuery":"a=b&c=%20 d"}`:                    `/things/1?q=x&a=b&c=%20%20d {"AuthPassword":"p"}`,
		`{"rawQuery":"?a=b"}`:                           `/things/1?q=x&a=b {"AuthPassword":"p"}`,
		`{"rawQuery":{"$x":"a b","n":[1,2],"z":false}}`: `/things/1?q=x&$x=a%20b&n=1%2C2&z=false {"AuthPassword":"p"}`,
		`{"rawQuery":" {\"a\":1}"}`:                     `/things/1?q=x&a=1 {"AuthPassword":"p"}`,
		`{"rawQuery":"","body":""}`:                     `/things/1?q=x {"AuthPassword":"p"}`,
		`{"rawQuery":null,"body":null}`:                 `/things/1?q=x {"AuthPassword":"p"}`,
		`{"rawQuery":"a#b"}`:                            `parameter "requestOptions.rawQuery": holds a character that a query cannot hold`,
		`{"rawQuery":[1]}`:                              `parameter "requestOptions.rawQuery": must be a JSON object`,
		`{"body":{"AuthPassword":null,"More":[]}}`:      `/things/1?q=x {"AuthPassword":null,"More":[]}`,
		`{"body":"{\"More\": {\"b\": 1, \"b\": 2}}"}`:   `/things/1?q=x {"AuthPassword":"p","More":{"b":2}}`,
		`{"body":"{broken"}`:                            `parameter "requestOptions.body": is not JSON: invalid character 'b' looking for beginning of object key string`,
		`{"body":[1]}`:                                  `parameter "requestOptions.body": must be a JSON object`,
	} {
		if got := build(op, `{"id":"1","q":"x","AuthPassword":"p","requestOptions":`+options+`}`); got != want {
			t.Errorf("%s: %s, want %s", options, got, want)
		}
	}
	if got := build(readThing(), `{"id":"1","requestOptions":{"body":{"a":1}}}`); got != `/things/1 {"a":1}` {
		t.Errorf("a body where the operation has none: %s", got)
	}
}

func TestEscapeIsEncodeURIComponent(t *testing.T) {
	t.Parallel()
	const bare = "ABCXYZabcxyz0189-_.!~*'()"
	if got := escape(bare); got != bare {
		t.Error(got)
	}
	if got := escape("\"#$%&+,/:;<=>?@[\\]^`{|} \x00\x7fé"); got != "%22%23%24%25%26%2B%2C%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E%60%7B%7C%7D%20%00%7F%C3%A9" {
		t.Error(got)
	}
}
