package sqlite

import (
	"context"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// stamp writes times as nanoseconds since the epoch; no time is 0.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func unstamp(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// values implements store.Values.
type values struct{ s *Store }

// Values implements store.Store.
func (s *Store) Values() store.Values { return values{s} }

func (v values) Load(id string) (store.Value, bool, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	var val store.Value
	if err := v.s.usable(context.Background()); err != nil {
		return val, false, err
	}
	var at int64
	ok, err := v.s.conn.one(`SELECT CAST(value AS BLOB), coalesce(CAST(updated_at AS INTEGER), 0), coalesce(declaration, '')
		FROM rsigmad_source_cache WHERE id = ?`, []any{id}, &val.Text, &at, &val.Declaration)
	if err != nil || !ok {
		return store.Value{}, false, v.s.failedUnless(err)
	}
	val.At = unstamp(at)
	return val, true, nil
}

func (v values) Save(id string, val store.Value) error {
	return v.s.locked(context.Background(), func() error {
		_, err := v.s.conn.run(`INSERT OR REPLACE INTO rsigmad_source_cache (id, value, updated_at, declaration) VALUES (?, ?, ?, ?)`,
			id, string(val.Text), stamp(val.At), val.Declaration)
		return err
	}, nil)
}

func (v values) Delete(id string) error {
	return v.s.locked(context.Background(), func() error {
		_, err := v.s.conn.run(`DELETE FROM rsigmad_source_cache WHERE id = ?`, id)
		return err
	}, nil)
}
