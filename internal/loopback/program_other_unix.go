//go:build unix && !linux

package loopback

import "syscall"

func attributes(as *Account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: credential(as)}
}
