package stdin

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// errStopped is the error of a read that was interrupted. No byte is lost by it.
var errStopped = errors.New("reading was stopped")

// file is a reader of a file that can be interrupted, whatever the file is. The descriptor stays as it is: other processes share it, so that
// it must not become one that never blocks.
type file struct {
	f          *os.File
	fd         int32
	wake, stop *os.File // a pipe: closing stop wakes who waits
}

// interruptible returns r as a file, nil if it is none.
func interruptible(r io.Reader) *file {
	f, ok := r.(*os.File)
	if !ok {
		return nil
	}
	wake, stop, err := os.Pipe()
	if err != nil {
		return nil
	}
	return &file{f, int32(f.Fd()), wake, stop}
}

// Read implements io.Reader. It fails with errStopped once it is interrupted.
func (f *file) Read(p []byte) (int, error) {
	set := []unix.PollFd{{Fd: f.fd, Events: unix.POLLIN}, {Fd: int32(f.wake.Fd()), Events: unix.POLLIN}}
	for {
		switch _, err := unix.Poll(set, -1); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, os.NewSyscallError("poll", err)
		case set[1].Revents != 0:
			return 0, errStopped
		case set[0].Revents != 0:
			return f.f.Read(p) // also if the descriptor has failed: the read says how
		}
	}
}

// interrupt makes this and all further reads fail.
func (f *file) interrupt() { f.stop.Close() }

// release closes what interruptible has opened.
func (f *file) release() {
	f.stop.Close()
	f.wake.Close()
}
