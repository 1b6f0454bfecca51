package markup

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// TestManyDefinitions: whether a name is used is told the same way for the first names and for those after them.
func TestManyDefinitions(t *testing.T) {
	t.Parallel()
	texts := []string{"a b a", "aa aaa", "aaa", "aaaa", "abab", "ababab aba", "", "é é", "x [x] y"}
	for _, text := range texts {
		for _, name := range []string{"a", "aa", "aba", "ab", "b", "é", "x", "y", "z"} {
			few, many := names{text: text}, names{text: text, asked: fewNames}
			if got, want := many.again(name), few.again(name); got != want || (many.index != nil) == (few.index != nil) {
				t.Errorf("%q in %q: %v with an index, %v without", name, text, got, want)
			}
		}
	}
	var b strings.Builder
	n := names{text: "one two one"}
	for i := range 1000 {
		n.again(strconv.Itoa(i))
		fmt.Fprintf(&b, "[n%dn]: http://127.0.0.1/%d\n", i, i)
	}
	built := n.index
	if n.again("one"); built == nil || n.index != built {
		t.Error("the index is made more than once, or never")
	}
	b.WriteString("\n[n7n] and [n999n]\n")
	m := markdownReader{rules: rules(), shared: &shared{urls: map[string]string{}, titles: map[string]string{}, sizes: map[string][2]string{}, ids: map[string]int{}}}
	m.definitions(b.String())
	if len(m.urls) != 2 || m.urls["n7n"] != "http://127.0.0.1/7" || m.urls["n999n"] != "http://127.0.0.1/999" {
		t.Errorf("the definitions are %v", m.urls)
	}
}

// TestHashPairs: a tag is put aside with its end, which is not looked for where there is none any more.
func TestHashPairs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<b>x</b> <i>y": "¨C0C <i>y", "</b><b>x": "</b><b>x", "<b>x</b></b><b>y</b>": "¨C0C</b>¨C1C", "<a h>1</a> <a>2</a>": "<a h>1</a> ¨C0C", "<b>x</b": "<b>x</b",
		"<b><b>x</b></b>": "¨C0C</b>", "<>x</>": "<>x</>", "<a </b>x</a </b>": "¨C0C",
	} {
		m := markdownReader{shared: &shared{}}
		if got := m.hashPairs(text, func(tag string) string { return tag }); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	ends := lastEnds("<a></a></b></a><b></c")
	if len(ends) != 2 || ends["a"] != 11 || ends["b"] != 7 {
		t.Errorf("the ends are %v", ends)
	}
}
