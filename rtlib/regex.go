package rtlib

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// RegexBudget bounds the work of one search: instructions of the program times bytes of text. Of a longer text only the
// beginning is searched, as if the text ended there.
const RegexBudget = 100_000_000

// RegexSize returns the number of instructions of the program that expr compiles to, the measure of what a search costs.
func RegexSize(expr string) (int, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return 0, err
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return 0, err
	}
	return len(prog.Inst), nil
}

type regexMatcher struct {
	re *regexp.Regexp
	// gate are claims about the folded text of every match: one literal of each occurs in it. Empty: nothing is known.
	gate      [][]string
	limit     int // bytes that are searched
	truncated atomic.Uint64
}

// maxGate is the number of literals in a claim up to which looking for them first is worth it.
const maxGate = 8

// newRegex compiles the operator on regular expressions: Regex.
//
//	Cmd|re|i: 'from(base)?64'   →   &Pred{Op: Regex, Field: "Cmd", Strings: []string{`(?i)from(base)?64`}}
//
// RE2 syntax, found anywhere in the text.
//
// Source: sigma-language.md sections 8.4 and 20; reliability.md T3.
func newRegex(p *Pred) (matcher, error) {
	var ms []matcher
	for _, expr := range p.Strings {
		m, err := compileRegex(expr)
		if err != nil {
			return nil, err
		}
		ms = append(ms, m)
	}
	return combine(p.All, ms), nil
}

func compileRegex(expr string) (*regexMatcher, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	size, err := RegexSize(expr)
	if err != nil {
		return nil, err
	}
	m := &regexMatcher{re: re, limit: RegexBudget / max(size, 1)}
	for _, claim := range regexGate(expr) {
		if len(claim) <= maxGate {
			m.gate = append(m.gate, claim)
		}
	}
	return m, nil
}

func (m *regexMatcher) match(ev *Event, v *Value) bool {
	return ev.Each(v, m.search)
}

func (m *regexMatcher) search(v *Value) bool {
	if !m.mayMatch(v.Fold) {
		return false
	}
	text := v.Text
	if len(text) > m.limit {
		m.truncated.Add(1)
		text = text[:runeStart(text, m.limit)]
	}
	return m.re.MatchString(text)
}

// mayMatch reports whether the folded text meets every claim of the gate. One pass over the text per literal is far cheaper than
// the search, which for unlucky expressions visits every position with many states at once.
func (m *regexMatcher) mayMatch(fold string) bool {
	for _, claim := range m.gate {
		if !containsOne(fold, claim) {
			return false
		}
	}
	return true
}

func containsOne(text string, literals []string) bool {
	for _, l := range literals {
		if strings.Contains(text, l) {
			return true
		}
	}
	return false
}

// runeStart returns the last position of s up to i at which a code point begins.
func runeStart(s string, i int) int {
	for i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// RegexTruncated returns how often a text was too long for the budget of one of the rule's regular expressions.
func (r *Rule) RegexTruncated() uint64 {
	var n uint64
	for i := range r.Selections {
		Walk(r.Selections[i].Body, func(x Expr) {
			if p, ok := x.(*Pred); ok && p.Op == Regex {
				n += truncations(p.matcher)
			}
		})
	}
	return n
}

func truncations(m matcher) uint64 {
	switch m := m.(type) {
	case *regexMatcher:
		return m.truncated.Load()
	case anyMatcher:
		return sumTruncations(m)
	case allMatcher:
		return sumTruncations(m)
	default:
		return 0
	}
}

func sumTruncations(ms []matcher) uint64 {
	var n uint64
	for _, m := range ms {
		n += truncations(m)
	}
	return n
}
