package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// remote is a node that lives in a plugin.
type remote struct {
	host       *Host
	descriptor *descriptors.Node
}

// remoteChecked is one with operations, remoteTrigger one that starts runs.
type (
	remoteChecked struct{ remote }
	remoteTrigger struct{ remote }
)

var (
	_ nodes.Node    = (*remote)(nil)
	_ nodes.Checked = (*remoteChecked)(nil)
	_ nodes.Trigger = (*remoteTrigger)(nil)
)

func newRemote(h *Host, d *descriptors.Node) nodes.Node {
	r := remote{h, d}
	switch {
	case d.Trigger:
		return &remoteTrigger{r}
	case len(d.Resources) > 0:
		return &remoteChecked{r}
	}
	return &r
}

// pageKey names an operation's page; the hash makes pages of another build of the plugin other pages.
type pageKey struct {
	hash, nodeType      string
	version             float64
	resource, operation string
}

type page struct {
	operation *descriptors.Operation
	schemas   map[string][]byte
}

// Operation is nodes.Checked's.
func (r *remoteChecked) Operation(ctx context.Context, version float64, resource, operation string) (*descriptors.Operation, error) {
	p, err := r.page(ctx, version, resource, operation)
	if err != nil {
		return nil, err
	}
	return p.operation, nil
}

// Schema is nodes.Checked's. The schemas of a page come with it.
func (r *remoteChecked) Schema(_ context.Context, address string) ([]byte, error) {
	r.host.mu.Lock()
	defer r.host.mu.Unlock()
	for _, p := range r.host.pages {
		if schema, ok := p.schemas[address]; ok {
			return schema, nil
		}
	}
	return nil, fmt.Errorf("plugin %s: no operation's page came with the schema %s", r.host.file.Path, address)
}

func (r *remoteChecked) page(ctx context.Context, version float64, resource, operation string) (*page, error) {
	s, err := r.host.session(ctx)
	if err != nil {
		return nil, err
	}
	key := pageKey{s.describe.GetHash(), r.descriptor.Type, version, resource, operation}
	r.host.mu.Lock()
	known := r.host.pages[key]
	r.host.mu.Unlock()
	if known != nil {
		return known, nil
	}
	res, err := s.nodes.DescribeOperation(ctx, &proto.DescribeOperationRequest{
		NodeType: r.descriptor.Type, Version: version, Resource: resource, Operation: operation,
	})
	if err != nil {
		return nil, fmt.Errorf("plugin %s: %s", r.host.file.Path, status.Convert(err).Message())
	}
	p := &page{operation: &descriptors.Operation{}, schemas: res.GetSchemas()}
	if err := json.Unmarshal(res.GetOperation(), p.operation); err != nil {
		return nil, fmt.Errorf("plugin %s: the page of %s %s: %w", r.host.file.Path, resource, operation, err)
	}
	r.host.mu.Lock()
	r.host.pages[key] = p
	r.host.mu.Unlock()
	return p, nil
}

// Execute is nodes.Node's: it sends the call to the plugin, answers its questions and takes in its results.
func (r *remote) Execute(ctx context.Context, call *nodes.Call) error {
	s, err := r.host.session(ctx)
	if err != nil {
		return err
	}
	streamCtx, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	opened, err := s.nodes.Execute(streamCtx)
	if err != nil {
		return r.failed(ctx, s, err)
	}
	stream := &lockedStream{Nodes_ExecuteClient: opened}
	defer context.AfterFunc(ctx, func() { cancelCall(streamCtx, stream, end) })()
	id, release := s.binaries.open(call.Binary)
	defer release()
	go func() { // results may come before all items have gone
		if err := sendCall(stream, r.begin(call, s, id), call); err != nil && !errors.Is(err, io.EOF) {
			end()
		}
	}()
	return r.receive(ctx, s, stream, call)
}

// cancelGrace is how long a cancelled node may take to say what it has done.
const cancelGrace = 2 * time.Second

// cancelCall asks the node to stop and ends the call if it does not.
func cancelCall(streamCtx context.Context, stream *lockedStream, end func()) {
	_ = stream.Send(&proto.ExecuteRequest{Message: &proto.ExecuteRequest_Cancel{Cancel: &proto.Cancel{}}})
	select {
	case <-time.After(cancelGrace):
		end()
	case <-streamCtx.Done():
	}
}

func (r *remote) receive(ctx context.Context, s *session, stream *lockedStream, call *nodes.Call) error {
	x := &exchange{remote: r, call: call, answer: func(a *proto.Answer) error {
		return stream.Send(&proto.ExecuteRequest{Message: &proto.ExecuteRequest_Answer{Answer: a}})
	}}
	for {
		m, err := stream.Recv()
		if err != nil {
			return r.failed(ctx, s, err)
		}
		switch m := m.GetMessage().(type) {
		case *proto.ExecuteResponse_Results:
			if err := x.results(m.Results); err != nil {
				return err
			}
		case *proto.ExecuteResponse_Ask:
			if err := x.ask(ctx, m.Ask); err != nil {
				return r.failed(ctx, s, err)
			}
		case *proto.ExecuteResponse_Log:
			x.log(m.Log)
		case *proto.ExecuteResponse_Done:
			return x.done(m.Done)
		}
	}
}

// failed names the cause of a call that broke off: our own cancellation, the plugin's crash, or what gRPC says.
func (r *remote) failed(ctx context.Context, s *session, err error) error {
	switch {
	case ctx.Err() != nil && context.Cause(ctx) != nil && status.Code(err) == codes.Canceled:
		return context.Cause(ctx)
	case status.Code(err) == codes.Unavailable || errors.Is(err, io.EOF):
		return r.host.died(s, err)
	}
	return nodes.Errorf("plugin %s: %s", r.host.file.Path, status.Convert(err).Message())
}

func (r *remote) begin(call *nodes.Call, s *session, id string) *proto.Begin {
	b := &proto.Begin{
		NodeType: r.descriptor.Type, Version: call.Version, Name: call.Name, Run: int32(call.Run), OnError: string(call.OnError), Mode: call.Mode,
		Tries: int32(call.Retry.Tries), WaitMs: call.Retry.Wait.Milliseconds(), TimeZone: call.Engine.Location().String(),
		Inputs: int32(len(call.Inputs)), CallId: id,
	}
	if call.Binary != nil {
		b.BinaryBroker = s.offerBinary()
	}
	if op := call.Operation; op != nil {
		b.Resource, b.Operation = op.Resource, op.Name
	} else {
		b.Parameters = []byte(call.Params.JSON())
	}
	return b
}

// lockedStream lets items and answers be sent by different goroutines.
type lockedStream struct {
	proto.Nodes_ExecuteClient
	mu sync.Mutex
}

// Send is the stream's.
func (s *lockedStream) Send(m *proto.ExecuteRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Nodes_ExecuteClient.Send(m)
}

func sendCall(stream *lockedStream, begin *proto.Begin, call *nodes.Call) error {
	if err := stream.Send(&proto.ExecuteRequest{Message: &proto.ExecuteRequest_Begin{Begin: begin}}); err != nil {
		return err
	}
	for input, items := range call.Inputs {
		b := batcher[*proto.Item]{flush: func(list []*proto.Item) error {
			return stream.Send(&proto.ExecuteRequest{Message: &proto.ExecuteRequest_Items{Items: &proto.InputItems{Input: int32(input), Items: list}}})
		}}
		if call.Operation != nil {
			if input > 0 {
				break
			}
			for _, p := range call.Checked {
				if err := b.add(&proto.Item{Json: p.JSON, Skip: p.Err != nil}, len(p.JSON)); err != nil {
					return err
				}
			}
		} else {
			for _, it := range items.All() {
				if err := b.add(itemToWire(it), len(it.JSON())); err != nil {
					return err
				}
			}
		}
		if err := b.end(); err != nil {
			return err
		}
	}
	return stream.Send(&proto.ExecuteRequest{Message: &proto.ExecuteRequest_End{End: &proto.End{}}})
}

// exchange is the host's side of a call under way.
type exchange struct {
	remote *remote
	call   *nodes.Call
	answer func(*proto.Answer) error
	tokens []string // what the plugin was given, so that it does not come back in a log line
}

func (x *exchange) results(list *proto.Results) error {
	for _, r := range list.GetResults() {
		if r.GetFailed() != nil {
			i := int(r.GetFailedItem())
			err := x.clean(errorFromWire(r.GetFailed()))
			if i >= 0 && i < len(x.call.Checked) && x.call.Checked[i].Err != nil {
				err = x.call.Checked[i].Err
			}
			if err := x.call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		it, err := itemFromWire(r.GetItem())
		if err != nil {
			return nodes.Errorf("plugin %s: %w", x.remote.host.file.Path, err)
		}
		if out := int(r.GetOutput()); out < 0 || out > len(x.remote.descriptor.Outputs)+1 {
			return nodes.Errorf("plugin %s: it gave an item for output %d, which %s does not have", x.remote.host.file.Path, out, x.call.Type)
		}
		x.call.Emit(int(r.GetOutput()), it)
	}
	return nil
}

func (x *exchange) ask(ctx context.Context, ask *proto.Ask) error {
	a := &proto.Answer{Id: ask.GetId()}
	var err error
	switch {
	case ask.GetAccess() != nil:
		var access nodes.Access
		if q := ask.GetAccess(); q.GetRenew() {
			access, err = x.call.Engine.Renew(ctx, q.GetCredentialType(), q.GetGeneration())
		} else {
			access, err = x.call.Engine.Access(ctx, q.GetCredentialType())
		}
		x.tokens = append(x.tokens, access.Token)
		a.Access = accessToWire(access)
	case ask.GetEval() != nil:
		var v nodes.Value
		if v, err = x.eval(ask.GetEval()); err == nil {
			a.Value = v.AppendJSON(nil)
		}
	default:
		err = errors.New("a question that this host does not know")
	}
	a.Error = errorToWire(err)
	return x.answer(a)
}

func (x *exchange) eval(q *proto.EvalAsk) (nodes.Value, error) {
	t := x.call.Params
	for _, name := range strings.Split(strings.TrimPrefix(q.GetPointer(), "/"), "/") {
		t = t.Member(strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
	}
	if t.Expression() == nil {
		return nodes.Value{}, fmt.Errorf("there is no expression at %s", q.GetPointer())
	}
	if n := x.call.Input(0).Len(); int(q.GetItem()) < 0 || int(q.GetItem()) >= max(n, 1) {
		return nodes.Value{}, fmt.Errorf("there is no item %d", q.GetItem())
	}
	extra := map[string]nodes.Value{}
	for name, raw := range q.GetExtra() {
		text, err := nodes.Normalize(string(raw))
		if err != nil {
			return nodes.Value{}, fmt.Errorf("the value of %s: %w", name, err)
		}
		extra[name] = nodes.WireValue(text)
	}
	return x.call.Engine.Evaluate(t.Expression(), int(q.GetItem()), extra)
}

func (x *exchange) log(l *proto.LogLine) {
	args := make([]any, 0, 2*len(l.GetFields()))
	for name, value := range l.GetFields() {
		args = append(args, name, nodes.Redact(value, "", x.tokens...))
	}
	x.call.Log.Log(context.Background(), slog.Level(l.GetLevel()), nodes.Redact(l.GetMessage(), "", x.tokens...), args...)
}

func (x *exchange) done(d *proto.Done) error {
	if s := d.GetSuspend(); s != nil {
		x.call.Suspend(suspendFromWire(s))
	}
	if d.GetError() == nil {
		return nil
	}
	e := errorFromWire(d.GetError())
	if e.Item >= 0 && e.Item < len(x.call.Checked) && x.call.Checked[e.Item].Err != nil {
		return x.call.Checked[e.Item].Err
	}
	return x.clean(e)
}

// clean takes tokens out of an error's texts.
func (x *exchange) clean(e *nodes.Error) *nodes.Error {
	e.Message = nodes.Redact(e.Message, "", x.tokens...)
	e.Description = nodes.Redact(e.Description, "", x.tokens...)
	return e
}
