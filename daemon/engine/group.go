package engine

import (
	"context"
	"slices"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Log makes groups durable before anything of them leaves the process.
//
// Source: reliability.md section 2.3.
type Log interface {
	// Commit makes g durable and numbers the rows of its units. One goroutine calls it, for one group after the other. It waits out
	// what may pass, such as a full disk; an error says that ctx ended and g is not durable.
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
}

// Begin is the state with which a generation takes over.
type Begin struct {
	RuleSet string // its digest
	// Definition is that of its correlations (correlate.OpenDefinition) and State what an engine of it loads; nil if it has none.
	Definition, State []byte
}

// CommitLimits say when a group is full. One that is not is committed when no further messages wait.
type CommitLimits struct {
	Events int
	Bytes  int
	Delay  time.Duration // since its first message was judged
}

// begin returns what a generation takes over with.
func (g *Generation) begin(state []byte) *Begin {
	b := &Begin{RuleSet: g.Digest}
	if g.Correlations != nil {
		b.Definition, b.State = g.Correlations.AppendDefinition(nil), state
	}
	return b
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

// reset empties g and keeps its memory.
func (g *Group) reset() {
	clear(g.Units)
	clear(g.Replies)
	clear(g.acks)
	clear(g.letters)
	clear(g.messages)
	*g = Group{
		Delta: g.Delta[:0], Units: g.Units[:0], Positions: g.Positions[:0], Replies: g.Replies[:0], acks: g.acks[:0], letters: g.letters[:0],
		cursors: g.cursors[:0], messages: g.messages[:0],
	}
}

// release lets everything of g out: results to sinks, dead letters, acknowledgements. If ctx ends meanwhile it returns the units that
// are left.
func (p *Pipeline) release(ctx context.Context, g *Group) (rest []*flow.Unit) {
	for _, l := range g.letters {
		p.opts.Dead.Offer(ctx, l)
	}
	for _, a := range g.acks {
		a.Done(true)
	}
	for i, u := range g.Units {
		if p.opts.AckAtCommit {
			u.Ack.Done(true)
			u.Ack = nil
		}
		if p.opts.Results.Put(ctx, u) != nil {
			return append(rest, g.Units[i:]...)
		}
	}
	return nil
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
			complete = len(rest.Units) == 0
		}
		g.reset()
		p.groups <- g
	}
	p.committed <- rest
}
