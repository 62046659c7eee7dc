package engine

import (
	"context"
	"slices"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Log makes groups durable before anything of them leaves the process.
//
// Source: reliability.md section 2.3.
type Log interface {
	// Commit makes g durable and numbers the rows of its units; a log that only follows the state leaves them at 0. One goroutine calls
	// it, for one group after the other. It waits out what may pass, such as a full disk; an error says that ctx ended and g is not durable.
	Commit(ctx context.Context, g *Group) error
}

// Group is what is committed at once: what came of a run of messages of one generation.
type Group struct {
	// Begin, if not nil, says that a generation takes over with this group.
	Begin *Begin
	// Delta is what the messages did to the correlations of the generation, as correlate.Engine.Replay reads it.
	Delta     []byte
	Units     []*flow.Unit
	Positions []flow.Position // one for each source that has one
	Replies   []*flow.Reply
	Events    int // messages

	acks     []*flow.Ack // of messages without results
	letters  []flow.DeadLetter
	cursors  []flow.Cursor
	messages []flow.Message // all of them, with a Log
	starts   []time.Time    // when the first message of each batch left the event queue
	bad      int            // messages that are no event
}

// Begin is what a generation takes over with.
type Begin struct {
	RuleSet string // its digest
	// Follower is an engine of the definition and the state of the correlations of the generation, nil if it has none. It is the log's,
	// which brings it forward with each Delta.
	Follower *correlate.Engine
}

// CommitLimits say when a group is full. One that is not is committed when no further messages wait.
type CommitLimits struct {
	Events int
	Bytes  int
	Delay  time.Duration // since its first message was judged
}

func (g *Group) empty() bool { return g.Events == 0 && g.Begin == nil }

// seal notes how far sources are with the group; nothing is added afterwards.
func (g *Group) seal() {
	for _, c := range g.cursors {
		g.Positions = append(g.Positions, c.Position())
	}
}

// add notes that message m belongs to the group.
func (g *Group) add(m *flow.Message) {
	g.Events++
	if m.Reply != nil {
		g.Replies = append(g.Replies, m.Reply)
	}
	if m.Origin == nil || m.Origin.Cursor == nil {
		return
	}
	m.Origin.Cursor.Advance(m.Number, m.Time)
	if !slices.Contains(g.cursors, m.Origin.Cursor) {
		g.cursors = append(g.cursors, m.Origin.Cursor)
	}
}

// keep takes the messages of b over, which is done with them.
func (g *Group) keep(b *batch) {
	if len(g.messages) == 0 { // as a rule, since a full batch makes a full group
		g.messages, b.messages = b.messages, g.messages
		return
	}
	g.messages = append(g.messages, b.messages...)
}

// reset empties g and keeps its memory.
func (g *Group) reset() {
	clear(g.Units)
	clear(g.Replies)
	clear(g.acks)
	clear(g.letters)
	clear(g.messages)
	*g = Group{
		Delta: g.Delta[:0], Units: g.Units[:0], Positions: g.Positions[:0], Replies: g.Replies[:0], acks: g.acks[:0], letters: g.letters[:0],
		cursors: g.cursors[:0], messages: g.messages[:0], starts: g.starts[:0],
	}
}

// release lets everything of g out: acknowledgements, dead letters, results to sinks. If ctx ends meanwhile it returns the units that
// are left. Acknowledgements come first, since a full queue may hold up the others.
func (p *Pipeline) release(ctx context.Context, g *Group) (rest []*flow.Unit) {
	p.opts.Hooks.Committed(g.Events - g.bad)
	for _, a := range g.acks {
		a.Done(true)
	}
	for _, u := range g.Units {
		if p.atCommit(u) {
			u.Ack.Done(true)
			u.Ack = nil
		}
	}
	for _, l := range g.letters {
		p.opts.Dead.Offer(ctx, l)
	}
	for i, u := range g.Units {
		if p.opts.Results.Put(ctx, u) != nil {
			return append(rest, g.Units[i:]...)
		}
	}
	for _, start := range g.starts {
		p.opts.Hooks.HandedOn(time.Since(start))
	}
	return nil
}

// atCommit reports whether nobody waits for the delivery of u, because it is committed.
func (p *Pipeline) atCommit(u *flow.Unit) bool {
	return u.Row > 0 && (p.opts.AckAtCommit || u.Origin != nil && u.Origin.AtCommit)
}

// committer commits groups and releases them. After ctx has ended it gathers what is left.
func (p *Pipeline) committer(ctx context.Context) {
	var rest Rest
	complete := true
	for g := range p.commits {
		switch {
		case !complete || p.opts.Log.Commit(ctx, g) != nil:
			complete = false
			rest.Messages = append(rest.Messages, g.messages...)
		default:
			rest.Units = p.release(ctx, g)
			if complete = len(rest.Units) == 0; complete && p.opts.Hooks.Released != nil {
				p.opts.Hooks.Released()
			}
		}
		g.reset()
		p.groups <- g
	}
	p.committed <- rest
}
