package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sort"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

// Serve makes a program a plugin: it offers these nodes to the cordboard that started it, and returns when that one
// has done with it or is gone. A plugin's main calls it and does nothing else. Standard output belongs to the protocol.
func Serve(types ...nodes.Type) {
	if os.Getenv(handshake.MagicCookieKey) != handshake.MagicCookieValue {
		fmt.Fprintf(os.Stderr, "This is a plugin of cordboard with the nodes %s.\n"+
			"Put it beside the cordboard program, or run: cordboard plugins trust %s\n", typeNames(types), os.Args[0])
		os.Exit(2)
	}
	s, err := newServer(types)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.stderr = os.Stderr
	go func() { // the host holds the other end of stdin: when it is gone, however it went, so are we
		_, _ = io.Copy(io.Discard, os.Stdin)
		endOwnGroup()
		os.Exit(0)
	}()
	go func() { _, _ = s.describe() }() // while the host and go-plugin are busy with certificates
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         goplugin.PluginSet{dispensed: &glue{server: s}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, serverOptions()...)...)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Output: os.Stderr, Level: hclog.Error}),
	})
}

func typeNames(types []nodes.Type) string {
	text := ""
	for i, t := range types {
		if i > 0 {
			text += ", "
		}
		text += t.Descriptor.Type
	}
	return text
}

// Hasher is a Node whose descriptors are more than its index; the hash changes when they do.
type Hasher interface{ Hash() string }

// server is the plugin's side of the service Nodes.
type server struct {
	proto.UnimplementedNodesServer
	registry nodes.Registry
	describe func() (*proto.DescribeResponse, error) // makes the index once
	broker   *goplugin.GRPCBroker
	stderr   *os.File

	binaryOffer sync.Once
	binaryMu    sync.Mutex
	binaryConn  *grpc.ClientConn
}

func newServer(types []nodes.Type) (*server, error) {
	s := &server{}
	if err := s.registry.Add(types...); err != nil {
		return nil, err
	}
	s.describe = sync.OnceValues(func() (*proto.DescribeResponse, error) { return describe(types) })
	return s, nil
}

// describe makes the index of nodes and its hash.
func describe(types []nodes.Type) (*proto.DescribeResponse, error) {
	list := make([]*descriptors.Node, len(types))
	sum := sha256.New()
	for i, t := range types {
		list[i] = t.Descriptor
		if h, ok := t.Node.(Hasher); ok {
			_, _ = io.WriteString(sum, h.Hash())
		}
	}
	index, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("the nodes' descriptors: %w", err)
	}
	sum.Write(index)
	d := &proto.DescribeResponse{Index: index, Hash: hex.EncodeToString(sum.Sum(nil)), Name: os.Args[0]}
	if info, ok := debug.ReadBuildInfo(); ok {
		d.Version = info.Main.Version
	}
	return d, nil
}

// Describe answers with the index. It is the host's first call, and the time to undo what go-plugin does to standard
// error: through its pipe, the last words of a crashing plugin would be lost.
func (s *server) Describe(context.Context, *proto.DescribeRequest) (*proto.DescribeResponse, error) {
	if s.stderr != nil {
		os.Stderr = s.stderr
	}
	d, err := s.describe()
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return d, nil
}

// DescribeOperation answers with a page and the schemas that it reaches.
func (s *server) DescribeOperation(ctx context.Context, req *proto.DescribeOperationRequest) (*proto.DescribeOperationResponse, error) {
	t, err := s.registry.Find(req.GetNodeType(), req.GetVersion())
	if err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	checked, ok := t.Node.(nodes.Checked)
	if !ok {
		return nil, status.Errorf(codes.NotFound, "the node type %s has no operations", req.GetNodeType())
	}
	op, err := checked.Operation(ctx, req.GetVersion(), req.GetResource(), req.GetOperation())
	if err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	page, err := json.Marshal(op)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	res := &proto.DescribeOperationResponse{Operation: page, Schemas: map[string][]byte{}}
	for _, root := range [][]byte{op.Schema, op.Response.Schema} {
		if err := reach(ctx, checked, gjson.ParseBytes(root), res.Schemas); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
	}
	return res, nil
}

// reach adds the schemas that r refers to, and those that they refer to.
func reach(ctx context.Context, n nodes.Checked, r gjson.Result, found map[string][]byte) error {
	var addresses []string
	collectRefs(r, &addresses)
	sort.Strings(addresses)
	for _, address := range addresses {
		if _, ok := found[address]; ok {
			continue
		}
		schema, err := n.Schema(ctx, address)
		if err != nil {
			return err
		}
		found[address] = schema
		if err := reach(ctx, n, gjson.ParseBytes(schema), found); err != nil {
			return err
		}
	}
	return nil
}

func collectRefs(r gjson.Result, found *[]string) {
	if !r.IsObject() && !r.IsArray() {
		return
	}
	r.ForEach(func(key, v gjson.Result) bool {
		if key.Str == "$ref" && v.Type == gjson.String && v.Str != "" && v.Str[0] != '#' {
			address, _, _ := strings.Cut(v.Str, "#")
			*found = append(*found, address)
		}
		collectRefs(v, found)
		return true
	})
}
