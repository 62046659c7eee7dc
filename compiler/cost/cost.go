// Package cost says what rules cost at run time: as predicted from their IR, and as measured over a sample of events. The prediction
// ranks and explains; it knows no telemetry. Measuring runs the interpreter, rule by rule, behind the same index as everything else.
// Its caller is the command line.
package cost

import (
	"cmp"
	"fmt"
	"regexp/syntax"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// Rule is what one rule costs. Times are nanoseconds per event of the whole stream, so that those of a rule set add up.
type Rule struct {
	Meta      *rtlib.Meta
	Gate      ruleset.Gate
	Predicted float64
	Why       []string // what makes it dear, worst first; nil if nothing does

	// What a Sample measured; zero without one.
	Evaluations, Matches int
	Measured             float64
}

// What parts of a rule cost, in nanoseconds, on a value of some hundred bytes. They were chosen by hand so that sums come out near those
// of recorded Windows telemetry, and are good for ranking only.
const (
	costCall     = 30   // asking the rule at all
	costPred     = 12   // looking a field up
	costLiteral  = 6    // one more literal of a predicate
	costPattern  = 60   // one pattern with wildcards
	costRegex    = 150  // a regular expression with a literal that rules it out
	costBareExpr = 2500 // one without
	costKeyword  = 1500 // a search of all strings that the index does not answer
)

// reach is the weight of a gate that lets every tenth event through.
const reach = 40000

// fieldShare is the share of events that are taken to carry some field.
const fieldShare = 0.3

// literalShare is the most that some literal of a gate is taken to occur in, however many there are.
const literalShare = 0.1

// longFields hold texts of many lines, scripts for example, on which everything takes longTimes as long.
var longFields = map[rtlib.Field]bool{"ScriptBlockText": true, "Payload": true, "Message": true, "Data": true, "ContextInfo": true}

const longTimes = 15

// manyLiterals is the length from which a list of literals is searched in one go.
const manyLiterals = 20

// chance estimates the share of events that a gate lets through.
func chance(g ruleset.Gate) float64 {
	switch {
	case g.Always():
		return 1
	case g.Fields > 0:
		return max(fieldShare, min(1, g.Weight/(10*reach)))
	}
	return min(literalShare, g.Weight/(10*reach))
}

// Predict returns the cost of every rule of p, in load order, without measurements.
func Predict(p *ir.Program) ([]Rule, error) { return predict(p, interp.Rules(p)) }

func predict(p *ir.Program, rules []*rtlib.Rule) ([]Rule, error) {
	gates, err := ruleset.Gates(rules)
	if err != nil {
		return nil, err
	}
	out := make([]Rule, len(p.Rules))
	for i, r := range p.Rules {
		t := &tally{}
		for _, s := range r.Selections {
			rtlib.Walk(s.Body, t.add)
		}
		out[i] = Rule{Meta: &r.Meta, Gate: gates[i], Predicted: chance(gates[i]) * (costCall + t.ns), Why: t.why(gates[i])}
	}
	return out, nil
}

// tally counts what a rule is made of.
type tally struct {
	ns                                          float64
	preds, bare, unanchored, keywords, re, long int
}

func (t *tally) add(x rtlib.Expr) {
	p, ok := x.(*rtlib.Pred)
	if !ok {
		return
	}
	t.preds++
	t.ns += costPred
	before := t.ns
	if p.Field == rtlib.AnyString {
		t.keywords++
		if p.Op != rtlib.ContainsFold || p.All && len(p.Strings) > 1 {
			t.ns += costKeyword
		}
	}
	switch p.Op {
	case rtlib.Glob, rtlib.GlobFold, rtlib.GlobDash, rtlib.GlobDashFold, rtlib.Expand, rtlib.ExpandFold:
		t.ns += costPattern * float64(len(p.Strings))
	case rtlib.Regex:
		for _, expr := range p.Strings {
			t.regex(p, expr)
		}
	default:
		t.ns += costLiteral * float64(min(manyLiterals, len(p.Strings)+len(p.Ints)+len(p.Floats)))
	}
	if longFields[p.Field] {
		t.long++
		t.ns += (t.ns - before) * (longTimes - 1)
	}
}

func (t *tally) regex(p *rtlib.Pred, expr string) {
	t.re++
	one := *p
	one.Strings = []string{expr}
	if hasLiteral(&one) {
		t.ns += costRegex
		return
	}
	t.ns += costBareExpr
	t.bare++
	if re, err := syntax.Parse(expr, syntax.Perl); err == nil && !anchored(re) {
		t.unanchored++
	}
}

// minLiteral is the length from which a literal rules values out: shorter ones are in most of them.
const minLiteral = 3

// hasLiteral reports whether p holds only for values with some literal in them.
func hasLiteral(p *rtlib.Pred) bool {
	return slices.ContainsFunc(p.Witnesses(), func(alternatives []rtlib.WitnessLiteral) bool {
		return !slices.ContainsFunc(alternatives, func(l rtlib.WitnessLiteral) bool { return l.Kind == rtlib.WitnessPresent || len(l.Text) < minLiteral })
	})
}

// anchored reports whether re can match at the beginning only.
func anchored(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText:
		return true
	case syntax.OpConcat, syntax.OpCapture:
		return anchored(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(s *syntax.Regexp) bool { return !anchored(s) })
	}
	return false
}

// why says what makes a rule dear.
func (t *tally) why(g ruleset.Gate) []string {
	var out []string
	note := func(cond bool, format string, args ...any) {
		if cond {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	note(g.Always(), "no literal must occur, so every event is looked at")
	note(g.Fields > 0, "the presence of a field is all that rules events out")
	note(t.unanchored > 0, "%d regular expressions without a literal and without ^", t.unanchored)
	note(t.bare > t.unanchored, "%d regular expressions without a literal", t.bare-t.unanchored)
	note(t.keywords > 0, "%d searches of all text of an event", t.keywords)
	note(t.long > 0 && t.re > 0, "%d regular expressions, and a field of long texts", t.re)
	note(t.long == 0 && t.re > t.bare && t.re >= 5, "%d regular expressions", t.re)
	note(!g.Always() && g.Fields == 0 && g.Weight >= reach, "its rarest literals are common, such as %q", g.Commonest)
	note(t.preds >= 20, "%d predicates", t.preds)
	return out
}

// Worst returns the n dearest of rules, by what was measured if measured, else by prediction.
func Worst(rules []Rule, n int, measured bool) []Rule {
	out := slices.Clone(rules)
	slices.SortStableFunc(out, func(a, b Rule) int {
		if measured {
			return cmp.Or(cmp.Compare(b.Measured, a.Measured), cmp.Compare(b.Predicted, a.Predicted))
		}
		return cmp.Compare(b.Predicted, a.Predicted)
	})
	return out[:min(n, len(out))]
}
