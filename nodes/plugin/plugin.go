// Package plugin is both halves of the plugin protocol: Host starts and watches a plugin's process and makes its nodes
// look like any others, Serve is what a plugin's main calls.
//
// It owns the process (own runner, clean environment, restart), trust (pins in plugins.lock) and the translation between
// the node contract and the wire (proto/cordboard.proto). It does not own what nodes do, nor credentials: a plugin gets
// short-lived access tokens only, and only of credential types that its nodes declare.
package plugin

import (
	"context"
	"errors"
	"math"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// Prefix begins the file names of plugins.
const Prefix = "cordboard-node-"

// ProtocolVersion is the version of proto/cordboard.proto that this program speaks.
const ProtocolVersion = 1

// handshake tells a plugin that cordboard starts it, so that it can say something helpful to a person who does.
var handshake = goplugin.HandshakeConfig{
	ProtocolVersion: ProtocolVersion, MagicCookieKey: "CORDBOARD_PLUGIN", MagicCookieValue: "b1d2f3a9c0e84d57",
}

const dispensed = "nodes"

// glue is what go-plugin wants of both halves.
type glue struct {
	goplugin.NetRPCUnsupportedPlugin
	server *server // on the plugin's side
}

var _ goplugin.GRPCPlugin = (*glue)(nil)

// GRPCServer registers the plugin's service.
func (g *glue) GRPCServer(broker *goplugin.GRPCBroker, s *grpc.Server) error {
	if g.server == nil {
		return errors.New("the host serves no nodes")
	}
	g.server.broker = broker
	proto.RegisterNodesServer(s, g.server)
	return nil
}

// GRPCClient returns the host's end: *endpoint.
func (g *glue) GRPCClient(_ context.Context, broker *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &endpoint{nodes: proto.NewNodesClient(conn), broker: broker}, nil
}

// endpoint is a connection to a running plugin.
type endpoint struct {
	nodes  proto.NodesClient
	broker *goplugin.GRPCBroker
}

// serverOptions lift gRPC's limit of 4 MB a message, as items may be larger, and widen the window.
func serverOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(math.MaxInt32), grpc.MaxSendMsgSize(math.MaxInt32),
		grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window),
	}
}

// wideWindows are the host's.
func wideWindows() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window)}
}

// window is how much may be under way unread. gRPC begins with 64 KB and stops in the middle of each larger message until
// the other side has answered.
const window = 4 << 20

// Messages carry up to this many items or bytes, so that both sides work while the next one is under way.
const (
	batchItems = 100
	batchBytes = 256 << 10
)
