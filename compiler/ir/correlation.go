package ir

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Correlation is one correlation rule. What runs is Rule itself: both engines use the same data.
type Correlation struct {
	Rule *correlate.Rule
	// File and Index name the document the rule comes from.
	File  string
	Index int
	// ConditionText is the extended condition as written, for people; empty without one.
	ConditionText string
}

// Seal sets the digest of c from its text. Nothing that Text prints may change afterwards.
func (c *Correlation) Seal() { c.Rule.Meta.Digest = rtlib.Digest(c.Text()) }

// Text prints c in a canonical form: two correlations with the same text behave alike and report alike, given the rules that
// feed them. Where those rules stand is not part of it.
func (c *Correlation) Text() string {
	var b strings.Builder
	r, m := c.Rule, &c.Rule.Meta
	fmt.Fprintf(&b, "correlation %q id=%q name=%q level=%q tags=%q custom=%q\n", m.Title, m.ID, r.Name, m.Level, m.Tags, m.Custom)
	fmt.Fprintf(&b, "type %s window=%s timespan=%d gap=%d generate=%t\n", r.Type, r.Window, r.Timespan, r.Gap, r.Generate)
	fmt.Fprintf(&b, "references %q\n", r.References)
	for _, s := range r.Sources {
		fmt.Fprintf(&b, "source at %v\n", s.At)
	}
	for _, p := range r.GroupBy {
		fmt.Fprintf(&b, "part %q fields=%q", p.Name, p.Fields)
		for _, a := range p.Aliases {
			fmt.Fprintf(&b, " %d=%q", a.Source, a.Field)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "fields %q percentile=%s\n", r.Fields, number(r.Percentile))
	for _, t := range r.Thresholds {
		fmt.Fprintf(&b, "threshold %s %s\n", t.Op, number(t.Value))
	}
	if r.Extended != nil {
		b.WriteString("extended ")
		printCond(&b, r.Extended)
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "suppress=%d action=%q events=%q max_events=%d max_group_entries=%d\n",
		r.Suppress, r.Action, r.EventMode, r.MaxEvents, r.MaxGroupEntries)
	return b.String()
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// Validate checks what package correlate relies on. An error is a defect of the compiler, not of a rule.
func (c *Correlation) Validate() error {
	r := c.Rule
	switch {
	case r.Type == correlate.TypeInvalid:
		return fmt.Errorf("correlation %q: no type", r.Meta.Title)
	case r.Timespan <= 0:
		return fmt.Errorf("correlation %q: no timespan", r.Meta.Title)
	case len(r.Sources) == 0 || len(r.References) == 0:
		return fmt.Errorf("correlation %q: no rules", r.Meta.Title)
	case (len(r.Thresholds) == 0) == (r.Extended == nil):
		return fmt.Errorf("correlation %q: neither thresholds nor an extended condition, or both", r.Meta.Title)
	}
	return nil
}
