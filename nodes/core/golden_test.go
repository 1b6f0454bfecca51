package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { golden.Main(m) }

// skipped are the recorded cases that are not met, each with the reason.
var skipped = map[string]string{
	"if/regex-invalid":                            "n8n fails without a message; here the pattern is named",
	"switch/unknown-node-error-output":            "n8n cannot tell how many outputs the node has, and fails as a whole",
	"switch/v1-regex-invalid":                     "n8n gives the wording of its JavaScript engine; here it is ours",
	"switch/v2-regex-invalid":                     "as above",
	"switch/expression-fraction":                  "n8n fails with a message of JavaScript's; here the output is named",
	"switch/expression-fraction-continue":         "as above",
	"switch/expression-null":                      "as above",
	"switch/expression-null-continue":             "as above",
	"switch/expression-undefined":                 "as above",
	"merge/unknown-mode":                          "n8n fails with a message of JavaScript's; here the mode is named",
	"merge/fields-string-list":                    "n8n fails with a message of JavaScript's; here a list of names is taken",
	"merge/clash-preferLast-deepMerge-empty":      "n8n changes its input while it merges, so that later pairs see it",
	"merge/clash-preferInput1-deepMerge-empty":    "as above",
	"merge/v1-mergeByKey-no-names":                "n8n refuses before the run; here the node fails",
	"merge/v1-keepKeyMatches-no-names":            "as above",
	"merge/v1-removeKeyMatches-no-names":          "as above",
	"merge/sql-union":                             "n8n's UNION keeps doubles and has an order of its own",
	"merge/sql-distinct":                          "n8n says the last of the rows that are the same, here it is the first",
	"merge/sql-syntax":                            "the description is SQLite's",
	"merge/sql-syntax-continue":                   "as above",
	"merge/sql-no-table":                          "as above",
	"merge/sql-insert":                            "n8n runs it and fails on its result",
	"merge/sql-delete":                            "as above",
	"merge/sql-empty":                             "n8n refuses before the run; here the node fails",
	"merge/sql-no-column":                         "n8n gives empty items; here the column is named",
	"merge/sql-case-names":                        "n8n tells upper from lower case in names of columns, SQLite does not",
	"merge/sql-double-quotes":                     "n8n takes the name with single quotes around it",
	"crypto/v1-sign-bad-key":                      "n8n gives the wording of OpenSSL; here it is ours",
	"crypto/v1-sign-escaped":                      "as above",
	"crypto/v1-sign-one-line":                     "as above",
	"dateTime/v1-calc-unknown-operation":          "n8n runs it as another operation; here a run with an operation that does not exist is refused before it begins",
	"dateTime/v2-unknown":                         "as above",
	"dateTime/v2-format-custom":                   "n8n names a text's offset GMT+2, Luxon's zones of a fixed offset are named UTC+2",
	"dateTime/v2-format-locale":                   "package luxon writes a narrow space before AM, Luxon a plain one",
	"executeWorkflowTrigger/v1.1-example-invalid": "n8n gives the wording of its JavaScript engine; here it is Go's",
	"executeWorkflowTrigger/v1.2-example-invalid": "as above",
	"executeWorkflowTrigger/v1.1-no-inputs":       "n8n refuses before the run; here the node fails",
	"renameKeys/regex-invalid":                    "as above",
	"renameKeys/regex-error-continue":             "as above",
	"if/v1-regex-invalid":                         "as above",
	"filter/v1-regex-invalid":                     "as above",
	"if/v1-unknown-operation":                     "n8n fails with a message of JavaScript's; here the operation is named",
	"filter/v1-unknown-operation":                 "as above",
	"executeWorkflowTrigger/v1.2-no-inputs":       "as above",
	"respondToWebhook/bad-jwt":                    "n8n refuses before the run; here the node fails",
	"dateTime/v1-from-empty":                      "n8n refuses before the run; here the date is not valid",
	"dateTime/v1-unknown-action":                  "in n8n all items are dropped; here the action is named",
	"dateTime/v1-value-empty":                     "n8n refuses before the run; here the node fails",
	"dateTime/v1-value-float":                     "n8n takes 1.5 for so many thousand seconds; here it is 1.5 of them",
	"itemLists/v3-sort-code":                      "n8n looks for the code in another parameter, and finds none",
	"itemLists/v3.1-sort-code-syntax":             "as above",
	"jwt/decode-empty":                            "n8n refuses before the run; here the node fails",
	"jwt/decode-error-output":                     "n8n goes on after no failure, but fails by itself; here the item has an error",
	"jwt/decode-expression":                       "n8n goes on after no failure, but fails by itself; here the item has an error",
	"jwt/decode-garbage":                          "n8n refuses before the run; here the node fails",
	"jwt/decode-number":                           "n8n refuses before the run; here the node fails",
	"jwt/decode-spaces":                           "n8n refuses before the run; here the node fails",
	"jwt/decode-text-payload":                     "n8n gives the wording of its JavaScript engine; here it is ours",
	"jwt/decode-two-parts":                        "n8n refuses before the run; here the node fails",
	"jwt/sign-header-invalid":                     "n8n refuses before the run; here the node fails",
	"jwt/sign-json-empty":                         "n8n refuses before the run; here the node fails",
	"jwt/sign-json-invalid":                       "n8n refuses before the run; here the node fails",
	"jwt/sign-json-list":                          "n8n refuses before the run; here the node fails",
	"jwt/sign-json-text":                          "n8n refuses before the run; here the node fails",
	"jwt/unknown-operation":                       "in n8n all items are dropped; here the operation is named",
	"jwt/verify-empty":                            "n8n refuses before the run; here the node fails",
	"jwt/verify-error-output":                     "n8n goes on after no failure, but fails by itself; here the item has an error",
	"jwt/verify-expression":                       "n8n goes on after no failure, but fails by itself; here the item has an error",
	"jwt/verify-garbage":                          "n8n refuses before the run; here the node fails",
	"jwt/verify-number":                           "n8n refuses before the run; here the node fails",
	"jwt/verify-spaces":                           "n8n refuses before the run; here the node fails",
	"jwt/verify-text-payload":                     "as above",
	"jwt/verify-two-parts":                        "n8n refuses before the run; here the node fails",
	"sort/code-await":                             "as above",
	"sort/code-node-ref":                          "as above",
	"sort/code-syntax":                            "n8n gives the wording of its JavaScript engine; here it is QuickJS's",
	"sort/code-variables":                         "n8n hides what expressions see; here code may use it",
	"stopAndError/object-invalid":                 "n8n gives the wording of its JavaScript engine; here it is Go's",
}

// TestGolden runs every case of testdata through the engine. Its answers were recorded from n8n 2.40.7 by
// internal/golden/record.mjs; those of cases with credentials with a Date that stands still at the beginning of 2026.
func TestGolden(t *testing.T) {
	t.Parallel()
	clock := func() time.Time { return time.Unix(1767225600, 0) }
	golden.Run(t, golden.Suite{Options: runtime.Options{Clock: clock}, Skipped: skipped, Least: 3350, Failure: failure})
}

// failure leaves out descriptions that say what to do in n8n's editor (partly in HTML), or what of the workflow is wrong: these
// are in Cordboard's own words.
func failure(e gjson.Result) (message, description string) {
	message, description = e.Get("message").Str, e.Get("description").Str
	for _, start := range []string{"Try changing the type", "\n<p>Try either", "Enable 'Convert types", "The workflow has no node"} {
		if strings.HasPrefix(description, start) {
			return message, ""
		}
	}
	return message, description
}
