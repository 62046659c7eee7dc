package rtlib

// Trace is the verdict on one part of a rule: a tree that mirrors the condition, its selections and their items. It is plain
// data; nothing in it belongs to the event.
type Trace struct {
	Kind TraceKind
	// Name is the selection's, for TraceSelection. Hidden says that it comes from a filter.
	Name   string
	Hidden bool
	// N is how many of Terms must hold, for TraceCount.
	N     int
	Holds bool
	Terms []*Trace
	// Item says more about a TraceItem and a TraceEach.
	Item *ItemTrace
	// Miss marks the items of the nearest miss, the fewest that would have to come out the other way for the rule to match. Among
	// equally few it is those whose values came closest.
	Miss bool
}

// TraceKind is the kind of a part.
type TraceKind uint8

// The kinds. A TraceItem and a TraceEach are leaves, but that a TraceEach has the verdicts on members of the array as Terms. A
// selection has one term; several conditions are a TraceAny. A selection that is used twice is the same Trace twice.
const (
	TraceAll TraceKind = iota
	TraceAny
	TraceNot
	TraceCount
	TraceSelection
	TraceItem
	TraceEach
)

var traceKindNames = [...]string{"all", "any", "not", "count", "selection", "item", "each"}

// String returns the name of the kind: "selection".
func (k TraceKind) String() string { return traceKindNames[k] }

// Trace evaluates every part of the conditions of r, without short circuit. It agrees with Explain and Match on what holds. The
// event must have been decoded for the fields of r. It is a slow path, for people.
//
// Source: sigma-language.md sections 7, 8 and 10.
func (r *Rule) Trace(ev *Event) *Trace {
	t := &tracer{rule: r, ev: ev, selections: map[string]*Trace{}}
	root := &Trace{Kind: TraceAny}
	for _, c := range r.Conditions {
		root.add(t.cond(c))
	}
	root.Holds = root.count() > 0
	if len(root.Terms) == 1 {
		root = root.Terms[0]
	}
	if !root.Holds && root.cost(true) < impossible {
		root.mark(true)
	}
	return root
}

func (t *Trace) add(term *Trace) { t.Terms = append(t.Terms, term) }

// count returns how many terms hold.
func (t *Trace) count() int {
	n := 0
	for _, term := range t.Terms {
		if term.Holds {
			n++
		}
	}
	return n
}

// judge sets Holds by the terms.
func (t *Trace) judge() *Trace {
	n := t.count()
	switch t.Kind {
	case TraceAll:
		t.Holds = n == len(t.Terms)
	case TraceAny:
		t.Holds = n > 0
	case TraceNot:
		t.Holds = n == 0
	case TraceCount:
		t.Holds = n >= t.N
	default:
		t.Holds = n == len(t.Terms)
	}
	return t
}

// tracer evaluates one rule on one event, or on a member of an array in it.
type tracer struct {
	rule       *Rule
	ev         *Event
	selections map[string]*Trace
}

func (t *tracer) cond(c Cond) *Trace {
	switch c := c.(type) {
	case Sel:
		return t.selection(string(c))
	case AllConds:
		return t.join(TraceAll, 0, c)
	case AnyConds:
		return t.join(TraceAny, 0, c)
	case NotCond:
		return t.join(TraceNot, 0, []Cond{c.X})
	case OfSels:
		names := make([]Cond, len(c.Names))
		for i, name := range c.Names {
			names[i] = Sel(name)
		}
		return t.join(TraceCount, max(c.N, 1), names)
	default:
		return &Trace{Kind: TraceAny}
	}
}

func (t *tracer) join(kind TraceKind, n int, terms []Cond) *Trace {
	out := &Trace{Kind: kind, N: n}
	for _, term := range terms {
		out.add(t.cond(term))
	}
	return out.judge()
}

func (t *tracer) selection(name string) *Trace {
	if done := t.selections[name]; done != nil {
		return done
	}
	out := &Trace{Kind: TraceSelection, Name: name}
	if s := t.rule.selection(name); s != nil {
		out.Hidden = s.Hidden
		out.add(t.body(s.Body))
		out.judge()
	}
	t.selections[name] = out
	return out
}

// body traces a detection: a mapping is an AllOf of items, a list is an AnyOf of bodies.
func (t *tracer) body(e Expr) *Trace {
	all, ok := e.(AllOf)
	if !ok {
		return t.item(e)
	}
	return t.exprs(TraceAll, 0, all, t.item)
}

// exprs traces terms. A conjunction or disjunction of one term is that term.
func (t *tracer) exprs(kind TraceKind, n int, terms []Expr, trace func(Expr) *Trace) *Trace {
	out := &Trace{Kind: kind, N: n}
	for _, term := range terms {
		out.add(trace(term))
	}
	if len(out.Terms) == 1 && (kind == TraceAll || kind == TraceAny) {
		return out.Terms[0]
	}
	return out.judge()
}

// item traces e. An AnyOf or AllOf of predicates on one field is one item, as in Explain.
func (t *tracer) item(e Expr) *Trace {
	if preds := itemPreds(e); preds != nil {
		return t.leaf(e, preds, false)
	}
	switch e := e.(type) {
	case AnyOf:
		return t.exprs(TraceAny, 0, e, t.body)
	case AllOf:
		return t.exprs(TraceAll, 0, e, t.item)
	case AtLeast:
		return t.exprs(TraceCount, max(e.N, 1), e.Terms, t.body)
	case Not:
		if preds := itemPreds(e.X); preds != nil {
			return t.leaf(e, preds, true)
		}
		return t.exprs(TraceNot, 0, []Expr{e.X}, t.body)
	case *Each:
		return t.each(e)
	default:
		return &Trace{Kind: TraceAny}
	}
}
