package network_test

import (
	"testing"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes/network"
)

// TestDescriptors: what the recorded cases set, the descriptors know. The descriptor of the declarative ones is made in a test.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	golden.Descriptors(t, network.Nodes(), "declarative/")
}
