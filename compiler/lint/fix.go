package lint

import (
	"cmp"
	"slices"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Fix makes the edits of the findings in the text of src and returns the new text and the findings that it mends. An edit stays out
// if it overlaps one before it, or if the file would then not load as well as before or a rule in it detect anything else.
func Fix(src compiler.Source, findings []Finding) ([]byte, []Finding) {
	var picked []Finding
	for _, f := range findings {
		if f.Pos.File == src.Name && len(f.Edits) > 0 && !slices.ContainsFunc(picked, func(g Finding) bool { return overlap(f.Edits, g.Edits) }) {
			picked = append(picked, f)
		}
	}
	if len(picked) == 0 {
		return src.Data, nil
	}
	before := meaning(src.Name, src.Data)
	if text := apply(src.Data, picked); same(before, meaning(src.Name, text)) {
		return text, picked
	}
	// One of them is to blame: try each alone on top of those that are good.
	var good []Finding
	for _, f := range picked {
		if same(before, meaning(src.Name, apply(src.Data, append(good[:len(good):len(good)], f)))) {
			good = append(good, f)
		}
	}
	return apply(src.Data, good), good
}

// overlap reports whether edits touch the same bytes. Equal edits do not: they are made once.
func overlap(a, b []Edit) bool {
	for _, x := range a {
		for _, y := range b {
			if x != y && x.File == y.File && x.Start <= y.End && y.Start <= x.End {
				return true
			}
		}
	}
	return false
}

// apply makes the edits of findings, which do not overlap.
func apply(data []byte, findings []Finding) []byte {
	var edits []Edit
	for _, f := range findings {
		edits = append(edits, f.Edits...)
	}
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	edits = slices.Compact(edits)
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, data[at:e.Start]...), e.New...)
		at = e.End
	}
	return append(out, data[at:]...)
}

// outcome is what a file means, metadata apart.
type outcome struct {
	armed, errors int
	rules         []string
}

// meaning compiles one file alone.
func meaning(name string, data []byte) outcome {
	prog, log := compiler.Compile([]compiler.Source{{Name: name, Data: data}}, compiler.Options{NoOptimize: true, PlaceholderFallback: true})
	out := outcome{armed: len(prog.Rules) + len(prog.Correlations)}
	for _, d := range log.All() {
		if d.Severity == diag.SeverityError {
			out.errors++
		}
	}
	for _, r := range prog.Rules {
		bare := *r
		bare.Meta = rtlib.Meta{}
		bare.ConditionTexts = nil
		for _, sel := range bare.Selections {
			rtlib.Walk(sel.Body, dedupe)
		}
		out.rules = append(out.rules, bare.Text())
	}
	return out
}

// same reports whether b loads at least as well as a and means what a means.
func same(a, b outcome) bool {
	return b.armed >= a.armed && b.errors <= a.errors && (len(a.rules) != len(b.rules) || slices.Equal(a.rules, b.rules))
}

// dedupe drops operands of a predicate that stand there twice: they change nothing.
func dedupe(x rtlib.Expr) {
	p, ok := x.(*rtlib.Pred)
	if !ok {
		return
	}
	seen, kept := map[string]bool{}, p.Strings[:0]
	for _, s := range p.Strings {
		if !seen[rtlib.Fold(s)] {
			seen[rtlib.Fold(s)] = true
			kept = append(kept, s)
		}
	}
	p.Strings = kept
}
