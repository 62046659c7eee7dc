package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Family describes a metric family.
type Family struct {
	Name, Help, Type string // Type is counter, gauge or histogram
	Labels           []string
	Buckets          []float64
	Extended         bool // exposed only on request
	Section          string
}

// family is a registered family. It is a prometheus.Collector.
type family struct {
	Family
	desc    *prometheus.Desc
	collect func(ch chan<- prometheus.Metric)
}

func (f *family) Describe(ch chan<- *prometheus.Desc) { ch <- f.desc }

func (f *family) Collect(ch chan<- prometheus.Metric) { f.collect(ch) }

// registry holds the families in the order of their definition.
type registry struct {
	families []*family
	current  string
	extended bool
	full     func(family string)
}

func (r *registry) section(name string, extended bool) { r.current, r.extended = name, extended }

func (r *registry) add(name, help, kind string, buckets []float64, labels []string) *family {
	f := &family{
		Family: Family{name, help, kind, labels, buckets, r.extended, r.current},
		desc:   prometheus.NewDesc(name, help, labels, nil),
	}
	r.families = append(r.families, f)
	return f
}

func (r *registry) counter(name, help string) *Counter {
	c := new(Counter)
	f := r.add(name, help, "counter", nil, nil)
	f.collect = func(ch chan<- prometheus.Metric) {
		ch <- prometheus.MustNewConstMetric(f.desc, prometheus.CounterValue, c.sample())
	}
	return c
}

func (r *registry) gauge(name, help string) *Gauge {
	g := new(Gauge)
	f := r.add(name, help, "gauge", nil, nil)
	f.collect = func(ch chan<- prometheus.Metric) {
		ch <- prometheus.MustNewConstMetric(f.desc, prometheus.GaugeValue, g.sample())
	}
	return g
}

func (r *registry) histogram(name, help string, buckets []float64) *Histogram {
	h := newHistogram(buckets)
	f := r.add(name, help, "histogram", buckets, nil)
	f.collect = func(ch chan<- prometheus.Metric) {
		count, sum, counts := h.read()
		ch <- prometheus.MustNewConstHistogram(f.desc, count, sum, counts)
	}
	return h
}

func (r *registry) counters(name, help string, labels ...string) *Vec[Counter] {
	v := newVec(name, func() *Counter { return new(Counter) }, r.tooMany)
	f := r.add(name, help, "counter", nil, labels)
	f.collect = func(ch chan<- prometheus.Metric) {
		v.each(func(values []string, c *Counter) {
			ch <- prometheus.MustNewConstMetric(f.desc, prometheus.CounterValue, c.sample(), values...)
		})
	}
	return v
}

func (r *registry) gauges(name, help string, labels ...string) *Vec[Gauge] {
	v := newVec(name, func() *Gauge { return new(Gauge) }, r.tooMany)
	f := r.add(name, help, "gauge", nil, labels)
	f.collect = func(ch chan<- prometheus.Metric) {
		v.each(func(values []string, g *Gauge) {
			ch <- prometheus.MustNewConstMetric(f.desc, prometheus.GaugeValue, g.sample(), values...)
		})
	}
	return v
}

// empty registers a family of histograms that has no series.
func (r *registry) empty(name, help string, buckets []float64, labels ...string) {
	r.add(name, help, "histogram", buckets, labels).collect = func(chan<- prometheus.Metric) {}
}

func (r *registry) tooMany(family string) {
	if r.full != nil {
		r.full(family)
	}
}
