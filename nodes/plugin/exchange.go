package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// exchange is the host's side of a call under way.
type exchange struct {
	remote  *remote
	session *session
	call    *nodes.Call
	answer  func(*proto.Answer) error
	tokens  []string // what the plugin was given, so that it does not come back in errors and log lines
}

// receive takes in what the plugin says until the call is done.
func (x *exchange) receive(ctx context.Context, stream *callStream) error {
	for {
		m, err := stream.Recv()
		if err != nil {
			if err := stream.sendFailed(); err != nil {
				return nodes.Errorf("plugin %s: the call cannot be sent: %s", x.remote.host.file.Path, status.Convert(err).Message())
			}
			return x.remote.failed(ctx, x.session, err)
		}
		switch m := m.GetMessage().(type) {
		case *proto.ExecuteResponse_Results:
			if err := x.results(m.Results); err != nil {
				return err
			}
		case *proto.ExecuteResponse_Ask:
			if err := x.ask(ctx, m.Ask); err != nil && !errors.Is(err, io.EOF) { // of EOF, Recv knows the cause
				return x.remote.failed(ctx, x.session, err)
			}
		case *proto.ExecuteResponse_Log:
			x.log(m.Log)
		case *proto.ExecuteResponse_Done:
			return x.done(m.Done)
		}
	}
}

// results takes in items and failures. What the plugin says is checked: the engine behind relies on it.
func (x *exchange) results(list *proto.Results) error {
	for _, r := range list.GetResults() {
		if r.GetFailed() != nil {
			if err := x.failedItem(r); err != nil {
				return err
			}
			continue
		}
		// A node in process may give items beyond its outputs (Filter's discarded ones), a plugin may not.
		if out := int(r.GetOutput()); out < 0 || out >= max(1, len(x.remote.descriptor.Outputs)) {
			return x.remote.misbehaved("it gave an item for output %d, which %s does not have", out, x.call.Type)
		}
		it, err := itemFromWire(r.GetItem())
		if err != nil {
			return x.remote.misbehaved("%s", err)
		}
		x.call.Emit(int(r.GetOutput()), it)
	}
	return nil
}

func (x *exchange) failedItem(r *proto.Result) error {
	n := x.call.Input(0).Len()
	if x.call.Operation != nil {
		n = len(x.call.Checked)
	}
	i := int(r.GetFailedItem())
	if i < 0 || i >= n {
		return x.remote.misbehaved("it reports that item %d failed, but the node has %d items", i, n)
	}
	if i < len(x.call.Checked) && x.call.Checked[i].Err != nil {
		return x.call.Fail(i, x.call.Checked[i].Err)
	}
	return x.call.Fail(i, x.redacted(errorFromWire(r.GetFailed())))
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
		x.gave(access.Token)
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

// gave notes a token that the plugin is about to be given.
func (x *exchange) gave(token string) {
	if token == "" {
		return
	}
	x.tokens = append(x.tokens, token)
	x.session.output.hide(token)
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
		args = append(args, nodes.Redact(name, "", x.tokens...), nodes.Redact(value, "", x.tokens...))
	}
	x.call.Log.Log(context.Background(), slog.Level(l.GetLevel()), nodes.Redact(l.GetMessage(), "", x.tokens...), args...)
}

func (x *exchange) done(d *proto.Done) error {
	if s := d.GetSuspend(); s != nil {
		x.call.Suspend(suspendFromWire(s))
	}
	if r := d.GetReply(); r != nil {
		x.call.Reply(replyFromWire(r))
	}
	if err := x.keep(d); err != nil {
		return err
	}
	if d.GetError() == nil {
		return nil
	}
	e := errorFromWire(d.GetError())
	if e.Item >= 0 && e.Item < len(x.call.Checked) && x.call.Checked[e.Item].Err != nil {
		return x.call.Checked[e.Item].Err
	}
	return e
}

// keep takes in what the node leaves for its next execution.
func (x *exchange) keep(d *proto.Done) error {
	if d.GetEnded() {
		x.call.End()
	}
	if len(d.GetContext()) == 0 {
		return nil
	}
	text, err := nodes.Normalize(string(d.GetContext()))
	if err != nil || text[0] != '{' {
		return x.remote.misbehaved("the context that it keeps is no JSON object")
	}
	x.call.Keep(text)
	return nil
}

// redacted takes the tokens that the plugin was given out of every text of an error. All errors of a call go through it.
func (x *exchange) redacted(err error) error {
	var found *nodes.Error
	if len(x.tokens) == 0 || !errors.As(err, &found) {
		return err
	}
	e := *nodes.AsError(err)
	for _, text := range []*string{&e.Message, &e.Description, &e.Hint, &e.Parameter, &e.Pointer, &e.HTTPCode, &e.Kind} {
		*text = nodes.Redact(*text, "", x.tokens...)
	}
	return &e
}
