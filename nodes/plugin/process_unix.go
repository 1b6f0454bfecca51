//go:build unix

package plugin

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// executable names the opened file itself where the system can: what is executed is what was hashed, even if the
// path has come to mean another file since. The file is number 3 in the child.
func executable(_ *os.File, path string) string {
	if runtime.GOOS == "linux" {
		return "/proc/self/fd/3"
	}
	return path
}

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(p *os.Process) error {
	err := syscall.Kill(-p.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// endOwnGroup ends this process with all that it started, if it leads a group of its own.
func endOwnGroup() {
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
}

// owner returns the user that a file belongs to, and whether others may write it.
func owner(info os.FileInfo) (uid int, othersWrite bool) {
	uid = -1
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		uid = int(s.Uid)
	}
	return uid, info.Mode().Perm()&0o022 != 0
}

// Owner names the user that a file belongs to, for people.
func Owner(info os.FileInfo) string {
	uid, _ := owner(info)
	text := strconv.Itoa(uid)
	if u, err := user.LookupId(text); err == nil {
		return u.Username
	}
	return text
}
