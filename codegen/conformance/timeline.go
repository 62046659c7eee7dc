package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// valueTolerance is how far an aggregated value may be from the expected one.
const valueTolerance = 1e-9

// evaluateTimeline runs the steps of the case, one after the other through the same correlations.
func (u *unit) evaluateTimeline(session Session) error {
	var firings []driver.Firing
	var at []int // the step of each firing
	options := u.Case.Config.correlate()
	for i := range u.Case.Timeline {
		step := &u.Case.Timeline[i]
		res, err := session.Eval(&driver.Job{
			Case: u.Case.Documents.Name, Event: string(step.JSON), Routing: u.Case.Routing,
			Step: &driver.Step{Time: step.Time, Options: options},
		})
		if err != nil {
			return fmt.Errorf("case %q: step %d: %w", u.Case.Name, i, err)
		}
		u.Events++
		u.results = append(u.results, res)
		if res.Error != "" {
			u.failf(step.Pos, "step %d: cannot be decoded: %s", i, res.Error)
		}
		if want := u.Case.Detections; want != nil && len(res.Matches) != want[i] {
			u.failf(step.Pos, "step %d: expected %d detections, got %d", i, want[i], len(res.Matches))
		}
		for _, f := range res.Firings {
			firings, at = append(firings, f), append(at, i)
		}
	}
	u.judgeFirings(firings, at)
	return nil
}

// correlate returns the options of the correlation engine. Reading the file has checked the values.
func (c *Config) correlate() correlate.Options {
	o := correlate.Options{
		TimestampFields: c.TimestampFields,
		SkipUntimed:     c.TimestampFallback == "skip",
		HideDetections:  c.EmitDetections != nil && !*c.EmitDetections,
		MaxEvents:       number(c.MaxEvents),
		MaxStateEntries: number(c.MaxStateEntries),
	}
	o.Suppress, _ = sigma.ParseTimespan(c.Suppress)
	o.EventMode, _ = correlate.ParseEventMode(c.EventMode)
	switch c.Action {
	case "alert":
		o.Action = correlate.ActionAlert
	case "reset":
		o.Action = correlate.ActionReset
	}
	if c.MaxGroupEntries != nil {
		o.MaxGroupEntries = max(*c.MaxGroupEntries, 1)
	}
	return o
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// judgeFirings compares all firings of the timeline with the expected ones, in order.
func (u *unit) judgeFirings(got []driver.Firing, at []int) {
	want := u.Case.Fires
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(want):
			u.failf(u.Case.Pos, "firing %d: expected none, got %s at step %d", i, describeFiring(&got[i]), at[i])
		case i >= len(got):
			u.failf(want[i].Pos, "firing %d: expected %q at step %d, got none", i, want[i].Rule, want[i].At)
		case !want[i].matches(&got[i], at[i]):
			u.failf(want[i].Pos, "firing %d: expected %s at step %d, got %s at step %d",
				i, describeExpected(&want[i]), want[i].At, describeFiring(&got[i]), at[i])
		}
	}
}

// matches reports whether the firing got, at a step, is the one expected.
func (f *Firing) matches(got *driver.Firing, at int) bool {
	return at == f.At && got.Rule == f.Rule &&
		(f.Value == nil || math.Abs(*f.Value-got.Value) <= valueTolerance) &&
		reflect.DeepEqual(f.group(), got.Group) &&
		(!f.HasEvents || sameEvents(f.Events, got.Events)) &&
		(!f.HasRefs || sameRefs(f.Refs, got.Refs))
}

// group returns the expected group key.
func (f *Firing) group() map[string]string {
	out := map[string]string{}
	if f.Group == nil {
		return out
	}
	for _, p := range f.Group.Pairs {
		out[p.Key] = p.Value.Text
	}
	return out
}

// sameEvents compares JSON texts by what they say.
func sameEvents(want [][]byte, got []string) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		var a, b any
		if json.Unmarshal(want[i], &a) != nil || json.Unmarshal([]byte(got[i]), &b) != nil || !reflect.DeepEqual(a, b) {
			return false
		}
	}
	return true
}

func sameRefs(want []Ref, got []driver.Ref) bool {
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		g := got[i]
		if w.Time != float64(g.Time) || (w.ID == nil) != (g.ID == nil) || w.ID != nil && *w.ID != *g.ID {
			return false
		}
	}
	return true
}

func describeFiring(f *driver.Firing) string {
	text, err := json.Marshal(f)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func describeExpected(f *Firing) string {
	s := fmt.Sprintf("%q with group %v", f.Rule, f.group())
	if f.Value != nil {
		s += fmt.Sprintf(" and value %v", *f.Value)
	}
	if f.HasEvents {
		s += fmt.Sprintf(" and events %q", f.Events)
	}
	if f.HasRefs {
		refs, err := json.Marshal(f.Refs)
		if err == nil {
			s += " and references " + string(refs)
		}
	}
	return s
}
