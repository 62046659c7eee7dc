package flow

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// Lines turns a stream of lines into messages. Each message owns its bytes; they are copied into blocks that many messages share.
type Lines struct {
	r      *frame.Reader
	origin *Origin
	block  []byte
	held   *Message // the line that Forward could not put
}

// NewLines returns the lines of r as messages from origin.
func NewLines(r io.Reader, origin *Origin) *Lines {
	return &Lines{r: frame.NewReader(r), origin: origin}
}

// ResumeLines returns the lines of r after rest, which other Lines have left; number is that of the last line they took.
func ResumeLines(rest []byte, r io.Reader, number int64, origin *Origin) *Lines {
	return &Lines{r: frame.Resume(rest, r, number), origin: origin}
}

// Rest returns, after Forward has returned, what was read and was not put anywhere, and the number of the last line before it.
func (l *Lines) Rest() (rest []byte, number int64) {
	rest, number = l.r.Rest(), l.r.Number()
	if l.held == nil {
		return rest, number
	}
	line := append([]byte(nil), l.held.Data...)
	if l.held.Err != nil { // of which there is only the beginning: make it too long again
		line = append(line, bytes.Repeat([]byte(" "), frame.MaxLine)...)
	}
	return append(append(line, '\n'), rest...), l.held.Number - 1
}

// blockSize is how much is allocated at once, after a first block of firstBlock, so that a short request stays cheap. A message that is
// kept keeps its block.
const (
	blockSize  = 64 << 10
	firstBlock = 4 << 10
)

// Next returns the next line that is not blank; a line over the limit comes as a message with an error. At the end it returns io.EOF,
// else the error of the reader.
func (l *Lines) Next() (Message, error) {
	line, err := l.r.Next()
	m := Message{Origin: l.origin, Number: l.r.Number()}
	if errors.Is(err, frame.ErrTooLong) {
		m.Err, err = err, nil
	}
	if err != nil {
		return m, err
	}
	m.Data = l.own(line)
	return m, nil
}

// own copies b.
func (l *Lines) own(b []byte) []byte {
	if len(b) > blockSize/4 {
		return append([]byte(nil), b...)
	}
	if cap(l.block)-len(l.block) < len(b) {
		l.block = make([]byte, 0, max(len(b), min(firstBlock+cap(l.block)*16, blockSize)))
	}
	from := len(l.block)
	l.block = append(l.block, b...)
	return l.block[from:len(l.block):len(l.block)]
}

// Forward puts all lines into out. It returns nil at the end of the stream.
func (l *Lines) Forward(ctx context.Context, out *Intake) error {
	for {
		m, err := l.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			if err = out.Put(ctx, m); err != nil {
				l.held = &m
			}
		}
		if err != nil {
			return err
		}
	}
}
