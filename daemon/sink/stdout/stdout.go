// Package stdout is the sink that writes to standard output.
package stdout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Sink writes one result a line, or indented results.
type Sink struct {
	w      io.Writer
	pretty bool
	buf    []byte
	torn   bool // the last write ended within a line
}

// New returns a sink that writes to w. With pretty results span several lines.
func New(w io.Writer, pretty bool) *Sink { return &Sink{w: w, pretty: pretty} }

// Deliver implements flow.Sink with one write for all lines. A line of which only a part was written is written again, on a line of its own.
func (s *Sink) Deliver(_ context.Context, lines [][]byte) (int, error) {
	s.buf = s.buf[:0]
	if s.torn {
		s.buf = append(s.buf, '\n')
	}
	start := len(s.buf)
	ends := make([]int, len(lines))
	for i, l := range lines {
		s.append(l)
		ends[i] = len(s.buf)
	}
	n, err := s.w.Write(s.buf)
	if err == nil {
		s.torn = false
		return len(lines), nil
	}
	written := 0
	for written < len(ends) && ends[written] <= n {
		written++
	}
	if n > 0 {
		s.torn = written == 0 && n > start || written > 0 && n > ends[written-1]
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		err = flow.Permanent(err)
	}
	return written, fmt.Errorf("write to standard output: %w", err)
}

func (s *Sink) append(line []byte) {
	if !s.pretty {
		s.buf = append(append(s.buf, line...), '\n')
		return
	}
	var b bytes.Buffer
	if json.Indent(&b, line, "", "  ") != nil {
		b.Write(line)
	}
	s.buf = append(append(s.buf, b.Bytes()...), '\n')
}

// Close implements flow.Sink. The file belongs to the caller.
func (s *Sink) Close() error { return nil }
