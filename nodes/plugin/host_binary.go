package plugin

import (
	"crypto/rand"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// binaryHost lets a plugin's calls create and read binary data while they are under way.
type binaryHost struct {
	proto.UnimplementedBinaryHostServer
	mu    sync.Mutex
	calls map[string]nodes.BinaryStore
}

func newBinaryHost() *binaryHost { return &binaryHost{calls: map[string]nodes.BinaryStore{}} }

func (h *binaryHost) serve(opts []grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(append(opts, serverOptions()...)...)
	proto.RegisterBinaryHostServer(s, h)
	return s
}

// open admits a call; the id names it, and release ends its rights.
func (h *binaryHost) open(store nodes.BinaryStore) (id string, release func()) {
	if store == nil {
		return "", func() {}
	}
	id = rand.Text()
	h.mu.Lock()
	h.calls[id] = store
	h.mu.Unlock()
	return id, func() {
		h.mu.Lock()
		delete(h.calls, id)
		h.mu.Unlock()
	}
}

func (h *binaryHost) store(id string) (nodes.BinaryStore, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.calls[id]; s != nil {
		return s, nil
	}
	return nil, status.Error(codes.PermissionDenied, "the call has ended: its binary data is out of reach")
}

// Create is the service's.
func (h *binaryHost) Create(stream proto.BinaryHost_CreateServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	store, err := h.store(first.GetCallId())
	if err != nil {
		return err
	}
	id, w, err := store.Create(stream.Context())
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if err := stream.Send(&proto.BinaryRef{Id: id}); err != nil {
		return errors.Join(err, w.Close())
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return w.Close()
		}
		if err == nil {
			_, err = w.Write(m.GetData())
		}
		if err != nil {
			return errors.Join(err, w.Close())
		}
	}
}

// Open is the service's.
func (h *binaryHost) Open(ref *proto.BinaryRef, stream proto.BinaryHost_OpenServer) error {
	store, err := h.store(ref.GetCallId())
	if err != nil {
		return err
	}
	r, err := store.Open(stream.Context(), ref.GetId())
	if err != nil {
		return status.Error(codes.NotFound, err.Error())
	}
	defer r.Close()
	_, err = io.CopyBuffer(chunkWriter{stream}, onlyReader{r}, make([]byte, chunkSize))
	return err
}

type chunkWriter struct{ stream proto.BinaryHost_OpenServer }

func (w chunkWriter) Write(p []byte) (int, error) {
	return len(p), w.stream.Send(&proto.BinaryChunk{Data: p})
}

// onlyReader hides WriterTo, which would hand over the content in one piece.
type onlyReader struct{ io.Reader }
