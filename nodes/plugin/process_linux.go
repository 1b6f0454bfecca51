package plugin

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// waitExited returns when the process has ended. It is not reaped yet, so its number, and that of its group, cannot mean
// another process.
func waitExited(p *os.Process) {
	for {
		err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
