// Package network is the nodes that talk to servers, a file or a few each, named after the node as n8n's type has it. They
// are a package of their own so that a program that does not register them does not carry them. What they do is held to
// cases recorded from n8n (testdata).
package network

import (
	descriptors "github.com/cordboard/cordboard/descriptors/network"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
	"github.com/cordboard/cordboard/nodes/request"
)

// Options configure the nodes. The zero value reaches every address.
type Options struct {
	// Executor sends the requests; nil means one of the nodes' own.
	Executor *request.Executor
	// PublicOnly refuses requests to private networks and to this machine (server-side request forgery).
	PublicOnly bool
	// Connections are what the nodes keep open to databases between executions; whoever made them closes them. With nil each
	// execution connects anew.
	Connections *connect.Pools
	// Commands lets Execute Command run commands on this machine, any that a workflow names.
	Commands bool
}

func (o Options) connect() connect.Options {
	return connect.Options{Executor: o.Executor, PublicOnly: o.PublicOnly, Pools: o.Connections}
}

// Nodes returns the nodes with default options.
func Nodes() []nodes.Type { return NodesWith(Options{}) }

// NodesWith returns the nodes with these options.
func NodesWith(o Options) []nodes.Type {
	if o.Executor == nil {
		o.Executor = request.New()
	}
	return []nodes.Type{
		{Descriptor: descriptors.Node("httpRequest"), Node: httpRequest{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("graphql"), Node: graphQL{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("rssFeedRead"), Node: rssFeedRead{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("rssFeedReadTrigger"), Node: rssTrigger{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("postgres"), Node: postgres{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("mySql"), Node: mySQL{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("redis"), Node: redisNode{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("redisTrigger"), Node: redisTrigger{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("postgresTrigger"), Node: postgresTrigger{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("executeCommand"), Node: executeCommand{o}, Origin: "built in"},
	}
}
