package core

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

func TestSplitPath(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"a":            {"a"},
		"a.b":          {"a", "b"},
		"a[0].b":       {"a", "0", "b"},
		"a[0][1]":      {"a", "0", "1"},
		`a["b.c"].d`:   {"a", "b.c", "d"},
		`a['b'].c`:     {"a", "b", "c"},
		`a["q\"x"]`:    {"a", `q"x`},
		"a[b]":         {"a", "b"},
		"a[1.5]":       {"a", "1.5"},
		"a[-1]":        {"a", "-1"},
		"a..b":         {"a", "", "b"},
		".a":           {"", "a"},
		"a.":           {"a", ""},
		".":            {"", ""},
		"a[]":          {"a", ""},
		"[0]":          {"0"},
		"":             {""},
		"[.]":          {"[.]"},
		"ä.ö":          {"ä", "ö"},
		"a b.c d":      {"a b", "c d"},
		"l[1].k[\"\"]": {"l", "1", "k", ""},
	} {
		if got := splitPath(name); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestAssign(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ json, name, want string }{
		{`{}`, "a", `{"a":1}`},
		{`{"a":0,"b":2}`, "a", `{"a":1,"b":2}`},
		{`{"a":{"c":2}}`, "a.b", `{"a":{"c":2,"b":1}}`},
		{`{"a":5}`, "a.b", `{"a":{"b":1}}`},
		{`{"a":null}`, "a[1]", `{"a":[null,1]}`},
		{`{"a":[0,[5]]}`, "a[1][0]", `{"a":[0,[1]]}`},
		{`{"a":[0]}`, "a.x", `{"a":[0]}`},
		{`{"a.b":0}`, "a.b", `{"a.b":1}`},
		{`{"\u0061":0}`, "a", `{"\u0061":1}`},
		{`{"a\\b":0}`, `a\b`, `{"a\\b":1}`},
		{`{}`, "__proto__.x", `{}`},
	} {
		if got, err := assign(c.json, c.name, "1", true); got != c.want || err != nil {
			t.Errorf("%s in %s: got %s, %v, want %s", c.name, c.json, got, err, c.want)
		}
	}
	if _, err := assign("{}", "a[4000000000]", "1", true); err == nil || err.Error() != `the field "a[4000000000]" has an index above 100000` {
		t.Errorf("a huge index: %v", err)
	}
}

// FuzzPath holds names of any kind against any item: what is set is found again, what is removed is gone, and the JSON
// stays valid.
func FuzzPath(f *testing.F) {
	for _, name := range []string{"a", "a.b", "a[0]", `a["x"].y`, ".", "[]", "a..b", "__proto__", "0", "a[", `\`, "\"", "ä"} {
		f.Add(`{"a":{"b":[1,{"c":null}]},"x.y":"z","0":1,"q\"":{}}`, name, true)
	}
	f.Fuzz(func(t *testing.T, object, name string, dots bool) {
		normal, err := nodes.Normalize(object)
		if err != nil || !gjson.Parse(normal).IsObject() || len(normal) > 10_000 || !utf8.ValidString(name) {
			return
		}
		set, err := assign(normal, name, `"new"`, dots)
		if err != nil {
			return
		}
		if !json.Valid([]byte(set)) {
			t.Fatalf("setting %q in %s gives %s", name, normal, set)
		}
		removed := remove(normal, name, dots)
		if !json.Valid([]byte(removed)) {
			t.Fatalf("removing %q from %s gives %s", name, normal, removed)
		}
		if !dots && lookup(removed, name, false).Exists() {
			t.Fatalf("%q is still in %s", name, removed)
		}
		// A key that is no index is lost in a list, and names into the prototype set nothing.
		if found := lookup(set, name, dots); found.Str != "new" && !strings.Contains(set, "[") && !strings.Contains(name, "__proto__") {
			t.Fatalf("%q is %s after setting it in %s: %s", name, found.Raw, normal, set)
		}
	})
}

// FuzzMembers holds the walk over an object against encoding/json.
func FuzzMembers(f *testing.F) {
	f.Add(`{"a":1,"b":{"c":[1,"]"]},"\\\"":"\\","e":""}`)
	f.Fuzz(func(t *testing.T, object string) {
		normal, err := nodes.Normalize(object)
		if err != nil || !gjson.Parse(normal).IsObject() {
			return
		}
		want := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(normal), &want); err != nil {
			return
		}
		n := 0
		for c := members(normal); ; n++ {
			key, value, ok := c.next()
			if !ok {
				break
			}
			var name string
			if err := json.Unmarshal([]byte(key), &name); err != nil || !json.Valid([]byte(value)) {
				t.Fatalf("%s: member %s: %s", normal, key, value)
			}
			if string(want[name]) != value {
				t.Fatalf("%s: %s is %s, want %s", normal, key, value, want[name])
			}
		}
		if n != len(want) {
			t.Fatalf("%s: %d members, want %d", normal, n, len(want))
		}
	})
}
