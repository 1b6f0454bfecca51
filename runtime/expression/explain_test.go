package expression

import (
	"slices"
	"testing"
)

// What is swallowed is told with its place, by both tiers, and by none if nobody asks.
func TestSwallowed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ source, code, message string }{
		{"{{ $json.a.b.c }}", "$json.a.b.c", "Cannot read 'b' of undefined at $json.a"},
		{"x {{ 1 }} {{ $json['n'].x }}", "$json['n'].x", "Cannot read 'x' of null at $json['n']"},
		{"{{ $json.a.b + $json.c.b }}", "$json.a.b + $json.c.b", "Cannot read 'b' of undefined"},
		{"{{ $json.n.trim() }}", "$json.n.trim()", "Cannot read 'trim' of null at $json.n"},
		{"{{ $json.a?.b.c }}", "", ""},
		{"{{ $json.a }}", "", ""},
	} {
		for tier, o := range map[string]Options{"native": {}, "script": {NoNative: true}} {
			var got []Swallowed
			ctx := Observe(t.Context(), func(s Swallowed) { got = append(got, s) })
			e := compile(t, tt.source)
			if _, err := newEvaluator(t, o).NewBatch(ctx, scopeOf(`{"z":1}`, `{"n":null}`)).Eval(e, 1, nil); err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.code == "" && len(got) == 0:
			case len(got) != 1 || got[0].Code != tt.code || got[0].Message != tt.message || got[0].Item != 1 || got[0].Expression != e:
				t.Errorf("%s: %s tells %+v", tt.source, tier, got)
			}
		}
	}
}

func TestDoubts(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		"{{ $json.name.toTitlecase() }}":                                    {"there is no function toTitlecase(); is toTitleCase meant?"},
		"{{ $jsn.a }} and {{ $jsn.b }}":                                     {"there is no variable $jsn; is $json meant?"},
		"{{ fetchIt() }}":                                                   {"there is no variable fetchIt"},
		"{{ process.exit() }}":                                              {"there is no function exit(); is exec meant?", "there is no variable process"},
		"{{ $json.items.map(x => x.name.toUpperCase()) }}":                  nil,
		"{{ $('A').first().json.x.toDateTime().toISODate() }}":              nil,
		"{{ ({twice: n => n * 2}).twice(2) }}":                              nil,
		"{{ typeof nothing }}":                                              nil,
		"{{ Object.groupBy($json.list, x => x.k) }}":                        nil,
		"{{ [...new Set($json.list)].sort((a, b) => a.localeCompare(b)) }}": nil,
		"{{ $fromAI('x') }} {{ $now.diff($today, 'days').days }}":           nil,
	} {
		if got := compile(t, source).Doubts(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// What n8n's own cases use exists: the lists of names are complete enough to doubt with.
func TestCorpusHasFewDoubts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"methods.json", "javascript.json", "template.json", "values.json", "luxon.json", "locale.json"} {
		for _, c := range readCorpus(t)[name].Cases {
			e, err := Compile(c.Source)
			if err != nil || c.Kind == "undefined" || c.Error != "" || c.Deviates != "" {
				continue
			}
			if doubts := e.Doubts(); len(doubts) > 0 && !corpusDoubts[c.Source] {
				t.Errorf("%s: %q", c.Source, doubts)
			}
		}
	}
}

// corpusDoubts are cases that rightly name what does not exist.
var corpusDoubts = nameSet("{{ nope ?? 'x' }}")
