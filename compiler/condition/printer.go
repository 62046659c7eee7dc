package condition

import (
	"strconv"
	"strings"
)

// String returns e as a condition text with as few parentheses as possible. Parse reads it back as an equal tree, offsets
// apart, if every name and pattern follows the grammar, no And or Or has fewer than two terms and the limits are kept.
func String(e Expr) string {
	var b strings.Builder
	write(&b, e)
	return b.String()
}

func write(b *strings.Builder, e Expr) {
	switch e := e.(type) {
	case *And:
		writeTerms(b, e.Terms, " and ", bindsWeaker)
	case *Or:
		writeTerms(b, e.Terms, " or ", isOr)
	case *Not:
		b.WriteString("not ")
		writeTerm(b, e.X, bindsWeaker(e.X))
	case *Name:
		b.WriteString(e.Text)
	case *Selector:
		writeSelector(b, e)
	}
}

// writeTerms writes terms with operator between them, and parentheses around those for which wrap holds.
func writeTerms(b *strings.Builder, terms []Expr, operator string, wrap func(Expr) bool) {
	for i, t := range terms {
		if i > 0 {
			b.WriteString(operator)
		}
		writeTerm(b, t, wrap(t))
	}
}

func writeTerm(b *strings.Builder, e Expr, wrapped bool) {
	if wrapped {
		b.WriteByte('(')
	}
	write(b, e)
	if wrapped {
		b.WriteByte(')')
	}
}

// bindsWeaker reports whether e falls apart under "and" or "not" unless it is in parentheses. An And inside an And keeps
// them, or it would be read back as one.
func bindsWeaker(e Expr) bool {
	_, and := e.(*And)
	return and || isOr(e)
}

func isOr(e Expr) bool {
	_, or := e.(*Or)
	return or
}

func writeSelector(b *strings.Builder, s *Selector) {
	if s.All {
		b.WriteString("all")
	} else {
		b.WriteString(strconv.Itoa(s.Count))
	}
	b.WriteString(" of ")
	if s.Them {
		b.WriteString("them")
	} else {
		b.WriteString(s.Pattern)
	}
}
