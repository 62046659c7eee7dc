package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

const (
	// pieceSize is how much of a base is written at once: a Commit may have to wait for it.
	pieceSize = 256 << 10
	// piecesPerBase is how far the numbers of pieces of one base and of the next are apart.
	piecesPerBase = 1 << 16
	// Rows are dropped in transactions that end after a while, so that a Commit can go in between.
	dropTime = 2 * time.Millisecond
	dropRows = 256
)

// SaveBase implements store.Store. The pieces are written under the next number, which the record of the base takes over in a
// transaction of its own; what is left of the base before is dropped afterwards, or by the next Load.
func (s *Store) SaveBase(ctx context.Context, b *store.Base) error {
	if b.Body == nil && b.Snapshot == nil {
		return nil
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	next, err := s.nextBase(ctx, b)
	if err != nil {
		return err
	}
	if b.Body != nil {
		if err := s.tidy(ctx); err != nil { // pieces of an attempt that has failed
			return err
		}
		if err := s.writePieces(ctx, &next, b.Body); err != nil {
			_ = s.tidy(context.WithoutCancel(ctx)) // or the next attempt does it
			return err
		}
	}
	if err := s.turnOver(ctx, &next, b); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	err = s.tidy(ctx)
	if err == nil {
		err = s.shrink(ctx)
	}
	if err != nil && !transient(err) && !errors.Is(err, errClosed) {
		return err // the base is saved, but the disk fails
	}
	return nil
}

func (s *Store) nextBase(ctx context.Context, b *store.Base) (baseRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return baseRecord{}, err
	}
	if !s.loaded {
		return baseRecord{}, refuse("base of commit %d before Load", b.Upto)
	}
	if b.Upto < s.base.Upto || b.Upto > s.head.Seq {
		return baseRecord{}, refuse("base of commit %d, which is not between the base before, %d, and the last commit, %d", b.Upto, s.base.Upto, s.head.Seq)
	}
	next := s.base
	next.Alone = b.Body == nil
	if b.Body != nil {
		next.Number++
		next.Upto, next.At, next.Has = b.Upto, stamp(b.At), true
		next.Size, next.Pieces = int64(len(b.Body)), int64(len(b.Body)+pieceSize-1)/pieceSize
	}
	if b.Snapshot != nil {
		next.Row, next.RowUpto = true, b.Upto
	}
	return next, nil
}

func (s *Store) writePieces(ctx context.Context, next *baseRecord, body []byte) error {
	if next.Pieces > piecesPerBase {
		return refuse("a base of %d bytes is too long", len(body))
	}
	next.Sum = sha256.Sum256(body)
	for i := range next.Pieces {
		piece := body[i*pieceSize : min((i+1)*pieceSize, next.Size)]
		id := next.Number*piecesPerBase + i
		sealed := seal(label("shard", id), piece)
		s.yield()
		err := s.locked(ctx, func() error {
			_, err := s.conn.run(`INSERT INTO rsigmad_shard (shard, upto, body) VALUES (?, ?, ?)`, id, next.Upto, sealed)
			return err
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// turnOver makes the next base count.
func (s *Store) turnOver(ctx context.Context, next *baseRecord, b *store.Base) error {
	var snapshot string
	if b.Snapshot != nil {
		snapshot, next.RowSum = string(b.Snapshot), sha256.Sum256(b.Snapshot)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h, kept := s.head, s.sums
	return s.write(ctx, func() error {
		if b.Snapshot != nil {
			if err := s.putRow(next, snapshot, b); err != nil {
				return err
			}
		}
		if b.Forget != nil {
			var err error
			if kept, err = s.dropPositions(b.Forget, &h); err != nil {
				return err
			}
			if err := putMeta(s.conn, keyHead, &h); err != nil {
				return err
			}
		}
		return putMeta(s.conn, keyBase, next)
	}, func() { s.base, s.head, s.sums = *next, h, kept })
}

// dropPositions drops those that forget wants, and returns the check sums of the others, of which h gets the sum. mu is held.
func (s *Store) dropPositions(forget func(source string) bool, h *head) (kept map[string]uint32, err error) {
	kept, h.Positions = make(map[string]uint32), 0
	for source, sum := range s.sums {
		if !forget(source) {
			kept[source] = sum
			h.Positions += uint64(sum)
			continue
		}
		if _, err := s.conn.run(`DELETE FROM rsigmad_pos WHERE source = ?`, source); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// putRow writes the row as the reference does; our own columns go beside it.
func (s *Store) putRow(next *baseRecord, snapshot string, b *store.Base) error {
	keep := b.Forget == nil // what is there and not given
	_, err := s.conn.run(`INSERT INTO rsigma_correlation_state
		(id, snapshot, updated_at, source_sequence, source_timestamp, delta_upto, digest) VALUES (1, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET snapshot = excluded.snapshot, updated_at = excluded.updated_at,
		source_sequence = coalesce(excluded.source_sequence, iif(?, source_sequence, NULL)),
		source_timestamp = coalesce(excluded.source_timestamp, iif(?, source_timestamp, NULL)),
		delta_upto = excluded.delta_upto, digest = excluded.digest`,
		snapshot, b.At.Unix(), b.SourceSequence, b.SourceTime, b.Upto, hex.EncodeToString(next.RowSum[:]), keep, keep)
	return err
}

// locked is write for callers who do not hold mu.
func (s *Store) locked(ctx context.Context, f func() error, done func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(ctx, f, done)
}

// tidy drops what no longer counts: pieces of other bases, and the log up to the base. saving is held, mu is not.
func (s *Store) tidy(ctx context.Context) error {
	s.mu.Lock()
	base := s.base
	s.mu.Unlock()
	first := base.Number * piecesPerBase
	last := first + base.Pieces - 1
	if !base.Has {
		last = first - 1
	}
	steps := []struct {
		query string
		args  []any
	}{
		{`rsigmad_shard WHERE shard = (SELECT shard FROM rsigmad_shard WHERE shard < ? LIMIT 1)`, []any{first}},
		{`rsigmad_shard WHERE shard = (SELECT shard FROM rsigmad_shard WHERE shard > ? LIMIT 1)`, []any{last}},
		{`rsigmad_delta WHERE seq = (SELECT seq FROM rsigmad_delta WHERE seq <= ? ORDER BY seq LIMIT 1)`, []any{base.Upto}},
	}
	for _, st := range steps {
		if err := s.dropAll(ctx, st.query, st.args); err != nil {
			return err
		}
	}
	return nil
}

// dropAll deletes row by row, from what it is told, until there is nothing, in transactions of dropTime.
func (s *Store) dropAll(ctx context.Context, from string, args []any) error {
	for more := true; more; {
		s.yield()
		if err := s.dropSome(ctx, from, args, &more); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) dropSome(ctx context.Context, from string, args []any, more *bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	// A transaction would take the mark of a clean stop away, also if there is nothing to drop.
	if any, err := s.conn.one(`SELECT 1 FROM `+from, args, new(int)); err != nil || !any {
		*more = false
		return s.failedUnless(err)
	}
	return s.write(ctx, func() error {
		start := time.Now()
		for i := 0; i < dropRows && time.Since(start) < dropTime; i++ {
			n, err := s.conn.run(`DELETE FROM `+from, args...)
			if err != nil {
				return err
			}
			if n == 0 {
				*more = false
				break
			}
		}
		return nil
	}, nil)
}

func (s *Store) failedUnless(err error) error {
	if err == nil {
		return nil
	}
	return s.failed(err)
}

// Clear implements store.Store.
func (s *Store) Clear(ctx context.Context, keep func(source string) bool) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	if err := s.clear(ctx, keep); err != nil {
		return err
	}
	if err := s.tidy(context.WithoutCancel(ctx)); err != nil && !transient(err) {
		return err
	}
	return nil
}

func (s *Store) clear(ctx context.Context, keep func(source string) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if !s.loaded {
		return refuse("clear before Load")
	}
	h := s.head
	h.Delta = 0
	base := baseRecord{Number: s.base.Number, Upto: h.Seq, RowUpto: -1}
	var kept map[string]uint32
	return s.write(ctx, func() (err error) {
		if _, err := s.conn.run(`DELETE FROM rsigma_correlation_state`); err != nil {
			return err
		}
		kept, err = s.dropPositions(func(source string) bool { return keep == nil || !keep(source) }, &h)
		if err != nil {
			return err
		}
		if err := putMeta(s.conn, keyHead, &h); err != nil {
			return err
		}
		return putMeta(s.conn, keyBase, &base)
	}, func() {
		s.head, s.base, s.sums = h, base, kept
	})
}

// KeepBadSnapshot implements store.Store. Five copies are kept.
func (s *Store) KeepBadSnapshot(ctx context.Context) error {
	return s.locked(ctx, func() error {
		if _, err := s.conn.run(badTable); err != nil {
			return err
		}
		_, err := s.conn.run(`INSERT INTO rsigma_correlation_state_bad (snapshot, updated_at, source_sequence, source_timestamp, kept_at)
			SELECT snapshot, updated_at, source_sequence, source_timestamp, ? FROM rsigma_correlation_state`, stamp(time.Now()))
		if err != nil {
			return err
		}
		_, err = s.conn.run(`DELETE FROM rsigma_correlation_state_bad WHERE id NOT IN
			(SELECT id FROM rsigma_correlation_state_bad ORDER BY id DESC LIMIT 5)`)
		return err
	}, nil)
}
