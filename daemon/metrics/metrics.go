// Package metrics holds every metric of the daemon: their names, types and labels in one file (catalogue.go), the values that other
// packages bump, and the page that Prometheus scrapes. It imports nothing of ours and is the only importer of the Prometheus library.
// Values are own small types, since the library can neither take many observations at once nor show a family without series.
//
// Source: metrics.md.
package metrics

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// Options say what a scrape shows.
type Options struct {
	Extended bool // the families beyond the promised 38
	Runtime  bool // go_ and process_ metrics
}

// New returns a set with all metrics at zero. full, if not nil, is called once for each family that has too many series.
func New(opts Options, full func(family string)) *Set {
	s := &Set{registry: registry{full: full}}
	s.define()
	s.registry.families = shown(s.registry.families, opts.Extended)
	s.page.gatherer = prometheus.NewRegistry()
	for _, f := range s.registry.families {
		s.page.gatherer.MustRegister(f)
		s.page.families = append(s.page.families, f.Family)
	}
	if opts.Runtime {
		s.page.gatherer.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	return s
}

func shown(all []*family, extended bool) []*family {
	var out []*family
	for _, f := range all {
		if extended || !f.Extended {
			out = append(out, f)
		}
	}
	return out
}

// Catalogue returns all families in the order of their definition.
func Catalogue() []Family {
	s := &Set{}
	s.define()
	var out []Family
	for _, f := range s.registry.families {
		out = append(out, f.Family)
	}
	return out
}

// page renders the scrape.
type page struct {
	gatherer *prometheus.Registry
	families []Family

	mu     sync.Mutex
	before []func()
}

// BeforeScrape has f called before each scrape, to set gauges that nobody keeps up to date. Scrapes run one after the other, and so
// does f; it must neither scrape nor call BeforeScrape.
func (s *Set) BeforeScrape(f func()) {
	s.page.mu.Lock()
	defer s.page.mu.Unlock()
	s.page.before = append(s.page.before, f)
}

// render returns the page: all families by name, also those without series, which the library leaves out.
func (p *page) render() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.before {
		f()
	}
	gathered, err := p.gatherer.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	var out bytes.Buffer
	for _, f := range merge(gathered, p.families) {
		if len(f.Metric) == 0 {
			fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", f.GetName(), f.GetHelp(), f.GetName(), strings.ToLower(f.GetType().String()))
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			return nil, fmt.Errorf("render metrics: %w", err)
		}
	}
	return appendPlain(make([]byte, 0, out.Len()), out.Bytes()), nil
}
