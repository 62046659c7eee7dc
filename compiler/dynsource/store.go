package dynsource

import (
	"encoding/json"
	"fmt"
	"time"
)

// Entry is a kept value.
type Entry struct {
	Declaration string    // identifies what was declared when the value was read; the value is of no use to another declaration
	Value       []byte    // JSON
	At          time.Time // when it was read
}

// Store keeps the last good values of sources over restarts. It is called on the goroutines that resolve, for several sources at a time.
//
// Source: dynamic-sources.md section 6, table rsigmad_source_cache.
type Store interface {
	// Load returns what is kept for a source; false if there is nothing.
	Load(id string) (Entry, bool, error)
	// Save replaces what is kept for a source.
	Save(id string, e Entry) error
	// Delete forgets a source. One that is not known is no error.
	Delete(id string) error
}

// Keep has r keep good values in store, and takes from it those of sources that have none and fall back on kept values. It is called
// before the first Resolve. failed, which may be nil, is told about faults of the store: they cost the fallback, not the source.
func (r *Resolver) Keep(store Store, failed func(id string, err error)) {
	if failed == nil {
		failed = func(string, error) {}
	}
	r.store, r.storeFailed = store, failed
	for _, s := range r.order {
		if s.OnError != UseCached || s.hasValue() {
			continue
		}
		if err := s.restore(store); err != nil {
			failed(s.ID, err)
		}
	}
}

func (s *source) hasValue() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.has
}

// restore takes the kept value of s, if its declaration is still the same.
func (s *source) restore(store Store) error {
	e, ok, err := store.Load(s.ID)
	if err != nil || !ok || e.Declaration != s.digest {
		return err
	}
	if s.CacheTTL > 0 && time.Since(e.At) > s.CacheTTL {
		return nil
	}
	value, fault := parse("json", e.Value)
	if fault != nil {
		return fmt.Errorf("the kept value cannot be read: %w", fault)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.has, s.at, s.fromCache = value, true, e.At, true
	s.hash, s.bytes = hashOf(value)
	return nil
}

// keep writes the value of s to the store after a success. An equal value is written again only if its age matters.
func (r *Resolver) keep(s *source, changed bool) {
	if r.store == nil || s.OnError != UseCached || !changed && s.CacheTTL == 0 {
		return
	}
	s.mu.Lock()
	value, at := s.value, s.at
	s.mu.Unlock()
	text, err := json.Marshal(value)
	if err == nil {
		err = r.store.Save(s.ID, Entry{Declaration: s.digest, Value: text, At: at})
	}
	if err != nil {
		r.storeFailed(s.ID, err)
	}
}

// unkeep has the store forget a source.
func (r *Resolver) unkeep(id string) {
	if r.store == nil {
		return
	}
	if err := r.store.Delete(id); err != nil {
		r.storeFailed(id, err)
	}
}
