package rtlib

import "sync/atomic"

// Rule is one detection rule, ready to run. The interpreter and generated code both make them; package ruleset runs them.
// The exported fields are data and are never changed; Prepare fills the rest.
type Rule struct {
	Meta Meta
	// Match reports whether the rule matches ev: whether one of Conditions holds. It is the specialised form of what
	// Selections and Conditions say, and the only part that differs between the engines.
	Match func(ev *Event) bool
	// Selections are the detections of the rule in definition order, those of attached filters last.
	Selections []Selection
	// Conditions are alternatives, tried in order. They give what is reported and the literals of the search index.
	Conditions []Cond

	items atomic.Pointer[map[string][]itemPlan] // what selections report, made when the rule first matches
}

// Selection is a named detection.
type Selection struct {
	Name string
	Body Expr
	// Hidden selections come from filters and are never reported.
	Hidden bool
}

// Meta is what a result says about its rule.
type Meta struct {
	Title     string
	ID        string // empty if the rule has none
	Level     string // empty if the rule has none
	Tags      []string
	LogSource LogSource
	// Custom is the JSON text of the custom attributes, empty if there are none.
	Custom string
	// IncludeEvent asks for the event in every result of this rule.
	IncludeEvent bool
	// Source is the path of the rule file as given to the compiler, with #n appended for the n-th document (from 2).
	Source string
	// Digest identifies the rule's meaning and everything that shows in its output. A linked rule is used only where the
	// digests agree.
	Digest string
}

// LogSource is a set of log-source dimensions. Empty ones are unset.
type LogSource struct {
	Category, Product, Service string
	Custom                     []Dimension
}

// Dimension is a custom log-source dimension.
type Dimension struct{ Key, Value string }

// IsZero reports whether no dimension is set.
func (l LogSource) IsZero() bool {
	return l.Category == "" && l.Product == "" && l.Service == "" && len(l.Custom) == 0
}

// Cond is a condition over the selections of a rule, as written: Sel, AllConds, AnyConds, NotCond or OfSels.
type Cond interface{ isCond() }

// Sel holds if the selection of that name does.
type Sel string

// AllConds holds if all its terms do; they are evaluated left to right, up to the first that does not.
type AllConds []Cond

// AnyConds holds if one of its terms does; they are evaluated left to right, up to the first that does.
type AnyConds []Cond

// NotCond negates X.
type NotCond struct{ X Cond }

// OfSels holds if at least N of the named selections do. All of them are evaluated, in order. It never holds without names.
type OfSels struct {
	N     int
	Names []string
}

func (Sel) isCond()      {}
func (AllConds) isCond() {}
func (AnyConds) isCond() {}
func (NotCond) isCond()  {}
func (OfSels) isCond()   {}

// Prepare compiles the predicates of r. It must return before r is used and may be called again: ruleset.New does. It fails
// only if a pattern does not compile, which the compiler has ruled out.
func (r *Rule) Prepare() error {
	for i := range r.Selections {
		if err := prepareExpr(r.Selections[i].Body); err != nil {
			return err
		}
	}
	return nil
}
