package commitlog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/store"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// process is one life of the daemon.
type process struct {
	w      *world
	r      *rand.Rand // of goroutines that write; guarded by mu
	mu     sync.Mutex
	dead   atomic.Bool
	end    context.CancelFunc
	last   bool
	cursor station
	log    *Log

	intake  *flow.Intake
	senders []*flow.Sender
	state   *correlate.Engine // at the end
}

// station is the cursor of the source, which keeps order.
type station struct{ number int64 }

func (s *station) Advance(number, _ int64) { s.number = number }
func (s *station) Position() flow.Position {
	return flow.Position{Source: "source", Identity: "it", Floor: s.number}
}

// kill ends the process at once.
func (p *process) kill() {
	if p.dead.Swap(true) {
		return
	}
	if p.w.power {
		p.w.disk.PowerLoss(0)
	} else {
		p.w.disk.Crash()
	}
	p.end()
}

// chance returns a random number below n for what may go wrong; in a calm world nothing does.
func (p *process) chance(n int) int {
	if p.w.calm {
		return n - 1
	}
	return p.intN(n)
}

func (p *process) intN(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.r.IntN(n)
}

var errDead = errors.New("the process is dead")

// fileSink writes to the file of the world.
type fileSink struct{ p *process }

func (s fileSink) Deliver(_ context.Context, lines [][]byte) (int, error) {
	if s.p.dead.Load() {
		return 0, errDead
	}
	text := append(bytes.Join(lines, []byte("\n")), '\n')
	n := len(lines)
	switch s.p.chance(40) {
	case 0: // killed while it writes
		s.p.w.file.text = append(s.p.w.file.text, text[:s.p.intN(len(text)+1)]...)
		s.p.kill()
		return 0, errDead
	case 1:
		return 0, errors.New("try again")
	case 2:
		n = s.p.intN(n)
		text = text[:len(bytes.Join(lines[:n], []byte("\n")))+min(n, 1)]
	}
	s.p.w.file.text = append(s.p.w.file.text, text...)
	if n < len(lines) {
		return n, errors.New("not all")
	}
	return n, nil
}

func (s fileSink) Place() []byte { return binary.AppendUvarint(nil, uint64(len(s.p.w.file.text))) }

func (s fileSink) Written(place []byte, lines [][]byte) ([]bool, error) {
	size, _ := binary.Uvarint(place)
	f := s.p.w.file
	f.text = f.text[:bytes.LastIndexByte(f.text, '\n')+1]
	there := bytes.Split(bytes.TrimSuffix(f.text[min(int(size), len(f.text)):], []byte("\n")), []byte("\n"))
	out := make([]bool, len(lines))
	for i, l := range lines {
		if len(there) > 0 && bytes.Equal(there[0], l) {
			out[i], there = true, there[1:]
		}
	}
	return out, nil
}

func (fileSink) Close() error { return nil }

// brokerSink publishes to the broker of the world, whose answer may get lost.
type brokerSink struct{ p *process }

func (s brokerSink) Deliver(context.Context, [][]byte) (int, error) { panic("without keys") }

func (s brokerSink) DeliverKeyed(_ context.Context, lines [][]byte, keys []string) (int, error) {
	b := s.p.w.broker
	for i, l := range lines {
		if s.p.dead.Load() {
			return 0, errDead
		}
		if _, twice := b.seen[keys[i]]; twice {
			s.p.w.doubled++
		} else {
			b.seen[keys[i]] = string(l)
			b.order = append(b.order, keys[i])
		}
		switch s.p.chance(100) {
		case 0:
			s.p.kill()
			return 0, errDead
		case 1:
			return 0, errors.New("no answer")
		}
	}
	return len(lines), nil
}

func (brokerSink) Close() error { return nil }

// live runs one process, until it is killed at a random moment; the last one reads everything and ends in peace.
func (w *world) live(last bool) error {
	w.lives++
	ctx, end := context.WithCancel(context.Background())
	defer end()
	p := &process{w: w, r: rand.New(rand.NewPCG(w.r.Uint64(), 1)), end: end, last: last}
	gen := rules()
	found, err := p.recover(ctx, gen)
	if err != nil {
		return err
	}
	w.disasters(last)
	p.intake = flow.NewIntake(8, flow.IntakeHooks{})
	p.senders = []*flow.Sender{p.sender(fileSink{p}), p.sender(brokerSink{p})}
	outlets := []Outlet{{"file", p.senders[0]}, {"broker", p.senders[1]}}
	var redeliver [2][]*flow.Unit
	for i, o := range outlets {
		if redeliver[i], err = found.Undelivered(o); err != nil {
			return err
		}
	}
	p.log.Start(outlets)
	p.run(ctx, gen, redeliver)
	if !p.dead.Load() {
		_, err = p.log.Close()
	} else {
		close(p.log.stopTidy)
		<-p.log.tidied
		p.log.stopTwin()
	}
	w.final = p
	return err
}

// recover brings back what the process before has left.
func (p *process) recover(ctx context.Context, gen *engine.Generation) (found *Recovered, err error) {
	w := p.w
	disk, err := w.disk.Open()
	if err != nil {
		return nil, err
	}
	limit := int64(200 + w.r.IntN(5000))
	if w.fault != "" {
		limit = 1 << 30 // a fault must not stop the world, or nobody would see what comes of it
	}
	if w.fault == "positions first" {
		disk = splitStore{disk}
	}
	p.log, found, err = Recover(ctx, Options{
		Store: disk, Durable: true, Interval: time.Duration(1+w.r.IntN(50)) * time.Millisecond, MaxOutbox: limit,
		MaxJSON: w.r.IntN(7), // of six users
		Logger:  slog.New(slog.DiscardHandler), Failed: func(error) { p.kill() },
		Hooks: Hooks{
			Committed: func(int, time.Duration) { w.commits++ }, Blocked: func(bool) {}, Outbox: func(int64) {}, Saved: func(time.Time, error) {},
		},
	})
	switch {
	case err != nil:
		return nil, err
	case len(found.Faults) > 0:
		return nil, errors.New(strings.Join(found.Faults, "; "))
	}
	if w.fault == "no outbox" {
		found.outbox, p.log.rows = nil, rows{stored: map[string]flow.Mark{}}
	}
	if at, ok := found.Source("source"); ok {
		p.cursor.number = at.Floor
	}
	_, err = found.Restore(gen.Correlations)
	return found, err
}

// run runs the flow of events until its end, or that of the process.
func (p *process) run(ctx context.Context, gen *engine.Generation, redeliver [2][]*flow.Unit) {
	w := p.w
	fanout := flow.NewFanout(p.senders, 4, nil)
	var committer engine.Log = p.log
	if w.fault == "results before commit" {
		committer = &eager{log: p.log}
	}
	pipeline := engine.NewPipeline(gen, engine.PipelineOptions{
		Batch: 1 + w.r.IntN(8), Workers: 2, Format: decode.FormatJSON, Intake: p.intake, Results: fanout, Keys: true, Log: committer,
		Commit: engine.CommitLimits{Events: 1 + w.r.IntN(64), Bytes: 1 << 20, Delay: time.Millisecond}, Hooks: hooks(),
	})
	var running sync.WaitGroup
	for _, s := range p.senders {
		running.Go(func() { s.Run(ctx) })
	}
	running.Go(func() {
		for i, s := range p.senders {
			for _, u := range redeliver[i] {
				if s.Put(ctx, u) != nil {
					break
				}
			}
		}
		fanout.Run(ctx)
	})
	running.Go(func() { pipeline.Run(ctx) })
	p.read(ctx, pipeline)
	running.Wait()
	p.state = pipeline.Generation().Correlations
}

// read puts the messages of the source behind the floor into the intake.
func (p *process) read(ctx context.Context, pipeline *engine.Pipeline) {
	w := p.w
	defer p.intake.Close()
	stop := -1 // where the process is killed
	if !p.last {
		stop = w.r.IntN(len(w.source))
	}
	origin := &flow.Origin{Type: "nats", Identity: "it", Cursor: &p.cursor}
	for i := p.cursor.number; i < int64(len(w.source)); i++ {
		if w.r.IntN(10) == 0 {
			time.Sleep(time.Duration(w.r.IntN(4000)) * time.Microsecond)
		}
		m := flow.Message{Data: []byte(w.source[i]), Number: i + 1, Origin: origin}
		if p.intake.Put(ctx, m) != nil {
			return
		}
		if !w.calm && w.r.IntN(40) == 0 {
			w.reloads++
			if _, err := pipeline.Swap(ctx, rules()); err != nil {
				return
			}
		}
		if int(i) == stop {
			p.kill()
		}
	}
}

func (p *process) sender(s flow.Sink) *flow.Sender {
	return flow.NewSender(s, flow.SenderOptions{
		Queue: 4, BatchMax: 1 + p.w.r.IntN(8), Retry: flow.Retry{Times: 1 << 30, Base: time.Millisecond, Max: time.Millisecond},
	})
}

func hooks() engine.Hooks {
	return engine.Hooks{
		Batch: func(engine.BatchInfo) {}, Detection: func(*rtlib.Meta) {}, Correlation: func(*correlate.Rule) {}, Untimed: func() {},
		Bad: func(*flow.Message, error) {}, Late: func(int) {}, Evicted: func(*correlate.Rule, int) {},
		Committed: func(int) {}, HandedOn: func(time.Duration) {},
		Panic: func(_ *rtlib.Meta, value any, _ []byte, _ bool) { panic(value) },
	}
}

// disasters plans what the disk does to the next process.
func (w *world) disasters(last bool) {
	if w.calm {
		return
	}
	if !last && w.r.IntN(3) == 0 {
		w.disk.FailAt(1+w.r.IntN(30), errors.New("the disk is broken"))
	}
	if w.r.IntN(3) == 0 {
		w.disk.FailAt(1+w.r.IntN(30), []error{store.ErrFull, store.ErrBusy}[w.r.IntN(2)])
	}
}

// eager is a log that lets results out before they are committed.
type eager struct {
	log *Log
	old *engine.Group
}

func (e *eager) Commit(ctx context.Context, g *engine.Group) error {
	old := e.old
	e.old = &engine.Group{Begin: g.Begin, Delta: bytes.Clone(g.Delta), Positions: append([]flow.Position(nil), g.Positions...), Events: g.Events}
	for _, u := range g.Units {
		e.old.Units = append(e.old.Units, &flow.Unit{Results: u.Results, Origin: u.Origin, Number: u.Number, Ref: u.Ref})
	}
	if old == nil {
		return nil
	}
	return e.log.Commit(ctx, old)
}

// splitStore writes positions in a transaction of their own.
type splitStore struct{ store.Store }

func (s splitStore) Commit(ctx context.Context, g *store.Group) error {
	if err := s.Store.Commit(ctx, &store.Group{Seq: g.Seq, Positions: g.Positions}); err != nil {
		return err
	}
	rest := *g
	rest.Seq, rest.Positions = g.Seq+1, nil
	return s.Store.Commit(ctx, &rest)
}
