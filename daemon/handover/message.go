package handover

import (
	"context"
	"encoding/gob"
	"fmt"
	"os"
	"time"
)

// Parcel is what the first process holds that is nowhere else.
type Parcel struct {
	// Rest is what was read from standard input beyond the last event that was taken, and Lines how many lines came before it.
	Rest  []byte
	Lines int64
	// Replay tells results of a replay of the source that is under way from all others.
	Replay string
	// Correlations is the state of correlations, nil if there is none or if it is in a state file.
	Correlations []byte
}

// Kinds of messages.
const (
	kindPrepared = "prepared"
	kindParcel   = "parcel"
	kindOpened   = "opened"
	kindGo       = "go"
	kindFailed   = "failed"
)

// message is what goes over a pipe. Fields may be added: gob leaves out what one side does not know.
type message struct {
	Kind   string
	Error  string
	Parcel *Parcel
}

// conn is a pipe for each direction.
type conn struct {
	in, out *os.File
	enc     *gob.Encoder
	dec     *gob.Decoder
}

func newConn(in, out *os.File) conn { return conn{in, out, gob.NewEncoder(out), gob.NewDecoder(in)} }

// past is a deadline that interrupts.
var past = time.Unix(1, 0)

// send sends m, until ctx is done.
func (c *conn) send(ctx context.Context, m message) error {
	stop := context.AfterFunc(ctx, func() { c.out.SetWriteDeadline(past) })
	defer stop()
	err := c.enc.Encode(m)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// receive waits for a message of the given kind, until ctx is done. io.EOF says that the other process is gone.
func (c *conn) receive(ctx context.Context, kind string) (m message, err error) {
	stop := context.AfterFunc(ctx, func() { c.in.SetReadDeadline(past) })
	defer stop()
	err = c.dec.Decode(&m)
	switch {
	case err != nil && ctx.Err() != nil:
		return m, ctx.Err()
	case err != nil:
		return m, err
	case m.Kind == kindFailed:
		return m, &FailedError{m.Error}
	case m.Kind != kind:
		return m, fmt.Errorf("the other process says %q, want %q", m.Kind, kind)
	}
	return m, nil
}

func (c *conn) close() {
	c.in.Close()
	c.out.Close()
}

// FailedError says that the second process could not go on, and why.
type FailedError struct{ Reason string }

func (e *FailedError) Error() string { return e.Reason }
