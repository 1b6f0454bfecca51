package expression

import (
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
		"return [;":                                  "",
		"items = []":                                 "",
	} {
		got := undeclared(source, nameSet("items"))
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", source, got, want)
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
