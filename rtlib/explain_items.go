package rtlib

// What a selection reports is worked out once per rule, when it first matches: the items of its body, and which alternatives have to
// be true for them to count.

// itemPlan is one part of a selection. If holds is set and false, neither it nor what is below it is reported.
type itemPlan struct {
	holds Expr
	item  *item // either an item
	parts []itemPlan
}

// item is what one key of a detection gave: predicates on one field, or an array block.
type item struct {
	name    string
	field   FieldID
	keyword bool
	negated bool
	preds   []*Pred // of an array block those of its body, if it is one item; else nil
}

// itemPlans returns the plan of each selection by its name. It is safe for concurrent use.
func (r *Rule) itemPlans() map[string][]itemPlan {
	if p := r.items.Load(); p != nil {
		return *p
	}
	plans := make(map[string][]itemPlan, len(r.Selections))
	for i := range r.Selections {
		plans[r.Selections[i].Name] = membersPlan(r.Selections[i].Body)
	}
	r.items.Store(&plans)
	return plans
}

// membersPlan plans a detection, which is true: a mapping is an AllOf of items, all of them true, a list is an AnyOf of members.
func membersPlan(e Expr) []itemPlan {
	all, ok := e.(AllOf)
	if !ok {
		return []itemPlan{partPlan(e)}
	}
	parts := make([]itemPlan, len(all))
	for i, term := range all {
		parts[i] = partPlan(term)
	}
	return parts
}

// partPlan plans e, which is true. An AnyOf or AllOf of predicates on one field is one item, written under one key; any other
// AnyOf is a list of members, of which the true ones count.
func partPlan(e Expr) itemPlan {
	if preds := itemPreds(e); preds != nil {
		return itemPlan{item: predItem(preds, false)}
	}
	switch e := e.(type) {
	case AnyOf:
		return itemPlan{parts: truePlans(e, membersPlan)}
	case AllOf:
		return itemPlan{parts: membersPlan(e)}
	case AtLeast:
		return itemPlan{parts: truePlans(e.Terms, func(term Expr) []itemPlan { return []itemPlan{partPlan(term)} })}
	case Not:
		return itemPlan{parts: negatedPlan(e.X)}
	case *Each:
		return itemPlan{item: eachItem(e, false)}
	default:
		return itemPlan{}
	}
}

// truePlans plans terms of which some are true.
func truePlans(terms []Expr, plan func(Expr) []itemPlan) []itemPlan {
	parts := make([]itemPlan, len(terms))
	for i, term := range terms {
		parts[i] = itemPlan{holds: term, parts: plan(term)}
	}
	return parts
}

// negatedPlan plans an item under neq. If the key was mapped to several fields there is an entry for each of them.
func negatedPlan(e Expr) []itemPlan {
	if preds := itemPreds(e); preds != nil {
		return []itemPlan{{item: predItem(preds, true)}}
	}
	var terms []Expr
	switch e := e.(type) {
	case AnyOf:
		terms = e
	case AllOf:
		terms = e
	case *Each:
		return []itemPlan{{item: eachItem(e, true)}}
	}
	var parts []itemPlan
	for _, term := range terms {
		parts = append(parts, negatedPlan(term)...)
	}
	return parts
}

// itemPreds returns the predicates of an item: e itself, or those that one key gave. It is nil if e is something else.
func itemPreds(e Expr) []*Pred {
	var terms []Expr
	switch e := e.(type) {
	case *Pred:
		return []*Pred{e}
	case AnyOf:
		for _, term := range e {
			if _, ok := term.(*Pred); !ok {
				return nil
			}
		}
		terms = e
	case AllOf:
		terms = e
	default:
		return nil
	}
	var preds []*Pred
	for _, term := range terms {
		p := itemPreds(term)
		if p == nil {
			return nil
		}
		preds = append(preds, p...)
	}
	for _, p := range preds {
		if p.Field != preds[0].Field {
			return nil
		}
	}
	return preds
}

func predItem(preds []*Pred, negated bool) *item {
	p := preds[0]
	return &item{name: p.Field.Name(), field: p.ID(), keyword: p.Field == AnyString, negated: negated, preds: preds}
}

func eachItem(e *Each, negated bool) *item {
	body := e.Body
	for {
		all, ok := body.(AllOf)
		if !ok || len(all) != 1 {
			break
		}
		body = all[0]
	}
	return &item{name: e.Field.Name(), field: e.ID(), negated: negated, preds: itemPreds(body)}
}
