package openapi_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/openapi"
	"github.com/cordboard/cordboard/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	// shapes is of OpenAPI 3.1: references of every kind, schemas that are true or false, several types.
	for _, c := range [][2]string{{"crm", "plain"}, {"crm", "odata"}, {"shapes", "plain"}} {
		doc, err := os.ReadFile("testdata/" + c[0] + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		f, err := openapi.Generate(doc, openapi.Options{Type: "acme." + c[0], Version: 2, Dialect: c[1]})
		if err != nil {
			t.Fatal(err)
		}
		text, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got := string(text) + "# " + strings.Join(f.Warnings, "\n# ") + "\n"
		golden := "testdata/" + c[0] + "." + c[1] + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from what is generated; if that is meant: go test ./descriptors/openapi -update", golden)
		}
		if strings.Contains(got, "stays outside") {
			t.Error("a sentence of the document is in the descriptor")
		}
		set, err := f.Set()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range descriptors.Lint(c[0], set) {
			t.Error(p)
		}
	}
}

func TestConversion(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("testdata/crm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := openapi.Generate(doc, openapi.Options{Type: "acme.crm", Schemas: "crm/1"})
	if err != nil {
		t.Fatal(err)
	}
	set, err := f.Set()
	if err != nil {
		t.Fatal(err)
	}
	contact, err := schemas.NewCompiler(set.Schema).Compile("cordboard://crm/1/Contact")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ members, want string }{
		{`"answer":"No"`, ""},
		{`"answer":null,"kind":null,"boss":null`, ""},
		{`"answer":false`, "/answer must be text or null, is false"},
		{`"kind":"c"`, `/kind must be one of "a", "b", null, is the text "c"; did you mean "a"?`},
		{`"boss":{"name":"B","boss":{"name":""}}`, "/boss/boss/name must have at least 1 characters, has 0"},
		{`"wakes":"09:30:00","born":"2026-02-28","worth":1.5,"score":"x"`, ""},
		{`"born":"28.2.2026"`, `/born must be a date such as 2026-01-31, is the text "28.2.2026"`},
		{`"count":9223372036854775808`, "/count must be from -9223372036854775808 to 9223372036854775807, is the number 9223372036854775808"},
		{`"count":9223372036854775807`, ""},
		{`"level":11`, "/level must be from 1 to 10, is the number 11"},
		{`"level":0`, "/level must be from 1 to 10, is the number 0"},
		{`"extra":{"a":1,"b":"x"}`, `/extra/b must be a whole number, is the text "x"`},
		{`"code":"anything, its pattern is not Go's"`, ""},
		{`"friends":[{"name":"A"},{"name":"A"}]`, "/friends must not hold the same value twice"},
	} {
		var got []string
		for _, v := range schemas.ValidateJSON(contact, `{"name":"Ann",`+c.members+`}`) {
			got = append(got, v.String())
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.members, strings.Join(got, "\n"), c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		doc     string
		options openapi.Options
		want    string
	}{
		{"", openapi.Options{}, "generate descriptor: no node type is given"},
		{"openapi: 3.0.0\npaths: {/a: {get: {responses: {}}}}", openapi.Options{Type: "a.b", Dialect: "soap"}, `generate descriptor: no dialect is called "soap"; there are plain, odata, 3cx`},
		{"swagger: '2.0'\npaths: {}", openapi.Options{Type: "a.b"}, `read OpenAPI document: its version is "2.0", and 3.0 or 3.1 is needed`},
		{"openapi: 3.0.0\npaths: {}", openapi.Options{Type: "a.b"}, "read OpenAPI document: it has no paths"},
		{"openapi: 3.0.0\npaths:\n  /a:\n    get:\n      responses: {'200': {$ref: '/etc/passwd'}}", openapi.Options{Type: "a.b"},
			"read OpenAPI document: component `/etc/passwd` does not exist in the specification"},
		{"openapi: 3.0.0\npaths: {/a: {get: {}}}\ncomponents:\n  schemas: {A: {$ref: '#/components/schemas/B'}, B: {$ref: '#/components/schemas/A'}}", openapi.Options{Type: "a.b"},
			`read OpenAPI document: line 4: the reference "#/components/schemas/B" leads back to itself`},
		{"openapi: 3.0.0\npaths: {/a: {get: {}}}\ncomponents: {schemas: {A: &a {properties: {x: *a}}}}", openapi.Options{Type: "a.b"},
			`read OpenAPI document: line 3: the anchor "a" holds itself`},
		{"openapi: 3.0.0\npaths: {/a: {get: {}}}\ncomponents: {schemas: {A: {maximum: .inf}}}", openapi.Options{Type: "a.b"},
			`read OpenAPI document: line 3: maximum must be a number, and is .inf`},
	} {
		_, err := openapi.Generate([]byte(c.doc), c.options)
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// TestOddValues: what YAML has and JSON has not.
func TestOddValues(t *testing.T) {
	t.Parallel()
	doc := `openapi: 3.1.0
servers: [{url: "https://{host}/x"}, {url: "https://api.example/v1"}]
paths: {/a: {get: {}}}
components:
  schemas:
    Date: {enum: [2022-06-28, {1: 2}, .nan]}
    Empty:
    Number: {const: .inf}
    Itself: {properties: {next: {$ref: "#/components/schemas/Itself"}}}
`
	f, err := openapi.Generate([]byte(doc), openapi.Options{Type: "a.b", Schemas: "s"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Date": `{"enum":["2022-06-28",{"1":2}]}`, "Empty": `{}`, "Number": `{}`, "Itself": `{"properties":{"next":{"$ref":"cordboard://s/Itself"}}}`,
	} {
		if got := string(f.Schemas["cordboard://s/"+name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if f.Node.BaseURL != "https://api.example" || f.Node.BasePath != "/v1" {
		t.Errorf("the server is %s %s", f.Node.BaseURL, f.Node.BasePath)
	}
	if want := []string{"line 6: the value .nan is left out of an enum: JSON has no such value"}; !slices.Equal(f.Warnings, want) {
		t.Errorf("got %v", f.Warnings)
	}
}

func TestDialectIsRecognised(t *testing.T) {
	t.Parallel()
	const operation = "{get: {tags: [T], operationId: list, parameters: [{name: %s, in: query, schema: {type: integer}}], responses: {'200': {description: ok}}}}"
	for _, c := range []struct{ title, server, parameter, dialect, credential string }{
		{"XAPI", "/xapi/v1", "$top", "3cx", "threeCXOAuth2Api"},
		{"XAPI", "https://pbx.example.com/xapi/v1/", "$top", "3cx", "threeCXOAuth2Api"},
		{"XAPI", "/xapi/v1", "limit", "plain", ""},
		{"Other", "/xapi/v1", "$top", "odata", ""},
		{"Other", "/odata", "$filter", "odata", ""},
		{"Other", "/api", "filter", "plain", ""},
	} {
		doc := fmt.Sprintf("openapi: 3.0.4\ninfo: {title: %s, version: '1'}\nservers: [{url: '%s'}]\npaths: {/Things: "+operation+"}", c.title, c.server, c.parameter)
		f, err := openapi.Generate([]byte(doc), openapi.Options{Type: "a.b"})
		if err != nil {
			t.Fatal(err)
		}
		credential := ""
		for _, use := range f.Node.Credentials {
			credential = use.Type
		}
		if f.Node.Dialect != c.dialect || credential != c.credential {
			t.Errorf("%+v: the dialect is %s, the credential %q", c, f.Node.Dialect, credential)
		}
	}
}

// FuzzGenerate holds that no document makes the generator panic, and that what it makes can be read again.
func FuzzGenerate(f *testing.F) {
	doc, err := os.ReadFile("testdata/crm.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Add([]byte("openapi: 3.1.0\npaths: {/a/{b}: {get: {responses: {}}}}"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		made, err := openapi.Generate(doc, openapi.Options{Type: "a.b", Dialect: "odata"})
		if err != nil {
			return
		}
		set, err := made.Set()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set.Nodes(); err != nil {
			t.Fatal(err)
		}
	})
}
