package commitlog

import (
	"cmp"
	"context"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/store"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// maxBehind bounds the bytes of the log that the twin has not followed yet; beyond it commits wait.
const maxBehind = 64 << 20

// maxLog is how many bytes of log make a new base without waiting for its time.
const maxLog = 64 << 20

// maxJSON is the default of Options.MaxJSON.
const maxJSON = 100_000

// twin is a correlation engine that follows the log, one commit after the other, on a goroutine of its own. A base is made of it, so
// that the engine that judges never waits for one.
type twin struct {
	log        *Log
	engine     *correlate.Engine
	definition []byte
	deltas     *flow.Queue[delta]
	done       chan struct{}

	// What run has reached.
	upto   int64
	source *flow.Position // of the source that has one
	bytes  int64          // of the log since the last base
	dirty  bool           // something has changed since
}

// delta is what one commit has changed.
type delta struct {
	seq    int64
	body   []byte
	source *flow.Position
}

// startTwin starts a twin of which the engine and its definition are given.
func startTwin(l *Log, e *correlate.Engine, definition []byte, upto int64, source *flow.Position) *twin {
	t := &twin{
		log: l, engine: e, definition: definition, upto: upto, source: source, done: make(chan struct{}),
		deltas: flow.NewQueue(1<<20, maxBehind, func(d *delta) int { return len(d.body) + 64 }),
	}
	go t.run()
	return t
}

// follow hands over what a commit has changed. It waits while the twin is too far behind.
func (t *twin) follow(ctx context.Context, d delta) error { return t.deltas.Put(ctx, d) }

// stop lets the twin follow what it was handed, and end.
func (t *twin) stop() {
	t.deltas.Close()
	<-t.done
}

func (t *twin) run() {
	defer close(t.done)
	if t.log.opts.Fatal != nil {
		defer t.log.opts.Fatal()
	}
	next := time.Now().Add(t.log.opts.Interval)
	var batch []delta
	for {
		ctx, cancel := context.WithDeadline(context.Background(), next)
		var ok bool
		batch, ok = t.deltas.Take(ctx, batch[:0], 64)
		due := ctx.Err() != nil
		cancel()
		for i := range batch {
			t.apply(&batch[i])
		}
		clear(batch)
		if !ok && !due {
			return // closed and empty
		}
		if due || t.bytes >= maxLog {
			if t.dirty {
				t.log.save(t, false)
			}
			next = time.Now().Add(t.log.opts.Interval)
		}
	}
}

func (t *twin) apply(d *delta) {
	if err := t.engine.Replay(d.body, nil); err != nil {
		// The same bytes have passed through the engine a moment ago.
		panic("commitlog: the twin cannot follow: " + err.Error())
	}
	t.upto, t.dirty = d.seq, true
	t.bytes += int64(len(d.body))
	if d.source != nil {
		t.source = d.source
	}
}

// base returns the state as a base. full asks for the JSON form however many groups there are.
func (t *twin) base(full bool) *store.Base {
	b := &store.Base{Upto: t.upto, At: t.log.opts.Now(), Body: appendBase(nil, t.definition, t.engine.AppendState)}
	if full || t.engine.Stats().Groups <= cmp.Or(t.log.opts.MaxJSON, maxJSON) {
		b.Snapshot = t.engine.AppendJSON(nil)
		if t.source != nil {
			seconds := t.source.Time / int64(time.Second)
			b.SourceSequence, b.SourceTime = &t.source.Floor, &seconds
		}
	}
	return b
}
