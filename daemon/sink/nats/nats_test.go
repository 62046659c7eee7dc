package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

var _ flow.KeyedSink = (*Sink)(nil)

func TestContract(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	n := 0
	flowtest.Sink(t, func(t *testing.T) flowtest.Target {
		n++
		subject := fmt.Sprintf("contract.%d", n)
		return flowtest.Target{Sink: open(t, b.options(subject)), Lines: func() []string {
			lines, _ := b.stored(subject)
			return lines
		}}
	})
}

// numbered returns n lines.
func numbered(n int) (lines [][]byte, texts []string) {
	for i := range n {
		text := fmt.Sprintf(`{"line":%d}`, i)
		lines, texts = append(lines, []byte(text)), append(texts, text)
	}
	return lines, texts
}

func TestWhatIsDeliveredIsStoredInOrderAlsoBeyondTheWindow(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	s := open(t, b.options("results.high"))
	lines, want := numbered(3*window + 7)
	if n, err := s.Deliver(within(t, 10*time.Second), lines); n != len(lines) || err != nil {
		t.Fatal(n, err)
	}
	got, ids := b.stored("results.high")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	if len(seen) != len(lines) || seen[""] {
		t.Errorf("%d ids for %d lines", len(seen), len(lines))
	}
}

func TestASubjectMustBeConcreteAndItsStreamMustSuit(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	open(t, b.options("a.b"))
	for subject, want := range map[string]string{"a.*": "wildcard", ">": "wildcard", "a-b": "subject a.b, which does not cover a-b", "a.b": ""} {
		s, err := tryOpen(b.options(subject))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", subject, err)
		}
		if err == nil {
			s.Close()
		}
	}
	cfg := jetstream.StreamConfig{Name: "owner", Subjects: []string{"x.>"}}
	if _, err := b.js.CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := tryOpen(b.options("x.y")); err == nil || !strings.Contains(err.Error(), "stream owner") {
		t.Errorf("a subject that another stream has: %v", err)
	}
}

func TestAResultWithAnIDIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	duplicates := 0
	opts := b.options("a")
	opts.Duplicate = func() { duplicates++ }
	lines, texts := numbered(3)
	keys := []string{"k1", "", "k3"}
	for i, want := range []int{0, 2} { // the second time from another run of the daemon
		s := open(t, opts)
		if n, err := s.DeliverKeyed(within(t, 10*time.Second), lines, keys); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		if duplicates != want {
			t.Errorf("run %d: %d duplicates", i, duplicates)
		}
	}
	got, ids := b.stored("a")
	if diff := cmp.Diff(append(texts, texts[1]), got); diff != "" {
		t.Errorf("only the line without an id is stored twice: %s", diff)
	}
	if ids[0] != "k1" || ids[2] != "k3" || ids[1] == ids[3] {
		t.Errorf("ids %q", ids)
	}
}

func TestEqualLinesAreDifferentResults(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	s := open(t, b.options("a"))
	line := []byte(`{"same":1}`)
	for _, lines := range [][][]byte{{line, []byte(string(line))}, {line}} {
		if n, err := s.Deliver(within(t, 10*time.Second), lines); n != len(lines) || err != nil {
			t.Fatal(n, err)
		}
	}
	if got, _ := b.stored("a"); len(got) != 3 {
		t.Errorf("%q is stored", got)
	}
}

func TestAResultThatIsTooLargeIsPermanentAndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	s := open(t, b.options("a"))
	large := []byte(strings.Repeat("x", maxPayload))
	n, err := s.Deliver(within(t, 10*time.Second), [][]byte{[]byte("before"), large, []byte("behind")})
	if n != 1 || !flow.IsPermanent(err) || !strings.Contains(err.Error(), "max_payload") {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := s.Deliver(within(t, 10*time.Second), [][]byte{[]byte("behind")}); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	got, _ := b.stored("a")
	if diff := cmp.Diff([]string{"before", "behind"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatTheStreamRefusesIsPermanentIfItIsTooLargeAndNotIfTheStreamIsFull(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	for name, limit := range map[string]func(*jetstream.StreamConfig){
		"large": func(c *jetstream.StreamConfig) { c.MaxMsgSize = 100 },
		"full":  func(c *jetstream.StreamConfig) { c.MaxMsgs, c.Discard = 1, jetstream.DiscardNew },
	} {
		cfg := jetstream.StreamConfig{Name: "rsigma-" + name, Subjects: []string{name}}
		limit(&cfg)
		if _, err := b.js.CreateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		s := open(t, b.options(name))
		n, err := s.Deliver(within(t, 10*time.Second), [][]byte{[]byte("fits"), []byte(strings.Repeat("x", 200))})
		if n != 1 || err == nil || flow.IsPermanent(err) != (name == "large") {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

func TestWhatWasStoredWithoutAConfirmationIsNotStoredAgain(t *testing.T) {
	t.Parallel()
	for _, forget := range []bool{false, true} {
		b := newBroker(t)
		s := open(t, b.options("a"))
		lines, want := numbered(3)
		// The second line is refused, because it is too large for the stream; the third one, sent ahead, is stored nevertheless.
		stream, err := b.js.Stream(t.Context(), "rsigma-a")
		if err != nil {
			t.Fatal(err)
		}
		cfg := stream.CachedInfo().Config
		cfg.MaxMsgSize = 200
		if _, err := b.js.UpdateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		long := []byte(want[1] + strings.Repeat(" ", 200))
		n, err := s.Deliver(within(t, 10*time.Second), [][]byte{lines[0], long, lines[2]})
		if n != 1 || !flow.IsPermanent(err) {
			t.Fatal(n, err)
		}
		if forget {
			s.ids.sent = nil
		}
		if n, err := s.Deliver(within(t, 10*time.Second), lines[2:]); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		got, _ := b.stored("a")
		if repeated := len(got) != 2; repeated != forget {
			t.Errorf("ids forgotten %v: %q is stored", forget, got)
		}
	}
}

func TestIDsOfLinesThatAreNotOfferedAgainAreForgotten(t *testing.T) {
	t.Parallel()
	x := newIDs()
	lines, _ := numbered(4)
	first := x.assign(lines, []string{"", "key", "", ""})
	if first[1] != "key" {
		t.Errorf("ids %q", first)
	}
	x.remember(lines[1:], first[1:])
	again := x.assign(lines[2:], nil)
	if diff := cmp.Diff(first[2:], again); diff != "" {
		t.Error(diff)
	}
	if x.assign(lines[:1], nil)[0] == first[0] || x.assign(lines[3:], nil)[0] == first[3] {
		t.Error("an id is used for two deliveries")
	}
	x.assign([][]byte{{}, nil}, nil) // no line at all does no harm
}

func TestAServerThatIsDownFailsDeliveriesUntilItIsUpAgain(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	s := open(t, b.options("a"))
	lines, want := numbered(6)
	if n, err := s.Deliver(within(t, 10*time.Second), lines[:3]); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	b.Stop()
	var down error
	for deadline := time.Now().Add(10 * time.Second); !errors.Is(down, errDown); {
		if time.Now().After(deadline) {
			t.Fatalf("error %v", down)
		}
		n, err := s.Deliver(within(t, 10*time.Second), lines[3:])
		if n != 0 || err == nil || flow.IsPermanent(err) {
			t.Fatal(n, err)
		}
		down = err
	}
	b.Start()
	done := 3
	for deadline := time.Now().Add(10 * time.Second); done < 6; {
		n, err := s.Deliver(within(t, 10*time.Second), lines[done:])
		if done += n; err != nil && time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	got, _ := b.stored("a")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASenderLosesAndRepeatsNothingWhileTheServerRestarts(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	s := open(t, b.options("a"))
	var ledger flowtest.Ledger
	account := ledger.Account()
	sender := flow.NewSender(s, flow.SenderOptions{
		Queue: 10, BatchMax: 8, Retry: flow.Retry{Times: 1000, Base: time.Millisecond, Max: 20 * time.Millisecond},
		Exhausted: func(_ context.Context, u *flow.Unit, from int, _ error) { account.PassOn(u, from, true) },
	})
	done := flowtest.Go(func() { sender.Run(t.Context()) })
	for i := range 600 {
		if err := sender.Put(t.Context(), ledger.Unit(2, 20)); err != nil {
			t.Fatal(err)
		}
		if i == 200 || i == 400 {
			b.Restart()
		}
	}
	sender.Close()
	flowtest.Soon(t, "everything is delivered", done)
	if err := ledger.Settled(); err != nil || account.Passed() > 0 {
		t.Errorf("%v; %d passed on", err, account.Passed())
	}
	// The order may differ around a restart: what was sent ahead of a lost message may be stored before it.
	got, _ := b.stored("a")
	times := map[string]int{}
	for _, line := range got {
		times[line]++
	}
	if len(times) != 1200 || len(got) != 1200 {
		t.Errorf("%d lines are stored, %d different ones; want 1200", len(got), len(times))
	}
}

func TestACancelledDeliveryReturnsWhatIsConfirmed(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	s := open(t, b.options("a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	lines, _ := numbered(2)
	if n, err := s.Deliver(ctx, lines); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", n, err)
	}
	// Nobody confirms what is published to a subject that no stream has any more.
	if err := b.js.DeleteStream(t.Context(), "rsigma-a"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	n, err := s.Deliver(within(t, 50*time.Millisecond), lines)
	if n != 0 || err == nil || flow.IsPermanent(err) || time.Since(start) > 5*time.Second {
		t.Errorf("%d, %v after %v", n, err, time.Since(start))
	}
}

func TestAClosedSinkDeliversNothing(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	s := open(t, b.options("a"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Deliver(t.Context(), [][]byte{[]byte("x")}); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
}
