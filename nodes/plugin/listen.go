package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// Listen runs a trigger in the plugin: its events go to the host, which acknowledges each once its run is durable.
func (s *server) Listen(stream proto.Nodes_ListenServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	begin := first.GetBegin()
	if begin == nil {
		return status.Error(codes.InvalidArgument, "the first message of Listen must be begin")
	}
	t, err := s.registry.Find(begin.GetNodeType(), begin.GetVersion())
	if err != nil {
		return status.Error(codes.NotFound, err.Error())
	}
	trigger, ok := t.Node.(nodes.Trigger)
	if !ok {
		return status.Errorf(codes.InvalidArgument, "the node type %s is no trigger", begin.GetNodeType())
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	asks := newAsker(func(a *proto.Ask) error {
		return stream.Send(&proto.ListenResponse{Message: &proto.ListenResponse_Ask{Ask: a}})
	})
	e := &events{stream: stream, asks: asks, acks: map[uint64]chan *proto.EventAck{}, results: map[uint64]chan nodes.Result{}}
	call, err := s.call(ctx, begin, t.Node, asks, func(l *proto.LogLine) error {
		return e.write(&proto.ListenResponse{Message: &proto.ListenResponse_Log{Log: l}})
	})
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	go asks.receive(ctx, cancel, e.receive)
	if err := trigger.Listen(ctx, call, e.start); err != nil && ctx.Err() == nil {
		return status.Error(codes.Aborted, err.Error())
	}
	return nil
}

// events are a trigger's, waiting for the host's word.
type events struct {
	stream  proto.Nodes_ListenServer
	asks    *asker
	mu      sync.Mutex
	lastID  uint64
	acks    map[uint64]chan *proto.EventAck
	results map[uint64]chan nodes.Result
	gone    error // set once the stream has broken
}

func (e *events) write(m *proto.ListenResponse) error {
	e.asks.sendMu.Lock()
	defer e.asks.sendMu.Unlock()
	return e.stream.Send(m)
}

// receive takes acknowledgements and results itself and hands answers to the asker.
func (e *events) receive() (*proto.Answer, error) {
	m, err := e.stream.Recv()
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.breakOff(err)
		return nil, err
	}
	if ack := m.GetAck(); ack != nil {
		if c := e.acks[ack.GetId()]; c != nil {
			c <- ack
			delete(e.acks, ack.GetId())
		}
	}
	if r := m.GetResult(); r != nil {
		if c := e.results[r.GetId()]; c != nil {
			result := nodes.Result{}
			if r.GetError() != nil {
				result.Err = errorFromWire(r.GetError())
			}
			var err error
			if result.Items, err = itemsFromWire(r.GetItems()); err != nil {
				result.Err = err
			}
			c <- result
			delete(e.results, r.GetId())
		}
	}
	return m.GetAnswer(), nil
}

// breakOff tells all who wait that nothing comes any more. The caller holds e.mu.
func (e *events) breakOff(err error) {
	e.gone = fmt.Errorf("the host is gone: %w", err)
	for id, c := range e.acks {
		close(c)
		delete(e.acks, id)
	}
	for id, c := range e.results {
		c <- nodes.Result{Err: e.gone}
		delete(e.results, id)
	}
}

// forget drops an event that gets no run.
func (e *events) forget(id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.acks, id)
	delete(e.results, id)
}

// start is nodes.Start for the trigger.
func (e *events) start(ctx context.Context, items nodes.Items) (*nodes.Started, error) {
	ack, result := make(chan *proto.EventAck, 1), make(chan nodes.Result, 1)
	e.mu.Lock()
	if e.gone != nil {
		defer e.mu.Unlock()
		return nil, e.gone
	}
	e.lastID++
	id := e.lastID
	e.acks[id], e.results[id] = ack, result
	e.mu.Unlock()
	event := &proto.Event{Id: id, Items: itemsToWire(items), WantResult: true}
	if err := e.write(&proto.ListenResponse{Message: &proto.ListenResponse_Event{Event: event}}); err != nil {
		e.forget(id)
		return nil, err
	}
	select {
	case a, ok := <-ack:
		if !ok {
			return nil, errors.New("the host is gone: it is unknown whether the run was started")
		}
		if a.GetError() != nil {
			e.forget(id)
			return nil, errorFromWire(a.GetError())
		}
		return &nodes.Started{ExecutionID: a.GetExecutionId(), Result: result}, nil
	case <-ctx.Done():
		e.forget(id)
		return nil, context.Cause(ctx)
	}
}

// Listen is nodes.Trigger's, on the host's side.
func (r *remoteTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	s, err := r.host.session(ctx)
	if err != nil {
		return err
	}
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.replaced, cancel)()
	stream, err := s.nodes.Listen(streamCtx)
	if err != nil {
		return r.failed(ctx, s, err)
	}
	l := &listening{stream: stream, start: start}
	defer l.wait.Wait()
	defer cancel()
	begin := &proto.ListenRequest{Message: &proto.ListenRequest_Begin{Begin: r.begin(call, s, "")}}
	if err := l.send(begin); err != nil && !errors.Is(err, io.EOF) { // of EOF, Recv knows the cause
		return r.failed(ctx, s, err)
	}
	x := &exchange{remote: &r.remote, session: s, call: call, answer: func(a *proto.Answer) error {
		return l.send(&proto.ListenRequest{Message: &proto.ListenRequest_Answer{Answer: a}})
	}}
	for {
		m, err := stream.Recv()
		switch {
		case ctx.Err() != nil || errors.Is(err, io.EOF): // we ended it, or the trigger did
			return nil
		case err != nil && r.host.isRetired(s):
			return nodes.Errorf("plugin %s: its process is replaced, because a call in it did not end when it was cancelled", r.host.file.Path)
		case err != nil:
			return x.redacted(r.failed(ctx, s, err))
		}
		switch m := m.GetMessage().(type) {
		case *proto.ListenResponse_Event:
			l.wait.Add(1)
			go l.event(streamCtx, m.Event)
		case *proto.ListenResponse_Ask:
			if err := x.ask(ctx, m.Ask); err != nil && !errors.Is(err, io.EOF) {
				return x.redacted(r.failed(ctx, s, err))
			}
		case *proto.ListenResponse_Log:
			x.log(m.Log)
		}
	}
}

// listening is the host's side of a trigger under way.
type listening struct {
	stream proto.Nodes_ListenClient
	start  nodes.Start
	mu     sync.Mutex
	wait   sync.WaitGroup
}

func (l *listening) send(m *proto.ListenRequest) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stream.Send(m)
}

// event starts a run, tells the plugin once it is durable, and later what it came to.
func (l *listening) event(ctx context.Context, e *proto.Event) {
	defer l.wait.Done()
	items, err := itemsFromWire(e.GetItems())
	var started *nodes.Started
	if err == nil {
		started, err = l.start(ctx, items)
	}
	ack := &proto.EventAck{Id: e.GetId(), Error: errorToWire(err)}
	if started != nil {
		ack.ExecutionId = utf8Text(started.ExecutionID)
	}
	if l.send(&proto.ListenRequest{Message: &proto.ListenRequest_Ack{Ack: ack}}) != nil || err != nil || !e.GetWantResult() {
		return
	}
	select {
	case r := <-started.Result:
		result := &proto.EventResult{Id: e.GetId(), Items: itemsToWire(r.Items), Error: errorToWire(r.Err)}
		_ = l.send(&proto.ListenRequest{Message: &proto.ListenRequest_Result{Result: result}}) // the stream's end is seen by Listen
	case <-ctx.Done():
	}
}
