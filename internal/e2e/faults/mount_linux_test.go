package faults_test

import (
	"fmt"
	"syscall"
	"testing"
)

// mountSmall puts a disk of its own, in memory, over a folder, for the time of the test.
func mountSmall(t *testing.T, folder string, bytes int) error {
	t.Helper()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return nil
}
