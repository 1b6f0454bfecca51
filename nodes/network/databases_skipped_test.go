package network_test

const (
	partsOfText  = "n8n evaluates the parts {{ … }} of the text one by one and drops what stands between; here the text is an expression like any other"
	lostLineage  = "n8n pairs the rows of the second statement with the second item, which need not be there; here with the item whose query it is"
	silentFailed = "version 1 of n8n hands on a failed item as if nothing had happened; here it says so"
	noText       = "n8n writes an object as [object Object]; here it is JSON"
	backticks    = "n8n drops backticks of names; here they are part of them: TestHostileNames"
	jsWords      = "n8n fails with a message of JavaScript's"
)

// skippedOnDatabases are the recorded cases that are not met, each with the reason.
var skippedOnDatabases = map[string]string{
	"postgres/query-empty-two": partsOfText, "postgres/query-parameters-expression": partsOfText, "postgres/query-parameters-mixed": partsOfText,
	"postgres/query-several-parameters": lostLineage, "postgres/query-several-two-items": lostLineage, "postgres/query-several-write": lostLineage, "postgres/query-several": lostLineage,
	"postgres/query-v1-continue-independently": silentFailed, "postgres/query-v1-continue-single": silentFailed, "postgres/query-v1-continue-transaction": silentFailed,
	"postgres/v1-insert-error": silentFailed, "postgres/insert-array-text": jsWords, "postgres/query-parameters-number": jsWords,
	"postgres/insert-json-array":       "n8n fails on a list for a JSON column; here it is JSON",
	"postgres/query-parameters-quoted": "n8n lets a value leave the quotes around it; here that is refused",
	"postgres/update-old-auto":         "n8n fails for lack of a parameter that this mode does not have; here the item has the value",
	"mySql/insert-auto":                noText, "mySql/update-auto": noText, "mySql/query-parameters-object": noText,
	"mySql/insert-weird": backticks, "mySql/query-name-hostile": backticks, "mySql/select-hostile-column": backticks, "mySql/select-hostile": backticks, "mySql/select-weird": backticks,
	"mySql/deleteTable-drop":             "n8n gives success for a SHOW without rows; here there are none",
	"mySql/insert-detailed":              "n8n shows the values in the statement; here they stay parameters",
	"mySql/query-parameters-list":        "n8n gives items whose json is a list for two items with parameters; here their rows",
	"mySql/query-parameters-quoted":      "n8n puts a mark into a text in quotes; here it stays what it is",
	"mySql/query-v1-error-continue":      silentFailed,
	"mySql/query-resolvables-nowhere":    "n8n fails the item; here the node fails where an expression in the text names what the workflow does not have",
	"postgres/query-resolvables-nowhere": "the error is the same, and here says more",
	"mySql/update-only-key":              "n8n sends a statement that cannot be; here it is refused",
	"redis/set-hash-broken":              "n8n writes the characters of a text that is no JSON as fields; here it is refused",
	"redis/set-over-list":                "n8n writes the characters of a text as elements; here JSON text is a list",
	"redis/set-string-object":            noText,
}
