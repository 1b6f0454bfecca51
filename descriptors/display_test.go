package descriptors_test

import (
	"encoding/json"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
)

// TestDisplayed: what displayOptions make of a parameter "v"; "" is one that is not set.
func TestDisplayed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v, show, hide string
		is            bool
	}{
		{`"a"`, ``, ``, true},
		{`"a"`, `["b","a"]`, ``, true}, {`"a"`, `["b"]`, ``, false}, {`"a"`, ``, `["a"]`, false}, {`"a"`, ``, `["b"]`, true}, {`"a"`, `["a"]`, `["a"]`, false},
		{`1`, `[1]`, ``, true}, {`"1"`, `[1]`, ``, false}, {`true`, `[true]`, ``, true}, {`true`, `["true"]`, ``, false}, {`null`, `[null]`, ``, true},
		{``, `["a"]`, ``, false}, {``, `[null]`, ``, false}, {``, ``, `["a"]`, true}, {``, ``, `[null]`, true},
		{`["a","b"]`, `["b"]`, ``, true}, {`["a"]`, `["b"]`, ``, false}, {`[]`, `["b"]`, ``, false}, {`["a","b"]`, ``, `["b"]`, false},
		{`{"a":1}`, `[{"_cnd":{"eq":{"a":1}}}]`, ``, true}, {`{"a":1}`, `[{"_cnd":{"not":{"a":1}}}]`, ``, false}, {``, `[{"_cnd":{"not":"a"}}]`, ``, true},
		{`2`, `[{"_cnd":{"gt":2}}]`, ``, false}, {`3`, `[{"_cnd":{"gt":2}}]`, ``, true}, {`2`, `[{"_cnd":{"gte":2}}]`, ``, true}, {`1`, `[{"_cnd":{"gte":2}}]`, ``, false},
		{`2`, `[{"_cnd":{"lt":2}}]`, ``, false}, {`1`, `[{"_cnd":{"lt":2}}]`, ``, true}, {`2`, `[{"_cnd":{"lte":2}}]`, ``, true}, {`3`, ``, `[{"_cnd":{"lte":2}}]`, true},
		{`3`, `[{"_cnd":{"gt":2,"lt":3}}]`, ``, false}, {`3`, `[{"_cnd":{"between":{"from":2,"to":3}}}]`, ``, true}, {`4`, `[{"_cnd":{"between":{"from":2,"to":3}}}]`, ``, false},
		{`"abc"`, `[{"_cnd":{"startsWith":"ab"}}]`, ``, true}, {`"abc"`, `[{"_cnd":{"endsWith":"ab"}}]`, ``, false}, {`"abc"`, `[{"_cnd":{"includes":"b"}}]`, ``, true},
		{`"abc"`, `[{"_cnd":{"regex":"^a.c$"}}]`, ``, true}, {`"abc"`, `[{"_cnd":{"regex":"("}}]`, ``, false},
		{`"a"`, `[{"_cnd":{"exists":true}}]`, ``, true}, {`""`, `[{"_cnd":{"exists":true}}]`, ``, false}, {`null`, `[{"_cnd":{"exists":true}}]`, ``, false}, {``, ``, `[{"_cnd":{"exists":true}}]`, true},
		{`1`, `[{"_cnd":{"near":1}}]`, ``, false}, {`1`, `[{"_cnd":{}}]`, ``, false}, {`1`, `[{}]`, ``, false},
	} {
		conditions := func(text string) map[string][]any {
			if text == "" {
				return nil
			}
			return map[string][]any{"/v": decoded(t, text).([]any)}
		}
		look := func(name string) (any, bool) {
			if name != "/v" || c.v == "" {
				return nil, false
			}
			return decoded(t, c.v), true
		}
		if got := descriptors.Displayed(conditions(c.show), conditions(c.hide), look); got != c.is {
			t.Errorf("%s beside show %s, hide %s: %v", c.v, c.show, c.hide, got)
		}
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
