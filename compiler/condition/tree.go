// Package condition reads the condition language of sigma-language.md section 10: a lexer, a recursive-descent parser with
// its limits, the tree and its printer. It knows nothing of detections; callers resolve names and patterns. Packages sigma,
// link and lower call it for rules and filters, pipeline for the expressions of its own conditions, which share the grammar.
package condition

// Expr is a node of a condition tree: *And, *Or, *Not, *Name or *Selector.
type Expr interface{ isExpr() }

// And holds if all Terms (two or more) hold.
type And struct{ Terms []Expr }

// Or holds if one of Terms (two or more) holds.
type Or struct{ Terms []Expr }

// Not negates X.
type Not struct{ X Expr }

// Name refers to a detection. Offset is the byte offset in the condition text.
type Name struct {
	Text   string
	Offset int
}

// Selector is "all of", "any of" or "N of" a target.
type Selector struct {
	All     bool   // "all of"; Count is then 0
	Count   int    // at least so many; 1 for "any of"
	Them    bool   // target is "them"; Pattern is then empty
	Pattern string // target pattern
	Offset  int
}

// Picks reports whether s picks the detection called name.
func (s *Selector) Picks(name string) bool {
	if s.Them {
		return MatchName("*", name)
	}
	return MatchName(s.Pattern, name)
}

// Walk calls f for e and everything below it, parents before children and left to right. A nil e has nothing to visit.
func Walk(e Expr, f func(Expr)) {
	if e == nil {
		return
	}
	f(e)
	switch e := e.(type) {
	case *And:
		walkAll(e.Terms, f)
	case *Or:
		walkAll(e.Terms, f)
	case *Not:
		Walk(e.X, f)
	}
}

func walkAll(terms []Expr, f func(Expr)) {
	for _, t := range terms {
		Walk(t, f)
	}
}

func (*And) isExpr()      {}
func (*Or) isExpr()       {}
func (*Not) isExpr()      {}
func (*Name) isExpr()     {}
func (*Selector) isExpr() {}
