// Package api is the daemon's HTTP surface: routes, permissions, and the JSON of every answer. It knows the daemon only through Backend
// and never waits for the engine, except where a request asks for that.
//
// Source: http-api.md.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/live"
)

// Backend is what the handlers need of the daemon. All methods are safe for concurrent use and return at once, except where they
// take a context.
type Backend interface {
	// State is loading, running or draining; loaded says that rules are.
	State() (state string, loaded bool)
	Status() Status
	Rules() Rules
	Costs() Costs
	// Reload triggers a reload. It is false if too many wait already. done receives the outcome.
	Reload() (done <-chan Reloaded, ok bool)
	// Correlations lists correlation rules, and Groups the groups of one of them, by index; they wait for the engine.
	Correlations(ctx context.Context) ([]Correlation, error)
	Groups(ctx context.Context, rule int) ([]Group, error)
	// Sources returns the dynamic sources, nil if none are configured.
	Sources() Sources
}

// Options configure the handler.
type Options struct {
	OTLP    http.Handler // both services
	Events  http.Handler // POST /api/v1/events; nil if the input is another
	Metrics http.Handler
	Tail    *live.Hub[*flow.Unit] // nil if not enabled
	Tap     *live.Hub[Tapped]
	TapMax  time.Duration // longest tap

	// Upgrade has another process take over, which runs binary, the usual one if that is empty. done receives how that has begun.
	Upgrade func(binary string) (done <-chan Upgraded, err error)

	Auth *Auth // nil: everybody may do everything
	// Hosts are the names by which a loopback listener may be called; nil allows all.
	Hosts  []string
	Log    *slog.Logger // nil: nothing is logged
	Access *slog.Logger // the access log, at level DEBUG; nil: none
	Hooks  Hooks
}

// Hooks count. All of them may be nil.
type Hooks struct {
	AuthFailure func(reason string)
	TapSession  func()
	TapStreamed func()
}

// Tapped is an event that a tap shows.
type Tapped struct {
	Raw  []byte // the input line
	JSON []byte // the decoded event
}

// server is the state of all handlers.
type server struct {
	Options
	backend Backend
}

// New returns the handler of all routes.
func New(b Backend, opts Options) http.Handler {
	s := &server{opts, b}
	if s.TapMax == 0 {
		s.TapMax = 5 * time.Minute
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Access == nil {
		s.Access = slog.New(slog.DiscardHandler)
	}
	routes := newRouter(s)
	var h http.Handler = routes
	if s.Auth != nil {
		h = s.authenticate(routes)
	}
	return s.accessLog(s.recovered(s.guard(h)))
}
