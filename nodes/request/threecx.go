package request

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// threeCX is the dialect of 3CX's configuration API: OData, and what integrators know of its errors.
type threeCX struct{ odata }

func (t threeCX) failure(op *descriptors.Operation, a *answer) *nodes.Error {
	e := t.odata.failure(op, a)
	e.Hint = threeCXHint(op, a, e)
	return e
}

func threeCXHint(op *descriptors.Operation, a *answer, e *nodes.Error) string {
	text := strings.ToLower(e.Message + " " + e.Description)
	switch {
	case strings.Contains(text, "licen") && (a.status == http.StatusPaymentRequired || a.status == http.StatusForbidden || a.status >= http.StatusInternalServerError):
		return "The configuration API needs an Enterprise (8SC or more) or AI licence."
	case strings.Contains(text, "for top query"):
		return "This PBX limits $top: set requestOptions.returnAll, which reads page by page."
	case a.status == http.StatusUnauthorized:
		return "Check the client id and secret, that the API client is enabled on the PBX, and that no other program mints tokens for this client."
	case a.status == http.StatusForbidden:
		return "The API client's role does not allow this; call history, recordings and scheduled reports need System Owner."
	case a.status == http.StatusNotFound && !a.isJSON:
		return "Check the credential's base URL: it is the PBX's address, such as https://pbx.example.com, and the API must be enabled there."
	case a.status == http.StatusNotFound:
		return "Check that the ids exist; a report answers 404 also where an argument is not as it wants it."
	case a.status == http.StatusPreconditionFailed:
		return "If-Match does not fit the entity as it is now: read it again."
	case a.status == http.StatusRequestEntityTooLarge:
		return "The request is too large: set requestOptions.idsPerRequest to send the ids in parts."
	case a.status == http.StatusGatewayTimeout:
		return "The PBX took too long: ask for a shorter period or fewer rows."
	case a.status == http.StatusInternalServerError && op.Request.Method == http.MethodGet:
		return "A date or an argument of the wrong type can be the cause: dates need a zone, such as 2026-01-31T00:00:00Z."
	case a.status == http.StatusBadRequest && op.Request.Body:
		return fmt.Sprintf("Check the object's fields against: cordboard nodes show n8n-nodes-3cx.threecx %q %q", op.Resource, op.Name)
	}
	return ""
}
