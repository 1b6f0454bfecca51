// Package threecx is the 3CX node set: every operation of 3CX's configuration API as the node n8n-nodes-3cx.threecx,
// typeVersion 1 for API 20.0.7 and 2 for 20.0.10, and n8n-nodes-3cx.threecxTrigger, which listens to the Call Control API.
//
// All that is special to the configuration API is data (descriptors/threecx) and a dialect (nodes/request); this package
// joins the two. The trigger's way: trigger.go reads the parameters and keeps connecting, socket.go is one connection,
// entities.go is what is known of calls and devices.
// The simulator in pbxsim plays the other side.
package threecx

import (
	descriptors "github.com/cordboard/cordboard/descriptors/threecx"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/request"
)

// Types returns the node set.
func Types() ([]nodes.Type, error) {
	set, err := descriptors.Set()
	if err != nil {
		return nil, err
	}
	const origin = "3CX node set"
	types, err := request.Types(set, request.New(), origin)
	if err != nil {
		return nil, err
	}
	listener, err := descriptors.Trigger()
	if err != nil {
		return nil, err
	}
	return append(types, nodes.Type{Descriptor: listener, Node: trigger{}, Origin: origin}), nil
}
