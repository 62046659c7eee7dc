package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// diary is a Log that keeps what it is given and follows the state of correlations with an engine of its own.
type diary struct {
	t     *testing.T
	hold  chan struct{}  // if not nil, a commit waits for a token
	err   error          // what Commit returns
	loose bool           // nothing is kept: it only follows the state
	after func(g *Group) // called once a group is committed

	groups, events, begins int
	units                  int
	parts                  []int // messages of each group
	floors                 []int64
	state                  *correlate.Engine
}

func (d *diary) Commit(ctx context.Context, g *Group) error {
	if d.hold != nil {
		select {
		case <-d.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if d.err != nil {
		return d.err
	}
	if g.Begin != nil {
		d.begins++
		d.begin(g.Begin)
	}
	if len(g.Delta) > 0 {
		if err := d.state.Replay(g.Delta, nil); err != nil {
			d.t.Error(err)
		}
	}
	for _, p := range g.Positions {
		d.floors = append(d.floors, p.Floor)
	}
	d.groups++
	d.events += g.Events
	d.units += len(g.Units)
	for _, u := range g.Units {
		if !d.loose {
			u.Row = int64(d.groups)
		}
	}
	d.parts = append(d.parts, g.Events)
	if d.after != nil {
		d.after(g)
	}
	return nil
}

func (d *diary) begin(b *Begin) { d.state = b.Follower }

// logged returns a rig that commits to d.
func logged(t *testing.T, gen *Generation, d *diary, limits CommitLimits) *rig {
	d.t = t
	return newRig(t, gen, func(o *PipelineOptions, _ *rig) { o.Log, o.Commit = d, limits })
}

func TestNothingLeavesBeforeItIsCommitted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{hold: make(chan struct{})}
		r := logged(t, always(t, []string{"a"}), d, CommitLimits{Events: 1 << 20})
		d.hold <- struct{}{} // the group that only begins the generation
		for i := range 50 {
			r.put(i, fmt.Sprintf(`{"n":%d}`, i))
		}
		r.put(50, `no event`)
		synctest.Wait()
		if n := r.acked.Load(); n != 0 || len(r.sink.lines) != 0 || len(r.dead.list) != 0 {
			t.Errorf("%d acknowledged, %d results, %d dead letters before the first commit", n, len(r.sink.lines), len(r.dead.list))
		}
		close(d.hold)
		r.end()
		if n := r.acked.Load(); n != 51 || len(r.sink.lines) != 50 || len(r.dead.list) != 1 || d.events != 51 || d.units != 50 {
			t.Errorf("%d acknowledged, %d results, %d dead letters; %d messages committed, %d units", n, len(r.sink.lines), len(r.dead.list), d.events, d.units)
		}
	})
}

func TestAReplayedLogGivesTheStateOfTheEngineAlsoOverReloads(t *testing.T) {
	t.Parallel()
	for range 20 {
		gen := counting(t)
		d := &diary{}
		r := logged(t, gen, d, CommitLimits{Events: 1 + rand.IntN(200), Bytes: 1 + rand.IntN(1000)})
		swaps := 0
		for i := range 2000 {
			r.put(i, fmt.Sprintf(`{"user":"u%d","timestamp":%d}`, rand.IntN(40), 1795168800+i))
			if rand.IntN(400) == 0 {
				gen = counting(t)
				if _, err := r.p.Swap(t.Context(), gen); err != nil {
					t.Fatal(err)
				}
				swaps++
			}
		}
		r.end()
		if d.begins != swaps+1 || d.events != 2000 {
			t.Errorf("%d generations began, want %d; %d messages", d.begins, swaps+1, d.events)
		}
		if live := gen.Correlations.AppendState(nil); !bytes.Equal(live, d.state.AppendState(nil)) || gen.Correlations.Stats().Groups == 0 {
			t.Errorf("after %d reloads the state of the log differs from that of the engine (%d and %d groups)", swaps,
				d.state.Stats().Groups, gen.Correlations.Stats().Groups)
		}
	}
}

func TestAGroupThatCannotBeCommittedIsGivenBack(t *testing.T) {
	t.Parallel()
	d := &diary{err: errors.New("no")}
	r := logged(t, always(t, []string{"a"}), d, CommitLimits{Events: 10})
	for i := range 100 {
		r.put(i, `{}`)
	}
	r.in.Close()
	r.stopWhen(func() bool { n, _ := r.in.Len(); return n == 0 })
	if n := len(r.p.Rest().Messages); n != 100 || r.acked.Load() != 0 || len(r.sink.lines) != 0 {
		t.Errorf("%d messages given back, %d acknowledged, %d results", n, r.acked.Load(), len(r.sink.lines))
	}
	for i, m := range r.p.Rest().Messages {
		if m.Number != int64(i) {
			t.Fatalf("message %d is number %d", i, m.Number)
		}
	}
}

// stopWhen ends the rig the hard way once f is true.
func (r *rig) stopWhen(f func() bool) {
	for !f() {
		select {
		case <-r.t.Context().Done():
			r.t.Fatal("it does not come to that")
		default:
		}
	}
	r.stopAll()
	r.done.Wait()
}

// stations is a Cursor of a source with numbers.
type stations struct{ last int64 }

func (s *stations) Advance(number, _ int64) { s.last = number }

func (s *stations) Position() flow.Position { return flow.Position{Source: "s", Floor: s.last} }

func TestTheEventsOfASourceMessageAreCommittedTogether(t *testing.T) {
	t.Parallel()
	for _, split := range []bool{false, true} { // with events that do not say that more follow, the oracle must notice
		d := &diary{}
		origin := &flow.Origin{Type: "nats", Identity: "x", Cursor: &stations{}}
		seen, torn := 0, 0
		d.after = func(g *Group) {
			if seen += g.Events; seen%7 != 0 {
				torn++
			}
		}
		r := logged(t, always(t, []string{"a"}), d, CommitLimits{Events: 1})
		for message := range 300 {
			ack := flow.NewAck(func(bool) { r.acked.Add(1) })
			ack.Add(6)
			for line := range 7 {
				m := flow.Message{Data: []byte(`{}`), Origin: origin, Number: int64(message), Line: line, Ack: ack, More: !split && line < 6}
				if err := r.in.Put(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
		}
		r.end()
		if (torn > 0) != split || seen != 2100 || r.acked.Load() != 300 || d.floors[len(d.floors)-1] != 299 {
			t.Errorf("split %v: %d of %d commits end within a message; %d events, %d acknowledged", split, torn, d.groups, seen, r.acked.Load())
		}
	}
}

func TestAFullGroupIsCommittedAndAnEmptyQueueCommitsWhatIsThere(t *testing.T) {
	t.Parallel()
	d := &diary{}
	done := make(chan struct{})
	d.after = func(g *Group) {
		if d.events == 1 && g.Events == 1 {
			close(done)
		}
	}
	r := logged(t, always(t, []string{"a"}), d, CommitLimits{Events: 100, Delay: 1 << 40})
	r.put(0, `{}`)
	<-done // nobody waits for a group to fill up
	for i := range 5000 {
		r.put(1+i, `{}`)
	}
	r.end()
	for _, n := range d.parts {
		if n > 100+64 {
			t.Errorf("a group has %d messages", n)
		}
	}
}

func TestPausesForCommitsAndReloadsAreTold(t *testing.T) {
	t.Parallel()
	d := &diary{hold: make(chan struct{}), loose: true}
	pauses := make(chan Pause, 10_000)
	d.t = t
	r := newRig(t, always(t, []string{"a"}), func(o *PipelineOptions, _ *rig) {
		o.Log, o.Commit = d, CommitLimits{Events: 10, Delay: 1 << 40}
		o.Hooks.Paused = func(why Pause, took time.Duration) {
			if took < 0 {
				t.Errorf("a pause of %v", took)
			}
			pauses <- why
		}
	})
	for i := range 200 { // the first group waits for its token, and the next one is soon full
		r.put(i, `{}`)
		if i == 40 {
			close(d.hold)
		}
	}
	if why := <-pauses; why != PauseCommit {
		t.Errorf("the first pause is %d", why)
	}
	if _, err := r.p.Swap(t.Context(), always(t, []string{"b"})); err != nil {
		t.Fatal(err)
	}
	r.end()
	close(pauses)
	reloads := 0
	for why := range pauses {
		if why == PauseReload {
			reloads++
		}
	}
	if reloads != 2 { // the copy, and what has changed after it
		t.Errorf("%d pauses for one reload", reloads)
	}
}

func TestAcknowledgementsMayComeWithTheCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		block := make(chan struct{})
		d.t = t
		r := newRig(t, always(t, []string{"a"}), func(o *PipelineOptions, x *rig) {
			o.Log, o.Commit, o.AckAtCommit = d, CommitLimits{Events: 1}, true
			x.sink.block = block
		})
		for i := range 5 {
			r.put(i, `{}`)
		}
		synctest.Wait()
		if r.acked.Load() != 5 || len(r.sink.lines) != 0 {
			t.Errorf("%d acknowledged while the sink is stuck, %d results", r.acked.Load(), len(r.sink.lines))
		}
		close(block)
		r.end()
		if r.acked.Load() != 5 || len(r.sink.lines) != 5 {
			t.Errorf("%d acknowledged, %d results", r.acked.Load(), len(r.sink.lines))
		}
	})
}

// TestSomeOriginsAreAcknowledgedWithTheCommit has a group of more results than the queues hold in front of a sink that is stuck. Those of
// messages whose origin says so count from the commit on, if it keeps results; the others when they are delivered.
func TestSomeOriginsAreAcknowledgedWithTheCommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		log   *diary
		early int64 // of 40 messages whose origin says so and 40 others
	}{
		"kept": {&diary{}, 40}, "not kept": {&diary{loose: true}, 0}, "no log": {nil, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			block := make(chan struct{})
			r := newRig(t, always(t, []string{"a"}), func(o *PipelineOptions, x *rig) {
				o.Commit, x.sink.block = CommitLimits{Events: 1 << 20, Delay: 1 << 40}, block
				if c.log != nil {
					c.log.t, c.log.hold = t, make(chan struct{})
					o.Log = c.log
				}
			})
			if c.log != nil {
				c.log.hold <- struct{}{} // the group that only begins the generation
			}
			var early, late atomic.Int64
			for i := range 80 {
				count, origin := &late, &flow.Origin{Type: "x"}
				if i%2 > 0 {
					count, origin = &early, &flow.Origin{Type: "y", AtCommit: true}
				}
				ack := flow.NewAck(func(committed bool) {
					if committed {
						count.Add(1)
					}
				})
				if err := r.in.Put(t.Context(), flow.Message{Data: []byte(`{}`), Ack: ack, Origin: origin, Number: int64(i)}); err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					synctest.Wait() // it is being committed alone; the others are of the next group
				}
			}
			synctest.Wait()
			if c.log != nil && early.Load()+late.Load() > 0 {
				t.Errorf("%s: acknowledged before the commit", name)
			}
			if c.log != nil {
				close(c.log.hold)
			}
			synctest.Wait()
			if early.Load() != c.early || late.Load() != 0 || len(r.sink.lines) != 0 {
				t.Errorf("%s: %d and %d acknowledged while the sink is stuck, want %d and none", name, early.Load(), late.Load(), c.early)
			}
			close(block)
			r.end()
			if early.Load() != 40 || late.Load() != 40 || len(r.sink.lines) != 80 {
				t.Errorf("%s: %d and %d acknowledged, %d results", name, early.Load(), late.Load(), len(r.sink.lines))
			}
		})
	}
}
