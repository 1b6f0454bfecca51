package jmespath

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// TestCompileBounds: no query makes a tree or a literal that would overflow the stack.
func TestCompileBounds(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"length":           "a" + strings.Repeat(" ", maxQuery),
		"fields":           "a" + strings.Repeat(".a", maxHeight),
		"pipes":            "a" + strings.Repeat("|a", maxHeight),
		"indices":          "a" + strings.Repeat("[0]", maxHeight),
		"projections":      "a" + strings.Repeat("[]", maxHeight),
		"values":           "a" + strings.Repeat(".*", maxHeight),
		"filters":          "a" + strings.Repeat("[?a]", maxHeight),
		"in parentheses":   "(a" + strings.Repeat(".a", maxHeight) + ")",
		"in parts":         "[" + strings.Repeat("(", 300) + "a" + strings.Repeat(strings.Repeat(".a", 5)+")", 300) + "]",
		"brackets":         "`" + strings.Repeat("[", 60000),
		"balanced literal": "`" + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + "`",
		"objects":          "`" + strings.Repeat(`{"a":`, 2000) + "1" + strings.Repeat("}", 2000) + "`",
	} {
		if _, err := Compile(query); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: %v, want %v", name, err, ErrSyntax)
		}
	}
	for name, query := range map[string]string{
		"fields":  "a" + strings.Repeat(".a", maxHeight-1),
		"literal": "`" + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "`",
		"wide":    "[" + strings.Repeat("a,", 20000) + "a]",
	} {
		if _, err := Compile(query); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
}

// TestLiterals are read as JSON.parse does.
func TestLiterals(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"` [1, 2 ] `": "[1,2]", "`{\"b\":1,\"2\":0,\"b\":3}`": `{"2":0,"b":3}`, "`true`": "true", "`true `": `"true "`, "`nullx`": `"nullx"`, "`-1.5`": "-1.5", "`1x`": `"1x"`,
	} {
		q, err := Compile(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got, err := q.Search(t.Context(), `{}`); got.Raw != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", query, got.Raw, err, want)
		}
	}
}

func TestSliceSteps(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"@[1::9223372036854775807]": "[2]", "@[1::-9223372036854775808]": "[2]", "@[::9223372036854775807]": "[1]", "@[9223372036854775807::-9223372036854775807]": "[3]",
		"@[-9223372036854775808:9223372036854775807]": "[1,2,3]", "@[9223372036854775807]": "null", "@[-9223372036854775808]": "null", "@[-3]": "1", "@[-4]": "null", "@[2]": "3", "@[3]": "null",
	} {
		q, err := Compile(query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if got, err := q.Search(t.Context(), `[1,2,3]`); got.Raw != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", query, got.Raw, err, want)
		}
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct{ query, data string }{
		"lists":     {"[@,@]" + strings.Repeat("|[@,@]", 40), `1`},
		"hashes":    {"{a:@,b:@}" + strings.Repeat("|{a:@,b:@}", 40), `1`},
		"elements":  {"@" + strings.Repeat("|[@,@][]", 40), `[1]`},
		"texts":     {"@" + strings.Repeat("|join(@,['','',''])|to_string([@,@])", 30), `"x"`},
		"joined":    {"join(@, [" + strings.Repeat("'',", 5000) + "''])", `"` + long + `"`},
		"steps":     {"[" + strings.Repeat("length(@),", 5000) + "@]", "[" + strings.Repeat("1,", 50000) + "1]"},
		"scans":     {"[" + strings.Repeat("@ > `1`,", 5000) + "@ > `1`]", `"` + long + `"`},
		"equality":  {"[" + strings.Repeat("@ == @,", 5000) + "@]", "[" + strings.Repeat("1,", 50000) + "1]"},
		"sorting":   {"[" + strings.Repeat("sort(@),", 5000) + "@]", "[" + strings.Repeat("1,", 50000) + "1]"},
		"functions": {"[" + strings.Repeat("max_by(@,&@),", 2000) + "@]", "[" + strings.Repeat("1,", 50000) + "1]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, err := Compile(c.query)
			if err != nil {
				t.Fatal(err)
			}
			s := newSearch(t.Context(), c.data) // with less than others have, to be quick
			s.steps, s.check, s.bytes = s.steps/20, s.steps/20, s.bytes/8
			if got, err := s.eval(q.root, gjson.Parse(c.data)); !errors.Is(err, ErrBudget) || got.Raw != "null" {
				t.Errorf("%.40s, %v, want %v", got.Raw, err, ErrBudget)
			}
		})
	}
	q, err := Compile("sort_by([?a > `5`].{a: a, b: [b, a]}, &a) | [::-1] | [0]")
	if err != nil {
		t.Fatal(err)
	}
	many := "[" + strings.Repeat(`{"a":7,"b":"x"},`, 50000) + `{"a":9}]`
	if got, err := q.Search(t.Context(), many); got.Raw != `{"a":9,"b":[null,9]}` || err != nil {
		t.Errorf("much data: %.40s, %v", got.Raw, err)
	}
}

// cancelling is a context that ends when it is asked for the second time.
type cancelling struct {
	context.Context
	asked int
}

func (c *cancelling) Err() error {
	if c.asked++; c.asked > 1 {
		return context.Canceled
	}
	return nil
}

func TestCancel(t *testing.T) {
	t.Parallel()
	q, err := Compile("[?@ == `1`] | length(@)")
	if err != nil {
		t.Fatal(err)
	}
	data := "[" + strings.Repeat("1,", 50000) + "1]"
	ctx := &cancelling{Context: context.Background()}
	if got, err := q.Search(ctx, data); !errors.Is(err, context.Canceled) || ctx.asked > 4 {
		t.Errorf("%s, %v, asked %d times", got.Raw, err, ctx.asked)
	}
	if got, err := q.Search(context.Background(), data); got.Raw != "50001" || err != nil {
		t.Errorf("%s, %v", got.Raw, err)
	}
}
