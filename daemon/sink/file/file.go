// Package file is the sink that appends to a file. It does not rotate; when somebody else has renamed or removed the file, it opens the
// path anew.
//
// Source: daemon.md section 12; reliability.md section 3.3.
package file

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Sink appends one result a line. Deliver and Reopen may be called at the same time.
type Sink struct {
	path string

	mu   sync.Mutex
	f    *os.File
	info fs.FileInfo // of f
	size int64       // of a regular file, up to the end of the last complete line
	torn bool        // something else ends within a line
	buf  []byte
}

// mode keeps results, which quote events, from other users.
const mode = 0o640

// Open opens path for appending, and creates it if it is not there; its directory must be.
func Open(path string) (*Sink, error) {
	s := &Sink{path: path}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sink) open() error {
	f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	s.f, s.info, s.size, s.torn = f, info, info.Size(), false
	return s.endLine()
}

// endLine sees to it that what is written next begins a line, whatever a crash has left behind.
func (s *Sink) endLine() error {
	if !s.info.Mode().IsRegular() || s.size == 0 {
		return nil
	}
	r, err := os.Open(s.path)
	if err != nil {
		return nil // writable and not readable: hope for the best
	}
	defer r.Close()
	var last [1]byte
	if _, err := r.ReadAt(last[:], s.size-1); err == nil && last[0] != '\n' {
		n, err := s.f.Write([]byte{'\n'})
		s.size += int64(n)
		return err
	}
	return nil
}

// Deliver implements flow.Sink with one write for all lines. If it fails within a line, the part is removed again.
func (s *Sink) Deliver(_ context.Context, lines [][]byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.follow(); err != nil {
		return 0, fmt.Errorf("open %s: %w", s.path, err)
	}
	s.buf = s.buf[:0]
	if s.torn {
		s.buf = append(s.buf, '\n')
	}
	ends := make([]int, len(lines))
	for i, l := range lines {
		s.buf = append(append(s.buf, l...), '\n')
		ends[i] = len(s.buf)
	}
	n, err := s.f.Write(s.buf)
	if err == nil {
		s.size += int64(n)
		s.torn = false
		return len(lines), nil
	}
	written, good := 0, 0
	for written < len(ends) && ends[written] <= n {
		good = ends[written]
		written++
	}
	s.size += int64(good)
	s.cut(n > good)
	return written, fmt.Errorf("write %s: %w", s.path, err)
}

// cut removes what was written behind the last complete line.
func (s *Sink) cut(torn bool) {
	s.torn = torn
	if torn && s.info.Mode().IsRegular() && s.f.Truncate(s.size) == nil {
		s.torn = false
	}
}

// follow opens the path anew if the open file is no longer there.
func (s *Sink) follow() error {
	if s.f != nil {
		info, err := os.Stat(s.path)
		if err == nil && os.SameFile(info, s.info) {
			if info.Mode().IsRegular() && info.Size() < s.size {
				s.size = info.Size() // somebody has cut the file
			}
			return nil
		}
	}
	return s.reopen()
}

func (s *Sink) reopen() error {
	old := s.f
	if err := s.open(); err != nil {
		return err
	}
	if old != nil {
		old.Close()
	}
	return nil
}

// Reopen implements flow.Reopener.
func (s *Sink) Reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reopen()
}

// Close implements flow.Sink.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.f.Close()
}

var _ flow.Reopener = (*Sink)(nil)
