package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// Model is a store in memory: the disk, so to speak, and the store on it. It survives Crash, Close and PowerLoss, and can be opened
// again after each. It does what package store asks for and nothing for speed, and it can be told to fail. All methods are safe for
// concurrent use.
type Model struct {
	mu      sync.Mutex
	sync    bool // every transaction is synced
	bug     Bug
	now     *state   // what the process sees
	synced  *state   // what a loss of power leaves
	unsaved []change // from synced to now
	open    *memory

	calls int // of methods that write
	fails map[int]error
	err   error // of all calls, while it is set
}

// change is one transaction.
type change func(*state)

// New returns an empty model. With sync every commit survives a loss of power; without, a loss may take the last base and what was
// committed since.
func New(sync bool) *Model { return newModel(sync, 0) }

func newModel(sync bool, bug Bug) *Model {
	return &Model{sync: sync, bug: bug, now: newState(), synced: newState(), fails: make(map[int]error)}
}

// Open opens the store. The error is store.ErrInUse if it is open.
func (m *Model) Open() (store.Store, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open != nil {
		return nil, store.ErrInUse
	}
	m.open = &memory{m: m}
	return m.open, nil
}

// Crash ends the process that has the store open. What was committed stays.
func (m *Model) Crash() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open = nil
}

// Unsynced returns how many transactions a loss of power may take.
func (m *Model) Unsynced() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.unsaved)
}

// PowerLoss is Crash that takes all transactions but the first keep of those that are not synced.
func (m *Model) PowerLoss(keep int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open = nil
	for _, c := range m.unsaved[:min(keep, len(m.unsaved))] {
		c(m.synced)
	}
	m.unsaved = nil
	m.now = m.synced.clone()
}

// FailAt makes the n-th call from now on that writes, from 1, fail with err. store.ErrFull and store.ErrBusy pass; after any other
// error the store that is open fails for ever.
func (m *Model) FailAt(n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails[m.calls+n] = err
}

// Fail makes all calls that write fail with err until it is called with nil.
func (m *Model) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Calls returns how many calls have written, or tried to.
func (m *Model) Calls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// state is what is on the disk. Bodies are never changed in place.
type state struct {
	last, upto int64
	base       []byte // nil is none
	baseAt     time.Time
	deltas     []store.Row
	outbox     []store.Row
	delivered  int64
	positions  map[string]store.Position
	replies    map[string]reply
	replied    int // replies that were ever written
	values     map[string]store.Value
	clean      bool

	row      []byte // the JSON row; nil is none
	rowAt    time.Time
	rowUpto  int64
	alone    bool // row was written last, without a base
	sequence *int64
	at       *int64
	bad      [][]byte // rows that were kept
}

// reply is a reply with a number: those that were written later have greater ones.
type reply struct {
	store.Reply
	number int
}

func newState() *state {
	return &state{positions: make(map[string]store.Position), replies: make(map[string]reply), values: make(map[string]store.Value)}
}

func (s *state) clone() *state {
	c := *s
	c.deltas, c.outbox, c.bad = slices.Clone(s.deltas), slices.Clone(s.outbox), slices.Clone(s.bad)
	c.positions, c.replies, c.values = maps.Clone(s.positions), maps.Clone(s.replies), maps.Clone(s.values)
	return &c
}

// lastDelta is the number of the last commit that changed something.
func (s *state) lastDelta() int64 {
	if n := len(s.deltas); n > 0 {
		return s.deltas[n-1].Seq
	}
	return 0
}

func (s *state) dropDeltas(upto int64) {
	s.deltas = slices.DeleteFunc(slices.Clone(s.deltas), func(r store.Row) bool { return r.Seq <= upto })
}

// memory is a store that is open on a model.
type memory struct {
	m      *Model
	loaded bool
	broken error
}

var (
	errClosed = errors.New("the store is closed")
	errOrder  = errors.New("call out of order")
)

// usable says why nothing can be done. m.mu is held.
func (s *memory) usable(ctx context.Context) error {
	switch {
	case s.m.open != s:
		return errClosed
	case s.broken != nil:
		return s.broken
	}
	return ctx.Err()
}

// write makes transactions. m.mu is held.
func (s *memory) write(ctx context.Context, changes ...change) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	m := s.m
	m.calls++
	err := m.fails[m.calls]
	if err == nil {
		err = m.err
	}
	if err != nil && m.bug != changesWhatFails {
		if !errors.Is(err, store.ErrFull) && !errors.Is(err, store.ErrBusy) {
			s.broken = err
		}
		return err
	}
	for _, c := range changes {
		if m.bug != keepsMark {
			c = both(c, func(st *state) { st.clean = false })
		}
		c(m.now)
		if m.unsaved = append(m.unsaved, c); m.sync {
			m.syncAllBut(0)
		}
	}
	return err
}

func both(a, b change) change { return func(st *state) { a(st); b(st) } }

// syncAllBut is what fsync does. It leaves the last n transactions out.
func (m *Model) syncAllBut(n int) {
	n = max(len(m.unsaved)-n, 0)
	for _, c := range m.unsaved[:n] {
		c(m.synced)
	}
	m.unsaved = append([]change(nil), m.unsaved[n:]...)
}

// Load implements store.Store.
func (s *memory) Load(ctx context.Context) (*store.Saved, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if s.loaded {
		return nil, fmt.Errorf("%w: a second Load", errOrder)
	}
	s.loaded = true
	now := s.m.now
	if now.alone && now.rowUpto >= now.lastDelta() && (now.base != nil || len(now.deltas) > 0) {
		last := now.last
		if err := s.write(ctx, func(st *state) { st.base, st.deltas, st.upto, st.alone = nil, nil, last, false }); err != nil {
			return nil, err
		}
	}
	saved := &store.Saved{
		SnapshotAt: now.rowAt, SourceSequence: copied(now.sequence), SourceTime: copied(now.at), Last: now.last, Clean: now.clean,
		Snapshot: bytes.Clone(now.row), Deltas: cloneRows(now.deltas, 0), Outbox: cloneRows(now.outbox, now.delivered),
	}
	if now.base != nil {
		saved.Base = &store.Base{Upto: now.upto, Body: bytes.Clone(now.base), At: now.baseAt}
	}
	for _, name := range slices.Sorted(maps.Keys(now.positions)) {
		p := now.positions[name]
		p.Extra = bytes.Clone(p.Extra)
		saved.Positions = append(saved.Positions, p)
	}
	return saved, nil
}

func cloneRows(rows []store.Row, after int64) (out []store.Row) {
	for _, r := range rows {
		if r.Seq > after {
			out = append(out, store.Row{Seq: r.Seq, Body: bytes.Clone(r.Body)})
		}
	}
	return out
}

// Commit implements store.Store.
func (s *memory) Commit(ctx context.Context, g *store.Group) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if !s.loaded || g.Seq != s.m.now.last+1 {
		return fmt.Errorf("%w: commit %d", errOrder, g.Seq)
	}
	g = s.m.bug.cloneGroup(g)
	body := func(st *state) {
		st.last = g.Seq
		if g.Delta != nil {
			st.deltas = append(st.deltas, store.Row{Seq: g.Seq, Body: g.Delta})
		}
		if g.Outbox != nil {
			st.outbox = append(st.outbox, store.Row{Seq: g.Seq, Body: g.Outbox})
		}
		for _, r := range g.Replies {
			st.replied++
			st.replies[r.Key] = reply{r, st.replied}
		}
		st.delivered = max(st.delivered, min(g.Delivered, g.Seq))
		st.outbox = slices.DeleteFunc(slices.Clone(st.outbox), func(r store.Row) bool { return r.Seq <= st.delivered })
	}
	positions := func(st *state) {
		for _, p := range g.Positions {
			if len(p.Extra) == 0 {
				p.Extra = nil
			}
			st.positions[p.Source] = p
		}
	}
	return s.write(ctx, s.m.bug.transactions(body, positions)...)
}

func cloneGroup(g *store.Group) *store.Group {
	c := *g
	c.Delta, c.Outbox = bytes.Clone(g.Delta), bytes.Clone(g.Outbox)
	c.Positions, c.Replies = slices.Clone(g.Positions), slices.Clone(g.Replies)
	for i := range c.Positions {
		c.Positions[i].Extra = bytes.Clone(c.Positions[i].Extra)
	}
	for i := range c.Replies {
		c.Replies[i].Body = bytes.Clone(c.Replies[i].Body)
	}
	return &c
}

// SaveBase implements store.Store.
func (s *memory) SaveBase(ctx context.Context, b *store.Base) error {
	if b.Body == nil && b.Snapshot == nil {
		return nil
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if !s.loaded || b.Upto < s.m.now.upto || b.Upto > s.m.now.last {
		return fmt.Errorf("%w: base of commit %d", errOrder, b.Upto)
	}
	c := *b
	c.Body, c.Snapshot = bytes.Clone(b.Body), bytes.Clone(b.Snapshot)
	c.SourceSequence, c.SourceTime = copied(b.SourceSequence), copied(b.SourceTime)
	log, base := func(st *state) { st.dropDeltas(s.m.bug.upto(st, c.Upto)) }, func(st *state) { st.putBase(&c, s.m.bug) }
	if c.Body == nil {
		log = func(*state) {}
	}
	err := s.write(ctx, s.m.bug.baseTransactions(log, base)...)
	if err == nil {
		s.m.syncAllBut(2)
	}
	return err
}

func (s *state) putBase(b *store.Base, bug Bug) {
	s.alone = b.Body == nil
	if b.Body != nil {
		s.base, s.baseAt, s.upto = b.Body, b.At, b.Upto
	}
	if b.Forget != nil && bug != keepsPositions {
		maps.DeleteFunc(s.positions, func(source string, _ store.Position) bool { return b.Forget(source) })
	}
	if b.Snapshot == nil {
		return
	}
	s.row, s.rowAt, s.rowUpto = b.Snapshot, time.Unix(b.At.Unix(), 0), b.Upto
	drop := bug == forgetsSequence || b.Forget != nil
	if b.SourceSequence != nil || drop {
		s.sequence = b.SourceSequence
	}
	if b.SourceTime != nil || drop {
		s.at = b.SourceTime
	}
}

func copied(n *int64) *int64 {
	if n == nil {
		return nil
	}
	return new(*n)
}

// Reply implements store.Store.
func (s *memory) Reply(ctx context.Context, key string) ([]byte, bool, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, false, err
	}
	r, ok := s.m.now.replies[key]
	return bytes.Clone(r.Body), ok, nil
}

// ForgetReplies implements store.Store.
func (s *memory) ForgetReplies(ctx context.Context, from, to time.Time, keep int) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.write(ctx, func(st *state) {
		all := slices.SortedFunc(maps.Values(st.replies), func(a, b reply) int { return cmp.Compare(b.number, a.number) })
		for _, r := range all {
			if r.At.Before(from) || r.At.After(to) || keep <= 0 {
				delete(st.replies, r.Key)
				continue
			}
			keep--
		}
	})
}

// KeepBadSnapshot implements store.Store.
func (s *memory) KeepBadSnapshot(ctx context.Context) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.write(ctx, func(st *state) {
		if st.row != nil {
			st.bad = append(st.bad, st.row)
		}
	})
}

// Clear implements store.Store.
func (s *memory) Clear(ctx context.Context, keep func(source string) bool) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if !s.loaded {
		return fmt.Errorf("%w: Clear before Load", errOrder)
	}
	bug := s.m.bug
	return s.write(ctx, func(st *state) {
		cleared := newState()
		cleared.last, cleared.upto = st.last, st.last
		cleared.outbox, cleared.delivered = st.outbox, st.delivered
		cleared.replies, cleared.values, cleared.bad = st.replies, st.values, st.bad
		switch bug {
		case repeatsNumbers:
			cleared.last, cleared.upto = 0, 0
		case clearsOutbox:
			cleared.outbox = nil
		case clearsPositions:
			keep = nil
		}
		for source, p := range st.positions {
			if keep != nil && keep(source) {
				cleared.positions[source] = p
			}
		}
		*st = *cleared
	})
}

// Close implements store.Store.
func (s *memory) Close(clean bool) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.open != s {
		return nil
	}
	s.m.open = nil
	if s.broken != nil {
		return s.broken
	}
	if clean && s.loaded {
		mark := func(st *state) { st.clean = true }
		mark(s.m.now)
		s.m.unsaved = append(s.m.unsaved, mark)
	}
	s.m.syncAllBut(0)
	return nil
}

// Values implements store.Store.
func (s *memory) Values() store.Values { return values{s} }

type values struct{ s *memory }

func (v values) Load(id string) (store.Value, bool, error) {
	v.s.m.mu.Lock()
	defer v.s.m.mu.Unlock()
	if err := v.s.usable(context.Background()); err != nil {
		return store.Value{}, false, err
	}
	x, ok := v.s.m.now.values[id]
	x.Text = bytes.Clone(x.Text)
	return x, ok, nil
}

func (v values) Save(id string, x store.Value) error {
	v.s.m.mu.Lock()
	defer v.s.m.mu.Unlock()
	x.Text = bytes.Clone(x.Text)
	return v.s.write(context.Background(), func(st *state) { st.values[id] = x })
}

func (v values) Delete(id string) error {
	v.s.m.mu.Lock()
	defer v.s.m.mu.Unlock()
	return v.s.write(context.Background(), func(st *state) { delete(st.values, id) })
}
