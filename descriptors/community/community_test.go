package community_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func convert(t *testing.T, p community.Package, loose bool) *community.Imported {
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
	out, err := p.Convert(text, loose)
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
	out := convert(t, bookshop(t), false)
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
	if f.Node.Type != "n8n-nodes-bookshop.bookshop" || f.Node.BasePath != "/api/v2" || len(f.Node.Versions) != 2 || f.Node.Credentials[0].Type != "bookshopApi" {
		t.Errorf("%+v", f.Node)
	}
	got := ""
	for _, op := range f.Operations {
		got += op.Summary + " " + op.Request.Method + " " + op.Request.Path
		for _, p := range op.Properties {
			got += " " + p.Name + ":" + p.Type + ":" + p.In
			if p.Required {
				got += "!"
			}
		}
		got += "\n"
	}
	want := `book: create POST /books title:string:body! tags:string:body binding:options:body!
book: list GET /books limit:number:query! author:string:query options:collection:
book: price PUT /books/{isbn}/price isbn:string:path! amount:number:body!
order: cancel DELETE /orders/{orderId} orderId:string:path!
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	wantLeft := `dist/nodes/Lost.node.js: it cannot be loaded: the package does not have it
bookshop, book: create, parameter shelf: it is sent under another name: "shelf_name"
bookshop, book: create, parameter more: the members of a collection are sent only where it is called options
bookshop, book: search: its answer is reshaped (postReceive: rootProperty hits), which the executor does not do
bookshop, book: sign: a function (preSend) makes its request
bookshop, order: export: a function (postReceive) makes its items
bookshop, order: open: it sends the constant query "state"
runner: it executes code of its own
`
	if got := lines(out.Left); got != wantLeft {
		t.Errorf("left out:\n%swant\n%s", got, wantLeft)
	}
	wantNotes := "bookshop: its address is fixed in n8n: add \"baseUrl\": \"https://books.example.com\" to the credential's data\n" +
		"bookshop: its credential bookshopApi authenticates with fields in headers: only OAuth2's tokens are sent yet"
	if got := strings.Join(out.Notes, "\n"); got != wantNotes {
		t.Errorf("notes:\n%s\nwant\n%s", got, wantNotes)
	}
}

func TestLoose(t *testing.T) {
	t.Parallel()
	out := convert(t, bookshop(t), true)
	if out.Operations() != 5 || !strings.Contains(strings.Join(out.Notes, "\n"), "book: search gives the whole answer (postReceive: rootProperty hits)") {
		t.Errorf("%d operations, notes %q", out.Operations(), out.Notes)
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
		out := convert(t, p, false)
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
		"require('./gone')": "x.js: it cannot be loaded: x.js requires ./gone, which the package does not have\n",
	} {
		if got := load(code); got != want {
			t.Errorf("%s: got %q, want %q", code, got, want)
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
		out, err := p.Convert(evaluated, true)
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
			for _, op := range file.Operations {
				for _, q := range op.Properties {
					if strings.Contains(op.Request.Path, "{"+q.Name+"}") && q.In != "path" {
						t.Errorf("%s: nothing fills {%s}", op.Request.Path, q.Name)
					}
				}
			}
		}
	})
}
