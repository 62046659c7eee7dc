package sqlite

import "context"

// defaultSpare is how much of the file may be unused beside the room that the next base takes.
const defaultSpare = 64 << 20

// shrink gives room back that was used once, by results that are delivered by now, say. Files that the reference has made do not
// shrink: SQLite decides about that when it makes a file.
func (s *Store) shrink(ctx context.Context) error {
	for {
		if more, err := s.shrinkSome(ctx); err != nil || !more {
			return err
		}
	}
}

func (s *Store) shrinkSome(ctx context.Context) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return false, err
	}
	free, size, err := s.conn.pages()
	if err != nil {
		return false, s.failed(err)
	}
	if free*4096 <= s.spare+s.base.Size {
		return false, nil
	}
	if err := s.write(ctx, func() error { return s.conn.exec(`PRAGMA incremental_vacuum(128)`) }, nil); err != nil {
		return false, err
	}
	_, now, err := s.conn.pages()
	return now < size, s.failedUnless(err)
}

// pages returns how many pages are unused, and how many there are.
func (c *conn) pages() (free, all int64, err error) {
	if _, err = c.one(`PRAGMA freelist_count`, nil, &free); err == nil {
		_, err = c.one(`PRAGMA page_count`, nil, &all)
	}
	return free, all, err
}
