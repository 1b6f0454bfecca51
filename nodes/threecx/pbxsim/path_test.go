package pbxsim

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func describe(segs []segment) string {
	var parts []string
	for _, s := range segs {
		text := s.name
		if s.parens {
			var args []string
			for _, a := range s.args {
				name := ""
				if a.name != "" {
					name = a.name + "="
				}
				args = append(args, fmt.Sprintf("%s%s:%s", name, a.value.kind, a.value.text))
			}
			text += "(" + strings.Join(args, "; ") + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " / ")
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ raw, want string }{
		{"/Users", "Users"},
		{"/Users(1)", "Users(integer:1)"},
		{"/Users(-1)/Groups", "Users(integer:-1) / Groups"},
		{"/Users(Number='100')", "Users(Number=quoted text:100)"},
		{"/Users/Pbx.GetFirstAvailableExtensionNumber()", "Users / Pbx.GetFirstAvailableExtensionNumber()"},
		{"/Users/Pbx.BatchDelete", "Users / Pbx.BatchDelete"},
		{"/Sbcs('O''N%20%26%20S%C3%B6%2F1')", "Sbcs(quoted text:O'N & Sö/1)"},
		{"/Sbcs('O%27%27N')", "Sbcs(quoted text:O'N)"},
		{"/Sbcs('')", "Sbcs(quoted text:)"},
		{"/Sbcs('a%2Cb%29%3D(')", "Sbcs(quoted text:a,b)=()"},
		{"/Sbcs('a+b')", "Sbcs(quoted text:a+b)"},
		{"/F(a=null,b='null',c=true,d=1.5,e=2026-01-01)", "F(a=null:null; b=quoted text:null; c=boolean:true; d=decimal:1.5; e=date:2026-01-01)"},
		{"/F(a=2026-01-01T00%3A00%3A00Z)", "F(a=date-time:2026-01-01T00:00:00Z)"},
		{"/F(a=2026-01-01T00%3A00%3A00.5%2B02%3A00)", "F(a=date-time:2026-01-01T00:00:00.5+02:00)"},
		{"/F(3F2504E0-4f89-41d3-9a0c-0305e82c3301)", "F(uuid:3F2504E0-4f89-41d3-9a0c-0305e82c3301)"},
		{"", "the path is empty: it names an entity set, such as /Users"},
		{"/", "the path is empty: it names an entity set, such as /Users"},
		{"/Users/", `segment 2 of the path, "": is empty`},
		{"/Users(", `segment 1 of the path, "Users(": key: no closing parenthesis after ""`},
		{"/Users(1", `segment 1 of the path, "Users(1": key: no closing parenthesis after "1"`},
		{"/Users(abc)", `segment 1 of the path, "Users(abc)": key: "abc" is no literal: text stands in quotes`},
		{"/Users('a/b')", `segment 1 of the path, "Users('a": key: quoted text has no closing quote (a / in a value is sent as %2F, a ' as '')`},
		{"/Users('a'b')", `segment 1 of the path, "Users('a'b')": expected , or ) before "b')"`},
		{"/Users(1)x", `segment 1 of the path, "Users(1)x": unexpected "x" after the closing parenthesis`},
		{"/Users%zz", `segment 1 of the path, "Users%zz": is not percent-encoded rightly: invalid URL escape "%zz"`},
		{"/F(a=1,%20b=2)", `segment 1 of the path, "F(a=1,%20b=2)": key: " b=2" is no literal: text stands in quotes`},
		{"/F(a=1,2)", `segment 1 of the path, "F(a=1,2)": several arguments must all have names`},
		{"/F(a=1,a=2)", `segment 1 of the path, "F(a=1,a=2)": the argument "a" stands there twice`},
		{"/F(a=)", `segment 1 of the path, "F(a=)": argument a: has no value (empty text is written '')`},
		{"/F(a=2026-01-01T00%3A00%3A00)", `segment 1 of the path, "F(a=2026-01-01T00%3A00%3A00)": argument a: the date-time 2026-01-01T00:00:00 has neither Z nor an offset`},
		{"/F(a=2026-13-01)", `segment 1 of the path, "F(a=2026-13-01)": argument a: "2026-13-01" is no literal: text stands in quotes`},
		{"/$metadata", `segment 1 of the path, "$metadata": does not start with a name`},
	} {
		segs, err := parsePath(test.raw)
		got := describe(segs)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.raw, got, test.want)
		}
	}
}

// FuzzPath writes what was parsed as a path again and wants to read the same from it.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/Users", "/Users(1)", "/Sbcs('O''N%20%2F1')/Pbx.F(a=null,b='x',c=2026-01-01T00%3A00%3A00Z)", "/F()", "/F('", "//", "/%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		segs, err := parsePath(raw)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, s := range segs {
			again.WriteString("/" + s.name)
			if !s.parens {
				continue
			}
			var args []string
			for _, a := range s.args {
				text := a.value.text
				if a.value.kind == literalText {
					text = "'" + strings.ReplaceAll(text, "'", "''") + "'"
				}
				if a.name != "" {
					text = a.name + "=" + text
				}
				args = append(args, url.PathEscape(text))
			}
			again.WriteString("(" + strings.Join(args, ",") + ")")
		}
		second, err := parsePath(again.String())
		if err != nil {
			t.Fatalf("%q read, written as %q, is refused: %v", raw, again.String(), err)
		}
		if describe(second) != describe(segs) {
			t.Fatalf("%q reads as %s, written again as %s", raw, describe(segs), describe(second))
		}
	})
}
