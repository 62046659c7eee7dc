package pipeline

import (
	"os"
	"testing"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/lower"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/rtlib"
)

func TestTmpEvents(t *testing.T) {
	src, _ := os.ReadFile(vectorFile)
	var log diag.List
	docs := yamldoc.Parse("pipelines.yml", src, &log)
	events := 0
	for _, c := range docs[0].Root.Get("cases").Items {
		if c.Get("events") == nil {
			continue
		}
		t.Run(c.Get("name").Text, func(t *testing.T) {
			var log diag.List
			r := applyVector(t, c, &log)
			var rules []*rtlib.Rule
			fb := c.Get("config") != nil
			for _, d := range r.Docs {
				if d.Rule != nil {
					if len(r.Links.Filters[d.Rule]) > 0 {
						t.Skip("filter")
					}
					x := lower.Rule(d.Rule, lower.Options{PlaceholderFallback: fb}, &log)
					if x == nil {
						t.Fatal(log.All())
					}
					x.Seal()
					rules = append(rules, interp.Rule(x))
				}
			}
			ev := driver.New(rules, driver.Options{})
			for i, e := range c.Get("events").Items {
				res, err := ev.Eval(&driver.Job{Event: yamldoc.JSON(e.Get("event"))})
				if err != nil {
					t.Fatal(err)
				}
				events++
				if (len(res.Matches) > 0) != e.Get("match").Bool {
					t.Errorf("event %d: %v\n%s", i, res, dumpRule(r.Docs[0].Rule))
				}
			}
		})
	}
	t.Log(events)
}
