// Package frame cuts a byte stream into events: lines, and whole JSON documents. It is the framing that every program shares: it
// drops line ends, skips blank lines and refuses lines over the limit without losing what follows. It opens nothing – readers are
// given to it – and knows nothing of what an event means; package decode does.
package frame

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxLine is the longest line that is delivered, in bytes without its end (daemon.md section 25).
const MaxLine = 1 << 20

// ErrTooLong says that a line was over the limit. The line is skipped up to its end; reading goes on.
var ErrTooLong = errors.New("line exceeds maximum size")

// headSize is how much of a line over the limit is kept for the dead-letter queue.
const headSize = 4 << 10

// Reader reads lines. It is not safe for concurrent use.
type Reader struct {
	r      *bufio.Reader
	max    int
	long   []byte // a line that did not fit into r's buffer
	number int64
	start  bool
	ahead  *bytes.Reader // what another Reader has left; nil if there was none
	cut    []byte        // the beginning of the line that an error of the underlying reader has interrupted
}

// BufferSize is how much a Reader reads at once. A bufio.Reader of that size is used as it is.
const BufferSize = 128 << 10

// NewReader returns a Reader over r with the limit MaxLine.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, BufferSize), max: MaxLine, start: true}
}

// Resume returns a Reader that goes on where another one was interrupted: rest is what that one gave, r what follows, and number that of
// the last line it returned.
func Resume(rest []byte, r io.Reader, number int64) *Reader {
	ahead := bytes.NewReader(rest)
	f := NewReader(io.MultiReader(ahead, r))
	f.number, f.start, f.ahead = number, number == 0, ahead
	return f
}

// Rest returns what was read and belongs to no line that Next has returned, when nobody calls Next any more. An error of the underlying
// reader was an interruption then. Of a line over the limit it is enough to be over the limit again.
func (r *Reader) Rest() []byte {
	buffered, _ := r.r.Peek(r.r.Buffered())
	rest := append(bytes.Clone(r.cut), buffered...)
	if r.ahead != nil {
		unread, _ := io.ReadAll(r.ahead)
		rest = append(rest, unread...)
	}
	return rest
}

// Number returns the number of the line that Next returned last, from 1, blank lines included.
func (r *Reader) Number() int64 { return r.number }

// Buffered returns how many bytes can be read without waiting for the underlying reader.
func (r *Reader) Buffered() int { return r.r.Buffered() }

// Next returns the next line that is not blank, without its line end. The slice is valid until the next call. With ErrTooLong it
// returns the first 4 KiB of the line. At the end it returns io.EOF; other errors are those of the underlying reader and end
// the stream as well.
func (r *Reader) Next() ([]byte, error) {
	for {
		line, err := r.line()
		if err != nil {
			return line, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
	}
}

// line returns the next line, blank or not.
func (r *Reader) line() ([]byte, error) {
	chunk, err := r.r.ReadSlice('\n')
	if len(chunk) == 0 && err != nil {
		return nil, err
	}
	r.number++
	if r.start {
		r.start = false
		chunk = bytes.TrimPrefix(chunk, []byte("\xEF\xBB\xBF"))
	}
	if err == bufio.ErrBufferFull {
		return r.longLine(chunk)
	}
	if err != nil && err != io.EOF {
		return r.interrupted(chunk, err)
	}
	return trimEnd(chunk), nil
}

// interrupted keeps the beginning of a line for Rest.
func (r *Reader) interrupted(begun []byte, err error) ([]byte, error) {
	r.cut = begun
	r.number--
	return nil, err
}

// longLine gathers a line that is longer than the buffer.
func (r *Reader) longLine(chunk []byte) ([]byte, error) {
	r.long = append(r.long[:0], chunk...)
	for {
		chunk, err := r.r.ReadSlice('\n')
		if r.long = append(r.long, chunk...); len(r.long) > r.max+2 {
			return r.skip(err)
		}
		if err == nil || err == io.EOF {
			break
		}
		if err != bufio.ErrBufferFull {
			return r.interrupted(r.long, err)
		}
	}
	line := trimEnd(r.long)
	if len(line) > r.max {
		return line[:headSize], ErrTooLong
	}
	return line, nil
}

// skip reads to the end of a line over the limit. err is what the last read gave.
func (r *Reader) skip(err error) ([]byte, error) {
	for err == bufio.ErrBufferFull {
		_, err = r.r.ReadSlice('\n')
	}
	if err != nil && err != io.EOF {
		return r.interrupted(r.long, err)
	}
	return r.long[:headSize], ErrTooLong
}

// trimEnd drops one LF and one CR before it.
func trimEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}
