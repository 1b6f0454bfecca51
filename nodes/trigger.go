package nodes

import (
	"context"
	"io"
	"net/http"
)

// Trigger is a Node that starts runs by itself: a schedule, a queue, a socket.
type Trigger interface {
	Node
	// Listen calls start for each event, until ctx is cancelled (then it returns nil) or it cannot go on.
	Listen(ctx context.Context, call *Call, start Start) error
}

// ByHand is a Trigger that gives its item when it is executed, so that a run by hand can begin at it.
type ByHand interface {
	Trigger
	ByHand()
}

// Webhook is a Node that starts runs when an HTTP request arrives.
type Webhook interface {
	Node
	// Routes returns what the node wants to be called for.
	Routes(call *Call) ([]Route, error)
	// Receive turns a request into the items of a run, or into an answer without a run.
	Receive(ctx context.Context, call *Call, req *http.Request, pathParams map[string]string) (Received, error)
	// Respond makes the answer from what the run came to. It is asked only when Received.Wait is set, and not when a
	// node of the run has replied.
	Respond(call *Call, result Result) (Response, error)
}

// Resumable is a Node whose suspended run goes on when its resume address is called (Wait).
type Resumable interface {
	Node
	// Receive turns the request into the items with which the run goes on, or into an answer that leaves it waiting.
	Receive(ctx context.Context, call *Call, req *http.Request, pathParams map[string]string) (Received, error)
	// Respond makes the answer from what the run came to, where Received.Wait is set.
	Respond(call *Call, result Result) (Response, error)
}

// Start starts a run with these items as the trigger's output. It returns once the run is durable: a trigger
// acknowledges its event only then.
type Start func(ctx context.Context, items Items) (*Started, error)

// Once is a context for Start with a key: of events with the same key at one trigger, also of other servers, one starts a run.
func Once(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, onceKey{}, key)
}

// OnceKey returns the key of Once, "" for none.
func OnceKey(ctx context.Context) string {
	key, _ := ctx.Value(onceKey{}).(string)
	return key
}

type onceKey struct{}

// Started is a run that was started by a trigger.
type Started struct {
	ExecutionID string
	// Result gets one value: when the run ended, or earlier when a node replied. It is never closed empty.
	Result <-chan Result
}

// Result is what a started run came to, for the one who waits for it.
type Result struct {
	// Reply is the answer that a node of the run gave, if one did.
	Reply *Response
	// Items are those of the first output of the last executed node.
	Items Items
	// Err is set if the run failed.
	Err error
}

// Route is an address at which a webhook listens.
type Route struct {
	Method string
	// Path has no leading slash; a segment ":name" takes any value.
	Path string
	// Origins are those whose pages may read the answer (CORS); nil: any.
	Origins []string
}

// Body is the body of a request, with the bounds that the server sets. A node that takes requests finds it in http.Request.Body,
// or another reader where they are the usual ones.
type Body struct {
	io.ReadCloser
	// Parsed bounds what is held in memory, File what is streamed to the store of binary data. In bytes.
	Parsed, File int64
}

// Received is what a webhook made of a request.
type Received struct {
	Items Items
	// Output is that of the node's outputs on which the items are.
	Output int
	// Reject, if set, is the answer; no run is started.
	Reject *Response
	// Wait is set when the answer is made of the run's result; else Answer is sent once the run is durable.
	Wait bool
	// Stream is set when the caller gets the chunks that nodes send, and nothing else: of Answer only the headers count.
	Stream bool
	Answer Response
}

// Response is an HTTP answer. A Content-Type that is set and empty means that there is none.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// File, if set, is sent in place of Body: binary data of the run, by reference or inline.
	File *File `json:",omitempty"`
}

// Caller is what an Engine also is where runs are started by calls.
type Caller interface {
	// Called reports whether a node that takes calls (Webhook, Wait) leads to the node at hand.
	Called() bool
	// Leads reports whether a node of this type comes after the node at hand, enabled or not.
	Leads(nodeType string) bool
	// With returns the engine that evaluates the node's parameters for these items of input 0.
	With(ctx context.Context, items Items) Engine
	// Streams reports whether the caller takes chunks. Stream sends one: it returns when the caller took it, and at once when the
	// caller is gone, which is no error. An error is the context's.
	Streams() bool
	Stream(ctx context.Context, c Chunk) error
}

// Chunk is a part of an answer that is sent while the run goes on.
type Chunk struct {
	// Type is begin, item, end or error.
	Type string
	// Content is the text of an item, or what there is to tell of an error.
	Content string
	// Item is the index of the item that it belongs to.
	Item int
}
