package request

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/cordboard/cordboard/nodes"
)

// maxRenewals is how many tokens in a row may be refused, with no request getting through, before the refusal is believed.
const maxRenewals = 3

// accessHolder shares a step's access between its jobs: it is asked for when the first request is about to go out, and a
// refused token is renewed once for all.
type accessHolder struct {
	step *step

	mu      sync.Mutex
	asked   bool
	access  nodes.Access
	err     error // of asking or renewing; it meets every job
	refused int   // renewals since a token was taken last
}

// get returns the access at hand; that of a node without credentials has the address of its descriptor only.
func (h *accessHolder) get(ctx context.Context) (nodes.Access, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.asked && h.step.credential == "" {
		h.asked, h.access = true, nodes.Access{BaseURL: h.step.node.BaseURL}
	}
	if !h.asked {
		a, err := h.step.call.Engine.Access(ctx, h.step.credential)
		if err != nil && ctx.Err() != nil {
			return nodes.Access{}, context.Cause(ctx)
		}
		if a.BaseURL == "" {
			a.BaseURL = h.step.node.BaseURL
		}
		if err == nil && a.BaseURL == "" {
			e := nodes.Errorf("the credential (%s) has no base URL, so there is no address to send to", h.step.credential)
			e.Hint = "Give it the field baseUrl, such as https://api.example.com."
			err = e
		}
		if err == nil && a.Token == "" {
			err = authenticate(&http.Request{Header: http.Header{}, URL: &url.URL{}}, h.step.credential, a)
		}
		h.asked, h.access = true, a
		h.fail(err)
	}
	return h.access, h.err
}

// renew returns an access newer than the one of this generation, which the server refused. If another job has renewed it
// already, its result is taken. It is not renewed any more once new tokens are refused as well.
func (h *accessHolder) renew(ctx context.Context, generation uint64) (a nodes.Access, renewed bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil || h.access.Generation != generation {
		return h.access, true, h.err
	}
	if h.access.Token == "" || h.refused >= maxRenewals { // what is no token does not become valid
		return h.access, false, nil
	}
	h.refused++
	a, err = h.step.call.Engine.Renew(ctx, h.step.credential, generation)
	switch {
	case err != nil && ctx.Err() != nil:
		return nodes.Access{}, false, context.Cause(ctx)
	case err == nil:
		h.access = a
	}
	h.fail(err)
	return h.access, true, h.err
}

// took notes that the server accepted a token.
func (h *accessHolder) took() {
	h.mu.Lock()
	h.refused = 0
	h.mu.Unlock()
}

func (h *accessHolder) fail(err error) {
	if err != nil {
		h.err = &stepError{err}
	}
}
