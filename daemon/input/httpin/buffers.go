package httpin

import (
	"bufio"
	"context"
	"io"
	"sync"

	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// maxBuffers bounds the bodies that are read at a time, and with them their memory, to 64 MiB (reliability.md T6).
const maxBuffers = 64 << 20 / frame.BufferSize

// buffers are shared by requests. It is safe for concurrent use.
type buffers struct {
	slots chan struct{}
	idle  sync.Pool
}

func newBuffers() *buffers { return &buffers{slots: make(chan struct{}, maxBuffers)} }

// take waits for a buffer, which reads from r then. The error is that of ctx.
func (b *buffers) take(ctx context.Context, r io.Reader) (*bufio.Reader, error) {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if buf, ok := b.idle.Get().(*bufio.Reader); ok {
		buf.Reset(r)
		return buf, nil
	}
	return bufio.NewReaderSize(r, frame.BufferSize), nil
}

// give returns a buffer.
func (b *buffers) give(buf *bufio.Reader) {
	buf.Reset(nil)
	b.idle.Put(buf)
	<-b.slots
}
