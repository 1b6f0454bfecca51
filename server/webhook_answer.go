package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// answerer writes an answer, and gives up on a caller who takes no byte of it for too long.
type answerer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

var _ io.Writer = (*answerer)(nil)

// Write is io.Writer's.
func (a *answerer) Write(p []byte) (int, error) {
	_ = a.control.SetWriteDeadline(time.Now().Add(a.stall)) // a recorder of tests has none
	return a.w.Write(p)
}

// head sets headers. The last of a name counts, but for those that a node gives several of.
func (a *answerer) head(h http.Header) {
	for name, values := range h {
		list := make([]string, len(values))
		for i, v := range values {
			list[i] = latin1(v)
		}
		a.w.Header()[http.CanonicalHeaderKey(name)] = list
	}
	if values := h["Content-Type"]; len(values) == 1 && values[0] == "" {
		a.w.Header()["Content-Type"] = nil // or a type would be guessed
	}
}

// latin1 is a header's text in the bytes that HTTP has for it; nodes give no other text.
func latin1(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

// send writes an answer. Binary data is read from the store of the call's run.
func (a *answerer) send(call *nodes.Call, r nodes.Response) {
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	if r.Status < 200 || r.Status > 999 { // 1xx announce another answer
		writeMessage(a.w, http.StatusInternalServerError, 0,
			fmt.Sprintf("Invalid status code: %d. Status code must be greater than 99 and less than 1000.", r.Status))
		return
	}
	var file io.ReadCloser
	if r.File != nil {
		var err error
		if file, err = call.OpenFile(context.Background(), *r.File); err != nil {
			writeError(a.w, http.StatusInternalServerError, "Error in workflow", "")
			return
		}
		defer file.Close()
	}
	a.head(r.Header)
	if r.Status == http.StatusNoContent || r.Status == http.StatusNotModified {
		a.w.Header().Del("Content-Type")
		file, r.Body = nil, nil
	}
	a.w.WriteHeader(r.Status)
	if file != nil {
		if _, err := io.CopyBuffer(a, file, make([]byte, 32<<10)); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
			panic(http.ErrAbortHandler) // or the caller would take it for the whole
		}
		return
	}
	_, _ = a.Write(r.Body) // the caller may be gone
}

// stream writes lines as they come, until the run has ended. A caller who is gone is not waited for.
func (a *answerer) stream(ctx context.Context, lines <-chan []byte, ended <-chan nodes.Result) {
	if a.w.Header().Get("Content-Type") == "" {
		a.w.Header()["Content-Type"] = nil // as n8n
	}
	a.w.WriteHeader(http.StatusOK)
	for {
		if a.control.Flush() != nil {
			return
		}
		select {
		case line := <-lines:
			if _, err := a.Write(line); err != nil {
				return
			}
		case <-ended:
			return
		case <-ctx.Done():
			return
		}
	}
}
