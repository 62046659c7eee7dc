package alert

import (
	"encoding/json"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

func TestAFiringHasTheKeysOfItsEventMode(t *testing.T) {
	t.Parallel()
	rule := &correlate.Rule{
		Meta: rtlib.Meta{Title: "Many fails", Level: "medium", Digest: "d1"}, Type: correlate.EventCount, Timespan: 60,
	}
	const head = `{"rule_title":"Many fails","rule_id":null,"level":"medium","tags":[],"correlation_type":"event_count",`
	group := []correlate.GroupValue{{Name: "user", Value: "b\"o"}, {Name: "host", Value: "x"}}
	for name, c := range map[string]struct {
		firing correlate.Firing
		format Format
		want   string
	}{
		"no events": {
			correlate.Firing{Rule: rule, Group: group, Value: 3}, Format{},
			head + `"group_key":[["user","b\"o"],["host","x"]],"aggregated_value":3.0,"timespan_secs":60}`,
		},
		"events and provenance": {
			correlate.Firing{Rule: rule, Value: 2.5, Events: [][]byte{[]byte(`{"a":1}`), []byte(`{"a":2}`)}},
			Format{Provenance: true, RuleSet: "s1"},
			head + `"group_key":[],"aggregated_value":2.5,"timespan_secs":60,"events":[{"a":1},{"a":2}],` +
				`"provenance":{"digest":"d1","engine":"interpreted","ruleset":"s1"}}`,
		},
		"references": {
			correlate.Firing{Rule: rule, Value: 1, Refs: []correlate.Ref{{Time: 7, ID: "x", HasID: true}, {Time: 8}}}, Format{},
			head + `"group_key":[],"aggregated_value":1.0,"timespan_secs":60,"event_refs":[{"timestamp":7,"id":"x"},{"timestamp":8}]}`,
		},
	} {
		got := string(c.format.AppendCorrelation(nil, &c.firing, "interpreted"))
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: not JSON", name)
		}
	}
}

func TestAggregatedValuesAlwaysLookLikeFloatingPointNumbers(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0.0", 3: "3.0", -2: "-2.0", 2.5: "2.5", 0.1: "0.1", 1e15: "1000000000000000.0", 1e16: "1e+16", 1e-7: "1e-07", 123456.789: "123456.789",
	} {
		if got := string(appendFloat(nil, v)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
