package network_test

const (
	noObject   = "n8n takes what is no object as an item's json; here a list stands in the item by index and any other value under data"
	noJSON     = "n8n gives an item without json; here it is what the server answered, or empty"
	jsMessage  = "n8n fails with a message of JavaScript's; here the part is sent as text"
	notXML     = "how XML is broken is said in other words"
	encoded    = "n8n reads every feed as UTF-8; here one that is in another encoding is read in that, which TestFeedEncodings checks"
	notRefused = "n8n refuses before the run; here the node fails"
	noLineage  = "n8n's declarative nodes do not say which item came of which; here they do"
	bufferJSON = "n8n puts the bytes of a file into the item as a list of numbers and takes any file for text; here the answer's type counts"
	sentTwice  = "n8n sends what was refused with 401 once more; here only where a newer token can be had"
)

// skipped are the recorded cases that are not met, each with the reason.
var skipped = map[string]string{
	"declarative/answer-true": noObject, "declarative/answer-text": noObject, "declarative/answer-string": noObject, "declarative/answer-number": noObject, "declarative/answer-null": noObject, "declarative/answer-scalars": noObject, "declarative/answer-root-scalars": noObject, "declarative/answer-root-scalar": noObject, "declarative/answer-root-null": noObject, "declarative/answer-html": noObject, "declarative/answer-full-list": noObject, "declarative/answer-body-list": noObject, "declarative/answer-as-text": noObject, "declarative/answer-as-list": noObject, "declarative/answer-as-empty-list": noObject, "declarative/answer-bad-json": noObject,
	"declarative/answer-two": noJSON, "declarative/answer-set": noJSON, "declarative/answer-set-list": noJSON, "declarative/answer-root-of-list": noJSON, "declarative/answer-root-missing": noJSON, "declarative/answer-refuse": noJSON, "declarative/answer-item": noJSON, "declarative/answer-item-text": noJSON, "declarative/answer-item-list": noJSON, "declarative/answer-body-missing": noJSON, "declarative/answer-none": noJSON, "declarative/answer-empty": noJSON,
	"declarative/get-no-id": notRefused, "declarative/get-empty-id": notRefused,
	"declarative/items-error-output": noLineage, "declarative/items-lists": noLineage, "declarative/create-bad-extra-continue": noLineage,
	"declarative/answer-file": bufferJSON, "declarative/answer-file-named": bufferJSON, "declarative/answer-file-json": bufferJSON, "declarative/answer-file-empty": bufferJSON,
	"declarative/answer-status-401": sentTwice, "declarative/answer-status-401-continue": sentTwice,
	"declarative/other-operation":        "n8n asks the base address where there is no such operation; here it is an error",
	"declarative/answer-numbers":         "numbers keep their digits here",
	"declarative/expr-operation":         "n8n does not evaluate an operation that is an expression and asks the base address; here it is evaluated",
	"graphql/graphql-list":               noObject,
	"graphql/graphql-scalar":             noObject,
	"graphql/graphql-empty":              noJSON,
	"graphql/graphql-errors-empty":       "n8n does not know what went wrong; here the error says so",
	"graphql/graphql-variables-broken":   "how JSON is broken is said in other words",
	"graphql/graphql-variables-trailing": "how JSON is broken is said in other words",
	"rss/broken":                         notXML, "rss/broken-attribute": notXML, "rss/broken-continue": notXML, "rss/broken-end": notXML, "rss/broken-entity": notXML, "rss/doctype": notXML,
	"rss/json": notXML, "rss/json-feed": notXML,
	"rss/iso": encoded, "rss/iso-header": encoded, "rss/iso-header-only": encoded, "rss/cp1252": encoded, "rss/utf16": encoded,
	"rss/no-channel":                jsMessage,
	"rss/atom-links":                "n8n fails at a link without attributes; here the entry has no link",
	"rss/atom-no-ns":                "n8n fails at a link without attributes; here the entry has no link",
	"rss/atom-date-broken":          "n8n fails at a date that is none; here pubDate is as it is, and isoDate is missing",
	"executeCommand/command-signal": "n8n takes a command that was killed for one that did its work; here it failed",
	"response-number":               noObject, "response-true": noObject, "response-list-scalars": noObject, "response-list-nested": noObject, "response-list-mixed": noObject,
	"v3-response-number": noObject, "v3-response-list-scalars": noObject, "page-empty-null": noObject,
	"v1-list": noObject, "v2-list": noObject, "v1-split-off": noObject, "v2-split-off": noObject,
	"v1-204": noJSON, "v2-204": noJSON, "v1-raw": noJSON, "v2-raw": noJSON, "v1-send-binary": noJSON, "v2-send-binary": noJSON,
	"v4-body-multipart-list": jsMessage, "v4.1-body-multipart-list": jsMessage, "body-multipart-object": jsMessage, "body-multipart-scalars": jsMessage,
	"url-missing": notRefused, "url-empty": notRefused,
	"response-as-json-of-empty": "n8n fails with a message of JavaScript's; here the item is empty",
	"page-request":              "$request has the members body, headers, method, uri, url and qs; those of n8n's HTTP client are not in it",
	"body-json-big-number":      "numbers keep their digits; n8n rounds them",
	"auth-missing":              "the error names the credential that is missing and what to do",
	"auth-digest":               "the answer to the challenge is random; TestDigest checks it",
}
