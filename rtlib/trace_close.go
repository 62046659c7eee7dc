package rtlib

import (
	"sort"
	"strings"
)

// closeness says how much of the one operand of p the value of its field has: from 0, nothing, to 1. It only ranks operands and
// items, so it is rough: texts that share a beginning or an end, or hold a part of what is looked for, are close.
func (t *tracer) closeness(p *Pred) float64 {
	if p.Op.Operands() != OperandsStrings || p.Field == AnyString {
		return 0
	}
	best := 0.0
	t.ev.Each(t.ev.Value(p.ID()), func(v *Value) bool {
		best = max(best, p.closeTo(textOf(v, p.Op.IsFold())))
		return false
	})
	return best
}

// closeTo is closeness for one text.
func (p *Pred) closeTo(text string) float64 {
	want := p.Strings[0]
	if p.Op.IsFold() {
		want = Fold(want)
	}
	if want == "" {
		return 0
	}
	share := func(n int) float64 { return float64(n) / float64(len(want)) }
	switch p.Op {
	case Prefix, PrefixFold:
		return share(commonPrefix(text, want))
	case Suffix, SuffixFold:
		return share(commonSuffix(text, want))
	case Equal, EqualFold:
		front := commonPrefix(text, want)
		back := commonSuffix(text[front:], want[front:])
		return float64(front+back) / float64(max(len(text), len(want)))
	case Contains, ContainsFold:
		return share(longestPiece(text, want))
	case Glob, GlobFold, GlobDash, GlobDashFold:
		return globShare(text, compileGlob(p.Strings[0], globOptions{fold: p.Op.IsFold()}))
	default:
		return 0
	}
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func commonSuffix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// longestPiece returns the length of the longest beginning or end of want that occurs in text.
func longestPiece(text, want string) int {
	front := sort.Search(len(want), func(n int) bool { return !strings.Contains(text, want[:n+1]) })
	back := sort.Search(len(want), func(n int) bool { return !strings.Contains(text, want[len(want)-n-1:]) })
	return max(front, back)
}

// globShare returns the share of the literal text of g that occurs in text.
func globShare(text string, g *glob) float64 {
	found, total := 0, 0
	for _, segment := range g.segments {
		for _, part := range segment {
			if part.kind != globLiteral {
				continue
			}
			total += len(part.text)
			found += longestPiece(text, part.text)
		}
	}
	if total == 0 {
		return 0
	}
	return float64(found) / float64(total) * 0.99 // all of it in the wrong order is not all
}
