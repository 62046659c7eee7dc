package commitlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/store"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Recovered is what an earlier process has left.
type Recovered struct {
	// Records is how many commits of the log were applied to the base, Took how long reading and applying them took.
	Records int
	Took    time.Duration
	// Faults say what is damaged or foreign, one sentence each.
	Faults []string
	// SnapshotAt is when the JSON form was written; zero if there is none.
	SnapshotAt time.Time

	engine   *correlate.Engine // of the rules of that time; nil if there is no base
	snapshot []byte            // JSON, where it counts instead of the base
	outbox   []*flow.Unit
	marks    map[string]flow.Mark
	sources  map[string]flow.Position

	sequence, at *int64 // position of the source that has one
}

// Recover reads what the store holds and returns the log that goes on behind it.
func Recover(ctx context.Context, opts Options) (*Log, *Recovered, error) {
	start := time.Now()
	if opts.Now == nil {
		opts.Now = time.Now
	}
	saved, err := opts.Store.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	r := &Recovered{Faults: saved.Faults, SnapshotAt: saved.SnapshotAt, marks: map[string]flow.Mark{}, sources: map[string]flow.Position{}}
	r.state(saved)
	for _, p := range saved.Positions {
		if name, m, ok := markOf(p); ok {
			r.marks[name] = m
		} else {
			r.source(flow.Position(p))
		}
	}
	if r.sequence == nil {
		r.sequence, r.at = saved.SourceSequence, saved.SourceTime
	}
	l := &Log{opts: opts, began: opts.Now(), started: time.Now(), last: saved.Last, rows: rows{stored: map[string]flow.Mark{}}}
	for _, row := range saved.Outbox {
		data, err := unpack(row.Body)
		var units []*flow.Unit
		if err == nil {
			units, err = readRow(row.Seq, data)
		}
		if err != nil {
			r.fault("Results of commit %d are damaged and are not delivered", row.Seq)
			continue
		}
		r.outbox = append(r.outbox, units...)
		l.rows.add(row.Seq, count(units), len(data))
	}
	r.Took = time.Since(start)
	return l, r, nil
}

// source notes the position of a source.
func (r *Recovered) source(p flow.Position) {
	r.sources[p.Source] = p
	r.sequence, r.at = &p.Floor, nil
	if p.Time != 0 { // of a member of a group it is not known
		r.at = new(p.Time / int64(time.Second))
	}
}

func (r *Recovered) fault(format string, args ...any) {
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

// state brings the state of correlations back.
func (r *Recovered) state(saved *store.Saved) {
	if saved.Base == nil {
		r.snapshot = saved.Snapshot
		return
	}
	e, err := openBase(saved.Base.Body)
	if err != nil {
		r.fault("The saved state cannot be read (%v); the JSON form beside it is used", err)
		r.snapshot = saved.Snapshot
		return
	}
	r.engine = e
	for _, d := range saved.Deltas {
		body, err := unpack(d.Body)
		if err == nil {
			err = e.Replay(body, nil)
		}
		if err != nil {
			r.fault("Commit %d cannot be applied (%v); the state is that of the commit before it", d.Seq, err)
			return
		}
		r.Records++
	}
}

// HasState reports whether there is anything to restore.
func (r *Recovered) HasState() bool { return r.engine != nil || r.snapshot != nil }

// Restore loads the state into e, whatever its rules are. The error says that it cannot be read, and then e is as it was.
func (r *Recovered) Restore(e *correlate.Engine) (correlate.Restored, error) {
	switch {
	case r.engine != nil:
		return e.LoadState(r.engine.AppendState(nil))
	case r.snapshot != nil:
		return e.LoadJSON(r.snapshot)
	}
	return correlate.Restored{}, nil
}

// RestoreFault says in one sentence why Restore has failed.
func RestoreFault(err error) string {
	if errors.Is(err, correlate.ErrSnapshotVersion) {
		return "Incompatible snapshot version, starting with fresh state"
	}
	return "Failed to load state from database, starting fresh"
}

// Position returns the last message that is in the state, and its time in seconds since the epoch; nil if that is not known.
func (r *Recovered) Position() (sequence, at *int64) { return r.sequence, r.at }

// Forget drops the state and the positions of sources. Results that are not delivered stay.
func (r *Recovered) Forget() { r.engine, r.snapshot, r.sources = nil, nil, nil }

// Source returns how far the source of that name was committed; false if that is not known.
func (r *Recovered) Source(name string) (flow.Position, bool) {
	p, ok := r.sources[name]
	return p, ok
}

// Undelivered returns the results that outlet lacks, as units with the numbers of their rows, and sets the mark of its sender. Results
// that a sink finds it had written are left out. The units belong to the caller.
func (r *Recovered) Undelivered(o Outlet) ([]*flow.Unit, error) {
	mark := r.marks[o.Name]
	o.Sender.Begin(mark)
	var rest []*flow.Unit
	var lines [][]byte
	for _, u := range r.outbox {
		if skip := done(u, mark); skip < len(u.Results) {
			rest = append(rest, from(u, skip, len(u.Results)))
			for _, x := range rest[len(rest)-1].Results {
				lines = append(lines, x.JSON)
			}
		}
	}
	written, err := o.Sender.Written(mark.Place, lines)
	if err != nil {
		return nil, err
	}
	if rest = without(rest, written); len(rest) == 0 && len(r.outbox) > 0 {
		last := r.outbox[len(r.outbox)-1]
		o.Sender.Begin(o.Sender.At(last.Row, last.First+len(last.Results)))
	}
	return rest, nil
}

// done returns how many results of u a sink with that mark is done with.
func done(u *flow.Unit, m flow.Mark) int {
	switch {
	case u.Row < m.Row:
		return len(u.Results)
	case u.Row > m.Row:
		return 0
	}
	return min(max(m.Lines-u.First, 0), len(u.Results))
}

// from returns results number a to b of u as a unit of its own.
func from(u *flow.Unit, a, b int) *flow.Unit {
	return &flow.Unit{Results: u.Results[a:b], Origin: u.Origin, Number: u.Number, Row: u.Row, First: u.First + a, Ref: u.Ref}
}

// without returns units without the results that are marked as written, which are numbered through all units.
func without(units []*flow.Unit, written []bool) (out []*flow.Unit) {
	for _, u := range units {
		start := 0
		for i := range u.Results {
			if written[i] {
				if start < i {
					out = append(out, from(u, start, i))
				}
				start = i + 1
			}
		}
		if start < len(u.Results) {
			out = append(out, from(u, start, len(u.Results)))
		}
		written = written[len(u.Results):]
	}
	return out
}

func count(units []*flow.Unit) (n int) {
	for _, u := range units {
		n += len(u.Results)
	}
	return n
}
