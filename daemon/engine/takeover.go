package engine

import "github.com/rsigma-go/rsigma/rtlib/correlate"

// takeover brings the state of the correlations of one generation into those of another, and into the follower that the log gets.
type takeover struct {
	from, to *Generation
	state    []byte // of from, when it began
	mark     uint64 // what has changed since
	follower *correlate.Engine
	copied   correlate.Restored
}

// first returns the follower with which a pipeline begins: one of the state of g. wanted says that there is a log.
func first(g *Generation, wanted bool) *correlate.Engine {
	t := takeover{to: g}
	if g.Correlations == nil || !wanted {
		return nil
	}
	t.state = g.Correlations.AppendState(nil)
	if err := t.follow(); err != nil {
		panic("engine: a state cannot be read that was written a moment ago: " + err.Error())
	}
	return t.follower
}

// begin copies the state of from and has it note what changes from now on. Events wait.
func (t *takeover) begin(from *Generation) {
	if t.from = from; from.Correlations != nil && t.to.Correlations != nil {
		t.state, t.mark = from.Correlations.Changes(nil, 0)
	}
}

// copy makes of the copy what is to take over, while from goes on. wanted says that there is a log.
func (t *takeover) copy(wanted bool) (err error) {
	if t.state != nil {
		if t.copied, err = t.to.Correlations.LoadState(t.state); err != nil {
			return err
		}
	}
	if wanted && t.to.Correlations != nil {
		err = t.follow()
	}
	t.state = nil
	return err
}

// follow makes the follower.
func (t *takeover) follow() (err error) {
	if t.follower, err = correlate.OpenDefinition(t.to.Correlations.AppendDefinition(nil)); err == nil && t.state != nil {
		_, err = t.follower.LoadState(t.state)
	}
	return err
}

// finish brings over what has changed meanwhile. Events wait.
func (t *takeover) finish(old *Generation) correlate.Restored {
	if old.Correlations == nil || t.to.Correlations == nil {
		return correlate.Restored{}
	}
	if old != t.from {
		t.mark = 0 // all of it
	}
	t.to.swept = old.swept
	changes, _ := old.Correlations.Changes(nil, t.mark)
	r, err := t.to.Correlations.ApplyChanges(changes)
	if err == nil && t.follower != nil {
		_, err = t.follower.ApplyChanges(changes)
	}
	if err != nil {
		panic("engine: changes cannot be read that were written a moment ago: " + err.Error())
	}
	return correlate.Restored{Groups: t.to.Correlations.Stats().Groups, Skipped: max(t.copied.Skipped, r.Skipped)}
}
