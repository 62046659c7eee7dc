package sigma_test

import (
	"slices"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// correlation reads a document whose key "correlation" is given in flow style.
func correlation(t *testing.T, body, attributes string) *sigma.Correlation {
	t.Helper()
	docs, log := parse(t, "title: c\n"+attributes+"correlation: "+body+"\n")
	if log.Errors() > 0 {
		t.Fatalf("%s: %v", body, log.All())
	}
	return docs[0].Correlation
}

func TestCorrelationsAreReadCompletely(t *testing.T) {
	t.Parallel()
	c := correlation(t, `{type: value_percentile, rules: [a, b], group-by: u, timespan: 1h, timeframe: 5m, window: session, gap: 30s,
  generate: true, aliases: {x: {a: f, b: g}}, condition: {gte: 1.5, lt: 9, field: n, percentile: 250}}`, "")
	if c.Type != "value_percentile" || c.Timespan != 300 || c.Window != "session" || c.Gap != 30 || !c.Generate || c.Percentile != 100 {
		t.Errorf("correlation = %+v", c)
	}
	if !slices.Equal(c.Rules, []string{"a", "b"}) || !slices.Equal(c.GroupBy, []string{"u"}) || !slices.Equal(c.Fields, []string{"n"}) {
		t.Errorf("names = %v %v %v", c.Rules, c.GroupBy, c.Fields)
	}
	if want := []sigma.Threshold{{Op: "gte", Value: 1.5}, {Op: "lt", Value: 9}}; !slices.Equal(c.Thresholds, want) {
		t.Errorf("thresholds = %v", c.Thresholds)
	}
	if want := []sigma.AliasField{{Reference: "a", Field: "f"}, {Reference: "b", Field: "g"}}; len(c.Aliases) != 1 || !slices.Equal(c.Aliases[0].Fields, want) {
		t.Errorf("aliases = %v", c.Aliases)
	}
}

func TestDocumentAttributesWinOverKeysOfTheCorrelation(t *testing.T) {
	t.Parallel()
	c := correlation(t, `{type: event_count, rules: a, timespan: 1m, window: tumbling, generate: true, condition: {gte: 1}}`,
		"generate: false\nrsigma.window: sliding\ncustom_attributes: {rsigma.window: session, rsigma.gap: 5s}\n")
	if c.Window != "session" || c.Gap != 5 || c.Generate {
		t.Errorf("window = %s, gap = %d, generate = %v", c.Window, c.Gap, c.Generate)
	}
	if c.Percentile != 50 {
		t.Errorf("percentile = %v, want the default", c.Percentile)
	}
}

func TestTemporalCorrelationsNeedNoCondition(t *testing.T) {
	t.Parallel()
	c := correlation(t, `{type: temporal, rules: [a, b], timespan: 1m}`, "")
	if want := []sigma.Threshold{{Op: "gte", Value: 2}}; !slices.Equal(c.Thresholds, want) || c.Extended != nil {
		t.Errorf("thresholds = %v, want %v", c.Thresholds, want)
	}
}

func TestExtendedConditionsSupplyTheRules(t *testing.T) {
	t.Parallel()
	c := correlation(t, `{type: temporal_ordered, timespan: 1m, condition: b and not (a or b)}`, "")
	if !slices.Equal(c.Rules, []string{"b", "a"}) || c.Extended == nil || c.ExtendedText != "b and not (a or b)" {
		t.Errorf("rules = %v, extended = %v %q", c.Rules, c.Extended, c.ExtendedText)
	}
}
