package link

import (
	"iter"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// below yields the correlations that d refers to.
func (l *linker) below(d *sigma.Document) iter.Seq[*sigma.Document] {
	return func(yield func(*sigma.Document) bool) {
		for _, refs := range l.Refs[d.Correlation] {
			for _, r := range refs {
				if r.Correlation != nil && !yield(r) {
					return
				}
			}
		}
	}
}

// rejectCycles rejects every correlation that can reach itself, and reports whether there was one.
func (l *linker) rejectCycles() bool {
	members := l.cyclic()
	for _, d := range members {
		l.errorf(d, attributePos(d, "correlation", "rules"), diag.CodeCorrelationCycle, "correlation cycle: %q refers to itself%s", d.Title, through(d, l))
		delete(l.Refs, d.Correlation)
	}
	return len(members) > 0
}

// through names the first step of a cycle that is longer than one.
func through(d *sigma.Document, l *linker) string {
	for r := range l.below(d) {
		if r == d {
			return ""
		}
	}
	return " through other correlations"
}

// cyclic returns the correlations that lie on a cycle, in load order. They are those in a strongly connected component of
// more than one, or with a reference to themselves (Tarjan's algorithm).
func (l *linker) cyclic() []*sigma.Document {
	t := &tarjan{linker: l, number: map[*sigma.Document]int{}, low: map[*sigma.Document]int{}, on: map[*sigma.Document]bool{}, cyclic: map[*sigma.Document]bool{}}
	var out []*sigma.Document
	l.correlations(func(d *sigma.Document, _ *sigma.Correlation) {
		if t.number[d] == 0 {
			t.visit(d)
		}
	})
	l.correlations(func(d *sigma.Document, _ *sigma.Correlation) {
		if t.cyclic[d] {
			out = append(out, d)
		}
	})
	return out
}

// tarjan is the state of a search for strongly connected components.
type tarjan struct {
	*linker
	next   int
	number map[*sigma.Document]int // order of the first visit, from 1
	low    map[*sigma.Document]int // lowest number on the stack that can be reached
	stack  []*sigma.Document
	on     map[*sigma.Document]bool
	cyclic map[*sigma.Document]bool
}

func (t *tarjan) visit(d *sigma.Document) {
	t.next++
	t.number[d], t.low[d] = t.next, t.next
	t.stack = append(t.stack, d)
	t.on[d] = true
	for r := range t.below(d) {
		switch {
		case r == d:
			t.cyclic[d] = true
		case t.number[r] == 0:
			t.visit(r)
			t.low[d] = min(t.low[d], t.low[r])
		case t.on[r]:
			t.low[d] = min(t.low[d], t.number[r])
		}
	}
	if t.low[d] == t.number[d] {
		t.pop(d)
	}
}

// pop takes the component that begins with d off the stack.
func (t *tarjan) pop(d *sigma.Document) {
	for size := 1; ; size++ {
		last := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.on[last] = false
		if last == d {
			t.cyclic[d] = t.cyclic[d] || size > 1
			return
		}
		t.cyclic[last] = true
	}
}
