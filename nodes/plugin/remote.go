package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

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
	s, leave, err := r.host.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
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
	s, leave, err := r.host.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	stream, err := openStream(ctx, s)
	if err != nil {
		return r.failed(ctx, s, err)
	}
	defer stream.end()
	defer context.AfterFunc(ctx, stream.cancelCall)()
	id, release := s.binaries.open(call.Binary)
	defer release()
	go func() { stream.sent <- sendCall(stream, r.begin(call, s, id), call) }() // the node may ask and log before it has all items
	x := &exchange{remote: r, session: s, call: call, answer: func(a *proto.Answer) error {
		return stream.Send(&proto.ExecuteRequest{Message: &proto.ExecuteRequest_Answer{Answer: a}})
	}}
	err = x.redacted(x.receive(ctx, stream))
	if stream.stuck.Load() {
		r.host.retire(s)
	}
	return err
}

// failed names the cause of a call that broke off: our own cancellation, the plugin's crash, or what gRPC says.
func (r *remote) failed(ctx context.Context, s *session, err error) error {
	switch {
	case ctx.Err() != nil: // however the call ended, it was because it was cancelled
		return context.Cause(ctx)
	case status.Code(err) == codes.Unavailable:
		return r.host.died(s)
	case errors.Is(err, io.EOF):
		return r.misbehaved("it ended the call without having said that the node is done")
	}
	return nodes.Errorf("plugin %s: %s", r.host.file.Path, status.Convert(err).Message())
}

// misbehaved is the error of a plugin that does not keep to the protocol. Its node may have done its work all the same.
func (r *remote) misbehaved(format string, args ...any) *nodes.Error {
	e := nodes.Errorf("plugin %s: %s", r.host.file.Path, fmt.Sprintf(format, args...))
	e.Cause = nodes.ErrOutcomeUnknown
	return e
}

func (r *remote) begin(call *nodes.Call, s *session, id string) *proto.Begin {
	b := &proto.Begin{
		NodeType: r.descriptor.Type, Version: call.Version, Name: utf8Text(call.Name), Run: int32(call.Run), OnError: utf8Text(string(call.OnError)),
		Mode:  utf8Text(call.Mode),
		Tries: int32(call.Retry.Tries), WaitMs: call.Retry.Wait.Milliseconds(), TimeZone: call.Engine.Location().String(),
		Inputs: int32(len(call.Inputs)), CallId: id, Context: []byte(call.Context),
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

func sendCall(stream *callStream, begin *proto.Begin, call *nodes.Call) error {
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
				if err := b.add(&proto.Item{Json: utf8Text(p.JSON), Skip: p.Err != nil}, len(p.JSON)); err != nil {
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
