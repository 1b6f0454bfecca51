package core_test

import (
	"testing"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes/core"
)

// misspelt are the cases whose parameters or values are unknown on purpose.
var misspelt = []string{
	"if/combinator-xx", "filter/combinator-xx", "if/unknown-operation", "if/unknown-type", "limit/keep-unknown", "sort/order-unknown", "set/include-unknown",
	"merge/unknown-mode", "merge/v1-unknown-mode", "merge/unknown-join", "compareDatasets/unknown-resolve",
	"if/v1-unknown-operation", "filter/v1-unknown-operation", "removeDuplicates/v2-unknown-compare", "summarize/unknown-aggregation",
	"dateTime/v1-unknown", "dateTime/v1-calc-unknown", "dateTime/v2-unknown", "jwt/unknown-operation", "crypto/v1-hash-unknown", "crypto/v2-hash-unknown", "crypto/v1-hash-encoding-unknown", "crypto/v2-hash-encoding-unknown",
	"set/include-none", "set/v3-binary-strip", "set/v3.2-assignments-ignored", "set/v3.4-binary-include", "switch/v3-loose-parameter",
}

// TestDescriptors: what the recorded cases set, the descriptors know.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	golden.Descriptors(t, core.Nodes(), misspelt...)
}
