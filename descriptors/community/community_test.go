package community_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/community"
	"github.com/cordboard/cordboard/runtime/script"
)

// bookshop is a package of our own in the form that n8n's tools compile.
func bookshop(t *testing.T) community.Package {
	t.Helper()
	p := community.Package{Files: map[string]string{}}
	root := filepath.Join("testdata", "package")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		p.Files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func convert(t *testing.T, p community.Package) *community.Imported {
	t.Helper()
	files, entries, err := p.Arguments()
	if err != nil {
		t.Fatal(err)
	}
	pool := script.NewPool(script.Options{})
	defer func() { _ = pool.Close() }()
	text, err := pool.Call(context.Background(), script.NewProgram(community.Program), nil, files, entries)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Convert(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func lines[T interface{ String() string }](list []T) string {
	text := ""
	for _, l := range list {
		text += l.String() + "\n"
	}
	return text
}

func TestBookshop(t *testing.T) {
	t.Parallel()
	out := convert(t, bookshop(t))
	if len(out.Files) != 1 {
		t.Fatalf("%d files, left out:\n%s", len(out.Files), lines(out.Left))
	}
	f := out.Files[0]
	set, err := f.Set()
	if err != nil {
		t.Fatal(err)
	}
	if problems := descriptors.Lint("bookshop", set); len(problems) > 0 {
		t.Error(descriptors.LintError(problems))
	}
	if f.Node.Type != "n8n-nodes-bookshop.bookshop" || len(f.Node.Versions) != 2 || string(f.Node.Routing.Defaults) != `{"baseURL":"={{$credentials.baseUrl}}/api/v2","headers":{"Accept":"application/json"}}` {
		t.Errorf("%+v", f.Node)
	}
	credential, err := json.Marshal(f.Node.Credentials)
	if want := `[{"type":"bookshopApi","required":true,"fields":[{"name":"baseUrl","type":"string","default":"https://books.example.com"},{"name":"key","type":"string"}],"authenticate":{"headers":{"X-Key":"={{$credentials.key}}"}}}]`; err != nil || string(credential) != want {
		t.Errorf("credentials %s, %v; want %s", credential, err, want)
	}
	got := ""
	for _, p := range f.Node.Properties {
		got += p.Name + " " + p.Type
		if p.Required {
			got += "!"
		}
		for _, o := range p.Options {
			got += " " + string(o.Value)
		}
		for _, m := range p.Properties {
			got += " ." + m.Name
		}
		got += "\n"
	}
	want := `resource options "book" "order"
operation options "create" "list" "search" "sign" "price"
title string!
tags string
binding options "soft" "hard"
shelf string
more collection .year
limit number
q string
options collection .author
isbn string!
amount number!
operation options "cancel" "export" "open"
orderId string!
requestOptions collection .batching .allowUnauthorizedCerts .proxy .timeout
`
	if got != want || out.Operations() != 8 {
		t.Errorf("%d operations\ngot\n%swant\n%s", out.Operations(), got, want)
	}
	wantLeft := `dist/nodes/Lost.node.js: it cannot be loaded: the package does not have it
bookshop, resource book, operation sign: a function (preSend: signed) of another package
bookshop, resource order, operation export: a function (postReceive: to-rows.toRows) of another package
runner: it executes code of its own
`
	if got := lines(out.Left); got != wantLeft {
		t.Errorf("left out:\n%swant\n%s", got, wantLeft)
	}
}

// TestFunctions: functions are carried over with the modules that they may need, once for a node; where none is, there are none.
func TestFunctions(t *testing.T) {
	t.Parallel()
	files := func(description string) map[string]string {
		return map[string]string{
			"package.json":          `{"name":"n8n-nodes-x","n8n":{"nodes":["dist/X.node.js"],"credentials":["dist/X.credentials.js"]}}`,
			"dist/X.node.js":        `const n = require('n8n-workflow'); const a = require('./a'); class X { constructor() { ` + description + ` } } exports.X = X;`,
			"dist/a.js":             `exports.f = async function (o) { const { g } = await Promise.resolve().then(() => __importStar(require("./lib/b"))); return g(o); };`,
			"dist/lib/b/index.js":   `const data = require("../../../data.json"); require("../gone"); exports.g = (o) => o;`,
			"dist/lib/unused.js":    `exports.h = 1;`,
			"dist/signs.js":         `exports.sign = 1;`,
			"data.json":             `{"a":1}`,
			"dist/X.credentials.js": `const s = require('./signs'); class C { constructor() { this.name = 'xApi'; this.properties = []; } async authenticate(c, o) { return o; } } exports.C = C;`,
		}
	}
	const head = `name: 'x', displayName: 'X', version: 1, requestDefaults: { baseURL: 'https://x' }`
	const one = `{ name: 'o', type: 'string', routing: { send: { preSend: [a.f, a.f] }, output: { postReceive: [{ type: 'limit' }, async () => []] } } }`
	for description, want := range map[string]string{
		`this.description = { ` + head + `, properties: [] };`: "null",
		`this.description = { ` + head + `, properties: [` + one + `] };`: `{"module":"dist/X.node.js","class":"X","modules":[data.json dist/X.node.js dist/a.js dist/lib/b/index.js]} ` +
			`{"send":{"preSend":[{"$function":"anonymous","at":["properties","0","routing","send","preSend","0"]},{"$function":"anonymous","at":["properties","0","routing","send","preSend","1"]}]},` +
			`"output":{"postReceive":[{"type":"limit"},{"$function":"anonymous","at":["properties","0","routing","output","postReceive","1"]}]}}`,
		`this.description = { ` + head + `, properties: [{ name: 'o', type: 'string', routing: { send: { preSend: [n.f] }, request: { url: () => 'x' } } }] };`: `null {"send":{"preSend":[{"$function":"n8n-workflow.f"}]},"request":{"url":{"$function":"url","at":["properties","0","routing","request","url"]}}}` +
			"x, parameter o: a function (preSend: n8n-workflow.f) of another package\nx, parameter o: a function (url: url), which is not known there\n",
		`this.description = {}; this.nodeVersions = { 1: { description: { ` + head + `, properties: [] } }, 2: { description: { ` + head + `, properties: [{ name: 'o', type: 'string', routing: { operations: { async pagination() {} } } }] } } };`: "null" +
			`; {"module":"dist/X.node.js","class":"X","version":"2","modules":[data.json dist/X.node.js dist/a.js dist/lib/b/index.js]} {"operations":{"pagination":{"$function":"pagination","at":["properties","0","routing","operations","pagination"]}}}`,
		`this.description = { ` + head + `, properties: [], credentials: [{ name: 'xApi' }] };`: `{"module":"dist/X.node.js","class":"X","modules":[dist/X.credentials.js dist/signs.js]}` +
			` {"$function":"authenticate","at":["authenticate"],"module":"dist/X.credentials.js","class":"C"}`,
	} {
		out := convert(t, community.Package{Files: files(description)})
		var got []string
		for _, f := range out.Files {
			got = append(got, describeCode(t, f.Node))
		}
		if all := strings.Join(got, "; ") + lines(out.Left); all != want {
			t.Errorf("%s\ngot  %s\nwant %s", description, all, want)
		}
	}
}

// describeCode writes the code of a node with the names of its modules, and what stands for functions.
func describeCode(t *testing.T, n *descriptors.Node) string {
	t.Helper()
	text, err := json.Marshal(n.Routing.Code)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	if n.Routing.Code != nil {
		var modules map[string]string
		if err := json.Unmarshal(n.Routing.Code.Modules, &modules); err != nil {
			t.Fatal(err)
		}
		got = strings.Replace(got, string(n.Routing.Code.Modules), fmt.Sprint(slices.Sorted(maps.Keys(modules))), 1)
	}
	if len(n.Properties) > 1 {
		got += " " + string(n.Properties[0].Routing)
	}
	if len(n.Credentials) > 0 {
		got += " " + string(n.Credentials[0].Authenticate)
	}
	return got
}

// TestVersions: what is in force for some versions only says so, and what is never in force is not carried over.
func TestVersions(t *testing.T) {
	t.Parallel()
	p := community.Package{Files: map[string]string{"package.json": `{"name":"n8n-nodes-x"}`}}
	shown := func(name, conditions string) string {
		return fmt.Sprintf(`{"name":%q,"type":"string","routing":{"send":{"type":"query","property":"x"}},"displayOptions":%s}`, name, conditions)
	}
	out, err := p.Convert(`{"nodes":[{"description":{"name":"x","version":[1,1.1,2],"properties":[` + strings.Join([]string{
		shown("all", `{}`), shown("first", `{"show":{"@version":[1]}}`), shown("later", `{"show":{"@version":[{"_cnd":{"gte":1.1}}],"all":["y"]}}`),
		shown("notTwo", `{"hide":{"@version":[2]}}`), shown("between", `{"show":{"@version":[{"_cnd":{"between":{"from":1,"to":1.5}}}]}}`),
		shown("never", `{"show":{"@version":[3]}}`), shown("odd", `{"show":{"@version":[{"_cnd":{"regex":"1"}}]}}`),
	}, ",") + `]}}]}`)
	if err != nil || len(out.Files) != 1 {
		t.Fatalf("%v %+v", err, out)
	}
	got := ""
	for _, q := range out.Files[0].Node.Properties {
		got += fmt.Sprintf("%s %v %v; ", q.Name, q.Versions, q.Show)
	}
	if want := "all [] map[]; first [1] map[]; later [1.1 2] map[all:[y]]; notTwo [1 1.1] map[]; between [1 1.1] map[]; odd [1 1.1] map[]; requestOptions [] map[]; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestCredentialMarks: a type that the package does not define is marked, and so is code that would put one into requests.
func TestCredentialMarks(t *testing.T) {
	t.Parallel()
	p := community.Package{Files: map[string]string{"package.json": `{"name":"n8n-nodes-x"}`}}
	out, err := p.Convert(`{"nodes":[{"description":{"name":"x","version":1,"requestDefaults":{"baseURL":"https://x"},"properties":[],"credentials":[
		{"name":"httpHeaderAuth"},{"name":"signedApi"},{"name":"plainApi"}]}}],
		"credentials":[{"name":"signedApi","authenticate":{"$function":"sign"}},{"name":"plainApi"}]}`)
	if err != nil || len(out.Files) != 1 {
		t.Fatalf("%v %+v", err, out)
	}
	got, err := json.Marshal(out.Files[0].Node.Credentials)
	if want := `[{"type":"httpHeaderAuth","outside":true},{"type":"signedApi","authenticate":{"$function":"sign"}},{"type":"plainApi"}]`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if got := lines(out.Left); got != "x, credential signedApi: a function (authenticate) puts it into requests\n" {
		t.Error(got)
	}
}

// TestNamesOfFunctions: a function of a credential may have any name.
func TestNamesOfFunctions(t *testing.T) {
	t.Parallel()
	out := convert(t, community.Package{Files: map[string]string{
		"package.json":     `{"name":"n8n-nodes-x","n8n":{"nodes":["X.node.js"],"credentials":["X.credentials.js"]}}`,
		"X.node.js":        `class X { constructor() { this.description = { name: 'x', version: 1, requestDefaults: { baseURL: 'https://x' }, properties: [], credentials: [{ name: 'xApi' }] }; } } exports.X = X;`,
		"X.credentials.js": `class C { constructor() { this.name = 'xApi'; this.properties = []; this.authenticate = { '\x07 "sign\u{10FFFF}': async (c, o) => o }['\x07 "sign\u{10FFFF}']; } } exports.C = C;`,
	}})
	if len(out.Files) != 1 {
		t.Fatalf("%+v", out)
	}
	if got := gjson.GetBytes(out.Files[0].Node.Credentials[0].Authenticate, `\$function`).Str; got != "\x07 \"sign\U0010FFFF" {
		t.Errorf("%q", got)
	}
}

// TestNothingToReach: a package's code finds neither files nor a network, and a loop without end is stopped.
func TestNothingToReach(t *testing.T) {
	t.Parallel()
	load := func(code string) string {
		p := community.Package{Files: map[string]string{
			"package.json": `{"name":"n8n-nodes-x","n8n":{"nodes":["x.js"]}}`,
			"x.js":         "class X { constructor() { this.description = { name: 'x', displayName: String(" + code + "), version: 1, requestDefaults: { baseURL: 'https://x' }, properties: [] }; } }\nexports.X = X;",
		}}
		out := convert(t, p)
		if len(out.Files) != 1 {
			return lines(out.Left)
		}
		return out.Files[0].Node.DisplayName
	}
	for code, want := range map[string]string{
		"typeof require('node:fs').readFileSync('/etc/passwd')":                 "function", // a stand-in of a stand-in
		"require('fs').readFileSync('/etc/passwd')":                             "fs.readFileSync()",
		"typeof fetch + typeof XMLHttpRequest + typeof __host":                  "undefinedundefinedfunction",
		"Object.keys(process.env).length + typeof process.exit":                 "0undefined",
		"(() => { try { return __host('x'); } catch { return 'refused'; } })()": "refused",
		"require('./gone')": "x.js: it cannot be loaded: x.js requires ./gone, which is not among the package's files that are here\n",
	} {
		if got := load(code); got != want {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
}

// TestModulesAlone: a module must be a program by itself, whatever names it has; none reaches out of the function that is put around it.
func TestModulesAlone(t *testing.T) {
	t.Parallel()
	const node = `class X { constructor() { this.description = { name: 'x', version: 1, requestDefaults: { baseURL: 'https://x' }, properties: [] }; } } exports.X = X;`
	for text, loads := range map[string]bool{
		node: true, "'use strict';" + node: true, node + " // }": true,
		"var files, open, attempt, compile, f, eval; let whole, names, resolve;" + node: true,
		"function eval() {} throw 0;": false, node + "}": false, node + "/*": false, node + "} {": false, "exports.X = `": false,
		"}), (((kept) => () => function (exports) {" + node + "\n})([]))(function () {": false,
	} {
		out := convert(t, community.Package{Files: map[string]string{"package.json": `{"name":"n8n-nodes-x","n8n":{"nodes":["x.js"]}}`, "x.js": text}})
		if (len(out.Files) == 1) != loads || (len(out.Left) == 0) != loads {
			t.Errorf("%s: %d nodes, %v", text, len(out.Files), out.Left)
		}
	}
}

func TestNoPackage(t *testing.T) {
	t.Parallel()
	for _, manifest := range []string{"", `{"name":"left-pad"}`, `{"n8n":{"nodes":["x.js"]}}`} {
		p := community.Package{Files: map[string]string{"package.json": manifest}}
		if _, _, err := p.Arguments(); err == nil || !strings.Contains(err.Error(), "it is no n8n package") {
			t.Errorf("%s: %v", manifest, err)
		}
	}
}

// FuzzConvert: whatever a package's code gives, what comes out are descriptors that can be used.
func FuzzConvert(f *testing.F) {
	p := community.Package{Files: map[string]string{"package.json": `{"name":"n8n-nodes-x"}`}}
	const one = `{"nodes":[{"description":{"name":"x","version":1,"requestDefaults":{"baseURL":"https://x/api"},"properties":[
		{"name":"operation","type":"options","options":[{"value":"get","routing":{"request":{"url":"=/a/{{$parameter.id}}"}}}]},%s]}}]}`
	for _, property := range []string{
		`{"name":"id","type":"string"}`, `{"name":"id","type":"string","routing":{"send":{"type":"body","property":"id"}}}`,
		`{"name":"id","type":"options","options":[{"value":1},{"value":1}]}`, `{"name":"","type":"string","routing":{"send":{"type":"query","property":""}}}`,
		`{"name":"options","type":"collection","options":[{"name":"id","type":"number","routing":{"request":{"qs":{"id":"={{$value}}"}}}}]}`, `null`,
	} {
		f.Add(strings.Replace(one, "%s", property, 1))
	}
	f.Fuzz(func(t *testing.T, evaluated string) {
		out, err := p.Convert(evaluated)
		if err != nil {
			return
		}
		for _, file := range out.Files {
			set, err := file.Set()
			if err != nil {
				t.Fatal(err)
			}
			if problems := descriptors.Lint("x", set); len(problems) > 0 {
				t.Error(descriptors.LintError(problems))
			}
		}
	})
}
