package flow_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

// placed is a sink that knows how many lines it holds, and finds them again.
type placed struct {
	lines  []string
	refuse map[string]error
	after  func() // each delivery
}

func (p *placed) Deliver(_ context.Context, lines [][]byte) (int, error) {
	for i, l := range lines {
		if err := p.refuse[string(l)]; err != nil {
			return i, err
		}
		p.lines = append(p.lines, string(l))
	}
	if p.after != nil {
		p.after()
	}
	return len(lines), nil
}

func (p *placed) Close() error { return nil }

func (p *placed) Place() []byte { return binary.AppendUvarint(nil, uint64(len(p.lines))) }

func (p *placed) Written(place []byte, lines [][]byte) ([]bool, error) {
	n, _ := binary.Uvarint(place)
	found := append([]string(nil), p.lines[n:]...)
	out := make([]bool, len(lines))
	for i, l := range lines {
		if at := slices.Index(found, string(l)); at >= 0 {
			out[i], found[at] = true, ""
		}
	}
	return out, nil
}

func place(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

// row makes the units of one row. Each text is a unit, each letter of it a result, which is followed by the number of the row.
func row(number int64, texts ...string) (units []*flow.Unit) {
	first := 0
	for _, text := range texts {
		u := &flow.Unit{Row: number, First: first}
		for _, c := range text {
			u.Results = append(u.Results, flow.Result{JSON: fmt.Appendf(nil, "%c%d", c, number)})
		}
		first += len(text)
		units = append(units, u)
	}
	return units
}

// run delivers units one after the other and returns the marks behind each, as the sink sees them at the next delivery, and at the end.
func run(t *testing.T, s *flow.Sender, units ...*flow.Unit) flow.Mark {
	t.Helper()
	for _, u := range units {
		if err := s.Put(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s.Run(t.Context())
	return s.Mark()
}

func TestAMarkFollowsTheDeliveries(t *testing.T) {
	t.Parallel()
	sink := &placed{}
	s := flow.NewSender(sink, flow.SenderOptions{Queue: 100, BatchMax: 1})
	s.Begin(flow.Mark{})
	if diff := cmp.Diff(flow.Mark{Place: place(0)}, s.Mark()); diff != "" {
		t.Errorf("before anything: %s", diff)
	}
	var seen []flow.Mark
	sink.after = func() { seen = append(seen, s.Mark()) } // what was reached before this delivery
	last := run(t, s, append(row(4, "ab", "", "c"), row(7, "d")...)...)
	want := []flow.Mark{{Place: place(0)}, {4, 2, place(2)}, {4, 3, place(3)}}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(flow.Mark{Row: 7, Lines: 1, Place: place(4)}, last); diff != "" {
		t.Error(diff)
	}
}

func TestAMarkCountsWithinAUnitThatIsHalfDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sink := &script{steps: []step{{3, errors.New("broken")}}}
		s := flow.NewSender(sink, flow.SenderOptions{Queue: 100, BatchMax: 9, Retry: retry3})
		units := append(row(4, "ab"), row(5, "cde")...)
		for _, u := range units {
			s.Put(t.Context(), u)
		}
		s.Close()
		done := flowtest.Go(func() { s.Run(t.Context()) })
		synctest.Wait() // the sender waits to try again
		between := s.Mark()
		<-done
		last := s.Mark()
		if diff := cmp.Diff([]flow.Mark{{Row: 5, Lines: 1}, {Row: 5, Lines: 3}}, []flow.Mark{between, last}); diff != "" {
			t.Error(diff)
		}
	})
}

func TestUncommittedUnitsMoveNoMark(t *testing.T) {
	t.Parallel()
	s := flow.NewSender(&placed{}, flow.SenderOptions{Queue: 100, BatchMax: 9})
	s.Begin(flow.Mark{Row: 3, Lines: 1, Place: place(0)})
	if diff := cmp.Diff(flow.Mark{Row: 3, Lines: 1, Place: place(0)}, run(t, s, row(0, "ab")...)); diff != "" {
		t.Error(diff)
	}
}

// letters are units that were given up.
type letters struct{ units []*flow.Unit }

func (l *letters) take(_ context.Context, u *flow.Unit, _ int, _ error) { l.units = append(l.units, u) }

func TestAMarkWaitsForDeadLetters(t *testing.T) {
	t.Parallel()
	no := flow.Permanent(errors.New("no"))
	sink := &placed{refuse: map[string]error{"b1": no, "e2": no}}
	var l letters
	s := flow.NewSender(sink, flow.SenderOptions{Queue: 100, BatchMax: 9, Exhausted: l.take})
	s.Begin(flow.Mark{})
	var settled []bool
	units := append(row(1, "a", "bx", "c"), row(2, "d", "e", "f")...)
	for _, u := range units {
		u.Ack = flow.NewAck(func(c bool) { settled = append(settled, c) })
	}
	held := flow.Mark{Row: 1, Lines: 1, Place: place(1)}
	if diff := cmp.Diff(held, run(t, s, units...)); diff != "" {
		t.Errorf("with two letters under way: %s", diff)
	}
	l.units[1].Ack.Done(true)
	if diff := cmp.Diff(held, s.Mark()); diff != "" {
		t.Errorf("the second letter is written, the first is not: %s", diff)
	}
	l.units[0].Ack.Done(true)
	if diff := cmp.Diff(flow.Mark{Row: 2, Lines: 3, Place: place(4)}, s.Mark()); diff != "" {
		t.Errorf("both are written: %s", diff)
	}
	if len(settled) != len(units) {
		t.Errorf("%d of %d units were acknowledged", len(settled), len(units))
	}
}

func TestALostLetterIsPassedUnlessTheSenderEnds(t *testing.T) {
	t.Parallel()
	sink := &placed{refuse: map[string]error{"a1": flow.Permanent(errors.New("no")), "a2": flow.Permanent(errors.New("no"))}}
	var l letters
	gave := make(chan struct{})
	s := flow.NewSender(sink, flow.SenderOptions{Queue: 100, BatchMax: 1, Exhausted: func(ctx context.Context, u *flow.Unit, from int, err error) {
		l.take(ctx, u, from, err)
		gave <- struct{}{}
	}})
	s.Begin(flow.Mark{})
	done := flowtest.Go(func() { s.Run(t.Context()) })
	s.Put(t.Context(), row(1, "a")[0])
	flowtest.Soon(t, "given up", gave)
	l.units[0].Ack.Done(false)
	passed := flow.Mark{Row: 1, Lines: 1, Place: place(0)}
	if diff := cmp.Diff(passed, s.Mark()); diff != "" {
		t.Errorf("the letter counts as dropped: %s", diff)
	}
	s.Put(t.Context(), row(2, "a")[0])
	flowtest.Soon(t, "given up", gave)
	s.Close()
	l.units[1].Ack.Done(false)
	flowtest.Soon(t, "the worker has returned", done)
	if diff := cmp.Diff(flow.Mark{Row: 2, Place: place(0)}, s.Mark()); diff != "" {
		t.Errorf("the next start delivers it: %s", diff)
	}
}

func TestAMarkPassesWhatIsDropped(t *testing.T) {
	t.Parallel()
	sink := newStuck()
	s := flow.NewSender(sink, flow.SenderOptions{Queue: 1, BatchMax: 1, DropWhenFull: true})
	s.Begin(flow.Mark{})
	done := flowtest.Go(func() { s.Run(t.Context()) })
	s.Put(t.Context(), row(1, "a")[0])
	flowtest.Soon(t, "the sink is busy", sink.entered)
	for i := range int64(4) {
		s.Put(t.Context(), row(2+i, "a")[0]) // the first finds room
	}
	if diff := cmp.Diff(flow.Mark{}, s.Mark()); diff != "" {
		t.Errorf("dropped ones are behind those that wait: %s", diff)
	}
	close(sink.release)
	s.Close()
	flowtest.Soon(t, "the worker has returned", done)
	if diff := cmp.Diff(flow.Mark{Row: 5, Lines: 1}, s.Mark()); diff != "" || len(sink.Lines()) != 2 {
		t.Errorf("%d lines; %s", len(sink.Lines()), diff)
	}
}

func TestAnAbandonedSenderKeepsItsMark(t *testing.T) {
	t.Parallel()
	sink := newStuck()
	s := flow.NewSender(sink, flow.SenderOptions{Queue: 10, BatchMax: 2})
	begun := flow.Mark{Row: 1, Lines: 9}
	s.Begin(begun)
	for i := range int64(4) {
		s.Put(t.Context(), row(2+i, "ab")[0])
	}
	done := flowtest.Go(func() { s.Run(t.Context()) })
	flowtest.Soon(t, "the sink is busy", sink.entered)
	if left := s.Abandon(); len(left) != 4 || left[0].Unit.Row != 2 {
		t.Errorf("%d left", len(left))
	}
	close(sink.release)
	flowtest.Soon(t, "the worker has returned", done)
	if diff := cmp.Diff(begun, s.Mark()); diff != "" {
		t.Error(diff)
	}
}

// TestMarksMayBeReadAtAnyTime checks at random moments that everything before the mark is in the sink, and that what is behind its
// place is what is behind the mark.
func TestMarksMayBeReadAtAnyTime(t *testing.T) {
	t.Parallel()
	rng := flowtest.Rand(t)
	for range 30 {
		sink := &flowtest.Memory{}
		var put atomic.Int64
		s := flow.NewSender(sink, flow.SenderOptions{Queue: 8, BatchMax: 1 + rng.IntN(4)})
		s.Begin(flow.Mark{})
		stop := make(chan struct{})
		reader := flowtest.Go(func() {
			before := flow.Mark{}
			for {
				select {
				case <-stop:
					return
				default:
				}
				m := s.Mark()
				if m.Row < before.Row || m.Row == before.Row && m.Lines < before.Lines || m.Row > put.Load() {
					t.Errorf("%v after %v, %d rows are there", m, before, put.Load())
					return
				}
				before = m
				time.Sleep(10 * time.Microsecond)
			}
		})
		done := flowtest.Go(func() { s.Run(t.Context()) })
		for i := range int64(40) {
			put.Store(i + 1)
			for _, u := range row(i+1, "ab", "c")[:1+rng.IntN(2)] {
				s.Put(t.Context(), u)
			}
		}
		s.Close()
		flowtest.Soon(t, "the worker has returned", done)
		close(stop)
		<-reader
		if m := s.Mark(); m.Row != 40 || m.Lines < 2 {
			t.Errorf("%v at the end", m)
		}
	}
}

// restart begins a sender where an earlier one was, with the rows that are kept, delivers up to limit of the results that are missing
// and returns the mark.
func restart(t *testing.T, sink *placed, m flow.Mark, rows []*flow.Unit, limit int) flow.Mark {
	t.Helper()
	s := flow.NewSender(sink, flow.SenderOptions{Queue: 1000, BatchMax: 1})
	s.Begin(m)
	var single []*flow.Unit
	var lines [][]byte
	for _, u := range rows {
		for i, r := range u.Results {
			if at := u.First + i; u.Row > m.Row || u.Row == m.Row && at >= m.Lines {
				single = append(single, &flow.Unit{Row: u.Row, First: at, Results: u.Results[i : i+1]})
				lines = append(lines, r.JSON)
			}
		}
	}
	written, err := s.Written(m.Place, lines)
	if err != nil {
		t.Fatal(err)
	}
	var missing []*flow.Unit
	for i, u := range single {
		if !written[i] {
			missing = append(missing, u)
		}
	}
	return run(t, s, missing[:min(limit, len(missing))]...)
}

// TestACrashWhileGapsAreFilledDoublesNothing kills the process again and again while it delivers what an earlier one had left, of
// which some in the middle were given up. A mark that moved with every delivery would hide later results that are written already.
func TestACrashWhileGapsAreFilledDoublesNothing(t *testing.T) {
	t.Parallel()
	rng := flowtest.Rand(t)
	for range 500 {
		var rows []*flow.Unit
		for i := range int64(1 + rng.IntN(4)) {
			rows = append(rows, row(i+1, "abcdefg"[:1+rng.IntN(7)], "hi"[:rng.IntN(3)])...)
		}
		sink := &placed{}
		total := 0
		for _, u := range rows {
			u.First += 2 * int(u.Row) % 3 // rows need not begin with 0
			for _, r := range u.Results {
				if total++; rng.IntN(2) == 0 {
					sink.lines = append(sink.lines, string(r.JSON))
				}
			}
		}
		m := flow.Mark{Place: place(0)}
		for rounds := 0; len(sink.lines) < total; rounds++ {
			m = restart(t, sink, m, rows, rng.IntN(4))
			if rounds > 1000 {
				t.Fatal("it does not end")
			}
		}
		restart(t, sink, m, rows, total)
		slices.Sort(sink.lines)
		if n := len(slices.Compact(slices.Clone(sink.lines))); n != total || len(sink.lines) != total {
			t.Fatalf("%d lines, %d different ones, want %d: %q", len(sink.lines), n, total, sink.lines)
		}
	}
}

func TestASinkWithoutAPlaceFindsNothing(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*flow.Sender{
		"another sink":  flow.NewSender(&flowtest.Memory{}, flow.SenderOptions{Queue: 1}),
		"another place": flow.NewSender(&placed{lines: []string{"a"}}, flow.SenderOptions{Queue: 1}),
	} {
		at := []byte{}
		if name == "another sink" {
			at = place(0)
		}
		if got, err := s.Written(at, [][]byte{[]byte("a"), []byte("b")}); err != nil || !slices.Equal(got, []bool{false, false}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	s := flow.NewSender(&placed{lines: []string{"a"}}, flow.SenderOptions{Queue: 1})
	if m := s.At(3, 4); m.Row != 3 || m.Lines != 4 || !bytes.Equal(m.Place, place(1)) {
		t.Errorf("%v", m)
	}
}
