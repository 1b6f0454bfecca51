//go:build !unix

package network

import (
	"context"
	"os/exec"
)

// shell is a command of the system's shell.
func shell(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "cmd", "/d", "/s", "/c", command) //nolint:gosec // that is what the node is for
}
