package sqlite

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// loading is a Load in progress: what was found, and what has to be changed in the file because of it.
type loading struct {
	c     *conn
	saved *store.Saved
	head  head
	base  baseRecord
	sums  map[string]uint32

	rowSum [32]byte
	logged int64 // number of rows of rsigmad_delta after the base

	aside   []asideRow
	faults  []string // about aside; they end in "; " and where it is
	headNew bool     // head or base must be written
	baseNew bool
	cut     int64 // rows of rsigmad_delta from here on are to be deleted; 0 is none
	drops   []drop
}

type drop struct {
	query string
	key   any
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context) (*store.Saved, error) {
	s.saving.Lock()
	defer s.saving.Unlock()
	saved, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.tidy(ctx); err != nil && !transient(err) {
		return nil, err
	}
	return saved, nil
}

func (s *Store) load(ctx context.Context) (*store.Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if s.loaded {
		return nil, refuse("a second Load")
	}
	l := &loading{c: s.conn, saved: &store.Saved{}, sums: make(map[string]uint32)}
	err := l.read()
	if useless(err) {
		if l, err = s.startAnew(l, err); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, s.failed(err)
	}
	s.head, s.base, s.sums, s.marked = l.head, l.base, l.sums, l.saved.Clean
	if err := s.mend(ctx, l); err != nil {
		return nil, err
	}
	s.loaded = true
	l.saved.Last = l.head.Seq
	l.saved.Faults = append(s.faults, l.saved.Faults...)
	return l.saved, nil
}

// startAnew sets the whole file aside. Commits go on to be numbered where they were, if that can be read.
func (s *Store) startAnew(l *loading, why error) (*loading, error) {
	s.conn.close()
	bad, err := s.moveAway()
	if err == nil {
		err = s.connect()
	}
	if err != nil {
		s.broken = fmt.Errorf("the state file is damaged (%w) and cannot be set aside: %w", why, err)
		return nil, s.broken
	}
	fault := fmt.Sprintf("the state file is damaged (%v); it is now %s, and the state starts empty", why, bad)
	n := &loading{c: s.conn, saved: &store.Saved{Faults: []string{fault}}, sums: make(map[string]uint32), headNew: true, baseNew: true}
	n.head.Seq = max(l.head.Seq, 0)
	n.base = baseRecord{Upto: n.head.Seq, RowUpto: -1}
	return n, nil
}

// mend writes to the file what reading has found to be wrong.
func (s *Store) mend(ctx context.Context, l *loading) error {
	if len(l.aside) > 0 {
		name, err := s.setAside(l.aside)
		if err != nil {
			return s.failed(fmt.Errorf("set damaged rows aside: %w", err))
		}
		for _, f := range l.faults {
			l.saved.Faults = append(l.saved.Faults, f+"; set aside in "+name)
		}
	} else {
		l.saved.Faults = append(l.saved.Faults, l.faults...)
	}
	if !l.headNew && !l.baseNew && l.cut == 0 && len(l.drops) == 0 {
		return nil
	}
	return s.write(ctx, func() error {
		if l.cut > 0 {
			if _, err := l.c.run(`DELETE FROM rsigmad_delta WHERE seq >= ?`, l.cut); err != nil {
				return err
			}
		}
		for _, d := range l.drops {
			if _, err := l.c.run(d.query, d.key); err != nil {
				return err
			}
		}
		if l.headNew {
			if err := putMeta(l.c, keyHead, &l.head); err != nil {
				return err
			}
		}
		if !l.baseNew {
			return nil
		}
		return putMeta(l.c, keyBase, &l.base)
	}, nil)
}

func (l *loading) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

func (l *loading) read() error {
	clean, err := l.c.one(`SELECT 1 FROM rsigmad_meta WHERE key = 'clean'`, nil, new(int))
	if err != nil {
		return err
	}
	l.saved.Clean = clean
	if !clean {
		if err := l.check(); err != nil {
			return err
		}
	}
	for _, step := range []func() error{l.readHead, l.readPositions, l.readRow, l.readBaseRecord, l.chooseBase, l.readBase, l.readDeltas, l.readOutbox} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// check looks at the structure of the whole file.
func (l *loading) check() error {
	said, err := l.c.texts(`PRAGMA quick_check(5)`)
	if err != nil {
		return err
	}
	if len(said) != 1 || said[0] != "ok" {
		return mixedUp("SQLite says: %s", strings.Join(said, "; "))
	}
	return nil
}

func (l *loading) readHead() error {
	found, bad, err := meta(l.c, keyHead, &l.head)
	if err != nil {
		return err
	}
	if bad != nil {
		return mixed{bad}
	}
	for _, table := range []string{"rsigmad_delta", "rsigmad_outbox"} {
		var later int64
		ok, err := l.c.one(`SELECT seq FROM `+table+` WHERE seq > ? LIMIT 1`, []any{l.head.Seq}, &later)
		if err != nil {
			return err
		}
		if ok {
			return mixedUp("%s has commit %d, and the last one is %d", table, later, l.head.Seq)
		}
	}
	if !found {
		l.base.RowUpto = -1
	}
	return nil
}

func (l *loading) readPositions() error {
	var sum uint64
	allGood := true
	err := l.c.each(`SELECT source, identity, floor, ts, extra FROM rsigmad_pos ORDER BY source`, nil, func(scan func(...any) error) error {
		var p store.Position
		var sealed []byte
		if err := scan(&p.Source, &p.Identity, &p.Floor, &p.Time, &sealed); err != nil {
			return err
		}
		extra, err := unseal(positionLabel(&p), sealed)
		if err != nil {
			allGood = false
			l.aside = append(l.aside, asideRow{"rsigmad_pos", []any{p.Source, p.Identity, p.Floor, p.Time}, sealed})
			l.drops = append(l.drops, drop{`DELETE FROM rsigmad_pos WHERE source = ?`, p.Source})
			l.fault("the position of %q is damaged (%v)", p.Source, err)
			return nil
		}
		if len(extra) > 0 {
			p.Extra = extra
		}
		l.saved.Positions = append(l.saved.Positions, p)
		l.sums[p.Source] = sumOf(sealed)
		sum += uint64(sumOf(sealed))
		return nil
	})
	switch {
	case err != nil:
		return err
	case !allGood:
		l.head.Positions, l.headNew = sum, true
	case sum != l.head.Positions:
		return mixedUp("the positions of sources are not those of commit %d", l.head.Seq)
	}
	return nil
}

func (l *loading) readRow() error {
	var at int64
	var text []byte
	found, err := l.c.one(`SELECT CAST(snapshot AS BLOB), CAST(updated_at AS INTEGER), CAST(source_sequence AS INTEGER),
		CAST(source_timestamp AS INTEGER) FROM rsigma_correlation_state WHERE id = 1`, nil, &text, &at, &l.saved.SourceSequence, &l.saved.SourceTime)
	if err != nil || !found {
		return err
	}
	if text == nil {
		text = []byte{}
	}
	l.saved.Snapshot, l.saved.SnapshotAt = text, time.Unix(at, 0)
	l.rowSum = sha256.Sum256(text)
	return nil
}

func (l *loading) readBaseRecord() error {
	_, bad, err := meta(l.c, keyBase, &l.base)
	if err != nil {
		return err
	}
	if _, err := l.c.one(`SELECT count(*) FROM rsigmad_delta WHERE seq > ?`, []any{l.base.Upto}, &l.logged); err != nil {
		return err
	}
	if bad != nil {
		l.base = baseRecord{}
		if _, err := l.c.one(`SELECT coalesce(max(shard), 0) / ? FROM rsigmad_shard`, []any{piecesPerBase}, &l.base.Number); err != nil {
			return err
		}
		return l.dropBase("what the state of correlations is based on cannot be read (%v)", bad)
	}
	return nil
}

// chooseBase finds out whether the body, or the JSON row, is the base.
func (l *loading) chooseBase() error {
	has := l.saved.Snapshot != nil
	switch {
	case has != l.base.Row || has && l.rowSum != l.base.RowSum:
		if l.base.Has || l.logged > 0 {
			return l.dropBase("another program has written the state of correlations since commit %d: its state counts", l.head.Seq)
		}
		l.useRow(-1)
	case l.base.Alone && l.base.RowUpto >= l.head.Delta && (l.base.Has || l.logged > 0):
		l.useRow(l.base.RowUpto) // it was written after the last change
	}
	return nil
}

// useRow makes the JSON row, or nothing if there is none, the base.
func (l *loading) useRow(upto int64) {
	if l.saved.Snapshot == nil {
		upto = -1
	}
	l.base = baseRecord{Number: l.base.Number, Upto: l.head.Seq, Row: l.saved.Snapshot != nil, RowSum: l.rowSum, RowUpto: upto}
	l.logged, l.baseNew = 0, true
}

// dropBase sets the body and the log aside.
func (l *loading) dropBase(format string, args ...any) error {
	l.fault(format, args...)
	if err := l.asideAll("rsigmad_shard", "shard", l.base.Number*piecesPerBase); err != nil {
		return err
	}
	if err := l.asideAll("rsigmad_delta", "seq", l.base.Upto+1); err != nil {
		return err
	}
	upto := int64(-1)
	if l.base.Row && l.rowSum == l.base.RowSum {
		upto = l.base.RowUpto
	}
	l.useRow(upto)
	return nil
}

func (l *loading) asideAll(table, key string, from int64) error {
	return l.c.each(`SELECT `+key+`, body FROM `+table+` WHERE `+key+` >= ? ORDER BY `+key, []any{from}, func(scan func(...any) error) error {
		var n int64
		var body []byte
		err := scan(&n, &body)
		l.aside = append(l.aside, asideRow{table, n, body})
		return err
	})
}

// readBase reads the body. The log is of no use without it.
func (l *loading) readBase() error {
	if !l.base.Has {
		return nil
	}
	body, err := l.readPieces()
	if err == nil && sha256.Sum256(body) != l.base.Sum {
		err = mixedUp("it does not match its digest")
	}
	var bad mixed
	switch {
	case errors.As(err, &bad):
		left := "the state of correlations is lost"
		if l.base.Row {
			left = "the state of correlations is that of the table rsigma_correlation_state"
		}
		if l.base.Row && l.base.RowUpto >= 0 {
			left = fmt.Sprintf("%s, of commit %d", left, l.base.RowUpto)
		}
		return l.dropBase("the base of commit %d is damaged (%v): %s", l.base.Upto, bad, left)
	case err != nil:
		return err
	}
	l.saved.Base = &store.Base{Upto: l.base.Upto, Body: body, At: unstamp(l.base.At)}
	return nil
}

func (l *loading) readPieces() ([]byte, error) {
	if l.base.Size < 0 || l.base.Size > piecesPerBase*pieceSize {
		return nil, mixedUp("its size is %d", l.base.Size)
	}
	body := make([]byte, 0, l.base.Size)
	next := l.base.Number * piecesPerBase
	end := next + l.base.Pieces
	err := l.c.each(`SELECT shard, body FROM rsigmad_shard WHERE shard >= ? AND shard < ? ORDER BY shard`, []any{next, end},
		func(scan func(...any) error) error {
			var id int64
			var sealed []byte
			if err := scan(&id, &sealed); err != nil {
				return err
			}
			piece, err := unseal(label("shard", id), sealed)
			if err != nil {
				return mixed{fmt.Errorf("piece %d: %w", id%piecesPerBase, err)}
			}
			if id != next {
				return mixedUp("piece %d is missing", next%piecesPerBase)
			}
			next++
			body = append(body, piece...)
			return nil
		})
	if err == nil && next != end {
		err = mixedUp("piece %d is missing", next%piecesPerBase)
	}
	return body, err
}

// readDeltas reads the log after the base as far as it is whole.
func (l *loading) readDeltas() error {
	if l.logged == 0 && l.base.Upto >= l.head.Delta {
		return nil
	}
	last := int64(0) // the last good row
	var why error
	err := l.c.each(`SELECT seq, body FROM rsigmad_delta WHERE seq > ? ORDER BY seq`, []any{l.base.Upto}, func(scan func(...any) error) error {
		var seq int64
		var sealed []byte
		if err := scan(&seq, &sealed); err != nil {
			return err
		}
		if why == nil {
			var body []byte
			if body, why = l.link(seq, last, sealed); why == nil {
				l.saved.Deltas = append(l.saved.Deltas, store.Row{Seq: seq, Body: body})
				last = seq
				return nil
			}
			l.cut = seq
		}
		l.aside = append(l.aside, asideRow{"rsigmad_delta", seq, sealed})
		return nil
	})
	if err != nil {
		return err
	}
	if end := max(last, min(l.head.Delta, l.base.Upto)); why == nil && end != l.head.Delta {
		why = fmt.Errorf("commit %d is missing", l.head.Delta)
	}
	if why != nil {
		l.head.Delta, l.headNew = max(last, l.base.Upto), true
		l.fault("the log of changes is damaged (%v): the state of correlations is that of commit %d", why, l.head.Delta)
	}
	return nil
}

// link checks that the row follows the last one, or the base if that is 0.
func (l *loading) link(seq, last int64, sealed []byte) ([]byte, error) {
	b, err := unseal(label("delta", seq), sealed)
	if err != nil {
		return nil, fmt.Errorf("commit %d: %w", seq, err)
	}
	prev, body, err := unchain(b)
	if err != nil {
		return nil, fmt.Errorf("commit %d: %w", seq, err)
	}
	if last != 0 && prev != last || last == 0 && prev > l.base.Upto {
		return nil, fmt.Errorf("commit %d is missing", prev)
	}
	return body, nil
}

// readOutbox reads the results that are not delivered. Those of one commit say nothing about those of another.
func (l *loading) readOutbox() error {
	last := l.head.Delivered
	err := l.c.each(`SELECT seq, body FROM rsigmad_outbox WHERE seq > ? ORDER BY seq`, []any{last}, func(scan func(...any) error) error {
		var seq int64
		var sealed []byte
		if err := scan(&seq, &sealed); err != nil {
			return err
		}
		b, err := unseal(label("outbox", seq), sealed)
		var prev int64
		if err == nil {
			prev, b, err = unchain(b)
		}
		if err != nil {
			l.aside = append(l.aside, asideRow{"rsigmad_outbox", seq, sealed})
			l.drops = append(l.drops, drop{`DELETE FROM rsigmad_outbox WHERE seq = ?`, seq})
			l.fault("results of commit %d are damaged (%v) and cannot be delivered", seq, err)
		} else {
			if prev > last {
				l.fault("results of commit %d, and perhaps of some before, are missing", prev)
			}
			l.saved.Outbox = append(l.saved.Outbox, store.Row{Seq: seq, Body: b})
		}
		last = seq
		return nil
	})
	if err != nil {
		return err
	}
	if l.head.Outbox > last {
		l.fault("results of commit %d, and perhaps of some before, are missing", l.head.Outbox)
		l.head.Outbox, l.headNew = last, true
	}
	return nil
}
