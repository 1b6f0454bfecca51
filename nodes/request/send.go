package request

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// maxRefusals bounds how often one request is sent again with a newer token: where tokens die at once others' requests may
// be the ones that get through.
const maxRefusals = 8

// trip is what came of sending a request once.
type trip struct {
	answer *answer
	err    error
	sent   bool // the request may have reached the server; known for writes only
}

// send sends a request and returns the successful answer. What was refused for its token is sent again with a new one;
// what else is sent again is said at again.
func (w *worker) send(ctx context.Context, req *Request) (*answer, error) {
	if w.halted.Err() != nil {
		return nil, errHalted
	}
	access, err := w.access.get(ctx)
	if err != nil {
		return nil, err
	}
	ctx = w.watch(ctx)
	for try, refusals := 1, 0; ; try++ {
		t := w.once(ctx, req, access)
		if t.err != nil && ctx.Err() != nil {
			return nil, w.cancelled(req, t)
		}
		if t.err == nil && t.answer.status == http.StatusUnauthorized && w.credential != "" && refusals < maxRefusals {
			newer, renewed, err := w.access.renew(ctx, access.Generation)
			if err != nil {
				w.job.outcome = max(w.job.outcome, failed)
				return nil, err
			}
			if renewed {
				access = newer
				refusals++
				try--
				continue
			}
		}
		if t.err == nil && t.answer.ok() {
			w.access.took()
			w.job.outcome = max(w.job.outcome, done)
			return t.answer, nil
		}
		wait, again := w.again(t, try)
		if !again {
			return nil, w.gaveUp(req, t, access, try)
		}
		w.call.Log.Warn("a request is repeated", "action", w.action(), "item", w.job.item, "try", try, "wait", wait)
		if err := w.pause(ctx, wait); err != nil {
			if ctx.Err() != nil {
				return nil, w.cancelled(req, trip{err: err})
			}
			return nil, w.gaveUp(req, t, access, try)
		}
	}
}

// watch notes, for a write, when a connection is there to send it over: before that nothing can have reached the server.
func (w *worker) watch(ctx context.Context) context.Context {
	if !w.op.Writes {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { w.sent = true }})
}

var errTimeout = errors.New("the request took longer than requestOptions.timeout")

// once sends a request and reads its answer.
func (w *worker) once(ctx context.Context, req *Request, access nodes.Access) trip {
	if w.options.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, w.options.timeout, errTimeout)
		defer cancel()
	}
	hr, err := w.newHTTPRequest(ctx, req, access)
	if err != nil {
		return trip{err: err}
	}
	client, err := w.x.clients.get(clientKey{w.options.proxy, w.options.insecure || access.Fields["ignoreSSLIssues"] == "true"})
	if err != nil {
		return trip{err: err}
	}
	w.sent = false
	res, err := client.Do(hr)
	if err != nil {
		return trip{err: timedOut(ctx, err), sent: w.sent}
	}
	defer res.Body.Close()
	a, err := w.read(ctx, res)
	if err != nil {
		return trip{err: timedOut(ctx, err), sent: true}
	}
	return trip{answer: a, sent: true}
}

// timedOut names the cause where the request's own timeout ended it: reading a body tells only that the deadline is over.
func timedOut(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errTimeout) {
		return errTimeout
	}
	return err
}

func (w *worker) newHTTPRequest(ctx context.Context, req *Request, access nodes.Access) (*http.Request, error) {
	address := access.BaseURL + req.Path
	if req.Query != "" {
		address += "?" + req.Query
	}
	var body io.Reader
	if req.HasBody {
		body = strings.NewReader(req.Body)
	}
	hr, err := http.NewRequestWithContext(ctx, req.Method, address, body)
	if err != nil {
		return nil, err
	}
	v := []string{"application/json, */*;q=0.5", "cordboard", "application/json", "Bearer " + access.Token} // one allocation for all
	hr.Header["Accept"], hr.Header["User-Agent"] = v[0:1:1], v[1:2:2]
	if req.HasBody {
		hr.Header["Content-Type"] = v[2:3:3]
	}
	for name, value := range req.Header {
		hr.Header.Set(name, value)
	}
	if access.Token != "" {
		hr.Header["Authorization"] = v[3:4:4]
		return hr, nil
	}
	return hr, authenticate(hr, w.credential, access)
}
