package nodes

import "errors"

// ErrOutcomeUnknown is the cause of an error after which a node must not be executed again: it may have done its work, or
// a part of it.
var ErrOutcomeUnknown = errors.New("what the node had done is not known")
