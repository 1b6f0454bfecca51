package pbxsim

import (
	"maps"
	"sync"
)

// Request is an entry of the request log.
type Request struct {
	Method string `json:"method"`
	// Path is percent-decoded, RawPath is as it was sent; both are whole paths, from the server's root.
	Path    string `json:"path"`
	RawPath string `json:"rawPath"`
	// Query is as it was sent.
	Query string `json:"query,omitempty"`
	// Operation is the operation's id, "token" for the token endpoint, "" for a path that is neither.
	Operation   string `json:"operation,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	Accept      string `json:"accept,omitempty"`
	IfMatch     string `json:"ifMatch,omitempty"`
	// Body is as it was sent; of token requests the client's secret is blotted out.
	Body string `json:"body,omitempty"`
	// Status is the answer's, 0 if the connection was closed instead.
	Status int `json:"status"`
	// Authorised is set when the request bore a live token.
	Authorised bool `json:"authorised"`
}

// Counters count since the start or the last reset.
type Counters struct {
	// Requests are all but those to the admin endpoint, among them TokenRequests.
	Requests      int `json:"requests"`
	TokenRequests int `json:"tokenRequests"`
	// TokenMints are the token requests that gave a token.
	TokenMints int `json:"tokenMints"`
	// Unauthorized are the answers 401 to other than token requests.
	Unauthorized int `json:"unauthorized"`
	// Dropped are the requests whose connection was closed instead of answered.
	Dropped int `json:"dropped"`
	// ByOperation counts requests by operation id, whatever their status; "token" is in it.
	ByOperation map[string]int `json:"byOperation"`
}

// journal keeps the last requests and the counters.
type journal struct {
	limit int

	mu       sync.Mutex
	requests []Request
	counters Counters
}

func (j *journal) add(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := &j.counters
	c.Requests++
	if r.Operation == tokenOperation {
		c.TokenRequests++
		if r.Status == 200 {
			c.TokenMints++
		}
	} else if r.Status == 401 {
		c.Unauthorized++
	}
	if r.Status == 0 {
		c.Dropped++
	}
	if c.ByOperation == nil {
		c.ByOperation = map[string]int{}
	}
	if r.Operation != "" {
		c.ByOperation[r.Operation]++
	}
	if j.limit < 0 {
		return
	}
	if len(j.requests) >= 2*j.limit {
		j.requests = append([]Request(nil), j.requests[len(j.requests)-j.limit+1:]...)
	}
	j.requests = append(j.requests, r)
}

func (j *journal) read() ([]Request, Counters) {
	j.mu.Lock()
	defer j.mu.Unlock()
	requests := append([]Request(nil), j.requests...)
	if len(requests) > j.limit && j.limit >= 0 {
		requests = requests[len(requests)-j.limit:]
	}
	c := j.counters
	c.ByOperation = maps.Clone(c.ByOperation)
	return requests, c
}

func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests, j.counters = nil, Counters{}
}
