package threecx

import (
	"context"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// Paused is the trigger with pauses of the test's own.
func Paused(pause func(context.Context, time.Duration) error) nodes.Trigger {
	return trigger{pause: pause}
}
