package sqlite

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A lock that was given up is free, also while a child process that was forked before still has the file.
func TestALockThatWasGivenUpIsFree(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(path); err == nil {
		t.Fatal("two have the lock")
	}
	inherited, err := syscall.Dup(int(first.Fd())) // what a fork does
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	unlock(first)
	second, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	unlock(second)
}
