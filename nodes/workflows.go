package nodes

import "context"

// WorkflowRef says which workflow is meant, by one of its fields.
type WorkflowRef struct {
	ID   string
	File string // a path, as the workflow that refers to it has it
	URL  string
	JSON string // the workflow itself
}

// Workflows runs other workflows for a node (Execute Workflow). It is for nodes in process only.
type Workflows interface {
	// Execute runs a workflow with these items as what its Execute Workflow Trigger gets, and returns the outputs of its
	// last executed node, none if it has executed none. With wait unset it returns at once, and the run goes on beside the
	// caller's, which does not end before it. An error is the run's failure (its Node is the failed one), or says that the
	// run could not start.
	Execute(ctx context.Context, ref WorkflowRef, items Items, wait bool) (outputs []Items, err error)
}
