package nats

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/natsconn"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// maxPayload lets a message hold a long result.
const maxPayload = 4 << 20

// broker is a server on the loopback with a client of the test.
type broker struct {
	*natstest.Server
	t  testing.TB
	js jetstream.JetStream
}

func newBroker(t testing.TB) *broker {
	t.Helper()
	s := natstest.Start(t, server.Options{JetStream: true, MaxPayload: maxPayload})
	return &broker{s, t, s.Client()}
}

func (b *broker) options(subject string) Options {
	b.t.Helper()
	a, err := natsconn.ParseURL(b.ClientURL() + "/" + subject)
	if err != nil {
		b.t.Fatal(err)
	}
	return Options{Address: a, ConnLog: slog.New(slog.DiscardHandler)}
}

func tryOpen(opts Options) (*Sink, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return Open(ctx, opts)
}

func open(t testing.TB, opts Options) *Sink {
	t.Helper()
	s, err := tryOpen(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// stored returns what is in the stream of subject, with the ids.
func (b *broker) stored(subject string) (lines, ids []string) {
	b.t.Helper()
	s, err := b.js.Stream(b.t.Context(), natsconn.Stream(subject))
	if err != nil {
		b.t.Fatal(err)
	}
	total := int(s.CachedInfo().State.Msgs)
	if total == 0 {
		return nil, nil
	}
	c, err := s.OrderedConsumer(b.t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		b.t.Fatal(err)
	}
	batch, err := c.Fetch(total, jetstream.FetchMaxWait(10*time.Second))
	if err != nil {
		b.t.Fatal(err)
	}
	for m := range batch.Messages() {
		lines = append(lines, string(m.Data()))
		ids = append(ids, m.Headers().Get(jetstream.MsgIDHeader))
	}
	if err := batch.Error(); err != nil || len(lines) != total {
		b.t.Fatalf("%d of %d messages can be read: %v", len(lines), total, err)
	}
	return lines, ids
}

// within returns a context for one delivery.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
