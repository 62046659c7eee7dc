package rtlib

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// Required literals of regular expressions. Every claim is of the kind "each match contains one of these", so that a search
// may be skipped where none occurs, and never the other way round. Literals are folded code point by code point: what the
// expression says about letter case is forgotten, which only makes the claim weaker.

const (
	maxExact    = 16 // texts that are followed through a concatenation
	maxRequired = 64 // literals in a claim
	maxLiteral  = 64 // bytes of a literal
	maxFurther  = 8  // claims beside the best one
)

// literalInfo is what is known about the text that an expression matches.
type literalInfo struct {
	exact    []string // if isExact: all texts that it matches, folded
	isExact  bool
	required []string // one of these occurs in it; nil: nothing is known
	// further are claims beside the best one, each as good as known: one literal of every claim occurs in the text.
	further [][]string
}

// regexLiterals returns folded literals of which at least one occurs in every text that expr matches, or nil.
func regexLiterals(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	return literalsOf(re).claim()
}

// regexGate returns claims that all hold for every text that expr matches, the best one first.
func regexGate(expr string) [][]string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	l := literalsOf(re)
	best := l.claim()
	if best == nil {
		return nil
	}
	return append([][]string{best}, l.further...)
}

// claim returns the best set of required literals.
func (l literalInfo) claim() []string {
	if !l.isExact {
		return l.required
	}
	for _, s := range l.exact {
		if s == "" {
			return nil
		}
	}
	return l.exact
}

func literalsOf(re *syntax.Regexp) literalInfo {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return exactly("")
	case syntax.OpLiteral:
		return exactly(foldRunes(re.Rune))
	case syntax.OpCharClass:
		return classLiterals(re.Rune)
	case syntax.OpCapture:
		return literalsOf(re.Sub[0])
	case syntax.OpPlus:
		sub := literalsOf(re.Sub[0])
		return literalInfo{required: sub.claim(), further: sub.further}
	case syntax.OpQuest:
		if l := literalsOf(re.Sub[0]); l.isExact && len(l.exact) < maxExact {
			return exactly(append(l.exact[:len(l.exact):len(l.exact)], "")...)
		}
		return literalInfo{}
	case syntax.OpRepeat:
		return repeatLiterals(re)
	case syntax.OpConcat:
		return concatLiterals(re.Sub)
	case syntax.OpAlternate:
		return alternateLiterals(re.Sub)
	default:
		return literalInfo{}
	}
}

func exactly(texts ...string) literalInfo { return literalInfo{exact: texts, isExact: true} }

func foldRunes(runes []rune) string {
	var b strings.Builder
	for _, r := range runes {
		if !utf8.ValidRune(r) {
			r = utf8.RuneError
		}
		b.WriteRune(FoldRune(r))
	}
	return b.String()
}

// classLiterals handles small classes: [cC] is one text after folding.
func classLiterals(ranges []rune) literalInfo {
	var texts []string
	n := 0
	for i := 0; i+1 < len(ranges); i += 2 {
		n += int(ranges[i+1]-ranges[i]) + 1
		if n > 4*maxExact {
			return literalInfo{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			texts = appendNew(texts, foldRunes([]rune{r}))
		}
	}
	if len(texts) == 0 || len(texts) > maxExact {
		return literalInfo{}
	}
	return exactly(texts...)
}

func appendNew(texts []string, s string) []string {
	for _, t := range texts {
		if t == s {
			return texts
		}
	}
	return append(texts, s)
}

func repeatLiterals(re *syntax.Regexp) literalInfo {
	sub := literalsOf(re.Sub[0])
	switch {
	case re.Min == 0:
		return literalInfo{}
	case re.Min == 1 && re.Max == 1:
		return sub
	case sub.isExact && len(sub.exact) == 1 && len(sub.exact[0])*re.Min <= maxLiteral:
		text := strings.Repeat(sub.exact[0], re.Min)
		if re.Max == re.Min {
			return exactly(text)
		}
		return literalInfo{required: exactly(text).claim()}
	default:
		return literalInfo{required: sub.claim(), further: sub.further}
	}
}

// concatLiterals follows the texts of adjacent parts as long as they are few. Each such run and each part between them makes a
// claim of its own; the best one comes first.
func concatLiterals(subs []*syntax.Regexp) literalInfo {
	run := exactly("")
	whole := true
	var claims [][]string
	for _, sub := range subs {
		l := literalsOf(sub)
		if joined, ok := joinTexts(run, l); ok {
			run = joined
			continue
		}
		whole = false
		claims = append(claims, run.claim())
		if l.isExact {
			run = l
			continue
		}
		claims = append(append(claims, l.required), l.further...)
		run = exactly("")
	}
	if whole {
		return run
	}
	return bestFirst(append(claims, run.claim()))
}

// bestFirst returns what is known if all claims hold.
func bestFirst(claims [][]string) literalInfo {
	best := -1
	for i, c := range claims {
		if c != nil && (best < 0 || better(claims[best], c)) {
			best = i
		}
	}
	if best < 0 {
		return literalInfo{}
	}
	l := literalInfo{required: claims[best]}
	for i, c := range claims {
		if i != best && c != nil && len(l.further) < maxFurther {
			l.further = append(l.further, c)
		}
	}
	return l
}

func joinTexts(a, b literalInfo) (literalInfo, bool) {
	if !b.isExact || len(a.exact)*len(b.exact) > maxExact {
		return literalInfo{}, false
	}
	var texts []string
	for _, s := range a.exact {
		for _, t := range b.exact {
			if len(s)+len(t) > maxLiteral && s != "" {
				return literalInfo{}, false
			}
			texts = appendNew(texts, s+t)
		}
	}
	return exactly(texts...), true
}

// alternateLiterals joins the texts of the branches if all are known, else what they require, if each requires something.
func alternateLiterals(subs []*syntax.Regexp) literalInfo {
	exact, claimed := true, true
	var texts, required []string
	for _, sub := range subs {
		l := literalsOf(sub)
		exact = exact && l.isExact
		for _, s := range l.exact {
			texts = appendNew(texts, s)
		}
		claim := l.claim()
		claimed = claimed && claim != nil
		for _, s := range claim {
			required = appendNew(required, s)
		}
	}
	switch {
	case exact && len(texts) <= maxExact:
		return exactly(texts...)
	case claimed && len(required) <= maxRequired:
		return literalInfo{required: required}
	default:
		return literalInfo{}
	}
}

// better reports whether a text is less likely to meet the claim b by chance than a: the shortest literal of b is longer, or as
// long and there are fewer.
func better(a, b []string) bool {
	la, lb := shortest(a), shortest(b)
	return lb > la || lb == la && len(b) < len(a)
}

func shortest(texts []string) int {
	n := len(texts[0])
	for _, s := range texts {
		n = min(n, len(s))
	}
	return n
}
