package nats

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
)

// starts are the ways to begin in a stream of ten messages, and what is read then.
func starts(between time.Time) map[string]struct {
	start        Start
	fresh, known []string // of a consumer that is made, and of one that has read everything
} {
	all := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}
	return map[string]struct {
		start        Start
		fresh, known []string
	}{
		"resume":           {Start{}, all, nil},
		"sequence":         {Start{Mode: StartSequence, Sequence: 4}, all[3:], all[3:]},
		"first sequence":   {Start{Mode: StartSequence}, all, all},
		"sequence to come": {Start{Mode: StartSequence, Sequence: 11}, nil, nil},
		"time":             {Start{Mode: StartTime, Time: between}, all[6:], all[6:]},
		"time long ago":    {Start{Mode: StartTime, Time: between.Add(-time.Hour)}, all, all},
		"latest":           {Start{Mode: StartLatest}, all[9:], all[9:]},
	}
}

func TestReadingBeginsWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	first := open(t, b.options("a"))
	for i := range 10 {
		b.publish("a", fmt.Sprint(i+1))
	}
	r := read(t, first, 100)
	r.texts(10)
	b.settled(first, 10)
	r.stop()
	stream, err := b.js.Stream(t.Context(), "rsigma-a")
	if err != nil {
		t.Fatal(err)
	}
	seventh, err := stream.GetMsg(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	end := 10
	for name, c := range starts(seventh.Time) {
		for _, known := range []bool{true, false} {
			want := c.fresh
			if known {
				want = c.known
			} else if err := stream.DeleteConsumer(t.Context(), first.name); err != nil {
				t.Fatal(err)
			}
			log := &logged{}
			opts := b.options("a")
			opts.Start, opts.Log = c.start, log.logger()
			r := read(t, open(t, opts), 100)
			// The messages of earlier rounds lie between the ten and the mark of this one, unless it begins behind them.
			mark := fmt.Sprintf("mark %s %v", name, known)
			b.publish("a", mark)
			end++
			var got []string
			for !slices.Contains(got, mark) {
				got = append(got, r.texts(1)...)
			}
			got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "mark") })
			if c.start.Mode == StartLatest && end > 11 {
				want = nil // the newest is a mark
			}
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Errorf("%s, consumer there already %v: %s", name, known, diff)
			}
			if warned := log.has("level=WARN msg=\"Consumer deleted and made anew for a replay\""); warned != (known && c.start.Mode != StartResume) {
				t.Errorf("%s, consumer there already %v: a warning %v", name, known, warned)
			}
			b.settled(r.in, uint64(end))
			r.stop()
		}
	}
}

func TestAConsumerThatTheServerCouldNotStoreIsMadeOnceMore(t *testing.T) {
	t.Parallel()
	store, other := &jetstream.APIError{Code: 500, ErrorCode: 10012}, errors.New("other")
	for name, c := range map[string]struct {
		fails []error
		calls int
		want  error
	}{
		"well":        {[]error{nil}, 1, nil},
		"once":        {[]error{store, nil}, 2, nil},
		"twice":       {[]error{store, store}, 2, store},
		"other fault": {[]error{other}, 1, other},
	} {
		calls := 0
		_, err := createStored(func() (jetstream.Consumer, error) {
			calls++
			return nil, c.fails[calls-1]
		})
		if calls != c.calls || !errors.Is(err, c.want) {
			t.Errorf("%s: %d calls, %v", name, calls, err)
		}
	}
}

func TestTheLatestMessageIsTheNewestOneThatIsThere(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	open(t, b.options("a")).Close()
	b.publish("a", "1", "2", "3")
	opts := b.options("a")
	opts.Start.Mode = StartLatest
	in := open(t, opts)
	b.publish("a", "4")
	r := read(t, in, 10)
	if diff := cmp.Diff([]string{"3", "4"}, r.texts(2)); diff != "" {
		t.Error(diff)
	}
	r.stop()
}

func TestAReplayHasAnIdentityOfItsOwnAndADaemonThatGoesOnDoesNot(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	identity := func(start Start) string {
		opts := b.options("a")
		opts.Start = start
		in := open(t, opts)
		defer in.Close()
		return in.origin.Identity
	}
	first, again := identity(Start{}), identity(Start{})
	replay, another := identity(Start{Mode: StartSequence, Sequence: 1}), identity(Start{Mode: StartSequence, Sequence: 1})
	if first != again || !strings.HasPrefix(replay, first+"~") || replay == another {
		t.Errorf("identities %q, %q, then %q and %q", first, again, replay, another)
	}
}

func TestAReplayLeavesTheConsumerOfAGroupAlone(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	opts := b.options("a")
	opts.Group, opts.Start = "g", Start{Mode: StartSequence, Sequence: 2}
	in := open(t, opts) // a new one is made as it is asked for
	b.publish("a", "1", "2", "3")
	r := read(t, in, 10)
	if diff := cmp.Diff([]string{"2", "3"}, r.texts(2)); diff != "" {
		t.Error(diff)
	}
	b.settled(in, 3)
	if _, err := tryOpen(opts); err == nil || !strings.Contains(err.Error(), "consumer g of stream rsigma-a exists") {
		t.Errorf("error %v", err)
	}
	b.settled(in, 3)
	r.stop()
}

func TestTheConsumerIsMadeAsSpecified(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	opts := b.options("events.>")
	for _, c := range []struct{ buffer, pending int }{{10, 1000}, {10000, 20000}} {
		opts.Buffer, opts.Group = c.buffer, fmt.Sprintf("g%d", c.buffer)
		in := open(t, opts)
		s, err := b.state(in)
		if err != nil {
			t.Fatal(err)
		}
		cfg := s.Config
		if cfg.MaxAckPending != c.pending || cfg.AckPolicy != jetstream.AckExplicitPolicy || cfg.FilterSubject != "events.>" ||
			cfg.AckWait != 30*time.Second || cfg.MaxDeliver != -1 || cfg.DeliverPolicy != jetstream.DeliverAllPolicy || cfg.Durable != opts.Group {
			t.Errorf("the consumer is %+v", cfg)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
	opts.Group = ""
	in := open(t, opts)
	defer in.Close()
	if s, err := b.state(in); err != nil || s.Name != "rsigma-daemon-events" || s.Stream != "rsigma-events" {
		t.Errorf("%s of %s, %v", s.Name, s.Stream, err)
	}
}

func TestStreamsAndConsumersThatDoNotSuitAreErrors(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	ctx := t.Context()
	open(t, b.options("a.b")).Close()
	if _, err := b.js.UpdateStream(ctx, jetstream.StreamConfig{Name: "rsigma-a-b", Subjects: []string{"a.b", "x"}}); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]jetstream.ConsumerConfig{
		"other": {FilterSubject: "x", AckPolicy: jetstream.AckExplicitPolicy}, "none": {FilterSubject: "a.b", AckPolicy: jetstream.AckNonePolicy},
		"cumulative": {FilterSubject: "a.b", AckPolicy: jetstream.AckAllPolicy}, "all": {AckPolicy: jetstream.AckExplicitPolicy},
		"both": {FilterSubjects: []string{"a.b", "x"}, AckPolicy: jetstream.AckExplicitPolicy},
	} {
		cfg.Durable = name
		if _, err := b.js.CreateConsumer(ctx, "rsigma-a-b", cfg); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.js.CreatePushConsumer(ctx, "rsigma-a-b", jetstream.ConsumerConfig{Durable: "push", DeliverSubject: "d", AckPolicy: jetstream.AckExplicitPolicy}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ subject, group, want string }{
		{"a-b", "", "subject a.b, x, which does not cover a-b"},
		{"a.*", "", "overlap"},
		{"a.b", "other", "subject x, which does not cover a.b"},
		{"a.b", "none", "explicit acknowledgements"},
		{"a.b", "cumulative", "explicit acknowledgements"},
		{"a.b", "push", "push consumer"},
		{"a.b", "no.name", "not allowed"},
		{"a.b", "all", ""},
		{"a.b", "both", ""},
		{"a.b", "", ""},
	} {
		opts := b.options(c.subject)
		opts.Group = c.group
		in, err := tryOpen(opts)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, group %q: error %v", c.subject, c.group, err)
		}
		if err == nil {
			in.Close()
		}
	}
}
