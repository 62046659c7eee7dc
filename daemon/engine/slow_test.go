package engine

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
)

// TestSlowEventsAreToldWithTheirRule has a rule sleep over every third event, for longer than an event may take, and another one for less.
func TestSlowEventsAreToldWithTheirRule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		naps  [2]time.Duration
		told  int    // of 30 events
		blame string // who is named
	}{
		"none is slow":   {[2]time.Duration{240 * time.Millisecond, time.Millisecond}, 0, ""},
		"one is":         {[2]time.Duration{100 * time.Millisecond, 400 * time.Millisecond}, 10, "second"},
		"two are, a bit": {[2]time.Duration{140 * time.Millisecond, 120 * time.Millisecond}, 10, "first"},
	} {
		synctest.Test(t, func(t *testing.T) {
			rules := always(t, []string{"a"}).Set.Rules()
			for i, title := range []string{"first", "second"} {
				rules = append(rules, &rtlib.Rule{Meta: rtlib.Meta{Source: title, Title: title, ID: title}, Match: func(ev *rtlib.Event) bool {
					if bytes.Contains(ev.Raw(), []byte("slow")) {
						time.Sleep(c.naps[i])
					}
					return false
				}})
			}
			gen, err := New(Rules{Detections: rules}, nil, Options{})
			if err != nil {
				t.Fatal(err)
			}
			told, named := 0, map[string]int{}
			r := newRig(t, gen, func(o *PipelineOptions, _ *rig) {
				o.Workers, o.Batch = 1, 5
				o.Hooks.Slow = func(s SlowEvent) {
					told++
					if want := c.naps[0] + c.naps[1]; s.Took < want || s.Took > want+time.Millisecond || s.Message == nil {
						t.Errorf("%s: it took %v, want %v", name, s.Took, want)
					}
					if s.Rule != nil {
						named[s.Rule.Title]++
					}
				}
			})
			for i := range 30 {
				text := `{"fast":1}`
				if i%3 == 0 {
					text = `{"slow":1}`
				}
				r.put(i, text)
				if i == 14 {
					time.Sleep(blameEvery) // the rule is looked for once more after that
				}
			}
			r.end()
			if want := min(2, c.told); told != c.told || named[c.blame] != want {
				t.Errorf("%s: %d of %d events told, named %v, want %d times %q", name, told, c.told, named, want, c.blame)
			}
			if len(r.sink.lines) != 30 {
				t.Errorf("%s: %d results", name, len(r.sink.lines))
			}
		})
	}
}
