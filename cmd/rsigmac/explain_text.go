package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/rtlib"
)

const (
	maxShownOperands = 5   // of an item; the number of the others is told
	maxShownValue    = 160 // characters of a value
)

// writeText prints the traces as indented trees, one line a part.
func (x *explainer) writeText(w io.Writer, colored bool) {
	for n, e := range x.events {
		for i, trace := range e.traces {
			p := &tracePrinter{w: w, colored: colored, seen: map[*rtlib.Trace]bool{}}
			if len(x.events) > 1 {
				p.line(0, "event %d", n+1)
			}
			r := x.rules[i]
			p.heading(r.Meta.Title, r.Meta.Source, trace.Holds)
			for _, text := range r.ConditionTexts {
				p.line(1, "condition: %s", diag.Printable(text))
			}
			p.trace(1, trace, true)
			p.nearest(trace)
		}
	}
	if x.sequence == nil {
		return
	}
	p := &tracePrinter{w: w, colored: colored}
	for _, r := range x.sequence.reports() {
		r.write(p)
	}
	if len(x.sequence.untimed) > 0 {
		p.line(0, "%d events have no time of their own; the time of day stood in", len(x.sequence.untimed))
	}
}

// tracePrinter prints one trace.
type tracePrinter struct {
	w       io.Writer
	colored bool
	seen    map[*rtlib.Trace]bool // selections that were printed
}

func (p *tracePrinter) line(level int, format string, args ...any) {
	fmt.Fprintf(p.w, "%s%s\n", strings.Repeat("  ", level), fmt.Sprintf(format, args...))
}

func (p *tracePrinter) heading(title, source string, matches bool) {
	verdict := diag.Paint("no match", diag.StyleWarning, p.colored)
	if matches {
		verdict = diag.Paint("match", diag.StyleGood, p.colored)
	}
	name := diag.Paint(diag.Printable(title), diag.StyleHead, p.colored)
	p.line(0, "%s: %s (%s)", name, verdict, diag.Printable(source))
}

// verdict is the mark in front of a part.
func (p *tracePrinter) verdict(t *rtlib.Trace) string {
	if t.Holds {
		return diag.Paint("yes", diag.StyleGood, p.colored)
	}
	return diag.Paint("no ", diag.StyleError, p.colored)
}

// trace prints t. want is what t should be for the rule to match; what stands in the way is told only of parts that are not.
func (p *tracePrinter) trace(level int, t *rtlib.Trace, want bool) {
	if t.Item != nil {
		p.item(level, t, want)
		return
	}
	label := t.Kind.String()
	switch t.Kind {
	case rtlib.TraceCount:
		label = fmt.Sprintf("%d or more of %d", t.N, len(t.Terms))
	case rtlib.TraceSelection:
		label = diag.Printable(t.Name)
		if p.seen[t] {
			p.line(level, "%s %s, as above", p.verdict(t), label)
			return
		}
		p.seen[t] = true
	}
	p.line(level, "%s %s", p.verdict(t), label)
	terms := t.Terms
	if t.Kind == rtlib.TraceSelection && len(terms) == 1 && terms[0].Kind == rtlib.TraceAll {
		terms = terms[0].Terms // a mapping goes without saying
	}
	for _, term := range terms {
		p.trace(level+1, term, want != (t.Kind == rtlib.TraceNot))
	}
}

func (p *tracePrinter) item(level int, t *rtlib.Trace, want bool) {
	mark := ""
	if t.Miss {
		mark = diag.Paint("  <- nearest miss", diag.StyleWarning, p.colored)
	}
	p.line(level, "%s %s%s", p.verdict(t), diag.Printable(itemText(t)), mark)
	i := t.Item
	detail := func(format string, args ...any) {
		p.line(level+2, "%s", diag.Paint(diag.Printable(fmt.Sprintf(format, args...)), diag.StyleFaint, p.colored))
	}
	switch {
	case i.Absent:
		if len(i.Hints) == 0 || t.Holds == want {
			detail("missing")
		}
	case i.Field == "keyword" && i.Value == "null":
		detail("found in no text of the event")
	default:
		detail("value: %s", shorten(i.Value, maxShownValue))
	}
	if t.Kind == rtlib.TraceEach {
		detail("%d of %d members", i.Holding, i.Members)
	}
	if t.Holds != want {
		p.reasons(i, t.Holds, detail)
	}
	for _, term := range t.Terms {
		p.trace(level+2, term, want)
	}
}

// reasons prints why an item is not as it should be.
func (p *tracePrinter) reasons(i *rtlib.ItemTrace, holds bool, detail func(string, ...any)) {
	switch {
	case len(i.Operands) > 1 && holds != i.Negated:
		detail("found: %s", operandText(i.Found, ", "))
	case i.Absent:
	case i.All && !holds && !i.Negated:
		detail("not found: %s", operandText(i.NotFound, ", "))
	case i.Closest != "":
		detail("closest: '%s'", i.Closest)
	}
	for _, hint := range i.Hints {
		detail("%s", hint)
	}
}

// itemText names the field of an item and what it looks for.
func itemText(t *rtlib.Trace) string {
	i := t.Item
	if t.Kind == rtlib.TraceEach {
		return i.Field + " [" + quantifierText(i.Quant) + "]"
	}
	matcher := i.Matcher
	if i.HasCase && i.CaseSensitive {
		matcher += " cased"
	}
	if i.Negated {
		matcher = "not " + matcher
	}
	sep := " | "
	if i.All {
		sep = " & "
	}
	if i.Field == matcher {
		return fmt.Sprintf("%s %s", matcher, operandText(i.Operands, sep))
	}
	return fmt.Sprintf("%s %s %s", i.Field, matcher, operandText(i.Operands, sep))
}

func operandText(operands []string, sep string) string {
	shown := operands[:min(len(operands), maxShownOperands)]
	quoted := make([]string, len(shown))
	for i, s := range shown {
		quoted[i] = "'" + s + "'"
	}
	text := strings.Join(quoted, sep)
	if more := len(operands) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func shorten(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}

// nearest says in one line how far from a match a rule is.
func (p *tracePrinter) nearest(root *rtlib.Trace) {
	if root.Holds {
		return
	}
	switch n := countMisses(root, map[*rtlib.Trace]bool{}); n {
	case 0:
		p.line(1, "no change of items makes this rule match")
	case 1:
		p.line(1, "nearest miss: 1 item, marked above")
	default:
		p.line(1, "nearest miss: %d items, marked above", n)
	}
}

func countMisses(t *rtlib.Trace, seen map[*rtlib.Trace]bool) int {
	if seen[t] {
		return 0
	}
	seen[t] = true
	n := 0
	if t.Miss {
		n++
	}
	for _, term := range t.Terms {
		n += countMisses(term, seen)
	}
	return n
}
