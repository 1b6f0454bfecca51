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
