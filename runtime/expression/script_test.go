package expression

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/script"
)

// TestRunScript: a library runs a script, which sees what expressions see and what the library binds.
func TestRunScript(t *testing.T) {
	t.Parallel()
	v := NewEvaluator(Options{})
	defer func() { _ = v.Close() }()
	s := scopeOf(`{"n":1}`, `{"n":2}`)
	b := v.NewBatch(context.Background(), s)
	host := func(_ context.Context, what string, args []gjson.Result) (string, error) {
		if what == "fail" {
			return "", errors.New("the host says no")
		}
		return `{"what":"` + what + `","args":` + args[0].Raw + `}`, nil
	}
	each := `async (api) => { const out = []; for (let i = 0; i < api.items().length; i++) out.push(await api.run(i, {me: api.args}, {own: 7, get ask() { return api.ask; }, later: api.later})); return JSON.stringify(out); }`
	told := `async (api) => { try { return String(await api.run(0, undefined, {ask: api.ask, later: api.later})); } catch (e) { return JSON.stringify(api.describe(e)); } }`
	for _, c := range []struct{ source, library, want string }{
		{`return [$json.n, $itemIndex, own, this.me];`, each, `[[1,0,7,"arg"],[2,1,7,"arg"]]`},
		{`return $input.item.pairedItem;`, each, `[{"item":0},{"item":1}]`},
		{`return ask("q", [1]);`, each, `[{"what":"q","args":[1]},{"what":"q","args":[1]}]`},
		{`return (await Promise.all([later("a", 1), later("b", 2)])).map(r => r.what + r.args).join();`, told, `a1,b2`},
		{`total = (typeof total === "undefined" ? 0 : total) + $json.n; return total;`, each, `[1,3]`},
		{"\n\nthrow new RangeError('x');", told, `{"message":"x","description":"RangeError","line":3}`},
		{"await later('fail', 1);", told, `{"message":"the host says no","description":"","line":0}`},
		{"\nask('fail', 1);", told, `{"message":"the host says no","description":"","line":2}`},
		{"const a = {};\nreturn a.b(1);", told, `{"message":"a.b is not a function","description":"TypeError","line":2}`},
		{"return $('Nope').all();", told, `{"message":"Referenced node doesn't exist","description":"The workflow has no node named \"Nope\"."}`},
		{"return nope;", told, `{"message":"nope is not defined","description":"ReferenceError","line":1}`},
		{"throw undefined;", told, `{"message":"Unknown error"}`},
	} {
		got, err := b.RunScript(context.Background(), nodes.Script{Source: c.source, Library: c.library, Names: []string{"own", "ask", "later"}}, s.items, `"arg"`, host)
		if err != nil {
			got = err.Error()
		}
		if got = strings.ReplaceAll(got, `,"line":0`, ""); got != strings.ReplaceAll(c.want, `,"line":0`, "") {
			t.Errorf("%s\ngot  %s\nwant %s", c.source, got, c.want)
		}
	}
	_, err := b.RunScript(context.Background(), nodes.Script{Source: "\nconst = 1;", Library: told}, s.items, "1", host)
	var syntax *script.Error
	if !errors.As(err, &syntax) || !strings.HasSuffix(nodes.AsError(err).Message, " [line 2]") || nodes.AsError(err).Description != "SyntaxError" {
		t.Errorf("the syntax error is %v", err)
	}
}

// TestScriptBytes: base64 is read as Node.js does, and random bytes are, as many as are asked for.
func TestScriptBytes(t *testing.T) {
	t.Parallel()
	v := NewEvaluator(Options{})
	defer func() { _ = v.Close() }()
	s := scopeOf(`{}`)
	b := v.NewBatch(context.Background(), s)
	library := `async (api) => JSON.stringify(await api.run(0, undefined, { randomBytes: api.randomBytes, ask: api.ask }))`
	host := func(context.Context, string, []gjson.Result) (string, error) {
		return nodes.ScriptBase64(bytes.Repeat([]byte("abc"), 8<<20)), nil
	}
	for source, want := range map[string]string{
		`return ['YQ', 'YQ==', 'YQ=', 'Y', 'YWI', 'YW\nI=', 'YQ==YQ==', 'YR==', '-_-_', '*YQ*', 'YWJj=ZA', '', 'YWJjZ', 'YW-_ +/', '=YQ', 'YQ\u0100'].map((s) => Buffer.from(s, 'base64').toString('hex')).join()`: `"61,61,61,,6162,6162,61,61,fbffbf,61,616263,,616263,616fbffb,,61"`,
		`return [0, 1, 2, 3, 4].map((n) => Buffer.alloc(n, 255).toString('base64') + ' ' + Buffer.alloc(n, 251).toString('base64url')).join()`:                                                                     `" ,/w== -w,//8= -_s,//// -_v7,/////w== -_v7-w"`,
		`return btoa('\xff\xfe') + atob('//4=').length`:                                                                                `"//4=2"`,
		`const b = Buffer.from(ask('file'), 'base64'); return [b.length, b.toString('base64').length, b[b.length - 1]]`:                `[25165824,33554432,99]`,
		`return [200000, 65537, 0].map((n) => { const b = randomBytes(n); return [b.length, b.subarray(-32).some(Boolean)].join(); })`: `["200000,true","65537,true","0,false"]`,
		`return new Promise((go) => { randomBytes(4, (e, b) => go([e, b.length])); })`:                                                 `[null,4]`,
		`try { crypto.getRandomValues(new Uint16Array(32769)); } catch (e) { return [e.name, e.message]; }`:                            `["QuotaExceededError","The requested length exceeds 65,536 bytes"]`,
		`return crypto.getRandomValues(new Uint16Array(32768)).slice(-20).some(Boolean)`:                                               `true`,
		`return /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())`:                     `true`,
	} {
		got, err := b.RunScript(context.Background(), nodes.Script{Source: source, Library: library, Names: []string{"randomBytes", "ask"}}, s.items, "1", host)
		if err != nil || got != want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", source, got, err, want)
		}
	}
}

func TestUndeclared(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"a = 1; return a":                            "a",
		"for (i = 0; i < 3; i++) n += i;":            "i n",
		"for (x of items) {}":                        "x",
		"let a; a = 1; const b = 2; function f() {}": "",
		"return q === 1 || w == 2":                   "",
		"o.p = 1; $json.x = 2":                       "",
		"++c; d--; e ??= 1":                          "c d e",
		"(y => { z = y })(1)":                        "z",
		"items = []":                                 "",
	} {
		tree, err := parseScript(source)
		if err != nil {
			t.Fatal(err)
		}
		got := undeclared(tree, source, nameSet("items"))
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// TestScriptNames: the same code sees other names where another node runs it.
func TestScriptNames(t *testing.T) {
	t.Parallel()
	v := newEvaluator(t, Options{})
	b := v.NewBatch(t.Context(), scopeOf(`{}`))
	library := `async ({ run }) => String(await run(0, undefined, { items: 7 }))`
	for _, tt := range []struct {
		names []string
		want  string
	}{{nil, "undefined"}, {[]string{"items"}, "number"}, {nil, "undefined"}} {
		got, err := b.RunScript(t.Context(), nodes.Script{Source: "return typeof items", Library: library, Names: tt.names}, nodes.Items{}, "1", nil)
		if err != nil || got != tt.want {
			t.Errorf("%q: %s, %v; want %s", tt.names, got, err, tt.want)
		}
	}
}

func TestSayCaught(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"try { f() } catch (e) { g(e) }":                                        "try { f() } catch (e) {__say(e); g(e) }",
		"try{f()}catch(e){try{g()}catch(inner){}}":                              "try{f()}catch(e){__say(e);try{g()}catch(inner){__say(inner);}}",
		"try { f() } // (\n catch /* x */ ( e ) /*{*/ {\n}":                     "try { f() } // (\n catch /* x */ ( e ) /*{*/ {__say(e);\n}",
		"const s = 'catch (e) {', r = /catch (e) {'/.test(s)":                   "",
		"try { f() } catch (e) { s = `catch (e) {${e}` }":                       "try { f() } catch (e) {__say(e); s = `catch (e) {${e}` }",
		"a = b / 2; try { f() } catch (e) { x = 1 / c / 'catch (e) {'.length }": "a = b / 2; try { f() } catch (e) {__say(e); x = 1 / c / 'catch (e) {'.length }",
		"f().catch(e => { g() })":                                               "",
		"try { f() } catch { g() }":                                             "",
		"try { f() } catch ({ message }) { g() }":                               "",
		"const o = { catch(e) { return 1 } }":                                   "",
		// What may be a method leaves all as it is.
		"const o = { catch(e) { return 1 } }; try { f() } catch (e) {}": "",
	} {
		if want == "" {
			want = source
		}
		tree, err := parseScript(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := sayCaught(source, tree); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", source, got, want)
		}
	}
}

// TestScriptLimits: a script that needs too much memory or time ends, and the next one runs.
func TestScriptLimits(t *testing.T) {
	t.Parallel()
	v := NewEvaluator(Options{NodeScripts: script.Options{Memory: 16 << 20, Timeout: 100 * time.Millisecond}})
	defer func() { _ = v.Close() }()
	b := v.NewBatch(context.Background(), scopeOf(`{}`))
	library := `async (api) => String(await api.run(0, undefined, {}))`
	for _, source := range []string{
		`const a = []; for (;;) a.push("x".repeat(1000) + a.length);`, `"x".repeat(2 ** 29).concat("y").split("");`, `Buffer.alloc(2 ** 28);`,
		`for (;;) {}`, `await null; for (;;) {}`, `try { for (;;) {} } catch { return "caught"; }`, `for (;;) { try { for (;;) {} } finally { continue; } }`,
		`setTimeout(() => { for (;;) {} }, 0); await new Promise(r => setTimeout(r, 1000));`,
	} {
		got, err := b.RunScript(context.Background(), nodes.Script{Source: source, Library: library}, nodes.Items{}, "1", nil)
		if !errors.Is(err, script.ErrLimit) {
			t.Errorf("%s gave %q, %v", source, got, err)
		}
		if got, err := b.RunScript(context.Background(), nodes.Script{Source: "return 1;", Library: library}, nodes.Items{}, "1", nil); err != nil || got != "1" {
			t.Errorf("after %s: %q, %v", source, got, err)
		}
	}
}

// TestEngineErrors: only the engine's own errors are worded anew when they are caught, and only two of them cost a look at
// the stack; code's errors stay as they are.
func TestEngineErrors(t *testing.T) {
	t.Parallel()
	v := newEvaluator(t, Options{})
	b := v.NewBatch(t.Context(), scopeOf(`{}`))
	library := `async ({ run, describe }) => { try { return String(await run(0)); } catch (e) { return describe(e).message; } }`
	looked := `let looks = 0; try { try { %s } catch (e) { Object.defineProperty(e, 'stack', { get() { looks++; return ''; } }); throw e; } } catch (e) {} return looks`
	for source, want := range map[string]string{
		"try { ({}).x() } catch (e) { return e.message }":                                                                              "x is not a function",
		"try { new Array(-1) } catch (e) { return e.message }":                                                                         "Invalid array length",
		"try { throw new Error('not a function') } catch (e) { return e.message }":                                                     "not a function",
		"try { throw new TypeError('not a function') } catch (e) { return e.message }":                                                 "not a function",
		"try { throw TypeError('not a function') } catch (e) { return e.message }":                                                     "not a function",
		"try { throw new (class Own extends TypeError {})('not a function') } catch (e) { return e.message }":                          "not a function",
		"try { throw Reflect.construct(RangeError, ['invalid array length']) } catch (e) { return e.message }":                         "invalid array length",
		"throw new TypeError('not a function')":                                                                                        "not a function",
		"try { throw new URIError('x', { cause: 7 }) } catch (e) { return e.cause }":                                                   "7",
		"try { null.x } catch (e) { return e instanceof TypeError && e.constructor === TypeError }":                                    "true",
		"const e = new TypeError('x'); return e.constructor === TypeError && TypeError.name + e":                                       "TypeErrorTypeError: x",
		"const all = []; for (const f of [() => a.b(), () => a.c()]) try { f() } catch (e) { all.push(e.message) } return all\nvar a":  "Cannot read properties of undefined (reading 'b'),Cannot read properties of undefined (reading 'c')",
		"const a = {}, all = []; for (const f of [() => a.b(), () => a.c()]) try { f() } catch (e) { all.push(e.message) } return all": "a.b is not a function,a.c is not a function",
		strings.Replace(looked, "%s", "throw new Error('x')", 1):                                                                       "0",
		strings.Replace(looked, "%s", "throw new TypeError('not a function')", 1):                                                      "0",
		strings.Replace(looked, "%s", "null.x", 1):                                                                                     "0",
	} {
		got, err := b.RunScript(t.Context(), nodes.Script{Source: source, Library: library}, nodes.Items{}, "1", nil)
		if err != nil || got != want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", source, got, err, want)
		}
	}
}

// TestDeepJSONFault: what is wrong with JSON is found however deep it stands.
func TestDeepJSONFault(t *testing.T) {
	t.Parallel()
	v := newEvaluator(t, Options{})
	b := v.NewBatch(t.Context(), scopeOf(`{}`))
	for source, want := range map[string]string{
		`'['.repeat(3000) + 'x'`:              `Unexpected token 'x', ..."[[[[[[[[[[x" is not valid JSON`,
		`'[{"a":'.repeat(1500) + 'x'`:         `Unexpected token 'x', ...""a":[{"a":x" is not valid JSON`,
		`'['.repeat(2000) + ']'.repeat(1999)`: `Expected ',' or ']' after array element in JSON at position 3999 (line 1 column 4000)`,
		`'[[],{"a":{},"b":[1,[]]},'`:          `Unexpected end of JSON input`,
		`'[{"a":[]} {}]'`:                     `Expected ',' or ']' after array element in JSON at position 10 (line 1 column 11)`,
		`'[[1,2],[3,{4:5}]]'`:                 `Expected property name or '}' in JSON at position 11 (line 1 column 12)`,
	} {
		code := "try { return JSON.parse(" + source + ") } catch (e) { return e.message }"
		got, err := b.RunScript(t.Context(), nodes.Script{Source: code, Library: `async ({ run }) => String(await run(0))`}, nodes.Items{}, "1", nil)
		if err != nil || got != want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", source, got, err, want)
		}
	}
}
