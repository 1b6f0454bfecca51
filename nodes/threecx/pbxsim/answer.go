package pbxsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Codes of the errors that the simulator answers. The PBX's own are not documented; these say which rule
// a request broke, so that a test can tell them apart.
const (
	codeBadPath      = "BadPath"
	codeBadQuery     = "BadQuery"
	codeBadBody      = "BadBody"
	codeNotFound     = "NotFound"
	codeMethod       = "MethodNotAllowed"
	codeMediaType    = "UnsupportedMediaType"
	codeUnauthorized = "Unauthorized"
	codeConflict     = "AlreadyInUse"
	codeReadOnly     = "ReadOnly"
	codePrecondition = "PreconditionFailed"
	codeInUse        = "InUse"
	codeFault        = "SimulatedFault"
	codeInternal     = "Internal"
)

// apiError is an answer that is not a success: an OData error with its status.
type apiError struct {
	status  int
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Details []errorDetail `json:"details,omitempty"`
	header  http.Header
}

// errorDetail is one finding of an apiError. Target is a JSON pointer into the body or a parameter's name.
type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.Code, e.Message) }

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// at adds a detail with the error's own code and message and this target.
func (e *apiError) at(target string) *apiError {
	e.Details = append(e.Details, errorDetail{Code: e.Code, Message: e.Message, Target: target})
	return e
}

func (e *apiError) with(header, value string) *apiError {
	if e.header == nil {
		e.header = http.Header{}
	}
	e.header.Set(header, value)
	return e
}

func (e *apiError) reply() *reply {
	body, err := json.Marshal(map[string]any{"error": e})
	if err != nil {
		return &reply{status: http.StatusInternalServerError}
	}
	return &reply{status: e.status, header: e.header, contentType: contentJSON, body: body}
}

const contentJSON = "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8"

// reply is an answer before it is written, so that faults can withhold or cut it.
type reply struct {
	status      int
	header      http.Header
	contentType string
	body        []byte
}

func noContent() *reply { return &reply{status: http.StatusNoContent} }

func jsonReply(status int, body any) *reply {
	data, err := json.Marshal(body)
	if err != nil {
		return fail(http.StatusInternalServerError, codeInternal, "the answer cannot be written as JSON: %v", err).reply()
	}
	return &reply{status: status, contentType: contentJSON, body: data}
}

func (r *reply) with(header, value string) *reply {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(header, value)
	return r
}

// write sends the reply. cut leaves out the second half of the body while the length announces all of it.
func (r *reply) write(w http.ResponseWriter, cut bool) {
	h := w.Header()
	for name, values := range r.header {
		h[name] = values
	}
	if r.contentType != "" {
		h.Set("Content-Type", r.contentType)
	}
	if r.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	body := r.body
	if cut {
		body = body[:len(body)/2]
	}
	// The caller has gone if this fails; there is nobody left to tell.
	_, _ = w.Write(body)
	if cut {
		_ = http.NewResponseController(w).Flush()
	}
}
