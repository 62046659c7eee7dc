// Package httpin is the input that takes events from POST /api/v1/events: one event a line, queued while the body is still being read.
// Where the handler is mounted, and who may call it, is not its business.
//
// Source: http-api.md section 3.7; reliability.md section 3.4.
package httpin

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// Options configure an Input.
type Options struct {
	MaxBody int64         // bytes of a body, before and after decompression
	Timeout time.Duration // how long a line may wait for room in the queue; 0 is without limit
	// SyncTimeout bounds how long an answer with sync=true is held back for its lines; 0 is without limit.
	SyncTimeout time.Duration
	// Replies looks up what a message with a flow.Reply of that key was committed with; false if there was none. nil says that nothing
	// is kept: then requests with an Idempotency-Key are refused.
	Replies func(ctx context.Context, key string) ([]byte, bool, error)
	// Client names who sent a request, empty for nobody in particular; nil if nobody can tell.
	Client func(*http.Request) string
}

// Input is an http.Handler whose events Run forwards.
type Input struct {
	opts    Options
	out     atomic.Pointer[flow.Intake] // nil until Run
	ready   chan struct{}
	closed  atomic.Bool // Run has returned
	buffers *buffers
	memory  budget // of requests with keys
	flights flights
}

// maxMemory bounds the requests with keys that are held as a whole (reliability.md T6). One of the greatest length always fits.
const maxMemory = 64 << 20

// New returns an input.
func New(opts Options) *Input {
	most := max(maxMemory, opts.MaxBody+flow.MaxWhole*lineMemory+minMemory)
	return &Input{opts: opts, ready: make(chan struct{}), buffers: newBuffers(), memory: budget{max: most}}
}

// A client that waits for its lines asks whether a crash can lose them, which a commit answers. A sink that hangs must not make it
// send them again.
var origin = flow.Origin{Type: "http", AtCommit: true}

// Run implements flow.Input: it lets the handler put events into out, whose closing ends that. Requests that begin after ctx is
// cancelled are refused; the others go on until out is closed.
func (in *Input) Run(ctx context.Context, out *flow.Intake) error {
	in.out.Store(out)
	close(in.ready)
	<-ctx.Done()
	in.closed.Store(true)
	return nil
}

// Ready is closed once Run takes events: whoever is told before that the daemon is ready may be refused.
func (in *Input) Ready() <-chan struct{} { return in.ready }

// Close implements flow.Input.
func (in *Input) Close() error { return nil }

// reply is the answer to a request. Fields that do not apply are left out.
type reply struct {
	status    int
	Error     string `json:"error,omitempty"`
	MaxBytes  int64  `json:"max_bytes,omitempty"`
	MaxLines  int    `json:"max_lines,omitempty"`
	Accepted  int    `json:"accepted"`
	Committed *int   `json:"committed,omitempty"`
	Failed    *int   `json:"failed,omitempty"`
	Line      int64  `json:"line,omitempty"`
}

// ServeHTTP implements http.Handler.
func (in *Input) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wait := false
	if text := r.URL.Query().Get("sync"); text != "" {
		var err error
		if wait, err = strconv.ParseBool(text); err != nil {
			write(w, http.StatusBadRequest, map[string]string{"error": "invalid query parameter", "parameter": "sync"})
			return
		}
	}
	key, ok := in.key(w, r, wait)
	if !ok {
		return
	}
	out := in.out.Load()
	if out == nil {
		send(w, reply{status: http.StatusServiceUnavailable, Error: "not ready"})
		return
	}
	if in.closed.Load() {
		send(w, reply{status: http.StatusServiceUnavailable, Error: errorClosed})
		return
	}
	body, ok := in.body(w, r)
	if !ok {
		return
	}
	if key != "" {
		in.serveKeyed(w, r, out, key, body)
		return
	}
	q := request{in: in, out: out}
	if wait {
		q.commits = newCommits()
	}
	answer := q.run(r.Context(), body)
	if wait {
		answer = q.await(r.Context(), answer)
	}
	send(w, answer)
}

// Errors of replies that are given in more than one place.
const (
	errorClosed      = "event channel closed"
	errorFull        = "event queue full"
	errorBody        = "failed to read request body"
	errorUncommitted = "not everything was committed"
)

// body returns the decompressed body with its limit, or answers the request.
func (in *Input) body(w http.ResponseWriter, r *http.Request) (io.Reader, bool) {
	limited := &limited{r: r.Body, left: in.opts.MaxBody}
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
		return limited, true
	case "gzip":
		return &limitedGzip{raw: limited, max: in.opts.MaxBody}, true
	}
	write(w, http.StatusUnsupportedMediaType, map[string]string{"error": "unsupported content encoding"})
	return nil, false
}

// request is one request while its body is read.
type request struct {
	in       *Input
	out      *flow.Intake
	commits  *commits // nil unless the client waits for them
	accepted int
}

// run queues the lines of body.
func (q *request) run(ctx context.Context, body io.Reader) reply {
	return q.lend(ctx, body, func(lines *flow.Lines) reply {
		for {
			m, no := q.next(lines)
			switch {
			case no.status != 0:
				return no
			case m.Data == nil:
				return q.reply(http.StatusOK, "")
			}
			if failed := q.put(ctx, m); failed.status != 0 {
				return failed
			}
		}
	})
}

// lend calls f with the lines of body, which are read through a buffer of the input. It waits for that as long as a line may wait for
// room in the queue.
func (q *request) lend(ctx context.Context, body io.Reader, f func(*flow.Lines) reply) reply {
	limited, cancel := within(ctx, q.in.opts.Timeout)
	b, err := q.in.buffers.take(limited, body)
	cancel()
	switch {
	case ctx.Err() != nil:
		return q.reply(http.StatusBadRequest, errorBody)
	case err != nil:
		return q.reply(http.StatusTooManyRequests, errorFull)
	}
	defer q.in.buffers.give(b)
	return f(flow.NewLines(b, &origin))
}

// next returns the next line, without data at the end. The status is 0 if there is nothing wrong.
func (q *request) next(lines *flow.Lines) (flow.Message, reply) {
	m, err := lines.Next()
	switch {
	case err == io.EOF:
		return flow.Message{}, reply{}
	case errors.Is(err, errTooLarge):
		out := q.reply(http.StatusRequestEntityTooLarge, "request body exceeds maximum size")
		out.MaxBytes = q.in.opts.MaxBody
		return flow.Message{}, out
	case err != nil:
		return flow.Message{}, q.reply(http.StatusBadRequest, errorBody)
	case m.Err != nil:
		out := q.reply(http.StatusRequestEntityTooLarge, frame.ErrTooLong.Error())
		out.MaxBytes, out.Line = frame.MaxLine, m.Number
		return flow.Message{}, out
	}
	return m, reply{}
}

// put queues one line. The status is 0 if that worked.
func (q *request) put(ctx context.Context, m flow.Message) reply {
	m.Ack = q.commits.ack()
	limited, cancel := within(ctx, q.in.opts.Timeout)
	defer cancel()
	switch err := q.out.Put(limited, m); {
	case err == nil:
		q.accepted++
		return reply{}
	case errors.Is(err, flow.ErrClosed):
		q.commits.forget()
		return q.reply(http.StatusServiceUnavailable, errorClosed)
	case ctx.Err() != nil:
		q.commits.forget()
		return q.reply(http.StatusBadRequest, errorBody)
	default:
		q.commits.forget()
		return q.reply(http.StatusTooManyRequests, errorFull)
	}
}

// within bounds ctx by limit; 0 is none.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, limit)
}

func (q *request) reply(status int, text string) reply {
	return reply{status: status, Error: text, Accepted: q.accepted}
}

// await waits until everything accepted is committed, also if not everything was accepted: a client goes on behind what was.
func (q *request) await(ctx context.Context, answer reply) reply {
	ctx, cancel := within(ctx, q.in.opts.SyncTimeout)
	defer cancel()
	select {
	case <-q.commits.done():
	case <-ctx.Done():
	}
	committed, failed, pending := q.commits.counts()
	answer.Committed, answer.Failed = &committed, &failed
	if answer.status == http.StatusOK && (failed > 0 || pending > 0) {
		answer.status, answer.Error = http.StatusServiceUnavailable, errorUncommitted
	}
	return answer
}

// send answers a request.
func send(w http.ResponseWriter, r reply) {
	retryAfter(w, r.status)
	write(w, r.status, r)
}

// retryAfter asks the client to come again, if that makes sense.
func retryAfter(w http.ResponseWriter, status int) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
}

func write(w http.ResponseWriter, status int, body any) {
	text, _ := json.Marshal(body) // plain data
	writeJSON(w, status, text)
}

func writeJSON(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
}

// errTooLarge says that a body is over the limit.
var errTooLarge = errors.New("request body exceeds maximum size")

// limited fails with errTooLarge instead of returning more than left bytes.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p[:min(int64(len(p)), l.left+1)])
	if l.left -= int64(n); l.left < 0 {
		return n - 1, errTooLarge
	}
	return n, err
}

// limitedGzip decompresses raw, up to max bytes.
type limitedGzip struct {
	raw io.Reader
	max int64
	out io.Reader
}

func (g *limitedGzip) Read(p []byte) (int, error) {
	if g.out == nil {
		z, err := gzip.NewReader(g.raw)
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		g.out = &limited{r: z, left: g.max}
	}
	return g.out.Read(p)
}
