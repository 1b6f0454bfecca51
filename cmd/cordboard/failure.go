package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// maxDescription is how many lines of what a server said are printed: of a web page the first are enough.
const maxDescription = 12

// told is what an error says on the command line. Where a server refused a node's request, the status and what to do are in it.
func told(err error) string {
	text := err.Error()
	var e *nodes.Error
	if !errors.As(err, &e) {
		return text
	}
	if lines := strings.Split(strings.TrimSpace(e.Description), "\n"); len(lines) > maxDescription {
		short := strings.Join(lines[:maxDescription], "\n") + fmt.Sprintf("\n… (%s more: --output run has all)", descriptors.Plural(len(lines)-maxDescription, "line"))
		text = strings.Replace(text, e.Description, short, 1)
	}
	status, notHTTP := strconv.Atoi(e.HTTPCode)
	name := http.StatusText(status)
	text = strings.TrimRight(text, "\n")
	if e.Request != "" { // of what caused the error nothing is told: an address may hold a secret
		text += "\nThe request was " + e.Request + "."
	}
	if notHTTP != nil || name == "" {
		return text
	}
	if !strings.Contains(e.Message, e.HTTPCode) {
		text += fmt.Sprintf("\nThe server answered %d %s.", status, name)
	}
	if mend := mends(status); e.Hint == "" && mend != "" {
		text += "\n" + mend
	}
	return text
}

// mends says what to do about a status.
func mends(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "Check the node's credential, and what it may do there."
	case http.StatusNotFound, http.StatusGone:
		return "Check the address that the node asks."
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "Check the method and the address that the node asks with."
	case http.StatusTooManyRequests:
		return "Wait, or have the node send fewer at once (batching), or try again by itself (retryOnFail)."
	}
	switch {
	case status >= 500:
		return "Try again later, or have the node do so by itself (retryOnFail)."
	case status >= 400:
		return "Check the node's parameters against what the server says."
	}
	return ""
}
