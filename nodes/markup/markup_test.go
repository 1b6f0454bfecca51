package markup_test

import (
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes/markup"
)

func TestMain(m *testing.M) { golden.Main(m) }

// TestGolden runs the cases of testdata, recorded from n8n 2.40.7 by internal/golden/record.mjs. Descriptions of errors are in
// Cordboard's own words.
func TestGolden(t *testing.T) {
	t.Parallel()
	golden.Run(t, golden.Suite{Types: markup.Nodes(), Skipped: skipped, Least: 700, Failure: func(e gjson.Result) (string, string) { return e.Get("message").Str, "" }})
}

func TestDescriptors(t *testing.T) {
	t.Parallel()
	golden.Descriptors(t, markup.Nodes(), "html/unknown-operation", "markdown/unknown-mode", "xml/unknown-mode")
}
