// Package threecx is the 3CX node set: every operation of 3CX's configuration API as the node n8n-nodes-3cx.threecx,
// typeVersion 1 for API 20.0.7 and 2 for 20.0.10.
//
// All that is special to 3CX is data (descriptors/threecx) and a dialect (nodes/request); this package joins the two.
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
	return request.Types(set, request.New(), "3CX node set")
}
