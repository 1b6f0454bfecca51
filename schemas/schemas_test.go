package schemas_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cordboard/cordboard/schemas"
)

// person has every keyword whose violation has words of its own.
const person = `{"type":"object","required":["name","a/b"],"properties":{
	"name":{"type":"string","minLength":2,"maxLength":4},"age":{"type":"integer","minimum":0},"size":{"type":["number","null"],"exclusiveMaximum":3},
	"step":{"type":"number","multipleOf":0.5},"kind":{"enum":["red","green","blue"]},"fixed":{"const":7},
	"code":{"type":"string","pattern":"^[A-Z]+$"},"born":{"type":"string","pattern":"^[0-9]{4,}-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])$"},
	"tags":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":2,"uniqueItems":true},
	"boss":{"anyOf":[{"$ref":"#"},{"type":"null"}]},"either":{"oneOf":[{"type":"object","required":["x"]},{"type":"string"}]},
	"both":{"oneOf":[{"type":"number"},{"type":"integer"}]},
	"closed":{"type":"object","properties":{"size":{}},"additionalProperties":false},"VMPIN":{"type":"integer"},"apiToken":{"enum":["a"]},
	"few":{"type":"object","minProperties":1},"many":{"type":"object","maxProperties":0},"never":{"not":{}}
}}`

func TestViolations(t *testing.T) {
	t.Parallel()
	schema := compile(t, person)
	for _, c := range []struct{ member, want string }{
		{`"age":3`, ""},
		{`"age":3.0`, ""},
		{`"age":"3"`, `/age must be a whole number, is the text "3"`},
		{`"age":""`, `/age must be a whole number, is empty text`},
		{`"age":3.5`, `/age must be a whole number, is the number 3.5`},
		{`"age":-1`, `/age must be at least 0, is the number -1`},
		{`"age":12345678901234567890`, ""},
		{`"size":3`, `/size must be less than 3, is the number 3`},
		{`"size":[1]`, `/size must be a number or null, is a list of 1`},
		{`"size":true`, `/size must be a number or null, is true`},
		{`"step":0.3`, `/step must be a multiple of 0.5, is the number 0.3`},
		{`"kind":"gren"`, `/kind must be one of "red", "green", "blue", is the text "gren"; did you mean "green"?`},
		{`"kind":{}`, `/kind must be one of "red", "green", "blue", is an object`},
		{`"fixed":8`, `/fixed must be 7, is the number 8`},
		{`"code":"a"`, `/code must match the pattern ^[A-Z]+$, is the text "a"`},
		{`"born":"31.1.2026"`, `/born must be a date such as 2026-01-31, is the text "31.1.2026"`},
		{`"tags":[]`, `/tags must have at least 1 members, has 0`},
		{`"tags":["a","b","c"]`, `/tags must have at most 2 members, has 3`},
		{`"tags":["a","a"]`, `/tags must not hold the same value twice`},
		{`"boss":{"name":"Al","a/b":1,"boss":{"name":1,"a/b":1}}`, `/boss/boss/name must be text, is the number 1`},
		{`"boss":"Al"`, `/boss must be an object or null, is the text "Al"`},
		{`"either":1`, `/either must be an object or text, is the number 1`},
		{`"either":{}`, `/either/x is required, and is not set`},
		{`"both":1`, `/both fits more than one of the alternatives, and must fit exactly one`},
		{`"closed":{"sise":1,"zzz":2}`, `/closed has unknown members: "sise" (did you mean "size"?), "zzz"`},
		{`"VMPIN":"1234"`, `/VMPIN must be a whole number, is text`},
		{`"apiToken":"b"`, `/apiToken must be "a", is text`},
		{`"few":{}`, `/few must have at least 1 members, has 0`},
		{`"many":{"x":1}`, `/many must have at most 0 members, has 1`},
		{`"never":1`, `/never is not allowed here: the number 1`},
		{`"name":"x"`, `/name must have at least 2 characters, has 1`},
		{`"name":"äöüßx"`, `/name must have at most 4 characters, has 5`},
		{`"other":1e400`, `/other is too large for a number: 1e400`},
		{`"other":1e5000000`, `/other is too large for a number: 1e5000000`},
		{`"other":[1,-1e-5000000]`, `/other/1 is too small for a number: -1e-5000000`},
		{`"other":0e999999999`, `/other is not a number: 0e999999999`},
		{`"other":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "/other" + strings.Repeat("/0", 100) + " is nested deeper than 100 levels"},
		{`"other":` + strings.Repeat("1", 1001), `/other has 1001 characters, a number may have 1000`},
	} {
		value := `{"name":"Bo","a/b":1,` + c.member + `}`
		if got := words(schemas.ValidateJSON(schema, value)); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.member, got, c.want)
		}
	}
}

func TestAllViolationsInOrder(t *testing.T) {
	t.Parallel()
	schema := compile(t, person)
	got := words(schemas.ValidateJSON(schema, `{"tags":["","",3,4,5,6,7,8,9,10,11],"age":"x","boss":{"name":1}}`))
	want := strings.Join([]string{
		`/age must be a whole number, is the text "x"`,
		"/a~1b is required, and is not set",
		"/boss/a~1b is required, and is not set",
		"/boss/name must be text, is the number 1",
		"/name is required, and is not set",
		"/tags must have at most 2 members, has 11",
		"/tags must not hold the same value twice",
		"/tags/2 must be text, is the number 3",
		"/tags/3 must be text, is the number 4",
		"/tags/4 must be text, is the number 5",
		"/tags/5 must be text, is the number 6",
		"/tags/6 must be text, is the number 7",
		"/tags/7 must be text, is the number 8",
		"/tags/8 must be text, is the number 9",
		"/tags/9 must be text, is the number 10",
		"/tags/10 must be text, is the number 11",
	}, "\n")
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNotJSON(t *testing.T) {
	t.Parallel()
	schema := compile(t, `{}`)
	for _, c := range []struct{ text, want string }{
		{``, "is not JSON: EOF"},
		{`{`, "is not JSON: unexpected EOF"},
		{`1 2`, "is not one JSON value: more follows after character 1"},
		{`[]]`, "is not one JSON value: more follows after character 2"},
		{` null `, ""},
	} {
		if got := words(schemas.ValidateJSON(schema, c.text)); got != c.want {
			t.Errorf("%q: got %s, want %s", c.text, got, c.want)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	schema := compile(t, `{"type":"object","properties":{"n":{"type":"integer"}}}`)
	type odd struct {
		N int16 `json:"n"`
	}
	for _, c := range []struct {
		value any
		want  string
	}{
		{map[string]any{"n": 1}, ""},
		{map[string]any{"n": int16(1)}, ""},
		{map[string]any{"n": json.RawMessage(`"x"`)}, `/n must be a whole number, is the text "x"`},
		{odd{N: 3}, ""},
		{map[string]any{"n": math.NaN()}, "/n is not a number in JSON: NaN"},
		{map[string]any{"x": []any{math.Inf(1)}}, "/x/0 is not a number in JSON: +Inf"},
		{map[string]any{"x": make(chan int)}, "cannot be written as JSON: json: unsupported type: chan int"},
		{map[string]any{"n": json.Number("abc")}, `/n is not a number: abc`},
	} {
		if got := words(schemas.Validate(schema, c.value)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.value, got, c.want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	c := schemas.NewCompiler(func(address string) (json.RawMessage, error) {
		switch address {
		case "cordboard://test/good":
			return json.RawMessage(`{"type":"object","properties":{"again":{"$ref":"cordboard://test/good"}}}`), nil
		case "cordboard://test/half":
			return json.RawMessage(`{"properties":{"a":{"$ref":"cordboard://test/none"}}}`), nil
		}
		return nil, fmt.Errorf("no schema has the address %q", address)
	})
	want := `compile schema cordboard://test/half: jsonschema cordboard://test/half compilation failed: no schema has the address "cordboard://test/none"`
	for range 2 { // the second time must not find what the first left behind
		if _, err := c.Compile("cordboard://test/half"); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if _, err := c.CompileRaw(json.RawMessage(`{"minimum":1e5000000}`)); err == nil || err.Error() != "compile schema: is too large for a number: 1e5000000" {
		t.Errorf("got %v", err)
	}
	if _, err := c.CompileRaw(json.RawMessage(`{"type":"strng"}`)); err == nil {
		t.Error("a wrong type compiles")
	}
	first, err := c.Compile("cordboard://test/good")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := c.Compile("cordboard://test/good"); again != first {
		t.Error("the schema is compiled twice")
	}
}

func TestConcurrentCompile(t *testing.T) {
	t.Parallel()
	c := schemas.NewCompiler(nil)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			address := []string{schemas.Workflow, schemas.Credentials, schemas.Descriptor}[i%3]
			s, err := c.Compile(address)
			if err != nil {
				t.Error(err)
				return
			}
			schemas.ValidateJSON(s, `{"nodes":[{"name":1}]}`)
		})
	}
	group.Wait()
	if _, err := c.Compile("cordboard://schemas/workflows"); err == nil ||
		!strings.HasSuffix(err.Error(), `no schema has the address "cordboard://schemas/workflows"; Cordboard's own are cordboard://schemas/workflow, cordboard://schemas/descriptor, cordboard://schemas/credentials`) {
		t.Errorf("got %v", err)
	}
}

func TestOwnSchemas(t *testing.T) {
	t.Parallel()
	node := `{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{},"xtra":1}`
	for _, c := range []struct{ address, value, want string }{
		{schemas.Workflow, `{"name":"w","nodes":[` + node + `],"connections":{"Start":{"main":[null,[{"node":"B","type":"main","index":0}]],"ai_tool":[[]]}},"settings":{"executionOrder":"v1","x":1},"tags":[{"name":"a"}]}`, ""},
		{schemas.Workflow, `[{"nodes":[]},{"nodes":[` + node + `]}]`, ""},
		{schemas.Workflow, `{"data":{"nodes":[` + node + `]}}`, ""},
		{schemas.Workflow, `{"nodes":[{"name":"","type":"x","typeVersion":"1","position":[1],"onError":"stop","credentials":{"a":{"id":true}}}],"connections":{"A":{"main":{}}},"settings":[]}`, strings.Join([]string{
			"/connections/A/main must be a list, is an object",
			"/nodes/0/credentials/a/id must be text, a number or null, is true",
			"/nodes/0/name must have at least 1 characters, has 0",
			`/nodes/0/onError must be one of "stopWorkflow", "continueRegularOutput", "continueErrorOutput", null, is the text "stop"`,
			"/nodes/0/position must have at least 2 members, has 1",
			`/nodes/0/typeVersion must be a number, is the text "1"`,
			"/settings must be an object or null, is a list of 0",
		}, "\n")},
		{schemas.Workflow, `{"data":{"node":[]}}`, "/data/nodes is required, and is not set"},
		{schemas.Workflow, `7`, "must be an object, is the number 7"},
		{schemas.Credentials, `[{"id":"1","name":"PBX","type":"threeCXOAuth2Api","data":{"clientSecret":"x"}}]`, ""},
		{schemas.Credentials, `{"name":"PBX","type":"t","data":"U2FsdGVk"}`, `/data must be an object, is the text "U2FsdGVk"`},
		{schemas.Descriptor, `{"node":{"type":"a.b","versions":[1],"propertys":[]}}`, `/node has unknown members: "propertys" (did you mean "properties"?)`},
	} {
		s, err := schemas.NewCompiler(nil).Compile(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := words(schemas.ValidateJSON(s, c.value)); got != c.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", c.address, c.value, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	candidates := []string{"Users", "User", "Groups", "Björn", "Trunks"}
	for name, want := range map[string]string{
		"usr": "User", "USERS": "Users", "Uesrs": "Users", "Grups": "Groups", "trnuks": "Trunks", "bjorn": "Björn", "": "", "xyz": "", "Recordings": "",
	} {
		if got := schemas.Nearest(name, candidates); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestIsSecret(t *testing.T) {
	t.Parallel()
	for pointer, want := range map[string]bool{
		"/user/AuthPassword": true, "/VMPIN": true, "clientSecret": true, "/a/access_token/b": true, "/user/PinProtected": false, "/Name": false,
		"pin": true, "API-Key": true, "Authorization": true, "PinNumber": true, "/trunk/LicenseKey": true,
		"Pinned": false, "Spinning": false, "key": false, "PublicIPinSIP": false, "": false,
	} {
		if got := schemas.IsSecret(pointer); got != want {
			t.Errorf("IsSecret(%q) = %v, want %v", pointer, got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, f := range schemas.TextFormats() {
		words := strings.Fields(f.Example)
		for _, pattern := range []string{f.OData, f.Plain} {
			if found := schemas.Validate(compile(t, fmt.Sprintf(`{"pattern":%q}`, pattern)), words[len(words)-1]); found != nil {
				t.Errorf("%s: the example does not fit: %v", f.Name, found)
			}
			if got, ok := schemas.FormatOf(pattern); !ok || got.Name != f.Name {
				t.Errorf("the pattern of %s is taken for %s", f.Name, got.Name)
			}
		}
	}
}

func compile(tb testing.TB, raw string) *schemas.Schema {
	tb.Helper()
	s, err := schemas.NewCompiler(nil).CompileRaw(json.RawMessage(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func words(found []schemas.Violation) string {
	lines := make([]string, 0, len(found))
	for _, v := range found {
		lines = append(lines, v.String())
	}
	return strings.Join(slices.Clip(lines), "\n")
}

func BenchmarkValidateWorkflow(b *testing.B) {
	s, err := schemas.NewCompiler(nil).Compile(schemas.Workflow)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		schemas.ValidateJSON(s, `{"nodes":[{"name":"A","type":"t","parameters":{}}],"connections":{"A":{"main":[[{"node":"B","type":"main","index":0}]]}}}`)
	}
}
