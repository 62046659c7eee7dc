package dynsource

import "time"

// Status is what is known about a source. Its value is not part of it: it may be nobody's business.
type Status struct {
	*Declaration
	State            string // ok, stale, default, error or pending
	Resolved, Tried  time.Time
	Last             *Error
	Resolves, Errors uint64
	CacheHits        uint64
	FromCache        bool
	Items, Bytes     int
	Hash             string
}

// Status returns what is known about all sources, in the order of their declarations.
func (r *Resolver) Status() []Status {
	var out []Status
	for _, s := range r.order {
		s.mu.Lock()
		out = append(out, Status{
			Declaration: s.Declaration, State: s.state(), Resolved: s.at, Tried: s.tried, Last: s.last, Resolves: s.resolves, Errors: s.errors,
			CacheHits: s.hits, FromCache: s.fromCache, Items: itemsOf(s.value), Bytes: s.bytes, Hash: s.hash,
		})
		s.mu.Unlock()
	}
	return out
}

// state names the state of s.
func (s *source) state() string {
	switch {
	case s.waiting:
		return "pending"
	case s.fromDefault:
		return "default"
	case s.has && (s.last != nil || s.fromCache):
		return "stale"
	case s.last != nil:
		return "error"
	case !s.has:
		return "pending"
	}
	return "ok"
}
