package jmespath

import (
	"errors"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// More cases, recorded from n8n, are in the corpus of package expression.
func TestSearch(t *testing.T) {
	t.Parallel()
	const data = `{"b":{"y":1,"x":2},"list":[3,1,2],"people":[{"n":"Ann","a":30},{"n":"bob","a":null},{"n":"Cy"}],"s":"aé😀"}`
	for query, want := range map[string]string{
		"b":                        `{"y":1,"x":2}`, // keys keep their order
		"keys(b)":                  `["y","x"]`,
		"merge(b, {z: s, y: `5`})": `{"y":5,"x":2,"z":"aé😀"}`,
		"people[*].a":              `[30]`,
		"people[?a].n | [0]":       `"Ann"`,
		"people[?n > 'C'].n":       `["bob","Cy"]`,
		"people[].[n, a]":          `[["Ann",30],["bob",null],["Cy",null]]`,
		"sort_by(people, &n)[*].n": `["Ann","Cy","bob"]`,
		"list[::-1]":               `[2,1,3]`,
		"list[-2:]":                `[1,2]`,
		"list[5:0:-2]":             `[2]`,
		"length(s)":                `4`,
		"avg(`[]`)":                "NaN",
		"max_by(people[:1], &a).n": `"Ann"`,
		"max_by(`[{\"a\":-1},{\"a\":-2}]`, &a).a": `-1`,
		"min_by(`[{\"a\":1},{\"a\":2}]`, &a).a":   `1`,
		"!list && `1` || not_null(q,b)":           `{"y":1,"x":2}`,
		"`nope":                                   `"nope"`,
		"to_number('0x1f')":                       `31`,
		"type(@) == 'object'":                     `true`,
		"b.*":                                     `[1,2]`,
		"*.x":                                     `[2]`,
	} {
		q, err := Compile(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got, err := q.Search(t.Context(), data); got.Raw != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", query, got.Raw, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]error{
		"": ErrSyntax, "a.": ErrSyntax, "[": ErrSyntax, "a b": ErrSyntax, `"a`: ErrSyntax, "list[1:2:3:4]": ErrSyntax, "#": ErrSyntax,
		strings.Repeat("(", 1000): ErrSyntax, "nope(@)": ErrType, "abs('x')": ErrType, "length(@, @)": ErrType, "@[::0]": ErrType, "sort(`[1,\"a\"]`)": ErrType,
	} {
		q, err := Compile(query)
		if err == nil {
			_, err = q.Search(t.Context(), `[1]`)
		}
		if !errors.Is(err, want) {
			t.Errorf("%.30s: %v, want %v", query, err, want)
		}
	}
	if q, err := Compile("a.b[?c == d].length(e)"); err != nil || strings.Join(q.Names(), " ") != "a b c d e" {
		t.Errorf("names: %v, %v", q, err)
	}
}

// FuzzSearch: whatever the query, it is answered with JSON, or refused.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"a.b", "list[?x > `1`].y | [0]", "{a: b, c: [d, e]}", "sort_by(l, &x)[::-1]", "*.a[]", "!a && b || 'c'", "`{\"a\": 1}`", "\"a b\".c", "max_by(@, &x)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := Compile(query)
		if err != nil {
			return
		}
		got, err := q.Search(t.Context(), `{"a":{"b":[1,null,"x"]},"list":[{"x":1,"y":"é"},{"x":2}],"l":[]}`)
		if err == nil && got.Raw != "" && got.Type == gjson.JSON && !gjson.Valid(got.Raw) {
			t.Errorf("%q gives %q", query, got.Raw)
		}
	})
}
