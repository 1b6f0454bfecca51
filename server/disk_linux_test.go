package server

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// smallDisk makes dir a file system of a few megabytes, most of which one file takes: without it there is room.
func smallDisk(t *testing.T, dir string) (ballast string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m,mode=700"); err != nil {
		t.Skipf("a small file system cannot be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	ballast = filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 22<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	return ballast
}
