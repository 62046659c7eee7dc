package config

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestKongAsksTheLayersBelowTheFlags is not parallel: it sets a variable that kong reads by itself.
func TestKongAsksTheLayersBelowTheFlags(t *testing.T) {
	tr := newTree(t, map[string]string{"system.yaml": "daemon: {engine: {detect_inflight: 1, match_detail: full}, tap: {max_duration: 90s}}\n"})
	for _, c := range []struct {
		env  []string
		args string
		want int
	}{
		{nil, "run", 1},
		{[]string{"RSIGMA_DETECT_INFLIGHT=2"}, "run", 2},
		{[]string{"RSIGMA_DETECT_INFLIGHT=2", "RSIGMA_DAEMON__ENGINE__DETECT_INFLIGHT=3"}, "run", 3},
		{[]string{"RSIGMA_DETECT_INFLIGHT=2", "RSIGMA_DAEMON__ENGINE__DETECT_INFLIGHT=3"}, "run --detect-inflight 4", 4},
	} {
		t.Setenv("RSIGMA_DETECT_INFLIGHT", "")
		for _, e := range c.env {
			name, value, _ := strings.Cut(e, "=")
			t.Setenv(name, value)
		}
		l, err := tr.load(c.env...)
		if err != nil {
			t.Fatal(err)
		}
		var cli struct {
			Run struct {
				Workers     int    `name:"detect-inflight" env:"RSIGMA_DETECT_INFLIGHT" default:"0"`
				MatchDetail string `enum:"off,summary,full" default:"off"`
			} `cmd:""`
		}
		p, err := kong.New(&cli, kong.Resolvers(l.Resolver("run")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse(strings.Fields(c.args)); err != nil {
			t.Fatalf("%v %s: %v", c.env, c.args, err)
		}
		if cli.Run.Workers != c.want || cli.Run.MatchDetail != "full" {
			t.Errorf("%v %s: %+v, want %d", c.env, c.args, cli.Run, c.want)
		}
	}
}
