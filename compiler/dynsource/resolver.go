package dynsource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/rsigma-go/rsigma/compiler/extract"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
)

// Observer is told what happens to sources. Functions may be nil; they are called on the goroutines that resolve.
type Observer struct {
	Attempt  func(d *Declaration, took time.Duration, err *Error) // err is nil after a success
	CacheHit func(d *Declaration)                                 // a kept value was served after a failure
	Value    func(d *Declaration, items int, changed bool)        // there is a fresh value
	Quiet    func(d *Declaration, took time.Duration)             // there is no message that is not known: neither success nor failure
}

// Resolver holds sources and their values. It is safe for concurrent use.
type Resolver struct {
	observer Observer
	order    []*source
	byID     map[string]*source
	slots    *semaphore.Weighted

	store       Store // nil: values are kept in memory only
	storeFailed func(id string, err error)
}

// concurrent is how many sources are read at once.
const concurrent = 8

// source is one source and what is known about it.
type source struct {
	*Declaration
	fetch fetcher
	busy  sync.Mutex // held while it is read

	mu               sync.Mutex
	value            any // the last good one
	has              bool
	hash             string
	bytes            int
	at, tried        time.Time
	fromCache        bool
	fromDefault      bool
	dropped          bool // value is no longer for use_cached, though pipelines have it
	heard            bool // there was a success, besides what a store has kept
	waiting          bool // for a first message
	last             *Error
	resolves, errors uint64
	hits             uint64
}

// New returns a resolver for declarations. Nothing is read yet.
func New(declarations []*Declaration, observer Observer) *Resolver {
	r := &Resolver{observer: observer, byID: map[string]*source{}, slots: semaphore.NewWeighted(concurrent)}
	for _, d := range declarations {
		s := &source{Declaration: d, fetch: d.fetch}
		r.order = append(r.order, s)
		r.byID[d.ID] = s
	}
	return r
}

// Adopt takes over what old knows about sources whose declarations are the same, and the store, and returns the ids of the others.
func (r *Resolver) Adopt(old *Resolver) (fresh []string) {
	if r.store == nil {
		r.store, r.storeFailed = old.store, old.storeFailed
	}
	for _, s := range r.order {
		o := old.byID[s.ID]
		if o == nil || o.digest != s.digest {
			if f, ok := s.fetch.(*natsFetcher); ok && o != nil {
				f.share(o.fetch)
			}
			fresh = append(fresh, s.ID)
			continue
		}
		o.mu.Lock()
		if f, ok := s.fetch.(interface{ inherit(old fetcher) }); ok {
			f.inherit(o.fetch)
		}
		s.value, s.has, s.hash, s.bytes = o.value, o.has, o.hash, o.bytes
		s.at, s.tried, s.fromCache, s.fromDefault, s.last = o.at, o.tried, o.fromCache, o.fromDefault, o.last
		s.dropped, s.heard, s.waiting = o.dropped, o.heard, o.waiting
		s.resolves, s.errors, s.hits = o.resolves, o.errors, o.hits
		o.mu.Unlock()
	}
	return fresh
}

// Result is how reading a source went.
type Result struct {
	ID        string
	Err       *Error // also if a kept value or the default took the place of a new one
	Usable    bool   // there is a value, or the source may do without
	FromCache bool
	Changed   bool
	Took      time.Duration
}

// Resolve reads the sources with the given ids, all of them without ids, several at once and each once. Ids that are not declared are
// ignored.
func (r *Resolver) Resolve(ctx context.Context, ids ...string) []Result {
	var list []*source
	for _, id := range ids {
		if s := r.byID[id]; s != nil && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	if len(ids) == 0 {
		list = r.order
	}
	out := make([]Result, len(list))
	var wg sync.WaitGroup
	for i, s := range list {
		wg.Go(func() {
			if r.slots.Acquire(ctx, 1) != nil {
				out[i] = Result{ID: s.ID, Err: failf(KindTimeout, "interrupted"), Usable: s.usable()}
				return
			}
			defer r.slots.Release(1)
			out[i] = r.resolve(ctx, s)
		})
	}
	wg.Wait()
	return out
}

// resolve reads one source.
func (r *Resolver) resolve(ctx context.Context, s *source) Result {
	s.busy.Lock()
	defer s.busy.Unlock()
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	value, same, err := s.read(limited)
	took := time.Since(start)
	if err != nil && err.quiet {
		if changed, ok := s.waits(); ok {
			if r.observer.Quiet != nil {
				r.observer.Quiet(s.Declaration, took)
			}
			return Result{ID: s.ID, Usable: true, Changed: changed, Took: took}
		}
	}
	call(r.observer.Attempt, s.Declaration, took, err)
	if err != nil {
		out := s.failed(err)
		out.Took = took
		if out.FromCache && r.observer.CacheHit != nil {
			r.observer.CacheHit(s.Declaration)
		}
		return out
	}
	dropped := !s.known()
	changed := s.succeeded(value, same)
	r.keep(s, changed || dropped)
	if r.observer.Value != nil {
		r.observer.Value(s.Declaration, s.items(), changed)
	}
	return Result{ID: s.ID, Usable: true, Changed: changed, Took: took}
}

func call(f func(*Declaration, time.Duration, *Error), d *Declaration, took time.Duration, err *Error) {
	if f != nil {
		f(d, took, err)
	}
}

// read fetches, parses and extracts.
func (s *source) read(ctx context.Context) (value any, same bool, err *Error) {
	data, same, failed := s.fetch.fetch(ctx, s.Declaration)
	switch {
	case failed != nil:
		return nil, false, fetchError(failed)
	case same && s.known():
		return nil, true, nil
	}
	value, err = parse(s.Format, data)
	if err == nil {
		value, err = s.extracted(value)
	}
	if err == nil {
		err = s.check(value)
	}
	return value, false, err
}

// extracted applies the expression of the declaration: no output is null, one is that value, several are a list.
func (s *source) extracted(value any) (any, *Error) {
	if s.Extract == nil {
		return value, nil
	}
	list, err := s.Extract.Run(value)
	var fault *extract.RunError
	switch {
	case errors.Is(err, extract.ErrLimit):
		return nil, failf(KindResource, "%v", err)
	case errors.As(err, &fault):
		return nil, failf(KindExtract, "%s", fault.Redacted())
	case err != nil:
		return nil, failf(KindExtract, "%v", err)
	}
	var out any
	switch len(list) {
	case 0:
	case 1:
		out = list[0]
	default:
		out = list
	}
	if !within(out, 0, new(int)) {
		return nil, failf(KindResource, "%v", errTooMany)
	}
	return out, nil
}

// check refuses values that the declaration does not want: those of a feed that was emptied or blown up.
func (s *source) check(value any) *Error {
	n := itemsOf(value)
	switch {
	case value == nil && s.Extract != nil && s.Required && !s.AllowNull:
		return failf(KindExtract, "the value is null (allow_null: true permits that)")
	case n < s.MinItems:
		return failf(KindExtract, "%d items, fewer than min_items", n)
	case s.MaxItems > 0 && n > s.MaxItems:
		return failf(KindResource, "%d items, more than max_items", n)
	}
	if s.MinLength > 0 {
		list, _ := value.([]any)
		for _, item := range append(list, value) {
			if text, ok := item.(string); ok && len(text) < s.MinLength {
				return failf(KindExtract, "an item is shorter than min_length")
			}
		}
	}
	return nil
}

func (s *source) known() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.has && !s.dropped
}

// succeeded notes a value and reports whether it differs from the one before.
func (s *source) succeeded(value any, same bool) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = time.Now()
	s.tried = s.at
	s.resolves++
	wasDefault := s.fromDefault
	s.heard, s.waiting = true, false
	s.last, s.fromCache, s.fromDefault, s.dropped = nil, false, false, false
	if same {
		return wasDefault
	}
	if f, ok := s.fetch.(interface{ accept() }); ok {
		f.accept()
	}
	hash, n := hashOf(value)
	changed = !s.has || hash != s.hash || wasDefault
	s.value, s.has, s.hash, s.bytes = value, true, hash, n
	return changed
}

// failed notes a failure and applies the policy for it. A failure never clears a value.
func (s *source) failed(err *Error) Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried = time.Now()
	s.last = err
	s.waiting = false
	s.resolves++
	s.errors++
	out := Result{ID: s.ID, Err: err, Usable: !s.Required}
	fresh := s.CacheTTL == 0 || time.Since(s.at) <= s.CacheTTL
	switch {
	case s.OnError == UseCached && s.has && !s.dropped && fresh:
		s.fromCache = true
		s.hits++
		out.Usable, out.FromCache = true, true
	case s.OnError == UseDefault, err.absent && s.HasDefault:
		out.Usable, out.Changed = true, !s.fromDefault
		s.fromDefault = true
	}
	return out
}

// waits notes that the source has nothing new to say, and reports whether that can be borne: what is in force stays, or the default takes
// its place. Only a required source needs a value.
func (s *source) waits() (changed, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.has:
		changed, s.fromDefault = s.fromDefault, false
	case s.HasDefault:
		changed, s.fromDefault = !s.fromDefault, true
	case s.Required:
		return false, false
	}
	s.tried, s.last, s.waiting = time.Now(), nil, !s.heard
	s.resolves++
	return changed, true
}

func (s *source) items() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return itemsOf(s.value)
}

// usable reports whether a pipeline can be expanded with s as it is.
func (s *source) usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.has || s.fromDefault || !s.Required
}

// Values returns what pipelines are expanded with. The error names a required source that has no value.
func (r *Resolver) Values() (map[string]pipeline.Source, error) {
	out := map[string]pipeline.Source{}
	for _, s := range r.order {
		if !s.usable() {
			s.mu.Lock()
			err := s.last
			s.mu.Unlock()
			if err == nil {
				err = failf(KindFetch, "not read yet")
			}
			return nil, fmt.Errorf("source %q has no value: %s: %w", s.ID, err.Kind, err)
		}
		out[s.ID] = s.plain()
	}
	return out, nil
}

// plain returns the value of s for pipelines.
func (s *source) plain() pipeline.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := pipeline.Source{Literal: s.Literal, Remote: s.Type.Remote()}
	switch {
	case s.fromDefault:
		v.Value = node(s.Default, s.Pos)
	case s.has && (s.value != nil || s.Required): // null of an optional source is no value, which an include may do without
		v.Value = node(s.value, s.Pos)
	}
	return v
}

// Declares reports whether there is a source with the given id.
func (r *Resolver) Declares(id string) bool { return r.byID[id] != nil }

// Data returns the last value of a source in JSON shape; false if there is none.
func (r *Resolver) Data(id string) (any, bool) {
	s := r.byID[id]
	if s == nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fromDefault {
		return s.Default, true
	}
	return s.value, s.has && !s.dropped
}

// Invalidate has the kept value of a source serve no failure any more. What pipelines are expanded with stays until the next success.
func (r *Resolver) Invalidate(id string) {
	s := r.byID[id]
	if s == nil {
		return
	}
	r.unkeep(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = true
	if f, ok := s.fetch.(interface{ forget() }); ok {
		f.forget()
	}
}

// Close ends the subscriptions of r that keeping, which may be nil, does not share. Values stay.
func (r *Resolver) Close(keeping *Resolver) {
	kept := map[*feed]bool{}
	if keeping != nil {
		for _, f := range keeping.feeds() {
			kept[f] = true
		}
	}
	for _, f := range r.feeds() {
		if !kept[f] {
			f.close()
		}
	}
}

func (r *Resolver) feeds() (out []*feed) {
	for _, s := range r.order {
		if f, ok := s.fetch.(*natsFetcher); ok {
			out = append(out, f.feed)
		}
	}
	return out
}
