package daemon

import (
	"context"
	"errors"

	"github.com/rsigma-go/rsigma/compiler/pipeline"
	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/reload"
)

// sources are the dynamic sources of a daemon.
type sources struct{ api.Sources }

func (s *sources) counters() *api.SourceCounters { return nil }

func (s *sources) values(context.Context, reload.Resolve) (map[string]pipeline.Source, error) {
	return nil, nil
}

func (d *daemon) loadSources() error {
	if len(d.cfg.Sources.Files) > 0 {
		return errors.New("--source: not yet")
	}
	return nil
}

func (d *daemon) resolveSources(context.Context) error { return nil }
func (d *daemon) refreshSources(context.Context)       {}
