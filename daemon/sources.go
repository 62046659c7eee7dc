package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/reload"
)

// sources are the dynamic sources of a daemon. A reload replaces the resolver if declarations have changed.
type sources struct {
	d       *daemon
	log     *slog.Logger
	options dynsource.LoadOptions
	asked   chan resolveRequest
	pool    Subscriptions // connections of NATS sources, and of the control subject
	server  string        // the NATS server of the input, empty if it is another one

	mu       sync.Mutex
	resolver *dynsource.Resolver
	refresh  context.CancelFunc // of resolver; nil before the daemon runs
	ctx      context.Context    // of refreshes
}

// resolveRequest is a request of the API.
type resolveRequest struct {
	ids  []string
	done chan []api.Resolution
}

// maxAsked is how many requests may wait (http-api.md section 3.9).
const maxAsked = 32

// loadSources reads the declarations of sources.
func (d *daemon) loadSources() error {
	c := d.cfg.Sources
	egress, err := dynsource.ParseEgress(c.Egress)
	if err != nil {
		return err
	}
	if len(c.Files) == 0 {
		return nil
	}
	s := &sources{
		d: d, log: logging.For(d.log, targetSources), asked: make(chan resolveRequest, maxAsked),
		options: dynsource.LoadOptions{
			AllowCommand: c.AllowCommand, InsecurePermissions: c.InsecurePermissions, MaxSize: c.MaxSize, Egress: egress,
			AllowProxy: c.AllowProxy, UserAgent: "rsigmad/" + d.cfg.Version,
		},
	}
	d.connectSources(s)
	if s.resolver, err = s.load(); err != nil {
		return err
	}
	d.sources = s
	return nil
}

// load reads the declarations and returns a resolver for them.
func (s *sources) load() (*dynsource.Resolver, error) {
	decls, warnings, err := dynsource.Load(s.d.cfg.Sources.Files, s.options)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		s.log.Warn(w.Msg, "at", w.Pos.String())
	}
	used := s.used()
	for _, x := range decls {
		s.d.metrics.Source(x.ID, string(x.Type))
		if used[x.ID] == nil {
			s.log.Warn("No pipeline refers to a source", "source_id", x.ID, "at", x.Pos.String())
		}
	}
	return dynsource.New(decls, s.observer()), nil
}

// observer connects what happens to sources with metrics and the log.
func (s *sources) observer() dynsource.Observer {
	m := s.d.metrics
	var limits sync.Map // by source: each may fail as often as it is asked
	return dynsource.Observer{
		Attempt: func(x *dynsource.Declaration, took time.Duration, err *dynsource.Error) {
			m.SourceResolves.With(x.ID, string(x.Type)).Inc()
			m.SourceSeconds.Observe(took.Seconds())
			if err == nil {
				s.log.Debug("Source resolved", "source_id", x.ID, "duration_ms", took.Milliseconds())
				return
			}
			m.SourceErrors.With(x.ID, string(err.Kind)).Inc()
			limit, _ := limits.LoadOrStore(x.ID, logging.Every(s.log, time.Second))
			limit.(*logging.Limited).Warn("Source cannot be resolved", "source_id", x.ID, "error_kind", string(err.Kind), "duration_ms", took.Milliseconds(), "error", err.Text)
		},
		CacheHit: func(*dynsource.Declaration) { m.SourceCacheHits.Inc() },
		Quiet: func(x *dynsource.Declaration, took time.Duration) {
			m.SourceResolves.With(x.ID, string(x.Type)).Inc()
			m.SourceSeconds.Observe(took.Seconds())
			s.log.Debug("Source has no new message", "source_id", x.ID, "duration_ms", took.Milliseconds())
		},
		Value: func(x *dynsource.Declaration, items int, changed bool) {
			m.SourceLastResolved.With(x.ID).Set(float64(time.Now().Unix()))
			m.SourceItems.With(x.ID).Set(float64(items))
			if changed {
				m.SourceChanges.With(x.ID).Inc()
			}
		},
	}
}

// current returns the resolver in use.
func (s *sources) current() *dynsource.Resolver {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resolver
}

// resolveSources reads all sources for the first time. A required one without a value ends the start.
func (d *daemon) resolveSources(ctx context.Context) error {
	if d.sources == nil {
		return nil
	}
	return unusable(d.sources.current().Resolve(ctx))
}

// unusable returns an error that names the required sources without a value.
func unusable(results []dynsource.Result) error {
	var errs []error
	for _, r := range results {
		if !r.Usable {
			errs = append(errs, fmt.Errorf("source %q has no value: %s: %w", r.ID, r.Err.Kind, r.Err))
		}
	}
	return errors.Join(errs...)
}

// values returns what pipelines are expanded with, after reading anew what resolve says.
func (s *sources) values(ctx context.Context, resolve reload.Resolve) (map[string]pipeline.Source, error) {
	if resolve == reload.ResolveNone {
		return s.current().Values()
	}
	next, err := s.load()
	if err != nil {
		return nil, err
	}
	old := s.current()
	ids := next.Adopt(old)
	for id := range s.used() {
		ids = append(ids, id)
	}
	if resolve == reload.ResolveAll {
		ids = nil
	}
	if resolve == reload.ResolveAll || len(ids) > 0 {
		slices.Sort(ids)
		if err := unusable(next.Resolve(ctx, slices.Compact(ids)...)); err != nil {
			next.Close(old)
			return nil, err
		}
	}
	values, err := next.Values()
	if err != nil {
		next.Close(old)
		return nil, err
	}
	s.replace(next)
	old.Close(next)
	return values, nil
}

// replace makes r the resolver in use and refreshes its sources from now on.
func (s *sources) replace(r *dynsource.Resolver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resolver = r
	if s.refresh != nil {
		s.refresh()
		s.begin()
	}
}

// begin refreshes the sources of the resolver in use, until there is another one.
func (s *sources) begin() {
	var ctx context.Context
	ctx, s.refresh = context.WithCancel(s.ctx)
	r := s.resolver
	s.d.background.Go(func() {
		r.Refresh(ctx, s.changed, func(err error) { s.log.Warn("A source is not watched as it should be", "error", err.Error()) })
	})
}

// changed has rules compiled with new values.
func (s *sources) changed(id string) {
	s.log.Info("Source changed", "source_id", id)
	s.d.reloader.Load().Trigger(reload.TriggerSource) // if the queue is full, a reload is about to read the value anyway
}

// refreshSources starts refreshes and the worker for requests, until ctx is done.
func (d *daemon) refreshSources(ctx context.Context) {
	s := d.sources
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx = ctx
	s.begin()
	s.listenControl(ctx)
	d.background.Go(func() {
		for {
			select {
			case req := <-s.asked:
				s.answer(ctx, req)
			case <-ctx.Done():
				return
			}
		}
	})
}

// answer reads the sources that a request names.
func (s *sources) answer(ctx context.Context, req resolveRequest) {
	var out []api.Resolution
	for _, r := range s.current().Resolve(ctx, req.ids...) {
		x := api.Resolution{ID: r.ID, OK: r.Err == nil, FromCache: r.FromCache, DurationMS: r.Took.Milliseconds(), Changed: r.Changed}
		if r.Err != nil {
			x.Error = &r.Err.Text
		}
		out = append(out, x)
		if r.Changed {
			s.changed(r.ID)
		}
	}
	req.done <- out
}

// Resolve implements api.Sources.
func (s *sources) Resolve(ids []string) (<-chan []api.Resolution, bool) {
	req := resolveRequest{ids, make(chan []api.Resolution, 1)}
	select {
	case s.asked <- req:
		return req.done, true
	default:
		return nil, false
	}
}

// Invalidate implements api.Sources.
func (s *sources) Invalidate(id string) { s.current().Invalidate(id) }

// List implements api.Sources.
func (s *sources) List() []api.Source {
	var out []api.Source
	used := s.used()
	for _, x := range s.current().Status() {
		a := api.Source{
			ID: x.ID, Origin: "external:" + x.File, Type: x.Type.Title(), Refresh: x.Refresh.String(), Required: x.Required, Status: x.State,
			LastResolvedAt: rfc3339(x.Resolved), LastAttemptAt: rfc3339(x.Tried), Resolves: x.Resolves, Errors: x.Errors,
			OnError: string(x.OnError), FromCache: x.FromCache, Items: x.Items, Bytes: x.Bytes, Hash: x.Hash, UsedBy: append([]string{}, used[x.ID]...),
		}
		if x.Last != nil {
			a.LastError = &api.SourceError{Kind: string(x.Last.Kind), Message: x.Last.Text, At: *rfc3339(x.Last.At)}
		}
		out = append(out, a)
	}
	return out
}

func rfc3339(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}

// counters sum over the sources, for the status.
func (s *sources) counters() *api.SourceCounters {
	c := &api.SourceCounters{}
	for _, x := range s.current().Status() {
		c.Total++
		c.Resolves += x.Resolves
		c.Errors += x.Errors
		c.CacheHits += x.CacheHits
		switch x.State {
		case "stale":
			c.Stale++
		case "pending":
			c.Pending++
		}
	}
	return c
}

// used returns what of the pipelines refers to each source.
func (s *sources) used() map[string][]string {
	out := map[string][]string{}
	for _, p := range pipeline.Resolve(nil, s.d.cfg.Rules.Pipelines, &diag.List{}) {
		for _, id := range p.Sources() {
			out[id] = append(out[id], referrers(p, id)...)
		}
	}
	return out
}

// referrers returns the variables of p that refer to a source, or include.
func referrers(p *pipeline.Pipeline, id string) (out []string) {
	for _, v := range p.Vars {
		if slices.Contains(v.Sources, id) {
			out = append(out, "vars."+v.Name)
		}
	}
	if len(out) == 0 {
		out = []string{"include"}
	}
	return out
}
