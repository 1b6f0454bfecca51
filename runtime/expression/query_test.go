package expression

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// TestQueryLimits: a query that takes too much fails its expression, in both tiers, and the next one works.
func TestQueryLimits(t *testing.T) {
	t.Parallel()
	const failed = "error: the JMESPath query takes too much memory for its data"
	doubled := "[@,@]" + strings.Repeat("|[@,@]", 40)
	b := newEvaluator(t, Options{}).NewBatch(t.Context(), scopeOf(`{"a":[1,2]}`))
	for source, want := range map[string]string{
		"{{ $jmespath($json, '" + doubled + "') }}":                                        failed,
		"{{ [1].map(x => $jmespath($json, '[@,@]' + '|[@,@]'.repeat(40)))[0] }}":           failed,
		"{{ [1].map(x => $jmespath($json, 'a' + '.a'.repeat(2000)))[0] }}":                 "undefined",
		"{{ [1].map(x => $jmespath($json, '`' + '['.repeat(60000)))[0] }}":                 "undefined",
		"{{ [1].map(x => $jmespath($json, 'a[1::9223372036854775807]'))[0][0] }}":          "number 2",
		"{{ $jmespath($json, 'nope(@)') }}":                                                "undefined",
		"{{ [1].map(x => $jmespath($json, 'a | [0]'))[0] + $jmespath($json, 'a | [1]') }}": "number 3",
	} {
		if got := outcome(b.Eval(compile(t, source), 0, nil)); got != want {
			t.Errorf("%.80s: %.200s, want %s", source, got, want)
		}
	}
}

func TestQueryStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	b := newEvaluator(t, Options{}).NewBatch(ctx, scopeOf(`{}`))
	if got, err := b.askJMESPath(gjson.Parse(`[1]`), "[0]"); got != "1" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	cancel()
	if got, err := b.askJMESPath(gjson.Parse(`[1]`), "[0]"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %s, %v", got, err)
	}
}
