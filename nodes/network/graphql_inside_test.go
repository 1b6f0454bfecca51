package network

import (
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// TestGraphQLWrites: a query by POST may hold a mutation, one by GET does not (GraphQL over HTTP, 6.2.1).
func TestGraphQLWrites(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{`{}`: true, `{"requestMethod":"POST"}`: true, `{"requestMethod":"GET"}`: false, `{"requestMethod":"={{ 1 }}"}`: true} {
		params, broken := nodes.CompileTemplate(gjson.Parse(text), func(_, source string) (nodes.Expression, error) { return expression(source), nil })
		if len(broken) > 0 {
			t.Fatal(broken)
		}
		if got := (graphQL{}).Writes(1.1, params); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
