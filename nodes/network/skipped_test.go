package network_test

const (
	noObject   = "n8n takes what is no object as an item's json; here a list stands in the item by index and any other value under data"
	noJSON     = "n8n gives an item without json; here it is what the server answered, or empty"
	jsMessage  = "n8n fails with a message of JavaScript's; here the part is sent as text"
	notRefused = "n8n refuses before the run; here the node fails"
)

// skipped are the recorded cases that are not met, each with the reason.
var skipped = map[string]string{
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
