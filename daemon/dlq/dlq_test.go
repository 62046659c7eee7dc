package dlq

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

var _ flow.DeadLetters = (*Queue)(nil)

func TestARecordHasExactlyTheDocumentedKeys(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 15, 10, 25, 33, 120_456_789, time.FixedZone("", 2*3600))
	for name, c := range map[string]struct {
		letter flow.DeadLetter
		want   string
	}{
		"parse error": {
			flow.DeadLetter{Text: []byte(`{"a":`), Error: flow.ErrorParse},
			`{"original_event":"{\"a\":","error":"parse error","timestamp":"2026-06-15T08:25:33.120Z"}`,
		},
		"of a stream": {
			flow.DeadLetter{Text: []byte("x"), Error: flow.ErrorTooLong, Origin: &flow.Origin{Type: "nats", Stream: "S"}, Number: 7},
			`{"original_event":"x","error":"line exceeds maximum size","timestamp":"2026-06-15T08:25:33.120Z","source":{"type":"nats","stream":"S","sequence":7}}`,
		},
		"of a sink": {
			flow.DeadLetter{Text: []byte(`[{}]`), Error: flow.ErrorDelivery + "full", Sink: "file:///x", Origin: &flow.Origin{Type: "stdin"}, Number: 9},
			`{"original_event":"[{}]","error":"sink delivery failure: full","timestamp":"2026-06-15T08:25:33.120Z","sink":"file:///x","source":{"type":"stdin"}}`,
		},
	} {
		if diff := cmp.Diff(c.want, string(appendLetter(nil, &c.letter, now))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEvilTextStaysOneLineOfJSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\xff\xfea", "\x00\x1b[31m\n\r\t", "\u2028\u202e</script>", `"}`, strings.Repeat("é", 300)} {
		l := flow.DeadLetter{Text: []byte(text), Error: text, Sink: text, Origin: &flow.Origin{Type: text, Stream: text}}
		record := appendLetter(nil, &l, time.Now())
		var back struct {
			Event string `json:"original_event"`
		}
		if err := json.Unmarshal(record, &back); err != nil || !utf8.Valid(record) || bytes.ContainsAny(record, "\n\r\x00\x1b") {
			t.Errorf("%q: %v: %q", text, err, record)
		}
		if want := string([]rune(text)); back.Event != want {
			t.Errorf("%q came back as %q", text, back.Event)
		}
	}
}

// books count what a queue does.
type books struct {
	offered, failed int
	log             bytes.Buffer
	acks            []bool
}

func (b *books) options() Options {
	return Options{
		Queue: 4, Retry: flow.Retry{Times: 2, Base: time.Microsecond, Max: time.Millisecond}, Log: slog.New(slog.NewJSONHandler(&b.log, nil)),
		Offered: func() { b.offered++ }, Failed: func() { b.failed++ },
	}
}

func (b *books) letter(i int) flow.DeadLetter {
	return flow.DeadLetter{
		Text: fmt.Appendf(nil, "event %d", i), Error: flow.ErrorParse, Ack: flow.NewAck(func(c bool) { b.acks = append(b.acks, c) }),
	}
}

// failing is a sink that refuses the first letters.
type failing struct {
	flowtest.Memory
	calls, fail int
}

func (f *failing) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	if f.calls++; f.calls <= f.fail {
		return 0, errors.New("no room")
	}
	return f.Memory.Deliver(ctx, lines)
}

func TestAnAckWaitsUntilTheLetterIsWritten(t *testing.T) {
	t.Parallel()
	var b books
	sink := &failing{fail: 2}
	q := New(sink, b.options())
	for i := range 3 {
		q.Offer(t.Context(), b.letter(i))
	}
	if len(b.acks) > 0 || !q.Configured() {
		t.Errorf("acknowledged before anything is written: %v", b.acks)
	}
	q.Close()
	q.Run(t.Context())
	if diff := cmp.Diff([]bool{true, true, true}, b.acks); diff != "" || len(sink.Lines()) != 3 || b.offered != 3 || b.failed != 0 {
		t.Errorf("%d lines, %d offered, %d failed, acks: %s", len(sink.Lines()), b.offered, b.failed, diff)
	}
	for i, line := range sink.Lines() {
		if !strings.Contains(line, fmt.Sprintf(`"event %d"`, i)) {
			t.Errorf("line %d is %s", i, line)
		}
	}
}

func TestALetterThatCannotBeWrittenIsNotCommitted(t *testing.T) {
	t.Parallel()
	var b books
	sink := &failing{fail: 3} // the first attempt and two retries
	q := New(sink, b.options())
	q.Offer(t.Context(), b.letter(0))
	q.Offer(t.Context(), b.letter(1))
	q.Close()
	q.Run(t.Context())
	if diff := cmp.Diff([]bool{false, true}, b.acks); diff != "" || b.failed != 1 || len(sink.Lines()) != 1 {
		t.Errorf("%d failed, %d lines, acks: %s", b.failed, len(sink.Lines()), diff)
	}
	for _, want := range []string{`"level":"WARN"`, flow.ErrorParse, "no room"} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, b.log.String())
		}
	}
	if strings.Contains(b.log.String(), "event 0") {
		t.Error("the log quotes the event")
	}
}

func TestALetterThatFindsNoRoomIsLostWithAWord(t *testing.T) {
	t.Parallel()
	var b books
	q := New(&flowtest.Memory{}, b.options())
	for i := range 4 {
		q.Offer(t.Context(), b.letter(i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q.Offer(ctx, b.letter(4))
	if diff := cmp.Diff([]bool{false}, b.acks); diff != "" || b.failed != 1 || b.offered != 5 || b.log.Len() == 0 {
		t.Errorf("%d failed of %d, log %q, acks: %s", b.failed, b.offered, b.log.String(), diff)
	}
	if n := q.Abandon(); n != 4 || b.failed != 5 || len(b.acks) != 5 {
		t.Errorf("%d abandoned, %d failed, acks %v", n, b.failed, b.acks)
	}
	if n := q.Abandon(); n != 0 {
		t.Errorf("%d abandoned twice", n)
	}
	q.Offer(t.Context(), b.letter(5))
	if len(b.acks) != 6 || b.acks[5] {
		t.Errorf("after the end: %v", b.acks)
	}
}

func TestWithoutASinkLettersAreCountedAndCommitted(t *testing.T) {
	t.Parallel()
	var b books
	q := New(nil, b.options())
	q.Offer(t.Context(), b.letter(0))
	q.Run(t.Context())
	q.Close()
	if q.Configured() || b.offered != 1 || b.failed != 0 || !cmp.Equal(b.acks, []bool{true}) || q.Abandon() != 0 {
		t.Errorf("%+v", &b)
	}
	if err := errors.Join(q.Reopen(), q.CloseSink(time.Second)); err != nil {
		t.Error(err)
	}
}

func TestDrainTimeIsBoundedWhenTheSinkIsStuck(t *testing.T) {
	t.Parallel()
	var b books
	stuck := make(chan struct{})
	sink := &blocked{entered: make(chan struct{}), release: stuck}
	q := New(sink, b.options())
	q.Offer(t.Context(), b.letter(0))
	q.Offer(t.Context(), b.letter(1))
	ctx, cancel := context.WithCancel(t.Context())
	done := flowtest.Go(func() { q.Run(ctx) })
	flowtest.Soon(t, "the sink is busy", sink.entered)
	q.Close()
	cancel()
	if n := q.Abandon(); n != 2 || !cmp.Equal(b.acks, []bool{false, false}) {
		t.Errorf("%d abandoned, acks %v", n, b.acks)
	}
	close(stuck)
	flowtest.Soon(t, "the worker has returned", done)
	if len(b.acks) != 2 {
		t.Errorf("acknowledged again: %v", b.acks)
	}
}

// blocked is a sink that does not return until it is released.
type blocked struct {
	flowtest.Memory
	entered, release chan struct{}
}

func (s *blocked) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	close(s.entered)
	<-s.release
	return s.Memory.Deliver(ctx, lines)
}
