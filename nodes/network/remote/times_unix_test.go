//go:build unix

package remote_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// setTimes sets those of a file, or of a link itself.
func setTimes(path string, accessed, changed time.Time) error {
	return unix.Lutimes(path, []unix.Timeval{unix.NsecToTimeval(accessed.UnixNano()), unix.NsecToTimeval(changed.UnixNano())})
}
