package nodes

import "context"

// History is what a workflow has seen in its earlier executions, by scope (Remove Duplicates). A call that is executed again
// after a crash gets the same answers.
type History interface {
	// See notes values and reports for each whether it was noted before. At most keep of them stay, the oldest go.
	See(ctx context.Context, scope string, values []string, keep int) (seen []bool, err error)
	// Latest returns the value that SetLatest was given last, "" at first.
	Latest(ctx context.Context, scope string) (string, error)
	SetLatest(ctx context.Context, scope, value string) error
	// Forget removes all that was noted in a scope.
	Forget(ctx context.Context, scope string) error
}
