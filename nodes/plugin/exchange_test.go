package plugin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	protobuf "google.golang.org/protobuf/proto"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

func testExchange(outputs int) *exchange {
	d := &descriptors.Node{Type: "plug.x"}
	if outputs > 0 {
		d.Outputs = make([]string, outputs)
	}
	h := NewHost(Trusted{Path: "/p/cordboard-node-x"}, nil)
	call := &nodes.Call{Type: d.Type, Inputs: []nodes.Items{nodes.ItemsOf(nodes.NewItem("{}"), nodes.NewItem("{}"))}, OnError: nodes.ContinueRegularOutput}
	return &exchange{remote: &remote{h, d}, session: &session{output: &tail{log: slog.New(slog.DiscardHandler)}}, call: call}
}

func TestResultsAreChecked(t *testing.T) {
	t.Parallel()
	item := func(output int32, parents ...*proto.Parent) *proto.Result {
		return &proto.Result{Output: output, Item: &proto.Item{Json: "{}", Parents: parents}}
	}
	failed := func(i int32) *proto.Result { return &proto.Result{Failed: &proto.Error{Message: "m"}, FailedItem: i} }
	for name, c := range map[string]struct {
		outputs int
		result  *proto.Result
		want    string
	}{
		"first output of none":    {0, item(0), ""},
		"second output of none":   {0, item(1), "it gave an item for output 1, which plug.x does not have"},
		"second output of two":    {2, item(1), ""},
		"third output of two":     {2, item(2), "output 2"},
		"negative output":         {2, item(-1), "output -1"},
		"parent":                  {1, item(0, &proto.Parent{Item: 1}), ""},
		"negative parent":         {1, item(0, &proto.Parent{Item: -1}), "an item's parent: there is no item -1 of input 0"},
		"parent of no input":      {1, item(0, &proto.Parent{Input: -1}), "there is no item 0 of input -1"},
		"parent beyond counting":  {1, item(0, &proto.Parent{Item: math.MaxInt32}), "an item's parent"},
		"last item failed":        {1, failed(1), ""},
		"an item too many failed": {1, failed(2), "it reports that item 2 failed, but the node has 2 items"},
		"negative item failed":    {1, failed(-1), "it reports that item -1 failed"},
	} {
		err := testExchange(c.outputs).results(&proto.Results{Results: []*proto.Result{c.result}})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "plugin /p/cordboard-node-x")):
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		case c.want != "" && !errors.Is(err, nodes.ErrOutcomeUnknown):
			t.Errorf("%s: the node would be repeated", name)
		}
	}
}

func TestCheckedItemsBoundFailures(t *testing.T) {
	t.Parallel()
	x := testExchange(1)
	x.call.Operation, x.call.Checked = &descriptors.Operation{}, make([]nodes.CheckedParams, 1)
	for i, ok := range []bool{true, false} {
		err := x.results(&proto.Results{Results: []*proto.Result{{Failed: &proto.Error{}, FailedItem: int32(i)}}})
		if (err == nil) != ok {
			t.Errorf("item %d of 1: %v", i, err)
		}
	}
}

func TestErrorsAreRedacted(t *testing.T) {
	t.Parallel()
	const token = "sesame-open"
	x := testExchange(1)
	x.gave(token)
	text := "a " + token + " b"
	err := errorFromWire(&proto.Error{Message: text, Description: text, Hint: text, Parameter: text, Pointer: text, HttpCode: text, Kind: text})
	if got := x.redacted(err); strings.Contains(got.Error(), token) || reflect.ValueOf(*nodes.AsError(got)).FieldByName("Kind").String() != "a *** b" {
		t.Error(got)
	}
	err = x.remote.misbehaved("it says %s", token)
	if got := x.redacted(err); strings.Contains(got.Error(), token) || !errors.Is(got, nodes.ErrOutcomeUnknown) {
		t.Error(got)
	}
	if got := x.redacted(x.remote.failed(t.Context(), x.session, status.Error(codes.Aborted, text))); strings.Contains(got.Error(), token) {
		t.Error(got)
	}
	if got := x.redacted(context.Canceled); !errors.Is(got, context.Canceled) {
		t.Error(got)
	}
	out := x.session.output
	_, _ = out.Write([]byte(text + "\n"))
	if got := out.quoted(); strings.Contains(got, token) {
		t.Error(got)
	}
	_, _ = out.Write([]byte(token + strings.Repeat("x", tailBytes-4) + "\nend"))
	if got := out.quoted(); strings.Contains(got, "open") || !strings.Contains(got, "end") {
		t.Errorf("%.100s", got)
	}
}

// TestSecretsDoNotCross: the protocol has no place for a credential's secret fields.
func TestSecretsDoNotCross(t *testing.T) {
	t.Parallel()
	a := nodes.Access{BaseURL: "https://x", Token: "token", Fields: map[string]string{"user": "me"}, Secrets: nodes.Secrets{"password": "hunter2"}}
	text, err := protobuf.Marshal(accessToWire(a))
	if err != nil || strings.Contains(string(text), "hunter2") || strings.Contains(string(text), "password") {
		t.Errorf("%q, %v", text, err)
	}
	if back := accessFromWire(accessToWire(a)); back.Secrets != nil || back.Token != "token" || back.Fields["user"] != "me" {
		t.Errorf("%+v", back)
	}
}

func TestReplyCrosses(t *testing.T) {
	t.Parallel()
	r := nodes.Response{Status: 418, Header: http.Header{"Set-Cookie": {"a", "b"}, "X": {"y"}}, Body: []byte{0, 255}}
	if got := replyFromWire(replyToWire(&r)); !reflect.DeepEqual(got, r) {
		t.Errorf("%+v", got)
	}
	if replyToWire(nil) != nil {
		t.Error("no reply became one")
	}
}

// stuckStream is one whose Send waits for the end of the call, as flow control makes it.
type stuckStream struct {
	proto.Nodes_ExecuteClient
	ctx     context.Context
	sending chan struct{}
}

func (s *stuckStream) Send(*proto.ExecuteRequest) error {
	s.sending <- struct{}{}
	<-s.ctx.Done()
	return io.EOF
}

func TestCancelOfStuckCall(t *testing.T) {
	t.Parallel()
	c := &callStream{sent: make(chan error, 1), grace: time.Millisecond}
	c.ctx, c.end = context.WithCancel(t.Context())
	stuck := &stuckStream{ctx: c.ctx, sending: make(chan struct{}, 2)}
	c.Nodes_ExecuteClient = stuck
	go func() { c.sent <- c.Send(&proto.ExecuteRequest{}) }()
	<-stuck.sending
	c.cancelCall()
	if c.ctx.Err() == nil {
		t.Error("the call goes on")
	}
	if err := c.sendFailed(); err != nil {
		t.Errorf("the end of the stream is no failure to send: %v", err)
	}
}

// TestSendFailure: what broke the stream is told, not the cancellation that it led to.
func TestSendFailure(t *testing.T) {
	t.Parallel()
	cause := status.Error(codes.Internal, "string field contains invalid UTF-8")
	for _, c := range []struct{ sent, want error }{{cause, cause}, {nil, nil}, {io.EOF, nil}, {status.Error(codes.Canceled, "context canceled"), nil}} {
		s := &callStream{sent: make(chan error, 1), end: func() {}}
		s.sent <- c.sent
		if got := s.sendFailed(); !errors.Is(got, c.want) {
			t.Errorf("sent with %v: got %v", c.sent, got)
		}
	}
}

func TestEventsAreForgotten(t *testing.T) {
	t.Parallel()
	e := &events{asks: newAsker(nil), acks: map[uint64]chan *proto.EventAck{}, results: map[uint64]chan nodes.Result{}}
	stream := &listenStream{events: make(chan *proto.ListenResponse, 1)}
	e.stream = stream
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.start(ctx, nodes.Items{}); !errors.Is(err, context.Canceled) || len(e.acks)+len(e.results) != 0 {
		t.Errorf("after a cancellation: %v, %d and %d wait", err, len(e.acks), len(e.results))
	}
	stream.fail = errors.New("broken")
	if _, err := e.start(t.Context(), nodes.Items{}); !errors.Is(err, stream.fail) || len(e.acks)+len(e.results) != 0 {
		t.Errorf("after a failure to send: %v, %d and %d wait", err, len(e.acks), len(e.results))
	}
	stream.fail = nil
	<-stream.events
	result := make(chan nodes.Result, 1)
	e.results[99] = result
	failed := make(chan error, 1)
	go func() {
		_, err := e.start(t.Context(), nodes.Items{})
		failed <- err
	}()
	<-stream.events
	if _, err := e.receive(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "the host is gone") {
		t.Error(err)
	}
	if r := <-result; r.Err == nil {
		t.Error("who waits for a result is not told")
	}
	if _, err := e.start(t.Context(), nodes.Items{}); err == nil {
		t.Error("an event went to a host that is gone")
	}
}

// listenStream is a host's that says nothing more.
type listenStream struct {
	proto.Nodes_ListenServer
	events chan *proto.ListenResponse
	fail   error
}

func (s *listenStream) Send(m *proto.ListenResponse) error {
	if s.fail == nil {
		s.events <- m
	}
	return s.fail
}

func (s *listenStream) Recv() (*proto.ListenRequest, error) { return nil, io.EOF }
