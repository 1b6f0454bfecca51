package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// Execute runs a node once: begin and items come in, results, asks and log lines go out, done last.
func (s *server) Execute(stream proto.Nodes_ExecuteServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	begin := first.GetBegin()
	if begin == nil {
		return status.Error(codes.InvalidArgument, "the first message of Execute must be begin")
	}
	t, err := s.registry.Find(begin.GetNodeType(), begin.GetVersion())
	if err != nil {
		return status.Error(codes.NotFound, err.Error())
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	asks := newAsker(func(a *proto.Ask) error {
		return stream.Send(&proto.ExecuteResponse{Message: &proto.ExecuteResponse_Ask{Ask: a}})
	})
	out := &executeSink{stream: stream, asks: asks}
	out.results.flush = out.send
	logLine := func(l *proto.LogLine) error {
		return out.write(&proto.ExecuteResponse{Message: &proto.ExecuteResponse_Log{Log: l}})
	}
	call, err := s.call(ctx, begin, t.Node, asks, logLine)
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	call.Sink = out
	if err := receiveItems(stream, call); err != nil {
		return err
	}
	go asks.receive(ctx, cancel, func() (*proto.Answer, error) {
		m, err := stream.Recv()
		if m.GetCancel() != nil {
			cancel()
		}
		return m.GetAnswer(), err
	})
	done := &proto.Done{}
	err = t.Node.Execute(ctx, call)
	if sendErr := out.end(); sendErr != nil {
		return sendErr
	}
	done.Error = errorToWire(err)
	_, suspend, reply := call.Outcome()
	done.Suspend, done.Reply = suspendToWire(suspend), replyToWire(reply)
	done.Context, done.Ended = []byte(call.Kept()), call.Ended()
	return out.write(&proto.ExecuteResponse{Message: &proto.ExecuteResponse_Done{Done: done}})
}

// call makes the node's call of what the host said.
func (s *server) call(ctx context.Context, begin *proto.Begin, n nodes.Node, asks *asker, logLine func(*proto.LogLine) error) (*nodes.Call, error) {
	location, err := time.LoadLocation(begin.GetTimeZone())
	if err != nil {
		location = time.UTC
	}
	engine := &remoteEngine{ctx: ctx, asks: asks, location: location}
	call := &nodes.Call{
		Name: begin.GetName(), Type: begin.GetNodeType(), Version: begin.GetVersion(), Run: int(begin.GetRun()), Mode: begin.GetMode(),
		Context: string(begin.GetContext()),
		Inputs:  make([]nodes.Items, begin.GetInputs()), OnError: nodes.OnError(begin.GetOnError()),
		Retry:  nodes.Retry{Tries: int(begin.GetTries()), Wait: time.Duration(begin.GetWaitMs()) * time.Millisecond},
		Engine: engine, Binary: &remoteBinary{server: s, callID: begin.GetCallId(), id: begin.GetBinaryBroker()},
		Log: slog.New(&remoteLog{send: logLine}),
	}
	if id := begin.GetBinaryBroker(); id != 0 {
		s.takeUpBinary(id)
	}
	if begin.GetOperation() != "" {
		checked, ok := n.(nodes.Checked)
		if !ok {
			return nil, fmt.Errorf("the node type %s has no operations", begin.GetNodeType())
		}
		call.Operation, err = checked.Operation(ctx, begin.GetVersion(), begin.GetResource(), begin.GetOperation())
		return call, err
	}
	var errs []error
	call.Params, errs = nodes.CompileTemplate(gjson.ParseBytes(begin.GetParameters()), func(pointer, source string) (nodes.Expression, error) {
		return remoteExpression{pointer, source}, nil
	})
	return call, errors.Join(errs...)
}

// receiveItems reads the input until its end.
func receiveItems(stream proto.Nodes_ExecuteServer, call *nodes.Call) error {
	builders := make([]nodes.ItemsBuilder, len(call.Inputs))
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		if m.GetEnd() != nil {
			break
		}
		in := m.GetItems()
		if in == nil || in.GetInput() < 0 || int(in.GetInput()) >= len(builders) {
			return status.Error(codes.InvalidArgument, "items of an input that begin does not announce")
		}
		for _, w := range in.GetItems() {
			if call.Operation != nil {
				call.Checked = append(call.Checked, checkedFromWire(w))
				continue
			}
			it, err := itemFromHost(w)
			if err != nil {
				return status.Error(codes.InvalidArgument, err.Error())
			}
			builders[in.GetInput()].Add(it)
		}
	}
	for i := range builders {
		call.Inputs[i] = builders[i].Items()
	}
	return nil
}

func checkedFromWire(w *proto.Item) nodes.CheckedParams {
	if w.GetSkip() {
		return nodes.CheckedParams{Err: nodes.Errorf("its parameters did not pass")}
	}
	return nodes.CheckedParams{JSON: w.GetJson()}
}

// executeSink sends results in batches. Log lines and asks go out between them.
type executeSink struct {
	stream  proto.Nodes_ExecuteServer
	asks    *asker
	results batcher[*proto.Result]
	err     error
}

var _ nodes.Sink = (*executeSink)(nil)

// Emit is nodes.Sink's.
func (s *executeSink) Emit(output int, it nodes.Item) {
	w := itemToWire(it)
	s.add(&proto.Result{Output: int32(output), Item: w}, len(w.GetJson()))
}

// Failed is nodes.Sink's.
func (s *executeSink) Failed(i int, e *nodes.Error) {
	s.add(&proto.Result{Failed: errorToWire(e), FailedItem: int32(i)}, 0)
}

func (s *executeSink) add(r *proto.Result, size int) {
	if s.err == nil {
		s.err = s.results.add(r, size)
	}
}

func (s *executeSink) end() error {
	if s.err != nil {
		return s.err
	}
	return s.results.end()
}

func (s *executeSink) send(list []*proto.Result) error {
	return s.write(&proto.ExecuteResponse{Message: &proto.ExecuteResponse_Results{Results: &proto.Results{Results: list}}})
}

// write sends a message; asks come from other goroutines, and a stream takes one message at a time.
func (s *executeSink) write(m *proto.ExecuteResponse) error {
	s.asks.sendMu.Lock()
	defer s.asks.sendMu.Unlock()
	return s.stream.Send(m)
}

// asker puts questions to the host and hands out the answers.
type asker struct {
	send   func(*proto.Ask) error
	sendMu sync.Mutex // of the stream

	mu      sync.Mutex
	lastID  uint64
	waiting map[uint64]chan *proto.Answer
	gone    error
}

func newAsker(send func(*proto.Ask) error) *asker {
	return &asker{send: send, waiting: map[uint64]chan *proto.Answer{}}
}

// receive hands out answers until the stream ends; then whoever waits is told, and the node is cancelled.
func (a *asker) receive(ctx context.Context, cancel func(), next func() (*proto.Answer, error)) {
	for {
		answer, err := next()
		if err != nil {
			a.mu.Lock()
			a.gone = fmt.Errorf("the host is gone: %w", err)
			for id, c := range a.waiting {
				close(c)
				delete(a.waiting, id)
			}
			a.mu.Unlock()
			if !errors.Is(err, io.EOF) || ctx.Err() == nil {
				cancel()
			}
			return
		}
		if answer == nil {
			continue
		}
		a.mu.Lock()
		if c := a.waiting[answer.GetId()]; c != nil {
			c <- answer
			delete(a.waiting, answer.GetId())
		}
		a.mu.Unlock()
	}
}

func (a *asker) ask(ctx context.Context, ask *proto.Ask) (*proto.Answer, error) {
	c := make(chan *proto.Answer, 1)
	a.mu.Lock()
	if a.gone != nil {
		a.mu.Unlock()
		return nil, a.gone
	}
	a.lastID++
	ask.Id = a.lastID
	a.waiting[ask.Id] = c
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.waiting, ask.GetId())
		a.mu.Unlock()
	}()
	a.sendMu.Lock()
	err := a.send(ask)
	a.sendMu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case answer, ok := <-c:
		if !ok {
			return nil, errors.New("the host ended the call")
		}
		if answer.GetError() != nil {
			return nil, errorFromWire(answer.GetError())
		}
		return answer, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// remoteEngine is nodes.Engine over the wire.
type remoteEngine struct {
	ctx      context.Context // the call's, for Evaluate, which is given none
	asks     *asker
	location *time.Location
}

var _ nodes.Engine = (*remoteEngine)(nil)

// remoteExpression names an expression by its place in the node's parameters.
type remoteExpression struct{ pointer, source string }

// Source is nodes.Expression's.
func (e remoteExpression) Source() string { return e.source }

// Evaluate is nodes.Engine's.
func (e *remoteEngine) Evaluate(expr nodes.Expression, item int, extra map[string]nodes.Value) (nodes.Value, error) {
	r, ok := expr.(remoteExpression)
	if !ok {
		return nodes.Value{}, fmt.Errorf("an expression of type %T does not come from this call", expr)
	}
	ask := &proto.EvalAsk{Pointer: utf8Text(r.pointer), Item: int32(item)}
	for name, v := range extra {
		if ask.Extra == nil {
			ask.Extra = map[string][]byte{}
		}
		ask.Extra[utf8Text(name)] = []byte(v.JSON())
	}
	answer, err := e.asks.ask(e.ctx, &proto.Ask{Ask: &proto.Ask_Eval{Eval: ask}})
	if err != nil {
		return nodes.Value{}, err
	}
	return nodes.WireValue(string(answer.GetValue())), nil
}

// Access is nodes.Engine's.
func (e *remoteEngine) Access(ctx context.Context, credentialType string) (nodes.Access, error) {
	return e.access(ctx, &proto.AccessAsk{CredentialType: utf8Text(credentialType)})
}

// Renew is nodes.Engine's.
func (e *remoteEngine) Renew(ctx context.Context, credentialType string, generation uint64) (nodes.Access, error) {
	return e.access(ctx, &proto.AccessAsk{CredentialType: utf8Text(credentialType), Renew: true, Generation: generation})
}

func (e *remoteEngine) access(ctx context.Context, ask *proto.AccessAsk) (nodes.Access, error) {
	answer, err := e.asks.ask(ctx, &proto.Ask{Ask: &proto.Ask_Access{Access: ask}})
	if err != nil {
		return nodes.Access{}, err
	}
	return accessFromWire(answer.GetAccess()), nil
}

// Now is nodes.Engine's.
func (e *remoteEngine) Now() time.Time { return time.Now() }

// Location is nodes.Engine's.
func (e *remoteEngine) Location() *time.Location { return e.location }

// remoteLog sends log lines to the host.
type remoteLog struct {
	send  func(*proto.LogLine) error
	attrs []slog.Attr
	group string
}

// Enabled is slog.Handler's.
func (*remoteLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle is slog.Handler's.
func (l *remoteLog) Handle(_ context.Context, r slog.Record) error {
	line := &proto.LogLine{Level: int32(r.Level), Message: utf8Text(r.Message), Fields: map[string]string{}}
	for _, a := range l.attrs {
		line.Fields[utf8Text(a.Key)] = utf8Text(a.Value.String())
	}
	r.Attrs(func(a slog.Attr) bool {
		line.Fields[utf8Text(l.group+a.Key)] = utf8Text(a.Value.String())
		return true
	})
	return l.send(line)
}

// WithAttrs is slog.Handler's.
func (l *remoteLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *l
	c.attrs = append(c.attrs[:len(c.attrs):len(c.attrs)], attrs...)
	return &c
}

// WithGroup is slog.Handler's.
func (l *remoteLog) WithGroup(name string) slog.Handler {
	c := *l
	c.group += name + "."
	return &c
}
