package nodes

import (
	"errors"
	"fmt"
	"strings"
)

// Error is what failed while a node ran: of an item, or of the node as a whole. It never holds a secret.
type Error struct {
	// Message says what; Description adds detail; Hint says what to do.
	Message     string
	Description string
	Hint        string
	// Node is the node's name; the engine fills it in.
	Node string
	// Item is the index of the item that failed; -1 for the node as a whole.
	Item int
	// Parameter is the parameter at fault, Pointer the JSON pointer inside its value.
	Parameter string
	Pointer   string
	// HTTPCode is the status of the answer, where there was one: "404".
	HTTPCode string
	// Request is the method and the address of a request that failed, without user, password and query: "GET https://api.example.com/users".
	Request string
	// Kind is n8n's name of the error: NodeOperationError, NodeApiError, ExpressionError.
	Kind string
	// Cause is the error beneath, for errors.Is and errors.As; its text is not shown.
	Cause error
}

// ErrNoCredential says that there is no credential of the type that was asked for, as opposed to one that cannot be used.
var ErrNoCredential = errors.New("there is no such credential")

// Kinds of error, in n8n's words.
const (
	OperationError  = "NodeOperationError"
	APIError        = "NodeApiError"
	ExpressionError = "ExpressionError"
)

// Errorf returns an error of a node or item with this message, as fmt.Errorf makes it; what %w wraps is its cause.
func Errorf(format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Message: err.Error(), Item: -1, Kind: OperationError}
	switch err.(type) { //nolint:errorlint // it is what fmt.Errorf just made
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		e.Cause = err
	}
	return e
}

// AsError returns err as an *Error: itself if it is one, else one that says what err says. Of an *Error inside of err the
// place, the hint and all else stay.
func AsError(err error) *Error {
	if e, ok := err.(*Error); ok { //nolint:errorlint // one that is wrapped is handled below
		return e
	}
	var inner *Error
	if errors.As(err, &inner) {
		e := *inner
		e.Message = strings.Replace(err.Error(), inner.Error(), inner.Message, 1)
		e.Cause = err
		return &e
	}
	return &Error{Message: err.Error(), Item: -1, Kind: OperationError, Cause: err}
}

// At returns a copy that names item i, unless the error names one already.
func (e *Error) At(i int) *Error {
	c := *e
	if c.Item < 0 {
		c.Item = i
	}
	return &c
}

// WithParam returns a copy that names the parameter and the JSON pointer inside its value.
func (e *Error) WithParam(name, pointer string) *Error {
	c := *e
	c.Parameter, c.Pointer = name, pointer
	return &c
}

// Error says where and what on one line; Description and Hint follow on lines of their own.
func (e *Error) Error() string {
	var where []string
	if e.Node != "" {
		where = append(where, fmt.Sprintf("node %q", e.Node))
	}
	if e.Item >= 0 {
		where = append(where, fmt.Sprintf("item %d", e.Item))
	}
	if e.Parameter != "" {
		where = append(where, fmt.Sprintf("parameter %q", e.Parameter+e.Pointer))
	}
	text := e.Message
	if len(where) > 0 {
		text = strings.Join(where, ", ") + ": " + text
	}
	for _, more := range []string{e.Description, e.Hint} {
		if more != "" {
			text += "\n" + more
		}
	}
	return text
}

// InItem is what the error says within an item or a list of errors, where node and item are known: the parameter and the
// message.
func (e *Error) InItem() string {
	if e.Parameter == "" {
		return e.Message
	}
	return fmt.Sprintf("parameter %q: %s", e.Parameter+e.Pointer, e.Message)
}

func (e *Error) Unwrap() error { return e.Cause }
