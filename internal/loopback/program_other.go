//go:build !unix

package loopback

import "syscall"

// attributes are none: there is no root, and so nobody else to run as.
func attributes(*Account) *syscall.SysProcAttr { return nil }
