//go:build unix

package loopback

import "syscall"

func credential(as *Account) *syscall.Credential {
	if as == nil {
		return nil
	}
	return &syscall.Credential{Uid: uint32(as.UID), Gid: uint32(as.GID)}
}
