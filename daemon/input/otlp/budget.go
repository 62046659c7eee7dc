package otlp

import (
	"errors"
	"io"
	"sync/atomic"
)

// budget bounds memory that requests share. Nobody waits for it, so that requests that are half read cannot block one another: who does
// not get a share is told to come again. It is safe for concurrent use.
type budget struct {
	max  int64
	used atomic.Int64
}

// take takes n bytes, or nothing.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.max {
		b.used.Add(-n)
		return false
	}
	return true
}

// share is what one request has of a budget.
type share struct {
	of *budget
	n  int64
}

// take takes n more bytes, or nothing.
func (s *share) take(n int64) bool {
	if !s.of.take(n) {
		return false
	}
	s.n += n
	return true
}

// free gives everything back. It may be called again.
func (s *share) free() {
	s.of.used.Add(-s.n)
	s.n = 0
}

// errBusy says that a budget is used up.
var errBusy = errors.New("too many requests at a time")

// tooLarge says that a body has more than max bytes.
type tooLarge struct{ max int64 }

func (tooLarge) Error() string { return "request body exceeds maximum size" }

// limited fails with tooLarge instead of returning more than max bytes.
type limited struct {
	r         io.Reader
	max, seen int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p[:min(int64(len(p)), l.max-l.seen+1)])
	if l.seen += int64(n); l.seen > l.max {
		l.seen = l.max
		return n - 1, tooLarge{l.max}
	}
	return n, err
}

// Sizes of the pieces that a body of unknown length is read into.
const (
	firstPiece = 32 << 10
	lastPiece  = 1 << 20
)

// readAll reads r to its end, taking the memory for it from s. Pieces keep a body that turns out too large from being copied, and
// counted, again and again.
func readAll(r io.Reader, s *share) ([]byte, error) {
	var pieces [][]byte
	total := 0
	for size := firstPiece; ; size = min(2*size, lastPiece) {
		if !s.take(int64(size)) {
			return nil, errBusy
		}
		piece := make([]byte, size)
		n, err := fill(r, piece)
		pieces = append(pieces, piece[:n])
		total += n
		switch err {
		case nil:
		case io.EOF:
			return join(pieces, total), nil
		default:
			return nil, err
		}
	}
}

// fill reads until p is full. Unlike io.ReadFull it does not confuse the end of r with a stream that breaks off.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

func join(pieces [][]byte, total int) []byte {
	if len(pieces) == 1 {
		return pieces[0]
	}
	all := make([]byte, 0, total)
	for _, p := range pieces {
		all = append(all, p...)
	}
	return all
}
