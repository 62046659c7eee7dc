package sqlite

import (
	"context"
	"time"
)

func replyLabel(key string) []byte { return append([]byte("reply "), key...) }

// Reply implements store.Store. A damaged reply counts as none: the request is evaluated again.
func (s *Store) Reply(ctx context.Context, key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, false, err
	}
	var sealed []byte
	ok, err := s.conn.one(`SELECT reply FROM rsigmad_seen WHERE key = ?`, []any{key}, &sealed)
	if err != nil || !ok {
		return nil, false, s.failedUnless(err)
	}
	body, err := unseal(replyLabel(key), sealed)
	if err != nil {
		s.opt.Warn("the reply kept under an idempotency key is damaged: " + err.Error())
		return nil, false, nil
	}
	return body, true, nil
}

// ForgetReplies implements store.Store.
func (s *Store) ForgetReplies(ctx context.Context, from, to time.Time, keep int) error {
	const one = `rsigmad_seen WHERE rowid = (SELECT rowid FROM rsigmad_seen WHERE `
	if err := s.dropAll(ctx, one+`at < ? ORDER BY at, rowid LIMIT 1)`, []any{stamp(from)}); err != nil {
		return err
	}
	if err := s.dropAll(ctx, one+`at > ? ORDER BY at, rowid LIMIT 1)`, []any{stamp(to)}); err != nil {
		return err
	}
	for {
		n, err := s.forgetOldest(ctx, keep)
		if err != nil || n == 0 {
			return err
		}
	}
}

// forgetOldest drops a few of the replies beyond the keep that were written last. Whoever is written gets the highest rowid.
func (s *Store) forgetOldest(ctx context.Context, keep int) (n int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	var count int64
	if _, err := s.conn.one(`SELECT count(*) FROM rsigmad_seen`, nil, &count); err != nil {
		return 0, s.failed(err)
	}
	over := min(count-int64(keep), dropRows)
	if over <= 0 {
		return 0, nil
	}
	err = s.write(ctx, func() error {
		n, err = s.conn.run(`DELETE FROM rsigmad_seen WHERE rowid IN (SELECT rowid FROM rsigmad_seen ORDER BY rowid LIMIT ?)`, over)
		return err
	}, nil)
	return n, err
}
