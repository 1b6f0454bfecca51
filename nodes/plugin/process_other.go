//go:build !unix

package plugin

import (
	"os"
	"os/exec"
)

func executable(_ *os.File, path string) string { return path }

func ownGroup(*exec.Cmd) {}

func killGroup(p *os.Process) error { return p.Kill() }

func owner(os.FileInfo) (uid int, othersWrite bool) { return -1, false }

func endOwnGroup() {}

// Owner names the user that a file belongs to, for people; it is not known here.
func Owner(os.FileInfo) string { return "unknown" }
