package plugin

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// remoteBinary is nodes.BinaryStore over the wire: the host keeps the data.
type remoteBinary struct {
	server *server
	callID string
	id     uint32

	once sync.Once
	conn *grpc.ClientConn
	err  error
}

var _ nodes.BinaryStore = (*remoteBinary)(nil)

func (b *remoteBinary) client() (proto.BinaryHostClient, error) {
	b.once.Do(func() {
		if b.id == 0 {
			b.err = errors.New("the host keeps no binary data for this call")
			return
		}
		b.conn, b.err = b.server.dialBinary(b.id)
	})
	if b.err != nil {
		return nil, b.err
	}
	return proto.NewBinaryHostClient(b.conn), nil
}

// Create is nodes.BinaryStore's.
func (b *remoteBinary) Create(ctx context.Context) (string, io.WriteCloser, error) {
	c, err := b.client()
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stream, err := c.Create(ctx)
	if err != nil {
		cancel()
		return "", nil, err
	}
	// The host answers with the id as soon as it has the first message.
	if err := stream.Send(&proto.BinaryChunk{CallId: b.callID}); err != nil {
		cancel()
		return "", nil, err
	}
	ref, err := stream.Recv()
	if err != nil {
		cancel()
		return "", nil, err
	}
	return ref.GetId(), &binaryWriter{stream, cancel}, nil
}

type binaryWriter struct {
	stream grpc.BidiStreamingClient[proto.BinaryChunk, proto.BinaryRef]
	cancel func()
}

const chunkSize = 256 << 10

func (w *binaryWriter) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		part := p[n:min(len(p), n+chunkSize)]
		if err := w.stream.Send(&proto.BinaryChunk{Data: part}); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// Close waits until the host has it all.
func (w *binaryWriter) Close() error {
	defer w.cancel()
	if err := w.stream.CloseSend(); err != nil {
		return err
	}
	if _, err := w.stream.Recv(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// Open is nodes.BinaryStore's.
func (b *remoteBinary) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	c, err := b.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stream, err := c.Open(ctx, &proto.BinaryRef{CallId: b.callID, Id: id})
	if err != nil {
		cancel()
		return nil, err
	}
	r := &binaryReader{stream: stream, cancel: cancel}
	first, err := stream.Recv() // that there is no such data is said here
	if err != nil && !errors.Is(err, io.EOF) {
		cancel()
		return nil, err
	}
	r.rest, r.ended = first.GetData(), err != nil
	return r, nil
}

type binaryReader struct {
	stream grpc.ServerStreamingClient[proto.BinaryChunk]
	cancel func()
	rest   []byte
	ended  bool
}

func (r *binaryReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		m, err := r.stream.Recv()
		if err != nil {
			return 0, err
		}
		r.rest = m.GetData()
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close is io.Closer's.
func (r *binaryReader) Close() error {
	r.cancel()
	return nil
}

// takeUpAfter is when the host's offer of its BinaryHost is taken up even if no node needs it by then: go-plugin forgets it
// after five seconds. Most calls are over before and spare themselves the connection.
const takeUpAfter = 3 * time.Second

func (s *server) takeUpBinary(id uint32) {
	s.binaryOffer.Do(func() { time.AfterFunc(takeUpAfter, func() { _, _ = s.dialBinary(id) }) })
}

// dialBinary connects to the host's BinaryHost, once for the process.
func (s *server) dialBinary(id uint32) (*grpc.ClientConn, error) {
	s.binaryMu.Lock()
	defer s.binaryMu.Unlock()
	if s.binaryConn == nil {
		conn, err := s.broker.Dial(id)
		if err != nil {
			return nil, err
		}
		s.binaryConn = conn
	}
	return s.binaryConn, nil
}
