package nats

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/daemon/natsconn"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

func TestMain(m *testing.M) {
	if natstest.Serve() {
		return
	}
	goleak.VerifyTestMain(m)
}

// broker is a server on the loopback with a client of the test.
type broker struct {
	t   testing.TB
	url string
	srv *natstest.Server // nil if it is a process of its own, or a cluster
	js  jetstream.JetStream
}

// maxPayload lets a message hold a line over the limit.
const maxPayload = 4 << 20

func newBroker(t testing.TB) *broker {
	t.Helper()
	s := natstest.Start(t, server.Options{JetStream: true, MaxPayload: maxPayload})
	return &broker{t, s.ClientURL(), s, s.Client()}
}

// options returns the settings of an input of subject.
func (b *broker) options(subject string) Options {
	b.t.Helper()
	a, err := natsconn.ParseURL(b.url + "/" + subject)
	if err != nil {
		b.t.Fatal(err)
	}
	silent := slog.New(slog.DiscardHandler)
	return Options{Address: a, Buffer: 1000, Log: silent, ConnLog: silent}
}

func open(t testing.TB, opts Options) *Input {
	t.Helper()
	in, err := tryOpen(opts)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func tryOpen(opts Options) (*Input, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return Open(ctx, opts)
}

// publish stores payloads in the stream of subject, one after the other. A server that has just made a stream anew may swallow a message,
// so each is published until the server confirms it.
func (b *broker) publish(subject string, payloads ...string) {
	b.t.Helper()
	for _, p := range payloads {
		var err error
		id := jetstream.WithMsgID(rand.Text())
		for range 5 {
			ctx, cancel := context.WithTimeout(b.t.Context(), 2*time.Second)
			_, err = b.js.Publish(ctx, subject, []byte(p), id)
			cancel()
			if err == nil {
				break
			}
		}
		if err != nil {
			b.t.Fatalf("publish: %v", err)
		}
	}
}

// state returns what the server says about the consumer of in.
func (b *broker) state(in *Input) (jetstream.ConsumerInfo, error) {
	c, err := b.js.Consumer(b.t.Context(), in.streamName(), in.name)
	if err != nil {
		return jetstream.ConsumerInfo{}, err
	}
	return *c.CachedInfo(), nil
}

// settled waits until the server says that everything up to floor is acknowledged, and nothing is under way.
func (b *broker) settled(in *Input, floor uint64) {
	b.t.Helper()
	eventually(b.t, "everything is acknowledged", func() (bool, any) {
		s, err := b.state(in)
		return err == nil && s.NumAckPending == 0 && s.AckFloor.Stream == floor && s.NumPending == 0, []any{s.NumAckPending, s.AckFloor, s.NumPending, err}
	})
}

// eventually asks until the answer is yes, and fails the test if it is not soon.
func eventually(t testing.TB, what string, ask func() (bool, any)) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		ok, state := ask()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not soon; %v", what, state)
		}
	}
}

// reading is an input that runs.
type reading struct {
	t      testing.TB
	in     *Input
	intake *flow.Intake
	cancel context.CancelFunc
	ran    chan error
}

// read runs in until the test calls stop.
func read(t testing.TB, in *Input, size int) *reading {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &reading{t, in, flow.NewIntake(size, flow.IntakeHooks{}), cancel, make(chan error, 1)}
	go func() { r.ran <- in.Run(ctx, r.intake) }()
	return r
}

// patience is how long a test waits for messages: a server that is being told to delete a stream or a consumer may forget to say so, and
// an input notices that by the lack of heartbeats.
const patience = 2*heartbeat + 15*time.Second

// take returns the next n messages.
func (r *reading) take(n int) (out []flow.Message) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for len(out) < n {
		var ok bool
		if out, ok = r.intake.Take(ctx, out, n-len(out)); !ok {
			state, err := (&broker{t: r.t, js: r.in.conn.JetStream}).state(r.in)
			r.t.Fatalf("%d messages have arrived, want %d; the consumer: %+v, %v", len(out), n, state, err)
		}
	}
	return out
}

// texts takes n messages, commits them and returns what they say.
func (r *reading) texts(n int) (out []string) {
	r.t.Helper()
	for _, m := range r.take(n) {
		out = append(out, string(m.Data))
		m.Ack.Done(true)
	}
	return out
}

// commitAll commits everything that comes, until the function it returns is called.
func (r *reading) commitAll() (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := flowtest.Go(func() {
		for {
			batch, ok := r.intake.Take(ctx, nil, 10)
			if !ok {
				return
			}
			for _, m := range batch {
				m.Ack.Done(true)
			}
		}
	})
	return func() {
		cancel()
		<-done
	}
}

// stop ends reading and closes the input.
func (r *reading) stop() {
	r.t.Helper()
	r.cancel()
	if err := flowtest.Soon(r.t, "the input has returned", r.ran); err != nil {
		r.t.Error(err)
	}
	if err := r.in.Close(); err != nil {
		r.t.Errorf("close: %v", err)
	}
	if n, _ := r.intake.Len(); n > 0 {
		r.t.Errorf("%d messages are left", n)
	}
}

// counter is a hook that counts.
type counter struct{ atomic.Int64 }

func (c *counter) inc() { c.Add(1) }

// logged keeps what is logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
