package code_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes/code"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { golden.Main(m) }

func newEngine(t testing.TB, o runtime.Options) *runtime.Engine {
	t.Helper()
	return golden.NewEngine(t, o, code.Nodes()...)
}

// TestGolden runs every case of testdata through the engine. Its answers were recorded from n8n 2.40.7 by internal/golden/record.mjs.
func TestGolden(t *testing.T) {
	t.Parallel()
	golden.Run(t, golden.Suite{Types: code.Nodes(), Skipped: skipped, Least: 280, Failure: failure})
}

// ownLine are the lines that n8n gives for errors of its own code.
var ownLine = regexp.MustCompile(` \[Line 1[4-6]\d\]$`)

// failure leaves out those lines, and descriptions that are in Cordboard's own words, where n8n's speak of its editor.
func failure(e gjson.Result) (message, description string) {
	message, description = ownLine.ReplaceAllString(e.Get("message").Str, ""), e.Get("description").Str
	if strings.Contains(description, "<code>") {
		return message, ""
	}
	for _, start := range []string{"The item has the key", "The workflow has no node", "Secure-mode task runners", "Evaluate the expression"} {
		if strings.HasPrefix(description, start) {
			return message, ""
		}
	}
	return message, description
}

// sorted writes JSON with its keys in order.
func sorted(text string) string {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return text
	}
	out, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return string(out)
}
