//go:build !linux

package plugin

import "os"

// waitExited would return when the process has ended and not been reaped; where that cannot be told, what the process
// started is ended with it only when the host ends it.
func waitExited(*os.Process) { select {} }
