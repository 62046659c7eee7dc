package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// lock takes the advisory lock that keeps a second daemon from the state file. The file stays: removing it would let two daemons hold
// locks on two files of one name.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w; the directory of the state file must be there and writable", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w (%s is locked)", store.ErrInUse, path)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// unlock gives the lock up and closes f. Closing alone would leave it to a child process that was forked and has not closed its files yet.
func unlock(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // f is open and locked: it cannot fail
	f.Close()
}
