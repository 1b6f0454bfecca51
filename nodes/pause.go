package nodes

import (
	"context"
	"time"
)

// Pause waits for a time. It returns early, with the cause, when ctx is cancelled.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// WithTimeout is context.WithTimeout without a deadline that others can see: the cause is context.DeadlineExceeded. Dialers
// and plugins keep a deadline that they see by clocks of their own, and report their timeouts before the context has ended: a
// run that was stopped would look like one that failed.
func WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	t := time.AfterFunc(d, func() { cancel(context.DeadlineExceeded) })
	return ctx, func() {
		t.Stop()
		cancel(context.Canceled)
	}
}
