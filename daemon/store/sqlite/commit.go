package sqlite

import (
	"context"
	"encoding/binary"

	"github.com/rsigma-go/rsigma/daemon/store"
)

const (
	// dropPerCommit bounds how many rows of delivered results one commit drops: after a long outage of a sink there may be very many.
	dropPerCommit = 64
	// dropEvery is how many commits may have delivered results that are not dropped: dropping costs as much as a commit, for one or for many.
	dropEvery = 32
)

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, g *store.Group) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if !s.loaded {
		return refuse("commit %d before Load", g.Seq)
	}
	if g.Seq != s.head.Seq+1 {
		return refuse("commit %d follows commit %d", g.Seq, s.head.Seq)
	}
	h := s.head
	sums := make(map[string]uint32, len(g.Positions))
	dropped := s.dropped
	return s.write(ctx, func() error {
		if err := s.putGroup(g, &h, sums); err != nil {
			return err
		}
		if h.Delivered-s.dropped < dropEvery && (g.Delta != nil || g.Outbox != nil) {
			return nil
		}
		n, err := s.conn.run(`DELETE FROM rsigmad_outbox WHERE seq IN (SELECT seq FROM rsigmad_outbox WHERE seq <= ? ORDER BY seq LIMIT ?)`,
			h.Delivered, dropPerCommit)
		if n < dropPerCommit {
			dropped = h.Delivered
		}
		return err
	}, func() {
		s.head, s.dropped = h, dropped
		for source, sum := range sums {
			s.sums[source] = sum
		}
	})
}

func (s *Store) putGroup(g *store.Group, h *head, sums map[string]uint32) error {
	h.Seq = g.Seq
	if g.Delta != nil {
		body := seal(label("delta", g.Seq), chain(h.Delta), g.Delta)
		if _, err := s.conn.run(`INSERT INTO rsigmad_delta (seq, body) VALUES (?, ?)`, g.Seq, body); err != nil {
			return err
		}
		h.Delta = g.Seq
	}
	if g.Outbox != nil {
		body := seal(label("outbox", g.Seq), chain(h.Outbox), g.Outbox)
		if _, err := s.conn.run(`INSERT INTO rsigmad_outbox (seq, body) VALUES (?, ?)`, g.Seq, body); err != nil {
			return err
		}
		h.Outbox = g.Seq
	}
	for i := range g.Positions {
		if err := s.putPosition(&g.Positions[i], h, sums); err != nil {
			return err
		}
	}
	for _, r := range g.Replies {
		_, err := s.conn.run(`INSERT OR REPLACE INTO rsigmad_seen (key, reply, at) VALUES (?, ?, ?)`,
			r.Key, seal(replyLabel(r.Key), r.Body), stamp(r.At))
		if err != nil {
			return err
		}
	}
	h.Delivered = max(h.Delivered, min(g.Delivered, g.Seq))
	return putMeta(s.conn, keyHead, h)
}

func (s *Store) putPosition(p *store.Position, h *head, sums map[string]uint32) error {
	body := seal(positionLabel(p), p.Extra)
	sum := sumOf(body)
	old, ok := sums[p.Source]
	if !ok {
		old = s.sums[p.Source]
	}
	h.Positions += uint64(sum) - uint64(old)
	sums[p.Source] = sum
	_, err := s.conn.run(`INSERT INTO rsigmad_pos (source, identity, floor, ts, extra) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (source) DO UPDATE SET identity = excluded.identity, floor = excluded.floor, ts = excluded.ts, extra = excluded.extra`,
		p.Source, p.Identity, p.Floor, p.Time, body)
	return err
}

// positionLabel covers all columns.
func positionLabel(p *store.Position) []byte {
	b := append([]byte("position "), p.Source...)
	b = append(append(b, 0), p.Identity...)
	b = binary.BigEndian.AppendUint64(append(b, 0), uint64(p.Floor))
	return binary.BigEndian.AppendUint64(b, uint64(p.Time))
}

// sumOf returns the check sum that stands in a sealed body.
func sumOf(sealed []byte) uint32 { return binary.BigEndian.Uint32(sealed[5:]) }
