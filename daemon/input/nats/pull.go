package nats

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/rsigma-go/rsigma/daemon/natsconn"
)

// A pull (daemon.md section 18.4). Without a sign of life for twice the heartbeat the server is taken for dead.
const (
	batch      = 200
	expires    = 30 * time.Second
	heartbeat  = 15 * time.Second
	batchBytes = 8 << 20 // unless a single message may be larger
)

// pulls are requests for messages of a consumer, and the subscription to which they come. Two are under way, so that the second has come
// when the first is worked off. It belongs to one goroutine.
//
// The pull of the jetstream package is not used: it takes "batch completed" for the end of a pull. A replicated consumer says so before
// it sends the messages, which are then dropped, and come again and are dropped again for ever.
type pulls struct {
	conn     *natsconn.Conn
	sub      *nats.Subscription
	messages chan *nats.Msg
	subject  string // of requests
	request  []byte
	ahead    int // messages that are still to come when more are asked for
	open     int // messages that are still to come
	last     time.Time
}

// pullRequest is what the server wants to know.
type pullRequest struct {
	Batch     int           `json:"batch"`
	Expires   time.Duration `json:"expires"`
	MaxBytes  int           `json:"max_bytes"`
	Heartbeat time.Duration `json:"idle_heartbeat"`
}

// newPulls subscribes. The caller closes it.
func newPulls(conn *natsconn.Conn, stream, consumer string) (*pulls, error) {
	size := max(batchBytes, 2*int(conn.MaxPayload()))
	p := &pulls{
		conn: conn, messages: make(chan *nats.Msg, 4*batch), // with room for what the server says beside the messages
		subject: "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer, last: time.Now(),
	}
	if size == batchBytes {
		p.ahead = batch
	}
	var err error
	if p.request, err = json.Marshal(pullRequest{batch, expires, size, heartbeat}); err != nil {
		return nil, err
	}
	p.sub, err = conn.ChanSubscribe(conn.NewInbox(), p.messages)
	return p, err
}

// closeFlush bounds how long close waits for what the server has sent.
const closeFlush = time.Second

// close ends the subscription and returns the messages that have come, with those that were on their way: the server takes them for
// delivered.
func (p *pulls) close() iter.Seq[*nats.Msg] {
	if p.conn.IsConnected() && p.sub.Drain() == nil {
		p.conn.FlushTimeout(closeFlush) // the answer comes behind the messages; without one they come again later
	} else {
		p.sub.Unsubscribe() // which can only fail if the connection is closed
	}
	return func(yield func(*nats.Msg) bool) {
		for {
			select {
			case msg := <-p.messages:
				if code, _ := status(msg); code == "" && !yield(msg) {
					return
				}
			default:
				return
			}
		}
	}
}

// wants reports whether it is time for the next pull.
func (p *pulls) wants() bool { return p.open <= p.ahead }

// ask begins a pull.
func (p *pulls) ask() error {
	if p.open == 0 {
		p.last = time.Now() // nothing was to be heard until now
	}
	p.open += batch
	return p.conn.PublishRequest(p.subject, p.sub.Subject, p.request)
}

// What the server says in place of a message.
var (
	errSilence  = errors.New("no heartbeat received")
	errShutdown = errors.New("server shutdown")
)

// heard notes what came, and is true if that is a message. An error is the end of all pulls.
func (p *pulls) heard(msg *nats.Msg) (message bool, err error) {
	p.last = time.Now()
	code, text := status(msg)
	switch code {
	case "":
		p.open = max(p.open-1, 0)
		return true, nil
	case "100": // a heartbeat
		return false, nil
	case "503":
		return false, nats.ErrNoResponders
	case "408", "409": // a pull that is over, if it says how many messages it lacked; those that it did not lack may still be on their way
		if n, err := strconv.Atoi(msg.Header.Get("Nats-Pending-Messages")); err == nil {
			p.open = max(p.open-max(n, 0), 0)
			return false, nil
		}
	}
	if strings.EqualFold(text, errShutdown.Error()) {
		return false, errShutdown
	}
	return false, fmt.Errorf("the server answers %.512q %.3q", text, code)
}

// check reports whether the server should have been heard of.
func (p *pulls) check(now time.Time) error {
	if p.open > 0 && now.Sub(p.last) >= 2*heartbeat {
		return errSilence
	}
	return nil
}

// status returns the code and the description of what is not a message; of a message it is empty. Only a message can be acknowledged; its
// headers are the publisher's.
func status(msg *nats.Msg) (code, text string) {
	if msg.Reply != "" || len(msg.Header) == 0 {
		return "", ""
	}
	return msg.Header.Get("Status"), msg.Header.Get("Description")
}

// placed is what the reply subject of a message says about it.
type placed struct {
	sequence  uint64 // in the stream
	times     uint64 // it was delivered
	delivered uint64 // number of the delivery: the consumer counts without a gap
	time      int64  // when it was stored, in nanoseconds since the epoch
}

// place reads the reply subject of a message. It is $JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<3 parts>, with <domain>.<account> before the stream in newer servers, which
// add further parts at the end.
func place(reply string) (p placed, ok bool) {
	rest, ok := strings.CutPrefix(reply, "$JS.ACK.")
	parts := strings.Count(rest, ".") + 1
	skip := 2
	if parts >= 9 {
		skip = 4
	}
	if !ok || parts != 7 && skip == 2 {
		return placed{}, false
	}
	for range skip {
		_, rest, _ = strings.Cut(rest, ".")
	}
	number := func() (n uint64) {
		var text string
		text, rest, _ = strings.Cut(rest, ".")
		n, err := strconv.ParseUint(text, 10, 64)
		ok = ok && err == nil
		return n
	}
	p = placed{times: number(), sequence: number(), delivered: number(), time: int64(number())}
	return p, ok
}
