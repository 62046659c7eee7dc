package file

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// place is where a line begins: which file, and how many bytes come before.
type place struct{ device, inode, size uint64 }

// placeVersion is the first byte of a place in bytes.
const placeVersion = 1

func (p place) bytes() []byte {
	dst := append(make([]byte, 0, 1+3*binary.MaxVarintLen64), placeVersion)
	dst = binary.AppendUvarint(dst, p.device)
	dst = binary.AppendUvarint(dst, p.inode)
	return binary.AppendUvarint(dst, p.size)
}

// readPlace reads what bytes has written.
func readPlace(b []byte) (p place, err error) {
	if len(b) == 0 || b[0] != placeVersion {
		return p, errPlace
	}
	b = b[1:]
	for _, to := range []*uint64{&p.device, &p.inode, &p.size} {
		n, k := binary.Uvarint(b)
		if k <= 0 {
			return p, errPlace
		}
		*to, b = n, b[k:]
	}
	if len(b) > 0 || int64(p.size) < 0 {
		return p, errPlace
	}
	return p, nil
}

// Why nothing is known of what an earlier process has written.
var (
	errPlace = errors.New("the place that was kept cannot be read")
	errMoved = errors.New("the file is another one than before")
)

// identity returns which file info is of. It is false if that is no regular file, of which nothing can be read back.
func identity(info fs.FileInfo) (device, inode uint64, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return 0, 0, false
	}
	return uint64(st.Dev), st.Ino, true
}

// Place implements flow.PlacedSink: the file, and the end of the last line that was written to it.
//
// Others may append to the file as well, so the bytes that were written do not add up to a place: if it came out too early, older lines
// of the sink would be found behind it and taken for newer ones that are equal. The system knows the end of the last write: it is the
// offset of the descriptor. Asking for it is one short system call for a
// delivery, beside the two that it takes.
func (s *Sink) Place() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	device, inode, ok := identity(s.info)
	if !ok {
		return nil
	}
	at := s.end
	if s.wrote {
		pos, err := s.f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil
		}
		at = pos - s.tail
	}
	return place{device, inode, uint64(at)}.bytes()
}

// Written implements flow.PlacedSink. Behind place it counts complete lines that are equal to one of lines, each as often as it is
// there; the order does not matter, because a result that was given up and is delivered after a restart comes late, and lines of others
// in between do not either. The file is read as a stream: what is kept are at most 16 bytes for each of lines, and one line.
//
// A part of one of lines at the end of the file is cut off. If the file is shorter than place it was truncated since, so that whatever
// is in it was written later than place. If the path leads to another file now, nothing is found: see Options.Unsure.
func (s *Sink) Written(at []byte, lines [][]byte) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := newFinder(lines)
	if len(lines) == 0 {
		return f.found, nil
	}
	p, err := readPlace(at)
	if err != nil {
		return s.unsure(f, err)
	}
	if device, inode, ok := identity(s.info); !ok || device != p.device || inode != p.inode {
		return s.unsure(f, errMoved)
	}
	r, err := os.Open(s.path)
	if err != nil {
		return s.unsure(f, err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(info, s.info) {
		return s.unsure(f, errMoved)
	}
	from := int64(p.size)
	if info.Size() < from {
		from = 0
	}
	rest, err := f.read(r, from, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.path, err)
	}
	return f.found, s.cutTorn(f, rest, info.Size())
}

// unsure says that nothing is found.
func (s *Sink) unsure(f *finder, why error) ([]bool, error) {
	if s.opts.Unsure != nil {
		s.opts.Unsure(len(f.lines), why)
	}
	return f.found, nil
}

// cutTorn removes rest, which the file of that size ends with, if it is the beginning of a line that was not written completely. What
// somebody else has written stays; the next delivery begins a new line behind it.
func (s *Sink) cutTorn(f *finder, rest []byte, size int64) error {
	if len(rest) == 0 || !f.begins(rest) {
		return nil
	}
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != size {
		return nil // somebody has gone on behind it
	}
	if err := s.f.Truncate(size - int64(len(rest))); err != nil {
		return err
	}
	s.end, s.torn = size-int64(len(rest)), false
	return nil
}

// maxZeros is how much may come behind a line that was not written completely.
const maxZeros = 64 << 10

// finder looks for lines.
type finder struct {
	lines [][]byte
	found []bool
	next  int // all lines before are found
	index *index
	max   int // bytes of the longest line
}

func newFinder(lines [][]byte) *finder {
	f := &finder{lines: lines, found: make([]bool, len(lines))}
	for _, l := range lines {
		f.max = max(f.max, len(l))
	}
	return f
}

// read looks at the complete lines from byte from up to byte to of r, and returns what comes behind the last one, unless that is longer
// than any of the lines that are looked for.
func (f *finder) read(r io.ReaderAt, from, to int64) (rest []byte, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(r, from, to-from), 256<<10)
	long := false // the line is longer than any that is looked for, and what may come behind one
	for {
		chunk, err := in.ReadSlice('\n')
		if long = long || len(rest)+len(chunk) > f.max+maxZeros; !long && (len(rest) > 0 || err != nil) {
			rest = append(rest, chunk...)
		}
		switch err {
		case nil:
			if len(rest) > 0 {
				chunk = rest
			}
			if !long {
				f.take(chunk[:len(chunk)-1])
			}
			rest, long = rest[:0], false
		case bufio.ErrBufferFull:
		case io.EOF:
			if long {
				return nil, nil
			}
			return rest, nil
		default:
			return nil, err
		}
	}
}

// take notes that line is in the file once more.
func (f *finder) take(line []byte) {
	at := f.next
	if at >= len(f.lines) {
		return
	}
	if !bytes.Equal(f.lines[at], line) {
		if f.index == nil {
			f.index = newIndex(f.lines, f.next)
		}
		if at = f.index.first(f, line); at < 0 {
			return
		}
	}
	f.found[at] = true
	for f.next < len(f.lines) && f.found[f.next] {
		f.next++
	}
}

// begins reports whether part is how a line begins that is not found. Behind it there may be zeros, which is what a loss of power may
// leave.
func (f *finder) begins(part []byte) bool {
	part = bytes.TrimRight(part, "\x00")
	for i := f.next; i < len(f.lines); i++ {
		if !f.found[i] && bytes.HasPrefix(f.lines[i], part) {
			return true
		}
	}
	return false
}
