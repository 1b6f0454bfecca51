package network

import (
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// expression is one that nobody evaluates.
type expression string

func (e expression) Source() string { return string(e) }

func TestWritesByMethod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version float64
		params  string
		writes  bool
	}{
		{4.2, `{}`, false},
		{4.2, `{"method":"GET"}`, false},
		{4.2, `{"method":"post"}`, true},
		{4.2, `{"method":"HEAD"}`, false},
		{4.2, `{"method":"={{ $json.m }}"}`, true},
		{2, `{"method":"POST"}`, false},
		{2, `{"requestMethod":"DELETE"}`, true},
	} {
		params, broken := nodes.CompileTemplate(gjson.Parse(c.params), func(_, source string) (nodes.Expression, error) { return expression(source), nil })
		if len(broken) > 0 {
			t.Fatal(broken)
		}
		if got := (httpRequest{}).Writes(c.version, params); got != c.writes {
			t.Errorf("version %v %s: %v", c.version, c.params, got)
		}
	}
}
