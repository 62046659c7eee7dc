package httpin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// The header of a request that may be repeated, and that of a reply that was given before.
const (
	headerKey    = "Idempotency-Key"
	headerReplay = "Idempotent-Replay"
)

const maxKey = 128

// hinted is an error with a hint how to avoid it.
type hinted struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

// key returns the idempotency key of r, empty if it has none, as it is kept: with the client in front, so that nobody gets the reply of
// another one. It is false if the request was answered, because the key is of no use.
func (in *Input) key(w http.ResponseWriter, r *http.Request, wait bool) (string, bool) {
	values, given := r.Header[headerKey]
	if !given {
		return "", true
	}
	var no hinted
	switch {
	case len(values) != 1 || !validKey(values[0]):
		no = hinted{"invalid Idempotency-Key", "one key of 1 to 128 printable ASCII characters"}
	case !wait:
		no = hinted{"Idempotency-Key needs sync=true", "the answer to a request without it says nothing that could be repeated"}
	case in.opts.Replies == nil:
		no = hinted{"Idempotency-Key needs a state file", "start with --state-db and --durability process or power"}
	default:
		key := values[0]
		if in.opts.Client != nil {
			if name := in.opts.Client(r); name != "" {
				key = name + "\x1f" + key // a key holds no such character
			}
		}
		return key, true
	}
	write(w, http.StatusBadRequest, no)
	return "", false
}

func validKey(key string) bool {
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return false
		}
	}
	return key != "" && len(key) <= maxKey
}

// result is the answer to a request with a key.
type result struct {
	status int
	body   []byte // JSON
	kept   bool   // the events were committed, by this or an earlier request
}

func resultOf(r reply) result {
	body, _ := json.Marshal(r) // plain data
	return result{status: r.status, body: body}
}

func (r result) send(w http.ResponseWriter, replay bool) {
	if replay && r.kept {
		w.Header().Set(headerReplay, "true")
	}
	retryAfter(w, r.status)
	writeJSON(w, r.status, r.body)
}

// errorReused is the answer to a key that comes with another body.
var errorReused = resultOf(reply{status: http.StatusUnprocessableEntity, Error: "Idempotency-Key was used with another body"})

// serveKeyed answers a request with a key. Nothing of it is queued before all of it is there.
func (in *Input) serveKeyed(w http.ResponseWriter, r *http.Request, out *flow.Intake, key string, body io.Reader) {
	whole := wholeBody{memory: share{of: &in.memory}}
	if no := whole.read(r.Context(), in, body); no.status != 0 {
		whole.memory.free()
		send(w, no)
		return
	}
	f, first := in.flights.join(key, whole.sum)
	if !first {
		whole.memory.free()
	} else {
		go in.fly(r.Context(), f, key, out, whole)
	}
	if f.sum != whole.sum {
		errorReused.send(w, false)
		return
	}
	limit, cancel := within(r.Context(), in.opts.SyncTimeout)
	defer cancel()
	select {
	case <-f.done:
		f.result.send(w, !first || f.stored)
	case <-limit.Done():
		send(w, reply{status: http.StatusServiceUnavailable, Error: "not committed in time, the outcome is unknown: repeat the request with its Idempotency-Key"})
	}
}

// wholeBody is a body that was read to its end.
type wholeBody struct {
	messages []flow.Message
	sum      [sha256.Size]byte
	memory   share
}

// Memory of a request with a key.
const (
	minMemory  = 8 << 10 // besides that of its lines
	lineMemory = 256     // of a line, besides its bytes
)

// read reads body. The status is 0 if all of it is there.
func (b *wholeBody) read(ctx context.Context, in *Input, body io.Reader) reply {
	if !b.memory.take(minMemory) {
		return reply{status: http.StatusTooManyRequests, Error: errorFull}
	}
	sum := sha256.New()
	q := request{in: in}
	no := q.lend(ctx, io.TeeReader(body, sum), func(lines *flow.Lines) reply {
		for {
			m, no := q.next(lines)
			switch {
			case no.status != 0:
				return no
			case m.Data == nil:
				return reply{}
			case len(b.messages) == flow.MaxWhole:
				return reply{status: http.StatusRequestEntityTooLarge, Error: "too many lines for an Idempotency-Key", MaxLines: flow.MaxWhole}
			case !b.memory.take(int64(len(m.Data)) + lineMemory):
				return reply{status: http.StatusTooManyRequests, Error: errorFull}
			}
			b.messages = append(b.messages, m)
		}
	})
	sum.Sum(b.sum[:0])
	return no
}

// flights are the requests with keys that are under way. Who asks again waits for the first, because most clients take 409, which would
// say as much, for a refusal.
type flights struct {
	mu sync.Mutex
	by map[string]*flight
}

// flight is the first of several equal requests. It goes on when its client has gone, until its outcome is known.
type flight struct {
	sum    [sha256.Size]byte
	done   chan struct{} // closed when result is there
	result result
	stored bool // the result is that of an earlier request
}

// join returns the flight of key, which begins with the first one who asks.
func (s *flights) join(key string, sum [sha256.Size]byte) (f *flight, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.by[key]; f != nil {
		return f, false
	}
	if s.by == nil {
		s.by = map[string]*flight{}
	}
	f = &flight{sum: sum, done: make(chan struct{})}
	s.by[key] = f
	return f, true
}

// land ends f. What was committed can be looked up by now.
func (s *flights) land(key string, f *flight) {
	s.mu.Lock()
	delete(s.by, key)
	s.mu.Unlock()
	close(f.done)
}

// fly looks for an earlier reply, or queues the lines of b and waits until they are committed.
func (in *Input) fly(ctx context.Context, f *flight, key string, out *flow.Intake, b wholeBody) {
	defer in.flights.land(key, f)
	defer b.memory.free()
	kept, ok, err := in.opts.Replies(context.WithoutCancel(ctx), key)
	switch {
	case err != nil:
		f.result = resultOf(reply{status: http.StatusServiceUnavailable, Error: "earlier replies cannot be looked up"})
	case ok:
		f.stored = true
		f.result = b.kept(kept)
	default:
		f.result = in.commit(out, key, &b)
	}
}

// A reply is kept with a version, and the sum of the body that it is for.
const (
	replyVersion = 1
	replyHead    = 1 + sha256.Size
)

// kept returns the reply that was kept.
func (b *wholeBody) kept(text []byte) result {
	switch {
	case len(text) < replyHead || text[0] != replyVersion:
		return resultOf(reply{status: http.StatusServiceUnavailable, Error: "the earlier reply cannot be read"})
	case !bytes.Equal(text[1:replyHead], b.sum[:]):
		return errorReused
	}
	return result{http.StatusOK, text[replyHead:], true}
}

// commit queues the lines of b as one, and waits until they are committed with the reply.
func (in *Input) commit(out *flow.Intake, key string, b *wholeBody) result {
	n, none := len(b.messages), 0
	good := resultOf(reply{status: http.StatusOK, Accepted: n, Committed: &n, Failed: &none})
	if n == 0 {
		return good
	}
	keep := append(append([]byte{replyVersion}, b.sum[:]...), good.body...)
	committed := make(chan bool, 1)
	ack := flow.NewAck(func(c bool) { committed <- c })
	err := in.put(out, b.messages, ack, &flow.Reply{Key: key, Body: keep})
	b.messages = nil
	b.memory.free()
	ack.Done(true)
	switch {
	case errors.Is(err, flow.ErrClosed):
		return resultOf(reply{status: http.StatusServiceUnavailable, Error: errorClosed})
	case err != nil:
		return resultOf(reply{status: http.StatusTooManyRequests, Error: errorFull})
	case !<-committed:
		return resultOf(reply{status: http.StatusServiceUnavailable, Error: errorUncommitted})
	}
	good.kept = true
	return good
}

// put puts messages, the first of which waits as long as any line may.
func (in *Input) put(out *flow.Intake, messages []flow.Message, ack *flow.Ack, keep *flow.Reply) error {
	ctx, cancel := within(context.Background(), in.opts.Timeout)
	defer cancel()
	w, err := out.Whole(ctx)
	if err != nil {
		return err
	}
	for _, m := range messages {
		m.Ack = ack
		if w.Put(ctx, m) != nil {
			break // End says why
		}
	}
	return w.End(ctx, keep)
}

// share is what a request has of the memory for requests with keys. Nobody waits for it, so that requests that are half read cannot
// block one another.
type share struct {
	of *budget
	n  int64
}

type budget struct {
	max  int64
	used atomic.Int64
}

// take takes n more bytes, or nothing.
func (s *share) take(n int64) bool {
	if s.of.used.Add(n) > s.of.max {
		s.of.used.Add(-n)
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
