// Package file is the sink that appends to a file. It does not rotate; when somebody else has renamed or removed the file, it opens the
// path anew.
//
// Source: daemon.md section 12; reliability.md section 3.3.
package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Sink appends one result a line. Deliver and Reopen may be called at the same time.
type Sink struct {
	path  string
	opts  Options
	fsync func(*os.File) error

	again atomic.Bool // Reopen was called while Deliver was busy

	mu    sync.Mutex
	f     *os.File
	info  fs.FileInfo // of f, when it was opened
	torn  bool        // what was written last ends within a line
	end   int64       // of f when it was opened
	wrote bool        // since then
	tail  int64       // bytes of the last write that belong to no complete line
	buf   []byte
}

// Options configure a Sink.
type Options struct {
	Mode os.FileMode // of a file that is made
	// Sync makes each Deliver wait until its lines are on the disk, so that they survive a loss of power.
	Sync bool
	// Unsure, if not nil, is told how many lines may be written twice, because what an earlier process has written cannot be looked at.
	Unsure func(lines int, why error)
}

// Permissions of files that are made. Results quote events, which not everybody is to read; dead letters quote what nobody has looked at.
const (
	Results     os.FileMode = 0o640
	DeadLetters os.FileMode = 0o600
)

// Open opens path for appending, and creates it if it is not there; its directory must be.
func Open(path string, mode os.FileMode) (*Sink, error) { return OpenWith(path, Options{Mode: mode}) }

// OpenWith is Open with further options.
func OpenWith(path string, opts Options) (*Sink, error) {
	s := &Sink{path: path, opts: opts, fsync: (*os.File).Sync}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sink) open() error {
	flags := os.O_WRONLY | os.O_APPEND | os.O_CREATE
	if info, err := os.Stat(s.path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		flags |= syscall.O_NONBLOCK // a pipe that nobody reads is an error, not a wait without end
	}
	f, err := os.OpenFile(s.path, flags, s.opts.Mode)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	if err := s.syncName(info); err != nil {
		f.Close()
		return err
	}
	s.f, s.info, s.end, s.wrote, s.tail = f, info, info.Size(), false, 0
	s.torn = s.endsWithinLine()
	return nil
}

// syncName makes the name of a file, which may have been made just now, survive a loss of power.
func (s *Sink) syncName(info fs.FileInfo) error {
	if !s.opts.Sync || !info.Mode().IsRegular() {
		return nil
	}
	d, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return nil // a directory that nobody may list: its files are written nevertheless
	}
	defer d.Close()
	return s.fsync(d)
}

// endsWithinLine reports whether a crash has left a part of a line at the end of the file.
func (s *Sink) endsWithinLine() bool {
	if !s.info.Mode().IsRegular() || s.info.Size() == 0 {
		return false
	}
	r, err := os.Open(s.path)
	if err != nil {
		return false // writable and not readable: hope for the best
	}
	defer r.Close()
	var last [1]byte
	_, err = r.ReadAt(last[:], s.info.Size()-1)
	return err == nil && last[0] != '\n'
}

// Deliver implements flow.Sink with one write for all lines, and with Options.Sync one fsync. If it fails within a line, the part is
// removed again.
func (s *Sink) Deliver(_ context.Context, lines [][]byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.follow(); err != nil {
		return 0, err // it names the path
	}
	s.buf = s.buf[:0]
	if s.torn {
		s.buf = append(s.buf, '\n')
	}
	start := len(s.buf)
	ends := make([]int, len(lines))
	for i, l := range lines {
		s.buf = append(append(s.buf, l...), '\n')
		ends[i] = len(s.buf)
	}
	n, err := s.f.Write(s.buf)
	written, good := 0, start
	for written < len(ends) && ends[written] <= n {
		good = ends[written]
		written++
	}
	wasTorn := s.torn
	if n > 0 {
		s.wrote, s.tail = true, int64(n-good)
		s.torn = n > good && !s.cut(n-good)
	}
	if failed := s.sync(written); failed != nil {
		if err == nil {
			s.undo(n, wasTorn)
		}
		return 0, failed
	}
	if errors.Is(err, os.ErrClosed) {
		err = flow.Permanent(err)
	}
	return written, err
}

// sync waits until the lines that were written are on the disk, if there are any and that was asked for.
func (s *Sink) sync(lines int) error {
	if lines == 0 || !s.opts.Sync || !s.info.Mode().IsRegular() {
		return nil
	}
	return s.fsync(s.f)
}

// undo removes the n bytes of the last write, of which nobody knows if they are on the disk: they are written again, because syncing
// once more what the system has given up says nothing. If others have written behind them they stay, and are there twice.
func (s *Sink) undo(n int, wasTorn bool) {
	at, err := s.f.Seek(0, io.SeekCurrent)
	if err != nil {
		return
	}
	if info, err := s.f.Stat(); err == nil && info.Size() == at && s.f.Truncate(at-int64(n)) == nil {
		s.tail, s.torn = int64(n), wasTorn
	}
}

// cut removes the last n bytes, which are a part of a line. They are counted from the end that the file has now, because others may
// write to it or cut it as well.
func (s *Sink) cut(n int) bool {
	if !s.info.Mode().IsRegular() {
		return false
	}
	info, err := s.f.Stat()
	return err == nil && s.f.Truncate(info.Size()-int64(n)) == nil
}

// follow opens the path anew if the open file is no longer there, or if that was asked for.
func (s *Sink) follow() error {
	if !s.again.Swap(false) {
		info, err := os.Stat(s.path)
		if err == nil && os.SameFile(info, s.info) {
			return nil
		}
	}
	return s.reopen()
}

func (s *Sink) reopen() error {
	old := s.f
	if err := s.open(); err != nil {
		s.again.Store(true)
		return err
	}
	old.Close()
	return nil
}

// Reopen implements flow.Reopener. While a delivery is under way it leaves the work to the next one.
func (s *Sink) Reopen() error {
	if !s.mu.TryLock() {
		s.again.Store(true)
		return nil
	}
	defer s.mu.Unlock()
	return s.reopen()
}

// Close implements flow.Sink. It may be called again.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

var (
	_ flow.Reopener   = (*Sink)(nil)
	_ flow.PlacedSink = (*Sink)(nil)
)
