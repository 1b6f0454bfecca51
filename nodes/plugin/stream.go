package plugin

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// callStream is a call's stream. Its Send may be used by different goroutines.
type callStream struct {
	proto.Nodes_ExecuteClient
	mu  sync.Mutex
	ctx context.Context // the stream's
	end context.CancelFunc
	// sent gets what came of sending the call, once.
	sent  chan error
	grace time.Duration
	// stuck is set when the node did not heed the cancellation.
	stuck atomic.Bool
}

// cancelGrace is how long a cancelled node may take to say what it has done.
const cancelGrace = 2 * time.Second

// openStream begins a call. It outlives ctx by the grace that a cancelled node has.
func openStream(ctx context.Context, s *session) (*callStream, error) {
	c := &callStream{sent: make(chan error, 1), grace: cancelGrace}
	c.ctx, c.end = context.WithCancel(context.WithoutCancel(ctx))
	var err error
	if c.Nodes_ExecuteClient, err = s.nodes.Execute(c.ctx); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// Send is the stream's.
func (c *callStream) Send(m *proto.ExecuteRequest) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Nodes_ExecuteClient.Send(m)
}

// cancelCall asks the node to stop and ends the call if it does not. A plugin that reads nothing holds up Send, but not the
// end.
func (c *callStream) cancelCall() {
	grace := time.NewTimer(c.grace)
	defer grace.Stop()
	go func() {
		_ = c.Send(&proto.ExecuteRequest{Message: &proto.ExecuteRequest_Cancel{Cancel: &proto.Cancel{}}})
	}()
	select {
	case <-grace.C:
		c.stuck.Store(true)
		c.end()
	case <-c.ctx.Done():
	}
}

// sendFailed returns the error of sending the call where it is what broke the stream: what Recv says then is its effect.
// It is asked once, after Recv has failed: by then nothing holds up the sender.
func (c *callStream) sendFailed() error {
	c.end()
	err := <-c.sent
	if errors.Is(err, io.EOF) || status.Code(err) == codes.Canceled || status.Code(err) == codes.Unavailable {
		return nil
	}
	return err
}
